"""Showing and hiding structures by mouse and by keyboard, seen in the picture."""

from __future__ import annotations

import numpy as np
import pytest
from driving import different
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

FEMUR = "femur_left"


def test_mouse_on_a_check_box_hides_the_part_and_shows_it_again(hand):
    index = hand.row(FEMUR)
    first = hand.pixels()
    hand.click_check_box(index)
    assert not hand.visible(FEMUR)
    without = hand.pixels()
    assert different(first, without) > 2000
    # Only where the femur was: the right half of the picture is the right femur's.
    changed = np.argwhere(np.abs(first.astype(int) - without).max(axis=2) > 12)
    assert changed[:, 1].max() < first.shape[1] * 0.55
    hand.click_check_box(index)
    assert hand.visible(FEMUR)
    assert different(first, hand.pixels(), by=0) == 0


def test_space_toggles_the_row_that_has_the_focus(hand):
    tree = hand.window.structures.tree
    tree.setCurrentIndex(hand.row(FEMUR))
    tree.setFocus()
    hand.settle()
    first = hand.pixels()
    hand.qtbot.keyClick(tree, Qt.Key.Key_Space)
    assert not hand.visible(FEMUR)
    assert different(first, hand.pixels()) > 2000
    hand.qtbot.keyClick(tree, Qt.Key.Key_Space)
    assert different(first, hand.pixels(), by=0) == 0


def test_hidden_pixels_are_what_lay_behind(hand):
    """With everything hidden nothing of the anatomy is left."""
    with hand.window.scene.change("hide all") as draft:
        draft.show(*draft.looks, visible=False)
        draft.credit = False
    marker = hand.view.stage.orientation_marker
    hand.view.stage.orientation_marker = False
    hand.view._want(quick=False)
    try:
        assert np.unique(hand.pixels().reshape(-1, 3), axis=0).shape[0] == 1
    finally:
        hand.view.stage.orientation_marker = marker


def test_a_group_is_partly_checked_when_one_of_its_items_is_hidden(hand):
    model = hand.window.structures.model
    leaf = model.index_of(FEMUR)
    structure, system = leaf.parent(), leaf.parent().parent()
    assert system.data() == "Bones"

    def state(index):
        return Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole))

    assert state(structure) == state(system) == Qt.CheckState.Checked
    hand.click_check_box(hand.row(FEMUR))
    assert state(structure) == state(system) == Qt.CheckState.PartiallyChecked
    # A click on the partly checked group shows all of it.
    hand.click_check_box(hand.window.structures.proxy.mapFromSource(system))
    assert state(system) == Qt.CheckState.Checked
    assert hand.visible(FEMUR)


def test_a_group_toggles_in_one_change_and_one_render(hand):
    changes, frames = [], hand.view.frames
    hand.window.scene.changed.connect(changes.append)
    system = hand.window.structures.model.index_of(FEMUR).parent().parent()
    hand.click_check_box(hand.window.structures.proxy.mapFromSource(system))
    hand.settle()
    toggles = [change for change in changes if change.before.looks != change.after.looks]
    assert len(toggles) == 1
    assert not any(
        look.visible
        for item, look in toggles[0].after.looks.items()
        if item.startswith(("hip_bone", "femur", "sacrum"))
    )
    # One for the toggle; clicking the group's box does not select an item of the scene.
    assert hand.view.frames == frames + 1


def test_search_filters_by_english_and_latin_names(hand):
    panel = hand.window.structures
    hand.qtbot.keyClicks(panel.search, "os cox")
    assert shown_labels(panel) == {"Bones", "Hip bone"}
    panel.search.clear()
    hand.qtbot.keyClicks(panel.search, "inferior gluteal")
    assert {"Inferior gluteal nerve", "Inferior gluteal artery"} <= shown_labels(panel)
    assert "Femur" not in shown_labels(panel)
    panel.search.clear()
    hand.qtbot.keyClicks(panel.search, "xyzzy")
    assert shown_labels(panel) == set()
    assert panel.nothing.isVisible()


