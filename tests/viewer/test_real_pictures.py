"""Pictures of the real anatomy show what the program is for."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from pictures import REGIONAL, changed

from annotations.atlas import Atlas
from viewer.presets import apply_preset, opening_state
from viewer.scene import Look, Scene, SceneState
from viewer.stage import Stage
from viewer.stage.picking import display_of

pytestmark = pytest.mark.atlas
SIZE = (640, 400)
MAXIMUS = "gluteus_maximus_right"


@pytest.fixture
def opened(stage: Stage, z_anatomy_atlas: Atlas) -> tuple[Stage, SceneState]:
    """A stage with the opening scene, without text."""
    state = opening_state(z_anatomy_atlas, z_anatomy_atlas.request)
    state = msgspec.structs.replace(state, credit=False)
    stage.window.SetSize(*SIZE)
    stage.set_atlas(z_anatomy_atlas)
    stage.apply(state)
    return stage, state


def with_look(state: SceneState, item: str, look: Look) -> SceneState:
    """The state with one look changed."""
    return msgspec.structs.replace(state, looks={**state.looks, item: look})


def pixels_of(stage: Stage, state: SceneState, item: str) -> int:
    """How many pixels an item changes."""
    stage.apply(with_look(state, item, Look()))
    shown = stage.image(*SIZE)
    stage.apply(with_look(state, item, Look(visible=False)))
    return int(changed(shown, stage.image(*SIZE)).sum())


def test_nerve_and_artery_are_seen_below_piriformis(opened: tuple[Stage, SceneState]) -> None:
    stage, state = opened
    bare = with_look(state, MAXIMUS, Look(visible=False))
    for item in ("inferior_gluteal_nerve", "inferior_gluteal_artery", "sciatic_nerve"):
        name = f"{item}_right"
        seen = pixels_of(stage, bare, name)
        stage.apply(msgspec.structs.replace(bare, looks={name: Look()}, camera=stage.camera()))
        alone = int((stage.image(*SIZE) != 255).any(axis=-1).sum())
        # Sacrotuberous ligament and sacrum rightly cover much of the artery.
        assert seen > 100 and seen > 0.2 * alone, item
    # Where the nerve is first seen from behind, piriformis lies above it.
    stage.apply(bare)
    stage.render()
    atlas = stage._atlas
    assert atlas is not None
    points = {
        point.name: point for point in atlas.courses["inferior_gluteal_nerve"]["right"].points
    }
    exit_px = display_of(stage.renderer, points["exit"].position_mm)[0]
    muscle = display_of(stage.renderer, atlas.parts["piriformis_right"].vertices_mm)
    near = np.abs(muscle[:, 0] - exit_px[0]) < 15
    assert muscle[near, 1].mean() > exit_px[1]


def test_the_entry_zone_is_lit_through_the_ghost(opened: tuple[Stage, SceneState]) -> None:
    stage, state = opened
    zone = "zone/entry_zone_right"
    bare = pixels_of(stage, with_look(state, MAXIMUS, Look(visible=False)), zone)
    ghost = pixels_of(stage, state, zone)
    whole = pixels_of(stage, with_look(state, MAXIMUS, Look()), zone)
    assert bare > 400
    assert ghost > 0.95 * bare
    assert whole < 0.05 * bare


def test_the_entry_zone_is_bright_through_the_ghost(opened: tuple[Stage, SceneState]) -> None:
    stage, state = opened
    stage.apply(state)
    picture = stage.image(*SIZE).astype(int)
    stage.apply(with_look(state, "zone/entry_zone_right", Look(visible=False)))
    zone = changed(picture, stage.image(*SIZE).astype(int))
    red, green, _ = np.median(picture[zone], axis=0)
    assert green > 190 and green > red + 100


@pytest.mark.parametrize("view", REGIONAL)
def test_every_view_of_the_opening_scene_fills_the_picture(
    opened: tuple[Stage, SceneState], view: str
) -> None:
    stage, state = opened
    stage.apply(msgspec.structs.replace(state, view=view))
    ink = (stage.image(*SIZE) != 255).any(axis=-1)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert max(np.ptp(rows) / SIZE[1], np.ptp(columns) / SIZE[0]) > 0.9
    assert not ink[0].any()


def test_every_part_can_be_taken_out_and_put_back(
    opened: tuple[Stage, SceneState], z_anatomy_atlas: Atlas
) -> None:
    stage, _ = opened
    scene = Scene(SceneState(credit=False))
    with scene.change("deep") as draft:
        apply_preset("nerve_and_artery", z_anatomy_atlas, draft)
    stage.apply(scene.state)
    whole = stage.image(*SIZE)
    shown = [item for item, look in scene.state.looks.items() if look.visible]
    assert len(shown) > 20
    # One of a kind is enough here; tests of the stage go through all of the model's.
    for item in (
        "piriformis_left",
        "sciatic_nerve_right",
        "sacrum",
        "inferior_gluteal_artery_left",
    ):
        stage.apply(with_look(scene.state, item, Look(visible=False)))
        assert changed(whole, stage.image(*SIZE)).sum() > 50, item
        stage.apply(scene.state)
        np.testing.assert_array_equal(stage.image(*SIZE), whole, err_msg=item)


def test_picks_skip_the_ghost(opened: tuple[Stage, SceneState]) -> None:
    stage, state = opened
    stage.apply(state)
    stage.render()
    atlas = stage._atlas
    assert atlas is not None
    nerve = atlas.parts["sciatic_nerve_right"].vertices_mm
    posterior = nerve[np.argmax(nerve[:, 1])]
    x, y, _ = display_of(stage.renderer, posterior)[0]
    pick = stage.pick(int(x), int(y))
    assert pick is not None and pick.item != MAXIMUS
