"""Openings, canal, hiatus and median crest, worked into a sacrum that has none of them.

The bone stays the source's own wherever nothing is cut or added; the rest is marked modelled,
triangle by triangle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from meshes.modelling.charts import resample
from meshes.modelling.remesh import contour, euler_number, fair_mesh
from meshes.modelling.shapes import blend_cut, blend_union, ellipsoid, tube
from meshes.modelling.signed_distance import Field, Grid, signed_distance
from meshes.modelling.table import Quality, SacralForamen, SacralTubercle, footprints
from meshes.specimen import ORIGINS, FloatArray, Part, Side, Specimen

SIDES: tuple[tuple[Side, float], ...] = (("left", 1.0), ("right", -1.0))


def lacks_openings(sacrum: Part) -> bool:
    """Whether the bone is a plain ball: no foramina, no canal."""
    return euler_number(np.asarray(sacrum.triangles)) == 2


class Axes:
    """The sacrum's own directions: down along it, forward off it, and lengths in mm."""

    def __init__(self, specimen: Specimen) -> None:
        marks = specimen.landmarks["midline"]
        self.top = marks["sacral_promontory"].position_mm * [0, 1, 1]
        along = marks["sacral_apex"].position_mm * [0, 1, 1] - self.top
        self.length = float(np.linalg.norm(along))
        self.down = along / self.length
        self.forward = np.array([0.0, self.down[2], -self.down[1]])
        self.points = np.asarray(specimen.parts["sacrum"].vertices_mm, float)

    def at(self, v: float) -> FloatArray:
        """The point of the straight line promontory – apex at this share."""
        return np.asarray(self.top + self.down * self.length * v)

    def span(self, v: float, lateral_mm: float) -> tuple[float, float]:
        """Height over that line of the bone's front and back, at a level and a place across."""
        near = self.points[
            (np.abs((self.points - self.at(v)) @ self.down) < 3)
            & (np.abs(self.points[:, 0] - lateral_mm) < 2.5)
        ]
        if len(near) < 3:
            return 0.0, -10.0
        height = (near - self.at(v)) @ self.forward
        return float(height.max()), float(height.min())


def detail_sacrum(specimen: Specimen, quality: Quality, scale: float) -> Part:
    """The specimen's sacrum with foramina S1 to S4, canal, hiatus and median crest."""
    from scipy.ndimage import gaussian_filter
    from scipy.spatial import cKDTree

    table = footprints().sacrum
    source = specimen.parts["sacrum"]
    axes = Axes(specimen)
    spacing = table.spacing_mm * quality.spacing
    grid = Grid.around(axes.points, 8.0, spacing)
    solid = signed_distance(source.vertices_mm, source.triangles, grid)
    # The patches of the source meet in faint creases: faired by less than a cell.
    solid = gaussian_filter(solid, 0.5)
    for knob in table.crest:
        line = np.stack(
            [
                axes.at(knob.along + d) + axes.forward * axes.span(knob.along, 0.0)[1]
                for d in (-0.05, 0.05)
            ]
        )
        work(
            grid,
            solid,
            line,
            16 * scale,
            lambda value, points, knob=knob: blend_union(  # type: ignore[misc]
                value, _tubercle(axes, points, knob, scale), 4 * table.blend_mm
            ),
        )
    canal, radius = _canal(axes, scale)
    work(
        grid,
        solid,
        canal,
        12 * scale,
        lambda value, points: blend_cut(
            value, tube(points, canal, radius, (axes.forward, table.canal_flatness)), table.blend_mm
        ),
    )
    hiatus = _hiatus(axes)
    width = np.full(len(hiatus), table.hiatus_half_width_mm * scale)
    work(
        grid,
        solid,
        hiatus,
        10 * scale,
        lambda value, points: blend_cut(
            value,
            tube(points, hiatus, width, (axes.forward, table.hiatus_flatness)),
            table.blend_mm,
        ),
    )
    for foramen in table.foramina:
        for side, outward in SIDES:
            mark = specimen.landmark(foramen.landmark, side)
            if mark is None:
                continue
            for line, radii in _passage(axes, mark.position_mm, foramen, scale, outward):
                work(
                    grid,
                    solid,
                    line,
                    10 * scale,
                    lambda value, points, line=line, radii=radii: blend_cut(  # type: ignore[misc]
                        value, tube(points, line, radii, (axes.down, table.across)), table.blend_mm
                    ),
                )
    field = Field(grid, solid)
    count = int(table.triangles * quality.triangles)
    mesh = fair_mesh(contour(field), count, None, 0.0, quality.even)
    tree = cKDTree(_dense(source))
    middle = mesh.vertices_mm[mesh.triangles].mean(axis=1)
    own = tree.query(middle, workers=-1)[0] < table.source_within_mm
    origin = np.where(own, ORIGINS.index("source"), ORIGINS.index("modelled")).astype(np.uint8)
    handles = 1 - euler_number(mesh.triangles) // 2
    return replace(
        source,
        vertices_mm=mesh.vertices_mm.astype(np.float32),
        triangles=mesh.triangles.astype(np.int32),
        normals=mesh.normals,
        triangle_origin=origin,
        note=(
            "Foramina, canal, hiatus and median crest are modelled; the rest is the source's bone "
            f"(a surface of genus {handles})."
        ),
    )


