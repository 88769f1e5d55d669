"""The free space that courses run in: distance fields, the infrapiriform door, cheapest routes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from annotations.courses.table import course_table
from annotations.zones.fields import below_piriformis_mm
from meshes.signed_distance import Grid, distance_field, occupancy, union
from meshes.specimen import FloatArray, Part, Side, Specimen
from meshes.structure import structures

MARGIN_MM = 12.0
WALL_MM = 2.5  # half the thickness of the walls that close what is not the infrapiriform foramen


@dataclass(frozen=True, eq=False)
class Foramen:
    """The lower part of the greater sciatic foramen, seen from the ischial spine.

    Unit vectors: `medial` along the sacrospinous ligament, `up` square to it in its plane,
    `back` out of the pelvis. Where the specimen has no ligament, the triangle between spine,
    sacral apex and coccyx tip, its attachments, stands for it.
    """

    spine: FloatArray
    apex: FloatArray
    coccyx: FloatArray
    tuberosity: FloatArray
    medial: FloatArray
    up: FloatArray
    back: FloatArray

    @classmethod
    def of(cls, specimen: Specimen, side: Side) -> Foramen:
        """From the landmarks of one side."""
        names = ("ischial_spine", "sacral_apex", "coccyx_tip", "ischial_tuberosity")
        spine, apex, coccyx, tuberosity = (specimen.point_mm(name, side) for name in names)
        assert spine is not None and apex is not None
        assert coccyx is not None and tuberosity is not None
        medial = _unit((apex + coccyx) / 2 - spine)
        up = apex - coccyx
        up = _unit(up - medial * (up @ medial))
        back = np.cross(medial, up)
        back *= np.sign(back[1])
        return cls(spine, apex, coccyx, tuberosity, medial, up, back)

    def local(self, points_mm: FloatArray) -> FloatArray:
        """(..., 3) coordinates (medial, up, back) from the spine, mm."""
        return np.asarray((points_mm - self.spine) @ np.stack([self.medial, self.up, self.back]).T)

    def to_ligament_mm(self, points_mm: FloatArray) -> FloatArray:
        """(n,) distance to the triangle that stands for the sacrospinous ligament."""
        return _to_triangle(points_mm, self.spine, self.apex, self.coccyx)


class Space:
    """Fields and walls of one side, on one grid."""

    def __init__(self, specimen: Specimen, side: Side) -> None:
        self.settings = course_table().settings
        self.specimen, self.side = specimen, side
        self.foramen = Foramen.of(specimen, side)
        self.muscle = specimen.part("gluteus_maximus", side)
        self.piriformis = specimen.part("piriformis", side)
        self.grid = self._grid()

    def _grid(self) -> Grid:
        names = (
            "ischial_spine",
            "piis",
            "sacral_foramen_s1",
            "ischial_tuberosity",
            "greater_trochanter_tip",
            "sacral_apex",
            "coccyx_tip",
        )
        marks = [self.specimen.point_mm(name, self.side) for name in names]
        points = np.array([mark for mark in marks if mark is not None])
        low, high = points.min(axis=0) - MARGIN_MM, points.max(axis=0) + 2 * MARGIN_MM
        low[1] -= 3 * MARGIN_MM
        return Grid.around(low, high, self.settings.grid_mm)

    def obstacles(self) -> list[Part]:
        """What a course may not enter, gluteus maximus apart."""
        kinds = self.settings.obstacle_kinds
        return [
            part
            for part in self.specimen.parts.values()
            if part.side in (self.side, "midline")
            and part.structure != "gluteus_maximus"
            and (
                structures()[part.structure].kind in kinds
                or part.structure in self.settings.obstacle_structures
            )
            and self._near(part)
        ]

    def _near(self, part: Part) -> bool:
        low, high = (
            np.array(self.grid.low_mm),
            self.grid.low_mm + self.grid.spacing_mm * np.array(self.grid.shape),
        )
        points = part.vertices_mm
        return bool((points.max(axis=0) > low).all() and (points.min(axis=0) < high).all())

    @cached_property
    def obstacle_field(self) -> FloatArray:
        """Signed distance to all obstacles."""
        return distance_field(union(self.obstacles(), self.grid), self.grid)

    @cached_property
    def free_field(self) -> FloatArray:
        """Signed distance to obstacles and gluteus maximus, with the walls closed."""
        muscle = [self.muscle] if self.muscle is not None else []
        filled = union([*self.obstacles(), *muscle], self.grid) | self._walls()
        return distance_field(filled, self.grid)

    def _walls(self) -> FloatArray:
        """What a nerve below piriformis must not use: above it, the lesser foramen, the midline."""
        points = self.grid.points_mm()
        flat = points.reshape(-1, 3)
        f = self.foramen
        spacing = self.grid.spacing_mm
        midline = np.array([0.0, f.tuberosity[1], f.tuberosity[2]])
        wall = np.zeros(len(flat), bool)
        for a, b, c in (
            (f.spine, f.apex, f.coccyx),
            (f.spine, f.coccyx, f.tuberosity),
            (f.coccyx, f.tuberosity, midline),
        ):
            wall |= _to_triangle(flat, a, b, c) < WALL_MM
        wall |= np.abs(flat[:, 0]) < spacing
        shaped = wall.reshape(self.grid.shape)
        if self.piriformis is not None:
            # Everything above piriformis, up to the curtain's height.
            inside = occupancy(self.piriformis, self.grid)
            for _ in range(int(self.settings.curtain_mm / spacing)):
                inside[:, :, 1:] |= inside[:, :, :-1]
            shaped |= inside
        return np.asarray(shaped)

    def door(self, radius_mm: float) -> FloatArray:
        """(n, 3) grid points of the infrapiriform foramen where a tube of that radius has room."""
        points = self.grid.points_mm().reshape(-1, 3)
        medial, up, back = self.foramen.local(points).T
        near = (np.abs(back) < self.settings.door_half_depth_mm) & (up > 1.0) & (medial > 0.0)
        points = points[near]
        points = points[self.grid.sample(self.free_field, points) > radius_mm + 0.3]
        return points[below_piriformis_mm(self.specimen, self.side, points) > 0]

    def routes(self, start_mm: FloatArray, radius_mm: float) -> Routes:
        """Cheapest ways from a point to everywhere through the free space."""
        return Routes(self, start_mm, radius_mm)


class Routes:
    """Minimal-cost paths on the grid (fast marching over cells; scikit-image's MCP)."""

    def __init__(self, space: Space, start_mm: FloatArray, radius_mm: float) -> None:
        from skimage.graph import MCP_Geometric

        self._grid = space.grid
        room = space.settings.room_mm
        crowding = np.clip((radius_mm + room - space.free_field) / room, 0, 1)
        cost = 1.0 + 5.0 * crowding
        cost[space.free_field < radius_mm] = -1
        start = self._grid.index_of(start_mm)
        # The start may lie against bone (a nerve leaves its foramen): open a little room there.
        around = tuple(slice(max(0, i - 3), i + 4) for i in start)
        cost[around] = np.where(cost[around] < 0, 8.0, cost[around])
        self._mcp = MCP_Geometric(cost, fully_connected=True)
        self._costs, _ = self._mcp.find_costs([tuple(start)])

    def cost(self, points_mm: FloatArray) -> FloatArray:
        """(n,) cost of reaching each point, in mm of free way; inf where no way leads."""
        index = self._grid.index_of(np.atleast_2d(points_mm))
        return np.asarray(self._costs[tuple(index.T)] * self._grid.spacing_mm)

    def path(self, end_mm: FloatArray) -> FloatArray:
        """(n, 3) grid points from the start to a reachable end."""
        index = self._grid.index_of(end_mm)
        if not np.isfinite(self._costs[tuple(index)]):
            reached = np.argwhere(np.isfinite(self._costs))
            index = reached[np.argmin(((reached - index) ** 2).sum(axis=1))]
        steps = np.array(self._mcp.traceback(tuple(index)))
        return np.asarray(self._grid.low_mm + self._grid.spacing_mm * steps)


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))


def _to_triangle(points: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """(n,) distance from points to one triangle: to its plane inside it, else to its edges."""
    ab, ac = b - a, c - a
    normal = np.cross(ab, ac)
    normal /= np.linalg.norm(normal)
    offset = points - a
    gram = np.array([[ab @ ab, ab @ ac], [ab @ ac, ac @ ac]])
    uv = np.linalg.solve(gram, np.stack([offset @ ab, offset @ ac]))
    inside = (uv[0] >= 0) & (uv[1] >= 0) & (uv.sum(axis=0) <= 1)
    edges = [_to_segment(points, *ends) for ends in ((a, b), (b, c), (c, a))]
    return np.where(inside, np.abs(offset @ normal), np.minimum.reduce(edges))


def _to_segment(points: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    along = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    return np.asarray(np.linalg.norm(points - a - along[:, None] * (b - a), axis=1))
