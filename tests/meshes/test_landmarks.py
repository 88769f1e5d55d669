"""Landmarks: on their bones, where anatomists put them, and the same after the body was moved."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from meshes.frame import matrix
from meshes.landmarks import find, fit_sphere, into_frame, rules
from meshes.signed_distance import exact
from meshes.specimen import SIDES, FloatArray, Landmark, Part, Side, Specimen

Marks = Mapping[Side, Mapping[str, Landmark]]

PAIRED = (
    "asis psis aiis piis pubic_tubercle ischial_spine ischial_tuberosity greater_trochanter_tip"
    " lesser_trochanter gluteal_tuberosity hip_joint_centre"
    " sacral_foramen_s1 sacral_foramen_s2 sacral_foramen_s3 sacral_foramen_s4"
).split()
MIDLINE = "sacral_promontory sacral_apex coccyx_tip".split()
BONES = ("hip_bone", "femur", "sacrum", "coccyx")
NOTHING: Marks = {"left": {}, "right": {}, "midline": {}}


def bones_of(specimen: Specimen) -> dict[str, Part]:
    return {name: part for name, part in specimen.parts.items() if part.structure in BONES}


def all_marks(specimen: Specimen) -> list[tuple[Side, Landmark]]:
    return [(side, m) for side, of_side in specimen.landmarks.items() for m in of_side.values()]


def test_every_landmark_is_there_on_both_sides(specimen: Specimen) -> None:
    for side in SIDES:
        assert set(PAIRED) <= set(specimen.landmarks[side])
        assert (specimen.landmarks[side]["hip_joint_centre"].radius_mm or 0) > 15
        line = specimen.landmarks[side]["gluteal_tuberosity"].polyline_mm
        assert line is not None
        assert len(line) >= 5
    assert set(MIDLINE) <= set(specimen.landmarks["midline"])


def test_every_landmark_says_how_it_was_found_and_how_far_it_may_be_off(
    specimen: Specimen,
) -> None:
    for side, mark in all_marks(specimen):
        assert mark.method in ("curated", "node", "fitted"), mark.name
        assert 0 < mark.uncertainty_mm <= 15, mark.name
        assert np.isfinite(mark.position_mm).all()
        assert specimen.landmark(mark.name, side) is mark


def test_landmarks_lie_on_their_bones(specimen: Specimen) -> None:
    checked = 0
    for side, mark in all_marks(specimen):
        if not mark.on_surface:
            continue
        part = specimen.part(mark.structure, side)
        assert part is not None, mark.name
        points = [mark.position_mm, *([] if mark.polyline_mm is None else mark.polyline_mm)]
        assert np.abs(exact(part, np.array(points))).max() < 0.5, mark.name
        checked += 1
    assert checked >= 2 * 10 + 2


@pytest.mark.atlas
def test_foramina_lie_in_openings_of_the_real_sacrum(z_anatomy: Specimen) -> None:
    """Outside the bone, with bone around: above, below, medial and lateral of each centre."""
    sacrum = z_anatomy.part("sacrum", "midline")
    assert sacrum is not None
    for side in SIDES:
        for level in range(1, 5):
            centre = z_anatomy.point_mm(f"sacral_foramen_s{level}", side)
            assert centre is not None
            assert 0 < exact(sacrum, centre[None])[0] < 10
            around = centre + 11 * np.array([[1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1]])
            near = [exact(sacrum, around + [0, y, 0]) for y in np.linspace(-9, 9, 13)]
            assert (np.min(near, axis=0) < 1.0).all(), f"S{level} {side}"


def test_landmarks_stand_to_each_other_as_on_a_pelvis(specimen: Specimen) -> None:
    """Front, back, above, below, near the midline, far from it: no name on another's place."""
    for side in SIDES:
        sign = 1.0 if side == "left" else -1.0

        def at(name: str, side: Side = side, sign: float = sign) -> FloatArray:
            found = specimen.point_mm(name, side)
            assert found is not None
            return found * [sign, 1, 1]  # lateral, posterior, superior

        for name in PAIRED:
            assert at(name)[0] > 5, f"{name} is on its own side"
        for upper, lower in (
            ("asis", "aiis"),
            ("aiis", "pubic_tubercle"),
            ("psis", "piis"),
            ("piis", "ischial_spine"),
            ("ischial_spine", "ischial_tuberosity"),
            ("greater_trochanter_tip", "lesser_trochanter"),
            ("lesser_trochanter", "gluteal_tuberosity"),
            ("sacral_promontory", "sacral_apex"),
            ("sacral_apex", "coccyx_tip"),
            *((f"sacral_foramen_s{i}", f"sacral_foramen_s{i + 1}") for i in (1, 2, 3)),
        ):
            assert at(upper)[2] > at(lower)[2], f"{upper} above {lower}"
        for back, front in (
            ("psis", "piis"),
            ("piis", "hip_joint_centre"),
            ("ischial_spine", "hip_joint_centre"),
            ("hip_joint_centre", "aiis"),
            ("lesser_trochanter", "hip_joint_centre"),
            ("sacral_apex", "sacral_promontory"),
        ):
            assert at(back)[1] > at(front)[1] + 5, f"{back} behind {front}"
        for lateral, medial in (
            ("greater_trochanter_tip", "hip_joint_centre"),
            ("hip_joint_centre", "ischial_spine"),
            ("asis", "psis"),
            ("greater_trochanter_tip", "lesser_trochanter"),
            ("psis", "sacral_foramen_s1"),
        ):
            assert at(lateral)[0] > at(medial)[0] + 5, f"{lateral} lateral to {medial}"


