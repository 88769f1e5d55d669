"""Nerve and artery: where anatomy demands, never through bone, checked with other means."""

from functools import cache

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from annotations import atlas as atlas_module
from annotations.atlas import Atlas
from annotations.courses.course import Course
from annotations.courses.relax import smooth, spaced
from annotations.courses.space import Foramen, _to_triangle
from annotations.courses.table import course_table, value_of
from annotations.zones.fields import SurfaceFields, piriformis_border_mm
from meshes.signed_distance import exact
from meshes.specimen import SIDES, Part, Side
from meshes.structure import structures
from meshes.surface import is_closed

START_MM = 9.0  # how far a course may touch what it springs from
NERVE, ARTERY = "inferior_gluteal_nerve", "inferior_gluteal_artery"
BONES = ("hip_bone", "femur", "sacrum", "coccyx")


def each_course(atlas: Atlas) -> list[Course]:
    return [course for sides in atlas.courses.values() for course in sides.values()]


def point_of(course: Course, name: str) -> np.ndarray:
    (found,) = (p.position_mm for p in course.points if p.name == name)
    return found


def winding_numbers(part: Part, points: np.ndarray) -> np.ndarray:
    """How often the surface encloses each point: 1 inside, 0 outside (van Oosterom, Strackee)."""
    out = np.empty(len(points))
    corner = part.vertices_mm.astype(float)[part.triangles]
    for start in range(0, len(points), 50):
        a, b, c = np.moveaxis(corner[None] - points[start : start + 50, None, None], 2, 0)
        la, lb, lc = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
        triple = np.einsum("ijk,ijk->ij", a, np.cross(b, c))
        below = (
            la * lb * lc
            + np.einsum("ijk,ijk->ij", a, b) * lc
            + np.einsum("ijk,ijk->ij", b, c) * la
            + np.einsum("ijk,ijk->ij", c, a) * lb
        )
        out[start : start + 50] = 2 * np.arctan2(triple, below).sum(axis=1) / (4 * np.pi)
    return out


def test_winding_numbers_tell_inside_from_outside() -> None:
    ball = trimesh.creation.icosphere(radius=10)
    part = Part("sacrum", "midline", "source", ball.vertices, ball.faces, ball.vertex_normals)
    at = np.array([[0, 0, 0], [9.5, 0, 0], [10.5, 0, 0], [0, 99, 0]], float)
    np.testing.assert_allclose(winding_numbers(part, at), [1, 1, 0, 0], atol=1e-9)


# --- on every specimen ------------------------------------------------------------------------


def test_both_courses_are_there_on_both_sides(atlas: Atlas) -> None:
    assert list(atlas.courses) == [entry.structure for entry in course_table().course]
    assert set(atlas.courses) == {NERVE, ARTERY}
    for name, sides in atlas.courses.items():
        assert set(sides) == set(SIDES)
        for side, course in sides.items():
            assert (course.id, course.side) == (name, side)
            assert atlas.tubes[f"{name}_{side}"].origin == course.origin


def test_every_demand_is_kept(atlas: Atlas) -> None:
    for course in each_course(atlas):
        names = {check.name for check in course.passes}
        assert {"through the greater sciatic foramen", "clear of bone"} <= names
        for check in course.passes:
            assert check.holds, f"{course.id} {course.side}: {check.name}: {check.detail}"


def along(points: np.ndarray) -> np.ndarray:
    """Length from the first point to each."""
    return np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]


def test_no_wall_is_inside_a_bone(atlas: Atlas) -> None:
    """The drawn tubes themselves against the bones, by winding numbers, both sides.

    Past their first stretch, which touches what they spring from.
    """
    counted = 0
    for name, tube in atlas.tubes.items():
        trunk = atlas.courses[tube.structure][tube.side].branches[0].points_mm
        start = trunk[along(trunk) < START_MM]
        for bone in BONES:
            part = atlas.specimen.part(bone, tube.side)
            if part is None:
                continue
            # Who passes into a bone passes its surface: only what is near it can be inside.
            away, _ = cKDTree(part.trimesh.triangles_center).query(tube.vertices_mm)
            first, _ = cKDTree(start).query(tube.vertices_mm)
            near = tube.vertices_mm[(away < 10) & (first > 3.0)].astype(float)
            counted += len(near)
            chosen = near[np.random.default_rng(1).permutation(len(near))[:100]]
            if len(chosen):
                assert winding_numbers(part, chosen).max() < 0.5, f"{name} in the {bone}"
    assert counted > 100, "some of it does pass close by"


