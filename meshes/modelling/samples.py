"""Points spread evenly over a surface, to find what lies nearest or farthest on it."""

from __future__ import annotations

import numpy as np

from meshes.modelling.edges import lengths
from meshes.specimen import BoolArray, FloatArray, IntArray

SAMPLE_MM2 = 0.6
# So many samples make up the surface's direction at a place.
ROUND_ABOUT = 6
# So many of the nearest are looked at before all of them.
NEAR = 400


class Samples:
    """Points (n, 3) over a closed surface, their outward normals (n, 3), and a tree of them."""

    def __init__(self, vertices_mm: FloatArray, triangles: IntArray) -> None:
        from scipy.spatial import cKDTree

        self.points, self.normals = surface_samples(vertices_mm, triangles, SAMPLE_MM2)
        self.tree = cKDTree(self.points)
        self.low, self.high = self.tree.mins, self.tree.maxes

    def nearest(
        self, point: FloatArray, facing: FloatArray | None = None, cosine: float = 0.2
    ) -> FloatArray:
        """The nearest point (3,), if wanted among those that face a direction."""
        if facing is None:
            return np.asarray(self.points[self.tree.query(point)[1]])
        way = facing / np.linalg.norm(facing)
        # Most often one of the nearest faces that way already.
        near = self.tree.query(point, NEAR)[1]
        faces = self.normals[near] @ way > cosine
        if faces.any():
            return np.asarray(self.points[near[np.argmax(faces)]])
        for least in (cosine, 0.0, -1.0):
            faces = self.normals @ way > least
            if faces.any():
                points = self.points[faces]
                return np.asarray(points[np.argmin(((points - point) ** 2).sum(axis=1))])
        raise AssertionError("a closed surface faces every way")

    def outermost(self, point: FloatArray, way: FloatArray, reach_mm: float) -> FloatArray:
        """The farthest point along `way` on the line through `point`, within `reach_mm` of it."""
        way = way / np.linalg.norm(way)
        offset = self.points - point
        ahead = offset @ way
        aside = lengths(offset - ahead[:, None] * way)
        for radius in (2.5, 5.0, 10.0, 20.0):
            near = (aside < radius) & (np.abs(ahead) < reach_mm)
            if near.any():
                return np.asarray(self.points[near][np.argmax(ahead[near])])
        return self.nearest(point)

    def is_within(self, reach_mm: FloatArray, points_mm: FloatArray) -> BoolArray:
        """(n,) bool: whether `signed` may find the points (n, 3) nearer than their reach (n,).

        Much faster than `signed` where most of them lie farther off.
        """
        reach = reach_mm + np.sqrt(SAMPLE_MM2)
        most = float(reach.max(initial=0.0))
        return np.asarray(self.tree.query(points_mm, distance_upper_bound=most)[0] < reach)

    def signed(self, points_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) signed distances near the surface, and (n, 3) unit vectors that lead out of it."""
        length, which = self.tree.query(points_mm, k=ROUND_ABOUT)
        # The mean normal round about tells out from in also beyond a sharp rim.
        away = self.normals[which].mean(axis=1)
        away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
        offset = points_mm - self.points[which[:, 0]]
        height = np.einsum("ij,ij->i", offset, self.normals[which[:, 0]])
        # Beside the nearest sample the surface goes on as its plane, as far as the next sample.
        sideways = np.sqrt(np.maximum(length[:, 0] ** 2 - height**2, 0))
        distance = np.hypot(height, np.maximum(sideways - np.sqrt(SAMPLE_MM2), 0))
        within = np.einsum("ij,ij->i", offset, away) < 0
        return np.where(within, -distance, distance), away


def surface_samples(
    vertices_mm: FloatArray, triangles: IntArray, area_per_point_mm2: float
) -> tuple[FloatArray, FloatArray]:
    """(n, 3) points spread evenly over a surface and the (n, 3) unit normals of their triangles."""
    a, b, c = (np.asarray(vertices_mm, float)[corner] for corner in triangles.T)
    cross = np.cross(b - a, c - a)
    double_area = lengths(cross)
    count = np.maximum(np.ceil(double_area / 2 / area_per_point_mm2), 1).astype(int)
    owner = np.repeat(np.arange(len(triangles)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    # A low-discrepancy sequence (R2) folded into the triangle: no random numbers, no clumps.
    u = (0.5 + nth * 0.7548776662466927) % 1
    v = (0.5 + nth * 0.5698402909980532) % 1
    fold = u + v > 1
    u, v = np.where(fold, 1 - u, u)[:, None], np.where(fold, 1 - v, v)[:, None]
    points = a[owner] + u * (b - a)[owner] + v * (c - a)[owner]
    # A triangle with one sample is represented by its middle.
    single = count == 1
    points[single[owner]] = ((a + b + c) / 3)[single]
    normals = (cross / np.maximum(double_area, 1e-12)[:, None])[owner]
    return points, normals
