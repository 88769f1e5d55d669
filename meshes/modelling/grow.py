"""Growing one sheet-like part: footprints, relaxed fibres, thickness, surface, fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshes.modelling.charts import Charts, resample, smooth_curve
from meshes.modelling.fibres import (
    bend_through,
    densify,
    lift,
    normals,
    push_out,
    relax,
    rows,
    smooth,
)
from meshes.modelling.remesh import Mesh
from meshes.modelling.signed_distance import Field
from meshes.modelling.table import Quality, Sheet
from meshes.modelling.volume import (
    Slab,
    level_set,
    march,
    mesh_of,
    profile,
    scale_to_volume,
    smooth_step,
)
from meshes.specimen import FloatArray

LEG_POINTS = 24
VOLUME_SPACING_MM = 1.9
# A thin sheet needs its cells smaller than this share of its thickness.
CELLS_THROUGH = 0.6
# A pale end fades over this share of the fibre.
TENDON_FADE = 0.05


@dataclass(frozen=True, eq=False)
class Grown:
    """A finished surface with what the viewer draws fibres from.

    Attributes:
        fibre: (n, 2) u across the sheet and s along the fibre, 0 to 1.
        fibre_direction: (n, 3) unit vectors along the fibres.
        tendon: (n,) 0 flesh to 1 tendon.
        sheet: (fibres, points, 3) the relaxed fibres.
    """

    mesh: Mesh
    fibre: FloatArray
    fibre_direction: FloatArray
    tendon: FloatArray
    sheet: FloatArray


def grow(recipe: Sheet, charts: Charts, obstacles: Field, bone: Field, quality: Quality) -> Grown:
    """One part on one (left-like) side, clear of the obstacles."""
    scale = charts.body.scale
    sheet = fibre_sheet(recipe, charts, obstacles, bone, quality)
    outward = np.array(recipe.outward)
    broad = max(recipe.stretch.lift) > 0
    normal = normals(sheet, outward, 5.0 if broad else 2.0)
    count, points = sheet.shape[:2]
    top = profile(recipe.thickness, recipe.thickness.top_mm * scale, count, points)
    filled = recipe.thickness.fill_mm > 0
    if filled:
        from scipy.ndimage import gaussian_filter

        way = march(obstacles, sheet, normal, recipe.thickness.fill_mm * scale)
        deep = np.maximum(gaussian_filter(way, 1.2, mode="nearest"), recipe.thickness.deep_mm)
    else:
        deep = profile(recipe.thickness, recipe.thickness.deep_mm * scale, count, points)
    slab = Slab(sheet, normal, top, deep)
    thinnest = recipe.thickness.top_mm + recipe.thickness.deep_mm
    spacing = min(recipe.spacing_mm * quality.spacing, CELLS_THROUGH * thinnest) * scale
    if recipe.volume_cm3 is not None:
        target = recipe.volume_cm3 * 1000 * scale**3
        slab = scale_to_volume(
            slab,
            obstacles,
            target,
            max(spacing, VOLUME_SPACING_MM) if broad else spacing,
            recipe.blur,
            recipe.gap_mm,
            recipe.smooth_top,
            not filled,
        )
    field = level_set(slab, obstacles, spacing, recipe.blur, recipe.gap_mm, recipe.smooth_top)
    mesh = mesh_of(
        field,
        obstacles,
        recipe.gap_mm,
        int(recipe.triangles * quality.triangles),
        quality.even,
    )
    fibre, direction = fibre_fields(mesh.vertices_mm, sheet)
    return Grown(mesh, fibre, direction, tendon_ends(fibre[:, 1], recipe.tendon), sheet)


def fibre_sheet(
    recipe: Sheet, charts: Charts, obstacles: Field, bone: Field, quality: Quality
) -> FloatArray:
    """(fibres, points, 3) the relaxed and smoothed sheet."""
    from scipy.ndimage import gaussian_filter1d

    scale, stretch, count = charts.body.scale, recipe.stretch, recipe.fibres
    origin = smooth_curve(charts.curve(recipe.origin), count)
    insertion = smooth_curve(charts.curve(recipe.insertion), count)
    via = [smooth_curve(charts.curve(runs), count) for runs in recipe.via]
    pins = [smooth_curve(charts.curve(runs), count) for runs in recipe.pins]
    if stretch.embed_mm:
        origin = origin - stretch.embed_mm * scale * bone.gradient(origin)
    if stretch.embed_end_mm:
        insertion = insertion - stretch.embed_end_mm * scale * bone.gradient(insertion)
    origin = gaussian_filter1d(origin, 1.0, axis=0, mode="nearest")
    if stretch.push_end_mm:
        clear = rows([[x] for x in stretch.push_end_mm], count)[:, 0] * scale
        insertion = push_out(obstacles, insertion, clear)
        insertion = gaussian_filter1d(insertion, 1.5, axis=0, mode="nearest")
    clearance = stretch.clearance_mm * scale
    rest = rows(stretch.rest_mm, count) * scale
    if recipe.waist:
        waist = smooth_curve(charts.curve(recipe.waist), count)
        rest = rest + bend_through(origin, waist, insertion)
    early = rows([[x] for x in stretch.early], count)[:, 0]
    if not pins:
        bow = rows(stretch.bow_mm, count) * scale
        sheet = relax(
            obstacles,
            [origin, *via, insertion],
            recipe.points,
            clearance,
            bow,
            rest,
            early,
            stretch.across,
            quality.iterations,
        )
    else:
        knots = [origin, *pins, insertion]
        legs = []
        for leg, (start, end) in enumerate(zip(knots[:-1], knots[1:], strict=True)):
            bow = np.array(stretch.bow_mm[min(leg, len(stretch.bow_mm) - 1)]) * scale
            legs.append(
                relax(
                    obstacles,
                    [start, end],
                    LEG_POINTS,
                    clearance,
                    np.tile(bow, (count, 1)),
                    0 * rest,
                    early,
                    stretch.across,
                    quality.iterations,
                )
            )
        whole = np.concatenate([legs[0], *(leg[:, 1:] for leg in legs[1:])], axis=1)
        sheet = np.stack([resample(fibre, recipe.points) for fibre in whole])
        sheet = smooth(sheet, (0.6, 1.2))
    if max(stretch.lift) > 0:
        return lift(obstacles, sheet, clearance, stretch.lift, np.array(recipe.outward))
    return smooth(sheet, (0.8, 0.5))


def fibre_fields(vertices_mm: FloatArray, sheet: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each vertex (u, s), (n, 2), and the direction of the fibres there, (n, 3)."""
    from scipy.spatial import cKDTree

    across, along = (sheet.shape[0] - 1) * 3 + 1, (sheet.shape[1] - 1) * 3 + 1
    dense = densify(sheet, across, along)
    way = np.gradient(dense, axis=1)
    distance, which = cKDTree(dense.reshape(-1, 3)).query(vertices_mm, k=6, workers=-1)
    weight = 1 / (distance + 0.3) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    u = ((which // along) / (across - 1) * weight).sum(axis=1)
    s = ((which % along) / (along - 1) * weight).sum(axis=1)
    direction = (way.reshape(-1, 3)[which] * weight[..., None]).sum(axis=1)
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    return np.stack([u, s], axis=1).astype(np.float32), direction.astype(np.float32)


def tendon_ends(s: FloatArray, ends: tuple[float, float]) -> FloatArray:
    """(n,) share of tendon: 1 at both ends, fading into the flesh at the given shares."""
    first, last = ends
    start = 1 - smooth_step((s - first) / TENDON_FADE)
    end = smooth_step((s - last) / max(1 - last, TENDON_FADE))
    return np.asarray(np.maximum(start if first > 0 else 0 * s, end), np.float32)
