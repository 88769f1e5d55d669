"""Cameras: a named view fitted to points, and the way to VTK's camera and back."""

from __future__ import annotations

import math

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


def view_named(name: str) -> View:
    """A view of `views.toml`.

    Raises:
        GluteaError: there is no such view.
    """
    views = view_table().views
    if name not in views:
        raise GluteaError(f"There is no view '{name}': choose one of {', '.join(views)}.")
    return views[name]


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
    across = (right_most - left_most) / 2
    along = ((highest - high * distance) + (low * distance - lowest)) / 2
    centre = right * across + up * along
    # The focal point lies at the middle of the depth: there a scale bar is true.
    middle = float(depth.min() + depth.max()) / 2
    position, focus = centre + back * distance, centre + back * middle
    return Camera(_vector(position), _vector(focus), _vector(up), framing.view_angle_deg)


def cuts(camera: Camera, floor: float) -> float | None:
    """How far before the camera the floor cuts what is shown, in mm; None where it does not.

    That is so for a camera below the floor that looks as a view with `cut_at_floor` does.
    """
    eye = np.array(camera.position_mm)
    back = _unit(eye - np.array(camera.focal_point_mm))
    for view in view_table().views.values():
        if view.cut_at_floor and back @ _unit(np.array(view.towards)) > STRAIGHT:
            away = (eye[2] - floor) / back[2]
            return float(away) if math.isfinite(away) and away > 0 else None
    return None


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


def _along(axis: FloatArray, columns: FloatArray) -> FloatArray:
    """How far along an axis (3,) points lie, (n,), given as their coordinates (3, n)."""
    x, y, z = columns
    return np.asarray(axis[0] * x + axis[1] * y + axis[2] * z)


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))


def _vector(values: FloatArray | tuple[float, ...]) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
