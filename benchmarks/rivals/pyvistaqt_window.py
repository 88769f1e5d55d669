"""A minimal pyvistaqt window; prints seconds to its first full frame."""

import os
import sys
import time

os.environ["QT_API"] = "pyside6"

import pyvista as pv
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
from pyvistaqt import QtInteractor

from benchmarks.rivals.plan import HEIGHT, WIDTH, polydata, read_plan

application = QApplication([])
main = QMainWindow()
main.resize(WIDTH, HEIGHT)
view = QtInteractor(main)
main.setCentralWidget(view)
view.set_background("white")
plan, arrays = read_plan(sys.argv[1])
for part, colour in plan["parts"].items():
    view.add_mesh(pv.wrap(polydata(arrays, part)), color=colour, smooth_shading=True)
view.camera.position = plan["camera"]["position"]
view.camera.focal_point = plan["camera"]["focal_point"]
view.camera.up = plan["camera"]["up"]
view.camera_set = True


def report(*_: object) -> None:
    if main.isVisible():
        print(time.monotonic() - float(os.environ["BENCHMARK_START"]), flush=True)
        QTimer.singleShot(0, lambda: os._exit(0))


view.renderer.AddObserver("EndEvent", report)
main.show()
application.exec()
