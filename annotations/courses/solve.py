"""Solving the courses of one side, in the table's order, on this specimen's own anatomy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from annotations.courses.checks import Checker
from annotations.courses.clearance import ROUNDING_MM, Walls
from annotations.courses.course import Branch, Course, LeftOut, PointOfInterest
from annotations.courses.fan import Surface
from annotations.courses.joins import Joins
from annotations.courses.lines import Lines
from annotations.courses.neighbours import Neighbour
from annotations.courses.plexus import Plexus
from annotations.courses.relax import largest_turn_deg
from annotations.courses.slots import Slots
from annotations.courses.space import Space
from annotations.courses.table import BranchEntry, CourseEntry, applies, course_table, slimmer
from annotations.courses.variants import Variants
from annotations.courses.waypoints import Finder, Laid
from annotations.zones.fields import SurfaceFields, below_piriformis_mm
from meshes.sources.download import Cancelled, never
from meshes.specimen import FloatArray, Side, Specimen
from meshes.structure import structure

SCHEMATIC_NOTE = (
    "Drawn from bony landmarks alone, because this specimen has no muscles: schematic, without "
    "the points of entry."
)

SLIM_NOTE = (
    "Drawn narrower than the published mean, by its standard deviation: this pelvis leaves no more "
    "room."
)


def solve(
    specimen: Specimen,
    side: Side,
    fields: SurfaceFields | None,
    variants: Variants | None = None,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancelled: Callable[[], bool] = never,
) -> tuple[list[Course], list[LeftOut]]:
    """All courses of one side in the table's order, and what had to be left out; 10 to 15 s.

    Args:
        fields: gluteus maximus of the side; None where the specimen lacks the muscle, then the
            courses are schematic.
        progress: called with a share from 0 to 1 and a text.

    Raises:
        Cancelled: soon after `cancelled()` turned true.
    """
    return _Solver(specimen, side, fields, variants or Variants()).run(progress, cancelled)


# How far the work has come when all lines are laid, and when they lie among one another.
LAID, SETTLED = 0.5, 0.85
# Shares of the usual clearance that a line is led off by, one after the other, where it is tight.
AIMS = (1.0, 0.5)
HOPELESS_MM = -1.5  # a line that runs that deep in something has lost its way


class _Solver:
    def __init__(
        self, specimen: Specimen, side: Side, fields: SurfaceFields | None, variants: Variants
    ) -> None:
        self.specimen, self.side, self.variants = specimen, side, variants
        self.fields = fields
        self.space = Space(specimen, side)
        self.laid = Laid()
        self.wanted = [
            entry
            for entry in course_table().course
            if applies(entry.when, variants)
            and not (entry.if_missing and specimen.part(entry.structure, side))
        ]
        # What the atlas is about: drawn in any case, with its fault named.
        self.foremost = frozenset(e.structure for e in self.wanted if not e.may_be_left_out)
        self.rows = {entry.structure: self._rows_of(entry) for entry in self.wanted}
        self.slim: set[str] = set()  # drawn narrower than the published mean
        self.joins = Joins(self.laid.branches, self.rows)
        self.finder = Finder(self.space, fields, self.laid, self.joins)
        self.slots = Slots(self.space, self.finder)
        self.plexus = Plexus(self.space, self.laid.branches, self.rows)
        self.lines = Lines(self.space, self.finder, self.slots, self.joins, self.plexus)
        self.points: dict[str, list[PointOfInterest]] = {}
        self.doors: dict[str, FloatArray] = {}
        self.left_out: list[LeftOut] = []
        self.go_on: Callable[[], None] = lambda: None  # raises when the user has cancelled

    def run(
        self, progress: Callable[[float, str], None], cancelled: Callable[[], bool]
    ) -> tuple[list[Course], list[LeftOut]]:
        def go_on() -> None:
            if cancelled():
                raise Cancelled

        self.go_on = go_on
        self.space.prepare()
        trunks = [(entry, row) for entry in self.wanted for row in self._trunk_rows(entry)]
        self.slots.allot(trunks, go_on)
        for done, entry in enumerate(self.wanted):
            go_on()
            share = LAID * (done + 1) / (len(self.wanted) + 1)
            progress(share, structure(entry.structure).english)
            self._lay(entry)
        progress(LAID, "Nerves and vessels make room for one another")
        self._together()
        self._weighed()
        remedies = (
            self._draw_slimmer,
            lambda _: self._lay_foremost_first(trunks),
            self._draw_slimmer,
        )
        for remedy in remedies:
            failing = self._foremost_failing()
            if not failing:
                break
            remedy(failing)
        # What does not pass is taken out and tried again among the others as they lie then, as is
        # what found no way: first in the places that it was allotted, then wherever there is room.
        for anywhere in (False, True):
            tried = {one.id for one in self.left_out}
            if not tried:
                break
            self.left_out.clear()
            for entry in self.wanted:
                if entry.structure in tried:
                    if anywhere:
                        self.slots.drop(entry.structure)
                    self._lay(entry)
            self._together()
            # What goes makes others settle anew, which may cost one of them its pass.
            while self._weighed():
                self._together()
        if crowded := self._foremost_failing():
            self._draw_slimmer(crowded)
        progress(SETTLED, "Branches over gluteus maximus")
        if self.fields is not None:
            self._fans(self.fields)
        checker = self._checker()
        courses = [
            checker.checked(entry, self._course(entry))
            for entry in self.wanted
            if "trunk" in self._branches(entry)
        ]
        return courses, self.left_out

    def _rows_of(self, entry: CourseEntry) -> dict[str, BranchEntry]:
        return {row.name: row for row in entry.branch if applies(row.when, self.variants)}

    def _foremost_failing(self) -> list[CourseEntry]:
        """Of what the atlas is about: what breaks what anatomy demands, or found no way."""
        failing = []
        for entry in self.wanted:
            if entry.structure in self.foremost:
                if "trunk" in self._branches(entry):
                    course = self._checker().checked(entry, self._course(entry))
                    if all(check.holds for check in course.passes):
                        continue
                failing.append(entry)
        return failing

    def _draw_slimmer(self, failing: list[CourseEntry]) -> None:
        """Draw what has too little room narrower, where its published width varies that much."""
        for entry in failing:
            rows = self.rows[entry.structure]
            narrower = {name: slimmer(row) for name, row in rows.items()}
            if any(narrower[name].radii_mm != row.radii_mm for name, row in rows.items()):
                rows.update(narrower)
                self.slim.add(entry.structure)
                self.lines.redraw(entry.structure, rows)
        self._together()
        self._weighed()

    def _lay_foremost_first(self, trunks: list[tuple[CourseEntry, BranchEntry]]) -> None:
        """Begin again: what the atlas is about alone, all else to find its way among it."""
        self.left_out.clear()
        self.slots.drop_all()
        for entry in self.wanted:
            self._forget(entry)
            if entry.structure in self.slim:
                self.slim.remove(entry.structure)
                self.rows[entry.structure].update(self._rows_of(entry))
        self.slots.allot([one for one in trunks if not one[0].may_be_left_out], self.go_on)
        for entry in self.wanted:
            self.go_on()
            if entry.may_be_left_out:
                self._leave_out(entry, "trunk", "not yet laid")
            else:
                self._lay(entry)
        self.slots.allot([one for one in trunks if one[0].may_be_left_out], self.go_on)
        self._together()

    def _forget(self, entry: CourseEntry) -> None:
        """Forget how a course lies."""
        self.lines.drop(entry.structure)
        for kept in (self.laid.borders, self.laid.exits, self.doors, self.points):
            kept.pop(entry.structure, None)

    def _weighed(self, held: frozenset[str] = frozenset()) -> bool:
        """Whether something had to be taken out, the last of the table first; `held` stays."""
        taken = False
        for entry in reversed(self.wanted):
            self.go_on()
            taken |= entry.structure not in held and self._weigh(entry)
        return taken

    def _fans(self, fields: SurfaceFields) -> None:
        """The branches on gluteus maximus; what may be left out makes room for them."""
        surface = Surface(self.space, fields)
        # The nerve's first: the muscle has it alone, the artery's branches find another way.
        fanned = [e for e in self.wanted if e.fan is not None and "trunk" in self._branches(e)]
        for entry in sorted(fanned, key=lambda e: structure(e.structure).kind != "nerve"):
            self._fan(entry, surface)
        self._together(self.foremost)
        while self._weighed(self.foremost):
            self._together(self.foremost)

    def _together(self, held: frozenset[str] = frozenset()) -> None:
        self.lines.settle(self.go_on, held)
        for entry in self.wanted:
            self._note_points(entry)

    def _trunk_rows(self, entry: CourseEntry) -> list[BranchEntry]:
        return [
            row
            for row in self.rows[entry.structure].values()
            if row.role == "trunk" and self._possible(row)
        ]

    def _checker(self) -> Checker:
        return Checker(self.space, self.finder, self.lines.neighbours, self.rows)

    def _weigh(self, entry: CourseEntry) -> bool:
        """Leave out what breaks what anatomy demands, where it may be left out."""
        clearance = self._touched_up(entry)
        dropped = False
        for row in self.rows[entry.structure].values():
            side_line = row.role == "branch" or (row.role == "root" and entry.may_be_left_out)
            branch = self._branches(entry).get(row.name)
            if side_line and branch is not None and (why := self._passes(entry, branch, clearance)):
                self._leave_out(entry, row.name, why)
                self.lines.drop(entry.structure, row.name)
                dropped = True
        if not entry.may_be_left_out or "trunk" not in self._branches(entry):
            return dropped
        course = self._course(entry)
        course = self._checker().checked(entry, course, None if dropped else clearance)
        broken = [check for check in course.passes if not check.holds]
        if broken:
            why = "; ".join(f"{check.name}: {check.detail}" for check in broken)
            self._leave_out(entry, "trunk", why)
            self._forget(entry)
        return dropped or bool(broken)

    def _touched_up(self, entry: CourseEntry) -> Mapping[str, float]:
        """The clearances of a course whose lines, where they are a little too near to something,
        were led off as exact distances say.
        """
        best = self._clearances(entry)
        for aim in AIMS:
            if not self._is_tight(best) or min(best.values()) < HOPELESS_MM:
                break
            before = dict(self._branches(entry))
            self.lines.touch_up(entry.structure, aim)
            now = self._clearances(entry)
            if min(now.values()) > min(best.values()):
                best = now
            else:
                self.lines.put_back(entry.structure, before)
        return best

    def _clearances(self, entry: CourseEntry) -> Mapping[str, float]:
        walls = Walls(self.space, self.lines.neighbours, self.joins, self.rows)
        return walls.clearances(entry, self._course(entry))

    def _is_tight(self, clearance: Mapping[str, float]) -> bool:
        return min(clearance.values(), default=np.inf) < self.space.settings.least_clearance_mm

    def _branches(self, entry: CourseEntry) -> dict[str, Branch]:
        return self.laid.branches.get(entry.structure, {})

    def _course(self, entry: CourseEntry) -> Course:
        schematic = self.fields is None
        # What the trunk pierces its roots may touch too, where they join it.
        through = {part for row in self.rows[entry.structure].values() for part in row.through}
        return Course(
            entry.structure,
            self.side,
            "schematic" if schematic else "modelled",
            tuple(self._branches(entry).values()),
            tuple(self.points.get(entry.structure, [])),
            (),
            {},
            SCHEMATIC_NOTE
            if schematic
            else f"{entry.note} {SLIM_NOTE}"
            if entry.structure in self.slim
            else entry.note,
            tuple(sorted(through)),
        )

    def _lay(self, entry: CourseEntry) -> None:
        """Trunk, roots and branches of one course; fans come when all trunks lie."""
        for row in self.rows[entry.structure].values():
            if row.name in self._branches(entry) or not self._possible(row):
                continue
            if row.parent and row.parent not in self._branches(entry):
                continue
            laid = self.lines.lay(entry, row)
            if laid is None:
                self._leave_out(entry, row.name, "no way leads where it should go")
                if row.role == "trunk":
                    self.lines.drop(entry.structure)
                    break
                continue
            _, door = laid
            if row.role == "trunk" and door is not None:
                self.doors[entry.structure] = door
                self._note_points(entry)

    def _possible(self, row: BranchEntry) -> bool:
        """Whether what the row hangs on is there (a muscle to enter, a course to start on)."""
        for way in row.way:
            if way.when_missing and self.specimen.part(way.when_missing, self.side):
                continue
            on = way.on is not None and self.joins.point_on(way.on, way.at) is not None
            end = way.end_of is not None and self.specimen.part(way.end_of, self.side) is not None
            if (way.on or way.end_of) and not (on or end or way.between):
                return False
        return True

    def _leave_out(self, entry: CourseEntry, branch: str, why: str) -> None:
        if branch == "trunk":  # says it for its branches too
            self.left_out = [one for one in self.left_out if one.id != entry.structure]
        self.left_out.append(LeftOut(entry.structure, self.side, branch, why))

    def _passes(
        self,
        entry: CourseEntry,
        branch: Branch,
        clearance: Mapping[str, float] | None = None,
        sinks: bool = False,
        yielding: frozenset[str] = frozenset(),
    ) -> str:
        """What keeps a side branch from being drawn; nothing where it passes.

        Args:
            clearance: of the whole course, where it is known.
            sinks: whether it is one of a fan that is followed to where it sinks in.
            yielding: what will make room for it.
        """
        settings = self.space.settings
        turn = largest_turn_deg(branch.points_mm, settings.turn_over_mm)
        if turn > settings.largest_turn_deg:
            return f"it would have to turn {turn:.0f}° in {settings.turn_over_mm:g} mm"
        if clearance is not None and not self._is_tight(clearance):
            return ""
        walls = Walls(self.space, self.lines.neighbours, self.joins, self.rows)
        alone = replace(self._course(entry), branches=(branch,))
        if sinks:
            entered = PointOfInterest("branch_entry", branch.name, branch.points_mm[-1])
            alone = replace(alone, points=(entered,))
        least = settings.least_clearance_mm + (ROUNDING_MM if sinks else 0.0)
        tight = {
            name: mm
            for name, mm in walls.clearances(entry, alone).items()
            if mm < least and name not in yielding
        }
        return (
            "no room beside " + ", ".join(structure(name).english.lower() for name in tight)
            if tight
            else ""
        )

    def _note_points(self, entry: CourseEntry) -> None:
        """Where a trunk leaves the pelvis and meets gluteus maximus."""
        branch = self._branches(entry).get("trunk")
        door = self.doors.get(entry.structure)
        if entry.exit is None or door is None or branch is None:
            return
        row = self.rows[entry.structure]["trunk"]
        line = branch.points_mm
        back = self.space.foramen.local(line)[:, 2]
        below = below_piriformis_mm(self.specimen, self.side, line)
        if entry.exit == "suprapiriform":
            out = back - self.space.foramen.local(door)[2]
        elif "piriformis" in row.through or self.space.piriformis is None:
            out = back
        else:  # the plane may run in front of the muscle: it comes out where it leaves its cover
            out = np.minimum(back, below)
        exit_mm, through = _crossing(line, out, door)
        points = [PointOfInterest("exit", row.name, exit_mm)]
        index = int(np.argmin(np.linalg.norm(line - exit_mm, axis=1)))
        border, _ = _crossing(line, below, exit_mm)
        self.laid.exits[entry.structure] = (exit_mm, float(branch.radius_mm[index]), through)
        self.laid.borders[entry.structure] = (border, float(branch.radius_mm[index]))
        if self.space.muscle is not None and any(w.into == "gluteus_maximus" for w in row.way):
            contact = self.space.nearest_on("gluteus_maximus", branch.points_mm[-1:])[0]
            points.append(PointOfInterest("trunk_contact", row.name, contact))
        entered = [p for p in self.points.get(entry.structure, []) if p.name == "branch_entry"]
        self.points[entry.structure] = points + entered

    def _fan(self, entry: CourseEntry, surface: Surface) -> None:
        branches = self.laid.branches[entry.structure]
        trunk = branches["trunk"]
        settings = self.space.settings
        others: list[Neighbour] = []
        for neighbour in [*self.lines.neighbours, *self.space.source_neighbours.values()]:
            spared: Neighbour | None = neighbour
            if neighbour.name == entry.structure:
                spared = neighbour.without(trunk.points_mm[-1], settings.junction_mm)
            if spared is not None:
                others.append(spared)
        points = self.points.setdefault(entry.structure, [])
        yielding = frozenset(e.structure for e in self.wanted) - self.foremost

        def fault(branch: Branch, sinks: bool) -> str:
            self.go_on()
            branches[branch.name] = branch
            why = self._passes(entry, branch, sinks=sinks, yielding=yielding)
            del branches[branch.name]
            return why

        for branch, sinks, why in surface.fan(entry, trunk, self.variants, others, fault):
            if why:
                self._leave_out(entry, branch.name, why)
                continue
            branches[branch.name] = branch
            self.lines.add(entry.structure, branch)
            if sinks:
                entered = self.space.entry_mm(branch.points_mm)
                points.append(PointOfInterest("branch_entry", branch.name, entered))


def _crossing(line: FloatArray, value: FloatArray, near: FloatArray) -> tuple[FloatArray, bool]:
    """Where a value along a line rises through 0 next to a point; else the nearest point, False."""
    change = np.flatnonzero((value[:-1] <= 0) & (value[1:] > 0))
    if len(change) == 0 and value[0] > 0:  # it starts beyond
        return np.asarray(line[0]), False
    if len(change) == 0:
        return np.asarray(line[int(np.argmin(np.linalg.norm(line - near, axis=1)))]), False
    share = -value[change] / (value[change + 1] - value[change])
    at = line[change] + share[:, None] * (line[change + 1] - line[change])
    return np.asarray(at[int(np.argmin(np.linalg.norm(at - near, axis=1)))]), True
