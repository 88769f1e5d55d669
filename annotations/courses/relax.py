"""Centrelines: even spacing, and relaxation outside distance fields, smooth in curvature."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from meshes.specimen import FloatArray

RESPACE_EVERY = 14
STAIRS_CELLS = 0.8  # more would cut a hook's corner through the ligament that it goes round


class Stage(NamedTuple):
    """Rounds of relaxation; stiffness gives a bending length of about its root in steps."""

    rounds: int
    tension: float
    stiffness: float
    hold: float  # how much of a pin's weight holds


PULLED_TIGHT = Stage(84, 0.3, 4.0, 1.0)
SETTLING = Stage(28, 0.05, 1.0, 0.4)
LARGEST_PUSH_MM = 0.8

# (n, 3) points, (n,) radii, (n,) shares of the clearance kept at the start and at the end
# → (n, 3) shifts towards freedom
Push = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]


def along(points_mm: FloatArray) -> FloatArray:
    """(n,) length from the first point, mm."""
    return np.r_[0, np.cumsum(np.linalg.norm(np.diff(points_mm, axis=0), axis=1))]


def spaced(points_mm: FloatArray, step_mm: float, least: int = 6) -> FloatArray:
    """(n, 3) points along a polyline at even distances of about `step_mm`."""
    s = along(points_mm)
    count = max(least, int(round(s[-1] / step_mm)) + 1)
    at = np.linspace(0, s[-1], count)
    return np.stack([np.interp(at, s, points_mm[:, axis]) for axis in range(3)], axis=1)


def at_share(values: tuple[float, ...] | FloatArray, count: int) -> FloatArray:
    """(count,) values spread evenly from the first to the last."""
    given = np.asarray(values, float)
    return np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(given)), given)


def relaxed(
    way_mm: FloatArray,
    radii_mm: tuple[float, ...],
    push: Push,
    free_mm: tuple[float, float],
    pins: list[tuple[FloatArray, float]],
    step_mm: float,
    stiffer: float = 1.0,
    stages: tuple[Stage, ...] = (PULLED_TIGHT, SETTLING),
) -> FloatArray:
    """The string through a route, pulled tight and stiff outside what pushes it; ends fixed.

    An active contour: tension and bending are solved implicitly each round, so that a stiff line
    stays stable; pushes and pins act in between. The route must already lie in the free space (a
    minimal-cost path): a straight start would be pulled through thin sheets.

    Args:
        free_mm: lengths at both ends that may touch what the line springs from or enters.
        pins: points with weights that the line is drawn to.
        stages: one after another; a line that lies already only needs to settle.
    """
    ends = way_mm[0].copy(), way_mm[-1].copy()
    line = spaced(_blurred(way_mm) if PULLED_TIGHT in stages else way_mm, step_mm)
    line[0], line[-1] = ends
    for stage in stages:
        for turn in range(stage.rounds):
            if turn % RESPACE_EVERY == 0:
                line = spaced(line, step_mm)
                line[0], line[-1] = ends
                smoother = _smoother(len(line), stage.tension, stage.stiffness * stiffer)
                radius = at_share(radii_mm, len(line))
                shares = free_ends(line, free_mm)
            moved = line + push(line, radius, *shares)
            for point, weight in pins:
                nearest = int(np.argmin(np.linalg.norm(moved - point, axis=1)))
                reach = np.exp(-(((np.arange(len(line)) - nearest) / 3.0) ** 2))
                moved += (weight * stage.hold * reach)[:, None] * (point - moved[nearest])
            moved[0], moved[-1] = ends
            line = ends_fixed(moved, smoother)
    return line


def ends_fixed(line: FloatArray, smoother: FloatArray) -> FloatArray:
    """Implicit smoothing of the offsets from the chord between the fixed ends."""
    from scipy.linalg import cho_solve_banded

    chord = np.linspace(0, 1, len(line))[:, None] * (line[-1] - line[0]) + line[0]
    out = line.copy()
    offset = (line - chord)[1:-1]
    out[1:-1] = chord[1:-1] + cho_solve_banded((smoother, True), offset, check_finite=False)
    return out


def faired(
    line: FloatArray,
    radius_mm: FloatArray,
    push: Push,
    free_mm: tuple[float, float],
    rounds: int,
    stiffness: float = 0.5,
) -> FloatArray:
    """A few rounds of gentle bending resistance between pushes: takes the last kinks out."""
    smoother = _smoother(len(line), 0.0, stiffness)
    shares = free_ends(line, free_mm)
    for _ in range(rounds):
        moved = line + push(line, radius_mm, *shares)
        moved[0], moved[-1] = line[0], line[-1]
        line = ends_fixed(moved, smoother)
    return line


def largest_turn_deg(line: FloatArray, over_mm: float) -> float:
    """The sharpest change of direction over that length of the line, degrees."""
    fine = spaced(line, 0.5)
    chord = np.diff(fine, axis=0)
    length = np.linalg.norm(chord, axis=1, keepdims=True)
    chord = chord / np.maximum(length, 1e-9)
    gap = max(1, int(round(over_mm / max(float(length.mean()), 1e-6))))
    if len(chord) <= gap:
        return 0.0
    cosine = np.clip((chord[gap:] * chord[:-gap]).sum(axis=1), -1, 1)
    return float(np.degrees(np.arccos(cosine)).max())


def free_ends(line: FloatArray, free_mm: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """(n,) twice: 0 at the start (at the end), where it may touch, rising to 1 over that length."""
    s = along(line)
    shares = []
    for free, distance in zip(free_mm, (s, s[-1] - s), strict=True):
        shares.append(
            np.clip((distance / free - 0.5) / 0.4, 0, 1) if free > 0 else np.ones(len(line))
        )
    return shares[0], shares[1]


def _smoother(count: int, tension: float, stiffness: float) -> FloatArray:
    """(3, count−2) banded factor of 1 + tension·L₂ + stiffness·L₄ with both ends held at 0."""
    from scipy.linalg import cholesky_banded

    n = count - 2
    bands = np.zeros((3, n))
    bands[0] = 1 + 2 * tension + 6 * stiffness
    bands[0, [0, -1]] -= stiffness
    bands[1, : n - 1] = -tension - 4 * stiffness
    bands[2, : n - 2] = stiffness
    return np.asarray(cholesky_banded(bands, lower=True, check_finite=False))


def _blurred(points_mm: FloatArray) -> FloatArray:
    """A grid path without its stairs."""
    from scipy.ndimage import gaussian_filter1d

    if len(points_mm) < 5:
        return points_mm
    return np.asarray(gaussian_filter1d(points_mm, STAIRS_CELLS, axis=0, mode="nearest"))
