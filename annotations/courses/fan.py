"""Branches that fan out over the deep surface of gluteus maximus and sink in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np

from annotations.courses.course import Branch
from annotations.courses.neighbours import Neighbour
from annotations.courses.relax import along, at_share, faired, largest_turn_deg, relaxed, spaced
from annotations.courses.routes import Free, sampled
from annotations.courses.space import Space
from annotations.courses.table import CourseEntry, Fan, value_of
from annotations.courses.variants import Variants
from annotations.evidence import evidence
from annotations.zones.fields import SurfaceFields
from meshes.specimen import FloatArray, IntArray

HALF_SECTOR_DEG = 9.0
# How far aside a branch is tried, in shares of the angle between branches: nearest first.
ASIDE = (0.0, *(side * share for share in (0.15, 0.3, 0.45, 0.6, 0.8) for side in (1, -1)))
REST_ON_MM = 0.2  # between a branch's wall and the surface it runs on
SINK_OVER_MM = 11.0
LANDING_MM = 8.0  # from there on a branch is drawn onto the surface
PEEL_MM = 7.0  # a branch leaves the trunk that long before the trunk's end
DETOUR = 1.9  # a longer way round than that share of the straight one is not drawn
BEND_MM = 14.0  # a twig to the skin turns outwards over that length
DEEPEST = 8  # mm in which it must have entered the muscle
THICKEST_MM = 90.0  # of muscle and fat on its way to the skin
UNDER_SKIN_MM = 0.5
SPINDLY = 8  # fewer points are no branch


class Surface:
    """The deep surface of gluteus maximus as a graph, and the fans on it."""

    def __init__(self, space: Space, fields: SurfaceFields) -> None:
        self.space, self.fields = space, fields
        self.deep = fields.deepness > 0
        self.points = fields.vertices_mm.astype(float)
        self._covered: dict[tuple[Neighbour, float], IntArray] = {}

    @cached_property
    def normals(self) -> FloatArray:
        """(n, 3) unit normals of the fine mesh."""
        from meshes.surface import normals_of

        return normals_of(self.fields.vertices_mm, self.fields.triangles).astype(float)

    def fan(
        self,
        entry: CourseEntry,
        trunk: Branch,
        variants: Variants,
        neighbours: list[Neighbour],
        fault: Callable[[Branch, bool], str],
    ) -> Iterator[tuple[Branch, bool, str]]:
        """Each branch, whether it sinks in (a twig to the skin does not), and its fault or "".

        Directions spread evenly in the surface's own plane, from cranial (0°) over lateral (90°)
        to caudal (180°), negative on the medial side; each branch follows the shortest way over
        the surface, round what lies there already, for a share of the way to the muscle's edge.
        One that does not pass there is tried a little to either side.

        Args:
            fault: what keeps a branch from being drawn, told whether it sinks in.
        """
        fan = entry.fan
        assert fan is not None
        tip = trunk.points_mm[-1]
        near = np.where(self.deep, np.linalg.norm(self.points - tip, axis=1), np.inf)
        source = int(np.argmin(near))
        angle = self._angles(self.points - self.points[source], self.normals[source])
        kept = list(neighbours)
        for name, wish, share, radii, sinks in _plan(fan, variants):
            free = Free(self.space, kept, enters="gluteus_maximus")
            drawn: list[tuple[Branch, str]] = []
            for aside in ASIDE:
                towards = wish + aside * _between_deg(fan, variants)
                path = self._path(source, angle, towards, share, kept, radii[0])
                if path is None:
                    continue
                line = self._laid(path, trunk, radii, free)
                if sinks:
                    line = self._sunk(line, fan.sink_mm + radii[0])
                else:
                    line = self._through(line, radii[0])
                branch = Branch(name, trunk.name, line, at_share(radii, len(line)), "branch")
                drawn.append((branch, fault(branch, sinks)))
                if not drawn[-1][1]:
                    break
            if not drawn:
                continue
            branch, why = drawn[0] if drawn[-1][1] else drawn[-1]
            if not why:
                around = Neighbour.of_branch(entry.structure, branch).without(tip, PEEL_MM + 3.0)
                if around is not None:
                    kept.append(around)
            yield branch, sinks, why

    def _path(
        self,
        source: int,
        angle: FloatArray,
        wish: float,
        share: float,
        neighbours: list[Neighbour],
        radius: float,
    ) -> FloatArray | None:
        from scipy.sparse.csgraph import dijkstra

        blocked = ~self.deep
        wall = self.points + self.normals * (radius + REST_ON_MM)
        for neighbour in neighbours:
            if (neighbour, radius) not in self._covered:
                self._covered[neighbour, radius] = self._cover(neighbour, wall, radius)
            blocked[self._covered[neighbour, radius]] = True
        around = np.linalg.norm(self.points - self.points[source], axis=1)
        blocked &= (around > PEEL_MM) | ~self.deep
        graph = self._graph(blocked)
        distance, before = dijkstra(graph, directed=False, indices=source, return_predecessors=True)
        aside = np.abs((angle - wish + 180) % 360 - 180)
        sector = np.isfinite(distance) & (aside < HALF_SECTOR_DEG) & (around > PEEL_MM)
        sector &= distance < DETOUR * around + 5.0
        if not sector.any():
            return None
        reach = share * distance[sector].max()
        target = int(np.argmin(np.where(sector, np.abs(distance - reach) + 0.3 * aside, np.inf)))
        steps = [target]
        while steps[-1] != source:
            steps.append(int(before[steps[-1]]))
        return wall[steps[::-1]] if len(steps) >= SPINDLY else None

    def _cover(self, neighbour: Neighbour, wall: FloatArray, radius: float) -> IntArray:
        """Which of the surface's points a neighbour keeps from a line of that radius."""
        reach = radius + self.space.settings.clearance_mm
        near = ((wall > neighbour.low - reach) & (wall < neighbour.high + reach)).all(axis=1)
        at = np.flatnonzero(near)
        return at[neighbour.distance(wall[at], reach)[0] < reach] if len(at) else at

    def _graph(self, blocked: FloatArray):  # type: ignore[no-untyped-def]
        from scipy.sparse import coo_array

        ends, length = self._edges
        free = ~blocked[ends].any(axis=1)
        n = len(self.points)
        return coo_array((length[free], ends[free].T), shape=(n, n)).tocsr()

    @cached_property
    def _edges(self) -> tuple[FloatArray, FloatArray]:
        edges = np.sort(self.fields.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        ends = np.unique(edges, axis=0)
        return ends, np.linalg.norm(np.diff(self.points[ends], axis=1)[:, 0], axis=1)

    def _angles(self, offset: FloatArray, normal: FloatArray) -> FloatArray:
        """(n,) degrees in the tangent plane: 0 cranial, 90 lateral, 180 caudal, −90 medial."""
        up = np.array([0.0, 0.0, 1.0])
        up = up - normal * (up @ normal)
        up /= np.linalg.norm(up)
        lateral = np.cross(up, normal)
        if lateral[0] * (-1 if self.space.side == "right" else 1) < 0:
            lateral = -lateral
        return np.asarray(np.degrees(np.arctan2(offset @ lateral, offset @ up)))

    def _laid(
        self, path: FloatArray, trunk: Branch, radii: tuple[float, ...], free: Free
    ) -> FloatArray:
        """The path from within the trunk's end, held on the surface, smooth."""
        gluteus = self.space.gluteus
        assert gluteus is not None
        s = along(trunk.points_mm)
        start = max(0.0, s[-1] - PEEL_MM)
        head = np.array([np.interp(start, s, trunk.points_mm[:, i]) for i in range(3)])
        way = np.vstack([head, path[along(path) > 0.4 * PEEL_MM]])

        def push(
            line: FloatArray, radius: FloatArray, start: FloatArray, end: FloatArray
        ) -> FloatArray:
            shift = free.push(line, radius, start, end, gluteus=False)
            # Drawn down onto the surface gradually, pushed off it at once.
            rise = np.clip((along(line) - LANDING_MM) / LANDING_MM, 0, 1)
            value, normal = sampled(gluteus.grid, gluteus.values, line)
            off = radius + REST_ON_MM - value
            rise = np.where(off > 0, 1.0, rise)
            return np.asarray(shift + (rise * np.clip(off, -0.8, 0.8))[:, None] * normal)

        step = self.space.settings.step_mm
        line = relaxed(way, radii, push, (PEEL_MM, 0.0), [], step)
        limit = self.space.settings.largest_turn_deg - 5
        for _ in range(4):
            if largest_turn_deg(line, self.space.settings.turn_over_mm) < limit:
                break
            line = faired(line, at_share(radii, len(line)), push, (PEEL_MM, 0.0), 6)
        return line

    def _sunk(self, line: FloatArray, depth: float) -> FloatArray:
        """The line with its last stretch bent into the belly."""
        gluteus = self.space.gluteus
        assert gluteus is not None
        s = along(line)
        share = np.clip((s - (s[-1] - SINK_OVER_MM)) / SINK_OVER_MM, 0, 1)
        _, normal = sampled(gluteus.grid, gluteus.values, line)
        # One direction for the whole stretch: normals differ from facet to facet.
        inward = normal[share > 0].mean(axis=0)
        inward /= np.linalg.norm(inward)
        sunk = line - (depth * share**2)[:, None] * inward
        return spaced(sunk, self.space.settings.step_mm)

    def _through(self, line: FloatArray, radius_mm: float) -> FloatArray:
        """The line led on through the muscle and out on its superficial side, to the skin.

        Where that is no way (the muscle's border is near) it ends on the deep surface.
        """
        gluteus = self.space.gluteus
        assert gluteus is not None
        s = along(line)
        _, normal = sampled(gluteus.grid, gluteus.values, line[s > s[-1] - SINK_OVER_MM])
        outward = -normal.mean(axis=0)
        outward /= np.linalg.norm(outward)
        onward = line[-1] - line[-3]
        corner = line[-1] + BEND_MM * onward / np.linalg.norm(onward)
        ray = corner + np.arange(0.0, THICKEST_MM, 1.0)[:, None] * outward
        inside = self.space.exact("gluteus_maximus", ray) < radius_mm
        if not inside[:DEEPEST].any() or inside[-1]:
            return line
        last = int(np.flatnonzero(inside)[-1]) + 1
        if self.space.specimen.part("skin", self.space.side) is not None:
            within = self.space.exact("skin", ray[last:]) < -(radius_mm + UNDER_SKIN_MM)
            last += max(int(np.argmin(within)) - 1, 0) if not within.all() else 0
        share = np.linspace(0, 1, 40)[:, None]
        bend = (1 - share) ** 2 * line[-1] + 2 * share * (1 - share) * corner + share**2 * ray[last]
        return spaced(np.vstack([line, bend[1:]]), self.space.settings.step_mm)


def _count(fan: Fan, variants: Variants) -> int:
    return getattr(variants, fan.count_setting) if fan.count_setting else fan.count


def _between_deg(fan: Fan, variants: Variants) -> float:
    return (fan.to_deg - fan.from_deg) / max(_count(fan, variants) - 1, 1)


def _plan(
    fan: Fan, variants: Variants
) -> list[tuple[str, float, float, tuple[float, float], bool]]:
    """Name, direction, share of the way, radii and whether it sinks in, for each branch."""
    count = _count(fan, variants)
    names = fan.names[str(count)]
    angles = np.linspace(fan.from_deg, fan.to_deg, count)
    first, last = fan.diameter_mm
    if fan.diameter:
        claim = evidence()[fan.diameter]
        first, last = claim.high or first, claim.low or last
    rows = [
        (name, float(angle), fan.share, (first / 2, last / 2), True)
        for name, angle in zip(names, angles, strict=True)
    ]
    twig = fan.twig
    if twig is not None and getattr(variants, twig.setting):
        between = float(angles[-2:].mean())
        radius = value_of(twig.diameter) / 2
        rows.append((twig.name, between, twig.share, (radius, radius), False))
    return rows
