"""Commands, keys and help come from one table each, and agree."""

from __future__ import annotations

from html import escape

import numpy as np
import pytest
from driving import array_of, different
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QToolButton,
)

from meshes.errors import GluteaError
from viewer.items import view_table
from viewer.window.commands import HELD, MENUS, commands, in_menu, preset_id, view_id
from viewer.window.help import about_page, keys_page
from viewer.window.shortcuts import load_shortcuts, shortcuts
from viewer.window.wording import NOT_FOR_SURGERY

# --- the table of keys ---------------------------------------------------------------------------


def test_every_key_is_for_a_command_and_every_command_of_the_lecture_has_one():
    assert set(shortcuts()) <= set(commands())
    keyless = set(commands()) - set(shortcuts())
    assert keyless == {"about"}


def test_views_and_presets_all_have_keys():
    table = view_table()
    assert all(view_id(name) in shortcuts() for name in table.views)
    assert all(preset_id(n) in shortcuts() for n, preset in table.presets.items() if preset.button)


def test_no_key_means_two_things():
    keys = [s.toString() for entry in shortcuts().values() for s in entry.sequences]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('[a]\nkeys = ["Ctrl+S"]\n[b]\nkeys = ["ctrl+s"]', "already belongs to 'a'"),
        ('[a]\nkeys = ["Left"]\nwhere = "view"\n[b]\nkeys = ["Left"]', "already belongs to 'a'"),
        ('[a]\nkeys = ["S", "S"]', "already belongs to 'a'"),
        ('[a]\nkeys = ["Nonsense"]', "no key that Qt knows"),
        ('[a]\nkeys = [""]', "no key that Qt knows"),
        ('[a]\nkeys = ["Ctrl+K, Ctrl+S"]', "no key that Qt knows"),
        ('[a]\nkeys = ["Ctrl+G"]\nhold = true', "must be a single key"),
        ("[a]\nkeys = []", "keys"),
        ('[a]\nkeys = ["S"]\nwhere = "moon"', "where"),
        ('[a]\nkeys = ["S"]\nmore = 1', "more"),
        ("[a", "not valid TOML"),
    ],
)
def test_a_faulty_table_of_keys_is_refused(qapp, tmp_path, table, fault):
    path = tmp_path / "shortcuts.toml"
    path.write_text(table)
    with pytest.raises(GluteaError, match=fault):
        load_shortcuts(path)


# --- help ----------------------------------------------------------------------------------------


def test_help_lists_every_key(qapp):
    page = keys_page()
    for name, entry in shortcuts().items():
        assert escape(commands()[name].tip) in page
        assert escape(entry.text) in page


def test_about_names_every_specimen_with_licence_and_credit(qapp):
    from meshes.sources.registry import registry

    page = about_page()
    assert NOT_FOR_SURGERY in page
    for entry in registry().values():
        assert escape(entry.title) in page
        assert escape(entry.licence) in page
        assert all(escape(line) in page for line in entry.credits)


def test_f1_opens_the_help_and_it_does_not_stand_in_the_way(hand):
    from viewer.window.help import TextDialog

    hand.qtbot.keyClick(hand.window, Qt.Key.Key_F1)
    dialogs = hand.window.findChildren(TextDialog)
    assert len(dialogs) == 1
    assert dialogs[0].isVisible()
    assert not dialogs[0].isModal()
    assert "Hold G" in dialogs[0].text.toPlainText()
    hand.window.commands["about"].trigger()
    assert len(hand.window.findChildren(TextDialog)) == 2
    for dialog in hand.window.findChildren(TextDialog):
        dialog.close()


# --- menus, toolbar, toggles ---------------------------------------------------------------------


def test_menus_hold_every_command(hand):
    bar = hand.window.menuBar()
    titles = [action.text().replace("&", "") for action in bar.actions()]
    assert titles == list(MENUS)
    for action, title in zip(bar.actions(), MENUS, strict=True):
        texts = [entry.text() for entry in action.menu().actions() if not entry.isSeparator()]
        assert texts == [command.title for command in in_menu(title)]
    listed = {command.id for title in MENUS for command in in_menu(title)}
    assert listed == set(commands()) - {HELD.id}


@pytest.mark.parametrize(
    ("command", "field", "on"),
    [("labels", "labels", True), ("scale_bar", "scale_bar", True), ("dark", "theme", "dark")],
)
def test_toggles_change_the_scene_and_follow_it(hand, command, field, on):
    action = hand.window.commands[command]
    button = hand.window.toolbar.widgetForAction(action)
    before = getattr(hand.window.scene.state, field)
    hand.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert getattr(hand.window.scene.state, field) == on
    assert action.isChecked()
    with hand.window.scene.change("back") as draft:
        setattr(draft, field, before)
    assert not action.isChecked()


def test_the_widgets_follow_the_theme(hand):
    light = hand.window.grab().toImage().pixelColor(3, hand.window.height() - 3).lightness()
    hand.window.commands["dark"].trigger()
    hand.settle()
    dark = hand.window.grab().toImage().pixelColor(3, hand.window.height() - 3).lightness()
    assert light > 200
    assert dark < 60


def test_panels_come_and_go_with_their_keys(hand):
    window = hand.window
    hand.qtbot.keyClick(window, Qt.Key.Key_F2)
    assert not window.structures.isVisible()
    hand.qtbot.keyClick(window, Qt.Key.Key_F2)
    assert window.structures.isVisible()
    # The panel behind another one comes to the front before it goes.
    assert window.specimen.visibleRegion().isEmpty()
    hand.qtbot.keyClick(window, Qt.Key.Key_F7)
    hand.qtbot.waitUntil(lambda: not window.specimen.visibleRegion().isEmpty())
    hand.qtbot.keyClick(window, Qt.Key.Key_F7)
    hand.settle()
    assert window.specimen.visibleRegion().isEmpty()
    assert not window.commands["panel_specimen"].isChecked()


