"""The four buttons of the toolbar, and the side they act on."""

from __future__ import annotations

import pytest
from driving import different
from PySide6.QtCore import Qt

from viewer.items import view_table
from viewer.window.commands import preset_id

BUTTONS = [name for name, preset in view_table().presets.items() if preset.button]


def press(hand, preset):
    button = hand.window.toolbar.widgetForAction(hand.window.commands[preset_id(preset)])
    hand.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def shown(hand):
    return {item for item, look in hand.window.scene.state.looks.items() if look.visible}


def test_the_four_buttons_are_there():
    titles = [view_table().presets[name].title for name in BUTTONS]
    assert titles == ["Superficial", "Without gluteus maximus", "Nerve and artery", "Entry zone"]


def test_entry_zone_lights_the_zones_of_both_sides_and_superficial_puts_them_out(hand):
    frames = hand.view.frames
    press(hand, "entry_zone")
    assert {"zone/entry_zone_left", "zone/entry_zone_right"} <= shown(hand)
    lit = hand.pixels()
    assert hand.view.frames == frames + 1
    press(hand, "superficial")
    assert not any(item.startswith("zone/") for item in shown(hand))
    assert different(lit, hand.pixels()) > 500


def test_a_preset_leaves_the_camera_alone(hand):
    before = hand.view.camera
    for preset in BUTTONS:
        press(hand, preset)
        assert hand.window.scene.state.camera == before


def test_a_preset_acts_on_the_side_that_is_chosen(hand):
    hand.window.toolbar.side.setCurrentIndex(hand.window.toolbar.side.findData("left"))
    press(hand, "superficial")
    press(hand, "entry_zone")
    assert "zone/psis_band_left" in shown(hand)
    hand.window.toolbar.side.setCurrentIndex(hand.window.toolbar.side.findData("right"))
    press(hand, "superficial")
    assert "zone/psis_band_left" in shown(hand)
    assert "zone/psis_band_right" not in shown(hand)


@pytest.mark.atlas
def test_on_real_anatomy_the_buttons_take_the_region_apart(real_hand):
    press(real_hand, "superficial")
    assert "gluteus_maximus_right" in shown(real_hand)
    press(real_hand, "without_gluteus_maximus")
    assert "gluteus_maximus_right" not in shown(real_hand)
    assert "gluteus_medius_right" in shown(real_hand)
    press(real_hand, "nerve_and_artery")
    assert "gluteus_medius_right" not in shown(real_hand)
    nerve = ["inferior_gluteal_nerve_left", "inferior_gluteal_nerve_right"]
    assert set(nerve) <= shown(real_hand)
    assert real_hand.part_pixels(*nerve) > 100
