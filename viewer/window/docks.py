"""The panels around the view, as docks that can be moved, closed and found again.

The docks are there from the start, empty; the panels in them are made when the first picture is
on screen, which they would otherwise hold up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QTabWidget, QWidget

from annotations.atlas import Atlas
from annotations.request import Request
from viewer.scene import Scene
from viewer.window.commands import Actions

if TYPE_CHECKING:
    from viewer.window.claims_panel import ClaimsPanel
    from viewer.window.specimen_panel import SpecimenPanel
    from viewer.window.structure_panel import StructureFacts
    from viewer.window.tree import StructurePanel
    from viewer.window.variants_panel import VariantsPanel
    from viewer.window.zone_panel import ZonePanel

# Changes when the docks themselves change: an older arrangement is then not restored.
ARRANGEMENT = 2
# How wide the docks are at first, in letters: the panels need no more, whatever the font, so that
# the view keeps its size when they come. Where the window is small, the list gives way.
LEFT, RIGHT = 57, 62
LEFT_SHARE, LEAST_LEFT = 0.24, 45
# How much of the left column's height the list of structures has; the rest is for what is below.
LIST_SHARE = 0.55
STRUCTURES, FACTS, SPECIMEN = "panel_structures", "panel_structure", "panel_specimen"
ZONES, CLAIMS, VARIANTS = "panel_entry_zone", "panel_claims", "panel_variants"
# Title, and where it stands.
PANELS: dict[str, tuple[str, Qt.DockWidgetArea]] = {
    STRUCTURES: ("Structures", Qt.DockWidgetArea.LeftDockWidgetArea),
    FACTS: ("This structure", Qt.DockWidgetArea.LeftDockWidgetArea),
    SPECIMEN: ("This specimen", Qt.DockWidgetArea.LeftDockWidgetArea),
    ZONES: ("Entry zone", Qt.DockWidgetArea.RightDockWidgetArea),
    CLAIMS: ("Where does the nerve enter?", Qt.DockWidgetArea.RightDockWidgetArea),
    VARIANTS: ("Variants", Qt.DockWidgetArea.RightDockWidgetArea),
}
# What stands behind what.
TABBED = ((FACTS, SPECIMEN), (ZONES, CLAIMS, VARIANTS))


class Docks:
    """On the left the structures, below them what is known of the chosen one and the specimen.

    On the right the entry zone, the published claims and the variants, one behind the other. The
    panels (`structures`, `facts`, …) are there once `fill` was called, claims and variants once
    `fill_behind` was (`filled`, `complete`).
    """

    structures: StructurePanel
    facts: StructureFacts
    specimen: SpecimenPanel
    zones: ZonePanel
    claims: ClaimsPanel
    variants: VariantsPanel

    def __init__(self, window: QMainWindow, actions: Actions) -> None:
        self.filled = self.complete = False
        self._window, self._actions = window, actions
        self._letter_px = window.fontMetrics().averageCharWidth()
        window.setDockNestingEnabled(True)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._docks = {name: self._dock(title, area) for name, (title, area) in PANELS.items()}
        for command, dock in self._docks.items():
            self._connect(command, dock)
        _application().focusChanged.connect(self._bring_into_sight)

    def fill(self, scene: Scene) -> None:
        """Make the panels that are in sight from the start, and what goes with them."""
        from viewer.window.specimen_panel import SpecimenPanel
        from viewer.window.structure_panel import StructureFacts
        from viewer.window.tree import StructurePanel
        from viewer.window.zone_panel import ZonePanel

        self.structures = StructurePanel(scene)
        self.facts = StructureFacts()
        self.specimen = SpecimenPanel()
        self.zones = ZonePanel(scene)
        self.structures.chosen_changed.connect(self.facts.show_items)
        self._put(STRUCTURES, self.structures)
        self._put(FACTS, self.facts)
        self._put(SPECIMEN, self.specimen)
        self._put(ZONES, self.zones)
        self.filled = True

    def fill_behind(self) -> None:
        """Make the panels that stand behind others: none of them may hold up the first picture."""
        from viewer.window.claims_panel import ClaimsPanel
        from viewer.window.variants_panel import VariantsPanel

        self.claims = ClaimsPanel()
        self.variants = VariantsPanel()
        self._put(CLAIMS, self.claims)
        self._put(VARIANTS, self.variants)
        # Behind another panel a dock counts as shown, but not as visible.
        self._docks[CLAIMS].visibilityChanged.connect(self.claims.look)
        self.claims.look(not self._docks[CLAIMS].visibleRegion().isEmpty())
        self.complete = True

    def set_atlas(self, atlas: Atlas) -> None:
        """Let every panel tell of an atlas."""
        # First what is told of a structure, then the list that says which one is chosen.
        panels = (
            self.facts, self.structures, self.zones, self.claims, self.variants, self.specimen,
        )  # fmt: skip
        for panel in panels:
            panel.set_atlas(atlas)

    def show_settings(self, request: Request) -> None:
        """Show the settings of a request, without asking for anything."""
        self.zones.limits.show_request(request)
        if self.complete:
            self.variants.show_variants(request.variants)

    def raise_structures(self) -> None:
        """Bring the list of structures to the front."""
        self._docks[STRUCTURES].show()
        self._docks[STRUCTURES].raise_()

    def arrange(self, remembered: bytes) -> None:
        """As remembered, or as they stand at first; done once, when the window is being shown.

        Not before: Qt forgets tab bars that it made for a window which was not on screen.
        """
        window, docks = self._window, self._docks
        if not window.restoreState(QByteArray(remembered), ARRANGEMENT):
            for front, *behind in TABBED:
                for name in behind:
                    window.tabifyDockWidget(docks[front], docks[name])
                docks[front].raise_()
            self._give_room()
        for command, dock in docks.items():
            self._actions[command].setChecked(not dock.isHidden())

    def _give_room(self) -> None:
        """Let the docks be as wide as suits the window's size."""
        window, docks = self._window, self._docks
        letter = self._letter_px
        left = max(LEAST_LEFT * letter, min(LEFT * letter, round(LEFT_SHARE * window.width())))
        widths = [left, RIGHT * letter]
        outer = [docks[STRUCTURES], docks[ZONES]]
        window.resizeDocks(outer, widths, Qt.Orientation.Horizontal)
        heights = [round(share * window.height()) for share in (LIST_SHARE, 1 - LIST_SHARE)]
        column = [docks[STRUCTURES], docks[FACTS]]
        window.resizeDocks(column, heights, Qt.Orientation.Vertical)

    def remembered(self) -> bytes:
        """The arrangement, for the settings."""
        return bytes(self._window.saveState(ARRANGEMENT).data())

    def close_panels(self) -> None:
        """Let the panels listen no longer."""
        _application().focusChanged.disconnect(self._bring_into_sight)
        if self.filled:
            self.structures.close_panel()
            self.zones.close_panel()
        if self.complete:
            self.claims.close_panel()

    def _connect(self, command: str, dock: QDockWidget) -> None:
        """Let the panel's command show and hide it, and follow it."""
        action = self._actions[command]

        def show(checked: bool) -> None:
            # A panel that is open behind another one comes to the front first.
            shown = checked or _is_covered(dock)
            dock.setVisible(shown)
            action.setChecked(shown)
            if shown:
                dock.raise_()

        action.triggered.connect(show)
        dock.toggleViewAction().toggled.connect(action.setChecked)

    def _bring_into_sight(self, before: QWidget | None, focused: QWidget | None) -> None:
        """Let no one type into a panel that stands behind another: Tab goes through all of them."""
        for dock in self._docks.values():
            if focused is not None and dock.isAncestorOf(focused) and _is_covered(dock):
                dock.raise_()

    def _put(self, name: str, panel: QWidget) -> None:
        empty = self._docks[name].widget()
        self._docks[name].setWidget(panel)
        empty.deleteLater()

    def _dock(self, title: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(title)
        dock.setAccessibleName(title)
        dock.setWidget(QWidget())
        self._window.addDockWidget(area, dock)
        return dock


def _application() -> QApplication:
    running = QApplication.instance()
    assert isinstance(running, QApplication)
    return running


def _is_covered(dock: QDockWidget) -> bool:
    """Whether a dock that is open stands behind another one."""
    return not dock.isHidden() and dock.visibleRegion().isEmpty()
