"""All that is laid on one side, and what can be done to it: lay, settle, weigh, go back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from annotations.courses.checks import Checker
from annotations.courses.clearance import Walls
from annotations.courses.course import Branch, Course, LeftOut, PointOfInterest
from annotations.courses.exits import leaves
from annotations.courses.joins import Joins
from annotations.courses.lines import Kept, Lines
from annotations.courses.plexus import Plexus
from annotations.courses.slots import Claims, Slots
from annotations.courses.space import Space
from annotations.courses.table import (
    BranchEntry,
    CourseEntry,
    applies,
    course_table,
    slimmer,
)
from annotations.courses.variants import Variants
from annotations.courses.waypoints import Finder, Laid
from annotations.zones.fields import SurfaceFields
from meshes.specimen import FloatArray, Side, Specimen
from meshes.structure import structure

SCHEMATIC_NOTE = (
    "Drawn from bony landmarks alone, because this specimen has no muscles: schematic, without "
    "the points of entry."
)
SLIM_NOTE = (
    "Drawn narrower than elsewhere, within the spread of a published width or by a quarter of a "
    "schematic one: this pelvis leaves no more room."
)
UNBORN = "what it springs from is not drawn"
LOST_BRANCH = 0.25  # of the loss of a whole course


@dataclass(frozen=True)
class State:
    """How all lies, to come back to; `faults`: the foremost that break a demand, what is lost."""

    faults: tuple[int, float]
    lines: Kept
    claims: Claims
    laid: Laid
    doors: Mapping[str, FloatArray]
    points: Mapping[str, list[PointOfInterest]]
    left_out: list[LeftOut]
    slim: frozenset[str]


class Bench:
    """What is laid on one side.

    Args:
        go_on: raises when the user has cancelled.
    """

    def __init__(
        self,
        specimen: Specimen,
        side: Side,
        fields: SurfaceFields | None,
        variants: Variants,
        go_on: Callable[[], None],
    ) -> None:
        self.specimen, self.side, self.variants = specimen, side, variants
        self.fields, self.go_on = fields, go_on
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
        self.joins = Joins(self.laid.branches, self.rows)
        self.finder = Finder(self.space, fields, self.laid, self.joins)
        self.slots = Slots(self.space, self.finder)
        self.plexus = Plexus(self.space, self.laid.branches, self.rows)
        self.lines = Lines(self.space, self.finder, self.slots, self.joins, self.plexus)
        self.walls = Walls(self.space, lambda: self.lines.neighbours, self.joins, self.rows)
        self.checker = Checker(self.space, self.finder, self.walls)
        self.slim: frozenset[str] = frozenset()  # drawn narrower than usual
        self.left_out: list[LeftOut] = []
        self._points: dict[str, list[PointOfInterest]] = {}
        self._doors: dict[str, FloatArray] = {}

    @property
    def trunks(self) -> list[tuple[CourseEntry, BranchEntry]]:
        """The trunks that are wanted and have what they hang on and end in."""
        return [(entry, row) for entry in self.wanted for row in self._trunk_rows(entry)]

    def is_laid(self, entry: CourseEntry) -> bool:
        """Whether a course has its trunk."""
        return "trunk" in self.branches(entry)

    def failing(self) -> list[CourseEntry]:
        """Of what the atlas is about: what breaks what anatomy demands, or found no way."""
        return [
            entry
            for entry, _ in self.trunks
            if entry.structure in self.foremost
            and not (self.is_laid(entry) and all(c.holds for c in self.checked(entry).passes))
        ]

    def checked(self, entry: CourseEntry, clearance: Mapping[str, float] | None = None) -> Course:
        """A laid course with what was checked on it; its clearances are measured unless given."""
        return self.checker.checked(entry, self.course(entry), clearance)

    def clearances(self, entry: CourseEntry) -> Mapping[str, float]:
        """Least distances of a course as it lies, nearest first."""
        return self.walls.clearances(entry, self.course(entry))

    def state(self) -> State:
        """How all lies now."""
        lost = sum(map(self._loss, self.left_out))
        return State(
            (len(self.failing()), lost),
            self.lines.kept(),
            self.slots.kept(),
            Laid({}, dict(self.laid.exits), dict(self.laid.borders)),
            dict(self._doors),
            {name: list(points) for name, points in self._points.items()},
            list(self.left_out),
            self.slim,
        )

    def restore(self, state: State) -> None:
        """Let all lie as it did."""
        self._draw(state.slim)
        self.lines.put_back(state.lines, alone=True)
        self.slots.put_back(state.claims)
        self.laid.exits, self.laid.borders = dict(state.laid.exits), dict(state.laid.borders)
        self._doors = dict(state.doors)
        self._points = {name: list(points) for name, points in state.points.items()}
        self.left_out = list(state.left_out)

    def add_fanned(self, entry: CourseEntry, branch: Branch, sinks: bool) -> None:
        """Take a branch of a fan, and note where it enters the muscle if it sinks in."""
        self.lines.add(entry.structure, branch)
        if sinks:
            entered = self.space.entry_mm(branch.points_mm)
            self.points_of(entry).append(PointOfInterest("branch_entry", branch.name, entered))

    def forget(self, entry: CourseEntry) -> None:
        """Forget how a course lies, and what springs from it with it."""
        self.lines.drop(entry.structure)
        for kept in (self.laid.borders, self.laid.exits, self._doors, self._points):
            kept.pop(entry.structure, None)
        for other in self.wanted:
            for row in self.rows[other.structure].values():
                if row.name in self.branches(other) and not self._possible(row):
                    self.leave_out(other.structure, row.name, UNBORN)
                    if row.role == "trunk":
                        self.forget(other)
                    else:
                        self.lines.drop(other.structure, row.name)

    def draw_slimmer(self, entry: CourseEntry) -> None:
        """Draw a course narrower, where widths are schematic or published ones vary."""
        self._draw(frozenset({*self.slim, entry.structure}))
        self.lines.redraw(entry.structure, self.rows[entry.structure])

    def draw_as_usual(self) -> None:
        """Give all that is forgotten its usual width again."""
        self._draw(frozenset())

    def _draw(self, slim: frozenset[str]) -> None:
        for entry in self.wanted:
            usual = self._rows_of(entry)
            rows = {name: slimmer(row) for name, row in usual.items()}
            if all(rows[name].radii_mm == usual[name].radii_mm for name in rows):
                slim -= {entry.structure}
            if (entry.structure in slim) != (entry.structure in self.slim):
                self.rows[entry.structure].update(rows if entry.structure in slim else usual)
        self.slim = slim

    def lay(self, entry: CourseEntry) -> None:
        """Trunk, roots and branches of one course; fans come when all trunks lie."""
        for row in self.rows[entry.structure].values():
            if row.name in self.branches(entry):
                continue
            if not self._possible(row):
                if row.role == "trunk":
                    self.leave_out(entry.structure, row.name, UNBORN)
                continue
            if row.parent and row.parent not in self.branches(entry):
                continue
            goal = self._lacks(row)
            laid = None if goal else self.lines.lay(entry, row)
            if laid is None:
                why = f"this specimen has no {goal}" if goal else "no way leads where it should go"
                if row.role == "trunk":
                    self.forget(entry)
                self.leave_out(entry.structure, row.name, why)
                if row.role == "trunk":
                    break
                continue
            self.left_out = [
                one for one in self.left_out if (one.id, one.branch) != (entry.structure, row.name)
            ]
            _, door = laid
            if row.role == "trunk" and door is not None:
                self._doors[entry.structure] = door
                self._note_points(entry)

    def settle(self, held: frozenset[str] = frozenset()) -> None:
        """Relax all lines together; the structures `held` stay as they lie."""
        self.lines.settle(self.go_on, held)
        for entry in self.wanted:
            self._note_points(entry)

    def _loss(self, one: LeftOut) -> float:
        """How much is lost by it; a branch whose number was asked for counts as a whole course."""
        fan = next(entry.fan for entry in self.wanted if entry.structure == one.id)
        asked = fan is not None and fan.count_setting and one.branch not in self.rows[one.id]
        twig = fan is not None and fan.twig is not None and one.branch == fan.twig.name
        return 1.0 if one.branch == "trunk" or (asked and not twig) else LOST_BRANCH

    def _rows_of(self, entry: CourseEntry) -> dict[str, BranchEntry]:
        return {row.name: row for row in entry.branch if applies(row.when, self.variants)}

    def _trunk_rows(self, entry: CourseEntry) -> list[BranchEntry]:
        return [
            row
            for row in self.rows[entry.structure].values()
            if row.role == "trunk" and self._possible(row) and not self._lacks(row)
        ]

    def _lacks(self, row: BranchEntry) -> str:
        """What a line should end in that the specimen does not have; "" where it can end."""
        missing = (w.into for w in row.way if w.into and not self.specimen.part(w.into, self.side))
        name = next(missing, None)
        return "" if name is None else structure(name).english.lower()

    def branches(self, entry: CourseEntry) -> dict[str, Branch]:
        """The laid lines of a course by name; may be changed."""
        return self.laid.branches.get(entry.structure, {})

    def course(self, entry: CourseEntry) -> Course:
        """A laid course, unchecked."""
        schematic = self.fields is None
        note = SCHEMATIC_NOTE if schematic else entry.note
        if entry.structure in self.slim:
            note = f"{note} {SLIM_NOTE}"
        # What the trunk pierces its roots may touch too, where they join it.
        through = {part for row in self.rows[entry.structure].values() for part in row.through}
        return Course(
            entry.structure,
            self.side,
            "schematic" if schematic else "modelled",
            tuple(self.branches(entry).values()),
            tuple(self.points_of(entry)),
            (),
            {},
            note,
            tuple(sorted(through)),
        )

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

    def leave_out(self, structure_id: str, branch: str, why: str) -> None:
        """Say what is not drawn, and why."""
        # A trunk says it for its branches too.
        self.left_out = [
            one
            for one in self.left_out
            if one.id != structure_id or (branch != "trunk" and one.branch != branch)
        ]
        self.left_out.append(LeftOut(structure_id, self.side, branch, why))

    def _note_points(self, entry: CourseEntry) -> None:
        """Where a trunk leaves the pelvis and meets gluteus maximus."""
        branch = self.branches(entry).get("trunk")
        door = self._doors.get(entry.structure)
        if entry.exit is None or door is None or branch is None:
            return
        row = self.rows[entry.structure]["trunk"]
        left = leaves(self.space, entry.exit, row.through, branch, door)
        points = [PointOfInterest("exit", row.name, left.exit_mm)]
        self.laid.exits[entry.structure] = (left.exit_mm, left.radius_mm, left.through)
        self.laid.borders[entry.structure] = (left.border_mm, left.radius_mm)
        if self.space.muscle is not None and any(w.into == "gluteus_maximus" for w in row.way):
            contact = self.space.nearest_on("gluteus_maximus", branch.points_mm[-1:])[0]
            points.append(PointOfInterest("trunk_contact", row.name, contact))
        entered = [p for p in self.points_of(entry) if p.name == "branch_entry"]
        self._points[entry.structure] = points + entered

    def points_of(self, entry: CourseEntry) -> list[PointOfInterest]:
        """The named places on a course; may be changed."""
        return self._points.setdefault(entry.structure, [])
