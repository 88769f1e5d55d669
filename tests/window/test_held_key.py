"""The key that sees through gluteus maximus for as long as it is held."""

from __future__ import annotations

import pytest
from driving import different
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent

from viewer.window.held_key import REPEAT_MS

BOTH = ("gluteus_maximus_left", "gluteus_maximus_right")


def send(hand, kind, repeat=False, key=Qt.Key.Key_G, modifiers=Qt.KeyboardModifier.NoModifier):
    """A key event as the system delivers it: to the window, which passes it on."""
    event = QKeyEvent(kind, key, modifiers, "g", repeat)
    QCoreApplication.sendEvent(hand.window.windowHandle(), event)


def press(hand, **more):
    send(hand, QEvent.Type.KeyPress, **more)


def release(hand, **more):
    send(hand, QEvent.Type.KeyRelease, **more)


def through(hand):
    return hand.window.scene.state.through


def test_sees_through_while_held(hand):
    press(hand)
    assert through(hand) == BOTH
    release(hand)
    hand.qtbot.waitUntil(lambda: through(hand) == ())


@pytest.mark.parametrize("marked", [True, False])
def test_auto_repeat_does_not_flicker(hand, marked):
    """Some systems mark repeated keys, others send a release and a press as if by hand."""
    changes = []
    press(hand)
    hand.window.scene.changed.connect(changes.append)
    for _ in range(8):
        release(hand, repeat=marked)
        press(hand, repeat=marked)
        hand.settle(10)
    assert through(hand) == BOTH
    assert not changes
    release(hand)
    hand.qtbot.waitUntil(lambda: through(hand) == ())
    hand.settle(4 * REPEAT_MS)
    assert len(changes) == 1


def test_is_let_go_when_the_window_loses_the_keyboard(hand):
    press(hand)
    QCoreApplication.sendEvent(hand.window.windowHandle(), QFocusEvent(QEvent.Type.FocusOut))
    assert through(hand) == ()
    # The release that comes later does no harm.
    release(hand)
    hand.settle(2 * REPEAT_MS)
    assert through(hand) == ()


def test_the_letter_can_still_be_typed(hand):
    search = hand.window.structures.search
    search.setFocus()
    press(hand)
    release(hand)
    assert search.text() == "g"
    assert through(hand) == ()


def test_works_while_the_tree_has_the_focus(hand):
    tree = hand.window.structures.tree
    tree.setCurrentIndex(hand.row("femur_left"))
    tree.setFocus()
    current = tree.currentIndex()
    press(hand)
    assert through(hand) == BOTH
    # The tree's search by letters has not seen it.
    assert tree.currentIndex() == current


def test_with_ctrl_it_is_another_key(hand):
    press(hand, modifiers=Qt.KeyboardModifier.ControlModifier)
    assert through(hand) == ()


def test_closing_with_the_key_down_saves_nothing_of_it(hand):
    press(hand)
    hand.window.close()
    assert through(hand) == ()


@pytest.mark.atlas
def test_on_real_anatomy_what_lies_beneath_is_seen(real_hand):
    first = real_hand.pixels()
    press(real_hand)
    beneath = real_hand.pixels()
    assert different(first, beneath) > 0.05 * first.shape[0] * first.shape[1]
    release(real_hand)
    real_hand.qtbot.waitUntil(lambda: through(real_hand) == ())
    assert different(first, real_hand.pixels(), by=0) == 0
