"""The 3D view: a plain widget that shows what the stage has drawn off screen.

Why so, of four ways tried (Z-Anatomy, 364k triangles, 2 cores, software OpenGL, VTK 9.7.2, PySide6
6.11.3; medians of interleaved runs, relative to VTK's own Qt widget; the last on fewer parts):

    off-screen window copied into a QWidget (this)  start 0.94, orbit frame 0.80–0.89
    QOpenGLWidget on vtkGenericOpenGLRenderWindow   start 0.98, orbit frame 1.02–1.07
    VTK's QVTKRenderWindowInteractor                start 1.00, orbit frame 1.00
    pyvistaqt                                       start 2.7–3.1, orbit frame 1.5–4.2

Reading a frame back took 1–2 ms of 90; on a graphics card it is not measured yet. What decided:
Qt's and VTK's OpenGL never meet. Nothing flickers and no context is lost when docks move or the
window hides; a frame once drawn is shown again from memory; it is right at any device pixel ratio;
`grab()` sees it; it needs no OpenGL of Qt's; window and command line draw with the same code.

One render a change, none when idle: `scene.changed` marks the frame as stale, the paint event
draws it once. While the camera moves the stage draws its quick frame, at rest one full frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QImage,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from viewer.scene import Camera, Change, Scene, SceneState
from viewer.window.gestures import approached, dragged, stepped, wheeled, zoomed_at
from viewer.window.timers import single_shot

if TYPE_CHECKING:
    from annotations.atlas import Atlas
    from viewer.stage import Stage

# After so long without motion the picture counts as at rest.
REST_MS = 160
# The pointer is looked up at most so often.
HOVER_MS = 40
Button = Qt.MouseButton


class View3D(QWidget):
    """Shows the scene and moves its camera.

    `frames` counts what was rendered, `full_frames` those at rest.
    """

    hovered = Signal(object)  # Pick | None
    clicked = Signal(object)
    double_clicked = Signal(object)
    first_painted = Signal()

    def __init__(self, scene: Scene, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("3D view")
        self.setAccessibleDescription("The anatomy; arrow keys turn it, plus and minus zoom.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # every pixel is painted
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.frames = 0
        self.full_frames = 0
        self._message = ""
        self._painted = False
        self._scene = scene
        self._stage: Stage | None = None
        self._atlas: Atlas | None = None
        self._buffer: Any = None
        self._rows: NDArray[np.uint8] | None = None
        self._frame: QImage | None = None
        self._stale = False
        self._quick = False
        self._fitted: Camera | None = None
        self._live: Camera | None = None
        self._held = False
        self._press: QPointF | None = None
        self._last = QPointF()
        self._dragging = False
        self._rest = single_shot(self, REST_MS, self._at_rest)
        self._hover = single_shot(self, HOVER_MS, self._look_under_pointer)
        scene.changed.connect(self._scene_changed)

    # --- the stage ---------------------------------------------------------------------------

    @property
    def stage(self) -> Stage | None:
        """What draws; None before `start` and after `close_stage`."""
        return self._stage

    def start(self) -> None:
        """Make the stage (VTK is loaded here, after the empty window has appeared).

        Raises:
            GluteaError: this machine cannot draw with OpenGL.
        """
        if self._stage is None:
            from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

            from viewer.stage import Stage

            self._stage = Stage()
            self._buffer = vtkUnsignedCharArray()

    def set_atlas(self, atlas: Atlas) -> None:
        """Show another atlas; the scene's state follows with the next change of the scene."""
        assert self._stage is not None
        self._size_stage()
        self._stage.set_atlas(atlas)
        self._atlas = atlas
        self._want(quick=False)

    def close_stage(self) -> None:
        """Give the renderer back; the view stays, without a picture."""
        self._rest.stop()
        self._hover.stop()
        self._scene.changed.disconnect(self._scene_changed, missing_ok=True)
        stage, self._stage, self._atlas = self._stage, None, None
        self._buffer = self._frame = self._rows = None
        if stage is not None:
            stage.close()

    def fitted(self, view: str) -> Camera | None:
        """The camera of a named view, for this widget's shape; None before the first atlas."""
        if self._stage is None or self._atlas is None:
            return None
        self._size_stage()
        self._fitted = self._stage.fit(view)
        return self._fitted

    def pin(self) -> None:
        """Write down the camera that the stage has fitted, so that toggling never moves it."""
        if self._stage is not None and self._scene.state.camera is None:
            # The widget may have changed its shape since the state was applied.
            self._size_stage()
            self._stage.apply(self._shown())
            self._fitted = self._stage.camera()
            with self._scene.change("fit") as draft:
                draft.camera = self._fitted

    def show_message(self, text: str) -> None:
        """What stands in the view until there is a picture."""
        self._message = text
        if self._frame is None:
            self.update()

    def picture_of(self, state: SceneState, size: QSize) -> object:
        """A picture of a state at a size of its own: (height, width, 3) uint8, or None."""
        if self._stage is None or self._atlas is None:
            return None
        self._stage.pixel_ratio = self.pixel_ratio_at(size)
        self._stage.apply(state)
        try:
            return self._stage.image(size.width(), size.height())
        finally:
            # The frame on screen stays as it is.
            self._stage.pixel_ratio = self.devicePixelRatioF()
            self._stage.apply(self._shown())

    def pixel_ratio_at(self, size: QSize) -> float:
        """The pixel ratio at which a picture of that size has the letters of the screen."""
        return size.width() / max(1, self.width())

    @property
    def camera(self) -> Camera | None:
        """Where the camera stands now, also in the middle of a motion."""
        if self._live is not None:
            return self._live
        if self._scene.state.camera is not None or self._stage is None:
            return self._scene.state.camera
        return self._stage.camera()

    def picture_size(self) -> QSize:
        """The size of a frame, in device pixels."""
        ratio = self.devicePixelRatioF()
        return QSize(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))

    @property
    def at_rest(self) -> bool:
        """Whether the picture is up to date and drawn in full."""
        return not (self._stale or self._quick or (self._live and not self._dragging))

    def hold_quick(self, quick: bool) -> None:
        """While a slider is dragged draw quick frames; a full one when it is let go."""
        self._held = quick
        if not quick and self._quick:
            self._want(quick=False)

    def _scene_changed(self, change: Change) -> None:
        if change.before.camera != change.after.camera:
            # Whoever places the camera ends the motion that was under way.
            self._live = None
        if self._stage is None or self._atlas is None:
            self.update()
        elif self._stage.apply(self._shown()):
            self._want(quick=self._held or self._live is not None)
        before, after = change.before, change.after
        if (before.labels, before.credit) != (after.labels, after.credit):
            # What is written beside the anatomy needs room.
            self._fit_again()

    def _shown(self) -> SceneState:
        state = self._scene.state
        return state if self._live is None else msgspec.structs.replace(state, camera=self._live)

    def _size_stage(self) -> None:
        assert self._stage is not None
        size, window = self.picture_size(), self._stage.window
        self._stage.pixel_ratio = self.devicePixelRatioF()
        if tuple(window.GetSize()) != (size.width(), size.height()):
            window.SetSize(size.width(), size.height())

    # --- painting ----------------------------------------------------------------------------

    def _want(self, quick: bool) -> None:
        # A full frame that is still to come is not replaced by a quick one.
        self._quick = quick and (self._quick or not self._stale)
        self._stale = True
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Render if the frame is stale, then show it."""
        if self._stale and self._atlas is not None:
            self._render()
        painter = QPainter(self)
        if self._frame is None:
            self._paint_waiting(painter)
        else:
            painter.drawImage(QPointF(0.0, 0.0), self._frame)
        painter.end()
        if not self._painted:
            self._painted = True
            self.first_painted.emit()

    def _render(self) -> None:
        stage = self._stage
        assert stage is not None
        self._size_stage()
        self._stale = False
        stage.render(moving=self._quick)
        width, height = stage.window.GetSize()
        stage.window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._buffer)
        # OpenGL's rows go upwards. The copy stays: the buffer serves the next frame.
        upwards = np.asarray(memoryview(self._buffer), np.uint8).reshape(height, width, 4)
        self._rows = upwards[::-1].copy()
        self._frame = QImage(
            self._rows.data, width, height, 4 * width, QImage.Format.Format_RGBX8888
        )
        self._frame.setDevicePixelRatio(self.devicePixelRatioF())
        self.frames += 1
        if self._quick:
            self._rest.start()
        else:
            self.full_frames += 1

    def _paint_waiting(self, painter: QPainter) -> None:
        painter.eraseRect(self.rect())  # `fillRect` makes PySide spell out all that a brush can do
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._message)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit an untouched view again, and draw anew."""
        super().resizeEvent(event)
        self._resized()

    def event(self, event: QEvent) -> bool:
        """Pinching zooms; another screen may have another pixel ratio."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._resized()
        elif isinstance(event, QNativeGestureEvent):
            camera, factor = self.camera, 1.0 + event.value()
            pinched = event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
            if pinched and camera is not None and factor > 0:
                self._move(zoomed_at(camera, factor, event.position(), self.size()))
                return True
        return super().event(event)

    def _resized(self) -> None:
        if self._stage is None or self._atlas is None:
            return
        self._fit_again()
        self._want(quick=self._frame is not None)

    def _fit_again(self) -> None:
        """A view that nobody has moved goes on filling the widget."""
        state = self._scene.state
        if state.camera is not None and state.camera == self._fitted and self._live is None:
            with self._scene.change("fit") as draft:
                draft.camera = self.fitted(state.view)

    # --- moving the camera -------------------------------------------------------------------

    def orbit(self, right: int, up: int) -> None:
        """Go round by steps, as the arrow keys do."""
        if camera := self.camera:
            self._move(stepped(camera, right, up))

    def zoom(self, steps: int) -> None:
        """Come nearer by steps (negative: away), towards the middle."""
        if camera := self.camera:
            self._move(approached(camera, steps))

    def _move(self, camera: Camera) -> None:
        if self._stage is None or self._atlas is None:
            return
        self._live = camera
        if self._stage.apply(self._shown()):
            self._want(quick=True)
        self._rest.start()

    def _at_rest(self) -> None:
        if self._live is not None and not self._dragging:
            self._settle()
        elif self._quick and not self._held:
            self._want(quick=False)

    def _settle(self) -> None:
        """The motion is over: the scene learns of the camera, and one full frame is drawn."""
        camera, self._live = self._live, None
        if camera is not None:
            with self._scene.change("camera") as draft:
                draft.camera = camera
        if self._quick:
            self._want(quick=False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a click or a drag begins."""
        if self._press is None:
            self._press = self._last = event.position()
            self._dragging = False
            self._hover.stop()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or look under the pointer."""
        if self._press is None:
            if not self._hover.isActive():
                self._hover.start()
            return
        here = event.position()
        if not self._dragging:
            far = (here - self._press).manhattanLength()
            if far < QApplication.startDragDistance():
                return
            self._dragging = True
        step, self._last = here - self._last, here
        if camera := self.camera:
            buttons, modifiers = event.buttons(), event.modifiers()
            self._move(dragged(camera, buttons, modifiers, step, self._press, self.size()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag, or count as a click."""
        if event.buttons() != Button.NoButton or self._press is None:
            return
        dragged, self._dragging, self._press = self._dragging, False, None
        if dragged:
            self._settle()
        elif event.button() == Button.LeftButton:
            self.clicked.emit(self._pick(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Say what was double-clicked."""
        if event.button() == Button.LeftButton:
            self.double_clicked.emit(self._pick(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom towards the pointer."""
        steps = event.angleDelta().y() / 120.0
        camera = self.camera
        if steps and camera is not None:
            self._move(wheeled(camera, steps, event.position(), self.size()))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        self._hover.stop()
        self.hovered.emit(None)

    def hideEvent(self, event: QEvent) -> None:
        """A drag that hiding interrupts is over."""
        self._dragging, self._press = False, None

    def _look_under_pointer(self) -> None:
        if self.underMouse() and self._press is None:
            self.hovered.emit(self._pick(QPointF(self.mapFromGlobal(QCursor.pos()))))

    def _pick(self, at: QPointF) -> object:
        if self._stage is None or self._atlas is None:
            return None
        ratio = self.devicePixelRatioF()
        height = self.picture_size().height()
        return self._stage.pick(int(at.x() * ratio), height - 1 - int(at.y() * ratio))
