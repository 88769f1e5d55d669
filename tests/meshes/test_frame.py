"""The common frame: levelled to the anterior pelvic plane, wherever the body lay before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from meshes.frame import frame_from, matrix, rotation
from meshes.landmarks import find
from meshes.specimen import Landmark, Side, Specimen

Marks = dict[Side, dict[str, Landmark]]

angle = st.floats(-3.1, 3.1, allow_subnormal=False)
shift = st.floats(-2000, 2000, allow_subnormal=False)
quick = settings(max_examples=50, deadline=None)


def moved(marks: Marks, transform: np.ndarray) -> Marks:
    return {s: {n: m.moved(transform) for n, m in of.items()} for s, of in marks.items()}


def marks_of(specimen: Specimen) -> Marks:
    return {side: dict(of_side) for side, of_side in specimen.landmarks.items()}


@quick
@given(turn=st.tuples(angle, angle, angle), by=st.tuples(shift, shift, shift))
def test_a_rigid_movement_of_the_body_is_undone(
    specimen: Specimen, turn: tuple[float, ...], by: tuple[float, ...]
) -> None:
    transform = matrix(Rotation.from_rotvec(turn).as_matrix(), np.array(by))
    found = frame_from(moved(marks_of(specimen), transform))
    base = frame_from(marks_of(specimen))
    np.testing.assert_allclose(found @ transform, base, atol=1e-6)


@quick
@given(turn=st.tuples(angle, angle, angle), by=st.tuples(shift, shift, shift))
def test_the_frame_is_rigid_and_keeps_its_own_definition_on_any_six_points(
    turn: tuple[float, ...], by: tuple[float, ...]
) -> None:
    """Also where left and right are not alike."""
    rng = np.random.default_rng(abs(hash((turn, by))) % 2**32)
    places = {
        "hip_joint_centre": (85, 0, 0),
        "asis": (117, -50, 80),
        "pubic_tubercle": (25, -50, -10),
    }
    marks: Marks = {
        side: {
            name: Landmark(
                name, np.array(place) * [sign, 1, 1] + rng.normal(size=3) * 5, "curated", 1.0, "x"
            )
            for name, place in places.items()
        }
        for side, sign in (("left", 1.0), ("right", -1.0))
    }
    marks = moved(marks, matrix(Rotation.from_rotvec(turn).as_matrix(), np.array(by)))
    frame = frame_from(marks)
    np.testing.assert_allclose(frame[:3, :3] @ frame[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.linalg.det(frame[:3, :3]) == pytest.approx(1.0)
    keeps_the_definition(moved(marks, frame))


def keeps_the_definition(marks: Marks) -> None:
    left, right = marks["left"], marks["right"]
    asis = left["asis"].position_mm, right["asis"].position_mm
    along = asis[0] - asis[1]
    assert along[0] > 0
    np.testing.assert_allclose(along[1:], 0, atol=1e-4)
    tubercle = (left["pubic_tubercle"].position_mm + right["pubic_tubercle"].position_mm) / 2
    assert tubercle[1] == pytest.approx(asis[0][1], abs=1e-4)
    assert asis[0][2] > tubercle[2]
    origin = (left["hip_joint_centre"].position_mm + right["hip_joint_centre"].position_mm) / 2
    np.testing.assert_allclose(origin, 0, atol=1e-4)


def test_every_specimen_stands_in_the_frame(specimen: Specimen) -> None:
    """ASIS line parallel to x, spines and tubercles in one coronal plane, origin between hips."""
    keeps_the_definition(marks_of(specimen))
    bone = specimen.part("sacrum", "midline")
    assert bone is not None
    assert bone.vertices_mm[:, 1].max() > 50, "the sacrum is behind (+y posterior)"
    assert bone.vertices_mm[:, 2].max() > 50, "and above the hips (+z superior)"
    for side, sign in (("left", 1), ("right", -1)):
        femur = specimen.part("femur", side)
        assert femur is not None
        assert (femur.vertices_mm[:, 0] * sign).mean() > 50, "+x is the patient's left"
        assert femur.vertices_mm[:, 2].min() < -300, "the leg hangs"


def test_source_coordinates_come_back_by_the_specimens_own_matrix(specimen: Specimen) -> None:
    """What is found here can be said in the source's coordinates again."""
    frame = specimen.frame_from_source
    np.testing.assert_allclose(frame[:3, :3] @ frame[:3, :3].T, np.eye(3), atol=1e-6)
    assert np.linalg.det(frame[:3, :3]) == pytest.approx(1.0)
    np.testing.assert_array_equal(frame[3], [0, 0, 0, 1])


def test_the_models_own_nodes_are_taken_to_its_landmarks(model: Specimen) -> None:
    """Node numbers from the shape model's description, read without any code of the loader."""
    from meshes.shape_model.evaluate import mean_nodes_mm

    nodes = mean_nodes_mm("pelvis_combined_cubic_mean_rigid_LLP26")
    frame = model.frame_from_source
    for side, name, node in (
        ("left", "asis", 1004),
        ("right", "asis", 466),
        ("left", "psis", 924),
        ("right", "psis", 384),
        ("left", "ischial_spine", 773),
        ("right", "ischial_spine", 233),
        ("left", "pubic_tubercle", 642),
        ("right", "pubic_tubercle", 103),
    ):
        np.testing.assert_allclose(
            frame[:3, :3] @ nodes[node] + frame[:3, 3],
            model.landmarks[side][name].position_mm,  # type: ignore[index]
            atol=1e-6,
        )


def test_legs_stand_as_anatomists_draw_them(specimen: Specimen) -> None:
    """Knees below the hips, patellar faces forward: the foot end does not swing out or back."""
    for side in ("left", "right"):
        femur, centre = specimen.part("femur", side), specimen.point_mm("hip_joint_centre", side)
        assert femur is not None
        assert centre is not None
        points = femur.vertices_mm
        knee = points[points[:, 2] < points[:, 2].min() + 40].mean(axis=0)
        assert abs(knee[1] - centre[1]) < 40
        assert abs(knee[0]) < abs(centre[0]) + 20
        low = points[points[:, 2] < points[:, 2].min() + 25]
        across, deep = np.ptp(low[:, 0]), np.ptp(low[:, 1])
        assert across > deep, "the condyles lie side by side"


@quick
@given(turn=st.tuples(angle, angle, angle).filter(lambda t: np.linalg.norm(t) > 1e-3))
def test_rotation_follows_the_right_hand(turn: tuple[float, float, float]) -> None:
    length = float(np.linalg.norm(turn))
    np.testing.assert_allclose(
        rotation(np.array(turn), np.degrees(length)),
        Rotation.from_rotvec(turn).as_matrix(),
        atol=1e-9,
    )


def test_finding_again_changes_nothing(specimen: Specimen) -> None:
    """In the frame, the rules give back the frame: it is a fixed point, not a stage on the way."""
    known: Marks = {
        side: {n: m for n, m in of_side.items() if m.method != "fitted" or not m.on_surface}
        for side, of_side in specimen.landmarks.items()
    }
    again = find(specimen.parts, known)
    np.testing.assert_allclose(frame_from(again), np.eye(4), atol=1e-4)
