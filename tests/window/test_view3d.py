"""The 3D view: rendering only what must be, moving the camera, picking, surviving its life."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from driving import array_of, different, send_move, wheel
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from viewer.items import view_table

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
ROOT = Path(__file__).parents[2]


def direction(camera):
    offset = np.subtract(camera.position_mm, camera.focal_point_mm)
    return offset / np.linalg.norm(offset)


def distance(camera):
    return np.linalg.norm(np.subtract(camera.position_mm, camera.focal_point_mm))


def test_opens_with_one_render_and_renders_nothing_when_idle(hand):
    assert (hand.view.frames, hand.view.full_frames) == (1, 1)
    hand.settle(600)
    hand.window.repaint()
    hand.pixels()
    assert hand.view.frames == 1


def test_what_the_view_shows_is_what_stands_on_the_screen(hand):
    """Read back from the X server, not from the widget."""
    hand.window.move(0, 0)
    hand.window.raise_()
    hand.settle(400)
    place = hand.view.mapToGlobal(QPoint(0, 0))
    size = hand.view.size()
    screen = QGuiApplication.primaryScreen().grabWindow(
        0, place.x(), place.y(), size.width(), size.height()
    )
    assert different(array_of(screen.toImage()), hand.pixels(), by=0) == 0


def test_one_render_for_a_change_and_none_for_a_change_that_shows_nothing(hand):
    with hand.window.scene.change("two things") as draft:
        draft.show("femur_left", visible=False)
        draft.scale_bar = True
    hand.settle()
    assert hand.view.frames == 2
    with hand.window.scene.change("hidden already") as draft:
        draft.fade("femur_left", opacity=0.5)
    hand.settle()
    assert hand.view.frames == 2


def test_left_drag_orbits_and_keeps_superior_up(hand):
    before = hand.view.camera
    middle = hand.middle()
    stops = [middle + QPoint(40 * i, 25 * i) for i in range(1, 5)]
    hand.drag(LEFT, middle, *stops)
    after = hand.window.scene.state.camera
    assert distance(after) == pytest.approx(distance(before))
    assert after.focal_point_mm == pytest.approx(before.focal_point_mm)
    # Dragged to the right and down: seen from farther left in the picture, and from above.
    right_in_picture = np.cross(before.up, direction(before))
    assert direction(after) @ right_in_picture < -0.1
    assert direction(after)[2] > direction(before)[2] + 0.1
    # No roll: the picture's horizontal stays horizontal in the body.
    assert np.cross(after.up, direction(after))[2] == pytest.approx(0.0, abs=1e-9)


def test_orbit_stops_at_straight_above(hand):
    start = hand.middle()
    for _ in range(4):
        hand.drag(LEFT, start, start + QPoint(0, 300))
    camera = hand.window.scene.state.camera
    assert direction(camera)[2] == pytest.approx(1.0)
    # And from there it comes back the way it went.
    hand.drag(LEFT, start, start - QPoint(0, hand.view.height() // 2))
    assert direction(hand.window.scene.state.camera)[1] > 0.9


def test_quick_frames_while_dragging_then_one_full_frame_and_one_change(hand):
    changes = []
    hand.window.scene.changed.connect(changes.append)
    frames, full = hand.view.frames, hand.view.full_frames
    start = hand.middle()
    QTest.mousePress(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, start)
    for i in range(1, 6):
        send_move(hand.view, start + QPoint(25 * i, 0), LEFT)
        hand.view.repaint()
    assert hand.view.full_frames == full
    assert hand.view.frames == frames + 5
    assert not changes
    QTest.mouseRelease(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, start + QPoint(125, 0))
    hand.settle(400)
    assert hand.view.full_frames == full + 1
    assert hand.view.frames == frames + 6
    assert [change.label for change in changes] == ["camera"]


def test_a_drag_that_rests_is_drawn_in_full_and_goes_on(hand):
    full = hand.view.full_frames
    start = hand.middle()
    QTest.mousePress(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, start)
    send_move(hand.view, start + QPoint(60, 0), LEFT)
    hand.settle(500)
    assert hand.view.full_frames == full + 1
    here = hand.view.camera
    send_move(hand.view, start + QPoint(120, 0), LEFT)
    assert hand.view.camera != here
    QTest.mouseRelease(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, start + QPoint(120, 0))


def test_wheel_zooms_towards_the_pointer(hand):
    before = hand.view.camera
    at = hand.place_of("sacrum")
    ratio = hand.view.devicePixelRatioF()
    picked = hand.view._pick(at.toPointF())
    wheel(hand.view, at, 3)
    hand.settle(500)
    after = hand.window.scene.state.camera
    assert distance(after) == pytest.approx(distance(before) / 1.15**3)
    # What was under the pointer still is, within what perspective shifts.
    again = hand.view._pick(at.toPointF())
    assert again is not None
    moved = np.linalg.norm(np.subtract(again.position_mm, picked.position_mm))
    assert moved < 12.0 * ratio
    wheel(hand.view, at, -3)
    hand.settle(500)
    back = hand.window.scene.state.camera
    assert back.position_mm == pytest.approx(before.position_mm, abs=1e-6)


def test_right_drag_zooms_and_middle_or_shift_drag_shifts(hand):
    before = hand.view.camera
    middle = hand.middle()
    hand.drag(RIGHT, middle, middle - QPoint(0, 80))
    near = hand.window.scene.state.camera
    assert distance(near) < 0.9 * distance(before)
    for button, modifier in (
        (MIDDLE, Qt.KeyboardModifier.NoModifier),
        (LEFT, Qt.KeyboardModifier.ShiftModifier),
    ):
        start = hand.window.scene.state.camera
        hand.drag(
            button, middle, middle + QPoint(50, 0), middle + QPoint(100, 0), modifier=modifier
        )
        moved = hand.window.scene.state.camera
        shift = np.subtract(moved.focal_point_mm, start.focal_point_mm)
        right = np.cross(start.up, direction(start))
        scale = 2 * distance(start) * math.tan(math.radians(start.view_angle_deg) / 2)
        assert shift @ right == pytest.approx(-100 * scale / hand.view.height(), rel=1e-6)
        assert direction(moved) == pytest.approx(direction(start))


def test_arrow_keys_turn_and_plus_and_minus_zoom(hand):
    hand.view.setFocus()
    before = hand.view.camera
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_Left)
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_Up)
    hand.settle(400)
    turned = hand.window.scene.state.camera
    assert direction(turned)[2] > direction(before)[2]
    assert turned.position_mm[0] != pytest.approx(before.position_mm[0])
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_Plus)
    hand.settle(400)
    assert distance(hand.window.scene.state.camera) == pytest.approx(distance(turned) / 1.12)
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_Minus)
    hand.settle(400)
    assert distance(hand.window.scene.state.camera) == pytest.approx(distance(turned))


def test_number_keys_take_the_views_and_r_resets(hand):
    hand.view.setFocus()
    first = hand.pixels()
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_1)
    state = hand.window.scene.state
    assert state.view == "anterior"
    assert direction(state.camera)[1] == pytest.approx(-1.0, abs=1e-6)
    assert hand.window.toolbar.views.text().startswith("Anterior")
    assert different(first, hand.pixels()) > 1000
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_2)
    assert different(first, hand.pixels(), by=0) == 0
    wheel(hand.view, hand.middle(), 5)
    hand.settle(400)
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_R)
    assert different(first, hand.pixels(), by=0) == 0


def test_a_view_that_is_taken_just_after_the_wheel_is_not_lost(hand):
    wheel(hand.view, hand.middle(), 2)
    hand.window.commands["view_left"].trigger()
    hand.settle(500)
    assert direction(hand.window.scene.state.camera)[0] == pytest.approx(1.0, abs=1e-6)
    assert hand.view.camera == hand.window.scene.state.camera


def test_click_selects_in_the_tree_and_on_empty_ground_nothing(hand):
    at = hand.place_of("hip_bone_right")
    QTest.mouseClick(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, at)
    assert hand.window.scene.state.selected == "hip_bone_right"
    assert [item.id for item in hand.window.structures.chosen()] == ["hip_bone_right"]
    QTest.mouseClick(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(4, 4))
    assert hand.window.scene.state.selected is None
    assert hand.window.structures.chosen() == []


def test_double_click_goes_on_in_the_tree(hand):
    at = hand.place_of("hip_bone_right")
    QTest.mouseDClick(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, at)
    tree = hand.window.structures.tree
    assert hand.window.scene.state.selected == "hip_bone_right"
    assert QApplication.focusWidget() is tree
    hand.qtbot.keyClick(tree, Qt.Key.Key_Space)
    assert not hand.visible("hip_bone_right")


def test_a_click_finds_a_row_that_the_search_has_filtered_away(hand):
    hand.window.structures.search.setText("femur")
    at = hand.place_of("hip_bone_right")
    QTest.mouseClick(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, at)
    assert [item.id for item in hand.window.structures.chosen()] == ["hip_bone_right"]


def test_status_line_names_what_is_under_the_pointer_without_rendering(hand):
    frames = hand.view.frames
    at = hand.place_of("hip_bone_right")
    QTest.mouseMove(hand.view, QPoint(3, 3))
    QTest.mouseMove(hand.view, at)
    hand.qtbot.waitUntil(lambda: "Hip bone" in hand.window.status.pointer.text())
    text = hand.window.status.pointer.text()
    assert text.startswith("Hip bone · Os coxae · right side")
    QTest.mouseMove(hand.view, QPoint(3, 3))
    hand.qtbot.waitUntil(lambda: "Hip bone" not in hand.window.status.pointer.text())
    assert hand.view.frames == frames


def test_resizing_keeps_an_untouched_view_fitted(hand):
    before = hand.view.camera
    hand.window.resize(1100, 620)
    hand.settle(500)
    assert hand.view.frames > 1
    height, width, _ = hand.pixels().shape
    assert (width, height) == hand.view.picture_size().toTuple()
    assert tuple(hand.view.stage.window.GetSize()) == (width, height)
    assert hand.view.camera != before
    assert hand.view.camera == hand.view.fitted("posterior")


def test_resizing_leaves_a_moved_camera_alone(hand):
    wheel(hand.view, hand.middle(), 2)
    hand.settle(400)
    before = hand.window.scene.state.camera
    hand.window.resize(1100, 700)
    hand.settle(500)
    assert hand.window.scene.state.camera == before


def test_hiding_and_showing_the_window_needs_no_render(hand):
    first, frames = hand.pixels(), hand.view.frames
    hand.window.hide()
    hand.settle(100)
    hand.window.show()
    hand.qtbot.waitExposed(hand.window)
    hand.settle()
    assert hand.view.frames == frames
    assert different(first, hand.pixels(), by=0) == 0


def test_a_change_while_hidden_is_drawn_when_shown(hand):
    frames = hand.view.frames
    hand.window.hide()
    with hand.window.scene.change("hide") as draft:
        draft.show("femur_left", visible=False)
    hand.settle()
    assert hand.view.frames == frames
    hand.window.show()
    hand.qtbot.waitUntil(lambda: hand.view.frames == frames + 1)


def test_moving_docks_does_not_break_the_picture(hand):
    dock = hand.window.docks._docks["panel_structures"]
    dock.setFloating(True)
    hand.settle(400)
    assert np.ptp(hand.pixels()) > 100
    hand.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    dock.setFloating(False)
    hand.settle(400)
    height, width, _ = hand.pixels().shape
    assert (width, height) == hand.view.picture_size().toTuple()
    dock.close()
    hand.settle(400)
    assert np.ptp(hand.pixels()) > 100


def test_labels_make_room_in_a_view_that_nobody_has_moved(hand):
    first = hand.pixels()
    hand.window.commands["labels"].trigger()
    hand.settle(400)
    assert hand.window.scene.state.labels
    assert different(first, hand.pixels()) > 500
    hand.window.commands["labels"].trigger()
    hand.settle(400)
    assert different(first, hand.pixels(), by=0) == 0


SCRIPT = """
import sys, time
from PySide6.QtWidgets import QApplication
from viewer.window.application import make_application
application = make_application()
from annotations.request import Request
from viewer.window.main_window import MainWindow
window = MainWindow(Request("model")); window.resize(900, 600)
done = []
window.filled.connect(lambda: done.append(True)); window.show()
end = time.monotonic() + 100
while not done and time.monotonic() < end: application.processEvents()
view = window.view
image = view.grab().toImage()
print(view.devicePixelRatioF(), view.width(), view.height(), *view.stage.window.GetSize(),
      image.width(), image.height(), view.frames)
