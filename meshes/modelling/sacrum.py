"""Openings, canal, hiatus and crests, worked into a sacrum that has none of them.

The bone stays the source's own wherever nothing is cut or added; the rest is marked modelled,
triangle by triangle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from meshes.modelling.charts import resample
from meshes.modelling.remesh import contour, euler_number, fair_mesh
from meshes.modelling.samples import surface_samples
from meshes.modelling.shapes import blend_cut, blend_union, ellipsoid, tube
from meshes.modelling.signed_distance import Field, Grid, signed_distance
from meshes.modelling.table import Quality, footprints
from meshes.specimen import ORIGINS, FloatArray, Part, Side, Specimen

# The bone's surface is looked for this far off the line promontory – apex, in such steps.
THICKEST_MM, STEP_MM = 70.0, 0.25
SIDES: tuple[tuple[Side, float], ...] = (("left", 1.0), ("right", -1.0))


def lacks_openings(sacrum: Part) -> bool:
    """Whether the bone is a plain ball: no foramina, no canal."""
    return euler_number(np.asarray(sacrum.triangles)) == 2


class Axes:
    """The sacrum's own directions: across it, down along it, forward off it; lengths in mm.

    A level is a share of the way from promontory (0) to apex (1).
    """

    def __init__(self, specimen: Specimen, solid: Field) -> None:
        marks = specimen.landmarks["midline"]
        self.top = marks["sacral_promontory"].position_mm * [0, 1, 1]
        along = marks["sacral_apex"].position_mm * [0, 1, 1] - self.top
        self.length = float(np.linalg.norm(along))
        self.down = along / self.length
        self.forward = np.array([0.0, self.down[2], -self.down[1]])
        self.rows = np.stack([np.array([1.0, 0.0, 0.0]), self.down, self.forward])
        self.solid = solid

    def span(self, v: float, lateral_mm: float) -> tuple[float, float]:
        """Height over that line of the bone's front and back, at a level and a place across."""
        height = np.arange(-THICKEST_MM, THICKEST_MM, STEP_MM)
        line = self.at(v, lateral_mm, 0.0) + height[:, None] * self.forward
        bone = height[self.solid.sample(line) < 0]
        return (float(bone.max()), float(bone.min())) if len(bone) else (0.0, 0.0)

    def at(self, v: float, lateral_mm: float, over_mm: float) -> FloatArray:
        """The point (3,) at a level, a place across, and a height over that line."""
        return np.asarray(self.top + np.array([lateral_mm, v * self.length, over_mm]) @ self.rows)

    def on_back(self, v: float, lateral_mm: float) -> FloatArray:
        """The point (3,) of the bone's back at a level and a place across."""
        return self.at(v, lateral_mm, self.span(v, lateral_mm)[1])

    def within(self, v: float, depth: float) -> FloatArray:
        """The point (3,) in the middle at a level, this share of the way from back to front."""
        front, back = self.span(min(max(v, 0.05), 0.97), 0.0)
        return self.at(v, 0.0, back + (front - back) * depth)

    def level(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of points (n, 3) the level (n,) and the height over the line promontory – apex (n,)."""
        offset = points - self.top
        return offset @ self.down / self.length, offset @ self.forward


@dataclass(frozen=True, eq=False)
class Stroke:
    """One piece of work on the solid: a shape that is added or cut away.

    Attributes:
        line: (k, 3) what the work lies along; beyond `reach_mm` of it all stays untouched.
        shape: points (n, 3) to about their distances (n,) from the shape, negative within it.
        blend_mm: how wide the rim is rounded.
    """

    line: FloatArray
    reach_mm: float
    shape: Callable[[FloatArray], FloatArray]
    adds: bool
    blend_mm: float

    def work(self, grid: Grid, solid: FloatArray) -> None:
        """Change the solid's values in place."""
        window = grid.window(self.line, self.reach_mm)
        part = grid.part(window)
        value = solid[window].reshape(-1).astype(float)
        blend = blend_union if self.adds else blend_cut
        solid[window] = blend(value, self.shape(part.points()), self.blend_mm).reshape(part.shape)


def detail_sacrum(specimen: Specimen, quality: Quality, scale: float) -> Part:
    """The specimen's sacrum with foramina S1 to S4, canal, hiatus and crests."""
    from scipy.ndimage import gaussian_filter
    from scipy.spatial import cKDTree

    table = footprints().sacrum
    source = specimen.parts["sacrum"]
    spacing = table.spacing_mm * quality.spacing
    grid = Grid.around(np.asarray(source.vertices_mm, float), 8.0, spacing)
    solid = signed_distance(source.vertices_mm, source.triangles, grid)
    axes = Axes(specimen, Field(grid, solid.copy()))
    for stroke in _tubercles(axes, scale):
        stroke.work(grid, solid)
    # The patches of the source meet in faint creases, knobs in nicks: faired by less than a cell.
    solid = gaussian_filter(solid, 0.7)
    for stroke in (_canal(axes, scale), _hiatus(axes, scale), *_foramina(specimen, axes, scale)):
        stroke.work(grid, solid)
    count = int(table.triangles * quality.triangles)
    mesh = fair_mesh(contour(Field(grid, solid)), count, quality.even)
    tree = cKDTree(surface_samples(source.vertices_mm, source.triangles, 0.25)[0])
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
            "Foramina, canal, hiatus and crests are modelled; the rest is the source's bone. "
            f"{handles + 1} openings lead into the canal (a surface of genus {handles})."
        ),
    )


