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
# A compositor that lives answers in a thousandth of this.
COMPOSITOR_S = 2.0
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
    with _display() as platform:
        # As arguments: what `setStyle` returns makes PySide spell out all that a style can do.
        application = QApplication([sys.argv[0] or "glutea", "-style", "Fusion", *platform])
    application.setApplicationDisplayName("Glutea")
    return application


@contextmanager
def _display() -> Iterator[list[str]]:
    """Ask before Qt does: where it finds no display it ends the process, with a core dump.

    Brings the arguments that keep Qt from a display that does not answer.
    """
    wanted = [name for name in os.environ.get("QT_QPA_PLATFORM", "").split(";") if name]
    if not sys.platform.startswith("linux"):
        yield []
        return
    if not wanted and os.environ.get("WAYLAND_DISPLAY"):
        wanted = ["wayland", "xcb"]
    # A setting left over from a session that has ended names a compositor that is gone.
    alive = [name for name in wanted if not name.startswith("wayland") or _compositor_answers()]
    if wanted and not alive:
        raise GluteaError(NO_DISPLAY)
    platform = ["-platform", ";".join(alive)] if alive != wanted else []
    if alive and not alive[0].startswith("xcb"):
        yield platform
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
        yield platform
    finally:
        xcb.xcb_disconnect(connection)


def _compositor_answers() -> bool:
    """Whether a Wayland compositor listens where the environment says."""
    if os.environ.get("WAYLAND_SOCKET"):  # a connection that is open already
        return True
    import socket

    name = os.environ.get("WAYLAND_DISPLAY") or "wayland-0"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(COMPOSITOR_S)
        try:
            line.connect(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), name))
        except OSError:
            return False
    return True


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
