"""The stage: real pictures, off screen and without Qt."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from pictures import REGIONAL, SIZE, changed

from annotations.atlas import Atlas
from meshes.errors import GluteaError
from meshes.structure import structures
from viewer.items import items
from viewer.presets import apply_preset, opening_state, presets
from viewer.scene import Camera, Look, Scene, SceneState
from viewer.stage import Stage
from viewer.stage.picking import display_of
from viewer.stage.stage import with_alpha

MUSCLE, FEMUR, ZONE = "gluteus_maximus_right", "femur_right", "zone/entry_zone_right"


def showing(*names: str, **more: object) -> SceneState:
    """A plain state that shows these items, and no text."""
    state = SceneState(looks={name: Look() for name in names}, credit=False)
    return msgspec.structs.replace(state, **more)


# --- toggling ------------------------------------------------------------------------------------


def test_every_item_can_be_taken_out_and_put_back(stage: Stage, model_atlas: Atlas) -> None:
    stage.set_atlas(model_atlas)
    everything = [item.id for item in items(model_atlas)]
    # Ghosts, so that nothing is hidden wholly behind something else.
    look = Look(opacity=0.4)
    state = SceneState(looks=dict.fromkeys(everything, look), credit=False)
    stage.apply(state)
    whole = stage.image(*SIZE)
    for item in everything:
        without = {name: look for name in everything if name != item}
        assert stage.apply(msgspec.structs.replace(state, looks=without))
        gone = changed(whole, stage.image(*SIZE))
        assert gone.any(), item
        assert stage.apply(state)
        np.testing.assert_array_equal(stage.image(*SIZE), whole, err_msg=item)


def test_only_what_differs_calls_for_a_render(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    state = showing(MUSCLE, FEMUR)
    assert stage.apply(state)
    assert not stage.apply(state)
    assert not stage.apply(msgspec.structs.replace(state, through=("no_such_item",)))
    assert stage.apply(msgspec.structs.replace(state, theme="dark"))
    assert stage.apply(msgspec.structs.replace(state, scale_bar=True))


def test_apply_never_renders_and_render_renders_once(stage: Stage, balls: Atlas) -> None:
    rendered = []
    stage.window.AddObserver("StartEvent", lambda *_: rendered.append(1))
    stage.set_atlas(balls)
    stage.apply(showing(MUSCLE, ZONE, labels=True, scale_bar=True, credit=True))
    stage.fit("left")
    stage.pick(10, 10)
    assert not rendered
    stage.render()
    stage.render(moving=True)
    assert len(rendered) == 2


def test_the_same_state_is_the_same_picture_whatever_came_before(
    stage: Stage, model_atlas: Atlas
) -> None:
    scene = Scene(opening_state(model_atlas, model_atlas.request))
    with scene.change("labels") as draft:
        draft.labels = draft.scale_bar = True
    stage.set_atlas(model_atlas)
    stage.apply(scene.state)
    first = stage.image(*SIZE)
    for name in presets():
        with scene.change(name) as draft:
            apply_preset(name, model_atlas, draft)
            draft.view, draft.theme = "anterior", "dark"
        stage.apply(scene.state)
        stage.render(moving=True)
    with scene.change("back") as draft:
        apply_preset("opening", model_atlas, draft)
        draft.view, draft.theme = "posterior", "light"
    stage.apply(scene.state)
    np.testing.assert_array_equal(stage.image(*SIZE), first)


def test_unchanged_parts_keep_their_actors_when_the_atlas_changes(
    stage: Stage, balls: Atlas
) -> None:
    stage.set_atlas(balls)
    stage.apply(showing(MUSCLE, FEMUR, ZONE))
    before = {name: drawn.pieces[0].actor for name, drawn in stage._drawn.items()}
    zones = balls.zones["right"]
    moved = replace(zones.patches["entry_zone"])
    stage.set_atlas(replace(balls, zones={"right": replace(zones, patches={"entry_zone": moved})}))
    after = {name: drawn.pieces[0].actor for name, drawn in stage._drawn.items()}
    assert after[MUSCLE] is before[MUSCLE]
    assert after[FEMUR] is before[FEMUR]
    assert after[ZONE] is not before[ZONE]
    assert stage.renderer.HasViewProp(after[ZONE])
    assert not stage.renderer.HasViewProp(before[ZONE])


def test_an_atlas_that_lacks_an_item_shows_the_rest(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    stage.apply(showing(FEMUR, "piriformis_right"))
    assert changed(stage.image(*SIZE), np.full((1, 1, 3), 255, np.uint8)).any()


def test_without_an_atlas_the_picture_is_the_background(stage: Stage) -> None:
    stage.apply(SceneState())
    assert (stage.image(*SIZE) == 255).all()


# --- what is seen through what -------------------------------------------------------------------


def zone_pixels(stage: Stage, muscle: Look | None) -> int:
    """How many pixels the zone changes, with the muscle as given."""
    looks = {FEMUR: Look()} | ({MUSCLE: muscle} if muscle else {})
    stage.apply(SceneState(looks=looks, credit=False))
    without = stage.image(*SIZE)
    stage.apply(SceneState(looks=looks | {ZONE: Look()}, credit=False))
    return int(changed(without, stage.image(*SIZE)).sum())


def test_the_zone_shows_through_a_ghost_and_without_the_muscle(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    bare = zone_pixels(stage, None)
    assert bare > 100
    assert zone_pixels(stage, Look(opacity=0.25)) == pytest.approx(bare, rel=0.1)
    assert zone_pixels(stage, Look()) == 0


def test_a_quick_frame_shows_the_zone_through_the_ghost_too(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    pictures = []
    for names in ((FEMUR, MUSCLE), (FEMUR, MUSCLE, ZONE)):
        looks = {name: Look(opacity=0.25 if name == MUSCLE else 1.0) for name in names}
        stage.apply(SceneState(looks=looks, credit=False))
        stage.render(moving=True)
        pictures.append(stage._pixels().copy())
    assert changed(*pictures).sum() > 100


def test_ghosts_are_blended_from_far_to_near(stage: Stage, balls: Atlas) -> None:
    pictures = {}
    for names in ((MUSCLE, "hip_bone_left"), ("hip_bone_left", MUSCLE)):
        stage.set_atlas(None)  # so that all is put into the stage anew, in this order
        stage.set_atlas(balls)
        for view in ("left", "right"):
            looks = {name: Look(opacity=0.5) for name in names}
            stage.apply(SceneState(looks=looks, view=view, credit=False))
            pictures[names[0], view] = stage.image(*SIZE)
    for view in ("left", "right"):
        both = [pictures[first, view] for first in (MUSCLE, "hip_bone_left")]
        np.testing.assert_array_equal(*both)
    # In the middle one lies before the other: the nearer one's colour, dark or pale, is stronger.
    middle = SIZE[1] // 2, SIZE[0] // 2
    assert pictures[MUSCLE, "right"][middle][1] < pictures[MUSCLE, "left"][middle][1] - 3


def test_a_held_key_sees_through_and_lets_go(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    state = showing(MUSCLE, FEMUR)
    stage.apply(state)
    closed = stage.image(*SIZE)
    assert stage.apply(msgspec.structs.replace(state, through=(MUSCLE,)))
    opened = stage.image(*SIZE)
    assert changed(closed, opened).sum() > 1000
    stage.apply(state)
    np.testing.assert_array_equal(stage.image(*SIZE), closed)


def test_what_is_selected_stands_out(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    state = showing(FEMUR, "hip_bone_left")
    stage.apply(state)
    plain = stage.image(*SIZE)
    stage.apply(msgspec.structs.replace(state, selected=FEMUR))
    marked = changed(plain, stage.image(*SIZE))
    half = SIZE[0] // 2
    # From behind, right is right: nothing happens to the bone on the left.
    assert marked[:, half:].sum() > 200
    assert not marked[:, :half].any()
    stage.apply(state)
    np.testing.assert_array_equal(stage.image(*SIZE), plain)


# --- views ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("skin", [False, True])
@pytest.mark.parametrize("view", REGIONAL)
@pytest.mark.parametrize("size", [(320, 200), (200, 320)])
def test_every_view_shows_the_region_and_cuts_nothing_but_the_legs(
    stage: Stage, model_atlas: Atlas, view: str, size: tuple[int, int], skin: bool
) -> None:
    stage.set_atlas(model_atlas)
    scene = Scene(SceneState(view=view, credit=False))
    with scene.change("region") as draft:
        apply_preset("superficial", model_atlas, draft)
        draft.looks["skin"] = Look(visible=skin)
    stage.apply(scene.state)
    ink = (stage.image(*size) != 255).any(axis=-1)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    fills = max(np.ptp(rows) / size[1], np.ptp(columns) / size[0])
    assert fills > 0.9
    assert not ink[0].any()
    # In perspective the legs may run out at the sides of their own accord, far below.
    upper = ink[: int(0.6 * size[1])]
    assert not upper[:, 0].any()
    assert not upper[:, -1].any()


def test_only_skin_that_is_shown_and_legs_below_the_floor_move_the_camera(
    stage: Stage, model_atlas: Atlas
) -> None:
    stage.set_atlas(model_atlas)
    names = [item.id for item in items(model_atlas) if item.group in ("bone", "muscle")]
    gluteal = [n for n in names if structures()[model_atlas.parts[n].structure].region == "gluteal"]
    stage.apply(showing(*gluteal))
    near = stage.camera()
    stage.apply(showing(*gluteal, "iliotibial_tract_left"))
    assert stage.camera() == near
    stage.apply(showing(*gluteal, "skin"))
    assert stage.camera().position_mm[1] > near.position_mm[1] + 20
    # The stumps of the hamstrings end above the floor: the femurs stay cut.
    stage.apply(showing(*names))
    assert stage.camera() == near


def test_left_is_left_from_behind_and_right_from_before(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    points = np.array([[60.0, 0.0, 0.0], [-60.0, 0.0, 0.0]])
    for view, left_first in (("posterior", True), ("anterior", False), ("superior", True)):
        stage.apply(showing("hip_bone_left", FEMUR, view=view))
        stage.render()
        left, right = display_of(stage.renderer, points)[:, 0]
        assert (left < right) == left_first, view


def test_posterolateral_looks_from_the_side_that_is_shown(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    stage.apply(showing("hip_bone_left", "sacrum"))
    assert stage.fit("posterolateral").position_mm[0] > 0
    stage.apply(showing(FEMUR, "sacrum"))
    assert stage.fit("posterolateral").position_mm[0] < 0
    stage.apply(showing(FEMUR, "hip_bone_left"))
    assert stage.fit("posterolateral").position_mm[0] < 0


def test_toggling_a_part_of_the_region_does_not_move_the_camera(
    stage: Stage, model_atlas: Atlas
) -> None:
    stage.set_atlas(model_atlas)
    names = [item.id for item in items(model_atlas) if item.group == "bone"]
    stage.apply(showing(*names))
    before = stage.camera()
    stage.apply(showing(*names[1:]))
    assert stage.camera() == before


def test_a_camera_of_the_scene_is_taken_as_it_is(stage: Stage, balls: Atlas) -> None:
    camera = Camera((0.0, 500.0, 100.0), (0.0, 0.0, 20.0), (0.0, 0.0, 1.0), 25.0)
    stage.set_atlas(balls)
    stage.apply(showing(FEMUR, camera=camera))
    stage.render()
    assert stage.camera() == camera
    stage.image(100, 50)
    assert stage.camera() == camera


def test_a_picture_of_another_shape_leaves_the_camera_as_it_was(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    stage.apply(showing(FEMUR, "hip_bone_left"))
    before = stage.camera()
    stage.image(100, 300)
    assert stage.camera() == before
    assert stage.window.GetSize() == SIZE


def test_an_unknown_view_is_refused_with_the_known_ones(stage: Stage) -> None:
    with pytest.raises(GluteaError, match="no view 'behind'.*posterior"):
        stage.fit("behind")


# --- picking -------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["posterior", "anterior", "left", "superior"])
def test_a_pick_names_what_is_drawn_there(stage: Stage, model_atlas: Atlas, view: str) -> None:
    stage.set_atlas(model_atlas)
    bones = [item.id for item in items(model_atlas) if item.group == "bone"]
    stage.apply(showing(*bones, view=view))
    stage.render()
    towards = np.array(stage.camera().position_mm)
    for name in bones:
        vertices = model_atlas.parts[name].vertices_mm.astype(float)
        nearest = vertices[np.argmin(np.linalg.norm(vertices - towards, axis=1))]
        stage.apply(showing(name, view=view, camera=stage.camera()))
        stage.render()
        x, y, depth = display_of(stage.renderer, nearest)[0]
        if not (0 <= x < SIZE[0] and 0 <= y < SIZE[1] and 0 <= depth <= 1):
            continue
        # The very tip of a surface may fall between two rays: one pixel to the side will do.
        found = [stage.pick(int(x) + dx, int(y) + dy) for dx in (0, -1, 1) for dy in (0, -1, 1)]
        picks = [pick for pick in found if pick is not None]
        assert picks and all(pick.item == name for pick in picks), name
        assert min(np.linalg.norm(pick.position_mm - nearest) for pick in picks) < 4.0
        stage.apply(showing(*bones, view=view, camera=stage.camera()))


def test_picks_agree_with_the_picture(stage: Stage, model_atlas: Atlas) -> None:
    """Where a part's own pixels are, and only there, the pick is that part."""
    stage.set_atlas(model_atlas)
    bones = [item.id for item in items(model_atlas) if item.group == "bone"]
    stage.apply(showing(*bones))
    whole = stage.image(*SIZE)
    stage.render()
    stage.apply(showing(*bones[1:], camera=stage.camera()))
    mine = changed(whole, stage.image(*SIZE))[::-1]
    stage.apply(showing(*bones, camera=stage.camera()))
    ink = (whole != 255).any(axis=-1)[::-1]
    wrong = asked = 0
    for y in range(4, SIZE[1], 9):
        for x in range(4, SIZE[0], 9):
            # Smoothed edges belong to both: ask well inside only.
            square = np.s_[y - 2 : y + 3, x - 2 : x + 3]
            if ink[square].all() != ink[square].any() or mine[square].all() != mine[square].any():
                continue
            pick = stage.pick(x, y)
            asked += 1
            wrong += (pick is not None) != ink[y, x]
            wrong += (pick is not None and pick.item == bones[0]) != mine[y, x]
    assert asked > 300
    assert wrong == 0


