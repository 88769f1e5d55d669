"""Hatching: every zone by its own pattern, in millimetres, in pictures of any size."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import Picture

from annotations.atlas import Atlas
from annotations.zones.zone import Patch
from meshes.specimen import FloatArray
from viewer.palette import palette, rgb
from viewer.scene import Camera, Look, SceneState
from viewer.stage import Stage
from viewer.stage.hatching import flat_mm

SQUARE_MM = 60.0
# Looks from behind at a square of 60 mm that fills the picture from edge to edge.
ANGLE = 2 * np.degrees(np.arctan(SQUARE_MM / 2 / 1000))
CAMERA = Camera((0.0, 1000.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), float(ANGLE))


def square(zone: str) -> Patch:
    half = SQUARE_MM / 2 + 5
    corners = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]], np.float32) * half
    normals = np.tile(np.array([0, -1, 0], np.float32), (4, 1))
    return Patch(zone, "right", corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), normals)


def drawn(stage: Stage, balls: Atlas, zone: str, size: int) -> FloatArray:
    """The picture of a square zone, as shares of the way from its colour to its ink."""
    zones = replace(balls.zones["right"], patches={zone: square(zone)})
    stage.window.SetSize(size, size)
    stage.set_atlas(replace(balls, zones={"right": zones}))
    stage.apply(SceneState(looks={f"zone/{zone}_right": Look()}, camera=CAMERA, credit=False))
    return inked(stage.image(size, size), zone)


def inked(picture: Picture, zone: str) -> FloatArray:
    """How much of the ink each pixel shows, (h, w): by the place between field and ink."""
    # The field's own colour as the lamps leave it: the commonest one.
    colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    pale = colours[counts.argmax()] / 255
    ink = palette().zones[zone]
    dark = 1 - ink.opacity * (1 - np.array(rgb(ink.edge)))
    way = dark - pale
    return np.asarray(np.clip(((picture / 255 - pale) @ way) / (way @ way), 0, 1))


@pytest.mark.parametrize("zone", palette().zones)
def test_a_zone_shows_its_ink_as_much_as_its_hatch_says(
    stage: Stage, balls: Atlas, zone: str
) -> None:
    hatch = palette().zones[zone].hatch
    line = hatch.width_mm / hatch.spacing_mm
    share = {"lines": line, "cross": 1 - (1 - line) ** 2, "dots": np.pi / 4 * line**2}
    small, large = (drawn(stage, balls, zone, size) for size in (240, 960))
    for picture in (small, large):
        assert picture.mean() == pytest.approx(share[hatch.pattern], rel=0.15)
    # A finer picture is the same one: its pixels, put together, give the coarser one's.
    together = large.reshape(240, 4, 240, 4).mean(axis=(1, 3))
    assert np.abs(together - small).mean() < 0.06


def test_lines_lie_as_far_apart_and_turn_as_the_table_says(stage: Stage, balls: Atlas) -> None:
    for zone, ink in palette().zones.items():
        if ink.hatch.pattern != "lines":
            continue
        picture = drawn(stage, balls, zone, 300)
        # Four times as many waves as there are pixels: the picture's own lie between them.
        waves = np.abs(np.fft.fftshift(np.fft.fft2(picture - picture.mean(), (1200, 1200))))
        # Thin lines have strong overtones, longer waves than theirs there are none.
        strong = np.argwhere(waves > 0.8 * waves.max())[:, ::-1] - 600
        per_mm = min(strong * (1, -1) / (4 * SQUARE_MM), key=np.linalg.norm)
        assert 1 / np.linalg.norm(per_mm) == pytest.approx(ink.hatch.spacing_mm, rel=0.06), zone
        across = np.degrees(np.arctan2(per_mm[1], per_mm[0])) - 90
        assert abs((across - ink.hatch.angle_deg + 90) % 180 - 90) < 5, zone


def test_no_two_zones_are_hatched_alike(stage: Stage, balls: Atlas) -> None:
    """So they are told apart in grey: shifted as one likes, the pictures differ."""
    pictures = {zone: drawn(stage, balls, zone, 240) for zone in palette().zones}
    waves = {zone: np.abs(np.fft.fft2(p - p.mean())) for zone, p in pictures.items()}
    for one, other in combinations(waves, 2):
        alike = (waves[one] * waves[other]).sum()
        alike /= np.linalg.norm(waves[one]) * np.linalg.norm(waves[other])
        assert alike < 0.7, (one, other)


def test_lines_too_fine_for_the_picture_leave_the_colour_alone(stage: Stage, balls: Atlas) -> None:
    for zone in palette().zones:
        assert drawn(stage, balls, zone, 8)[1:-1, 1:-1].max() < 0.02, zone


@given(st.integers(0, 2**32 - 1))
def test_places_are_true_to_length_on_a_flat_surface(seed: int) -> None:
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    flat = np.column_stack([random.uniform(-30, 30, (8, 2)), np.zeros(8)])
    points = (flat @ turn.T).astype(np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    places = flat_mm(points, triangles, np.tile(turn[:, 2], (8, 1)))
    for a, b in combinations(range(8), 2):
        away = np.linalg.norm(places[a] - places[b])
        assert away == pytest.approx(np.linalg.norm(flat[a] - flat[b]), abs=1e-3)
