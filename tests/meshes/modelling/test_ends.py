"""How modelled muscles begin and end."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from meshes.modelling.complete import complete
from meshes.modelling.signed_distance import surface_samples
from meshes.specimen import FloatArray, Part, Specimen

HAMSTRINGS = ("semimembranosus", "semitendinosus", "biceps_femoris_long_head")


@pytest.fixture(scope="module")
def stumps(bones: Specimen) -> dict[str, Part]:
    grown = complete(bones, "coarse", structure_ids=HAMSTRINGS)
    return {name: grown.parts[f"{name}_left"] for name in HAMSTRINGS}


def distance_mm(points: FloatArray, to: Part) -> FloatArray:
    samples, _ = surface_samples(to.vertices_mm, to.triangles, 0.5)
    return np.asarray(cKDTree(samples).query(points)[0])


def test_gluteus_maximus_tapers_onto_the_femur(bones: Specimen) -> None:
    # The tail is thinner than the cells of a coarse grid.
    grown = complete(bones, "full", structure_ids=["gluteus_maximus"])
    for side in ("left", "right"):
        muscle = grown.parts[f"gluteus_maximus_{side}"].vertices_mm
        femur = bones.parts[f"femur_{side}"]
        low = muscle[:, 2].min()
        # No thick corner that hangs beside the bone.
        assert distance_mm(muscle[muscle[:, 2] < low + 3], femur).max() < 4
        assert np.ptp(muscle[muscle[:, 2] < low + 8, 0]) < 12


def test_hamstrings_arise_on_the_tuberosity(bones: Specimen, stumps: dict[str, Part]) -> None:
    mark = bones.point_mm("ischial_tuberosity_posterior", "left")
    assert mark is not None
    for name, stump in stumps.items():
        touching = distance_mm(stump.vertices_mm, bones.parts["hip_bone_left"]) < 1.5
        assert touching.any(), name
        assert np.linalg.norm(stump.vertices_mm[touching] - mark, axis=1).min() < 15, name


def test_hamstrings_are_cut_across(bones: Specimen, stumps: dict[str, Part]) -> None:
    seat = bones.point_mm("ischial_tuberosity", "left")
    assert seat is not None
    for name, stump in stumps.items():
        points = stump.vertices_mm
        low = points[:, 2].min()
        assert 5 < seat[2] - low < 30, name
        # A face, not a point: as wide at the cut as anywhere on the way down.
        face, above = (points[np.abs(points[:, 2] - low - d) < 2] for d in (2, 12))
        assert np.ptp(face[:, 0]) > 0.7 * np.ptp(above[:, 0]), name


def test_semimembranosus_arises_lateral_to_the_common_tendon(stumps: dict[str, Part]) -> None:
    def upper(name: str) -> FloatArray:
        points = stumps[name].vertices_mm
        return np.asarray(points[points[:, 2] > points[:, 2].max() - 8].mean(axis=0))

    membranosus = upper("semimembranosus")
    for other in HAMSTRINGS[1:]:
        assert membranosus[0] > upper(other)[0] + 3
        assert membranosus[2] > upper(other)[2] - 2


def test_fibres_are_even_over_the_mesh(preview: Specimen) -> None:
    # Streaks are drawn from them: a vertex that leaps beside its neighbours draws a zigzag.
    for name in ("gemellus_superior", "gemellus_inferior", "gluteus_maximus"):
        part = preview.parts[f"{name}_left"]
        u = part.fields["fibre"][:, 0].astype(float)
        a, b = part.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).T
        middle = np.bincount(a, u[b], len(u)) / np.bincount(a, minlength=len(u))
        assert np.abs(u - middle).mean() < 0.025, name
