"""What a motion of mouse, wheel or keys does to the camera."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt

from viewer.scene import Camera
from viewer.window.navigation import orbited, panned, zoomed

# A drag over the whole height turns the specimen half round, or comes 16 times nearer.
DRAG_DEG = 180.0
DRAG_DOUBLINGS = 4.0
KEY_DEG = 6.0
KEY_FACTOR = 1.12
WHEEL_FACTOR = 1.15
Button = Qt.MouseButton


def dragged(
    camera: Camera,
    buttons: Button,
    modifiers: Qt.KeyboardModifier,
    step: QPointF,
    start: QPointF,
    size: QSize,
) -> Camera:
    """The camera after the pointer has moved by `step`, in a drag that began at `start`.

    Left orbits; right zooms to where the drag began; middle, or Shift and left, shifts.
    """
    height = float(size.height())
    shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
    if buttons & Button.MiddleButton or (buttons & Button.LeftButton and shift):
        return panned(camera, step.x(), -step.y(), height)
    if buttons & Button.LeftButton:
        turn = DRAG_DEG / height
        return orbited(camera, -turn * step.x(), turn * step.y())
    if buttons & Button.RightButton:
        return zoomed_at(camera, 2.0 ** (-DRAG_DOUBLINGS * step.y() / height), start, size)
    return camera


def wheeled(camera: Camera, steps: float, at: QPointF, size: QSize) -> Camera:
    """The camera after the wheel has turned by `steps` notches (away from the user: nearer)."""
    return zoomed_at(camera, WHEEL_FACTOR**steps, at, size)


def zoomed_at(camera: Camera, factor: float, at: QPointF, size: QSize) -> Camera:
    """The camera `factor` times nearer, with the point under `at` staying where it is."""
    x, y = at.x() - size.width() / 2, at.y() - size.height() / 2
    return zoomed(camera, factor, x, -y, size.height())


def stepped(camera: Camera, right: int, up: int) -> Camera:
    """The camera after that many steps round, as the arrow keys do."""
    return orbited(camera, KEY_DEG * right, KEY_DEG * up)


def approached(camera: Camera, steps: int) -> Camera:
    """The camera after that many steps nearer (negative: away), towards the middle."""
    return zoomed(camera, KEY_FACTOR**steps)
