"""What is written over the picture: legible, true, and nothing on top of anything else."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import msgspec
import numpy as np
import pytest
from pictures import changed

from annotations.atlas import Atlas
from annotations.request import Request
from meshes.structure import structures
from viewer.credits import PURPOSE
from viewer.presets import apply_preset, items, opening_state
from viewer.scene import Look, Scene, SceneState
from viewer.stage import Stage
from viewer.stage.layout import _cross
from viewer.stage.overlay import dimension_text, mm_per_px, round_length_mm
from viewer.stage.picking import display_of, rays
from viewer.stage.sight import LONG_PX
from viewer.stage.texts import measured, wrapped

SIZES = [(1280, 800), (3840, 2160), (600, 900), (400, 300)]


def written(stage: Stage) -> str:
    """All that is written, with line breaks as blanks."""
    return " | ".join(text.words.replace("\n", " ") for text in stage._overlay.sheet.written)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("labels", [True, False])
def test_no_two_texts_meet_and_none_leaves_the_picture(
    stage: Stage, model_atlas: Atlas, size: tuple[int, int], labels: bool
) -> None:
    stage.orientation_marker = True
    stage.window.SetSize(*size)
    stage.set_atlas(model_atlas)
    state = opening_state(model_atlas, model_atlas.request)
    looks = dict(state.looks) | {
        item.id: Look() for item in items(model_atlas) if item.group == "landmark"
    }
    stage.apply(msgspec.structs.replace(state, looks=looks, labels=labels, scale_bar=True))
    # Laid out as before a render, without the cost of one.
    stage._marker.follow(stage.renderer.GetActiveCamera(), True)
    stage._overlay.place(stage._picker, False, stage._marker)
    corner, *boxes = stage._overlay.sheet.taken
    # The letters round the cube stand in the corner that is kept for them.
    letters, others = boxes[:4], boxes[4:]
    assert all(box.within(corner) for box in letters)
    assert len(others) > 3
    for i, box in enumerate(others):
        assert box.bottom >= 0 and box.top <= size[1] + 1
        assert not box.meets(corner)
        for other in others[i + 1 :]:
            assert not box.meets(other), written(stage)


def test_credit_can_be_left_out_of_the_picture(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    state = SceneState(looks={"femur_right": Look()})
    stage.apply(state)
    stage.render()
    assert "Made for tests." in written(stage) and PURPOSE in written(stage)
    stage.apply(msgspec.structs.replace(state, credit=False))
    stage.render()
    assert written(stage) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_really_is_drawn(stage: Stage, balls: Atlas, theme: str) -> None:
    stage.set_atlas(balls)
    state = SceneState(looks={"femur_right": Look()}, theme=theme, credit=False)
    camera = stage.fit("posterior")
    state = msgspec.structs.replace(state, camera=camera)
    stage.apply(state)
    plain = stage.image(320, 240)
    stage.apply(msgspec.structs.replace(state, credit=True))
    marks = changed(plain, stage.image(320, 240))
    assert marks[-60:].sum() > 300
    assert not marks[:-60].any()


def test_the_scale_bar_is_true_at_the_depth_of_the_focal_point(
    stage: Stage, model_atlas: Atlas
) -> None:
    stage.set_atlas(model_atlas)
    stage.apply(opening_state(model_atlas, model_atlas.request))
    stage.render()
    camera = stage.camera()
    focus = np.array(camera.focal_point_mm)
    ends = display_of(stage.renderer, np.stack([focus, focus + [50.0, 0.0, 0.0]]))
    width, height = stage.window.GetSize()
    assert math.dist(ends[0, :2], ends[1, :2]) * mm_per_px(camera, height) == pytest.approx(50.0)


def test_the_scale_bar_says_its_length(stage: Stage, model_atlas: Atlas) -> None:
    stage.set_atlas(model_atlas)
    state = opening_state(model_atlas, model_atlas.request)
    stage.apply(msgspec.structs.replace(state, scale_bar=True))
    stage.render()
    assert "cm at mid-depth" in written(stage)


@pytest.mark.parametrize(
    ("most", "length"), [(137.0, 100.0), (99.9, 50.0), (49.0, 20.0), (5.0, 5.0), (0.7, 0.5)]
)
def test_scale_bars_have_round_lengths(most: float, length: float) -> None:
    assert round_length_mm(most) == pytest.approx(length)


def test_the_dimension_line_says_the_figures_of_this_specimen(model_atlas: Atlas) -> None:
    zones = model_atlas.zones["left"]
    figures = replace(zones.figures, psis_to_trochanter_mm=147.6, gap_mm=27.6)
    atlas = replace(
        model_atlas, request=Request(trochanter_band_mm=(50.0, 60.0), psis_band_mm=(50.0, 60.0))
    )
    assert dimension_text(atlas, replace(zones, figures=figures)).replace("\n", " ") == (
        "PSIS–trochanter 148 mm; 6 + 6 = 12 cm; gap 28 mm"
    )
    wide = replace(atlas, request=Request(trochanter_band_mm=(50.0, 85.0)))
    meeting = replace(zones, figures=replace(figures, gap_mm=0.0))
    assert dimension_text(wide, meeting).endswith("8.5 + 6 = 14.5 cm; bands can meet")


def test_the_dimension_line_is_seen_where_bone_hides_it(stage: Stage, balls: Atlas) -> None:
    stage.set_atlas(balls)
    line = "line/psis_trochanter_right"
    camera = stage.fit("posterior")
    looks = {name: Look() for name in ("gluteus_maximus_right", "femur_right")}
    stage.apply(SceneState(looks=looks, camera=camera, credit=False))
    without = stage.image(320, 240)
    stage.apply(SceneState(looks=looks | {line: Look()}, camera=camera, credit=False))
    drawn = changed(without, stage.image(320, 240))
    # The trochanter's end lies inside the muscle's ball, yet dashes lead to it.
    x, y, _ = display_of(stage.renderer, balls.zones["right"].dimension_line_mm[1])[0]
    assert drawn[240 - int(y) - 8 : 240 - int(y) + 8, int(x) - 2 : int(x) + 10].any()


def test_what_lies_on_the_far_side_of_the_body_is_not_drawn(
    stage: Stage, model_atlas: Atlas
) -> None:
    stage.set_atlas(model_atlas)
    bones = {name: Look() for name in model_atlas.specimen.parts}
    for side, expected in (("left", True), ("right", False)):
        looks = bones | {f"landmark/greater_trochanter_tip_{side}": Look()}
        stage.apply(SceneState(looks=looks, view="left", credit=False))
        stage.render()
        assert ("Greater trochanter" in written(stage)) == expected


def test_labels_name_each_structure_once_and_only_what_is_seen(
    stage: Stage, model_atlas: Atlas
) -> None:
    stage.set_atlas(model_atlas)
    looks = {name: Look() for name in model_atlas.parts}
    stage.apply(SceneState(looks=looks, labels=True, credit=False))
    stage.render()
    assert [text.words for text in stage._overlay.sheet.written] == ["Skin"]
    kinds = {name: structures()[part.structure].kind for name, part in model_atlas.parts.items()}
    looks = {name: Look() for name, kind in kinds.items() if kind in ("bone", "nerve", "artery")}
    stage.apply(SceneState(looks=looks, labels=True, credit=False))
    stage.render()
    names = [text.words for text in stage._overlay.sheet.written]
    assert sorted(names) == sorted(set(names))
    assert {"Hip bone", "Sacrum", "Femur"} <= set(names)
    assert any("nerve" in name for name in names)
    for named in stage._overlay._names:
        # The very point: a pixel's middle may pass beside a thin nerve.
        starts, ends = rays(stage.renderer, display_of(stage.renderer, named.point_mm)[:, :2])
        pick = stage._picker.pick(starts[0], ends[0])
        assert pick is not None
        structure = model_atlas.parts[pick.item].structure
        assert structures()[structure].english == named.words
    del looks["sacrum"]
    stage.apply(SceneState(looks=looks, labels=True, credit=False))
    stage.render()
    assert "Sacrum" not in written(stage)


@pytest.mark.parametrize("view", ["posterior", "infrapiriform_posterior", "infrapiriform_anterior"])
def test_lines_end_well_inside_what_they_name(stage: Stage, model_atlas: Atlas, view: str) -> None:
    """Round an end nothing else is seen, as far as the small picture that it is chosen on tells."""
    stage.window.SetSize(1200, 750)
    stage.set_atlas(model_atlas)
    scene = Scene(SceneState(view=view, labels=True, credit=False))
    with scene.change("deep") as draft:
        apply_preset("nerve_and_artery", model_atlas, draft)
    stage.apply(scene.state)
    stage.render()
    named = stage._overlay._names
    assert len(named) > 15
    places = display_of(stage.renderer, np.array([name.point_mm for name in named]))
    for name, place in zip(named, places, strict=True):
        around = place[:2] + 0.5 * 1200 / LONG_PX * np.array(
            [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]
        )
        starts, ends = rays(stage.renderer, around)
        for start, end in zip(starts, ends, strict=True):
            pick = stage._picker.pick(start, end)
            assert pick is not None, name.words
            structure = model_atlas.parts[pick.item].structure
            assert structures()[structure].english == name.words


@pytest.mark.parametrize("view", ["posterior", "infrapiriform_posterior", "infrapiriform_anterior"])
def test_leaders_hardly_ever_cross(stage: Stage, model_atlas: Atlas, view: str) -> None:
    stage.window.SetSize(1200, 750)
    stage.set_atlas(model_atlas)
    state = opening_state(model_atlas, model_atlas.request)
    stage.apply(msgspec.structs.replace(state, view=view, labels=True))
    stage.render()
    sheet = stage._overlay.sheet
    ends = {dot.centre for dot in sheet.dots}
    lines = {tuple(s.points) for s in sheet.ink if len(s.points) == 2 and s.points[1] in ends}
    assert len(lines) > 8
    crossings = [
        (one, other)
        for one, other in combinations(lines, 2)
        if _cross((one[0], one[1]), (other[0], other[1]))
    ]
    # Labels of unequal height leave one that no order mends, now and then.
    assert len(crossings) <= 1


def test_letters_are_as_large_on_fine_screens(stage: Stage, model_atlas: Atlas) -> None:
    """Twice the pixels to the same screen: letters of twice as many, the smallest ones too."""
    stage.set_atlas(model_atlas)
    stage.apply(opening_state(model_atlas, model_atlas.request))
    for small in ((300, 240), (1000, 800)):
        sizes = []
        for ratio in (1, 2):
            stage.pixel_ratio = ratio
            stage.window.SetSize(ratio * small[0], ratio * small[1])
            stage._marker.follow(stage.renderer.GetActiveCamera(), False)
            stage._overlay.place(stage._picker, False, stage._marker)
            sizes.append(stage._overlay.sheet.label_px)
        assert sizes[1] == pytest.approx(2 * sizes[0])


def test_labels_scale_with_the_picture() -> None:
    small, large = measured("Sacrum", 12.0), measured("Sacrum", 48.0)
    assert large[0] / small[0] == pytest.approx(4.0, rel=0.1)
    assert large[1] / small[1] == pytest.approx(4.0)


def test_wrapping_keeps_every_word_and_every_line_fits() -> None:
    words = "Z-Anatomy — The libre 3D atlas of anatomy — CC BY-SA 4.0."
    lines = wrapped(words, 12.0, 120.0).split("\n")
    assert len(lines) > 1
    assert " ".join(lines) == words
    assert all(measured(line, 12.0)[0] <= 120.0 for line in lines)
    assert wrapped("one\ntwo", 12.0, 500.0) == "one\ntwo"
    assert wrapped("unbreakable", 12.0, 5.0) == "unbreakable"
