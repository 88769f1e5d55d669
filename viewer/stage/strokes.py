"""Smooth lines, rings, dots and veils in the plane of the picture: one actor for all of them.

Lines are drawn as strips whose borders fade out, because OpenGL's own are jagged without
multisampling. Lengths are pixels, the origin is bottom left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkPolyDataMapper2D, vtkRenderer

from viewer.palette import Rgb
from viewer.stage.arrays import borrowed

Point = tuple[float, float]
FADE_PX = 0.8
DOT_SECTORS = 20
CORNER_STEPS = 6


class Stroke(NamedTuple):
    """A line through `points`, `width` pixels wide."""

    points: Sequence[Point]
    width: float
    colour: Rgb
    opacity: float = 1.0


class Dot(NamedTuple):
    """A full circle."""

    centre: Point
    radius: float
    colour: Rgb


class Veil(NamedTuple):
    """A rectangle that fades out over `fade` pixels beyond its edges."""

    left: float
    bottom: float
    right: float
    top: float
    fade: float
    colour: Rgb
    opacity: float


def dashed(start: Point, end: Point, dash: float, gap: float) -> list[tuple[Point, Point]]:
    """The dashes of a line, as their ends."""
    a, b = np.array(start), np.array(end)
    length = float(np.linalg.norm(b - a))
    if length == 0.0:
        return []
    along = (b - a) / length
    starts = np.arange(0.0, length, dash + gap)
    return [(_point(a + along * s), _point(a + along * min(s + dash, length))) for s in starts]


def ring(centre: Point, radius: float, around: int = 72) -> list[Point]:
    """A circle as a closed line."""
    angle = np.linspace(0.0, 2 * np.pi, around + 1)
    x, y = centre
    return [(x + radius * np.cos(t), y + radius * np.sin(t)) for t in angle]


class Strokes:
    """The actor that draws strokes over a renderer's picture."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._data = vtkPolyData()
        mapper = vtkPolyDataMapper2D()
        mapper.SetInputData(self._data)
        self._actor = vtkActor2D()
        self._actor.SetMapper(mapper)
        self._actor.SetVisibility(False)
        self._renderer = renderer
        renderer.AddViewProp(self._actor)
        self._kept: tuple[object, ...] = ()

    def show(
        self, strokes: Sequence[Stroke], veils: Sequence[Veil] = (), dots: Sequence[Dot] = ()
    ) -> None:
        """Draw these and nothing else: the veils below the strokes, the dots above them."""
        parts = [_veil_quads(veils)] if veils else []
        parts += [_quads(strokes)] if strokes else []
        parts += [_dot_quads(dots)] if dots else []
        self._actor.SetVisibility(bool(parts))
        if not parts:
            return
        corners = np.concatenate([corners for corners, _ in parts])
        inks = np.concatenate([inks for _, inks in parts])
        points = np.zeros((len(corners), 3), np.float32)
        points[:, :2] = corners
        cells = np.arange(len(corners), dtype=np.int32)
        placed, faces = vtkPoints(), vtkCellArray()
        placed.SetData(borrowed(points))
        faces.SetData(4, borrowed(cells))
        self._data.SetPoints(placed)
        self._data.SetPolys(faces)
        self._data.GetPointData().SetScalars(borrowed(inks))
        # VTK only borrows the arrays.
        self._kept = (points, cells, inks)

    def close(self) -> None:
        """Take the actor out of its renderer."""
        self._renderer.RemoveViewProp(self._actor)


def _quads(strokes: Sequence[Stroke]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Corners (n, 2) and colours (n, 4) of all strokes' quads, four after four.

    Every piece of a line is a core and two borders that fade out.
    """
    lines = [np.asarray(stroke.points, float) for stroke in strokes]
    counts = [len(line) - 1 for line in lines]
    starts = np.concatenate([line[:-1] for line in lines])
    ends = np.concatenate([line[1:] for line in lines])
    steps = ends - starts
    # A piece without length keeps its place, as a quad of no area.
    along = steps / np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)[:, None]
    across = np.column_stack([-along[:, 1], along[:, 0]])
    widths = np.repeat([stroke.width for stroke in strokes], counts)[:, None]
    inner = across * np.maximum(widths / 2 - FADE_PX / 2, 0.05)
    outer = inner + across * FADE_PX
    corners = np.stack(
        [
            np.stack([starts + a, ends + a, ends + b, starts + b], axis=1)
            for a, b in ((-inner, inner), (inner, outer), (-inner, -outer))
        ]
    )
    inks = np.empty((*corners.shape[:3], 4))
    colours = np.array([(*stroke.colour, stroke.opacity) for stroke in strokes])
    inks[:] = np.repeat(colours, counts, axis=0)[:, None]
    inks[1:, :, 2:, 3] = 0.0
    return corners.reshape(-1, 2), np.rint(inks.reshape(-1, 4) * 255).astype(np.uint8)


def _veil_quads(veils: Sequence[Veil]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Corners (n, 2) and colours (n, 4) of all veils' quads: a core in a border that fades."""
    left, bottom, right, top, fade = np.array([veil[:5] for veil in veils]).T
    core = np.stack(
        [np.stack(c, axis=1) for c in ((right, top), (left, top), (left, bottom), (right, bottom))],
        axis=1,
    )
    # Round each corner of the core in steps, so that the fading is the same on all ways out.
    angle = np.linspace(0.0, np.pi / 2, CORNER_STEPS) + np.arange(4)[:, None] * np.pi / 2
    out = np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(-1, 2)
    inner = np.repeat(core, CORNER_STEPS, axis=1)
    outer = inner + fade[:, None, None] * out
    after_inner, after_outer = np.roll(inner, -1, axis=1), np.roll(outer, -1, axis=1)
    border = np.stack([inner, after_inner, after_outer, outer], axis=2)
    corners = np.concatenate([core[:, None], border], axis=1)
    inks = np.empty((*corners.shape[:3], 4))
    inks[:] = np.array([(*veil.colour, veil.opacity) for veil in veils])[:, None, None]
    inks[:, 1:, 2:, 3] = 0.0
    return corners.reshape(-1, 2), np.rint(inks.reshape(-1, 4) * 255).astype(np.uint8)


def _dot_quads(dots: Sequence[Dot]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Corners (n, 2) and colours (n, 4) of all dots' quads: sectors whose border fades out."""
    angle = np.linspace(0.0, 2 * np.pi, DOT_SECTORS + 1)
    rim = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    one, other = rim[:-1], rim[1:]
    quads, inks = [], []
    for centre, radius, colour in dots:
        inner, outer = max(radius - FADE_PX / 2, 0.05), radius + FADE_PX / 2
        sectors = np.stack([0 * one, inner * one, inner * other, 0 * one], axis=1)
        border = np.stack([inner * one, inner * other, outer * other, outer * one], axis=1)
        ink = np.ones((2, DOT_SECTORS, 4, 4))
        ink[..., :3] = colour
        ink[1, :, 2:, 3] = 0.0
        quads.append(np.concatenate([sectors, border]) + centre)
        inks.append(ink)
    placed = np.concatenate(quads).reshape(-1, 2)
    return placed, np.rint(np.concatenate(inks).reshape(-1, 4) * 255).astype(np.uint8)


def _point(values: NDArray[np.float64]) -> Point:
    return (float(values[0]), float(values[1]))
