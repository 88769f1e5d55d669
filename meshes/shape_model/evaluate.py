"""Evaluating the shape model's curved patches to closed triangle surfaces.

The package `musculoskeletal-models` carries node parameters (`.geof`, JSON) and the elements that
join them (`.ens`, `.mesh`). Every element is a Lagrange patch on equally spaced nodes; a surface
is its basis times its nodes on a grid, with shared borders welded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from meshes.shape_model import package_file
from meshes.specimen import FloatArray, IntArray
from meshes.surface import Surface, weld

# Patch type: (is it a triangle, degree along the first and the second direction).
PATCHES = {
    "quad44": (False, 3, 3),
    "quad54": (False, 4, 3),
    "quad55": (False, 4, 4),
    "tri10": (True, 3, 3),
    "tri15": (True, 4, 4),
}
WELD_MM = 1e-3


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Elements over shared nodes: patch type and node numbers of each element."""

    types: dict[int, str]
    nodes: dict[int, IntArray]


@cache
def ensemble(name: str) -> Ensemble:
    """Elements of a mesh of the package, for example `femur_left_quartic_flat`.

    Raises:
        ValueError: the file uses a patch or a hanging node that this reader does not know.
    """
    mesh = json.loads(_file(f"{name}.mesh").read_text())
    joined = {_pair(k): [_pair(c) for c in v.split()] for k, v in mesh["connectivity"].items()}
    if any(element < 0 for element, _ in joined):
        raise ValueError(f"{name} has hanging nodes")
    numbers: dict[tuple[int, int], int] = {}
    count = 0
    for point in sorted(joined):
        if point not in numbers:
            numbers[point] = count
            numbers.update(dict.fromkeys(joined[point], count))
            count += 1
    types = {int(e): text.split()[1] for e, text in mesh["elements"].items()}
    if unknown := set(types.values()) - set(PATCHES):
        raise ValueError(f"{name} has patches of unknown type: {', '.join(sorted(unknown))}")
    nodes = {
        e: np.array([numbers[e, p] for p in range(len(_lattice(kind)))])
        for e, kind in types.items()
    }
    return Ensemble(types, nodes)


@cache
def mean_nodes_mm(name: str) -> FloatArray:
    """(n, 3) node positions of a `.geof` file in mm, LPS."""
    fields = json.loads(_file(f"{name}.geof").read_text())["field_parameters"]
    return np.array(
        [
            [float(np.ravel(str(fields[key][f"dim {axis}"]).split()[0])[0]) for axis in range(3)]
            for key in sorted(fields)
        ]
    )


def surface(of: Ensemble, nodes_mm: FloatArray, elements: Iterable[int], steps: int) -> Surface:
    """Closed surface of some elements, `steps` grid cells along each edge of a patch."""
    points, triangles, count = [], [], 0
    for element in elements:
        basis, grid = _basis_on_grid(of.types[element], steps)
        points.append(basis @ nodes_mm[of.nodes[element]])
        triangles.append(grid + count)
        count += len(basis)
    return weld(Surface(np.vstack(points), np.vstack(triangles)), WELD_MM)


@cache
def _basis_on_grid(kind: str, steps: int) -> tuple[FloatArray, IntArray]:
    """Lagrange basis (grid points × nodes) and the grid's triangles, for one patch type."""
    triangular, *_ = PATCHES[kind]
    row = [steps - j if triangular else steps for j in range(steps + 1)]
    start = np.cumsum([0] + [length + 1 for length in row])
    xi = np.array([(i / steps, j / steps) for j in range(steps + 1) for i in range(row[j] + 1)])
    grid = []
    for j in range(steps):
        for i in range(row[j]):
            a, b = start[j] + i, start[j + 1] + i
            grid.append((a, a + 1, b))
            if i < row[j + 1]:
                grid.append((a + 1, b + 1, b))
    basis = _monomials(kind, xi) @ np.linalg.inv(_monomials(kind, _lattice(kind)))
    return basis, np.array(grid)


def _monomials(kind: str, xi: FloatArray) -> FloatArray:
    triangular, first, second = PATCHES[kind]
    powers = [
        (i, j)
        for j in range(second + 1)
        for i in range(first + 1)
        if not triangular or i + j <= first
    ]
    return np.stack([xi[:, 0] ** i * xi[:, 1] ** j for i, j in powers], axis=1)


@cache
def _lattice(kind: str) -> FloatArray:
    """The patch's nodes in its own coordinates, 0 to 1."""
    triangular, first, second = PATCHES[kind]
    return np.array(
        [
            (i / first, j / second)
            for j in range(second + 1)
            for i in range(first + 1 - (j if triangular else 0))
        ]
    )


def _pair(text: str) -> tuple[int, int]:
    element, point = text.split("_")
    return int(element), int(point)


def _file(name: str) -> Path:
    return package_file(f"atlas_meshes/{name}")
