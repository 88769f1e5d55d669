"""Zones of one side: cut from the fields along exact values, and their figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from annotations.request import Request
from annotations.zones.fields import SurfaceFields
from annotations.zones.zone import Patch, ZoneFigures, Zones
from meshes.specimen import FloatArray, IntArray, Specimen
from meshes.surface import normals_of

MM2_PER_CM2 = 100.0
COMPROMISE_BREADTH_MM = 1.5  # the locus is drawn as the points within this of the least deviation

SHELL_NOTE = (
    "This specimen has no gluteus maximus: the bands are drawn as arcs of shells round the "
    "landmarks, just outside the bones."
)

Limits = tuple[float, float]
Cut = tuple[str, float, float]  # field name, lowest, highest


def zones_of(specimen: Specimen, fields: SurfaceFields, request: Request) -> Zones:
    """Cut all zones of a side from its fields; about 0.1 s."""
    side = fields.side
    psis = specimen.point_mm("psis", side)
    trochanter = specimen.point_mm("greater_trochanter_tip", side)
    assert psis is not None and trochanter is not None
    values = _values(fields, request)
    deep: Cut = ("deepness", 0.0, np.inf)
    near_trochanter: Cut = ("to_trochanter_mm", *request.trochanter_band_mm)
    near_psis: Cut = ("to_psis_mm", *request.psis_band_mm)
    cuts: dict[str, tuple[Cut, ...]] = {
        "trochanter_band": (deep, near_trochanter),
        "psis_band": (deep, near_psis),
        "overlap": (deep, near_trochanter, near_psis),
        "entry_zone": (deep, near_trochanter, ("below_piriformis_mm", 0.0, np.inf)),
    }
    distance_mm = float(np.linalg.norm(psis - trochanter))
    line_mm = np.array([psis, trochanter])
    patches = {zone: _patch(zone, fields, values, cut) for zone, cut in cuts.items()}
    if fields.is_shell:
        figures = ZoneFigures(distance_mm, gap_mm(distance_mm, request))
        return Zones(side, _filled(patches), figures, line_mm, SHELL_NOTE)
    area = {zone: _area_cm2(patch) for zone, patch in patches.items()}
    whole_deep = _patch("deep_surface", fields, values, (deep,))

    on_deep = fields.deepness > 0
    least = int(np.argmin(np.where(on_deep, values["deviation_mm"], np.inf)))
    compromise_mm = float(values["deviation_mm"][least])
    note = ""
    if area["overlap"] <= 0.0:
        reach = compromise_mm + COMPROMISE_BREADTH_MM
        patches["compromise"] = _patch(
            "compromise", fields, values, (deep, ("deviation_mm", -np.inf, reach))
        )
        del patches["overlap"]
    if area["entry_zone"] <= 0.0:
        # Never empty: where the band misses the region below piriformis, the part of the deep
        # surface there that comes nearest to the band stands in, and the note says so.
        patches["entry_zone"], note = _nearest_below_piriformis(fields, values, deep)
        area["entry_zone"] = _area_cm2(patches["entry_zone"])
    figures = ZoneFigures(
        psis_to_trochanter_mm=distance_mm,
        gap_mm=gap_mm(distance_mm, request),
        trochanter_band_cm2=area["trochanter_band"],
        psis_band_cm2=area["psis_band"],
        overlap_cm2=area["overlap"],
        entry_zone_cm2=area["entry_zone"],
        compromise_mm=compromise_mm,
        deep_surface_cm2=_area_cm2(whole_deep),
    )
    return Zones(
        side,
        _filled(patches),
        figures,
        line_mm,
        note,
        fields.vertices_mm[least].astype(float),
    )


def _filled(patches: Mapping[str, Patch]) -> dict[str, Patch]:
    return {zone: patch for zone, patch in patches.items() if len(patch.triangles)}


def gap_mm(psis_to_trochanter_mm: float, request: Request) -> float:
    """How far apart the two balls of the upper limits stay; 0 where they meet."""
    reach = request.trochanter_band_mm[1] + request.psis_band_mm[1]
    return max(0.0, psis_to_trochanter_mm - reach)


def _values(fields: SurfaceFields, request: Request) -> Mapping[str, FloatArray]:
    from_trochanter = np.abs(fields.to_trochanter_mm - np.mean(request.trochanter_band_mm))
    from_psis = np.abs(fields.to_psis_mm - np.mean(request.psis_band_mm))
    return {
        "deepness": fields.deepness,
        "to_trochanter_mm": fields.to_trochanter_mm,
        "to_psis_mm": fields.to_psis_mm,
        "below_piriformis_mm": fields.below_piriformis_mm,
        "deviation_mm": np.maximum(from_trochanter, from_psis),
    }


def _patch(
    zone: str, fields: SurfaceFields, values: Mapping[str, FloatArray], cuts: tuple[Cut, ...]
) -> Patch:
    """The part of the surface where every field lies within its limits, cut along exact values."""
    import pyvista as pv

    mesh = pv.PolyData.from_regular_faces(fields.vertices_mm.astype(float), fields.triangles)
    mesh.point_data["normal"] = normals_of(fields.vertices_mm, fields.triangles)
    for name, field in values.items():
        mesh.point_data[name] = field.astype(float)
    for name, low, high in cuts:
        for value, keep_below in ((low, False), (high, True)):
            if np.isfinite(value) and mesh.n_points:
                mesh = mesh.clip_scalar(scalars=name, invert=keep_below, value=value)
    if mesh.n_cells == 0:
        empty = np.empty((0, 3), np.float32)
        return Patch(zone, fields.side, empty, np.empty((0, 3), np.int32), empty)
    mesh = mesh.triangulate().clean()
    vertices = np.asarray(mesh.points, np.float32)
    triangles = np.asarray(mesh.regular_faces, np.int32)
    normals = np.asarray(mesh.point_data["normal"], np.float32)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return Patch(zone, fields.side, vertices, triangles, normals, border_lines(vertices, triangles))


def _nearest_below_piriformis(
    fields: SurfaceFields, values: Mapping[str, FloatArray], deep: Cut
) -> tuple[Patch, str]:
    allowed = (fields.deepness > 0) & (fields.below_piriformis_mm > 0)
    low = np.min(fields.to_trochanter_mm[allowed], initial=np.inf)
    note = (
        "The band around the trochanter does not reach below piriformis here; the nearest part of "
        "the deep surface is shown instead."
    )
    cuts = (
        deep,
        ("below_piriformis_mm", 0.0, np.inf),
        ("to_trochanter_mm", 0.0, float(low) + 10.0),
    )
    return _patch("entry_zone", fields, values, cuts), note


def _area_cm2(patch: Patch) -> float:
    corner = patch.vertices_mm.astype(float)[patch.triangles]
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    return float(np.linalg.norm(cross, axis=1).sum() / 2 / MM2_PER_CM2)


def border_lines(vertices: FloatArray, triangles: IntArray) -> tuple[FloatArray, ...]:
    """The open border of a surface as lines (k, 3), closed ones with the first point repeated."""
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    _, index, count = np.unique(
        np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True
    )
    following: dict[int, list[int]] = {}
    for a, b in edges[index[count == 1]].tolist():
        following.setdefault(a, []).append(b)
    lines = []
    while following:
        line = [next(iter(following))]
        while ends := following.get(line[-1]):
            line.append(ends.pop())
            if not ends:
                del following[line[-2]]
        if len(line) > 2:
            lines.append(np.asarray(vertices[line], np.float32))
    return tuple(lines)