def test_no_centreline_is_ever_inside_a_bone(atlas: Atlas, request: pytest.FixtureRequest) -> None:
    """trimesh's own answer, from the very first point on."""
    if atlas.specimen.name == "z-anatomy":
        request.applymarker(
            pytest.mark.xfail(
                strict=True,
                reason="both courses begin inside the sacrum (nerve 3.4 mm, artery 1.8 mm deep); "
                "the check 'clear of bone' leaves out the first 9 mm",
            )
        )
    for course in each_course(atlas):
        points = np.vstack([branch.points_mm[::2] for branch in course.branches])
        for bone in BONES:
            part = atlas.specimen.part(bone, course.side)
            if part is not None:
                low, high = part.trimesh.bounds
                near = points[((points > low) & (points < high)).all(axis=1)]
                if len(near):
                    assert not part.trimesh.contains(near).any(), f"{course.id} in the {bone}"


def test_the_stated_clearance_is_the_distance_to_the_wall(atlas: Atlas) -> None:
    """Measured again with trimesh: never nearer than stated, for each bone."""
    for course in (sides["right"] for sides in atlas.courses.values()):
        for name in set(BONES) & set(course.clearance_mm):
            part = atlas.specimen.part(name, "right")
            assert part is not None
            least = np.inf
            for branch in course.branches:
                counted = along(branch.points_mm) > (START_MM if branch.parent is None else 0.0)
                _, away, _ = trimesh.proximity.closest_point(
                    part.trimesh, branch.points_mm[counted]
                )
                least = min(least, float((away - branch.radius_mm[counted]).min()))
            assert course.clearance_mm[name] == pytest.approx(least, abs=0.02), name


def test_the_way_leads_out_of_the_pelvis_below_the_notch(atlas: Atlas) -> None:
    """From before the sacrum, once through the foramen, to behind the ischial spine's level."""
    specimen = atlas.specimen
    for course in each_course(atlas):
        trunk = course.branches[0].points_mm
        foramen = Foramen.of(specimen, course.side)
        back = foramen.local(trunk)[:, 2]
        assert back[0] < -5, "starts within the pelvis"
        assert back[-1] > 0, "ends outside"
        leaving = point_of(course, "exit")
        assert np.linalg.norm(trunk - leaving, axis=1).min() < 1e-6, "the exit is on the trunk"
        piis, spine = (specimen.point_mm(name, course.side) for name in ("piis", "ischial_spine"))
        assert piis is not None
        assert spine is not None
        assert spine[2] < leaving[2] < piis[2]
        sign = 1 if course.side == "left" else -1
        assert 5 < leaving[0] * sign < spine[0] * sign + 5, "beside the sacrum, medial to the spine"


def test_the_nerve_leaves_lateral_to_the_artery(atlas: Atlas) -> None:
    for side in SIDES:
        sign = 1 if side == "left" else -1
        nerve, artery = (atlas.courses[name][side] for name in (NERVE, ARTERY))
        assert point_of(nerve, "exit")[0] * sign > point_of(artery, "exit")[0] * sign
        trunks = [c.branches[0] for c in (nerve, artery)]
        distance = np.linalg.norm(trunks[0].points_mm[:, None] - trunks[1].points_mm[None], axis=2)
        walls = distance - trunks[0].radius_mm[:, None] - trunks[1].radius_mm[None]
        here = np.linalg.norm(trunks[0].points_mm - point_of(nerve, "exit"), axis=1).argmin()
        assert walls[here].min() > 0, "beside each other, not in each other"


