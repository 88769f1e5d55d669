"""Names in columns left and right of the anatomy, each with a line to its point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from viewer.stage.layout import Box, sides_of, uncrossed
from viewer.stage.sheet import WING, Sheet
from viewer.stage.strokes import Point
from viewer.stage.texts import Align, measured, wrapped

# Between the anatomy and a column, as a share of the unit.
GAP = 0.03
# From one label to the next, in heights of a label.
LEADING = 1.15
# Between a label and its line, in letter heights.
SPACE = 0.25


class Placed(NamedTuple):
    """A name, the point of the picture that it belongs to; higher `weight` is kept longer."""

    words: str
    point: Point
    weight: float


def columns(
    sheet: Sheet, named: Sequence[Placed], extent: Point, floors: tuple[float, float]
) -> None:
    """Write the names. `extent`: how far left and right the anatomy reaches; `floors`: how low the
    columns do."""
    reach = (max(extent[0], sheet.room.left), min(extent[1], sheet.room.right))
    sides = sides_of([name.point[0] for name in named], *reach)
    below = []
    for side, floor in zip((-1, 1), floors, strict=True):
        mine = [name for name, at in zip(named, sides, strict=True) if at == side]
        found = _column(sheet, mine, side, extent, floor + 0.5 * sheet.label_px)
        below += [(name, side, bottom) for name, bottom in found]
    for name, side, bottom in below:
        _under_the_column(sheet, name, side, bottom)


def _column(
    sheet: Sheet, named: Sequence[Placed], side: int, extent: Point, low: float
) -> list[tuple[Placed, float]]:
    """Write one column; returns what lies below it, each with the height that is kept for it."""
    size, high = sheet.label_px, sheet.room.top
    named = [name._replace(words=wrapped(name.words, size, WING * size)) for name in named]
    tall = {name.words: measured(name.words, size)[1] for name in named}
    named = _that_fit(named, tall, high - low)
    widest = max((measured(name.words, size)[0] for name in named), default=0.0)
    gap = GAP * sheet.unit
    if side < 0:
        x = max(extent[0] - gap, sheet.room.left + widest)
    else:
        x = min(extent[1] + gap, sheet.room.right - widest)
    start = x - side * SPACE * size
    heights = [tall[name.words] * LEADING for name in named]
    align: Align = "right" if side < 0 else "left"
    below = []
    for i, bottom in uncrossed([name.point for name in named], heights, start, low, high):
        words, point, _ = named[i]
        if side * (point[0] - start) < 0:
            sheet.write(words, x, bottom, size, align)
            sheet.leader((start, bottom + tall[words] / 2), point)
        else:
            below.append((named[i], bottom))
    return below


def _under_the_column(sheet: Sheet, name: Placed, side: int, bottom: float) -> None:
    """Write the name of what lies where the labels stand: beyond its point, or else before it.

    Left out where another label, or the end of its line, is in the way.
    """
    (x, y), size = name.point, sheet.label_px
    width, tall = measured(name.words, size)
    away = 4 * SPACE * size
    beyond = x + side * (away + width)
    outwards = side if sheet.room.left <= beyond <= sheet.room.right else -side
    start = x + outwards * away
    left = start if outwards > 0 else start - width
    box = Box(left, bottom, left + width, bottom + tall)
    if any(other.holds((x, y)) or other.meets(box) for other in sheet.taken):
        return
    if any(box.holds(dot.centre) for dot in sheet.dots):
        return
    sheet.write(name.words, start, bottom, size, "left" if outwards > 0 else "right")
    sheet.leader((start - outwards * SPACE * size, bottom + tall / 2), name.point)


def _that_fit(named: Sequence[Placed], tall: dict[str, float], room: float) -> list[Placed]:
    """The weightiest names that a column has room for."""
    out, used = [], 0.0
    for name in sorted(named, key=lambda name: -name.weight):
        used += tall[name.words] * LEADING
        if used <= room:
            out.append(name)
    return out
