"""Finding landmarks on bones by the rules of `landmarks.toml`, and the frame that they define."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from meshes.frame import frame_from
from meshes.specimen import SIDES, FloatArray, Landmark, Part, Side

Triple = tuple[float, float, float]
Range = tuple[float, float]
FRAME_ROUNDS = 6


class _Box(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lateral: Range = (-np.inf, np.inf)
    posterior: Range = (-np.inf, np.inf)
    superior: Range = (-np.inf, np.inf)
    from_midline: Range = (-np.inf, np.inf)


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    structure: str
    towards: Triple
    uncertainty_mm: float
    box: _Box = _Box()


class _Midline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    structure: str
    towards: Triple
    half_width_mm: float
    uncertainty_mm: float


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    structure: str
    about: str
    from_mm: float
    to_mm: float
    points: int
    towards_top: Triple
    towards_bottom: Triple
    uncertainty_mm: float


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    structure: str
    proximal_mm: float
    start_towards: Triple
    start_share: float
    tolerance_mm: float
    keep_towards: Triple
    keep_beyond_radii: float
    uncertainty_mm: float


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reference_head_radius_mm: float
    head: _Head
    rules: dict[str, _Rule]
    gluteal_tuberosity: _Line
    midline: dict[str, _Midline]


@cache
def rules() -> _Table:
    """The table of rules, schema-checked."""
    return msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes(), type=_Table)


def into_frame(
    parts: Mapping[str, Part], known: Mapping[Side, Mapping[str, Landmark]]
) -> tuple[dict[str, Part], dict[Side, dict[str, Landmark]], FloatArray]:
    """Bring parts (LPS, mm, roughly upright) into the common frame and find their landmarks.

    Rules speak of directions in the frame and the frame hangs on landmarks, so both are found in
    turns until they agree. Landmarks in `known` (nodes, curated points) are taken as they are.

    Returns:
        parts and landmarks in the common frame, and the 4×4 `frame_from_source`.
    """
    total = np.eye(4)
    for _ in range(FRAME_ROUNDS):
        here: dict[Side, dict[str, Landmark]] = {
            side: {name: mark.moved(total) for name, mark in marks.items()}
            for side, marks in known.items()
        }
        moved = {name: part.moved(total) for name, part in parts.items() if _is_bone(part)}
        landmarks = find(moved, here)
        step = frame_from(landmarks)
        if np.allclose(step, np.eye(4), atol=1e-6):
            break
        total = step @ total
    return {name: part.moved(total) for name, part in parts.items()}, landmarks, total


def find(
    parts: Mapping[str, Part], known: Mapping[Side, Mapping[str, Landmark]]
) -> dict[Side, dict[str, Landmark]]:
    """All landmarks of the given bones, in the parts' own coordinates."""
    table = rules()
    found: dict[Side, dict[str, Landmark]] = {
        side: dict(known.get(side, {})) for side in ("left", "right", "midline")
    }
    for side in SIDES:
        marks = found[side]
        if "hip_joint_centre" not in marks:
            marks["hip_joint_centre"] = _hip_joint_centre(parts[f"femur_{side}"])
        centre = marks["hip_joint_centre"]
        scale = (centre.radius_mm or table.reference_head_radius_mm) / (
            table.reference_head_radius_mm
        )
        for name, rule in table.rules.items():
            if name not in marks and (part := parts.get(f"{rule.structure}_{side}")):
                marks[name] = _extreme(name, rule, part, centre.position_mm, scale)
        line = table.gluteal_tuberosity
        about = marks[line.about].position_mm
        marks["gluteal_tuberosity"] = _line(line, parts[f"femur_{side}"], about, scale)
    for name, middle in table.midline.items():
        if name not in found["midline"] and middle.structure in parts:
            found["midline"][name] = _on_midline(name, middle, parts[middle.structure])
    return found


