"""From words to places: the candidates of a waypoint, weighed by its wishes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from annotations.courses.course import Branch
from annotations.courses.joins import Joins
from annotations.courses.neighbours import Neighbour
from annotations.courses.routes import Free, Routes
from annotations.courses.space import Space
from annotations.courses.table import Triple, Waypoint, Wish
from annotations.zones.fields import SurfaceFields, below_piriformis_mm
from meshes.specimen import FloatArray, Part
from meshes.surface import normals_of

WAY_TOLERANCE_MM = 8.0
PLACE_TOLERANCE_MM = 2.0
ROOM_TOLERANCE_MM = 0.25
FACING = 0.35
TOUCH_MM = 0.15  # left between a tube's wall and the surface that it enters
BORDER_MM = 3.0
END_SLAB_MM = 4.0
ORDER_TOLERANCE_MM = 0.5
ORDER_LEAST_MM = 1.5  # between the middles of two courses, lateral to medial


def order_cost(beyond_mm: FloatArray) -> FloatArray:
    """(n,) what it costs to lie that far beyond another on the required side of it."""
    return np.asarray((np.clip(ORDER_LEAST_MM - beyond_mm, 0, None) / ORDER_TOLERANCE_MM) ** 2)


@dataclass
class Laid:
    """What has been solved on a side so far, by structure.

    `exits`: where it leaves the pelvis (`exits.leaves`), half its width, and whether it truly
    passes there; `borders`: where it
    crosses the lower border of piriformis, seen from behind.
    """

    branches: dict[str, dict[str, Branch]] = field(default_factory=dict)
    exits: dict[str, tuple[FloatArray, float, bool]] = field(default_factory=dict)
    borders: dict[str, tuple[FloatArray, float]] = field(default_factory=dict)


class Finder:
    """Finds the place of a waypoint on one side of one specimen."""

    def __init__(
        self, space: Space, fields: SurfaceFields | None, laid: Laid, joins: Joins
    ) -> None:
        self.space, self.fields, self.laid, self.joins = space, fields, laid, joins

    def point(self, names: tuple[str, ...], share: float, offset: Triple) -> FloatArray:
        """A point between one or two landmarks, moved by (lateral, posterior, superior)."""
        found = [self.space.specimen.point_mm(name, self.space.side) for name in names]
        if any(point is None for point in found):
            raise LookupError(names)
        first, last = found[0], found[-1]
        assert first is not None and last is not None
        return np.asarray(
            first * (1 - share) + last * share + self.directed(offset) * self.space.scale
        )

    def directed(self, direction: Triple) -> FloatArray:
        """(lateral, posterior, superior) as a vector of the frame."""
        return np.array(direction) * [-1.0 if self.space.side == "right" else 1.0, 1.0, 1.0]

    def place(
        self,
        way: Waypoint,
        free: Free,
        radius_mm: float,
        routes: Routes | None,
        before_mm: FloatArray | None,
        structure: str,
    ) -> FloatArray | None:
        """(3,) the best candidate that a course can reach; None where there is none."""
        points, access = self.candidates(way, free, radius_mm)
        if len(points) == 0:
            return None
        score = self.score(way, points, free, radius_mm, before_mm)
        if way.gate is not None and self.space.settings.gates[way.gate].ordered:
            score += self._out_of_order(structure, points)
        if routes is not None and len(points) > 1:
            cost = routes.cost(access)
            if np.isfinite(cost).any():
                score += np.where(
                    np.isfinite(cost),
                    ((cost - cost[np.isfinite(cost)].min()) / WAY_TOLERANCE_MM) ** 2,
                    np.inf,
                )
            else:
                return None
        return np.asarray(points[int(np.argmin(score))], float)

    def score(
        self,
        way: Waypoint,
        points: FloatArray,
        free: Free,
        radius_mm: float,
        before_mm: FloatArray | None = None,
    ) -> FloatArray:
        """(n,) how badly candidates meet the wishes of a waypoint; 0 where they all hold."""
        score = np.zeros(len(points))
        if way.between and not way.wishes:
            aim = self.point(way.between, way.share, way.offset_mm)
            score += (np.linalg.norm(points - aim, axis=1) / PLACE_TOLERANCE_MM) ** 2
        if way.face is not None:
            # Nobody else may lie there already.
            lack = radius_mm + free.clearance_mm - free.grid.sample(free.values, points)
            score += (np.clip(lack, 0, None) / ROOM_TOLERANCE_MM) ** 2
        for wish in way.wishes:
            score += self._score(wish, points, radius_mm, before_mm)
        return score

    def _out_of_order(self, structure: str, points: FloatArray) -> FloatArray:
        """(n,) how badly places break the required order, lateral to medial, among what is laid."""
        order = self.space.settings.order
        cost = np.zeros(len(points))
        if structure not in order:
            return cost
        lateral = self.space.foramen.lateral_mm(points)
        for other in order:
            span = None if other == structure else self.lateral_span(other)
            if span is not None:
                sign = 1 if order.index(structure) < order.index(other) else -1
                cost += order_cost(sign * (lateral - sum(span) / 2))
        return cost

    def candidates(
        self, way: Waypoint, free: Free, radius_mm: float
    ) -> tuple[FloatArray, FloatArray]:
        """(n, 3) places, and (n, 3) the free points that stand for them on a route."""
        if way.on is not None:
            at = self.joins.point_on(way.on, way.at)
            found = np.empty((0, 3)) if at is None else at[None]
            if len(found) or not (way.between or way.end_of):
                return found, found
        if way.end_of is not None:
            part = self.space.specimen.part(way.end_of, self.space.side)
            if part is not None:
                found = self._end(part, way.end)
                return found, found
        if way.between:
            found = self._around(
                self.point(way.between, way.share, way.offset_mm), way.room_mm, free, radius_mm
            )
            if way.outside:
                found = found[self.space.foramen.is_outside(found)]
            return found, found
        if way.door is not None:
            found = self.space.door(way.door, free.values, radius_mm)
            return found, found
        if way.face is not None:
            return self._face(way, radius_mm)
        if way.back_of is not None:
            near = self.neighbour(way.back_of)
            found = np.empty((0, 3))
            if near is not None:
                back = near.back_mm(self.directed((0.0, 1.0, 0.0)))
                found = back + self.directed((0.0, radius_mm + way.lift_mm, 0.0))
            return found, found
        if way.into is not None:
            return self._surface(way.into, radius_mm, free)
        if way.inside is not None:
            part = self.space.specimen.part(way.inside, self.space.side)
            if part is not None:
                whole = self.space.solid("near")
                deep = (whole.values < -radius_mm * 0.8) & (
                    whole.owner == whole.names.index(way.inside)
                )
                found = whole.grid.low_mm + whole.grid.spacing_mm * np.argwhere(deep)
                return found, found
        return np.empty((0, 3)), np.empty((0, 3))

    def lateral_span(self, structure: str) -> tuple[float, float] | None:
        """Distances from the midplane between which a nerve or vessel crosses the lower border."""
        if structure in self.laid.borders:
            where, half = self.laid.borders[structure]
            lateral = float(self.space.foramen.lateral_mm(where))
            return lateral - half, lateral + half
        part = self.space.specimen.part(structure, self.space.side)
        if part is None or part.origin == "schematic":
            return None
        points = part.vertices_mm.astype(float)
        below = below_piriformis_mm(self.space.specimen, self.space.side, points)
        at = np.abs(below) < BORDER_MM
        if not at.any():
            return None
        lateral_mm = self.space.foramen.lateral_mm(points[at])
        return float(lateral_mm.min()), float(lateral_mm.max())

    def _around(self, aim: FloatArray, room_mm: float, free: Free, radius_mm: float) -> FloatArray:
        grid = free.grid
        low = grid.index_of((aim - room_mm)[None])[0]
        high = grid.index_of((aim + room_mm)[None])[0] + 1
        window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        cells = np.argwhere(free.values[window] > radius_mm + free.clearance_mm) + low
        points = grid.low_mm + grid.spacing_mm * cells
        points = points[np.linalg.norm(points - aim, axis=1) <= room_mm]
        if len(points) == 0:
            points = aim[None]
        return np.asarray(points)

    def neighbour(self, structure: str) -> Neighbour | None:
        """The trunk of a solved course, or the source's own nerve or vessel."""
        trunk = self.laid.branches.get(structure, {}).get("trunk")
        if trunk is not None:
            return Neighbour.of_branch(structure, trunk)
        return self.space.source_neighbours.get(structure)

    def _end(self, part: Part, end: str) -> FloatArray:
        points = part.vertices_mm.astype(float)
        height = points[:, 2] if end == "highest" else -points[:, 2]
        return np.asarray(points[height > height.max() - END_SLAB_MM].mean(axis=0)[None])

    def _face(self, way: Waypoint, radius_mm: float) -> tuple[FloatArray, FloatArray]:
        part = self.space.specimen.part(way.face or "", self.space.side)
        if part is None:
            # Without the muscle: the foramen's plane, in front of where the muscle would lie.
            f = self.space.foramen
            found = np.array([f.spine + 20 * f.medial + 30 * f.up - 12 * f.back])
            return found, found
        front = -self.space.foramen.back
        facing = part.normals.astype(float) @ front > FACING
        lift = radius_mm + way.lift_mm
        found = part.vertices_mm[facing].astype(float) + part.normals[facing] * lift
        solid = self.space.solid("near")
        found = found[solid.grid.sample(solid.values, found) > 0.7 * lift]
        return found, found

    def _surface(self, name: str, radius_mm: float, free: Free) -> tuple[FloatArray, FloatArray]:
        if name == "gluteus_maximus":
            if self.fields is None:
                return np.empty((0, 3)), np.empty((0, 3))
            deep = self.fields.deepness > 0
            normals = normals_of(self.fields.vertices_mm, self.fields.triangles)[deep]
            surface = self.fields.vertices_mm[deep].astype(float)
        else:
            part = self.space.specimen.part(name, self.space.side)
            if part is None:
                return np.empty((0, 3)), np.empty((0, 3))
            surface, normals = part.vertices_mm.astype(float), part.normals.astype(float)
        # The cells beside the wall are closed for a tube of this radius, the next ones are not.
        return (
            surface + normals * (radius_mm + TOUCH_MM),
            surface + normals * (radius_mm + 1.5 * free.grid.spacing_mm),
        )

    def _score(
        self, wish: Wish, points: FloatArray, radius_mm: float, before_mm: FloatArray | None
    ) -> FloatArray:
        space, f = self.space, self.space.foramen
        tolerance, wanted = wish.tolerance_mm, wish.wanted_mm
        if wish.kind in ("medial", "up", "back"):
            value = f.local(points)[:, ("medial", "up", "back").index(wish.kind)]
            return np.asarray(((value - wanted * space.scale) / tolerance) ** 2)
        if wish.kind == "below":
            below = below_piriformis_mm(space.specimen, space.side, points)
            return np.asarray(((below - radius_mm - wanted) / tolerance) ** 2)
        if wish.kind == "landmark":
            mark = space.specimen.point_mm(wish.of[0], space.side)
            if mark is None:
                return np.zeros(len(points))
            far = np.linalg.norm(points - mark, axis=1)
            return np.asarray(((far - wanted) / tolerance) ** 2)
        if wish.kind == "near":
            aim = self.point(wish.of, wish.share, wish.offset_mm)
            return np.asarray((np.linalg.norm(points - aim, axis=1) / tolerance) ** 2)
        if wish.kind == "wall":
            if wish.of[0] not in (*space.obstacles, *space.sheets):
                return np.zeros(len(points))
            wall = space.distance_to(wish.of[0], points) - radius_mm
            return np.asarray(((wall - wanted) / tolerance) ** 2)
        if wish.kind == "room":
            solid = space.solid("near")
            room = solid.grid.sample(solid.values, points) - radius_mm
            return np.asarray((np.clip(wanted - room, 0, None) / tolerance) ** 2)
        if wish.kind == "beside":
            found = self.neighbour(wish.of[0])
            if found is None:
                return np.zeros(len(points))
            gap = found.distance(points)[0] - radius_mm
            return np.asarray(((gap - wanted) / tolerance) ** 2)
        if wish.kind == "direction":
            if before_mm is None:
                return np.zeros(len(points))
            aim = self.directed(wish.direction)
            offset = points - before_mm
            far = np.linalg.norm(offset, axis=1)
            astray = far - offset @ (aim / np.linalg.norm(aim))
            return np.asarray((astray / tolerance) ** 2)
        return self._beside(wish, points, radius_mm)

    def _beside(self, wish: Wish, points: FloatArray, radius_mm: float) -> FloatArray:
        """Medial to, lateral to or behind the first of the named neighbours that is there."""
        lateral = self.space.foramen.lateral_mm(points)
        for name in wish.of:
            span = self.lateral_span(name)
            if span is None:
                continue
            if wish.kind == "behind":
                where = self.laid.exits.get(name)
                if where is None:
                    continue
                back = self.space.foramen.local(points)[:, 2]
                gap = back - self.space.foramen.local(where[0])[2]
                return np.asarray((np.clip(wish.wanted_mm - gap, 0, None) / wish.tolerance_mm) ** 2)
            gap = span[0] - lateral if wish.kind == "medial_of" else lateral - span[1]
            gap = gap - radius_mm
            beyond = 0.0 if wish.kind == "not_medial_of" else 0.6
            astray = np.where(gap < wish.wanted_mm, (wish.wanted_mm - gap) * 2, gap * beyond)
            return np.asarray((astray / wish.tolerance_mm) ** 2)
        return np.zeros(len(points))