def test_calibres_are_the_published_or_the_drawn_ones(atlas: Atlas) -> None:
    for entry in course_table().course:
        for side in SIDES:
            trunk = atlas.courses[entry.structure][side].branches[0]
            assert 2 * trunk.radius_mm[0] == pytest.approx(value_of(entry.diameter))
            assert (np.diff(trunk.radius_mm) <= 1e-9).all(), "it does not widen"
            assert trunk.radius_mm[-1] > 0.5 * trunk.radius_mm[0]
    assert 2 * atlas.courses[NERVE]["left"].branches[0].radius_mm[0] == pytest.approx(3.0)
    assert 2 * atlas.courses[ARTERY]["left"].branches[0].radius_mm[0] == pytest.approx(4.7)


def test_points_are_evenly_spaced(atlas: Atlas) -> None:
    for course in each_course(atlas):
        for branch in course.branches:
            length = np.linalg.norm(np.diff(branch.points_mm, axis=0), axis=1)
            assert length.min() > 0.2, f"{course.id} {branch.name}"
            assert length.max() < 4.0, f"{course.id} {branch.name}"
            assert branch.length_mm == pytest.approx(length.sum())
        assert course.length_mm == course.branches[0].length_mm


def test_lines_do_not_kink(atlas: Atlas, request: pytest.FixtureRequest) -> None:
    """No turn by half a right angle from one point to the next: a nerve bends."""
    if atlas.specimen.name == "z-anatomy":
        request.applymarker(
            pytest.mark.xfail(
                strict=True,
                reason="the last point of the ascending branch (78°) and of the artery's superior "
                "branch (63°) turns aside where it sinks into the belly",
            )
        )
    for course in each_course(atlas):
        for branch in course.branches:
            way = np.diff(branch.points_mm, axis=0)
            way /= np.linalg.norm(way, axis=1, keepdims=True)
            turn = np.degrees(np.arccos(np.clip((way[1:] * way[:-1]).sum(axis=1), -1, 1)))
            assert turn.max() < 45, f"{course.id} {course.side} {branch.name}: {turn.max():.0f}°"


def test_tubes_are_closed(atlas: Atlas) -> None:
    for part in atlas.tubes.values():
        assert is_closed(part.triangles)
        assert part.trimesh.volume > 0
        assert atlas.parts[part.id] is part
        assert structures()[part.structure].kind in ("nerve", "artery")


def test_every_course_says_how_it_was_drawn(atlas: Atlas) -> None:
    for course in each_course(atlas):
        assert course.note.endswith(".")
        assert atlas.tubes[f"{course.id}_{course.side}"].note == course.note
        for check in course.passes:
            assert check.detail


# --- where there are muscles ------------------------------------------------------------------


@pytest.mark.atlas
def test_on_z_anatomy_the_courses_are_modelled_and_complete(z_anatomy_atlas: Atlas) -> None:
    for entry in course_table().course:
        for side in SIDES:
            course = z_anatomy_atlas.courses[entry.structure][side]
            assert course.origin == "modelled"
            assert [b.name for b in course.branches] == [
                "trunk",
                *(f"{name} {entry.branch_prefix}" for name in entry.branch_names),
            ]
            entries = [p for p in course.points if p.name == "branch_entry"]
            assert [p.branch for p in entries] == [b.name for b in course.branches[1:]]
            assert {"exit", "trunk_contact"} < {p.name for p in course.points}
            end = course.branches[0].points_mm[-1]
            for branch in course.branches[1:]:
                assert branch.parent == "trunk"
                np.testing.assert_allclose(branch.points_mm[0], end, atol=2.0)


@pytest.mark.atlas
def test_all_demands_are_made_on_z_anatomy(z_anatomy_atlas: Atlas) -> None:
    for course in each_course(z_anatomy_atlas):
        assert [check.name for check in course.passes] == [
            "through the greater sciatic foramen",
            "below piriformis",
            "reaches the deep surface of gluteus maximus",
            "clear of bone",
        ]


