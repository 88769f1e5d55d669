"""Moving the limits of the bands: figures follow, the camera stays."""

from __future__ import annotations

import msgspec
import pytest
from driving import OPENS_MS, different, wheel
from PySide6.QtCore import Qt

from annotations.zones.table import default_limits_mm


def set_box(hand, box, value):
    """Type a value into a spin box, as a user does."""
    hand.window.zones.ensureWidgetVisible(box)
    box.setFocus()
    box.selectAll()
    hand.qtbot.keyClicks(box, f"{value:g}")
    hand.qtbot.keyClick(box, Qt.Key.Key_Return)


def wait_for_limits(hand, band, limits):
    field = {"trochanter_band": "trochanter_band_mm", "psis_band": "psis_band_mm"}[band]
    hand.qtbot.waitUntil(
        lambda: getattr(hand.window.scene.state.request, field) == limits, timeout=OPENS_MS
    )
    hand.settle()


def test_opens_on_the_published_limits(hand):
    limits = hand.window.zones.limits
    assert limits.limits == (default_limits_mm("trochanter_band"), default_limits_mm("psis_band"))
    assert not limits.reset.isEnabled()


def test_a_wider_band_is_drawn_and_the_camera_stays(hand):
    camera, looks = hand.view.camera, dict(hand.window.scene.state.looks)
    first = hand.pixels()
    low, high = hand.window.zones.limits.boxes["psis_band"]
    set_box(hand, high, 75)
    wait_for_limits(hand, "psis_band", (low.value(), 75.0))
    assert hand.window.scene.state.camera == camera
    kept = {item: look for item, look in hand.window.scene.state.looks.items() if item in looks}
    assert kept == looks
    assert different(first, hand.pixels()) > 100
    assert high.value() == 75.0


def test_the_gap_and_the_sentence_follow_the_limits(hand):
    zones = hand.window.zones
    assert "No point lies in both bands" in zones.honesty.text()
    before = zones.legend.figures["gap", "left"]
    for band in zones.limits.boxes:
        low, high = zones.limits.boxes[band]
        set_box(hand, high, 90)
        wait_for_limits(hand, band, (low.value(), 90.0))
    after = zones.legend.figures["gap", "left"]
    assert before.endswith(" mm")
    assert after == "none"
    # Nothing is to be owned up to any more.
    assert not zones.honesty.isVisible()


def test_the_lower_limit_stays_below_the_upper_one(hand):
    low, high = hand.window.zones.limits.boxes["trochanter_band"]
    set_box(hand, low, 200)
    assert low.value() < high.value()
    set_box(hand, high, 3)
    assert low.value() < high.value()


def test_reset_goes_back_to_the_published_limits(hand):
    limits = hand.window.zones.limits
    low, high = limits.boxes["psis_band"]
    first = hand.pixels()
    set_box(hand, high, 70)
    wait_for_limits(hand, "psis_band", (low.value(), 70.0))
    hand.qtbot.mouseClick(limits.reset, Qt.MouseButton.LeftButton)
    wait_for_limits(hand, "psis_band", default_limits_mm("psis_band"))
    assert different(first, hand.pixels(), by=0) == 0
    assert not limits.reset.isEnabled()


def test_keys_typed_into_a_limit_are_no_commands(hand):
    """Digits are figures there, not views; letters are nothing."""
    box = hand.window.zones.limits.boxes["psis_band"][1]
    state = hand.window.scene.state
    box.setFocus()
    box.selectAll()
    hand.qtbot.keyClicks(box, "dlghortsb72")
    assert box.value() == 72.0
    assert hand.window.scene.state == state
    wait_for_limits(hand, "psis_band", (50.0, 72.0))
    after = msgspec.structs.replace(hand.window.scene.state, request=state.request)
    assert after == msgspec.structs.replace(state, looks=after.looks)


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_limit_that_is_set_gives_the_keyboard_back_to_the_picture(hand, key):
    box = hand.window.zones.limits.boxes["psis_band"][1]
    box.setFocus()
    box.selectAll()
    hand.qtbot.keyClicks(box, "70")
    hand.qtbot.keyClick(box, key)
    assert hand.view.hasFocus()
    assert box.value() == 70.0
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_3)
    assert hand.window.scene.state.view == "left"


