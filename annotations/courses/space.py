"""The space that courses run in: distance fields of one side, its doors, what closes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from annotations.courses.foramen import Foramen
from annotations.courses.midline import midlines
from annotations.courses.neighbours import Neighbour, surface_points
from annotations.courses.table import course_table
from annotations.zones.fields import below_piriformis_mm
from meshes.signed_distance import Grid, distance_field, occupancy, polydata
from meshes.specimen import BoolArray, FloatArray, IntArray, Part, Side, Specimen
from meshes.structure import structures

NEAR_MM = 4.5  # distances below are exact to a tenth, above to half a cell
POINTS_PER_MM2 = 3.0
SHEET_STEP_MM = 0.6
SHEET_HALF_MM = 0.8
DOOR_DEPTH_BELOW_MM = 30.0
DOOR_REACH_MM = 75.0  # no way out of the foramen lies further from the spine along an axis
GridName = Literal["near", "wide"]
# What the grids cover: landmarks, and margins (lateral, anterior, posterior, below, above) in mm.
BOXES: dict[GridName, tuple[tuple[str, ...], tuple[float, float, float, float, float]]] = {
    "near": (
        (
            "ischial_spine", "piis", "sacral_foramen_s1", "ischial_tuberosity",
            "greater_trochanter_tip", "sacral_apex", "lesser_trochanter", "coccyx_tip",
        ),
        (10.0, 50.0, 26.0, 75.0, 30.0),
    ),
    "wide": (
        ("pubic_tubercle", "asis", "psis", "sacral_promontory", "ischial_tuberosity"),
        (6.0, 25.0, 10.0, 0.0, 90.0),
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Field:
    """Signed distance on a grid, and which part lies nearest or fills each cell (−1: none)."""

    grid: Grid
    names: tuple[str, ...]
    values: FloatArray
    owner: IntArray
    points: FloatArray
    point_owner: IntArray

    @classmethod
    def of(cls, grid: Grid, parts: list[Part], sheets: dict[str, FloatArray]) -> Field:
        """From closed surfaces, and points spread over sheets of no thickness."""
        low = np.array(grid.low_mm) - NEAR_MM
        high = grid.low_mm + grid.spacing_mm * np.array(grid.shape) + NEAR_MM
        names = tuple(part.structure for part in parts) + tuple(sheets)
        filled = np.full(grid.shape, -1, np.int16)
        clouds = []
        for index, part in enumerate(parts):
            filled[occupancy(part, grid)] = index
            clouds.append(surface_points(part, low, high, POINTS_PER_MM2 / grid.spacing_mm))
        clouds += list(sheets.values())
        points = np.vstack([*clouds, np.full((1, 3), 1e4)])
        of_point = np.repeat(np.arange(len(clouds)), [len(cloud) for cloud in clouds])
        of_point = np.r_[of_point, -1].astype(np.int16)
        touched = filled >= 0
        touched[tuple(grid.index_of(points[:-1]).T)] = True
        values = distance_field(touched, grid)
        owner = filled.copy()
        field = cls(grid, names, values, owner, points, of_point)
        near = np.abs(values) < NEAR_MM
        field._measure(near, filled, of_point >= 0)
        # A ligament is thinner than the grid is fine: no string may be pulled through it.
        thin = [i for i, n in enumerate(names) if structures()[n].kind == "ligament"]
        values[np.isin(owner, thin)] -= SHEET_HALF_MM
        return field

    def _measure(self, cells: BoolArray, filled: IntArray, kept: BoolArray) -> None:
        from scipy.spatial import cKDTree

        where = np.argwhere(cells)
        tree = cKDTree(self.points[kept])
        far, nearest = tree.query(
            np.array(self.grid.low_mm) + self.grid.spacing_mm * where,
            distance_upper_bound=3 * NEAR_MM,
            workers=2,
        )
        owners = np.r_[self.point_owner[kept], -1]
        inside = filled[cells] >= 0
        far = np.where(np.isfinite(far), far, 3 * NEAR_MM)
        self.values[cells] = np.where(inside, -far, far)
        self.owner[cells] = np.where(inside, filled[cells], owners[nearest])

    def without(self, names: tuple[str, ...]) -> Field:
        """The field as if these parts were not there."""
        dropped = [i for i, name in enumerate(self.names) if name in names]
        if not dropped:
            return self
        cells = np.isin(self.owner, dropped)
        field = Field(
            self.grid, self.names, self.values.copy(), self.owner.copy(), self.points,
            self.point_owner,
        )  # fmt: skip
        filled = np.where(self.values < 0, self.owner, -1)
        filled = np.where(np.isin(filled, dropped), -1, filled)
        kept = (self.point_owner >= 0) & ~np.isin(self.point_owner, dropped)
        field._measure(cells, filled, kept)
        return field


class Implicit:
    """Exact distances to one part's surface; the search structure is kept."""

    def __init__(self, part: Part) -> None:
        from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator
        from vtkmodules.vtkFiltersCore import vtkImplicitPolyDataDistance
        from vtkmodules.vtkFiltersModeling import vtkSelectEnclosedPoints

        self._mesh = polydata(part)
        self._function = vtkImplicitPolyDataDistance()
        self._function.SetInput(self._mesh)
        self._enclosed = vtkSelectEnclosedPoints()
        self._enclosed.SetTolerance(1e-6)
        self._enclosed.Initialize(self._mesh)
        self._locator = vtkStaticCellLocator()
        self._locator.SetDataSet(self._mesh)
        self._locator.BuildLocator()

    def distances(self, points: FloatArray) -> FloatArray:
        """(n,) signed distances of (n, 3) points."""
        from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkDoubleArray

        out = vtkDoubleArray()
        given = numpy_to_vtk(np.ascontiguousarray(points, float))  # type: ignore[no-untyped-call]
        self._function.FunctionValue(given, out)
        found = np.array(vtk_to_numpy(out))  # type: ignore[no-untyped-call]
        # It judges by the nearest triangle's normal, and beyond a sharp rim calls a point inside
        # that lies centimetres away: rays decide.
        for at in np.flatnonzero(found < 0):
            if not self._enclosed.IsInsideSurface(*points[at]):
                found[at] = -found[at]
        return found

    def nearest(self, points: FloatArray) -> FloatArray:
        """(n, 3) nearest points of the surface."""
        from vtkmodules.vtkCommonCore import mutable
        from vtkmodules.vtkCommonDataModel import vtkGenericCell

        found = []
        for point in points:
            at, cell = [0.0, 0.0, 0.0], vtkGenericCell()
            index, sub, far = mutable(0), mutable(0), mutable(0.0)
            self._locator.FindClosestPoint(point, at, cell, index, sub, far)  # type: ignore[call-overload]
            found.append(at)
        return np.array(found)


