"""Courses as surfaces: closed tubes round any line, of the line's length and radius."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.courses.course import Branch, Course
from annotations.courses.tubes import tube_part
from meshes.surface import is_closed

quick = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def line_of(seed: int, count: int, bend: float, length_mm: float) -> np.ndarray:
    """A smooth random line; `bend` 0 is straight, 1 turns through some right angles."""
    rng = np.random.default_rng(seed)
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    along = np.linspace(0, 1, count)[:, None]
    line = along * way * length_mm
    for wave in (1, 2, 3):
        aside = rng.normal(size=3)
        line = (
            line
            + bend
            * length_mm
            * 0.15
            / wave
            * np.sin(wave * np.pi * along + rng.uniform(0, 6))
            * aside
        )
    return line + rng.uniform(-200, 200, 3)


def course(*branches: Branch) -> Course:
    return Course("inferior_gluteal_nerve", "left", "modelled", branches, (), (), {}, "a note")


def tube_of(line: np.ndarray, radius: np.ndarray) -> trimesh.Trimesh:
    part = tube_part(course(Branch("trunk", None, line, radius)))
    assert np.isfinite(part.vertices_mm).all()
    assert is_closed(part.triangles)
    np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-3)
    mesh = part.trimesh
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.euler_number == 2, "one ball, drawn out"
    return mesh


@quick
@given(
    seed=seeds,
    count=st.integers(4, 80),
    bend=st.one_of(st.just(0.0), st.just(1e-9), st.floats(0, 1)),
    first=st.floats(0.3, 3.0),
    last=st.floats(0.3, 3.0),
)
def test_a_tube_round_any_line_is_closed_and_has_the_lines_volume(
    seed: int, count: int, bend: float, first: float, last: float
) -> None:
    """Straight, nearly straight and winding lines, thick or thin, tapering either way."""
    line, radius = line_of(seed, count, bend, 80.0), np.linspace(first, last, count)
    mesh = tube_of(line, radius)
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    middle = (radius[1:] + radius[:-1]) / 2
    cone = np.pi * (steps * (middle**2 + (np.diff(radius) / 2) ** 2 / 3)).sum()
    caps = 2 / 3 * np.pi * (first**3 + last**3)
    assert mesh.volume > 0, "the right side out"
    if bend < 0.3 and count > 30:  # where a line turns sharply, a tube round it overlaps itself
        assert mesh.volume == pytest.approx(cone + caps, rel=0.08)


@quick
@given(seed=seeds, bend=st.floats(0, 0.5))
def test_the_wall_keeps_its_radius_all_along(seed: int, bend: float) -> None:
    line = line_of(seed, 60, bend, 90.0)
    mesh = tube_of(line, np.full(60, 1.5))
    offset = mesh.vertices[:, None] - line[None]
    distance = np.linalg.norm(offset, axis=2).min(axis=1)
    assert distance.max() < 1.5 + 0.05
    on_wall = distance > 1.0
    assert on_wall.mean() > 0.9
    ends = np.linalg.norm(mesh.vertices[:, None] - line[[0, -1]], axis=2).min(axis=0)
    assert (ends < 1e-3).sum() <= 2, "the caps stand beyond the line's ends, not on them"


@quick
@given(
    radius=st.floats(2.0, 10.0),
    turns=st.floats(0.3, 2.5),
    rise=st.floats(8.0, 30.0),
)
def test_a_tight_coil_stays_whole(radius: float, turns: float, rise: float) -> None:
    """Not much wider than the tube itself; the rings do not twist or fold over."""
    angle = np.linspace(0, 2 * np.pi * turns, 100)
    line = np.c_[radius * np.cos(angle), radius * np.sin(angle), rise * angle / (2 * np.pi)]
    mesh = tube_of(line, np.full(100, 1.5))
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    assert mesh.volume == pytest.approx(np.pi * 1.5**2 * length + 4 / 3 * np.pi * 1.5**3, rel=0.12)


@pytest.mark.parametrize("axis", np.vstack([np.eye(3), -np.eye(3)]).tolist())
@pytest.mark.parametrize("count", [2, 3, 40])
def test_a_straight_tube_along_an_axis(axis: list[float], count: int) -> None:
    line = np.linspace(0, 50, count)[:, None] * np.array(axis)
    mesh = tube_of(line, np.full(count, 2.0))
    ends = np.sort(mesh.vertices @ np.array(axis))[[0, -1]]
    assert -2.0 <= ends[0] < -1.2, "round ends stand out by up to the radius"
    assert 51.2 < ends[1] <= 52.0
    across = mesh.vertices - np.outer(mesh.vertices @ np.array(axis), axis)
    assert np.linalg.norm(across, axis=1).max() == pytest.approx(2.0, abs=1e-4)


def test_all_branches_are_one_part_of_the_structure() -> None:
    lines = [line_of(seed, 30, 0.3, 60.0) for seed in (1, 2, 3)]
    branches = [
        Branch(f"branch {i}", None if i == 0 else "branch 0", line, np.full(30, 1.0))
        for i, line in enumerate(lines)
    ]
    part = tube_part(course(*branches))
    assert part.id == "inferior_gluteal_nerve_left"
    assert part.origin == "modelled"
    assert part.note == "a note"
    assert part.vertices_mm.dtype == np.float32
    assert part.triangles.dtype == np.int32
    assert is_closed(part.triangles)
    assert len(part.trimesh.split()) == 3
    single = [tube_part(course(branch)) for branch in branches]
    assert len(part.triangles) == sum(len(one.triangles) for one in single)


def test_a_mirrored_course_is_the_other_sides() -> None:
    line = line_of(5, 20, 0.4, 50.0)
    here = course(Branch("trunk", None, line, np.full(20, 1.0)))
    there = here.mirrored()
    assert there.side == "right"
    np.testing.assert_array_equal(there.branches[0].points_mm, line * [-1, 1, 1])
    assert there.length_mm == pytest.approx(here.length_mm)
    assert there.mirrored().side == "left"
