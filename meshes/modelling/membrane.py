"""The obturator membrane: a thin sheet in the foramen's rim, open at the obturator canal."""

from __future__ import annotations

import numpy as np

from meshes.modelling.charts import Charts
from meshes.modelling.fibres import normals
from meshes.modelling.grow import Grown, fibre_fields
from meshes.modelling.signed_distance import Field
from meshes.modelling.table import Quality, footprints
from meshes.modelling.volume import Slab, level_set, mesh_of

DIRECTIONS, RINGS = 73, 14


def grow_membrane(charts: Charts, obstacles: Field, quality: Quality) -> Grown:
    """The membrane of one (left-like) side."""
    table, scale = footprints().membrane, charts.body.scale
    foramen = charts.foramen
    degrees = np.linspace(0, 360, DIRECTIONS)
    rim = np.array([foramen.at(d, table.over_rim_mm * scale, 0.0) for d in degrees])
    # The canal: a bay in the rim that the membrane leaves free.
    canal = foramen.at(table.canal_degrees, 0.0, 0.0)
    reach = np.linalg.norm(rim - foramen.middle, axis=1)
    share = np.linspace(0.04, 1, RINGS)
    sheet = foramen.middle + share[None, :, None] * (rim - foramen.middle)[:, None]
    bay = np.linalg.norm(sheet - canal, axis=2) < table.canal_radius_mm * scale
    limit = np.where(bay, share[None], 2.0).min(axis=1) - 0.5 / RINGS
    limit = np.minimum(limit, 1.0) * reach
    sheet = foramen.middle + (
        share[None, :, None] * (limit / reach)[:, None, None] * (rim - foramen.middle)[:, None]
    )
    up = normals(sheet, foramen.axes[2], 1.0)
    half = np.full(sheet.shape[:2], table.thickness_mm * scale / 2)
    field = level_set(
        Slab(sheet, up, half, half), obstacles, table.spacing_mm * quality.spacing * scale,
        0.9, table.gap_mm, (0.0, 0.0),
    )
    mesh = mesh_of(field, obstacles, table.gap_mm, int(table.triangles * quality.triangles))
    fibre, direction = fibre_fields(mesh.vertices_mm, sheet)
    return Grown(mesh, fibre, direction, np.ones(len(fibre), np.float32), sheet)
