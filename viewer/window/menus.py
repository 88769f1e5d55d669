"""The menu bar, from the table of commands."""

from __future__ import annotations

from PySide6.QtWidgets import QMenuBar

from viewer.window.commands import MENUS, Actions, in_menu


def fill_menu_bar(bar: QMenuBar, actions: Actions) -> None:
    """Make every menu; commands that only the keyboard needs are left to the help."""
    for title in MENUS:
        menu = bar.addMenu(f"&{title}")
        menu.setToolTipsVisible(True)
        for command in in_menu(title):
            menu.addAction(actions[command.id])
            if command.ends_section:
                menu.addSeparator()
