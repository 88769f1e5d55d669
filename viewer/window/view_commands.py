"""What the commands of the menus View, Structures and Help do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from viewer.items import view_table
from viewer.window.commands import Actions, preset_id, view_id

if TYPE_CHECKING:
    from annotations.atlas import Atlas
    from viewer.window.cautions import Cautions
    from viewer.window.main_window import MainWindow

ON_CHOSEN = ("show", "hide", "ghost", "show_only")


class ViewCommands(QObject):
    """Presets, views, camera by keys, what is done to the selected structures, help."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._scene = window.scene
        self._view = window.view
        self._cautions: Cautions | None = None
        self._connect(window.commands)
        self.enable(False)

    def enable(self, enabled: bool) -> None:
        """Before the first atlas there is nothing to look at."""
        table = view_table()
        self._window.commands.enable(
            enabled,
            *(preset_id(name) for name, preset in table.presets.items() if preset.button),
            *(view_id(name) for name in table.views),
            *ON_CHOSEN,
            "reset_view",
            "find",
            "cautions",
        )

    def follow(self, atlas: Atlas) -> None:
        """Let pages that are open tell of a new atlas."""
        if self._cautions is not None:
            self._cautions.follow(atlas)

    def close(self) -> None:
        """Stop what goes on."""
        if self._cautions is not None:
            self._cautions.close()

    def preset(self, name: str) -> None:
        """Show the region in a named way, on the side that the toolbar says."""
        from viewer.presets import apply_preset, items

        window, atlas = self._window, self._window.atlas
        if atlas is not None:
            side = window.toolbar.side.currentData()
            with self._scene.change(view_table().presets[name].title) as draft:
                apply_preset(name, atlas, draft, side)
                # Presets speak of zones as such; the user has said where to draw them.
                draft.put_zones_on(draft.zones_on, {item.id for item in items(atlas)})

    def view(self, name: str) -> None:
        """Look from a named direction, fitted to what is shown."""
        camera = self._view.fitted(name)
        if camera is not None:
            with self._scene.change(view_table().views[name].title) as draft:
                draft.view, draft.camera = name, camera
        self._window.commands.follow(self._scene.state)

    def reset(self) -> None:
        """The named view that was last taken, fitted anew."""
        self.view(self._scene.state.view)

    def _connect(self, actions: Actions) -> None:
        table = view_table()
        for name, preset in table.presets.items():
            if preset.button:
                actions.on(preset_id(name), partial(self.preset, name))
        for name in table.views:
            actions.on(view_id(name), partial(self.view, name))
        actions.on("reset_view", self.reset)
        actions.on("orbit_left", partial(self._view.orbit, -1, 0))
        actions.on("orbit_right", partial(self._view.orbit, 1, 0))
        actions.on("orbit_up", partial(self._view.orbit, 0, 1))
        actions.on("orbit_down", partial(self._view.orbit, 0, -1))
        actions.on("zoom_in", partial(self._view.zoom, 1))
        actions.on("zoom_out", partial(self._view.zoom, -1))
        for name in ON_CHOSEN:
            actions.on(name, partial(self._do_to_chosen, name))
        actions.on("find", self._find)
        actions["full_screen"].triggered.connect(self._full_screen)
        actions.on("to_view", self._to_view)
        actions.on("cautions", self._show_cautions)
        actions.on("shortcuts", self._show_keys)
        actions.on("about", self._show_about)

    def on_chosen(self) -> list[QAction]:
        """The actions for the context menu of the structures."""
        return [self._window.commands[name] for name in ON_CHOSEN]

    def _do_to_chosen(self, name: str) -> None:
        getattr(self._window.structures, f"{name}_chosen")()

    def _find(self) -> None:
        self._window.docks.raise_structures()
        self._window.structures.start_search()

    def _full_screen(self, checked: bool) -> None:
        if checked:
            self._window.showFullScreen()
        else:
            self._window.showNormal()

    def _to_view(self) -> None:
        if self._view.hasFocus() and self._window.isFullScreen():
            self._window.showNormal()
        self._view.setFocus()

    def _show_cautions(self) -> None:
        # Imported when asked for, as the pages below: the start does without.
        from viewer.window.cautions import Cautions

        atlas = self._window.atlas
        if atlas is None:
            return
        if self._cautions is None:
            self._cautions = Cautions(self._window)
        self._cautions.open(atlas)

    def _show_keys(self) -> None:
        from viewer.window.help import TextDialog, keys_page

        TextDialog("Keys and mouse", keys_page(), self._window).show()

    def _show_about(self) -> None:
        from viewer.window.help import TextDialog, about_page

        TextDialog("About Glutea", about_page(), self._window).show()
