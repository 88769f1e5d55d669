"""Scalar fields on gluteus maximus that zones are cut from.

The muscle's surface is subdivided (which does not change its shape) so that a zone's border, drawn
along exact values of a field, is smooth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from annotations.zones.fibres import fibre_fractions, rim_arcs, rim_corners, rim_of
from annotations.zones.geodesic import Geodesics
from annotations.zones.refine import evened, refined, with_point
from annotations.zones.zone import Fibres
from meshes.specimen import FloatArray, IntArray, Part, Side, Specimen

LONGEST_EDGE_MM = 3.5
# Ways along the surface are solved on a coarser mesh of the same surface and carried linearly to
# the fine one: 0.02 mm off on average, the fine one itself would take ten times as long.
GEODESIC_EDGE_MM = 6.0

Values = Mapping[str, FloatArray]
# Facing: how far the surrounding anatomy pulls, and how much it is evened out over the surface.
FACING_SAMPLES = 4000
FACING_NEIGHBOURS = 100  # the rest pull too little to matter
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


# The landmarks that ways along the surface are measured from, and the field they become.
WAYS: Mapping[str, str] = {
    "greater_trochanter_tip": "along_surface_to_trochanter_mm",
    "psis": "along_surface_to_psis_mm",
    "piis": "along_surface_to_piis_mm",
    "ischial_tuberosity": "along_surface_to_ischial_tuberosity_mm",
}
TRIANGLE = ("piis", "ischial_tuberosity", "greater_trochanter_tip")
NOWHERE_MM = 1e6


@dataclass(frozen=True, eq=False)
class SurfaceFields:
    """Gluteus maximus of one side, finely meshed, with a value of each field a vertex.

    Attributes:
        values: (n,) float32 a name. `deepness`: above 0 on the deep surface, below on the
            superficial one. `to_trochanter_mm`, `to_psis_mm`: straight from the landmark.
            `along_surface_to_…_mm`: over the muscle's surface from its point nearest to the
            landmark. `below_piriformis_mm`: how far below the lower border of piriformis
            (negative: above it). `across`: 0 at the upper to 1 at the lower border. `along`: 0 at
            the origin to 1 at the insertion. `triangle_0_mm`, `_1`, `_2`: how far inside each
            side of the danger triangle, seen from behind. What could not be had is left out.
        fibres: where `across` and `along` come from: `modelled` fibres, `estimated` from origin
            and insertion, `none`.
        is_shell: a stand-in surface where the muscle is missing (see `shells`).
        projected: the same fields carried to other surfaces, by name (see `projected`);
            `deepness` is above 0 where they lie over the deep surface.
    """

    side: Side
    vertices_mm: FloatArray
    triangles: IntArray
    values: Mapping[str, FloatArray]
    fibres: Fibres = "none"
    is_shell: bool = False
    projected: Mapping[str, SurfaceFields] = field(default_factory=dict)

    @property
    def deepness(self) -> FloatArray:
        """(n,) above 0 on the deep surface."""
        return self.values["deepness"]

    @cached_property
    def normals(self) -> FloatArray:
        """(n, 3) float32 unit vectors out of the muscle."""
        from meshes.surface import normals_of

        return normals_of(self.vertices_mm, self.triangles)

    def mirrored(self) -> SurfaceFields:
        """The other side's fields, where the muscle is the mirror image."""
        return replace(
            self,
            side="right" if self.side == "left" else "left",
            vertices_mm=self.vertices_mm * np.array([-1, 1, 1], np.float32),
            triangles=np.ascontiguousarray(self.triangles[:, ::-1]),
            projected={name: other.mirrored() for name, other in self.projected.items()},
        )


def surface_fields(specimen: Specimen, side: Side) -> SurfaceFields | None:
    """The fields of one side, or None where there is no gluteus maximus; a few seconds."""
    from annotations.zones.projected import projected

    muscle = specimen.part("gluteus_maximus", side)
    if muscle is None:
        return None
    modelled = muscle.fields.get("fibre")
    columns = [muscle.vertices_mm] if modelled is None else [muscle.vertices_mm, modelled]
    table, triangles = np.hstack(columns).astype(float), muscle.triangles
    sources = {}
    for landmark, name in WAYS.items():
        point = specimen.point_mm(landmark, side)
        if point is not None:
            table, triangles, sources[name] = with_point(table, triangles, point)
    table, triangles = refined(table, triangles, GEODESIC_EDGE_MM)
    geodesics = Geodesics(table[:, :3], triangles)
    ways = {name: geodesics.from_vertices(np.array([at])) for name, at in sources.items()}
    fibres: Fibres = "none"
    if modelled is not None:
        ways |= {"across": table[:, 3], "along": table[:, 4]}
        fibres = "modelled"
    elif (estimate := _estimated_fibres(specimen, side, table, triangles, geodesics)) is not None:
        ways |= estimate
        fibres = "estimated"
    names = list(ways)
    table = np.column_stack([table[:, :3], *(ways[name] for name in names)])
    table, triangles = refined(table, triangles, LONGEST_EDGE_MM)
    vertices = table[:, :3]
    values = {name: table[:, 3 + i] for i, name in enumerate(names)}
    values["deepness"] = _deepness(vertices, triangles, _neighbours(specimen, side))
    values |= straight_fields(specimen, side, vertices)
    fields = SurfaceFields(side, *_compact(vertices, triangles, values), fibres)
    return replace(fields, projected=projected(specimen, fields))


