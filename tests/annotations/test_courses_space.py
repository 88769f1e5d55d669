"""Distances that courses are measured by, and what is given back or drawn narrower."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import trimesh

from annotations.atlas import Atlas
from annotations.courses.bench import Bench
from annotations.courses.space import Implicit
from annotations.courses.table import course_table, slimmer, value_of
from annotations.courses.variants import Variants
from annotations.evidence import evidence
from meshes.specimen import Specimen

SCIATIC = "sciatic_nerve"


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


@pytest.fixture(scope="module")
def bench(model_atlas: Atlas) -> Bench:
    """The left side with the sciatic nerve laid alone."""
    made = Bench(model_atlas.specimen, "left", None, Variants(), lambda: None)
    entry = next(entry for entry in made.wanted if entry.structure == SCIATIC)
    made.slots.allot([one for one in made.trunks if one[0] is entry], lambda: None)
    made.lay(entry)
    return made


def test_a_narrower_course_is_within_its_published_spread_and_says_so(bench: Bench) -> None:
    entry = next(entry for entry in bench.wanted if entry.structure == SCIATIC)
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
    entry = next(entry for entry in bench.wanted if entry.structure == SCIATIC)
    usual, before = bench.course(entry), bench.state()
    exits = dict(bench.laid.exits)
    bench.forget(entry)
    assert not bench.is_laid(entry) and SCIATIC not in bench.laid.exits
    bench.restore(before)
    again = bench.course(entry)
    assert [b.name for b in again.branches] == [b.name for b in usual.branches]
    for mine, theirs in zip(again.branches, usual.branches, strict=True):
        assert np.array_equal(mine.points_mm, theirs.points_mm)
    assert bench.laid.exits.keys() == exits.keys()


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
