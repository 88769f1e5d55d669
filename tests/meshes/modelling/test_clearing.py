"""Finished surfaces keep clear of their neighbours, however coarse the field of their growth."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from meshes.modelling.clearing import cleared
from meshes.modelling.edges import unique_edges
from meshes.modelling.remesh import Mesh
from meshes.modelling.signed_distance import Grid, Obstacles

GAP = 0.3


def mesh_of(shape: trimesh.Trimesh) -> Mesh:
    return Mesh(np.asarray(shape.vertices), np.asarray(shape.faces), shape.vertex_normals)


def obstacles(*shapes: trimesh.Trimesh, spacing: float = 3.0) -> Obstacles:
    corners = np.array([[-30.0, -30, -30], [30, 30, 30]])
    found = Obstacles(Grid.around(corners, 0.0, spacing))
    for shape in shapes:
        found.add(np.asarray(shape.vertices), np.asarray(shape.faces))
    return found


@settings(max_examples=6, deadline=None)
@given(st.floats(0.8, 2.0), st.floats(0, np.pi), st.floats(3.0, 6.0))
def test_a_plate_is_pushed_out_of_a_tendon(into: float, turn: float, radius: float) -> None:
    """A thin tendon on a coarse grid: the field alone would let the plate into it."""
    tendon = trimesh.creation.cylinder(radius, 70, sections=32).subdivide_to_size(2.0)
    tendon.apply_transform(trimesh.transformations.rotation_matrix(turn, [0, 1, 0]))
    plate = trimesh.creation.box((40, 6, 40)).subdivide_to_size(2.0)
    plate.apply_translation((0, 3 + radius - into, 0))
    own = mesh_of(plate)
    found = cleared(own, obstacles(tendon), GAP)
    axis = np.array([np.sin(turn), 0.0, np.cos(turn)])
    edges, _ = unique_edges(found.triangles)
    for points, least in (
        (found.vertices_mm, GAP - 0.1),
        (found.vertices_mm[edges].mean(axis=1), -0.1),
    ):
        away = np.linalg.norm(points - (points @ axis)[:, None] * axis, axis=1) - radius
        assert away.min() > least
    # What lay far off is where it was.
    far = np.abs(own.vertices_mm[:, 1]) > radius + 5
    np.testing.assert_array_equal(found.vertices_mm[far], own.vertices_mm[far])


def test_beyond_a_sharp_rim_nothing_is_pushed() -> None:
    """Outside an acute rim the nearest facet faces away: that is no depth."""
    wedge = trimesh.convex.convex_hull(
        np.array([[x, y, z] for x in (-20, 20) for y, z in ((0, 12), (5, -12), (-5, -12))])
    )
    ball = trimesh.creation.icosphere(3, 4.0)
    ball.apply_translation((0, 0, 12 + 4.0 + 1.0))
    own = mesh_of(ball)
    found = cleared(own, obstacles(wedge), GAP)
    np.testing.assert_allclose(found.vertices_mm, own.vertices_mm, atol=0.02)


@pytest.mark.parametrize("spacing", [1.75, 3.0])
def test_between_two_neighbours_it_keeps_off_both(spacing: float) -> None:
    walls = [trimesh.creation.box((40, 10, 40)) for _ in range(2)]
    for wall, y in zip(walls, (-8.0, 8.0), strict=True):
        wall.apply_translation((0, y, 0))
    plate = trimesh.creation.box((24, 7, 24)).subdivide().subdivide().subdivide()
    found = cleared(mesh_of(plate), obstacles(*walls, spacing=spacing), GAP)
    for wall in walls:
        assert (-trimesh.proximity.signed_distance(wall, found.vertices_mm)).min() > GAP - 0.1
