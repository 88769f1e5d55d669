"""Course: the path of a nerve or vessel as a tree of centrelines, and what was checked on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from meshes.specimen import FloatArray, Origin, Side


@dataclass(frozen=True, eq=False)
class Branch:
    """A centreline (n, 3) in mm with its radius (n,) in mm; `parent` None for the trunk."""

    name: str
    parent: str | None
    points_mm: FloatArray
    radius_mm: FloatArray

    @property
    def length_mm(self) -> float:
        """Length along the centreline."""
        return float(np.linalg.norm(np.diff(self.points_mm, axis=0), axis=1).sum())


@dataclass(frozen=True)
class Pass:
    """A passage that anatomy demands of the course, and whether this path keeps it."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, eq=False)
class PointOfInterest:
    """`exit`, `trunk_contact` or `branch_entry`: a named place on the course."""

    name: str
    branch: str
    position_mm: FloatArray


@dataclass(frozen=True, eq=False)
class Course:
    """One nerve or vessel on one side.

    Attributes:
        id: the structure's id.
        origin: `modelled` where solved on muscles and bones, `schematic` from landmarks alone.
        branches: the trunk first.
        points: exit, trunk contact, branch entries (only where they can be known).
        passes: what anatomy demands, and whether it holds here.
        clearance_mm: least distance from the tube's wall to each structure before the entry.
        note: a sentence for the user on how the path was drawn.
    """

    id: str
    side: Side
    origin: Origin
    branches: tuple[Branch, ...]
    points: tuple[PointOfInterest, ...]
    passes: tuple[Pass, ...]
    clearance_mm: Mapping[str, float]
    note: str

    @property
    def length_mm(self) -> float:
        """Length of the trunk."""
        return self.branches[0].length_mm

    def mirrored(self) -> Course:
        """The other side's course in a specimen whose sides are mirror images."""
        flip = np.array([-1.0, 1.0, 1.0])
        return replace(
            self,
            side="right" if self.side == "left" else "left",
            branches=tuple(replace(b, points_mm=b.points_mm * flip) for b in self.branches),
            points=tuple(replace(p, position_mm=p.position_mm * flip) for p in self.points),
        )