def test_scrolling_past_a_limit_does_not_change_it(hand):
    box = hand.window.zones.limits.boxes["psis_band"][1]
    hand.view.setFocus()
    wheel(box, box.rect().center(), 1)
    assert box.value() == 60.0
    assert not box.hasFocus()
    box.setFocus()
    wheel(box, box.rect().center(), 1)
    assert box.value() == 61.0


def test_a_flurry_of_steps_is_built_once(hand):
    built = []
    hand.window.session.opened.connect(built.append)
    high = hand.window.zones.limits.boxes["psis_band"][1]
    for _ in range(5):
        high.stepUp()
        hand.settle(20)
    wait_for_limits(hand, "psis_band", (50.0, 65.0))
    assert len(built) == 1


def test_a_failure_puts_the_old_limits_back_and_says_why(hand, monkeypatch):
    from meshes.errors import GluteaError

    def fails(request, progress, cancelled):
        raise GluteaError("The folder is full: free some space.")

    monkeypatch.setattr("annotations.atlas.build", fails)
    low, high = hand.window.zones.limits.boxes["psis_band"]
    high.setValue(71)
    hand.qtbot.waitUntil(lambda: "full" in hand.window.banner.text)
    assert high.value() == 60.0
    assert hand.window.scene.state.request.psis_band_mm == (50.0, 60.0)
    # The same wish may be made again.
    monkeypatch.undo()
    high.setValue(71)
    wait_for_limits(hand, "psis_band", (low.value(), 71.0))


@pytest.mark.atlas
def test_on_real_anatomy_the_areas_follow_and_an_overlap_appears(real_hand):
    zones = real_hand.window.zones
    figures = zones.legend.figures
    assert figures["overlap", "right"] == "none"
    area = float(figures["trochanter_band", "right"].split()[0])
    for band in zones.limits.boxes:
        low, high = zones.limits.boxes[band]
        set_box(real_hand, high, 95)
        wait_for_limits(real_hand, band, (low.value(), 95.0))
    figures = zones.legend.figures
    assert float(figures["trochanter_band", "right"].split()[0]) > area
    assert float(figures["overlap", "right"].split()[0]) > 0
    # What is new is shown on the side that opened with its zones.
    assert real_hand.visible("zone/overlap_right")
    assert real_hand.part_pixels("zone/overlap_right") > 50


def widened(hand):
    """Both bands as wide as it takes for them to overlap."""
    for band, (low, high) in hand.window.zones.limits.boxes.items():
        set_box(hand, high, 95)
        wait_for_limits(hand, band, (low.value(), 95.0))


def test_an_overlap_appears_on_every_side_that_shows_its_zones(hand):
    hand.window.commands["preset_entry_zone"].trigger()
    assert not hand.visible("zone/overlap_left")
    widened(hand)
    assert hand.visible("zone/overlap_left")
    assert hand.visible("zone/overlap_right")


def test_an_overlap_stays_away_where_no_zones_are_shown(hand):
    hand.window.commands["preset_superficial"].trigger()
    widened(hand)
    assert not hand.visible("zone/overlap_left")
    assert not hand.visible("zone/overlap_right")
    assert not hand.visible("zone/overlap_skin_right")


def test_an_overlap_appears_on_the_surface_that_the_zones_are_on(hand):
    surface = hand.window.zones.surface
    surface.setCurrentIndex(surface.findData("skin"))
    hand.settle()
    widened(hand)
    assert hand.visible("zone/overlap_skin_right")
    assert not hand.visible("zone/overlap_right")
    assert not hand.visible("zone/overlap_skin_left")


def test_what_cannot_be_kept_is_shown_and_told_once(hand, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "file"))
    low, high = hand.window.zones.limits.boxes["psis_band"]
    set_box(hand, high, 66)
    wait_for_limits(hand, "psis_band", (low.value(), 66.0))
    assert "could not be kept" in hand.window.banner.text
    hand.window.banner.dismiss()
    set_box(hand, high, 67)
    wait_for_limits(hand, "psis_band", (low.value(), 67.0))
    assert "could not be kept" not in hand.window.banner.text
