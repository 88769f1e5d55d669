"""The panel of the entry zone: limits, what they come to on this pelvis, legend, sources."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from annotations.atlas import Atlas
from annotations.evidence import Evidence, evidence_for
from annotations.zones.table import claim_of
from viewer.scene import Scene
from viewer.window.band_limits import BANDS, BandLimits
from viewer.window.layout import Scrolled, card, heading, paragraph
from viewer.window.legend import Legend
from viewer.window.wording import NOT_FOR_SURGERY, honest_sentence, source_of

NERVE, MUSCLE = "inferior_gluteal_nerve", "gluteus_maximus"


class ZonePanel(Scrolled):
    """`limits_changed(trochanter_band_mm, psis_band_mm)` when the user has moved a limit."""

    limits_changed = Signal(tuple, tuple)

    def __init__(self, scene: Scene, parent: QWidget | None = None) -> None:
        super().__init__("Entry zone", parent)
        self.limits = BandLimits()
        self.limits.changed.connect(self.limits_changed)
        self.legend = Legend(scene)
        self.honesty = paragraph()
        self._warning = card(self.honesty, tone="warning")
        self._warning.hide()
        self.note = paragraph(kind="small")
        self.note.hide()
        self.column.addWidget(heading("Published distances of the nerve's entry"))
        self.column.addWidget(self.limits)
        self.column.addWidget(self._warning)
        self.column.addWidget(heading("On this specimen"))
        self.column.addWidget(self.note)
        self.column.addWidget(self.legend)
        self.column.addWidget(heading("What others measured"))
        for entry in other_sources():
            source = paragraph(source_of(entry), "small")
            self.column.addWidget(card(paragraph(entry.claim), source))
        self.column.addWidget(paragraph(NOT_FOR_SURGERY, "small"))
        self.column.addStretch(1)

    def close_panel(self) -> None:
        """Listen to the scene no longer."""
        self.legend.close_panel()

    def set_atlas(self, atlas: Atlas) -> None:
        """Show an atlas's limits and figures."""
        self.limits.show_request(atlas.request)
        self.legend.set_atlas(atlas)
        sentence = honest_sentence(atlas)
        self.honesty.setText(sentence)
        self._warning.setVisible(bool(sentence))
        notes = dict.fromkeys(zones.note for zones in atlas.zones.values() if zones.note)
        self.note.setText(" ".join(notes))
        self.note.setVisible(bool(notes))


def other_sources() -> list[Evidence]:
    """Published distances of the nerve's entry, besides those that the bands start from."""
    bands = {claim_of(band).id for band in BANDS}
    return [
        entry
        for entry in evidence_for(NERVE)
        if MUSCLE in entry.structures and entry.quantity == "distance" and entry.id not in bands
    ]
