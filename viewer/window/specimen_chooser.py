"""The list of specimens in the toolbar: title, where it is, licence."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from meshes.load import state
from meshes.sources.registry import Source, registry

PAD_PX = 6
LETTERS = 19
# What the frame and the arrow take of the box's width.
ARROW_PX = 50
ELIDE = Qt.TextElideMode.ElideRight
WHERE = {"embedded": "comes with Glutea", "cached": "on this computer"}


TITLE = Qt.ItemDataRole.UserRole + 1
DETAIL = Qt.ItemDataRole.UserRole + 2


class SpecimenChooser(QComboBox):
    """`chosen(name)` when the user asks for another specimen; what is shown stays until then."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Specimen")
        self.setToolTip("Which body is shown")
        # Wide enough for most titles; a longer one is shortened rather than the view narrowed.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(LETTERS)
        self.setMaximumWidth(self.sizeHint().width())
        self._shown = ""
        self.activated.connect(self._activated)
        self.refresh()

    def refresh(self) -> None:
        """Read anew what is on this computer."""
        self.clear()
        for row, (name, entry) in enumerate(registry().items()):
            where = where_is(name)
            room = self.maximumWidth() - ARROW_PX
            shown = self.fontMetrics().elidedText(short_title(entry), ELIDE, room)
            self.addItem(shown, name)
            self.setItemData(row, short_title(entry), TITLE)
            self.setItemData(row, f"{where} · {entry.licence}", DETAIL)
            tip = f"{entry.title}\n{where[0].upper()}{where[1:]}\nLicence: {entry.licence}"
            self.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
            said = f"{entry.title}, {where}, {entry.licence}"
            self.setItemData(row, said, Qt.ItemDataRole.AccessibleTextRole)
        self.show_specimen(self._shown)

    def showPopup(self) -> None:
        """Make the list that opens only when it is opened."""
        from viewer.window.two_lines import TwoLines

        if not isinstance(self.itemDelegate(), TwoLines):
            self.setItemDelegate(TwoLines(TITLE, DETAIL, PAD_PX, self))
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * PAD_PX)
        super().showPopup()

    def show_specimen(self, name: str) -> None:
        """Show which specimen is open."""
        self._shown = name
        self.setCurrentIndex(self.findData(name))
        if name in registry():
            self.setToolTip(str(self.currentData(Qt.ItemDataRole.ToolTipRole)))

    def _activated(self, row: int) -> None:
        name = str(self.itemData(row))
        self.setCurrentIndex(self.findData(self._shown))
        if name != self._shown:
            self.chosen.emit(name)


def where_is(name: str) -> str:
    """In words: "comes with Glutea", "on this computer", "to be fetched, 2.4 MB"."""
    return WHERE.get(state(name)) or f"to be fetched, {registry()[name].size_mb:.1f} MB"


def offer_of(name: str) -> str:
    """The button that fetches a specimen: "Fetch Z-Anatomy, 2.4 MB, CC BY-SA 4.0"."""
    entry = registry()[name]
    return f"Fetch {short_title(entry)}, {entry.size_mb:.1f} MB, {entry.licence}"


def short_title(entry: Source) -> str:
    """The title without what it goes on to explain: "Z-Anatomy", "Mean pelvis and femurs"."""
    return re.split("[:,]| of ", entry.title)[0]
