"""Variants chosen in the window: a new request; the old picture stays until it is built."""

from __future__ import annotations

import time

import msgspec
import pytest
from driving import OPENS_MS, different
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from annotations.atlas import build as build_for_real
from annotations.courses.variants import Variants
from annotations.variants import variants_table
from meshes.errors import GluteaError
from meshes.sources.download import Cancelled
from viewer.scene import load_scene

NERVE = "inferior_gluteal_nerve"


def open_by_key(hand):
    panel = hand.window.docks.variants
    hand.qtbot.keyClick(hand.window, Qt.Key.Key_F5)
    hand.qtbot.waitUntil(panel.isVisible)
    return panel


def step(hand, name, key=Qt.Key.Key_Down):
    """Choose the next value of a setting with the keyboard."""
    box = hand.window.docks.variants.boxes[name]
    box.setFocus()
    hand.qtbot.keyClick(box, key)


def quick(request, progress, cancelled):
    """The usual atlas under another request: what is at stake is not the solver."""
    from dataclasses import replace

    return replace(
        build_for_real(msgspec.structs.replace(request, variants=Variants())), request=request
    )


def slow(request, progress, cancelled):
    for share in range(2000):
        progress(share / 2000, "Laying the nerve")
        if cancelled():
            raise Cancelled
        time.sleep(0.01)
    raise AssertionError("nobody stopped it")


def test_every_variant_stands_there_with_its_source(hand):
    panel = open_by_key(hand)
    assert list(panel.boxes) == list(variants_table())
    for name, variant in variants_table().items():
        box = panel.boxes[name]
        assert box.count() == len(variant.values)
        assert box.currentData() == getattr(Variants(), name)
        for claim in variant.claims:
            assert claim.claim in panel.notes[name].text()
            assert claim.citation in panel.notes[name].text()
    assert panel.boxes["sciatic"].itemText(1).endswith("7 %")
    assert not panel.reset.isEnabled()


def test_fewer_branches_are_drawn_and_the_old_picture_stays_until_then(hand):
    """The real solver: from five branches to four."""
    open_by_key(hand)
    looks, camera = dict(hand.window.scene.state.looks), hand.view.camera
    entries = [
        p for p in hand.window.atlas.courses[NERVE]["right"].points if p.name == "branch_entry"
    ]
    first = hand.pixels()
    step(hand, "nerve_branches", Qt.Key.Key_Up)
    hand.qtbot.waitUntil(lambda: hand.window.session.busy)
    # While it goes on, the atlas that was there is there.
    assert hand.window.atlas.request.variants == Variants()
    assert hand.visible("inferior_gluteal_nerve_right")
    hand.qtbot.waitUntil(lambda: hand.window.status.working, timeout=OPENS_MS)
    # Both sides are solved anew: the longest work there is.
    hand.qtbot.waitUntil(
        lambda: hand.window.scene.state.request.variants.nerve_branches == 4, timeout=5 * OPENS_MS
    )
    hand.settle()
    course = hand.window.atlas.courses[NERVE]["right"]
    fewer = [p for p in course.points if p.name == "branch_entry"]
    assert len(fewer) <= 4 and len(fewer) != len(entries)
    assert different(first, hand.pixels()) > 50
    assert hand.view.camera == camera
    kept = {i: look for i, look in hand.window.scene.state.looks.items() if i in looks}
    assert kept == looks
    assert not hand.window.status.working


def test_it_can_be_stopped_and_the_old_choice_is_back(hand, monkeypatch):
    panel = open_by_key(hand)
    monkeypatch.setattr("annotations.atlas.build", slow)
    before = hand.window.atlas
    step(hand, "sciatic")
    assert panel.boxes["sciatic"].currentData() == "B"
    status = hand.window.status
    hand.qtbot.waitUntil(lambda: status.working and status.work.text() == "Laying the nerve")
    hand.qtbot.mouseClick(status.cancel, Qt.MouseButton.LeftButton)
    # Heard at once, whenever the work comes to its next step.
    assert status.work.text() == "Stopping …"
    assert not status.cancel.isEnabled()
    hand.qtbot.waitUntil(lambda: not status.working)
    assert status.cancel.isEnabled()
    assert panel.boxes["sciatic"].currentData() == "A"
    assert hand.window.atlas is before
    # The same wish may be made again.
    monkeypatch.setattr("annotations.atlas.build", quick)
    step(hand, "sciatic")
    hand.qtbot.waitUntil(lambda: hand.window.scene.state.request.variants.sciatic == "B")
    hand.settle()


