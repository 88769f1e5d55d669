"""Even, closed triangle meshes from level sets: contour, fair, and re-triangulate isotropically."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshes.modelling.edges import (
    apex_of,
    compacted,
    cross_products,
    edge_length,
    free_of_each_other,
    independent,
    lengths,
    neighbour_matrix,
    opposite,
    surface_area,
    unique_edges,
)
from meshes.modelling.signed_distance import Field
from meshes.specimen import FloatArray, IntArray
from meshes.surface import is_closed, normals_of

# A grid value this close to 0 would put several vertices in one point.
OFF_LEVEL = 0.02
FAIR_ROUNDS = 20
PASS_BAND = 0.1
REMESH_ROUNDS = 4
# An edge may turn by so many radians; no edge is shorter than this share of the even length.
TURN_PER_EDGE = 0.9
SMALLEST_EDGE = 0.38
# The rounds end a little above the wanted length.
COUNT_BIAS = 1.2
# Edges are cut or drawn together beyond these shares of the wanted length.
LONGEST, SHORTEST = 4 / 3, 4 / 5


@dataclass(frozen=True, eq=False)
class Mesh:
    """Vertices (n, 3) in mm, triangles (m, 3), unit normals (n, 3)."""

    vertices_mm: FloatArray
    triangles: IntArray
    normals: FloatArray


def contour(field: Field) -> Mesh:
    """The zero surface of a field, its largest piece, closed and oriented outward."""
    import pyvista

    values = np.pad(field.values, 1, constant_values=3.0)
    values = np.where(np.abs(values) < OFF_LEVEL, OFF_LEVEL, values)
    h = field.grid.spacing_mm
    image = pyvista.ImageData(
        dimensions=values.shape, spacing=(h, h, h), origin=field.grid.origin_mm - h
    )
    image.point_data["level"] = values.ravel(order="F").astype(np.float32)
    poly = image.contour([0.0], scalars="level", method="flying_edges")
    vertices = np.asarray(poly.points, float)
    triangles = np.asarray(poly.faces).reshape(-1, 4)[:, 1:]
    return _outward(*_largest_piece(vertices, triangles))


def fair(mesh: Mesh, rounds: int = FAIR_ROUNDS, band: float = PASS_BAND) -> Mesh:
    """The same mesh smoothed without shrinking (windowed sinc)."""
    import pyvista

    poly = pyvista.make_tri_mesh(mesh.vertices_mm, mesh.triangles)
    out = poly.smooth_taubin(n_iter=rounds, pass_band=band)
    vertices = np.asarray(out.points, float)
    return Mesh(vertices, mesh.triangles, normals_of(vertices, mesh.triangles))


def fair_mesh(dense: Mesh, triangles: int, even: bool = True) -> Mesh:
    """A fair mesh of about `triangles` triangles on a dense one.

    Triangles are near to equilateral, smaller where the surface bends more: rims stay smooth.
    With `even` false they are as decimation leaves them: a preview in a fraction of the time.
    """
    from scipy.spatial import cKDTree

    smooth = fair(dense)
    if not even:
        return _decimated(smooth, triangles)
    edge = _sizes(smooth, triangles)
    start = _decimated(smooth, int(triangles * 2.0))
    tree = cKDTree(smooth.vertices_mm)
    vertices, faces = start.vertices_mm.copy(), start.triangles.copy()
    for _ in range(REMESH_ROUNDS):
        size = edge[tree.query(vertices)[1]]
        vertices, faces, size = _split_long(vertices, faces, size)
        vertices, faces, size = _collapse_short(vertices, faces, size)
        faces = _flip(vertices, faces)
        vertices = _slide(vertices, faces, size)
        vertices = _onto(vertices, faces, smooth, tree)
    return Mesh(vertices, faces, normals_of(vertices, faces))


def _sizes(mesh: Mesh, triangles: int) -> FloatArray:
    """(n,) wanted edge length in mm: as the curvature asks, and so that the count comes out."""
    edges, _ = unique_edges(mesh.triangles)
    a, b = edges.T
    length = np.maximum(edge_length(mesh.vertices_mm, edges), 1e-6)
    bend = lengths(mesh.normals[a] - mesh.normals[b]) / length
    neighbours = neighbour_matrix(edges, len(mesh.vertices_mm))
    count = np.maximum(np.asarray(neighbours.sum(axis=1)).ravel(), 1)
    # The sharpest bend at a vertex or beside it counts: a rim is a line of few vertices.
    curvature = np.zeros(len(count))
    np.maximum.at(curvature, a, bend)
    np.maximum.at(curvature, b, bend)
    for _ in range(2):
        curvature = 0.5 * curvature + 0.5 * (neighbours @ curvature) / count
    widest = curvature.copy()
    np.maximum.at(widest, a, curvature[b])
    np.maximum.at(widest, b, curvature[a])
    curvature = widest
    wanted = TURN_PER_EDGE / np.maximum(curvature, 1e-3)
    area = surface_area(mesh.vertices_mm, mesh.triangles)
    share = area / len(wanted)
    # An equilateral triangle of edge e has the area e²·√3/4.
    even = float(np.sqrt(area / triangles * 4 / np.sqrt(3)))
    low, high = 0.4 * even, 6.0 * even
    for _ in range(30):
        base = (low + high) / 2
        edge = np.clip(wanted, SMALLEST_EDGE * even, base)
        if (share / (edge**2 * np.sqrt(3) / 4)).sum() > triangles * COUNT_BIAS:
            low = base
        else:
            high = base
    return np.asarray(np.clip(wanted, SMALLEST_EDGE * even, base))


def euler_number(triangles: IntArray) -> int:
    """Vertices − edges + triangles: 2 for a ball, 2 less for each handle."""
    start, end = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).T.astype(np.int64)
    size = int(triangles.max()) + 1
    code = np.sort(np.minimum(start, end) * size + np.maximum(start, end))
    edges = 1 + np.count_nonzero(np.diff(code))
    vertices = np.count_nonzero(np.bincount(triangles.ravel()))
    return int(vertices - edges + len(triangles))


def _decimated(mesh: Mesh, triangles: int) -> Mesh:
    """Quadric decimation, if it keeps the surface closed; otherwise the mesh as it is."""
    import pyvista

    if len(mesh.triangles) <= triangles:
        return mesh
    poly = pyvista.make_tri_mesh(mesh.vertices_mm, mesh.triangles)
    out = poly.decimate(1 - triangles / len(mesh.triangles), volume_preservation=True)
    faces = np.asarray(out.faces).reshape(-1, 4)[:, 1:].astype(np.int64)
    if is_closed(faces) and euler_number(faces) == euler_number(mesh.triangles):
        vertices = np.asarray(out.points, float)
        return Mesh(vertices, faces, normals_of(vertices, faces))
    return mesh


def _split_long(
    vertices: FloatArray, triangles: IntArray, size: FloatArray
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Edges cut in the middle that are too long, at most one of each triangle at a time."""
    for _ in range(6):
        edges, beside = unique_edges(triangles)
        length = edge_length(vertices, edges)
        wanted = np.flatnonzero(length > LONGEST * _middle(size, edges))
        chosen = wanted[independent(beside[wanted], -length[wanted], len(triangles))]
        if not len(chosen):
            break
        size = np.concatenate([size, _middle(size, edges[chosen])])
        new = len(vertices) + np.arange(len(chosen))
        vertices = np.vstack([vertices, _middle(vertices, edges[chosen])])
        more = []
        triangles = triangles.copy()
        for side in (0, 1):
            which = beside[chosen, side]
            old = triangles[which]
            apex = apex_of(old, edges[chosen])
            rows = np.arange(len(old))
            top, left, right = (old[rows, (apex + i) % 3] for i in range(3))
            triangles[which] = np.stack([top, left, new], axis=1)
            more.append(np.stack([top, new, right], axis=1))
        triangles = np.vstack([triangles, *more])
    return vertices, triangles, size


