"""The bands and the distances between their landmarks, as rows to read: straight, along surface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from annotations.claims.result import cm
from annotations.zones.table import zone_words
from annotations.zones.zone import ZoneFigures

Unit = Literal["mm", "cm2"]
# Name, unit, field measured straight, field measured along the muscle's surface.
_ROWS: tuple[tuple[str, Unit, str, str], ...] = (
    (
        "From the PSIS to the tip of the greater trochanter",
        "mm",
        "psis_to_trochanter_mm",
        "psis_to_trochanter_along_surface_mm",
    ),
    (
        zone_words("trochanter_band"),
        "cm2",
        "trochanter_band_cm2",
        "trochanter_band_along_surface_cm2",
    ),
    (zone_words("psis_band"), "cm2", "psis_band_cm2", "psis_band_along_surface_cm2"),
    (zone_words("overlap"), "cm2", "overlap_cm2", "overlap_along_surface_cm2"),
    ("Gap between the bands", "mm", "gap_mm", "gap_along_surface_mm"),
    (
        f"{zone_words('compromise')}, off the bands' middle by",
        "mm",
        "compromise_mm",
        "compromise_along_surface_mm",
    ),
    (zone_words("entry_zone"), "cm2", "entry_zone_cm2", ""),
    (zone_words("lower_third"), "cm2", "lower_third_cm2", ""),
    ("Trochanter band within the lower third", "cm2", "band_in_lower_third_cm2", ""),
    ("From the trochanter band to the lower third", "mm", "band_to_lower_third_mm", ""),
)


class FigureRow(msgspec.Struct, frozen=True):
    """One figure, in mm or cm²; None where it cannot be had (or has no such kind of distance)."""

    label: str
    unit: Unit
    straight: float | None
    along_surface: float | None

    @property
    def straight_text(self) -> str:
        """The straight figure as one says it: "14.5 cm", "17.1 cm²", "none"."""
        return _said(self.straight, self.unit)

    @property
    def along_surface_text(self) -> str:
        """The figure along the muscle's surface."""
        return _said(self.along_surface, self.unit)


def figure_rows(figures: ZoneFigures) -> Iterator[FigureRow]:
    """The rows of one side; those of which nothing is known are left out."""
    for label, unit, straight, along in _ROWS:
        row = FigureRow(label, unit, _of(figures, straight), _of(figures, along))
        if row.straight is not None or row.along_surface is not None:
            yield row


def _of(figures: ZoneFigures, field: str) -> float | None:
    value = getattr(figures, field) if field else None
    return None if value is None else round(float(value), 2)


def _said(value: float | None, unit: Unit) -> str:
    if value is None:
        return ""
    if value == 0:
        return "none"
    return cm(value) if unit == "mm" else f"{value:.1f} cm²"
