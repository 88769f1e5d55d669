"""Z-Anatomy: two glTF extracts joined, cleaned, mirrored and brought into the frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from meshes.errors import DamagedFileError
from meshes.landmarks import into_frame
from meshes.sources.download import Cancelled
from meshes.sources.gltf import read_glb
from meshes.sources.registry import source
from meshes.specimen import FloatArray, Landmark, Part, Side, Specimen
from meshes.structure import structures
from meshes.surface import Surface, clean, is_closed, normals_of

# A part's fields that the source's materials become.
MATERIAL_FIELDS = {"Tendon": "tendon", "Cartilage": "cartilage"}


class _Curated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    structure: str
    position_mm: tuple[float, float, float]
    uncertainty_mm: float


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    align_on: str
    align_tolerance_mm: float
    midline_of: str
    weld_mm: tuple[float, ...]
    largest_hole_edges: int
    files: dict[str, str]
    trunk: dict[str, str]
    lower_limb: dict[str, str]
    curated: dict[str, _Curated]


@cache
def _table() -> _Table:
    return msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes(), type=_Table)


def load(
    folder: Path, progress: Callable[[float, str], None], cancelled: Callable[[], bool]
) -> Specimen:
    """Read, join and clean the two files; about 3 s.

    Raises:
        DamagedFileError: a file is unreadable, lacks a node, or the two do not fit together.
        Cancelled: when `cancelled()` turned true.
    """
    table = _table()
    progress(0.0, "Reading the trunk")
    trunk = read_glb(folder / table.files["trunk"])
    progress(0.1, "Reading the lower limb")
    limb = read_glb(folder / table.files["lower_limb"])
    for nodes, wanted in ((trunk, [*table.trunk, table.align_on]), (limb, table.lower_limb)):
        if missing := sorted(set(wanted) - set(nodes)):
            raise DamagedFileError(
                f"The Z-Anatomy files lack {', '.join(missing)}: fetch them again."
            )
    middle = trunk[table.midline_of].vertices_mm[:, 0]
    to_midplane = np.array([-(middle.min() + middle.max()) / 2, 0.0, 0.0])
    onto_trunk = _offset(limb[table.align_on], trunk[table.align_on], table.align_tolerance_mm)
    jobs = [(node, to_midplane, trunk[node], name) for node, name in table.trunk.items()]
    jobs += [
        (node, to_midplane + onto_trunk, limb[node], name)
        for node, name in table.lower_limb.items()
    ]
    parts: dict[str, Part] = {}
    for done, (node, shift, surface, name) in enumerate(jobs):
        if cancelled():
            raise Cancelled
        progress(0.15 + 0.8 * done / len(jobs), f"Cleaning {structures()[name].english}")
        part = _part(name, node, surface, shift)
        parts[part.id] = part
        if part.side == "right":
            twin = part.mirrored()
            parts[twin.id] = twin
    progress(0.97, "Finding the landmarks")
    moved, landmarks, frame = into_frame(parts, _curated(table.curated))
    entry = source("z-anatomy")
    return Specimen(
        "z-anatomy",
        entry.title,
        entry.licence,
        entry.credits,
        entry.how_made,
        moved,
        landmarks,
        frame,
    )


def _offset(moving: Surface, fixed: Surface, tolerance_mm: float) -> FloatArray:
    """The shift that lays one copy of a bone on the other."""
    if moving.vertices_mm.shape == fixed.vertices_mm.shape:
        offsets = fixed.vertices_mm - moving.vertices_mm
        shift = offsets.mean(axis=0)
        if np.abs(offsets - shift).max() <= tolerance_mm:
            return np.asarray(shift)
    raise DamagedFileError(
        "The two Z-Anatomy files do not fit together (their hip bones differ): fetch both again."
    )


def _part(structure: str, node: str, surface: Surface, shift: FloatArray) -> Part:
    table = _table()
    moved = Surface(
        surface.vertices_mm + shift, surface.triangles, surface.materials, surface.material_names
    )
    if structures()[structure].paired is False and node.endswith("_r"):
        moved = _doubled(moved)
    whole = _closed_if_possible(moved, table)
    fields = {
        field: whole.material_fraction(material).astype(np.float32)
        for material, field in MATERIAL_FIELDS.items()
        if material in whole.material_names
    }
    vertices = whole.vertices_mm.astype(np.float32)
    return Part(
        structure,
        "right" if structures()[structure].paired else "midline",
        "source",
        vertices,
        whole.triangles.astype(np.int32),
        normals_of(vertices, whole.triangles),
        {name: values for name, values in fields.items() if values.any()},
    )


def _closed_if_possible(surface: Surface, table: _Table) -> Surface:
    """Cleaned with the finest weld that closes it: a coarse one can join sheets that only touch."""
    for weld_mm in table.weld_mm:
        whole = clean(surface, weld_mm, table.largest_hole_edges)
        if is_closed(whole.triangles):
            return whole
    return clean(surface, table.weld_mm[0], table.largest_hole_edges)


def _doubled(half: Surface) -> Surface:
    """A midline structure of which the file holds the right half: with its mirror image."""
    flip = np.array([-1.0, 1.0, 1.0])
    materials = None if half.materials is None else np.tile(half.materials, 2)
    return Surface(
        np.vstack([half.vertices_mm, half.vertices_mm * flip]),
        np.vstack([half.triangles, half.triangles[:, ::-1] + len(half.vertices_mm)]),
        materials,
        half.material_names,
    )


def _curated(points: Mapping[str, _Curated]) -> dict[Side, dict[str, Landmark]]:
    right = {
        name: Landmark(
            name,
            np.array(point.position_mm),
            "curated",
            point.uncertainty_mm,
            point.structure,
            on_surface=False,
            note="centre of the opening's rim",
        )
        for name, point in points.items()
    }
    return {"right": right, "left": {name: mark.mirrored() for name, mark in right.items()}}
