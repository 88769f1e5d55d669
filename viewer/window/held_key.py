"""A key that acts for as long as it is held down, wherever in the window the focus is."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QWindow
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit

from viewer.window.timers import single_shot

# Some systems report a repeating key as released and pressed again; a real release stays.
REPEAT_MS = 40


class HeldKey(QObject):
    """Emits `pressed` once when the key goes down, and `released` once when it is let go.

    It is let go, too, when the window loses the keyboard, so that nothing sticks. Fields where
    one types keep their letters.
    """

    pressed = Signal()
    released = Signal()

    def __init__(self, keys: Iterable[QKeyCombination], parent: QObject) -> None:
        super().__init__(parent)
        self._keys = {key.key() for key in keys}
        self._window: QWindow | None = None
        self._down = False
        self._lift = single_shot(self, REPEAT_MS, self.let_go)

    @property
    def down(self) -> bool:
        """Whether the key is held at this moment."""
        return self._down

    def watch(self, window: QWindow) -> None:
        """Listen to a window. Before its widgets: lists search by letters and would take the key.

        (A filter on the window, not on the application: that one would see every event there is.)
        """
        if window is not self._window:
            self.close()
            self._window = window
            window.installEventFilter(self)

    def let_go(self) -> None:
        """As if the key had been released."""
        self._lift.stop()
        if self._down:
            self._down = False
            self.released.emit()

    def close(self) -> None:
        """Listen no longer."""
        self.let_go()
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See the keys of the watched window before its widgets do."""
        kind = event.type()
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return event.key() in self._keys and self._press(event)
        if kind == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            if not self._down or event.key() not in self._keys:
                return False
            if not event.isAutoRepeat():
                self._lift.start()
            return True
        if kind in (QEvent.Type.FocusOut, QEvent.Type.Hide):
            self.let_go()
        return False

    def _press(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox)
        if typing or QGuiApplication.modalWindow() is not None:
            return False
        self._lift.stop()
        if not self._down and not event.isAutoRepeat():
            self._down = True
            self.pressed.emit()
        return True
