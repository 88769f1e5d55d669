"""What is written and drawn over the picture: labels, dimension lines, scale bar, credit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from vtkmodules.vtkRenderingCore import vtkRenderer

from annotations.atlas import Atlas
from annotations.zones.zone import Zones
from meshes.specimen import FloatArray, part_id
from viewer.credits import credit_sentences
from viewer.items import LINE, view_table
from viewer.palette import landmark_colour, palette, rgb
from viewer.scene import Camera, SceneState
from viewer.stage.actors import Drawn, Shown
from viewer.stage.cameras import taken
from viewer.stage.columns import Placed, columns
from viewer.stage.labels import Named, names_in_view
from viewer.stage.layout import Box, beside
from viewer.stage.marker import Marker
from viewer.stage.picking import Picker, display_of, rays
from viewer.stage.sheet import Sheet, wing_px
from viewer.stage.sight import Sight
from viewer.stage.strokes import Point, Strokes, dashed
from viewer.stage.texts import Texts, measured, wrapped

# The part of the height that a fitted view leaves to the credit.
FOOT = 0.055
# A landmark this far behind what is seen counts as hidden: its point is drawn as a ring. What lies
# deeper still is not drawn: on the far side of the body it would seem to belong to the near one.
HIDDEN_MM = 3.0
BURIED_MM = 70.0
SCALE_SHARE = 0.16
# Every so many vertices are enough to know how far the picture's contents reach.
SPARSE = 16


class Overlay:
    """Draws over a renderer's picture what its state asks for.

    `pixel_ratio`: pixels of the screen to a unit of it.
    """

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._strokes = Strokes(renderer)
        self._texts = Texts(renderer)
        self._atlas: Atlas | None = None
        self._state: SceneState | None = None
        self._shown: Mapping[str, Shown] = {}
        self._drawn: Mapping[str, Drawn] = {}
        self._names: list[Named] = []
        self._named_for: tuple[object, ...] | None = None
        self._sight = Sight()
        self.pixel_ratio = 1.0

    def show(
        self,
        atlas: Atlas | None,
        state: SceneState,
        shown: Mapping[str, Shown],
        drawn: Mapping[str, Drawn],
    ) -> bool:
        """Say what to write from now on; True if that alone changes the picture."""
        before, self._state = self._state, state
        changed = before is None or any(
            getattr(before, name) != getattr(state, name)
            for name in ("theme", "labels", "scale_bar", "credit", "request")
        )
        self._atlas, self._shown, self._drawn = atlas, shown, drawn
        return changed

    @property
    def _asked(self) -> SceneState:
        # What a fresh scene asks for, where a picture is wanted before any state was shown.
        self._state = self._state or SceneState()
        return self._state

    def free_shares(self) -> tuple[float, float]:
        """What a fitted view leaves free: of the width for labels, of the height at the foot."""
        width, height = self._renderer.GetSize()
        return (
            2 * self._wing_px / max(width, 1) if self._asked.labels else 0.0,
            FOOT if self._asked.credit else 0.0,
        )

    @property
    def _wing_px(self) -> float:
        return wing_px(*self._renderer.GetSize(), self.pixel_ratio)

    def close(self) -> None:
        """Take everything out of the renderer."""
        self._strokes.close()
        self._texts.close()
        self._sight.close()
        self._atlas, self._shown, self._drawn, self._names = None, {}, {}, []

    def place(self, picker: Picker, moving: bool, marker: Marker) -> None:
        """Lay everything out for the camera as it stands; call it before every render."""
        width, height = self._renderer.GetSize()
        theme = palette().themes[self._asked.theme]
        self.sheet = sheet = Sheet(width, height, theme, self.pixel_ratio)
        self._corner = marker.corner_px
        sheet.taken.append(Box(width - self._corner, 0.0, width, self._corner))
        for letters, x, y in marker.directions(self._renderer.GetActiveCamera()):
            size = 0.85 * sheet.label_px
            sheet.write(letters, x, y - measured("L", size)[1] / 2, size, "centre", True)
        if self._atlas is not None:
            self._place_all(self._atlas, picker, moving)
        self._strokes.show(sheet.ink, sheet.veils, sheet.dots)
        self._texts.show(sheet.written)

    def _place_all(self, atlas: Atlas, picker: Picker, moving: bool) -> None:
        floor = self.sheet.margin
        if self._asked.credit:
            floor = self._credit(atlas)
        if self._asked.scale_bar:
            floor = self._scale_bar(floor)
        named = self._dimension_lines(atlas, picker)
        marks = self._landmarks(atlas, picker)
        if self._asked.labels:
            wing = self._wing_px
            room = Box(wing, floor, self.sheet.width - wing, self.sheet.height)
            named += marks + self._names_now(atlas, picker, moving, room)
            marks = []
        if named:
            pixels = display_of(self._renderer, np.stack([name.point_mm for name in named]))
            columns(
                self.sheet,
                [
                    Placed(name.words, _xy(pixel), name.weight)
                    for name, pixel in zip(named, pixels, strict=True)
                    if _in_front(pixel[None])
                ],
                self._extent(),
                (floor, max(floor, self._corner)),
            )
        for mark in marks:
            self._name_beside(mark)

    # --- at the bottom -------------------------------------------------------------------------

    def _credit(self, atlas: Atlas) -> float:
        """Write the credit; returns the height that it reaches."""
        sheet = self.sheet
        room = sheet.width - self._corner - 2 * sheet.margin
        words = wrapped(" ".join(credit_sentences(atlas, self._shown)), sheet.small_px, room)
        return sheet.write(words, sheet.room.left, sheet.margin, sheet.small_px, "left", True)

    def _scale_bar(self, floor: float) -> float:
        """Draw the scale bar above `floor`; returns the height that it reaches."""
        sheet = self.sheet
        per_px = mm_per_px(taken(self._renderer.GetActiveCamera()), sheet.height)
        length_mm = round_length_mm(per_px * sheet.width * SCALE_SHARE)
        left, bottom = sheet.room.left, floor + sheet.margin
        right, tick = left + length_mm / per_px, 0.35 * sheet.label_px
        width = max(1.5, 0.0022 * sheet.unit)
        colour = rgb(sheet.theme.line)
        sheet.stroke([(left, bottom), (right, bottom)], width, colour)
        for x in (left, right):
            sheet.stroke([(x, bottom), (x, bottom + tick)], width, colour)
        size = f"{length_mm / 10:g} cm" if length_mm >= 10 else f"{length_mm:g} mm"
        # In perspective a length is true at one depth only.
        words = f"{size} at mid-depth"
        above = bottom + 1.3 * tick
        sheet.taken.append(Box(left, bottom, right, above))
        return sheet.write(words, left, above, sheet.small_px, "left")

    # --- landmarks and lines -------------------------------------------------------------------

    def _dimension_lines(self, atlas: Atlas, picker: Picker) -> list[Named]:
        """Dash the shown lines where something hides them; returns what to write on each."""
        out = []
        for zones in atlas.zones.values():
            line = f"line/{part_id(LINE, zones.side)}"
            if line not in self._shown:
                continue
            ends = display_of(self._renderer, zones.dimension_line_mm)
            if not _in_front(ends):
                continue
            dash = 0.011 * self.sheet.unit
            width = max(1.2, 0.0022 * self.sheet.unit)
            colour = rgb(palette().landmarks.colour)
            pairs = dashed(_xy(ends[0]), _xy(ends[1]), dash, 0.6 * dash)
            start, end = zones.dimension_line_mm
            shares = (np.arange(len(pairs)) + 0.5) / max(len(pairs), 1)
            middles = start + shares[:, None] * (end - start)
            depths = self._depths_mm(middles, picker, [line] * len(middles))
            seen = [depth < BURIED_MM for depth in depths]
            for pair, is_seen in zip(pairs, seen, strict=True):
                if is_seen:
                    self.sheet.stroke(list(pair), width, colour)
            if any(seen):
                middle = middles[np.flatnonzero(seen)[sum(seen) // 2]]
                out.append(Named(dimension_text(atlas, zones), middle, 10.0))
        return out

    def _landmarks(self, atlas: Atlas, picker: Picker) -> list[Named]:
        """Ring the hidden ones; returns the names of all that are not buried."""
        marks = [
            (landmark, f"landmark/{part_id(name, side)}")
            for side, found in atlas.specimen.landmarks.items()
            for name, landmark in found.items()
        ]
        marks = [(landmark, item) for landmark, item in marks if item in self._shown]
        if not marks:
            return []
        positions = np.stack([landmark.position_mm for landmark, _ in marks])
        depths = self._depths_mm(positions, picker, [item for _, item in marks])
        places = display_of(self._renderer, positions)
        out = []
        for (landmark, _), depth_mm, place in zip(marks, depths, places, strict=True):
            point = _xy(place)
            if depth_mm > BURIED_MM or not _in_front(place[None]) or not self._on_picture(point):
                continue
            if depth_mm > HIDDEN_MM:
                colour = rgb(landmark_colour(landmark.name))
                self.sheet.ring(point, 0.0058 * self.sheet.unit, colour)
            words = view_table().landmarks[landmark.name].label
            out.append(Named(words, landmark.position_mm, 5.0))
        return out

    def _name_beside(self, mark: Named) -> None:
        """Write a name near its point, away from the picture's middle, if there is room."""
        sheet = self.sheet
        point = _xy(display_of(self._renderer, mark.point_mm)[0])
        outwards = 1 if point[0] >= sheet.width / 2 else -1
        size, gap = measured(mark.words, sheet.label_px), 0.011 * sheet.unit
        box = beside(point, size, gap, sheet.room, sheet.taken, outwards)
        if box is not None:
            sheet.write(mark.words, box.left, box.bottom, sheet.label_px, "left")

    def _depths_mm(
        self, points_mm: FloatArray, picker: Picker, items: Sequence[str]
    ) -> list[float]:
        """How far points (n, 3) lie behind the first surface on the way to them; 0 in plain view.

        The surfaces of `items`, one a point, do not count.
        """
        starts, ends = rays(self._renderer, display_of(self._renderer, points_mm)[:, :2])
        out = []
        for point, start, end, item in zip(points_mm, starts, ends, items, strict=True):
            hit = picker.pick(start, end)
            if hit is None or hit.item == item:
                out.append(0.0)
                continue
            out.append(math.dist(point, start) - math.dist(hit.position_mm, start))
        return out

    # --- columns of labels ---------------------------------------------------------------------

    def _names_now(self, atlas: Atlas, picker: Picker, moving: bool, room: Box) -> list[Named]:
        """What the labels say; looked up anew when the picture has come to rest."""
        camera = taken(self._renderer.GetActiveCamera())
        wanted = (atlas, camera, dict(self._shown), room)
        if self._named_for != wanted and not (moving and self._names):
            height = measured("L", self.sheet.label_px)[1]
            self._names = names_in_view(
                self._renderer,
                picker,
                self._sight,
                atlas,
                self._shown,
                self._drawn,
                room,
                height,
            )
            self._named_for = wanted
        return list(self._names)

    def _extent(self) -> Point:
        """How far left and right the shown anatomy reaches, in pixels, within the picture."""
        width, _ = self._renderer.GetSize()
        some = [
            piece.surface.vertices_mm[::SPARSE]
            for item in self._shown
            for piece in self._drawn[item].pieces
        ]
        if not some:
            return (0.4 * width, 0.6 * width)
        pixels = display_of(self._renderer, np.concatenate(some))
        # What a view cuts away takes no room.
        before = pixels[(pixels[:, 2] >= 0) & (pixels[:, 2] <= 1)]
        pixels = before if len(before) else pixels
        seen = pixels[(pixels[:, 1] > 0) & (pixels[:, 1] < self._renderer.GetSize()[1])]
        x = seen[:, 0] if len(seen) else pixels[:, 0]
        return (float(max(0.0, x.min())), float(min(width, x.max())))

    def _on_picture(self, point: Point) -> bool:
        width, height = self._renderer.GetSize()
        return 0 <= point[0] < width and 0 <= point[1] < height


