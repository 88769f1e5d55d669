"""The panels around the view, as docks that can be moved, closed and found again."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from viewer.scene import Scene
from viewer.window.commands import Actions
from viewer.window.specimen_panel import SpecimenPanel
from viewer.window.tree import StructurePanel
from viewer.window.zone_panel import ZonePanel

# Changes when the docks themselves change: an older arrangement is then not restored.
ARRANGEMENT = 1
LEFT_PX, RIGHT_PX = 340, 350


class Docks:
    """Structures on the left; entry zone and specimen on the right, one behind the other."""

    def __init__(self, scene: Scene, window: QMainWindow) -> None:
        self._window = window
        self.structures = StructurePanel(scene)
        self.zones = ZonePanel(scene)
        self.specimen = SpecimenPanel()
        window.setDockNestingEnabled(True)
        window.setTabPosition(
            Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North
        )
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        self._docks = {
            "panel_structures": self._dock("Structures", self.structures, left),
            "panel_entry_zone": self._dock("Entry zone", self.zones, right),
            "panel_specimen": self._dock("About this specimen", self.specimen, right),
        }
        zones, specimen = self._docks["panel_entry_zone"], self._docks["panel_specimen"]
        window.tabifyDockWidget(zones, specimen)
        zones.raise_()

    def give_widths(self) -> None:
        """The widths to begin with; only after the window has its size."""
        self._window.resizeDocks(
            [self._docks["panel_structures"], self._docks["panel_entry_zone"]],
            [LEFT_PX, RIGHT_PX],
            Qt.Orientation.Horizontal,
        )

    def connect_commands(self, actions: Actions) -> None:
        """Let each panel's command show and hide it, and follow it."""
        for command, dock in self._docks.items():
            self._connect(actions, command, dock)

    def _connect(self, actions: Actions, command: str, dock: QDockWidget) -> None:
        action = actions[command]

        def show(checked: bool) -> None:
            # A panel that is open behind another one comes to the front first.
            covered = not dock.isHidden() and dock.visibleRegion().isEmpty()
            dock.setVisible(checked or covered)
            action.setChecked(checked or covered)
            if checked or covered:
                dock.raise_()

        action.triggered.connect(show)
        dock.toggleViewAction().toggled.connect(action.setChecked)
        action.setChecked(not dock.isHidden())

    def raise_structures(self) -> None:
        """Bring the list of structures to the front."""
        dock = self._docks["panel_structures"]
        dock.show()
        dock.raise_()

    def remembered(self) -> bytes:
        """The arrangement, for the settings."""
        return bytes(self._window.saveState(ARRANGEMENT).data())

    def restore(self, remembered: bytes) -> None:
        """An arrangement from the settings; nothing happens where it does not fit."""
        if remembered:
            self._window.restoreState(QByteArray(remembered), ARRANGEMENT)

    def close_panels(self) -> None:
        """Let the panels listen no longer."""
        self.structures.close_panel()
        self.zones.close_panel()

    def _dock(self, title: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(title)
        dock.setAccessibleName(title)
        dock.setWidget(panel)
        self._window.addDockWidget(area, dock)
        return dock
