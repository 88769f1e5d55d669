"""Courses: passes, order, clearance by an independent reckoning, closed tubes, variants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from annotations.atlas import Atlas, build
from annotations.courses.course import Branch, Course
from annotations.courses.relax import largest_turn_deg, spaced
from annotations.courses.table import course_table
from annotations.courses.tubes import tube_part
from annotations.courses.variants import Variants
from annotations.courses.winding import winding_deg
from annotations.request import Request
from meshes.sources.download import fetch
from meshes.surface import is_closed

OURS = ("inferior_gluteal_nerve", "inferior_gluteal_artery")


@pytest.fixture(scope="module")
def atlas(upstream: Path) -> Iterator[Atlas]:
    """Z-Anatomy with its courses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLUTEA_MIRROR", str(upstream))
        fetch("z-anatomy")
        yield build(Request("z-anatomy"))


def _courses(atlas: Atlas) -> list[Course]:
    return [course for sides in atlas.courses.values() for course in sides.values()]


def test_the_nerve_and_the_artery_are_drawn_on_both_sides(atlas: Atlas) -> None:
    for name in OURS:
        assert set(atlas.courses[name]) == {"left", "right"}


def test_what_the_source_has_is_not_drawn_a_second_time(atlas: Atlas) -> None:
    for entry in course_table().course:
        for side in ("left", "right"):
            if entry.if_missing and atlas.specimen.part(entry.structure, side) is not None:
                assert side not in atlas.courses.get(entry.structure, {})


def test_every_tube_is_closed_and_lies_round_its_line(atlas: Atlas) -> None:
    for course in _courses(atlas):
        tube = tube_part(course)
        assert is_closed(tube.triangles), course.id
        for branch in course.branches:
            low, high = tube.vertices_mm.min(axis=0), tube.vertices_mm.max(axis=0)
            assert (branch.points_mm > low - 0.01).all() and (branch.points_mm < high + 0.01).all()


def test_no_turn_is_sharper_than_the_passes_say(atlas: Atlas) -> None:
    settings = course_table().settings
    for course in _courses(atlas):
        said = next(check for check in course.passes if check.name == "no sharp turn")
        turns = [largest_turn_deg(b.points_mm, settings.turn_over_mm) for b in course.branches]
        assert said.holds == (max(turns) <= settings.largest_turn_deg), course.id


def test_clearance_agrees_with_an_independent_reckoning(atlas: Atlas) -> None:
    """Trimesh on the tubes' own vertices, against bones: no vertex of a tube lies inside."""
    import trimesh

    for name in OURS:
        course = atlas.courses[name]["right"]
        clear = next(c for c in course.passes if c.name.startswith("clear of everything"))
        bones = {"hip_bone", "sacrum", "femur"} & set(course.clearance_mm)
        for bone in bones:
            part = atlas.specimen.part(bone, "right")
            assert part is not None
            trunk = course.branches[0]
            along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(trunk.points_mm, axis=0), axis=1))]
            kept = along < along[-1] - 6.0
            mesh = trimesh.Trimesh(part.vertices_mm, part.triangles)
            near = trimesh.proximity.ProximityQuery(mesh)
            _, far, _ = near.on_surface(trunk.points_mm[kept])
            wall = float((far - trunk.radius_mm[kept]).min())
            assert wall > course.clearance_mm[bone] - 0.1
            if clear.holds:
                assert wall >= course_table().settings.least_clearance_mm - 0.05


def test_contact_and_entries_lie_on_gluteus_maximus(atlas: Atlas) -> None:
    import trimesh

    for name in OURS:
        for side, course in atlas.courses[name].items():
            part = atlas.specimen.part("gluteus_maximus", side)
            assert part is not None
            mesh = trimesh.Trimesh(part.vertices_mm, part.triangles)
            points = [p.position_mm for p in course.points if p.name != "exit"]
            assert points
            _, far, _ = trimesh.proximity.ProximityQuery(mesh).on_surface(np.array(points))
            assert far.max() < 0.05


def test_moving_the_bands_moves_no_course(atlas: Atlas) -> None:
    moved = build(Request("z-anatomy", trochanter_band_mm=(20.0, 40.0), psis_band_mm=(70.0, 90.0)))
    for name, sides in atlas.courses.items():
        for side, course in sides.items():
            other = moved.courses[name][side]
            for mine, its in zip(course.branches, other.branches, strict=True):
                np.testing.assert_array_equal(mine.points_mm, its.points_mm)


def test_no_waypoint_of_the_table_knows_a_zone() -> None:
    text = str(msgspec.to_builtins(course_table()))
    assert "band" not in text and "entry_zone" not in text


def test_both_sides_are_images_of_each_other(atlas: Atlas) -> None:
    for sides in atlas.courses.values():
        if len(sides) == 2:
            flip = np.array([-1.0, 1.0, 1.0])
            for mine, its in zip(sides["left"].branches, sides["right"].branches, strict=True):
                np.testing.assert_allclose(mine.points_mm, its.points_mm * flip, atol=1e-6)


def test_variants_are_checked() -> None:
    with pytest.raises(ValueError, match="3 to 7 branches"):
        Variants(nerve_branches=9)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"sciatic": "E"}', type=Variants)


def test_a_helix_winds_and_a_straight_line_does_not() -> None:
    height = np.linspace(0, 40, 200)
    axis = np.stack([0 * height, 0 * height, height * 1.2 - 4], axis=1)
    helix = np.stack([5 * np.cos(height / 5), 5 * np.sin(height / 5), height], axis=1)
    beside = np.stack([0 * height + 5, 0 * height, height], axis=1)
    assert winding_deg(helix, axis, 15.0) == pytest.approx(np.degrees(8.0), rel=0.05)
    assert winding_deg(beside, axis, 15.0) < 1.0


def test_the_turn_of_a_circle_is_its_arc() -> None:
    angle = np.linspace(0, np.pi, 400)
    circle = 10 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    assert largest_turn_deg(circle, 2.0) == pytest.approx(np.degrees(0.2), rel=0.1)
    assert len(spaced(circle, 1.0)) == 32


def test_a_flattened_tube_is_as_wide_and_as_thin_as_it_says() -> None:
    line = np.stack([np.zeros(30), np.zeros(30), np.linspace(0, -60, 30)], axis=1)
    branch = Branch("trunk", None, line, np.full(30, 8.0), "trunk", 0.4, np.array([0.0, 1.0, 0.0]))
    course = Course("sciatic_nerve", "right", "modelled", (branch,), (), (), {}, "")
    size = np.ptp(tube_part(course).vertices_mm, axis=0)
    assert size[0] == pytest.approx(16.0, rel=0.02)
    assert size[1] == pytest.approx(6.4, rel=0.03)