def dimension_text(atlas: Atlas, zones: Zones) -> str:
    """As "PSIS–trochanter 148 mm; 6 + 6 = 12 cm; gap 28 mm", in two lines."""
    figures = zones.figures
    near, far = atlas.request.trochanter_band_mm[1] / 10, atlas.request.psis_band_mm[1] / 10
    gap = f"gap {figures.gap_mm:.0f} mm" if figures.gap_mm > 0 else "bands can meet"
    return (
        f"PSIS–trochanter {figures.psis_to_trochanter_mm:.0f} mm;\n"
        f"{near:g} + {far:g} = {near + far:g} cm; {gap}"
    )


def mm_per_px(camera: Camera, height_px: int) -> float:
    """The size of a pixel at the focal point."""
    away = math.dist(camera.position_mm, camera.focal_point_mm)
    return 2 * away * math.tan(math.radians(camera.view_angle_deg) / 2) / max(height_px, 1)


def round_length_mm(most_mm: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten that is not longer than `most_mm`."""
    power = 10.0 ** math.floor(math.log10(most_mm))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most_mm))


def _xy(place: FloatArray) -> Point:
    return (float(place[0]), float(place[1]))


def _in_front(places: FloatArray) -> bool:
    """Whether all places (n, 3) lie between the near and the far plane."""
    return bool(((places[:, 2] >= 0.0) & (places[:, 2] <= 1.0)).all())
