"""Pushing a finished surface out of its neighbours, measured on their own surfaces.

The obstacles' field is coarse beside a thin tendon or a sharp rim; here every vertex, and the
middle of every edge, keeps its gap to the neighbours' true surfaces.
"""

from __future__ import annotations

import numpy as np

from meshes.modelling.edges import unique_edges
from meshes.modelling.remesh import Mesh
from meshes.modelling.signed_distance import Obstacles
from meshes.surface import normals_of

ROUNDS = 4
LARGEST_PUSH_MM = 1.5
# What is left of this is not worth another round.
ENOUGH_MM = 0.02


def cleared(mesh: Mesh, obstacles: Obstacles, gap_mm: float) -> Mesh:
    """The mesh with its vertices moved until they are `gap_mm` clear and no edge cuts in."""
    edges, _ = unique_edges(mesh.triangles)
    vertices = mesh.vertices_mm.copy()
    # Farther off than the field can err, nothing is to be done.
    near = obstacles.field.sample(vertices) < gap_mm + obstacles.field.grid.spacing_mm
    for _ in range(ROUNDS):
        own = np.flatnonzero(near)
        across = edges[near[edges].any(axis=1)]
        points = np.vstack([vertices[own], vertices[across].mean(axis=1)])
        distance, away = obstacles.nearest(points)
        gap = np.r_[np.full(len(own), gap_mm), np.zeros(len(across))]
        depth = np.clip(gap - distance, 0, LARGEST_PUSH_MM)
        # An edge moves with both its ends; of several pushes a vertex follows the largest.
        moved = np.r_[own, across[:, 0], across[:, 1]]
        cause = np.r_[np.arange(len(own)), np.tile(np.arange(len(own), len(points)), 2)]
        order = np.argsort(depth[cause], kind="stable")
        push = np.zeros_like(vertices)
        push[moved[order]] = (depth[:, None] * away)[cause[order]]
        vertices += push
        near = np.linalg.norm(push, axis=1) > ENOUGH_MM
        if not near.any():
            break
    return Mesh(vertices, mesh.triangles, normals_of(vertices, mesh.triangles))
