"""Cleaning: what a source did to a closed surface is undone: closed, outward, the same."""

from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from meshes.surface import (
    Surface,
    clean,
    is_closed,
    normals_of,
    volume_cm3,
    weld,
)

WELD_MM = 0.1
HOLE_EDGES = 64

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=25, deadline=None)


def body(seed: int, subdivisions: int = 3) -> trimesh.Trimesh:
    """A closed, lumpy body of some centimetres, not symmetrical, its vertices well apart."""
    rng = np.random.default_rng(seed)
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions)
    points = mesh.vertices
    radius = np.ones(len(points))
    for _ in range(4):
        way = rng.normal(size=3) * 2
        radius += 0.12 * np.sin(points @ way + rng.uniform(0, 6))
    mesh.vertices = points * radius[:, None] * rng.uniform(20, 45, 3) + rng.uniform(-200, 200, 3)
    return mesh


def torn(mesh: trimesh.Trimesh, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Every triangle with vertices of its own, a little off, in random order."""
    points = mesh.vertices[mesh.faces].reshape(-1, 3)
    points = points + rng.uniform(-1, 1, points.shape) * WELD_MM / 8
    triangles = np.arange(len(points)).reshape(-1, 3)
    shuffled = rng.permutation(len(points))
    where = np.argsort(shuffled)
    return points[shuffled], where[triangles][rng.permutation(len(triangles))]


@quick
@given(seed=seeds, flips=st.floats(0, 1), holes=st.integers(0, 6), doubles=st.integers(0, 5))
def test_a_damaged_surface_comes_out_closed_outward_and_the_same(
    seed: int, flips: float, holes: int, doubles: int
) -> None:
    """Doubled vertices, triangles turned over, triangles missing or there twice, all at once."""
    rng = np.random.default_rng(seed)
    mesh = body(seed)
    points, triangles = torn(mesh, rng)
    turned = rng.random(len(triangles)) < flips
    triangles[turned] = triangles[turned][:, ::-1]
    triangles = triangles[holes:]
    triangles = np.vstack([triangles, triangles[:doubles, [1, 2, 0]]])
    whole = clean(Surface(points, triangles), WELD_MM, HOLE_EDGES)
    assert is_closed(whole.triangles)
    assert len(whole.vertices_mm) == len(mesh.vertices)
    assert volume_cm3(whole.vertices_mm, whole.triangles) == pytest.approx(
        mesh.volume / 1000, rel=0.03
    )
    low, high = whole.vertices_mm.min(axis=0), whole.vertices_mm.max(axis=0)
    np.testing.assert_allclose([low, high], mesh.bounds, atol=WELD_MM)


@quick
@given(seed=seeds)
def test_what_is_whole_stays_as_it_is(seed: int) -> None:
    mesh = body(seed)
    whole = clean(Surface(np.asarray(mesh.vertices), np.asarray(mesh.faces)), WELD_MM, HOLE_EDGES)
    assert is_closed(whole.triangles)
    np.testing.assert_array_equal(whole.vertices_mm, mesh.vertices)
    assert {tuple(sorted(t)) for t in whole.triangles.tolist()} == {
        tuple(sorted(t)) for t in mesh.faces.tolist()
    }
    assert volume_cm3(whole.vertices_mm, whole.triangles) == pytest.approx(mesh.volume / 1000)


def test_a_surface_inside_out_is_turned() -> None:
    mesh = body(3)
    whole = clean(Surface(np.asarray(mesh.vertices), mesh.faces[:, ::-1]), WELD_MM, HOLE_EDGES)
    assert volume_cm3(whole.vertices_mm, whole.triangles) == pytest.approx(mesh.volume / 1000)


def test_every_piece_is_turned_outward_for_itself() -> None:
    """A muscle in two bellies, one of them inside out."""
    one, other = body(4), body(5)
    other.apply_translation(one.bounds[1] - other.bounds[0] + 20)
    points = np.vstack([one.vertices, other.vertices])
    triangles = np.vstack([one.faces, other.faces[:, ::-1] + len(one.vertices)])
    whole = clean(Surface(points, triangles), WELD_MM, HOLE_EDGES)
    assert is_closed(whole.triangles)
    assert volume_cm3(whole.vertices_mm, whole.triangles) == pytest.approx(
        (one.volume + other.volume) / 1000
    )


def around(mesh: trimesh.Trimesh, vertex: int) -> np.ndarray:
    """(m,) bool: the triangles at a vertex."""
    return (mesh.faces == vertex).any(axis=1)


def two_holes_touching(mesh: trimesh.Trimesh) -> np.ndarray:
    """(m,) bool: the triangles left when two fans that share one rim vertex are cut out."""
    for middle in range(len(mesh.vertices)):
        first = around(mesh, middle)
        rim = set(mesh.faces[first].ravel()) - {middle}
        for other in range(len(mesh.vertices)):
            second = around(mesh, other)
            other_rim = set(mesh.faces[second].ravel()) - {other}
            if other not in rim and middle not in other_rim and len(rim & other_rim) == 1:
                return ~(first | second)
    raise AssertionError("this mesh has no such place")


@pytest.mark.parametrize("seed", range(4))
def test_two_holes_that_touch_in_a_vertex_are_both_filled(seed: int) -> None:
    mesh = body(seed, subdivisions=2)
    keep = two_holes_touching(mesh)
    assert (~keep).sum() >= 10
    whole = clean(Surface(np.asarray(mesh.vertices), mesh.faces[keep]), WELD_MM, HOLE_EDGES)
    assert is_closed(whole.triangles)
    assert volume_cm3(whole.vertices_mm, whole.triangles) == pytest.approx(
        mesh.volume / 1000, rel=0.06
    )


@quick
@given(seed=seeds, fins=st.integers(1, 5))
def test_a_fin_on_an_edge_is_cut_off(seed: int, fins: int) -> None:
    """An edge that three triangles share: the smallest, the sliver, goes."""
    rng = np.random.default_rng(seed)
    mesh = body(seed)
    edges = mesh.edges_unique[rng.choice(len(mesh.edges_unique), fins, replace=False)]
    middle = mesh.vertices[edges].mean(axis=1)
    tips = middle + (middle - mesh.vertices.mean(axis=0)) * 0.02
    points = np.vstack([mesh.vertices, tips])
    fin = np.c_[edges, len(mesh.vertices) + np.arange(fins)]
    whole = clean(Surface(points, np.vstack([mesh.faces, fin])), WELD_MM, HOLE_EDGES)
    assert is_closed(whole.triangles)
    assert volume_cm3(whole.vertices_mm, whole.triangles) == pytest.approx(
        mesh.volume / 1000, rel=0.01
    )


@pytest.mark.parametrize(("largest", "closes"), [(5, False), (16, True)])
def test_only_a_small_hole_is_filled(largest: int, closes: bool) -> None:
    """A nerve that was cut on purpose stays open."""
    mesh = trimesh.creation.cylinder(radius=4, height=60, sections=16)
    rim = np.abs(mesh.face_normals[:, 2]) < 0.5  # the wall, without both lids
    whole = clean(Surface(np.asarray(mesh.vertices), mesh.faces[rim]), WELD_MM, largest)
    assert is_closed(whole.triangles) is closes
    if closes:
        assert volume_cm3(whole.vertices_mm, whole.triangles) == pytest.approx(mesh.volume / 1000)


def test_materials_stay_with_their_triangles() -> None:
    mesh = body(6)
    names = ("Muscle", "Tendon")
    materials = (mesh.triangles_center[:, 2] > mesh.centroid[2]).astype(int)
    rng = np.random.default_rng(6)
    points = mesh.vertices[mesh.faces].reshape(-1, 3)
    triangles = np.arange(len(points)).reshape(-1, 3)
    order = rng.permutation(len(triangles))
    keep = order[3:]
    whole = clean(Surface(points, triangles[keep], materials[keep], names), WELD_MM, HOLE_EDGES)
    assert is_closed(whole.triangles)
    assert whole.materials is not None
    assert len(whole.materials) == len(whole.triangles)
    centres = whole.vertices_mm[whole.triangles].mean(axis=1)
    tendon = np.array(whole.material_names)[whole.materials] == "Tendon"
    right = tendon == (centres[:, 2] > mesh.centroid[2])
    assert right.sum() >= len(right) - 3, "only the patches over the three holes may be wrong"
    share = whole.material_fraction("Tendon")
    assert share.min() == 0.0
    assert share.max() == 1.0
    between = (share > 0) & (share < 1)
    assert 0 < between.sum() < 0.3 * len(share)
    np.testing.assert_array_equal(whole.material_fraction("Cartilage"), 0.0)


def test_welding_joins_what_is_close_and_nothing_else() -> None:
    points = np.array(
        [[0, 0, 0], [10, 0, 0], [0, 10, 0], [10.05, 0, 0], [0, 10.05, 0], [10, 10, 0]]
    )
    triangles = np.array([[0, 1, 2], [3, 5, 4], [1, 3, 5]])
    welded = weld(Surface(points.astype(float), triangles), WELD_MM)
    assert len(welded.vertices_mm) == 4
    assert len(welded.triangles) == 2, "the sliver between the two doubles has collapsed"
    apart = weld(Surface(points.astype(float), triangles), WELD_MM / 4)
    assert len(apart.vertices_mm) == 6
    assert len(apart.triangles) == 3


# --- measures ---------------------------------------------------------------------------------


@quick
@given(seed=seeds)
def test_volume_and_normals_agree_with_trimesh(seed: int) -> None:
    mesh = body(seed, subdivisions=2)
    assert volume_cm3(mesh.vertices, mesh.faces) == pytest.approx(mesh.volume / 1000)
    far = mesh.vertices + [5000, -3000, 1000]
    assert volume_cm3(far, mesh.faces) == pytest.approx(mesh.volume / 1000)
    assert volume_cm3(mesh.vertices, mesh.faces[:, ::-1]) == pytest.approx(-mesh.volume / 1000)
    normals = normals_of(mesh.vertices, mesh.faces)
    assert normals.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    expected = trimesh.geometry.weighted_vertex_normals(
        len(mesh.vertices), mesh.faces, mesh.face_normals, mesh.face_angles
    )
    assert np.einsum("ij,ij->i", normals, expected).min() > 0.9


def test_the_volume_of_a_known_body() -> None:
    box = trimesh.creation.box((20, 30, 50))
    assert volume_cm3(box.vertices, box.faces) == pytest.approx(30.0)


def test_a_vertex_without_triangles_has_no_direction_but_is_finite() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [9, 9, 9]], float)
    normals = normals_of(points, np.array([[0, 1, 2]]))
    np.testing.assert_allclose(normals, [[0, 0, 1]] * 3 + [[0, 0, 0]])


@quick
@given(seed=seeds, fault=st.sampled_from(["none", "missing", "turned", "doubled", "split"]))
def test_closed_means_every_edge_has_its_opposite(seed: int, fault: Any) -> None:
    mesh = body(seed, subdivisions=2)
    faces = np.array(mesh.faces)
    place = seed % len(faces)
    if fault == "missing":
        faces = np.delete(faces, place, axis=0)
    elif fault == "turned":
        faces[place] = faces[place][::-1]
    elif fault == "doubled":
        faces = np.vstack([faces, faces[place]])
    elif fault == "split":  # an edge that three triangles share
        faces = np.vstack([faces, [faces[place][1], faces[place][0], len(mesh.vertices)]])
    assert is_closed(faces) == (fault == "none")
    if fault in ("none", "missing"):
        checked = trimesh.Trimesh(mesh.vertices, faces, process=False)
        assert is_closed(faces) == (checked.is_watertight and checked.is_winding_consistent)