def test_full_screen_and_back(hand):
    action = hand.window.commands["full_screen"]
    hand.qtbot.keyClick(hand.window, Qt.Key.Key_F11)
    hand.qtbot.waitUntil(hand.window.isFullScreen)
    assert action.isChecked()
    hand.window.showNormal()
    hand.qtbot.waitUntil(lambda: not hand.window.isFullScreen())
    assert not action.isChecked()


def test_ctrl_f_goes_to_the_search_even_when_its_panel_is_closed(hand):
    window = hand.window
    window.commands["panel_structures"].trigger()
    assert not window.structures.isVisible()
    hand.qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.structures.search.hasFocus()


def test_letters_typed_into_the_search_are_no_commands(hand):
    state = hand.window.scene.state
    search = hand.window.structures.search
    search.setFocus()
    hand.qtbot.keyClicks(search, "dlbhort1")
    assert search.text() == "dlbhort1"
    assert hand.window.scene.state == state


def test_esc_leads_back_to_the_picture_and_then_out_of_the_full_screen(hand):
    window = hand.window
    for widget in (window.structures.search, window.structures.tree, window.toolbar.side):
        widget.setFocus()
        hand.qtbot.keyClick(widget, Qt.Key.Key_Escape)
        assert hand.view.hasFocus()
    window.commands["full_screen"].trigger()
    hand.qtbot.waitUntil(window.isFullScreen)
    window.structures.tree.setFocus()
    hand.qtbot.keyClick(window.structures.tree, Qt.Key.Key_Escape)
    assert window.isFullScreen()
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_Escape)
    hand.qtbot.waitUntil(lambda: not window.isFullScreen())
    assert not window.commands["full_screen"].isChecked()


def test_where_the_toolbar_has_no_room_an_arrow_says_so(hand):
    """On an old projector, 1024 pixels wide."""
    hand.window.resize(1024, 768)
    hand.settle(300)
    arrow = hand.window.toolbar.findChild(QToolButton, "qt_toolbar_ext_button")
    assert arrow.isVisible()
    image = array_of(arrow.grab().toImage())
    assert different(image, np.full_like(image, image[0, 0])) > 10


def test_tab_goes_round_the_window_and_what_has_the_focus_is_in_sight(hand):
    """Also in panels that stand behind others: those come to the front."""
    window = hand.window
    hand.view.setFocus()
    met = []
    for _ in range(80):
        hand.qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        hand.qtbot.wait(10)
        focused = QApplication.focusWidget()
        assert not focused.visibleRegion().isEmpty(), focused
        met.append(focused)
        if focused is hand.view:
            break
    assert met[-1] is hand.view
    assert {window.structures.tree, window.zones.limits.boxes["psis_band"][0]} <= set(met)
    # The mouse finds the panels as before.
    window.commands["panel_entry_zone"].trigger()
    assert not window.zones.visibleRegion().isEmpty()


# --- for everyone --------------------------------------------------------------------------------


CONTROLS = (
    QAbstractButton,
    QComboBox,
    QLineEdit,
    QAbstractSpinBox,
    QAbstractSlider,
    QAbstractItemView,
)


def test_every_control_has_a_name_and_says_what_it_does(hand):
    hand.settle()
    nameless, silent = [], []
    for control in hand.window.findChildren(CONTROLS[0].__base__):
        if not isinstance(control, CONTROLS) or not control.isVisible():
            continue
        if isinstance(control, QScrollBar | QTabBar) or control.objectName().startswith("qt_"):
            continue
        if isinstance(control.parent(), QComboBox | QAbstractSpinBox | QLineEdit):
            continue
        named = control.accessibleName() or getattr(control, "text", lambda: "")()
        label = f"{type(control).__name__} {control.objectName()} {named}"
        if not named:
            nameless.append(label)
        if not control.toolTip() and not isinstance(control, QAbstractItemView):
            silent.append(label)
    assert not nameless
    assert not silent


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1200), (3840, 2160)])
def test_nothing_is_cut_at_any_size(hand, size):
    window = hand.window
    window.resize(*size)
    hand.settle(500)
    assert (window.width(), window.height()) == size
    # The toolbar needs no button for what does not fit, whichever view it names.
    for view in view_table().views:
        window.toolbar.show_view(view)
        hand.qtbot.wait(20)
        overflow = window.toolbar.findChild(QToolButton, "qt_toolbar_ext_button")
        assert overflow is None or not overflow.isVisible(), view
    for command, panel in (("panel_specimen", window.specimen), ("panel_entry_zone", window.zones)):
        window.docks._docks[command].raise_()
        hand.settle(100)
        assert panel.widget().minimumSizeHint().width() <= panel.viewport().width()
    for action in window.toolbar.actions():
        widget = window.toolbar.widgetForAction(action)
        if widget is not None and isinstance(widget, QToolButton):
            assert widget.width() >= widget.sizeHint().width()
    assert window.view.width() > 0.4 * size[0]
    assert "For teaching" in window.status.disclaimer.text()
    disclaimer = window.status.disclaimer
    assert disclaimer.width() >= disclaimer.fontMetrics().horizontalAdvance(disclaimer.text())
