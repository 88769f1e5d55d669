"""How lines lie to one another and to sheets: winding round, passing between, lying behind."""

from __future__ import annotations

import numpy as np

from meshes.specimen import FloatArray


def winding_deg(line: FloatArray, axis: FloatArray, near_mm: float) -> float:
    """Largest change of direction, in degrees, in which a line is seen from an axis it passes.

    The direction is taken square to the axis, in a frame carried along it without twist; only
    where the line comes within `near_mm` of the axis and beside it, not beyond its ends.
    """
    from scipy.spatial import cKDTree

    tangent = np.gradient(axis, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    across = parallel_frame(tangent)
    over = np.cross(tangent, across)
    far, nearest = cKDTree(axis).query(line)
    beside = (far < near_mm) & (nearest > 0) & (nearest < len(axis) - 1)
    if beside.sum() < 3:
        return 0.0
    offset = line - axis[nearest]
    angle = np.arctan2((offset * over[nearest]).sum(axis=1), (offset * across[nearest]).sum(axis=1))
    largest = 0.0
    # Stretch by stretch: what happens far away does not count.
    edges = np.flatnonzero(np.diff(np.r_[0, beside.astype(int), 0]))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        turned = np.unwrap(angle[start:stop])
        largest = max(largest, float(np.degrees(turned.max() - turned.min())))
    return largest


def passes_between(line: FloatArray, first: FloatArray, second: FloatArray) -> bool:
    """Whether a line runs through the sheet spanned between two others, and not back again.

    The sheet is ruled: points at the same share of the two lines' lengths are joined. Crossings
    are counted triangle by triangle (Möller and Trumbore's test).

    Args:
        line, first, second: (n, 3) points each; `first` and `second` in the same direction.
    """
    from annotations.courses.relax import spaced

    count = 40
    edges = [spaced(points, 1e3, count) for points in (first, second)]
    a, b = edges
    corners = np.concatenate(
        [np.stack([a[:-1], a[1:], b[:-1]], axis=1), np.stack([a[1:], b[1:], b[:-1]], axis=1)]
    )
    start, step = line[:-1, None], np.diff(line, axis=0)[:, None]
    side_1, side_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    across = np.cross(step, side_2)
    volume = (side_1 * across).sum(axis=-1)
    # Where the two lines have become one the sheet has no width, and nothing runs through it.
    flat = np.abs(volume) < 1e-12
    volume = np.where(flat, 1.0, volume)
    offset = start - corners[:, 0]
    u = (offset * across).sum(axis=-1) / volume
    over = np.cross(offset, side_1)
    v = (step * over).sum(axis=-1) / volume
    along = (side_2 * over).sum(axis=-1) / volume
    hit = ~flat & (u >= 0) & (v >= 0) & (u + v <= 1) & (along >= 0) & (along < 1)
    return bool(hit.sum() % 2)


def lies_behind(points: FloatArray, corners: FloatArray) -> FloatArray:
    """(n,) whether a surface covers a point from in front: lies straight anterior to it.

    Seen along the anterior-posterior axis: whether the point falls within a triangle, and how far
    forward the triangle's plane lies there.

    Args:
        points: (n, 3); corners: (m, 3, 3) the surface's triangles.
    """
    a, b, c = (corners[:, i] for i in range(3))
    first, second = (b - a)[:, [0, 2]], (c - a)[:, [0, 2]]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    area = np.where(np.abs(area) < 1e-9, np.inf, area)  # a triangle seen edge-on covers nothing
    offset = points[:, None, [0, 2]] - a[:, [0, 2]]
    u = (offset[..., 0] * second[:, 1] - offset[..., 1] * second[:, 0]) / area
    v = (first[:, 0] * offset[..., 1] - first[:, 1] * offset[..., 0]) / area
    forward = a[:, 1] + u * (b - a)[:, 1] + v * (c - a)[:, 1]
    covered = (u >= 0) & (v >= 0) & (u + v <= 1) & np.isfinite(area)
    return np.asarray((covered & (forward < points[:, None, 1])).any(axis=1))


def parallel_frame(tangent: FloatArray) -> FloatArray:
    """(n, 3) unit vectors across a line with these unit tangents, carried along without twist."""
    across = np.empty_like(tangent)
    least = np.eye(3)[int(np.argmin(np.abs(tangent[0])))]
    across[0] = least - tangent[0] * (least @ tangent[0])
    across[0] /= np.linalg.norm(across[0])
    for i in range(1, len(tangent)):
        carried = across[i - 1] - tangent[i] * (across[i - 1] @ tangent[i])
        across[i] = carried / np.linalg.norm(carried)
    return across
