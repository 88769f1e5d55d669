"""Skin of buttocks and thighs over everything else, with a layer of fat beneath it."""

from __future__ import annotations

import numpy as np

from meshes.modelling.remesh import Mesh, contour, euler_number, fair_mesh
from meshes.modelling.shapes import blend_cut, blend_union
from meshes.modelling.signed_distance import Field, Grid, inside
from meshes.modelling.table import Quality, Skin, footprints
from meshes.modelling.volume import healed
from meshes.specimen import SIDES, FloatArray, Specimen
from meshes.structure import structures

COVERED = ("bone", "muscle", "ligament", "fascia")
BONES = ("hip_bone", "femur", "sacrum", "coccyx")
# Room round the outermost part for fat and thigh.
MARGIN_MM = 60.0
# A grid's coordinates along x (nx, 1, 1), y (ny, 1) and z (nz,): what depends on the height alone
# is reckoned once a level.
Axes = tuple[FloatArray, FloatArray, FloatArray]


def grow_skin(specimen: Specimen, quality: Quality, scale: float) -> Mesh:
    """One closed surface from above the iliac crests to below the femurs."""
    from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter

    table = footprints().skin
    h = table.spacing_mm * max(1.0, quality.spacing * 0.8)
    bones = np.vstack([p.vertices_mm for p in specimen.parts.values() if p.structure in BONES])
    bones = bones.astype(float)
    top = float(bones[:, 2].max()) + table.above_crest_mm
    bottom = float(bones[:, 2].min()) - table.below_femur_mm
    grid = Grid.around(bones, MARGIN_MM * scale, h)
    filled = np.zeros(grid.shape, bool)
    for part in specimen.parts.values():
        if structures()[part.structure].kind in COVERED:
            filled |= inside(part.vertices_mm, part.triangles, grid)
    away = distance_transform_edt(~filled) * h
    # Closing: hollows narrower than this are filled with fat, the pelvic cavity slice by slice.
    wide = away < table.close_mm * scale
    for level in range(grid.shape[2]):
        wide[:, :, level] = binary_fill_holes(wide[:, :, level])
    wide[:, :, 0] = wide[:, :, 1]
    depth = distance_transform_edt(wide) * h - distance_transform_edt(~wide) * h
    body = (table.close_mm - table.fat_mm) * scale - depth
    body = gaussian_filter(body, table.smooth_mm / h)
    x, y, z = grid.axes()
    at = (x[:, None, None], y[:, None], z)
    value = body
    for side in SIDES:
        value = blend_union(value, _thigh(specimen, at, side, scale, table), table.blend_mm)
    value = blend_union(value, _trunk(specimen, at, scale, table), table.blend_mm)
    value = blend_cut(value, _between(specimen, at, scale, table), 8.0)
    # Whatever was smoothed or cut away: nothing may look through.
    value = np.minimum(value, gaussian_filter(away - table.least_mm, 0.7))
    # However near to each other the knees stand, two legs stay apart.
    slit = np.abs(at[0]) - table.between_thighs_mm / 2
    value = np.maximum(value, -np.maximum(slit, z - _crotch_mm(specimen, scale, table)))
    value = np.maximum(value, np.maximum(z - top, bottom - z))
    field = Field(grid, value.astype(np.float32))
    dense = contour(field)
    for width in (0.7, 1.2, 2.0):
        if euler_number(dense.triangles) == 2:
            break
        dense = contour(Field(grid, gaussian_filter(field.values, width)))
    if euler_number(dense.triangles) != 2:
        dense = healed(field)
    return fair_mesh(dense, int(table.triangles * quality.triangles), quality.even)


def _thigh(specimen: Specimen, at: Axes, side: str, scale: float, table: Skin) -> FloatArray:
    """(nx, ny, nz) about the distance to a thigh of usual size round the line from hip to knee."""
    hip = specimen.landmarks[side]["hip_joint_centre"].position_mm  # type: ignore[index]
    femur = specimen.parts[f"femur_{side}"].vertices_mm.astype(float)
    knee = femur[femur[:, 2] < femur[:, 2].min() + 40].mean(axis=0)
    outward = -1.0 if side == "right" else 1.0
    rows = np.array(table.thigh)
    share = (at[2] - hip[2]) / (knee[2] - hip[2])
    lateral, posterior, width, depth = (
        np.interp(share, rows[:, 0], rows[:, i]) * scale for i in range(1, 5)
    )
    middle = hip + share[:, None] * (knee - hip)
    x = (at[0] - middle[:, 0]) * outward - lateral
    y = at[1] - middle[:, 1] - posterior
    round_ = (np.sqrt((x / width) ** 2 + (y / depth) ** 2) - 1) * np.minimum(width, depth)
    # Upward the thigh ends within the pelvis.
    above = (rows[0, 0] - share) * abs(knee[2] - hip[2])
    return np.asarray(np.maximum(round_, above))


def _trunk(specimen: Specimen, at: Axes, scale: float, table: Skin) -> FloatArray:
    """(nx, ny, nz) about the distance to a lower trunk of usual size.

    Belly and loins lie in no part.
    """
    centres = [specimen.landmarks[side]["hip_joint_centre"].position_mm for side in SIDES]
    middle = np.mean(centres, axis=0)
    rows = np.array(table.trunk)
    above = (at[2] - middle[2]) / scale
    posterior, width, depth = (np.interp(above, rows[:, 0], rows[:, i]) * scale for i in (1, 2, 3))
    x, y = at[0] - middle[0], at[1] - middle[1] - posterior
    round_ = (np.sqrt((x / width) ** 2 + (y / depth) ** 2) - 1) * np.minimum(width, depth)
    return np.asarray(np.maximum(round_, (rows[0, 0] - above) * scale))


def _crotch_mm(specimen: Specimen, scale: float, table: Skin) -> float:
    """Height at which the legs part."""
    seats = [specimen.point_mm("ischial_tuberosity", side) for side in SIDES]
    lowest = min(float(p[2]) for p in seats if p is not None)
    return lowest - table.crotch_below_tuberosity_mm * scale


def _between(specimen: Specimen, at: Axes, scale: float, table: Skin) -> FloatArray:
    """(nx, ny, nz) the gap between the thighs and the cleft between the buttocks."""
    crotch = _crotch_mm(specimen, scale, table)
    tip = specimen.point_mm("coccyx_tip", "midline")
    aside = np.abs(at[0])
    # Wider farther down, so that two legs part.
    below = np.maximum(crotch - at[2], 0)
    gap = np.maximum(aside - table.between_thighs_mm - 0.05 * below, at[2] - crotch)
    if tip is None:
        return np.asarray(gap)
    upper = tip[2] + table.cleft_from_coccyx_mm * scale
    back = at[1] - (tip[1] + table.cleft_behind_coccyx_mm * scale)
    share = np.clip((upper - at[2]) / (table.cleft_length_mm * scale), 0, 1)
    width = table.cleft_half_width_mm * share
    cleft = np.maximum(np.maximum(aside - width, at[2] - upper), -back)
    return np.asarray(np.minimum(gap, cleft))
