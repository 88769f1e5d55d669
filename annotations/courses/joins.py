"""Where lines meet: roots on their trunk, branches on what they leave, and what may touch there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from annotations.courses.course import Branch
from annotations.courses.relax import along
from annotations.courses.table import BranchEntry
from meshes.specimen import FloatArray

SAME_PLACE_MM = 3.0
Rows = Mapping[str, Mapping[str, BranchEntry]]


class Joins:
    """The places where the lines of one side spring from one another.

    Args:
        branches: what is laid, by structure and name (read again at each question).
        rows: the table's lines of each structure by name; a branch of a fan has none.
    """

    def __init__(self, branches: Mapping[str, Mapping[str, Branch]], rows: Rows) -> None:
        self._branches, self._rows = branches, rows

    def line(self, key: str) -> Branch | None:
        """A laid line by its key ("structure/branch"); None if it is not laid."""
        structure, _, name = key.partition("/")
        return self._branches.get(structure, {}).get(name)

    def point_on(self, line: str, share: float) -> FloatArray | None:
        """(3,) the point at a share of a laid line ("structure/branch"); None if it is not laid."""
        branch = self.line(line)
        if branch is None:
            return None
        s = along(branch.points_mm)
        return np.array([np.interp(s[-1] * share, s, axis) for axis in branch.points_mm.T])

    def of(self, structure: str, name: str) -> list[tuple[str, FloatArray, float]]:
        """Whom a line springs from or joins, where, and half that line's width there."""
        row = self._rows[structure].get(name)
        own = self._branches.get(structure, {}).get(name)
        parent = row.parent if row else (own.parent if own else None)
        found: list[tuple[str, FloatArray | None]] = []
        lines = {f"{structure}/{parent}"} if parent else set()
        if row is not None and row.role == "root" and parent:
            found.append((structure, self.point_on(f"{structure}/{parent}", row.joins_at)))
        elif row is None and own is not None:
            found.append((structure, own.points_mm[0]))
        for way in row.way if row else ():
            if way.on:
                found.append((way.on.partition("/")[0], self.point_on(way.on, way.at)))
                lines.add(way.on)
        half = max((self._half(line) for line in lines), default=0.0)
        return [(partner, point, half) for partner, point in found if point is not None]

    def between(
        self, one: tuple[str, str], other: tuple[str, str]
    ) -> list[tuple[FloatArray, float]]:
        """Where two lines (structure, branch) meet, with half the width of what they meet on."""
        whom, whose = self._partners(*one), self._partners(*other)
        if other[0] not in whom and one[0] not in whose and not whom & whose:
            return []
        mine, theirs = self.of(*one), self.of(*other)
        met = [(point, half) for partner, point, half in mine if partner == other[0]]
        met += [(point, half) for partner, point, half in theirs if partner == one[0]]
        # Both spring from a third line at the same place.
        return met + [
            (point, half)
            for partner, point, half in mine
            for third, there, _ in theirs
            if partner == third and np.linalg.norm(point - there) < SAME_PLACE_MM
        ]

    def _partners(self, structure: str, name: str) -> frozenset[str]:
        """The structures that a line springs from or joins."""
        row = self._rows[structure].get(name)
        if row is None:
            return frozenset({structure})
        of_others = {way.on.partition("/")[0] for way in row.way if way.on}
        return frozenset(of_others | ({structure} if row.parent else set()))

    def _half(self, line: str) -> float:
        branch = self.line(line)
        return 0.0 if branch is None else float(branch.radius_mm.max())
