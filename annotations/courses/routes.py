"""What is free for one tube: cheapest ways through it, and what pushes its centreline."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from annotations.courses.neighbours import Neighbour
from annotations.courses.relax import LARGEST_PUSH_MM
from annotations.courses.space import GridName, Space
from meshes.signed_distance import Grid
from meshes.specimen import FloatArray, IntArray

CROWDING = 6.0  # how much dearer a route is along a wall
OPENED_CELLS = 3  # round its ends a route may touch
OPENED_COST = 10.0
MARGIN_MM = 15.0
GRID_OFF_MM = 1.0  # by less than that the grid's distances are off
RECALL_EVERY = 14
RECALL_MM = 3.0


class Free:
    """The free space of one tube among parts, gluteus maximus and other courses."""

    def __init__(
        self,
        space: Space,
        neighbours: list[Neighbour],
        grid: GridName = "near",
        through: tuple[str, ...] = (),
        closed: tuple[str, ...] = (),
        enters: str | None = None,
    ) -> None:
        self.space, self.neighbours, self.name = space, neighbours, grid
        self.enters = enters
        self.solid = space.solid(grid, through)
        self.gluteus = space.gluteus if grid == "near" else None
        self.grid = self.solid.grid
        # On a coarse grid distances are coarser too.
        self.clearance_mm = space.settings.clearance_mm * (1.0 if grid == "near" else 3.0)
        self._through, self._closed = through, closed
        self._calls, self._line = 0, np.empty((0, 3))
        self._met: list[tuple[Neighbour, IntArray, FloatArray]] = []

    def with_walls(self, opened: tuple[str, ...], closed: tuple[str, ...]) -> Free:
        """The same with some of its walls open, and others closed."""
        walls = tuple(wall for wall in self._closed if wall not in opened) + closed
        if walls == self._closed:
            return self
        return Free(self.space, self.neighbours, self.name, self._through, walls, self.enters)

    @cached_property
    def values(self) -> FloatArray:
        """Distance on the grid to whatever may not be entered, closed walls within."""
        values = self.solid.values.copy()
        if self.gluteus is not None:
            np.minimum(values, self.gluteus.values, out=values)
        for neighbour in self.neighbours:
            window, burnt = neighbour.burnt(self.grid)
            values[window] = np.minimum(values[window], burnt)
        if self.name == "near":
            for wall in self._closed:
                if wall in self.space.walls:
                    values[self.space.walls[wall]] = -1.0
        return values

    def room(self, line: FloatArray) -> FloatArray:
        """(n,) distance on the grid from points to parts, gluteus maximus among them."""
        room = sampled(self.grid, self.solid.values, line)[0]
        if self.gluteus is not None:
            room = np.minimum(room, sampled(self.grid, self.gluteus.values, line)[0])
        return np.asarray(room)

    def routes(
        self, start_mm: FloatArray, radius_mm: float, ends: FloatArray, room_mm: float
    ) -> Routes:
        """Cheapest ways from a point to the points `ends`."""
        return Routes(self.grid, self.values, start_mm, radius_mm, ends, room_mm)

    def push(
        self,
        line: FloatArray,
        radius_mm: FloatArray,
        start: FloatArray,
        end: FloatArray,
        gluteus: bool = True,
    ) -> FloatArray:
        """(n, 3) shifts that lead the line's points out of what they are too near to.

        `start` and `end`, (n,): shares of the clearance that hold near the line's ends: at its
        start towards everything, at its end towards what it enters.
        """
        wanted = (radius_mm + self.clearance_mm) * start
        into_gluteus = self.enters == "gluteus_maximus"
        solid = wanted if into_gluteus or self.enters is None else wanted * end
        shift = self._off(self.solid.values, line, solid)
        if gluteus and self.gluteus is not None:
            shift += self._off(self.gluteus.values, line, wanted * end if into_gluteus else wanted)
        for neighbour, at in self._close(line, radius_mm, wanted):
            far, away = neighbour.distance(line[at], float(wanted.max()) + 1.0)
            lack = np.clip(wanted[at] - far, 0, LARGEST_PUSH_MM)
            lack[wanted[at] <= 0] = 0
            shift[at] += lack[:, None] * away
        return shift

    def _close(
        self, line: FloatArray, radius_mm: FloatArray, wanted: FloatArray
    ) -> Iterator[tuple[Neighbour, IntArray]]:
        """Neighbours that the line may be too near to, and where.

        Distances are taken every few rounds; between them no point can have come nearer than by
        what it has moved.
        """
        if self._calls % RECALL_EVERY == 0 or len(self._line) != len(line):
            low, high = line.min(axis=0), line.max(axis=0)
            reach = float(radius_mm.max()) + self.clearance_mm + RECALL_MM
            self._met = []
            for neighbour in self.neighbours:
                if neighbour.is_near(low, high, reach):
                    far = neighbour.distance(line, reach)[0]
                    at = np.flatnonzero(far < reach)
                    if len(at):
                        self._met.append((neighbour, at, far[at]))
            self._line = line.copy()
        self._calls += 1
        may_be = wanted + np.linalg.norm(line - self._line, axis=1)
        for neighbour, at, far in self._met:
            near = at[far < may_be[at]]
            if len(near):
                yield neighbour, near

    def _off(self, field: FloatArray, line: FloatArray, wanted: FloatArray) -> FloatArray:
        value, slope = sampled(self.grid, field, line)
        lack = np.clip(wanted - value, 0, LARGEST_PUSH_MM)
        lack[wanted <= 0] = 0
        return np.asarray(lack[:, None] * slope)


class Exact:
    """What pushes a tube, with exact distances to parts where it is nearer than it may be.

    The grid's distances are a tenth off near a surface, and more where two surfaces are near.

    Args:
        aim: share of the usual clearance that is aimed at off what is not measured exactly; in a
            narrow place to aim at all of it is at the cost of what is.
    """

    def __init__(self, free: Free, through: tuple[str, ...], aim: float) -> None:
        self._free, self._through = free, through
        settings = free.space.settings
        self._least_mm = (
            settings.least_clearance_mm + (settings.clearance_mm - settings.least_clearance_mm) / 4
        )
        free.clearance_mm *= aim

    def push(
        self, line: FloatArray, radius_mm: FloatArray, start: FloatArray, end: FloatArray
    ) -> FloatArray:
        """(n, 3) shifts, as of `Free.push`."""
        space = self._free.space
        shift = self._free.push(line, radius_mm, start, end)
        # Only where the grid finds something near is it worth while to measure.
        room = self._free.room(line) - radius_mm
        close = np.flatnonzero((room < self._least_mm + GRID_OFF_MM) & (start > 0))
        if not len(close):
            return shift
        points, reach = line[close], float(radius_mm.max()) + self._least_mm
        for name in space.near(points, reach):
            if name in self._through:
                continue
            share = (start * end if name == self._free.enters else start)[close]
            away = space.exact(name, points)
            lack = np.where(share > 0, radius_mm[close] + self._least_mm * share - away, 0)
            at = np.flatnonzero(lack > 0)
            if len(at):
                off = np.sign(away[at])[:, None] * (points[at] - space.nearest_on(name, points[at]))
                off /= np.maximum(np.linalg.norm(off, axis=1, keepdims=True), 1e-9)
                shift[close[at]] += np.minimum(lack[at], LARGEST_PUSH_MM)[:, None] * off
        return shift


def sampled(grid: Grid, field: FloatArray, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n,) trilinear values of a field, and (n, 3) unit vectors along which it grows fastest."""
    where = (points - grid.low_mm) / grid.spacing_mm
    where = np.clip(where, 0, np.array(grid.shape) - 1.001)
    cell = where.astype(int)
    part = (where - cell).T
    i, j, k = cell.T
    corner = np.array(
        [field[i + a, j + b, k + c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], float
    ).reshape(2, 2, 2, -1)
    u, v, w = part
    low, high = corner
    across = low * (1 - u) + high * u
    flat = across[0] * (1 - v) + across[1] * v
    value = flat[0] * (1 - w) + flat[1] * w
    first = (high - low)[0] * (1 - v) + (high - low)[1] * v
    second = across[1] - across[0]
    slope = np.stack(
        [
            first[0] * (1 - w) + first[1] * w,
            second[0] * (1 - w) + second[1] * w,
            flat[1] - flat[0],
        ],
        axis=1,
    )
    return value, slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9)


