"""What is labelled, and the point of it that the label's line leads to.

Found by asking what a viewer sees: a coarse grid of rays for broad structures, and the vertices of
thin ones, which a grid would miss. So a label never points at something that is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from viewer.stage.layout import Box
from viewer.stage.picking import Picker, display_of, rays

GRID = (40, 34)
THIN_KINDS = ("nerve", "artery", "vein")
THIN_SAMPLES = 48
# Broad structures that fill less of what is seen than this have no label, and only so many have.
LEAST_SHARE = 0.004
MOST_BROAD = 12
LEAST_SEEN_SAMPLES = 3
# Cosine of the angle, 60°, up to which a surface counts as facing the viewer.
FACING = 0.5


class Named(NamedTuple):
    """A name and the point (3,) in mm that it belongs to; higher `weight` is kept longer."""

    words: str
    point_mm: FloatArray
    weight: float


def names_in_view(
    renderer: vtkRenderer,
    picker: Picker,
    atlas: Atlas,
    shown: Mapping[str, Shown],
    drawn: Mapping[str, Drawn],
    room: Box,
) -> list[Named]:
    """Courses, zones and the largest parts that can be seen; each name once, where most is seen.

    What is seen only outside `room`, so under the labels themselves, has none.
    """
    thin = [item for item in shown if _is_thin(item, atlas)]
    found = [(item, *_seen_of(item, drawn[item], renderer, picker, room)) for item in thin]
    thin_seen = [(item, point, share) for item, point, share in found if point is not None]
    broad = _broad_in_view(renderer, picker, atlas, room)
    best: dict[str, Named] = {}
    for item, point, share in thin_seen + broad:
        words = _words(item)
        weight = share + _rank(item, atlas)
        if words not in best or best[words].weight < weight:
            best[words] = Named(words, point, weight)
    return sorted(best.values(), key=lambda named: (-named.weight, named.words))


def _is_thin(item: str, atlas: Atlas) -> bool:
    if item in atlas.parts:
        return structures()[atlas.parts[item].structure].kind in THIN_KINDS
    return item.startswith("zone/")


def _rank(item: str, atlas: Atlas) -> float:
    """Courses first, then zones, then whatever is largest."""
    return 3.0 if item in atlas.tubes else 2.0 if item.startswith("zone/") else 0.0


def _words(item: str) -> str:
    group, slash, name = item.partition("/")
    if slash:
        return zone_words(without_side(name))
    name = without_side(group)
    return structures()[name].english


def _seen_of(
    item: str, drawn: Drawn, renderer: vtkRenderer, picker: Picker, room: Box
) -> tuple[FloatArray | None, float]:
    """A seen point in the middle of what is seen of a thin item, and the share that is seen."""
    surface = drawn.pieces[0].surface
    places = display_of(renderer, surface.vertices_mm)
    low, high = (room.left, room.bottom, 0.0), (room.right, room.top, 1.0)
    # Of a nerve that runs through a close view only what is in the picture is asked for.
    inside = np.flatnonzero(((places >= low) & (places < high)).all(axis=1))
    # Where a surface is seen edge on, a line would end beside it.
    starts, ends = rays(renderer, places[inside, :2])
    sight = (ends - starts) / np.linalg.norm(ends - starts, axis=1, keepdims=True)
    facing = np.abs((sight * surface.normals[inside]).sum(axis=1)) > FACING
    some = np.flatnonzero(facing if facing.any() else ~facing)
    some = some[:: max(1, len(some) // THIN_SAMPLES)]
    pixels = places[inside[some], :2]
    hits = [picker.pick(starts[i], ends[i]) for i in some]
    seen = [i for i, hit in enumerate(hits) if hit is not None and hit.item == item]
    if len(seen) < LEAST_SEEN_SAMPLES:
        return None, 0.0
    middle = np.median(pixels[seen], axis=0)
    hit = hits[seen[int(((pixels[seen] - middle) ** 2).sum(axis=1).argmin())]]
    assert hit is not None
    return hit.position_mm, float(_central(pixels[seen], renderer).sum() / len(pixels))


def _central(pixels: FloatArray, renderer: vtkRenderer) -> FloatArray:
    """How much places (n, 2) count: 1 in the middle of the picture, 0 in its corners."""
    off = 2 * np.asarray(pixels) / renderer.GetSize() - 1
    return np.asarray(1 - (off**2).sum(axis=1) / 2)


def _broad_in_view(
    renderer: vtkRenderer, picker: Picker, atlas: Atlas, room: Box
) -> list[tuple[str, FloatArray, float]]:
    """The broad parts that fill most of the picture: item, a point well inside, share.

    What lies in the middle counts for more: that is what the viewer has come to see.
    """
    columns, rows = GRID
    x, y = np.meshgrid(
        room.left + (np.arange(columns) + 0.5) * (room.right - room.left) / columns,
        room.bottom + (np.arange(rows) + 0.5) * (room.top - room.bottom) / rows,
    )
    pixels = np.stack([x.ravel(), y.ravel()], axis=1)
    starts, ends = rays(renderer, pixels)
    hits = [picker.pick(start, end) for start, end in zip(starts, ends, strict=True)]
    owners = np.array([hit.item if hit else "" for hit in hits]).reshape(rows, columns)
    counts = _central(pixels, renderer).reshape(rows, columns)
    total = max(1.0, float(counts[owners != ""].sum()))
    out = []
    for item in np.unique(owners):
        part = atlas.parts.get(str(item))
        if part is None or structures()[part.structure].kind in THIN_KINDS:
            continue
        mask = owners == item
        share = float(counts[mask].sum()) / total
        if share >= LEAST_SHARE:
            hit = hits[_inmost(mask)]
            assert hit is not None
            out.append((str(item), hit.position_mm, share))
    return sorted(out, key=lambda found: -found[2])[: 2 * MOST_BROAD]


def _inmost(mask: NDArray[np.bool_]) -> int:
    """The flat index of a cell deep inside a mask: peel it until the last cells are left."""
    left = mask
    while True:
        padded = np.pad(left, 1)
        peeled = left & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        if not peeled.any():
            break
        left = peeled
    cells = np.argwhere(left)
    row, column = cells[((cells - cells.mean(axis=0)) ** 2).sum(axis=1).argmin()]
    return int(row) * mask.shape[1] + int(column)
