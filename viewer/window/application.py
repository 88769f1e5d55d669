"""Making the Qt application, and saying plainly when this machine cannot show a window."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from meshes.errors import GluteaError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

NO_DISPLAY = (
    "There is no display to open a window on: start Glutea on a desktop, or draw a picture "
    "without one (glutea render picture.png)."
)
# What Qt's plugin for X needs beside itself; a fresh Debian lacks some.
PACKAGES = (
    "libegl1 libgl1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 "
    "libxcb-render-util0 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0"
)


def make_application() -> QApplication:
    """The one QApplication of the process, made now or before.

    Raises:
        GluteaError: no display, or Qt lacks a system library.
    """
    # Whatever imports Qt through qtpy must find the same one.
    os.environ.setdefault("QT_API", "pyside6")
    try:
        from PySide6.QtCore import QCoreApplication
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        raise GluteaError(_missing_library(error)) from error
    running = QCoreApplication.instance()
    if isinstance(running, QApplication):
        return running
    QCoreApplication.setApplicationName("Glutea")
    with _display():
        # As an argument: what `setStyle` returns makes PySide spell out all that a style can do.
        application = QApplication([sys.argv[0] or "glutea", "-style", "Fusion"])
    application.setApplicationDisplayName("Glutea")
    return application


@contextmanager
def _display() -> Iterator[None]:
    """Ask before Qt does: where it finds no display it ends the process, with a core dump."""
    wanted = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    on_x = wanted == "xcb" or (not wanted and not os.environ.get("WAYLAND_DISPLAY"))
    if not sys.platform.startswith("linux") or not on_x:
        yield
        return
    _check_plugin()
    if not os.environ.get("DISPLAY"):
        raise GluteaError(NO_DISPLAY)
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    try:
        if xcb.xcb_connection_has_error(connection):
            raise GluteaError(NO_DISPLAY)
        # Kept open meanwhile: an X server without a client starts anew, and is away for a moment.
        yield
    finally:
        xcb.xcb_disconnect(connection)


def _check_plugin() -> None:
    import PySide6

    plugin = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    if plugin.is_file():
        try:
            ctypes.CDLL(str(plugin))
        except OSError as error:
            raise GluteaError(_missing_library(error)) from error


def _missing_library(error: Exception) -> str:
    # "libxcb-cursor.so.0: cannot open shared object file: No such file or directory"
    name = str(error).partition(":")[0].strip()
    return (
        f"Qt cannot start, because the system library {name} is missing or broken: install it (on "
        f"Debian and Ubuntu: sudo apt-get install {PACKAGES})."
    )