@pytest.mark.atlas
def test_they_leave_below_the_lower_border_of_piriformis(z_anatomy_atlas: Atlas) -> None:
    """Below the muscle there, not only below a line; and never through its belly."""
    for course in each_course(z_anatomy_atlas):
        border = piriformis_border_mm(z_anatomy_atlas.specimen, course.side)
        border = border[np.argsort(border[:, 0])]
        leaving = point_of(course, "exit")
        assert leaving[2] < np.interp(leaving[0], border[:, 0], border[:, 2])
        piriformis = z_anatomy_atlas.specimen.part("piriformis", course.side)
        assert piriformis is not None
        for branch in course.branches:
            assert exact(piriformis, branch.points_mm).min() > 0, branch.name


@pytest.mark.atlas
def test_nothing_is_pierced_on_the_way(z_anatomy_atlas: Atlas) -> None:
    """Every muscle and the sciatic nerve keep clear of the wall, from the start to the entries."""
    for course in each_course(z_anatomy_atlas):
        assert "sciatic_nerve" in course.clearance_mm
        assert "piriformis" in course.clearance_mm
        assert course.clearance_mm, course.id
        for name, clearance in course.clearance_mm.items():
            assert clearance > 0, f"{course.id} {course.side}: {name}"
        assert list(course.clearance_mm.values()) == sorted(course.clearance_mm.values())


@cache
def right_fields(atlas: Atlas) -> SurfaceFields:
    """The fields of the right side as the atlas keeps them."""
    stages = atlas_module._Stages(atlas.specimen, atlas.request, lambda *_: None, lambda: False)
    return next(fields for fields in stages.fields() if fields.side == "right")


@pytest.mark.atlas
def test_contact_and_entries_lie_on_the_deep_surface(z_anatomy_atlas: Atlas) -> None:
    """Within the tube's own radius of the muscle, where the muscle faces the depth."""
    fields = right_fields(z_anatomy_atlas)
    tree, deep = cKDTree(fields.vertices_mm), fields.deepness > 0
    for course in each_course(z_anatomy_atlas):
        muscle = z_anatomy_atlas.specimen.part("gluteus_maximus", course.side)
        assert muscle is not None
        radius = {branch.name: branch.radius_mm.max() for branch in course.branches}
        for place in course.points:
            if place.name == "exit":
                continue
            at = place.position_mm
            assert abs(exact(muscle, at[None])[0]) < radius[place.branch] + 1.0, place.branch
            mirrored = at if course.side == "right" else at * [-1, 1, 1]
            _, nearest = tree.query(mirrored)
            assert deep[nearest], f"{course.id} {course.side} {place.name} {place.branch}"


@pytest.mark.atlas
def test_branches_end_within_the_belly_and_trunks_before_it(z_anatomy_atlas: Atlas) -> None:
    for course in each_course(z_anatomy_atlas):
        muscle = z_anatomy_atlas.specimen.part("gluteus_maximus", course.side)
        assert muscle is not None
        trunk = course.branches[0]
        assert exact(muscle, trunk.points_mm).min() > -0.5, "the trunk stays outside"
        for branch, entry in zip(
            course.branches[1:],
            (p for p in course.points if p.name == "branch_entry"),
            strict=True,
        ):
            depth = exact(muscle, branch.points_mm)
            assert depth[-1] < -0.5, f"{branch.name} sinks in"
            start = np.linalg.norm(branch.points_mm - entry.position_mm, axis=1).argmin()
            assert depth[:start].min() > -1.0, f"{branch.name} not before its entry"


@pytest.mark.atlas
def test_the_fan_spreads_over_the_deep_surface(z_anatomy_atlas: Atlas) -> None:
    """Branches go up, across and down as they are called, each to a place of its own."""
    for side in SIDES:
        sign = 1 if side == "left" else -1
        for name, up, across, down in (
            (NERVE, "ascending branch", "lower transverse branch", "medial descending branch"),
            (
                ARTERY,
                "superior muscular branch",
                "lateral muscular branch",
                "inferior muscular branch",
            ),
        ):
            course = z_anatomy_atlas.courses[name][side]
            ends = {branch.name: branch.points_mm[-1] for branch in course.branches}
            trunk = ends.pop("trunk")
            assert ends[up][2] > trunk[2] + 20
            assert ends[down][2] < trunk[2] - 20
            assert (ends[across][0] - trunk[0]) * sign > 30
            places = np.array(list(ends.values()))
            apart = np.linalg.norm(places[:, None] - places[None], axis=2)
            assert apart[np.triu_indices(len(places), 1)].min() > 15


