"""The panel of variants: how this body's nerves and arteries run, each choice with its source."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QWidget

from annotations.atlas import Atlas
from annotations.courses.variants import Variants
from annotations.variants import Choice, Variant, variants_table, with_variant
from meshes.structure import structure
from viewer.window.layout import CalmList, Scrolled, card, paragraph
from viewer.window.wording import joined, source_of

INTRODUCTION = (
    "People differ in how these nerves and arteries run. After a change their courses are "
    "computed anew on this specimen; what is on screen stays until then."
)
FIXED = "This specimen brings its own, which stays where its source has it."


class VariantsPanel(Scrolled):
    """`variants_changed(Variants)` when the user has chosen otherwise."""

    variants_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Variants", parent)
        self._variants = Variants()
        self._atlas: Atlas | None = None
        self.boxes: dict[str, QComboBox] = {}
        self.notes: dict[str, QLabel] = {}
        self.column.addWidget(paragraph(INTRODUCTION))
        for name, variant in variants_table().items():
            self.column.addWidget(self._card(name, variant))
        self.reset = QPushButton("The usual course of all")
        self.reset.setToolTip("Set every variant to what is found most often")
        self.reset.setAccessibleDescription(self.reset.toolTip())
        self.reset.clicked.connect(lambda checked=False: self._wish(Variants()))
        self.column.addWidget(self.reset)
        self.column.addStretch(1)
        self._follow()

    @property
    def variants(self) -> Variants:
        """What is chosen."""
        return self._variants

    def set_atlas(self, atlas: Atlas) -> None:
        """Show an atlas's variants, and which of them its specimen leaves open."""
        self._atlas = atlas
        self.show_variants(atlas.request.variants)

    def show_variants(self, variants: Variants) -> None:
        """Show variants without asking for anything."""
        self._variants = variants
        self._follow()

    def _card(self, name: str, variant: Variant) -> QWidget:
        title = QLabel(variant.english)
        title.setProperty("kind", "heading")
        title.setWordWrap(True)
        box = self.boxes[name] = CalmList()
        box.setAccessibleName(variant.english)
        box.setAccessibleDescription(variant.meaning)
        box.setToolTip(variant.meaning)
        for value in variant.values:
            choice = variant.choice(value)
            box.addItem(_offered(choice) if choice else str(value), value)
        box.currentIndexChanged.connect(partial(self._chosen, name))
        title.setBuddy(box)
        self.notes[name] = paragraph(kind="small")
        return card(title, box, self.notes[name])

    def _chosen(self, name: str, row: int) -> None:
        self._wish(with_variant(self._variants, name, self.boxes[name].itemData(row)))

    def _wish(self, variants: Variants) -> None:
        if variants != self._variants:
            self.show_variants(variants)
            self.variants_changed.emit(variants)

    def _follow(self) -> None:
        for name, variant in variants_table().items():
            box, value = self.boxes[name], getattr(self._variants, name)
            is_open = self._atlas is None or variant.is_open(self._atlas.specimen)
            box.blockSignals(True)
            box.setCurrentIndex(variant.values.index(value))
            box.blockSignals(False)
            box.setEnabled(is_open and variant.matters(self._variants))
            said = [_said(variant, variant.choice(value)) if is_open else FIXED]
            if self._atlas is not None and self._variants == self._atlas.request.variants:
                said.insert(0, _not_drawn(variant, self._atlas))
            self.notes[name].setText("\n".join(filter(None, said)))
        self.reset.setEnabled(self._variants != Variants())


def _not_drawn(variant: Variant, atlas: Atlas) -> str:
    """Where what the variant is about could not be laid."""
    sides = [
        one.side for one in atlas.left_out if one.id == variant.structure and one.branch == "trunk"
    ]
    name = structure(variant.structure).english.lower()
    return f"On the {joined(sides)} the {name} could not be drawn this way." if sides else ""


def _offered(choice: Choice) -> str:
    """A choice as the list has it, with how often it is found: "Absent · 5 %"."""
    shares = [f"{c.value:g} %" for c in choice.claims if c.quantity == "share" and c.value]
    return " · ".join([choice.english, *shares])


def _said(variant: Variant, choice: Choice | None) -> str:
    """What is known of the choice and of the variant, each with its source."""
    claims = [*(choice.claims if choice else ()), *variant.claims]
    lines = list(dict.fromkeys(f"{claim.claim} ({source_of(claim)})" for claim in claims))
    if choice and choice.remark:
        lines.insert(0, choice.remark)
    return "\n".join(lines)
