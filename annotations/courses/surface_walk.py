"""Branches that fan out over the deep surface of gluteus maximus and sink in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from annotations.courses.course import Branch
from annotations.courses.relax import cleared, distance_and_normal, smooth, spaced
from annotations.courses.space import Space
from annotations.courses.table import CourseEntry
from annotations.zones.fields import SurfaceFields
from meshes.specimen import FloatArray, Part

HALF_SECTOR_DEG = 12.0
REST_ON_MM = 0.15  # between a branch's wall and the surface it runs on
EDGE_SHARE = 0.92  # never right to the muscle's edge
SINK_OVER_MM = 10.0
SURFACE_ROUNDS = 6


def fan(
    entry: CourseEntry, space: Space, fields: SurfaceFields, from_mm: FloatArray
) -> Iterator[tuple[Branch, FloatArray]]:
    """Each branch with the point where it sinks into the belly.

    Directions spread evenly in the surface's own plane, from cranial (0°) over lateral (90°) to
    caudal (180°); each branch follows the shortest way over the surface (exact geodesic) for a
    share of the way to the muscle's edge in its sector.
    """
    from pygeodesic.geodesic import PyGeodesicAlgorithmExact

    muscle = space.muscle
    assert muscle is not None
    points = muscle.vertices_mm.astype(float)
    deep = _deep_vertices(muscle, fields)
    source = int(np.argmin(np.where(deep, np.linalg.norm(points - from_mm, axis=1), np.inf)))
    geodesic = PyGeodesicAlgorithmExact(points, np.asarray(muscle.triangles, np.int32))
    distance, _ = geodesic.geodesicDistances(np.array([source]))
    angle = _angles(points - points[source], muscle.normals[source].astype(float), space)
    first, last = entry.branch_radii_mm
    obstacles = space.obstacles()
    for name, wish in zip(entry.branch_names, entry.branch_angles_deg, strict=True):
        sector = deep & (np.abs(angle - wish) < HALF_SECTOR_DEG) & np.isfinite(distance)
        if not sector.any():
            continue
        reach = entry.branch_share * EDGE_SHARE * distance[sector].max()
        target = int(np.argmin(np.where(sector, np.abs(distance - reach), np.inf)))
        _, path = geodesic.geodesicDistance(source, target)
        line = _on_surface(np.asarray(path)[::-1], from_mm, muscle, first, space)
        radii = np.linspace(first, last, len(line))
        # Where muscle and neighbour leave no room between them, the branch gives way inwards.
        line = cleared(line, radii, obstacles, space.settings.clearance_mm, 0.0)
        sunk, entry_mm = _sunk(line, muscle, entry.sink_mm + first)
        yield Branch(f"{name} {entry.branch_prefix}", "trunk", sunk, radii), entry_mm


def _deep_vertices(muscle: Part, fields: SurfaceFields) -> FloatArray:
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(fields.vertices_mm).query(muscle.vertices_mm)
    return np.asarray(fields.deepness[nearest] > 0)


def _angles(offset: FloatArray, normal: FloatArray, space: Space) -> FloatArray:
    """(n,) degrees in the tangent plane: 0 cranial, 90 lateral, 180 caudal, negative medial."""
    up = np.array([0.0, 0.0, 1.0])
    up = up - normal * (up @ normal)
    up /= np.linalg.norm(up)
    lateral = np.cross(up, normal)
    if lateral[0] * (-1 if space.side == "right" else 1) < 0:
        lateral = -lateral
    return np.asarray(np.degrees(np.arctan2(offset @ lateral, offset @ up)))


def _on_surface(
    path: FloatArray, from_mm: FloatArray, muscle: Part, radius: float, space: Space
) -> FloatArray:
    """The path evened out and held at the tube's radius off the surface, starting at the trunk."""
    if np.linalg.norm(path[0] - from_mm) > np.linalg.norm(path[-1] - from_mm):
        path = path[::-1]
    line = spaced(np.vstack([from_mm, path[1:]]), space.settings.step_mm)
    wanted = radius + REST_ON_MM
    for _ in range(SURFACE_ROUNDS):
        line = smooth(line, 1.5)
        away, normal = distance_and_normal(muscle, line)
        moved = line + (wanted - away)[:, None] * normal
        ramp = np.clip(np.arange(len(line)) * space.settings.step_mm / 5.0, 0, 1)[:, None]
        line = line + ramp * (moved - line)
    return spaced(smooth(line, 1.0), space.settings.step_mm / 1.5)


def _sunk(line: FloatArray, muscle: Part, depth: float) -> tuple[FloatArray, FloatArray]:
    """The last stretch bent into the belly; where it does so is the entry."""
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    share = np.clip((along - (along[-1] - SINK_OVER_MM)) / SINK_OVER_MM, 0, 1)
    _, normal = distance_and_normal(muscle, line)
    entry = line[int(np.argmax(share > 0))]
    return line - (depth * share**2)[:, None] * normal, np.asarray(entry)
