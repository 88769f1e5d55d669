"""Distances that courses are measured by, and what is given back or drawn narrower."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import trimesh

from annotations.atlas import Atlas
from annotations.courses.bench import Bench
from annotations.courses.course import Branch
from annotations.courses.space import Implicit
from annotations.courses.table import CourseEntry, applies, course_table, slimmer, value_of
from annotations.courses.variants import Variants
from annotations.evidence import evidence
from meshes.specimen import SIDES, Specimen

SCIATIC, CUTANEOUS = "sciatic_nerve", "posterior_femoral_cutaneous_nerve"
ON_PARENT_MM = 1.5  # half a step of its points, and half a millimetre


def test_beyond_a_sharp_rim_nothing_is_called_inside(
    off_the_mean: Callable[[str], Specimen],
) -> None:
    """VTK's own answer was: centimetres deep in the ligament. Courses were left out for it."""
    part = off_the_mean("mode 2, -2 SD").part("sacrospinous_ligament", "left")
    assert part is not None
    points = part.vertices_mm.astype(float)
    random = np.random.default_rng(0)
    places = points[random.integers(0, len(points), 4000)] + random.normal(0, 8, (4000, 3))
    inside = trimesh.Trimesh(points, part.triangles).contains(places)
    found = Implicit(part).distances(places)
    assert inside.any()
    assert ((found < 0) == inside)[np.abs(found) > 1e-3].all()


@pytest.fixture
def bench(model_atlas: Atlas) -> Bench:
    """The left side with the sciatic and the cutaneous nerve alone."""
    made = Bench(model_atlas.specimen, "left", None, Variants(), lambda: None)
    entries = [entry_of(made, name) for name in (SCIATIC, CUTANEOUS)]
    made.slots.allot([one for one in made.trunks if one[0] in entries], lambda: None)
    for entry in entries:
        made.lay(entry)
        assert made.is_laid(entry)
    return made


def entry_of(bench: Bench, name: str) -> CourseEntry:
    """A course of the table."""
    return next(entry for entry in bench.wanted if entry.structure == name)


def test_a_narrower_course_is_within_its_published_spread_and_says_so(bench: Bench) -> None:
    entry = entry_of(bench, SCIATIC)
    before = bench.state()
    usual = bench.course(entry)
    bench.draw_slimmer(entry)
    narrower = bench.course(entry)
    claim = evidence()["sciatic_width_exit"]
    assert claim.value is not None and claim.spread is not None
    for course, width_mm in ((usual, claim.value), (narrower, claim.value - claim.spread)):
        assert 2 * course.branches[0].radius_mm[0] == pytest.approx(width_mm)
    assert narrower.note != usual.note and narrower.note.startswith(usual.note)
    bench.restore(before)
    again = bench.course(entry)
    assert again.note == usual.note
    assert 2 * again.branches[0].radius_mm[0] == pytest.approx(claim.value)


def test_what_is_restored_lies_as_it_did(bench: Bench) -> None:
    entries = [entry_of(bench, name) for name in (SCIATIC, CUTANEOUS)]
    twig = Branch("twig", "trunk", np.eye(3) * 10, np.ones(3), "branch")
    bench.add_fanned(entries[0], twig, False)
    bench.leave_out("inferior_gluteal_vein", "trunk", "no room")
    before = bench.state()
    courses = [bench.course(entry) for entry in entries]
    clearances = [dict(bench.clearances(entry)) for entry in entries]
    exits, borders = dict(bench.laid.exits), dict(bench.laid.borders)
    # Everything is turned over: one goes, one becomes narrower, all settle, places are lost.
    bench.forget(entries[1])
    bench.draw_slimmer(entries[0])
    bench.slots.drop_all()
    bench.settle()
    bench.leave_out(CUTANEOUS, "trunk", "forgotten")
    bench.restore(before)
    for entry, course in zip(entries, courses, strict=True):
        again = bench.course(entry)
        mine, theirs = ({b.name: b for b in c.branches} for c in (again, course))
        assert mine.keys() == theirs.keys() and again.branches[0].name == "trunk"
        for name, branch in mine.items():
            assert np.array_equal(branch.points_mm, theirs[name].points_mm), name
            assert np.array_equal(branch.radius_mm, theirs[name].radius_mm), name
        assert [p.name for p in again.points] == [p.name for p in course.points]
        assert again.note == course.note
    assert [dict(bench.clearances(entry)) for entry in entries] == clearances
    for now, then in ((bench.laid.exits, exits), (bench.laid.borders, borders)):
        assert now.keys() == then.keys()
        assert all(np.array_equal(now[name][0], then[name][0]) for name in then)
    assert [(one.id, one.reason) for one in bench.left_out] == [
        ("inferior_gluteal_vein", "no room")
    ]
    assert bench.state().faults == before.faults
    assert all(
        bench.slots.place(e.structure, way) is not None
        for e in entries
        for way in bench.rows[e.structure]["trunk"].way
        if way.door
    )


def test_what_springs_from_what_is_gone_goes_with_it(model_atlas: Atlas) -> None:
    bench = Bench(model_atlas.specimen, "left", None, Variants(), lambda: None)
    parent, child = (entry_of(bench, f"{name}_iliac_artery") for name in ("common", "external"))
    bench.lay(parent)
    bench.lay(child)
    assert bench.is_laid(parent) and bench.is_laid(child)
    bench.forget(parent)
    assert not bench.is_laid(child)
    assert [one.id for one in bench.left_out] == [child.structure]
    bench.lay(parent)
    bench.lay(child)
    assert bench.is_laid(child) and not bench.left_out


def test_lines_begin_on_what_they_spring_from(atlas: Atlas) -> None:
    lines = {
        (course.id, side, branch.name): branch.points_mm
        for sides in atlas.courses.values()
        for side, course in sides.items()
        for branch in course.branches
    }
    met = 0
    for entry in course_table().course:
        for row in entry.branch:
            parent, _, name = (row.way[0].on or "").partition("/")
            for side in SIDES if applies(row.when, Variants()) else ():
                line = lines.get((entry.structure, side, row.name))
                on = lines.get((parent, side, name))
                if line is not None and on is not None:
                    met += 1
                    away = np.linalg.norm(on - line[0], axis=1).min()
                    assert away < ON_PARENT_MM, (entry.structure, row.name, side)
    assert met >= 4


def test_no_width_becomes_narrower_than_its_sources_say() -> None:
    for entry in course_table().course:
        for row in entry.branch:
            narrow = slimmer(row)
            assert all(n <= w for n, w in zip(narrow.radii_mm, row.radii_mm, strict=True))
            for name, radius in zip(row.diameter, narrow.radii_mm, strict=False):
                claim = evidence()[name]
                if claim.mark == "inferred" and claim.spread is None:
                    assert 2 * radius == pytest.approx(value_of(name)), name
                elif claim.spread is None and claim.low is not None:
                    assert 2 * radius == pytest.approx(claim.low), name
