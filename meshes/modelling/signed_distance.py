"""Signed distance to closed surfaces on regular grids: negative inside, millimetres.

Sign by winding number (scan lines through the triangles), distance by a Euclidean distance
transform, made exact near the surface by the nearest of many points sampled on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshes.modelling.edges import lengths
from meshes.modelling.samples import Samples, surface_samples
from meshes.specimen import FloatArray, IntArray

BoolArray = NDArray[np.bool_]
# Scan lines run beside the grid points by this fraction of a cell, so that none meets a vertex.
ASIDE = (0.000313, 0.000177)
SAMPLES_PER_CELL_FACE = 9.0
# One step along each axis, then one back.
BOTH_WAYS = np.concatenate([np.eye(3), -np.eye(3)])


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid of points: `origin_mm` (3,), one `spacing_mm`, `shape` (nx, ny, nz)."""

    origin_mm: FloatArray
    spacing_mm: float
    shape: tuple[int, int, int]

    @staticmethod
    def around(points_mm: FloatArray, margin_mm: float, spacing_mm: float) -> Grid:
        """The grid that encloses (n, 3) points with a margin."""
        low = np.floor((points_mm.min(axis=0) - margin_mm) / spacing_mm) * spacing_mm
        cells = np.ceil((points_mm.max(axis=0) + margin_mm - low) / spacing_mm).astype(int) + 1
        return Grid(low, spacing_mm, (int(cells[0]), int(cells[1]), int(cells[2])))

    def index(self, points_mm: FloatArray) -> FloatArray:
        """Fractional indices of (..., 3) points."""
        return np.asarray((np.asarray(points_mm) - self.origin_mm) / self.spacing_mm)

    def axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Coordinates in mm along x, y and z."""
        x, y, z = (self.origin_mm[i] + self.spacing_mm * np.arange(self.shape[i]) for i in range(3))
        return x, y, z

    def points(self) -> FloatArray:
        """(nx·ny·nz, 3) all grid points, z fastest."""
        return np.stack(np.meshgrid(*self.axes(), indexing="ij"), axis=-1).reshape(-1, 3)

    def window(self, points_mm: FloatArray, margin_mm: float) -> tuple[slice, slice, slice]:
        """The part of this grid that holds the points and a margin (may be empty)."""
        low = np.floor(self.index(points_mm.min(axis=0) - margin_mm)).astype(int)
        high = np.ceil(self.index(points_mm.max(axis=0) + margin_mm)).astype(int) + 1
        low, high = np.clip(low, 0, self.shape), np.clip(high, 0, self.shape)
        a, b, c = (slice(int(i), int(max(i, j))) for i, j in zip(low, high, strict=True))
        return a, b, c

    def part(self, window: tuple[slice, slice, slice]) -> Grid:
        """The window as a grid of its own."""
        start = np.array([piece.start for piece in window])
        x, y, z = (piece.stop - piece.start for piece in window)
        return Grid(self.origin_mm + start * self.spacing_mm, self.spacing_mm, (x, y, z))


@dataclass(frozen=True, eq=False)
class Field:
    """Values (nx, ny, nz) on a grid, read between the points by trilinear interpolation."""

    grid: Grid
    values: FloatArray

    def copy(self) -> Field:
        """A field of its own with the same values."""
        return Field(self.grid, self.values.copy())

    def sample(self, points_mm: FloatArray) -> FloatArray:
        """Values at (..., 3) points; outside the grid, those of its border."""
        from scipy.ndimage import map_coordinates

        at = self.grid.index(points_mm)
        flat = map_coordinates(
            self.values, at.reshape(-1, 3).T, order=1, mode="nearest", prefilter=False
        )
        return np.asarray(flat.reshape(at.shape[:-1]))

    def gradient(self, points_mm: FloatArray) -> FloatArray:
        """(..., 3) unit vectors along which the value grows fastest, seen over one cell."""
        points = np.asarray(points_mm, float)
        steps = self.grid.spacing_mm * BOTH_WAYS
        values = self.sample(points[..., None, :] + steps)
        out = values[..., :3] - values[..., 3:]
        return np.asarray(out / np.maximum(lengths(out)[..., None], 1e-9))

    def on_grid(self, grid: Grid) -> FloatArray:
        """Values at all points of another grid, one axis at a time (much faster than `sample`)."""
        values = self.values
        for axis, places in enumerate(grid.axes()):
            most = self.grid.shape[axis] - 1
            at = (places - self.grid.origin_mm[axis]) / self.grid.spacing_mm
            at = np.clip(at, 0, most - 1e-6)
            first, last = int(at[0]), int(at[-1]) + 2
            values = np.take(values, range(first, last), axis=axis)
            low = at.astype(int) - first
            share = (at - at.astype(int)).astype(np.float32)
            share = share.reshape([-1 if i == axis else 1 for i in range(3)])
            values = (
                np.take(values, low, axis=axis) * (1 - share)
                + np.take(values, low + 1, axis=axis) * share
            )
        return values


def inside(vertices_mm: FloatArray, triangles: IntArray, grid: Grid) -> BoolArray:
    """(nx, ny, nz) bool: grid points that a closed, outward-oriented surface encloses.

    Winding numbers along scan lines parallel to z; pieces that overlap count once.
    """
    corner = np.asarray(grid.index(np.asarray(vertices_mm, float)))[triangles]
    corner[..., :2] += ASIDE
    nx, ny, nz = grid.shape
    a, b, c = (corner[:, i, :2] for i in range(3))
    least, most = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    low = np.ceil(least).astype(int).clip(0, (nx, ny))
    high = (np.floor(most).astype(int) + 1).clip(0, (nx, ny))
    size = np.maximum(high - low, 0)
    count = size[:, 0] * size[:, 1]
    owner = np.repeat(np.arange(len(triangles)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    column = low[owner] + np.stack([nth // size[owner, 1], nth % size[owner, 1]], axis=1)
    a, b, c = (corner[owner, i] for i in range(3))
    area = _cross2(b - a, c - a)
    flat = np.abs(area) < 1e-14
    share_b = _cross2(column - a[:, :2], c - a) / np.where(flat, 1.0, area)
    share_c = _cross2(b - a, column - a[:, :2]) / np.where(flat, 1.0, area)
    hit = (share_b >= 0) & (share_c >= 0) & (share_b + share_c <= 1) & ~flat
    height = a[:, 2] + share_b * (b - a)[:, 2] + share_c * (c - a)[:, 2]
    level = np.clip(np.ceil(height[hit]), 0, nz).astype(int)
    turns = np.zeros((nx, ny, nz + 1), np.int16)
    np.add.at(turns, (column[hit, 0], column[hit, 1], level), -np.sign(area[hit]).astype(np.int16))
    return np.asarray(np.cumsum(turns[:, :, :nz], axis=2, dtype=np.int16) > 0)


def signed_distance(
    vertices_mm: FloatArray, triangles: IntArray, grid: Grid, exact_mm: float = 4.0
) -> FloatArray:
    """(nx, ny, nz) float32 signed distance; exact to about 0.05 mm within `exact_mm`, else to half
    a cell."""
    from scipy.ndimage import distance_transform_edt

    within = inside(vertices_mm, triangles, grid)
    h = grid.spacing_mm
    if within.any():
        away = distance_transform_edt(~within)
        # How deep a point lies shows within the box round the solid.
        box = _box(within)
        away[box] -= distance_transform_edt(within[box])
        distance = ((away - np.sign(away) * 0.5) * h).astype(np.float32)
    else:
        distance = np.full(grid.shape, 1e3, np.float32)
    near = np.abs(distance) < exact_mm
    if not within.any():
        return distance
    exact = _exact(vertices_mm, triangles, grid, near)
    distance[near] = np.where(within[near], -exact, exact)
    return distance


def signed_band(vertices_mm: FloatArray, triangles: IntArray, grid: Grid) -> FloatArray:
    """(nx, ny, nz) float32 signed distance within two cells of the surface, 2.5 cells beyond."""
    from scipy.ndimage import binary_dilation, binary_erosion

    within = inside(vertices_mm, triangles, grid)
    h = grid.spacing_mm
    near = binary_dilation(within, iterations=2) & ~binary_erosion(within, iterations=2)
    distance = np.where(within, -2.5 * h, 2.5 * h).astype(np.float32)
    exact = np.minimum(_exact(vertices_mm, triangles, grid, near), 2.5 * h)
    distance[near] = np.where(within[near], -exact, exact)
    return distance


def _exact(vertices_mm: FloatArray, triangles: IntArray, grid: Grid, near: BoolArray) -> FloatArray:
    """(k,) unsigned distance of the chosen grid points to a surface."""
    from scipy.spatial import cKDTree

    h = grid.spacing_mm
    points, normals = surface_samples(vertices_mm, triangles, h * h / SAMPLES_PER_CELL_FACE)
    at = grid.origin_mm + h * np.argwhere(near)
    length, which = cKDTree(points, balanced_tree=False).query(at, workers=-1)
    offset = at - points[which]
    plane = np.abs(np.einsum("ij,ij->i", offset, normals[which]))
    sideways = np.sqrt(np.maximum(length**2 - plane**2, 0))
    # Beside the nearest sample the surface goes on as its plane, as far as the next sample.
    spacing = h / np.sqrt(SAMPLES_PER_CELL_FACE)
    return np.asarray(np.hypot(plane, np.maximum(sideways - spacing, 0)))


class Obstacles:
    """The union of everything that a growing part must not enter, as one signed distance field."""

    def __init__(self, grid: Grid, far_mm: float = 30.0) -> None:
        self.field = Field(grid, np.full(grid.shape, far_mm, np.float32))
        self._surfaces: list[Samples] = []

    def add(
        self,
        vertices_mm: FloatArray,
        triangles: IntArray,
        samples: Samples | None = None,
        reach_mm: float = 14.0,
    ) -> None:
        """Join one closed surface; beyond `reach_mm` of its box its distance is not known.

        Args:
            samples: those of the surface, where they are at hand.
        """
        grid = self.field.grid
        window = grid.window(np.asarray(vertices_mm, float), reach_mm)
        part = grid.part(window)
        if min(part.shape) < 2:
            return
        distance = signed_distance(vertices_mm, triangles, part)
        values = self.field.values
        values[window] = np.minimum(values[window], distance)
        self._surfaces.append(samples or Samples(vertices_mm, triangles))

    def nearest(
        self, points_mm: FloatArray, reach_mm: float = 2.0
    ) -> tuple[FloatArray, FloatArray]:
        """Signed distance (n,) of points to the surface that they lie nearest to or deepest in.

        Exact, unlike the field, near to the surfaces; `reach_mm` where none is nearer. With the
        (n, 3) direction that leads out.
        """
        distance = np.full(len(points_mm), reach_mm)
        away = np.zeros((len(points_mm), 3))
        # The field errs by less than a cell: what seems deeper lies beyond a sharp rim, outside.
        least = self.field.sample(points_mm) - self.field.grid.spacing_mm
        most = np.maximum(reach_mm, -least)
        for surface in self._surfaces:
            low, high = surface.low - reach_mm, surface.high + reach_mm
            close = np.flatnonzero(((points_mm > low) & (points_mm < high)).all(axis=1))
            close = close[surface.is_within(most[close], points_mm[close])]
            if not len(close):
                continue
            found, normal = surface.signed(points_mm[close])
            nearer = (found < distance[close]) & (found > least[close])
            distance[close[nearer]], away[close[nearer]] = found[nearer], normal[nearer]
        return distance, away


def overlap_mm3(
    first: tuple[FloatArray, IntArray],
    others: Iterable[tuple[FloatArray, IntArray]],
    spacing_mm: float = 1.0,
) -> float:
    """Volume that a closed surface shares with the union of others, counted in voxels."""
    grid = Grid.around(np.asarray(first[0], float), 2 * spacing_mm, spacing_mm)
    mine = inside(*first, grid)
    shared = np.zeros_like(mine)
    for vertices, triangles in others:
        shared |= inside(vertices, triangles, grid)
    return float((mine & shared).sum() * spacing_mm**3)


def _box(within: BoolArray) -> tuple[slice, slice, slice]:
    """The window that holds all of a solid and one point more on every side."""
    from scipy.ndimage import find_objects

    (found,) = find_objects(within.astype(np.int8))
    a, b, c = (slice(max(way.start - 1, 0), way.stop + 1) for way in found)
    return a, b, c


def _cross2(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
