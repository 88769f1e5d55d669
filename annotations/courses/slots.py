"""Who goes where in a narrow gate: places of all courses that share it, allotted together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from annotations.courses.neighbours import Neighbour
from annotations.courses.relax import at_share
from annotations.courses.routes import Free
from annotations.courses.space import Space
from annotations.courses.table import BranchEntry, CourseEntry, Waypoint
from annotations.courses.waypoints import Finder, order_cost
from meshes.specimen import FloatArray

ROUNDS = 6
OVERLAP_TOLERANCE_MM = 0.35
ROOM_TOLERANCE_MM = 0.35
ROOM_SHARE = 1.5  # of the clearance, since distances on the grid are coarse
WORST_CROWDING = 4.0
SHARES = (-1.0, -0.5, 0.0, 0.5, 1.0)


@dataclass(eq=False)
class _Claim:
    """One course's place in one gate."""

    entry: CourseEntry
    row: BranchEntry
    way: Waypoint
    free: Free
    points: FloatArray
    radius_mm: float  # half its thickness
    offsets: FloatArray  # (k, 3) balls that fill its section
    tightness: FloatArray  # (n,) cost of lying too near to what is there anyway
    fits: bool = True
    at: FloatArray | None = None


Claims = dict[tuple[str, str], _Claim]  # by structure and gate


