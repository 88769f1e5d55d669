"""Items, selectors, presets and the opening scene."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotations.atlas import Atlas
from meshes.errors import GluteaError
from viewer.items import TABLE, Item, items, load_view_table, select, view_table
from viewer.presets import apply_preset, opening_state, presets, views
from viewer.scene import Draft, Look, Scene, SceneState

BUTTONS = ["superficial", "without_gluteus_maximus", "nerve_and_artery", "entry_zone"]


def shown(state: SceneState | Draft) -> set[str]:
    """The items that a state shows."""
    return {name for name, look in state.looks.items() if look.visible}


def test_the_contracts_views_are_there() -> None:
    assert views() == [
        "anterior",
        "posterior",
        "left",
        "right",
        "superior",
        "inferior",
        "posterolateral",
        "infrapiriform_posterior",
        "infrapiriform_anterior",
    ]


def test_items_are_complete_and_named(balls: Atlas) -> None:
    found = {item.id: item for item in items(balls)}
    assert set(found) == {
        "gluteus_maximus_right",
        "femur_right",
        "hip_bone_left",
        "sacrum",
        "zone/entry_zone_right",
        "landmark/psis_right",
        "landmark/greater_trochanter_tip_right",
        "line/psis_trochanter_right",
    }
    assert found["sacrum"].side == "midline"
    assert found["gluteus_maximus_right"] == Item(
        "gluteus_maximus_right",
        "muscle",
        "right",
        "Gluteus maximus",
        "gluteus_maximus",
        structure="gluteus_maximus",
        region="gluteal",
        layer=1,
        origin="source",
    )
    assert found["zone/entry_zone_right"].english == "Entry zone of the nerve"
    assert found["landmark/psis_right"].english == "Posterior superior iliac spine"


def test_every_landmark_of_a_specimen_has_a_name(model_atlas: Atlas) -> None:
    for found in model_atlas.specimen.landmarks.values():
        assert set(found) <= set(view_table().landmarks)


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("gluteus_maximus", ["gluteus_maximus_right"]),
        ("Gluteus maximus", ["gluteus_maximus_right"]),
        ("gluteus-maximus-right", ["gluteus_maximus_right"]),
        ("bone", ["hip_bone_left", "sacrum", "femur_right"]),
        ("bones", ["hip_bone_left", "sacrum", "femur_right"]),
        ("entry_zone", ["zone/entry_zone_right"]),
        ("entry_zone_right", ["zone/entry_zone_right"]),
        ("zone/entry_zone_right", ["zone/entry_zone_right"]),
        ("psis", ["landmark/psis_right"]),
        ("lines", ["line/psis_trochanter_right"]),
    ],
)
def test_selectors_mean_what_users_say(balls: Atlas, selector: str, found: list[str]) -> None:
    assert select(balls, selector) == found


def test_a_slip_of_the_pen_gets_a_hint(balls: Atlas) -> None:
    with pytest.raises(GluteaError, match=r"'gluteus_maximum' here; did you mean gluteus_maximus"):
        select(balls, "gluteus_maximum")
    with pytest.raises(GluteaError, match="did you mean .*entry_zone"):
        select(balls, "zone_entry")
    with pytest.raises(GluteaError, match="names are written like"):
        select(balls, "qqqq")


def test_a_structure_that_this_specimen_lacks_is_said_to_be_lacking(balls: Atlas) -> None:
    with pytest.raises(GluteaError, match="'balls' has no Piriformis: choose another"):
        select(balls, "piriformis_left")


def test_presets_with_buttons_come_in_the_table_s_order() -> None:
    assert [name for name, preset in presets().items() if preset.button] == BUTTONS
    assert all(presets()[name].title and presets()[name].meaning for name in BUTTONS)


def test_a_preset_may_only_use_what_stands_above_it(tmp_path: Path) -> None:
    text = TABLE.read_text(encoding="utf-8")
    broken = text.replace('use = "superficial"', 'use = "opening"', 1)
    assert broken != text
    (tmp_path / "views.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(GluteaError, match="uses 'opening', which is not above it"):
        load_view_table(tmp_path / "views.toml")


def test_a_misspelt_key_in_the_table_is_named(tmp_path: Path) -> None:
    text = TABLE.read_text(encoding="utf-8").replace("visible = false", "visibel = false", 1)
    (tmp_path / "views.toml").write_text(text, encoding="utf-8")
    with pytest.raises(GluteaError, match="visibel"):
        load_view_table(tmp_path / "views.toml")


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('landmarks = ["piis", ', 'landmarks = ["pius", ', "lies around 'pius', which is no"),
        ("reach = 1.0", "reach = 0.0", "> 0.0"),
        ("reach = 1.0", "reach = 1.0\nradius_mm = 50.0", "radius_mm"),
        ('landmarks = ["piis", "ischial_spine", "sacral_apex"]', 'landmarks = ["piis"]', "2"),
    ],
)
def test_a_faulty_close_view_is_refused_in_one_sentence(
    tmp_path: Path, written: str, instead: str, said: str
) -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert written in text
    (tmp_path / "views.toml").write_text(text.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(GluteaError, match=said) as raised:
        load_view_table(tmp_path / "views.toml")
    assert "\n" not in str(raised.value) and str(raised.value).endswith("mend that entry.")


def test_the_opening_shows_one_side_whole_and_lights_the_other(balls: Atlas) -> None:
    state = opening_state(balls, balls.request)
    assert state.request == balls.request
    assert state.view == "posterior" and state.camera is None
    assert state.looks["hip_bone_left"] == Look()
    assert state.looks["gluteus_maximus_right"] == Look(visible=True, opacity=0.25)
    for item in ("zone/entry_zone_right", "line/psis_trochanter_right", "landmark/psis_right"):
        assert state.looks[item].visible


def test_a_preset_leaves_the_other_side_alone(balls: Atlas) -> None:
    scene = Scene(opening_state(balls, balls.request))
    with scene.change("Left bone as a ghost") as draft:
        draft.fade("hip_bone_left", opacity=0.5)
        draft.show("hip_bone_left", visible=False)
    before = scene.state
    with scene.change("Superficial") as draft:
        apply_preset("superficial", balls, draft, "right")
    assert scene.state.looks["hip_bone_left"] == before.looks["hip_bone_left"]
    assert scene.state.looks["gluteus_maximus_right"] == Look()
    assert not scene.state.looks["zone/entry_zone_right"].visible
    with scene.change("Superficial") as draft:
        apply_preset("superficial", balls, draft)
    assert scene.state.looks["hip_bone_left"] == Look()


def test_presets_do_not_depend_on_what_was_shown_before(balls: Atlas) -> None:
    for name in presets():
        fresh = Draft(SceneState())
        apply_preset(name, balls, fresh)
        used = Draft(opening_state(balls, balls.request))
        apply_preset("entry_zone", balls, used)
        apply_preset(name, balls, used)
        assert used.looks == fresh.looks, name


def test_an_unknown_preset_is_refused_with_the_known_ones(balls: Atlas) -> None:
    with pytest.raises(GluteaError, match="no preset 'deep'; choose one of superficial"):
        apply_preset("deep", balls, Draft(SceneState()))


@pytest.mark.atlas
def test_presets_show_the_real_region_as_their_names_say(z_anatomy_atlas: Atlas) -> None:
    pictures = {}
    for name in BUTTONS:
        draft = Draft(SceneState())
        apply_preset(name, z_anatomy_atlas, draft)
        pictures[name] = draft
    maximus = {"gluteus_maximus_left", "gluteus_maximus_right"}
    nerve = {"inferior_gluteal_nerve_left", "inferior_gluteal_artery_left", "sciatic_nerve_left"}
    assert maximus | {"gluteus_medius_left", "hip_bone_left"} <= shown(pictures["superficial"])
    deep = shown(pictures["without_gluteus_maximus"])
    assert not maximus & deep
    assert nerve | {"gluteus_medius_left", "piriformis_left"} <= deep
    bare = shown(pictures["nerve_and_artery"])
    assert nerve | {"piriformis_left"} <= bare
    assert "gluteus_medius_left" not in bare
    lit = pictures["entry_zone"]
    assert {"zone/entry_zone_left", "zone/psis_band_left", "line/psis_trochanter_left"} <= shown(
        lit
    )
    assert all(lit.looks[name].opacity == 0.25 for name in maximus)
    # Thigh, back and the inside of the pelvis stay out of all of them.
    regions = {item.id: item.region for item in items(z_anatomy_atlas)}
    for draft in pictures.values():
        assert {regions[item] for item in shown(draft)} <= {"gluteal", None}
