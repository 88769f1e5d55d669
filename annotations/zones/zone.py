"""Zones of one side: surfaces to show and figures to state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshes.specimen import FloatArray, IntArray, Side


@dataclass(frozen=True, eq=False)
class Patch:
    """A zone as a surface, with its border.

    Attributes:
        zone: id in `zones.toml`.
        vertices_mm: (n, 3) float32; lies on the deep surface of gluteus maximus, or on a shell
            round the landmark where the muscle is missing.
        triangles: (m, 3) int32. normals: (n, 3) float32, away from the muscle.
        outline_mm: border lines, each (k, 3), for drawing the zone's edge.
    """

    zone: str
    side: Side
    vertices_mm: FloatArray
    triangles: IntArray
    normals: FloatArray
    outline_mm: tuple[FloatArray, ...] = ()

    @property
    def id(self) -> str:
        """`entry_zone_left`."""
        return f"{self.zone}_{self.side}"


@dataclass(frozen=True)
class ZoneFigures:
    """The figures of one side; areas are None where the specimen has no gluteus maximus.

    `gap_mm`: PSIS–trochanter distance less the sum of both upper limits, 0 if negative.
    `compromise_mm`: least over the deep surface of the larger deviation from the bands' middles.
    """

    psis_to_trochanter_mm: float
    gap_mm: float
    trochanter_band_cm2: float | None = None
    psis_band_cm2: float | None = None
    overlap_cm2: float | None = None
    entry_zone_cm2: float | None = None
    compromise_mm: float | None = None
    deep_surface_cm2: float | None = None


@dataclass(frozen=True, eq=False)
class Zones:
    """Patches by zone id, and the figures, of one side.

    `dimension_line_mm` is (2, 3): PSIS, trochanter tip.
    """

    side: Side
    patches: Mapping[str, Patch]
    figures: ZoneFigures
    dimension_line_mm: FloatArray
    note: str = ""
    compromise_point_mm: FloatArray | None = field(default=None)
