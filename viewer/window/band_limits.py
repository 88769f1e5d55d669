"""The limits of both bands as spin boxes, in mm."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QPushButton, QWidget

from annotations.request import LimitsMm, Request
from annotations.zones.table import claim_of, default_limits_mm
from viewer.window.layout import paragraph
from viewer.window.wording import source_of

# Farther than any point of the muscle from either landmark.
FARTHEST_MM = 300.0
STEP_MM = 1.0
BANDS = {
    "trochanter_band": ("Greater trochanter", "tip of the greater trochanter"),
    "psis_band": ("PSIS", "posterior superior iliac spine"),
}


class _Millimetres(QDoubleSpinBox):
    """A spin box that writes 50 and 52.5, not 50.0, and that the wheel turns only once it is used.

    Scrolling the panel must set nothing to work.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave it to the panel, unless the limit is being set."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def textFromValue(self, value: float) -> str:
        return f"{value:g}"


class BandLimits(QWidget):
    """Two rows of a lower and an upper limit; the lower one stays below the upper one.

    `changed(trochanter_band_mm, psis_band_mm)` when the user has changed one of them; `entered()`
    when a figure is typed and done.
    """

    changed = Signal(tuple, tuple)
    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, tuple[QDoubleSpinBox, QDoubleSpinBox]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        for row, (band, (title, landmark)) in enumerate(BANDS.items()):
            low = self._box(f"{title}: lower limit", f"Least distance from the {landmark}")
            high = self._box(f"{title}: upper limit", f"Greatest distance from the {landmark}")
            self.boxes[band] = (low, high)
            name = QLabel(title)
            name.setToolTip(f"Straight distance from the {landmark}")
            name.setBuddy(low)
            grid.addWidget(name, 2 * row, 0)
            grid.addWidget(low, 2 * row, 1)
            grid.addWidget(QLabel("–"), 2 * row, 2)
            grid.addWidget(high, 2 * row, 3)
            claim = claim_of(band)
            source = paragraph(source_of(claim), "small")
            source.setToolTip(claim.claim)
            grid.addWidget(source, 2 * row + 1, 0, 1, 4)
        self.reset = QPushButton("Published limits")
        self.reset.setToolTip("Set both bands to the distances that the literature gives")
        self.reset.setAccessibleDescription(self.reset.toolTip())
        self.reset.clicked.connect(self._reset)
        grid.addWidget(self.reset, 4, 0, 1, 4)
        self._show_reset()

    @property
    def limits(self) -> tuple[LimitsMm, LimitsMm]:
        """Both bands in mm: trochanter, PSIS."""
        trochanter, psis = (
            (low.value(), high.value()) for low, high in (self.boxes[band] for band in BANDS)
        )
        return trochanter, psis

    def show_request(self, request: Request) -> None:
        """Show a request's limits, without asking for anything."""
        self._set(request.trochanter_band_mm, request.psis_band_mm)

    def _box(self, name: str, tip: str) -> QDoubleSpinBox:
        box = _Millimetres()
        box.setDecimals(1)
        box.setRange(0.0, FARTHEST_MM)
        box.setSingleStep(STEP_MM)
        box.setSuffix(" mm")
        box.setAccelerated(True)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.valueChanged.connect(self._edited)
        box.lineEdit().returnPressed.connect(self.entered)
        return box

    def _edited(self) -> None:
        for low, high in self.boxes.values():
            low.setMaximum(high.value() - STEP_MM)
            high.setMinimum(low.value() + STEP_MM)
        self._show_reset()
        self.changed.emit(*self.limits)

    def _reset(self) -> None:
        published = [default_limits_mm(band) for band in BANDS]
        if list(self.limits) != published:
            self._set(*published)
            self.changed.emit(*self.limits)

    def _set(self, *limits_mm: LimitsMm) -> None:
        for (low, high), (low_mm, high_mm) in zip(self.boxes.values(), limits_mm, strict=True):
            for box in (low, high):
                box.blockSignals(True)
                box.setRange(0.0, max(FARTHEST_MM, high_mm))
            low.setValue(low_mm)
            high.setValue(high_mm)
            low.setMaximum(high.value() - STEP_MM)
            high.setMinimum(low.value() + STEP_MM)
            for box in (low, high):
                box.blockSignals(False)
        self._show_reset()

    def _show_reset(self) -> None:
        self.reset.setEnabled(list(self.limits) != [default_limits_mm(band) for band in BANDS])
