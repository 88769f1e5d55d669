"""The arithmetic of the camera, without a window."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.scene import Camera
from viewer.window.navigation import (
    FARTHEST_MM,
    NEAREST_MM,
    mm_per_pixel,
    orbited,
    panned,
    zoomed,
)

POSTERIOR = Camera((0.0, 1200.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 20.0)
angles = st.floats(-400.0, 400.0)
shifts = st.floats(-2000.0, 2000.0)


def frame(camera):
    """Rows: right, up, towards the viewer; as a renderer derives them."""
    towards = np.subtract(camera.position_mm, camera.focal_point_mm)
    towards /= np.linalg.norm(towards)
    right = np.cross(camera.up, towards)
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(towards, right), towards])


def projected(camera, point, height):
    """Where a point appears, in pixels from the picture's centre."""
    local = frame(camera) @ np.subtract(point, camera.position_mm)
    scale = height / (2 * math.tan(math.radians(camera.view_angle_deg) / 2))
    return local[:2] / -local[2] * scale


@given(st.lists(st.tuples(angles, angles), min_size=1, max_size=6))
def test_however_one_turns_superior_stays_up(turns):
    camera = POSTERIOR
    for azimuth, elevation in turns:
        camera = orbited(camera, azimuth, elevation)
    right, up, _ = frame(camera)
    assert right[2] == pytest.approx(0.0, abs=1e-9)
    assert up[2] >= -1e-9
    assert np.linalg.norm(camera.position_mm) == pytest.approx(1200.0)


@given(angles, st.floats(-80.0, 80.0))
def test_turning_back_comes_back(azimuth, elevation):
    there = orbited(POSTERIOR, azimuth, elevation)
    back = orbited(there, -azimuth, -elevation)
    assert back.position_mm == pytest.approx(POSTERIOR.position_mm, abs=1e-6)
    assert back.up == pytest.approx(POSTERIOR.up, abs=1e-9)


@pytest.mark.parametrize("pole", [90.0, -90.0])
@given(azimuth=angles)
def test_the_way_over_a_pole_leads_back_to_the_same_side(pole, azimuth):
    start = orbited(POSTERIOR, azimuth, 0.0)
    top = orbited(start, 0.0, 2 * pole)
    assert top.position_mm[2] == pytest.approx(math.copysign(1200.0, pole))
    back = orbited(top, 0.0, -pole)
    assert back.position_mm == pytest.approx(start.position_mm, abs=1e-6)


def test_azimuth_goes_to_the_right_of_the_picture():
    right, up, _ = frame(POSTERIOR)
    assert np.dot(orbited(POSTERIOR, 10.0, 0.0).position_mm, right) > 0
    assert np.dot(orbited(POSTERIOR, 0.0, 10.0).position_mm, up) > 0


def test_a_tilted_camera_is_put_upright():
    tilted = Camera(POSTERIOR.position_mm, POSTERIOR.focal_point_mm, (0.6, 0.0, 0.8), 20.0)
    assert frame(orbited(tilted, 5.0, 0.0))[0][2] == pytest.approx(0.0, abs=1e-12)


@given(angles, st.floats(-85.0, 85.0), shifts, shifts)
def test_what_is_under_the_pointer_stays_there_when_shifted(azimuth, elevation, x, y):
    camera = orbited(POSTERIOR, azimuth, elevation)
    moved = panned(camera, x, y, 800.0)
    here = projected(camera, camera.focal_point_mm, 800.0)
    assert projected(moved, camera.focal_point_mm, 800.0) == pytest.approx(here + [x, y], abs=1e-6)
    assert frame(moved) == pytest.approx(frame(camera))


@given(st.floats(0.2, 5.0), st.floats(-400, 400), st.floats(-400, 400))
def test_what_is_under_the_pointer_stays_there_when_zoomed(factor, x, y):
    scale = mm_per_pixel(POSTERIOR, 800.0)
    right, up, _ = frame(POSTERIOR)
    point = np.array(POSTERIOR.focal_point_mm) + right * x * scale + up * y * scale
    near = zoomed(POSTERIOR, factor, x, y, 800.0)
    assert projected(near, point, 800.0) == pytest.approx([x, y], abs=1e-6)
    distance = np.linalg.norm(np.subtract(near.position_mm, near.focal_point_mm))
    assert distance == pytest.approx(1200.0 / factor)


def test_zooming_stops_before_the_focal_point_and_far_away():
    for factor, least, most in ((1e9, NEAREST_MM, NEAREST_MM), (1e-9, FARTHEST_MM, FARTHEST_MM)):
        camera = zoomed(POSTERIOR, factor)
        distance = np.linalg.norm(np.subtract(camera.position_mm, camera.focal_point_mm))
        assert least == pytest.approx(distance) == pytest.approx(most)
