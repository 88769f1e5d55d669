"""Least distances of tube walls to everything that they pass, measured exactly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from annotations.courses.course import Branch, Course
from annotations.courses.joins import Joins, Rows
from annotations.courses.neighbours import Neighbour
from annotations.courses.relax import along
from annotations.courses.space import Space
from annotations.courses.table import BranchEntry, CourseEntry
from meshes.specimen import FloatArray

STEP_MM = 0.5
STRIDE = 8
REACH_MM = 12.0  # farther things are not listed
ROUNDING_MM = 0.02  # two reckonings of one gap, from either of two lines, differ by less
LANDED_MM = 18.0  # from there on a branch of a fan lies on the surface


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

    def clearances(self, entry: CourseEntry, course: Course) -> dict[str, float]:
        """Least wall-to-wall distance in mm before any entry, by structure, nearest first.

        Not counted: the first stretch of a root, what lies round a bifurcation, in the pelvis the
        plexus of the source that a course springs from, the muscle that it enters (last stretch),
        a muscle it runs through.
        """
        least: dict[str, float] = {}

        def note(name: str, value: float) -> None:
            if value < REACH_MM:
                least[name] = min(value, least.get(name, np.inf))

        fans = {p.branch for p in course.points if p.name == "branch_entry"}
        for branch in course.branches:
            row = self.rows[course.id].get(branch.name)
            centres, radii, s = balls(branch)
            length = along(branch.points_mm)[-1]
            counted = np.ones(len(s), bool)
            if branch.role == "root" or (row and row.starts_on_bone):
                counted &= s > self.space.settings.root_free_mm
            for end in self._ends_of_source(row, branch):
                counted &= np.linalg.norm(centres - end, axis=1) > self.space.settings.junction_mm
            among = counted.copy()  # among nerves and vessels it counts where it has sunk in, too
            if row is None:  # a branch of a fan: until it sinks in; its twig to the skin throughout
                if branch.name in fans:
                    away = self.space.exact("gluteus_maximus", branch.points_mm)
                    inside = np.flatnonzero(away < 0)
                    if len(inside):
                        counted &= s < along(branch.points_mm)[inside[0]]
            into = next((w.into for w in row.way if w.into), None) if row else None
            before = length - self.space.settings.entry_free_mm - (row.sink_mm if row else 0)
            near = self.space.near(centres[counted], REACH_MM) if counted.any() else []
            for name in near:
                if name in course.runs_through or (name == "gluteus_maximus" and row is None):
                    continue
                kept = counted & ((s < before) if name == into else True)
                if kept.any():
                    note(name, self._least(name, centres[kept], radii[kept]))
            for name in self.space.sheets:
                if counted.any():
                    note(name, self._least(name, centres[counted], radii[counted]))
            self._others(entry, course, branch, (centres, radii, s), among, note)
        return dict(sorted(least.items(), key=lambda item: item[1]))

    def _ends_of_source(self, row: BranchEntry | None, branch: Branch) -> list[FloatArray]:
        """Where a line goes on from, or into, a vessel of the source's own."""
        if row is None:
            return []
        ends = ((row.way[0], branch.points_mm[0]), (row.way[-1], branch.points_mm[-1]))
        part = self.space.specimen.part
        return [at for way, at in ends if way.end_of and part(way.end_of, self.space.side)]

    def off_gluteus(self, branch: Branch) -> FloatArray:
        """(n,) how far a fan's branch keeps its wall off gluteus maximus, landed to entry."""
        centres, radii, s = balls(branch)
        away = self.space.exact("gluteus_maximus", centres)
        inside = np.flatnonzero(away < 0)
        until = s[inside[0]] if len(inside) else s[-1]
        kept = (s > LANDED_MM) & (s < until)
        return np.asarray((away - radii)[kept])

    def _least(self, name: str, centres: FloatArray, radii: FloatArray) -> float:
        """The least distance of balls to a part, measured exactly only where it can be least.

        A distance changes by no more than one moves: every few balls tell where.
        """
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

    def _others(self, entry, course, branch, own, counted, note) -> None:  # type: ignore[no-untyped-def]
        centres, radii, s = own
        settings = self.space.settings
        for other in self._solved():
            if other.key == f"{course.id}/{branch.name}":
                continue
            kept = counted.copy()
            rest: Neighbour | None = other
            theirs = (other.name, other.key.partition("/")[2])
            for point, half in self.joins.between((course.id, branch.name), theirs):
                reach = settings.junction_mm + half
                kept &= np.linalg.norm(centres - point, axis=1) > reach
                rest = None if rest is None else rest.without(point, reach)
            if rest is None or not kept.any():
                continue
            if rest.is_near(centres.min(axis=0), centres.max(axis=0), REACH_MM):
                away, _ = rest.distance(centres[kept], REACH_MM)
                gap = float((away - radii[kept]).min())
                # One's own branches: reported only where they collide.
                if other.name != course.id or gap < settings.least_clearance_mm + ROUNDING_MM:
                    note(other.name, gap)
        outside = self.space.foramen.is_outside(centres)
        for name, near in self.space.source_neighbours.items():
            # What a course springs from it may touch in the pelvis, where they part.
            kept = counted & outside if name in entry.springs_from else counted
            if kept.any() and near.is_near(centres.min(axis=0), centres.max(axis=0), REACH_MM):
                note(name, self._least(name, centres[kept], radii[kept]))


def balls(branch: Branch) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Centres (n, 3), radii (n,) and lengths along the line (n,) of balls that fill a branch."""
    s = along(branch.points_mm)
    at = np.linspace(0, s[-1], max(2, int(s[-1] / STEP_MM) + 1))
    line = np.stack([np.interp(at, s, branch.points_mm[:, i]) for i in range(3)], axis=1)
    width = np.interp(at, s, branch.radius_mm)
    thin = width * branch.flatness
    offsets = branch.rows(line)
    rows = [line + share * (width - thin)[:, None] * offsets for share in branch.row_shares]
    return np.vstack(rows), np.tile(thin, len(rows)), np.tile(at, len(rows))
