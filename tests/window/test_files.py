"""Scenes and pictures: saved, opened, copied; and what is said when a file is no good."""

from __future__ import annotations

import numpy as np
import pytest
from driving import OPENS_MS, array_of, different
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from viewer.scene import load_scene


def turn(hand):
    hand.view.orbit(4, 2)
    hand.settle(400)


def test_a_scene_comes_back_as_it_was_saved(hand, tmp_path):
    window = hand.window
    turn(hand)
    with window.scene.change("look") as draft:
        draft.show("femur_left", visible=False)
        draft.fade("hip_bone_right", opacity=0.4)
        draft.scale_bar = True
        draft.theme = "dark"
    hand.settle()
    saved = hand.pixels()
    path = tmp_path / "my scene.json"
    window.files.save_scene(path)
    window.commands["view_anterior"].trigger()
    window.looks.preset("superficial")
    window.commands["dark"].trigger()
    assert different(saved, hand.pixels()) > 1000
    with hand.qtbot.waitSignal(window.filled, timeout=OPENS_MS):
        window.files.open_scene(path)
    hand.settle()
    assert different(saved, hand.pixels(), by=0) == 0
    assert window.scene.state.theme == "dark"


def test_a_scene_saved_before_the_camera_was_moved_has_one(hand, tmp_path):
    path = tmp_path / "scene.json"
    hand.window.files.save_scene(path)
    assert load_scene(path).camera == hand.view.camera


@pytest.mark.parametrize(
    ("content", "said"),
    [("no scene at all", "not a scene"), ('{"glutea_scene": 99}', "newer Glutea"), (None, "read")],
)
def test_a_file_that_is_no_scene_is_said_in_a_sentence(hand, tmp_path, content, said):
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_text(content)
    state = hand.window.scene.state
    hand.window.files.open_scene(path)
    assert said in hand.window.banner.text
    assert "bad.json" in hand.window.banner.text
    after = hand.window.scene.state
    assert (after.request, after.looks) == (state.request, state.looks)


def test_a_scene_cannot_be_saved_into_a_file(hand, tmp_path):
    (tmp_path / "file").write_text("in the way")
    hand.window.files.save_scene(tmp_path / "file" / "scene.json")
    assert "could not be saved" in hand.window.banner.text


