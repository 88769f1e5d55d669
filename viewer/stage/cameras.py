"""Cameras: a named view fitted to points, and the way to VTK's camera and back."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from vtkmodules.vtkRenderingCore import vtkCamera

from annotations.atlas import Atlas
from meshes.errors import GluteaError
from meshes.specimen import FloatArray, Side
from meshes.structure import Kind, Region, structures
from viewer.items import View, view_table
from viewer.scene import Camera, Vector

# Cosine of 15°: a camera no further off looks as a view does.
STRAIGHT = 0.966
# So many points stand for a ball when a camera is fitted to it: within a hundredth of its size.
BALL_POINTS = 400
# The outermost points of a picture are found in two or three looks.
MOST_STEPS = 12


class Ball(NamedTuple):
    """What a close view is fitted to: centre (3,) and radius, in mm."""

    centre_mm: FloatArray
    radius_mm: float

    @property
    def points_mm(self) -> FloatArray:
        """Points (n, 3) evenly spread over its surface, along a golden spiral."""
        rank = np.arange(BALL_POINTS)
        height = 1.0 - (2.0 * rank + 1.0) / BALL_POINTS
        turn = rank * math.pi * (3.0 - math.sqrt(5.0))
        wide = np.sqrt(1.0 - height**2)
        spread = np.column_stack([wide * np.cos(turn), wide * np.sin(turn), height])
        return np.asarray(self.centre_mm + self.radius_mm * spread)


def view_named(name: str) -> View:
    """A view of `views.toml`.

    Raises:
        GluteaError: there is no such view.
    """
    views = view_table().views
    if name not in views:
        raise GluteaError(f"There is no view '{name}': choose one of {', '.join(views)}.")
    return views[name]


def usual_side(sides: frozenset[Side]) -> Side:
    """The side that a view of one side looks at: the right, unless only the left is shown."""
    return "right" if "right" in sides else "left"


def framed_points(
    atlas: Atlas,
    sides: frozenset[Side],
    regions: frozenset[Region],
    kinds: frozenset[Kind] = frozenset(),
) -> FloatArray:
    """What a picture of these sides, regions and kinds must hold: (n, 3) points in mm.

    The framing regions always count, down to the floor; other regions count in full. Of the kinds
    that wrap up the rest only those count that are among `kinds`.
    """
    framing = view_table().framing
    floor = floor_mm(atlas)
    found = []
    for part in atlas.parts.values():
        entry = structures()[part.structure]
        always = entry.region in framing.regions
        if part.side not in sides or not (always or entry.region in regions):
            continue
        if entry.kind in framing.only_while_shown and entry.kind not in kinds:
            continue
        points = part.vertices_mm
        found.append(points[points[:, 2] >= floor] if always else points)
    points = np.concatenate(found) if found else np.empty((0, 3), np.float32)
    if not len(points):
        points = np.concatenate([part.vertices_mm for part in atlas.parts.values()])
    return points


def ball_around(atlas: Atlas, view: View, side: Side) -> Ball | None:
    """The ball that a close view shows on a side; None for views of the region.

    It lies about the mean of the view's landmarks (of that side, else of the midline) and reaches
    `reach` times as far as the farthest of them. None too where fewer than two are on the specimen.
    """
    if view.around is None:
        return None
    marks = atlas.specimen.landmarks
    known = {**marks.get("midline", {}), **marks.get(side, {})}
    found = [known[name].position_mm for name in view.around.landmarks if name in known]
    if len(found) < 2:
        return None
    centre = np.mean(found, axis=0)
    far = np.linalg.norm(np.array(found) - centre, axis=1).max()
    return Ball(centre, view.around.reach * float(far))


def floor_mm(atlas: Atlas) -> float:
    """The height below which the framing regions run out of a fitted picture; -inf for none."""
    framing = view_table().framing
    marks = atlas.specimen.landmarks.values()
    heights = [
        m[framing.floor_landmark].position_mm[2] for m in marks if framing.floor_landmark in m
    ]
    return float(min(heights)) + framing.floor_superior_mm if heights else -math.inf


def fitted(
    view: View, points_mm: FloatArray, aspect: float, mirrored: bool = False, foot: float = 0.0
) -> Camera:
    """The camera that looks from the view's direction and just holds the points.

    `aspect` is width / height; `mirrored` swaps left and right where the view has it so; `foot` is
    the share of the height to keep free at the bottom. Exact for a perspective camera: each axis
    gives the two tightest lines of sight, and the camera stands where the tighter pair meets.
    """
    framing = view_table().framing
    flip = np.array([-1.0 if mirrored and view.mirrored else 1.0, 1.0, 1.0])
    back = _unit(np.array(view.towards) * flip)
    right = _unit(np.cross(np.array(view.up) * flip, back))
    up = np.cross(back, right)
    # Without BLAS: for so narrow a product it only wakes its threads, at many times the cost.
    columns = np.ascontiguousarray(points_mm.T)
    x, y, depth = (_along(axis, columns) for axis in (right, up, back))
    # How far from the middle the picture reaches at distance 1: to the right and left, to the top,
    # to the bottom above the foot; all less the margins.
    half = math.tan(math.radians(framing.view_angle_deg) / 2)
    room = 1.0 - 2 * framing.margin
    wide, high, low = half * aspect * room, half * room, half * (room - 2 * foot)
    right_most, left_most = (x + wide * depth).max(), (-x + wide * depth).max()
    highest, lowest = (y + high * depth).max(), (-y + low * depth).max()
    distance = max((right_most + left_most) / (2 * wide), (highest + lowest) / (high + low))
    # Along the looser axis there is room to spare: half of it on either side.
    away = distance - depth
    centre = right * _midway(x, away) + up * _midway(y, away, lift=half * foot)
    # The focal point lies at the middle of the depth: there a scale bar is true.
    middle = float(depth.min() + depth.max()) / 2
    position, focus = centre + back * distance, centre + back * middle
    return Camera(_vector(position), _vector(focus), _vector(up), framing.view_angle_deg)


def cuts(camera: Camera, floor: float) -> float | None:
    """How far before the camera the floor cuts what is shown, in mm; None where it does not.

    That is so for a camera below the floor that looks as a view of the region with `cut` does.
    """
    eye = np.array(camera.position_mm)
    back = _unit(eye - np.array(camera.focal_point_mm))
    for view in view_table().views.values():
        if view.cut and view.around is None and back @ _unit(np.array(view.towards)) > STRAIGHT:
            away = (eye[2] - floor) / back[2]
            return float(away) if math.isfinite(away) and away > 0 else None
    return None


def cuts_before(camera: Camera, ball: Ball) -> float | None:
    """How far before the camera what hides a ball ends, in mm; None where the camera is past it.

    The cut touches the ball, square to the line of sight: it goes round with the camera.
    """
    eye = np.array(camera.position_mm)
    back = _unit(eye - np.array(camera.focal_point_mm))
    away = float(back @ (eye - ball.centre_mm)) - ball.radius_mm
    return away if away > 0 else None


def put(camera: Camera, into: vtkCamera) -> None:
    """Make VTK's camera stand as the scene's does."""
    into.SetPosition(*camera.position_mm)
    into.SetFocalPoint(*camera.focal_point_mm)
    into.SetViewUp(*camera.up)
    into.SetViewAngle(camera.view_angle_deg)


def taken(camera: vtkCamera) -> Camera:
    """The scene's camera where VTK's stands."""
    return Camera(
        _vector(camera.GetPosition()),
        _vector(camera.GetFocalPoint()),
        _vector(camera.GetViewUp()),
        float(camera.GetViewAngle()),
    )


def _midway(places: FloatArray, away: FloatArray, lift: float = 0.0) -> float:
    """Where to stand along an axis for points to be seen equally far to both sides of `lift`.

    `places` (n,) are the points' along the axis, `away` (n,) how far before the camera they are.
    Two points are the outermost, and say where the middle is; seen from there it may be two others.
    """
    middle = 0.0
    for _ in range(MOST_STEPS):
        seen = (places - middle) / away
        one, other = int(seen.argmax()), int(seen.argmin())
        far, near = float(away[one]), float(away[other])
        spread = float(places[one]) * near + float(places[other]) * far
        before, middle = middle, (spread - 2 * lift * far * near) / (far + near)
        if middle == before:
            break
    return middle


def _along(axis: FloatArray, columns: FloatArray) -> FloatArray:
    """How far along an axis (3,) points lie, (n,), given as their coordinates (3, n)."""
    x, y, z = columns
    return np.asarray(axis[0] * x + axis[1] * y + axis[2] * z)


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))


def _vector(values: FloatArray | tuple[float, ...]) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
