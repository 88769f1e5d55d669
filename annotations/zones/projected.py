"""Zones seen from outside: the deep surface's fields carried to the superficial surface and skin.

Every point of the superficial surface takes the values of the deep surface's point nearest to it,
straight through the muscle; every point of the skin those of the superficial point nearest to it.
The danger triangle is projected from behind and needs no carrying.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from annotations.zones.refine import evened, nearest_on, refined
from meshes.specimen import FloatArray, IntArray, Part, Specimen
from meshes.surface import normals_of

if TYPE_CHECKING:
    from annotations.zones.fields import SurfaceFields

CARRIED = ("to_trochanter_mm", "to_psis_mm", "below_piriformis_mm", "across", "along")
SKIN_EDGE_MM = 5.0
SKIN_MARGIN_MM = 40.0
# How clearly a point of the skin must lie over the superficial surface and not over the rim.
CLEAR_OF_RIM = 0.15
CERTAINLY_OVER = 0.7
MASK_EVENING_ROUNDS = 4
# The nearest point jumps where the muscle is bent; this evens the jumps out over about 10 mm.
EVENING_ROUNDS = 25


def projected(specimen: Specimen, fields: SurfaceFields) -> Mapping[str, SurfaceFields]:
    """`superficial`, and `skin` where the specimen has one."""
    superficial = _superficial(specimen, fields)
    skin = specimen.part("skin", fields.side)
    if skin is None:
        return {"superficial": superficial}
    on_skin = _on_skin(specimen, fields, superficial, skin)
    if on_skin is None:
        return {"superficial": superficial}
    return {"superficial": superficial, "skin": on_skin}


def _superficial(specimen: Specimen, fields: SurfaceFields) -> SurfaceFields:
    deepness = fields.deepness
    vertices, triangles, kept = part_of(
        fields.vertices_mm, fields.triangles, np.any(deepness[fields.triangles] <= 0, axis=1)
    )
    deep = fields.triangles[(deepness[fields.triangles] > 0).all(axis=1)]
    values = _carried(fields, deep, vertices, triangles) | {"deepness": -deepness[kept]}
    return _finished(specimen, fields, vertices, triangles, values)


def _on_skin(
    specimen: Specimen, fields: SurfaceFields, superficial: SurfaceFields, skin: Part
) -> SurfaceFields | None:
    low = fields.vertices_mm.min(axis=0) - SKIN_MARGIN_MM
    high = fields.vertices_mm.max(axis=0) + SKIN_MARGIN_MM
    near = ((skin.vertices_mm >= low) & (skin.vertices_mm <= high)).all(axis=1)
    vertices, triangles, _ = part_of(
        skin.vertices_mm, skin.triangles, near[skin.triangles].any(axis=1)
    )
    if not len(triangles):
        return None
    vertices, triangles = refined(vertices, triangles, SKIN_EDGE_MM)
    over = _over(fields, vertices, triangles)
    on_top = superficial.triangles[(superficial.deepness[superficial.triangles] > 0).all(axis=1)]
    values = _carried(superficial, on_top, vertices, triangles) | {"deepness": over}
    vertices, triangles, kept = part_of(vertices, triangles, np.any(over[triangles] > 0, axis=1))
    if not len(triangles):
        return None
    values = {name: value[kept] for name, value in values.items()}
    return _finished(specimen, fields, vertices, triangles, values)


def _over(fields: SurfaceFields, vertices: FloatArray, triangles: IntArray) -> FloatArray:
    """(n,) above 0 where the skin lies over the muscle and not beside it.

    The muscle's nearest point must be on its superficial surface, the skin must face away from
    it, and it must be no farther off than where it certainly lies over the belly: thus neither
    thigh counts, whose nearest point is the muscle's lower border.
    """
    cell, weight, off = nearest_on(fields.vertices_mm, fields.triangles, vertices)
    corners = fields.triangles[cell]
    superficial = -(fields.deepness[corners] * weight).sum(axis=1)
    outward = vertices - (fields.vertices_mm[corners] * weight[..., None]).sum(axis=1)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    facing = np.einsum("ij,ij->i", normals_of(vertices, triangles), outward)
    certain = (superficial > CERTAINLY_OVER) & (facing > CERTAINLY_OVER)
    if not certain.any():
        return np.full(len(vertices), -1.0)
    farthest = float(np.percentile(off[certain], 95))
    over = np.minimum.reduce([superficial - CLEAR_OF_RIM, facing - 0.2, 1 - off / farthest])
    return evened(triangles, over, MASK_EVENING_ROUNDS)


def _carried(
    fields: SurfaceFields, source: IntArray, vertices_mm: FloatArray, triangles: IntArray
) -> dict[str, FloatArray]:
    """Values at the points of the source's triangles that are nearest to another surface's."""
    cell, weight, _ = nearest_on(fields.vertices_mm, source, vertices_mm)
    corners = source[cell]
    return {
        name: evened(triangles, (fields.values[name][corners] * weight).sum(axis=1), EVENING_ROUNDS)
        for name in CARRIED
        if name in fields.values
    }


def _finished(
    specimen: Specimen,
    fields: SurfaceFields,
    vertices: FloatArray,
    triangles: IntArray,
    values: dict[str, FloatArray],
) -> SurfaceFields:
    from annotations.zones.fields import triangle_fields

    values |= triangle_fields(specimen, fields.side, vertices)
    return replace(
        fields,
        vertices_mm=np.asarray(vertices, np.float32),
        triangles=np.asarray(triangles, np.int32),
        values={name: np.asarray(value, np.float32) for name, value in values.items()},
        projected={},
    )


def part_of(
    vertices_mm: FloatArray, triangles: IntArray, keep: FloatArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """Some triangles as a surface of their own, and which vertices it kept."""
    kept, renumbered = np.unique(triangles[keep], return_inverse=True)
    return vertices_mm[kept], renumbered.reshape(-1, 3).astype(np.int32), kept