def _tubercles(axes: Axes, scale: float) -> list[Stroke]:
    """The spines of the median crest and the knobs of the crests on either side of it."""
    table = footprints().sacrum
    strokes = []
    for knob in table.tubercles:
        half = np.array([knob.half_width_mm, knob.half_length_mm, knob.height_mm]) * scale
        places = {knob.lateral_mm * scale, -knob.lateral_mm * scale}
        for lateral in sorted(places):
            centre = axes.on_back(knob.along, lateral)
            shape = partial(ellipsoid, centre=centre, axes=axes.rows, half_mm=half)
            strokes.append(
                Stroke(centre[None], 2 * half.max(), shape, True, table.tubercle_blend_mm)
            )
    return strokes


def _canal(axes: Axes, scale: float) -> Stroke:
    """The way of the sacral canal: an oval that narrows downward, and below its inlet leaves a
    wall between itself and the bone's surface."""
    table = footprints().sacrum
    v, depth, width, height = np.array(table.canal).T
    line = np.array([axes.within(*row) for row in zip(v, depth, strict=True)])
    middle = (line - axes.top) @ axes.forward

    def shape(points: FloatArray) -> FloatArray:
        at, over = axes.level(points)
        half_width, half_height = (np.interp(at, v, size * scale) for size in (width, height))
        ring = np.hypot(points[:, 0] / half_width, (over - np.interp(at, v, middle)) / half_height)
        oval = (ring - 1) * np.minimum(half_width, half_height)
        beyond = (np.abs(at - (v[0] + v[-1]) / 2) - (v[-1] - v[0]) / 2) * axes.length
        inlet = np.clip((table.lamina_from - at) * axes.length, 0, None)
        too_near = axes.solid.sample(points) + table.wall_mm * scale - inlet
        return np.asarray(np.maximum(np.maximum(oval, beyond), too_near))

    return Stroke(line, 2 * width.max() * scale, shape, False, table.blend_mm)


def _hiatus(axes: Axes, scale: float) -> Stroke:
    """The gap in the canal's back wall between the horns: an arch, open downward.

    All behind the canal's floor is taken away; the floor runs out on the back of the apex.
    """
    table = footprints().sacrum
    first, last = table.hiatus_along
    v, depth = np.array(table.hiatus_floor).T
    line = np.array([axes.within(*row) for row in zip(v, depth, strict=True)])
    floor = (line - axes.top) @ axes.forward

    def shape(points: FloatArray) -> FloatArray:
        at, over = axes.level(points)
        share = np.clip((at - first) / (last - first), 0, 1)
        width = table.hiatus_half_width_mm * scale * share**table.hiatus_arch
        aside = np.abs(points[:, 0]) - width
        above = (first - at) * axes.length
        return np.asarray(np.maximum(np.maximum(aside, above), over - np.interp(at, v, floor)))

    return Stroke(line, 2 * table.hiatus_half_width_mm * scale, shape, False, table.blend_mm)


def _foramina(specimen: Specimen, axes: Axes, scale: float) -> list[Stroke]:
    """Each foramen as tubes: a funnel from the front, a narrower one from the back, and the way
    to the canal between them."""
    table = footprints().sacrum
    strokes = []
    for foramen in table.foramina:
        for side, outward in SIDES:
            mark = specimen.landmark(foramen.landmark, side)
            if mark is None:
                continue
            front = mark.position_mm
            v = float((front - axes.top) @ axes.down) / axes.length
            lateral = abs(front[0]) * foramen.back_medial * outward
            back = axes.on_back(v, lateral)
            length = float(np.linalg.norm(front - back))
            through = (front - back) / length
            neck = back + through * length * table.neck_depth
            rows = np.array(table.canal)
            # The nerve leaves the canal a little higher than its foramen.
            high = v - table.nerve_rise
            middle = axes.within(high, float(np.interp(high, rows[:, 0], rows[:, 1])))
            narrow = min(table.neck_mm, foramen.back_mm) * scale
            funnel = resample(np.stack([front + through * 4, front - through * 2, neck]), 5)
            wide = np.linspace(foramen.front_mm * scale, narrow, 5)
            behind = np.stack([back - through * 4, back, neck])
            mouth = foramen.back_mm * scale
            for line, radii, squeeze in (
                (funnel, wide, (axes.down, table.front_flatness)),
                (behind, np.array([mouth, mouth, narrow]), (axes.rows[0], table.back_narrowness)),
                (np.stack([neck, middle]), np.array([narrow, narrow]), None),
            ):
                shape = partial(tube, line=line, radius_mm=radii, squeeze=squeeze)
                strokes.append(Stroke(line, 10 * scale, shape, False, table.blend_mm))
    return strokes
