"""Scalar fields on gluteus maximus that zones are cut from.

The muscle's surface is subdivided (which does not change its shape) so that a zone's border, drawn
along exact values of a field, is smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshes.specimen import FloatArray, IntArray, Part, Side, Specimen

LONGEST_EDGE_MM = 2.5
# Facing: how far the surrounding anatomy pulls, and how much it is evened out over the surface.
FACING_SAMPLES = 4000
FACING_SMOOTHING_ROUNDS = 60
DEEP_NEIGHBOURS = (
    "hip_bone",
    "femur",
    "sacrum",
    "coccyx",
    "gluteus_medius",
    "gluteus_minimus",
    "piriformis",
    "gemellus_superior",
    "obturator_internus",
    "gemellus_inferior",
    "quadratus_femoris",
)


@dataclass(frozen=True, eq=False)
class SurfaceFields:
    """Gluteus maximus of one side, finely meshed, with a value of each field a vertex.

    `deepness`: above 0 on the deep surface, below on the superficial one.
    `below_piriformis_mm`: how far below the lower border of piriformis (negative: above it).
    `is_shell`: a stand-in surface where the muscle is missing (see `shells`).
    """

    side: Side
    vertices_mm: FloatArray
    triangles: IntArray
    deepness: FloatArray
    to_trochanter_mm: FloatArray
    to_psis_mm: FloatArray
    below_piriformis_mm: FloatArray
    is_shell: bool = False

    def arrays(self) -> dict[str, FloatArray]:
        """Every array by name, for the cache."""
        names = [n for n in self.__dataclass_fields__ if n not in ("side", "is_shell")]
        return {name: getattr(self, name) for name in names}

    def mirrored(self) -> SurfaceFields:
        """The other side's fields, where the muscle is the mirror image."""
        other: Side = "right" if self.side == "left" else "left"
        flipped = self.arrays() | {
            "vertices_mm": self.vertices_mm * np.array([-1, 1, 1], np.float32),
            "triangles": np.ascontiguousarray(self.triangles[:, ::-1]),
        }
        return SurfaceFields(other, **flipped, is_shell=self.is_shell)


def surface_fields(specimen: Specimen, side: Side) -> SurfaceFields | None:
    """The fields of one side, or None where there is no gluteus maximus; about 1 s."""
    muscle = specimen.part("gluteus_maximus", side)
    if muscle is None:
        return None
    vertices, triangles = _subdivided(muscle)
    deep = [part for name in DEEP_NEIGHBOURS if (part := specimen.part(name, side)) is not None]
    trochanter = specimen.point_mm("greater_trochanter_tip", side)
    psis = specimen.point_mm("psis", side)
    assert trochanter is not None and psis is not None
    return SurfaceFields(
        side,
        vertices.astype(np.float32),
        triangles.astype(np.int32),
        _deepness(vertices, triangles, deep).astype(np.float32),
        np.linalg.norm(vertices - trochanter, axis=1).astype(np.float32),
        np.linalg.norm(vertices - psis, axis=1).astype(np.float32),
        below_piriformis_mm(specimen, side, vertices).astype(np.float32),
    )


def below_piriformis_mm(specimen: Specimen, side: Side, points_mm: FloatArray) -> FloatArray:
    """(n,) height of piriformis's lower border less that of the points, seen from behind.

    The border is followed from its medial end to the trochanter; beyond its ends the line to the
    greater trochanter, or the sacrum's level, continues it. Without piriformis the line runs from
    the middle between PSIS and coccyx tip to the trochanter tip, the surface rule of the textbooks
    (evidence: surface_rule_piriformis).
    """
    border = piriformis_border_mm(specimen, side)
    order = np.argsort(border[:, 0])
    height = np.interp(points_mm[:, 0], border[order, 0], border[order, 2])
    return np.asarray(height - points_mm[:, 2])


def piriformis_border_mm(specimen: Specimen, side: Side) -> FloatArray:
    """(k, 3) the lower border of piriformis as a line, medial to lateral end at the trochanter."""
    trochanter = specimen.point_mm("greater_trochanter_tip", side)
    psis = specimen.point_mm("psis", side)
    coccyx = specimen.point_mm("coccyx_tip", side)
    assert trochanter is not None and psis is not None and coccyx is not None
    muscle = specimen.part("piriformis", side)
    if muscle is None:
        return np.array([(psis + coccyx) / 2, trochanter])
    points = muscle.vertices_mm.astype(float)
    slices = np.linspace(points[:, 0].min(), points[:, 0].max(), 26)
    lowest = []
    for low, high in zip(slices[:-1], slices[1:], strict=True):
        inside = points[(points[:, 0] >= low) & (points[:, 0] <= high)]
        if len(inside):
            lowest.append(inside[np.argmin(inside[:, 2])])
    return np.array(lowest)


def _subdivided(part: Part) -> tuple[FloatArray, IntArray]:
    import trimesh

    vertices, triangles = trimesh.remesh.subdivide_to_size(
        part.vertices_mm.astype(float), part.triangles, LONGEST_EDGE_MM
    )
    merged = trimesh.Trimesh(vertices, triangles, process=False)
    merged.merge_vertices()
    return np.asarray(merged.vertices), np.asarray(merged.faces)


def _deepness(vertices: FloatArray, triangles: IntArray, deep: list[Part]) -> FloatArray:
    """Whether a vertex faces the bones and deep muscles: its normal along their pull, evened out.

    The pull of the surrounding anatomy (sum of directions over distance to the fourth power, from
    points spread over its surfaces) points at what lies next to the muscle, so the sign does not
    hang on a cutting plane. The largest connected deep region is kept, so that a fold of the
    superficial surface does not count.
    """
    from scipy.sparse import coo_array, diags_array, eye_array
    from scipy.sparse.csgraph import connected_components

    from meshes.surface import normals_of

    cloud = _spread(deep)
    pull = np.empty_like(vertices)
    for start in range(0, len(vertices), 1000):
        offset = cloud[None] - vertices[start : start + 1000, None]
        weight = 1.0 / (np.einsum("ijk,ijk->ij", offset, offset) + 9.0) ** 2.5
        pull[start : start + 1000] = np.einsum("ij,ijk->ik", weight, offset)
    pull /= np.linalg.norm(pull, axis=1, keepdims=True)
    facing = np.einsum("ij,ij->i", normals_of(vertices, triangles), pull)

    n = len(vertices)
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), edges.T), shape=(n, n)).tocsr()
    spread = graph + graph.T + eye_array(n)
    spread = diags_array(1.0 / np.asarray(spread.sum(axis=1)).ravel()) @ spread
    for _ in range(FACING_SMOOTHING_ROUNDS):
        facing = spread @ facing
    is_deep = facing > 0
    inner = edges[is_deep[edges].all(axis=1)]
    _, label = connected_components(
        coo_array((np.ones(len(inner)), inner.T), shape=(n, n)), directed=False
    )
    main = np.bincount(label[is_deep]).argmax()
    facing[is_deep & (label != main)] *= -1
    return np.asarray(facing)


def _spread(parts: list[Part]) -> FloatArray:
    """Points spread evenly over the parts' surfaces."""
    import trimesh

    areas = np.array([part.trimesh.area for part in parts])
    counts = np.maximum((FACING_SAMPLES * areas / areas.sum()).astype(int), 20)
    return np.vstack(
        [
            trimesh.sample.sample_surface(part.trimesh, int(count), seed=1)[0]
            for part, count in zip(parts, counts, strict=True)
        ]
    )
