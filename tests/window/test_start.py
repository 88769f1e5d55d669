"""Starting: at once, with a sentence where it cannot be, and back with an exit code."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from driving import OPENS_MS
from PySide6.QtWidgets import QTabBar

from meshes.errors import GluteaError
from viewer.scene import Look, SceneState, save_scene
from viewer.window import application

ROOT = Path(__file__).parents[2]


def run(code, **environment):
    """Run a script in a process of its own."""
    base = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    base = {name: value for name, value in base.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", code], env=base, capture_output=True, text=True, timeout=150
    )


OPEN = """
import sys
from meshes.errors import GluteaError
from viewer.window import open_window
try:
    sys.exit(open_window({arguments}))
except GluteaError as error:
    print("SENTENCE", error, file=sys.stderr)
    sys.exit(2)
"""

OPEN_AND_CLOSE = """
import sys
from viewer.window.application import make_application
application = make_application()
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import viewer.window.main_window as main_window

class Closing(main_window.MainWindow):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.filled.connect(lambda: QTimer.singleShot(50, self.close))

main_window.MainWindow = Closing
from viewer.window import open_window
code = open_window("model", None)
print("code", code, "windows", len(QApplication.topLevelWidgets()))
sys.exit(code)
"""


def test_open_window_comes_back_with_0_and_leaves_nothing_on_the_screen(model_atlas):
    done = run(OPEN_AND_CLOSE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("code 0 windows 0")
    assert done.stderr == ""


def test_the_empty_window_appears_before_vtk_is_loaded(start):
    """A fresh process, for here VTK is loaded already."""
    done = run(
        "import sys\n"
        "from viewer.window.application import make_application\n"
        "application = make_application()\n"
        "from annotations.request import Request\n"
        "from viewer.window.main_window import MainWindow\n"
        "window = MainWindow(Request('model')); window.show()\n"
        "painted = []\n"
        "window.view.first_painted.connect(\n"
        "    lambda: painted.append('vtkmodules.vtkRenderingCore' in sys.modules))\n"
        "while not painted: application.processEvents()\n"
        "heavy = [n for n in ('trimesh', 'scipy', 'pyvista.plotting', 'matplotlib', 'rich',\n"
        "                     'pooch', 'qtawesome', 'superqt') if n in sys.modules]\n"
        "print(painted, heavy); window.close()\n"
    )
    assert done.stdout.strip() == "[False] []", done.stderr


def test_nothing_slow_is_loaded_on_the_way_to_the_first_frame(model_atlas):
    done = run(
        "import sys\n"
        "from viewer.window.application import make_application\n"
        "application = make_application()\n"
        "from annotations.request import Request\n"
        "from viewer.window.main_window import MainWindow\n"
        "window = MainWindow(Request('model')); window.show()\n"
        "while not window.view.full_frames: application.processEvents()\n"
        "print([n for n in ('trimesh', 'scipy', 'pyvista.plotting', 'matplotlib', 'rich',\n"
        "                   'pooch', 'superqt') if n in sys.modules]); window.close()\n"
    )
    assert done.stdout.strip() == "[]", done.stderr


FIRST_FRAME = """
import sys
from pathlib import Path
from viewer.window import application, open_window
make_application = application.make_application

def making():
    made = make_application()
    from viewer.window.main_window import MainWindow
    from viewer.window.view3d import View3D
    repaint = View3D.repaint

    def looking(view):
        repaint(view)
        if view.frames == 1 and view.full_frames == 1:
            from annotations.evidence import evidence
            print("LOADED", *sys.modules)
            print("EVIDENCE", evidence.cache_info().currsize)
    View3D.repaint = looking
    shown = MainWindow._shown
    MainWindow._shown = lambda window: (shown(window), window.close())
    return made

