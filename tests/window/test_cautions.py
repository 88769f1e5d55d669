"""What could not be drawn, and what is unusual: offered in the status line, told on a page."""

from __future__ import annotations

from dataclasses import replace

from driving import OPENS_MS
from PySide6.QtCore import Qt

from annotations.courses.course import LeftOut
from annotations.plausibility import findings
from meshes.structure import structure
from viewer.window.cautions import MEASURING, TITLE, page
from viewer.window.wording import missing


def dialog(hand):
    return hand.window.looks._cautions.dialog


def test_the_status_line_offers_and_the_page_names_all(hand):
    atlas, button = hand.window.atlas, hand.window.status.notice
    assert button.text() == missing(atlas)
    assert button.isVisible() == bool(atlas.left_out)
    hand.qtbot.keyClick(hand.window, Qt.Key.Key_F8)
    hand.qtbot.waitUntil(lambda: MEASURING not in dialog(hand).text.toPlainText(), timeout=OPENS_MS)
    text = dialog(hand).text.toPlainText()
    assert TITLE in text
    for one in atlas.left_out:
        assert structure(one.id).english in text
    odd = [f for f in findings(atlas) if not f.plausible and f.evidence]
    assert odd
    for finding in odd:
        assert finding.citation in text
        assert finding.sentence.partition(": ")[2] in text
    hand.qtbot.keyClick(dialog(hand), Qt.Key.Key_Escape)
    hand.qtbot.waitUntil(lambda: dialog(hand) is None)


def test_a_click_opens_it_and_closing_the_window_ends_the_measuring(hand):
    hand.window.status.show_notice("Not drawn: 1")
    hand.qtbot.mouseClick(hand.window.status.notice, Qt.MouseButton.LeftButton)
    assert dialog(hand).isVisible()
    assert not dialog(hand).isModal()


def test_an_open_page_follows_the_atlas(hand):
    hand.qtbot.keyClick(hand.window, Qt.Key.Key_F8)
    faulty = replace(
        hand.window.atlas, left_out=(LeftOut("pudendal_nerve", "left", "trunk", "no room at all"),)
    )
    assert "No room at all." not in dialog(hand).text.toPlainText()
    hand.window.session._built(faulty)
    assert "No room at all." in dialog(hand).text.toPlainText()
    assert hand.window.status.notice.text() == missing(faulty)
    hand.settle()


def test_both_sides_alike_are_one_line_and_rules_are_quoted(model_atlas):
    fault = "order at piriformis: on the wrong side of sciatic nerve"
    left_out = (
        LeftOut("pudendal_nerve", "left", "S4 root", "it would have to turn 87° in 2 mm"),
        LeftOut("inferior_gluteal_vein", "left", "trunk", fault),
        LeftOut("inferior_gluteal_vein", "right", "trunk", fault),
    )
    atlas = replace(model_atlas, left_out=left_out)
    written = page(atlas, None)
    assert "Pudendal nerve: S4 root, left" in written
    assert "Inferior gluteal vein, left and right" in written
    assert "Rule “order at piriformis”: on the wrong side of sciatic nerve." in written
    assert "It would have to turn 87° in 2 mm." in written
    assert missing(atlas) == "Not drawn: 2 of the nerves and vessels"
    assert missing(replace(model_atlas, left_out=())) == ""
    assert "Nothing is missing." in page(replace(model_atlas, left_out=()), None)
