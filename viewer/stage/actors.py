"""What is drawn of each item: its surfaces, their materials, and how they answer to a look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from vtkmodules.vtkCommonCore import vtkInformation
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkTexture
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLActor

from annotations.atlas import Atlas
from annotations.zones.zone import Patch, Zones
from meshes.relief import CALMED, SCULPTED, Relief
from meshes.specimen import FloatArray, Landmark, Part, part_id
from meshes.structure import structures
from viewer.items import LINE, view_table
from viewer.palette import Material, blend, landmark_colour, material_of, palette, rgb
from viewer.stage.hatching import DECLARED, DRAWN, flat_mm, hatch
from viewer.stage.striation import coordinates
from viewer.stage.surfaces import Surface, ball, distinct, merged, tube
from viewer.stage.tones import drawn_towards, field_colours, shaded, striped_colours

# Drawing constants, in mm of the specimen (nothing anatomical).
EDGE_RADIUS_MM = 0.55
LANDMARK_RADIUS_MM = 2.6
LINE_RADIUS_MM = 0.6
TICK_MM = 12.0
OUTLINE_MM = 1.1
WHITE = (1.0, 1.0, 1.0)
# Kinds whose surfaces have no open ends.
CLOSED = ("bone", "muscle")
OPAQUE = 0.995
# How far zones are brought forward, and each rank before the one below it, in VTK's units of depth
# (a millimetre is some 80 of them in a fitted view).
FORWARD, FORWARD_RANK = 100.0, 14.0
# The same for picking.
RANK_MM = 0.25
_LIGHT = "//VTK::Light::Impl"
GLASS = """
  float away = 1.0 - abs(normalVCVSOutput.z);
  fragOutput0.rgb = mix(fragOutput0.rgb, vec3(1.0), 0.18);
  fragOutput0.a = clamp(fragOutput0.a * (0.40 + 2.2 * away * away), 0.0, 1.0);
"""
# What is seen of the inside of a closed surface is exactly what a cut through something solid
# shows: in one flat colour the far walls look like the cut face.
CUT_FACE = """
  if (!gl_FrontFacing) fragOutput0.rgb = vec3({:.4f}, {:.4f}, {:.4f});
