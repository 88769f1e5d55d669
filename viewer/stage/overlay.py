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
from viewer.palette import Theme, landmark_colour, palette, rgb
from viewer.scene import Camera, SceneState
from viewer.stage.actors import Drawn, Shown
from viewer.stage.cameras import taken
from viewer.stage.labels import MOST_BROAD, Named, names_in_view
from viewer.stage.layout import Box, beside, sides_of, uncrossed
from viewer.stage.marker import Marker
from viewer.stage.picking import Picker, display_of, rays
from viewer.stage.strokes import Point, Stroke, Strokes, dashed, ring
from viewer.stage.texts import Align, Text, Texts, measured, wrapped

# Sizes as shares of the picture's height (or of its width, where that is the scarcer).
LABEL = 0.0195
SMALL = 0.0135
LEAST_LABEL_PX, LEAST_SMALL_PX = 11.0, 9.0
MARGIN = 0.014
# The part of the height that a fitted view leaves to the credit.
FOOT = 0.055
# The room that a column of labels takes at either side, in letter heights; at most so much in all.
WING = 15.0
MOST_WINGS = 0.55
# A landmark this far behind what is seen counts as hidden: its point is drawn as a ring. What lies
# deeper still is not drawn: on the far side of the body it would seem to belong to the near one.
HIDDEN_MM = 3.0
BURIED_MM = 70.0
SCALE_SHARE = 0.16
# Labels of what lies this near to the middle (in widths of what is shown) go where there is room.
NEAR_MIDDLE = 0.10
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
        self._ink: list[Stroke] = []
        self._written: list[Text] = []
        self._taken: list[Box] = []
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
            2 * wing_px(width, height, self.pixel_ratio) / max(width, 1)
            if self._asked.labels
            else 0.0,
            FOOT if self._asked.credit else 0.0,
        )

    def close(self) -> None:
        """Take everything out of the renderer."""
        self._strokes.close()
        self._texts.close()
        self._atlas, self._shown, self._drawn, self._names = None, {}, {}, []

    def place(self, picker: Picker, moving: bool, marker: Marker) -> None:
        """Lay everything out for the camera as it stands; call it before every render."""
        width, height = self._renderer.GetSize()
        self._unit = unit_px(width, height)
        self._margin = MARGIN * self._unit
        self._label_px = max(LEAST_LABEL_PX * self.pixel_ratio, LABEL * self._unit)
        self._small_px = max(LEAST_SMALL_PX * self.pixel_ratio, SMALL * self._unit)
        self._theme: Theme = palette().themes[self._asked.theme]
        self._room = Box(self._margin, self._margin, width - self._margin, height - self._margin)
        self._ink, self._written, self._taken = [], [], []
        self._corner = marker.corner_px
        self._taken.append(Box(width - self._corner, 0.0, width, self._corner))
        for letters, x, y in marker.directions(self._renderer.GetActiveCamera()):
            size = 0.85 * self._label_px
            bottom = y - measured("L", size)[1] / 2
            self._write(letters, x, bottom, size, "centre", True)
        if self._atlas is not None:
            self._place_all(self._atlas, picker, moving)
        self._strokes.show(self._ink)
        self._texts.show(self._written)

    def _place_all(self, atlas: Atlas, picker: Picker, moving: bool) -> None:
        floor = self._margin
        if self._asked.credit:
            floor = self._credit(atlas)
        if self._asked.scale_bar:
            floor = self._scale_bar(floor)
        named = self._dimension_lines(atlas, picker)
        marks = self._landmarks(atlas, picker)
        if self._asked.labels:
            width, height = self._renderer.GetSize()
            wing = wing_px(width, height, self.pixel_ratio)
            room = Box(wing, floor, width - wing, height)
            # Names of what lies under the columns would lead back to where they stand.
            named += [mark for mark in marks if room.holds(self._point(mark))]
            marks = [mark for mark in marks if not room.holds(self._point(mark))]
            named += self._names_now(atlas, picker, moving, room)
        self._columns(named, floor)
        for mark in marks:
            self._name_beside(mark)

    # --- at the bottom -------------------------------------------------------------------------

    def _credit(self, atlas: Atlas) -> float:
        """Write the credit; returns the height that it reaches."""
        room = self._renderer.GetSize()[0] - self._corner - 2 * self._margin
        words = wrapped(" ".join(credit_sentences(atlas, self._shown)), self._small_px, room)
        return self._write(words, self._room.left, self._margin, self._small_px, "left", True)

    def _scale_bar(self, floor: float) -> float:
        """Draw the scale bar above `floor`; returns the height that it reaches."""
        width, height = self._renderer.GetSize()
        camera = taken(self._renderer.GetActiveCamera())
        per_px = mm_per_px(camera, height)
        length_mm = round_length_mm(per_px * width * SCALE_SHARE)
        left, bottom = self._room.left, floor + self._margin
        right, tick = left + length_mm / per_px, 0.35 * self._label_px
        stroke = max(1.5, 0.0022 * self._unit)
        colour = rgb(self._theme.line)
        for points in (
            [(left, bottom), (right, bottom)],
            [(left, bottom), (left, bottom + tick)],
            [(right, bottom), (right, bottom + tick)],
        ):
            self._ink.append(Stroke(points, stroke, colour))
        size = f"{length_mm / 10:g} cm" if length_mm >= 10 else f"{length_mm:g} mm"
        # In perspective a length is true at one depth only.
        words = f"{size} at mid-depth"
        above = bottom + 1.3 * tick
        self._taken.append(Box(left, bottom, right, above))
        return self._write(words, left, above, self._small_px, "left", False)

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
            dash = 0.011 * self._unit
            width = max(1.2, 0.0022 * self._unit)
            colour = rgb(palette().landmarks.colour)
            pairs = dashed(_xy(ends[0]), _xy(ends[1]), dash, 0.6 * dash)
            start, end = zones.dimension_line_mm
            shares = (np.arange(len(pairs)) + 0.5) / max(len(pairs), 1)
            middles = start + shares[:, None] * (end - start)
            depths = self._depths_mm(middles, picker, [line] * len(middles))
            seen = [depth < BURIED_MM for depth in depths]
            shown = zip(pairs, seen, strict=True)
            self._ink += [Stroke(pair, width, colour) for pair, is_seen in shown if is_seen]
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
                radius, width = 0.0058 * self._unit, max(1.3, 0.0024 * self._unit)
                self._ink.append(Stroke(ring(point, radius), width, colour))
            words = view_table().landmarks[landmark.name].label
            out.append(Named(words, landmark.position_mm, 5.0))
        return out

    def _name_beside(self, mark: Named) -> None:
        """Write a name near its point, away from the picture's middle, if there is room."""
        point = self._point(mark)
        outwards = 1 if point[0] >= self._renderer.GetSize()[0] / 2 else -1
        size, gap = measured(mark.words, self._label_px), 0.011 * self._unit
        box = beside(point, size, gap, self._room, self._taken, outwards)
        if box is not None:
            self._write(mark.words, box.left, box.bottom, self._label_px, "left", False)

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
            found = names_in_view(self._renderer, picker, atlas, self._shown, self._drawn, room)
            self._names = found[: 2 * MOST_BROAD]
            self._named_for = wanted
        return list(self._names)

    def _columns(self, named: list[Named], floor: float) -> None:
        """Write names left and right of the anatomy, each with a line to its point."""
        if not named:
            return
        left_edge, right_edge = self._extent()
        middle = (left_edge + right_edge) / 2
        pixels = display_of(self._renderer, np.stack([n.point_mm for n in named]))
        sides = sides_of(pixels[:, 0].tolist(), middle, NEAR_MIDDLE * (right_edge - left_edge))
        gap = 0.03 * self._unit
        for side in (-1, 1):
            low = floor if side < 0 else max(floor, self._corner)
            low += 0.5 * self._label_px
            high = self._room.top
            mine = [
                (name, _xy(pixel))
                for name, pixel, at in zip(named, pixels, sides, strict=True)
                if at == side and _in_front(pixel[None])
            ]
            room = WING * self._label_px
            mine = [(n._replace(words=wrapped(n.words, self._label_px, room)), p) for n, p in mine]
            sizes = {name.words: measured(name.words, self._label_px) for name, _ in mine}
            mine = _that_fit(mine, sizes, high - low)
            widest = max((sizes[name.words][0] for name, _ in mine), default=0.0)
            if side < 0:
                x = max(left_edge - gap, self._room.left + widest)
            else:
                x = min(right_edge + gap, self._room.right - widest)
            start = x - side * 0.25 * self._label_px
            heights = [sizes[name.words][1] * 1.15 for name, _ in mine]
            placed = uncrossed([point for _, point in mine], heights, start, low, high)
            for (name, point), bottom in ((mine[i], bottom) for i, bottom in placed):
                align: Align = "right" if side < 0 else "left"
                self._write(name.words, x, bottom, self._label_px, align, False)
                self._leader((start, bottom + sizes[name.words][1] / 2), point)

    def _leader(self, start: Point, end: Point) -> None:
        colour = rgb(self._theme.muted)
        plate = rgb(self._theme.plate)
        width = max(1.0, 0.0014 * self._unit)
        # A pale line beneath keeps the thin one legible on dark and on light anatomy.
        self._ink.append(Stroke([start, end], 3.0 * width, plate, 0.35))
        self._ink.append(Stroke([start, end], width, colour))
        dot = ring(end, 0.9 * width, 10)
        self._ink.append(Stroke(dot, 2.2 * width, rgb(self._theme.line)))

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

    # --- writing -------------------------------------------------------------------------------

    def _write(
        self, words: str, x: float, y: float, size_px: float, align: Align, muted: bool
    ) -> float:
        """Write a text whose lower edge is at `y`; returns the height that it reaches."""
        colour = rgb(self._theme.muted if muted else self._theme.text)
        self._written.append(Text(words, x, y, size_px, colour, rgb(self._theme.plate), align))
        width, height = measured(words, size_px)
        left = {"left": x, "centre": x - width / 2, "right": x - width}[align]
        self._taken.append(Box(left, y, left + width, y + height))
        return y + height

    def _point(self, named: Named) -> Point:
        """Where in the picture a name belongs."""
        return _xy(display_of(self._renderer, named.point_mm)[0])

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


