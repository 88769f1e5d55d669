"""The sheet that an overlay is written on: sizes, colours, and what has been put where so far."""

from __future__ import annotations

from viewer.palette import Rgb, Theme, rgb
from viewer.stage.layout import Box
from viewer.stage.strokes import Dot, Point, Stroke, Veil, ring
from viewer.stage.texts import LINE_SPACING, Align, Text, measured

# Sizes as shares of the picture's height (or of its width, where that is the scarcer).
LABEL = 0.0195
SMALL = 0.0135
MARGIN = 0.014
# In units of the screen, of which a fine screen's pixels are parts.
LEAST_LABEL, LEAST_SMALL = 11.0, 9.0
# The room that a column of labels takes at either side, in letter heights; at most so much in all.
WING = 15.0
MOST_WINGS = 0.55
# A veil of the background's colour keeps letters legible on the anatomy; its border is soft.
VEIL_OPACITY = 0.68
VEIL_FADE = 0.55


class Sheet:
    """Collects strokes, texts and the boxes that are taken; lengths are pixels.

    `ratio`: pixels of this screen to a unit of the screen (2 on fine ones).
    """

    def __init__(self, width: int, height: int, theme: Theme, ratio: float = 1.0) -> None:
        self.width, self.height, self.theme = width, height, theme
        self.unit = unit_px(width, height)
        self.margin = MARGIN * self.unit
        self.label_px = max(LEAST_LABEL * ratio, LABEL * self.unit)
        self.small_px = max(LEAST_SMALL * ratio, SMALL * self.unit)
        self.room = Box(self.margin, self.margin, width - self.margin, height - self.margin)
        self.ink: list[Stroke] = []
        self.veils: list[Veil] = []
        self.dots: list[Dot] = []
        self.written: list[Text] = []
        self.taken: list[Box] = []

    def write(
        self, words: str, x: float, y: float, size_px: float, align: Align, muted: bool = False
    ) -> float:
        """Write a text whose lower edge is at `y`; returns the height that it reaches."""
        colour = rgb(self.theme.muted if muted else self.theme.text)
        self.written.append(Text(words, x, y, size_px, colour, align))
        width, height = measured(words, size_px)
        left = _left(x, width, align)
        self.taken.append(Box(left, y, left + width, y + height))
        step, fade = size_px * LINE_SPACING, VEIL_FADE * size_px
        for row, line in enumerate(words.split("\n"), start=1):
            broad, bottom = measured(line, size_px)[0], y + height - row * step
            left = _left(x, broad, align)
            box = (left, bottom + 0.2 * size_px, left + broad, bottom + size_px)
            self.veils.append(Veil(*box, fade, rgb(self.theme.plate), VEIL_OPACITY))
        return y + height

    def stroke(self, points: list[Point], width: float, colour: Rgb, opacity: float = 1.0) -> None:
        """Draw a line."""
        self.ink.append(Stroke(points, width, colour, opacity))

    def ring(self, point: Point, radius: float, colour: Rgb) -> None:
        """Draw a circle about a point."""
        self.stroke(ring(point, radius), max(1.3, 0.0024 * self.unit), colour)

    def leader(self, start: Point, end: Point) -> None:
        """Draw the line from a label to its point, with a dot where it ends."""
        width = max(1.0, 0.0013 * self.unit)
        plate, line = rgb(self.theme.plate), rgb(self.theme.line)
        # A pale line beneath keeps the thin one legible on dark and on light anatomy.
        self.stroke([start, end], 3.0 * width, plate, 0.45)
        self.stroke([start, end], width, rgb(self.theme.muted))
        self.dots.append(Dot(end, 2.9 * width, plate))
        self.dots.append(Dot(end, 2.0 * width, line))


def unit_px(width: int, height: int) -> float:
    """What sizes are shares of: the height, or most of the width where that is the scarcer."""
    return min(height, 0.85 * width)


def wing_px(width: int, height: int, ratio: float = 1.0) -> float:
    """The room that the labels take at either side."""
    letters = WING * max(LEAST_LABEL * ratio, LABEL * unit_px(width, height))
    return min(letters, MOST_WINGS * width / 2)


def _left(x: float, width: float, align: Align) -> float:
    return {"left": x, "centre": x - width / 2, "right": x - width}[align]
