"""The panel of the entry zone: limits, what they come to on this pelvis, legend, sources."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from annotations.atlas import Atlas
from annotations.evidence import Evidence, evidence_for
from annotations.zones.table import claim_of
from annotations.zones.zone import ZoneSurface
from viewer.items import items
from viewer.scene import Change, Scene
from viewer.window.band_limits import BANDS, BandLimits
from viewer.window.layout import CalmList, Scrolled, card, heading, paragraph
from viewer.window.legend import Legend
from viewer.window.wording import NOT_FOR_SURGERY, honest_sentence, source_of, unbroken

SURFACES: dict[ZoneSurface, str] = {
    "deep": "Deep surface of gluteus maximus",
    "superficial": "Superficial surface of gluteus maximus",
    "skin": "Skin",
}
NERVE, MUSCLE = "inferior_gluteal_nerve", "gluteus_maximus"


class ZonePanel(Scrolled):
    """`limits_changed(trochanter_band_mm, psis_band_mm)` when the user has moved a limit."""

    limits_changed = Signal(tuple, tuple)

    def __init__(self, scene: Scene, parent: QWidget | None = None) -> None:
        super().__init__("Entry zone", parent)
        self._scene = scene
        self._atlas: Atlas | None = None
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
        self.surface = self._surface_box()
        self.column.addWidget(heading("On this specimen"))
        self.column.addWidget(_named("Drawn &on", self.surface))
        self.column.addWidget(self.note)
        self.column.addWidget(self.legend)
        self.column.addWidget(heading("What others measured"))
        for entry in other_sources():
            source = paragraph(source_of(entry), "small")
            self.column.addWidget(card(paragraph(entry.claim), source))
        self.column.addWidget(paragraph(NOT_FOR_SURGERY, "small"))
        self.column.addStretch(1)
        self.limits.show_request(scene.state.request)
        self._enable(False)

    def _enable(self, enabled: bool) -> None:
        """Before the first atlas there is nothing to set."""
        for widget in (self.limits, self.surface, self.legend):
            widget.setEnabled(enabled)

    def close_panel(self) -> None:
        """Listen to the scene no longer."""
        self._scene.changed.disconnect(self._scene_changed, missing_ok=True)
        self.legend.close_panel()

    def set_atlas(self, atlas: Atlas) -> None:
        """Show an atlas's limits and figures."""
        self._atlas = atlas
        self._enable(True)
        self.limits.show_request(atlas.request)
        self.legend.set_atlas(atlas)
        sentence = honest_sentence(atlas)
        self.honesty.setText(unbroken(sentence))
        self._warning.setVisible(bool(sentence))
        notes = dict.fromkeys(zones.note for zones in atlas.zones.values() if zones.note)
        self.note.setText(" ".join(notes))
        self.note.setVisible(bool(notes))

    # --- the surface that the zones are drawn on --------------------------------------------------

    def _surface_box(self) -> QComboBox:
        box = CalmList()
        box.setAccessibleName("Surface on which the zones are drawn")
        box.setToolTip("Where the zones are drawn; their figures are those of the deep surface")
        for surface, title in SURFACES.items():
            box.addItem(title, surface)
        box.currentIndexChanged.connect(self._surface_chosen)
        self._scene.changed.connect(self._scene_changed)
        return box

    def _surface_chosen(self, row: int) -> None:
        if self._atlas is not None:
            known = {item.id for item in items(self._atlas)}
            with self._scene.change("surface of the zones") as draft:
                draft.put_zones_on(self.surface.itemData(row), known)

    def _scene_changed(self, change: Change) -> None:
        self.surface.blockSignals(True)
        self.surface.setCurrentIndex(self.surface.findData(change.after.zones_on))
        self.surface.blockSignals(False)


def _named(title: str, box: QComboBox) -> QWidget:
    """A list with its name before it."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    name = QLabel(title)
    name.setBuddy(box)
    layout.addWidget(name)
    layout.addWidget(box, 1)
    return row


def other_sources() -> list[Evidence]:
    """Published distances of the nerve's entry, besides those that the bands start from."""
    bands = {claim_of(band).id for band in BANDS}
    return [
        entry
        for entry in evidence_for(NERVE)
        if MUSCLE in entry.structures and entry.quantity == "distance" and entry.id not in bands
    ]