def unit_px(width: int, height: int) -> float:
    """What sizes are shares of: the height, or most of the width where that is the scarcer."""
    return min(height, 0.85 * width)


def wing_px(width: int, height: int, pixel_ratio: float = 1.0) -> float:
    """The room that the labels take at either side."""
    letters = WING * max(LEAST_LABEL_PX * pixel_ratio, LABEL * unit_px(width, height))
    return min(letters, MOST_WINGS * width / 2)


def mm_per_px(camera: Camera, height_px: int) -> float:
    """The size of a pixel at the focal point."""
    away = math.dist(camera.position_mm, camera.focal_point_mm)
    return 2 * away * math.tan(math.radians(camera.view_angle_deg) / 2) / max(height_px, 1)


def round_length_mm(most_mm: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten that is not longer than `most_mm`."""
    power = 10.0 ** math.floor(math.log10(most_mm))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most_mm))


def _that_fit(
    named: list[tuple[Named, Point]], sizes: Mapping[str, tuple[float, float]], room: float
) -> list[tuple[Named, Point]]:
    """The weightiest names that a column has room for."""
    out, used = [], 0.0
    for name, point in sorted(named, key=lambda pair: -pair[0].weight):
        used += sizes[name.words][1] * 1.15
        if used <= room:
            out.append((name, point))
    return out


def _xy(place: FloatArray) -> Point:
    return (float(place[0]), float(place[1]))


def _in_front(places: FloatArray) -> bool:
    """Whether all places (n, 3) lie between the near and the far plane."""
    return bool(((places[:, 2] >= 0.0) & (places[:, 2] <= 1.0)).all())
