"""The common frame: LPS millimetres, levelled to the anterior pelvic plane.

Origin midway between the hip-joint centres; the line between the anterior superior iliac spines
parallel to x; these spines and the pubic tubercles in one coronal plane. +x is the patient's left,
+y posterior, +z superior.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from meshes.specimen import FloatArray, Landmark, Side


def frame_from(landmarks: Mapping[Side, Mapping[str, Landmark]]) -> FloatArray:
    """The rigid 4×4 transform that takes points of the given landmarks' frame to the common frame.

    Needs hip-joint centres, ASIS and pubic tubercles of both sides.
    """

    def both(name: str) -> tuple[FloatArray, FloatArray]:
        return landmarks["left"][name].position_mm, landmarks["right"][name].position_mm

    asis_left, asis_right = both("asis")
    tubercle = np.mean(both("pubic_tubercle"), axis=0)
    origin = np.mean(both("hip_joint_centre"), axis=0)
    x = _unit(asis_left - asis_right)
    # z lies in the anterior pelvic plane, square to x, from the tubercles up to the spines.
    up = (asis_left + asis_right) / 2 - tubercle
    z = _unit(up - x * (up @ x))
    turn = np.stack([x, np.cross(z, x), z])
    return matrix(turn, -turn @ origin)


def matrix(turn: FloatArray, shift: FloatArray) -> FloatArray:
    """A 4×4 transform from a 3×3 rotation and a shift of 3."""
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = turn, shift
    return out


def rotation(axis: FloatArray, degrees: float) -> FloatArray:
    """3×3 right-handed rotation about an axis through the origin (Rodrigues' formula)."""
    k = _unit(np.asarray(axis, float))
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))
