"""Zones of one side: surfaces to show and figures to state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from meshes.specimen import FloatArray, IntArray, Side

# Where a zone is drawn: on the deep surface of gluteus maximus, or projected from there.
ZoneSurface = Literal["deep", "superficial", "skin"]
ZONE_SURFACES: tuple[ZoneSurface, ...] = ("deep", "superficial", "skin")
Fibres = Literal["modelled", "estimated", "none"]
PROBE_NEIGHBOURS = 4
FIBRES_NOTE: Mapping[Fibres, str] = {
    "modelled": "",
    "estimated": (
        "The source has no fibres: fractions across and along them are estimated from the "
        "muscle's borders."
    ),
    "none": (
        "Origin and insertion of gluteus maximus could not be told apart here: the lower third "
        "and the nerve endings are not drawn."
    ),
}


def patch_key(zone: str, surface: ZoneSurface = "deep") -> str:
    """The key of a patch in `Zones.patches`: `lower_third`, `lower_third_skin`."""
    return zone if surface == "deep" else f"{zone}_{surface}"


def split_key(key: str) -> tuple[str, ZoneSurface]:
    """The inverse of `patch_key`: zone and surface."""
    for surface in ZONE_SURFACES[1:]:
        if key.endswith(f"_{surface}"):
            return key.removesuffix(f"_{surface}"), surface
    return key, "deep"


@dataclass(frozen=True, eq=False)
class Patch:
    """A zone as a surface, with its border.

    Attributes:
        zone: id in `zones.toml`.
        vertices_mm: (n, 3) float32; lies on `surface`, or on a shell round the landmark where
            the muscle is missing.
        triangles: (m, 3) int32. normals: (n, 3) float32, away from the muscle.
        outline_mm: border lines, each (k, 3), for drawing the zone's edge.
        surface: the deep surface, or the one that the zone is projected on.
    """

    zone: str
    side: Side
    vertices_mm: FloatArray
    triangles: IntArray
    normals: FloatArray
    outline_mm: tuple[FloatArray, ...] = ()
    surface: ZoneSurface = "deep"

    @property
    def key(self) -> str:
        """`entry_zone`, `entry_zone_skin`."""
        return patch_key(self.zone, self.surface)

    @property
    def id(self) -> str:
        """`entry_zone_left`, `entry_zone_skin_left`."""
        return f"{self.key}_{self.side}"


@dataclass(frozen=True)
class ZoneFigures:
    """The figures of one side; None where the specimen lacks the muscle or its fibres.

    Distances are straight where nothing else is said. `…_along_surface_…`: over the surface of
    gluteus maximus, from its points nearest to the landmarks.

    Attributes:
        gap_mm: PSIS–trochanter distance less the sum of both upper limits, 0 if negative.
        compromise_mm: least over the deep surface of the larger deviation from the bands' middles.
        band_in_lower_third_cm2: of the trochanter band.
        band_to_lower_third_mm: least straight distance between trochanter band and lower third,
            0 where they meet.
        band_across_low, band_across_median, band_across_high: where the trochanter band lies
            across the fibres (0 upper to 1 lower border): 5th, 50th, 95th percentile of its area.
        trochanter_to_muscle_mm, psis_to_muscle_mm: how far the landmark lies off the muscle.
    """

    psis_to_trochanter_mm: float
    gap_mm: float
    trochanter_band_cm2: float | None = None
    psis_band_cm2: float | None = None
    overlap_cm2: float | None = None
    entry_zone_cm2: float | None = None
    compromise_mm: float | None = None
    deep_surface_cm2: float | None = None
    lower_third_cm2: float | None = None
    band_in_lower_third_cm2: float | None = None
    band_to_lower_third_mm: float | None = None
    band_across_low: float | None = None
    band_across_median: float | None = None
    band_across_high: float | None = None
    danger_triangle_cm2: float | None = None
    nerve_endings_cm2: float | None = None
    trochanter_to_muscle_mm: float | None = None
    psis_to_muscle_mm: float | None = None
    psis_to_trochanter_along_surface_mm: float | None = None
    gap_along_surface_mm: float | None = None
    trochanter_band_along_surface_cm2: float | None = None
    psis_band_along_surface_cm2: float | None = None
    overlap_along_surface_cm2: float | None = None
    compromise_along_surface_mm: float | None = None


@dataclass(frozen=True, eq=False)
class Probe:
    """What the fields say of any point on or near the deep surface.

    `vertices_mm` is (n, 3) float32; each of `values` is (n,), named as in `SurfaceFields`.
    """

    vertices_mm: FloatArray
    values: Mapping[str, FloatArray]

    def at(self, points_mm: FloatArray) -> dict[str, FloatArray]:
        """(k,) values a name at the deep surface's places nearest to (k, 3) points."""
        from scipy.spatial import cKDTree

        points = np.atleast_2d(np.asarray(points_mm, float))
        count = min(PROBE_NEIGHBOURS, len(self.vertices_mm))
        distance, near = cKDTree(self.vertices_mm).query(points, k=count)
        distance, near = distance.reshape(len(points), -1), near.reshape(len(points), -1)
        weight = 1.0 / (distance + 0.05) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        return {name: (value[near] * weight).sum(axis=1) for name, value in self.values.items()}


@dataclass(frozen=True, eq=False)
class Zones:
    """Patches and figures of one side.

    Attributes:
        patches: by key: the zone's id on the deep surface, with `_superficial` or `_skin` where
            it is projected (`patch_key`).
        dimension_line_mm: (2, 3) PSIS, trochanter tip.
        probe: fields on the deep surface; None where the muscle is missing.
        fibres: where fractions across and along the fibres come from.
    """

    side: Side
    patches: Mapping[str, Patch]
    figures: ZoneFigures
    dimension_line_mm: FloatArray
    note: str = ""
    compromise_point_mm: FloatArray | None = field(default=None)
    probe: Probe | None = None
    fibres: Fibres = "none"

    @property
    def fibres_note(self) -> str:
        """What to say of lower third and nerve endings: how the fibres were had; "" if modelled."""
        return FIBRES_NOTE[self.fibres]

    def on(self, surface: ZoneSurface) -> Mapping[str, Patch]:
        """The patches that are drawn on one surface, by zone id."""
        return {p.zone: p for p in self.patches.values() if p.surface == surface}
