"""Reckon anew, from exported files alone, what `measure` says of the courses.

    python scripts/check_export.py FOLDER MEASURE.json

FOLDER is what `export` wrote with all bones, muscles, ligaments and nerves and vessels shown,
MEASURE.json what `measure --json` printed of the same specimen. Uses trimesh and none of Glutea's
own code, on purpose: another way to the same figures. Prints a line for each statement and ends
with 1 where one that is said to hold is not found so.

Clearance: vertices of the tubes against the other meshes, by closest points and rays. Foramen: the
trunk crosses a sheet that is spanned from the rim of the greater sciatic notch to the sacral apex.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import trimesh
from scipy.spatial import cKDTree

LEAST_CLEARANCE_MM = 0.25
# Tubes and muscles are drawn with facets: two reckonings of one gap differ by about this much.
FACETS_MM = 0.2
ROOT_MM = 9.0  # the first stretch of a line may touch what it comes from
JOIN_MM = 12.0  # round a bifurcation lines may touch
ENTRY_MM = 12.0  # the last stretch may touch the muscle that it enters
ON_SURFACE_MM = 1.0
NEAR_MM = 4.0  # farther points are not reckoned; faces are split to edges of this length for it
RIM_BLUR, RIM_MM = 3, 2.0
POINTS = 300
BORDER_SECTIONS = 40
WALLS = ("bone", "muscle", "ligament")
LINES = ("nerve", "artery", "vein")
ORDER = (  # lateral to medial at the lower border of piriformis
    "sciatic_nerve",
    "posterior_femoral_cutaneous_nerve",
    "inferior_gluteal_nerve",
    "inferior_gluteal_artery",
    "internal_pudendal_artery",
    "pudendal_nerve",
)


@dataclass(frozen=True)
class Finding:
    """One statement: what `measure` says, what was reckoned, and whether both agree."""

    course: str
    side: str
    what: str
    agrees: bool
    detail: str

    def __str__(self) -> str:
        mark = "ok  " if self.agrees else "NOT "
        return f"{mark} {self.course} {self.side}: {self.what}: {self.detail}"


class Export:
    """An exported folder and the measurements of the same specimen."""

    def __init__(self, folder: Path, measure: Path) -> None:
        self.folder = folder
        self.specimen = json.loads((folder / "specimen.json").read_text(encoding="utf-8"))
        self.measure = json.loads(measure.read_text(encoding="utf-8"))
        self.kinds = {part["file"][:-4]: part["kind"] for part in self.specimen["parts"]}
        self._meshes: dict[str, trimesh.Trimesh] = {}
        self._near: dict[str, cKDTree] = {}

    def mesh(self, part: str) -> trimesh.Trimesh:
        """One exported mesh, its vertices welded."""
        if part not in self._meshes:
            loaded = trimesh.load(self.folder / f"{part}.ply", force="mesh", process=False)
            loaded.merge_vertices()
            self._meshes[part] = loaded
        return self._meshes[part]

    def landmark(self, side: str, name: str) -> np.ndarray:
        """(3,) a landmark's position in mm."""
        marks = self.specimen["landmarks"]
        found = marks[side].get(name) or marks["midline"][name]
        return np.array(found["position_mm"])

    def near(self, points: np.ndarray, reach_mm: float) -> Iterator[str]:
        """Bones, muscles and ligaments whose boxes come that near to the points."""
        low, high = points.min(axis=0) - reach_mm, points.max(axis=0) + reach_mm
        for part, kind in self.kinds.items():
            if kind in WALLS:
                box = self.mesh(part).bounds
                if (box[1] > low).all() and (box[0] < high).all():
                    yield part

    def outside_mm(self, part: str, points: np.ndarray) -> np.ndarray:
        """(n,) distance outside a part, negative inside it; infinite where it is not near."""
        mesh = self.mesh(part)
        distance = np.full(len(points), np.inf)
        if part not in self._near:
            split, _ = trimesh.remesh.subdivide_to_size(mesh.vertices, mesh.faces, NEAR_MM)
            self._near[part] = cKDTree(split)
        near = np.isfinite(self._near[part].query(points, distance_upper_bound=NEAR_MM)[0])
        if near.any():
            distance[near] = -trimesh.proximity.signed_distance(mesh, points[near])
        return distance

    def notch_sheet(self, side: str) -> trimesh.Trimesh:
        """The greater sciatic foramen as a sheet: from the rim of the notch to the sacral apex.

        The rim is the shortest way over the hip bone from the ischial spine to the PIIS.
        """
        bone = self.mesh(f"hip_bone_{side}")
        ends = [self.landmark(side, name) for name in ("ischial_spine", "piis")]
        spine, piis = bone.kdtree.query(ends)[1]
        ways = networkx.Graph()
        lengths = bone.edges_unique_length
        ways.add_weighted_edges_from(
            (*edge, w) for edge, w in zip(bone.edges_unique, lengths, strict=True)
        )
        rim = bone.vertices[networkx.shortest_path(ways, spine, piis, weight="weight")]
        # Edges zigzag: without that, and a little into the bone, so that what runs along the rim
        # crosses the sheet once.
        padded = np.pad(rim, ((RIM_BLUR, RIM_BLUR), (0, 0)), mode="edge")
        rim = np.mean([padded[i : i + len(rim)] for i in range(2 * RIM_BLUR + 1)], axis=0)
        chord = rim[0] + np.linspace(0, 1, len(rim))[:, None] * (rim[-1] - rim[0])
        away = rim - chord
        rim = rim + RIM_MM * away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), RIM_MM)
        i, n = np.arange(len(rim) - 1), len(rim)
        faces = [
            np.c_[i, i + 1, i + n],
            np.c_[i + 1, i + 1 + n, i + n],
            np.c_[i, i + 1, np.full(n - 1, 2 * n)],
        ]
        corners = np.vstack([chord, rim, self.landmark(side, "sacral_apex")])
        return trimesh.Trimesh(corners, np.vstack(faces), process=False)


