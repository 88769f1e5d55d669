"""Simple solids as distance-like functions, and how they blend."""

from __future__ import annotations

import numpy as np

from meshes.modelling.edges import lengths
from meshes.specimen import FloatArray


def blend_union(first: FloatArray, second: FloatArray, width_mm: float) -> FloatArray:
    """The union of two solids, rounded over `width_mm` where they meet."""
    share = np.clip(0.5 + 0.5 * (second - first) / width_mm, 0, 1)
    return np.asarray(second * (1 - share) + first * share - width_mm * share * (1 - share))


def blend_cut(solid: FloatArray, tool: FloatArray, width_mm: float) -> FloatArray:
    """The first solid without the second, its rim rounded over `width_mm`."""
    return -blend_union(-solid, tool, width_mm)


def ellipsoid(
    points: FloatArray, centre: FloatArray, axes: FloatArray, half_mm: FloatArray
) -> FloatArray:
    """(n,) about the distance to an ellipsoid with unit rows `axes` and half sizes `half_mm`."""
    local = (points - centre) @ axes.T / half_mm
    near = lengths(local)
    slope = np.maximum(lengths(local / half_mm), 1e-9)
    return np.asarray(near * (near - 1) / slope)


def tube(
    points: FloatArray,
    line: FloatArray,
    radius_mm: FloatArray,
    squeeze: tuple[FloatArray, float] | None = None,
) -> FloatArray:
    """(n,) distance to a tube round a polyline (k, 3) with a radius at each of its points.

    Args:
        squeeze: a unit direction along which the section is flatter, and by what factor.
    """
    if squeeze is not None:
        way, factor = squeeze
        points = points + (points @ way)[:, None] * way * (1 / factor - 1)
        line = line + (line @ way)[:, None] * way * (1 / factor - 1)
    best = np.full(len(points), np.inf)
    for a, b, ra, rb in zip(line[:-1], line[1:], radius_mm[:-1], radius_mm[1:], strict=True):
        along = b - a
        share = np.clip((points - a) @ along / max(float(along @ along), 1e-9), 0, 1)
        distance = lengths(points - a - share[:, None] * along)
        best = np.minimum(best, distance - (ra + share * (rb - ra)))
    return best
