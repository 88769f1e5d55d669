"""A stand-in where gluteus maximus is missing: shells round the two landmarks, clear of the bones.

Each landmark gets a fan that opens towards the other one and lies just outside the bones; its
points keep their distance from the landmark exactly, so a band on it is an arc of the true shell.
Drawn as schematic; no areas are stated on it.
"""

from __future__ import annotations

import numpy as np

from annotations.zones.fields import NOWHERE_MM, SurfaceFields, below_piriformis_mm
from meshes.signed_distance import exact
from meshes.specimen import FloatArray, IntArray, Side, Specimen

RADII_MM = np.arange(10.0, 111.0, 4.0)
HALF_ANGLE_DEG = 70.0
ANGLES = 47
CLEAR_OF_BONE_MM = 3.0
ROUNDS = 12
BONES = ("hip_bone", "femur", "sacrum")


def shell_fields(specimen: Specimen, side: Side) -> SurfaceFields:
    """The two fans as one surface, with the fields that zones are cut from."""
    psis = specimen.point_mm("psis", side)
    trochanter = specimen.point_mm("greater_trochanter_tip", side)
    assert psis is not None and trochanter is not None
    bones = [part for name in BONES if (part := specimen.part(name, side)) is not None]
    outward = np.array([-0.5 if side == "right" else 0.5, 1.0, 0.0])

    def free(points: FloatArray) -> FloatArray:
        return np.min([exact(bone, points) for bone in bones], axis=0)

    around_trochanter = _fan(trochanter, psis, outward, free)
    around_psis = _fan(psis, trochanter, outward, free)
    count = len(around_trochanter)
    vertices = np.vstack([around_trochanter, around_psis])
    triangles = _grid_triangles(len(RADII_MM), ANGLES)
    # Each fan measures its own landmark only: far from the other one, a band would not be an arc.
    to_trochanter = np.linalg.norm(vertices - trochanter, axis=1)
    to_psis = np.linalg.norm(vertices - psis, axis=1)
    to_trochanter[count:] = to_psis[:count] = NOWHERE_MM
    return SurfaceFields(
        side,
        vertices.astype(np.float32),
        np.vstack([triangles, triangles + count]).astype(np.int32),
        {
            "deepness": np.ones(len(vertices), np.float32),
            "to_trochanter_mm": to_trochanter.astype(np.float32),
            "to_psis_mm": to_psis.astype(np.float32),
            "below_piriformis_mm": below_piriformis_mm(specimen, side, vertices).astype(np.float32),
        },
        is_shell=True,
    )


def _fan(centre: FloatArray, towards: FloatArray, outward: FloatArray, free) -> FloatArray:  # type: ignore[no-untyped-def]
    ahead = (towards - centre) / np.linalg.norm(towards - centre)
    normal = outward - ahead * (outward @ ahead)
    normal /= np.linalg.norm(normal)
    across = np.cross(ahead, normal)
    angle = np.radians(np.linspace(-HALF_ANGLE_DEG, HALF_ANGLE_DEG, ANGLES))
    rays = np.cos(angle)[:, None] * ahead + np.sin(angle)[:, None] * across
    points = (centre + RADII_MM[:, None, None] * rays[None]).reshape(-1, 3)
    radius = np.repeat(RADII_MM, ANGLES)[:, None]
    for _ in range(ROUNDS):
        lack = np.maximum(CLEAR_OF_BONE_MM - free(points), 0.0).reshape(len(RADII_MM), ANGLES)
        if not lack.any():
            break
        # Neighbours share a push, so that the fan bends instead of tearing.
        lift = np.maximum.reduce([lack, _blurred(lack)])
        points = points + lift.reshape(-1, 1) * normal
        points = centre + radius * (points - centre) / np.linalg.norm(
            points - centre, axis=1, keepdims=True
        )
    return points


def _blurred(values: FloatArray) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values, 2.0, mode="nearest"))


def _grid_triangles(rows: int, columns: int) -> IntArray:
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    right, up = first + 1, first + columns
    return np.vstack([np.c_[first, up, right], np.c_[right, up, up + 1]])
