"""Who is seen where: a small picture in which every item has a colour of its own.

Drawn with the camera of the large one, without light, so that a pixel's colour is an item's number.
It answers for every pixel at once what a ray answers for one (see `picking`), by the same rule:
what is fainter than a ghost is looked through where anything lies behind it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkFloatArray, vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow

from viewer.stage.actors import Drawn, Piece, Shown, bring_forward
from viewer.stage.arrays import borrowed, lent
from viewer.stage.picking import GHOST_OPACITY
from viewer.stage.window import off_screen_window

# The longer side. A vessel of four pixels on a screen of 1600 is still two to three wide.
LONG_PX = 1000


# A surface that falls away by so many pixels from one to the next parts what is before from what is
# behind: a label that ends in a foramen would seem to name the foramen.
STEEP = 4.0
Mask = NDArray[np.bool_]


class Seen(NamedTuple):
    """`owners` (h, w), bottom row first: 1 + index into `items`, 0 where nothing is.

    `depth_px` (h, w): how far a pixel lies from the nearest of another item, a fold or hole of its
    own, or the picture's edge.
    `scale`: pixels of the large picture to one of these.
    """

    items: tuple[str, ...]
    owners: NDArray[np.int32]
    depth_px: NDArray[np.float64]
    scale: tuple[float, float]


class Sight:
    """Draws such pictures; the window of its own is made when the first is asked for."""

    def __init__(self) -> None:
        self._window: vtkRenderWindow | None = None
        self._solid, self._ghosts = vtkRenderer(), vtkRenderer()
        self._actors: dict[Piece, tuple[vtkActor, vtkRenderer]] = {}

    def look(
        self, renderer: vtkRenderer, shown: Mapping[str, Shown], drawn: Mapping[str, Drawn]
    ) -> Seen:
        """What of the shown items is seen by a renderer's camera."""
        width, height = renderer.GetSize()
        shrink = min(1.0, LONG_PX / max(width, height, 1))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        window = self._sized(size)
        items = tuple(shown)
        wanted: dict[Piece, vtkRenderer] = {}
        for number, item in enumerate(items, start=1):
            layer = self._ghosts if shown[item].opacity < GHOST_OPACITY else self._solid
            for piece in drawn[item].pieces:
                if piece.pickable:
                    wanted[piece] = layer
                    colour = [(number >> shift & 255) / 255 for shift in (16, 8, 0)]
                    self._actor(piece, layer).GetProperty().SetColor(*colour)
        self._forget(self._actors.keys() - wanted.keys())
        for layer in (self._ghosts, self._solid):
            layer.SetActiveCamera(renderer.GetActiveCamera())
        window.Render()
        pixels = vtkUnsignedCharArray()
        window.GetPixelData(0, 0, size[0] - 1, size[1] - 1, 0, pixels, 0)
        parts = lent(pixels).reshape(size[1], size[0], 3).astype(np.int32)
        owners = (parts[..., 0] << 16) + (parts[..., 1] << 8) + parts[..., 2]
        depth_px = depths_px(owners, self._folds(size))
        return Seen(items, owners, depth_px, (width / size[0], height / size[1]))

    def _folds(self, size: tuple[int, int]) -> tuple[Mask, Mask]:
        """Where what is seen falls away steeply: between rows (h - 1, w), columns (h, w - 1)."""
        assert self._window is not None
        buffer = vtkFloatArray()
        self._window.GetZbufferData(0, 0, size[0] - 1, size[1] - 1, buffer)
        camera = self._solid.GetActiveCamera()
        near, far = camera.GetClippingRange()
        away = near * far / (far - lent(buffer).reshape(size[::-1]).astype(float) * (far - near))
        # The size of a pixel at that distance.
        pixel = away * 2 * math.tan(math.radians(camera.GetViewAngle()) / 2) / size[1]
        upright = np.abs(np.diff(away, axis=0)) > STEEP * pixel[1:]
        return upright, np.abs(np.diff(away, axis=1)) > STEEP * pixel[:, 1:]

    def close(self) -> None:
        """Give everything back; it may be asked again."""
        self._forget(list(self._actors))
        if self._window is not None:
            for layer in (self._ghosts, self._solid):
                self._window.RemoveRenderer(layer)
            self._window.Finalize()
            self._window = None

    def _sized(self, size: tuple[int, int]) -> vtkRenderWindow:
        if self._window is None:
            self._window = off_screen_window(*size)
            self._window.SetNumberOfLayers(2)
            # The solid ones are drawn over the ghosts, however far behind them they lie.
            for number, layer in enumerate((self._ghosts, self._solid)):
                layer.SetLayer(number)
                layer.SetBackground(0.0, 0.0, 0.0)
                self._window.AddRenderer(layer)
        if self._window.GetSize() != size:
            self._window.SetSize(*size)
        return self._window

    def _actor(self, piece: Piece, layer: vtkRenderer) -> vtkActor:
        found = self._actors.get(piece)
        if found is not None and found[1] is layer:
            return found[0]
        if found is not None:
            self._forget([piece])
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(piece.surface.data)
        mapper.ScalarVisibilityOff()
        actor = vtkActor()
        actor.SetMapper(mapper)
        made = actor.GetProperty()
        made.LightingOff()
        made.SetAmbient(1.0)
        made.SetDiffuse(0.0)
        made.SetInterpolationToFlat()
        if piece.forward:
            bring_forward(actor, piece.rank)
        layer.AddActor(actor)
        self._actors[piece] = actor, layer
        return actor

    def _forget(self, pieces: Iterable[Piece]) -> None:
        for piece in list(pieces):
            actor, layer = self._actors.pop(piece)
            layer.RemoveActor(actor)
            if self._window is not None:
                actor.ReleaseGraphicsResources(self._window)


def depths_px(
    owners: NDArray[np.int32], folds: tuple[Mask, Mask] | None = None
) -> NDArray[np.float64]:
    """How far each pixel of (h, w) numbers lies inside the patch of its number, from 1 up.

    `folds` part a patch too: between rows (h - 1, w) and between columns (h, w - 1).
    """
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkImagingGeneral import vtkImageEuclideanDistance

    # Beyond the picture lies another patch.
    height, width = owners.shape
    framed = np.pad(owners, 1, constant_values=-1)
    border = np.zeros((height + 2, width + 2), bool)
    upright, level = np.diff(framed, axis=0) != 0, np.diff(framed, axis=1) != 0
    if folds is not None:
        upright[1:-1, 1:-1] |= folds[0]
        level[1:-1, 1:-1] |= folds[1]
    border[:-1] |= upright
    border[1:] |= upright
    border[:, :-1] |= level
    border[:, 1:] |= level
    image = vtkImageData()
    image.SetDimensions(width + 2, height + 2, 1)
    inner = (~border).astype(np.float64).ravel()
    image.GetPointData().SetScalars(borrowed(inner))
    away = vtkImageEuclideanDistance()
    away.SetInputData(image)
    away.SetDimensionality(2)
    away.SetAlgorithmToSaito()
    away.Update()
    squared = lent(away.GetOutput().GetPointData().GetScalars()).reshape(border.shape)
    return np.sqrt(squared)[1:-1, 1:-1] + 1.0
