"""The shape model's modes: read without running foreign code, and bones that follow them."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshes.errors import DamagedFileError, GluteaError
from meshes.shape_model.evaluate import mean_nodes_mm
from meshes.shape_model.modes import modes, read_modes
from meshes.sources import model as source
from meshes.specimen import SIDES, Specimen
from meshes.surface import is_closed

NAME = "LLP26_rigid"
# The last of 26 modes of 26 people has no length.
USABLE = 25
deviations = st.lists(st.floats(-3, 3), max_size=USABLE)


# --- the file ---------------------------------------------------------------------------------


def test_its_mean_is_that_of_the_mean_meshes() -> None:
    """Pelvis first, then the femur: the layout that the table of the specimen relies on."""
    mean = modes(NAME).mean_mm
    table = source._table()
    for bone in (table.pelvis, table.femur):
        nodes = mean_nodes_mm(bone.nodes)
        first = bone.first_of_modes
        np.testing.assert_allclose(mean[first : first + len(nodes)], nodes, atol=1e-9)


def test_modes_are_square_to_each_other_and_the_strongest_come_first() -> None:
    found = modes(NAME)
    flat = found.directions.reshape(len(found.sd_mm), -1)[:USABLE]
    np.testing.assert_allclose(flat @ flat.T, np.eye(USABLE), atol=1e-6)
    assert (np.diff(found.sd_mm) <= 0).all()
    # 1 SD of the first mode: the adult size of people, a few millimetres at a node.
    one = np.linalg.norm(found.offsets_mm((1.0,)), axis=1)
    assert 2 < one.mean() < 12


def hostile(run: str) -> bytes:
    class Command:
        def __reduce__(self):  # type: ignore[no-untyped-def]
            return os.system, (run,)

    return pickle.dumps({"mean": Command()})


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    file = tmp_path / "modes.pc"
    file.write_bytes(hostile(f"touch {mark}"))
    with pytest.raises(DamagedFileError) as refusal:
        read_modes(file)
    assert not mark.exists()
    assert "system" in str(refusal.value)
    assert str(refusal.value).count(". ") == 0, "one sentence"


@pytest.mark.parametrize(
    "content",
    [
        b"no pickle at all",
        pickle.dumps({"mean": np.zeros(6)}),
        pickle.dumps({"mean": np.zeros(9), "modes": np.zeros((6, 2)), "weights": np.ones(2)}),
        pickle.dumps({"mean": np.full(6, np.nan), "modes": np.zeros((6, 2)), "weights": [1, 1]}),
        pickle.dumps({"mean": "mean", "modes": "modes", "weights": "weights"}),
    ],
)
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "modes.pc"
    file.write_bytes(content)
    with pytest.raises(DamagedFileError, match="modes.pc"):
        read_modes(file)


# --- nodes along the modes --------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(deviations)
def test_deviations_are_found_again_in_the_nodes(at: list[float]) -> None:
    found = modes(NAME)
    offsets = found.offsets_mm(at)
    along = np.einsum("nj,knj->k", offsets, found.directions[: len(at)])
    np.testing.assert_allclose(along / found.sd_mm[: len(at)], at, atol=1e-5)


@settings(max_examples=50, deadline=None)
@given(deviations)
def test_the_mean_lies_midway_between_a_person_and_the_opposite(at: list[float]) -> None:
    found = modes(NAME)
    there, back = found.offsets_mm(at), found.offsets_mm([-x for x in at])
    np.testing.assert_allclose(there, -back, atol=1e-9)


@pytest.mark.parametrize("at", [(0.0,) * 27, (np.nan,), (0.0, np.inf)])
def test_deviations_that_make_no_shape_are_said(at: tuple[float, ...]) -> None:
    with pytest.raises(GluteaError, match=r"deviations"):
        source.load(at)


# --- the specimen -----------------------------------------------------------------------------


@pytest.mark.parametrize("none", [(), (0.0,), (0.0,) * 6])
def test_without_deviations_it_is_the_mean_person(none: tuple[float, ...], model: Specimen) -> None:
    found = source.load(none)
    for name, part in model.parts.items():
        np.testing.assert_array_equal(found.parts[name].vertices_mm, part.vertices_mm)
        np.testing.assert_array_equal(found.parts[name].triangles, part.triangles)
    for side, marks in model.landmarks.items():
        for mark_name, mark in marks.items():
            np.testing.assert_array_equal(
                found.landmarks[side][mark_name].position_mm, mark.position_mm
            )


@pytest.mark.parametrize("mode", range(6))
@pytest.mark.parametrize("sd", [-2.0, 2.0])
def test_people_two_sd_away_have_sound_bones(mode: int, sd: float, model: Specimen) -> None:
    found = source.load((0.0,) * mode + (sd,))
    assert set(found.parts) == set(model.parts)
    for name, part in found.parts.items():
        assert is_closed(part.triangles), name
        assert np.abs(part.vertices_mm - model.parts[name].vertices_mm).max() > 1, "another person"
    right = found.parts["femur_right"].vertices_mm * [-1, 1, 1]
    np.testing.assert_allclose(
        np.ptp(right, axis=0), np.ptp(found.parts["femur_left"].vertices_mm, axis=0), atol=1e-3
    )
    for side in SIDES:
        assert set(found.landmarks[side]) == set(model.landmarks[side])
        centre = found.landmarks[side]["hip_joint_centre"]
        assert centre.radius_mm is not None
        assert 18 < centre.radius_mm < 30
