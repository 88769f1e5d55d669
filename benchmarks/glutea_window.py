"""Glutea's window; prints seconds until the atlas is painted on screen, then ends."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import viewer.window
from viewer.window import application

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def report() -> None:
    """Wait for the view to paint what it was told to; print when it has, and end."""
    make_application = application.make_application

    def making() -> QApplication:
        # Only now: Qt is imported where Glutea imports it, and nothing before its time.
        made = make_application()
        from viewer.window.view3d import View3D

        repaint = View3D.repaint

        def reporting(self: View3D) -> None:
            repaint(self)
            if self.frames:
                print(time.monotonic() - float(os.environ["BENCHMARK_START"]), flush=True)
                os._exit(0)

        View3D.repaint = reporting  # type: ignore[method-assign,assignment]
        return made

    application.make_application = making


report()
viewer.window.open_window(None, Path(sys.argv[1]))
