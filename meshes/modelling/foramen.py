"""The obturator foramen: its plane and its rim, found in the distance field of the bones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from meshes.modelling.signed_distance import Field
from meshes.modelling.table import footprints
from meshes.specimen import FloatArray


@dataclass(frozen=True, eq=False)
class Foramen:
    """Rim points by direction.

    Attributes:
        middle: (3,) centre of the opening.
        axes: (3, 3) unit rows: towards the hip joint, towards the pubis, out of the pelvis.
        radius_mm: (n,) distance of the rim from the middle, directions evenly round from axis 0.
        height_mm: (n,) height of the rim over the plane.
    """

    middle: FloatArray
    axes: FloatArray
    radius_mm: FloatArray
    height_mm: FloatArray

    def at(self, degrees: float, outward_mm: float, height_mm: float) -> FloatArray:
        """The point (3,) so far outward of the rim in this direction, so high over the rim."""
        turns = np.linspace(0, 360, len(self.radius_mm) + 1)
        angle = degrees % 360
        radius = np.interp(angle, turns, np.append(self.radius_mm, self.radius_mm[0]))
        height = np.interp(angle, turns, np.append(self.height_mm, self.height_mm[0]))
        radians = np.radians(angle)
        flat = np.cos(radians) * self.axes[0] + np.sin(radians) * self.axes[1]
        return np.asarray(
            self.middle + (radius + outward_mm) * flat + (height + height_mm) * self.axes[2]
        )


def find_foramen(bone: Field, marks: Mapping[str, FloatArray], scale: float) -> Foramen:
    """The foramen of one hip bone: a plane is laid through its rim until both agree."""
    from scipy.ndimage import gaussian_filter1d

    table = footprints().charts.foramen
    middle = np.sum([marks[name] * share for name, share in table.middle], axis=0)
    hip, pubis = marks["hip_joint_centre"], marks["pubic_tubercle"]
    seat = marks["ischial_tuberosity"]
    normal = np.cross(hip - seat, pubis - seat)
    normal *= np.sign(normal[0]) or 1.0
    normal /= np.linalg.norm(normal)
    middle = _roomiest(bone, middle, normal, table.window_mm * scale)
    turns = np.arange(table.directions) * 2 * np.pi / table.directions
    rim = np.empty((0, 3))
    axes = np.eye(3)
    for _ in range(table.rounds):
        axes = _axes(normal, hip - middle, pubis - middle)
        flat = np.cos(turns)[:, None] * axes[0] + np.sin(turns)[:, None] * axes[1]
        reach = np.arange(0, table.window_mm * scale, 0.5)
        inside = bone.sample(middle + reach[None, :, None] * flat[:, None]) < 0
        # Where a ray slips out through a gap, the median of the others stands in.
        hit = inside.any(axis=1)
        first = reach[np.argmax(inside, axis=1)]
        first = np.where(hit, first, np.median(first[hit]))
        first = gaussian_filter1d(first, 1.0, mode="wrap")
        rim = middle + first[:, None] * flat
        # The rim lies in the middle of the bone's thickness beside the hole.
        depth = np.linspace(-12, 12, 49) * scale
        beside = rim + 2.5 * scale * flat
        solid = bone.sample(beside[:, None] + depth[None, :, None] * normal) < 0
        weight = np.maximum(solid.sum(axis=1), 1)
        rim = rim + ((solid * depth).sum(axis=1) / weight)[:, None] * normal
        middle = rim.mean(axis=0)
        _, _, rows = np.linalg.svd(rim - middle)
        normal = rows[2] * (np.sign(rows[2] @ normal) or 1.0)
    axes = _axes(normal, hip - middle, pubis - middle)
    local = (rim - middle) @ axes.T
    angle = np.degrees(np.arctan2(local[:, 1], local[:, 0])) % 360
    order = np.argsort(angle)
    wanted = np.degrees(turns)
    radius, height = (
        np.interp(wanted, angle[order], values[order], period=360)
        for values in (np.hypot(local[:, 0], local[:, 1]), local[:, 2])
    )
    return Foramen(middle, axes, radius, gaussian_filter1d(height, 1.5, mode="wrap"))


def _roomiest(bone: Field, start: FloatArray, normal: FloatArray, window: float) -> FloatArray:
    """Climb in the plane to the point farthest from bone: the middle of the opening."""
    point = start.copy()
    for step in (4.0, 2.0, 1.0, 0.5):
        for _ in range(12):
            way = bone.gradient(point)
            way -= normal * (way @ normal)
            ahead = point + step * way
            if bone.sample(ahead) <= bone.sample(point) or np.linalg.norm(ahead - start) > window:
                break
            point = ahead
    return np.asarray(point)


def _axes(normal: FloatArray, to_hip: FloatArray, to_pubis: FloatArray) -> FloatArray:
    first = to_hip - normal * (to_hip @ normal)
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    second *= np.sign(second @ to_pubis) or 1.0
    return np.stack([first, second, normal])
