"""The list of specimens in the toolbar: title, where it is, licence."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItem
from PySide6.QtWidgets import QComboBox, QWidget

from meshes.load import state
from meshes.sources.registry import Source, registry

WHERE = {"embedded": "comes with Glutea", "cached": "on this computer"}


class SpecimenChooser(QComboBox):
    """`chosen(name)` when the user asks for another specimen; what is shown stays until then."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Specimen")
        self.setToolTip("Which body is shown")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(22)
        self._shown = ""
        self.activated.connect(self._activated)
        self.refresh()

    def refresh(self) -> None:
        """Read anew what is on this computer."""
        self.clear()
        for name, entry in registry().items():
            self.addItem(short_title(entry), name)
            item = self.model().item(self.count() - 1)  # type: ignore[attr-defined]
            assert isinstance(item, QStandardItem)
            where = where_is(name)
            item.setText(f"{short_title(entry)} · {where}")
            item.setToolTip(f"{entry.title}\n{where[0].upper()}{where[1:]}\n{entry.licence}")
            item.setData(f"{entry.title}, {where}, {entry.licence}", Qt.ItemDataRole.AccessibleTextRole)
        self.show_specimen(self._shown)

    def show_specimen(self, name: str) -> None:
        """Show which specimen is open."""
        self._shown = name
        self.setCurrentIndex(self.findData(name))
        if name in registry():
            entry = registry()[name]
            self.setToolTip(f"{entry.title}\nLicence: {entry.licence}")

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
    return entry.title.partition(":")[0]
