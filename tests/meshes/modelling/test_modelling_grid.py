import numpy as np
import pytest
import trimesh

from meshes.modelling.signed_distance import (
    Field,
    Grid,
    Obstacles,
    inside,
    overlap_mm3,
    signed_distance,
)


def ball(radius: float, centre: tuple[float, float, float] = (0, 0, 0)) -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(4, radius)
    mesh.apply_translation(centre)
    return mesh


def test_distance_to_a_ball_is_exact_near_it_and_signed() -> None:
    mesh = ball(20)
    grid = Grid.around(mesh.vertices, 12, 1.7)
    values = signed_distance(mesh.vertices, mesh.faces, grid)
    true = np.linalg.norm(grid.points(), axis=1).reshape(grid.shape) - 20
    near = np.abs(true) < 3
    assert np.abs(values - true)[near].max() < 0.25
    assert np.abs(values - true)[near].mean() < 0.08
    assert np.abs(values - true)[np.abs(true) < 12].max() < 1.7


def test_inside_counts_the_volume() -> None:
    mesh = ball(15, (3, -2, 7))
    grid = Grid.around(mesh.vertices, 3, 0.8)
    assert inside(mesh.vertices, mesh.faces, grid).sum() * 0.8**3 == pytest.approx(
        mesh.volume, rel=0.01
    )


def test_pieces_that_overlap_count_once() -> None:
    both = trimesh.util.concatenate([ball(10), ball(10, (6, 0, 0))])
    grid = Grid.around(both.vertices, 3, 1.0)
    within = inside(both.vertices, both.faces, grid)
    points = grid.points().reshape(*grid.shape, 3)
    true = np.minimum(np.linalg.norm(points, axis=-1), np.linalg.norm(points - [6, 0, 0], axis=-1))
    assert within[true < 9.8].all()
    assert not within[true > 10.2].any()


def test_reading_on_a_grid_agrees_with_reading_at_points() -> None:
    rng = np.random.default_rng(1)
    field = Field(Grid(np.zeros(3), 2.0, (9, 8, 7)), rng.normal(size=(9, 8, 7)))
    other = Grid(np.array([-1.3, 0.7, 1.1]), 0.9, (20, 19, 12))
    at_points = field.sample(other.points()).reshape(other.shape)
    assert np.allclose(field.on_grid(other), at_points, atol=1e-4)


def test_gradient_points_away_from_the_surface() -> None:
    mesh = ball(20)
    field = Obstacles(Grid.around(mesh.vertices, 12, 1.5))
    field.add(mesh.vertices, mesh.faces)
    points = np.array([[23.0, 0, 0], [0, -22.0, 3], [10, 10, 10.0]])
    ways = points / np.linalg.norm(points, axis=1, keepdims=True)
    assert (np.einsum("ij,ij->i", field.field.gradient(points), ways) > 0.97).all()


def test_overlap_of_two_boxes() -> None:
    first = trimesh.creation.box((20, 20, 20))
    second = trimesh.creation.box((20, 20, 20))
    second.apply_translation((15, 0, 0))
    shared = overlap_mm3((first.vertices, first.faces), [(second.vertices, second.faces)])
    assert shared == pytest.approx(5 * 20 * 20, rel=0.1)
