"""The obturator membrane: a thin sheet in the foramen's rim, open at the obturator canal."""

from __future__ import annotations

import numpy as np

from meshes.modelling.charts import Charts
from meshes.modelling.clearing import cleared
from meshes.modelling.fibres import normals
from meshes.modelling.grow import CELLS_THROUGH, Grown, fibre_fields
from meshes.modelling.signed_distance import Obstacles
from meshes.modelling.table import Quality, footprints
from meshes.modelling.volume import Slab, level_set, mesh_of

CHORDS, POINTS = 41, 37
LAST_DEGREES = 172.0


def grow_membrane(charts: Charts, obstacles: Obstacles, quality: Quality) -> Grown:
    """The membrane of one (left-like) side: fibres straight across the foramen.

    Each runs between two points of the rim that lie equally far from the obturator canal, which
    the first of them leaves open.
    """
    table, scale = footprints().membrane, charts.body.scale
    foramen, over = charts.foramen, table.over_rim_mm * scale
    radius = float(foramen.radius_mm.mean())
    first = np.degrees(np.arcsin(min(table.canal_radius_mm * scale / radius, 0.9))) * 2
    aside = np.linspace(first, LAST_DEGREES, CHORDS)
    ends = [
        np.array([foramen.at(table.canal_degrees + way * d, over, 0.0) for d in aside])
        for way in (-1.0, 1.0)
    ]
    share = np.linspace(0, 1, POINTS)[None, :, None]
    sheet = ends[0][:, None] * (1 - share) + ends[1][:, None] * share
    up = normals(sheet, foramen.axes[2], 1.0)
    half = np.full(sheet.shape[:2], table.thickness_mm * scale / 2)
    spacing = min(table.spacing_mm * quality.spacing, CELLS_THROUGH * table.thickness_mm) * scale
    field = level_set(
        Slab(sheet, up, half, half),
        obstacles.field,
        spacing,
        0.5,
        table.gap_mm,
        (0.0, 0.0),
    )
    mesh = mesh_of(field, int(table.triangles * quality.triangles), quality.even)
    mesh = cleared(mesh, obstacles, table.gap_mm)
    fibre, direction = fibre_fields(mesh, sheet)
    return Grown(mesh, fibre, direction, np.ones(len(fibre), np.float32), sheet)
