"""Text in the plane of the picture: measured, wrapped and shown from a pool of actors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import vtkmodules.vtkRenderingFreeType  # noqa: F401  (makes fonts known to VTK's factories)
from vtkmodules.vtkRenderingCore import (
    vtkRenderer,
    vtkTextActor,
    vtkTextProperty,
    vtkTextRenderer,
)

from viewer.palette import Rgb

Align = Literal["left", "centre", "right"]
# VTK's letters are sized in points; at this resolution a point is a pixel.
PIXEL_DPI = 72
LINE_SPACING = 1.25


class Text(NamedTuple):
    """A text at (`x`, `y`) pixels: its lower edge, and the end or middle that `align` names."""

    words: str
    x: float
    y: float
    size_px: float
    colour: Rgb
    align: Align = "left"
    bold: bool = False


class Texts:
    """Shows texts over a renderer's picture."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._pool: list[vtkTextActor] = []

    def show(self, texts: Sequence[Text]) -> None:
        """Show these and nothing else."""
        while len(self._pool) < len(texts):
            actor = vtkTextActor()
            actor.SetTextScaleModeToNone()
            self._pool.append(actor)
            self._renderer.AddViewProp(actor)
        for actor in self._pool[len(texts) :]:
            actor.SetVisibility(False)
        points = PIXEL_DPI / self._renderer.GetRenderWindow().GetDPI()
        for actor, text in zip(self._pool, texts, strict=False):
            actor.SetVisibility(True)
            actor.SetInput(text.words)
            actor.SetPosition(text.x, text.y)
            style = actor.GetTextProperty()
            _style(style, text.size_px * points, text.bold)
            style.SetColor(*text.colour)
            style.SetJustification({"left": 0, "centre": 1, "right": 2}[text.align])

    def close(self) -> None:
        """Take every text out of the renderer."""
        for actor in self._pool:
            self._renderer.RemoveViewProp(actor)
            actor.ReleaseGraphicsResources(self._renderer.GetRenderWindow())
        self._pool.clear()


def _style(style: vtkTextProperty, size: float, bold: bool) -> None:
    style.SetFontFamilyToArial()
    style.SetFontSize(max(1, round(size)))
    style.SetBold(bold)
    style.SetLineSpacing(LINE_SPACING)
    style.SetVerticalJustificationToBottom()


def measured(words: str, size_px: float, bold: bool = False) -> tuple[float, float]:
    """Width and height in pixels; every line is given the height of a full one."""
    style = vtkTextProperty()
    _style(style, size_px, bold)
    box = [0, 0, 0, 0]
    width = 0.0
    lines = words.split("\n")
    for line in lines:
        vtkTextRenderer.GetInstance().GetBoundingBox(style, line or " ", box, PIXEL_DPI)
        width = max(width, float(box[1] - box[0] + 1))
    return width, len(lines) * size_px * LINE_SPACING


def wrapped(words: str, size_px: float, room_px: float) -> str:
    """The words with line breaks between them, so that each line fits; breaks in them stay.

    A word that is longer than a line stays whole.
    """
    lines = []
    for paragraph in words.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and measured(longer, size_px)[0] > room_px:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return "\n".join(lines)
