"""Centrelines: even spacing, and relaxation outside a distance field."""

from __future__ import annotations

import numpy as np

from meshes.signed_distance import Grid, exact
from meshes.specimen import FloatArray, Part

ROUNDS = 300
CLEARING_ROUNDS = 10
TENSION = 0.35
LARGEST_PUSH_MM = 1.0
FREE_ENDS_MM = 5.0  # near its ends a tube may touch what it springs from or enters


def spaced(points_mm: FloatArray, step_mm: float) -> FloatArray:
    """(n, 3) points along a polyline at even distances of about `step_mm`."""
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points_mm, axis=0), axis=1))]
    count = max(4, int(round(along[-1] / step_mm)) + 1)
    at = np.linspace(0, along[-1], count)
    return np.stack([np.interp(at, along, points_mm[:, axis]) for axis in range(3)], axis=1)


def smooth(points_mm: FloatArray, sigma: float) -> FloatArray:
    """A polyline smoothed along itself, ends kept (reflected through them)."""
    from scipy.ndimage import gaussian_filter1d

    reach = min(len(points_mm) - 1, int(4 * sigma))
    head = 2 * points_mm[0] - points_mm[reach:0:-1]
    tail = 2 * points_mm[-1] - points_mm[-2 : -reach - 2 : -1]
    out = gaussian_filter1d(np.vstack([head, points_mm, tail]), sigma, axis=0)
    return np.asarray(out[reach : reach + len(points_mm)])


def relaxed(
    points_mm: FloatArray,
    radius_mm: float,
    grid: Grid,
    field: FloatArray,
    clearance_mm: float,
    step_mm: float,
) -> FloatArray:
    """The string through a route, pulled tight outside `field >= radius + clearance`; ends fixed.

    The route must already lie in the free space (a minimal-cost path): a straight start would be
    pulled through thin sheets.
    """
    line = spaced(smooth(points_mm, 2.0), step_mm)
    ends = points_mm[0], points_mm[-1]
    line[0], line[-1] = ends
    for _ in range(ROUNDS):
        line[1:-1] += TENSION * ((line[2:] + line[:-2]) / 2 - line[1:-1])
        line = _pushed(line, radius_mm + clearance_mm, grid, field)
    for sigma in (1.6, 1.2, 0.8):
        line = smooth(spaced(line, step_mm), sigma)
        for _ in range(4):
            line = _pushed(line, radius_mm + clearance_mm, grid, field)
    return smooth(spaced(line, step_mm), 0.8)


def cleared(
    line: FloatArray, radius_mm: FloatArray, parts: list[Part], clearance_mm: float, free_mm: float
) -> FloatArray:
    """The line moved off exact surfaces until its wall keeps the clearance; ends and shape kept.

    The grid is coarser than the clearance, so the last fraction of a millimetre is done on the
    surfaces themselves. The first `free_mm` may touch what the course springs from.
    """
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    counted = np.clip((along - free_mm) / FREE_ENDS_MM, 0, 1)
    for _ in range(CLEARING_ROUNDS):
        shift = np.zeros_like(line)
        for part in parts:
            reach = radius_mm.max() + 4.0
            low, high = part.vertices_mm.min(axis=0) - reach, part.vertices_mm.max(axis=0) + reach
            near = np.flatnonzero(((line > low) & (line < high)).all(axis=1))
            if len(near) == 0:
                continue
            away, normal = distance_and_normal(part, line[near])
            lack = np.clip((radius_mm[near] + clearance_mm) * counted[near] - away, 0, 2.0)
            lack[counted[near] == 0] = 0
            shift[near] += lack[:, None] * normal
        if not shift.any():
            break
        # A push is shared with the neighbours, so that the line bends instead of kinking.
        line = line + np.where(shift != 0, shift, 0.7 * smooth(shift, 1.5))
        line[1:-1] += 0.15 * ((line[2:] + line[:-2]) / 2 - line[1:-1])
    return line


def distance_and_normal(part: Part, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n,) exact signed distances, and (n, 3) their unit gradients by central differences."""
    step = 0.5
    shifted = [points + step * sign * axis for axis in np.eye(3) for sign in (1, -1)]
    values = exact(part, np.vstack([points, *shifted])).reshape(7, -1)
    slope = np.stack([values[1 + 2 * i] - values[2 + 2 * i] for i in range(3)], axis=1)
    length = np.linalg.norm(slope, axis=1, keepdims=True)
    return values[0], np.asarray(slope / np.maximum(length, 1e-9))


def _pushed(line: FloatArray, wanted: float, grid: Grid, field: FloatArray) -> FloatArray:
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    ramp = np.clip(np.minimum(along, along[-1] - along) / FREE_ENDS_MM, 0, 1)
    lack = np.clip(wanted * ramp - grid.sample(field, line), 0, LARGEST_PUSH_MM)
    lack[[0, -1]] = 0
    if lack.any():
        line = line + lack[:, None] * grid.gradient(field, line)
    return line
