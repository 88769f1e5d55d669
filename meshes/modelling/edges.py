"""Edges of closed triangle meshes, and which of them can be changed at the same time."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.specimen import FloatArray, IntArray


def unique_edges(triangles: IntArray) -> tuple[IntArray, IntArray]:
    """Unique edges (e, 2), and for each the two triangles beside it (e, 2)."""
    half = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    low, high = half.min(axis=1), half.max(axis=1)
    code = low * (int(triangles.max()) + 1) + high
    order = np.argsort(code, kind="stable")
    first = order[::2]
    edges = np.stack([low[first], high[first]], axis=1)
    return edges, np.stack([order[::2] // 3, order[1::2] // 3], axis=1)


def edge_length(vertices: FloatArray, edges: IntArray) -> FloatArray:
    """(e,) length of each edge."""
    return np.asarray(np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1))


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
    return np.flatnonzero((best[groups] == rank[:, None]).all(axis=1))


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
    return np.flatnonzero((around[edges] == rank[:, None]).all(axis=1))


def opposite(faces: IntArray, edges: IntArray) -> IntArray:
    """(k,) the corner of each triangle (k, 3) that is no end of its edge (k, 2)."""
    is_end = (faces[:, :, None] == edges[:, None, :]).any(axis=2)
    return np.asarray(faces[np.arange(len(faces)), np.argmin(is_end, axis=1)])


def cross_products(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """(m, 3) of two sides of each triangle: its outward normal, twice its area long."""
    corner = vertices[faces]
    return np.asarray(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]))


def surface_area(vertices: FloatArray, faces: IntArray) -> float:
    """Area of all triangles together."""
    return float(np.linalg.norm(cross_products(vertices, faces), axis=1).sum() / 2)