def _collapse_short(
    vertices: FloatArray, triangles: IntArray, size: FloatArray
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Too short edges drawn together, where the surface stays closed and nothing folds over."""
    vertices, size = vertices.copy(), size.copy()
    for _ in range(12):
        edges, beside = unique_edges(triangles)
        length = edge_length(vertices, edges)
        short = np.flatnonzero(length < SHORTEST * _middle(size, edges))
        if not len(short):
            break
        neighbours = neighbour_matrix(edges, len(vertices))
        a, b = edges[short].T
        # Both ends may share only the two vertices across the edge.
        common = np.asarray(neighbours[a].multiply(neighbours[b]).sum(axis=1)).ravel()
        short = short[common == 2]
        short = short[free_of_each_other(edges[short], length[short], neighbours)]
        if not len(short):
            break
        a, b = edges[short].T
        # The end that lies on a rim stays there; the other one is drawn to it.
        share = (size[b] ** 4 / (size[a] ** 4 + size[b] ** 4))[:, None]
        middle = share * vertices[a] + (1 - share) * vertices[b]
        moved = vertices.copy()
        moved[a] = middle
        moved[b] = middle
        folds = _folds(vertices, moved, triangles, beside[short], np.stack([a, b], axis=1))
        a, b, middle = a[~folds], b[~folds], middle[~folds]
        if not len(a):
            break
        vertices[a] = middle
        size[a] = np.minimum(size[a], size[b])
        target = np.arange(len(vertices))
        target[b] = a
        triangles = target[triangles]
        whole = (
            (triangles[:, 0] != triangles[:, 1])
            & (triangles[:, 1] != triangles[:, 2])
            & (triangles[:, 2] != triangles[:, 0])
        )
        used, triangles = compacted(triangles[whole], len(vertices))
        vertices, size = vertices[used], size[used]
    return vertices, triangles, size


def _middle(values: FloatArray, edges: IntArray) -> FloatArray:
    """(e, …) mean of the values at both ends of each edge."""
    return np.asarray((values[edges[:, 0]] + values[edges[:, 1]]) / 2)


def _folds(
    before: FloatArray, after: FloatArray, triangles: IntArray, dying: IntArray, ends: IntArray
) -> FloatArray:
    """(k,) bool: collapses whose surviving triangles turn by more than about 75 degrees."""
    owner = np.full(len(before), -1)
    owner[ends[:, 0]] = np.arange(len(ends))
    owner[ends[:, 1]] = np.arange(len(ends))
    alive = np.ones(len(triangles), bool)
    alive[dying.ravel()] = False
    touched = owner >= 0
    near = alive & np.logical_or.reduce([touched[corner] for corner in triangles.T])
    faces = triangles[near]
    old, new = cross_products(before, faces), cross_products(after, faces)
    dot = np.einsum("ij,ij->i", old, new)
    turned = lengths(new)
    bad = (dot < 0.25 * (lengths(old) * turned)) | (turned < 1e-3)
    out = np.zeros(len(ends), bool)
    hit = owner[faces[bad]].ravel()
    out[hit[hit >= 0]] = True
    return out


def _flip(vertices: FloatArray, triangles: IntArray) -> IntArray:
    """Edges turned where that brings the vertices nearer to six neighbours each."""
    for _ in range(3):
        edges, beside = unique_edges(triangles)
        valence = np.bincount(edges.ravel(), minlength=len(vertices))
        neighbours = neighbour_matrix(edges, len(vertices))
        a, b = edges.T
        c, d = (opposite(triangles[beside[:, i]], edges) for i in (0, 1))
        before = sum(np.abs(valence[v] - 6) for v in (a, b, c, d))
        after = (
            np.abs(valence[a] - 7)
            + np.abs(valence[b] - 7)
            + np.abs(valence[c] - 5)
            + np.abs(valence[d] - 5)
        )
        gain = before - after
        good = (gain > 0) & (valence[a] > 3) & (valence[b] > 3) & (c != d)
        wanted = np.flatnonzero(good)
        if not len(wanted):
            break
        linked = np.asarray(neighbours[c[wanted], d[wanted]]).ravel() > 0
        wanted = wanted[~linked]
        # The two new triangles must face as the old ones did.
        first = triangles[beside[wanted, 0]]
        rows = np.arange(len(wanted))
        apex = apex_of(first, edges[wanted])
        p, q = first[rows, (apex + 1) % 3], first[rows, (apex + 2) % 3]
        new0 = np.stack([c[wanted], p, d[wanted]], axis=1)
        new1 = np.stack([c[wanted], d[wanted], q], axis=1)
        old = cross_products(vertices, first) + cross_products(
            vertices, triangles[beside[wanted, 1]]
        )
        old_size = lengths(old)
        ok = np.ones(len(wanted), bool)
        for new in (new0, new1):
            cross = cross_products(vertices, new)
            size = lengths(cross)
            ok &= np.einsum("ij,ij->i", cross, old) > 0.7 * size * old_size
            ok &= size > 0.1 * old_size
        keep = np.flatnonzero(ok)
        # Flips that share a triangle or a vertex wait for the next round.
        touched = np.stack([a, b, c, d], axis=1)[wanted[keep]]
        chosen = keep[independent(touched, -gain[wanted[keep]], len(vertices))]
        triangles = triangles.copy()
        triangles[beside[wanted[chosen], 0]] = new0[chosen]
        triangles[beside[wanted[chosen], 1]] = new1[chosen]
    return triangles


def _slide(vertices: FloatArray, triangles: IntArray, size: FloatArray) -> FloatArray:
    """Vertices moved within the surface towards the middle of their neighbours.

    Neighbours that want longer edges pull less hard than those that want short ones.
    """
    edges, _ = unique_edges(triangles)
    neighbours = neighbour_matrix(edges, len(vertices))
    pull = 1 / size
    total = np.asarray(neighbours @ pull)
    for _ in range(3):
        normal = normals_of(vertices, triangles).astype(float)
        way = neighbours @ (vertices * pull[:, None]) / total[:, None] - vertices
        way -= normal * np.einsum("ij,ij->i", way, normal)[:, None]
        vertices = vertices + 0.6 * way
    return vertices


def _onto(vertices: FloatArray, triangles: IntArray, surface: Mesh, tree: object) -> FloatArray:
    """Vertices drawn back onto a dense smooth surface, along its normals.

    Only points that face the same way count: a thin sheet has its other side close by.
    """
    own = normals_of(vertices, triangles).astype(float)
    _, which = tree.query(vertices, k=4)  # type: ignore[attr-defined]
    offset = vertices[:, None] - surface.vertices_mm[which]
    normal = surface.normals[which].astype(float)
    facing = np.einsum("ikj,ij->ik", normal, own)
    weight = np.clip(facing, 0.02, 1) / ((offset**2).sum(axis=2) + 0.05)
    weight /= weight.sum(axis=1, keepdims=True)
    height = np.einsum("ikj,ikj->ik", offset, normal) * weight
    return np.asarray(vertices - (height[..., None] * normal).sum(axis=1))


def _largest_piece(vertices: FloatArray, triangles: IntArray) -> tuple[FloatArray, IntArray]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = triangles[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), edges.T), shape=(len(vertices),) * 2)
    _, label = connected_components(graph, directed=False)
    keep = label[triangles[:, 0]] == np.bincount(label[triangles[:, 0]]).argmax()
    used, triangles = compacted(triangles[keep], len(vertices))
    return vertices[used], triangles


def _outward(vertices: FloatArray, triangles: IntArray) -> Mesh:
    corner = vertices[triangles] - vertices.mean(axis=0)
    volume = np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum()
    if volume < 0:
        triangles = np.ascontiguousarray(triangles[:, ::-1])
    return Mesh(vertices, triangles, normals_of(vertices, triangles))
