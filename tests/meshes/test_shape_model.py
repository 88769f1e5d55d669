"""The embedded bones: patches evaluated to closed surfaces, the same at any resolution."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshes.shape_model import evaluate
from meshes.shape_model.evaluate import PATCHES, ensemble, mean_nodes_mm, surface
from meshes.specimen import SIDES, Specimen
from meshes.surface import is_closed, volume_cm3

PELVIS = ("pelvis_combined_cubic_flat", "pelvis_combined_cubic_mean_rigid_LLP26")
FEMUR = ("femur_left_quartic_flat", "femur_left_mean_rigid_LLP26")
# Which elements are which bone: the shape model's own description.
BONES = {
    "hip_bone_right": (*PELVIS, range(0, 73)),
    "hip_bone_left": (*PELVIS, range(73, 146)),
    "sacrum": (*PELVIS, range(146, 260)),
    "femur": (*FEMUR, range(0, 10_000)),
}


def evaluated(bone: str, steps: int) -> evaluate.Surface:
    elements, nodes, wanted = BONES[bone]
    of = ensemble(elements)
    return surface(of, mean_nodes_mm(nodes), sorted(set(wanted) & set(of.types)), steps)


# --- the basis --------------------------------------------------------------------------------


def number_of_nodes(kind: str) -> int:
    triangular, first, second = PATCHES[kind]
    return (first + 1) * (first + 2) // 2 if triangular else (first + 1) * (second + 1)


def grid_of(kind: str, steps: int) -> np.ndarray:
    """The grid's points in the patch's own coordinates, counted independently."""
    triangular = PATCHES[kind][0]
    return np.array(
        [
            (i / steps, j / steps)
            for j in range(steps + 1)
            for i in range(steps + 1 - (j if triangular else 0))
        ]
    )


@pytest.mark.parametrize("kind", PATCHES)
@pytest.mark.parametrize("steps", [1, 5, 12])
def test_the_basis_is_a_partition_of_unity(kind: str, steps: int) -> None:
    basis, triangles = evaluate._basis_on_grid(kind, steps)
    assert basis.shape == (len(grid_of(kind, steps)), number_of_nodes(kind))
    np.testing.assert_allclose(basis.sum(axis=1), 1, atol=1e-9)
    assert triangles.max() == len(basis) - 1
    assert len(triangles) == steps * steps * (1 if PATCHES[kind][0] else 2)


@pytest.mark.parametrize("kind", PATCHES)
def test_the_basis_goes_through_its_nodes(kind: str) -> None:
    """At a node, that node alone counts (all degrees divide 12, so the grid meets each node)."""
    basis, _ = evaluate._basis_on_grid(kind, 12)
    nearly_one = np.isclose(basis, 1, atol=1e-8)
    np.testing.assert_array_equal(nearly_one.sum(axis=0), 1)
    rows = nearly_one.argmax(axis=0)
    np.testing.assert_allclose(basis[rows], np.eye(basis.shape[1]), atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(sorted(PATCHES)), seed=st.integers(0, 2**32 - 1))
def test_the_basis_reproduces_polynomials_of_its_degree(kind: str, seed: int) -> None:
    """A surface that is a polynomial of the patch's degree is met exactly between the nodes."""
    triangular, first, second = PATCHES[kind]
    rng = np.random.default_rng(seed)
    powers = [
        (i, j)
        for i in range(first + 1)
        for j in range(second + 1)
        if not triangular or i + j <= first
    ]
    weights = rng.normal(size=len(powers))

    def value(xi: np.ndarray) -> np.ndarray:
        return sum(
            w * xi[:, 0] ** i * xi[:, 1] ** j for w, (i, j) in zip(weights, powers, strict=True)
        )

    at_nodes = np.array(
        [
            (i / first, j / second)
            for j in range(second + 1)
            for i in range(first + 1 - (j if triangular else 0))
        ]
    )
    basis, _ = evaluate._basis_on_grid(kind, 7)
    np.testing.assert_allclose(basis @ value(at_nodes), value(grid_of(kind, 7)), atol=1e-8)


# --- the bones --------------------------------------------------------------------------------


