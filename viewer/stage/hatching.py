"""Hatching of zones: lines, crosses or dots at fixed distances on the surface, drawn by the shader.

The hatch is a matter of millimetres on the surface, not of pixels: it grows and shrinks with the
anatomy, and a small and a large picture show the same. Where its lines come too close for the
picture they fade out, instead of flickering or dulling the colour.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkDataObject
from vtkmodules.vtkRenderingCore import vtkActor

from meshes.specimen import FloatArray, IntArray
from viewer.palette import Colour, Hatch, rgb
from viewer.stage.surfaces import COORDINATES

PATTERNS = {"lines": 0, "cross": 1, "dots": 2}
UP = np.array([0.0, 0.0, 1.0])

_VERTEX = (
    ("//VTK::Normal::Dec", "in vec2 hatchMM;\nout vec2 hatchVSOutput;"),
    ("//VTK::Normal::Impl", "hatchVSOutput = hatchMM;"),
)
DECLARED = (
    "//VTK::Normal::Dec",
    """
in vec2 hatchVSOutput;
float hatchLine(float along, float spacing, float breadth) {
  float soft = 0.7 * fwidth(along);
  float off = abs(fract(along / spacing) - 0.5) * spacing;
  float line = 1.0 - smoothstep(0.5 * breadth - soft, 0.5 * breadth + soft, off);
  return line * (1.0 - smoothstep(0.1, 0.25, soft / spacing));
}
float hatchDot(vec2 at, float spacing, float breadth) {
  vec2 cell = at / spacing;
  cell.x += 0.5 * mod(floor(cell.y), 2.0);
  float soft = 0.7 * max(fwidth(at.x), fwidth(at.y));
  float off = length(fract(cell) - 0.5) * spacing;
  float dots = 1.0 - smoothstep(0.5 * breadth - soft, 0.5 * breadth + soft, off);
  return dots * (1.0 - smoothstep(0.1, 0.25, soft / spacing));
}
""",
)
DRAWN = """
  vec2 hatchAt = mat2(hatchTurn.x, -hatchTurn.y, hatchTurn.y, hatchTurn.x) * hatchVSOutput;
  float hatched = hatchPattern == 2
    ? hatchDot(hatchAt, hatchSize.x, hatchSize.y)
    : hatchLine(hatchAt.y, hatchSize.x, hatchSize.y);
  if (hatchPattern == 1) hatched = max(hatched, hatchLine(hatchAt.x, hatchSize.x, hatchSize.y));
  fragOutput0.rgb = mix(fragOutput0.rgb, hatchInk, hatched);
"""


def hatch(actor: vtkActor, ink: Hatch, colour: Colour) -> None:
    """Give an actor what the shader needs: the pattern, and where each point lies (`flat_mm`).

    The places are the texture coordinates of its surface.
    """
    mapper: Any = actor.GetMapper()
    mapper.MapDataArrayToVertexAttribute(
        "hatchMM", COORDINATES, vtkDataObject.FIELD_ASSOCIATION_POINTS, -1
    )
    shader = actor.GetShaderProperty()
    for place, code in _VERTEX:
        shader.AddVertexShaderReplacement(place, True, f"{place}\n{code}", False)
    turn = math.radians(ink.angle_deg)
    uniforms = shader.GetFragmentCustomUniforms()
    uniforms.SetUniformi("hatchPattern", PATTERNS[ink.pattern])
    uniforms.SetUniform2f("hatchTurn", [math.cos(turn), math.sin(turn)])
    uniforms.SetUniform2f("hatchSize", [ink.spacing_mm, ink.width_mm])
    uniforms.SetUniform3f("hatchInk", list(rgb(colour)))


def flat_mm(vertices_mm: FloatArray, triangles: IntArray, normals: FloatArray) -> FloatArray:
    """(n, 2) float32 places, right and up, in the plane that a surface (n, 3) lies in on the whole.

    Seen from behind; so a hatch keeps its direction on both sides of the body.
    """
    a, b, c = np.moveaxis(vertices_mm.astype(float)[triangles], 1, 0)
    out = np.cross(b - a, c - a).sum(axis=0)
    out = out if np.linalg.norm(out) > 0 else normals.astype(float).sum(axis=0)
    out = out if out[1] >= 0 else -out
    right = np.cross(UP, out)
    if np.linalg.norm(right) < 1e-6:
        out, right = np.array([0.0, 1.0, 0.0]), np.array([-1.0, 0.0, 0.0])
    right /= np.linalg.norm(right)
    up = np.cross(out, right)
    up /= np.linalg.norm(up)
    return np.ascontiguousarray(vertices_mm @ np.stack([right, up], axis=1), np.float32)
