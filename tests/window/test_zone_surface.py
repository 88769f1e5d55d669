"""On which surface the zones are drawn: chosen in the panel, kept by presets and scene files."""

from __future__ import annotations

import pytest
from driving import OPENS_MS, different
from PySide6.QtCore import Qt

from viewer.scene import load_scene

DEEP, OUTER, SKIN = (f"zone/entry_zone{on}_right" for on in ("", "_superficial", "_skin"))


def choose(hand, *, down=0, up=0):
    """Go through the list with the keyboard."""
    box = hand.window.zones.surface
    hand.window.zones.ensureWidgetVisible(box)
    box.setFocus()
    for key, times in ((Qt.Key.Key_Down, down), (Qt.Key.Key_Up, up)):
        for _ in range(times):
            hand.qtbot.keyClick(box, key)
    hand.settle()


def test_zones_move_from_surface_to_surface_and_back(hand):
    first, looks = hand.pixels(), hand.window.scene.state.looks
    assert hand.visible(DEEP) and not hand.visible(SKIN)
    choose(hand, down=1)
    outer = hand.pixels()
    assert hand.window.scene.state.zones_on == "superficial"
    assert hand.visible(OUTER) and not hand.visible(DEEP)
    choose(hand, down=1)
    assert hand.visible(SKIN) and not hand.visible(OUTER)
    assert hand.visible("skin"), "zones on the skin hang in the air without it"
    assert hand.part_pixels(SKIN) > 100
    assert different(first, outer) > 100
    assert different(outer, hand.pixels()) > 100
    choose(hand, up=2)
    assert different(first, hand.pixels(), by=0) == 0
    now = hand.window.scene.state.looks
    assert {i for i, look in now.items() if look.visible} == {
        i for i, look in looks.items() if look.visible
    }


def test_legend_list_and_presets_follow_the_surface(hand):
    choose(hand, down=2)
    box = hand.window.zones.legend._boxes["entry_zone"]
    hand.window.zones.ensureWidgetVisible(box)
    hand.qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center())
    assert hand.visible("zone/entry_zone_skin_left") and hand.visible(SKIN)
    hand.qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center())
    assert not hand.visible(SKIN) and not hand.visible(DEEP)
    for preset, there in (("superficial", False), ("entry_zone", True)):
        hand.window.commands[f"preset_{preset}"].trigger()
        hand.settle()
        assert hand.visible(SKIN) == there
        assert not hand.visible(DEEP)
    panel = hand.window.structures
    listed = {
        item
        for item in panel.model._of_item
        if panel.proxy.mapFromSource(panel.model.index_of(item)).isValid()
    }
    assert SKIN in listed and not {DEEP, OUTER} & listed
    assert "gluteus_maximus_left" in listed


def test_new_limits_leave_the_surface_as_it_is(hand):
    choose(hand, down=1)
    for band in hand.window.zones.limits.boxes:
        hand.window.zones.limits.boxes[band][1].setValue(95)
    hand.qtbot.waitUntil(
        lambda: hand.window.scene.state.request.psis_band_mm[1] == 95.0, timeout=OPENS_MS
    )
    hand.settle()
    # What is new with these limits comes on the same surface.
    assert hand.visible("zone/overlap_superficial_right")
    assert not hand.visible("zone/overlap_right")


def test_a_scene_file_carries_the_surface(hand, tmp_path):
    choose(hand, down=2)
    picture = hand.pixels()
    hand.window.files.save_scene(tmp_path / "skin.json")
    assert load_scene(tmp_path / "skin.json").zones_on == "skin"
    choose(hand, up=2)
    with hand.qtbot.waitSignal(hand.window.filled, timeout=OPENS_MS):
        hand.window.files.open_scene(tmp_path / "skin.json")
    hand.settle()
    assert hand.window.zones.surface.currentData() == "skin"
    assert hand.visible(SKIN)
    assert different(picture, hand.pixels()) < 200


@pytest.mark.atlas
def test_another_specimen_opens_on_the_same_surface(real_hand):
    choose(real_hand, down=2)
    with real_hand.qtbot.waitSignal(real_hand.window.filled, timeout=OPENS_MS):
        real_hand.window.session.open_specimen("model")
    real_hand.settle()
    assert real_hand.window.zones.surface.currentData() == "skin"
    assert real_hand.visible(SKIN) and not real_hand.visible(DEEP)
