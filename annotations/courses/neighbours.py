"""Nerves and vessels as things that other courses keep off: solved ones and those of the source."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from annotations.courses.course import Branch
from annotations.courses.relax import along
from meshes.signed_distance import Grid, occupancy
from meshes.specimen import BoolArray, FloatArray, Part

BALL_STEP_MM = 0.4
SURFACE_POINTS_PER_MM2 = 3.0
BURN_MM = 7.0
SLAB_MM = 2.0
Where = Callable[[FloatArray], BoolArray]  # (n, 3) points → (n,) whether they count


class Neighbour:
    """Balls along centrelines, or points spread over a part's surface (balls of no size)."""

    def __init__(
        self,
        name: str,
        centres: FloatArray,
        radii: FloatArray,
        part: Part | None = None,
        key: str = "",
        kept: Where | None = None,
    ) -> None:
        self.name, self.centres_mm, self.radii_mm, self.part = name, centres, radii, part
        self.key, self._kept = key, kept
        self.half_width_mm = float(radii.max()) if len(radii) else 0.0
        self.start_mm, self.stop_mm = centres[0], centres[-1]
        self._spared: dict[tuple[bytes, float], Neighbour | None] = {}
        self._burnt: dict[Grid, tuple[tuple[slice, slice, slice], FloatArray]] = {}
        self.low = (centres - radii[:, None]).min(axis=0)
        self.high = (centres + radii[:, None]).max(axis=0)

    @classmethod
    def of_branch(cls, name: str, branch: Branch) -> Neighbour:
        """A solved line; a flattened one as rows of balls side by side."""
        s = along(branch.points_mm)
        count = max(2, int(s[-1] / BALL_STEP_MM) + 1)
        at = np.linspace(0, s[-1], count)
        line = np.stack([np.interp(at, s, branch.points_mm[:, i]) for i in range(3)], axis=1)
        width = np.interp(at, s, branch.radius_mm)
        offsets = branch.rows(line)
        thin = width * branch.flatness
        centres = [line + share * (width - thin)[:, None] * offsets for share in branch.row_shares]
        made = cls(
            name, np.vstack(centres), np.tile(thin, len(centres)), key=f"{name}/{branch.name}"
        )
        made.half_width_mm = float(branch.radius_mm.max())
        made.start_mm, made.stop_mm = branch.points_mm[0], branch.points_mm[-1]
        return made

    @classmethod
    def of_part(cls, part: Part, low: FloatArray, high: FloatArray) -> Neighbour | None:
        """The surface of a nerve or vessel of the source, as far as it lies in the box."""
        points = surface_points(part, low, high, SURFACE_POINTS_PER_MM2)
        if len(points) == 0:
            return None
        return cls(part.structure, points, np.zeros(len(points)), part)

    @cached_property
    def _tree(self):  # type: ignore[no-untyped-def]
        from scipy.spatial import cKDTree

        return cKDTree(self.centres_mm)

    def is_near(self, low: FloatArray, high: FloatArray, reach: float) -> bool:
        """Whether its box comes within that reach of another box."""
        return bool((self.high + reach > low).all() and (self.low - reach < high).all())

    def distance(
        self, points: FloatArray, within_mm: float = np.inf
    ) -> tuple[FloatArray, FloatArray]:
        """(n,) distances to its wall, and (n, 3) unit vectors away from it.

        Looking no farther than `within_mm` is much faster; beyond, that distance is given, and 0
        for the vector.
        """
        bound = within_mm + self.half_width_mm
        far, nearest = self._tree.query(points, distance_upper_bound=bound)
        found = nearest < len(self.centres_mm)
        index = np.where(found, nearest, 0)
        unit = (points - self.centres_mm[index]) / np.maximum(far, 1e-9)[:, None]
        return np.where(found, far - self.radii_mm[index], within_mm), unit

    def back_mm(self, back: FloatArray) -> FloatArray:
        """(n, 3) points along the middle of its back, from below upwards.

        Args:
            back: (3,) where the back looks, about square to its line, which runs up and down.
        """
        wall = self.centres_mm + self.radii_mm[:, None] * back
        across = np.cross(back, [0.0, 0.0, 1.0])
        slab = np.floor(wall[:, 2] / SLAB_MM).astype(int)
        found = []
        for level in np.unique(slab):
            at = wall[slab == level]
            aside = at @ across
            middle = at[np.abs(aside - (aside.min() + aside.max()) / 2) < SLAB_MM]
            if len(middle):
                found.append(middle[int(np.argmax(middle @ back))])
        return np.array(found).reshape(-1, 3)

    def without(self, centre: FloatArray, reach_mm: float) -> Neighbour | None:
        """The same without what lies round a point (a bifurcation); made once for each."""
        asked = centre.tobytes(), reach_mm
        if asked not in self._spared:
            kept = np.linalg.norm(self.centres_mm - centre, axis=1) > reach_mm
            self._spared[asked] = (
                Neighbour(
                    self.name, self.centres_mm[kept], self.radii_mm[kept], self.part, self.key
                )
                if kept.any()
                else None
            )
        return self._spared[asked]

    def only(self, where: Where) -> Neighbour | None:
        """What of it lies in a part of space."""
        kept = where(self.centres_mm)
        if not kept.any():
            return None
        return Neighbour(
            self.name, self.centres_mm[kept], self.radii_mm[kept], self.part, self.key, where
        )

    def burnt(self, grid: Grid) -> tuple[tuple[slice, slice, slice], FloatArray]:
        """The window of a grid round it, and the distance to its wall there (inside negative)."""
        if grid in self._burnt:
            return self._burnt[grid]
        low = grid.index_of(self.low - BURN_MM)
        high = grid.index_of(self.high + BURN_MM) + 1
        window = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
        part = Grid(
            tuple(float(v) for v in grid.low_mm + low * grid.spacing_mm),  # type: ignore[arg-type]
            grid.spacing_mm,
            tuple(int(v) for v in high - low),  # type: ignore[arg-type]
        )
        points = part.points_mm()
        far, nearest = self._tree.query(points.reshape(-1, 3), distance_upper_bound=BURN_MM)
        radii = np.r_[self.radii_mm, 0.0]  # beyond the bound the index is the count
        values = np.where(np.isfinite(far), far - radii[nearest], BURN_MM).reshape(part.shape)
        if self.part is not None:
            filled = occupancy(self.part, part)
            if self._kept is not None:
                filled &= self._kept(points.reshape(-1, 3)).reshape(part.shape)
            values = np.where(filled, -np.abs(values), values)
        self._burnt[grid] = window, np.asarray(values, np.float32)
        return self._burnt[grid]


def surface_points(part: Part, low: FloatArray, high: FloatArray, per_mm2: float) -> FloatArray:
    """(n, 3) points spread evenly over the triangles of a part that lie in a box."""
    corners = part.vertices_mm[part.triangles].astype(float)
    inside: BoolArray = ((corners.max(axis=1) > low) & (corners.min(axis=1) < high)).all(axis=1)
    corners = corners[inside]
    if len(corners) == 0:
        return np.empty((0, 3))
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.linalg.norm(np.cross(first, second), axis=1) / 2
    count = np.maximum(np.ceil(area * per_mm2).astype(int), 1)
    owner = np.repeat(np.arange(len(corners)), count)
    random = np.random.default_rng(1).random((len(owner), 2))
    fold = random.sum(axis=1) > 1
    random[fold] = 1 - random[fold]
    spread = corners[owner, 0] + random[:, :1] * first[owner] + random[:, 1:] * second[owner]
    return np.vstack([spread, part.vertices_mm[np.unique(part.triangles[inside])].astype(float)])