def test_ghosts_are_looked_through_where_something_lies_behind(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    stage.apply(SceneState(looks={MUSCLE: Look(opacity=0.25), FEMUR: Look()}, credit=False))
    stage.render()
    x, y, _ = display_of(stage.renderer, np.array([[-60.0, 0.0, 0.0]]))[0]
    assert stage.pick(int(x), int(y)).item == FEMUR
    beside, *_ = display_of(stage.renderer, np.array([[-60.0, 0.0, 40.0]]))
    assert stage.pick(int(beside[0]), int(beside[1])).item == MUSCLE
    stage.apply(SceneState(looks={MUSCLE: Look(), FEMUR: Look()}, credit=False))
    assert stage.pick(int(x), int(y)).item == MUSCLE
    stage.apply(SceneState(looks={MUSCLE: Look(visible=False), FEMUR: Look()}, credit=False))
    assert stage.pick(int(x), int(y)).item == FEMUR


def test_the_zone_is_found_inside_the_ghost(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    stage.apply(SceneState(looks={MUSCLE: Look(opacity=0.25), ZONE: Look()}, credit=False))
    stage.render()
    x, y, _ = display_of(stage.renderer, np.array([[-60.0, 30.0, 22.0]]))[0]
    pick = stage.pick(int(x), int(y))
    assert pick is not None and pick.item == ZONE
    assert pick.position_mm[1] == pytest.approx(30.0, abs=0.01)


# --- pictures ------------------------------------------------------------------------------------


def test_pictures_have_the_size_asked_for_and_stand_upright(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    stage.apply(showing("sacrum", "hip_bone_left", FEMUR))
    picture = stage.image(200, 100)
    assert picture.shape == (100, 200, 3)
    assert picture.dtype == np.uint8
    ink = (picture != 255).any(axis=-1)
    # The sacrum's ball is the uppermost, in the middle.
    top = np.flatnonzero(ink[np.flatnonzero(ink.any(axis=1))[0]])
    assert abs(top.mean() - 100) < 8


def test_a_transparent_picture_laid_on_white_is_the_plain_one(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    looks = {MUSCLE: Look(opacity=0.25), FEMUR: Look(), ZONE: Look()}
    stage.apply(SceneState(looks=looks, labels=True))
    plain = stage.image(*SIZE).astype(float)
    clear = stage.image(*SIZE, transparent=True)
    assert clear.shape == (*SIZE[::-1], 4)
    assert (clear[:3, :3, 3] == 0).all()
    assert (clear[..., 3] == 255).any()
    share = clear[..., 3:] / 255
    laid = clear[..., :3] * share + 255 * (1 - share)
    # Edge smoothing looks at the background, so some pixels at edges may differ a little.
    off = np.abs(laid - plain).max(axis=-1)
    assert (off > 12).mean() < 0.02
    # And it leaves the stage as it was.
    np.testing.assert_array_equal(stage.image(*SIZE), plain.astype(np.uint8))


def test_alpha_from_two_backgrounds_is_exact() -> None:
    rng = np.random.default_rng(5)
    colours = rng.integers(0, 256, (8, 8, 3)).astype(float)
    alpha = rng.integers(64, 256, (8, 8, 1)) / 255
    on_black = np.rint(colours * alpha).astype(np.uint8)
    on_white = np.rint(colours * alpha + 255 * (1 - alpha)).astype(np.uint8)
    found = with_alpha(on_black, on_white)
    np.testing.assert_allclose(found[..., 3:] / 255, alpha, atol=1.1 / 255)
    np.testing.assert_allclose(found[..., :3], colours, atol=6)


def test_a_given_window_gets_pictures_from_a_copy(balls: Atlas) -> None:
    from viewer.stage.window import off_screen_window

    window = off_screen_window(*SIZE)
    given, own = Stage(window), Stage()
    own.window.SetSize(*SIZE)
    for stage in (given, own):
        stage.set_atlas(balls)
        stage.apply(showing(MUSCLE, FEMUR, scale_bar=True))
    np.testing.assert_array_equal(given.image(150, 90), own.image(150, 90))
    assert window.GetSize() == SIZE
    given.close()
    own.close()
    # The window is its owner's: it still draws.
    window.Render()
    window.Finalize()


# --- the end -------------------------------------------------------------------------------------


def test_nothing_survives_close(balls: Atlas) -> None:
    stage = Stage()
    stage.set_atlas(balls)
    state = showing(MUSCLE, FEMUR, ZONE, "landmark/psis_right", "line/psis_trochanter_right")
    stage.apply(
        msgspec.structs.replace(state, selected=FEMUR, labels=True, scale_bar=True, credit=True)
    )
    stage.render()
    stage.pick(100, 100)
    actors = [actor for drawn in stage._drawn.values() for actor, _ in drawn.actors]
    alive = [stage, stage.renderer, stage.window, stage.renderer.GetActiveCamera(), *actors]
    alive += [actor.GetMapper() for actor in actors]
    alive += [actor.GetMapper().GetInput() for actor in actors]
    alive += [prop for prop in stage.renderer.GetViewProps()]
    watched = [weakref.ref(one) for one in alive]
    del alive, actors
    stage.close()
    del stage
    gc.collect()
    assert [ref() for ref in watched if ref() is not None] == []


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="tells Linux's EGL to find nothing"
)
def test_without_opengl_one_sentence_says_so() -> None:
    script = (
        "from viewer.stage import Stage\n"
        "from meshes.errors import GluteaError\n"
        "try:\n    Stage()\nexcept GluteaError as error:\n    print(error)\n"
    )
    nothing = {"__EGL_VENDOR_LIBRARY_FILENAMES": "/nonexistent.json"}
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | nothing,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no OpenGL" in done.stdout and "install" in done.stdout
    assert len(done.stdout.strip().splitlines()) == 1


def test_the_way_to_a_picture_loads_nothing_slow() -> None:
    script = (
        "import sys\n"
        "import viewer.output.picture, viewer.presets, viewer.stage\n"
        "slow = ('trimesh', 'scipy', 'pyvista', 'matplotlib', 'PySide6', 'pooch', 'rich', 'PIL')\n"
        "print([name for name in slow if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
