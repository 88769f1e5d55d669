"""Exporting an atlas: a folder of PLY meshes with `specimen.json`, or one GLB file."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from annotations.atlas import Atlas
from annotations.courses.course import Course
from annotations.measure import about, landmarks, part_figures, rounded
from meshes.cache import write_beside
from meshes.errors import GluteaError
from meshes.specimen import Part, Side
from viewer.palette import colour_of

MM_TO_METRES = 1e-3


def export(atlas: Atlas, path: Path, part_ids: Iterable[str], sides: tuple[Side, ...]) -> None:
    """Write the parts to `path`: `*.glb` one file, else a folder. Nothing of the user's is lost.

    Raises:
        GluteaError: nothing to write, another kind of file asked for, the target holds other
            things or cannot be written.
    """
    parts = [atlas.parts[name] for name in part_ids]
    if not parts:
        raise GluteaError("There is nothing to export: show at least one structure (--show).")
    try:
        if path.suffix.lower() == ".glb":
            write_beside(path, _glb(atlas, parts))
        elif path.suffix[1:].isalpha() and not path.is_dir():
            # A folder of that name would not be what was asked for.
            raise GluteaError(
                f"Glutea does not write {path.suffix} yet: name a folder (PLY meshes and "
                "specimen.json) or a file that ends in .glb."
            )
        elif path.is_file():
            raise GluteaError(f"{path} is a file, and stays as it is: name a folder or a new name.")
        else:
            _folder(atlas, parts, path, sides)
    except OSError as error:
        raise GluteaError(
            f"The export to {path} failed ({error.strerror or error}): choose another place or "
            "free some space."
        ) from error


def _folder(atlas: Atlas, parts: list[Part], path: Path, sides: tuple[Side, ...]) -> None:
    path = path.resolve()  # "." has neither a name nor a parent to write beside
    ours = _earlier_export(path)
    foreign = [
        entry.name for entry in (path.iterdir() if path.is_dir() else ()) if entry.name not in ours
    ]
    if foreign:
        raise GluteaError(
            f"The folder {path} holds other things ({foreign[0]}): name a new or empty folder."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as beside:
        for part in parts:
            (Path(beside) / f"{part.id}.ply").write_bytes(_ply(atlas, part))
        document = json.dumps(specimen_document(atlas, parts, sides), indent=1, ensure_ascii=False)
        (Path(beside) / "specimen.json").write_text(document, encoding="utf-8")
        path.mkdir(exist_ok=True)
        # An earlier export makes room only when the new one is complete.
        for old in path.iterdir():
            old.unlink()
        for new in Path(beside).iterdir():
            shutil.move(str(new), path / new.name)


def _earlier_export(path: Path) -> set[str]:
    """The files of an earlier export into this folder, which a new one may replace."""
    try:
        document = json.loads((path / "specimen.json").read_text(encoding="utf-8"))
        return {"specimen.json", *(str(part["file"]) for part in document["parts"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def specimen_document(atlas: Atlas, parts: list[Part], sides: tuple[Side, ...]) -> dict[str, Any]:
    """What `specimen.json` holds: landmarks, courses as centrelines, provenance of each part."""
    return {
        **about(atlas.specimen),
        "variants": msgspec.to_builtins(atlas.request.variants),
        "landmarks": landmarks(atlas.specimen, sides),
        "parts": [{"file": f"{part.id}.ply", **part_figures(part)} for part in parts],
        "courses": {
            name: {side: _course(course) for side, course in by_side.items() if side in sides}
            for name, by_side in atlas.courses.items()
        },
    }


def _course(course: Course) -> dict[str, Any]:
    return {
        "origin": course.origin,
        "note": course.note,
        "branches": [
            {
                "name": branch.name,
                "parent": branch.parent,
                "role": branch.role,
                # Thickness over width; `radius_mm` is half the width.
                "flatness": branch.flatness,
                # The unit vector that the flat faces look along; none where it is round.
                "flat_towards": None
                if branch.flat_mm is None
                else [round(float(share), 4) for share in branch.flat_mm],
                "points_mm": [rounded(point) for point in branch.points_mm],
                "radius_mm": [round(float(radius), 3) for radius in branch.radius_mm],
            }
            for branch in course.branches
        ],
    }


def _ply(atlas: Atlas, part: Part) -> bytes:
    """Binary little-endian PLY with normals; provenance and credit as comments."""
    comments = [
        f"Glutea: {part.id}, {part.origin}",
        "millimetres, LPS",
        *atlas.specimen.credits,
        f"Licence: {atlas.specimen.licence}",
    ]
    header = [
        "ply",
        "format binary_little_endian 1.0",
        *(f"comment {_ascii(c)}" for c in comments),
        f"element vertex {len(part.vertices_mm)}",
        *(f"property float {name}" for name in ("x", "y", "z", "nx", "ny", "nz")),
        f"element face {len(part.triangles)}",
        "property list uchar int vertex_indices",
        "end_header",
        "",
    ]
    points = np.hstack([part.vertices_mm, part.normals]).astype("<f4")
    faces = np.empty(len(part.triangles), dtype=[("n", "u1"), ("index", "<i4", 3)])
    faces["n"], faces["index"] = 3, part.triangles
    return "\n".join(header).encode() + points.tobytes() + faces.tobytes()


def _ascii(text: str) -> str:
    return text.replace("©", "(c)").replace("—", "-").encode("ascii", "replace").decode()


def _glb(atlas: Atlas, parts: list[Part]) -> bytes:
    """Binary glTF in metres, +Y up; one node a part, credit in the file's copyright line."""
    import trimesh

    scene = trimesh.Scene()
    for part in parts:
        metres = part.vertices_mm[:, [0, 2, 1]] * np.array([1, 1, -1]) * MM_TO_METRES
        normals = part.normals[:, [0, 2, 1]] * np.array([1, 1, -1])
        mesh = trimesh.Trimesh(metres, part.triangles, vertex_normals=normals, process=False)
        rgba = [int(colour_of(part.id)[i : i + 2], 16) for i in (1, 3, 5)] + [255]
        mesh.visual = trimesh.visual.TextureVisuals(
            material=trimesh.visual.material.PBRMaterial(
                name=part.structure, baseColorFactor=rgba, metallicFactor=0.0, roughnessFactor=0.6
            )
        )
        mesh.metadata.update(part_figures(part))
        scene.add_geometry(mesh, node_name=part.id, geom_name=part.id)
    provenance = about(atlas.specimen)

    def credit(tree: dict[str, Any]) -> None:
        lines = [*provenance["credits"], f"Licence: {provenance['licence']}", "Glutea"]
        tree["asset"]["copyright"] = " | ".join(lines)
        tree["asset"]["extras"] = provenance

    result = scene.export(file_type="glb", tree_postprocessor=credit)
    assert isinstance(result, bytes)
    return result
