"""Where labels go: beside their points, or in a column at either side. Plain arithmetic, pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from viewer.stage.strokes import Point

# What a column's surplus of labels costs, in widths between the columns.
EVEN = 0.15
# What an end costs that is not well inside, that comes level with another, that is one more on a
# side, each against a line across the whole picture.
SHALLOW, CROWD, LOPSIDED = 0.6, 0.25, 0.3


class Box(NamedTuple):
    """A rectangle: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Whether the two overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def holds(self, point: Point) -> bool:
        """Whether a point lies inside."""
        return self.left <= point[0] < self.right and self.bottom <= point[1] < self.top

    def within(self, other: Box) -> bool:
        """Whether it lies wholly inside the other."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.bottom >= other.bottom
            and self.top <= other.top
        )


def beside(
    point: Point,
    size: tuple[float, float],
    gap: float,
    room: Box,
    taken: Iterable[Box],
    first: int = 1,
) -> Box | None:
    """A free place for a label near its point, or None; first right of it (-1: left of it)."""
    (x, y), (width, height) = point, size
    taken = list(taken)
    for far in (gap, 2.2 * gap):
        for side in (first, -first):
            for lift in (0.0, 0.9, -0.9):
                left = x + far if side > 0 else x - far - width
                bottom = y - height / 2 + lift * height
                box = Box(left, bottom, left + width, bottom + height)
                if box.within(room) and not any(box.meets(other) for other in taken):
                    return box
        for up in (1, -1):
            bottom = y + far if up > 0 else y - far - height
            box = Box(x - width / 2, bottom, x + width / 2, bottom + height)
            if box.within(room) and not any(box.meets(other) for other in taken):
                return box
    return None


def column(
    wanted: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Bottoms of stacked labels, as near as they can be to their anchors' heights.

    `wanted` are the anchors' heights, from the top down. Labels keep that order, do not overlap,
    and stay between `low` and `high` as long as there is room for all of them. Labels that crowd
    each other become a block about the mean of their anchors (pooling of adjacent violators, the
    usual way of isotonic regression: the sum of squared shifts is the least possible).
    """
    blocks: list[tuple[float, float, list[int]]] = []  # middle, height, labels from the top down
    for i, (anchor, height) in enumerate(zip(wanted, heights, strict=True)):
        middle, tall, labels = anchor, height, [i]
        while True:
            middle = min(max(middle, low + tall / 2), high - tall / 2)
            if not blocks or blocks[-1][0] - blocks[-1][1] / 2 >= middle + tall / 2 - 1e-9:
                break
            _, above, upper = blocks.pop()
            tall, labels = tall + above, upper + labels
            middle = _least_shift(labels, wanted, heights, tall)
        blocks.append((middle, tall, labels))
    bottoms = [0.0] * len(wanted)
    for middle, tall, labels in blocks:
        top = middle + tall / 2
        for i in labels:
            top -= heights[i]
            bottoms[i] = top
    return bottoms


def _least_shift(
    labels: Sequence[int], wanted: Sequence[float], heights: Sequence[float], tall: float
) -> float:
    """Where the middle of a block must be, for its labels to be nearest to their anchors."""
    below_top, total = 0.0, 0.0
    for i in labels:
        total += wanted[i] + below_top + heights[i] / 2
        below_top += heights[i]
    return total / len(labels) - tall / 2


def uncrossed(
    points: Sequence[Point], heights: Sequence[float], x: float, low: float, high: float
) -> list[tuple[int, float]]:
    """A column at `x` whose lines to the points do not cross: (label, its bottom), from the top.

    Labels stand in the order of their points' heights; two whose lines cross change places, which
    shortens both. Now and then labels of unequal height leave a crossing that no exchange mends.
    """
    order = sorted(range(len(points)), key=lambda i: -points[i][1])
    bottoms = _stacked(order, points, heights, low, high)
    for _ in range(2 * len(points)):
        lines = [
            ((x, bottom + heights[i] / 2), points[i])
            for i, bottom in zip(order, bottoms, strict=True)
        ]
        pairs = ((i, j) for j in range(len(lines)) for i in range(j) if _cross(lines[i], lines[j]))
        crossing = next(pairs, None)
        if crossing is None:
            break
        upper, lower = crossing
        order[upper], order[lower] = order[lower], order[upper]
        bottoms = _stacked(order, points, heights, low, high)
    return list(zip(order, bottoms, strict=True))


def _stacked(
    order: Sequence[int], points: Sequence[Point], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """The bottoms of labels in a given order, from the top down."""
    return column([points[i][1] for i in order], [heights[i] for i in order], low, high)


def _cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two lines cross between their ends."""
    return _parted(one, other) and _parted(other, one)


def _parted(line: tuple[Point, Point], ends: tuple[Point, Point]) -> bool:
    """Whether the ends lie on different sides of a line."""
    (x, y), (to_x, to_y) = line
    one, other = ((to_x - x) * (b - y) - (to_y - y) * (a - x) for a, b in ends)
    return one * other < 0


def sides_of(x: Sequence[float], left: float, right: float) -> list[int]:
    """The column of each label, -1 left or 1 right, for points at `x` between both columns.

    What goes left lies left of all that goes right: so no line to the one column crosses one to the
    other. Where to part them is what makes lines short and columns of like length.
    """
    order = sorted(range(len(x)), key=lambda i: x[i])
    places = [x[i] for i in order]

    def cost(parting: int) -> float:
        long = sum(abs(place - left) for place in places[:parting])
        long += sum(abs(right - place) for place in places[parting:])
        uneven = 2 * parting - len(places)
        return long + EVEN * (right - left) * uneven**2 / max(len(places), 1)

    parting = min(range(len(x) + 1), key=cost)
    sides = [1] * len(x)
    for i in order[:parting]:
        sides[i] = -1
    return sides


class End(NamedTuple):
    """Where a label's line may end: a point, and how well inside what it names, up to 1."""

    point: Point
    inside: float


def ends_of(options: Sequence[Sequence[End]], room: Box, height: float) -> list[int]:
    """Which of its possible ends each label takes: near a column, well inside, not in a crowd.

    `room` lies between the columns, `height` is a label's. Labels with the fewest options choose
    first.
    """
    wide = max(room.right - room.left, 1.0)
    taken: dict[int, list[float]] = {-1: [], 1: []}
    chosen = [0] * len(options)
    for i in sorted(range(len(options)), key=lambda i: len(options[i])):
        best = (math.inf, 0, 1)
        for option, ((x, y), inside) in enumerate(options[i]):
            for side in (-1, 1):
                far = abs(x - (room.left if side < 0 else room.right)) / wide
                crowd = sum(max(0.0, 1 - abs(y - other) / height) for other in taken[side])
                uneven = len(taken[side]) / (1 + len(taken[-1]) + len(taken[1]))
                cost = far + SHALLOW * (1 - inside) + CROWD * crowd + LOPSIDED * uneven
                best = min(best, (cost, option, side))
        _, chosen[i], side = best
        taken[side].append(options[i][chosen[i]].point[1])
    return chosen