from PySide6.QtCore import QPointF
points = [QPointF(x, view.height() / 2) for x in range(10, view.width(), 10)]
print(*dict.fromkeys(pick.item for pick in map(view._pick, points) if pick))
window.close()
"""


def test_right_at_device_pixel_ratio_2(model_atlas):
    environment = {**os.environ, "QT_SCALE_FACTOR": "2", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr
    figures, found = done.stdout.strip().splitlines()
    ratio, width, height, wide, high, image_width, image_height, frames = map(
        float, figures.split()
    )
    assert ratio == 2
    assert (wide, high) == (2 * width, 2 * height) == (image_width, image_height)
    assert frames == 1
    # The pointer meets both sides of the body, in their order from the left of the picture.
    sides = [item.rpartition("_")[2] for item in found.split()]
    assert sides.index("left") < sides.index("right")


def test_close_views_stand_in_menu_and_toolbar_and_come_by_key(hand):
    titles = [view.title for view in view_table().views.values()]
    assert [action.text() for action in hand.window.toolbar.views.menu().actions()] == titles
    hand.view.setFocus()
    far = distance(hand.window.scene.state.camera)
    whole = hand.pixels()
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_9)
    state = hand.window.scene.state
    assert state.view == "infrapiriform_anterior"
    assert hand.window.toolbar.views.text().startswith("Infrapiriform")
    # Nearer, from before and from the other side; what lies before it is cut away.
    assert distance(state.camera) < 0.6 * far
    assert direction(state.camera)[0] > 0 > direction(state.camera)[1]
    cut = hand.pixels()
    assert different(whole, cut) > 1000
    assert hand.view.stage._is_cut
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_2)
    assert different(whole, hand.pixels(), by=0) == 0
    assert not hand.view.stage._is_cut
