"""What is labelled, and the point of it that the label's line leads to.

Found in a picture of who is seen where (`sight`): a label's line ends deep inside the widest free
stretch of what it names, never on a border and never on what is hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkRenderer

from annotations.atlas import Atlas
from annotations.zones.table import zone_words
from meshes.specimen import FloatArray
from meshes.structure import structures
from viewer.palette import without_side
from viewer.stage.actors import Drawn, Shown
from viewer.stage.layout import Box, End, ends_of
from viewer.stage.picking import Picker, rays
from viewer.stage.sight import Seen, Sight

THIN_KINDS = ("nerve", "artery", "vein")
# Broad structures that fill less of what is seen than this have no label, nor thin ones of fewer
# pixels; and only so many labels are given in all.
LEAST_SHARE = 0.004
LEAST_THIN_PX = 20
MOST = 28
# What is nowhere as deep as this inside is too thin to be pointed at.
LEAST_DEPTH_PX = 2.0
# Of one item so many places are weighed, so far apart (in pixels of the sight), each about as deep
# inside as its deepest place; what lies this deep is deep enough.
PLACES, APART_PX, DEEP_ENOUGH = 10, 40.0, 0.7
DEEP_PX, DEEP_THIN_PX = 24.0, 2.0
ROUND_ABOUT_PX = 10.0
# A stretch is what is seen of an item within so many pixels.
STRETCH_PX = 60.0
# In heights of a label.
LEAST_LINE = 1.5
# What is only just inside the room between the columns is named where more of it is seen.
SLIVER = 0.35


class Named(NamedTuple):
    """A name and the point (3,) in mm that it belongs to; higher `weight` is kept longer."""

    words: str
    point_mm: FloatArray
    weight: float


class Place(NamedTuple):
    """A place in the picture (pixels), on a surface (3,) in mm, and how deep inside, up to 1."""

    end: End
    point_mm: FloatArray


def names_in_view(
    renderer: vtkRenderer,
    picker: Picker,
    sight: Sight,
    atlas: Atlas,
    shown: Mapping[str, Shown],
    drawn: Mapping[str, Drawn],
    room: Box,
    height_px: float,
) -> list[Named]:
    """Courses, zones and the largest parts that can be seen; each name once.

    `room` lies between the columns of labels, `height_px` is a label's height. What is seen only
    outside of the room is named there.
    """
    named = {i: look for i, look in shown.items() if i in atlas.parts or i.startswith("zone/")}
    seen = sight.look(renderer, shown, drawn)
    # A line has some length.
    gap = LEAST_LINE * height_px
    inner = room._replace(left=room.left + gap, right=room.right - gap)
    places: dict[str, list[Place]] = {}
    weights: dict[str, float] = {}
    for item, cells, share in _extents(seen):
        if item not in named or not _is_large(item, atlas, len(cells), share):
            continue
        words = _words(item)
        weight = share + _rank(item, atlas)
        found = list(_places(item, cells, _is_thin(item, atlas), seen, renderer, picker, inner))
        if found:
            places.setdefault(words, []).extend(found)
            weights[words] = max(weight, weights.get(words, 0.0))
    most = sorted(places, key=lambda words: (-weights[words], words))[:MOST]
    ends = ends_of([[place.end for place in places[words]] for words in most], room, height_px)
    return [
        Named(words, places[words][end].point_mm, weights[words])
        for words, end in zip(most, ends, strict=True)
    ]


def _is_thin(item: str, atlas: Atlas) -> bool:
    if item in atlas.parts:
        return structures()[atlas.parts[item].structure].kind in THIN_KINDS
    return item.startswith("zone/")


def _is_large(item: str, atlas: Atlas, pixels: int, share: float) -> bool:
    return pixels >= LEAST_THIN_PX if _is_thin(item, atlas) else share >= LEAST_SHARE


def _rank(item: str, atlas: Atlas) -> float:
    """Courses first, then zones, other nerves and vessels, then whatever is largest."""
    if item in atlas.tubes:
        return 3.0
    return 2.0 if item.startswith("zone/") else 1.0 if _is_thin(item, atlas) else 0.0


def _words(item: str) -> str:
    group, slash, name = item.partition("/")
    if slash:
        return zone_words(without_side(name))
    name = without_side(group)
    return structures()[name].english


def _extents(seen: Seen) -> Iterator[tuple[str, NDArray[np.int64], float]]:
    """Of each item that is seen: its cells (flat indices), and its share of all that is seen.

    What lies in the middle counts for more: that is what the viewer has come to see.
    """
    flat = seen.owners.ravel()
    order = np.argsort(flat, kind="stable")
    starts = np.searchsorted(flat[order], np.arange(1, len(seen.items) + 2))
    central = _central(seen.owners.shape).ravel()
    total = max(1.0, float(central[flat > 0].sum()))
    for item, start, end in zip(seen.items, starts[:-1], starts[1:], strict=True):
        if end > start:
            cells = order[start:end]
            yield item, cells, float(central[cells].sum()) / total


def _central(shape: tuple[int, ...]) -> FloatArray:
    """How much the cells of a picture (h, w) count: 1 in its middle, 0 in its corners."""
    y, x = (2 * (np.arange(n) + 0.5) / n - 1 for n in shape)
    return np.asarray(1 - (y[:, None] ** 2 + x[None] ** 2) / 2)


def _places(
    item: str,
    cells: NDArray[np.int64],
    thin: bool,
    seen: Seen,
    renderer: vtkRenderer,
    picker: Picker,
    room: Box,
) -> Iterator[Place]:
    """Places deep inside what is seen of an item, apart from each other, where much of it is."""
    across = seen.owners.shape[1]
    at = np.stack([cells % across, cells // across], axis=1)
    depth = seen.depth_px.ravel()[cells]
    pixels = (at + 0.5) * seen.scale
    inside = np.asarray((pixels >= room[:2]).all(axis=1) & (pixels < room[2:]).all(axis=1))
    if not inside.any() or depth[inside].max() < SLIVER * depth.max():
        # Not at the foot, which is written on.
        inside = ~inside & (pixels[:, 1] >= room.bottom)
    if not inside.any():
        return
    pixels = pixels[inside]
    found = spread(at[inside], depth[inside], DEEP_THIN_PX if thin else DEEP_PX)
    starts, ends = rays(renderer, pixels[[cell for cell, _ in found]])
    for (cell, well), start, end in zip(found, starts, ends, strict=True):
        hit = picker.pick(start, end)
        if hit is not None and hit.item == item:
            x, y = pixels[cell]
            yield Place(End((float(x), float(y)), well), hit.position_mm)


def spread(at: NDArray[np.int64], depth: FloatArray, enough: float) -> list[tuple[int, float]]:
    """Which of the cells `at` (n, 2) of an item to point at, and how good each is, up to 1.

    `depth` (n,): how far each lies inside; what is deeper than `enough` is no better. Cells that
    are apart from each other, each the deepest round about; better where more of the item is seen.
    """
    deep = np.minimum(depth, enough)
    most = float(deep.max())
    if most < LEAST_DEPTH_PX:
        return []
    # Of cells as deep as each other the one in the middle of what is seen.
    off = np.linalg.norm(at - at.mean(axis=0), axis=1)
    liked = deep / most - 0.1 * off / max(1.0, float(off.max()))
    left = deep >= max(DEEP_ENOUGH * most, LEAST_DEPTH_PX)
    found: list[tuple[int, int]] = []
    while left.any() and len(found) < PLACES:
        best = int(np.where(left, liked, -np.inf).argmax())
        away = np.linalg.norm(at - at[best], axis=1)
        left &= away > max(APART_PX, most)
        best = int(np.where(away < ROUND_ABOUT_PX, depth, 0.0).argmax())
        found.append((best, int((away < STRETCH_PX).sum())))
    longest = max(stretch for _, stretch in found)
    return [
        (cell, float(deep[cell]) / most * (0.4 + 0.6 * stretch / longest))
        for cell, stretch in found
    ]
