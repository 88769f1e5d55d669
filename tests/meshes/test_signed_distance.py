"""Signed distances: inside is negative, and the figure is the distance, on grid and at points."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from meshes.signed_distance import Grid, distance_field, exact, occupancy, union
from meshes.specimen import SIDES, Part, Specimen
from meshes.surface import normals_of

coordinate = st.floats(-60, 60, allow_subnormal=False, width=32)
points = st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=1, max_size=30)
quick = settings(max_examples=40, deadline=None)

RADIUS = 30.0
HALF = np.array([10.0, 20.0, 30.0])


def part_of(mesh: trimesh.Trimesh) -> Part:
    vertices = np.asarray(mesh.vertices, np.float32)
    triangles = np.asarray(mesh.faces, np.int32)
    return Part("sacrum", "midline", "source", vertices, triangles, normals_of(vertices, triangles))


@pytest.fixture(scope="module")
def ball() -> Part:
    return part_of(trimesh.creation.icosphere(subdivisions=4, radius=RADIUS))


@pytest.fixture(scope="module")
def box() -> Part:
    return part_of(trimesh.creation.box(2 * HALF))


def to_box(at: np.ndarray) -> np.ndarray:
    """The textbook's signed distance to a box."""
    q = np.abs(at) - HALF
    outside = np.linalg.norm(np.maximum(q, 0), axis=1)
    return outside + np.minimum(q.max(axis=1), 0)


@quick
@given(at=points)
def test_exact_distances_to_a_ball(ball: Part, at: list[tuple[float, float, float]]) -> None:
    expected = np.linalg.norm(at, axis=1) - RADIUS
    # The facets of the ball lie up to this much inside it.
    np.testing.assert_allclose(exact(ball, np.array(at)), expected, atol=0.06)


@quick
@given(at=points)
def test_exact_distances_to_a_box(box: Part, at: list[tuple[float, float, float]]) -> None:
    """Edges and corners are where a sign goes wrong first."""
    np.testing.assert_allclose(exact(box, np.array(at)), to_box(np.array(at)), atol=1e-4)


def test_one_point_may_be_given_alone(box: Part) -> None:
    assert exact(box, np.array([0.0, 0, 0])).shape == (1,)
    assert exact(box, np.array([0.0, 0, 0]))[0] == pytest.approx(-10)


def test_exact_distances_to_a_bone_agree_with_trimesh(specimen: Specimen) -> None:
    """An independent implementation on a real shape: closest point and ray parity."""
    bone = specimen.part("hip_bone", "right")
    assert bone is not None
    rng = np.random.default_rng(5)
    chosen = rng.choice(len(bone.vertices_mm), 60)
    near = bone.vertices_mm[chosen] + rng.normal(size=(60, 3)) * 6
    low, high = bone.vertices_mm.min(axis=0), bone.vertices_mm.max(axis=0)
    at = np.vstack([near, rng.uniform(low - 20, high + 20, (40, 3))])
    here = exact(bone, at)
    _, unsigned, _ = trimesh.proximity.closest_point(bone.trimesh, at)
    np.testing.assert_allclose(np.abs(here), unsigned, atol=1e-3)
    inside = bone.trimesh.contains(at)
    clear = unsigned > 0.01
    np.testing.assert_array_equal((here < 0)[clear], inside[clear])
    assert 5 < inside.sum() < 95


# --- on a grid --------------------------------------------------------------------------------


def test_a_grid_covers_its_box() -> None:
    grid = Grid.around(np.array([-10.0, 0, 5]), np.array([10.0, 3.1, 9]), 1.5)
    at = grid.points_mm()
    assert at.shape == (*grid.shape, 3)
    np.testing.assert_allclose(at[0, 0, 0], [-10, 0, 5])
    assert (at[-1, -1, -1] >= [10, 3.1, 9]).all()
    assert (at[-1, -1, -1] < [11.6, 4.7, 10.6]).all()
    np.testing.assert_allclose(at[3, 1, 2] - at[2, 0, 1], 1.5, atol=1e-5)
    flat = at.reshape(-1, 3)
    index = grid.index_of(flat)
    np.testing.assert_array_equal(at[tuple(index.T)], flat)
    np.testing.assert_array_equal(grid.index_of(np.array([999.0, -999, 6.4])), [14, 0, 1])


