"""The panels around the view, as docks that can be moved, closed and found again.

The docks are there from the start, empty; the panels in them are made when the first picture is
on screen, which they would otherwise hold up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from viewer.scene import Scene
from viewer.window.commands import Actions

if TYPE_CHECKING:
    from viewer.window.specimen_panel import SpecimenPanel
    from viewer.window.tree import StructurePanel
    from viewer.window.zone_panel import ZonePanel

# Changes when the docks themselves change: an older arrangement is then not restored.
ARRANGEMENT = 1
# How wide the docks are at first, in letters: the panels need no more, whatever the font, so that
# the view keeps its size when they come.
LEFT, RIGHT = 57, 62
STRUCTURES, ZONES, SPECIMEN = "panel_structures", "panel_entry_zone", "panel_specimen"


class Docks:
    """Structures on the left; entry zone and specimen on the right, one behind the other.

    `structures`, `zones` and `specimen` are there once `fill` was called.
    """

    structures: StructurePanel
    zones: ZonePanel
    specimen: SpecimenPanel

    def __init__(self, window: QMainWindow, actions: Actions) -> None:
        self.filled = False
        self._window, self._actions = window, actions
        self._letter_px = window.fontMetrics().averageCharWidth()
        window.setDockNestingEnabled(True)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        at_left = Qt.DockWidgetArea.LeftDockWidgetArea
        at_right = Qt.DockWidgetArea.RightDockWidgetArea
        self._docks = {
            STRUCTURES: self._dock("Structures", at_left, LEFT),
            ZONES: self._dock("Entry zone", at_right, RIGHT),
            SPECIMEN: self._dock("About this specimen", at_right, RIGHT),
        }
        window.tabifyDockWidget(self._docks[ZONES], self._docks[SPECIMEN])
        self._docks[ZONES].raise_()
        for command, dock in self._docks.items():
            self._connect(command, dock)

    def fill(self, scene: Scene) -> None:
        """Make the panels."""
        from viewer.window.specimen_panel import SpecimenPanel
        from viewer.window.tree import StructurePanel
        from viewer.window.zone_panel import ZonePanel

        self.structures = StructurePanel(scene)
        self.zones = ZonePanel(scene)
        self.specimen = SpecimenPanel()
        panels = {STRUCTURES: self.structures, ZONES: self.zones, SPECIMEN: self.specimen}
        for command, panel in panels.items():
            empty = self._docks[command].widget()
            self._docks[command].setWidget(panel)
            empty.deleteLater()
        self.filled = True

    def raise_structures(self) -> None:
        """Bring the list of structures to the front."""
        self._docks[STRUCTURES].show()
        self._docks[STRUCTURES].raise_()

    def arrange(self, remembered: bytes) -> None:
        """As remembered, or as they stand at first."""
        if not self._window.restoreState(QByteArray(remembered), ARRANGEMENT):
            docks = [self._docks[STRUCTURES], self._docks[ZONES]]
            widths = [LEFT * self._letter_px, RIGHT * self._letter_px]
            self._window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)
        for command, dock in self._docks.items():
            self._actions[command].setChecked(not dock.isHidden())

    def remembered(self) -> bytes:
        """The arrangement, for the settings."""
        return bytes(self._window.saveState(ARRANGEMENT).data())

    def close_panels(self) -> None:
        """Let the panels listen no longer."""
        if self.filled:
            self.structures.close_panel()
            self.zones.close_panel()

    def _connect(self, command: str, dock: QDockWidget) -> None:
        """Let the panel's command show and hide it, and follow it."""
        action = self._actions[command]

        def show(checked: bool) -> None:
            # A panel that is open behind another one comes to the front first.
            covered = not dock.isHidden() and dock.visibleRegion().isEmpty()
            dock.setVisible(checked or covered)
            action.setChecked(checked or covered)
            if checked or covered:
                dock.raise_()

        action.triggered.connect(show)
        dock.toggleViewAction().toggled.connect(action.setChecked)

    def _dock(self, title: str, area: Qt.DockWidgetArea, letters: int) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(title)
        dock.setAccessibleName(title)
        empty = QWidget()
        empty.setMinimumWidth(letters * self._letter_px)
        dock.setWidget(empty)
        self._window.addDockWidget(area, dock)
        return dock
