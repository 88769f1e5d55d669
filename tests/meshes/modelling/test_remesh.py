import numpy as np
import pytest

from meshes.modelling.edges import unique_edges
from meshes.modelling.remesh import contour, euler_number, fair_mesh
from meshes.modelling.signed_distance import Field, Grid
from meshes.surface import is_closed, volume_cm3


def level(function, half: float, spacing: float) -> Field:
    corner = np.full((1, 3), half)
    grid = Grid.around(np.vstack([-corner, corner]), 2, spacing)
    values = function(grid.points()).reshape(grid.shape)
    return Field(grid, values.astype(np.float32))


def plate(points: np.ndarray) -> np.ndarray:
    """A flat plate 40 × 24 × 3 mm."""
    return np.max(np.abs(points) - [20, 12, 1.5], axis=1)


def ball(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points, axis=1) - 20


@pytest.mark.parametrize(("shape", "half"), [(ball, 20), (plate, 20)])
@pytest.mark.parametrize("even", [True, False])
def test_meshes_are_closed_balls_of_about_the_wanted_size(shape, half, even) -> None:
    mesh = fair_mesh(contour(level(shape, half, 0.9)), 3000, even)
    assert is_closed(mesh.triangles)
    assert euler_number(mesh.triangles) == 2
    assert 1500 < len(mesh.triangles) < 4500
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)


def test_remeshing_keeps_the_volume_and_the_triangles_even() -> None:
    mesh = fair_mesh(contour(level(ball, 20, 1.0)), 2500)
    assert volume_cm3(mesh.vertices_mm, mesh.triangles) == pytest.approx(
        4 / 3 * np.pi * 8, rel=0.01
    )
    corner = mesh.vertices_mm[mesh.triangles]
    edges = np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=2)
    assert (edges.max(axis=1) / edges.min(axis=1)).mean() < 1.5
    assert (edges.max(axis=1) / edges.min(axis=1)).max() < 4


def test_rims_of_thin_plates_stay_where_they_are() -> None:
    mesh = fair_mesh(contour(level(plate, 20, 0.8)), 3000)
    straight = mesh.vertices_mm[
        (mesh.vertices_mm[:, 0] > 18)
        & (np.abs(mesh.vertices_mm[:, 1]) < 8)
        & (np.abs(mesh.vertices_mm[:, 2]) < 0.5)
    ]
    assert len(straight) > 8
    assert straight[:, 0].min() > 19.2
    assert straight[:, 0].std() < 0.25


def test_euler_number_of_a_ring() -> None:
    def ring(points: np.ndarray) -> np.ndarray:
        return np.hypot(np.hypot(points[:, 0], points[:, 1]) - 12, points[:, 2]) - 4

    assert euler_number(contour(level(ring, 17, 1.0)).triangles) == 0


def test_edges_are_the_same_however_high_their_vertices_are_numbered() -> None:
    triangles = fair_mesh(contour(level(ball, 20, 1.5)), 800).triangles
    edges, beside = unique_edges(triangles)
    above_16_bits = 1 << 16
    higher, beside_higher = unique_edges(triangles + above_16_bits)
    assert np.array_equal(higher - above_16_bits, edges)
    assert np.array_equal(beside_higher, beside)
    assert (edges[:, 0] < edges[:, 1]).all()
    for side in beside.T:
        assert (triangles[side][:, :, None] == edges[:, None]).any(axis=1).all()
