"""Bones of the statistical shape model, seated, posed, in the frame: the embedded specimen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from meshes.frame import frame_from, matrix, rotation
from meshes.landmarks import find, fit_sphere
from meshes.shape_model.evaluate import ensemble, mean_nodes_mm, surface
from meshes.shape_model.modes import modes
from meshes.sources.registry import source
from meshes.specimen import SIDES, FloatArray, Landmark, Part, Side, Specimen
from meshes.surface import Surface, normals_of

MODEL_TABLE = Path(__file__).parent.parent / "shape_model" / "model.toml"


class _Pelvis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    elements: str
    nodes: str
    first_of_modes: int
    steps: int
    parts: dict[str, tuple[int, int]]
    acetabulum: dict[str, tuple[int, ...]]
    acetabulum_uncertainty_mm: float


class _Femur(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    elements: str
    nodes: str
    first_of_modes: int
    steps: int
    head: tuple[int, ...]


class _Pose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inward_degrees: float
    knee_behind_hips_mm: float
    knee_height_mm: float


class _Foramina(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    along: dict[str, float]
    of_half_width: float
    front_cosine: float
    slice_mm: float
    uncertainty_mm: float


class _Beyond(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    along: float
    forward: float
    uncertainty_mm: float


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    modes: str
    pelvis: _Pelvis
    femur: _Femur
    pose: _Pose
    node_landmarks: dict[str, dict[str, int]]
    node_uncertainty_mm: dict[str, float]
    foramina: _Foramina
    coccyx_tip: _Beyond


@cache
def _table() -> _Table:
    return msgspec.toml.decode(MODEL_TABLE.read_bytes(), type=_Table)


def load(deviations: Sequence[float] = ()) -> Specimen:
    """Evaluate the bones, level the pelvis, seat and pose the femurs; about 0.5 s.

    Args:
        deviations: how many SD this person lies off the mean along the shape model's first modes
            of variation; none for the mean person.

    Raises:
        GluteaError: more deviations than modes, or one that is no finite number.
    """
    table = _table()
    pelvis = ensemble(table.pelvis.elements)
    nodes_mm = _nodes_mm(table, table.pelvis, deviations)
    known = _known_landmarks(table, nodes_mm)
    frame = frame_from(known)
    marks: dict[Side, dict[str, Landmark]] = {
        side: {name: mark.moved(frame) for name, mark in of_side.items()}
        for side, of_side in known.items()
    }
    parts: dict[str, Part] = {}
    for name, (first, last) in table.pelvis.parts.items():
        shape = surface(pelvis, nodes_mm, range(first, last + 1), table.pelvis.steps)
        part = _part(name, shape).moved(frame)
        parts[part.id] = part
    femur, head_radius_mm = _posed_femur(table, deviations)
    for side in SIDES:
        centre = marks[side]["hip_joint_centre"]
        marks[side]["hip_joint_centre"] = replace(centre, radius_mm=head_radius_mm)
        seated = femur if side == "left" else femur.mirrored()
        parts[f"femur_{side}"] = seated.moved(matrix(np.eye(3), centre.position_mm))
    landmarks = find(parts, marks)
    landmarks["midline"] |= _coccyx_tip(table, landmarks["midline"])
    for side in SIDES:
        landmarks[side] |= _foramina(table.foramina, landmarks["midline"], parts["sacrum"], side)
    entry = source("model")
    return Specimen(
        "model",
        entry.title,
        entry.licence,
        entry.credits,
        entry.how_made,
        parts,
        landmarks,
        frame,
    )


def _nodes_mm(table: _Table, bone: _Pelvis | _Femur, deviations: Sequence[float]) -> FloatArray:
    """(n, 3) a mesh's nodes, in the coordinates of the source."""
    mean = mean_nodes_mm(bone.nodes)
    if not len(deviations):
        return mean
    offsets = modes(table.modes).offsets_mm(deviations)
    return mean + offsets[bone.first_of_modes : bone.first_of_modes + len(mean)]


