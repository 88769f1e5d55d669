"""The way of one line before it is relaxed: cheapest paths from place to place."""

from __future__ import annotations

import numpy as np

from annotations.courses.plexus import Plexus
from annotations.courses.relax import along
from annotations.courses.routes import Free, Routes
from annotations.courses.slots import Slots
from annotations.courses.space import Space
from annotations.courses.table import BranchEntry, CourseEntry, Waypoint
from annotations.courses.waypoints import Finder
from meshes.specimen import FloatArray

DETOUR = 1.15
ZIGZAG_CELLS = 2.0
THICKNESSES = (1.0, 0.45)  # shares of its own, that a route is tried for
Way = tuple[FloatArray, list[tuple[FloatArray, Waypoint]]]  # a route, and places on it


class Ways:
    """Finds the ways of one side, each waypoint's place when the one before it stands."""

    def __init__(self, space: Space, finder: Finder, slots: Slots, plexus: Plexus) -> None:
        self.space, self.finder, self.slots, self.plexus = space, finder, slots, plexus

    def shortest(
        self,
        entry: CourseEntry,
        row: BranchEntry,
        free: Free,
        radius: float,
        join: FloatArray | None,
    ) -> Way | None:
        """The way of the thickest tube that gets through without going a long way round.

        A thinner one squeezes through between others, which then make room when all are relaxed;
        a thick one might lead the wrong way round them, which no relaxation undoes.
        """
        ways: list[Way] = []
        for share in THICKNESSES:
            way = self._way(entry, row, free, radius * share, join)
            if way is not None:
                ways.append(way)
                stops = [place for place, _ in way[1]] + ([way[0][-1]] if join is not None else [])
                if _length_mm(way[0]) < DETOUR * along(np.array(stops))[-1]:
                    break  # no thinner one can be much shorter
        lengths = [_length_mm(line) for line, _ in ways]
        good = (w for w, mm in zip(ways, lengths, strict=True) if mm < DETOUR * min(lengths))
        return next(good, None)

    def _way(
        self,
        entry: CourseEntry,
        row: BranchEntry,
        free: Free,
        radius: float,
        join: FloatArray | None,
    ) -> Way | None:
        """The minimal-cost path through all places, each chosen when the one before it stands."""
        places: list[tuple[FloatArray, Waypoint]] = []
        path: list[FloatArray] = []
        routes: Routes | None = None
        room = self.space.settings.room_mm
        steps: list[tuple[Waypoint | None, FloatArray | None]] = [
            (way, self.slots.place(entry.structure, way))
            for way in row.way
            if not (way.when_missing and self._has(way.when_missing))
        ]
        if row.role == "root" and join is not None:
            aside = self.plexus.aside_mm(entry.structure, row.name, free, radius)
            steps += [(None, place) for place in (aside, join) if place is not None]
        before: FloatArray | None = None
        for way, goal in steps:
            if way is not None:
                free = free.with_walls(way.opens, way.closes)
            if before is not None:
                ends = goal[None] if goal is not None else None
                if way is not None and goal is None:
                    _, ends = self.finder.candidates(way, free, radius)
                    if len(ends) == 0:
                        return None
                assert ends is not None
                routes = free.routes(before, radius, ends, room)
            if way is not None:
                if goal is None:
                    goal = self.finder.place(way, free, radius, routes, before, entry.structure)
                if goal is None:
                    return None
                places.append((goal, way))
            assert goal is not None
            if routes is not None and before is not None:
                leg = routes.path(goal)
                if leg is None:
                    leg = free.routes(before, radius, goal[None], room).path(goal)
                if leg is None:
                    return None
                path += [leg[1:-1], goal[None]]
            else:
                path.append(goal[None])
            before = goal
        whole = np.vstack(path)
        return (whole, places) if len(whole) > 2 else None

    def _has(self, structure: str) -> bool:
        return self.space.specimen.part(structure, self.space.side) is not None


def _length_mm(line: FloatArray) -> float:
    """Length of a way without the zigzag of the grid, which would make any way look long."""
    from scipy.ndimage import gaussian_filter1d

    if len(line) < 5:
        return float(along(line)[-1])
    return float(along(gaussian_filter1d(line, ZIGZAG_CELLS, axis=0, mode="nearest"))[-1])
