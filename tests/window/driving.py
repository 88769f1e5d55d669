"""What window tests do with their hands and eyes: mouse and wheel, pictures as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

OPENS_MS = 120_000


def send_move(
    widget: QWidget,
    at: QPoint,
    button: Qt.MouseButton = Qt.MouseButton.NoButton,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Move the mouse with a button held, which QTest's own move cannot."""
    from PySide6.QtGui import QMouseEvent

    event = QMouseEvent(
        QEvent.Type.MouseMove,
        at.toPointF(),
        widget.mapToGlobal(at).toPointF(),
        Qt.MouseButton.NoButton,
        button,
        modifier,
    )
    QApplication.sendEvent(widget, event)


def wheel(widget: QWidget, at: QPoint, steps: int) -> None:
    """Turn the mouse's wheel over a place; which QTest cannot."""
    event = QWheelEvent(
        QPointF(at),
        widget.mapToGlobal(QPointF(at)),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def array_of(image: QImage) -> NDArray[np.uint8]:
    """(height, width, 3) uint8, a copy."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def different(one: NDArray[np.uint8], other: NDArray[np.uint8], by: int = 12) -> int:
    """How many pixels differ, by more than dithering."""
    assert one.shape == other.shape
    return int((np.abs(one.astype(int) - other).max(axis=2) > by).sum())
