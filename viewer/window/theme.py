"""Light and dark widgets, to go with the scene's theme: Fusion style, a palette, a style sheet."""

from __future__ import annotations

from pathlib import Path
from string import Template

import msgspec
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from viewer.scene import Theme

STYLE = Path(__file__).with_name("style.qss")


class Inks(msgspec.Struct, frozen=True):
    """The colours of the widgets ("#rrggbb")."""

    window: str
    base: str
    raised: str
    text: str
    muted: str
    line: str
    edge: str
    half: str
    accent: str
    on_accent: str
    offer: str
    error: str
    warning: str
    good: str
    bad: str


INKS: dict[Theme, Inks] = {
    "light": Inks(
        window="#f3f4f6",
        base="#ffffff",
        raised="#ffffff",
        text="#1d2126",
        muted="#5b636d",
        line="#d5d9de",
        edge="#8b939d",
        half="#5f9d97",
        accent="#0f766e",
        on_accent="#ffffff",
        offer="#e0f2ef",
        error="#fde7e6",
        warning="#fff4d6",
        good="#0b6b4f",
        bad="#b3261e",
    ),
    "dark": Inks(
        window="#1a1f25",
        base="#12161a",
        raised="#252b33",
        text="#eef1f4",
        muted="#a3adb8",
        line="#38414b",
        edge="#6b7682",
        half="#239c8d",
        accent="#2dd4bf",
        on_accent="#06231f",
        offer="#12352f",
        error="#47211f",
        warning="#3d3212",
        good="#4ade9f",
        bad="#ff8a80",
    ),
}


def palette_of(theme: Theme) -> QPalette:
    """Qt's palette for a theme."""
    inks = INKS[theme]
    role = QPalette.ColorRole
    palette = QPalette()
    colours = {
        role.Window: inks.window,
        role.WindowText: inks.text,
        role.Base: inks.base,
        role.AlternateBase: inks.window,
        role.Text: inks.text,
        role.PlaceholderText: inks.muted,
        role.Button: inks.raised,
        role.ButtonText: inks.text,
        role.BrightText: inks.on_accent,
        role.ToolTipBase: inks.raised,
        role.ToolTipText: inks.text,
        role.Highlight: inks.accent,
        role.HighlightedText: inks.on_accent,
        role.Accent: inks.accent,
        role.Link: inks.accent,
        role.Mid: inks.line,
        role.Dark: inks.line,
    }
    for which, colour in colours.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        faint = QColor(inks.muted)
        faint.setAlpha(140)
        palette.setColor(QPalette.ColorGroup.Disabled, which, faint)
    return palette


def style_sheet(theme: Theme) -> str:
    """The style sheet for a theme."""
    words = {
        **msgspec.structs.asdict(INKS[theme]),
        "theme": theme,
        "folder": STYLE.parent.as_posix(),
    }
    return Template(STYLE.read_text(encoding="utf-8")).substitute(words)


def dress(window: QWidget, theme: Theme) -> None:
    """Give a window, its dialogs and tooltips a theme."""
    # Through the application: a palette of the window's own does not pass its style sheet.
    QApplication.setPalette(palette_of(theme))
    window.setStyleSheet(style_sheet(theme))
