"""Surfaces, cameras and strokes: the arithmetic behind the pictures."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pictures import part_of

from annotations.atlas import Atlas
from meshes.relief import Relief
from meshes.specimen import FloatArray, IntArray, Part
from viewer.items import view_table
from viewer.palette import palette
from viewer.scene import Camera
from viewer.stage.actors import draw
from viewer.stage.arrays import lent
from viewer.stage.cameras import cuts, fitted
from viewer.stage.striation import streaks
from viewer.stage.strokes import dashed, ring
from viewer.stage.surfaces import Surface, ball, merged, tube
from viewer.stage.tones import drawn_towards, shaded


def volume(vertices: FloatArray, triangles: IntArray) -> float:
    """Enclosed volume; positive where the triangles face outwards."""
    a, b, c = (vertices[triangles[:, i]].astype(float) for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_vtk_draws_from_the_very_arrays() -> None:
    made = ball(np.zeros(3), 10.0)
    assert np.shares_memory(lent(made.data.GetPoints().GetData()), made.vertices_mm)
    assert np.shares_memory(lent(made.data.GetPointData().GetNormals()), made.normals)
    assert np.shares_memory(
        lent(made.data.GetPolys().GetConnectivityArray()), made.triangles.reshape(-1)
    )
    assert made.data.GetNumberOfCells() == len(made.triangles)
    coloured = made.coloured(np.zeros((len(made.vertices_mm), 3), np.uint8))
    assert np.shares_memory(lent(coloured.GetPoints().GetData()), made.vertices_mm)


def test_balls_and_tubes_face_outwards() -> None:
    made = ball(np.array([5.0, 0.0, 0.0]), 10.0, around=64)
    assert volume(made.vertices_mm, made.triangles) == pytest.approx(
        4 / 3 * math.pi * 1000, rel=0.02
    )
    t = np.linspace(0, 3, 60)
    bent = np.column_stack([20 * np.cos(t), 20 * np.sin(t), 5 * t])
    vertices, triangles, normals = tube(bent, 2.0, around=24)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0)
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    facing = np.cross(b - a, c - a)
    assert (np.einsum("ij,ij->i", facing, normals[triangles[:, 0]]) > 0).all()
    middle = bent.repeat(24, axis=0)
    np.testing.assert_allclose(np.linalg.norm(vertices - middle, axis=1), 2.0)


def test_a_tube_bears_points_that_coincide() -> None:
    line = np.array([[0, 0, 0], [0, 0, 0], [0, 0, 5], [0, 0, 5.0]])
    vertices, _, _ = tube(line, 1.0)
    assert np.isfinite(vertices).all()


def test_merged_surfaces_keep_their_triangles() -> None:
    line = np.array([[0, 0, 0], [0, 0, 5.0]])
    one, both = tube(line, 1.0), merged([tube(line, 1.0), tube(line + 10, 1.0)])
    assert len(both.triangles) == 2 * len(one[1])
    assert both.bounds_mm[1].max() > 10


# --- relief --------------------------------------------------------------------------------------


def saddle() -> Part:
    """A ridge along y on the left, a groove on the right, in an open sheet."""
    x, y = np.meshgrid(np.arange(40.0), np.arange(20.0), indexing="ij")
    z = 4 * np.exp(-(((x - 10) / 2) ** 2)) - 4 * np.exp(-(((x - 30) / 2) ** 2))
    slope = np.gradient(z, axis=0)
    normals = np.stack([-slope, np.zeros_like(z), np.ones_like(z)], axis=-1).reshape(-1, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    index = np.arange(800).reshape(40, 20)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[:-1, 1:], index[1:, 1:]
    triangles = np.stack([a, b, d, a, d, c], axis=-1).reshape(-1, 3)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return Part("gluteus_maximus", "left", "source", points, triangles.astype(np.int32), normals)


def test_hollows_are_dark_and_crests_are_light() -> None:
    hollow = Relief(saddle()).hollow
    shade = shaded(np.full((len(hollow), 3), 0.5), hollow)[:, 0].reshape(40, 20)
    assert shade[10, 5:15].min() > 128 > shade[30, 5:15].max()
    assert np.abs(shade[20, 5:15].astype(int) - 128).max() <= 2


def test_calmed_normals_stay_unit_and_flatten() -> None:
    part = saddle()
    calm = Relief(part).calm_normals
    np.testing.assert_allclose(np.linalg.norm(calm, axis=1), 1.0, atol=1e-5)
    inner = np.s_[100:-100]
    assert np.abs(calm[inner, 0]).max() < np.abs(part.normals[inner, 0]).max()


def test_a_specimen_brings_the_relief_that_its_display_would_work_out(model_atlas: Atlas) -> None:
    for name in ("gluteus_maximus_left", "hip_bone_left"):
        part = model_atlas.parts[name]
        bare, kept = Relief(replace(part, fields={})), Relief(part)
        assert kept.hollow is part.fields["hollow"]
        np.testing.assert_allclose(kept.hollow, bare.hollow, atol=1e-6)
    kept_normals = model_atlas.parts["gluteus_maximus_left"].fields["calm_normals"]
    muscle = replace(model_atlas.parts["gluteus_maximus_left"], fields={})
    np.testing.assert_allclose(kept_normals, Relief(muscle).calm_normals, atol=1e-6)


def test_colours_go_towards_the_goal() -> None:
    colours = np.array([[0, 100, 255]], np.uint8)
    assert drawn_towards(colours, (1.0, 1.0, 1.0), 0.0).tolist() == colours.tolist()
    assert drawn_towards(colours, (1.0, 1.0, 1.0), 1.0).tolist() == [[255, 255, 255]]


@pytest.mark.parametrize("structure", ["inferior_gluteal_nerve", "inferior_gluteal_artery"])
def test_schematic_courses_are_striped_and_others_are_not(
    model_atlas: Atlas, structure: str
) -> None:
    modelled = model_atlas.parts[f"{structure}_left"]
    assert modelled.origin == "modelled"
    assert draw(modelled.id, modelled, model_atlas, streaks()).pieces[0].surface.colours is None
    part = replace(modelled, origin="schematic")
    colours = draw(part.id, part, model_atlas, streaks()).pieces[0].surface.colours
    assert len(np.unique(colours, axis=0)) == 2
    # Light and dark rings follow each other along the course.
    light = colours[:, 1] > np.median(np.unique(colours[:, 1]))
    assert 0.15 < light.mean() < 0.75
    plain = part_of("sciatic_nerve", "left", (0.0, 0.0, 0.0), 5.0)
    assert draw(plain.id, plain, model_atlas, streaks()).pieces[0].surface.colours is None


def test_tendon_and_cartilage_are_blended_in(model_atlas: Atlas) -> None:
    made = part_of("gluteus_medius", "left", (0.0, 0.0, 0.0), 30.0)
    tendon = (made.vertices_mm[:, 2] > 0).astype(np.float32)
    part = replace(made, fields={"tendon": tendon})
    colours = draw(part.id, part, model_atlas, streaks()).pieces[0].surface.colours.astype(int)
    pale, red = colours[tendon == 1].mean(axis=0), colours[tendon == 0].mean(axis=0)
    assert pale[1] > red[1] + 60 and pale[2] > red[2] + 60
    assert palette().fields["tendon"] > palette().kinds["muscle"].colour


# --- cameras -------------------------------------------------------------------------------------

POINTS = st.lists(
    st.tuples(*[st.floats(-200.0, 200.0) for _ in range(3)]), min_size=4, max_size=30
).map(lambda points: np.array(points))


def seen(camera: Camera, points: FloatArray, aspect: float) -> NDArray[np.float64]:
    """Where points fall in the picture, -1 to 1 both ways."""
    back = np.subtract(camera.position_mm, camera.focal_point_mm)
    back = back / np.linalg.norm(back)
    right = np.cross(camera.up, back)
    off = points - camera.position_mm
    away = -(off @ back)
    assert (away > 0).all()
    half = away * math.tan(math.radians(camera.view_angle_deg) / 2)
    return np.column_stack([off @ right / (half * aspect), off @ np.array(camera.up) / half])


@settings(deadline=None)
@given(POINTS, st.sampled_from(list(view_table().views)), st.floats(0.4, 3.0), st.booleans())
def test_a_fitted_view_holds_all_points_and_no_more(
    points: FloatArray, view: str, aspect: float, mirrored: bool
) -> None:
    points = np.vstack([points, points + 20.0])
    camera = fitted(view_table().views[view], points, aspect, mirrored)
    at = seen(camera, points, aspect)
    room = 1 - 2 * view_table().framing.margin
    assert np.abs(at).max() <= room + 1e-6
    low, high = at.min(axis=0), at.max(axis=0)
    # The tighter axis is filled to the margins on both sides.
    filled = np.maximum(np.abs(low + room), np.abs(high - room))
    assert filled.min() < 1e-6
    # Along the looser one they are seen in the middle, also where some are nearer than others.
    np.testing.assert_allclose(low + high, 0.0, atol=1e-6)


@given(POINTS)
def test_the_foot_of_the_picture_stays_free(points: FloatArray) -> None:
    points = np.vstack([points, points + 20.0])
    camera = fitted(view_table().views["posterior"], points, 1.6, foot=0.1)
    at = seen(camera, points, 1.6)
    room = 1 - 2 * view_table().framing.margin
    assert at[:, 1].min() >= -room + 0.2 - 1e-6
    assert np.abs(at).max() <= room + 1e-6
    # In the middle of what is free.
    assert at[:, 1].min() + at[:, 1].max() == pytest.approx(0.2, abs=1e-6)


def test_only_a_camera_below_the_floor_is_cut_by_it() -> None:
    below = Camera((0.0, 0.0, -1000.0), (0.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    assert cuts(below, -150.0) == pytest.approx(850.0)
    assert cuts(below, -math.inf) is None
    assert cuts(Camera((0.0, 0.0, 1000.0), (0.0, 0.0, 0.0), (0.0, -1.0, 0.0)), -150.0) is None
    assert cuts(Camera((0.0, 1000.0, -300.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)), -150.0) is None
    inside = Camera((0.0, 0.0, -100.0), (0.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    assert cuts(inside, -150.0) is None


# --- strokes -------------------------------------------------------------------------------------


def test_dashes_lie_on_the_line_and_end_with_it() -> None:
    dashes = dashed((0.0, 0.0), (30.0, 40.0), 8.0, 4.0)
    assert dashes[0][0] == (0.0, 0.0)
    assert all(abs(4 * x - 3 * y) < 1e-6 for dash in dashes for x, y in dash)
    assert max(math.hypot(*dash[1]) for dash in dashes) <= 50.0 + 1e-9
    assert dashed((1.0, 1.0), (1.0, 1.0), 8.0, 4.0) == []


def test_rings_are_round_and_closed() -> None:
    points = ring((5.0, 5.0), 3.0)
    np.testing.assert_allclose([math.dist(point, (5.0, 5.0)) for point in points], 3.0)
    assert math.dist(points[0], points[-1]) < 1e-9


def test_a_surface_with_no_colours_has_no_scalars() -> None:
    made = ball(np.zeros(3), 1.0)
    assert made.data.GetPointData().GetScalars() is None
    assert isinstance(made, Surface)
