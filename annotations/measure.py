"""The figures of an atlas as plain data: what `measure` prints, `export` writes beside meshes."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from annotations.atlas import Atlas
from annotations.claims import claims, notes
from annotations.courses.course import Course, PointOfInterest
from annotations.plausibility import findings
from meshes.specimen import SIDES, Landmark, Part, Side, Specimen
from meshes.structure import structure
from meshes.surface import is_closed, volume_cm3

FRAME = (
    "millimetres, LPS (+x left, +y posterior, +z superior); origin midway between the hip-joint "
    "centres; anterior superior iliac spines and pubic tubercles in one coronal plane"
)
PURPOSE = "for teaching, not for planning an operation"


def measure(atlas: Atlas, sides: tuple[Side, ...] = SIDES) -> dict[str, Any]:
    """Every figure of the command line contract, JSON-able; lengths in mm, rounded to 0.01.

    Landmarks, distances, courses and zones are given for the wanted sides, midline things always.
    """
    specimen = atlas.specimen
    return {
        **about(specimen),
        "variants": msgspec.to_builtins(atlas.request.variants),
        "landmarks": landmarks(specimen, sides),
        "distances_mm": {side: _distances(atlas, side) for side in sides},
        "parts": [
            part_figures(part)
            for part in atlas.parts.values()
            if part.side == "midline" or part.side in sides
        ],
        "courses": {
            name: {
                side: _course(atlas, course) for side, course in by_side.items() if side in sides
            }
            for name, by_side in atlas.courses.items()
        },
        "entry_zone": {side: _entry_zone(atlas, side) for side in sides},
        "claims": {side: [msgspec.to_builtins(r) for r in claims(atlas, side)] for side in sides},
        "claims_notes": list(notes()),
        "plausibility": [
            msgspec.to_builtins(finding)
            for finding in findings(atlas)
            if finding.side == "midline" or finding.side in sides
        ],
    }


def about(specimen: Specimen) -> dict[str, Any]:
    """Name, provenance, licence and frame of a specimen."""
    return {
        "specimen": specimen.name,
        "title": specimen.title,
        "licence": specimen.licence,
        "credits": list(specimen.credits),
        "how_made": specimen.how_made,
        "purpose": PURPOSE,
        "frame": FRAME,
        "frame_from_source": specimen.frame_from_source.round(6).tolist(),
    }


def landmarks(specimen: Specimen, sides: tuple[Side, ...]) -> dict[str, Any]:
    """Landmarks by side and name, midline ones under `midline`."""
    wanted: tuple[Side, ...] = (*sides, "midline")
    return {
        side: {name: _landmark(mark) for name, mark in specimen.landmarks[side].items()}
        for side in wanted
    }


def part_figures(part: Part) -> dict[str, Any]:
    """What the contract says of a part."""
    closed = is_closed(part.triangles)
    return {
        "structure": part.structure,
        "kind": structure(part.structure).kind,
        "side": part.side,
        "origin": part.origin,
        "triangles": len(part.triangles),
        "watertight": closed,
        "volume_cm3": round(volume_cm3(part.vertices_mm, part.triangles), 3) if closed else None,
        **({"note": part.note} if part.note else {}),
    }


def rounded(point: Any) -> list[float]:
    """A position in mm to 0.01."""
    return [round(float(value), 2) for value in np.asarray(point).ravel()]


def _landmark(mark: Landmark) -> dict[str, Any]:
    out: dict[str, Any] = {
        "position_mm": rounded(mark.position_mm),
        "method": mark.method,
        "uncertainty_mm": mark.uncertainty_mm,
        "structure": mark.structure,
    }
    if mark.radius_mm is not None:
        out["radius_mm"] = round(mark.radius_mm, 2)
    if mark.polyline_mm is not None:
        out["polyline_mm"] = [rounded(point) for point in mark.polyline_mm]
    if mark.note:
        out["note"] = mark.note
    return out


def _distances(atlas: Atlas, side: Side) -> dict[str, float]:
    specimen = atlas.specimen

    def between(a: str, b: str) -> float | None:
        first, second = specimen.point_mm(a, side), specimen.point_mm(b, side)
        if first is None or second is None:
            return None
        return round(float(np.linalg.norm(first - second)), 2)

    pairs = {
        "psis_to_greater_trochanter": ("psis", "greater_trochanter_tip"),
        "psis_to_ischial_tuberosity": ("psis", "ischial_tuberosity"),
        "ischial_tuberosity_to_greater_trochanter": (
            "ischial_tuberosity",
            "greater_trochanter_tip",
        ),
        "piis_to_ischial_spine": ("piis", "ischial_spine"),
        "piis_to_greater_trochanter": ("piis", "greater_trochanter_tip"),
    }
    found = {name: between(*ends) for name, ends in pairs.items()}
    return {name: value for name, value in found.items() if value is not None}


def _course(atlas: Atlas, course: Course) -> dict[str, Any]:
    entries = [point for point in course.points if point.name == "branch_entry"]
    return {
        "origin": course.origin,
        "length_mm": round(course.length_mm, 2),
        "branches": [
            {"name": b.name, "parent": b.parent, "length_mm": round(b.length_mm, 2)}
            for b in course.branches
        ],
        "passes": [msgspec.to_builtins(check) for check in course.passes],
        "min_clearance_mm": {name: round(mm, 2) for name, mm in course.clearance_mm.items()},
        "runs_through": list(course.runs_through),
        "exit": _point(atlas, course, "exit"),
        "trunk_contact": _point(atlas, course, "trunk_contact"),
        "entry_points": [_place(atlas, course.side, point) for point in entries],
        "note": course.note,
    }


def _point(atlas: Atlas, course: Course, name: str) -> dict[str, Any] | None:
    found = next((point for point in course.points if point.name == name), None)
    return None if found is None else _place(atlas, course.side, found)


def _place(atlas: Atlas, side: Side, point: PointOfInterest) -> dict[str, Any]:
    out: dict[str, Any] = {"branch": point.branch, "position_mm": rounded(point.position_mm)}
    for key, name in (
        ("to_greater_trochanter_mm", "greater_trochanter_tip"),
        ("to_psis_mm", "psis"),
        ("to_piis_mm", "piis"),
        ("to_ischial_tuberosity_mm", "ischial_tuberosity"),
    ):
        mark = atlas.specimen.point_mm(name, side)
        if mark is not None:
            out[key] = round(float(np.linalg.norm(point.position_mm - mark)), 2)
    return out


def _entry_zone(atlas: Atlas, side: Side) -> dict[str, Any]:
    zones, request = atlas.zones[side], atlas.request
    figures = {
        name: None if value is None else round(value, 3 if "across" in name else 2)
        for name, value in vars(zones.figures).items()
    }
    return {
        "limits_mm": {
            "greater_trochanter": list(request.trochanter_band_mm),
            "psis": list(request.psis_band_mm),
        },
        "distance_kind": "straight",
        "greater_trochanter_band_cm2": figures.pop("trochanter_band_cm2"),
        # The distance between the landmarks stands under `distances_mm`.
        **{name: value for name, value in figures.items() if name != "psis_to_trochanter_mm"},
        "fibres": zones.fibres,
        "fibres_note": zones.fibres_note,
        "note": zones.note,
    }
