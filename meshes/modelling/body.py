"""One side of a specimen as the modelling sees it: bones and landmarks as if it were the left.

The right side is reflected in the midplane on the way in and its parts on the way out, so charts
and footprints speak of (lateral, posterior, superior) only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from meshes.modelling.samples import Samples
from meshes.modelling.table import footprints
from meshes.specimen import FloatArray, IntArray, Part, Side, Specimen

BONES = ("hip_bone", "femur", "sacrum", "coccyx")


@dataclass(frozen=True, eq=False)
class Surface:
    """Vertices (n, 3) in mm and outward triangles (m, 3), in the coordinates of a left side."""

    vertices_mm: FloatArray
    triangles: IntArray


@dataclass(frozen=True, eq=False)
class Body:
    """Bones, landmarks (3,) and scale of one side, turned into a left side.

    Attributes:
        scale: femoral head radius over that of the table; lengths of the table scale with it.
    """

    side: Side
    bones: Mapping[str, Surface]
    samples: Mapping[str, Samples]
    landmarks: Mapping[str, FloatArray]
    scale: float


def as_left(part: Part, side: Side) -> Surface:
    """A part's surface as if the side were the left one."""
    vertices = np.asarray(part.vertices_mm, float)
    triangles = np.asarray(part.triangles)
    if side == "right":
        return Surface(vertices * [-1, 1, 1], np.ascontiguousarray(triangles[:, ::-1]))
    return Surface(vertices, triangles)


def body_of(specimen: Specimen, side: Side) -> Body:
    """The side's bones and landmarks; the specimen must have hip bone, femur and sacrum."""
    bones = {
        name: as_left(part, side)
        for name in BONES
        if (part := specimen.part(name, side)) is not None
    }
    flip = np.array([-1.0 if side == "right" else 1.0, 1.0, 1.0])
    marks = {
        name: mark.position_mm * flip
        for group in ("midline", side)
        for name, mark in specimen.landmarks[group].items()
    }
    centre = specimen.landmark("hip_joint_centre", side)
    reference = footprints().reference_head_radius_mm
    radius = reference if centre is None or centre.radius_mm is None else centre.radius_mm
    scale = radius / reference
    samples = {name: Samples(bone.vertices_mm, bone.triangles) for name, bone in bones.items()}
    marks |= _notches(samples["hip_bone"], marks, scale)
    marks |= _femur_points(samples["femur"], marks, scale)
    return Body(side, bones, samples, marks, scale)


def _notches(hip: Samples, marks: Mapping[str, FloatArray], scale: float) -> dict[str, FloatArray]:
    """The deepest points of both sciatic notches: where the posterior border lies foremost."""
    from scipy.ndimage import gaussian_filter1d

    table = footprints().charts.landmarks
    centre, spine = marks["hip_joint_centre"], marks["ischial_spine"]
    heights = np.arange(spine[2] - 45 * scale, centre[2] + 95 * scale, 1.0)
    border = []
    for height in heights:
        level = hip.points[np.abs(hip.points[:, 2] - height) < 1.2]
        border.append(level[np.argmax(level[:, 1])] if len(level) else np.full(3, np.nan))
    edge = np.array(border)
    keep = np.isfinite(edge[:, 0])
    edge, heights = edge[keep], heights[keep]
    depth = gaussian_filter1d(edge[:, 1], table.profile_sigma_mm)

    def deepest(low: float, high: float) -> FloatArray:
        within = (heights > low) & (heights < high)
        return np.asarray(edge[np.argmin(np.where(within, depth, np.inf))])

    low, high = (centre[2] + scale * x for x in table.greater_notch_above_hip_mm)
    near, far = (spine[2] - scale * x for x in table.lesser_notch_below_spine_mm)
    return {
        "greater_sciatic_notch": deepest(low, high),
        "lesser_sciatic_notch": deepest(far, near),
    }


def _femur_points(
    femur: Samples, marks: Mapping[str, FloatArray], scale: float
) -> dict[str, FloatArray]:
    """The most lateral point of the greater trochanter and two points on the shaft's axis."""
    tip = marks["greater_trochanter_tip"]
    upper = femur.points[femur.points[:, 2] > tip[2] - 60 * scale]
    out = {"greater_trochanter_lateral": upper[np.argmax(upper[:, 0])]}
    for name, below in zip(
        ("shaft_upper", "shaft_lower"),
        footprints().charts.landmarks.shaft_below_trochanter_mm,
        strict=True,
    ):
        level = femur.points[np.abs(femur.points[:, 2] - (tip[2] - below * scale)) < 3.0]
        out[name] = (level.min(axis=0) + level.max(axis=0)) / 2
    bottom = femur.points[:, 2].min()
    condyles = femur.points[femur.points[:, 2] < bottom + 35 * scale]
    out["lateral_epicondyle"] = condyles[np.argmax(condyles[:, 0])]
    return out
