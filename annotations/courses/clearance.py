"""Least distances of tube walls to everything that they pass, measured exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from annotations.courses.course import Branch, Course
from annotations.courses.joins import Joins, Rows
from annotations.courses.neighbours import Neighbour
from annotations.courses.relax import along
from annotations.courses.space import Space
from annotations.courses.table import BranchEntry, CourseEntry
from meshes.specimen import BoolArray, FloatArray

STEP_MM = 0.5
STRIDE = 8
REACH_MM = 12.0  # farther things are not listed
ROUNDING_MM = 0.02  # two reckonings of one gap, from either of two lines, differ by less
LANDED_MM = 18.0  # from there on a branch of a fan lies on the surface


class Balls(NamedTuple):
    """Centres (n, 3), radii (n,) and lengths along the line (n,) of balls that fill a branch."""

    centres_mm: FloatArray
    radii_mm: FloatArray
    along_mm: FloatArray

    def only(self, kept: BoolArray) -> Balls:
        """Some of them."""
        return Balls(self.centres_mm[kept], self.radii_mm[kept], self.along_mm[kept])

    def is_near(self, other: Neighbour) -> bool:
        """Whether there are any, and their box comes near another's."""
        return len(self.radii_mm) > 0 and other.is_near(
            self.centres_mm.min(axis=0), self.centres_mm.max(axis=0), REACH_MM
        )