def straight_fields(specimen: Specimen, side: Side, points_mm: FloatArray) -> Values:
    """What landmarks and piriformis alone say of (n, 3) points."""
    trochanter = specimen.point_mm("greater_trochanter_tip", side)
    psis = specimen.point_mm("psis", side)
    assert trochanter is not None and psis is not None
    return {
        "to_trochanter_mm": np.linalg.norm(points_mm - trochanter, axis=1),
        "to_psis_mm": np.linalg.norm(points_mm - psis, axis=1),
        "below_piriformis_mm": below_piriformis_mm(specimen, side, points_mm),
        **triangle_fields(specimen, side, points_mm),
    }


def triangle_fields(specimen: Specimen, side: Side, points_mm: FloatArray) -> Values:
    """How far (n, 3) points lie inside each side of the danger triangle, seen from behind."""
    corners = [specimen.point_mm(name, side) for name in TRIANGLE]
    if any(corner is None for corner in corners):
        return {}
    flat = np.array(corners, float)[:, [0, 2]]
    points = np.asarray(points_mm, float)[:, [0, 2]]
    out = {}
    for i in range(3):
        a, b, opposite = flat[i], flat[(i + 1) % 3], flat[(i + 2) % 3]
        inward = np.array([a[1] - b[1], b[0] - a[0]])
        inward *= np.sign(inward @ (opposite - a)) / np.linalg.norm(inward)
        out[f"triangle_{i}_mm"] = (points - a) @ inward
    return out


def _estimated_fibres(
    specimen: Specimen,
    side: Side,
    vertices: FloatArray,
    triangles: IntArray,
    geodesics: Geodesics,
) -> Values | None:
    """`across` and `along` from origin and insertion; None where the rim has no such order."""
    coccyx = specimen.point_mm("coccyx_tip", side)
    if coccyx is None:
        return None
    vertices = vertices[:, :3]
    deepness = _deepness(vertices, triangles, _neighbours(specimen, side))
    try:
        rim = rim_of(vertices, triangles, deepness)
        arcs = rim_arcs(vertices, triangles, deepness, rim, rim_corners(rim, coccyx, side))
        across, along = fibre_fractions(geodesics, arcs)
    except ValueError:
        return None
    return {"across": across, "along": along}


def _compact(
    vertices: FloatArray, triangles: IntArray, values: Values
) -> tuple[FloatArray, IntArray, Values]:
    return (
        vertices.astype(np.float32),
        triangles.astype(np.int32),
        {name: np.asarray(field, np.float32) for name, field in values.items()},
    )


def _neighbours(specimen: Specimen, side: Side) -> list[Part]:
    return [part for name in DEEP_NEIGHBOURS if (part := specimen.part(name, side)) is not None]


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


def _deepness(vertices: FloatArray, triangles: IntArray, deep: list[Part]) -> FloatArray:
    """Whether a vertex faces the bones and deep muscles: its normal along their pull, evened out.

    The pull of the surrounding anatomy (sum of directions over distance to the fourth power, from
    points spread over its surfaces) points at what lies next to the muscle, so the sign does not
    hang on a cutting plane. The largest connected deep region is kept, so that a fold of the
    superficial surface does not count.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    from meshes.surface import normals_of

    cloud = _spread(deep)
    near, which = cKDTree(cloud).query(vertices, k=min(FACING_NEIGHBOURS, len(cloud)))
    weight = 1.0 / (near**2 + 9.0) ** 2.5
    pull = np.einsum("ij,ijk->ik", weight, cloud[which] - vertices[:, None])
    pull /= np.linalg.norm(pull, axis=1, keepdims=True)
    facing = np.einsum("ij,ij->i", normals_of(vertices, triangles), pull)

    n = len(vertices)
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    facing = evened(triangles, facing, FACING_SMOOTHING_ROUNDS)
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