class Trunk:
    """The trunk of one exported course."""

    def __init__(self, export: Export, course: str, side: str) -> None:
        self.export, self.course, self.side = export, course, side
        self.branches = export.specimen["courses"][course][side]["branches"]
        self.stated = export.measure["courses"][course][side]
        trunk = next(branch for branch in self.branches if branch["parent"] is None)
        self.line = np.array(trunk["points_mm"])

    @cached_property
    def along(self) -> np.ndarray:
        """(n,) length along the centreline."""
        steps = np.linalg.norm(np.diff(self.line, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])

    def wall(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (n, 3) of the tube round the trunk, away from joins, and their place along."""
        vertices = self.export.mesh(f"{self.course}_{self.side}").vertices
        lines = [np.array(branch["points_mm"]) for branch in self.branches]
        trunk, place = _nearest(self.line, vertices)
        others = [_nearest(line, vertices)[0] for line in lines if len(line) != len(self.line)]
        mine = np.all([trunk <= other for other in others], axis=0) if others else trunk < np.inf
        s = self.along[place]
        mine &= s > ROOT_MM
        if self._goes_on():
            mine &= s < self.along[-1] - ROOT_MM
        for line in lines:
            if not np.array_equal(line, self.line):
                for end in (line[0], line[-1]):
                    mine &= np.linalg.norm(vertices - end, axis=1) > JOIN_MM
        chosen = np.flatnonzero(mine)
        chosen = chosen[:: max(1, len(chosen) // POINTS)]
        return np.asarray(vertices[chosen]), s[chosen]

    @cached_property
    def thickest_mm(self) -> float:
        """Half its width where it is widest."""
        return max(max(branch["radius_mm"]) for branch in self.branches)

    def ends(self) -> list[np.ndarray]:
        """Where its lines begin and end."""
        return [np.array(branch["points_mm"])[i] for branch in self.branches for i in (0, -1)]

    def _goes_on(self) -> bool:
        """Whether the line ends in another nerve or vessel (a source's artery that it meets)."""
        own = f"{self.course}_{self.side}"
        return any(
            self.export.outside_mm(part, self.line[-1:])[0] < ON_SURFACE_MM
            for part, kind in self.export.kinds.items()
            if kind == self.export.kinds[own] and part != own
        )

    def holds(self, name: str) -> bool | None:
        """What `measure` says of a passage, None where it says nothing."""
        return next((c["holds"] for c in self.stated["passes"] if c["name"].startswith(name)), None)

    # --- what is reckoned -----------------------------------------------------------------------

    def findings(self) -> Iterator[Finding]:
        """Every statement about this course that exported files can confirm."""
        yield from self._clearance()
        yield from self._passage()
        yield from self._entries()

    def _found(self, what: str, agrees: bool, detail: str) -> Finding:
        return Finding(self.course, self.side, what, agrees, detail)

    def _clearance(self) -> Iterator[Finding]:
        points, s = self.wall()
        if not self.holds("clear of everything") or not len(points):
            return
        least, nearest = np.inf, ""
        length = self.along[-1]
        through = {f"{name}_{self.side}" for name in self.stated["runs_through"]}
        for part in self.export.near(points, 2.0):
            if part in through:
                continue
            entered = self.export.outside_mm(part, self.line[-1:])[0] < ON_SURFACE_MM
            # A trunk that meets gluteus maximus ends with its wall there, not with its middle.
            entered |= part == f"gluteus_maximus_{self.side}" and bool(self.stated["trunk_contact"])
            kept = points[s < length - ENTRY_MM] if entered else points
            if len(kept):
                gap = float(self.export.outside_mm(part, kept).min())
                if gap < least:
                    least, nearest = gap, part
        yield self._found(
            "clear of bone, muscle and ligament",
            least >= LEAST_CLEARANCE_MM - FACETS_MM,
            f"{least:.2f} mm to {nearest}",
        )

    def _passage(self) -> Iterator[Finding]:
        if self.stated["exit"] is None or not self.holds("through the greater sciatic foramen"):
            return
        steps = np.diff(self.line, axis=0)
        hits, ray, _ = self.export.notch_sheet(self.side).ray.intersects_location(
            self.line[:-1], steps, multiple_hits=False
        )
        reached = np.linalg.norm(hits.reshape(-1, 3) - self.line[ray], axis=1)
        crossings = np.flatnonzero(reached <= np.linalg.norm(steps[ray], axis=1))
        yield self._found(
            "through the greater sciatic foramen",
            len(crossings) % 2 == 1,
            f"crosses it {len(crossings)} times",
        )
        piriformis = f"piriformis_{self.side}"
        if self.holds("below piriformis") and piriformis in self.export.kinds:
            place = np.array(self.stated["exit"]["position_mm"])
            muscle = self.export.mesh(piriformis)
            low, high = muscle.bounds[:, 0]
            x = np.clip(place[0], low + FACETS_MM, high - FACETS_MM)
            border = muscle.section(plane_origin=[x, 0, 0], plane_normal=[1, 0, 0])
            below = float(border.vertices[:, 2].min() - place[2])
            yield self._found(
                "below piriformis", below > -FACETS_MM, f"{below:.1f} mm below its border"
            )

    def lower_border(self) -> np.ndarray | None:
        """(3,) where the trunk crosses the lower border of piriformis, seen from behind.

        The border's height is that of the lowest point of the muscle's sagittal sections; of
        several crossings the one nearest to the exit. None where it stays on one side of it.
        """
        muscle = self.export.mesh(f"piriformis_{self.side}")
        low, high = muscle.bounds[:, 0]
        across = np.linspace(low + FACETS_MM, high - FACETS_MM, BORDER_SECTIONS)
        sections = [muscle.section(plane_origin=[x, 0, 0], plane_normal=[1, 0, 0]) for x in across]
        border = [section.vertices[:, 2].min() for section in sections]
        below = np.interp(self.line[:, 0], across, border) - self.line[:, 2]
        at = np.flatnonzero((below[:-1] <= 0) & (below[1:] > 0))
        if not len(at):
            return None
        exit_mm = np.array(self.stated["exit"]["position_mm"])
        nearest = at[np.argmin(np.linalg.norm(self.line[at] - exit_mm, axis=1))]
        return np.asarray(self.line[nearest])

    def _entries(self) -> Iterator[Finding]:
        muscle = f"gluteus_maximus_{self.side}"
        if muscle not in self.export.kinds:
            return
        contact = self.stated["trunk_contact"]
        places = self.stated["entry_points"] + ([contact] if contact else [])
        limits = self.export.measure["entry_zone"][self.side]["limits_mm"]
        mesh = self.export.mesh(muscle)
        for place in places:
            at = np.array(place["position_mm"])
            _, away, face = trimesh.proximity.closest_point(mesh, [at])
            inward = self.export.landmark(self.side, "hip_joint_centre") - at
            deep = float(mesh.face_normals[face[0]] @ inward) > 0
            yield self._found(
                f"{place['branch']} meets the deep surface",
                bool(away[0] < ON_SURFACE_MM and deep),
                f"{away[0]:.2f} mm off, {'deep' if deep else 'superficial'}",
            )
            for landmark, key, band in (
                ("greater_trochanter_tip", "to_greater_trochanter_mm", "greater_trochanter"),
                ("psis", "to_psis_mm", "psis"),
            ):
                reckoned = float(np.linalg.norm(at - self.export.landmark(self.side, landmark)))
                low, high = limits[band]
                same = (low <= reckoned <= high) == (low <= place[key] <= high)
                yield self._found(
                    f"{place['branch']} to {landmark}",
                    same and abs(reckoned - place[key]) < 0.1,
                    f"{reckoned:.1f} mm, {'in' if low <= reckoned <= high else 'outside'} the band",
                )


def order_findings(trunks: list[Trunk]) -> Iterator[Finding]:
    """Solved courses lie as required, lateral to medial, where they pass piriformis's border."""
    places = []
    for trunk in sorted(trunks, key=lambda t: ORDER.index(t.course) if t.course in ORDER else -1):
        stated = [c for c in trunk.stated["passes"] if c["name"] == "order at piriformis"]
        if stated and stated[0]["holds"] and "stacked" not in stated[0]["detail"]:
            crossing = trunk.lower_border()
            if crossing is not None:
                places.append((trunk, abs(crossing[0])))
    for (lateral, x), (medial, other) in zip(places, places[1:], strict=False):
        yield Finding(
            lateral.course,
            lateral.side,
            f"lateral to {medial.course}",
            x > other,
            f"{x:.1f} and {other:.1f} mm from the midplane",
        )


def between_courses(trunks: list[Trunk]) -> Iterator[Finding]:
    """Walls of the trunks of one side against the other courses' tubes."""
    for one in trunks:
        points, _ = one.wall()
        if not one.holds("clear of everything") or not len(points):
            continue
        for other in trunks:
            part = f"{other.course}_{other.side}"
            # What is not stated lies far off, or is what the course springs from.
            if other.course not in one.stated["min_clearance_mm"]:
                continue
            # Where one ends in the other they touch as far as that one is thick.
            ends = [(end, one.thickest_mm) for end in other.ends()]
            ends += [(end, other.thickest_mm) for end in one.ends()]
            free = np.all(
                [np.linalg.norm(points - end, axis=1) > JOIN_MM + half for end, half in ends],
                axis=0,
            )
            if free.any():
                gap = float(one.export.outside_mm(part, points[free]).min())
                yield Finding(
                    one.course,
                    one.side,
                    f"clear of {other.course}",
                    gap >= LEAST_CLEARANCE_MM - FACETS_MM,
                    f"{gap:.2f} mm",
                )


def beside_source(trunks: list[Trunk]) -> Iterator[Finding]:
    """Walls of the trunks of one side against the source's own nerves and vessels.

    Outside the pelvis: within it a course may touch the plexus of the source that it springs from.
    """
    for one in trunks:
        export, side = one.export, one.side
        points, _ = one.wall()
        if one.holds("clear of everything") and len(points):
            points = points[outside_pelvis(export, side, points)]
        else:
            continue
        solved = {f"{course}_{side}" for course in export.specimen["courses"]}
        for part, kind in export.kinds.items():
            stated = part.removesuffix(f"_{side}") in one.stated["min_clearance_mm"]
            if kind not in LINES or part in solved or not stated or not part.endswith(f"_{side}"):
                continue
            ends = one.line[[0, -1]]
            far = cKDTree(ends).query(points)[0] > JOIN_MM  # a vessel may go on in the source's
            if far.any():
                gap = float(export.outside_mm(part, points[far]).min())
                yield Finding(
                    one.course,
                    side,
                    f"clear of the source's {part.removesuffix(f'_{side}')}",
                    gap >= LEAST_CLEARANCE_MM - FACETS_MM,
                    f"{gap:.2f} mm",
                )


def outside_pelvis(export: Export, side: str, points: np.ndarray) -> np.ndarray:
    """(n,) whether points lie behind the plane of ischial spine, sacral apex and coccyx tip."""
    spine, apex, coccyx = (
        export.landmark(side, name) for name in ("ischial_spine", "sacral_apex", "coccyx_tip")
    )
    normal = np.cross(apex - spine, coccyx - spine)
    normal *= np.sign(normal[1])
    return np.asarray((points - spine) @ normal > 0)


def check(folder: Path, measure: Path) -> list[Finding]:
    """All findings for an exported folder."""
    export = Export(folder, measure)
    findings: list[Finding] = []
    for side in ("left", "right"):
        trunks = [
            Trunk(export, course, side)
            for course, sides in export.specimen["courses"].items()
            if side in sides and f"{course}_{side}" in export.kinds
        ]
        for trunk in trunks:
            findings += trunk.findings()
        findings += between_courses(trunks)
        findings += beside_source(trunks)
        findings += order_findings(trunks)
    return findings


def _nearest(line: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) distance to the nearest of a line's points, and which one it is."""
    apart = np.linalg.norm(points[:, None] - line[None], axis=2)
    return apart.min(axis=1), apart.argmin(axis=1)


def main(arguments: list[str]) -> int:
    """The command: prints every finding; 1 where one does not agree."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    findings: list[Any] = check(Path(arguments[0]), Path(arguments[1]))
    print(*findings, sep="\n")
    wrong = sum(not finding.agrees for finding in findings)
    print(f"{len(findings) - wrong} of {len(findings)} statements confirmed")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