def _known_landmarks(table: _Table, nodes_mm: FloatArray) -> dict[Side, dict[str, Landmark]]:
    """Landmarks that are nodes, and the hip-joint centres from the sockets; source coordinates."""
    pelvis = ensemble(table.pelvis.elements)
    known: dict[Side, dict[str, Landmark]] = {"left": {}, "right": {}, "midline": {}}
    for side in SIDES:
        for name, node in table.node_landmarks[side].items():
            known[side][name] = Landmark(
                name, nodes_mm[node], "node", table.node_uncertainty_mm[name], "hip_bone"
            )
        rim = surface(pelvis, nodes_mm, table.pelvis.acetabulum[side], table.pelvis.steps)
        known[side]["hip_joint_centre"] = Landmark(
            "hip_joint_centre",
            fit_sphere(rim.vertices_mm)[0],
            "fitted",
            table.pelvis.acetabulum_uncertainty_mm,
            "hip_bone",
            on_surface=False,
            note="centre of the sphere fitted to the socket; the femoral head is seated there",
        )
    return known


def _part(name: str, shape: Surface) -> Part:
    structure, _, last = name.rpartition("_")
    side: Side = "left" if last == "left" else "right" if last == "right" else "midline"
    vertices = shape.vertices_mm.astype(np.float32)
    return Part(
        name if side == "midline" else structure,
        side,
        "source",
        vertices,
        shape.triangles.astype(np.int32),
        normals_of(shape.vertices_mm, shape.triangles),
    )


def _posed_femur(table: _Table, deviations: Sequence[float]) -> tuple[Part, float]:
    """The left femur with its head at the origin, in the standing pose; the head's radius in mm."""
    elements = ensemble(table.femur.elements)
    nodes_mm = _nodes_mm(table, table.femur, deviations)
    head = surface(elements, nodes_mm, table.femur.head, table.femur.steps)
    centre, radius = fit_sphere(head.vertices_mm)
    shape = surface(elements, nodes_mm, sorted(elements.types), table.femur.steps)
    femur = _part("femur_left", shape).moved(matrix(np.eye(3), -centre))
    # Turning the leg inward moves the knee a little, so it is hung twice.
    inward = rotation(np.array([0.0, 0.0, 1.0]), -table.pose.inward_degrees)
    femur = _hung(_hung(femur, table.pose).moved(matrix(inward, np.zeros(3))), table.pose)
    return femur, radius


def _hung(femur: Part, pose: _Pose) -> Part:
    """The femur flexed or extended about its head until the knee hangs where the pose says."""
    points = femur.vertices_mm
    knee = points[points[:, 2] < points[:, 2].min() + pose.knee_height_mm].mean(axis=0)
    wanted = np.arctan2(pose.knee_behind_hips_mm, -knee[2])
    angle = wanted - np.arctan2(knee[1], -knee[2])
    turn = rotation(np.array([1.0, 0.0, 0.0]), float(np.degrees(angle)))
    return femur.moved(matrix(turn, np.zeros(3)))


def _coccyx_tip(table: _Table, midline: Mapping[str, Landmark]) -> dict[str, Landmark]:
    """Where the missing coccyx would end, from the sacrum's length and direction."""
    guess = table.coccyx_tip
    promontory, apex = midline["sacral_promontory"], midline["sacral_apex"]
    along = apex.position_mm - promontory.position_mm
    forward = np.array([0.0, along[2], -along[1]])  # square to the sacrum, in the midplane
    position = apex.position_mm + guess.along * along + guess.forward * forward
    return {
        "coccyx_tip": Landmark(
            "coccyx_tip",
            position,
            "fitted",
            guess.uncertainty_mm,
            "coccyx",
            on_surface=False,
            note="extrapolated from the sacrum: this specimen has no coccyx",
        )
    }


def _foramina(
    rule: _Foramina, midline: Mapping[str, Landmark], sacrum: Part, side: Side
) -> dict[str, Landmark]:
    """Where the anterior foramina would open, on the sacrum's front."""
    top, apex = midline["sacral_promontory"].position_mm, midline["sacral_apex"].position_mm
    points = sacrum.vertices_mm.astype(float)
    down = (apex - top) / np.linalg.norm(apex - top)
    outward = -1.0 if side == "right" else 1.0
    forward = np.array([0.0, down[2], -down[1]])
    front = points[(sacrum.normals @ forward) > rule.front_cosine]
    out = {}
    for name, along in rule.along.items():
        height = along * np.linalg.norm(apex - top)
        level = points[np.abs((points - top) @ down - height) < rule.slice_mm]
        lateral = outward * rule.of_half_width * np.max(level[:, 0] * outward)
        offset = front - top
        away = (offset @ down - height) ** 2 + (front[:, 0] - lateral) ** 2
        out[name] = Landmark(
            name,
            front[int(np.argmin(away))],
            "fitted",
            rule.uncertainty_mm,
            "sacrum",
            note="by proportion: this specimen's sacrum has no openings",
        )
    return out
