"""Colours per vertex: tendon and cartilage, the relief of a surface, the stripes of a scheme.

Coarse meshes look flat in even light. So bones and muscles are drawn a little darker in hollows
and lighter on crests, and the light on muscles falls on calmed normals. Both change the display
alone, never a vertex. (Ambient occlusion on the screen does the same for whole scenes, but cost
three frames more a picture on a software renderer, and showed less of the muscles' fibres.)
"""

from __future__ import annotations

import numpy as np

from annotations.courses.course import Course
from meshes.specimen import FloatArray, Part
from viewer.palette import Material, Rgb, blend, palette, rgb
from viewer.stage.surfaces import Colours


def shaded(colours: FloatArray, hollow: FloatArray) -> Colours:
    """Colours (n, 3) or (1, 3) from 0 to 1, darker in hollows and lighter on crests.

    `hollow` (n,) as in `meshes.relief`.
    """
    relief = palette().relief
    slope = hollow * relief.edge_mm**0.5
    dark = np.clip(slope * relief.dark, 0.0, relief.dark_most)
    light = np.clip((-slope - relief.flat) * relief.light, 0.0, relief.light_most)
    # A row a channel: on three long rows NumPy is several times as fast as on many rows of three.
    channels = colours.T
    # Lighter without leaving the hue: no channel may run into white before the others.
    brightest = np.maximum(np.maximum(channels[0], channels[1]), channels[2])
    light = np.minimum(light, 1.0 / np.maximum(brightest, 0.01) - 1.0)
    return as_bytes((channels * (1.0 + light - dark)).T)


def field_colours(part: Part, material: Material) -> FloatArray:
    """The material's colour, blended to tendon and cartilage where the part says so.

    (n, 3), or (1, 3) where it is the same everywhere.
    """
    channels = np.array([rgb(material.colour)], np.float32).T
    for name, ink in palette().fields.items():
        if name in part.fields:
            share = np.clip(part.fields[name], 0.0, 1.0)
            channels = channels + (np.array([rgb(ink)], np.float32).T - channels) * share
    return channels.T


def striped_colours(part: Part, material: Material, course: Course | None) -> Colours:
    """Light rings along a schematic course: the eye sees that it is drawn, not found."""
    stripes = palette().stripes
    along = _along_mm(part.vertices_mm, course)
    light = (along / stripes.period_mm) % 1.0 < stripes.light
    plain = np.array(rgb(material.colour))
    pale = np.array(blend(rgb(material.colour), rgb(stripes.colour), stripes.share))
    return as_bytes(np.where(light[:, None], pale, plain))


def _along_mm(vertices_mm: FloatArray, course: Course | None) -> FloatArray:
    """How far along the nearest branch each vertex lies (n,), in mm; else its height."""
    if course is None:
        return np.asarray(vertices_mm[:, 2])
    points = np.concatenate([branch.points_mm for branch in course.branches])
    steps = [np.linalg.norm(np.diff(b.points_mm, axis=0), axis=1) for b in course.branches]
    along = np.concatenate([np.concatenate([[0.0], np.cumsum(step)]) for step in steps])
    nearest = np.empty(len(vertices_mm), int)
    # In slices, so that the table of distances stays small.
    for start in range(0, len(vertices_mm), 1024):
        some = slice(start, start + 1024)
        apart = (points**2).sum(axis=1) - 2 * (vertices_mm[some] @ points.T)
        nearest[some] = apart.argmin(axis=1)
    return np.asarray(along[nearest])


def drawn_towards(colours: Colours, goal: Rgb, share: float) -> Colours:
    """Colours (n, 3) taken the given share of the way to one colour."""
    plain = colours / 255
    return as_bytes(plain + (np.array(goal) - plain) * share)


def as_bytes(colours: FloatArray) -> Colours:
    """Shares from 0 to 1 as whole numbers from 0 to 255."""
    out = np.clip(colours, 0.0, 1.0)
    out *= 255
    return np.ascontiguousarray(np.rint(out, out=out), np.uint8)
