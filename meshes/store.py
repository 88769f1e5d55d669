"""A Specimen as header and arrays, for `meshes.cache`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from meshes.specimen import Landmark, Method, Origin, Part, Side, Specimen, part_id

Arrays = Mapping[str, NDArray[Any]]


class PartHeader(msgspec.Struct, frozen=True):
    """What is not an array in a `Part`."""

    structure: str
    side: Side
    origin: Origin
    note: str
    fields: tuple[str, ...]
    mixed: bool


class LandmarkHeader(msgspec.Struct, frozen=True):
    """A `Landmark` in plain lists."""

    name: str
    position_mm: tuple[float, float, float]
    method: Method
    uncertainty_mm: float
    structure: str
    on_surface: bool
    radius_mm: float | None
    polyline_mm: list[tuple[float, float, float]] | None
    note: str


class SpecimenHeader(msgspec.Struct, frozen=True):
    """What is not an array in a `Specimen`."""

    name: str
    title: str
    licence: str
    credits: tuple[str, ...]
    how_made: str
    parts: list[PartHeader]
    landmarks: dict[Side, list[LandmarkHeader]]
    frame_from_source: list[list[float]]


def pack_parts(parts: list[Part]) -> tuple[list[PartHeader], Arrays]:
    """Headers, and arrays named `<part>/<array>`."""
    headers: list[PartHeader] = []
    arrays: dict[str, NDArray[Any]] = {}
    for part in parts:
        arrays[f"{part.id}/vertices_mm"] = np.asarray(part.vertices_mm, np.float32)
        arrays[f"{part.id}/normals"] = np.asarray(part.normals, np.float32)
        arrays[f"{part.id}/triangles"] = np.asarray(part.triangles, np.int32)
        for name, values in part.fields.items():
            arrays[f"{part.id}/field/{name}"] = np.asarray(values)
        if part.triangle_origin is not None:
            arrays[f"{part.id}/triangle_origin"] = part.triangle_origin
        headers.append(
            PartHeader(
                part.structure,
                part.side,
                part.origin,
                part.note,
                tuple(part.fields),
                part.triangle_origin is not None,
            )
        )
    return headers, arrays


def unpack_parts(headers: list[PartHeader], arrays: Arrays) -> list[Part]:
    """The inverse of `pack_parts`."""
    out = []
    for head in headers:
        name = part_id(head.structure, head.side)
        out.append(
            Part(
                head.structure,
                head.side,
                head.origin,
                arrays[f"{name}/vertices_mm"],
                arrays[f"{name}/triangles"],
                arrays[f"{name}/normals"],
                {field: arrays[f"{name}/field/{field}"] for field in head.fields},
                arrays[f"{name}/triangle_origin"] if head.mixed else None,
                head.note,
            )
        )
    return out


def pack(specimen: Specimen) -> tuple[SpecimenHeader, Arrays]:
    """Header and arrays of a specimen."""
    parts, arrays = pack_parts(list(specimen.parts.values()))
    landmarks = {
        side: [_landmark_header(mark) for mark in marks.values()]
        for side, marks in specimen.landmarks.items()
    }
    header = SpecimenHeader(
        specimen.name,
        specimen.title,
        specimen.licence,
        specimen.credits,
        specimen.how_made,
        parts,
        landmarks,
        specimen.frame_from_source.tolist(),
    )
    return header, arrays


def unpack(header: SpecimenHeader, arrays: Arrays) -> Specimen:
    """The inverse of `pack`."""
    landmarks: dict[Side, dict[str, Landmark]] = {"left": {}, "right": {}, "midline": {}}
    for side in landmarks:
        for head in header.landmarks.get(side, []):
            landmarks[side][head.name] = _landmark(head)
    return Specimen(
        header.name,
        header.title,
        header.licence,
        header.credits,
        header.how_made,
        {part.id: part for part in unpack_parts(header.parts, arrays)},
        landmarks,
        np.array(header.frame_from_source),
    )


def _landmark_header(mark: Landmark) -> LandmarkHeader:
    line = None if mark.polyline_mm is None else mark.polyline_mm.tolist()
    return LandmarkHeader(
        mark.name,
        tuple(mark.position_mm.tolist()),
        mark.method,
        mark.uncertainty_mm,
        mark.structure,
        mark.on_surface,
        mark.radius_mm,
        line,
        mark.note,
    )


def _landmark(head: LandmarkHeader) -> Landmark:
    line = None if head.polyline_mm is None else np.array(head.polyline_mm)
    return Landmark(
        head.name,
        np.array(head.position_mm),
        head.method,
        head.uncertainty_mm,
        head.structure,
        head.on_surface,
        head.radius_mm,
        line,
        head.note,
    )
