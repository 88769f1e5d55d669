"""A finer mesh of the same surface: no vertex moves, no crack opens."""

from __future__ import annotations

import numpy as np

from meshes.specimen import FloatArray, IntArray

ON_EDGE = 1e-3  # share of a corner below which a point counts as on the opposite edge


def refined(
    vertices_mm: FloatArray, triangles: IntArray, longest_mm: float
) -> tuple[FloatArray, IntArray]:
    """Halve edges until none is longer than `longest_mm`; the surface stays where it is.

    An edge is split for both triangles that share it, so a closed surface stays closed; the
    first vertices are the given ones.

    Args:
        vertices_mm: (n, 3 + k) positions; further columns are fields, carried along linearly.
        triangles: (m, 3).
    """
    vertices = np.asarray(vertices_mm, float)
    triangles = np.asarray(triangles, np.int64)
    while True:
        edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        key, which = np.unique(edges[:, 0] * len(vertices) + edges[:, 1], return_inverse=True)
        pairs = np.stack(np.divmod(key, len(vertices)), axis=1)
        step = vertices[pairs[:, 0], :3] - vertices[pairs[:, 1], :3]
        long = np.einsum("ij,ij->i", step, step) > longest_mm**2
        if not long.any():
            return vertices, triangles.astype(np.int32)
        middle = np.full(len(pairs), -1)
        middle[long] = len(vertices) + np.arange(int(long.sum()))
        vertices = np.vstack([vertices, vertices[pairs[long]].mean(axis=1)])
        triangles = _split(triangles, middle[which.reshape(-1, 3)])


def _split(triangles: IntArray, middle: IntArray) -> IntArray:
    """Triangles (m, 3) cut at the middles of their edges 01, 12, 20, (m, 3), -1 where whole."""
    count = (middle >= 0).sum(axis=1)
    out = [triangles[count == 0]]
    # Turned so that the first edge is the split one, or the third the whole one.
    turn = np.where(count == 1, np.argmax(middle >= 0, axis=1), (np.argmin(middle, axis=1) + 1) % 3)
    order = (turn[:, None] + np.arange(3)) % 3
    (a, b, c) = np.take_along_axis(triangles, order, axis=1).T
    (ab, bc, ca) = np.take_along_axis(middle, order, axis=1).T
    one, two, all_three = count == 1, count == 2, count == 3
    for corners, where in (
        ((a, ab, c), one),
        ((ab, b, c), one),
        ((ab, b, bc), two),
        ((a, ab, bc), two),
        ((a, bc, c), two),
        ((a, ab, ca), all_three),
        ((ab, b, bc), all_three),
        ((ca, bc, c), all_three),
        ((ab, bc, ca), all_three),
    ):
        out.append(np.stack(corners, axis=1)[where])
    return np.vstack(out)


def with_point(
    vertices_mm: FloatArray, triangles: IntArray, point_mm: FloatArray
) -> tuple[FloatArray, IntArray, int]:
    """The same surface with a vertex at its point nearest to a place, and that vertex.

    Args:
        vertices_mm: (n, 3 + k) as in `refined`.
    """
    vertices = np.asarray(vertices_mm, float)
    cell, weights, _ = nearest_on(vertices[:, :3], triangles, point_mm)
    corners, weight = triangles[cell[0]], weights[0]
    if weight.max() > 1 - ON_EDGE:
        return vertices, triangles, int(corners[weight.argmax()])
    new = len(vertices)
    if weight.min() < ON_EDGE:
        # On an edge: both triangles there are cut in two.
        weight = np.where(weight < ON_EDGE, 0.0, weight)
        ends = corners[weight > 0]
        cut = np.isin(triangles, ends).sum(axis=1) == 2
        parts = [np.where(triangles[cut] == end, new, triangles[cut]) for end in ends]
    else:
        cut = np.arange(len(triangles)) == cell[0]
        parts = [np.where(triangles[cut] == corner, new, triangles[cut]) for corner in corners]
    place = weight @ vertices[corners] / weight.sum()
    return np.vstack([vertices, place]), np.vstack([triangles[~cut], *parts]), new


def evened(triangles: IntArray, values: FloatArray, rounds: int) -> FloatArray:
    """(n,) or (n, k) values, each round the mean of a vertex and its neighbours."""
    from scipy.sparse import coo_array, diags_array, eye_array

    n = len(values)
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), edges.T), shape=(n, n)).tocsr()
    spread = graph + graph.T + eye_array(n)
    spread = diags_array(1.0 / np.asarray(spread.sum(axis=1)).ravel()) @ spread
    for _ in range(rounds):
        values = spread @ values
    return np.asarray(values)


def nearest_on(
    vertices_mm: FloatArray, triangles: IntArray, points_mm: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """For (k, 3) points: nearest triangle (k,), weights of its corners (k, 3), distance (k,) mm."""
    import pyvista as pv

    points = np.atleast_2d(np.asarray(points_mm, float))
    vertices = np.asarray(vertices_mm, float)
    mesh = pv.PolyData.from_regular_faces(vertices, triangles)
    cell, near = mesh.find_closest_cell(points, return_closest_point=True)
    cell, near = np.atleast_1d(cell), np.atleast_2d(near)
    a, b, c = np.moveaxis(vertices[triangles[cell]], 1, 0)
    u, v, w = b - a, c - a, near - a
    uu, uv, vv = (np.einsum("ij,ij->i", p, q) for p, q in ((u, u), (u, v), (v, v)))
    wu, wv = np.einsum("ij,ij->i", w, u), np.einsum("ij,ij->i", w, v)
    area = np.maximum(uu * vv - uv * uv, 1e-12)
    second, third = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
    weights = np.clip(np.stack([1 - second - third, second, third], axis=1), 0.0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    return cell, weights, np.linalg.norm(points - near, axis=1)