def test_distances_are_those_of_people(specimen: Specimen) -> None:
    """The straight PSIS–trochanter distance is what the whole atlas argues with."""
    for side in SIDES:
        psis = specimen.point_mm("psis", side)
        trochanter = specimen.point_mm("greater_trochanter_tip", side)
        assert psis is not None
        assert trochanter is not None
        assert 120 < np.linalg.norm(psis - trochanter) < 182
    centres = [specimen.point_mm("hip_joint_centre", side) for side in SIDES]
    assert 144 < np.linalg.norm(np.subtract(*centres)) < 176


@pytest.mark.atlas
def test_psis_to_trochanter_on_z_anatomy(z_anatomy: Specimen) -> None:
    for side in SIDES:
        psis = z_anatomy.point_mm("psis", side)
        trochanter = z_anatomy.point_mm("greater_trochanter_tip", side)
        assert psis is not None
        assert trochanter is not None
        assert 140 <= np.linalg.norm(psis - trochanter) <= 152


@pytest.mark.atlas
def test_left_mirrors_right_on_z_anatomy(z_anatomy: Specimen) -> None:
    right, left = z_anatomy.landmarks["right"], z_anatomy.landmarks["left"]
    assert set(right) == set(left)
    for name, mark in right.items():
        assert np.linalg.norm(mark.mirrored().position_mm - left[name].position_mm) < 0.05, name


def test_the_models_nodes_and_the_rules_agree(model: Specimen) -> None:
    """Two ways to the same point, within twice the uncertainty of both together."""
    bones = bones_of(model)
    centres: Marks = {
        side: {"hip_joint_centre": model.landmarks[side]["hip_joint_centre"]} for side in SIDES
    }
    by_rule = find(bones, centres)
    compared = 0
    for side in SIDES:
        for name, mark in model.landmarks[side].items():
            if mark.method == "node":
                other = by_rule[side][name]
                allowed = 2 * float(np.hypot(mark.uncertainty_mm, other.uncertainty_mm))
                away = np.linalg.norm(mark.position_mm - other.position_mm)
                assert away <= allowed, f"{name} {side}: {away:.1f} mm"
                compared += 1
    assert compared == 8


# --- what must not change them ----------------------------------------------------------------


def deformation(seed: int, most_mm: float) -> Any:
    """A smooth movement of points, of wavelengths of decimetres: another person's bone."""
    rng = np.random.default_rng(seed)
    waves = [(rng.normal(size=3) / 40, rng.uniform(0, 6), rng.normal(size=3)) for _ in range(3)]

    def apply(points: FloatArray) -> FloatArray:
        out = np.asarray(points, float).copy()
        for way, phase, along in waves:
            along = along / np.linalg.norm(along) * most_mm / 3
            out += np.sin(np.asarray(points, float) @ way + phase)[:, None] * along
        return out

    return apply


