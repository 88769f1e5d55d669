"""The lines of one side: each laid along a cheapest way, then all of them relaxed together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from annotations.courses.course import Branch, across
from annotations.courses.joins import Joins
from annotations.courses.neighbours import Neighbour
from annotations.courses.plexus import Plexus
from annotations.courses.relax import (
    PULLED_TIGHT,
    SETTLING,
    Push,
    Stage,
    along,
    at_share,
    faired,
    free_ends,
    largest_turn_deg,
    relaxed,
)
from annotations.courses.routes import Exact, Free
from annotations.courses.slots import Slots
from annotations.courses.space import Space
from annotations.courses.table import BranchEntry, CourseEntry
from annotations.courses.waypoints import Finder
from annotations.courses.ways import Ways
from meshes.specimen import FloatArray

ONTO_PARENT_MM = 6.0  # a root runs on inside its parent, so that it joins without a corner
JOIN_HOLD = 0.5
FAIRING = (0.5, 0.5, 0.5, 0.5, 1.0, 2.0, 4.0)
FAIRING_ROUNDS = 8
STIFFER = 5.0
TOUCHES, SUPPLE = 12, 0.1
SAME_WAY_MM = 4.0
ADRIFT_MM = 0.5
SWEEPS = 6
TOGETHER = Stage(14, 0.02, 1.0, 0.2)
Pins = list[tuple[FloatArray, float]]


@dataclass(eq=False)
class Line:
    """A laid line and what it takes to relax it anew."""

    entry: CourseEntry
    row: BranchEntry
    branch: Branch
    pins: Pins
    sunk: bool = False  # its last point lies in what it enters

    @property
    def key(self) -> str:
        """structure/branch."""
        return f"{self.entry.structure}/{self.branch.name}"

    @property
    def thin_mm(self) -> tuple[float, ...]:
        """Half its thickness, from start to end."""
        return tuple(radius * self.row.flatness for radius in self.row.radii_mm)


class Kept(NamedTuple):
    """Lines as they lay, and branches of fans with their structures."""

    lines: list[Line]
    fanned: list[tuple[str, Branch]]


class Lines:
    """Lays lines one by one, keeps them, relaxes them together."""

    def __init__(
        self, space: Space, finder: Finder, slots: Slots, joins: Joins, plexus: Plexus
    ) -> None:
        self.space, self.finder, self.slots, self.joins = space, finder, slots, joins
        self.plexus = plexus
        self._ways = Ways(space, finder, slots, plexus)
        self._lines: dict[str, Line] = {}
        self._fanned: dict[str, tuple[str, Branch]] = {}
        self._near: dict[str, Neighbour] = {}
        self._fresh: set[str] = set()  # what has been laid since all were last relaxed together

    @property
    def neighbours(self) -> list[Neighbour]:
        """What is drawn so far, as things to keep off."""
        return list(self._near.values())

    def add(self, structure: str, branch: Branch) -> None:
        """Keep a branch laid elsewhere (one of a fan): it is kept off, but stays as it lies."""
        key = f"{structure}/{branch.name}"
        self._fanned[key] = structure, branch
        self._near[key] = Neighbour.of_branch(structure, branch)
        self._fresh.add(key)
        self.finder.laid.branches.setdefault(structure, {})[branch.name] = branch

    def drop(self, structure: str, name: str | None = None) -> None:
        """Forget one line of a course, or all of it."""
        laid = self.finder.laid.branches.get(structure, {})
        for one in list(laid) if name is None else [name]:
            laid.pop(one, None)
            for kept in (self._lines, self._fanned, self._near):
                kept.pop(f"{structure}/{one}", None)
            self._fresh.discard(f"{structure}/{one}")

    def lay(self, entry: CourseEntry, row: BranchEntry) -> tuple[Branch, FloatArray | None] | None:
        """The branch and the place where it leaves the pelvis; None where no way leads."""
        radius = max(row.radii_mm) * row.flatness
        join = self._join(entry, row)
        free = self._free(entry, row)
        found = self._ways.shortest(entry, row, free, radius, join)
        if found is None:
            return None
        way, places = found
        pins = [(place, w.hold) for place, w in places if w.hold > 0]
        onto = self._onto(entry, row)
        if len(onto):
            pins.append((way[-1], JOIN_HOLD))
            way = np.vstack([way, onto])
        flat = self._flat(row) if row.flatness < 1 else None
        branch = Branch(
            row.name,
            row.parent if row.role != "trunk" else None,
            way,
            at_share(row.radii_mm, len(way)),
            row.role,
            row.flatness,
            flat,
        )
        line = Line(entry, row, branch, pins)
        self._relax(line, free, anew=True)
        self._keep(line)
        return line.branch, next((place for place, w in places if w.door or w.inside), None)

    def _flat(self, row: BranchEntry) -> FloatArray:
        """(3,) where the flat faces of a line look."""
        if row.flat_towards is None:
            return np.asarray(self.space.foramen.back, float)
        towards = self.finder.directed(row.flat_towards)
        return np.asarray(towards / np.linalg.norm(towards))

    def settle(self, go_on: Callable[[], None], held: frozenset[str] = frozenset()) -> None:
        """Relax all lines together: each in turn off all others, until nobody crowds anybody.

        Args:
            go_on: may raise to stop it.
            held: structures whose lines stay as they lie.
        """
        changed = self._fresh
        moved = [line for line in self._lines.values() if line.entry.structure not in held]
        for _ in range(SWEEPS):
            eased = set()
            for line in moved:
                go_on()
                if self._eased(line, changed):
                    eased.add(line.key)
            changed = eased
            if not changed:
                break
        self._fresh = set()

    def touch_up(self, structure: str, aim: float) -> None:
        """Lead the lines of one course off the parts that they are a little too near to.

        Args:
            aim: share of the usual clearance that is aimed at off everything else.
        """
        for line in [one for one in self._lines.values() if one.entry.structure == structure]:
            row = line.row
            exact = Exact(self._free(line.entry, row), row.through, aim)
            points, may_touch = self._anchored(line), self._may_touch(line)
            push, radius = self._push(exact, line), at_share(line.thin_mm, len(points))
            # An end that lies nowhere in particular gives way too.
            for end, way in ((0, row.way[0]), (-1, row.way[-1])):
                anywhere = way.between or way.face
                if anywhere and not (way.on or way.end_of or row.role == "root"):
                    points[end] += push(points, radius, *free_ends(points, may_touch))[end]
            self._lie(line, faired(points, radius, push, may_touch, TOUCHES, SUPPLE))
            self._keep(line)

    def redraw(self, structure: str, rows: Mapping[str, BranchEntry]) -> None:
        """Give the lines of one course the widths of other rows."""
        for line in [one for one in self._lines.values() if one.entry.structure == structure]:
            line.row = rows[line.row.name]
            radius = at_share(line.row.radii_mm, len(line.branch.points_mm))
            line.branch = replace(line.branch, radius_mm=radius)
            self._keep(line)

    def kept(self, structure: str | None = None) -> Kept:
        """All lines (of one course) as they lie, for `put_back`."""
        return Kept(
            [
                replace(line)
                for line in self._lines.values()
                if structure in (None, line.entry.structure)
            ],
            [(of, branch) for of, branch in self._fanned.values() if structure in (None, of)],
        )

    def put_back(self, kept: Kept, alone: bool = False) -> None:
        """Let lines lie again as they did; all others stay, or go if these are to lie alone."""
        if alone:
            stay = {line.key for line in kept.lines}
            stay |= {f"{structure}/{branch.name}" for structure, branch in kept.fanned}
            for structure, laid in self.finder.laid.branches.items():
                for name in list(laid):
                    if f"{structure}/{name}" not in stay:
                        self.drop(structure, name)
        for line in kept.lines:
            self._keep(replace(line))
        for structure, branch in kept.fanned:
            if self.finder.laid.branches[structure].get(branch.name) is not branch:
                self.add(structure, branch)

    def _eased(self, line: Line, changed: set[str]) -> bool:
        """Relax a line that is crowded; whether it was."""
        own = self._near[line.key]
        reach = self.space.settings.clearance_mm
        if line.key not in changed and not any(
            self._near[key].is_near(own.low, own.high, reach) for key in changed
        ):
            return False
        free = self._free(line.entry, line.row)
        if not self._adrift(line) and not self._crowded(line, free):
            return False
        self._relax(line, free, anew=False)
        self._keep(line)
        return True

    def _adrift(self, line: Line) -> bool:
        """Whether an end no longer lies on what it springs from or joins."""
        anchored = self._anchored(line)
        ends = line.branch.points_mm[: -1 if line.sunk else None][[0, -1]]
        return bool(np.linalg.norm(anchored[[0, -1]] - ends, axis=1).max() > ADRIFT_MM)

    def _keep(self, line: Line) -> None:
        structure = line.entry.structure
        self._lines[line.key] = line
        laid = self.finder.laid.branches.setdefault(structure, {})
        if laid.get(line.branch.name) is line.branch:
            return
        self._fresh.add(line.key)
        self._near[line.key] = Neighbour.of_branch(structure, line.branch)
        laid[line.branch.name] = line.branch

    def _crowded(self, line: Line, free: Free) -> bool:
        """Whether something pushes a line that is nearer than it may be."""
        settings = self.space.settings
        points = self._anchored(line)
        shares = free_ends(points, self._may_touch(line))
        radius = at_share(line.thin_mm, len(points))
        shift = self._push(free, line)(points, radius, *shares)
        slack = (settings.clearance_mm - settings.least_clearance_mm) / 2
        return bool(np.linalg.norm(shift, axis=1).max() > slack)

    def _may_touch(self, line: Line) -> tuple[float, float]:
        """Lengths at both ends that may touch what the line springs from or enters."""
        settings, row = self.space.settings, line.row
        start = settings.root_free_mm if row.role == "root" or row.starts_on_bone else 0.0
        if any(way.into for way in row.way):
            return start, settings.entry_free_mm
        inside = self._enters(line.entry, row) is not None
        return start, ONTO_PARENT_MM + settings.entry_free_mm if inside else 0.0

    def _enters(self, entry: CourseEntry, row: BranchEntry) -> str | None:
        """The part that a line ends in: its goal, or what the trunk runs through that it joins."""
        rows = self.plexus.rows[entry.structure]
        into = [way.into for way in row.way if way.into]
        if row.role == "root" and row.parent is not None and row.parent in rows:
            into += rows[row.parent].through
        return into[0] if into else None

    def _anchored(self, line: Line) -> FloatArray:
        """The line's points without what sank in, its ends where its neighbours are by now."""
        row = line.row
        points = line.branch.points_mm[: -1 if line.sunk else None].copy()
        on = row.way[0].on
        start = self.joins.point_on(on, row.way[0].at) if on else None
        if start is not None:
            points[0] = start
        onto = self._onto(line.entry, row)
        if len(onto):
            points[-1] = onto[-1]
        return points

    def _relax(self, line: Line, free: Free, anew: bool) -> None:
        """Relax a line from its route, or as it lies among others that have moved."""
        row, may_touch = line.row, self._may_touch(line)
        push = self._push(free, line)
        step = self.space.settings.step_mm * (2 if row.grid == "wide" else 1)
        stages = (PULLED_TIGHT, SETTLING) if anew else (TOGETHER,)
        points = self._anchored(line)
        points = relaxed(points, line.thin_mm, push, may_touch, line.pins, step, 1.0, stages)
        self._lie(line, self._faired(points, line, push, may_touch, anew))

    def _lie(self, line: Line, points: FloatArray) -> None:
        """Take these points for the line, and let its end sink in where it does."""
        row = line.row
        if row.sink_mm:
            last = points[-1] - points[-3]
            points = np.vstack([points, points[-1] + row.sink_mm * last / np.linalg.norm(last)])
            line.sunk = True
        radius = at_share(row.radii_mm, len(points))
        line.branch = replace(line.branch, points_mm=points, radius_mm=radius)

    def _faired(
        self,
        points: FloatArray,
        line: Line,
        push: Push,
        free_mm: tuple[float, float],
        anew: bool,
    ) -> FloatArray:
        settings = self.space.settings
        radii = line.thin_mm
        best = points
        turn = largest_turn_deg(points, settings.turn_over_mm)
        for stiffness in FAIRING:
            if turn < settings.largest_turn_deg - 4:
                return best
            radius = at_share(radii, len(points))
            points = faired(points, radius, push, free_mm, FAIRING_ROUNDS, stiffness)
            now = largest_turn_deg(points, settings.turn_over_mm)
            if now < turn:
                best, turn = points, now
        points = best
        if not anew and turn < settings.largest_turn_deg:
            return points
        # Too tight a bend: without its pins and as a stiffer string.
        stiff = relaxed(points, radii, push, free_mm, [], settings.step_mm, STIFFER)
        # Stiffer, it may spring through a thin ligament: then it is not the same way.
        far = np.linalg.norm(stiff[:, None] - points[None], axis=2).min(axis=1).max()
        bound = "behind_ligament" in line.entry.passes or not anew
        better = largest_turn_deg(stiff, settings.turn_over_mm) < turn
        return stiff if better and (far < SAME_WAY_MM or not bound) else points

    def _free(self, entry: CourseEntry, row: BranchEntry) -> Free:
        into = self._enters(entry, row)
        kept = self._neighbours(entry, row)
        return Free(self.space, kept, row.grid, row.through, row.closed, into)

    def _push(self, free: Free | Exact, line: Line) -> Push:
        """What pushes the line; a flattened tube is pushed at its edges too."""
        flat, flatness = line.branch.flat_mm, line.row.flatness
        if flat is None:
            return free.push

        def push(
            points: FloatArray, radius: FloatArray, start: FloatArray, end: FloatArray
        ) -> FloatArray:
            sideways = across(points, flat) * (radius / flatness - radius)[:, None]
            shares = line.branch.row_shares
            rows = np.vstack([points + share * sideways for share in shares])
            radii, first, last = (np.tile(v, len(shares)) for v in (radius, start, end))
            shifts = free.push(rows, radii, first, last).reshape(len(shares), len(points), 3)
            # Whatever part of it is nearest to something decides, with what stands against that.
            at = np.arange(len(points))
            most = shifts[np.linalg.norm(shifts, axis=-1).argmax(axis=0), at]
            along_most = (shifts * most).sum(axis=-1)
            against = shifts[along_most.argmin(axis=0), at]
            return np.asarray(most + np.where(along_most.min(axis=0)[:, None] < 0, against, 0.0))

        return push

    def _join(self, entry: CourseEntry, row: BranchEntry) -> FloatArray | None:
        """Where a root ends on its parent."""
        if row.role != "root" or not row.parent:
            return None
        return self.joins.point_on(f"{entry.structure}/{row.parent}", row.joins_at)

    def _onto(self, entry: CourseEntry, row: BranchEntry) -> FloatArray:
        """(n, 3) the stretch of the line that it ends on, which it runs on inside of."""
        last = row.way[-1]
        if row.role == "root" and row.parent:
            target, at = f"{entry.structure}/{row.parent}", row.joins_at
        elif last.on and len(row.way) > 1:
            target, at = last.on, last.at
        else:
            return np.empty((0, 3))
        branch = self.joins.line(target)
        if branch is None:
            return np.empty((0, 3))
        s = along(branch.points_mm)
        past = s - s[-1] * at
        return branch.points_mm[(past > 1.0) & (past < ONTO_PARENT_MM)]

    def _neighbours(self, entry: CourseEntry, row: BranchEntry) -> list[Neighbour]:
        """What a line keeps off: everything drawn and sourced, but where lines meet."""
        own = (entry.structure, row.name)
        kept: list[Neighbour] = []
        for neighbour in self._near.values():
            structure, _, name = neighbour.key.partition("/")
            if (structure, name) == own:
                continue
            spared: Neighbour | None = neighbour
            for point, half in self.joins.between(own, (structure, name)):
                if spared is not None:
                    spared = spared.without(point, self.space.settings.junction_mm + half)
            if spared is not None:
                kept.append(spared)
        return kept + self.space.source_to_keep_off(entry.springs_from)
