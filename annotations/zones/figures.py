"""The figures of the zones of one side, from their fields and patches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from annotations.request import Request
from annotations.zones.cut import Cut, cut_patch
from annotations.zones.fields import SurfaceFields
from annotations.zones.zone import Patch, ZoneFigures
from meshes.specimen import FloatArray

MM2_PER_CM2 = 100.0
PERCENTILES = (0.05, 0.5, 0.95)
Values = Mapping[str, FloatArray]
DEEP: Cut = ("deepness", 0.0, np.inf)


def figures_of(
    fields: SurfaceFields,
    values: Values,
    patches: Mapping[str, Patch],
    psis_to_trochanter_mm: float,
    request: Request,
) -> ZoneFigures:
    """Every figure that these fields allow; `values` hold `deviation_mm` too."""
    on_deep = fields.deepness > 0
    third = patches.get("lower_third")
    band = patches["trochanter_band"]
    across: tuple[float | None, ...] = (None, None, None)
    if third is not None and len(band.triangles):
        across = _spread_over(band, values["across"], fields)
    in_third = None
    if third is not None:
        cuts: tuple[Cut, ...] = (
            DEEP,
            ("to_trochanter_mm", *request.trochanter_band_mm),
            ("across", 2 / 3, np.inf),
        )
        in_third = area_cm2(cut_patch("both", fields, values, (cuts,), outlined=False))
    return ZoneFigures(
        psis_to_trochanter_mm=psis_to_trochanter_mm,
        gap_mm=gap_mm(psis_to_trochanter_mm, request),
        trochanter_band_cm2=area_cm2(band),
        psis_band_cm2=area_cm2(patches["psis_band"]),
        overlap_cm2=area_cm2(patches["overlap"]) if "overlap" in patches else 0.0,
        entry_zone_cm2=area_cm2(patches["entry_zone"]),
        compromise_mm=float(values["deviation_mm"][on_deep].min()),
        deep_surface_cm2=area_cm2(
            cut_patch("deep_surface", fields, values, ((DEEP,),), outlined=False)
        ),
        lower_third_cm2=None if third is None else area_cm2(third),
        band_in_lower_third_cm2=in_third,
        band_to_lower_third_mm=None if third is None else _apart_mm(band, third, in_third),
        band_across_low=across[0],
        band_across_median=across[1],
        band_across_high=across[2],
        danger_triangle_cm2=_maybe_area(patches.get("danger_triangle")),
        nerve_endings_cm2=_maybe_area(patches.get("nerve_endings")),
        trochanter_to_muscle_mm=float(values["to_trochanter_mm"].min()),
        psis_to_muscle_mm=float(values["to_psis_mm"].min()),
        **_along_surface(fields, values, request),
    )


def gap_mm(psis_to_trochanter_mm: float, request: Request) -> float:
    """How far apart the two balls of the upper limits stay; 0 where they meet."""
    reach = request.trochanter_band_mm[1] + request.psis_band_mm[1]
    return max(0.0, psis_to_trochanter_mm - reach)


def area_cm2(patch: Patch) -> float:
    """The area of a patch."""
    return float(_areas_mm2(patch).sum() / MM2_PER_CM2)


def _along_surface(fields: SurfaceFields, values: Values, request: Request) -> dict[str, float]:
    """The same bands measured over the muscle's surface."""
    from_trochanter = values["along_surface_to_trochanter_mm"]
    from_psis = values["along_surface_to_psis_mm"]
    near_trochanter: Cut = ("along_surface_to_trochanter_mm", *request.trochanter_band_mm)
    near_psis: Cut = ("along_surface_to_psis_mm", *request.psis_band_mm)
    deviation = np.maximum(
        np.abs(from_trochanter - np.mean(request.trochanter_band_mm)),
        np.abs(from_psis - np.mean(request.psis_band_mm)),
    )
    # Both landmarks' nearest points are vertices, where the way from themselves is 0.
    apart = float(from_trochanter[int(np.argmin(from_psis))])

    def area(*cuts: Cut) -> float:
        pieces = ((DEEP, *cuts),)
        return area_cm2(cut_patch("along_surface", fields, values, pieces, outlined=False))

    return {
        "psis_to_trochanter_along_surface_mm": apart,
        "gap_along_surface_mm": gap_mm(apart, request),
        "trochanter_band_along_surface_cm2": area(near_trochanter),
        "psis_band_along_surface_cm2": area(near_psis),
        "overlap_along_surface_cm2": area(near_trochanter, near_psis),
        "compromise_along_surface_mm": float(deviation[fields.deepness > 0].min()),
    }


def _apart_mm(band: Patch, third: Patch, in_both_cm2: float | None) -> float | None:
    """Least straight distance between two patches; 0 where they share an area."""
    from scipy.spatial import cKDTree

    if in_both_cm2:
        return 0.0
    if not len(band.triangles) or not len(third.triangles):
        return None
    return float(cKDTree(third.vertices_mm).query(band.vertices_mm)[0].min())


def _spread_over(
    patch: Patch, across: FloatArray, fields: SurfaceFields
) -> tuple[float, float, float]:
    """Percentiles of a field over a patch's area."""
    from scipy.spatial import cKDTree

    middle = patch.vertices_mm[patch.triangles].mean(axis=1)
    value = across[cKDTree(fields.vertices_mm).query(middle)[1]]
    order = np.argsort(value)
    share = np.cumsum(_areas_mm2(patch)[order])
    low, half, high = np.interp(np.array(PERCENTILES) * share[-1], share, value[order]).tolist()
    return low, half, high


def _areas_mm2(patch: Patch) -> FloatArray:
    corner = patch.vertices_mm.astype(float)[patch.triangles]
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    return np.asarray(np.linalg.norm(cross, axis=1) / 2)


def _maybe_area(patch: Patch | None) -> float | None:
    return None if patch is None else area_cm2(patch)