@pytest.mark.parametrize("bone", BONES)
@pytest.mark.parametrize("steps", [4, 12])
def test_a_bone_is_one_closed_surface(bone: str, steps: int) -> None:
    """All borders between patches are welded: closed, outward, in one piece, a sphere in kind."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    shape = evaluated(bone, steps)
    assert is_closed(shape.triangles)
    assert volume_cm3(shape.vertices_mm, shape.triangles) > 50
    edges = shape.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    n = len(shape.vertices_mm)
    pieces, _ = connected_components(coo_array((np.ones(len(edges)), edges.T), shape=(n, n)))
    assert pieces == 1
    euler = n - len(edges) // 2 + len(shape.triangles)
    assert euler == (0 if bone.startswith("hip_bone") else 2), "a hip bone has one hole"


@pytest.mark.parametrize("bone", BONES)
def test_the_volume_does_not_hang_on_the_resolution(bone: str) -> None:
    coarse, middle, fine = (
        volume_cm3(shape.vertices_mm, shape.triangles)
        for shape in (evaluated(bone, steps) for steps in (5, 9, 18))
    )
    assert coarse == pytest.approx(fine, rel=0.02)
    assert middle == pytest.approx(fine, rel=0.006)


@pytest.mark.parametrize("bone", BONES)
def test_the_surface_goes_through_the_models_nodes(bone: str) -> None:
    """At 12 steps a cubic or quartic patch has a grid point on each of its nodes."""
    from scipy.spatial import cKDTree

    elements, nodes, wanted = BONES[bone]
    of = ensemble(elements)
    used = np.unique(np.concatenate([of.nodes[e] for e in set(wanted) & set(of.types)]))
    tree = cKDTree(evaluated(bone, 12).vertices_mm)
    away, _ = tree.query(mean_nodes_mm(nodes)[used])
    assert away.max() < 0.01


def test_the_two_hip_bones_are_alike() -> None:
    """Left and right of the mean person are two bones, about mirror images of each other."""
    right, left = (evaluated(f"hip_bone_{side}", 8) for side in ("right", "left"))
    volumes = [volume_cm3(s.vertices_mm, s.triangles) for s in (right, left)]
    assert volumes[0] == pytest.approx(volumes[1], rel=0.05)


def test_an_unknown_patch_is_refused(
    tmp_path: evaluate.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of another version must not be read wrongly in silence."""
    mesh = {"elements": {"0": "Element2D hex27"}, "connectivity": {"0_0": ""}}
    (tmp_path / "strange.mesh").write_text(json.dumps(mesh))
    monkeypatch.setattr(evaluate, "_file", lambda name: tmp_path / name)
    with pytest.raises(ValueError, match="hex27"):
        ensemble("strange")
    mesh = {"elements": {"0": "x quad44"}, "connectivity": {"-1_0": "0_0"}}
    (tmp_path / "hanging.mesh").write_text(json.dumps(mesh))
    with pytest.raises(ValueError, match="hanging"):
        ensemble("hanging")


# --- the specimen -----------------------------------------------------------------------------


def test_the_specimen_has_both_hip_bones_both_femurs_and_the_sacrum(model: Specimen) -> None:
    assert set(model.parts) == {
        "hip_bone_left",
        "hip_bone_right",
        "femur_left",
        "femur_right",
        "sacrum",
    }
    for part in model.parts.values():
        assert is_closed(part.triangles), part.id
        assert 10_000 <= len(part.triangles) <= 31_000, "smooth, but not wasteful"
        assert part.vertices_mm.dtype == np.float32
        assert part.triangles.dtype == np.int32
        np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-3)
        assert part.origin == ("mirrored" if part.id == "femur_right" else "source")


def test_the_femoral_heads_sit_in_their_sockets(model: Specimen) -> None:
    """Head and socket have one centre: no femur stands 9.6 mm beside its acetabulum."""
    from meshes.signed_distance import exact

    for side in SIDES:
        femur, hip = model.part("femur", side), model.part("hip_bone", side)
        centre = model.landmarks[side]["hip_joint_centre"]
        assert femur is not None
        assert hip is not None
        assert centre.radius_mm is not None
        points = femur.vertices_mm
        head = points[np.linalg.norm(points - centre.position_mm, axis=1) < centre.radius_mm + 1]
        medial = head[(head - centre.position_mm)[:, 2] > 0.3 * centre.radius_mm]
        gap = exact(hip, medial)
        assert 0 < np.median(gap) < 8
        assert (gap < -1.5).mean() < 0.01, "bone does not stand in bone"


def test_the_embedded_specimen_is_there_in_the_time_of_a_few_imports() -> None:
    """Loading costs not much more than importing what it needs (a ratio: machines differ)."""
    import subprocess
    import sys
    import time
    from pathlib import Path

    root = Path(__file__).parents[2]

    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
        return time.perf_counter() - start

    imports = "import numpy, scipy.spatial, scipy.sparse.csgraph, trimesh, rtree, msgspec\n"
    load = imports + "from meshes.sources import model; model.load()"
    ratios = [seconds(load) / seconds(imports) for _ in range(2)]
    assert min(ratios) < 4