class Walls:
    """Walls of the solved courses of one side against parts and against each other.

    Args:
        solved: gives what is laid, as things to keep off (asked anew at each question).
        rows: the table's lines of each structure by name.
    """

    def __init__(
        self, space: Space, solved: Callable[[], list[Neighbour]], joins: Joins, rows: Rows
    ) -> None:
        self.space, self._solved, self.joins, self.rows = space, solved, joins, rows
        # Bones, muscles and the source's own nerves stay: measured once for a line as it lies.
        self._standing: WeakKeyDictionary[
            Branch, dict[tuple[tuple[str, ...], bool], tuple[Balls, dict[str, float]]]
        ] = WeakKeyDictionary()

    def clearances(
        self, entry: CourseEntry, course: Course, sooner_mm: float = 0.0
    ) -> dict[str, float]:
        """Least wall-to-wall distance in mm before any entry, by structure, nearest first.

        Not counted: the first stretch of a root, what lies round a bifurcation, in the pelvis the
        plexus of the source that a course springs from, the muscle that it enters (last stretch),
        a muscle it runs through.

        Args:
            sooner_mm: by how much sooner after a parting lines count than is demanded.
        """
        least: dict[str, float] = {}
        fans = {p.branch for p in course.points if p.name == "branch_entry"}
        for branch in course.branches:
            known = self._standing.setdefault(branch, {})
            asked = course.runs_through, branch.name in fans
            if asked not in known:
                known[asked] = self._to_standing(entry, course, branch, branch.name in fans)
            own, found = known[asked]
            for name, mm in [*found.items(), *self._to_solved(course, branch, own, sooner_mm)]:
                if mm < REACH_MM:
                    least[name] = min(mm, least.get(name, np.inf))
        return dict(sorted(least.items(), key=lambda item: item[1]))

    def _to_standing(
        self, entry: CourseEntry, course: Course, branch: Branch, fanned: bool
    ) -> tuple[Balls, dict[str, float]]:
        """The balls of a branch that count among lines, and its distances to what never moves."""
        settings, row = self.space.settings, self.rows[course.id].get(branch.name)
        whole = balls(branch)
        counted = np.ones(len(whole.along_mm), bool)
        if branch.role == "root" or (row and row.starts_on_bone):
            counted &= whole.along_mm > settings.root_free_mm
        for end in self._ends_of_source(row, branch):
            counted &= np.linalg.norm(whole.centres_mm - end, axis=1) > settings.junction_mm
        # Among nerves and vessels it counts where it has sunk in, too.
        among = whole.only(counted)
        length = along(branch.points_mm)[-1]
        if fanned:  # until it sinks in; a twig to the skin throughout
            away = self.space.exact("gluteus_maximus", branch.points_mm)
            inside = np.flatnonzero(away < 0)
            if len(inside):
                counted &= whole.along_mm < along(branch.points_mm)[inside[0]]
        own = whole.only(counted)
        into = next((w.into for w in row.way if w.into), None) if row else None
        before = length - settings.entry_free_mm - (row.sink_mm if row else 0)
        near = self.space.near(own.centres_mm, REACH_MM) if len(own.radii_mm) else []
        found = {}
        for name in (*near, *self.space.sheets):
            if name in course.runs_through or (name == "gluteus_maximus" and row is None):
                continue
            found[name] = self._least(
                name, own.only(own.along_mm < before) if name == into else own
            )
        outside = among.only(self.space.foramen.is_outside(among.centres_mm))
        for name, source in self.space.source_neighbours.items():
            # What a course springs from it may touch in the pelvis, where they part.
            mine = outside if name in entry.springs_from else among
            if mine.is_near(source):
                found[name] = self._least(name, mine)
        return among, found

    def _ends_of_source(self, row: BranchEntry | None, branch: Branch) -> list[FloatArray]:
        """Where a line goes on from, or into, a vessel of the source's own."""
        if row is None:
            return []
        ends = ((row.way[0], branch.points_mm[0]), (row.way[-1], branch.points_mm[-1]))
        part = self.space.specimen.part
        return [at for way, at in ends if way.end_of and part(way.end_of, self.space.side)]

    def off_gluteus(self, branch: Branch) -> FloatArray:
        """(n,) how far a fan's branch keeps its wall off gluteus maximus, landed to entry."""
        own = balls(branch)
        away = self.space.exact("gluteus_maximus", own.centres_mm)
        inside = np.flatnonzero(away < 0)
        s = own.along_mm
        until = s[inside[0]] if len(inside) else s[-1]
        kept = (s > LANDED_MM) & (s < until)
        return np.asarray((away - own.radii_mm)[kept])

    def _least(self, name: str, own: Balls) -> float:
        """The least distance of balls to a part, measured exactly only where it can be least.

        A distance changes by no more than one moves: every few balls tell where.
        """
        centres, radii = own.centres_mm, own.radii_mm
        if not len(radii):
            return np.inf
        stations = np.arange(0, len(centres), STRIDE)
        away = self.space.exact(name, centres[stations])
        least = float((away - radii[stations]).min())
        station = np.arange(len(centres)) // STRIDE
        moved = np.linalg.norm(centres - centres[stations][station], axis=1)
        near = away[station] - moved - radii < least
        near[stations] = False
        if near.any():
            least = min(least, float((self.space.exact(name, centres[near]) - radii[near]).min()))
        return least

    def _to_solved(
        self, course: Course, branch: Branch, own: Balls, sooner_mm: float
    ) -> Iterator[tuple[str, float]]:
        """The distances of a branch to all other lines near it."""
        settings = self.space.settings
        for other in self._solved():
            if other.key == f"{course.id}/{branch.name}" or not own.is_near(other):
                continue
            mine, rest = own, other
            theirs = (other.name, other.key.partition("/")[2])
            for point, half in self.joins.between((course.id, branch.name), theirs):
                reach = settings.junction_mm + half - sooner_mm
                mine = mine.only(np.linalg.norm(mine.centres_mm - point, axis=1) > reach)
                left = rest.without(point, reach)
                if left is None:
                    break
                rest = left
            else:
                if not mine.is_near(rest):
                    continue
                away, _ = rest.distance(mine.centres_mm, REACH_MM)
                gap = float((away - mine.radii_mm).min())
                # One's own branches: reported only where they collide.
                if other.name != course.id or gap < settings.least_clearance_mm + ROUNDING_MM:
                    yield other.name, gap


def balls(branch: Branch) -> Balls:
    """Balls that fill a branch."""
    s = along(branch.points_mm)
    at = np.linspace(0, s[-1], max(2, int(s[-1] / STEP_MM) + 1))
    line = np.stack([np.interp(at, s, branch.points_mm[:, i]) for i in range(3)], axis=1)
    width = np.interp(at, s, branch.radius_mm)
    thin = width * branch.flatness
    offsets = branch.rows(line)
    rows = [line + share * (width - thin)[:, None] * offsets for share in branch.row_shares]
    return Balls(np.vstack(rows), np.tile(thin, len(rows)), np.tile(at, len(rows)))
