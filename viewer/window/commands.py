"""Everything the window can be told to do, once: menus, toolbar, keys and help read this.

A command that mirrors a field of the scene (`toggles`) needs no code of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QWidget

from viewer.items import view_table
from viewer.scene import Change, Scene, SceneState
from viewer.window.shortcuts import Shortcut, shortcuts

Menu = Literal["File", "View", "Structures", "Panels", "Help"]
MENUS: tuple[Menu, ...] = ("File", "View", "Structures", "Panels", "Help")


class Command(msgspec.Struct, frozen=True):
    """A command: what it is called, what it does in a sentence, and where it stands.

    `icon` is a name of Material Design Icons; `toggles` a field of the scene that is on or off;
    `checkable` has its own on and off; `ends_section` puts a line below it in the menu.
    """

    id: str
    title: str
    tip: str
    menu: Menu
    icon: str = ""
    toggles: Literal["labels", "scale_bar", "theme"] | None = None
    checkable: bool = False
    ends_section: bool = False
    in_view: bool = False


_FIXED = (
    Command(
        "open_scene", "Open scene…", "Open a scene that was saved before", "File", "folder-open"
    ),
    Command(
        "save_scene",
        "Save scene…",
        "Save what is shown, to open it again or to draw it from the command line",
        "File",
        "content-save",
        ends_section=True,
    ),
    Command(
        "save_picture", "Save picture…", "Save the view as a picture file", "File", "image-plus"
    ),
    Command(
        "copy_picture",
        "Copy picture",
        "Copy the view, with its credit, to paste it into a slide",
        "File",
        "content-copy",
        ends_section=True,
    ),
    Command(
        "copy_claims_text",
        "Copy the nerve's figures as text",
        "Copy where the nerve enters on the chosen side, and what is published, as text",
        "File",
    ),
    Command(
        "copy_claims_csv",
        "Copy the nerve's figures as CSV",
        "The same as a table for a spreadsheet",
        "File",
    ),
    Command(
        "copy_claims_json",
        "Copy the nerve's figures as JSON",
        "The same for another program",
        "File",
        ends_section=True,
    ),
    Command("quit", "Quit", "Close Glutea", "File"),
    Command(
        "reset_view",
        "Reset view",
        "Take the last view again, fitted to what is shown",
        "View",
        "fit-to-page",
    ),
    Command("orbit_left", "Turn to the left", "Go round to the left", "View", in_view=True),
    Command("orbit_right", "Turn to the right", "Go round to the right", "View", in_view=True),
    Command("orbit_up", "Turn upwards", "Look from higher up", "View", in_view=True),
    Command("orbit_down", "Turn downwards", "Look from lower down", "View", in_view=True),
    Command("zoom_in", "Come nearer", "Come nearer", "View", in_view=True),
    Command(
        "zoom_out", "Go farther away", "Go farther away", "View", in_view=True, ends_section=True
    ),
    Command(
        "labels",
        "Labels",
        "Name the landmarks, nerve, artery and the largest parts in the view",
        "View",
        "label-outline",
        toggles="labels",
    ),
    Command(
        "scale_bar",
        "Scale bar",
        "Show a scale bar in centimetres",
        "View",
        "ruler",
        toggles="scale_bar",
    ),
    Command(
        "dark",
        "Dark background",
        "Dark background for a dark lecture hall, light for slides and print",
        "View",
        "theme-light-dark",
        toggles="theme",
    ),
    Command(
        "full_screen", "Full screen", "Use the whole screen", "View", "fullscreen", checkable=True
    ),
    Command(
        "to_view",
        "Back to the picture",
        "From a list or a field back to the picture; there it leaves the full screen",
        "View",
    ),
    Command("find", "Find a structure", "Search by English or Latin name", "Structures", "magnify"),
    Command("show", "Show", "Show the selected structures, not see-through", "Structures", "eye"),
    Command("hide", "Hide", "Hide the selected structures", "Structures", "eye-off"),
    Command(
        "ghost", "Make see-through", "Let what lies behind show through", "Structures", "ghost"
    ),
    Command(
        "show_only",
        "Show only this",
        "Hide everything but the selected structures",
        "Structures",
        "image-filter-center-focus",
    ),
    Command("panel_structures", "Structures", "The list of structures", "Panels", checkable=True),
    Command(
        "panel_entry_zone",
        "Entry zone",
        "The zones, their figures and where these come from",
        "Panels",
        checkable=True,
    ),
    Command(
        "panel_claims",
        "Where does the nerve enter?",
        "The published claims, held against this specimen",
        "Panels",
        checkable=True,
    ),
    Command(
        "panel_variants",
        "Variants",
        "How the nerves and arteries of this body run",
        "Panels",
        checkable=True,
    ),
    Command(
        "panel_structure",
        "This structure",
        "What is known of the selected structure, with the sources",
        "Panels",
        checkable=True,
    ),
    Command(
        "panel_specimen",
        "This specimen",
        "Where the anatomy comes from, and its licence",
        "Panels",
        checkable=True,
    ),
    Command(
        "cautions",
        "What could not be drawn",
        "What is missing on this specimen and why, and which of its figures are unusual",
        "Help",
        ends_section=True,
    ),
    Command("shortcuts", "Keys and mouse", "Every key, and what the mouse does", "Help"),
    Command("about", "About Glutea", "Licences and credits", "Help"),
)
HELD = Command(
    "see_through",
    "See through gluteus maximus",
    "Hold the key down to look through gluteus maximus",
    "Structures",
)
SEEN_THROUGH = "gluteus_maximus"


def view_id(view: str) -> str:
    """The command of a named view."""
    return f"view_{view}"


def preset_id(preset: str) -> str:
    """The command of a preset."""
    return f"preset_{preset}"


def commands() -> Mapping[str, Command]:
    """All commands by id: the fixed ones, and one for each view and each preset with a button."""
    table = view_table()
    presets = [
        Command(preset_id(name), preset.title, preset.meaning, "Structures")
        for name, preset in table.presets.items()
        if preset.button
    ]
    views = [
        Command(view_id(name), view.title, f"Look {view.meaning}", "View")
        for name, view in table.views.items()
    ]
    ordered = [*_FIXED, *_end(presets), *_end(views), HELD]
    return {command.id: command for command in ordered}


def in_menu(menu: Menu) -> Iterator[Command]:
    """The commands of a menu, in its order: views and presets lead."""
    found = [c for c in commands().values() if c.menu == menu and c is not HELD]
    yield from (c for c in found if c.id.startswith(("view_", "preset_")))
    yield from (c for c in found if not c.id.startswith(("view_", "preset_")))


class Actions(QObject):
    """The commands as Qt's actions; toggles follow the scene, and the scene follows them."""

    def __init__(self, scene: Scene, window: QWidget, view: QWidget) -> None:
        super().__init__(window)
        self._scene = scene
        self._actions: dict[str, QAction] = {}
        self._views = QActionGroup(self)
        self._views.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        keys = shortcuts()
        for command in commands().values():
            if command is not HELD:
                action = self._make(command, keys.get(command.id))
                (view if command.in_view else window).addAction(action)
        scene.changed.connect(self._scene_changed)
        self.follow(scene.state)

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def close(self) -> None:
        """Listen to the scene no longer."""
        self._scene.changed.disconnect(self._scene_changed, missing_ok=True)

    def on(self, command_id: str, act: Callable[[], object]) -> None:
        """Say what a command does."""
        self._actions[command_id].triggered.connect(lambda checked=False: act())

    def enable(self, enabled: bool, *command_ids: str) -> None:
        """Let commands be given, or not."""
        for command_id in command_ids:
            self._actions[command_id].setEnabled(enabled)

    def follow(self, state: SceneState) -> None:
        """Show in the menus what the scene says."""
        for command in commands().values():
            if command.toggles is not None:
                value = getattr(state, command.toggles)
                self._actions[command.id].setChecked(value is True or value == "dark")
        for action in self._views.actions():
            action.setChecked(action.data() == state.view)

    def _make(self, command: Command, shortcut: Shortcut | None) -> QAction:
        action = self._actions[command.id] = QAction(command.title, self)
        action.setData(command.id.removeprefix("view_"))
        if shortcut is not None:
            action.setShortcuts(shortcut.sequences)
            if shortcut.where == "view":
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        key = f"  ({shortcut.text})" if shortcut is not None else ""
        action.setToolTip(f"{command.tip}{key}")
        action.setStatusTip("")
        action.setAutoRepeat(command.in_view)
        action.setCheckable(command.toggles is not None or command.checkable)
        if command.id.startswith("view_"):
            action.setCheckable(True)
            self._views.addAction(action)
        if command.toggles is not None:
            action.triggered.connect(lambda checked: self._toggle(command, checked))
        if command.id == "quit":
            action.setMenuRole(QAction.MenuRole.QuitRole)
        elif command.id == "about":
            action.setMenuRole(QAction.MenuRole.AboutRole)
        return action

    def _toggle(self, command: Command, checked: bool) -> None:
        assert command.toggles is not None
        value = ("dark" if checked else "light") if command.toggles == "theme" else checked
        with self._scene.change(command.title) as draft:
            setattr(draft, command.toggles, value)

    def _scene_changed(self, change: Change) -> None:
        self.follow(change.after)


def _end(section: list[Command]) -> list[Command]:
    if not section:
        return []
    return [*section[:-1], msgspec.structs.replace(section[-1], ends_section=True)]
