"""Small building blocks that the panels share: headings, paragraphs, cards, scrolling."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)


def paragraph(text: str = "", kind: str = "body") -> QLabel:
    """Text that wraps and can be copied; `kind` (body, small, heading) is for the style sheet."""
    label = QLabel(text)
    label.setProperty("kind", kind)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label


def heading(text: str) -> QLabel:
    """The title of a section."""
    return paragraph(text, "heading")


def card(*widgets: QWidget, tone: str = "plain") -> QFrame:
    """A framed group; the tone (plain, warning) is for the style sheet."""
    frame = QFrame()
    frame.setProperty("card", tone)
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(10, 8, 10, 8)
    layout.setSpacing(4)
    for widget in widgets:
        layout.addWidget(widget)
    return frame


class CalmList(QComboBox):
    """A list that the wheel does not turn: scrolling the panel must set nothing to work."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(20)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave it to the panel."""
        event.ignore()


class Scrolled(QScrollArea):
    """A column of widgets that scrolls when the window is low, and is never cut at the side."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        content.setObjectName("column")
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(12, 10, 12, 10)
        self.column.setSpacing(8)
        self.setWidget(content)

    def minimumSizeHint(self) -> QSize:
        """As wide as the contents must be, bar included: Qt would cut them at the right."""
        width = self.column.minimumSize().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width + 2 * self.frameWidth(), super().minimumSizeHint().height())
