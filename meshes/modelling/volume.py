"""From a sheet of fibres to a closed surface: thickness, level set, fair mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshes.modelling.fibres import smooth
from meshes.modelling.remesh import Mesh, contour, euler_number, fair_mesh
from meshes.modelling.signed_distance import Field, Grid, signed_band
from meshes.modelling.table import Thickness
from meshes.specimen import FloatArray, IntArray

MARCH_STEP_MM = 1.0
FILL_REST_MM = 0.6
FILL_BEYOND_MM = 1.2
# Blurring that loses more than this of a part does it no good.
KEPT_SHARE = 0.6
THICKENING_CELLS = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, eq=False)
class Slab:
    """A sheet (fibres, points, 3) with unit normals and the thickness over and under it."""

    sheet: FloatArray
    normals: FloatArray
    top_mm: FloatArray
    deep_mm: FloatArray

    def scaled(self, factor: float, scale_deep: bool) -> Slab:
        """The slab with its thickness times a factor; a filled deep side stays on its bone."""
        deep = self.deep_mm * factor if scale_deep else self.deep_mm
        return Slab(self.sheet, self.normals, self.top_mm * factor, deep)


def profile(thickness: Thickness, maximum_mm: float, fibres: int, points: int) -> FloatArray:
    """(fibres, points) a belly along the fibres, rounded off across them."""
    s = np.linspace(0, 1, points)[None]
    u = np.linspace(0, 1, fibres)[:, None]
    rising = thickness.at_origin + (1 - thickness.at_origin) * smooth_step(s / thickness.rise)
    falling = thickness.at_insertion + (1 - thickness.at_insertion) * smooth_step(
        (1 - s) / (1 - thickness.fall)
    )
    round_off = (1 - np.abs(2 * u - 1) ** thickness.power) ** 0.6
    belly = np.minimum(rising, falling) * (thickness.floor + (1 - thickness.floor) * round_off)
    known = np.linspace(0, 1, len(thickness.across))
    return np.asarray(maximum_mm * belly * np.interp(u, known, thickness.across))


def smooth_step(x: FloatArray) -> FloatArray:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x))


def march(obstacles: Field, sheet: FloatArray, normals: FloatArray, most_mm: float) -> FloatArray:
    """(fibres, points) way from the sheet inward to the obstacles; a rest where there are none."""
    depth = np.full(sheet.shape[:2], np.nan)
    for way in np.arange(0, most_mm + MARCH_STEP_MM, MARCH_STEP_MM):
        met = (obstacles.sample(sheet - way * normals) < 0.3) & np.isnan(depth)
        depth[met] = way + FILL_BEYOND_MM
    return np.where(np.isnan(depth), FILL_REST_MM, depth)


def closed_slab(slab: Slab, smooth_top: tuple[float, float]) -> tuple[FloatArray, IntArray]:
    """Vertices and outward triangles of the slab: its top, its deep side and the wall between."""
    top = smooth(slab.sheet + slab.top_mm[..., None] * slab.normals, smooth_top)
    deep = slab.sheet - slab.deep_mm[..., None] * slab.normals
    rows, columns = top.shape[:2]
    number = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    upper = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    lower = upper[:, ::-1] + rows * columns
    rim = np.concatenate([number[:-1, 0], number[-1, :-1], number[:0:-1, -1], number[0, :0:-1]])
    following = np.roll(rim, -1)
    wall = np.concatenate(
        [
            np.stack([following, rim, rim + rows * columns], -1),
            np.stack([following, rim + rows * columns, following + rows * columns], -1),
        ]
    )
    vertices = np.concatenate([top.reshape(-1, 3), deep.reshape(-1, 3)])
    triangles = np.concatenate([upper, lower, wall])
    corner = vertices[triangles] - vertices.mean(axis=0)
    if np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum() < 0:
        triangles = triangles[:, ::-1]
    return vertices, triangles


def level_set(
    slab: Slab,
    obstacles: Field,
    spacing_mm: float,
    blur: float,
    gap_mm: float,
    smooth_top: tuple[float, float],
) -> Field:
    """Field below 0 inside the slab and outside the obstacles.

    The slab's signed distance is blurred by `blur` cells: where a sheet is hollow its sides cross
    and would crease.
    """
    from scipy.ndimage import gaussian_filter

    vertices, triangles = closed_slab(slab, smooth_top)
    grid = Grid.around(vertices, 4 * spacing_mm, spacing_mm)
    # Only the outermost cells count: sides that cross deep inside are no surface.
    values = gaussian_filter(signed_band(vertices, triangles, grid), blur)
    carve = gap_mm - obstacles.on_grid(grid)
    return Field(grid, _largest(np.maximum(values, carve).astype(np.float32)))


def scale_to_volume(
    slab: Slab,
    obstacles: Field,
    target_mm3: float,
    spacing_mm: float,
    blur: float,
    gap_mm: float,
    smooth_top: tuple[float, float],
    scale_deep: bool,
) -> Slab:
    """The slab with the thickness that gives the target volume (secant on a coarser grid)."""
    factor, history = 1.0, []
    for _ in range(4):
        trial = slab.scaled(factor, scale_deep)
        field = level_set(trial, obstacles, spacing_mm, blur, gap_mm, smooth_top)
        volume = _volume_mm3(field)
        history.append((factor, volume))
        if abs(volume - target_mm3) < 0.015 * target_mm3:
            break
        if len(history) > 1 and abs(history[-1][1] - history[-2][1]) > 1e-6:
            (f0, v0), (f1, v1) = history[-2:]
            factor = f1 + (target_mm3 - v1) * (f1 - f0) / (v1 - v0)
        else:
            factor *= (target_mm3 / max(volume, 1.0)) ** 0.9
        factor = float(np.clip(factor, 0.3, 3.0))
    best = min(history, key=lambda pair: abs(pair[1] - target_mm3))[0]
    return slab.scaled(best, scale_deep)


def mesh_of(field: Field, triangles: int, even: bool = True) -> Mesh:
    """The zero surface as one closed, even mesh of about so many triangles."""
    from scipy.ndimage import gaussian_filter

    dense = contour(field)
    for width in (0.6, 1.0, 1.6):
        if euler_number(dense.triangles) == 2:
            break
        # A tunnel or a pinch: blur until the surface is a plain ball again.
        smoother = gaussian_filter(field.values, width)
        if (smoother < 0).sum() < KEPT_SHARE * (field.values < 0).sum():
            break
        dense = contour(Field(field.grid, _largest(smoother)))
    if euler_number(dense.triangles) != 2:
        dense = healed(field)
    return fair_mesh(dense, triangles, even)


def healed(field: Field) -> Mesh:
    """A thin sheet with holes: thickened step by step until they close.

    Where that brings it into a neighbour, its vertices are pushed out again afterwards.
    """
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(field.values, 0.6)
    dense = contour(field)
    for cells in THICKENING_CELLS:
        grown = contour(Field(field.grid, _largest(soft - cells * field.grid.spacing_mm)))
        if euler_number(grown.triangles) == 2:
            return grown
    return dense


def _volume_mm3(field: Field) -> float:
    """Volume below 0, with the share of border cells read off the field's slope."""
    h = field.grid.spacing_mm
    return float(np.clip(0.5 - field.values / h, 0, 1).sum() * h**3)


def _largest(values: FloatArray) -> FloatArray:
    """The field with all but its largest region below 0 filled up."""
    from scipy.ndimage import label

    pieces, count = label(values < 0)
    if count < 2:
        return values
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    other = (pieces > 0) & (pieces != sizes.argmax())
    return np.asarray(np.where(other, np.abs(values) + 0.05, values))
