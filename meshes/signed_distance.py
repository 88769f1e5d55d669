"""Signed distances to closed surfaces: fast on a grid, exact at points. Inside is negative."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from meshes.specimen import FloatArray, IntArray, Part

if TYPE_CHECKING:
    import pyvista


@dataclass(frozen=True)
class Grid:
    """A regular grid: its lowest corner, one spacing for all axes, points along each axis."""

    low_mm: tuple[float, float, float]
    spacing_mm: float
    shape: tuple[int, int, int]

    @classmethod
    def around(cls, low_mm: FloatArray, high_mm: FloatArray, spacing_mm: float) -> Grid:
        """The grid that covers a box."""
        count = np.ceil((np.asarray(high_mm) - low_mm) / spacing_mm).astype(int) + 1
        low = (float(low_mm[0]), float(low_mm[1]), float(low_mm[2]))
        return cls(low, spacing_mm, (int(count[0]), int(count[1]), int(count[2])))

    def points_mm(self) -> FloatArray:
        """All grid points, shape + (3,)."""
        axes = [
            low + self.spacing_mm * np.arange(count, dtype=np.float32)
            for low, count in zip(self.low_mm, self.shape, strict=True)
        ]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)

    def index_of(self, points_mm: FloatArray) -> IntArray:
        """Nearest grid index of (n, 3) points, clipped to the grid."""
        index = np.round((np.asarray(points_mm) - self.low_mm) / self.spacing_mm).astype(int)
        return np.clip(index, 0, np.array(self.shape) - 1)

    def sample(self, field: FloatArray, points_mm: FloatArray) -> FloatArray:
        """(n,) trilinear values of a field at (n, 3) points; the border's value outside."""
        from scipy.ndimage import map_coordinates

        where = (np.atleast_2d(points_mm) - self.low_mm) / self.spacing_mm
        return np.asarray(map_coordinates(field, where.T, order=1, mode="nearest"))

    def gradient(self, field: FloatArray, points_mm: FloatArray) -> FloatArray:
        """(n, 3) unit vectors along which the field grows fastest."""
        points, step = np.atleast_2d(points_mm), self.spacing_mm
        slopes = [
            self.sample(field, points + step * axis) - self.sample(field, points - step * axis)
            for axis in np.eye(3)
        ]
        slope = np.stack(slopes, axis=1)
        return np.asarray(slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9))


def occupancy(part: Part, grid: Grid) -> FloatArray:
    """Bool, grid.shape: which grid points lie inside the part's closed surface."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkImagingStencil import vtkImageStencilToImage, vtkPolyDataToImageStencil

    image = vtkImageData()
    image.SetOrigin(grid.low_mm)
    image.SetSpacing((grid.spacing_mm,) * 3)
    image.SetDimensions(grid.shape)
    stencil = vtkPolyDataToImageStencil()
    stencil.SetInputData(polydata(part))
    stencil.SetOutputOrigin(grid.low_mm)
    stencil.SetOutputSpacing((grid.spacing_mm,) * 3)
    stencil.SetOutputWholeExtent(image.GetExtent())
    paint = vtkImageStencilToImage()
    paint.SetInputConnection(stencil.GetOutputPort())
    paint.SetInsideValue(1)
    paint.SetOutsideValue(0)
    paint.SetOutputScalarTypeToUnsignedChar()
    paint.Update()
    flat = vtk_to_numpy(  # type: ignore[no-untyped-call]
        paint.GetOutput().GetPointData().GetScalars()
    )
    return np.asarray(flat.reshape(grid.shape[::-1]).transpose(2, 1, 0) > 0)


def distance_field(inside: FloatArray, grid: Grid) -> FloatArray:
    """float32, grid.shape: signed distance in mm to the border of an occupancy, to half a cell."""
    from scipy.ndimage import distance_transform_edt

    if not inside.any():
        return np.full(grid.shape, np.float32(1e3))
    outer = distance_transform_edt(~inside, sampling=grid.spacing_mm)
    inner = distance_transform_edt(inside, sampling=grid.spacing_mm)
    half = grid.spacing_mm / 2
    return np.asarray(np.where(inside, half - inner, outer - half), np.float32)


def union(parts: Iterable[Part], grid: Grid) -> FloatArray:
    """Bool, grid.shape: inside any of the parts."""
    inside = np.zeros(grid.shape, bool)
    for part in parts:
        inside |= occupancy(part, grid)
    return inside


def exact(part: Part, points_mm: FloatArray) -> FloatArray:
    """(n,) exact signed distances in mm from (n, 3) points to the part's surface."""
    import pyvista as pv

    cloud = pv.PolyData(np.asarray(np.atleast_2d(points_mm), float))
    measured = cloud.compute_implicit_distance(polydata(part))
    return np.asarray(measured["implicit_distance"])


def polydata(part: Part) -> pyvista.PolyData:
    """The part as PyVista mesh, for its filters."""
    import pyvista as pv

    return pv.PolyData.from_regular_faces(
        np.asarray(part.vertices_mm, float), np.asarray(part.triangles)
    )
