"""The middle lines of the source's nerves and vessels."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from annotations.courses.midline import midlines
from meshes.specimen import FloatArray, Part
from meshes.surface import normals_of

RADIUS_MM = 3.0
GRID_MM = 1.0


def nerve_round(*lines: FloatArray) -> Part:
    """One surface that lies RADIUS_MM from the nearest of some lines."""
    balls = np.vstack(lines)
    low, high = balls.min(axis=0) - 2 * RADIUS_MM, balls.max(axis=0) + 2 * RADIUS_MM
    axes = [np.arange(a, b, GRID_MM) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    points, triangles, _, _ = marching_cubes(
        cKDTree(balls).query(grid)[0], RADIUS_MM, spacing=(GRID_MM,) * 3
    )
    points = (points + low).astype(np.float32)
    triangles = triangles.astype(np.int32)
    normals = normals_of(points, triangles)
    return Part("sciatic_nerve", "left", "source", points, triangles, normals)


def straight(start: list[float], end: list[float]) -> FloatArray:
    """A line of many points."""
    return np.linspace(start, end, 200)


def test_the_middle_of_a_bent_tube_is_its_line() -> None:
    angle = np.linspace(0, np.pi / 2, 200)
    line = 60.0 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    found = midlines(nerve_round(line))
    assert len(found) == 1
    # Its ends are caps, whose slices lie askew.
    assert cKDTree(line).query(found[0][4:-4])[0].max() < RADIUS_MM / 4
    ends = np.linalg.norm(found[0][[0, -1]][:, None] - line[[0, -1]], axis=2)
    assert ends.min(axis=1).max() < 2 * RADIUS_MM


def test_each_piece_has_its_own_and_each_branch() -> None:
    stem = straight([0, 0, 0], [0, 0, 90])
    twig = straight([0, 0, 40], [50, 0, 70])
    apart = straight([0, 60, 0], [0, 60, 70])
    assert len(midlines(nerve_round(stem))) == 1
    assert len(midlines(nerve_round(stem, twig))) == 2
    assert len(midlines(nerve_round(stem, twig, apart))) == 3


def test_slices_that_fall_apart_are_no_branches() -> None:
    """A wide, flat nerve has slices whose edges come loose."""
    ribbon = np.vstack([straight([x, 0, 0], [x, 0, 150]) for x in np.arange(-8.0, 8.1, 1.0)])
    assert len(midlines(nerve_round(ribbon))) == 1
