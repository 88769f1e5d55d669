"""The lower part of the greater sciatic foramen as a frame, and the ligaments that bound it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshes.specimen import BoolArray, FloatArray, Side, Specimen


@dataclass(frozen=True, eq=False)
class Foramen:
    """The greater sciatic foramen, seen from the ischial spine.

    Unit vectors: `medial` along the sacrospinous ligament, `up` square to it in its plane,
    `back` out of the pelvis; the ligament's attachments (spine; sacral apex, coccyx tip) span
    the plane.
    """

    side: Side
    spine: FloatArray
    apex: FloatArray
    coccyx: FloatArray
    tuberosity: FloatArray
    psis: FloatArray
    medial: FloatArray
    up: FloatArray
    back: FloatArray

    @classmethod
    def of(cls, specimen: Specimen, side: Side) -> Foramen:
        """From the landmarks of one side."""
        names = ("ischial_spine", "sacral_apex", "coccyx_tip", "ischial_tuberosity", "psis")
        spine, apex, coccyx, tuberosity, psis = (specimen.point_mm(name, side) for name in names)
        assert spine is not None and apex is not None and psis is not None
        assert coccyx is not None and tuberosity is not None
        medial = _unit((apex + coccyx) / 2 - spine)
        up = apex - coccyx
        up = _unit(up - medial * (up @ medial))
        back = np.cross(medial, up)
        back *= np.sign(back[1])
        return cls(side, spine, apex, coccyx, tuberosity, psis, medial, up, back)

    def local(self, points_mm: FloatArray) -> FloatArray:
        """(..., 3) coordinates (medial, up, back) from the spine, mm."""
        return np.asarray((points_mm - self.spine) @ np.stack([self.medial, self.up, self.back]).T)

    def is_outside(self, points_mm: FloatArray) -> BoolArray:
        """(...,) whether points lie behind the foramen's plane, outside the pelvis."""
        return np.asarray(self.local(points_mm)[..., 2] > 0)

    def lateral_mm(self, points_mm: FloatArray) -> FloatArray:
        """(...,) distance from the midplane."""
        return np.asarray(points_mm[..., 0] * (-1.0 if self.side == "right" else 1.0))

    def sheet(self, ligament: str, step_mm: float) -> FloatArray:
        """(n, 3) points over the triangle that stands for a ligament the specimen lacks.

        Sacrospinous: spine, sacral apex, coccyx tip. Sacrotuberous: sacrum's lateral border,
        coccyx tip, tuberosity. Their attachments after the textbook.
        """
        return triangle_points(self.triangle(ligament), step_mm)

    def triangle(self, ligament: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The corners of that triangle."""
        border = self.apex + 0.35 * (self.psis - self.apex)
        return {
            "sacrospinous_ligament": (self.spine, self.apex, self.coccyx),
            "sacrotuberous_ligament": (self.tuberosity, border, self.coccyx),
        }[ligament]


def triangle_points(
    corners: tuple[FloatArray, FloatArray, FloatArray], step_mm: float
) -> FloatArray:
    """(n, 3) points spread over a triangle, at most that far apart."""
    a, b, c = corners
    count = int(max(np.linalg.norm(b - a), np.linalg.norm(c - a)) / step_mm) + 2
    u, v = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count))
    keep = u + v <= 1
    return np.asarray(a + u[keep][:, None] * (b - a) + v[keep][:, None] * (c - a))


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))
