"""What the window says: plain sentences that agree with the figures."""

from __future__ import annotations

import msgspec
import pytest

from annotations.evidence import evidence
from annotations.zones.table import claim_of
from annotations.zones.zone import ZoneFigures, Zones
from meshes.specimen import ORIGINS
from viewer.items import items
from viewer.window.wording import (
    GROUPS,
    ORIGIN_SENTENCES,
    area,
    cm,
    honest_sentence,
    joined,
    one_line,
    sentences,
    source_of,
    unbroken,
    zone_figure,
)
from viewer.window.zone_panel import other_sources


def with_gaps(atlas, left, right):
    """The atlas with other gaps, in mm; None leaves a side's zones out."""
    from dataclasses import replace

    zones = {}
    for side, gap in (("left", left), ("right", right)):
        if gap is not None:
            figures = ZoneFigures(psis_to_trochanter_mm=120.0 + gap, gap_mm=max(gap, 0.0))
            line = atlas.zones[side].dimension_line_mm
            zones[side] = Zones(side, {}, figures, line)
    return replace(atlas, zones=zones)


def test_every_group_and_origin_has_its_words(model_atlas):
    assert set(ORIGIN_SENTENCES) == set(ORIGINS)
    assert {item.group for item in items(model_atlas)} <= set(GROUPS)


def test_everything_under_the_pointer_has_a_line(model_atlas):
    for item in items(model_atlas):
        line = one_line(item, model_atlas)
        assert line.startswith(item.english)
        assert "_" not in line
        assert "None" not in line


def test_a_part_is_named_in_english_and_latin_with_side_and_origin(model_atlas):
    item = next(i for i in items(model_atlas) if i.id == "hip_bone_right")
    part = model_atlas.parts["hip_bone_right"]
    assert one_line(item, model_atlas) == f"Hip bone · Os coxae · right side · {part.origin}"


def test_a_landmark_says_how_sure_it_is(model_atlas):
    item = next(i for i in items(model_atlas) if i.id == "landmark/psis_left")
    uncertainty = model_atlas.specimen.landmarks["left"]["psis"].uncertainty_mm
    assert f"± {uncertainty:g} mm" in one_line(item, model_atlas)
    assert any(f"{uncertainty:g} mm" in said for said in sentences(item, model_atlas))


def test_tooltips_say_where_a_part_comes_from(model_atlas):
    for item in items(model_atlas):
        if item.origin:
            assert ORIGIN_SENTENCES[item.origin] in sentences(item, model_atlas)


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        (25.4, 25.4, ["it is 145 mm;", "6 + 6 = 12 cm", "A gap of 25 mm stays open"]),
        (19.2, 21.3, ["139 mm (left) and 141 mm (right)", "19 mm (left) and 21 mm (right)"]),
        (0.0, 8.0, ["on the right", "it is 128 mm;", "A gap of 8 mm"]),
        (None, 8.0, ["A gap of 8 mm"]),
    ],
)
def test_says_that_the_bands_cannot_meet_and_by_how_much(model_atlas, left, right, said):
    sentence = honest_sentence(with_gaps(model_atlas, left, right))
    for words in said:
        assert words in sentence


def test_has_nothing_to_own_up_to_where_the_bands_meet(model_atlas):
    assert honest_sentence(with_gaps(model_atlas, 0.0, 0.0)) == ""


def test_the_sentence_speaks_of_the_limits_that_are_set(model_atlas):
    from dataclasses import replace

    request = msgspec.structs.replace(model_atlas.request, psis_band_mm=(40.0, 52.5))
    sentence = honest_sentence(replace(model_atlas, request=request))
    assert "6 + 5.2 = 11.2 cm" in sentence


def test_figures_of_the_legend():
    figures = ZoneFigures(145.0, 25.0, 17.06, 12.4, 0.0, 9.54, 21.2)
    assert zone_figure("entry_zone", figures) == "9.5 cm²"
    assert zone_figure("overlap", figures) == "none"
    assert zone_figure("compromise", figures) == "21 mm off"
    assert zone_figure("entry_zone", ZoneFigures(145.0, 25.0)) == "–"
    assert area(None) == "–"


def test_sources_carry_citation_place_and_mark():
    claim = claim_of("trochanter_band")
    assert claim.citation in source_of(claim)
    assert f"PMID {claim.pmid}" in source_of(claim)
    marked = next(entry for entry in evidence().values() if entry.mark == "inferred")
    assert source_of(marked).endswith("[inferred]")


def test_other_sources_are_distances_of_the_entry_without_the_bands_own():
    found = {entry.id for entry in other_sources()}
    assert {"ign_entry_trochanter_ling_2006", "ign_entry_trochanter_apaydin_2009"} <= found
    assert claim_of("psis_band").id not in found


def test_small_words():
    assert [cm(50), cm(52.5), cm(120)] == ["5", "5.2", "12"]
    assert [joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]


def test_figures_stay_with_their_units():
    text = "it is 139 mm (left); the bands reach 6 + 6.5 = 12.5 cm. A gap of 2 mm stays"
    words = unbroken(text).split(" ")
    assert {"139\N{NO-BREAK SPACE}mm", "2\N{NO-BREAK SPACE}mm"} <= set(words)
    assert "6 + 6.5 = 12.5 cm.".replace(" ", "\N{NO-BREAK SPACE}") in words
    assert unbroken(text).replace("\N{NO-BREAK SPACE}", " ") == text
