"""The structure tree as a Qt model: by system, structure and side, straight from the scene.

The model keeps no state of its own: what is checked is what the scene shows, and a click on a
check box is one change of the scene.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QFont

from annotations.atlas import Atlas
from meshes.specimen import ORIGINS as ORDER
from meshes.specimen import Origin
from viewer.items import Item, items
from viewer.palette import colour_of
from viewer.scene import Change, Look, Scene, zone_item_on
from viewer.window.wording import GROUPS, latin_of, sentences

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
COLOUR = Role.UserRole
ORIGINS = Role.UserRole + 1
SEARCH = Role.UserRole + 2
NAME, ORIGIN = 0, 1
_HIDDEN = Look(visible=False)
_NOTHING = QModelIndex()


class Node:
    """A row: a system, a structure with its sides, or one item (`item` is then set)."""

    def __init__(self, label: str, parent: Node | None, item: Item | None = None) -> None:
        self.label = label
        self.parent = parent
        self.item = item
        self.children: list[Node] = []
        self.row = 0
        if parent is not None:
            self.row = len(parent.children)
            parent.children.append(self)

    @property
    def leaves(self) -> list[Item]:
        """The items at or below this row."""
        if self.item is not None:
            return [self.item]
        return [item for child in self.children for item in child.leaves]

    def walk(self) -> Iterator[Node]:
        """This row and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