def work(
    grid: Grid,
    solid: FloatArray,
    line: FloatArray,
    reach_mm: float,
    tool: Callable[[FloatArray, FloatArray], FloatArray],
) -> None:
    """Let a tool work on the solid within reach of a line; all else stays untouched."""
    window = grid.window(line, reach_mm)
    part = grid.part(window)
    value = solid[window].reshape(-1).astype(float)
    solid[window] = tool(value, part.points()).reshape(part.shape)


def _canal(axes: Axes, scale: float) -> tuple[FloatArray, FloatArray]:
    line, radius = [], []
    for v, depth, size in footprints().sacrum.canal:
        front, back = axes.span(max(v, 0.05), 0.0)
        line.append(axes.at(v) + axes.forward * (back + (front - back) * depth))
        radius.append(size * scale)
    return np.array(line), np.array(radius)


def _hiatus(axes: Axes) -> FloatArray:
    """The gap in the back wall between the horns: a groove from the canal's end downward."""
    table = footprints().sacrum
    line = []
    for v in table.hiatus_along:
        front, back = axes.span(min(v, 0.97), 0.0)
        line.append(axes.at(v) + axes.forward * (back + (front - back) * table.hiatus_depth))
    return np.array(line)


def _tubercle(axes: Axes, points: FloatArray, knob: SacralTubercle, scale: float) -> FloatArray:
    back = axes.span(knob.along, 0.0)[1]
    centre = axes.at(knob.along) + axes.forward * back
    half = np.array([knob.half_width_mm, knob.half_length_mm, knob.height_mm]) * scale
    frame = np.stack([np.array([1.0, 0, 0]), axes.down, axes.forward])
    return ellipsoid(points, centre, frame, half)


def _passage(
    axes: Axes, front: FloatArray, foramen: SacralForamen, scale: float, outward: float
) -> list[tuple[FloatArray, FloatArray]]:
    """One foramen as tubes: a funnel from the front, a narrower one from the back, and the way to
    the canal between them."""
    table = footprints().sacrum
    v = float((front - axes.top) @ axes.down) / axes.length
    lateral = abs(front[0]) * foramen.back_medial * outward
    back = axes.at(v) + np.array([lateral, 0, 0]) + axes.forward * axes.span(v, lateral)[1]
    length = float(np.linalg.norm(front - back))
    through = (front - back) / length
    neck = back + through * length * table.neck_depth
    depth = np.interp(v, [row[0] for row in table.canal], [row[1] for row in table.canal])
    top, low = axes.span(v, 0.0)
    # The nerve leaves the canal a little higher than its foramen.
    middle = axes.at(v - 0.03) + axes.forward * (low + (top - low) * depth)
    narrow = table.neck_mm * scale
    funnel = resample(np.stack([front + through * 4, front - through * 2, neck]), 5)
    wide = np.linspace(foramen.front_mm * scale * 1.1, narrow, 5)
    return [
        (funnel, wide),
        (np.stack([back - through * 4, neck]), np.array([foramen.back_mm * scale, narrow])),
        (np.stack([neck, middle]), np.array([narrow, narrow])),
    ]


def _dense(part: Part) -> FloatArray:
    from meshes.modelling.signed_distance import surface_samples

    return surface_samples(part.vertices_mm, part.triangles, 0.25)[0]
