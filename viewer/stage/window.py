"""An off-screen window of VTK's to draw into, or a plain sentence that there can be none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vtkmodules import vtkRenderingOpenGL2  # also makes OpenGL known to VTK's factories
from vtkmodules.vtkCommonCore import vtkLogger, vtkObject
from vtkmodules.vtkRenderingCore import vtkRenderWindow

from meshes.errors import GluteaError

NO_OPENGL = (
    "This computer offers no OpenGL to draw with: install a graphics driver, or Mesa's software "
    "one (on Debian and Ubuntu: sudo apt-get install libegl1 libgl1-mesa-dri)."
)


def off_screen_window(width_px: int, height_px: int) -> vtkRenderWindow:
    """A window that is never shown; needs no display.

    Raises:
        GluteaError: OpenGL cannot be had.
    """
    for kind in _kinds():
        with _silent():
            window = kind()
            window.SetOffScreenRendering(True)
            window.SetMultiSamples(0)
            window.SetAlphaBitPlanes(True)
            window.SetSize(width_px, height_px)
            window.Initialize()
            if window.GetInitialized():
                return window
            window.Finalize()
    raise GluteaError(NO_OPENGL)


def _kinds() -> Iterator[type[vtkRenderWindow]]:
    # On Linux VTK would look for an X server first, and complain aloud where there is none.
    if sys.platform.startswith("linux") and hasattr(vtkRenderingOpenGL2, "vtkEGLRenderWindow"):
        yield vtkRenderingOpenGL2.vtkEGLRenderWindow
    yield vtkRenderWindow


@contextmanager
def _silent() -> Iterator[None]:
    """Keep VTK's own warnings off the terminal: our sentence says what to do."""
    warnings, level = vtkObject.GetGlobalWarningDisplay(), vtkLogger.GetCurrentVerbosityCutoff()
    vtkObject.GlobalWarningDisplayOff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        yield
    finally:
        vtkObject.SetGlobalWarningDisplay(warnings)
        vtkLogger.SetStderrVerbosity(level)
