"""The line at the foot of the window: what is under the pointer, what goes on, the disclaimer."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStatusBar,
    QWidget,
)

from viewer.window.timers import single_shot
from viewer.window.wording import NOT_FOR_SURGERY

# Work that is done sooner is not worth a flicker in the status line.
PATIENCE_MS = 250
HINT = "Drag to turn, right drag or wheel to zoom, middle drag to shift"


class ElidedLabel(QLabel):
    """A label that shortens its text instead of widening the window."""

    def minimumSizeHint(self) -> QSize:
        """Hardly any width: the text is shortened."""
        return QSize(40, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """A width that does not depend on the text."""
        return QSize(200, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Write as much as there is room for."""
        painter = QPainter(self)
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(self.alignment()), text)
        painter.end()


class StatusLine(QStatusBar):
    """`cancelled()` when the user stops what goes on."""

    cancelled = Signal()

    def __init__(self, see_through_key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = f"{HINT}; hold {see_through_key} to see through gluteus maximus."
        self.setSizeGripEnabled(False)
        self.pointer = ElidedLabel(self._hint)
        self.pointer.setAccessibleName("Under the pointer")
        self.pointer.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.work = QLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(140, 10)
        self.bar.setAccessibleName("Progress")
        self.bar.setToolTip("How far the specimen is made ready")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop this and keep what is on show")
        self.cancel.clicked.connect(self._stop)
        self._box = QWidget()
        row = QHBoxLayout(self._box)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.work, self.bar, self.cancel):
            row.addWidget(widget)
        self.notice = QPushButton()
        self.notice.setFlat(True)
        self.notice.setToolTip("What is missing on this specimen, and why")
        self.notice.setAccessibleDescription(self.notice.toolTip())
        self.notice.hide()
        self.disclaimer = QLabel(NOT_FOR_SURGERY)
        self.addWidget(self.pointer, 1)
        self.addPermanentWidget(self._box)
        self.addPermanentWidget(self.notice)
        self.addPermanentWidget(self.disclaimer)
        self._box.hide()
        self._patience = single_shot(self, PATIENCE_MS, self._box.show)

    @property
    def working(self) -> bool:
        """Whether progress is shown."""
        return self._box.isVisibleTo(self)

    def say(self, text: str) -> None:
        """Name what is under the pointer; "" shows the hint again."""
        self.pointer.setText(text or self._hint)

    def show_notice(self, text: str) -> None:
        """Offer to tell what is missing; "" where there is nothing to tell."""
        self.notice.setText(text)
        self.notice.setVisible(bool(text))

    def progress(self, fraction: float, text: str) -> None:
        """Show what goes on, if it lasts; 0 begins something new."""
        if fraction == 0.0:
            self.cancel.setEnabled(True)
        elif not self.cancel.isEnabled():
            return
        self.work.setText(text)
        self.bar.setValue(round(1000 * fraction))
        if not self._box.isVisibleTo(self) and not self._patience.isActive():
            self._patience.start()

    def done(self) -> None:
        """Nothing goes on any more."""
        self._patience.stop()
        self._box.hide()
        self.cancel.setEnabled(True)

    def _stop(self) -> None:
        """Work that is under way stops at its next step: say that the wish was heard."""
        self.cancel.setEnabled(False)
        self.work.setText("Stopping …")
        self.cancelled.emit()
