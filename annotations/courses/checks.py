"""What anatomy demands of a course, measured exactly on the specimen's surfaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from annotations.courses.clearance import Walls
from annotations.courses.course import Branch, Course, Pass
from annotations.courses.plexus import Plexus
from annotations.courses.relax import largest_turn_deg, spaced
from annotations.courses.space import Space
from annotations.courses.table import CourseEntry
from annotations.courses.waypoints import Finder
from annotations.courses.winding import lies_behind, passes_between, winding_deg
from annotations.zones.fields import below_piriformis_mm
from meshes.specimen import FloatArray
from meshes.structure import structure

NERVES_NEAR_MM = 15.0
WORTH_SAYING_DEG = 90.0
AT_BORDER_MM = 0.1
WALK_MM = 1.0  # between places at which a line is looked at


class Checker:
    """Checks the solved courses of one side."""

    def __init__(self, space: Space, finder: Finder, walls: Walls) -> None:
        self.space, self.finder, self.walls = space, finder, walls
        self.rows = walls.rows

    def checked(
        self, entry: CourseEntry, course: Course, clearance: Mapping[str, float] | None = None
    ) -> Course:
        """The course with its passes and least clearances (measured unless given) filled in."""
        if clearance is None:
            clearance = self.walls.clearances(entry, course)
        passes = [*self._ways(entry, course)]
        passes += self._between(course)
        if course.id in self.space.settings.order and course.id in self.finder.laid.borders:
            passes.append(self._order(course))
        passes.append(self._clear(course, clearance))
        passes.append(self._turns(course))
        passes += self._windings(course)
        if entry.fan is not None and self.space.muscle is not None:
            passes += self._contact(course)
        return replace(course, passes=tuple(passes), clearance_mm=clearance)

    def _ways(self, entry: CourseEntry, course: Course) -> list[Pass]:
        exit_mm = next((p.position_mm for p in course.points if p.name == "exit"), None)
        if entry.exit is None or exit_mm is None:
            return []
        f, trunk = self.space.foramen, course.branches[0]
        medial, up, _ = f.local(exit_mm)
        spine = float(np.linalg.norm(exit_mm - f.spine))
        out = []
        if "foramen" in entry.passes:
            piis = self.space.specimen.point_mm("piis", self.space.side)
            top = np.inf if piis is None else f.local(piis)[1] + 25.0
            through = self.finder.laid.exits[course.id][2]
            # Above piriformis the notch lies lateral to that spine, the holes of the sacrum medial.
            if entry.exit == "suprapiriform" and piis is not None:
                through &= bool(f.lateral_mm(exit_mm) > f.lateral_mm(piis))
            out.append(
                Pass(
                    "through the greater sciatic foramen",
                    bool(through and 0 < up < top),
                    f"leaves the pelvis {spine:.1f} mm from the ischial spine, {up:.1f} mm above "
                    "the line of the sacrospinous ligament",
                )
            )
        row = self.rows[course.id][trunk.name]
        below = float(below_piriformis_mm(self.space.specimen, self.space.side, exit_mm[None])[0])
        if "below_piriformis" in entry.passes and self.space.piriformis is not None:
            if "piriformis" in row.through:
                out.append(self._pierces(trunk))
            else:
                out.append(self._below_piriformis(trunk, exit_mm, below))
        if "above_piriformis" in entry.passes and self.space.piriformis is not None:
            out.append(
                Pass(
                    "above piriformis",
                    below < 0,
                    f"{abs(below):.1f} mm {'below' if below > 0 else 'above'} its lower border, "
                    "seen from behind, on its upper side",
                )
            )
        if "above_ligament" in entry.passes:
            index = int(np.argmin(np.linalg.norm(trunk.points_mm - exit_mm, axis=1)))
            thin = trunk.radius_mm[index] * trunk.flatness
            wall = float(self.space.exact("sacrospinous_ligament", exit_mm[None])[0]) - thin
            out.append(
                Pass(
                    "above the sacrospinous ligament",
                    bool(wall > 0 and up > 0),
                    f"its wall is {wall:.1f} mm from the ligament",
                )
            )
        if "behind_ligament" in entry.passes:
            out += self._round_the_spine(trunk)
        if "before_sacrotuberous" in entry.passes:
            out.append(self._before_sacrotuberous(trunk))
        if "beside_ischium" in entry.passes:
            out.append(self._beside_ischium(trunk))
        return out

    def _below_piriformis(self, trunk: Branch, exit_mm: FloatArray, below_mm: float) -> Pass:
        """Whether a line comes out under the muscle's lower border, and never behind it before."""
        until = int(np.argmin(np.linalg.norm(trunk.points_mm - exit_mm, axis=1))) + 1
        behind = lies_behind(trunk.points_mm[:until], self.space.surface("piriformis"))
        place = f"{abs(below_mm):.1f} mm {'above' if below_mm < -AT_BORDER_MM else 'below'}"
        return Pass(
            "below piriformis",
            below_mm >= -AT_BORDER_MM and not behind.any(),
            "comes out behind the muscle"
            if behind.any()
            else f"{place} its lower border, seen from behind",
        )

    def _before_sacrotuberous(self, trunk: Branch) -> Pass:
        line = spaced(trunk.points_mm, WALK_MM)
        behind = lies_behind(line, self.space.surface("sacrotuberous_ligament"))
        return Pass(
            "in front of the sacrotuberous ligament",
            not behind.any(),
            f"{WALK_MM * int(behind.sum()):.0f} mm of it lie behind the ligament"
            if behind.any()
            else "no part of it lies behind the ligament",
        )

    def _beside_ischium(self, trunk: Branch) -> Pass:
        """Whether a line comes down between ischial tuberosity and greater trochanter."""
        f, name = self.space.foramen, "between ischial tuberosity and greater trochanter"
        trochanter = self.space.specimen.point_mm("greater_trochanter_tip", self.space.side)
        line = spaced(trunk.points_mm, WALK_MM)
        low = np.flatnonzero(line[:, 2] <= f.tuberosity[2])
        if trochanter is None or not len(low):
            return Pass(name, False, "does not come down to the ischial tuberosity")
        off = float(f.lateral_mm(line[low[0]]) - f.lateral_mm(f.tuberosity))
        room = float(f.lateral_mm(trochanter) - f.lateral_mm(f.tuberosity))
        return Pass(
            name,
            0 < off < room,
            f"at the tuberosity's height {abs(off):.1f} mm "
            f"{'lateral' if off > 0 else 'medial'} to it",
        )

    def _between(self, course: Course) -> list[Pass]:
        """Whether a trunk passes between the two sacral nerves that it should."""
        row = self.rows[course.id]["trunk"]
        if row.between is None:
            return []
        plexus = Plexus(self.space, self.finder.laid.branches, self.rows)
        first, second = (plexus.root(name) for name in row.between)
        if first is None or second is None:
            return []
        line = course.branches[0].points_mm
        return [
            Pass(
                f"between the sacral nerves {row.between[0]} and {row.between[1]}",
                passes_between(line, first, second),
                "runs from before the sacral plexus to behind it",
            )
        ]

    def _pierces(self, trunk: Branch) -> Pass:
        inside = float(self.space.exact("piriformis", trunk.points_mm).min())
        return Pass(
            "through piriformis",
            inside < -float(trunk.radius_mm.min()) * trunk.flatness,
            f"runs {-inside:.1f} mm deep in the muscle, as this variant does",
        )

    def _round_the_spine(self, trunk: Branch) -> list[Pass]:
        """Behind the spine and ligament, then forward again below them."""
        _, up, back = self.space.foramen.local(trunk.points_mm).T
        down = np.flatnonzero((up[:-1] > 0) & (up[1:] <= 0))
        behind = float(back[down[0]]) if len(down) else -np.inf
        later = back[down[0] :] if len(down) else back[:0]
        in_again = bool(len(later) and (later < 0).any())
        return [
            Pass(
                "behind the ischial spine",
                behind > 0,
                f"passes {abs(behind):.1f} mm {'behind' if behind > 0 else 'in front of'} "
                "the plane of the sacrospinous ligament"
                if len(down)
                else "does not come down to the ischial spine",
            ),
            Pass(
                "in again through the lesser sciatic foramen",
                in_again,
                f"ends {abs(float(back[-1])):.1f} mm "
                f"{'behind' if back[-1] > 0 else 'in front of'} that plane",
            ),
        ]

    def _order(self, course: Course) -> Pass:
        """Lateral to medial where they cross the lower border of piriformis."""
        order = self.space.settings.order
        mine, half = self.finder.laid.borders[course.id]
        lateral = float(self.space.foramen.lateral_mm(mine))
        place = order.index(course.id)
        wrong: list[str] = []
        stacked: list[str] = []
        for other in order:
            span = self.finder.lateral_span(other)
            own = other not in self.finder.laid.borders
            allotted_only = not own and "trunk" not in self.finder.laid.branches.get(other, {})
            if other == course.id or span is None or allotted_only:
                continue
            middle = sum(span) / 2
            if (middle > lateral) == (order.index(other) < place):
                continue
            name = structure(other).english.lower()
            (stacked if own and not self._room(place, 2 * half) else wrong).append(name)
        if wrong:
            return Pass("order at piriformis", False, f"on the wrong side of {', '.join(wrong)}")
        if stacked:
            return Pass(
                "order at piriformis",
                True,
                f"the source leaves no room beside {', '.join(stacked)}: stacked behind",
            )
        return Pass(
            "order at piriformis",
            True,
            f"crosses the lower border {lateral:.1f} mm from the midplane, in the required order",
        )

    def _room(self, place: int, width_mm: float) -> bool:
        """Whether the source's own nerves and vessels leave that width between them."""
        order = self.space.settings.order
        spans = [
            (i, self.finder.lateral_span(name))
            for i, name in enumerate(order)
            if name not in self.finder.laid.borders
        ]
        outer = [span[0] for i, span in spans if i < place and span is not None]
        inner = [span[1] for i, span in spans if i > place and span is not None]
        if not outer or not inner:
            return True
        return min(outer) - max(inner) > width_mm + 2 * self.space.settings.least_clearance_mm

    def _clear(self, course: Course, clearance: Mapping[str, float]) -> Pass:
        least = self.space.settings.least_clearance_mm
        name = "clear of everything before its entry"
        if not clearance:
            return Pass(name, True, "nothing is near")
        nearest = next(iter(clearance))
        tight = {
            structure(other).english.lower(): mm for other, mm in clearance.items() if mm < least
        }
        if tight:
            said = [f"runs {-mm:.2f} mm into {other}" for other, mm in tight.items() if mm < 0]
            said += [f"only {mm:.2f} mm from {other}" for other, mm in tight.items() if mm >= 0]
            return Pass(name, False, ", ".join(said))
        return Pass(
            name,
            True,
            f"nearest: {structure(nearest).english.lower()}, {clearance[nearest]:.2f} mm",
        )

    def _turns(self, course: Course) -> Pass:
        settings = self.space.settings
        turns = {
            branch.name: largest_turn_deg(branch.points_mm, settings.turn_over_mm)
            for branch in course.branches
        }
        sharpest = max(turns, key=lambda name: turns[name])
        return Pass(
            "no sharp turn",
            turns[sharpest] <= settings.largest_turn_deg,
            f"at most {turns[sharpest]:.0f}° in {settings.turn_over_mm:g} mm ({sharpest})",
        )

    def _windings(self, course: Course) -> list[Pass]:
        """No artery winds round a nerve, solved or of the source."""
        limit = self.space.settings.largest_winding_deg
        others = {
            name: [branches["trunk"].points_mm]
            for name, branches in self.finder.laid.branches.items()
            if "trunk" in branches
        }
        out = []
        for name, lines in (others | self.space.source_midlines).items():
            if {structure(course.id).kind, structure(name).kind} != {"nerve", "artery"}:
                continue
            mine, is_vessel = course.branches[0].points_mm, structure(name).kind == "nerve"
            angle = max(
                winding_deg(*((mine, line) if is_vessel else (line, mine)), NERVES_NEAR_MM)
                for line in lines
            )
            if angle > WORTH_SAYING_DEG:
                out.append(
                    Pass(
                        f"does not wind round {structure(name).english.lower()}",
                        angle <= limit,
                        f"turns {angle:.0f}° about it; more than {limit:.0f}° would be too much",
                    )
                )
        return out

    def _contact(self, course: Course) -> list[Pass]:
        """The trunk reaches the deep surface; branches keep to it until they sink in."""
        settings = self.space.settings
        trunk = course.branches[0]
        tip = float(self.space.exact("gluteus_maximus", trunk.points_mm[-1:])[0])
        gap = tip - float(trunk.radius_mm[-1])
        out = [
            Pass(
                "reaches the deep surface of gluteus maximus",
                abs(gap) < 1.0,
                f"the trunk's wall ends {gap:.1f} mm from it",
            )
        ]
        entries = {point.branch for point in course.points if point.name == "branch_entry"}
        worst, where = -np.inf, ""
        for branch in course.branches:
            if branch.name not in entries:
                continue
            away = self.walls.off_gluteus(branch)
            if len(away) and away.max() > worst:
                worst, where = float(away.max()), branch.name
        if where:
            out.append(
                Pass(
                    "branches keep to the deep surface until they sink in",
                    worst <= settings.hug_mm,
                    f"at most {worst:.2f} mm off it ({where})",
                )
            )
        return out
