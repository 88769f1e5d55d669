"""Solving the courses of one side: start, exit, contact, fan; on this specimen's own anatomy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from annotations.courses.checks import START_MM, checked
from annotations.courses.course import Branch, Course, PointOfInterest
from annotations.courses.relax import cleared, relaxed
from annotations.courses.space import Routes, Space
from annotations.courses.surface_walk import fan
from annotations.courses.table import CourseEntry, course_table, value_of
from annotations.zones.fields import SurfaceFields
from meshes.specimen import FloatArray, Side, Specimen

# How strongly an exit's deviations weigh: mm of deviation that cost the same.
SPINE_TOLERANCE_MM, LIGAMENT_TOLERANCE_MM, GAP_TOLERANCE_MM, WAY_TOLERANCE_MM = 4.0, 1.5, 2.0, 8.0
SCHEMATIC_NOTE = (
    "Drawn from bony landmarks alone, because this specimen has no muscles: schematic, without "
    "the points of entry."
)


def solve(specimen: Specimen, side: Side, fields: SurfaceFields | None) -> list[Course]:
    """All courses of one side in the table's order; some seconds.

    Args:
        fields: gluteus maximus of the side; None where the specimen lacks the muscle, then the
            courses are schematic.
    """
    space = Space(specimen, side)
    solved: dict[str, Course] = {}
    for entry in course_table().course:
        solved[entry.structure] = _course(entry, space, fields, solved)
    return list(solved.values())


def _course(
    entry: CourseEntry,
    space: Space,
    fields: SurfaceFields | None,
    solved: Mapping[str, Course],
) -> Course:
    radius = entry.radius_mm
    start = _start(entry, space)
    routes = space.routes(start, radius)
    exit_mm = _exit(entry, space, routes, radius, solved)
    outward = space.routes(exit_mm, radius)
    contact_mm = _contact(entry, space, fields, outward, exit_mm, radius)
    way = np.vstack([routes.path(exit_mm), outward.path(contact_mm)[1:]])
    way[0], way[-1] = start, contact_mm
    settings = space.settings
    trunk = relaxed(
        way, radius, space.grid, space.free_field, settings.clearance_mm, settings.step_mm
    )
    radii = radius * np.linspace(1.0, entry.taper, len(trunk))
    trunk = cleared(trunk, radii, space.obstacles(), settings.clearance_mm, START_MM)
    points = [PointOfInterest("exit", "trunk", _nearest(trunk, exit_mm))]
    branches = [Branch("trunk", None, trunk, radii)]
    if fields is not None:
        points.append(PointOfInterest("trunk_contact", "trunk", contact_mm))
        for branch, entry_mm in fan(entry, space, fields, trunk[-1]):
            branches.append(branch)
            points.append(PointOfInterest("branch_entry", branch.name, entry_mm))
    course = Course(
        entry.structure,
        space.side,
        "schematic" if fields is None else "modelled",
        tuple(branches),
        tuple(points),
        (),
        {},
        SCHEMATIC_NOTE if fields is None else entry.note,
    )
    return checked(course, space)


def _start(entry: CourseEntry, space: Space) -> FloatArray:
    found = [space.specimen.point_mm(name, space.side) for name in entry.start.between]
    marks = [mark for mark in found if mark is not None]
    assert len(marks) == 2
    return np.asarray(np.mean(marks, axis=0) + _directed(entry.start.offset_mm, space.side))


def _exit(
    entry: CourseEntry,
    space: Space,
    routes: Routes,
    radius_mm: float,
    solved: Mapping[str, Course],
) -> FloatArray:
    """The point of the infrapiriform foramen that suits best and can be reached.

    Published distances, or the neighbour's side, are wishes that are weighed against each other
    and against the length of the way; nothing is forced where there is no room.
    """
    door = space.door(radius_mm)
    way = routes.cost(door)
    door, way = door[np.isfinite(way)], way[np.isfinite(way)]
    if len(door) == 0:
        raise ValueError(f"{entry.structure}: no way leads below piriformis on this specimen")
    score = ((way - way.min()) / WAY_TOLERANCE_MM) ** 2
    if entry.exit.from_spine:
        distance = np.linalg.norm(door - space.foramen.spine, axis=1)
        score += ((distance - value_of(entry.exit.from_spine)) / SPINE_TOLERANCE_MM) ** 2
    if entry.exit.above_ligament:
        wall = space.foramen.to_ligament_mm(door) - radius_mm
        wish = value_of(entry.exit.above_ligament)
        score += ((wall - wish) / LIGAMENT_TOLERANCE_MM) ** 2
    if entry.exit.lateral_to:
        neighbour = solved[entry.exit.lateral_to]
        line, radii = neighbour.branches[0].points_mm, neighbour.branches[0].radius_mm
        distance = np.linalg.norm(door[:, None] - line[None], axis=2) - radii[None]
        gap = distance.min(axis=1) - radius_mm
        score += ((gap - entry.exit.gap_mm) / GAP_TOLERANCE_MM) ** 2
        beside = next(p.position_mm for p in neighbour.points if p.name == "exit")
        medial = space.foramen.local(door)[:, 0] - space.foramen.local(beside[None])[:, 0]
        score += np.where((medial > 0) | (gap < entry.exit.gap_mm / 3), 1e3, 0.0)
    return np.asarray(door[int(np.argmin(score))], float)


def _contact(
    entry: CourseEntry,
    space: Space,
    fields: SurfaceFields | None,
    outward: Routes,
    exit_mm: FloatArray,
    radius_mm: float,
) -> FloatArray:
    """Where the trunk first touches the deep surface: the cheapest way within a cone backwards."""
    aim = _directed(entry.contact_direction, space.side)
    aim /= np.linalg.norm(aim)
    if fields is None:
        wish = exit_mm + entry.contact_reach_mm * aim
        return wish
    from meshes.surface import normals_of

    deep = fields.deepness > 0
    normals = normals_of(fields.vertices_mm, fields.triangles)[deep]
    surface = fields.vertices_mm[deep].astype(float)
    touching = surface + normals * (radius_mm + 0.2)
    # The grid cell beside the wall is closed for a tube of this radius, the next one is not.
    reach = outward.cost(surface + normals * (radius_mm + 2 * space.grid.spacing_mm))
    offset = surface - exit_mm
    distance = np.linalg.norm(offset, axis=1)
    cosine = offset @ aim / np.maximum(distance, 1e-6)
    score = reach * (1 + 1.2 * (1 - cosine))
    if not np.isfinite(score).any():
        score = distance * (2 - cosine)
    return np.asarray(touching[int(np.argmin(score))])


def _directed(direction: tuple[float, float, float], side: Side) -> FloatArray:
    return np.array(direction) * [-1.0 if side == "right" else 1.0, 1.0, 1.0]


def _nearest(line: FloatArray, point: FloatArray) -> FloatArray:
    return np.asarray(line[int(np.argmin(np.linalg.norm(line - point, axis=1)))])
