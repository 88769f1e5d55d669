"""The deep surface without its facets, for drawing zones on.

A muscle made of few large triangles is drawn in smooth light, yet distances follow every facet: a
zone's border, exact as it is, then runs in kinks that are the mesh's and not the body's. Zones are
therefore cut from a calmed copy of the surface, whose distances are measured anew; figures stay
those of the surface as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annotations.zones.fields import SurfaceFields, straight_fields
from annotations.zones.refine import evened
from meshes.specimen import FloatArray, IntArray, Specimen

# Waves longer than some ten edges stay (the windowed sinc filter does not shrink: Taubin, Zhang &
# Golub 1996, "Optimal surface smoothing as filter design").
PASS_BAND = 0.02
ROUNDS = 30
# No point of the surface moves farther than this.
FARTHEST_MM = 1.0
# Facing the bones or not is decided vertex by vertex; its border is evened over some 4 mm.
BORDER_ROUNDS = 10
# Fractions that are estimated on a coarser mesh come in steps of it.
ESTIMATE_ROUNDS = 15


def calmed(specimen: Specimen, fields: SurfaceFields) -> SurfaceFields:
    """Fields on the calmed surface; ways along it and projections are as they were."""
    vertices = _calm(fields.vertices_mm, fields.triangles)
    straight = straight_fields(specimen, fields.side, vertices.astype(float))
    values = {name: np.asarray(value, np.float32) for name, value in straight.items()}
    deepness = evened(fields.triangles, fields.deepness.astype(float), BORDER_ROUNDS)
    values["deepness"] = np.asarray(deepness, np.float32)
    if fields.fibres == "estimated":
        for name in ("across", "along"):
            even = evened(fields.triangles, fields.values[name].astype(float), ESTIMATE_ROUNDS)
            values[name] = np.asarray(even, np.float32)
    return replace(fields, vertices_mm=vertices, values={**fields.values, **values})


def _calm(vertices_mm: FloatArray, triangles: IntArray) -> FloatArray:
    import pyvista as pv

    mesh = pv.PolyData.from_regular_faces(vertices_mm.astype(float), triangles)
    smooth = np.asarray(mesh.smooth_taubin(n_iter=ROUNDS, pass_band=PASS_BAND).points)
    moves = smooth - vertices_mm
    length = np.linalg.norm(moves, axis=1, keepdims=True)
    moves *= np.minimum(1.0, FARTHEST_MM / np.maximum(length, 1e-9))
    return np.asarray(vertices_mm + moves, np.float32)
