"""The middle lines of a tube-like surface: a nerve or vessel as the source delivers it."""

from __future__ import annotations

import numpy as np

from annotations.courses.relax import along, spaced
from meshes.specimen import FloatArray, IntArray, Part

SLICE_MM = 4.0
SHORTEST_MM = 20.0
STEP_MM = 1.4


def midlines(part: Part) -> list[FloatArray]:
    """A line (n, 3) from one end of each piece of the surface to each of its other ends.

    Slices of equal distance over the surface from the piece's one end; the middles of the parts
    that a slice falls into are joined (a Reeb graph of that distance).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    points = part.vertices_mm.astype(float)
    edges = np.unique(np.sort(part.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    length = np.linalg.norm(np.diff(points[edges], axis=1)[:, 0], axis=1)
    count = len(points)
    graph = coo_array((np.maximum(length, 1e-9), edges.T), shape=(count, count)).tocsr()
    _, piece = connected_components(graph, directed=False)
    slices = np.full(count, -1)
    for one in np.unique(piece[edges[:, 0]]):
        members = np.flatnonzero(piece == one)
        slices[members] = (_from_its_end(graph, members) / SLICE_MM).astype(int)
    same = edges[slices[edges[:, 0]] == slices[edges[:, 1]]]
    within = coo_array((np.ones(len(same)), same.T), shape=(count, count))
    _, part_of = connected_components(within, directed=False)
    return _lines(points, edges, slices, part_of)


def _from_its_end(graph, members: IntArray) -> FloatArray:  # type: ignore[no-untyped-def]
    """(m,) distance over the surface from the vertex that lies farthest from the others."""
    from scipy.sparse.csgraph import dijkstra

    first = dijkstra(graph, directed=False, indices=members[0])[members]
    end = members[int(np.argmax(first))]
    return np.asarray(dijkstra(graph, directed=False, indices=end)[members])


def _lines(
    points: FloatArray, edges: IntArray, slices: IntArray, part_of: IntArray
) -> list[FloatArray]:
    """From the middles of the slices' parts: the line from the first to each last one."""
    size = np.bincount(part_of)
    middle = np.stack([np.bincount(part_of, points[:, i]) / size for i in range(3)], axis=1)
    before: dict[int, int] = {}
    for low, high in edges:
        if slices[low] > slices[high]:
            low, high = high, low
        if slices[low] < slices[high]:
            before.setdefault(int(part_of[high]), int(part_of[low]))
    ways = []
    for last in set(before) - set(before.values()):
        way = [last]
        while way[-1] in before:
            way.append(before[way[-1]])
        ways.append(way)
    lines: list[FloatArray] = []
    known: set[int] = set()
    for way in sorted(ways, key=lambda way: (-along(middle[way])[-1], way)):
        own = [at for at in way if at not in known]
        # Splinters of a slice are no branches.
        if along(middle[own])[-1] > SHORTEST_MM:
            lines.append(spaced(middle[way[::-1]], STEP_MM))
            known.update(own)
    return lines
