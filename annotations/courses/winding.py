"""How far one line winds round another."""

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