# A failure is shown as it came: making it smaller would take minutes.
@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    seed=st.integers(0, 2**32 - 1),
    turn=st.tuples(*[st.floats(-0.15, 0.15, allow_subnormal=False)] * 3),
    shift=st.tuples(*[st.floats(-500, 500, allow_subnormal=False)] * 3),
    scale=st.floats(0.9, 1.1),
)
def test_another_body_in_another_place_has_the_same_landmarks(
    specimen: Specimen, seed: int, turn: Any, shift: Any, scale: float
) -> None:
    """Moved, turned, larger or smaller, slightly deformed: the rules find the same points."""
    bones, base, _ = into_frame(bones_of(specimen), NOTHING)
    rigid = Rotation.from_rotvec(turn).as_matrix()
    deformed, transform = deformation(seed, most_mm=1.0), matrix(rigid * scale, np.array(shift))

    def elsewhere(points: FloatArray) -> FloatArray:
        return deformed(points) @ transform[:3, :3].T + transform[:3, 3]

    parts = {
        name: replace(part, vertices_mm=elsewhere(part.vertices_mm).astype(np.float32))
        for name, part in bones.items()
    }
    _, found, frame = into_frame(parts, NOTHING)
    for side, marks in base.items():
        assert set(marks) == set(found[side])
        for name, mark in marks.items():
            there = elsewhere(mark.position_mm[None])
            expected = (there @ frame[:3, :3].T + frame[:3, 3])[0]
            away = np.linalg.norm(found[side][name].position_mm - expected) / scale
            assert away <= mark.uncertainty_mm, f"{name} {side}: {away:.1f} mm"


@pytest.mark.parametrize("name", list(rules().rules))
def test_no_rule_takes_the_border_of_its_own_box(specimen: Specimen, name: str) -> None:
    """A point on the border is where the rule was cut off, not where the bone ends."""
    table = rules()
    rule = table.rules[name]
    marks = find(
        bones_of(specimen),
        {s: {"hip_joint_centre": specimen.landmarks[s]["hip_joint_centre"]} for s in SIDES},
    )
    for side in SIDES:
        centre = marks[side]["hip_joint_centre"]
        assert centre.radius_mm is not None
        outward = np.array([-1.0 if side == "right" else 1.0, 1.0, 1.0])
        scale = centre.radius_mm / table.reference_head_radius_mm
        local = (marks[side][name].position_mm - centre.position_mm) * outward / scale
        midline = marks[side][name].position_mm[0] * outward[0] / scale
        for value, (low, high) in (
            (local[0], rule.box.lateral),
            (local[1], rule.box.posterior),
            (local[2], rule.box.superior),
            (midline, rule.box.from_midline),
        ):
            assert low + 1.0 < value < high - 1.0, f"{side}: {value:.1f} in {low}…{high}"


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    radius=st.floats(5, 60),
    cap=st.floats(0.8, 2.0),
    noise=st.floats(0, 0.2),
)
def test_a_sphere_is_fitted_to_part_of_it(
    seed: int, radius: float, cap: float, noise: float
) -> None:
    """Centre and radius from a cap of the ball, as of a femoral head."""
    rng = np.random.default_rng(seed)
    way = rng.normal(size=(4000, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    way = way[way[:, 2] > 1 - cap]
    centre = rng.uniform(-300, 300, 3)
    found, size = fit_sphere(centre + way * (radius + rng.normal(size=(len(way), 1)) * noise))
    assert np.linalg.norm(found - centre) < 0.02 + noise
    assert size == pytest.approx(radius, abs=0.02 + noise)


def test_the_head_of_the_real_femur_is_a_ball(specimen: Specimen) -> None:
    """The fitted radius is the one that the head's own surface has."""
    for side in SIDES:
        femur = specimen.part("femur", side)
        mark = specimen.landmarks[side]["hip_joint_centre"]
        assert femur is not None
        assert mark.radius_mm is not None
        sign = 1.0 if side == "left" else -1.0
        offset = femur.vertices_mm - mark.position_mm
        distance = np.linalg.norm(offset, axis=1)
        # The medial upper half of the head: no neck there, no fovea in the middle of it.
        medial = (offset @ np.array([-sign, 0, 1.2]) > 0.4 * mark.radius_mm) & (distance < 35)
        assert medial.sum() > 50
        assert abs(np.median(distance[medial]) - mark.radius_mm) < 1.0
        assert 21.5 <= mark.radius_mm <= 24.5
