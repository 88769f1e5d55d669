"""Plain surfaces: weld, orient, close small holes, smooth normals, volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshes.specimen import FloatArray, IntArray

# A tetrahedron: no closed surface has fewer triangles.
FEWEST_CLOSED = 4


@dataclass(frozen=True, eq=False)
class Surface:
    """(n, 3) float64 vertices in mm, (m, 3) triangles and one material name a triangle, (m,)."""

    vertices_mm: FloatArray
    triangles: IntArray
    materials: IntArray | None = None
    material_names: tuple[str, ...] = ()

    def material_fraction(self, name: str) -> FloatArray:
        """(n,) share of a vertex's triangles that are of the named material, 0 to 1."""
        count = np.zeros(len(self.vertices_mm))
        hits = np.zeros(len(self.vertices_mm))
        if self.materials is None or name not in self.material_names:
            return hits
        is_it = (self.materials == self.material_names.index(name)).astype(float)
        np.add.at(count, self.triangles.ravel(), 1.0)
        np.add.at(hits, self.triangles.ravel(), np.repeat(is_it, 3))
        return np.asarray(hits / np.maximum(count, 1))


def clean(surface: Surface, weld_mm: float, largest_hole_edges: int) -> Surface:
    """Weld vertices closer than `weld_mm`, drop slivers and flakes, orient, close small holes.

    A hole with more edges than `largest_hole_edges` stays open (a nerve cut short on purpose).
    """
    import trimesh

    welded = weld(surface, weld_mm)
    keep = _manifold(welded.vertices_mm, welded.triangles)
    keep[keep] = ~_flakes(welded.triangles[keep])
    mesh = trimesh.Trimesh(welded.vertices_mm, welded.triangles[keep], process=False)
    trimesh.repair.fix_winding(mesh)
    triangles = np.asarray(mesh.faces)
    patches = _hole_patches(triangles, largest_hole_edges)
    materials = None if welded.materials is None else welded.materials[keep]
    if len(patches):
        if materials is not None:
            materials = np.concatenate([materials, np.full(len(patches), materials[0])])
        triangles = np.vstack([triangles, patches])
    triangles = _outward(welded.vertices_mm, triangles)
    used, compact = np.unique(triangles, return_inverse=True)
    return Surface(
        welded.vertices_mm[used], compact.reshape(-1, 3), materials, surface.material_names
    )


def _flakes(triangles: IntArray) -> IntArray:
    """(m,) bool: triangles of pieces too small to enclose anything; their normals cancel out."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, which = np.unique(edges, axis=0, return_inverse=True)
    owner = np.repeat(np.arange(len(triangles)), 3)
    incidence = coo_array((np.ones(len(owner)), (owner, which.ravel()))).tocsr()
    _, piece = connected_components(incidence @ incidence.T, directed=False)
    return np.asarray(np.bincount(piece)[piece] < FEWEST_CLOSED)


def _manifold(vertices_mm: FloatArray, triangles: IntArray) -> IntArray:
    """(m,) bool: without the smallest triangles on edges that three or more of them share."""
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, which, count = np.unique(edges, axis=0, return_inverse=True, return_counts=True)
    keep = np.ones(len(triangles), bool)
    corner = vertices_mm[triangles]
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    area = np.linalg.norm(cross, axis=1)
    owner = np.repeat(np.arange(len(triangles)), 3)
    for edge in np.flatnonzero(count > 2):
        sharing = [t for t in owner[which.ravel() == edge] if keep[t]]
        keep[sorted(sharing, key=lambda t: area[t])[: max(0, len(sharing) - 2)]] = False
    return keep


def weld(surface: Surface, weld_mm: float) -> Surface:
    """Join vertices closer than `weld_mm`; drop triangles that collapse or stand twice."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    points = surface.vertices_mm
    pairs = cKDTree(points).query_pairs(weld_mm, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(points),) * 2)
    count, label = connected_components(graph, directed=False)
    first = np.full(count, -1)
    first[label[::-1]] = np.arange(len(points))[::-1]
    triangles = label[surface.triangles]
    # Slivers that collapsed, and triangles that now stand twice, would break the closed surface.
    a, b, c = triangles.T
    keep = (a != b) & (b != c) & (c != a)
    _, index = np.unique(np.sort(triangles, axis=1), axis=0, return_index=True)
    once = np.zeros(len(triangles), bool)
    once[index] = True
    keep &= once
    used, compact = np.unique(triangles[keep], return_inverse=True)
    materials = None if surface.materials is None else surface.materials[keep]
    return Surface(points[first][used], compact.reshape(-1, 3), materials, surface.material_names)


def _hole_patches(triangles: IntArray, largest_edges: int) -> IntArray:
    """Triangle fans over the boundary loops of at most `largest_edges` edges, wound to match."""
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    twins = {(int(a), int(b)) for a, b in edges}
    open_next: dict[int, list[int]] = {}
    for a, b in twins:
        if (b, a) not in twins:
            open_next.setdefault(b, []).append(a)
    patches: list[tuple[int, int, int]] = []
    while open_next:
        # Walk along the rim; wherever the walk meets itself, the part between is one loop (two
        # holes may touch in a vertex).
        path = [next(iter(open_next))]
        while path[-1] in open_next:
            here = path[-1]
            following = open_next[here].pop()
            if not open_next[here]:
                del open_next[here]
            if following in path:
                start = path.index(following)
                loop, path = path[start:], path[: start + 1]
                if 3 <= len(loop) <= largest_edges:
                    patches += [(loop[0], loop[i], loop[i + 1]) for i in range(1, len(loop) - 1)]
            else:
                path.append(following)
    return np.array(patches, int).reshape(-1, 3)


def _outward(vertices_mm: FloatArray, triangles: IntArray) -> IntArray:
    """Each connected piece turned so that it encloses a positive volume."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(vertices_mm)
    edges = triangles[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), edges.T), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    piece = label[triangles[:, 0]]
    centred = vertices_mm - vertices_mm.mean(axis=0)
    signed = np.einsum(
        "ij,ij->i",
        centred[triangles[:, 0]],
        np.cross(centred[triangles[:, 1]], centred[triangles[:, 2]]),
    )
    inside_out = np.bincount(piece, signed, minlength=count)[piece] < 0
    return np.where(inside_out[:, None], triangles[:, ::-1], triangles)


def normals_of(vertices_mm: FloatArray, triangles: IntArray) -> FloatArray:
    """(n, 3) float32 smooth vertex normals, weighted by the triangles' areas."""
    corner = np.asarray(vertices_mm, float)[triangles]
    face = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.zeros((len(vertices_mm), 3))
    for axis in range(3):
        total[:, axis] = np.bincount(
            triangles.ravel(), np.repeat(face[:, axis], 3), minlength=len(vertices_mm)
        )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(total / np.maximum(length, 1e-12), np.float32)


def is_closed(triangles: IntArray) -> bool:
    """Every edge is shared by exactly two triangles that run along it in opposite directions."""
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    big = int(triangles.max()) + 1
    forward = edges[:, 0] * big + edges[:, 1]
    backward = edges[:, 1] * big + edges[:, 0]
    unique = np.unique(forward)
    return len(unique) == len(forward) and np.array_equal(unique, np.sort(backward))


def volume_cm3(vertices_mm: FloatArray, triangles: IntArray) -> float:
    """The enclosed volume in cm³ (meaningful for closed surfaces)."""
    corner = np.asarray(vertices_mm, float)[triangles]
    corner = corner - corner.mean(axis=(0, 1))
    six_mm3 = np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum()
    return float(six_mm3 / 6e3)
