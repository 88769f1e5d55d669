"""The relief of a surface, for display alone: its hollows and crests, and calmed normals.

Both depend on nothing but the mesh, and take a while on a whole specimen: so they are worked out
once, when a specimen is completed, and kept with it as the fields `hollow` and `calm_normals`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from meshes.specimen import FloatArray, Part, Specimen
from meshes.structure import Kind, structures

# Kinds whose hollows and crests are brought out, and those among them whose normals are calmed.
SCULPTED: tuple[Kind, ...] = ("bone", "muscle", "ligament", "fascia")
CALMED: tuple[Kind, ...] = ("muscle",)
HOLLOW, CALM_NORMALS = "hollow", "calm_normals"
# How often the normals of coarse muscles are averaged with their neighbours'.
TIMES = 2


class Relief:
    """Hollows and calmed normals of a part: kept ones where it has them, else worked out now."""

    def __init__(self, part: Part) -> None:
        self._part = part

    @cached_property
    def hollow(self) -> FloatArray:
        """How far the neighbours rise above a vertex's tangent plane, (n,) float32, in mm^-½.

        A slope, positive in hollows and negative on crests, over the square root of the mean edge
        in mm: so fine and coarse meshes compare.
        """
        if HOLLOW in self._part.fields:
            return self._part.fields[HOLLOW]
        vertices = self._part.vertices_mm
        steps = vertices[self._end] - vertices[self._start]
        lengths = np.maximum(np.sqrt(np.einsum("ij,ij->i", steps, steps)), 1e-6)
        slopes = np.einsum("ij,ij->i", steps, self._part.normals[self._start]) / lengths
        hollow = self._mean(slopes)
        # One pass of smoothing takes out the noise of single vertices.
        hollow = (hollow + self._mean(hollow[self._end])) / 2
        return np.asarray(hollow / max(float(lengths.mean()), 1e-6) ** 0.5, np.float32)

    @cached_property
    def calm_normals(self) -> FloatArray:
        """Normals averaged with their neighbours', (n, 3) float32 unit vectors."""
        if CALM_NORMALS in self._part.fields:
            return self._part.fields[CALM_NORMALS]
        out = np.asarray(self._part.normals, float)
        for _ in range(TIMES):
            out = out + np.stack([self._mean(out[self._end, k]) for k in range(3)], axis=1)
            out /= np.maximum(np.sqrt(np.einsum("ij,ij->i", out, out)), 1e-9)[:, None]
        return out.astype(np.float32)

    # Every triangle's edges, one way: on a closed surface its neighbour goes the other way.

    @cached_property
    def _start(self) -> FloatArray:
        return self._part.triangles.reshape(-1)

    @cached_property
    def _end(self) -> FloatArray:
        return np.asarray(self._part.triangles[:, [1, 2, 0]].reshape(-1))

    @cached_property
    def _share(self) -> FloatArray:
        count = np.bincount(self._start, minlength=len(self._part.vertices_mm))
        return np.asarray(1.0 / np.maximum(count, 1))

    def _mean(self, values: FloatArray) -> FloatArray:
        """The mean of the neighbours' values, (n,), from one value an edge."""
        sums = np.bincount(self._start, values, minlength=len(self._share))
        return np.asarray(sums * self._share)


def with_relief(specimen: Specimen) -> Specimen:
    """The specimen with the fields `hollow` and `calm_normals` on the parts that show them."""
    return specimen.with_parts(_with_fields(part) for part in specimen.parts.values())


def _with_fields(part: Part) -> Part:
    kind, relief = structures()[part.structure].kind, Relief(part)
    fields = dict(part.fields)
    if kind in SCULPTED:
        fields[HOLLOW] = relief.hollow
    if kind in CALMED:
        fields[CALM_NORMALS] = relief.calm_normals
    return replace(part, fields=fields)
