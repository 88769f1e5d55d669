"""The ligaments of the ischium: their outline, their seats on bone and the way they leave free."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from benchmarks.modelling import MOST_OVERLAP, overlap
from meshes.load import load_specimen
from meshes.modelling.complete import complete
from meshes.modelling.fibres import bend_through, relax
from meshes.modelling.remesh import euler_number
from meshes.modelling.signed_distance import Field, Grid, surface_samples
from meshes.modelling.table import footprints
from meshes.sources.download import fetch
from meshes.specimen import FloatArray, Part, Specimen
from meshes.surface import is_closed

ROOT = Path(__file__).parents[3]
UPSTREAM = Path(os.environ.get("GLUTEA_MIRROR") or ROOT.parent / "shared" / "upstream")
LIGAMENTS = ("sacrotuberous_ligament", "sacrospinous_ligament")
BONES = ("hip_bone", "sacrum", "coccyx")
# mm for the table's femoral head
WAIST_MM = (10.0, 15.0)
SEAT_LENGTH_MM = (20.0, 36.0)
CONTACT_MM = 1.0
BRIDGED_MM = 3.0
# A ligament's own thickness: a corner that stands free is farther from bone.
CORNER_MM = 5.0
UPPER_END_MM = 5.0


@pytest.fixture(
    scope="module", params=["model", pytest.param("z-anatomy", marks=pytest.mark.atlas)]
)
def specimen(request: pytest.FixtureRequest) -> Specimen:
    """A specimen with both ligaments, as fine as it is shown: coarse ones are too thin to judge."""
    if request.param == "z-anatomy":
        if not (UPSTREAM / "z-anatomy" / "trunk.glb").is_file():
            pytest.skip(f"the real Z-Anatomy files are not at {UPSTREAM}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GLUTEA_MIRROR", str(UPSTREAM))
            fetch("z-anatomy")
    return complete(load_specimen(request.param), structure_ids=["coccyx", *LIGAMENTS])


def left(specimen: Specimen, name: str) -> Part:
    part = specimen.part(name, "left")
    assert part is not None
    return part


def scale_of(specimen: Specimen) -> float:
    centre = specimen.landmark("hip_joint_centre", "left")
    assert centre is not None
    assert centre.radius_mm is not None
    return centre.radius_mm / footprints().reference_head_radius_mm


def mark(specimen: Specimen, name: str) -> FloatArray:
    landmark = specimen.landmark(name, "left")
    assert landmark is not None
    return np.asarray(landmark.position_mm)


def to_bone_mm(specimen: Specimen, points: FloatArray) -> FloatArray:
    bones = [left(specimen, name) for name in BONES]
    spread = [surface_samples(b.vertices_mm, b.triangles, 0.15)[0] for b in bones]
    return np.asarray(cKDTree(np.vstack(spread)).query(points)[0])


def seat_gaps_mm(specimen: Specimen, part: Part, end: str) -> FloatArray:
    """How near each of five strips of an end comes to bone, from one border to the other."""
    u, s = part.fields["fibre"].T
    rim = s < 0.15 if end == "origin" else s > 0.85
    distance = to_bone_mm(specimen, part.vertices_mm[rim])
    strip = np.minimum((u[rim] * 5).astype(int), 4)
    return np.array([distance[strip == i].min() for i in np.unique(strip)])


def widths_mm(part: Part) -> FloatArray:
    """Widths of sections square to the ligament's middle line, from 0.2 to 0.85 of its length."""
    s = part.fields["fibre"][:, 1]
    at = np.linspace(0.1, 0.95, 18)
    line = np.array([part.vertices_mm[np.abs(s - x) < 0.04].mean(axis=0) for x in at])
    mesh = trimesh.Trimesh(part.vertices_mm, part.triangles, process=False)
    out = []
    for i in range(2, len(at) - 2):
        section = trimesh.intersections.mesh_plane(mesh, line[i + 1] - line[i - 1], line[i])
        out.append(pdist(section.reshape(-1, 3)).max())
    return np.array(out)


def lateral_border(part: Part, heights: FloatArray) -> FloatArray:
    z, x = part.vertices_mm[:, 2], part.vertices_mm[:, 0]
    return np.array([x[np.abs(z - height) < 2.0].max() for height in heights])


@pytest.mark.parametrize("name", LIGAMENTS)
def test_each_is_one_closed_surface_beside_its_neighbours(specimen: Specimen, name: str) -> None:
    part = left(specimen, name)
    assert is_closed(part.triangles)
    assert euler_number(part.triangles) == 2
    assert overlap(specimen, part) <= MOST_OVERLAP["ligament"]


