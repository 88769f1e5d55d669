"""The orientation marker: a small cube in a corner, anatomical directions on its faces."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkCamera,
    vtkLight,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
)
from vtkmodules.vtkRenderingFreeType import vtkVectorText

from meshes.specimen import FloatArray, IntArray
from viewer.palette import Theme, rgb
from viewer.stage.arrays import lent
from viewer.stage.surfaces import Surface, merged

SHARE = 0.100  # of the picture's shorter side
# Free room round the cube, for the letters of `directions`.
MARGIN = 0.026
LEAST_PX = 48
# Cosine of 67.5°: between the axes two letters say the direction.
CLOSE = 0.383
LETTER_HEIGHT = 1.25  # the cube's edge is 2
# Direction of each face, and what is up on it.
FACES: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "L": ((1, 0, 0), (0, 0, 1)),
    "R": ((-1, 0, 0), (0, 0, 1)),
    "P": ((0, 1, 0), (0, 0, 1)),
    "A": ((0, -1, 0), (0, 0, 1)),
    "S": ((0, 0, 1), (0, -1, 0)),
    "I": ((0, 0, -1), (0, -1, 0)),
}
Pieces = tuple[FloatArray, IntArray, FloatArray]


class Marker:
    """Draws the cube into a corner of a window, over the picture.

    `size_px` is 0 while hidden; `pixel_ratio` as that of `Stage`.
    """

    def __init__(self, window: vtkRenderWindow) -> None:
        self._window = window
        self._renderer = vtkRenderer()
        self._renderer.SetLayer(1)
        self._renderer.InteractiveOff()
        self._renderer.AutomaticLightCreationOff()
        self._renderer.SetUseFXAA(True)
        lamp = vtkLight()
        lamp.SetLightTypeToHeadlight()
        self._renderer.AddLight(lamp)
        window.SetNumberOfLayers(2)
        window.AddRenderer(self._renderer)
        self._faces: vtkActor | None = None
        self._letters: vtkActor | None = None
        self._surfaces: list[Surface] = []
        self._theme: Theme | None = None
        self.size_px = 0
        self._gap_px = 0.0
        self.pixel_ratio = 1.0

    def ink(self, theme: Theme) -> None:
        """Take on the colours of a theme."""
        self._theme = theme
        if self._faces is not None and self._letters is not None:
            self._faces.GetProperty().SetColor(*rgb(theme.cube))
            self._letters.GetProperty().SetColor(*rgb(theme.text))

    def follow(self, camera: vtkCamera, shown: bool) -> None:
        """Turn as the picture's camera has turned; call it before every render."""
        self._renderer.SetDraw(shown)
        self.size_px = 0
        if not shown:
            return
        if self._faces is None:
            self._make()
        width, height = self._window.GetSize()
        least = LEAST_PX * self.pixel_ratio
        self.size_px = round(max(least, SHARE * min(width, height)))
        gap = self._gap_px = max(0.35 * least, MARGIN * min(width, height))
        right = (width - gap) / width
        self._renderer.SetViewport(
            right - self.size_px / width, gap / height, right, (gap + self.size_px) / height
        )
        towards = np.array(camera.GetDirectionOfProjection())
        mine = self._renderer.GetActiveCamera()
        mine.ParallelProjectionOn()
        # The cube's corners reach √3 from its middle, however it is turned.
        mine.SetParallelScale(3**0.5)
        mine.SetFocalPoint(0.0, 0.0, 0.0)
        mine.SetPosition(*(-10.0 * towards))
        mine.SetViewUp(*camera.GetViewUp())
        self._renderer.ResetCameraClippingRange()

    @property
    def corner_px(self) -> float:
        """How far from the corner the cube and its letters reach."""
        return self.size_px + 2 * self._gap_px if self.size_px else 0.0

    def directions(self, camera: vtkCamera) -> list[tuple[str, float, float]]:
        """What lies to the picture's right, left, top and bottom: letters and where to write them.

        Up to two letters each ("LP"), as radiologists write them; places are pixels, the middle of
        the letters.
        """
        if not self.size_px:
            return []
        towards = np.array(camera.GetDirectionOfProjection())
        up = np.array(camera.GetViewUp())
        up = up - towards * (up @ towards)
        up /= np.linalg.norm(up)
        right = np.cross(towards, up)
        width, height = self._window.GetSize()
        x0, y0, x1, y1 = self._renderer.GetViewport()
        x, y = (x0 + x1) / 2 * width, (y0 + y1) / 2 * height
        away = 0.5 * self.size_px + 0.25 * self._gap_px
        return [
            (_named(right), x + away, y),
            (_named(-right), x - away, y),
            (_named(up), x, y + away),
            (_named(-up), x, y - away),
        ]

    def close(self, window: vtkRenderWindow) -> None:
        """Take the cube out of the window."""
        self._renderer.RemoveAllViewProps()
        self._renderer.RemoveAllLights()
        window.RemoveRenderer(self._renderer)
        self._faces = self._letters = None
        self._surfaces.clear()

    def _make(self) -> None:
        self._faces = self._actor([_plate(*face) for face in FACES.values()])
        self._letters = self._actor([_letter(name, *face) for name, face in FACES.items()])
        if self._theme is not None:
            self.ink(self._theme)

    def _actor(self, pieces: list[Pieces]) -> vtkActor:
        surface = merged(pieces)
        self._surfaces.append(surface)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(surface.data)
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().SetAmbient(0.35)
        actor.GetProperty().SetDiffuse(0.65)
        self._renderer.AddActor(actor)
        return actor


def _named(direction: FloatArray) -> str:
    """The letters of the axes that a direction follows closely, the closest first."""
    shares = [(float(np.dot(direction, axis)), letter) for letter, (axis, _) in FACES.items()]
    return "".join(letter for share, letter in sorted(shares, reverse=True)[:2] if share > CLOSE)


def _plate(outwards: tuple[int, int, int], up: tuple[int, int, int]) -> Pieces:
    """A face of the cube, a little smaller than it, so that the edges show as seams."""
    right = np.cross(up, outwards)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.97
    points = corners[:, :1] * right + corners[:, 1:] * np.array(up) + np.array(outwards)
    return points, np.array([[0, 1, 2], [0, 2, 3]]), np.tile(outwards, (4, 1))


def _letter(name: str, outwards: tuple[int, int, int], up: tuple[int, int, int]) -> Pieces:
    """A letter just above its face."""
    source = vtkVectorText()
    source.SetText(name)
    source.Update()
    drawn = source.GetOutput()
    flat = lent(drawn.GetPoints().GetData())[:, :2].astype(float)
    triangles = lent(drawn.GetPolys().GetConnectivityArray()).reshape(-1, 3).copy()
    low, high = flat.min(axis=0), flat.max(axis=0)
    flat = (flat - (low + high) / 2) * (LETTER_HEIGHT / (high[1] - low[1]))
    right = np.cross(up, outwards)
    points = flat[:, :1] * right + flat[:, 1:] * np.array(up) + np.array(outwards) * 1.01
    return points, triangles, np.tile(outwards, (len(points), 1))