# The anterior foramina are closed to routes by a plug a little behind each opening's rim.
SACRAL_FORAMINA = tuple(f"sacral_foramen_s{number}" for number in (1, 2, 3, 4))
BONE_MM = 12.0  # walls end that far within the ischium
PLUG_BEHIND_MM, PLUG_RADIUS_MM = 9.0, 6.5


class Space:
    """Fields, neighbours and doors of one side."""

    def __init__(self, specimen: Specimen, side: Side) -> None:
        self.settings = course_table().settings
        self.specimen, self.side = specimen, side
        self.foramen = Foramen.of(specimen, side)
        self.muscle = specimen.part("gluteus_maximus", side)
        self.piriformis = specimen.part("piriformis", side)
        centre = specimen.landmark("hip_joint_centre", side)
        radius = centre.radius_mm if centre is not None else None
        reference = self.settings.reference_head_radius_mm
        self.scale = (radius or reference) / reference
        self._solid: dict[tuple[GridName, tuple[str, ...]], Field] = {}
        self._grids: dict[GridName, Grid] = {}
        self._exact: dict[str, Implicit] = {}
        self._doors: dict[str, FloatArray] = {}

    def grid(self, name: GridName) -> Grid:
        """The fine grid of the gluteal region, or the coarse one of the half pelvis."""
        if name not in self._grids:
            marks, (lateral, front, back, below, above) = BOXES[name]
            found = [self.specimen.point_mm(mark, self.side) for mark in marks]
            points = np.array([mark for mark in found if mark is not None])
            low, high = points.min(axis=0), points.max(axis=0)
            right = self.side == "right"
            middle = (0.0, 3.0) if right else (-3.0, 0.0)
            low += [-lateral if right else middle[0], -front, -below]
            high += [middle[1] if right else lateral, back, above]
            if right:
                high[0] = max(high[0], 3.0)
            else:
                low[0] = min(low[0], -3.0)
            spacing = self.settings.grid_mm if name == "near" else self.settings.wide_grid_mm
            self._grids[name] = Grid.around(low, high, spacing * max(self.scale, 0.7))
        return self._grids[name]

    @cached_property
    def obstacles(self) -> dict[str, Part]:
        """What a course may not enter, gluteus maximus apart, by structure."""
        return {
            part.structure: part
            for part in self.specimen.parts.values()
            if part.side in (self.side, "midline")
            and part.structure != "gluteus_maximus"
            and structures()[part.structure].kind in self.settings.obstacle_kinds
        }

    @cached_property
    def sheets(self) -> dict[str, FloatArray]:
        """Points over the triangles that stand for ligaments the specimen lacks."""
        return {
            name: self.foramen.sheet(name, SHEET_STEP_MM)
            for name in self.settings.thin_sheets
            if name not in self.obstacles
        }

    def solid(self, grid: GridName, through: tuple[str, ...] = ()) -> Field:
        """Distance to bones, muscles but gluteus maximus, ligaments; without some of them."""
        key = (grid, through)
        if key not in self._solid:
            if through:
                self._solid[key] = self.solid(grid).without(through)
            else:
                box = self.grid(grid)
                parts = [part for part in self.obstacles.values() if _touches(part, box)]
                self._solid[key] = Field.of(box, parts, self.sheets)
        return self._solid[key]

    def prepare(self) -> None:
        """Work out the large fields side by side: most of it is done without Python's lock."""
        from concurrent.futures import ThreadPoolExecutor

        # What they have in common first, so that no two threads make it at once.
        self.grid("near"), self.grid("wide"), self.obstacles, self.sheets
        with ThreadPoolExecutor(2) as threads:
            tasks = (lambda: self.solid("near"), lambda: self.gluteus, lambda: self.solid("wide"))
            for done in [threads.submit(task) for task in tasks]:
                done.result()

    @cached_property
    def gluteus(self) -> Field | None:
        """Distance to gluteus maximus on the fine grid."""
        if self.muscle is None:
            return None
        return Field.of(self.grid("near"), [self.muscle], {})

    @cached_property
    def source_neighbours(self) -> dict[str, Neighbour]:
        """The source's own nerves and vessels of the region."""
        box = self.grid("near")
        low, high = np.array(box.low_mm), box.low_mm + box.spacing_mm * np.array(box.shape)
        found = {}
        for name in self.settings.source_neighbours:
            part = self.specimen.part(name, self.side)
            if part is not None and (near := Neighbour.of_part(part, low, high)) is not None:
                found[name] = near
        return found

    @cached_property
    def source_midlines(self) -> dict[str, list[FloatArray]]:
        """The middle lines of the source's own nerves and vessels of the region."""
        parts = {
            name: self.specimen.part(name, self.side) for name in self.settings.source_neighbours
        }
        found = {name: midlines(part) for name, part in parts.items() if part is not None}
        return {name: lines for name, lines in found.items() if lines}

    def source_to_keep_off(self, springs_from: tuple[str, ...]) -> list[Neighbour]:
        """The source's nerves and vessels, without the pelvic part of those one springs from."""
        return [
            near
            for name, whole in self.source_neighbours.items()
            if (near := self._outside[name] if name in springs_from else whole) is not None
        ]

    @cached_property
    def _outside(self) -> dict[str, Neighbour | None]:
        return {
            name: near.only(self.foramen.is_outside)
            for name, near in self.source_neighbours.items()
        }

    def distance_to(self, name: str, points: FloatArray) -> FloatArray:
        """(n,) distance from points to a part (or its stand-in sheet), by its surface points."""
        from scipy.spatial import cKDTree

        if name in self.sheets:
            cloud = self.sheets[name]
        else:
            part = self.obstacles[name]
            reach = 40.0
            cloud = surface_points(part, points.min(axis=0) - reach, points.max(axis=0) + reach, 2)
            if len(cloud) == 0:
                cloud = part.vertices_mm.astype(float)
        return np.asarray(cKDTree(cloud).query(points)[0])

    def exact(self, name: str, points: FloatArray) -> FloatArray:
        """(n,) exact signed distance to a part's surface (unsigned to a stand-in sheet)."""
        if name in self.sheets:
            return self.distance_to(name, points)
        return self._implicit(name).distances(points)

    def nearest_on(self, name: str, points: FloatArray) -> FloatArray:
        """(n, 3) the points of a part's surface that lie nearest."""
        return self._implicit(name).nearest(points)

    def entry_mm(self, line: FloatArray) -> FloatArray:
        """(3,) where a line sinks into gluteus maximus for good, on its surface."""
        away = self.exact("gluteus_maximus", line)
        outside = np.flatnonzero(away > 0)
        last = int(outside[-1]) if len(outside) else 0
        if last + 1 < len(line):
            share = away[last] / (away[last] - away[last + 1])
            at = line[last] + share * (line[last + 1] - line[last])
        else:
            at = line[last]
        return np.asarray(self.nearest_on("gluteus_maximus", at[None])[0])

    def near(self, points: FloatArray, reach_mm: float) -> list[str]:
        """Bones, muscles and ligaments of the specimen whose boxes come that near to points."""
        low, high = points.min(axis=0) - reach_mm, points.max(axis=0) + reach_mm
        names, lowest, highest = self._boxes
        return [names[i] for i in np.flatnonzero(((highest > low) & (lowest < high)).all(axis=1))]

    @cached_property
    def _boxes(self) -> tuple[list[str], FloatArray, FloatArray]:
        """Names (n) of what may be near, and the corners (n, 3) of the boxes round them."""
        muscle = {} if self.muscle is None else {self.muscle.structure: self.muscle}
        parts = {**self.obstacles, **muscle}
        lowest = np.array([part.vertices_mm.min(axis=0) for part in parts.values()])
        highest = np.array([part.vertices_mm.max(axis=0) for part in parts.values()])
        return list(parts), lowest.reshape(-1, 3), highest.reshape(-1, 3)

    def surface(self, name: str) -> FloatArray:
        """(m, 3, 3) the triangles of a part, or the one that stands for a ligament."""
        if name in self.sheets:
            return np.array([self.foramen.triangle(name)])
        part = self.obstacles[name]
        return np.asarray(part.vertices_mm[part.triangles], float)

    def _implicit(self, name: str) -> Implicit:
        if name not in self._exact:
            part = self.specimen.part(name, self.side)
            assert part is not None
            self._exact[name] = Implicit(part)
        return self._exact[name]

    def door(self, name: str, field: FloatArray, radius_mm: float) -> FloatArray:
        """(n, 3) cells of the foramen below (above) piriformis where such a tube has room."""
        if name not in self._doors:
            self._doors[name] = self._door(name)
        points = self._doors[name]
        room = field[tuple(self.grid("near").index_of(points).T)]
        return np.asarray(points[room > radius_mm + 0.2])

    def _door(self, name: str) -> FloatArray:
        grid = self.grid("near")
        f = self.foramen
        low = grid.index_of((f.spine - DOOR_REACH_MM)[None])[0]
        high = grid.index_of((f.spine + DOOR_REACH_MM)[None])[0] + 1
        cells = np.argwhere(np.ones(high - low, bool)) + low
        points = grid.low_mm + grid.spacing_mm * cells
        _, up, back = f.local(points).T
        below = below_piriformis_mm(self.specimen, self.side, points)
        if name == "infrapiriform":
            keep = (np.abs(back) < self.settings.door_half_depth_mm) & (up > 1.0)
            keep &= (below > 0) & (below < DOOR_DEPTH_BELOW_MM)
            keep &= f.lateral_mm(points) < f.lateral_mm(f.spine) + 30.0 * self.scale
        else:
            keep = (np.abs(back) < 2 * self.settings.door_half_depth_mm) & (below < -8.0)
            piis = self.specimen.point_mm("piis", self.side)
            if piis is not None:
                keep &= np.linalg.norm(points - piis, axis=1) < 60.0 * self.scale
                # Medial to it the plane runs through the sacrum and its foramina.
                keep &= f.lateral_mm(points) > f.lateral_mm(piis)
        return np.asarray(points[keep], float)

    @cached_property
    def walls(self) -> dict[str, BoolArray]:
        """What a route may not use, by name, on the fine grid."""
        grid = self.grid("near")
        points = grid.points_mm()
        f = self.foramen
        half = 1.2 * grid.spacing_mm
        out: dict[str, BoolArray] = {"midline": np.abs(points[..., 0]) < grid.spacing_mm}
        # Nor through the canal of the sacrum, in at one foramen and out at another.
        for name in SACRAL_FORAMINA:
            mark = self.specimen.point_mm(name, self.side)
            if mark is not None:
                behind = mark + np.array([0.0, PLUG_BEHIND_MM * self.scale, 0.0])
                away = np.linalg.norm(points - behind, axis=-1)
                out["midline"] |= away < PLUG_RADIUS_MM * self.scale
        medial, up, back = np.moveaxis(f.local(points), -1, 0)
        # What has come out must not slip in again over the spine.
        out["greater_foramen"] = (np.abs(back) < half) & (up > 0)
        # Below the sacrospinous ligament, between the two ligaments: the lesser foramen.
        # It ends with the hip bone: lower and more lateral the same plane runs through the thigh.
        bone = max(f.lateral_mm(f.spine), f.lateral_mm(f.tuberosity)) + BONE_MM * self.scale
        out["lesser_foramen"] = (np.abs(back) < half) & (up <= 0)
        out["lesser_foramen"] &= f.lateral_mm(points) < bone
        out["lesser_foramen"] &= points[..., 2] > f.tuberosity[2] - BONE_MM * self.scale
        out["medial_of_ischium"] = self._medial_of_ischium(points)
        out["behind_sacrotuberous"] = self._behind_sacrotuberous()
        if self.piriformis is not None:
            inside = occupancy(self.piriformis, grid)
            over, under = inside.copy(), inside.copy()
            for _ in range(int(self.settings.curtain_mm / grid.spacing_mm)):
                over[:, :, 1:] |= over[:, :, :-1]
                under[:, :, :-1] |= under[:, :, 1:]
            out["above_piriformis"] = over & ~inside
            out["below_piriformis"] = under & ~inside
        return out

    def _medial_of_ischium(self, points: FloatArray) -> BoolArray:
        """Below the spine, what lies medial to a line from it to the tuberosity."""
        f = self.foramen
        share = (f.spine[2] - points[..., 2]) / (f.spine[2] - f.tuberosity[2])
        spine, tuberosity = f.lateral_mm(f.spine), f.lateral_mm(f.tuberosity)
        limit = spine + np.clip(share, 0, 1) * (tuberosity - spine)
        return np.asarray((share > 0) & (f.lateral_mm(points) < limit))

    def _behind_sacrotuberous(self) -> BoolArray:
        """What the sacrotuberous ligament covers from in front."""
        solid = self.solid("near")
        name = "sacrotuberous_ligament"
        if name not in solid.names:
            return np.zeros(solid.grid.shape, bool)
        # A sheet comes within half a cell of one cell of every column that runs through it.
        sheet = (solid.owner == solid.names.index(name)) & (
            solid.values + SHEET_HALF_MM < solid.grid.spacing_mm / 2
        )
        return np.asarray(np.maximum.accumulate(sheet, axis=1) & ~sheet)


def _touches(part: Part, grid: Grid) -> bool:
    low = np.array(grid.low_mm)
    high = grid.low_mm + grid.spacing_mm * np.array(grid.shape)
    points = part.vertices_mm
    return bool((points.max(axis=0) > low).all() and (points.min(axis=0) < high).all())
