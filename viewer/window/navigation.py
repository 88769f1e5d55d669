"""Turning, shifting and approaching a camera: plain arithmetic on `viewer.scene.Camera`.

The camera moves like one on a turntable: about the focal point, with superior kept up, so that a
lecturer never ends up with a tilted pelvis. Pixels are device pixels, angles degrees.
"""

from __future__ import annotations

from math import asin, atan2, cos, degrees, radians, sin, sqrt, tan

import msgspec

from viewer.scene import Camera, Vector

# Between a look at one foramen and the whole of both thighs from afar.
NEAREST_MM = 15.0
FARTHEST_MM = 8000.0
# Straight from above or below the azimuth must still be told: it is read from the up direction.
_POLE = 1e-4


def orbited(camera: Camera, azimuth_deg: float, elevation_deg: float) -> Camera:
    """Go round the focal point: azimuth towards the picture's right, elevation upwards.

    The elevation stops at straight above and straight below.
    """
    azimuth, elevation, distance = _turntable(camera)
    azimuth += azimuth_deg
    elevation = max(-90.0, min(90.0, elevation + elevation_deg))
    a, e = radians(azimuth), radians(elevation)
    outwards = (cos(e) * cos(a), cos(e) * sin(a), sin(e))
    up = (-sin(e) * cos(a), -sin(e) * sin(a), cos(e))
    position = _plus(camera.focal_point_mm, outwards, distance)
    return msgspec.structs.replace(camera, position_mm=position, up=up)


def panned(camera: Camera, right_px: float, up_px: float, height_px: float) -> Camera:
    """Shift the picture so that what was under the pointer stays under it."""
    scale = mm_per_pixel(camera, height_px)
    right, up, _ = _axes(camera)

    def shifted(point: Vector) -> Vector:
        return _plus(_plus(point, right, -right_px * scale), up, -up_px * scale)

    return msgspec.structs.replace(
        camera,
        position_mm=shifted(camera.position_mm),
        focal_point_mm=shifted(camera.focal_point_mm),
    )


def zoomed(
    camera: Camera,
    factor: float,
    right_px: float = 0.0,
    up_px: float = 0.0,
    height_px: float = 1.0,
) -> Camera:
    """Come `factor` times nearer; the point at that offset from the picture's centre stays put."""
    distance = _length(_minus(camera.position_mm, camera.focal_point_mm))
    share = max(NEAREST_MM, min(FARTHEST_MM, distance / factor)) / distance
    scale = mm_per_pixel(camera, height_px)
    right, up, _ = _axes(camera)
    fixed = _plus(_plus(camera.focal_point_mm, right, right_px * scale), up, up_px * scale)

    def nearer(point: Vector) -> Vector:
        return _plus(fixed, _minus(point, fixed), share)

    return msgspec.structs.replace(
        camera,
        position_mm=nearer(camera.position_mm),
        focal_point_mm=nearer(camera.focal_point_mm),
    )


def mm_per_pixel(camera: Camera, height_px: float) -> float:
    """The size of a pixel at the focal point."""
    distance = _length(_minus(camera.position_mm, camera.focal_point_mm))
    return 2.0 * distance * tan(radians(camera.view_angle_deg) / 2.0) / max(height_px, 1.0)


def _turntable(camera: Camera) -> tuple[float, float, float]:
    """Azimuth about the superior axis and elevation in degrees, and the distance in mm."""
    x, y, z = _minus(camera.position_mm, camera.focal_point_mm)
    distance = _length((x, y, z))
    elevation = asin(max(-1.0, min(1.0, z / distance)))
    if sqrt(x * x + y * y) > _POLE * distance:
        azimuth = atan2(y, x)
    else:
        turn = -1.0 if z > 0 else 1.0
        azimuth = atan2(turn * camera.up[1], turn * camera.up[0])
    return degrees(azimuth), degrees(elevation), distance


def _axes(camera: Camera) -> tuple[Vector, Vector, Vector]:
    """Unit vectors of the picture: right, up, and towards the viewer."""
    towards = _unit(_minus(camera.position_mm, camera.focal_point_mm))
    right = _unit(_cross(camera.up, towards))
    return right, _cross(towards, right), towards


def _plus(point: Vector, direction: Vector, times: float) -> Vector:
    return (
        point[0] + direction[0] * times,
        point[1] + direction[1] * times,
        point[2] + direction[2] * times,
    )


def _minus(one: Vector, other: Vector) -> Vector:
    return _plus(one, other, -1.0)


def _cross(a: Vector, b: Vector) -> Vector:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def _length(vector: Vector) -> float:
    return sqrt(sum(c * c for c in vector))


def _unit(vector: Vector) -> Vector:
    length = _length(vector)
    return (vector[0] / length, vector[1] / length, vector[2] / length)
