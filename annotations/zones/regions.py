"""Zones of one side: cut from the fields along exact values.

Figures are those of the muscle's surface as it is; what is drawn is cut from its calmed copy.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from annotations.request import Request
from annotations.zones.calm import calmed
from annotations.zones.cut import Cut, cut_patch, filled
from annotations.zones.fields import SurfaceFields
from annotations.zones.figures import area_cm2, figures_of, gap_mm
from annotations.zones.table import fraction_limits
from annotations.zones.zone import Patch, Probe, ZoneFigures, Zones, ZoneSurface
from meshes.specimen import FloatArray, Specimen

COMPROMISE_BREADTH_MM = 1.5  # the locus is drawn as the points within this of the least deviation
STAND_IN_MM = 10.0  # how broad a stand-in for an empty entry zone is
THIRD = 1 / 3
DEEP: Cut = ("deepness", 0.0, np.inf)

SHELL_NOTE = (
    "This specimen has no gluteus maximus: the bands are drawn as arcs of shells round the "
    "landmarks, just outside the bones."
)
Limits = tuple[float, float]
Pieces = tuple[tuple[Cut, ...], ...]  # a zone is the union of its pieces


def zones_of(specimen: Specimen, fields: SurfaceFields, request: Request) -> Zones:
    """Cut all zones of a side from its fields; some tenths of a second."""
    side = fields.side
    psis = specimen.point_mm("psis", side)
    trochanter = specimen.point_mm("greater_trochanter_tip", side)
    assert psis is not None and trochanter is not None
    distance_mm = float(np.linalg.norm(psis - trochanter))
    line_mm = np.array([psis, trochanter])
    values = with_deviation(fields.values, request)
    pieces = pieces_of(fields, request)
    patches = _cut(fields, values, pieces, outlined=fields.is_shell)
    if fields.is_shell:
        figures = ZoneFigures(distance_mm, gap_mm(distance_mm, request))
        return Zones(side, filled(patches), figures, line_mm, SHELL_NOTE)

    note = ""
    least = int(np.argmin(np.where(fields.deepness > 0, values["deviation_mm"], np.inf)))
    if area_cm2(patches["overlap"]) <= 0.0:
        del pieces["overlap"], patches["overlap"]
        pieces["compromise"] = _about(request, float(values["deviation_mm"][least]))
    if area_cm2(patches["entry_zone"]) <= 0.0:
        pieces["entry_zone"], note = _nearest_below_piriformis(fields, request.trochanter_band_mm)
        patches["entry_zone"] = cut_patch("entry_zone", fields, values, pieces["entry_zone"])
    figures = figures_of(fields, values, patches, distance_mm, request)
    calm = calmed(specimen, fields)
    patches = _cut(calm, calm.values, pieces, outlined=True)
    patches |= _projections(fields, pieces)
    return Zones(
        side,
        filled(patches),
        figures,
        line_mm,
        note,
        fields.vertices_mm[least].astype(float),
        _probe(fields),
        fields.fibres,
    )


def _cut(
    fields: SurfaceFields,
    values: Mapping[str, FloatArray],
    pieces: Mapping[str, Pieces],
    outlined: bool,
) -> dict[str, Patch]:
    return {
        zone: cut_patch(zone, fields, values, of_zone, outlined=outlined)
        for zone, of_zone in pieces.items()
    }


def _about(request: Request, least_mm: float) -> Pieces:
    """The points whose larger deviation from the two bands' middles is hardly above the least.

    Distance by distance: each is smooth, whereas the larger of them has a ridge along the very
    line that is sought, and a cut across the triangles there comes out ragged.
    """
    reach = least_mm + COMPROMISE_BREADTH_MM
    bands = (
        ("to_trochanter_mm", request.trochanter_band_mm),
        ("to_psis_mm", request.psis_band_mm),
    )
    cuts: list[Cut] = []
    for name, band in bands:
        middle = float(np.mean(band))
        cuts.append((name, middle - reach, middle + reach))
    return ((DEEP, *cuts),)


def pieces_of(fields: SurfaceFields, request: Request) -> dict[str, Pieces]:
    """Limits of every zone that these fields allow, piece by piece."""
    near_trochanter: Cut = ("to_trochanter_mm", *request.trochanter_band_mm)
    near_psis: Cut = ("to_psis_mm", *request.psis_band_mm)
    below: Cut = ("below_piriformis_mm", 0.0, np.inf)
    zones: dict[str, Pieces] = {
        "trochanter_band": ((DEEP, near_trochanter),),
        "psis_band": ((DEEP, near_psis),),
        "overlap": ((DEEP, near_trochanter, near_psis),),
        "entry_zone": ((DEEP, near_trochanter, below),),
    }
    if "triangle_0_mm" in fields.values:
        inside: list[Cut] = [(f"triangle_{i}_mm", 0.0, np.inf) for i in range(3)]
        zones["danger_triangle"] = ((DEEP, *inside),)
    if "across" in fields.values:
        middle: Cut = ("along", *fraction_limits("nerve_endings_middle"))
        ends: Cut = ("along", *fraction_limits("nerve_endings_ends"))
        zones["lower_third"] = ((DEEP, ("across", 2 * THIRD, np.inf)),)
        zones["nerve_endings"] = (
            (DEEP, ("across", -np.inf, THIRD), ends),
            (DEEP, ("across", THIRD, 2 * THIRD), middle),
            (DEEP, ("across", 2 * THIRD, np.inf), ends),
        )
    return zones


def with_deviation(values: Mapping[str, FloatArray], request: Request) -> dict[str, FloatArray]:
    """The fields and `deviation_mm`: the larger deviation from the two bands' middles."""
    from_trochanter = np.abs(values["to_trochanter_mm"] - np.mean(request.trochanter_band_mm))
    from_psis = np.abs(values["to_psis_mm"] - np.mean(request.psis_band_mm))
    return {**values, "deviation_mm": np.maximum(from_trochanter, from_psis)}


