"""The scene: one door for changes, one signal each, and files that come back as they were."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.request import Request
from meshes.errors import GluteaError
from viewer.items import view_table
from viewer.scene import (
    SCENE_VERSION,
    Camera,
    Change,
    Look,
    Scene,
    SceneState,
    load_scene,
    save_scene,
)


class Listener:
    """Keeps every change that a scene tells of."""

    def __init__(self, scene: Scene) -> None:
        self.changes: list[Change] = []
        scene.changed.connect(self.hear)

    def hear(self, change: Change) -> None:
        self.changes.append(change)


@pytest.fixture
def scene() -> Scene:
    return Scene(SceneState(looks={"femur_left": Look(), "sacrum": Look(False, 0.5)}))


# --- one door ---------------------------------------------------------------------------------


def test_a_change_is_told_once_at_its_end(scene: Scene) -> None:
    before, heard = scene.state, Listener(scene)
    with scene.change("Hide femur") as draft:
        draft.show("femur_left", visible=False)
        draft.theme = "dark"
        assert heard.changes == []
        assert scene.state is before
    assert len(heard.changes) == 1
    (change,) = heard.changes
    assert change.label == "Hide femur"
    assert change.before is before
    assert change.after is scene.state
    assert scene.state.theme == "dark"
    assert scene.state.looks["femur_left"] == Look(False, 1.0)
    assert before.looks["femur_left"] == Look(), "what was before still is what it was"


def test_a_change_that_changes_nothing_is_not_told(scene: Scene) -> None:
    heard = Listener(scene)
    with scene.change("nothing"):
        pass
    with scene.change("the same again") as draft:
        draft.show("femur_left")
        draft.view = "posterior"
    with scene.change("there and back") as draft:
        draft.theme = "dark"
        draft.theme = "light"
    assert heard.changes == []


def test_changes_within_a_change_join_it(scene: Scene) -> None:
    """A preset calls smaller commands: still one step to undo and one picture to draw."""
    heard = Listener(scene)
    with scene.change("Preset") as outer:
        outer.theme = "dark"
        with scene.change("Fade") as inner:
            assert inner is outer
            inner.fade("sacrum", opacity=0.25)
        with scene.change("Labels") as inner:
            inner.labels = True
    assert [change.label for change in heard.changes] == ["Preset"]
    assert scene.state.looks["sacrum"] == Look(False, 0.25)
    assert (scene.state.theme, scene.state.labels) == ("dark", True)


def test_a_change_that_fails_changes_nothing(scene: Scene) -> None:
    before, heard = scene.state, Listener(scene)
    with pytest.raises(ZeroDivisionError), scene.change("broken") as draft:
        draft.show("femur_left", visible=False)
        draft.theme = "dark"
        _ = 1 / 0
    with pytest.raises(ValueError, match="between 0 and 1"), scene.change("too much") as draft:
        draft.theme = "dark"
        draft.fade("sacrum", opacity=1.5)
    with pytest.raises(ZeroDivisionError), scene.change("outer") as draft:
        with scene.change("inner") as inner:
            inner.labels = True
        _ = 1 / 0
    assert heard.changes == []
    assert scene.state is before
    with scene.change("works again") as draft:
        draft.theme = "dark"
    assert len(heard.changes) == 1


def test_a_listener_may_change_the_scene_in_its_turn(scene: Scene) -> None:
    heard = Listener(scene)

    def follow(change: Change) -> None:
        if change.label == "first":
            with scene.change("second") as draft:
                draft.labels = True

    scene.changed.connect(follow)
    with scene.change("first") as draft:
        draft.theme = "dark"
    assert sorted(change.label for change in heard.changes) == ["first", "second"]
    assert (scene.state.theme, scene.state.labels) == ("dark", True)


def test_visibility_and_opacity_do_not_touch_each_other(scene: Scene) -> None:
    with scene.change("show") as draft:
        draft.show("sacrum", "coccyx")
        draft.fade("femur_left", "skin", opacity=0.3)
    looks = scene.state.looks
    assert looks["sacrum"] == Look(True, 0.5)
    assert looks["coccyx"] == Look(True, 1.0), "an item without a look was hidden"
    assert looks["femur_left"] == Look(True, 0.3)
    assert looks["skin"] == Look(False, 0.3), "to fade an item does not show it"


def test_the_state_is_a_value(scene: Scene) -> None:
    with pytest.raises(AttributeError):
        scene.state.theme = "dark"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        scene.state = SceneState()  # type: ignore[misc]
    assert SceneState() == SceneState()
    for opacity in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            Look(opacity=opacity)


def test_two_scenes_do_not_hear_each_other(scene: Scene) -> None:
    other = Scene()
    heard = Listener(other)
    with scene.change("here") as draft:
        draft.theme = "dark"
    assert heard.changes == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_sequence_of_changes_can_be_replayed_backwards(data: st.DataObject) -> None:
    """`before` and `after` chain without a gap: undo is possible through this door alone."""
    scene = Scene()
    heard = Listener(scene)
    names = st.sampled_from(["a", "b", "zone/c"])
    for step in range(data.draw(st.integers(0, 6))):
        with scene.change(str(step)) as draft:
            draft.show(data.draw(names), visible=data.draw(st.booleans()))
            draft.fade(data.draw(names), opacity=data.draw(st.sampled_from([0.0, 0.25, 1.0])))
            draft.view = data.draw(st.sampled_from(["posterior", "left"]))
    states = [SceneState()]
    for change in heard.changes:
        assert change.before == states[-1]
        assert change.after != change.before
        states.append(change.after)
    assert scene.state == states[-1]


def test_the_scene_is_plain_data() -> None:
    """No Qt, no VTK, no PyVista come with it: a script may build a scene on any machine."""
    code = "import sys, viewer.scene; viewer.scene.Scene(); print(*sys.modules)"
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert "psygnal" in loaded
    assert loaded & {"PySide6", "shiboken6", "vtkmodules", "vtk", "pyvista", "trimesh"} == set()


# --- files ------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
figure = st.floats(-2000, 2000)
vectors = st.tuples(figure, figure, figure)
limits = st.tuples(st.floats(0, 100), st.floats(100.5, 300))
states = st.builds(
    SceneState,
    request=st.builds(Request, names, limits, limits),
    looks=st.dictionaries(names, st.builds(Look, st.booleans(), st.floats(0, 1)), max_size=5),
    view=st.sampled_from(list(view_table().views)),
    camera=st.none()
    | st.builds(Camera, vectors, vectors, vectors, st.floats(1, 120)).filter(Camera.sees),
    theme=st.sampled_from(["light", "dark"]),
    labels=st.booleans(),
    scale_bar=st.booleans(),
    credit=st.booleans(),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(state=states)
def test_a_saved_scene_comes_back_as_it_was(tmp_path: Path, state: SceneState) -> None:
    save_scene(state, tmp_path / "a.json")
    assert load_scene(tmp_path / "a.json") == state


def test_what_is_of_the_moment_is_not_saved(tmp_path: Path) -> None:
    state = SceneState(selected="sacrum", through=("gluteus_maximus_left",))
    save_scene(state, tmp_path / "a.json")
    assert load_scene(tmp_path / "a.json") == SceneState()
    assert state.selected == "sacrum"


def test_the_file_says_its_version_and_is_readable(tmp_path: Path) -> None:
    save_scene(SceneState(looks={"sacrum": Look()}), tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    tree = json.loads(text)
    assert tree["glutea_scene"] == SCENE_VERSION == 2
    assert tree["state"]["looks"] == {"sacrum": {"visible": True, "opacity": 1.0}}
    assert text.count("\n") > 5


def test_a_file_of_the_first_version_opens_with_the_zones_where_they_were(tmp_path: Path) -> None:
    old = msgspec.to_builtins(SceneState(looks={"zone/overlap_left": Look()}))
    del old["zones_on"]
    (tmp_path / "old.json").write_text(json.dumps({"glutea_scene": 1, "state": old}))
    state = load_scene(tmp_path / "old.json")
    assert state.zones_on == "deep"
    assert state.looks == {"zone/overlap_left": Look()}


def test_zones_are_put_on_another_surface_only_where_they_exist_there() -> None:
    looks = {
        "zone/overlap_left": Look(opacity=0.5),
        "zone/overlap_right": Look(),
        "zone/lower_third_left": Look(visible=False),
        "sacrum": Look(),
    }
    known = {*looks, "zone/overlap_skin_left", "zone/lower_third_skin_left"}
    scene = Scene(SceneState(looks=looks))
    with scene.change("skin") as draft:
        draft.put_zones_on("skin", known)
    now = scene.state.looks
    assert now["zone/overlap_skin_left"] == Look(opacity=0.5)
    assert not now["zone/overlap_left"].visible
    assert now["zone/overlap_right"].visible
    assert "zone/lower_third_skin_left" not in now
    assert now["sacrum"] == Look()
    with scene.change("back") as draft:
        draft.put_zones_on("deep", known)
    assert scene.state.looks["zone/overlap_left"] == Look(opacity=0.5)
    assert not scene.state.looks["zone/overlap_skin_left"].visible


def test_zones_on_the_skin_bring_the_skin_to_see_through_and_take_it_along() -> None:
    looks = {"zone/overlap_left": Look(), "skin": Look(visible=False), "sacrum": Look()}
    known = {*looks, "zone/overlap_skin_left"}
    scene = Scene(SceneState(looks=looks))
    with scene.change("skin") as draft:
        draft.put_zones_on("skin", known)
    skin = scene.state.looks["skin"]
    assert skin.visible and 0 < skin.opacity < 0.5
    with scene.change("back") as draft:
        draft.put_zones_on("deep", known)
    assert not scene.state.looks["skin"].visible
    # Whoever has shown the skin keeps it as it is.
    with scene.change("as the user likes it") as draft:
        draft.show("skin")
        draft.fade("skin", opacity=0.8)
        draft.put_zones_on("skin", known)
    assert scene.state.looks["skin"] == Look(opacity=0.8)
    with scene.change("back") as draft:
        draft.put_zones_on("deep", known)
    assert scene.state.looks["skin"] == Look(opacity=0.8)


def test_the_skin_comes_only_with_a_zone_that_is_shown_on_it() -> None:
    looks = {"zone/overlap_left": Look(visible=False), "skin": Look(visible=False)}
    known = {*looks, "zone/overlap_skin_left"}
    scene = Scene(SceneState(looks=looks))
    with scene.change("skin") as draft:
        draft.put_zones_on("skin", known)
    assert not scene.state.looks["skin"].visible
    with scene.change("a zone") as draft:
        draft.show("zone/overlap_skin_left")
    assert scene.state.looks["skin"].visible


def test_a_scene_cannot_be_saved_where_nothing_can(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GluteaError, match="choose another folder"):
        save_scene(SceneState(), tmp_path / "file" / "a.json")


def test_an_old_file_survives_a_failed_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    save_scene(SceneState(view="left"), tmp_path / "a.json")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(GluteaError, match="No space left"):
        save_scene(SceneState(view="right"), tmp_path / "a.json")
    assert load_scene(tmp_path / "a.json").view == "left"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def whole(**changes: Any) -> dict[str, Any]:
    return {"glutea_scene": 1, "state": {**msgspec.to_builtins(SceneState()), **changes}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\x89PNG\r\n",
        b"\xff\xfe",
        b'{"state": {}}',
        b'{"glutea_scene": 1}',
        b'{"glutea_scene": "1", "state": {}}',
        b'{"glutea_scene": true, "state": {}}',
        b"[" * 100_000,
        json.dumps(whole(theme="purple")).encode(),
        json.dumps(whole(looks={"sacrum": {"opacity": 3}})).encode(),
        json.dumps(whole(looks={"sacrum": {"colour": "red"}})).encode(),
        json.dumps(whole(request={"specimen": "model", "psis_band_mm": [60, 50]})).encode(),
        json.dumps(whole(camera={"position_mm": [0, 0]})).encode(),
        json.dumps(whole(view=5)).encode(),
        json.dumps(whole(surprise=1)).encode(),
        json.dumps({**whole(), "more": 1}).encode(),
    ],
    ids=lambda content: content[:40].decode("latin-1"),
)
def test_what_is_no_scene_is_said_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lecture.json"
    path.write_bytes(content)
    with pytest.raises(GluteaError) as caught:
        load_scene(path)
    sentence = str(caught.value)
    assert sentence.startswith("lecture.json is not a scene")
    assert sentence.endswith("choose another file.")
    assert "\n" not in sentence


def test_a_view_that_there_is_not_is_refused(tmp_path: Path) -> None:
    """Else the first look would fail, in the middle of a lecture."""
    (tmp_path / "lecture.json").write_text(json.dumps(whole(view="sideways")))
    with pytest.raises(GluteaError, match=r"the view 'sideways'.* posterior, .* in it\."):
        load_scene(tmp_path / "lecture.json")


GOOD = {"position_mm": [0, 1000, 0], "focal_point_mm": [0, 0, 0], "up": [0, 0, 1]}


@pytest.mark.parametrize(
    "change",
    [
        {"position_mm": [0, 0, 0]},
        {"position_mm": [0, 1e9, 0]},
        {"position_mm": [1e300, 1e300, 0]},
        {"position_mm": [1e12, 1e12, 0], "focal_point_mm": [1e12, 1e12 - 1000, 0]},
        {"up": [0, 0, 0]},
        {"up": [0, -3, 0]},
        {"up": [0, 1, 1e-9]},
        {"up": [0, 0, 1e300]},
        {"view_angle_deg": 0},
        {"view_angle_deg": -20},
        {"view_angle_deg": 200},
    ],
    ids=str,
)
def test_a_camera_that_sees_nothing_is_refused(
    tmp_path: Path, change: dict[str, list[float]]
) -> None:
    """Nothing could be drawn, and the cause would be far to seek."""
    path = tmp_path / "lecture.json"
    path.write_text(json.dumps(whole(camera=GOOD)))
    assert load_scene(path).camera is not None
    path.write_text(json.dumps(whole(camera={**GOOD, **change})))
    with pytest.raises(GluteaError, match=r"lecture\.json sees nothing.* choose another file\."):
        load_scene(path)


def test_a_scene_of_a_newer_program_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "lecture.json"
    path.write_text(json.dumps({"glutea_scene": SCENE_VERSION + 1, "state": {"anything": 1}}))
    with pytest.raises(GluteaError, match=r"newer Glutea: update Glutea to open it\."):
        load_scene(path)


def test_a_missing_scene_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GluteaError, match="check the name"):
        load_scene(tmp_path / "nowhere.json")
    with pytest.raises(GluteaError, match="check the name"):
        load_scene(tmp_path)


def test_a_scene_with_only_its_version_and_request_opens(tmp_path: Path) -> None:
    """Written by hand or by a script: what is left out is as usual."""
    path = tmp_path / "a.json"
    path.write_text('{"glutea_scene": 1, "state": {"request": {"specimen": "z-anatomy"}}}')
    assert load_scene(path) == SceneState(request=Request("z-anatomy"))
