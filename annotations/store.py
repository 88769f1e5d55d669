"""Courses, fields and zones as headers and arrays, for `meshes.cache`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from annotations.courses.course import Branch, Course, LeftOut, Pass, PointOfInterest, Role
from annotations.zones.zone import (
    Fibres,
    Patch,
    Probe,
    ZoneFigures,
    Zones,
    ZoneSurface,
    patch_key,
)
from meshes.specimen import Origin, Part, Side
from meshes.store import PartHeader, pack_parts, unpack_parts

if TYPE_CHECKING:
    from annotations.zones.fields import SurfaceFields

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
    runs_through: tuple[str, ...] = ()


class CoursesHeader(msgspec.Struct):
    """Courses of both sides, their tubes, and what had to be left out."""

    courses: list[_CourseHeader]
    tubes: list[PartHeader]
    left_out: list[LeftOut] = []


class _SurfaceHeader(msgspec.Struct):
    values: list[str]
    fibres: Fibres
    is_shell: bool
    projected: dict[str, _SurfaceHeader] = {}


class FieldsHeader(msgspec.Struct):
    """The fields of each side, and of the surfaces that they are carried to."""

    sides: dict[Side, _SurfaceHeader]


class _PatchHeader(msgspec.Struct):
    zone: str
    surface: ZoneSurface
    outlines: int


class _ZonesHeader(msgspec.Struct):
    side: Side
    patches: list[_PatchHeader]
    figures: ZoneFigures
    note: str
    compromise: bool
    probe: list[str] | None
    fibres: Fibres


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
                course.runs_through,
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
                head.runs_through,
            )
        )
    return courses, unpack_parts(header.tubes, arrays), list(header.left_out)


def pack_fields(fields: list[SurfaceFields]) -> tuple[FieldsHeader, Arrays]:
    """Header and arrays of both sides' fields."""
    arrays: dict[str, NDArray[Any]] = {}
    heads = {of_side.side: _pack_surface(of_side, str(of_side.side), arrays) for of_side in fields}
    return FieldsHeader(heads), arrays


def _pack_surface(
    fields: SurfaceFields, base: str, arrays: dict[str, NDArray[Any]]
) -> _SurfaceHeader:
    arrays[f"{base}/vertices_mm"] = fields.vertices_mm
    arrays[f"{base}/triangles"] = fields.triangles
    for name, values in fields.values.items():
        arrays[f"{base}/value/{name}"] = values
    return _SurfaceHeader(
        list(fields.values),
        fields.fibres,
        fields.is_shell,
        {
            name: _pack_surface(other, f"{base}/on/{name}", arrays)
            for name, other in fields.projected.items()
        },
    )


def unpack_fields(header: FieldsHeader, arrays: Arrays) -> list[SurfaceFields]:
    """The inverse of `pack_fields`."""
    return [_unpack_surface(head, side, str(side), arrays) for side, head in header.sides.items()]


def _unpack_surface(head: _SurfaceHeader, side: Side, base: str, arrays: Arrays) -> SurfaceFields:
    # The fields are opened only when courses or zones have to be made.
    from annotations.zones.fields import SurfaceFields

    return SurfaceFields(
        side,
        arrays[f"{base}/vertices_mm"],
        arrays[f"{base}/triangles"],
        {name: arrays[f"{base}/value/{name}"] for name in head.values},
        head.fibres,
        head.is_shell,
        {
            name: _unpack_surface(other, side, f"{base}/on/{name}", arrays)
            for name, other in head.projected.items()
        },
    )


def pack_zones(zones: list[Zones]) -> tuple[ZonesHeader, Arrays]:
    """Header and arrays of both sides' zones."""
    heads: list[_ZonesHeader] = []
    arrays: dict[str, NDArray[Any]] = {}
    for of_side in zones:
        patches = []
        for key, patch in of_side.patches.items():
            base = f"{of_side.side}/{key}"
            arrays[f"{base}/vertices_mm"] = patch.vertices_mm
            arrays[f"{base}/triangles"] = patch.triangles
            arrays[f"{base}/normals"] = patch.normals
            for i, line in enumerate(patch.outline_mm):
                arrays[f"{base}/outline/{i}"] = line
            patches.append(_PatchHeader(patch.zone, patch.surface, len(patch.outline_mm)))
        arrays[f"{of_side.side}/line"] = of_side.dimension_line_mm
        point, probe = of_side.compromise_point_mm, of_side.probe
        if point is not None:
            arrays[f"{of_side.side}/compromise"] = point
        if probe is not None:
            arrays[f"{of_side.side}/probe"] = probe.vertices_mm
            for name, values in probe.values.items():
                arrays[f"{of_side.side}/probe/{name}"] = values
        heads.append(
            _ZonesHeader(
                of_side.side,
                patches,
                of_side.figures,
                of_side.note,
                point is not None,
                None if probe is None else list(probe.values),
                of_side.fibres,
            )
        )
    return ZonesHeader(heads), arrays


def unpack_zones(header: ZonesHeader, arrays: Arrays) -> list[Zones]:
    """The inverse of `pack_zones`."""
    out = []
    for head in header.zones:
        patches = {}
        for of_patch in head.patches:
            key = patch_key(of_patch.zone, of_patch.surface)
            base = f"{head.side}/{key}"
            patches[key] = Patch(
                of_patch.zone,
                head.side,
                arrays[f"{base}/vertices_mm"],
                arrays[f"{base}/triangles"],
                arrays[f"{base}/normals"],
                tuple(arrays[f"{base}/outline/{i}"] for i in range(of_patch.outlines)),
                of_patch.surface,
            )
        probe = None
        if head.probe is not None:
            probe = Probe(
                arrays[f"{head.side}/probe"],
                {name: arrays[f"{head.side}/probe/{name}"] for name in head.probe},
            )
        out.append(
            Zones(
                head.side,
                patches,
                head.figures,
                arrays[f"{head.side}/line"],
                head.note,
                arrays[f"{head.side}/compromise"] if head.compromise else None,
                probe,
                head.fibres,
            )
        )
    return out
