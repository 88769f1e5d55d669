"""How the structure tree paints a colour chip before a name and an origin badge behind it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from meshes.specimen import Origin
from viewer.window.tree_model import COLOUR, ORIGINS

Index = QModelIndex | QPersistentModelIndex
CHIP_PX = 12
PAD_PX = 6
GAP_PX = 4
# Readable on both themes; what comes straight from the source is the quietest.
BADGE_INK: dict[Origin, str] = {
    "source": "#7b8794",
    "mirrored": "#3d85c6",
    "modelled": "#8e63ce",
    "schematic": "#c27803",
}


def chip(colour: str, size_px: int = CHIP_PX, ratio: float = 1.0) -> QPixmap:
    """A small disc of a colour, for lists and legends."""
    pixmap = QPixmap(round(size_px * ratio), round(size_px * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 90))
    painter.setBrush(QColor(colour))
    painter.drawEllipse(QRectF(0.5, 0.5, size_px - 1, size_px - 1))
    painter.end()
    return pixmap


class NameDelegate(QStyledItemDelegate):
    """The name column: Qt's own drawing, with the structure's colour as the icon."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._chips: dict[tuple[str, float], QIcon] = {}

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Put the row's colour chip where Qt draws icons."""
        super().initStyleOption(option, index)
        colour = index.data(COLOUR)
        if colour:
            widget = option.widget
            ratio = widget.devicePixelRatioF() if widget else 1.0
            icon = self._chips.get((colour, ratio))
            if icon is None:
                icon = self._chips[colour, ratio] = QIcon(chip(colour, ratio=ratio))
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.icon = icon
            option.decorationSize = QSize(CHIP_PX, CHIP_PX)


class OriginDelegate(QStyledItemDelegate):
    """The origin column: a badge for each origin of the row."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the badges over the empty cell."""
        super().paint(painter, option, index)
        origins: list[Origin] = index.data(ORIGINS) or []
        if not origins:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = option.font
        font.setPointSizeF(font.pointSizeF() * 0.82)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        right = float(option.rect.right() - GAP_PX)
        middle = option.rect.center().y() + 0.5
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        for origin in reversed(origins):
            width = metrics.horizontalAdvance(origin) + 2 * PAD_PX
            height = metrics.height() + 2
            box = QRectF(right - width, middle - height / 2, width, height)
            ink = QColor(BADGE_INK[origin])
            if selected:
                ink = option.palette.highlightedText().color()
            fill = QColor(ink)
            fill.setAlpha(38)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawRoundedRect(box, height / 2, height / 2)
            painter.setPen(ink if selected else _readable(ink, option.palette))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, origin)
            right -= width + GAP_PX
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Room for the badges."""
        font = option.font
        font.setPointSizeF(font.pointSizeF() * 0.82)
        metrics = QFontMetrics(font)
        origins: list[Origin] = index.data(ORIGINS) or []
        width = sum(metrics.horizontalAdvance(o) + 2 * PAD_PX + GAP_PX for o in origins)
        return QSize(width + GAP_PX, metrics.height() + 8)


def _readable(ink: QColor, palette: QPalette) -> QColor:
    """The badge's ink, lighter on a dark list and darker on a light one."""
    dark = palette.color(QPalette.ColorRole.Base).lightness() < 128
    return ink.lighter(140) if dark else ink.darker(125)
