"""Solving the courses of one side, in the table's order, on this specimen's own anatomy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from annotations.courses.checks import Checker
from annotations.courses.clearance import Walls
from annotations.courses.course import Branch, Course, LeftOut, PointOfInterest, across
from annotations.courses.fan import Surface
from annotations.courses.neighbours import Neighbour
from annotations.courses.relax import (
    Push,
    along,
    at_share,
    faired,
    largest_turn_deg,
    relaxed,
)
from annotations.courses.routes import THINNER, Free
from annotations.courses.space import Space
from annotations.courses.table import (
    BranchEntry,
    CourseEntry,
    Waypoint,
    applies,
    course_table,
)
from annotations.courses.variants import Variants
from annotations.courses.waypoints import Finder, Laid
from annotations.zones.fields import SurfaceFields, below_piriformis_mm
from meshes.sources.download import Cancelled, never
from meshes.specimen import FloatArray, Side, Specimen
from meshes.structure import structure

ONTO_PARENT_MM = 6.0  # a root runs on inside its parent, so that it joins without a corner
FAIRING_TURNS = 4
FAIRING_ROUNDS = 8
STIFFER = 5.0
SAME_WAY_MM = 4.0
SCHEMATIC_NOTE = (
    "Drawn from bony landmarks alone, because this specimen has no muscles: schematic, without "
    "the points of entry."
)


def solve(
    specimen: Specimen,
    side: Side,
    fields: SurfaceFields | None,
    variants: Variants | None = None,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancelled: Callable[[], bool] = never,
) -> tuple[list[Course], list[LeftOut]]:
    """All courses of one side in the table's order, and what had to be left out; 10 to 20 s.

    Args:
        fields: gluteus maximus of the side; None where the specimen lacks the muscle, then the
            courses are schematic.
        progress: called with a share from 0 to 1 and a text.

    Raises:
        Cancelled: when `cancelled()` turned true, between two courses.
    """
    return _Solver(specimen, side, fields, variants or Variants()).run(progress, cancelled)


class _Solver:
    def __init__(
        self, specimen: Specimen, side: Side, fields: SurfaceFields | None, variants: Variants
    ) -> None:
        self.specimen, self.side, self.variants = specimen, side, variants
        self.fields = fields
        self.space = Space(specimen, side)
        self.laid = Laid()
        self.finder = Finder(self.space, fields, self.laid)
        self.solved: list[Neighbour] = []
        self.points: dict[str, list[PointOfInterest]] = {}
        self.left_out: list[LeftOut] = []
        self.rows: dict[str, dict[str, BranchEntry]] = {}

    def run(
        self, progress: Callable[[float, str], None], cancelled: Callable[[], bool]
    ) -> tuple[list[Course], list[LeftOut]]:
        wanted = [
            entry
            for entry in course_table().course
            if applies(entry.when, self.variants)
            and not (entry.if_missing and self.specimen.part(entry.structure, self.side))
        ]
        self.rows = {
            entry.structure: {
                row.name: row for row in entry.branch if applies(row.when, self.variants)
            }
            for entry in wanted
        }
        for done, entry in enumerate(wanted):
            if cancelled():
                raise Cancelled
            progress(done / len(wanted), structure(entry.structure).english)
            self._lay(entry)
            self._weigh(entry)
        if self.fields is not None:
            surface = Surface(self.space, self.fields)
            for entry in wanted:
                if entry.fan is not None and "trunk" in self._branches(entry):
                    self._fan(entry, surface)
        # What cannot pass is left out first, so that nothing else is held against it.
        for entry in wanted:
            self._weigh(entry)
        checker = Checker(self.space, self.finder, self.solved, self.rows)
        courses = [
            checker.checked(entry, self._course(entry))
            for entry in wanted
            if "trunk" in self._branches(entry)
        ]
        return courses, self.left_out

    def _weigh(self, entry: CourseEntry) -> None:
        """Leave a course out that breaks what anatomy demands, where it may be left out."""
        if not entry.may_be_left_out or "trunk" not in self._branches(entry):
            return
        checker = Checker(self.space, self.finder, self.solved, self.rows)
        course = checker.checked(entry, self._course(entry))
        broken = [check for check in course.passes if not check.holds]
        if broken:
            why = "; ".join(f"{check.name}: {check.detail}" for check in broken)
            self._leave_out(entry, "trunk", why)
            del self.laid.branches[entry.structure]
            self.solved[:] = [n for n in self.solved if n.name != entry.structure]
            self.laid.borders.pop(entry.structure, None)
            self.laid.exits.pop(entry.structure, None)

    def _branches(self, entry: CourseEntry) -> dict[str, Branch]:
        return self.laid.branches.get(entry.structure, {})

    def _course(self, entry: CourseEntry) -> Course:
        schematic = self.fields is None
        return Course(
            entry.structure,
            self.side,
            "schematic" if schematic else "modelled",
            tuple(self._branches(entry).values()),
            tuple(self.points.get(entry.structure, [])),
            (),
            {},
            SCHEMATIC_NOTE if schematic else entry.note,
        )

    def _lay(self, entry: CourseEntry) -> None:
        """Trunk, roots and branches of one course; fans come when all trunks lie."""
        branches = self.laid.branches.setdefault(entry.structure, {})
        for row in entry.branch:
            if not applies(row.when, self.variants) or not self._possible(row):
                continue
            parent = branches.get(row.parent) if row.parent else None
            if row.parent and parent is None:
                continue
            laid = self._line(entry, row, parent)
            if laid is None:
                self._leave_out(entry, row.name, "no way leads where it should go")
                if row.role == "trunk":
                    break
                continue
            branch, door = laid
            side_line = row.role == "branch" or (row.role == "root" and entry.may_be_left_out)
            if side_line and (why := self._passes(entry, row, branch)):
                self._leave_out(entry, row.name, why)
                continue
            branches[row.name] = branch
            self.solved.append(Neighbour.of_branch(entry.structure, branch))
            if row.role == "trunk":
                self._note_points(entry, row, branch, door)

    def _possible(self, row: BranchEntry) -> bool:
        """Whether what the row hangs on is there (a muscle to enter, a course to start on)."""
        for way in row.way:
            if way.when_missing and self.specimen.part(way.when_missing, self.side):
                continue
            if way.on and not way.between and not self._has(way.on.partition("/")[0]):
                of, _, name = way.on.partition("/")
                if name not in self.laid.branches.get(of, {}):
                    return False
        return True

    def _leave_out(self, entry: CourseEntry, branch: str, why: str) -> None:
        self.left_out.append(LeftOut(entry.structure, self.side, branch, why))

    def _passes(self, entry: CourseEntry, row: BranchEntry | None, branch: Branch) -> str:
        """What keeps a side branch from being drawn; nothing where it passes."""
        settings = self.space.settings
        turn = largest_turn_deg(branch.points_mm, settings.turn_over_mm)
        if turn > settings.largest_turn_deg:
            return f"it would have to turn {turn:.0f}° in {settings.turn_over_mm:g} mm"
        rows = {name: dict(of) for name, of in self.rows.items()}
        walls = Walls(self.space, self.solved, rows)
        alone = replace(self._course(entry), branches=(branch,))
        if row is None:  # a branch of a fan is followed to where it sinks in
            entered = PointOfInterest("branch_entry", branch.name, branch.points_mm[-1])
            alone = replace(alone, points=(entered,))
        tight = {
            name: mm
            for name, mm in walls.clearances(entry, alone).items()
            if mm < settings.least_clearance_mm
        }
        return (
            "no room beside " + ", ".join(structure(name).english.lower() for name in tight)
            if tight
            else ""
        )

    def _line(
        self, entry: CourseEntry, row: BranchEntry, parent: Branch | None
    ) -> tuple[Branch, FloatArray | None] | None:
        radii = row.radii_mm
        thin = tuple(radius * row.flatness for radius in radii)
        into = next((way.into for way in row.way if way.into), None)
        join = self._join(row, parent)
        free = Free(
            self.space,
            self._neighbours(entry, row, join),
            row.grid,
            row.through,
            row.closed,
            enters=into,
        )
        for share in THINNER:
            found = self._way(row, free, max(thin) * share, join)
            if found is not None:
                break
        else:
            return None
        way, places = found
        pins = [(place, w.hold) for place, w in places if w.hold > 0]
        free_mm = self._free_lengths(row, into)
        if row.role == "root" and parent is not None:
            s = along(parent.points_mm)
            onto = parent.points_mm[(s > 1.0) & (s < ONTO_PARENT_MM)]
            pins.append((parent.points_mm[0], 0.5))
            way = np.vstack([way, onto])
        flat = self._flat(row)
        push = self._push(free, row, flat)
        step = self.space.settings.step_mm
        line = relaxed(way, thin, push, free_mm, pins, step * (2 if row.grid == "wide" else 1))
        line = self._faired(line, thin, push, free_mm, "behind_ligament" in entry.passes)
        if row.sink_mm:
            end = line[-1] - line[-3]
            line = np.vstack([line, line[-1] + row.sink_mm * end / np.linalg.norm(end)])
        parent_name = row.parent if row.role != "trunk" else None
        branch = Branch(
            row.name, parent_name, line, at_share(radii, len(line)), row.role, row.flatness, flat
        )
        return branch, next((place for place, w in places if w.door or w.inside), None)

    def _faired(
        self,
        line: FloatArray,
        radii: tuple[float, ...],
        push: Push,
        free_mm: tuple[float, float],
        hooked: bool,
    ) -> FloatArray:
        settings = self.space.settings
        for _ in range(FAIRING_TURNS):
            turn = largest_turn_deg(line, settings.turn_over_mm)
            if turn < settings.largest_turn_deg - 4:
                break
            line = faired(line, at_share(radii, len(line)), push, free_mm, FAIRING_ROUNDS)
        else:
            # Too tight a bend: without its pins and as a stiffer string.
            stiff = relaxed(line, radii, push, free_mm, [], settings.step_mm, STIFFER)
            # Stiffer, it may spring through a thin ligament: then it is not the same way.
            far = np.linalg.norm(stiff[:, None] - line[None], axis=2).min(axis=1).max()
            if (far < SAME_WAY_MM or not hooked) and largest_turn_deg(
                stiff, settings.turn_over_mm
            ) < turn:
                line = stiff
        return line

    def _way(
        self, row: BranchEntry, free: Free, radius: float, join: FloatArray | None
    ) -> tuple[FloatArray, list[tuple[FloatArray, Waypoint]]] | None:
        """The minimal-cost path through all places, each chosen when the one before it stands."""
        from annotations.courses.routes import Routes

        places: list[tuple[FloatArray, Waypoint]] = []
        path: list[FloatArray] = []
        routes: Routes | None = None
        steps = [w for w in row.way if not (w.when_missing and self._has(w.when_missing))]
        for way in [*steps, None]:
            before = places[-1][0] if places else None
            if way is None:
                if row.role != "root" or join is None:
                    break
                goal, around = join, join[None]
            else:
                goal = None
                around = free.grid.low_mm + np.zeros((1, 3))
            if before is not None:
                if way is not None:
                    points, _ = self.finder.candidates(way, free, radius)
                    if len(points) == 0:
                        return None
                    around = points
                routes = free.routes(before, radius, around, self.space.settings.room_mm)
            if way is not None:
                goal = self.finder.place(way, free, radius, routes, before)
                if goal is None:
                    return None
                places.append((goal, way))
            assert goal is not None
            if routes is not None:
                leg = routes.path(goal)
                if leg is None and before is not None:
                    routes = free.routes(before, radius, goal[None], self.space.settings.room_mm)
                    leg = routes.path(goal)
                if leg is None:
                    return None
                path += [leg[1:-1], goal[None]]
            else:
                path.append(goal[None])
        whole = np.vstack(path)
        return (whole, places) if len(whole) > 2 else None

    def _has(self, structure: str) -> bool:
        return self.specimen.part(structure, self.side) is not None

    def _push(self, free: Free, row: BranchEntry, flat: FloatArray | None) -> Push:
        """What pushes the line; a flattened tube is pushed at its edges too."""
        if flat is None:
            return free.push

        def push(
            line: FloatArray, radius: FloatArray, start: FloatArray, end: FloatArray
        ) -> FloatArray:
            sideways = across(line, flat) * (radius / row.flatness - radius)[:, None]
            shifts = [free.push(line + k * sideways, radius, start, end) for k in (-1, 0, 1)]
            count = sum((shift != 0).any(axis=1) for shift in shifts)
            return np.asarray(sum(shifts) / np.maximum(count, 1)[:, None])

        return push

    def _flat(self, row: BranchEntry) -> FloatArray | None:
        if row.flatness >= 1:
            return None
        return np.asarray(self.space.foramen.back, float)

    def _free_lengths(self, row: BranchEntry, into: str | None) -> tuple[float, float]:
        settings = self.space.settings
        start = settings.root_free_mm if row.role == "root" or row.starts_on_bone else 0.0
        end = settings.entry_free_mm if into else 0.0
        return start, end

    def _join(self, row: BranchEntry, parent: Branch | None) -> FloatArray | None:
        """Where a root ends or a branch starts on its parent."""
        if parent is None:
            return None
        if row.role == "root":
            if row.joins_at > 0:
                s = along(parent.points_mm)
                at = s[-1] * row.joins_at
                return np.array([np.interp(at, s, parent.points_mm[:, i]) for i in range(3)])
            return np.asarray(parent.points_mm[0])
        first = row.way[0]
        found = self.finder.on_branch(first.on or "", first.at)
        return np.asarray(found[0]) if len(found) else None

    def _neighbours(
        self, entry: CourseEntry, row: BranchEntry, join: FloatArray | None
    ) -> list[Neighbour]:
        """What this line keeps off: everything solved and sourced but what it springs from."""
        settings = self.space.settings
        kept: list[Neighbour] = []
        starts_on = {way.on.partition("/")[0]: way for way in row.way if way.on}
        for neighbour in self.solved:
            here = join if neighbour.name == entry.structure else None
            if neighbour.name in starts_on and neighbour.name != entry.structure:
                way = starts_on[neighbour.name]
                found = self.finder.on_branch(way.on or "", way.at)
                here = found[0] if len(found) else None
            if here is not None:
                far, _ = neighbour.distance(here[None])
                if far[0] < settings.junction_mm:
                    reach = settings.junction_mm + float(neighbour.radii_mm.max())
                    spared = neighbour.without(here, reach)
                    if spared is None:
                        continue
                    neighbour = spared
            kept.append(neighbour)
        for name, neighbour in self.space.source_neighbours.items():
            if name not in entry.springs_from:
                kept.append(neighbour)
        return [neighbour for neighbour in kept if neighbour.name not in entry.springs_from]

    def _note_points(
        self, entry: CourseEntry, row: BranchEntry, branch: Branch, door: FloatArray | None
    ) -> None:
        if entry.exit is None or door is None:
            return
        line = branch.points_mm
        back = self.space.foramen.local(line)[:, 2]
        depth = 0.0 if entry.exit == "infrapiriform" else self.space.foramen.local(door)[2]
        exit_mm, through = _crossing(line, back - depth, door)
        points = [PointOfInterest("exit", row.name, exit_mm)]
        index = int(np.argmin(np.linalg.norm(line - exit_mm, axis=1)))
        below = below_piriformis_mm(self.specimen, self.side, line)
        border, _ = _crossing(line, below, exit_mm)
        self.laid.exits[entry.structure] = (exit_mm, float(branch.radius_mm[index]), through)
        self.laid.borders[entry.structure] = (border, float(branch.radius_mm[index]))
        if self.space.muscle is not None and any(w.into == "gluteus_maximus" for w in row.way):
            contact = self.space.nearest_on("gluteus_maximus", branch.points_mm[-1:])[0]
            points.append(PointOfInterest("trunk_contact", row.name, contact))
        self.points[entry.structure] = points

    def _fan(self, entry: CourseEntry, surface: Surface) -> None:
        branches = self.laid.branches[entry.structure]
        trunk = branches["trunk"]
        tip = trunk.points_mm[-1]
        settings = self.space.settings
        others: list[Neighbour] = []
        for neighbour in self._all_neighbours():
            if neighbour.name == entry.structure:
                far, _ = neighbour.distance(tip[None])
                if far[0] < settings.junction_mm:
                    spared = neighbour.without(tip, settings.junction_mm)
                    if spared is None:
                        continue
                    neighbour = spared
            others.append(neighbour)
        points = self.points.setdefault(entry.structure, [])
        for branch, sinks in surface.fan(entry, trunk, self.variants, others):
            if why := self._passes(entry, None, branch):
                self._leave_out(entry, branch.name, why)
                continue
            branches[branch.name] = branch
            self.solved.append(Neighbour.of_branch(entry.structure, branch))
            if sinks:
                entered = self.space.entry_mm(branch.points_mm)
                points.append(PointOfInterest("branch_entry", branch.name, entered))

    def _all_neighbours(self) -> Iterable[Neighbour]:
        yield from self.solved
        yield from self.space.source_neighbours.values()


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
