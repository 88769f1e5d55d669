"""Reading a binary glTF file (Draco-compressed or not) as plain surfaces, one a node."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from meshes.errors import DamagedFileError
from meshes.surface import Surface

METRES_TO_MM = 1000.0
MOST_TRIANGLES = 20_000_000


def read_glb(path: Path) -> dict[str, Surface]:
    """Surfaces by node name, in mm and LPS; a node's primitives become one surface.

    glTF says metres, +Y up, +Z forward, +X to the body's left (right-handed); LPS is
    (X, −Z, Y). Node transforms are applied; a mirroring one turns its triangles outside out again.

    Raises:
        DamagedFileError: the file is not readable glTF.
    """
    import trimesh

    try:
        scene = trimesh.load_scene(path, file_type="glb", process=False)
        nodes = list(scene.graph.nodes_geometry)
    except Exception as error:  # trimesh raises whatever its parsers raise
        raise DamagedFileError(
            f"{path.name} cannot be read as a 3D model (glTF): fetch it again."
        ) from error
    gathered: dict[str, list[tuple[np.ndarray, np.ndarray, str]]] = {}
    for node in sorted(nodes, key=lambda node: (scene.graph[node][1], node)):
        transform, geometry = scene.graph[node]
        mesh = scene.geometry[geometry]
        if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) > MOST_TRIANGLES:
            continue
        points = trimesh.transform_points(mesh.vertices, transform)
        triangles = np.asarray(mesh.faces)
        if np.linalg.det(transform[:3, :3]) < 0:
            triangles = triangles[:, ::-1]
        material = getattr(getattr(mesh.visual, "material", None), "name", None) or ""
        # A node of several primitives becomes a parent with one child node for each of them.
        parent = scene.graph.transforms.parents.get(node)
        name = parent if parent and str(node).startswith(f"{parent}_") else node
        gathered.setdefault(str(name), []).append((points, triangles, material))
    return {name: _merged(pieces) for name, pieces in gathered.items()}


def _merged(pieces: list[tuple[np.ndarray, np.ndarray, str]]) -> Surface:
    offsets = np.cumsum([0] + [len(points) for points, _, _ in pieces])
    metres = np.vstack([points for points, _, _ in pieces])
    names = tuple(dict.fromkeys(material for _, _, material in pieces))
    return Surface(
        metres[:, [0, 2, 1]] * np.array([1, -1, 1]) * METRES_TO_MM,
        np.vstack([tri + start for (_, tri, _), start in zip(pieces, offsets, strict=False)]),
        np.concatenate([np.full(len(tri), names.index(name)) for _, tri, name in pieces]),
        names,
    )
