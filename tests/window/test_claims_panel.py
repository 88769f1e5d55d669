"""The panel "Where does the nerve enter?": opened by its key, read, copied."""

from __future__ import annotations

import csv
import io
import json
import threading

import pytest
from driving import OPENS_MS
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from annotations.claims import answer, as_csv, as_json, as_text


def open_by_key(hand):
    """F4, until the answer is there."""
    claims = hand.window.docks.claims
    hand.qtbot.keyClick(hand.window, Qt.Key.Key_F4)
    hand.qtbot.waitUntil(lambda: claims.answer is not None, timeout=OPENS_MS)
    return claims


def test_nothing_is_measured_until_someone_looks(hand):
    claims = hand.window.docks.claims
    hand.settle(300)
    assert claims.answer is None
    assert open_by_key(hand).isVisible()
    assert claims.answer.side == "right"


def test_it_is_measured_beside_the_window(hand, monkeypatch):
    threads = []

    def noted(atlas, side):
        threads.append(threading.current_thread())
        return answer(atlas, side)

    monkeypatch.setattr("annotations.claims.answer", noted)
    open_by_key(hand)
    assert threads and threading.main_thread() not in threads


def test_it_says_all_that_the_answer_holds(hand):
    text = open_by_key(hand).text
    whole = answer(hand.window.atlas, "right")
    for result in whole.claims:
        assert result.claim in text and result.why in text and result.citation in text
    assert all(note in text for note in whole.notes) and "our own choice" in text
    assert text.count("Does not hold here") == sum(
        result.verdict == "does not hold" for result in whole.claims
    )
    holding = sum(result.verdict == "holds" for result in whole.claims)
    assert f"Of {len(whole.claims)} claims {holding} hold here" in text
    assert f"{whole.zones.gap_mm / 10:.1f} cm" in text
    for place in whole.places:
        for figure in place.distances:
            assert f"{figure.straight_mm / 10:.1f}" in text
    assert len(whole.places) > 3


def test_a_side_is_chosen_by_mouse_and_by_key(hand):
    claims = open_by_key(hand)
    before = claims.text
    hand.qtbot.mouseClick(
        claims.sides["left"], Qt.MouseButton.LeftButton, pos=claims.sides["left"].rect().center()
    )
    hand.qtbot.waitUntil(lambda: claims.answer is not None, timeout=OPENS_MS)
    assert claims.answer.side == "left"
    assert claims.text != before
    claims.sides["left"].setFocus()
    hand.qtbot.keyClick(claims.sides["left"], Qt.Key.Key_Right)
    hand.qtbot.waitUntil(lambda: claims.answer is not None, timeout=OPENS_MS)
    assert claims.answer.side == "right"
    assert claims.text == before


@pytest.mark.parametrize(
    ("name", "written"), [("text", as_text), ("csv", as_csv), ("json", as_json)]
)
def test_copying(hand, name, written):
    claims = open_by_key(hand)
    clipboard = QGuiApplication.clipboard()
    clipboard.clear()
    hand.qtbot.mouseClick(claims.copies[name], Qt.MouseButton.LeftButton)
    copied = clipboard.text()
    assert copied == written(answer(hand.window.atlas, "right"))
    assert "copied" in hand.window.status.pointer.text()
    if name == "json":
        assert json.loads(copied)["side"] == "right"
    if name == "csv":
        assert {row["row"] for row in csv.DictReader(io.StringIO(copied))} >= {"place", "claim"}


def test_the_key_copies_without_the_panel_ever_being_opened(hand):
    clipboard = QGuiApplication.clipboard()
    clipboard.clear()
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    hand.qtbot.keyClick(hand.window, Qt.Key.Key_C, modifiers)
    hand.qtbot.waitUntil(lambda: clipboard.text() != "", timeout=OPENS_MS)
    assert clipboard.text().startswith("Where does the nerve enter?")


def test_new_limits_make_a_new_answer(hand):
    claims = open_by_key(hand)
    gap = claims.answer.zones.gap_mm
    hand.window.zones.limits.boxes["psis_band"][1].setValue(90)
    hand.qtbot.waitUntil(
        lambda: claims.answer is not None and claims.answer.zones.gap_mm != gap, timeout=OPENS_MS
    )
    assert claims.answer.zones.gap_mm == pytest.approx(max(0.0, gap - 30), abs=1e-6)
    hand.settle()


def test_no_figure_is_cut(hand):
    """Every label of the panel has the room that its text needs."""
    claims = open_by_key(hand)
    hand.settle()
    for label in claims.widget().findChildren(QLabel):
        if label.isVisible():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else 0
            assert label.height() >= needed, label.text()
            if not label.wordWrap():
                assert label.width() >= label.sizeHint().width(), label.text()
    assert claims.widget().width() <= claims.viewport().width()