application.make_application = making
open_window(None, Path({scene!r}))
"""


def test_the_first_frame_waits_for_nothing_that_it_does_not_show(model_atlas, tmp_path):
    """Of Glutea's own modules, tables and libraries: what the panels and lists need comes later."""
    scene = tmp_path / "scene.json"
    save_scene(SceneState(request=model_atlas.request, looks={"sacrum": Look()}), scene)
    done = run(FIRST_FRAME.format(scene=str(scene)), GLUTEA_CONFIG=str(tmp_path))
    said = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    loaded = set(said["LOADED"].split())
    assert "viewer.stage.stage" in loaded, done.stderr
    panels = {f"viewer.window.{name}" for name in ("tree", "zone_panel", "claims_panel", "icons")}
    late = {"viewer.window.two_lines", "qtawesome"}
    assert loaded & (panels | late) == set()
    assert said["EVIDENCE"] == "0", "the scene brings its limits: no table of evidence is needed"


def test_the_matrix_library_is_told_not_to_spin_unless_the_user_has_said_otherwise():
    code = (
        "import os, sys, viewer\n"
        "print('numpy' in sys.modules, os.environ['OPENBLAS_THREAD_TIMEOUT'])"
    )
    assert run(code, OPENBLAS_THREAD_TIMEOUT=None).stdout.strip() == "False 4"
    assert run(code, OPENBLAS_THREAD_TIMEOUT="20").stdout.strip() == "False 20"


# --- where it cannot start -----------------------------------------------------------------------


@pytest.mark.parametrize("display", [None, "", ":987"])
def test_without_a_display_one_sentence_and_no_core_dump(display):
    done = run(
        OPEN.format(arguments="'model', None"),
        DISPLAY=display,
        WAYLAND_DISPLAY=None,
        QT_QPA_PLATFORM=None,
    )
    assert done.returncode == 2
    assert done.stderr.strip() == f"SENTENCE {application.NO_DISPLAY}"


@pytest.mark.parametrize(
    ("platform", "display"), [(None, None), (None, ":987"), ("wayland", None), ("wayland;xcb", "")]
)
def test_a_compositor_that_is_gone_is_no_display(tmp_path, platform, display):
    """WAYLAND_DISPLAY is left over from a session that has ended: Qt would dump core."""
    done = run(
        OPEN.format(arguments="'model', None"),
        DISPLAY=display,
        WAYLAND_DISPLAY="wayland-7",
        XDG_RUNTIME_DIR=str(tmp_path),
        QT_QPA_PLATFORM=platform,
    )
    assert done.returncode == 2
    assert done.stderr.strip() == f"SENTENCE {application.NO_DISPLAY}"