@pytest.mark.atlas
def test_distances_of_this_anatomy_are_like_those_found_before(z_anatomy_atlas: Atlas) -> None:
    """The exit 8–10 cm from the PSIS, the contact far from the trochanter, near the PIIS.

    These are inferences and measurements of this project, so the ranges are wide.
    """
    for side in SIDES:
        nerve = z_anatomy_atlas.courses[NERVE][side]

        def away(name: str, place: str, nerve: Course = nerve, side: Side = side) -> float:
            mark = z_anatomy_atlas.specimen.point_mm(name, side)
            assert mark is not None
            return float(np.linalg.norm(point_of(nerve, place) - mark))

        assert 75 < away("psis", "exit") < 100
        assert 85 < away("greater_trochanter_tip", "exit") < 120
        assert 75 < away("psis", "trunk_contact") < 100
        assert 85 < away("greater_trochanter_tip", "trunk_contact") < 120
        assert 30 < away("piis", "trunk_contact") < 55
        artery = z_anatomy_atlas.courses[ARTERY][side]
        spine = z_anatomy_atlas.specimen.point_mm("ischial_spine", side)
        assert spine is not None
        assert 15 < np.linalg.norm(point_of(artery, "exit") - spine) < 35


@pytest.mark.atlas
def test_a_mirrored_body_has_mirrored_courses(z_anatomy_atlas: Atlas) -> None:
    for sides in z_anatomy_atlas.courses.values():
        for mine, theirs in zip(sides["left"].branches, sides["right"].branches, strict=True):
            np.testing.assert_allclose(mine.points_mm, theirs.points_mm * [-1, 1, 1], atol=1e-6)


# --- where there are none ---------------------------------------------------------------------


def test_on_the_model_the_courses_are_schematic(model_atlas: Atlas) -> None:
    """From landmarks alone: said so, and no entry point is pretended."""
    for course in each_course(model_atlas):
        assert course.origin == "schematic"
        assert "schematic" in course.note
        assert [branch.name for branch in course.branches] == ["trunk"]
        assert {place.name for place in course.points} == {"exit"}
        assert {check.name for check in course.passes} == {
            "through the greater sciatic foramen",
            "clear of bone",
        }


# --- what the solver is made of ---------------------------------------------------------------

coordinate = st.floats(-50, 50, allow_subnormal=False, width=32)
corner = st.tuples(coordinate, coordinate, coordinate)


@settings(max_examples=60, deadline=None)
@given(a=corner, b=corner, c=corner, at=corner)
def test_the_distance_to_a_triangle_is_the_least(
    a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...], at: tuple[float, ...]
) -> None:
    """Against trimesh, wherever the point stands to the triangle."""
    triangle = np.array([a, b, c])
    area = np.linalg.norm(np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0]))
    if area < 1.0:
        return
    nearest = trimesh.triangles.closest_point(triangle[None], np.array([at]))
    expected = np.linalg.norm(nearest[0] - at)
    found = _to_triangle(np.array([at], float), *triangle)[0]
    assert found == pytest.approx(expected, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), step=st.floats(0.5, 4.0), sigma=st.floats(0.5, 3.0))
def test_spacing_and_smoothing_keep_the_ends(seed: int, step: float, sigma: float) -> None:
    rng = np.random.default_rng(seed)
    line = np.cumsum(rng.normal(size=(25, 3)) + [2.0, 0, 0], axis=0)
    even = spaced(line, step)
    np.testing.assert_allclose(even[[0, -1]], line[[0, -1]], atol=1e-9)
    softer = smooth(even, sigma)
    assert softer.shape == even.shape
    np.testing.assert_allclose(softer[[0, -1]], even[[0, -1]], atol=1e-3)
    roughness = [np.linalg.norm(np.diff(p, 2, axis=0), axis=1).sum() for p in (even, softer)]
    assert roughness[1] < roughness[0]
