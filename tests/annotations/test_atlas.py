"""One door from request to atlas: the same again from the caches, stoppable, never half done."""

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from annotations.atlas import Atlas, build
from annotations.courses import sides
from annotations.courses.course import Branch, Course, LeftOut
from annotations.request import Request
from annotations.store import CoursesHeader, FieldsHeader, ZonesHeader
from annotations.zones import shells
from annotations.zones.fields import SurfaceFields
from meshes import cache
from meshes.errors import GluteaError
from meshes.modelling import complete
from meshes.shape_model import evaluate
from meshes.sources import model
from meshes.sources.download import Cancelled
from meshes.specimen import Side, Specimen
from meshes.store import SpecimenHeader

STAGES = {
    "complete": SpecimenHeader,
    "fields": FieldsHeader,
    "courses": CoursesHeader,
    "zones": ZonesHeader,
}


def assert_same(one: Atlas, other: Atlas) -> None:
    """Every point of every course, part and zone."""
    assert one.request == other.request
    assert list(one.parts) == list(other.parts)
    for name, part in one.parts.items():
        twin = other.parts[name]
        for mine, theirs in (
            (part.vertices_mm, twin.vertices_mm),
            (part.triangles, twin.triangles),
            (part.normals, twin.normals),
        ):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
        assert (part.origin, part.note) == (twin.origin, twin.note)
    assert list(one.courses) == list(other.courses)
    for name, of_sides in one.courses.items():
        assert list(of_sides) == list(other.courses[name])
        for side, course in of_sides.items():
            same = other.courses[name][side]
            assert (course.passes, dict(course.clearance_mm)) == (
                same.passes,
                dict(same.clearance_mm),
            )
            assert [b.name for b in course.branches] == [b.name for b in same.branches]
            for a, b in zip(course.branches, same.branches, strict=True):
                np.testing.assert_array_equal(a.points_mm, b.points_mm)
                np.testing.assert_array_equal(a.radius_mm, b.radius_mm)
            for p, q in zip(course.points, same.points, strict=True):
                assert (p.name, p.branch) == (q.name, q.branch)
                np.testing.assert_array_equal(p.position_mm, q.position_mm)
    assert list(one.zones) == list(other.zones)
    for side, zones in one.zones.items():
        same_zones = other.zones[side]
        assert zones.figures == same_zones.figures
        assert zones.note == same_zones.note
        np.testing.assert_array_equal(zones.dimension_line_mm, same_zones.dimension_line_mm)
        assert list(zones.patches) == list(same_zones.patches)
        for zone, patch in zones.patches.items():
            np.testing.assert_array_equal(patch.vertices_mm, same_zones.patches[zone].vertices_mm)
            np.testing.assert_array_equal(patch.triangles, same_zones.patches[zone].triangles)
            assert len(patch.outline_mm) == len(same_zones.patches[zone].outline_mm)


def test_the_second_build_equals_the_first(atlas: Atlas) -> None:
    """What comes out of the caches is what was put in, to the last bit."""
    assert_same(build(atlas.request), atlas)


def test_an_atlas_shows_all_its_parts(atlas: Atlas) -> None:
    assert set(atlas.parts) == set(atlas.specimen.parts) | set(atlas.tubes)
    for name, part in atlas.parts.items():
        assert part.id == name


# --- built anew, on bones coarse enough to do it several times ---------------------------------


def straight(
    specimen: Specimen,
    side: Side,
    fields: SurfaceFields | None,
    variants: object,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> tuple[list[Course], list[LeftOut]]:
    """A course from landmark to landmark, in place of the solver, which takes its time."""
    progress(0.5, "Inferior gluteal nerve")
    ends = [specimen.point_mm(name, side) for name in ("sacral_foramen_s1", "ischial_spine")]
    line = np.linspace(ends[0], ends[1], 9)
    trunk = Branch("trunk", None, line, np.full(9, 1.5))
    course = Course(
        "inferior_gluteal_nerve", side, "schematic", (trunk,), (), (), {"sacrum": 1.0}, "straight"
    )
    return [course], [LeftOut("inferior_gluteal_vein", side, "", "no room")]


@pytest.fixture(scope="module")
def coarse() -> Iterator[None]:
    """The stages as in earnest, on few triangles, with nothing grown and courses that are lines."""
    fine = model._table()
    table = msgspec.structs.replace(
        fine,
        pelvis=msgspec.structs.replace(fine.pelvis, steps=3),
        femur=msgspec.structs.replace(fine.femur, steps=3),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "_table", functools.cache(lambda: table))
        patch.setattr(complete, "complete", lambda specimen, *_: specimen)
        patch.setattr(sides, "solve", straight)
        patch.setattr(sides, "_cores", lambda: 1)  # a process of its own would not know `straight`
        patch.setattr(shells, "ANGLES", 15)
        patch.setattr(cache, "BUILT", Path("/nothing built"))
        yield
    evaluate._basis_on_grid.cache_clear()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coarse: None) -> Path:
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def filled_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of the coarse atlas."""
    return tmp_path_factory.mktemp("expected")


@pytest.fixture(scope="module")
def expected(coarse: None, filled_cache: Path) -> Atlas:
    """The coarse atlas, made in one go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLUTEA_CACHE", str(filled_cache))
        return build(Request())