def test_without_its_compositor_the_window_opens_on_x(model_atlas, tmp_path):
    done = run(
        OPEN_AND_CLOSE,
        WAYLAND_DISPLAY="wayland-7",
        XDG_RUNTIME_DIR=str(tmp_path),
        QT_QPA_PLATFORM=None,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_compositor_that_listens_is_left_to_qt(tmp_path, monkeypatch):
    """Also where it is named by its full path, or where Qt inherits an open line to it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    monkeypatch.setenv("QT_QPA_PLATFORM", "")
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-7"))
        compositor.listen()
        for name in ("wayland-7", str(tmp_path / "wayland-7")):
            monkeypatch.setenv("WAYLAND_DISPLAY", name)
            with application._display() as platform:
                assert platform == []
    assert not application._compositor_answers()
    monkeypatch.setenv("WAYLAND_SOCKET", "5")
    assert application._compositor_answers()


def test_a_missing_system_library_is_named_with_what_to_install(monkeypatch):
    def missing(name, *more, **others):
        raise OSError(
            "libxcb-cursor.so.0: cannot open shared object file: No such file or directory"
        )

    monkeypatch.setattr(application.ctypes, "CDLL", missing)
    with pytest.raises(GluteaError, match="libxcb-cursor.so.0 is missing.*apt-get install"):
        application._check_plugin()


def test_qt_itself_lacking_a_library_is_said_too():
    done = run(
        "import sys\n"
        "class Broken:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'PySide6.QtWidgets':\n"
        "            raise ImportError('libEGL.so.1: cannot open shared object file: No such')\n"
        "sys.meta_path.insert(0, Broken())\n" + OPEN.format(arguments="'model', None")
    )
    assert done.returncode == 2
    assert "SENTENCE Qt cannot start, because the system library libEGL.so.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_opengl_the_window_closes_and_the_sentence_comes_out():
    done = run(
        "import viewer.stage\n"
        "from meshes.errors import GluteaError as Error\n"
        "class NoStage:\n"
        "    def __init__(self): raise Error('This computer offers no OpenGL: install a driver.')\n"
        "viewer.stage.Stage = NoStage\n" + OPEN.format(arguments="'model', None")
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "SENTENCE This computer offers no OpenGL: install a driver."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("'modle', None", "did you mean 'model'?"),
        ("None, __import__('pathlib').Path('/nowhere/x.json')", "cannot be read"),
    ],
)
def test_mistakes_on_the_command_line_are_said_before_a_window_appears(arguments, said):
    done = run(OPEN.format(arguments=arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# --- what it opens on ----------------------------------------------------------------------------


def test_opens_on_the_scene_that_is_named(start, model_atlas, tmp_path):
    from viewer.presets import opening_state
    from viewer.window import _wanted

    opening = opening_state(model_atlas, model_atlas.request)
    path = tmp_path / "scene.json"
    save_scene(SceneState(request=opening.request, looks=opening.looks, view="left"), path)
    request, state = _wanted(None, path)
    assert request == model_atlas.request
    hand = start(state=state)
    shown = hand.window.scene.state
    assert (shown.view, shown.looks) == ("left", opening.looks)
    assert hand.view.frames == 1
    # The camera is fitted to the view that the scene names.
    assert shown.camera == hand.view.fitted("left")


def test_a_fault_in_the_window_is_a_sentence_in_the_banner(hand, caplog):
    from viewer.window import FAULT, _running

    with _running(hand.window):
        sys.excepthook(ValueError, ValueError("inner matters"), None)
    assert hand.window.banner.text == FAULT
    assert "inner matters" in caplog.text
    assert sys.excepthook is not None


def test_the_panels_fit_into_the_room_that_was_kept_for_them(hand):
    """Else the view would change its size, and be drawn anew, when they come."""
    from viewer.window.docks import LEAST_LEFT, RIGHT

    docks = hand.window.docks
    letter = hand.window.fontMetrics().averageCharWidth()
    for panel in (docks.structures, docks.facts, docks.specimen):
        assert panel.minimumSizeHint().width() <= LEAST_LEFT * letter
    for panel in (docks.zones, docks.claims, docks.variants):
        assert panel.minimumSizeHint().width() <= RIGHT * letter
    # With all figures in it, too.
    docks.claims.look(True)
    hand.qtbot.waitUntil(lambda: docks.claims.answer is not None, timeout=OPENS_MS)
    assert docks.claims.minimumSizeHint().width() <= RIGHT * letter


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1200)])
def test_the_picture_has_most_of_the_window_and_is_drawn_once(start, model_atlas, size):
    hand = start(size=size)
    assert hand.view.frames == 1
    assert hand.view.width() > 0.45 * size[0]
    hand.window.banner.dismiss()
    hand.settle()
    assert hand.view.height() > 0.85 * size[1]


def tabs_of(window):
    """The titles on each tab bar that is to be seen."""
    bars = [
        bar
        for bar in window.findChildren(QTabBar)
        if bar.isVisible() and window.rect().intersects(bar.geometry())
    ]
    return sorted([bar.tabText(i) for i in range(bar.count())] for bar in bars)


def test_no_tab_bar_is_left_over(hand):
    """One for the panels on the right, one below the list; Qt is apt to forget others."""
    assert tabs_of(hand.window) == [
        ["Entry zone", "Where does the nerve enter?", "Variants"],
        ["This structure", "This specimen"],
    ]


def test_an_arrangement_of_the_panels_is_found_again(start, model_atlas):
    hand = start()
    dock = hand.window.docks._docks["panel_variants"]
    hand.window.docks._docks["panel_structure"].close()
    dock.setFloating(True)
    hand.window.close()
    again = start()
    docks = again.window.docks._docks
    assert docks["panel_variants"].isFloating()
    assert docks["panel_structure"].isHidden()
    assert not again.window.commands["panel_structure"].isChecked()
    assert tabs_of(again.window) == [["Entry zone", "Where does the nerve enter?"]]
