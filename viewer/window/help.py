"""Help: every key and what the mouse does; licences and credits."""

from __future__ import annotations

from html import escape
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from meshes.sources.registry import registry
from viewer.window.commands import HELD, MENUS, in_menu
from viewer.window.shortcuts import shortcuts
from viewer.window.wording import NOT_FOR_SURGERY

MOUSE = (
    ("Left drag", "Turn the specimen; superior stays up"),
    ("Right drag, or the wheel", "Zoom, towards the pointer"),
    ("Middle drag, or Shift and left drag", "Shift the picture"),
    ("Click", "Select the structure and show it in the list"),
    ("Double click", "The same, and go on in the list with the keyboard"),
)
IN_THE_LIST = (
    ("Up, Down", "Go through the list"),
    ("Right, Left", "Unfold, fold"),
    ("Space", "Show or hide"),
)
# What Glutea is built on: name, licence.
LIBRARIES = (
    ("PySide6-Essentials", "Qt for Python", "LGPL-3.0"),
    ("vtk", "VTK", "BSD-3-Clause"),
    ("pyvista", "PyVista", "MIT"),
    ("numpy", "NumPy", "BSD-3-Clause"),
    ("scipy", "SciPy", "BSD-3-Clause"),
    ("trimesh", "trimesh", "MIT"),
    ("qtawesome", "QtAwesome with Material Design Icons", "MIT, Apache-2.0"),
    ("pooch", "Pooch", "BSD-3-Clause"),
    ("msgspec", "msgspec", "BSD-3-Clause"),
)


class TextDialog(QDialog):
    """A page to read, which does not stand in the way of the window."""

    def __init__(self, title: str, page: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QTextBrowser()
        self.text.setAccessibleName(title)
        self.text.setToolTip(title)
        self.text.setOpenExternalLinks(True)
        self.text.setHtml(page)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setToolTip("Back to the atlas")
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.resize(620, 620)


def keys_page() -> str:
    """All keys by menu, then the mouse and the list of structures, as HTML."""
    keys = shortcuts()
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    for menu in MENUS:
        rows = [(keys[c.id].text, c.tip) for c in in_menu(menu) if c.id in keys]
        if menu == HELD.menu:
            rows.append((f"Hold {keys[HELD.id].text}", HELD.tip))
        sections.append((menu, rows))
    sections += [("Mouse", list(MOUSE)), ("In the list of structures", list(IN_THE_LIST))]
    return "".join(_section(title, rows) for title, rows in sections if rows)


def about_page() -> str:
    """Licences and credits, as HTML."""
    data = "".join(
        f"<p><b>{escape(entry.title)}</b><br>{escape(entry.licence)}<br>"
        f"{'<br>'.join(map(escape, entry.credits))}</p>"
        for entry in registry().values()
    )
    libraries = _table(
        [(f"{title} {_version(package)}".strip(), licence) for package, title, licence in LIBRARIES]
    )
    return (
        f"<h2>Glutea {_version('glutea')}</h2>"
        "<p>A 3D atlas of the gluteal region. The inferior gluteal nerve and artery are computed "
        "from the anatomy on screen, and every figure carries its source.</p>"
        f"<p><b>{NOT_FOR_SURGERY}</b></p>"
        "<h3>Program</h3><p>MIT licence. A picture carries the credit of its anatomy; keep it when "
        "you pass the picture on.</p>"
        f"<h3>Anatomy</h3>{data}<h3>Libraries</h3>{libraries}"
    )


def _section(title: str, rows: list[tuple[str, str]]) -> str:
    return f"<h3>{escape(title)}</h3>{_table(rows)}"


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td style='padding: 2px 18px 2px 0'><b>{escape(left)}</b></td>"
        f"<td style='padding: 2px 0'>{escape(right)}</td></tr>"
        for left, right in rows
    )
    return f"<table>{cells}</table>"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