def test_copy_puts_the_picture_with_its_credit_on_the_clipboard(hand):
    QGuiApplication.clipboard().clear()
    frames = hand.view.frames
    hand.view.setFocus()
    hand.qtbot.keyClick(hand.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    image = QGuiApplication.clipboard().image()
    assert not image.isNull()
    assert image.width() >= 1920
    size = hand.view.picture_size()
    assert image.height() / image.width() == pytest.approx(size.height() / size.width(), abs=2e-3)
    with_credit = array_of(image)
    # At the foot, where the credit stands, a picture without it is bare.
    state = hand.window.scene.state
    with hand.window.scene.change("no credit") as draft:
        draft.credit = False
    camera = hand.view.camera
    with hand.window.scene.change("same camera") as draft:
        draft.camera = state.camera
    bare = hand.view.picture_of(hand.window.scene.state, image.size())
    foot = slice(int(image.height() * 0.93), None)
    assert camera is not None
    assert different(with_credit[foot], np.ascontiguousarray(bare)[foot]) > 500
    assert hand.view.frames <= frames + 2


def test_copying_does_not_render_the_view_anew_nor_change_it(hand):
    first, frames = hand.pixels(), hand.view.frames
    hand.window.files.copy_picture()
    hand.settle()
    assert hand.view.frames == frames
    assert different(first, hand.pixels(), by=0) == 0
    # And the view goes on at its own size.
    hand.window.commands["view_anterior"].trigger()
    hand.settle()
    height, width, _ = hand.pixels().shape
    assert (width, height) == tuple(hand.view.stage.window.GetSize())


def test_a_copied_picture_is_free_of_the_selection(hand):
    hand.window.files.copy_picture()
    plain = array_of(QGuiApplication.clipboard().image())
    at = hand.place_of("hip_bone_right")
    QTest.mouseClick(hand.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert hand.window.scene.state.selected == "hip_bone_right"
    hand.window.files.copy_picture()
    assert different(plain, array_of(QGuiApplication.clipboard().image())) == 0


def test_a_saved_picture_shows_what_the_view_shows(hand, tmp_path):
    turn(hand)
    size = hand.view.picture_size()
    path = tmp_path / "picture.png"
    hand.window.files.save_picture(path, size)
    saved = array_of(QImage(str(path)))
    shown = hand.pixels()
    assert saved.shape == shown.shape
    # The marker in the corner is the window's; all else is the same picture.
    assert different(saved, shown) < 0.03 * shown.shape[0] * shown.shape[1]


def in_half(pixels):
    """A picture at half its fineness."""
    height, width = (2 * (side // 2) for side in pixels.shape[:2])
    fine = pixels[:height, :width].astype(float)
    return sum(fine[i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4


def test_a_finer_picture_has_the_letters_of_the_screen(start, model_atlas, tmp_path):
    """In a small view letters have their least size; they must not shrink in a finer picture."""
    hand = start(size=(1000, 640))
    path = tmp_path / "fine.png"
    hand.window.files.save_picture(path, 2 * hand.view.picture_size())
    fine = in_half(array_of(QImage(str(path))))
    shown = hand.pixels()[: fine.shape[0], : fine.shape[1]]
    # The lines of the credit lie where they lie on the screen: row by row the foot is as dark.
    foot = np.s_[int(0.88 * len(shown)) :, : int(0.75 * shown.shape[1])]
    rows = [picture[foot].mean(axis=(1, 2)) for picture in (fine, shown)]
    assert np.corrcoef(rows)[0, 1] > 0.7


def test_on_a_fine_screen_letters_are_as_large_as_on_others(start, model_atlas, monkeypatch):
    """There a unit of the screen is two pixels; copies show the same."""
    from viewer.window.view3d import View3D

    hand = start(size=(1000, 640))
    once = hand.view.stage._overlay.sheet.small_px
    monkeypatch.setattr(View3D, "devicePixelRatioF", lambda view: 2.0)
    hand.view._resized()
    hand.settle()
    assert hand.view.stage._overlay.sheet.small_px == 2 * once
    size = hand.view.picture_size() * 2
    hand.view.picture_of(hand.window.scene.state, size)
    assert hand.view.stage._overlay.sheet.small_px == 4 * once
    assert hand.view.stage.pixel_ratio == 2.0


def test_a_picture_can_have_a_clear_background_and_any_fineness(hand, tmp_path):
    path = tmp_path / "clear.png"
    hand.window.files.save_picture(path, QSize(800, 500), transparent=True)
    image = QImage(str(path))
    assert (image.width(), image.height()) == (800, 500)
    assert image.hasAlphaChannel()
    assert image.pixelColor(QPoint(2, 2)).alpha() == 0


def test_a_picture_that_cannot_be_written_is_said_in_a_sentence(hand, tmp_path):
    (tmp_path / "file").write_text("in the way")
    hand.window.files.save_picture(tmp_path / "file" / "picture.png", QSize(400, 300))
    assert hand.window.banner.text
    assert "Traceback" not in hand.window.banner.text


def test_the_folder_of_the_last_file_is_remembered(hand, tmp_path):
    hand.window.files.save_scene(tmp_path / "scene.json")
    hand.window.close()
    from viewer.window.settings import load_settings

    assert load_settings().folder == str(tmp_path)


# --- asking for a file ----------------------------------------------------------------------------


def choosing(monkeypatch, to_save=None, to_open=""):
    """Let the file dialogs answer at once: with a file, or by being closed."""
    from viewer.window.file_commands import QFileDialog

    named = QFileDialog.selectedFiles

    def save(dialog):
        # As typing it does: what is not spelled out Qt adds.
        dialog.selectFile(to_save or "")
        return 1 if to_save else 0

    def selected(dialog):
        path = named(dialog)[0] if to_save is None else to_save
        suffix = dialog.defaultSuffix()
        return [path if "." in path.rpartition("/")[2] else f"{path}.{suffix}"]

    monkeypatch.setattr(QFileDialog, "exec", save)
    monkeypatch.setattr(QFileDialog, "selectedFiles", selected)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", staticmethod(lambda *_: (to_open, "")))


def test_the_menu_saves_and_opens_where_the_user_says(hand, tmp_path, monkeypatch):
    choosing(monkeypatch, to_save=str(tmp_path / "lecture"))
    hand.window.commands["save_scene"].trigger()
    # The ending is added where the user leaves it out.
    path = tmp_path / "lecture.json"
    assert load_scene(path).request == hand.window.atlas.request
    assert "lecture.json" in hand.window.status.pointer.text()
    choosing(monkeypatch, to_open=str(path))
    with hand.qtbot.waitSignal(hand.window.filled, timeout=OPENS_MS):
        hand.window.commands["open_scene"].trigger()


def test_no_file_is_replaced_whose_name_qt_did_not_see(hand, tmp_path, monkeypatch):
    """Qt asks whether "heart.v2" may be replaced; what would be written is heart.v2.json."""
    (tmp_path / "heart.v2.json").write_text("a year's work")
    choosing(monkeypatch, to_save=str(tmp_path / "heart.v2"))
    hand.window.commands["save_scene"].trigger()
    assert (tmp_path / "heart.v2.json").read_text() == "a year's work"
    assert hand.window.banner.text.startswith("heart.v2.json is there already")
    choosing(monkeypatch, to_save=str(tmp_path / "heart.v3"))
    hand.window.commands["save_scene"].trigger()
    assert load_scene(tmp_path / "heart.v3.json").request == hand.window.atlas.request


def test_who_thinks_better_of_it_changes_nothing(hand, monkeypatch):
    choosing(monkeypatch)
    state = hand.window.scene.state
    for command in ("save_scene", "open_scene"):
        hand.window.commands[command].trigger()
    assert hand.window.scene.state == state
    assert not hand.window.session.busy


def test_the_menu_saves_a_picture_as_fine_as_is_chosen(hand, tmp_path, monkeypatch):
    from viewer.window.pictures import PictureDialog

    def accept(dialog):
        dialog.sizes.setCurrentIndex(0)
        dialog.clear.setChecked(True)
        return PictureDialog.DialogCode.Accepted

    monkeypatch.setattr(PictureDialog, "exec", accept)
    choosing(monkeypatch, to_save=str(tmp_path / "slide"))
    hand.window.commands["save_picture"].trigger()
    image = QImage(str(tmp_path / "slide.png"))
    assert image.size() == hand.view.picture_size()
    assert image.hasAlphaChannel()


def test_the_picture_dialog_offers_what_the_view_shows_in_three_sizes(hand):
    from viewer.window.pictures import PictureDialog

    view = QSize(800, 500)
    dialog = PictureDialog(view, hand.window)
    sizes = []
    for row in range(dialog.sizes.count()):
        dialog.sizes.setCurrentIndex(row)
        sizes.append(dialog.size_px)
    assert sizes == [view, view * 2, view * 4]
    dialog.deleteLater()


def test_no_size_is_offered_that_cannot_be_drawn(hand):
    """On a 4K screen four times as fine is more than there is memory for."""
    from viewer.window.pictures import PictureDialog

    dialog = PictureDialog(QSize(3000, 2000), hand.window)
    assert [dialog.sizes.itemData(row) for row in range(dialog.sizes.count())] == [1, 2]
    dialog.deleteLater()
