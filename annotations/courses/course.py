"""Course: the path of a nerve or vessel as a tree of centrelines, and what was checked on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from meshes.specimen import FloatArray, Origin, Side

Role = Literal["trunk", "root", "branch"]


@dataclass(frozen=True, eq=False)
class Branch:
    """A centreline (n, 3) in mm with its radius (n,) in mm; `parent` None for the trunk.

    A flattened branch (`flatness` below 1: thickness over width) is an ellipse across its line:
    `radius_mm` is half its width, `flat_mm` the unit vector (3,) that its flat faces look along.
    Roots run towards their parent, branches away from it.
    """

    name: str
    parent: str | None
    points_mm: FloatArray
    radius_mm: FloatArray
    role: Role = "trunk"
    flatness: float = 1.0
    flat_mm: FloatArray | None = None

    @property
    def row_shares(self) -> tuple[float, ...]:
        """Where rows of balls lie that fill it, as shares of half the width."""
        return (0.0,) if self.flatness >= 1 else (-1.0, -0.5, 0.0, 0.5, 1.0)

    def rows(self, line_mm: FloatArray) -> FloatArray:
        """(n, 3) unit vectors across a line in the plane of the flat faces."""
        if self.flat_mm is None:
            return np.zeros_like(line_mm)
        return across(line_mm, self.flat_mm)

    @property
    def length_mm(self) -> float:
        """Length along the centreline."""
        return float(np.linalg.norm(np.diff(self.points_mm, axis=0), axis=1).sum())


def across(line_mm: FloatArray, flat_mm: FloatArray) -> FloatArray:
    """(n, 3) unit vectors square to a line and to the direction that its flat faces look along."""
    out = np.cross(np.gradient(line_mm, axis=0), flat_mm)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9))


@dataclass(frozen=True)
class Pass:
    """A passage that anatomy demands of the course, and whether this path keeps it."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, eq=False)
class PointOfInterest:
    """`exit`, `trunk_contact` or `branch_entry`: a named place on the course.

    Exit: on the centreline, where it leaves the greater sciatic foramen (`exits.leaves`). Trunk
    contact and branch entries: on the deep surface of gluteus maximus.
    """

    name: str
    branch: str
    position_mm: FloatArray


@dataclass(frozen=True)
class LeftOut:
    """A course, or a branch of one, that could not pass on this anatomy and was not forced."""

    id: str
    side: Side
    branch: str
    reason: str

    def mirrored(self) -> LeftOut:
        """The other side's."""
        return replace(self, side="right" if self.side == "left" else "left")


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
        runs_through: structures that it runs through by its nature, so that no clearance from
            them is demanded.
    """

    id: str
    side: Side
    origin: Origin
    branches: tuple[Branch, ...]
    points: tuple[PointOfInterest, ...]
    passes: tuple[Pass, ...]
    clearance_mm: Mapping[str, float]
    note: str
    runs_through: tuple[str, ...] = ()

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
            branches=tuple(
                replace(
                    b,
                    points_mm=b.points_mm * flip,
                    flat_mm=None if b.flat_mm is None else b.flat_mm * flip,
                )
                for b in self.branches
            ),
            points=tuple(replace(p, position_mm=p.position_mm * flip) for p in self.points),
        )