class StructureModel(QAbstractItemModel):
    """Columns: name with check box, origin."""

    def __init__(self, scene: Scene, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scene = scene
        self._atlas: Atlas | None = None
        self._root = Node("", None)
        self._of_item: dict[str, Node] = {}
        self._bold = QFont()
        self._bold.setBold(True)
        scene.changed.connect(self._scene_changed)

    def close(self) -> None:
        """Listen to the scene no longer."""
        self._scene.changed.disconnect(self._scene_changed)

    def set_atlas(self, atlas: Atlas) -> bool:
        """List an atlas; True if the rows had to be made anew (the same items keep theirs)."""
        found = items(atlas)
        self._atlas = atlas
        if [item.id for item in found] == list(self._of_item):
            for item in found:
                self._of_item[item.id].item = item
            return False
        self.beginResetModel()
        self._root, self._of_item = _rows(found)
        self.endResetModel()
        return True

    def items_at(self, rows: Iterable[QModelIndex]) -> list[Item]:
        """The items at or below these rows, each once."""
        found = {item.id: item for row in rows for item in self._node(row).leaves}
        return list(found.values())

    def single_item(self, row: Index) -> str | None:
        """The id of the row's item, if it stands for exactly one."""
        leaves = self._node(row).leaves
        return leaves[0].id if len(leaves) == 1 else None

    def item(self, item_id: str) -> Item | None:
        """An item by its id."""
        node = self._of_item.get(item_id)
        return node.item if node else None

    def index_of(self, item_id: str) -> QModelIndex:
        """Where an item stands; an invalid index where it does not."""
        node = self._of_item.get(item_id)
        return QModelIndex() if node is None else self.createIndex(node.row, NAME, node)

    # --- Qt's questions ----------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NOTHING) -> QModelIndex:
        """Where a row stands below its parent."""
        children = self._node(parent).children
        if 0 <= row < len(children) and 0 <= column < 2:
            return self.createIndex(row, column, children[row])
        return QModelIndex()

    def parent(self, index: Index = _NOTHING) -> QModelIndex:  # type: ignore[override]
        """The row above in the hierarchy."""
        node = self._node(index).parent
        if node is None or node is self._root:
            return QModelIndex()
        return self.createIndex(node.row, NAME, node)

    def rowCount(self, parent: Index = _NOTHING) -> int:
        """How many rows stand below one."""
        return 0 if parent.column() > 0 else len(self._node(parent).children)

    def columnCount(self, parent: Index = _NOTHING) -> int:
        """Name and origin."""
        return 2

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The name column has the check box."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == NAME:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """What a cell shows, in the role that Qt asks for."""
        if not index.isValid():
            return None
        node = self._node(index)
        if index.column() == ORIGIN:
            return self._origin_data(node, role)
        if role == Role.DisplayRole:
            return node.label
        if role == Role.CheckStateRole:
            return self._check_state(node)
        if role == COLOUR:
            return None if node.parent is self._root else colour_of(node.leaves[0].id)
        if role == Role.FontRole:
            return self._bold if node.parent is self._root else None
        if role == Role.ToolTipRole:
            return self._tooltip(node)
        if role == Role.AccessibleTextRole:
            return ", ".join([_full_label(node), *_origins(node)])
        if role == SEARCH:
            return _search_text(node)
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        """Show or hide all of a row's items: one change of the scene."""
        if role != Role.CheckStateRole or not index.isValid():
            return False
        node = self._node(index)
        # A partly checked row becomes checked, as everywhere.
        visible = Qt.CheckState(value) != Qt.CheckState.Unchecked
        with self._scene.change(f"{'show' if visible else 'hide'} {_full_label(node)}") as draft:
            draft.show(*(item.id for item in node.leaves), visible=visible)
        return True

    # --- what they are answered from ---------------------------------------------------------

    def _node(self, index: Index) -> Node:
        return index.internalPointer() if index.isValid() else self._root

    def _check_state(self, node: Node) -> Qt.CheckState:
        looks = self._scene.state.looks
        shown = {looks.get(item.id, _HIDDEN).visible for item in node.leaves}
        if len(shown) == 2:
            return Qt.CheckState.PartiallyChecked
        return Qt.CheckState.Checked if True in shown else Qt.CheckState.Unchecked

    def _origin_data(self, node: Node, role: int) -> Any:
        if role == ORIGINS:
            return [] if node.parent is self._root else _least_direct(node)
        if role == Role.ToolTipRole:
            return self._tooltip(node)
        return None

    def _tooltip(self, node: Node) -> str | None:
        if self._atlas is None or node.parent is self._root:
            return None
        if node.item is not None:
            return "\n".join(sentences(node.item, self._atlas))
        sides = [f"{i.side}: {i.origin}" for i in node.leaves if i.origin]
        return "\n".join(filter(None, [node.label, latin_of(node.leaves[0]), " · ".join(sides)]))

    def _scene_changed(self, change: Change) -> None:
        if change.before.looks is change.after.looks:
            return
        if not self._root.children or change.before.looks == change.after.looks:
            return
        for node in self._root.walk():
            if node.children:
                first, last = node.children[0], node.children[-1]
                self.dataChanged.emit(
                    self.createIndex(0, NAME, first),
                    self.createIndex(last.row, NAME, last),
                    [Role.CheckStateRole],
                )


class ShownRows(QSortFilterProxyModel):
    """The rows that fit what is searched; of the zones those on the surface that is chosen."""

    def __init__(self, scene: Scene, parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene

    def filterAcceptsRow(self, row: int, above: Index) -> bool:
        """Whether a row of the model below `above` is listed."""
        if above.isValid():
            node: Node = above.internalPointer().children[row]
            item = node.leaves[0]
            if item.group == "zone" and self._is_elsewhere(item):
                return False
        return super().filterAcceptsRow(row, above)

    def _is_elsewhere(self, zone: Item) -> bool:
        """Whether the zone is drawn on the chosen surface instead."""
        goal = zone_item_on(zone.id, self._scene.state.zones_on)
        model = self.sourceModel()
        return goal != zone.id and isinstance(model, StructureModel) and bool(model.item(goal))


def _rows(found: list[Item]) -> tuple[Node, dict[str, Node]]:
    root = Node("", None)
    of_item = {}
    for group, title in GROUPS.items():
        members = [item for item in found if item.group == group]
        if not members:
            continue
        system = Node(title, root)
        for name in dict.fromkeys(item.name for item in members):
            sides = [item for item in members if item.name == name]
            if [item.side for item in sides] == ["midline"]:
                of_item[sides[0].id] = Node(sides[0].english, system, sides[0])
                continue
            structure = Node(sides[0].english, system)
            for item in sides:
                of_item[item.id] = Node(item.side.capitalize(), structure, item)
    # In the order of the items, so that the same items are recognised.
    return root, {item.id: of_item[item.id] for item in found}


def _full_label(node: Node) -> str:
    if node.item is not None and node.item.side != "midline":
        return f"{node.item.english}, {node.item.side}"
    return node.label


def _origins(node: Node) -> list[Origin]:
    return list(dict.fromkeys(item.origin for item in node.leaves if item.origin))


def _least_direct(node: Node) -> list[Origin]:
    """One badge a row: of two sides the one that is farther from the source."""
    found = _origins(node)
    return [max(found, key=ORDER.index)] if found else []


def _search_text(node: Node) -> str:
    """What a search looks through: a structure is found by its names, a side through it."""
    if node.item is None and node.children and node.children[0].children:
        return ""
    item = node.leaves[0]
    return f"{item.english} {latin_of(item)} {item.name.replace('_', ' ')}".lower()
