"""Rows of two lines; made only when a list opens, for Qt's styles take a moment to import."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

Index = QModelIndex | QPersistentModelIndex


class TwoLines(QStyledItemDelegate):
    """A row of an open list: its data of one role, and of another in smaller letters below."""

    def __init__(self, title: int, detail: int, pad_px: int, parent: QObject) -> None:
        super().__init__(parent)
        self._title, self._detail, self._pad_px = title, detail, pad_px

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        self.initStyleOption(option, index)
        title, option.text = str(index.data(self._title)), ""
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        painter.save()
        box = option.rect.adjusted(self._pad_px, self._pad_px, -self._pad_px, -self._pad_px)
        painter.setPen(palette.highlightedText().color() if selected else palette.text().color())
        painter.drawText(box, Qt.AlignmentFlag.AlignTop, title)
        if not selected:
            painter.setPen(palette.placeholderText().color())
        painter.setFont(_smaller(option.font))
        painter.drawText(box, Qt.AlignmentFlag.AlignBottom, str(index.data(self._detail)))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As wide as the longer line."""
        small = QFontMetrics(_smaller(option.font))
        width = max(
            option.fontMetrics.horizontalAdvance(str(index.data(self._title))),
            small.horizontalAdvance(str(index.data(self._detail))),
        )
        height = option.fontMetrics.height() + small.height()
        return QSize(width + 4 * self._pad_px, height + 2 * self._pad_px + 2)


def _smaller(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.85)
    return small