class Slots:
    """Places in the gates of one side.

    Each course has wishes; whoever came first would take what the next one needs. So each in turn
    chooses its best place beside where the others are, and again, until nobody moves: coordinate
    descent on the sum of wishes, overlaps and breaches of the required order.
    """

    def __init__(self, space: Space, finder: Finder) -> None:
        self._space, self._finder = space, finder
        self._claims: Claims = {}

    def place(self, structure: str, way: Waypoint) -> FloatArray | None:
        """(3,) what was allotted; None where the waypoint is in no gate."""
        claim = self._claims.get((structure, gate_of(way) or ""))
        return claim.at if claim is not None and claim.way is way and claim.fits else None

    def drop(self, structure: str) -> None:
        """Give up a course's places."""
        self._claims = {key: c for key, c in self._claims.items() if key[0] != structure}
        laid = self._finder.laid
        if "trunk" not in laid.branches.get(structure, {}):  # places were all that was known of it
            laid.exits.pop(structure, None)
            laid.borders.pop(structure, None)

    def kept(self) -> Claims:
        """All places as they are, for `put_back`."""
        return {key: replace(claim) for key, claim in self._claims.items()}

    def put_back(self, kept: Claims) -> None:
        """Take places as they were."""
        self._claims = {key: replace(claim) for key, claim in kept.items()}

    def drop_all(self) -> None:
        """Give up all places."""
        for structure in {structure for structure, _ in self._claims}:
            self.drop(structure)

    def allot(
        self,
        wanted: list[tuple[CourseEntry, BranchEntry]],
        go_on: Callable[[], None],
        laid: list[Neighbour] | None = None,
    ) -> None:
        """Find the places of courses in all gates, beside those allotted before.

        Args:
            go_on: may raise to stop it.
            laid: lines that lie already, to be kept off.
        """
        for entry, row in wanted:
            go_on()
            for way in row.way:
                gate = gate_of(way)
                if gate is not None and way.inside is None:
                    self._claims[entry.structure, gate] = self._claim(entry, row, way, laid or [])
        moving = {entry.structure for entry, _ in wanted}
        for gate in self._space.settings.gates:
            go_on()
            self._settle(gate, [c for (_, of), c in self._claims.items() if of == gate], moving)

    def allot_among(
        self,
        wanted: list[tuple[CourseEntry, BranchEntry]],
        laid: list[Neighbour],
        go_on: Callable[[], None],
    ) -> None:
        """Find places anew, beside where the others truly lie by now."""
        for (structure, _), claim in self._claims.items():
            trunk = self._finder.laid.branches.get(structure, {}).get("trunk")
            if trunk is not None and claim.at is not None:
                away = np.linalg.norm(trunk.points_mm - claim.at, axis=1)
                claim.at = trunk.points_mm[int(np.argmin(away))]
        self.allot(wanted, go_on, laid)

    def _claim(
        self, entry: CourseEntry, row: BranchEntry, way: Waypoint, laid: list[Neighbour]
    ) -> _Claim:
        space = self._space
        kept = space.source_to_keep_off(entry.springs_from) + laid
        free = Free(space, kept, row.grid, row.through, row.closed)
        half = float(at_share(row.radii_mm, 3)[1])
        thin = half * row.flatness
        shares = SHARES if row.flatness < 1 else (0.0,)
        offsets = np.array(shares)[:, None] * (half - thin) * space.foramen.medial
        points, _ = self._finder.candidates(way, free, thin)
        edges = (points[:, None] + offsets).reshape(-1, 3)
        room = free.grid.sample(free.values, edges).reshape(-1, len(offsets)).min(axis=1)
        lack = np.clip(thin + ROOM_SHARE * space.settings.clearance_mm - room, 0, None)
        tightness = (lack / ROOM_TOLERANCE_MM) ** 2
        return _Claim(entry, row, way, free, points, thin, offsets, tightness)

    def _flow(self, gate: str) -> FloatArray:
        f = self._space.foramen
        flow = np.array(self._space.settings.gates[gate].flow) @ np.stack([f.medial, f.up, f.back])
        return np.asarray(flow / np.linalg.norm(flow))

    def _settle(self, gate: str, claims: list[_Claim], moving: set[str]) -> None:
        claims = [claim for claim in claims if len(claim.points)]
        free = [claim for claim in claims if claim.entry.structure in moving]
        flow, gates = self._flow(gate), self._space.settings.gates
        for _ in range(ROUNDS):
            moved = False
            for claim in free:
                points = claim.points
                score = self._finder.score(claim.way, points, claim.free, claim.radius_mm)
                score = (
                    score
                    + claim.tightness
                    + self._crowding(claim, claims, flow, gates[gate].ordered)
                )
                best = points[int(np.argmin(score))]
                moved |= claim.at is None or not np.array_equal(best, claim.at)
                claim.at = best
                self._note(claim, gate)
            if not moved:
                break
        for claim in reversed(free):  # what does not fit must not bar the way of what does
            at = (claim.points == claim.at).all(axis=1)
            ahead = [other for other in claims if other is claim or other.fits]
            crowding = claim.tightness + self._crowding(claim, ahead, flow, False)
            claim.fits = bool(crowding[at].min() < WORST_CROWDING)

    def _note(self, claim: _Claim, gate: str) -> None:
        """Say where a course will pass, for what is laid relative to it before it lies."""
        structure, laid = claim.entry.structure, self._finder.laid
        assert claim.at is not None
        if claim.way.door:
            laid.exits[structure] = (claim.at, max(claim.row.radii_mm), True)
        if gate == "lower_border" or (structure, "lower_border") not in self._claims:
            laid.borders[structure] = (claim.at, max(claim.row.radii_mm))

    def _crowding(
        self, claim: _Claim, claims: list[_Claim], flow: FloatArray, ordered: bool
    ) -> FloatArray:
        """(n,) what it costs to lie in another's place, or on the wrong side of it."""
        space, order = self._space, self._space.settings.order
        across = np.eye(3) - np.outer(flow, flow)
        mine = (claim.points[:, None] + claim.offsets) @ across
        lateral = space.foramen.lateral_mm(claim.points)
        cost = np.zeros(len(claim.points))
        for other in claims:
            if other is claim or other.at is None:
                continue
            theirs = (other.at + other.offsets) @ across
            apart = np.linalg.norm(mine[:, :, None] - theirs, axis=-1).min(axis=(1, 2))
            wanted = claim.radius_mm + other.radius_mm + space.settings.clearance_mm
            cost += (np.clip(wanted - apart, 0, None) / OVERLAP_TOLERANCE_MM) ** 2
            names = claim.entry.structure, other.entry.structure
            if ordered and all(name in order for name in names):
                sign = 1 if order.index(names[0]) < order.index(names[1]) else -1
                cost += order_cost(sign * (lateral - float(space.foramen.lateral_mm(other.at))))
        return cost


def gate_of(way: Waypoint) -> str | None:
    """The gate that a waypoint lies in: named, or a door."""
    return way.gate or way.door
