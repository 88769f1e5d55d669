"""What the window remembers; and that a damaged memory does no harm."""

from __future__ import annotations

import msgspec
import pytest

from viewer.window.settings import Settings, load_settings, save_settings, settings_path


def test_round_trip(own_settings):
    settings = Settings(geometry=b"\x00\xff", docks=b"x", theme="dark", folder="/tmp/ä")
    save_settings(settings)
    assert settings_path().parent == own_settings
    assert load_settings() == settings


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"theme": "pink"}', b'{"geometry": "!!"}', b'{"unknown": 1}', b"\xff\xfe"],
)
def test_damaged_settings_are_ignored_and_written_anew(own_settings, content):
    own_settings.mkdir()
    settings_path().write_bytes(content)
    assert load_settings() == Settings()
    save_settings(Settings(theme="dark"))
    assert load_settings().theme == "dark"


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GLUTEA_CONFIG", str(tmp_path / "file"))
    save_settings(Settings())
    assert load_settings() == Settings()


def test_size_theme_and_panels_come_back(hand, start, own_settings):
    window = hand.window
    window.resize(1111, 702)
    window.commands["dark"].trigger()
    window.commands["panel_structures"].trigger()
    hand.settle()
    assert not window.structures.isVisible()
    window.close()
    again = start()
    assert (again.window.width(), again.window.height()) != (1111, 702)  # the fixture's own size
    assert again.window.scene.state.theme == "dark"
    assert not again.window.structures.isVisible()
    assert not again.window.commands["panel_structures"].isChecked()


def test_geometry_comes_back(start, own_settings):
    from PySide6.QtWidgets import QMainWindow

    other = QMainWindow()
    other.resize(1111, 702)
    save_settings(Settings(geometry=bytes(other.saveGeometry().data())))
    from annotations.request import Request
    from viewer.window.main_window import MainWindow

    window = MainWindow(Request("model"))
    try:
        assert (window.width(), window.height()) == (1111, 702)
    finally:
        window.close()
        window.deleteLater()
        other.deleteLater()


@pytest.mark.parametrize("damage", [b"rubbish", b'{"geometry": "AAAA", "docks": "AAAA"}'])
def test_the_window_opens_with_damaged_settings(own_settings, start, model_atlas, damage):
    own_settings.mkdir()
    settings_path().write_bytes(damage)
    hand = start()
    assert hand.view.frames == 1
    hand.window.close()
    assert msgspec.json.decode(settings_path().read_bytes())["theme"] == "light"
