"""The window: `open_window` runs the application until it is closed."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from meshes.errors import GluteaError

if TYPE_CHECKING:
    from annotations.request import Request
    from viewer.scene import SceneState
    from viewer.window.main_window import MainWindow

FAULT = (
    "That did not work, through a fault in Glutea: start it with --debug to see the details, and "
    "please report them."
)


def open_window(specimen: str | None = None, scene_file: Path | None = None) -> int:
    """Open the window and return the exit code when it is closed.

    Without a specimen it opens on the best one at hand; a scene file names its own.

    Raises:
        GluteaError: no display, no OpenGL, a system library that Qt needs is missing, no such
            specimen, or the scene file cannot be read; one sentence says what to do.
    """
    # Thousands of objects are made until the first frame, and hardly one of them is garbage.
    gc.disable()
    try:
        return _run(specimen, scene_file)
    finally:
        gc.enable()


def _run(specimen: str | None, scene_file: Path | None) -> int:
    from viewer.window.application import make_application

    request, state = _wanted(specimen, scene_file)
    _import_the_rest()
    application = make_application()
    from PySide6.QtCore import QEvent

    from viewer.window.main_window import MainWindow

    window = MainWindow(request, state)
    window.settled.connect(gc.enable)
    window.show()
    with _running(window):
        code = application.exec()
    trouble = window.trouble
    window.deleteLater()
    application.sendPostedEvents(window, QEvent.Type.DeferredDelete)
    if trouble is not None:
        raise trouble
    return code


def _wanted(specimen: str | None, scene_file: Path | None) -> tuple[Request, SceneState | None]:
    """What to open: checked before anything appears."""
    import msgspec

    from annotations.request import Request
    from meshes.load import best_at_hand
    from meshes.sources.registry import source
    from viewer.scene import load_scene

    if specimen is not None:
        source(specimen)
    if scene_file is None:
        return Request(specimen or best_at_hand()), None
    state = load_scene(scene_file)
    if specimen is not None:
        request = msgspec.structs.replace(state.request, specimen=specimen)
        state = msgspec.structs.replace(state, request=request)
    return state.request, state


def _import_the_rest() -> None:
    """Import what the window needs and what knows no Qt.

    Once Qt is there, PySide reads the source of every module that is imported, to see whether it
    names PySide: for some sixty modules that is a twentieth of the time to the first frame.
    """
    import annotations.atlas  # noqa: F401
    import viewer.presets  # noqa: F401


@contextmanager
def _running(window: MainWindow) -> Iterator[None]:
    """Faults of ours become a sentence in the banner; Ctrl+C in the terminal ends the program."""

    def tell(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        import logging

        log = logging.getLogger(__name__)
        log.error("A fault in the window", exc_info=(kind, fault, trace))
        window.banner.say(str(fault) if isinstance(fault, GluteaError) else FAULT, "error")

    hook, sys.excepthook = sys.excepthook, tell
    interrupt = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        sys.excepthook = hook
        signal.signal(signal.SIGINT, interrupt)
