"""The panel about the specimen: where it comes from, how it was made, licence and credit."""

from __future__ import annotations

from collections import Counter

from PySide6.QtWidgets import QWidget

from annotations.atlas import Atlas
from meshes.specimen import ORIGINS
from viewer.window.layout import Scrolled, card, heading, paragraph
from viewer.window.wording import NOT_FOR_SURGERY, ORIGIN_SENTENCES


class SpecimenPanel(Scrolled):
    """What the viewer of a picture has a right to know."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("This specimen", parent)
        self.title = heading("")
        self.how_made = paragraph()
        self.licence = paragraph()
        self.credit = paragraph(kind="small")
        self.origins = paragraph(kind="small")
        self.courses = paragraph(kind="small")
        self._rest = [
            heading("Licence and credit"),
            card(self.licence, self.credit),
            heading("Where each part comes from"),
            self.origins,
            heading("How nerve and artery were drawn"),
            self.courses,
        ]
        self.column.addWidget(self.title)
        self.column.addWidget(self.how_made)
        for widget in self._rest:
            self.column.addWidget(widget)
            widget.hide()
        self.column.addWidget(card(paragraph(NOT_FOR_SURGERY), tone="warning"))
        self.column.addStretch(1)

    def set_atlas(self, atlas: Atlas) -> None:
        """Describe an atlas's specimen."""
        specimen = atlas.specimen
        self.title.setText(specimen.title)
        self.how_made.setText(specimen.how_made)
        self.licence.setText(f"Licence: {specimen.licence}")
        self.credit.setText("\n".join(specimen.credits))
        counts = Counter(part.origin for part in atlas.parts.values())
        self.origins.setText(
            "\n".join(
                f"{counts[origin]} {origin}: {ORIGIN_SENTENCES[origin]}"
                for origin in ORIGINS
                if counts[origin]
            )
        )
        notes = (course.note for sides in atlas.courses.values() for course in sides.values())
        self.courses.setText("\n".join(dict.fromkeys(filter(None, notes))))
        for widget in self._rest:
            widget.show()