@pytest.fixture
def warm_cache(own_cache: Path, expected: Atlas, filled_cache: Path) -> Path:
    """A cache of this test's own that holds every stage."""
    shutil.copytree(filled_cache, own_cache)
    return own_cache


def kept_files(folder: Path) -> dict[str, list[str]]:
    return {
        stage.name: sorted(file.name for file in stage.iterdir())
        for stage in sorted(folder.iterdir())
    }


def test_building_anew_reports_progress_that_only_grows_and_ends_at_1(
    own_cache: Path, expected: Atlas
) -> None:
    """And the same request gives the same atlas on an empty cache: nothing in it is random."""
    steps: list[tuple[float, str]] = []
    built = build(Request(), lambda share, text: steps.append((share, text)))
    shares = [share for share, _ in steps]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.1
    assert shares[-1] == 1.0
    assert len(set(shares)) >= 5
    assert all(text for _, text in steps)
    assert_same(built, expected)
    again: list[float] = []
    build(Request(), lambda share, text: again.append(share))
    assert again == [1.0], "from the caches there is nothing to wait for"
    assert sorted(kept_files(own_cache)) == sorted([*STAGES, "specimen"])


def test_cancelling_at_any_step_stops_and_the_cache_still_works(
    own_cache: Path, expected: Atlas
) -> None:
    """Each attempt is stopped one step later; stages that were finished are not made again."""
    stopped = 0
    for patience in range(40):
        asked = [0]

        def enough(asked: list[int] = asked, patience: int = patience) -> bool:
            asked[0] += 1
            return asked[0] > patience

        try:
            finished = build(Request(), cancelled=enough)
        except Cancelled:
            stopped += 1
            for files in kept_files(own_cache).values():
                assert len(files) == 1, "a whole stage or none, no half file"
                assert files[0].endswith(".safetensors")
        else:
            break
    assert stopped >= 3, "there were steps to stop at"
    assert_same(finished, expected)
    assert_same(build(Request()), expected)


def test_limits_touch_only_the_last_stage(warm_cache: Path, expected: Atlas) -> None:
    """Moving a spin box costs moments: specimen, fields and courses stay as they are."""
    before = kept_files(warm_cache)
    steps: list[str] = []
    moved = build(Request("model", (40.0, 70.0), (50.0, 60.0)), lambda _, text: steps.append(text))
    after = kept_files(warm_cache)
    assert {stage: len(files) for stage, files in after.items()} == {
        "specimen": 1,
        "complete": 1,
        "fields": 1,
        "courses": 1,
        "zones": 2,
    }
    assert all(set(before[stage]) <= set(after[stage]) for stage in before)
    assert steps == ["Marking the zones", "Ready"]
    assert moved.zones["left"].figures.gap_mm < expected.zones["left"].figures.gap_mm


@pytest.mark.parametrize("stage", STAGES)
def test_a_damaged_stage_is_made_again(warm_cache: Path, expected: Atlas, stage: str) -> None:
    (file,) = (warm_cache / stage).iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    # Whole stages do not ask for those before them: the fields are read when limits have moved.
    request = Request("model", (40.0, 70.0)) if stage == "fields" else Request()
    made = build(request)
    if stage != "fields":
        assert_same(made, expected)
    assert cache.load(file, STAGES[stage]) is not None, "whole again"


def test_an_unknown_specimen_is_one_sentence(own_cache: Path) -> None:
    with pytest.raises(GluteaError, match=r"There is no specimen 'modell'; did you mean 'model'\?"):
        build(Request("modell"))