@pytest.mark.parametrize("name", LIGAMENTS)
@pytest.mark.parametrize("end", ["origin", "insertion"])
def test_both_ends_sit_on_bone(specimen: Specimen, name: str, end: str) -> None:
    gaps = seat_gaps_mm(specimen, left(specimen, name), end)
    assert len(gaps) == 5
    assert np.median(gaps) <= CONTACT_MM / 2
    # At an origin one strip may bridge the joint between sacrum and coccyx.
    bridging = 1 if end == "origin" else 0
    assert np.sort(gaps)[-1 - bridging] <= CONTACT_MM, gaps
    assert gaps.max() <= BRIDGED_MM


def test_its_upper_end_is_blunt_and_lies_on_bone(specimen: Specimen) -> None:
    part, scale = left(specimen, "sacrotuberous_ligament"), scale_of(specimen)
    top = part.vertices_mm[:, 2].max()
    corner = part.vertices_mm[part.vertices_mm[:, 2] > top - 10]
    assert to_bone_mm(specimen, corner).max() <= CORNER_MM * scale
    mesh = trimesh.Trimesh(part.vertices_mm, part.triangles, process=False)
    across = trimesh.intersections.mesh_plane(mesh, [0, 0, 1], [0, 0, top - 6 * scale])
    assert pdist(across.reshape(-1, 3)).max() >= UPPER_END_MM * scale


def test_the_sacrotuberous_ligament_is_a_fan_with_a_waist(specimen: Specimen) -> None:
    part, scale = left(specimen, "sacrotuberous_ligament"), scale_of(specimen)
    widths = widths_mm(part)
    waist = widths[len(widths) // 2 :].min()
    assert WAIST_MM[0] <= waist / scale <= WAIST_MM[1]
    assert widths[: len(widths) // 2].max() >= 1.8 * waist
    seat = part.vertices_mm[part.fields["fibre"][:, 1] > 0.92]
    assert SEAT_LENGTH_MM[0] <= pdist(seat).max() / scale <= SEAT_LENGTH_MM[1]


def test_its_lateral_border_is_hollow_and_leaves_the_foramen_free(specimen: Specimen) -> None:
    part, spine = left(specimen, "sacrotuberous_ligament"), mark(specimen, "ischial_spine")
    top, tuberosity = mark(specimen, "piis"), mark(specimen, "ischial_tuberosity")
    heights = np.linspace(top[2] - 5, tuberosity[2] + 25, 12)
    border = lateral_border(part, heights)
    straight = np.interp(heights, heights[[-1, 0]], border[[-1, 0]])
    assert (straight - border)[3:-3].min() >= 2.0
    assert (border <= straight + 0.5).all()
    lower = (heights > spine[2]) & (heights < (spine[2] + top[2]) / 2)
    assert border[lower].max() <= spine[0] - 2.0


def test_the_sacrospinous_ligament_ends_on_the_spine_in_front_of_the_other(
    specimen: Specimen,
) -> None:
    front, behind = left(specimen, LIGAMENTS[1]), left(specimen, LIGAMENTS[0])
    along = front.fields["fibre"][:, 1]
    end = front.vertices_mm[along > along.max() - 0.03]
    assert np.linalg.norm(end.mean(axis=0) - mark(specimen, "ischial_spine")) <= 5.0
    distance, which = cKDTree(front.vertices_mm).query(behind.vertices_mm)
    near = distance < 6
    assert near.sum() > 50
    # Both slant: what lies behind lies lateral too.
    ahead = (behind.vertices_mm - front.vertices_mm[which])[near] @ [0.7, 0.7, 0.0]
    assert ahead.mean() > 1.0
    assert (ahead > -0.5).mean() > 0.8


def test_fibres_at_rest_pass_through_their_waist() -> None:
    start = np.array([[0.0, 0, 60], [-30.0, 5, 20]])
    waist = np.array([[-8.0, 4, 0], [-14.0, 4, -14]])
    end = np.array([[4.0, 0, -50], [-8.0, -12, -60]])
    nothing = Field(Grid(np.full(3, -90.0), 30.0, (7, 7, 7)), np.full((7, 7, 7), 99.0))
    none = np.zeros((2, 3))
    rest = bend_through(start, waist, end)
    sheet = relax(nothing, [start, end], 41, 0.0, none, rest, np.zeros(2), 0.0, 3000)
    for fibre, point, way in zip(sheet, waist, end - start, strict=True):
        assert np.linalg.norm(fibre - point, axis=1).min() < 1.5
        turn = np.diff(fibre, 2, axis=0)
        assert np.ptp(turn, axis=0).max() < 0.05 * np.linalg.norm(way) / 41