def shown_labels(panel):
    """The labels of all rows down to the structures that the filter lets through."""
    labels = set()
    for system in range(panel.proxy.rowCount()):
        index = panel.proxy.index(system, 0)
        labels.add(index.data())
        labels |= {
            panel.proxy.index(r, 0, index).data() for r in range(panel.proxy.rowCount(index))
        }
    return labels


def test_enter_goes_from_the_search_to_what_was_found(hand):
    panel = hand.window.structures
    panel.search.setFocus()
    hand.qtbot.keyClicks(panel.search, "pirif")
    hand.qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert panel.tree.hasFocus()
    assert {item.id for item in panel.chosen()} == {"piriformis_left", "piriformis_right"}
    # So a structure is found and hidden without the mouse.
    hand.qtbot.keyClick(panel.tree, Qt.Key.Key_Space)
    assert not hand.visible("piriformis_left")
    panel.search.setFocus()
    hand.qtbot.keyClicks(panel.search, "no such thing")
    hand.qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert panel.search.hasFocus()


def test_opacity_slider_fades_what_is_selected(hand):
    panel = hand.window.structures
    assert not panel.slider.isEnabled()
    panel.tree.setCurrentIndex(hand.row(FEMUR))
    assert panel.slider.isEnabled()
    first = hand.pixels()
    panel.slider.setValue(30)
    assert hand.window.scene.state.looks[FEMUR].opacity == pytest.approx(0.3)
    assert hand.window.scene.state.looks["femur_right"].opacity == 1.0
    assert different(first, hand.pixels()) > 2000


@pytest.mark.parametrize(
    ("command", "visible", "opacity"), [("hide", False, 1.0), ("ghost", True, 0.25)]
)
def test_what_is_done_to_the_selection(hand, command, visible, opacity):
    hand.window.structures.tree.setCurrentIndex(hand.row(FEMUR))
    hand.window.commands[command].trigger()
    look = hand.window.scene.state.looks[FEMUR]
    assert (look.visible, look.opacity) == (visible, opacity)
    hand.window.commands["show"].trigger()
    look = hand.window.scene.state.looks[FEMUR]
    assert (look.visible, look.opacity) == (True, 1.0)


def test_the_context_menu_acts_on_the_row_under_it(hand):
    tree = hand.window.structures.tree
    index = hand.row(FEMUR)
    at = tree.visualRect(index).center()
    hand.qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
    tree.customContextMenuRequested.emit(at)
    menu = QApplication.activePopupWidget()
    titles = [action.text() for action in menu.actions()]
    assert titles == ["Show", "Hide", "Make see-through", "Show only this"]
    menu.actions()[1].trigger()
    menu.close()
    assert not hand.visible(FEMUR)


def test_show_only_hides_everything_else(hand):
    hand.window.structures.tree.setCurrentIndex(hand.row(FEMUR))
    hand.window.commands["show_only"].trigger()
    shown = [item for item, look in hand.window.scene.state.looks.items() if look.visible]
    assert shown == [FEMUR]


def test_legend_toggles_a_zone_on_both_sides(hand):
    legend = hand.window.zones.legend
    box = legend._boxes["psis_band"]
    ids = ["zone/psis_band_left", "zone/psis_band_right"]
    assert box.checkState() == Qt.CheckState.PartiallyChecked
    hand.window.zones.ensureWidgetVisible(box)
    at = QPoint(8, box.height() // 2)
    hand.qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=at)
    assert all(hand.visible(item) for item in ids)
    assert box.checkState() == Qt.CheckState.Checked
    first = hand.pixels()
    hand.qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=at)
    assert not any(hand.visible(item) for item in ids)
    assert box.checkState() == Qt.CheckState.Unchecked
    assert different(first, hand.pixels()) > 100


@pytest.mark.atlas
def test_on_real_anatomy_the_muscle_goes_and_comes_back(real_hand):
    item = "gluteus_maximus_left"
    index = real_hand.row(item)
    first = real_hand.pixels()
    real_hand.click_check_box(index)
    without = real_hand.pixels()
    assert different(first, without) > 0.05 * first.shape[0] * first.shape[1]
    real_hand.click_check_box(index)
    assert different(first, real_hand.pixels(), by=0) == 0
