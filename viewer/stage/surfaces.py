"""Plain arrays → vtkPolyData, without copying, and small shapes made from arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

from meshes.specimen import FloatArray, IntArray
from viewer.stage.arrays import borrowed

Colours = NDArray[np.uint8]
# The array of the texture coordinates: across and along fibres, or places for a hatch.
COORDINATES = "Coordinates"


class Surface:
    """A triangle mesh that VTK draws straight from the arrays that it is given.

    `vertices_mm` (n, 3), `triangles` (m, 3), `normals` (n, 3), `colours` (n, 3) or None,
    `texture_coordinates` (n, 2) or None. The arrays are kept here, because VTK only borrows
    their memory.
    """

    def __init__(
        self,
        vertices_mm: FloatArray,
        triangles: IntArray,
        normals: FloatArray,
        colours: Colours | None = None,
        texture_coordinates: FloatArray | None = None,
    ) -> None:
        self.vertices_mm = np.ascontiguousarray(vertices_mm, np.float32)
        self.triangles = np.ascontiguousarray(triangles, np.int32)
        self.normals = np.ascontiguousarray(normals, np.float32)
        self.colours = colours
        self.texture_coordinates = texture_coordinates
        self.data = self._polydata(colours)
        # Those that VTK's mappers ask for too: it keeps them.
        bounds = [0.0] * 6
        self.data.GetCellsBounds(bounds)
        self.bounds_mm = np.reshape(bounds, (3, 2)).T

    def coloured(self, colours: Colours | None) -> vtkPolyData:
        """The same mesh with other colours (n, 3), sharing everything else."""
        return self._polydata(colours)

    def _polydata(self, colours: Colours | None) -> vtkPolyData:
        points = vtkPoints()
        points.SetData(borrowed(self.vertices_mm))
        cells = vtkCellArray()
        cells.SetData(3, borrowed(self.triangles.reshape(-1)))
        data = vtkPolyData()
        data.SetPoints(points)
        data.SetPolys(cells)
        normals = borrowed(self.normals)
        normals.SetName("Normals")
        data.GetPointData().SetNormals(normals)
        if colours is not None:
            scalars = borrowed(np.ascontiguousarray(colours, np.uint8))
            scalars.SetName("Colours")
            data.GetPointData().SetScalars(scalars)
        if self.texture_coordinates is not None:
            where = borrowed(self.texture_coordinates)
            where.SetName(COORDINATES)
            data.GetPointData().SetTCoords(where)
        return data


def merged(surfaces: Sequence[tuple[FloatArray, IntArray, FloatArray]]) -> Surface:
    """Several (vertices, triangles, normals) as one surface."""
    starts = np.cumsum([0] + [len(vertices) for vertices, _, _ in surfaces[:-1]])
    return Surface(
        np.concatenate([vertices for vertices, _, _ in surfaces]),
        np.concatenate([t + start for (_, t, _), start in zip(surfaces, starts, strict=True)]),
        np.concatenate([normals for _, _, normals in surfaces]),
    )


def ball(centre_mm: FloatArray, radius_mm: float, around: int = 24) -> Surface:
    """A sphere of `around` × `around` / 2 facets."""
    rings = around // 2
    polar = np.linspace(0, np.pi, rings + 1)[:, None]
    azimuth = np.linspace(0, 2 * np.pi, around, endpoint=False)[None, :]
    normals = np.stack(
        [
            np.sin(polar) * np.cos(azimuth),
            np.sin(polar) * np.sin(azimuth),
            np.broadcast_to(np.cos(polar), (rings + 1, around)),
        ],
        axis=-1,
    ).reshape(-1, 3)
    return Surface(np.asarray(centre_mm) + radius_mm * normals, _grid(rings + 1, around), normals)


def tube(
    points_mm: FloatArray, radius_mm: float, around: int = 8
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Vertices, triangles and normals of a round tube along a line (k, 3) of some length.

    The frame is carried along without twist (double reflection: Wang et al. 2008, "Computation of
    rotation minimizing frames").
    """
    points = distinct(points_mm)
    tangents = np.gradient(points, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-12)
    across = np.empty_like(points)
    start = np.cross(tangents[0], np.eye(3)[np.argmin(np.abs(tangents[0]))])
    across[0] = start / np.linalg.norm(start)
    for i in range(len(points) - 1):
        step = points[i + 1] - points[i]
        length = step @ step
        r, t = across[i], tangents[i]
        if length > 0:
            r, t = (v - step * (2 * (step @ v) / length) for v in (r, t))
        turn = tangents[i + 1] - t
        square = turn @ turn
        across[i + 1] = r if square == 0 else r - turn * (2 * (turn @ r) / square)
    # Round the way in which the rings of `_grid` face outwards.
    other = np.cross(across, tangents)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)[None, :, None]
    normals = across[:, None] * np.cos(angle) + other[:, None] * np.sin(angle)
    vertices = points[:, None] + radius_mm * normals
    return vertices.reshape(-1, 3), _grid(len(points), around), normals.reshape(-1, 3)


def distinct(points_mm: FloatArray) -> FloatArray:
    """A line (k, 3) without points that lie where the one before them lies."""
    points = np.asarray(points_mm, float)
    moves = np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-6
    return points[np.concatenate([[True], moves])]


def _grid(rows: int, around: int) -> IntArray:
    """Triangles of a rolled-up grid of `rows` rings with `around` points each."""
    i = np.arange(rows - 1)[:, None] * around
    j = np.arange(around)[None, :]
    k = (j + 1) % around
    a, b, c, d = i + j, i + k, i + around + j, i + around + k
    return np.stack([a, c, b, b, c, d], axis=-1).reshape(-1, 3).astype(np.int32)
