"""Edges of closed triangle meshes, and which of them can be changed at the same time."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.specimen import FloatArray, IntArray


def unique_edges(triangles: IntArray) -> tuple[IntArray, IntArray]:
    """Unique edges (e, 2), and for each the two triangles beside it (e, 2)."""
    start, end = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = _order(low, high)
    first = order[::2]
    edges = np.stack([low[first], high[first]], axis=1).astype(np.int64)
    return edges, np.stack([first // 3, order[1::2] // 3], axis=1)


def _order(low: IntArray, high: IntArray) -> IntArray:
    """(n,) indices that sort pairs of vertex numbers, equal ones as they come."""
    # NumPy sorts 16-bit numbers by radix, several times faster than longer ones.
    if int(high.max()) <= np.iinfo(np.uint16).max:
        low, high = low.astype(np.uint16), high.astype(np.uint16)
    by_high = np.argsort(high, kind="stable")
    return np.asarray(by_high[np.argsort(low[by_high], kind="stable")])


def lengths(vectors: FloatArray) -> FloatArray:
    """(…) lengths of (…, 3) vectors; column by column, as sums over short rows are slow."""
    x, y, z = (vectors[..., axis] for axis in range(3))
    return np.asarray(np.sqrt(x * x + y * y + z * z))


def compacted(triangles: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """The vertices in use, of `count`, in their order, and the triangles numbered by them."""
    used = np.zeros(count, bool)
    used[triangles] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[triangles]


def edge_length(vertices: FloatArray, edges: IntArray) -> FloatArray:
    """(e,) length of each edge."""
    return lengths(vertices[edges[:, 0]] - vertices[edges[:, 1]])


def neighbour_matrix(edges: IntArray, count: int) -> Any:
    """Sparse (count, count) matrix of ones where an edge joins two vertices."""
    from scipy.sparse import csr_array

    a, b = edges.T
    ones = np.ones(2 * len(edges), np.float32)
    return csr_array((ones, (np.r_[a, b], np.r_[b, a])), shape=(count, count))


def independent(groups: IntArray, cost: FloatArray, size: int) -> IntArray:
    """Indices of rows of `groups` (k, g) that win all their members, the cheapest first."""
    if not len(groups):
        return np.empty(0, np.int64)
    rank = np.empty(len(groups), np.int64)
    rank[np.argsort(cost, kind="stable")] = np.arange(len(groups))
    best = np.full(size, len(groups), np.int64)
    for column in groups.T:
        np.minimum.at(best, column, rank)
    return np.flatnonzero(np.logical_and.reduce([best[column] == rank for column in groups.T]))


def free_of_each_other(edges: IntArray, cost: FloatArray, neighbours: Any) -> IntArray:
    """Indices of edges whose neighbourhoods do not touch, the cheapest first."""
    count = neighbours.shape[0]
    rank = np.empty(len(edges), np.int64)
    rank[np.argsort(cost, kind="stable")] = np.arange(len(edges))
    best = np.full(count, len(edges), np.int64)
    for column in edges.T:
        np.minimum.at(best, column, rank)
    # The best rank on a vertex or beside it.
    around = best.copy()
    indices, starts = neighbours.indices, neighbours.indptr
    filled = starts[:-1] < starts[1:]
    least = np.minimum.reduceat(best[indices], starts[:-1][filled])
    around[filled] = np.minimum(around[filled], least)
    return np.flatnonzero((around[edges[:, 0]] == rank) & (around[edges[:, 1]] == rank))


def opposite(faces: IntArray, edges: IntArray) -> IntArray:
    """(k,) the corner of each triangle (k, 3) that is no end of its edge (k, 2)."""
    return np.asarray(faces[np.arange(len(faces)), apex_of(faces, edges)])


def apex_of(faces: IntArray, edges: IntArray) -> IntArray:
    """(k,) which corner, 0 to 2, of each triangle (k, 3) is no end of its edge (k, 2)."""
    a, b = edges.T
    first, second, _ = ((corner != a) & (corner != b) for corner in faces.T)
    return np.where(first, 0, np.where(second, 1, 2))


def cross_products(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """(m, 3) of two sides of each triangle: its outward normal, twice its area long."""
    corner = vertices[faces]
    return np.asarray(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]))


def surface_area(vertices: FloatArray, faces: IntArray) -> float:
    """Area of all triangles together."""
    return float(lengths(cross_products(vertices, faces)).sum() / 2)
