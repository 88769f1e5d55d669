"""Courses as surfaces: tubes with tapering radius and round ends, flattened where they are."""

from __future__ import annotations

import numpy as np

from annotations.courses.course import Branch, Course
from annotations.courses.winding import parallel_frame
from meshes.specimen import FloatArray, IntArray, Part
from meshes.surface import normals_of

SIDES = 14
CAP_RINGS = 4


def tube_part(course: Course) -> Part:
    """All branches of a course as one part of that structure (each branch a closed tube)."""
    pieces = [_tube(branch) for branch in course.branches]
    starts = np.cumsum([0] + [len(vertices) for vertices, _ in pieces])
    vertices = np.vstack([vertices for vertices, _ in pieces]).astype(np.float32)
    triangles = np.vstack(
        [tri + start for (_, tri), start in zip(pieces, starts, strict=False)]
    ).astype(np.int32)
    return Part(
        course.id,
        course.side,
        course.origin,
        vertices,
        triangles,
        normals_of(vertices, triangles),
        note=course.note,
    )


def _tube(branch: Branch) -> tuple[FloatArray, IntArray]:
    """Vertices and triangles of one closed tube, its rings carried along without twist."""
    line, radius, tangent = _with_round_ends(branch)
    if branch.flat_mm is None:
        across = parallel_frame(tangent)
        over = np.cross(tangent, across)
    else:
        across = np.cross(tangent, branch.flat_mm)
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        over = np.cross(tangent, across) * branch.flatness
    angle = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    circle = np.cos(angle)[:, None, None] * across + np.sin(angle)[:, None, None] * over
    rings = line + radius[:, None] * circle  # SIDES × n × 3
    n = len(line)
    vertices = np.vstack([rings.transpose(1, 0, 2).reshape(-1, 3), line[:1], line[-1:]])
    ring, turn = np.meshgrid(np.arange(n - 1), np.arange(SIDES), indexing="ij")
    a = (ring * SIDES + turn).ravel()
    b = (ring * SIDES + (turn + 1) % SIDES).ravel()
    walls = np.vstack([np.c_[a, b, a + SIDES], np.c_[b, b + SIDES, a + SIDES]])
    spin = np.arange(SIDES)
    following = (spin + 1) % SIDES
    first, last = n * SIDES, n * SIDES + 1
    end = (n - 1) * SIDES
    caps = np.vstack(
        [
            np.c_[np.full(SIDES, first), following, spin],
            np.c_[np.full(SIDES, last), end + spin, end + following],
        ]
    )
    return vertices, np.vstack([walls, caps])


def _with_round_ends(branch: Branch) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Centreline, radius and unit tangents, lengthened by half-balls at both ends."""
    line, radius = branch.points_mm.astype(float), branch.radius_mm.astype(float)
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    sink = np.linspace(0, np.pi / 2, CAP_RINGS + 2)[1:-1]  # from the rim to just before the pole
    head = line[0] - tangent[0] * radius[0] * np.sin(sink)[::-1, None]
    tail = line[-1] + tangent[-1] * radius[-1] * np.sin(sink)[:, None]
    return (
        np.vstack([head, line, tail]),
        np.r_[radius[0] * np.cos(sink)[::-1], radius, radius[-1] * np.cos(sink)],
        np.vstack(
            [np.tile(tangent[0], (CAP_RINGS, 1)), tangent, np.tile(tangent[-1], (CAP_RINGS, 1))]
        ),
    )
