"""What lies under a pixel: bounding boxes first, then a static locator a surface.

Locators are built when a surface is first asked (0.2 ms and up); a question then costs some
hundredths of a millisecond.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from vtkmodules.vtkCommonCore import reference
from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator
from vtkmodules.vtkRenderingCore import vtkRenderer

from meshes.specimen import FloatArray
from viewer.stage.surfaces import Surface

# Fainter items are looked through, if something lies behind them.
GHOST_OPACITY = 0.5
FORWARD_MOST_MM = 5.0


class Pick(msgspec.Struct, frozen=True, eq=False):
    """An item under the pointer, and where on it; `position_mm` is (3,)."""

    item: str
    position_mm: FloatArray


class Target(msgspec.Struct, frozen=True):
    """A surface that can be hit, how much it hides, and how far it wins over what it touches."""

    item: str
    surface: Surface
    opacity: float
    forward_mm: float = 0.0


class Picker:
    """Shoots rays at what is shown."""

    def __init__(self) -> None:
        self._targets: list[Target] = []
        self._low = self._high = np.empty((0, 3))
        self._locators: dict[Surface, vtkStaticCellLocator] = {}

    def aim_at(self, targets: list[Target]) -> None:
        """Say what can be hit from now on; locators of what stays are kept."""
        self._targets = targets
        if targets:
            boxes = np.stack([target.surface.bounds_mm for target in targets])
            self._low, self._high = boxes[:, 0], boxes[:, 1]
        kept = {target.surface for target in targets}
        self._locators = {s: found for s, found in self._locators.items() if s in kept}

    def pick(self, start_mm: FloatArray, end_mm: FloatArray) -> Pick | None:
        """The item that a viewer would name along the ray, or None."""
        ghost: tuple[float, Pick] | None = None
        best: tuple[float, Pick] | None = None
        length_mm = float(np.linalg.norm(end_mm - start_mm))
        for entry, index in self._boxes_hit(start_mm, end_mm):
            if best is not None and entry > best[0] + FORWARD_MOST_MM / length_mm:
                break
            target = self._targets[index]
            hit = self._hit(target.surface, start_mm, end_mm)
            if hit is None:
                continue
            found = (hit[0] - target.forward_mm / length_mm, Pick(target.item, hit[1]))
            if target.opacity < GHOST_OPACITY:
                ghost = min(ghost or found, found, key=lambda pair: pair[0])
            else:
                best = min(best or found, found, key=lambda pair: pair[0])
        nearest = best or ghost
        return nearest[1] if nearest else None

    def _boxes_hit(self, start: FloatArray, end: FloatArray) -> list[tuple[float, int]]:
        """(where the ray enters the box, target's index), nearest first."""
        if not self._targets:
            return []
        along = end - start
        # A hair instead of 0 keeps the division defined for rays along an axis.
        along = np.where(np.abs(along) < 1e-12, 1e-12, along)
        one, other = (self._low - start) / along, (self._high - start) / along
        enter = np.minimum(one, other).max(axis=1)
        leave = np.maximum(one, other).min(axis=1)
        hit = np.flatnonzero((enter <= leave) & (leave >= 0.0) & (enter <= 1.0))
        return sorted((float(enter[i]), int(i)) for i in hit)

    def _hit(
        self, surface: Surface, start: FloatArray, end: FloatArray
    ) -> tuple[float, FloatArray] | None:
        # Any: VTK's stubs do not know its own `reference`, nor that a point may be an array.
        locator: Any = self._locators.get(surface)
        if locator is None:
            locator = vtkStaticCellLocator()
            locator.SetDataSet(surface.data)
            locator.BuildLocator()
            self._locators[surface] = locator
        share: Any = reference(0.0)
        cell, part = reference(0), reference(0)
        point, inside = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        if not locator.IntersectWithLine(start, end, 0.0, share, point, inside, part, cell):
            return None
        return float(share.get()), np.array(point)

    def clear(self) -> None:
        """Forget every surface."""
        self.aim_at([])


def rays(renderer: vtkRenderer, pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both ends in mm, (n, 3) each, of the lines of sight through pixels (n, 2)."""
    width, height = renderer.GetSize()
    x0, y0 = renderer.GetOrigin()
    back = np.linalg.inv(_to_picture(renderer))
    flat = (np.asarray(pixels, float) - (x0, y0)) / (width, height) * 2 - 1
    ends = []
    for depth in (0.0, 1.0):
        points = np.column_stack([flat, np.full(len(flat), depth), np.ones(len(flat))]) @ back.T
        ends.append(points[:, :3] / points[:, 3:])
    return ends[0], ends[1]


def display_of(renderer: vtkRenderer, points_mm: FloatArray) -> FloatArray:
    """Where points (n, 3) appear: (n, 3) of x, y in pixels and depth from 0 (near) to 1."""
    width, height = renderer.GetSize()
    points = np.asarray(points_mm, float).reshape(-1, 3)
    clip = np.column_stack([points, np.ones(len(points))]) @ _to_picture(renderer).T
    clip = clip[:, :3] / clip[:, 3:]
    clip[:, :2] = renderer.GetOrigin() + (clip[:, :2] + 1) / 2 * (width, height)
    return clip


def _to_picture(renderer: vtkRenderer) -> FloatArray:
    """The 4×4 from mm to the picture: x and y from -1 to 1, depth from 0 to 1."""
    width, height = renderer.GetSize()
    found = renderer.GetActiveCamera().GetCompositeProjectionTransformMatrix(
        width / max(height, 1), 0.0, 1.0
    )
    return np.array([[found.GetElement(i, j) for j in range(4)] for i in range(4)])
