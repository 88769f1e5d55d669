"""What the tests of pictures share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshes.specimen import Part, Side
from viewer.items import view_table
from viewer.stage.surfaces import ball

Picture = NDArray[np.uint8]
SIZE = (320, 240)
# The views of the whole region; the others are close ones.
REGIONAL = [name for name, view in view_table().views.items() if view.around is None]


def part_of(structure: str, side: Side, centre_mm: tuple[float, ...], radius_mm: float) -> Part:
    """A ball that passes for a structure."""
    made = ball(np.array(centre_mm), radius_mm, around=48)
    return Part(structure, side, "source", made.vertices_mm, made.triangles, made.normals)


def changed(one: Picture, other: Picture) -> NDArray[np.bool_]:
    """Where two pictures differ, (h, w)."""
    return np.asarray((one != other).any(axis=-1))
