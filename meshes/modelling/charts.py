"""Charts on bone: anatomical coordinates to points, so that footprints fit any specimen.

All directions and shifts are (lateral, posterior, superior) in mm times the body's scale; all
points are in the coordinates of a left side.

    ilium         a, b: share of the iliac crest from ASIS to PSIS; 0 on the crest, 1 on the lower
                  border of the gluteal surface (AIIS, acetabular rim, greater notch, PIIS)
    trochanter    degrees, mm: round the greater trochanter, 0 lateral, +90 anterior; below its tip
    shaft         degrees, mm: round the femoral shaft; below the lesser trochanter
    sacrum_*      v, f: promontory 0 to apex 1; share of the half width there (edge: v alone)
    coccyx        t, mm: sacral apex 0 to tip 1; mm to the side
    foramen       degrees, mm, mm: round the obturator foramen, 0 towards the hip joint, 90 towards
                  the pubis; outward from its rim; out of its plane (+ to the outside of the pelvis)
    point         a landmark and an offset
    between       t and an offset, from one landmark to another
    sheet         u, s: on the fibres of another part, which lies beside this one
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from meshes.modelling.body import Body
from meshes.modelling.foramen import Foramen, find_foramen
from meshes.modelling.signed_distance import Field
from meshes.modelling.table import Run, footprints
from meshes.specimen import FloatArray


class Charts:
    """The charts of one body; `bone` is the signed distance to its bones."""

    def __init__(self, body: Body, bone: Field) -> None:
        self.body = body
        self.marks = body.landmarks
        self.bone = bone
        self.sheets: dict[str, FloatArray] = {}

    def curve(self, runs: Sequence[Run]) -> FloatArray:
        """(n, 3) points of a footprint's outline."""
        return np.vstack([self.run(run) for run in runs])

    def run(self, run: Run) -> FloatArray:
        """(n, 3) points of one run."""
        points = np.array([self._point(run, at) for at in run.at])
        points = points + np.array(run.shift) * self.body.scale
        if run.snap is not None and run.along is not None:
            samples = self.body.samples[run.snap]
            way = np.array(run.along)
            points = np.array([samples.outermost(p, way, 80.0) for p in points])
        elif run.snap is not None:
            samples = self.body.samples[run.snap]
            facing = None if run.facing is None else np.array(run.facing)
            points = np.array([samples.nearest(p, facing) for p in points])
        return points

    def _point(self, run: Run, at: tuple[float, ...]) -> FloatArray:
        if run.chart == "ilium":
            return self._ilium(*at)
        if run.chart == "trochanter":
            return self._trochanter(*at)
        if run.chart == "shaft":
            return self._shaft(*at)
        if run.chart == "coccyx":
            return self._coccyx(*at)
        if run.chart == "foramen":
            return self.foramen.at(at[0], at[1] * self.body.scale, at[2] * self.body.scale)
        if run.chart == "sacrum_edge":
            return self._sacrum_edge(at[0])
        if run.chart in ("sacrum_front", "sacrum_back"):
            return self._sacrum(at[0], at[1], run.chart == "sacrum_front")
        if run.chart == "sheet":
            fibres = self.sheets[run.of]
            shape = np.array(fibres.shape[:2]) - 1
            u, s = np.round(np.array(at[:2]) * shape).astype(int)
            return np.asarray(fibres[u, s])
        if run.chart == "point":
            return np.asarray(self.marks[run.landmarks[0]] + np.array(at) * self.body.scale)
        first, second = (self.marks[name] for name in run.landmarks)
        offset = np.array(at[1:] or (0.0, 0.0, 0.0))
        return np.asarray(first + at[0] * (second - first) + offset * self.body.scale)

    @cached_property
    def crest(self) -> FloatArray:
        """(101, 3) the iliac crest from ASIS to PSIS, evenly spaced.

        The bone's points farthest from the hip-joint centre in the sagittal plane, by direction.
        """
        from scipy.ndimage import gaussian_filter1d

        hip, centre = self.body.samples["hip_bone"].points, self.marks["hip_joint_centre"]
        offset = hip - centre
        angle = np.arctan2(offset[:, 2], -offset[:, 1])
        radius = np.hypot(offset[:, 1], offset[:, 2])
        first, last = self.marks["asis"], self.marks["psis"]
        start, end = (np.arctan2((p - centre)[2], -(p - centre)[1]) for p in (first, last))
        line = []
        for direction in np.linspace(start, end, 61):
            near = np.flatnonzero(np.abs(angle - direction) < 0.02)
            line.append(hip[near[np.argsort(radius[near])[-6:]]].mean(axis=0))
        line[0], line[-1] = first, last
        smooth = gaussian_filter1d(
            np.array(line), footprints().charts.ilium.crest_sigma, axis=0, mode="nearest"
        )
        smooth[0], smooth[-1] = first, last
        return resample(smooth, 101)

    @cached_property
    def _lower_border(self) -> tuple[FloatArray, FloatArray]:
        table = footprints().charts.ilium
        hip = self.body.samples["hip_bone"]
        shares, points = [], []
        for share, name, radii, offset in table.lower_border:
            point = self.marks[name] + np.array(offset) * self.body.scale
            if radii:
                point = hip.nearest(point)
            shares.append(share)
            points.append(point)
        return np.array(shares), np.array(points)

    def _ilium(self, along: float, down: float) -> FloatArray:
        table = footprints().charts.ilium
        top = _on_line(self.crest, along * (len(self.crest) - 1))
        if down <= 0.001:
            return top
        shares, border = self._lower_border
        low = np.array([np.interp(along, shares, border[:, i]) for i in range(3)])
        return self.body.samples["hip_bone"].nearest(
            top * (1 - down) + low * down, np.array(table.wing_facing), table.facing_cosine
        )

    def _trochanter(self, degrees: float, below_mm: float) -> FloatArray:
        table = footprints().charts.trochanter
        scale, tip = self.body.scale, self.marks["greater_trochanter_tip"]
        lateral = self.marks["greater_trochanter_lateral"]
        axis = np.array(
            [
                lateral[0] - table.axis_medial_mm * scale,
                (lateral[1] + tip[1]) / 2,
                tip[2] - below_mm * scale,
            ]
        )
        return self.body.samples["femur"].outermost(axis, _around(degrees), table.reach_mm)

    def _shaft(self, degrees: float, below_mm: float) -> FloatArray:
        upper, lower = self.marks["shaft_upper"], self.marks["shaft_lower"]
        height = self.marks["lesser_trochanter"][2] - below_mm * self.body.scale
        axis = upper + (lower - upper) * (height - upper[2]) / (lower[2] - upper[2])
        reach = footprints().charts.trochanter.reach_mm
        return self.body.samples["femur"].outermost(axis, _around(degrees), reach)

    @cached_property
    def sacral_axes(self) -> tuple[FloatArray, FloatArray, float]:
        """Unit vectors down along the sacrum and forward off it, and its length in mm."""
        along = self.marks["sacral_apex"] - self.marks["sacral_promontory"]
        along = along * [0, 1, 1]
        length = float(np.linalg.norm(along))
        down = along / length
        return down, np.array([0.0, down[2], -down[1]]), length

    def _sacral_level(self, v: float) -> tuple[FloatArray, FloatArray, float]:
        """A point on the midline, the sacrum's points at this level, and the half width there."""
        down, _, length = self.sacral_axes
        middle = self.marks["sacral_promontory"] * [0, 1, 1] + down * length * v
        points = self.body.samples["sacrum"].points
        level = points[(np.abs((points - middle) @ down) < 4.0) & (points[:, 0] > 0)]
        half = float(np.percentile(level[:, 0], 99.5)) if len(level) else 20.0
        return middle, level, half

    def _sacrum(self, v: float, share: float, front: bool) -> FloatArray:
        _, forward, _ = self.sacral_axes
        middle, _, half = self._sacral_level(v)
        start = middle + np.array([half * share, 0, 0])
        way = forward if front else -forward
        return self.body.samples["sacrum"].outermost(start, way, 60.0)

    def _sacrum_edge(self, v: float) -> FloatArray:
        middle, level, half = self._sacral_level(v)
        if not len(level):
            return np.asarray(middle + np.array([half, 0, 0]))
        return np.asarray(level[level[:, 0] > half - 3].mean(axis=0))

    def _coccyx(self, t: float, lateral_mm: float) -> FloatArray:
        """On the bone's middle line, from the sacral apex to its tip, or so far to its side."""
        apex, tip = self.marks["sacral_apex"] * [0, 1, 1], self.marks["coccyx_tip"] * [0, 1, 1]
        bone = self.body.samples.get("coccyx")
        point = apex + t * (tip - apex)
        if bone is not None:
            way = (tip - apex) / np.linalg.norm(tip - apex)
            level = bone.points[np.abs((bone.points - point) @ way) < 4.0]
            if len(level):
                point = level.mean(axis=0) * [0, 1, 1]
        return np.asarray(point + np.array([lateral_mm * self.body.scale, 0, 0]))

    @cached_property
    def foramen(self) -> Foramen:
        """The obturator foramen's rim."""
        return find_foramen(self.bone, self.marks, self.body.scale)


def resample(line: FloatArray, count: int) -> FloatArray:
    """(count, 3) points evenly spaced along a polyline."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, line[:, i]) for i in range(3)], axis=1)


def smooth_curve(points: FloatArray, count: int) -> FloatArray:
    """(count, 3) points evenly spaced along a smooth curve through control points, no overshoot."""
    from scipy.interpolate import PchipInterpolator

    if len(points) == 1:
        return np.repeat(points, count, axis=0)
    if len(points) > 2:
        steps = np.maximum(np.linalg.norm(np.diff(points, axis=0), axis=1), 1e-6)
        length = np.concatenate([[0.0], np.cumsum(steps)])
        points = PchipInterpolator(length, points)(np.linspace(0, length[-1], 200))
    return resample(points, count)


def _around(degrees: float) -> FloatArray:
    angle = np.radians(degrees)
    return np.array([np.cos(angle), -np.sin(angle), 0.0])


def _on_line(line: FloatArray, index: float) -> FloatArray:
    numbers = np.arange(len(line))
    return np.array([np.interp(index, numbers, line[:, i]) for i in range(3)])
