"""What anatomy demands of a course, measured exactly on the specimen's surfaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annotations.courses.course import Course, Pass
from annotations.courses.space import Space
from annotations.zones.fields import below_piriformis_mm
from meshes.signed_distance import exact
from meshes.specimen import FloatArray
from meshes.structure import structure

START_MM = 9.0  # the first stretch of a course may touch what it springs from


def checked(course: Course, space: Space) -> Course:
    """The course with its passes and least clearances filled in."""
    trunk = course.branches[0]
    crossing = _crossing(trunk.points_mm, space)
    clearance = _clearances(course, space)
    passes = [_through_foramen(crossing, space)]
    if space.piriformis is not None and crossing is not None:
        below = float(below_piriformis_mm(space.specimen, space.side, crossing[None])[0])
        passes.append(
            Pass(
                "below piriformis",
                below > 0,
                f"crosses the foramen {abs(below):.1f} mm {'below' if below > 0 else 'above'} the "
                "lower border of piriformis",
            )
        )
    if space.muscle is not None:
        tip = float(exact(space.muscle, trunk.points_mm[-1:])[0])
        passes.append(
            Pass(
                "reaches the deep surface of gluteus maximus",
                bool(abs(tip) < trunk.radius_mm[-1] + 1),
                f"the trunk's end lies {tip:.1f} mm from the muscle",
            )
        )
    bones = {n: d for n, d in clearance.items() if structure(n).kind == "bone"}
    if bones:
        nearest = min(bones, key=lambda name: bones[name])
        passes.append(
            Pass(
                "clear of bone",
                bones[nearest] > 0,
                f"nearest to the {structure(nearest).english.lower()}: {bones[nearest]:.1f} mm",
            )
        )
    return replace(course, passes=tuple(passes), clearance_mm=clearance)


def _crossing(line: FloatArray, space: Space) -> FloatArray | None:
    """Where the line first passes the foramen's plane from front to back."""
    back = space.foramen.local(line)[:, 2]
    through = np.flatnonzero((back[:-1] <= 0) & (back[1:] > 0))
    if len(through) == 0:
        return None
    i = int(through[0])
    share = -back[i] / (back[i + 1] - back[i])
    return np.asarray(line[i] + share * (line[i + 1] - line[i]))


def _through_foramen(crossing: FloatArray | None, space: Space) -> Pass:
    name = "through the greater sciatic foramen"
    if crossing is None:
        return Pass(name, False, "does not leave the pelvis")
    medial, up, _ = space.foramen.local(crossing)
    notch = space.specimen.point_mm("piis", space.side)
    top = np.inf if notch is None else space.foramen.local(notch)[1]
    holds = bool(medial > 0 and 0 < up < top)
    return Pass(
        name,
        holds,
        f"{np.hypot(medial, up):.1f} mm from the ischial spine, {up:.1f} mm above the line of the "
        "sacrospinous ligament",
    )


def _clearances(course: Course, space: Space) -> dict[str, float]:
    """Least distance of the walls, before any entry, to each obstacle near them."""
    lines, radii = [], []
    for branch in course.branches:
        along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(branch.points_mm, axis=0), axis=1))]
        counted = along > START_MM if branch.parent is None else along > 0
        lines.append(branch.points_mm[counted])
        radii.append(branch.radius_mm[counted])
    points, radius = np.vstack(lines), np.concatenate(radii)
    out = {}
    for part in space.obstacles():
        low, high = part.vertices_mm.min(axis=0) - 15, part.vertices_mm.max(axis=0) + 15
        near = ((points > low) & (points < high)).all(axis=1)
        if near.any():
            out[part.structure] = float((exact(part, points) - radius).min())
    return dict(sorted(out.items(), key=lambda item: item[1]))
