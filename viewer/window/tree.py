"""The panel of structures: search, tree with check boxes, opacity of what is selected."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QItemSelection, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QSlider,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from annotations.atlas import Atlas
from viewer.items import Item
from viewer.scene import Change, Look, Scene
from viewer.window.tree_delegate import NameDelegate, OriginDelegate
from viewer.window.tree_model import (
    NAME,
    ORIGIN,
    ORIGINS,
    SEARCH,
    ShownRows,
    StructureModel,
)

# How much of a ghost is left: the muscle is still seen, and what lies beneath it.
GHOST = 0.25
OPEN_AT_START = ("Muscles", "Zones")


class StructurePanel(QWidget):
    """Lists everything of the atlas and shows, hides or fades it.

    `slider_held(bool)` says when the opacity is being dragged; `chosen_changed(items)` what is
    selected now, by hand or because the scene says so.
    """

    slider_held = Signal(bool)
    chosen_changed = Signal(list)

    def __init__(self, scene: Scene, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = scene
        # Between tree and scene a selection goes one way at a time.
        self._quiet = False
        self.menu_actions: list[QAction] = []
        self.model = StructureModel(scene, self)
        self.proxy = ShownRows(scene, self)
        self.proxy.setSourceModel(self.model)
        self.proxy.setRecursiveFilteringEnabled(True)
        self.proxy.setFilterRole(SEARCH)
        self.proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = self._search_field()
        self.tree = self._tree()
        self.nothing = QLabel("Nothing has that name on this specimen.")
        self.nothing.setWordWrap(True)
        self.nothing.setContentsMargins(8, 8, 8, 8)
        self.nothing.hide()
        self.slider, self._percent, opacity = self._opacity_row()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.search)
        layout.addWidget(self.nothing)
        layout.addWidget(self.tree, 1)
        layout.addWidget(opacity)
        scene.changed.connect(self._scene_changed)
        self._show_opacity()

    def close_panel(self) -> None:
        """Listen to the scene no longer."""
        self._scene.changed.disconnect(self._scene_changed, missing_ok=True)
        self.model.close()

    def set_atlas(self, atlas: Atlas) -> None:
        """List an atlas; what is unfolded and selected stays where the items stay."""
        if self.model.set_atlas(atlas):
            for row in range(self.proxy.rowCount()):
                index = self.proxy.index(row, NAME)
                self.tree.setExpanded(index, index.data() in OPEN_AT_START)
            self._give_room()
        self.reveal(self._scene.state.selected)
        self._show_opacity()
        self.chosen_changed.emit(self.chosen())

    def chosen(self) -> list[Item]:
        """The items at or below the selected rows."""
        rows = self.tree.selectionModel().selectedRows(NAME)
        return self.model.items_at(self.proxy.mapToSource(row) for row in rows)

    def reveal(self, item_id: str | None, focus: bool = False) -> None:
        """Select an item's row and bring it into sight; None takes the selection away."""
        selection = self.tree.selectionModel()
        index = self.model.index_of(item_id) if item_id else None
        self._quiet = True
        if index is None or not index.isValid():
            selection.clear()
            self._quiet = False
            return
        if not self.proxy.mapFromSource(index).isValid():
            self.search.clear()
        row = self.proxy.mapFromSource(index)
        selection.setCurrentIndex(
            row,
            selection.SelectionFlag.ClearAndSelect | selection.SelectionFlag.Rows,
        )
        self._quiet = False
        self.tree.scrollTo(row, QAbstractItemView.ScrollHint.EnsureVisible)
        if focus:
            self.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def start_search(self) -> None:
        """Put the cursor into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    # --- what can be done with the selection: each is one change of the scene ---------------------

    def show_chosen(self) -> None:
        """Show it, opaque again."""
        with self._scene.change("show") as draft:
            draft.show(*_ids(self.chosen()))
            draft.fade(*_ids(self.chosen()), opacity=1.0)

    def hide_chosen(self) -> None:
        """Hide it."""
        with self._scene.change("hide") as draft:
            draft.show(*_ids(self.chosen()), visible=False)

    def ghost_chosen(self) -> None:
        """Make it see-through."""
        with self._scene.change("ghost") as draft:
            draft.show(*_ids(self.chosen()))
            draft.fade(*_ids(self.chosen()), opacity=GHOST)

    def show_only_chosen(self) -> None:
        """Hide everything else."""
        chosen = _ids(self.chosen())
        if chosen:
            with self._scene.change("show only") as draft:
                draft.show(*draft.looks, visible=False)
                draft.show(*chosen)

    # --- making the parts ------------------------------------------------------------------------

    def _search_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText("Find a structure")
        field.setClearButtonEnabled(True)
        field.setAccessibleName("Find a structure")
        field.returnPressed.connect(self._go_to_first_hit)
        field.setToolTip("Find a structure by its English or Latin name; Enter goes to the first")
        field.textChanged.connect(self._filter)
        return field

    def _tree(self) -> QTreeView:
        tree = QTreeView()
        tree.setModel(self.proxy)
        tree.setAccessibleName("Structures")
        tree.setHeaderHidden(True)
        tree.setUniformRowHeights(True)
        tree.setAllColumnsShowFocus(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.setItemDelegateForColumn(NAME, NameDelegate(tree))
        tree.setItemDelegateForColumn(ORIGIN, OriginDelegate(tree))
        tree.setIndentation(16)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(ORIGIN, QHeaderView.ResizeMode.ResizeToContents)
        tree.selectionModel().selectionChanged.connect(self._selection_changed)
        tree.customContextMenuRequested.connect(self._open_menu)
        return tree

    def _opacity_row(self) -> tuple[QSlider, QLabel, QWidget]:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setPageStep(10)
        slider.setAccessibleName("Opacity of the selected structures")
        slider.valueChanged.connect(self._fade)
        slider.sliderPressed.connect(lambda: self.slider_held.emit(True))
        slider.sliderReleased.connect(lambda: self.slider_held.emit(False))
        percent = QLabel()
        percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        percent.setMinimumWidth(percent.fontMetrics().horizontalAdvance("100 %"))
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        name = QLabel("Opacity")
        name.setBuddy(slider)
        layout.addWidget(name)
        layout.addWidget(slider, 1)
        layout.addWidget(percent)
        return slider, percent, row

    # --- what happens ----------------------------------------------------------------------------

    def _filter(self, text: str) -> None:
        self.proxy.setFilterFixedString(" ".join(text.split()))
        found = self.proxy.rowCount() > 0
        self.nothing.setVisible(bool(text) and not found)
        if text and found:
            self.tree.expandToDepth(0)
        self._give_room()

    def _go_to_first_hit(self) -> None:
        """Go on in the list, at the first structure that the search has left there."""
        system = self.proxy.index(0, NAME)
        first = self.proxy.index(0, NAME, system)
        if (row := first if first.isValid() else system).isValid():
            self.tree.setCurrentIndex(row)
            self.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _give_room(self) -> None:
        """Let the names of what has no origin run on to the edge; filtering forgets it."""
        for row in range(self.proxy.rowCount()):
            system = self.proxy.index(row, NAME)
            self.tree.setFirstColumnSpanned(row, QModelIndex(), True)
            for below in range(self.proxy.rowCount(system)):
                badges = self.proxy.index(below, ORIGIN, system).data(ORIGINS)
                if not badges:
                    self.tree.setFirstColumnSpanned(below, system, True)

    def _selection_changed(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        self._show_opacity()
        self.chosen_changed.emit(self.chosen())
        if self._quiet:
            return
        rows = self.tree.selectionModel().selectedRows(NAME)
        one = self.model.single_item(self.proxy.mapToSource(rows[0])) if len(rows) == 1 else None
        self._quiet = True
        with self._scene.change("select") as draft:
            draft.selected = one
        self._quiet = False

    def _scene_changed(self, change: Change) -> None:
        if change.before.zones_on != change.after.zones_on:
            self.proxy.invalidate()
            self._give_room()
        if change.before.selected != change.after.selected and not self._quiet:
            self.reveal(change.after.selected)
        self._show_opacity()

    def _show_opacity(self) -> None:
        looks = self._scene.state.looks
        chosen = [looks.get(item.id, Look()).opacity for item in self.chosen()]
        self.slider.setEnabled(bool(chosen))
        self.slider.setToolTip(
            "How much hides what lies behind the selected structures"
            if chosen
            else "Select a structure in the list to make it see-through"
        )
        self._percent.setText(f"{max(chosen) * 100:.0f} %" if chosen else "–")
        self.slider.blockSignals(True)
        self.slider.setValue(round(max(chosen) * 100) if chosen else 100)
        self.slider.blockSignals(False)

    def _fade(self, percent: int) -> None:
        chosen = _ids(self.chosen())
        with self._scene.change("opacity") as draft:
            draft.fade(*chosen, opacity=percent / 100)

    def _open_menu(self, at: QPoint) -> None:
        if self.chosen():
            menu = QMenu(self)
            menu.addActions(self.menu_actions)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.tree.viewport().mapToGlobal(at))


def _ids(chosen: Iterable[Item]) -> list[str]:
    return [item.id for item in chosen]