def fit_sphere(points: FloatArray) -> tuple[FloatArray, float]:
    """Centre (3,) and radius of the sphere nearest to (n, 3) points, by linear least squares."""
    design = np.c_[2 * points, np.ones(len(points))]
    solution, *_ = np.linalg.lstsq(design, (points**2).sum(axis=1), rcond=None)
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def _hip_joint_centre(femur: Part) -> Landmark:
    table = rules().head
    points = femur.vertices_mm.astype(float)
    points = points[points[:, 2] > points[:, 2].max() - table.proximal_mm]
    outward = _outward(femur.side)
    along = points @ (np.array(table.start_towards) * outward)
    centre, radius = fit_sphere(points[np.argsort(along)[-int(len(along) * table.start_share) :]])
    for _ in range(20):
        offset = points - centre
        near = np.abs(np.linalg.norm(offset, axis=1) - radius) < table.tolerance_mm
        near &= offset @ (np.array(table.keep_towards) * outward) > radius * table.keep_beyond_radii
        if near.sum() < 20:
            break
        centre, radius = fit_sphere(points[near])
    return Landmark(
        "hip_joint_centre",
        centre,
        "fitted",
        table.uncertainty_mm,
        "femur",
        False,
        radius,
        note="centre of the sphere fitted to the femoral head",
    )


def _extreme(name: str, rule: _Rule, part: Part, about: FloatArray, scale: float) -> Landmark:
    outward = _outward(part.side)
    points = part.vertices_mm.astype(float)
    local = (points - about) * outward / scale
    inside = np.ones(len(points), bool)
    midline = points[:, 0] * outward[0] / scale
    for values, (low, high) in (
        (local[:, 0], rule.box.lateral),
        (local[:, 1], rule.box.posterior),
        (local[:, 2], rule.box.superior),
        (midline, rule.box.from_midline),
    ):
        inside &= (values >= low) & (values <= high)
    reach = np.where(inside, local @ np.array(rule.towards), -np.inf)
    position = points[int(np.argmax(reach))]
    return Landmark(name, position, "fitted", rule.uncertainty_mm, rule.structure)


def _line(line: _Line, femur: Part, about: FloatArray, scale: float) -> Landmark:
    points = femur.vertices_mm.astype(float)
    heights = about[2] + np.linspace(line.from_mm, line.to_mm, line.points) * scale
    share = np.linspace(0, 1, line.points)[:, None]
    towards = (1 - share) * np.array(line.towards_top) + share * np.array(line.towards_bottom)
    towards *= _outward(femur.side)
    edges = _crossings(points, femur.triangles, heights)
    polyline = np.array(
        [ring[int(np.argmax(ring @ way))] for ring, way in zip(edges, towards, strict=True)]
    )
    return Landmark(
        "gluteal_tuberosity",
        polyline[len(polyline) // 2],
        "fitted",
        line.uncertainty_mm,
        line.structure,
        polyline_mm=polyline,
    )


def _crossings(points: FloatArray, triangles: FloatArray, heights: FloatArray) -> list[FloatArray]:
    """Where the surface's edges cross each height: one (k, 3) ring of points a height."""
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    low, high = points[edges[:, 0]], points[edges[:, 1]]
    rings = []
    for height in heights:
        crosses = (low[:, 2] - height) * (high[:, 2] - height) < 0
        a, b = low[crosses], high[crosses]
        share = (height - a[:, 2]) / (b[:, 2] - a[:, 2])
        rings.append(a + (b - a) * share[:, None])
    return rings


def _on_midline(name: str, rule: _Midline, part: Part) -> Landmark:
    points = part.vertices_mm.astype(float)
    reach = points @ np.array(rule.towards)
    reach[np.abs(points[:, 0]) > rule.half_width_mm] = -np.inf
    best = points[int(np.argmax(reach))]
    # The farthest vertex may stand a little to one side: its neighbour on the midline is meant.
    position = np.asarray(part.trimesh.nearest.on_surface([best * [0, 1, 1]])[0][0])
    return Landmark(name, position, "fitted", rule.uncertainty_mm, rule.structure)


def _outward(side: Side) -> FloatArray:
    """Turns (lateral, posterior, superior) into (x, y, z) of that side."""
    return np.array([-1.0 if side == "right" else 1.0, 1.0, 1.0])


def _is_bone(part: Part) -> bool:
    from meshes.structure import structures

    return structures()[part.structure].kind == "bone"