def _projections(fields: SurfaceFields, pieces: Mapping[str, Pieces]) -> dict[str, Patch]:
    out = {}
    surfaces: tuple[ZoneSurface, ...] = ("superficial", "skin")
    for surface in surfaces:
        target = fields.projected.get(surface)
        if target is None:
            continue
        for zone, of_zone in pieces.items():
            patch = cut_patch(zone, target, target.values, of_zone, surface)
            out[patch.key] = patch
    return out


def _probe(fields: SurfaceFields) -> Probe:
    deep = fields.deepness > 0
    names = [
        name
        for name in fields.values
        if name in ("across", "along", "below_piriformis_mm") or name.startswith("along_surface")
    ]
    return Probe(fields.vertices_mm[deep], {name: fields.values[name][deep] for name in names})


def _nearest_below_piriformis(fields: SurfaceFields, band: Limits) -> tuple[Pieces, str]:
    """Never empty: where the band misses the region below piriformis, the nearest part of it."""
    values = fields.values
    allowed = (fields.deepness > 0) & (values["below_piriformis_mm"] > 0)
    distance = values["to_trochanter_mm"][allowed]
    off = np.maximum(band[0] - distance, distance - band[1])
    nearest = float(distance[int(np.argmin(off))])
    # Towards the muscle's middle from there, whether the band lies before or behind it.
    reach = (nearest, nearest + STAND_IN_MM)
    if nearest > band[1]:
        reach = (0.0, nearest + STAND_IN_MM)
    elif nearest < band[0]:
        reach = (nearest - STAND_IN_MM, np.inf)
    note = (
        "The band around the trochanter does not reach below piriformis here; the nearest part of "
        "the deep surface is shown instead."
    )
    cuts: tuple[Cut, ...] = (
        DEEP,
        ("below_piriformis_mm", 0.0, np.inf),
        ("to_trochanter_mm", *reach),
    )
    return (cuts,), note
