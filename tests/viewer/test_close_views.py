"""Close views: a ball round landmarks fills the picture, and what hides it is cut away."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import SIZE, changed, part_of

from annotations.atlas import Atlas
from meshes.specimen import SIDES, FloatArray, Landmark, Side
from meshes.structure import structure
from viewer.items import items, view_table
from viewer.palette import palette, rgb
from viewer.presets import apply_preset
from viewer.scene import Camera, Look, Scene, SceneState
from viewer.stage import Stage
from viewer.stage.cameras import Ball, ball_around, cuts_before, fitted
from viewer.stage.picking import display_of, rays

CLOSE = [name for name, view in view_table().views.items() if view.around is not None]
CUT = [name for name in CLOSE if view_table().views[name].cut]
LARGE = (640, 400)
COURSES = ("inferior_gluteal_nerve", "inferior_gluteal_artery", "sciatic_nerve", "pudendal_nerve")


def deep(atlas: Atlas, view: str, sides: tuple[Side, ...]) -> SceneState:
    """What lies below gluteus maximus and medius, on some sides only."""
    scene = Scene(SceneState(view=view, credit=False))
    with scene.change("deep") as draft:
        apply_preset("nerve_and_artery", atlas, draft)
        hidden = [item.id for item in items(atlas) if item.side not in (*sides, "midline")]
        draft.show(*hidden, visible=False)
    return scene.state


def marked(atlas: Atlas, marks: dict[str, FloatArray], side: Side = "right") -> Atlas:
    """The atlas with other landmarks, all of them on one side."""
    found = {name: Landmark(name, at, "curated", 1.0, "hip_bone") for name, at in marks.items()}
    landmarks: dict[Side, dict[str, Landmark]] = {"left": {}, "right": {}, "midline": {}}
    landmarks[side] = found
    return replace(atlas, specimen=replace(atlas.specimen, landmarks=landmarks))


# --- the framing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("view", CLOSE)
@pytest.mark.parametrize("sides", [("left",), ("right",), SIDES], ids="-".join)
@pytest.mark.parametrize("labels", [False, True])
def test_a_close_view_shows_its_landmarks_on_the_side_that_is_shown(
    stage: Stage, model_atlas: Atlas, view: str, sides: tuple[Side, ...], labels: bool
) -> None:
    stage.window.SetSize(*LARGE)
    stage.set_atlas(model_atlas)
    stage.apply(msgspec.structs.replace(deep(model_atlas, view, sides), labels=labels))
    side: Side = "right" if "right" in sides else "left"
    marks = model_atlas.specimen.landmarks
    known = {**marks["midline"], **marks[side]}
    around = view_table().views[view].around
    assert around is not None
    points = np.array([known[name].position_mm for name in around.landmarks])
    places = display_of(stage.renderer, points)
    assert (places >= 0).all() and (places <= (*LARGE, 1)).all()
    # Close: they take up a good part of the picture, which the whole region's view would not give.
    assert np.ptp(places[:, 1]) > 0.35 * LARGE[1]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(CLOSE),
    st.integers(0, 2**32 - 1),
    st.floats(0.6, 1.6),
    st.sampled_from(SIDES),
    st.floats(0.6, 2.5),
)
def test_the_ball_follows_the_body_in_place_size_and_side(
    balls: Atlas, view: str, seed: int, size: float, side: Side, aspect: float
) -> None:
    entry = view_table().views[view]
    assert entry.around is not None
    drawn = np.random.default_rng(seed)
    points = {name: drawn.normal(0.0, 40.0, 3) for name in entry.around.landmarks}
    ball = ball_around(marked(balls, points, side), entry, side)
    assert ball is not None
    grown = ball_around(marked(balls, {n: size * p for n, p in points.items()}, side), entry, side)
    assert grown is not None
    np.testing.assert_allclose(grown.centre_mm, size * ball.centre_mm, atol=1e-9)
    assert grown.radius_mm == pytest.approx(size * ball.radius_mm)
    # All of the landmarks are inside the picture.
    camera = fitted(entry, ball.points_mm, aspect, side == "left")
    back = np.subtract(camera.position_mm, camera.focal_point_mm)
    back /= np.linalg.norm(back)
    for point in points.values():
        off = point - camera.position_mm
        half = -(off @ back) * math.tan(math.radians(camera.view_angle_deg) / 2)
        assert abs(off @ np.array(camera.up)) <= half
        assert abs(off @ np.cross(camera.up, back)) <= half * aspect


def test_points_of_a_ball_stand_for_all_of_it() -> None:
    ball = Ball(np.array([1.0, 2.0, 3.0]), 50.0)
    off = ball.points_mm - ball.centre_mm
    np.testing.assert_allclose(np.linalg.norm(off, axis=1), 50.0)
    ways = np.random.default_rng(1).normal(size=(50, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    assert ((off @ ways.T).max(axis=0) > 0.98 * 50.0).all()


@pytest.mark.parametrize("view", CLOSE)
def test_a_body_without_the_landmarks_is_shown_as_a_whole(
    stage: Stage, balls: Atlas, view: str
) -> None:
    stage.set_atlas(balls)
    stage.apply(SceneState(looks={"femur_right": Look()}, view=view, credit=False))
    assert ball_around(balls, view_table().views[view], "right") is None
    assert changed(stage.image(*SIZE), np.full((*SIZE[::-1], 3), 255, np.uint8)).any()


@pytest.mark.parametrize("view", CLOSE)
def test_toggling_leaves_a_close_view_where_it_is(
    stage: Stage, model_atlas: Atlas, view: str
) -> None:
    stage.set_atlas(model_atlas)
    state = deep(model_atlas, view, ("right",))
    stage.apply(state)
    before = stage.camera()
    for item in ("piriformis_right", "common_iliac_artery_right", "skin"):
        look = Look(visible=not state.looks.get(item, Look(visible=False)).visible)
        stage.apply(msgspec.structs.replace(state, looks={**state.looks, item: look}))
        assert stage.camera() == before, item


# --- the cut --------------------------------------------------------------------------------------


def test_the_cut_touches_the_ball_and_goes_round_with_the_camera() -> None:
    ball = Ball(np.array([10.0, 0.0, 0.0]), 50.0)
    behind = Camera((10.0, 400.0, 0.0), (10.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    assert cuts_before(behind, ball) == pytest.approx(350.0)
    beside = Camera((310.0, 0.0, 0.0), (10.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    assert cuts_before(beside, ball) == pytest.approx(250.0)
    inside = Camera((10.0, 40.0, 0.0), (10.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    assert cuts_before(inside, ball) is None


@pytest.mark.parametrize("view", CUT)
def test_what_lies_before_the_ball_is_neither_seen_nor_hit(
    stage: Stage, balls: Atlas, view: str
) -> None:
    entry = view_table().views[view]
    assert entry.around is not None
    middle, towards = np.array([-60.0, 0.0, 0.0]), np.array(entry.towards)
    towards /= np.linalg.norm(towards)
    across = np.cross(entry.up, towards)
    spread = np.linspace(-30.0, 30.0, len(entry.around.landmarks))
    points = {
        name: middle + s * across for name, s in zip(entry.around.landmarks, spread, strict=True)
    }
    radius = entry.around.reach * 30.0
    femur = part_of("femur", "right", tuple(middle), 15.0)
    before = part_of("hip_bone", "right", tuple(middle + 2 * radius * towards), 20.0)
    sacrum = part_of("sacrum", "midline", tuple(middle + radius * (towards + across)), 20.0)
    parts = {part.id: part for part in (femur, before, sacrum)}
    atlas = marked(balls, points)
    atlas = replace(atlas, specimen=replace(atlas.specimen, parts=parts), zones={})
    stage.window.SetSize(*SIZE)
    stage.set_atlas(atlas)
    state = SceneState(looks=dict.fromkeys(parts, Look()), view=view, credit=False)
    stage.apply(state)
    whole = stage.image(*SIZE)
    pick = stage.pick(SIZE[0] // 2, SIZE[1] // 2)
    assert pick is not None and pick.item == "femur_right"
    without = {item: Look() for item in parts if item != "hip_bone_right"}
    stage.apply(msgspec.structs.replace(state, looks=without))
    assert not changed(whole, stage.image(*SIZE)).any()
    # Half of the sacrum's ball is cut away: its cut face is flat and in the colour of cut bone.
    cut = palette().kinds["bone"].cut
    assert cut is not None
    face = (np.abs(whole - 255 * np.array(rgb(cut))) < 1.5).all(axis=-1)
    assert face.sum() > 200
    # Another view of the same body shows the ball that was cut away.
    stage.apply(msgspec.structs.replace(state, view="anterior"))
    stage.render()
    seen = {pick.item for x in range(0, SIZE[0], 8) if (pick := stage.pick(x, SIZE[1] // 2))}
    assert "hip_bone_right" in seen


@pytest.mark.parametrize("view", CUT)
def test_nothing_before_the_ball_hides_the_ischial_spine(
    stage: Stage, model_atlas: Atlas, view: str
) -> None:
    stage.window.SetSize(*LARGE)
    stage.set_atlas(model_atlas)
    stage.apply(deep(model_atlas, view, SIDES))
    stage.render()
    spine = model_atlas.specimen.landmarks["right"]["ischial_spine"].position_mm
    place = display_of(stage.renderer, spine[None])
    (start,), (end,) = rays(stage.renderer, place[:, :2])
    hit = stage._picker.pick(start, end)
    assert hit is not None
    # Courses and ligament may lie over its very tip, but only those that pass there.
    assert np.linalg.norm(hit.position_mm - spine) < 15.0


# --- what is in the picture -----------------------------------------------------------------------


@pytest.mark.parametrize("view", CLOSE)
@pytest.mark.parametrize("side", SIDES)
def test_nerves_artery_and_piriformis_are_in_the_picture(
    stage: Stage, model_atlas: Atlas, view: str, side: Side
) -> None:
    seen_at_least(stage, model_atlas, view, side, 60)


@pytest.mark.atlas
@pytest.mark.parametrize("view", CLOSE)
def test_the_same_on_z_anatomy(stage: Stage, z_anatomy_atlas: Atlas, view: str) -> None:
    seen_at_least(stage, z_anatomy_atlas, view, "right", 60)


def seen_at_least(stage: Stage, atlas: Atlas, view: str, side: Side, pixels: int) -> None:
    """That each of what the view is about covers so many pixels."""
    stage.set_atlas(atlas)
    state = deep(atlas, view, (side,))
    stage.apply(state)
    whole = stage.image(*LARGE)
    for name in (*COURSES, "piriformis"):
        item = f"{name}_{side}"
        looks = {**state.looks, item: Look(visible=False)}
        stage.apply(msgspec.structs.replace(state, looks=looks))
        assert changed(whole, stage.image(*LARGE)).sum() > pixels, item


@pytest.mark.parametrize(
    ("view", "about"),
    [
        ("infrapiriform_posterior", {"Inferior gluteal nerve", "Inferior gluteal artery"}),
        # From in front the plexus hides most of the inferior gluteal nerve.
        ("infrapiriform_anterior", {"Pudendal nerve", "Inferior gluteal artery"}),
    ],
)
def test_labels_of_a_close_view_name_what_it_is_about_and_lead_to_what_is_seen(
    stage: Stage, model_atlas: Atlas, view: str, about: set[str]
) -> None:
    size = (1280, 800)
    stage.window.SetSize(*size)
    stage.set_atlas(model_atlas)
    stage.apply(msgspec.structs.replace(deep(model_atlas, view, ("right",)), labels=True))
    stage.render()
    named = {name.words: name.point_mm for name in stage._overlay._names}
    assert about | {"Piriformis", "Sciatic nerve"} <= set(named)
    places = display_of(stage.renderer, np.array(list(named.values())))
    assert (places >= 0).all() and (places <= (*size, 1)).all()
    # No label lies on what another one, or itself, leads to.
    sheet = stage._overlay.sheet
    ends = {dot.centre for dot in sheet.dots}
    assert len(ends) > 15
    assert not any(box.holds(end) for box in sheet.taken for end in ends)
    starts, ends = rays(stage.renderer, places[:, :2])
    for words, start, end in zip(named, starts, ends, strict=True):
        hit = stage._picker.pick(start, end)
        assert hit is not None
        seen = model_atlas.parts.get(hit.item)
        # A vessel may bend before itself: then the line leads to its nearer part.
        its_own = seen is not None and structure(seen.structure).english == words
        assert its_own or np.linalg.norm(hit.position_mm - named[words]) < 5.0, words
