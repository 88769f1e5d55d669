"""Distances along a surface, exact (Mitchell, Mount and Papadimitriou 1987, by pygeodesic)."""

from __future__ import annotations

import numpy as np

from meshes.specimen import FloatArray, IntArray


class Geodesics:
    """Distances over one connected surface of n vertices; made once, asked often."""

    def __init__(self, vertices_mm: FloatArray, triangles: IntArray) -> None:
        from pygeodesic.geodesic import PyGeodesicAlgorithmExact

        self._vertices = np.asarray(vertices_mm, float)
        self._triangles = np.asarray(triangles, np.int32)
        self._solver = PyGeodesicAlgorithmExact(self._vertices, self._triangles)

    def from_vertices(self, vertices: IntArray) -> FloatArray:
        """(n,) mm from the nearest of some vertices.

        Raises:
            ValueError: no vertices are given.
        """
        sources = np.asarray(vertices, np.int32)
        if not len(sources):
            raise ValueError("a distance along the surface needs a place to start from")
        return np.asarray(self._solver.geodesicDistances(sources)[0])
