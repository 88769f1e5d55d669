"""Sheets of fibres, pulled tight over what lies beneath them.

A sheet is an array (fibres, points, 3) from an origin curve to an insertion curve. Every step
straightens each fibre, evens it out with its neighbours and pushes it out of the obstacles.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from meshes.modelling.charts import resample
from meshes.modelling.signed_distance import Field
from meshes.specimen import FloatArray

COARSE_POINTS = 16
STRAIGHTEN = 0.5
LARGEST_PUSH_MM = 2.5
# Fibres touch bone at their ends: the clearance grows from nothing over this length.
END_RAMP_MM = 8.0


def rows(values: Sequence[Sequence[float]], count: int) -> FloatArray:
    """(count, k) rows interpolated over the sheet's width between the given ones."""
    table = np.array(values, float)
    at = np.linspace(0, 1, count)
    known = np.linspace(0, 1, len(table))
    return np.stack([np.interp(at, known, table[:, i]) for i in range(table.shape[1])], axis=1)


def relax(
    obstacles: Field,
    curves: Sequence[FloatArray],
    points: int,
    clearance_mm: float,
    bow_mm: FloatArray,
    rest_mm: FloatArray,
    early: FloatArray,
    across: float,
    iterations: int,
) -> FloatArray:
    """(fibres, points, 3) fibres from the first curve to the last, outside the obstacles.

    Args:
        curves: origin, way points of the start (not kept), insertion; each (fibres, 3).
        bow_mm: (fibres, 3) bow of the start, so that no fibre begins on the wrong side of a bone.
        rest_mm: (fibres, 3) bow that remains at rest: the sag of a belly.
        early: (fibres,) how much of that bow lies near the origin: 0 evenly, 1 all of it early,
            more than 1 with a counter-bend before the insertion.
        across: how strongly neighbours even each other out, 0 to 0.5.
    """
    sheet = _start(curves, COARSE_POINTS, bow_mm + rest_mm)
    for count in (COARSE_POINTS, points):
        if sheet.shape[1] != count:
            sheet = np.stack([resample(fibre, count) for fibre in sheet])
        clearance = (clearance_mm * np.clip(_to_nearest_end(sheet) / END_RAMP_MM, 0, 1))[:, 1:-1]
        lean = 1 + early[:, None] * (1 - 2 * np.linspace(0, 1, count))[None, 1:-1]
        bend = 4 * rest_mm[:, None] * lean[..., None] / (count - 1) ** 2
        for _ in range(iterations):
            inner = sheet[:, 1:-1]
            inner += STRAIGHTEN * ((sheet[:, 2:] + sheet[:, :-2]) / 2 + bend - inner)
            if across > 0 and len(sheet) > 2:
                middle = (sheet[2:, 1:-1] + sheet[:-2, 1:-1]) / 2
                sheet[1:-1, 1:-1] += across * (middle - sheet[1:-1, 1:-1])
            depth = clearance - obstacles.sample(inner)
            hit = depth > 0
            if hit.any():
                push = np.minimum(depth[hit], LARGEST_PUSH_MM)[:, None]
                inner[hit] += push * obstacles.gradient(inner[hit])
    return sheet


def _to_nearest_end(sheet: FloatArray) -> FloatArray:
    """(fibres, points) straight distance of each point to the nearer end of its fibre, mm."""
    return np.minimum(
        np.linalg.norm(sheet - sheet[:, :1], axis=-1),
        np.linalg.norm(sheet - sheet[:, -1:], axis=-1),
    )


def _start(curves: Sequence[FloatArray], points: int, bow_mm: FloatArray) -> FloatArray:
    knots = np.stack(curves, axis=1)
    sheet = np.stack([resample(fibre, points) for fibre in knots])
    t = np.linspace(0, 1, points)[None, :, None]
    return np.asarray(sheet + 4 * t * (1 - t) * bow_mm[:, None])


def bend_through(start: FloatArray, waist: FloatArray, end: FloatArray) -> FloatArray:
    """(fibres, 3) the bow in mm of the parabolas from `start` to `end` that pass through `waist`.

    All are (fibres, 3); a parabola's parameter at the waist is the share of its way by then.
    """
    first = np.linalg.norm(waist - start, axis=1, keepdims=True)
    last = np.linalg.norm(end - waist, axis=1, keepdims=True)
    t = first / np.maximum(first + last, 1e-9)
    straight = start + t * (end - start)
    return np.asarray((waist - straight) / np.maximum(4 * t * (1 - t), 1e-9))


def push_out(obstacles: Field, points: FloatArray, clearance_mm: FloatArray) -> FloatArray:
    """Points (n, 3) moved until each is clear of the obstacles by its clearance (n,)."""
    points = points.copy()
    for _ in range(12):
        depth = np.clip(clearance_mm - obstacles.sample(points), 0, 2)
        points += depth[:, None] * obstacles.gradient(points)
    return points


def smooth(sheet: FloatArray, sigma: tuple[float, float]) -> FloatArray:
    """Gaussian smoothing; reflected oddly at the borders, so that straight borders stay put."""
    from scipy.ndimage import gaussian_filter1d

    for axis, width in enumerate(sigma):
        if width <= 0:
            continue
        pad = min(int(3 * width) + 1, sheet.shape[axis] - 1)
        around = [(0, 0)] * sheet.ndim
        around[axis] = (pad, pad)
        padded = np.pad(sheet, around, mode="reflect", reflect_type="odd")
        blurred = gaussian_filter1d(padded, width, axis=axis)
        sheet = np.take(blurred, range(pad, blurred.shape[axis] - pad), axis=axis)
    return sheet


def lift(
    obstacles: Field,
    sheet: FloatArray,
    clearance_mm: float,
    sigma: tuple[float, float],
    outward: FloatArray,
    rounds: int = 4,
) -> FloatArray:
    """A smooth sheet that still clears the obstacles: smoothed and lifted in turns."""
    from scipy.ndimage import gaussian_filter

    for _ in range(rounds):
        sheet = smooth(sheet, sigma)
        # Origin and insertion stay on their bones; the clearance grows from there.
        clearance = clearance_mm * np.clip(_to_nearest_end(sheet) / END_RAMP_MM, 0, 1)
        depth = np.clip(clearance - obstacles.sample(sheet), 0, 6)
        depth[:, [0, -1]] = 0
        sheet = sheet + gaussian_filter(depth, 2.0)[..., None] * 1.2 * normals(sheet, outward, 2.0)
    return smooth(sheet, (1.5, 1.5))


def normals(sheet: FloatArray, outward: FloatArray, sigma: float) -> FloatArray:
    """(fibres, points, 3) unit normals of the sheet on its outward side, smoothed."""
    from scipy.ndimage import gaussian_filter1d

    normal = np.cross(np.gradient(sheet, axis=0), np.gradient(sheet, axis=1))
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    if np.median(normal @ outward) < 0:
        normal = -normal
    for axis in (0, 1):
        normal = gaussian_filter1d(normal, sigma, axis=axis, mode="nearest")
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9))


def densify(values: FloatArray, across: int, along: int) -> FloatArray:
    """A sheet's values (fibres, points, …) interpolated linearly to more fibres and points."""
    for axis, count in ((0, across), (1, along)):
        at = np.linspace(0, values.shape[axis] - 1, count)
        low = np.minimum(at.astype(int), values.shape[axis] - 2)
        share = (at - low).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
        values = (
            np.take(values, low, axis=axis) * (1 - share)
            + np.take(values, low + 1, axis=axis) * share
        )
    return values
