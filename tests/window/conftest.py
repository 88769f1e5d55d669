"""The real window, worked by mouse and keyboard; what it leaves behind when it closes."""

from __future__ import annotations

import gc
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import OPENS_MS, array_of, different, send_move
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from annotations.request import Request
from viewer.scene import SceneState
from viewer.window.main_window import MainWindow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a display."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("window")


class Hand:
    """Works one window as a user does, and looks at what it shows."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.view, self.qtbot = window, window.view, qtbot

    def settle(self, ms: int = 250) -> None:
        """Let everything happen that is on its way, until the picture is at rest."""
        self.qtbot.wait(ms)
        if self.view.isVisible() and self.window.atlas is not None:
            self.qtbot.waitUntil(lambda: self.view.at_rest, timeout=20_000)

    def pixels(self) -> NDArray[np.uint8]:
        """What the 3D view shows: (height, width, 3) uint8."""
        return array_of(self.view.grab().toImage())

    def part_pixels(self, *items: str) -> int:
        """How many pixels of the picture change when these items are shown or hidden."""
        before = self.pixels()
        looks = self.window.scene.state.looks
        with self.window.scene.change("look") as draft:
            draft.show(*items, visible=False)
        without = self.pixels()
        with self.window.scene.change("look back") as draft:
            draft.looks = dict(looks)
        self.pixels()
        return different(before, without)

    def visible(self, item: str) -> bool:
        """Whether the scene shows an item."""
        look = self.window.scene.state.looks.get(item)
        return look is not None and look.visible

    def row(self, item: str):
        """The item's index in the tree as shown, unfolded to."""
        panel = self.window.structures
        index = panel.proxy.mapFromSource(panel.model.index_of(item))
        assert index.isValid(), f"no row for {item}"
        panel.tree.scrollTo(index)
        return index

    def click_check_box(self, index) -> None:
        """Click the check box of a row with the mouse."""
        tree = self.window.structures.tree
        tree.scrollTo(index)
        rect = tree.visualRect(index)
        at = QPoint(rect.left() + 9, rect.center().y())
        self.qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=at)

    def drag(
        self,
        button: Qt.MouseButton,
        start: QPoint,
        *stops: QPoint,
        modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """Drag in the 3D view."""
        from PySide6.QtTest import QTest

        QTest.mousePress(self.view, button, modifier, start)
        for stop in stops:
            send_move(self.view, stop, button, modifier)
        QTest.mouseRelease(self.view, button, modifier, stops[-1])

    def middle(self) -> QPoint:
        """The middle of the 3D view."""
        return self.view.rect().center()

    def place_of(self, item: str) -> QPoint:
        """A point of the view where the pointer meets an item; fails where there is none."""
        view = self.view
        for y in range(8, view.height(), 12):
            for x in range(8, view.width(), 12):
                pick = view._pick(QPoint(x, y).toPointF())
                if pick is not None and pick.item == item:
                    return QPoint(x, y)
        raise AssertionError(f"{item} is nowhere under the pointer")


def our_threads() -> set[threading.Thread]:
    """The running threads; Python keeps a dummy for each of Qt's that has ever logged."""
    return {t for t in threading.enumerate() if not isinstance(t, threading._DummyThread)}


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the settings of another, or of the user."""
    folder = tmp_path / "config"
    monkeypatch.setenv("GLUTEA_CONFIG", str(folder))
    return folder


@pytest.fixture
def bare_cache(
    isolated_cache: Path, model_atlas: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A cache with the embedded specimen and nothing of Z-Anatomy; an empty mirror: no network."""
    folder = tmp_path / "cache"
    shutil.copytree(isolated_cache, folder, ignore=shutil.ignore_patterns("sources", "z-anatomy*"))
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.setenv("GLUTEA_CACHE", str(folder))
    monkeypatch.setenv("GLUTEA_MIRROR", str(mirror))
    return folder


@pytest.fixture
def start(qtbot: QtBot, qapp: QApplication) -> Iterator[Callable[..., Hand]]:
    """Open windows; at the end of the test all are closed, and nothing of them may survive."""
    hands: list[Hand] = []
    threads_before = our_threads()

    def open_one(
        specimen: str = "model",
        state: SceneState | None = None,
        size: tuple[int, int] = (1280, 800),
        filled: bool = True,
    ) -> Hand:
        request = Request(specimen) if state is None else state.request
        window = MainWindow(request, state)
        hand = Hand(window, qtbot)
        hands.append(hand)
        window.resize(*size)
        if not filled:
            window.show()
            return hand
        with qtbot.waitSignal(window.filled, timeout=OPENS_MS):
            window.show()
        # Without a window manager nobody else hands out the keyboard.
        with qtbot.waitActive(window):
            window.activateWindow()
        hand.settle()
        return hand

    yield open_one
    ghosts = {}
    while hands:
        hand = hands.pop()
        window = hand.window
        # The test's own name for the window is no leak of ours.
        vars(hand).clear()
        stage = window.view.stage
        for name, thing in (("window", window), ("view", window.view), ("stage", stage)):
            if thing is not None:
                ghosts[name] = weakref.ref(thing)
        if stage is not None:
            ghosts["render window"] = weakref.ref(stage.window)
        window.close()
        window.deleteLater()
        del window, stage, thing, hand
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qtbot.wait(50)
    gc.collect()
    left = [name for name, ghost in ghosts.items() if ghost() is not None]
    assert not left, f"closing left behind: {', '.join(left)}"
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
    assert our_threads() <= threads_before
    assert QApplication.overrideCursor() is None


@pytest.fixture
def hand(start: Callable[..., Hand], model_atlas: object) -> Hand:
    """A window with the embedded specimen, filled and at rest."""
    return start()


@pytest.fixture
def real_hand(start: Callable[..., Hand], z_anatomy_atlas: object) -> Hand:
    """A window with Z-Anatomy, filled and at rest."""
    return start("z-anatomy")
