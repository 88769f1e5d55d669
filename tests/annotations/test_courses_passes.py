"""Courses keep what anatomy demands: as the atlases have it, and on bodies smoothly deformed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotations.atlas import Atlas
from annotations.courses.course import Branch, Course, LeftOut
from annotations.courses.exits import leaves
from annotations.courses.neighbours import Neighbour
from annotations.courses.relax import spaced
from annotations.courses.solve import solve
from annotations.courses.space import Space
from annotations.courses.table import course_table
from annotations.courses.winding import lies_behind, passes_between
from annotations.evidence import evidence
from annotations.zones.fields import below_piriformis_mm, surface_fields
from meshes.specimen import SIDES, FloatArray, Landmark, Part, Specimen
from meshes.surface import normals_of

NERVE, ARTERY = "inferior_gluteal_nerve", "inferior_gluteal_artery"
BETWEEN = "between the sacral nerves"
WAVE_MM, AMPLITUDE_MM = 320.0, 4.0


def broken(course: Course) -> list[str]:
    """The passes that do not hold, in words."""
    return [f"{check.name}: {check.detail}" for check in course.passes if not check.holds]


@pytest.mark.parametrize("name", [NERVE, ARTERY])
def test_nerve_and_artery_keep_every_demand(atlas: Atlas, name: str) -> None:
    for side in ("left", "right"):
        assert not broken(atlas.courses[name][side]), side


def test_nothing_that_may_be_left_out_is_drawn_with_a_fault(atlas: Atlas) -> None:
    may_be_left_out = {e.structure for e in course_table().course if e.may_be_left_out}
    for name, sides in atlas.courses.items():
        for course in sides.values() if name in may_be_left_out else ():
            assert not broken(course), name


def test_what_is_left_out_says_why(atlas: Atlas) -> None:
    drawn = {(name, side) for name, sides in atlas.courses.items() for side in sides}
    for one in atlas.left_out:
        assert one.reason
        assert one.branch != "trunk" or (one.id, one.side) not in drawn


def test_artery_lies_medial_to_nerve_where_they_leave(atlas: Atlas) -> None:
    for side in ("left", "right"):
        exits = [
            next(p.position_mm for p in atlas.courses[name][side].points if p.name == "exit")
            for name in (NERVE, ARTERY)
        ]
        nerve, artery = (abs(float(point[0])) for point in exits)
        assert artery < nerve


def sheet() -> tuple[FloatArray, FloatArray]:
    """Two lines 20 mm apart in the plane z = 0."""
    x = np.linspace(0, 30, 20)
    return tuple(np.stack([x, np.full_like(x, y), 0 * x], axis=1) for y in (0.0, 20.0))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("line", "through"),
    [
        ([[15, 10, 5], [15, 10, -5]], True),
        ([[15, 30, 5], [15, 30, -5]], False),
        ([[15, 10, 5], [15, 10, -5], [18, 12, -5], [18, 12, 5]], False),
        ([[15, 10, 5], [15, 12, 3]], False),
    ],
    ids=["through", "beside", "and back", "before"],
)
def test_a_line_passes_between_two_others(line: list[list[float]], through: bool) -> None:
    assert passes_between(np.array(line, float), *sheet()) is through


def test_where_two_lines_run_together_nothing_passes_between_them() -> None:
    """Roots end inside their trunk: the sheet between them has no width there, and no holes."""
    first, second = sheet()
    together = np.linspace([30, 10, 0], [60, 10, 0], 31)
    joined = [np.vstack([line, together]) for line in (first, second)]
    assert passes_between(np.array([[10.0, 10, 5], [10, 10, -5]]), *joined)
    assert not passes_between(np.array([[50.0, 30, 5], [50, 30, -5]]), *joined)


def test_a_sheet_covers_what_lies_behind_it() -> None:
    slanting = np.array([[[0, 0, 0], [30, 0, 0], [0, 30, 30]]], float)
    places = [[5, 16, 10], [5, 4, 10], [25, 40, 25], [5, 16, -1]]
    assert lies_behind(np.array(places, float), slanting).tolist() == [True, False, False, False]


def test_what_goes_in_again_stays_in_front_of_the_sacrotuberous_ligament(atlas: Atlas) -> None:
    """Reckoned anew, with rays: the pudendal bundle lies between the two ligaments."""
    import trimesh

    demanding = {e.structure for e in course_table().course if "in_again" in e.passes}
    for name in demanding & set(atlas.courses):
        for side, course in atlas.courses[name].items():
            part = atlas.specimen.part("sacrotuberous_ligament", side)
            assert part is not None
            mesh = trimesh.Trimesh(part.vertices_mm, part.triangles)
            line = course.branches[0].points_mm
            forward = np.tile([0.0, -1.0, 0.0], (len(line), 1))
            assert not mesh.ray.intersects_any(line, forward).any(), (name, side)


def test_sciatic_and_cutaneous_nerve_come_down_beside_the_tuberosity(atlas: Atlas) -> None:
    for name in ("sciatic_nerve", "posterior_femoral_cutaneous_nerve"):
        for side, course in atlas.courses.get(name, {}).items():
            tuberosity = atlas.specimen.point_mm("ischial_tuberosity", side)
            trochanter = atlas.specimen.point_mm("greater_trochanter_tip", side)
            assert tuberosity is not None and trochanter is not None
            line = course.branches[0].points_mm
            at = line[int(np.argmin(np.abs(line[:, 2] - tuberosity[2])))]
            assert abs(tuberosity[0]) < abs(at[0]) < abs(trochanter[0]), (name, side)


def test_what_runs_down_the_thigh_runs_straight(model_atlas: Atlas) -> None:
    """Below the tuberosity, between hamstrings and gluteus maximus: no bend but a shallow one."""
    for side in SIDES:
        tuberosity = model_atlas.specimen.point_mm("ischial_tuberosity", side)
        assert tuberosity is not None
        for name in ("sciatic_nerve", "posterior_femoral_cutaneous_nerve"):
            line = model_atlas.courses[name][side].branches[0].points_mm
            low = line[line[:, 2] < tuberosity[2]]
            assert len(low) > 10, (name, side)
            chord = (low[-1] - low[0]) / np.linalg.norm(low[-1] - low[0])
            off = (low - low[0]) - ((low - low[0]) @ chord)[:, None] * chord
            assert np.linalg.norm(off, axis=1).max() < 0.2 * np.linalg.norm(low[-1] - low[0]), (
                name,
                side,
            )


def test_the_companion_artery_comes_to_lie_on_the_back_of_the_nerve(model_atlas: Atlas) -> None:
    for side in SIDES:
        artery = model_atlas.courses["companion_artery_of_sciatic_nerve"][side].branches[0]
        nerve = model_atlas.courses["sciatic_nerve"][side].branches[0]
        end = artery.points_mm[-1]
        at = int(np.argmin(np.abs(nerve.points_mm[:, 2] - end[2])))
        assert abs(end[0] - nerve.points_mm[at, 0]) < nerve.radius_mm[at], side
        assert end[1] > nerve.points_mm[at, 1], side


def test_the_twig_goes_through_the_muscle_to_the_skin(model_atlas: Atlas) -> None:
    import trimesh

    skin = next(part for part in model_atlas.parts.values() if part.structure == "skin")
    for side in SIDES:
        muscle = model_atlas.specimen.part("gluteus_maximus", side)
        assert muscle is not None
        line = model_atlas.courses[NERVE][side].branches
        twig = next(branch for branch in line if branch.name == "cutaneous twig").points_mm
        belly = trimesh.Trimesh(muscle.vertices_mm, muscle.triangles)
        inside = belly.contains(twig)
        assert inside.any() and not inside[0] and not inside[-1], side
        under = -trimesh.proximity.signed_distance(
            trimesh.Trimesh(skin.vertices_mm, skin.triangles), twig[-1:]
        )
        assert -4.0 < under[0] < 0, side


def test_a_neighbour_is_kept_off_only_where_it_counts() -> None:
    """The pelvic part of the nerve that a course springs from bars no way."""
    line = np.linspace([0.0, 0, 0], [0, 40, 0], 80)
    whole = Neighbour("sciatic_nerve", line, np.full(80, 2.0))
    half = whole.only(lambda points: points[:, 1] > 20.0)
    assert half is not None and whole.only(lambda points: points[:, 1] > 99.0) is None
    places = np.array([[0.0, 5, 0], [0.0, 35, 0]])
    assert whole.distance(places)[0] == pytest.approx([-2.0, -2.0], abs=0.1)
    assert half.distance(places)[0] == pytest.approx([13.0, -2.0], abs=0.5)


def test_the_back_of_a_nerve_is_the_middle_of_its_back() -> None:
    line = np.linspace([10.0, 5, -40], [10, 5, 0], 120)
    found = Neighbour("sciatic_nerve", line, np.full(120, 3.0)).back_mm(np.array([0.0, 1, 0]))
    assert np.allclose(found[:, :2], [10.0, 8.0])
    assert len(found) > 15


def test_what_a_course_runs_through_is_said_and_asks_no_clearance(atlas: Atlas) -> None:
    for sides in atlas.courses.values():
        for course in sides.values():
            assert not set(course.runs_through) & set(course.clearance_mm), course.id
    table = {e.structure: e for e in course_table().course}
    through = {part for row in table["nerve_to_quadratus_femoris"].branch for part in row.through}
    for course in atlas.courses.get("nerve_to_quadratus_femoris", {}).values():
        assert set(course.runs_through) == through


def test_every_thickness_has_its_evidence() -> None:
    for entry in course_table().course:
        drawn = [width for row in entry.branch for width in row.diameter_mm]
        drawn += [width for width in entry.fan.diameter_mm if width] if entry.fan else []
        if drawn:
            claim = evidence()[f"{entry.structure}_diameter_drawn"]
            assert claim.mark == "inferred"
            assert claim.low == min(drawn) and claim.high == max(drawn), entry.structure


def deformed(specimen: Specimen, seed: int) -> Specimen:
    """All of a body moved along with long waves: no fold, no gap, other proportions."""
    random = np.random.default_rng(seed)
    waves = 2 * np.pi / WAVE_MM * random.uniform(0.5, 1.0, (3, 3)) * random.choice([-1, 1], (3, 3))
    phases = random.uniform(0, 2 * np.pi, 3)

    def moved(points: FloatArray) -> FloatArray:
        return np.asarray(points + AMPLITUDE_MM * np.sin(points @ waves.T + phases), points.dtype)

    def part(old: Part) -> Part:
        vertices = moved(old.vertices_mm)
        return replace(old, vertices_mm=vertices, normals=normals_of(vertices, old.triangles))

    def landmark(old: Landmark) -> Landmark:
        return replace(old, position_mm=moved(old.position_mm[None])[0])

    return replace(
        specimen,
        parts={name: part(old) for name, old in specimen.parts.items()},
        landmarks={
            side: {name: landmark(old) for name, old in found.items()}
            for side, found in specimen.landmarks.items()
        },
    )


@pytest.fixture(scope="module")
def on_deformed(model_atlas: Atlas) -> tuple[list[Course], list[LeftOut]]:
    """The left side of a deformed body, solved."""
    specimen = deformed(model_atlas.specimen, seed=3)
    return solve(specimen, "left", surface_fields(specimen, "left"))


def test_courses_hold_on_a_deformed_body(
    on_deformed: tuple[list[Course], list[LeftOut]],
) -> None:
    courses, left_out = on_deformed
    by_id = {course.id: course for course in courses}
    for name in (NERVE, ARTERY):
        assert not [line for line in broken(by_id[name]) if not line.startswith(BETWEEN)]
    may_be_left_out = {e.structure for e in course_table().course if e.may_be_left_out}
    assert not [line for c in courses if c.id in may_be_left_out for line in broken(c)]
    assert all(one.reason for one in left_out)


def test_the_artery_passes_between_its_nerves_on_a_deformed_body(
    on_deformed: tuple[list[Course], list[LeftOut]],
) -> None:
    artery = next(course for course in on_deformed[0] if course.id == ARTERY)
    assert not [line for line in broken(artery) if line.startswith(BETWEEN)]


def trunk(*points: list[float]) -> Branch:
    """A line of many points through some."""
    line = spaced(np.array(points, float), 0.5)
    return Branch("trunk", None, line, np.full(len(line), 1.0))


def test_the_exit_lies_where_the_cover_of_piriformis_ends(model_atlas: Atlas) -> None:
    """The foramen's plane may run in front of the muscle: behind it is not outside yet."""
    space = Space(model_atlas.specimen, "left")
    f = space.foramen
    door = f.spine + 20 * f.medial + 25 * f.up
    height = float(below_piriformis_mm(model_atlas.specimen, "left", door[None])[0])
    border = door + np.array([0.0, 0.0, height])
    up = np.array([0.0, 0.0, 1.0])
    early = [border + 20 * up - 6 * f.back, border + 6 * up + 3 * f.back]
    late = [border - 6 * up + 4 * f.back, border - 20 * up + 12 * f.back]
    line = trunk(*[point.tolist() for point in early + late])
    assert f.is_outside(np.array(early))[1]
    left = leaves(space, "infrapiriform", (), line, door)
    below = below_piriformis_mm(model_atlas.specimen, "left", left.exit_mm[None])[0]
    assert left.through
    assert abs(below) < 0.5
    pierced = leaves(space, "infrapiriform", ("piriformis",), line, door)
    assert abs(float(f.local(pierced.exit_mm)[2])) < 0.5
