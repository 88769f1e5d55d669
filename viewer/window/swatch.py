"""The sample of a zone in the legend: its colour, hatch and border, as in the picture."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from viewer.palette import Hatch, ZoneInk

WIDTH_PX, HEIGHT_PX = 26, 14
PX_PER_MM = 1.25
# Finer lines would be lost at this size.
LEAST_LINE_PX = 0.8


def swatch(ink: ZoneInk, ratio: float = 1.0) -> QPixmap:
    """A small field of a zone's look, sharp on a screen of so many pixels a unit."""
    pixmap = QPixmap(round(WIDTH_PX * ratio), round(HEIGHT_PX * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    field = QPainterPath()
    field.addRoundedRect(QRectF(0.5, 0.5, WIDTH_PX - 1, HEIGHT_PX - 1), 3, 3)
    painter.fillPath(field, QColor(ink.colour))
    painter.setClipPath(field)
    painter.save()
    painter.translate(WIDTH_PX / 2, HEIGHT_PX / 2)
    # Qt's heights count downwards.
    painter.rotate(-ink.hatch.angle_deg)
    _hatch(painter, ink.hatch, QColor(ink.edge))
    painter.restore()
    painter.setClipping(False)
    painter.setPen(QPen(QColor(ink.edge), 1.0))
    painter.drawPath(field)
    painter.end()
    return pixmap


def _hatch(painter: QPainter, hatch: Hatch, ink: QColor) -> None:
    """Lines, crossed lines or dots about the origin, as the stage's shader draws them."""
    step = hatch.spacing_mm * PX_PER_MM
    breadth = max(LEAST_LINE_PX, hatch.width_mm * PX_PER_MM)
    far = math.ceil(math.hypot(WIDTH_PX, HEIGHT_PX) / 2 / step)
    if hatch.pattern == "dots":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        for row in range(-far, far + 1):
            for column in range(-far, far + 1):
                at = QPointF((column + 0.5 * (row % 2)) * step, row * step)
                painter.drawEllipse(at, breadth / 2, breadth / 2)
        return
    painter.setPen(QPen(ink, breadth))
    reach = far * step
    for i in range(-far, far + 1):
        painter.drawLine(QPointF(-reach, i * step), QPointF(reach, i * step))
        if hatch.pattern == "cross":
            painter.drawLine(QPointF(i * step, -reach), QPointF(i * step, reach))
