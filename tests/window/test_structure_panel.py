"""The panel about one structure: chosen in the picture or in the list, told with its sources."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from annotations.evidence import evidence
from annotations.facts import facts_of
from annotations.zones.table import claims_of_zone, zone_table
from meshes.structure import structures
from viewer.window.structure_panel import DRAWN, NOTHING
from viewer.window.wording import ORIGIN_SENTENCES


def facts(hand):
    return hand.window.docks.facts


def test_at_first_it_says_how_to_choose(hand):
    assert facts(hand).isVisible()
    assert facts(hand).text == NOTHING


def test_a_click_in_the_picture_tells_of_what_was_hit(hand):
    at = hand.place_of("gluteus_maximus_left")
    hand.qtbot.mouseClick(hand.view, Qt.MouseButton.LeftButton, pos=at)
    text = facts(hand).text
    entry = structures()["gluteus_maximus"]
    assert text.startswith(entry.english)
    assert entry.latin in text and "left side" in text and "Muscle" in text
    assert ORIGIN_SENTENCES["modelled"][1:] in text
    told = facts_of("gluteus_maximus")
    assert len(told) > 3
    for fact in told:
        assert fact.text in text and fact.source in text
        assert not fact.badge or f"[{fact.badge}]" in text


def test_going_through_the_list_by_keys_tells_of_each(hand):
    tree = hand.window.structures.tree
    row = hand.row("piriformis_left").parent()
    tree.setCurrentIndex(row)
    assert "both sides" in facts(hand).text
    assert facts(hand).text.startswith("Piriformis")
    tree.setFocus()
    hand.qtbot.keyClick(tree, Qt.Key.Key_Down)
    assert facts(hand).text.startswith(structures()["piriformis"].english)
    assert "left side" in facts(hand).text
    hand.qtbot.keyClick(tree, Qt.Key.Key_Up)
    hand.qtbot.keyClick(tree, Qt.Key.Key_Up)
    assert not facts(hand).text.startswith("Piriformis")


def test_a_computed_nerve_says_how_it_was_drawn(hand):
    course = hand.window.atlas.courses["inferior_gluteal_nerve"]["right"]
    hand.window.structures.tree.setCurrentIndex(hand.row("inferior_gluteal_nerve_right"))
    assert course.note and course.note in facts(hand).text
    # What no source gives was chosen, and that is said.
    assert evidence()["ign_trunk_diameter_drawn"].claim in facts(hand).text
    hand.window.structures.tree.setCurrentIndex(hand.row("femur_right"))
    assert DRAWN not in facts(hand).text


def test_a_zone_names_the_claims_that_it_draws(hand):
    hand.window.structures.tree.setCurrentIndex(hand.row("zone/entry_zone_right"))
    text = facts(hand).text
    assert zone_table().zones["entry_zone"].meaning in text
    for claim in claims_of_zone("entry_zone"):
        assert claim.claim in text and claim.citation in text


def test_a_system_is_no_structure(hand):
    tree = hand.window.structures.tree
    tree.setCurrentIndex(hand.row("gluteus_maximus_left"))
    assert facts(hand).text != NOTHING
    tree.setCurrentIndex(hand.row("gluteus_maximus_left").parent().parent())
    assert facts(hand).text == NOTHING


def test_every_item_can_be_told_of_and_nothing_is_cut(hand):
    tree, panel = hand.window.structures.tree, facts(hand)
    model = hand.window.structures.model
    # Zones on other surfaces than the chosen one are not listed.
    listed = [item for item in model._of_item if not item.startswith("zone/")]
    listed += [f"zone/{patch}_left" for patch in hand.window.atlas.zones["left"].on("deep")]
    for item in listed:
        tree.setCurrentIndex(hand.row(item))
        assert panel.text != NOTHING, item

    def cut():
        labels = [label for label in panel.widget().findChildren(QLabel) if label.isVisible()]
        return [x.text() for x in labels if x.height() < x.heightForWidth(x.width())]

    hand.qtbot.waitUntil(lambda: not cut())
    assert panel.widget().width() <= panel.viewport().width()


def test_the_key_shows_and_hides_the_panel(hand):
    hand.qtbot.keyClick(hand.window, Qt.Key.Key_F6)
    assert not facts(hand).isVisible()
    hand.qtbot.keyClick(hand.window, Qt.Key.Key_F6)
    assert facts(hand).isVisible()
