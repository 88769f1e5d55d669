"""Courses, fields and zones as headers and arrays, for `meshes.cache`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from annotations.courses.course import Branch, Course, LeftOut, Pass, PointOfInterest, Role
from annotations.zones.fields import SurfaceFields
from annotations.zones.zone import Patch, ZoneFigures, Zones
from meshes.specimen import Origin, Part, Side
from meshes.store import PartHeader, pack_parts, unpack_parts

Arrays = Mapping[str, NDArray[Any]]
Triple = tuple[float, float, float]


class _BranchHeader(msgspec.Struct):
    name: str
    parent: str | None
    role: Role = "trunk"
    flatness: float = 1.0
    flat_mm: Triple | None = None


class _PointHeader(msgspec.Struct):
    name: str
    branch: str
    position_mm: Triple


class _CourseHeader(msgspec.Struct):
    id: str
    side: Side
    origin: Origin
    branches: list[_BranchHeader]
    points: list[_PointHeader]
    passes: list[Pass]
    clearance_mm: dict[str, float]
    note: str


class CoursesHeader(msgspec.Struct):
    """Courses of both sides, their tubes, and what had to be left out."""

    courses: list[_CourseHeader]
    tubes: list[PartHeader]
    left_out: list[LeftOut] = []


class FieldsHeader(msgspec.Struct):
    """Which sides' fields, and whether they stand on a shell."""

    is_shell: dict[Side, bool]


class _ZonesHeader(msgspec.Struct):
    side: Side
    patches: dict[str, int]  # zone → number of outlines
    figures: ZoneFigures
    note: str
    compromise: bool


class ZonesHeader(msgspec.Struct):
    """Zones of both sides."""

    zones: list[_ZonesHeader]


def pack_courses(
    courses: list[Course], tubes: list[Part], left_out: list[LeftOut] | None = None
) -> tuple[CoursesHeader, Arrays]:
    """Header and arrays of courses and tubes."""
    parts, of_parts = pack_parts(tubes)
    arrays = dict(of_parts)
    heads = []
    for course in courses:
        for i, branch in enumerate(course.branches):
            arrays[f"course/{course.id}/{course.side}/{i}/points"] = branch.points_mm
            arrays[f"course/{course.id}/{course.side}/{i}/radius"] = branch.radius_mm
        heads.append(
            _CourseHeader(
                course.id,
                course.side,
                course.origin,
                [
                    _BranchHeader(
                        b.name,
                        b.parent,
                        b.role,
                        b.flatness,
                        None if b.flat_mm is None else tuple(b.flat_mm.tolist()),
                    )
                    for b in course.branches
                ],
                [
                    _PointHeader(p.name, p.branch, tuple(p.position_mm.tolist()))
                    for p in course.points
                ],
                list(course.passes),
                dict(course.clearance_mm),
                course.note,
            )
        )
    return CoursesHeader(heads, parts, left_out or []), arrays


def unpack_courses(
    header: CoursesHeader, arrays: Arrays
) -> tuple[list[Course], list[Part], list[LeftOut]]:
    """The inverse of `pack_courses`."""
    courses = []
    for head in header.courses:
        base = f"course/{head.id}/{head.side}"
        branches = tuple(
            Branch(
                b.name,
                b.parent,
                arrays[f"{base}/{i}/points"],
                arrays[f"{base}/{i}/radius"],
                b.role,
                b.flatness,
                None if b.flat_mm is None else np.array(b.flat_mm),
            )
            for i, b in enumerate(head.branches)
        )
        points = tuple(
            PointOfInterest(p.name, p.branch, np.array(p.position_mm)) for p in head.points
        )
        courses.append(
            Course(
                head.id,
                head.side,
                head.origin,
                branches,
                points,
                tuple(head.passes),
                head.clearance_mm,
                head.note,
            )
        )
    return courses, unpack_parts(header.tubes, arrays), list(header.left_out)


def pack_fields(fields: list[SurfaceFields]) -> tuple[FieldsHeader, Arrays]:
    """Header and arrays of both sides' fields."""
    arrays = {
        f"{of_side.side}/{name}": values
        for of_side in fields
        for name, values in of_side.arrays().items()
    }
    return FieldsHeader({of_side.side: of_side.is_shell for of_side in fields}), arrays


def unpack_fields(header: FieldsHeader, arrays: Arrays) -> list[SurfaceFields]:
    """The inverse of `pack_fields`."""
    out = []
    for side, is_shell in header.is_shell.items():
        mine = {k.split("/", 1)[1]: v for k, v in arrays.items() if k.startswith(f"{side}/")}
        out.append(SurfaceFields(side, **mine, is_shell=is_shell))
    return out


def pack_zones(zones: list[Zones]) -> tuple[ZonesHeader, Arrays]:
    """Header and arrays of both sides' zones."""
    heads: list[_ZonesHeader] = []
    arrays: dict[str, NDArray[Any]] = {}
    for of_side in zones:
        counts = {}
        for zone, patch in of_side.patches.items():
            base = f"{of_side.side}/{zone}"
            arrays[f"{base}/vertices_mm"] = patch.vertices_mm
            arrays[f"{base}/triangles"] = patch.triangles
            arrays[f"{base}/normals"] = patch.normals
            for i, line in enumerate(patch.outline_mm):
                arrays[f"{base}/outline/{i}"] = line
            counts[zone] = len(patch.outline_mm)
        arrays[f"{of_side.side}/line"] = of_side.dimension_line_mm
        point = of_side.compromise_point_mm
        if point is not None:
            arrays[f"{of_side.side}/compromise"] = point
        heads.append(
            _ZonesHeader(of_side.side, counts, of_side.figures, of_side.note, point is not None)
        )
    return ZonesHeader(heads), arrays


def unpack_zones(header: ZonesHeader, arrays: Arrays) -> list[Zones]:
    """The inverse of `pack_zones`."""
    out = []
    for head in header.zones:
        patches = {}
        for zone, outlines in head.patches.items():
            base = f"{head.side}/{zone}"
            patches[zone] = Patch(
                zone,
                head.side,
                arrays[f"{base}/vertices_mm"],
                arrays[f"{base}/triangles"],
                arrays[f"{base}/normals"],
                tuple(arrays[f"{base}/outline/{i}"] for i in range(outlines)),
            )
        out.append(
            Zones(
                head.side,
                patches,
                head.figures,
                arrays[f"{head.side}/line"],
                head.note,
                arrays[f"{head.side}/compromise"] if head.compromise else None,
            )
        )
    return out