"""


class Shown(msgspec.Struct, frozen=True):
    """How an item is drawn at the moment."""

    opacity: float
    selected: bool


class Piece(msgspec.Struct, eq=False):
    """One surface with its actor.

    `base` is the opacity that it has in a fully opaque look; `glass` ghosts look as glass does;
    `rank` decides between surfaces that coincide and are brought `forward`; `closed` ones are never
    seen from inside, unless they are `opened` by a cut; `hatched` ones carry the places that a
    hatch is drawn by.
    """

    surface: Surface
    actor: vtkActor
    material: Material
    base: float = 1.0
    closed: bool = True
    glass: bool = False
    rank: int = 0
    pickable: bool = True
    visible: bool = True
    opened: bool = False
    clear: bool = False
    hatched: bool = False
    forward: bool = False
    shader: str | None = None

    def show(self, shown: Shown) -> None:
        """Take on an opacity and a highlight."""
        opacity = shown.opacity * self.base
        made = self.actor.GetProperty()
        made.SetOpacity(1.0 if opacity > OPAQUE else opacity)
        # Of a closed surface only what faces the viewer is drawn: half the work, clearer ghosts.
        self.clear = opacity <= OPAQUE
        self.open(self.opened)
        # A ghost is tinted: an outline's far side would hide what the ghost lets through.
        mark = palette().selected
        goal, share = (rgb(mark.colour), mark.ghost_share) if self.clear else (WHITE, mark.share)
        share = share if shown.selected else 0.0
        made.SetColor(*blend(rgb(self.material.colour), goal, share))
        if self.surface.colours is not None:
            data = self.surface.data
            if share:
                data = self.surface.coloured(drawn_towards(self.surface.colours, goal, share))
            mapper: Any = self.actor.GetMapper()
            mapper.SetInputData(data)

    def open(self, opened: bool) -> None:
        """Show the inside too, as the face of a cut, or no longer."""
        self.opened = opened
        shown_inside = opened and not self.clear
        self.actor.GetProperty().SetBackfaceCulling(self.closed and not shown_inside)
        if self.clear:
            # A ghost is clear where it faces the viewer and denser where it turns away.
            self._shade(GLASS if self.glass else "")
        elif opened and self.material.cut is not None:
            self._shade(CUT_FACE.format(*rgb(self.material.cut)))
        else:
            self._shade("")

    def _shade(self, how: str) -> None:
        """Add to what the shader does after lighting; only a change costs anything."""
        if how == self.shader:
            return
        self.shader = how
        shader = self.actor.GetShaderProperty()
        shader.ClearAllFragmentShaderReplacements()
        if self.hatched:
            place, code = DECLARED
            shader.AddFragmentShaderReplacement(place, True, f"{place}\n{code}", False)
            how = DRAWN + how
        if how:
            shader.AddFragmentShaderReplacement(_LIGHT, True, _LIGHT + how, False)


class Drawn(msgspec.Struct, eq=False):
    """All pieces of one item; `source` is what they were made from."""

    item: str
    source: object
    pieces: list[Piece] = []
    outline: Piece | None = None

    def show(self, shown: Shown) -> None:
        """Take on an opacity and a highlight."""
        for piece in self.pieces:
            piece.show(shown)
        if self.outline is None and shown.selected:
            self.outline = _outline(self.pieces[0])
        if self.outline is not None:
            self.outline.visible = shown.selected and shown.opacity > OPAQUE

    def open(self, opened: bool) -> None:
        """Show the inside of closed surfaces too, or no longer."""
        for piece in self.pieces:
            piece.open(opened)

    @property
    def actors(self) -> Iterator[tuple[vtkActor, bool]]:
        """Every actor, and whether it is seen while the item is shown."""
        for piece in (*self.pieces, *filter(None, [self.outline])):
            yield piece.actor, piece.visible


def sources(atlas: Atlas) -> dict[str, object]:
    """What each item of an atlas is drawn from, by item id."""
    found: dict[str, object] = dict(atlas.parts)
    for side, zones in atlas.zones.items():
        found |= {f"zone/{patch.id}": patch for patch in zones.patches.values()}
        found[f"line/{part_id(LINE, side)}"] = zones
    for side, landmarks in atlas.specimen.landmarks.items():
        for name in view_table().landmarks.keys() & landmarks.keys():
            found[f"landmark/{part_id(name, side)}"] = landmarks[name]
    return found


def draw(item: str, source: object, atlas: Atlas, fibres: vtkTexture) -> Drawn:
    """Make the pieces of an item; `fibres` is the texture of the muscles."""
    drawn = Drawn(item, source)
    if isinstance(source, Part):
        drawn.pieces.append(_part(source, atlas, fibres))
    elif isinstance(source, Patch):
        drawn.pieces.extend(_patch(source))
    elif isinstance(source, Landmark):
        drawn.pieces.append(_landmark(source))
    elif isinstance(source, Zones):
        drawn.pieces.append(_line(source.dimension_line_mm))
    return drawn


def _part(part: Part, atlas: Atlas, fibres: vtkTexture) -> Piece:
    material = material_of(part.structure)
    kind = structures()[part.structure].kind
    normals, colours = part.normals, None
    if kind in SCULPTED:
        relief = Relief(part)
        colours = shaded(field_colours(part, material), relief.hollow)
        if kind in CALMED:
            normals = relief.calm_normals
    if part.origin == "schematic":
        course = atlas.courses.get(part.structure, {}).get(part.side)
        colours = striped_colours(part, material, course)
    along = coordinates(part, atlas.specimen) if kind == "muscle" else None
    surface = Surface(part.vertices_mm, part.triangles, normals, colours, along)
    actor = _actor(surface, material)
    if along is not None:
        actor.SetTexture(fibres)
    return Piece(surface, actor, material, closed=kind in CLOSED, glass=True)


def _patch(patch: Patch) -> Iterator[Piece]:
    ink = palette().zones[patch.zone]
    glow = Material(ink.colour, ambient=0.9, diffuse=0.1, specular=0.0, power=1.0)
    if len(patch.triangles):
        places = flat_mm(patch.vertices_mm, patch.triangles, patch.normals)
        surface = Surface(
            patch.vertices_mm, patch.triangles, patch.normals, texture_coordinates=places
        )
        actor = _actor(surface, glow)
        hatch(actor, ink.hatch, ink.edge)
        fill = Piece(
            surface, actor, glow, base=ink.opacity, closed=False, rank=ink.rank, hatched=True
        )
        # Zones that coincide are settled by depth, whichever is drawn first: a zone of lower rank
        # drawn later must not veil the one that lies on top.
        keys = vtkInformation()
        keys.Set(vtkOpenGLActor.GLDepthMaskOverride(), 1)
        actor.SetPropertyKeys(keys)
        yield _brought_forward(fill)
    edges = [line for line in patch.outline_mm if len(line) and len(distinct(line)) > 1]
    if edges:
        edge = Material(ink.edge, ambient=0.5, diffuse=0.5, specular=0.0, power=1.0)
        border = merged([tube(line, EDGE_RADIUS_MM) for line in edges])
        actor = _actor(border, edge)
        yield _brought_forward(Piece(border, actor, edge, rank=ink.rank, pickable=False))


def _brought_forward(piece: Piece) -> Piece:
    """Let the piece win against surfaces that it touches."""
    piece.forward = True
    bring_forward(piece.actor, piece.rank)
    return piece


def bring_forward(actor: vtkActor, rank: int) -> None:
    """Let an actor win against surfaces that it touches, by a millimetre or two of depth."""
    units = -FORWARD - FORWARD_RANK * rank
    mapper = actor.GetMapper()
    mapper.SetResolveCoincidentTopologyToPolygonOffset()
    mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(0.0, units)


def _landmark(landmark: Landmark) -> Piece:
    colour = landmark_colour(landmark.name)
    material = Material(colour, ambient=0.35, diffuse=0.7, specular=0.2, power=30.0)
    if landmark.polyline_mm is not None:
        surface = merged([tube(landmark.polyline_mm, LANDMARK_RADIUS_MM / 2)])
    else:
        surface = ball(landmark.position_mm, LANDMARK_RADIUS_MM)
    return Piece(surface, _actor(surface, material), material)


def _line(ends_mm: FloatArray) -> Piece:
    """The dimension line with a tick across each end."""
    start, end = np.asarray(ends_mm, float)
    along = (end - start) / np.linalg.norm(end - start)
    across = np.cross(along, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across)
    tick = across * TICK_MM / 2
    strokes = [(start, end), (start - tick, start + tick), (end - tick, end + tick)]
    surface = merged([tube(np.stack(stroke), LINE_RADIUS_MM) for stroke in strokes])
    material = Material(palette().landmarks.colour, 0.8, 0.2, 0.0, 1.0)
    return Piece(surface, _actor(surface, material), material)


def _outline(piece: Piece) -> Piece:
    """A slightly larger copy of which only the far side is drawn: a rim round the piece."""
    inner = piece.surface
    grown = inner.vertices_mm + OUTLINE_MM * inner.normals
    surface = Surface(grown, inner.triangles, inner.normals)
    material = Material(palette().selected.colour, 1.0, 0.0, 0.0, 1.0)
    actor = _actor(surface, material)
    actor.GetProperty().FrontfaceCullingOn()
    return Piece(surface, actor, material, closed=False, pickable=False)


def _actor(surface: Surface, material: Material) -> vtkActor:
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(surface.data)
    mapper.SetScalarVisibility(surface.colours is not None)
    actor = vtkActor()
    actor.SetMapper(mapper)
    made = actor.GetProperty()
    made.SetColor(*rgb(material.colour))
    made.SetAmbient(material.ambient)
    made.SetDiffuse(material.diffuse)
    made.SetSpecular(material.specular)
    made.SetSpecularPower(material.power)
    return actor
