"""A minimal PySide6 window with VTK's own Qt widget; prints seconds to its first full frame."""

import os
import sys
import time

import vtkmodules.vtkInteractionStyle
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
from vtkmodules.qt.QVTKRenderWindowInteractor import QVTKRenderWindowInteractor
from vtkmodules.vtkRenderingCore import vtkRenderer

from benchmarks.rivals.plan import HEIGHT, WIDTH, fill, read_plan

application = QApplication([])
main = QMainWindow()
main.resize(WIDTH, HEIGHT)
widget = QVTKRenderWindowInteractor(main)
main.setCentralWidget(widget)
window = widget.GetRenderWindow()
window.SetMultiSamples(0)
renderer = vtkRenderer()
window.AddRenderer(renderer)
plan, arrays = read_plan(sys.argv[1])
fill(renderer, plan, arrays)


def report(*_: object) -> None:
    # What is drawn before the window is on screen, at another size, shows nobody anything.
    if not main.isVisible() or tuple(window.GetSize()) != (WIDTH, HEIGHT):
        return
    print(time.monotonic() - float(os.environ["BENCHMARK_START"]), flush=True)
    QTimer.singleShot(0, lambda: os._exit(0))


window.AddObserver("EndEvent", report)
main.show()
widget.Initialize()
application.exec()
