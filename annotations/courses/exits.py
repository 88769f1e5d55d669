"""Where a trunk leaves the pelvis, and where it crosses the lower border of piriformis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from annotations.courses.course import Branch
from annotations.courses.space import Space
from annotations.zones.fields import below_piriformis_mm
from meshes.specimen import FloatArray


class Leaves(NamedTuple):
    """The exit (3,), half the width there, whether it truly passes; the border's crossing (3,)."""

    exit_mm: FloatArray
    radius_mm: float
    through: bool
    border_mm: FloatArray


def leaves(
    space: Space, exit_name: str, pierces: tuple[str, ...], trunk: Branch, door: FloatArray
) -> Leaves:
    """Where a trunk passes the greater sciatic foramen, next to the place that it was led through.

    Args:
        exit_name: "infrapiriform" or "suprapiriform".
        pierces: parts that it runs through by its nature.
        door: (3,) that place.
    """
    line = trunk.points_mm
    back = space.foramen.local(line)[:, 2]
    below = below_piriformis_mm(space.specimen, space.side, line)
    if exit_name == "suprapiriform":
        out = back - space.foramen.local(door)[2]
    elif "piriformis" in pierces or space.piriformis is None:
        out = back
    else:  # the plane may run in front of the muscle: it comes out where it leaves its cover
        out = np.minimum(back, below)
    exit_mm, through = _crossing(line, out, door)
    index = int(np.argmin(np.linalg.norm(line - exit_mm, axis=1)))
    border, _ = _crossing(line, below, exit_mm)
    return Leaves(exit_mm, float(trunk.radius_mm[index]), through, border)


def _crossing(line: FloatArray, value: FloatArray, near: FloatArray) -> tuple[FloatArray, bool]:
    """Where a value along a line rises through 0 next to a point; else the nearest point, False."""
    change = np.flatnonzero((value[:-1] <= 0) & (value[1:] > 0))
    if len(change) == 0 and value[0] > 0:  # it starts beyond
        return np.asarray(line[0]), False
    if len(change) == 0:
        return np.asarray(line[int(np.argmin(np.linalg.norm(line - near, axis=1)))]), False
    share = -value[change] / (value[change + 1] - value[change])
    at = line[change] + share[:, None] * (line[change + 1] - line[change])
    return np.asarray(at[int(np.argmin(np.linalg.norm(at - near, axis=1)))]), True