@pytest.mark.parametrize("spacing", [1.0, 2.5])
def test_occupancy_is_inside_the_surface(ball: Part, box: Part, spacing: float) -> None:
    """Every grid point is on its right side, those within a hair of the surface apart."""
    corner = np.array([-41.3, -40.7, -41.9])
    grid = Grid.around(corner, -corner, spacing)
    at = grid.points_mm().reshape(-1, 3)
    for part, distance in ((ball, np.linalg.norm(at, axis=1) - RADIUS), (box, to_box(at))):
        inside = occupancy(part, grid).ravel()
        clear = np.abs(distance) > 0.25
        np.testing.assert_array_equal(inside[clear], (distance < 0)[clear])


def test_a_grid_that_does_not_reach_the_part_is_empty(ball: Part) -> None:
    grid = Grid.around(np.full(3, 100.0), np.full(3, 120.0), 2.0)
    inside = occupancy(ball, grid)
    assert not inside.any()
    assert (distance_field(inside, grid) >= 100).all()


@pytest.mark.parametrize("spacing", [1.0, 2.0])
def test_a_field_is_the_distance_to_a_cell(ball: Part, spacing: float) -> None:
    grid = Grid.around(np.full(3, -45.3), np.full(3, 45.3), spacing)
    field = distance_field(occupancy(ball, grid), grid)
    assert field.dtype == np.float32
    expected = np.linalg.norm(grid.points_mm(), axis=-1) - RADIUS
    assert np.abs(field - expected).max() < spacing
    assert np.abs(field - expected).mean() < 0.35 * spacing


def test_a_union_is_inside_any(ball: Part, box: Part) -> None:
    grid = Grid.around(np.full(3, -40.0), np.full(3, 40.0), 2.0)
    both = union([ball, box], grid)
    np.testing.assert_array_equal(both, occupancy(ball, grid) | occupancy(box, grid))
    assert not union([], grid).any()


@quick
@given(at=points)
def test_sampling_between_grid_points_is_linear(at: list[tuple[float, float, float]]) -> None:
    grid = Grid.around(np.full(3, -60.0), np.full(3, 60.0), 3.0)
    slope = np.array([0.3, -0.2, 0.9])
    field = grid.points_mm() @ slope + 2.0
    np.testing.assert_allclose(
        grid.sample(field, np.array(at)), np.array(at) @ slope + 2.0, atol=1e-3
    )
    inner = np.clip(at, -50, 50)
    np.testing.assert_allclose(
        grid.gradient(field, inner),
        np.broadcast_to(slope / np.linalg.norm(slope), inner.shape),
        atol=1e-3,
    )


@pytest.mark.atlas
def test_the_femoral_head_lies_in_its_socket(z_anatomy: Specimen) -> None:
    """The two files were joined rightly: a median gap of about 2.6 mm, and no bone in bone."""
    for side in SIDES:
        femur, hip = z_anatomy.part("femur", side), z_anatomy.part("hip_bone", side)
        centre = z_anatomy.landmarks[side]["hip_joint_centre"]
        assert femur is not None
        assert hip is not None
        assert centre.radius_mm is not None
        assert centre.radius_mm == pytest.approx(23.8, abs=0.5)
        at = femur.vertices_mm
        head = at[np.linalg.norm(at - centre.position_mm, axis=1) < centre.radius_mm + 1.5]
        gap = exact(hip, head)
        in_socket = gap[gap < 8]
        assert len(in_socket) > 100
        assert np.median(in_socket) == pytest.approx(2.6, abs=0.5)
        assert in_socket.min() > -0.5
