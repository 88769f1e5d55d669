"""The coccyx: a tapering chain below the sacral apex, for a specimen that lacks one."""

from __future__ import annotations

import numpy as np

from meshes.modelling.clearing import cleared
from meshes.modelling.remesh import Mesh, contour, fair_mesh
from meshes.modelling.shapes import blend_union, ellipsoid
from meshes.modelling.signed_distance import Field, Grid, Obstacles
from meshes.modelling.table import Quality, footprints
from meshes.specimen import FloatArray, Specimen

CURVE_POINTS = 120
# How finely the sacrum is measured beside it, and the room left between them.
SACRUM_MM = 1.0
SACRUM_GAP_MM = 0.3


def grow_coccyx(specimen: Specimen, quality: Quality, scale: float) -> Mesh:
    """A coccyx from just below the sacral apex to the landmark `coccyx_tip`."""
    from scipy.interpolate import PchipInterpolator
    from scipy.spatial import cKDTree

    table = footprints().coccyx
    line, start = centre_line(specimen)
    length = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    size = float(np.sqrt(length / table.usual_length_mm)) * scale
    spacing = table.spacing_mm * quality.spacing * scale
    widest = max(row[1] for row in table.section) * size
    grid = Grid.around(line, widest + 8, spacing)
    points = grid.points()
    way = np.gradient(line, axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    back = np.stack([0 * way[:, 0], -way[:, 2], way[:, 1]], axis=1)
    _, which = cKDTree(line).query(points, workers=-1)
    offset = points - line[which]
    t = which / (CURVE_POINTS - 1)
    known = np.array([row[0] for row in table.section])
    half_width, half_depth = (
        PchipInterpolator(known, [row[i] * size for row in table.section])(t) for i in (1, 2)
    )
    # Past the ends of the line the solid is closed by half an ellipsoid.
    beyond = np.einsum("ij,ij->i", offset, way[which])
    depth = np.einsum("ij,ij->i", offset, back[which])
    cap = np.minimum(half_width, half_depth) * table.cap
    lateral = points[:, 0] / half_width
    near = np.sqrt(lateral**2 + (depth / half_depth) ** 2 + (beyond / cap) ** 2)
    solid = (near - 1) * np.minimum(half_width, half_depth)
    for knob in table.knobs:
        at = int(round(knob.along * (CURVE_POINTS - 1)))
        frame = np.stack([np.array([1.0, 0, 0]), way[at], back[at]])
        for side in (-1.0, 1.0):
            turn = np.radians(knob.tilt_degrees) * side
            tilted = np.stack(
                [
                    frame[0] * np.cos(turn) - frame[1] * np.sin(turn),
                    frame[1] * np.cos(turn) + frame[0] * np.sin(turn),
                    frame[2],
                ]
            )
            centre = line[at] + size * (
                frame[0] * side * knob.lateral_mm
                + frame[1] * knob.down_mm
                + frame[2] * knob.back_mm
            )
            shape = ellipsoid(points, centre, tilted, np.array(knob.half_mm) * size)
            solid = blend_union(solid, shape, table.blend_mm * size)
    field = Field(grid, solid.reshape(grid.shape).astype(np.float32))
    mesh = fair_mesh(contour(field), int(table.triangles * quality.triangles), quality.even)
    sacrum = specimen.parts["sacrum"]
    near = Obstacles(Grid.around(mesh.vertices_mm, 4.0, SACRUM_MM))
    near.add(sacrum.vertices_mm, sacrum.triangles)
    return cleared(mesh, near, SACRUM_GAP_MM)


def centre_line(specimen: Specimen) -> tuple[FloatArray, FloatArray]:
    """(k, 3) the bone's middle line, sacral apex to tip, and the middle of the apex."""
    table = footprints().coccyx
    marks = specimen.landmarks["midline"]
    apex, tip = marks["sacral_apex"].position_mm * [0, 1, 1], marks["coccyx_tip"].position_mm
    promontory = marks["sacral_promontory"].position_mm
    points = specimen.parts["sacrum"].vertices_mm
    low = points[(np.abs(points[:, 0]) < 6) & (points[:, 2] < apex[2] + 4)]
    # The facet's middle, not its lowest point.
    start = np.array([0.0, (low[:, 1].min() + low[:, 1].max()) / 2, apex[2]])
    along = (apex - promontory) * [0, 1, 1]
    down = along / np.linalg.norm(along)
    reach = np.linalg.norm(tip - start)
    # The sacrum's own lower end already points less backward than the whole bone.
    first = down * (1 - table.bend) + (tip - start) / reach * table.bend
    first /= np.linalg.norm(first)
    knee = start + first * reach * 0.5
    begin = start + first * table.first_gap_mm
    t = np.linspace(0, 1, CURVE_POINTS)[:, None]
    line = (1 - t) ** 2 * begin + 2 * t * (1 - t) * knee + t**2 * tip
    return np.asarray(line * [0, 1, 1]), start