def test_a_failure_says_why_and_puts_the_choice_back(hand, monkeypatch):
    panel = open_by_key(hand)

    def fails(request, progress, cancelled):
        raise GluteaError("The folder is full: free some space.")

    monkeypatch.setattr("annotations.atlas.build", fails)
    step(hand, "cutaneous_twig")
    hand.qtbot.waitUntil(lambda: "full" in hand.window.banner.text)
    assert panel.variants == Variants()


def test_two_wishes_in_a_row_are_both_kept(hand, monkeypatch):
    """Limits moved while a variant is being built do not undo it."""
    monkeypatch.setattr("annotations.atlas.build", quick)
    open_by_key(hand)
    step(hand, "artery_between")
    high = hand.window.zones.limits.boxes["psis_band"][1]
    high.setValue(72)

    def both():
        request = hand.window.scene.state.request
        return (request.variants.artery_between, request.psis_band_mm) == ("S2-S3", (50.0, 72.0))

    hand.qtbot.waitUntil(both, timeout=OPENS_MS)
    hand.settle()


def test_what_cannot_be_laid_is_said_where_it_was_chosen(hand, monkeypatch):
    from dataclasses import replace

    from annotations.courses.course import LeftOut

    def build(request, progress, cancelled):
        fault = LeftOut("sciatic_nerve", "left", "trunk", "no room")
        return replace(quick(request, progress, cancelled), left_out=(fault,))

    monkeypatch.setattr("annotations.atlas.build", build)
    panel = open_by_key(hand)
    assert "could not be drawn" not in panel.notes["sciatic"].text()
    step(hand, "sciatic")
    hand.qtbot.waitUntil(lambda: hand.window.scene.state.request.variants.sciatic == "B")
    hand.settle()
    said = "On the left the sciatic nerve could not be drawn this way."
    assert panel.notes["sciatic"].text().startswith(said)
    assert "could not" not in panel.notes["artery"].text()


def test_an_absent_artery_passes_nowhere(hand, monkeypatch):
    monkeypatch.setattr("annotations.atlas.build", quick)
    panel = open_by_key(hand)
    assert panel.boxes["artery_between"].isEnabled()
    step(hand, "artery")
    hand.qtbot.waitUntil(lambda: not hand.window.scene.state.request.variants.artery)
    assert not panel.boxes["artery_between"].isEnabled()
    hand.settle()
    hand.qtbot.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    hand.qtbot.waitUntil(lambda: hand.window.scene.state.request.variants == Variants())
    assert panel.boxes["artery_between"].isEnabled()
    hand.settle()


def test_a_scene_file_carries_the_variants(hand, monkeypatch, tmp_path):
    monkeypatch.setattr("annotations.atlas.build", quick)
    panel = open_by_key(hand)
    step(hand, "sciatic")
    hand.qtbot.waitUntil(lambda: hand.window.scene.state.request.variants.sciatic == "B")
    hand.settle()
    hand.window.files.save_scene(tmp_path / "b.json")
    assert load_scene(tmp_path / "b.json").request.variants == Variants(sciatic="B")
    hand.qtbot.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    hand.qtbot.waitUntil(lambda: hand.window.scene.state.request.variants == Variants())
    hand.settle()
    hand.window.files.open_scene(tmp_path / "b.json")
    hand.qtbot.waitUntil(lambda: panel.boxes["sciatic"].currentData() == "B", timeout=OPENS_MS)
    hand.settle()


def test_scrolling_the_panel_sets_nothing_to_work(hand):
    panel = open_by_key(hand)
    box = panel.boxes["nerve_branches"]
    panel.ensureWidgetVisible(box)
    middle = box.rect().center().toPointF()
    down = QWheelEvent(
        middle, box.mapToGlobal(middle), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, down)
    assert box.currentData() == 5
    assert not hand.window.session.busy


@pytest.mark.atlas
def test_a_nerve_of_the_source_cannot_be_changed_and_it_says_so(real_hand):
    panel = open_by_key(real_hand)
    assert not panel.boxes["sciatic"].isEnabled()
    assert "brings its own" in panel.notes["sciatic"].text()
    assert panel.boxes["nerve_branches"].isEnabled()
