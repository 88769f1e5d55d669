"""Icons of the commands, put on after the first frame: no start waits for a font of icons."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from PySide6.QtGui import QIcon

from viewer.scene import Theme
from viewer.window.commands import Actions, commands
from viewer.window.theme import INKS

FONT = "mdi6"


@cache
def _font() -> Any:
    """The font Material Design Icons, which comes with qtawesome.

    One for the process: its icons and their engines hold each other, and Qt ends badly when
    Python's garbage collector takes them apart in the wrong order.
    """
    # The API must be named before the first import of qtpy, which qtawesome brings.
    os.environ.setdefault("QT_API", "pyside6")
    import qtawesome

    # This font alone: qtawesome's own `icon` would load all twelve.
    files = next(font for font in qtawesome._BUNDLED_FONTS if font[0] == FONT)
    return qtawesome.iconic_font.IconicFont(files)


def icon(name: str, theme: Theme) -> QIcon:
    """An icon in a theme's ink."""
    inks = INKS[theme]
    found: QIcon = _font().icon(f"{FONT}.{name}", color=inks.text, color_disabled=inks.muted)
    return found


def put_icons_on(actions: Actions, theme: Theme) -> None:
    """Give every command that has one its icon."""
    for command in commands().values():
        if command.icon:
            actions[command.id].setIcon(icon(command.icon, theme))