class Routes:
    """Minimal-cost paths on a window of the grid (scikit-image's MCP)."""

    def __init__(
        self,
        grid: Grid,
        values: FloatArray,
        start_mm: FloatArray,
        radius_mm: float,
        ends_mm: FloatArray,
        room_mm: float,
    ) -> None:
        from skimage.graph import MCP_Geometric

        box = np.vstack([ends_mm, start_mm])
        self._grid = grid
        self._low = grid.index_of(box.min(axis=0) - MARGIN_MM)
        high = grid.index_of(box.max(axis=0) + MARGIN_MM) + 1
        window = tuple(slice(a, b) for a, b in zip(self._low, high, strict=True))
        free = values[window]
        cost = 1.0 + CROWDING * np.clip((radius_mm + room_mm - free) / room_mm, 0, 1)
        cost[free < radius_mm] = -1
        self._shape = np.array(free.shape)
        start = self._index(start_mm[None])[0]
        self._open(cost, start)
        ends = self._index(ends_mm)
        # One place is looked for until it is found; to look for many costs more than to go on.
        one = [tuple(ends[0])] if len(ends) == 1 else None
        if one:
            self._open(cost, ends[0])
        self._mcp = MCP_Geometric(cost, fully_connected=True)
        self._costs, _ = self._mcp.find_costs([tuple(start)], one)

    def _index(self, points_mm: FloatArray) -> FloatArray:
        return np.asarray(np.clip(self._grid.index_of(points_mm) - self._low, 0, self._shape - 1))

    def _open(self, cost: FloatArray, index: FloatArray) -> None:
        # An end may lie against bone (a nerve leaves its foramen): open a little room there.
        around = tuple(slice(max(0, i - OPENED_CELLS), i + OPENED_CELLS + 1) for i in index)
        cost[around] = np.where(cost[around] < 0, OPENED_COST, cost[around])

    def cost(self, points_mm: FloatArray) -> FloatArray:
        """(n,) cost of reaching each point, in mm of free way; inf where no way leads."""
        index = self._index(np.atleast_2d(points_mm))
        return np.asarray(self._costs[tuple(index.T)] * self._grid.spacing_mm)

    def path(self, end_mm: FloatArray) -> FloatArray | None:
        """(n, 3) grid points from the start to an end, None where no way leads."""
        index = self._index(end_mm[None])[0]
        if not np.isfinite(self._costs[tuple(index)]):
            return None
        steps = np.array(self._mcp.traceback(tuple(index))) + self._low
        return np.asarray(self._grid.low_mm + self._grid.spacing_mm * steps)
