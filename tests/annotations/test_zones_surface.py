"""Finer meshes of the same surface, ways along it, fractions across and along a known muscle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.request import Request
from annotations.zones.calm import FARTHEST_MM
from annotations.zones.fibres import rim_arcs, rim_of
from annotations.zones.fields import surface_fields
from annotations.zones.geodesic import Geodesics
from annotations.zones.refine import evened, nearest_on, refined, with_point
from annotations.zones.regions import zones_of
from meshes.specimen import FloatArray, IntArray, Landmark, Part, Specimen
from meshes.surface import is_closed, normals_of, volume_cm3

# --- finer meshes ----------------------------------------------------------------------------


def edges_mm(vertices: FloatArray, triangles: IntArray) -> FloatArray:
    ends = vertices[triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)]
    return np.linalg.norm(np.diff(ends, axis=1)[:, 0], axis=1)


@settings(max_examples=15, deadline=None)
@given(
    longest=st.floats(1.5, 30.0),
    stretch=st.tuples(*[st.floats(0.3, 4.0)] * 3),
    seed=st.integers(0, 99),
)
def test_a_finer_mesh_is_the_same_closed_surface(
    longest: float, stretch: tuple[float, float, float], seed: int
) -> None:
    ball = trimesh.creation.icosphere(1, 10.0)
    noise = np.random.default_rng(seed).normal(0, 0.5, ball.vertices.shape)
    points = (ball.vertices + noise) * stretch
    vertices, triangles = refined(points, ball.faces, longest)
    assert is_closed(triangles)
    assert edges_mm(vertices, triangles).max() <= longest
    assert np.allclose(vertices[: len(points)], points)
    before = trimesh.Trimesh(points, ball.faces, process=False)
    after = trimesh.Trimesh(vertices, triangles, process=False)
    assert after.area == pytest.approx(before.area, rel=1e-9)
    assert after.volume == pytest.approx(before.volume, rel=1e-9)


def test_fields_are_carried_along_linearly() -> None:
    box = trimesh.creation.box((30, 20, 10))
    field = box.vertices @ [1.0, -2.0, 0.5] + 7
    table, _ = refined(np.c_[box.vertices, field], box.faces, 3.0)
    assert len(table) > 500
    assert np.allclose(table[:, 3], table[:, :3] @ [1.0, -2.0, 0.5] + 7)


@pytest.mark.parametrize(
    ("place", "more_triangles"),
    [((9.0, 4.0, 30.0), 2), ((0.0, 10.0, 5.0), 2), ((15.0, 10.0, 5.0), 0), ((4.0, 2.0, 99.0), 2)],
    ids=["inside a face", "on an edge of the box", "on a corner", "far off"],
)
def test_a_vertex_is_set_at_the_point_nearest_to_a_place(
    place: tuple[float, float, float], more_triangles: int
) -> None:
    box = trimesh.creation.box((30, 20, 10))
    vertices, triangles, at = with_point(box.vertices, box.faces, np.array(place))
    nearest = np.clip(place, [-15, -10, -5], [15, 10, 5])
    assert np.allclose(vertices[at], nearest, atol=0.05)
    assert is_closed(triangles)
    assert len(triangles) == len(box.faces) + more_triangles
    assert volume_cm3(vertices, triangles) == pytest.approx(6.0, rel=1e-3)


def test_nearest_on_agrees_with_trimesh() -> None:
    ball = trimesh.creation.icosphere(2, 10.0)
    points = np.random.default_rng(1).normal(0, 12, (200, 3))
    cell, weight, distance = nearest_on(ball.vertices, ball.faces, points)
    there = (ball.vertices[ball.faces[cell]] * weight[..., None]).sum(axis=1)
    closest, expected, _ = trimesh.proximity.closest_point(ball, points)
    assert np.allclose(distance, expected, atol=1e-6)
    assert np.allclose(there, closest, atol=1e-5)


def test_evening_out_keeps_a_constant_and_calms_noise() -> None:
    ball = trimesh.creation.icosphere(3, 10.0)
    noise = np.random.default_rng(2).normal(0, 1, len(ball.vertices))
    assert np.allclose(evened(ball.faces, np.full(len(noise), 3.0), 9), 3.0)
    assert evened(ball.faces, noise, 9).std() < noise.std() / 3


# --- ways along the surface ------------------------------------------------------------------


def test_the_way_round_a_corner_is_that_of_the_unfolded_sheet() -> None:
    """Two 40 mm squares at a right angle: unfold them and measure with a ruler."""
    flat = np.array([[0, 0], [40, 0], [80, 0], [0, 40], [40, 40], [80, 40]], float)
    triangles = np.array([[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4]])
    flat3, triangles = refined(np.c_[flat, np.zeros(6)], triangles, 7.0)
    folded = np.where(
        flat3[:, :1] > 40, np.c_[np.full(len(flat3), 40.0), flat3[:, 1], flat3[:, 0] - 40], flat3
    )
    start = int(np.argmin(np.linalg.norm(flat3 - [0, 0, 0], axis=1)))
    way = Geodesics(folded, triangles).from_vertices(np.array([start]))
    assert np.allclose(way, np.linalg.norm(flat3 - flat3[start], axis=1), atol=1e-6)


def test_the_way_over_a_ball_is_an_arc() -> None:
    ball = trimesh.creation.icosphere(4, 50.0)
    way = Geodesics(ball.vertices, ball.faces).from_vertices(np.array([0]))
    arc = 50 * np.arccos(np.clip(ball.vertices @ ball.vertices[0] / 2500, -1, 1))
    assert np.abs(way - arc).max() < 0.5


def test_a_way_needs_a_start() -> None:
    ball = trimesh.creation.icosphere(1)
    with pytest.raises(ValueError, match="start"):
        Geodesics(ball.vertices, ball.faces).from_vertices(np.array([], int))


# --- a muscle whose fibres are known ----------------------------------------------------------

ROWS, COLUMNS, THICK = 41, 31, 12.0
# Corners of the sheet for the right side: iliac crest, coccyx, gluteal tuberosity, tract.
CREST, COCCYX = np.array([-60.0, 70, 110]), np.array([-15.0, 75, -25])
TUBEROSITY, TRACT = np.array([-110.0, 20, -120]), np.array([-140.0, 40, 10])


def sheet_point(across: FloatArray, along: FloatArray) -> FloatArray:
    """A bilinear sheet that bulges backward."""
    u, s = across[..., None], along[..., None]
    flat = (1 - s) * ((1 - u) * CREST + u * COCCYX) + s * ((1 - u) * TRACT + u * TUBEROSITY)
    return flat + 60 * s * (1 - s) * np.array([0.0, 1.0, 0.0])


def slab(fibre: bool) -> Part:
    """A closed slab, its deep sheet in front, with or without its fibres as a field."""
    u, s = np.meshgrid(np.linspace(0, 1, ROWS), np.linspace(0, 1, COLUMNS), indexing="ij")
    front = sheet_point(u, s)
    back = front + THICK * np.array([-0.3, 0.95, 0])
    points = np.concatenate([front.reshape(-1, 3), back.reshape(-1, 3)])
    i = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).ravel()
    sheet = np.vstack([np.c_[i, i + 1, i + COLUMNS], np.c_[i + 1, i + COLUMNS + 1, i + COLUMNS]])
    n = ROWS * COLUMNS
    triangles = np.vstack([sheet, sheet[:, ::-1] + n])
    directed = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    have = {(int(a), int(b)) for a, b in directed}
    rim = [(a, b) for a, b in have if (b, a) not in have and a < n and b < n]
    walls = [[[b, a, a + n], [b, a + n, b + n]] for a, b in rim]
    triangles = np.vstack([triangles, np.array(walls).reshape(-1, 3)]).astype(np.int32)
    if volume_cm3(points, triangles) < 0:
        triangles = np.ascontiguousarray(triangles[:, ::-1])
    assert is_closed(triangles)
    fields = {}
    if fibre:
        pair = np.stack([u.ravel(), s.ravel()], axis=1)
        fields = {"fibre": np.vstack([pair, pair]).astype(np.float32)}
    return Part(
        "gluteus_maximus",
        "right",
        "modelled" if fibre else "source",
        points.astype(np.float32),
        triangles,
        normals_of(points, triangles),
        fields,
    )


def body(structure: str, mesh: trimesh.Trimesh, side: str = "right") -> Part:
    return Part(
        structure,
        side,  # type: ignore[arg-type]
        "source",
        mesh.vertices.astype(np.float32),
        mesh.faces.astype(np.int32),
        mesh.vertex_normals.astype(np.float32),
    )


def synthetic(fibre: bool, skin: bool = False) -> Specimen:
    """The slab behind a plate that stands for the bones, with landmarks."""
    u, s = np.meshgrid(np.linspace(0, 1, 15), np.linspace(0, 1, 15), indexing="ij")
    plate = trimesh.convex.convex_hull(
        np.concatenate(
            [sheet_point(u, s).reshape(-1, 3) * [1, 0.2, 1] - [0, 30, 0], [[-70, -60, 0]]]
        )
    )
    parts = [slab(fibre), body("hip_bone", plate)]
    if skin:
        hull = trimesh.convex.convex_hull(np.vstack([part.vertices_mm for part in parts]))
        outer = trimesh.Trimesh(*trimesh.remesh.subdivide_to_size(hull.vertices, hull.faces, 12))
        outer.merge_vertices()
        outer.vertices += 10 * outer.vertex_normals
        parts.append(body("skin", outer, "midline"))
    right = {
        "psis": [-45.0, 60, 95],
        "piis": [-50.0, 45, 50],
        "greater_trochanter_tip": [-125.0, 20, 0],
        "ischial_tuberosity": [-45.0, 25, -65],
    }
    marks = {
        name: Landmark(name, np.array(place), "curated", 1.0, "hip_bone")
        for name, place in right.items()
    }
    tip = Landmark("coccyx_tip", COCCYX + [3.0, -4, 2], "curated", 1.0, "coccyx")
    return Specimen(
        "synthetic",
        "Synthetic",
        "MIT",
        (),
        "Made for a test.",
        {part.id: part for part in parts},
        {"right": marks, "left": {}, "midline": {"coccyx_tip": tip}},
        np.eye(4),
    )


def known_fibres(points: FloatArray) -> FloatArray:
    """(n, 2) true fractions of points on or in the slab."""
    u, s = np.meshgrid(np.linspace(0, 1, 121), np.linspace(0, 1, 121), indexing="ij")
    front = sheet_point(u, s).reshape(-1, 3)
    middle = front + THICK / 2 * np.array([-0.3, 0.95, 0])
    from scipy.spatial import cKDTree

    at = cKDTree(np.vstack([front, middle, 2 * middle - front])).query(points)[1] % len(front)
    return np.stack([u.ravel()[at], s.ravel()[at]], axis=1)


@pytest.fixture(scope="module")
def plain() -> Specimen:
    return synthetic(fibre=False)


def test_known_fibres_are_taken_as_they_are() -> None:
    fields = surface_fields(synthetic(fibre=True), "right")
    assert fields is not None and fields.fibres == "modelled"
    truth = known_fibres(fields.vertices_mm)
    assert np.abs(fields.values["across"] - truth[:, 0]).max() < 0.03
    assert np.abs(fields.values["along"] - truth[:, 1]).max() < 0.06


def test_unknown_fibres_are_estimated_from_the_borders(plain: Specimen) -> None:
    fields = surface_fields(plain, "right")
    assert fields is not None and fields.fibres == "estimated"
    deep = fields.deepness > 0
    truth = known_fibres(fields.vertices_mm[deep])
    for name, column, mean in (("across", 0, 0.04), ("along", 1, 0.07)):
        off = np.abs(fields.values[name][deep] - truth[:, column])
        assert off.mean() < mean, name
        assert np.corrcoef(fields.values[name][deep], truth[:, column])[0, 1] > 0.97


def test_the_deep_surface_is_the_one_towards_the_bones(plain: Specimen) -> None:
    fields = surface_fields(plain, "right")
    assert fields is not None
    normals = normals_of(fields.vertices_mm, fields.triangles)
    clear = np.abs(normals[:, 1]) > 0.8  # the walls of the slab face neither way
    agree = (fields.deepness[clear] > 0) == (normals[clear, 1] < 0)
    assert agree.mean() > 0.97


def test_the_rim_is_cut_into_four_arcs(plain: Specimen) -> None:
    fields = surface_fields(plain, "right")
    assert fields is not None
    rim = rim_of(fields.vertices_mm, fields.triangles, fields.deepness)
    corners = {
        name: int(np.linalg.norm(rim - place, axis=1).argmin())
        for name, place in {
            "upper_origin": CREST,
            "lower_origin": COCCYX,
            "lower_insertion": TUBEROSITY,
            "upper_insertion": TRACT,
        }.items()
    }
    surface = fields.vertices_mm, fields.triangles, fields.deepness
    arcs = rim_arcs(*surface, rim, corners)
    truth = {name: known_fibres(fields.vertices_mm[where]) for name, where in arcs.items()}
    assert np.median(truth["upper"][:, 0]) < 0.05 and np.median(truth["lower"][:, 0]) > 0.95
    assert np.median(truth["origin"][:, 1]) < 0.05 and np.median(truth["insertion"][:, 1]) > 0.95
    # Walked the other way round, the arcs are the same.
    turned = rim_arcs(*surface, rim[::-1], {k: len(rim) - 1 - v for k, v in corners.items()})
    for name, where in arcs.items():
        assert len(set(where) ^ set(turned[name])) <= 6
    with pytest.raises(ValueError, match="follow each other"):
        swapped = corners | {
            "lower_origin": corners["lower_insertion"],
            "lower_insertion": corners["lower_origin"],
        }
        rim_arcs(*surface, rim, swapped)


def test_without_an_order_of_origin_and_insertion_there_is_no_lower_third(plain: Specimen) -> None:
    """The bands are drawn, the third is not, and it is said."""
    fields = surface_fields(plain, "right")
    assert fields is not None
    values = {k: v for k, v in fields.values.items() if k not in ("across", "along")}
    zones = zones_of(plain, replace(fields, values=values, fibres="none"), Request())
    assert "lower_third" not in zones.patches and "nerve_endings" not in zones.patches
    assert zones.figures.lower_third_cm2 is None and zones.figures.band_across_low is None
    assert zones.figures.trochanter_band_cm2 and "could not be told apart" in zones.fibres_note


def test_zones_are_projected_on_superficial_surface_and_skin() -> None:
    specimen = synthetic(fibre=True, skin=True)
    fields = surface_fields(specimen, "right")
    assert fields is not None
    zones = zones_of(specimen, fields, Request())
    skin, muscle = specimen.parts["skin"].trimesh, specimen.parts["gluteus_maximus_right"].trimesh
    deep = zones.on("deep")["lower_third"]
    on_skin, on_top = zones.on("skin")["lower_third"], zones.on("superficial")["lower_third"]
    assert on_skin.id == "lower_third_skin_right"
    for patch, surface in ((on_skin, skin), (on_top, muscle), (deep, muscle)):
        off = trimesh.proximity.closest_point(surface, patch.vertices_mm[::7])[1]
        assert off.max() < (FARTHEST_MM if patch is deep else 0.01)
    assert np.median(known_fibres(on_top.vertices_mm)[:, 0]) > 2 / 3
    # Further out, further back, about as large.
    depth = [p.vertices_mm[:, 1].mean() for p in (deep, on_top, on_skin)]
    assert depth == sorted(depth) and depth[2] - depth[1] > 4
    area = [
        trimesh.Trimesh(p.vertices_mm, p.triangles, process=False).area
        for p in (deep, on_top, on_skin)
    ]
    assert max(area) < 1.6 * min(area)
    # Nothing lands on skin that is not behind the muscle.
    assert on_skin.vertices_mm[:, 1].min() > deep.vertices_mm[:, 1].min()
    assert on_skin.normals[:, 1].mean() > 0.5
