"""A strip above the 3D view: one sentence, and at most a few buttons. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

Tone = Literal["offer", "error", "notice"]
Answer = tuple[str, str, Callable[[], None]]


class Banner(QFrame):
    """Says one thing at a time; the newest replaces what stood there.

    The tone is a Qt property, for the style sheet: an offer, an error, or a notice.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAccessibleName("Message")
        self._sentence = QLabel()
        self._sentence.setWordWrap(True)
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the download")
        self._bar.setToolTip("How much has arrived")
        self._close = QToolButton()
        self._close.setText("✕")
        self._close.setAutoRaise(True)
        self._close.setAccessibleName("Close this message")
        self._close.setToolTip("Close this message")
        self._close.clicked.connect(self.dismiss)
        first = QHBoxLayout()
        first.addWidget(self._sentence, 1)
        first.addWidget(self._close)
        # Below the sentence: the view between the panels can be narrow.
        self._below = QWidget()
        self._row = QHBoxLayout(self._below)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self._bar, 1)
        self._row.addStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(6)
        column.addLayout(first)
        column.addWidget(self._below)
        self._buttons: list[QPushButton] = []
        self.topic = ""
        self.hide()

    @property
    def text(self) -> str:
        """The sentence that stands there, "" when hidden."""
        return "" if self.isHidden() else self._sentence.text()

    def say(
        self,
        sentence: str,
        tone: Tone = "notice",
        answers: tuple[Answer, ...] = (),
        topic: str = "",
    ) -> None:
        """Show a sentence; each answer is (button text, tooltip, what it does)."""
        self.topic = topic
        self._set_tone(tone)
        self._sentence.setText(sentence)
        self._bar.hide()
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = [self._button(*answer) for answer in answers]
        for button in self._buttons:
            self._row.addWidget(button)
        self._below.setVisible(bool(answers))
        # What asks for an answer is closed by one.
        self._close.setVisible(not answers)
        self.show()

    def progress(self, fraction: float, text: str = "") -> None:
        """Show how far something has come."""
        self._bar.setValue(round(1000 * fraction))
        self._bar.show()
        if text:
            self._sentence.setText(text)

    def dismiss(self) -> None:
        """Take the message away."""
        self.topic = ""
        self.hide()

    def button(self, text: str) -> QPushButton:
        """The button of that text (KeyError where there is none)."""
        return {button.text(): button for button in self._buttons}[text]

    def _button(self, text: str, tip: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        button.clicked.connect(lambda checked=False: act())
        return button

    def _set_tone(self, tone: Tone) -> None:
        self.setProperty("tone", tone)
        style = self.style()
        style.unpolish(self)
        style.polish(self)
