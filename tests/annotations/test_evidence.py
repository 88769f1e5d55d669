"""Every claim carries its source, its mark and, for a distance, its kind."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from annotations.evidence import Evidence, badge, evidence, evidence_for, load_evidence
from meshes.errors import GluteaError
from meshes.structure import structures

Load = Callable[[str], Mapping[str, Evidence]]

ENTRY = """\
[ign_entry_psis_statpearls]
claim = "The nerve is said to enter the muscle 5–6 cm from the spine."
quantity = "distance"
value = 55
low = 50
high = 60
unit = "mm"
n = 12
n_of = "cadavers"
distance_kind = "not stated"
mark = "read"
citation = "StatPearls (review)"
pmid = "32644392"
structures = ["inferior_gluteal_nerve", "hip_bone"]
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a table given as text."""

    def write_and_load(text: str) -> Mapping[str, Evidence]:
        table = tmp_path / "evidence.toml"
        table.write_text(text, encoding="utf-8")
        return load_evidence(table)

    return write_and_load


def all_evidence() -> list[Evidence]:
    return list(evidence().values())


@pytest.mark.parametrize("entry", all_evidence(), ids=lambda entry: entry.id)
def test_a_claim_is_whole(entry: Evidence) -> None:
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", entry.id)
    assert set(entry.structures) <= set(structures())
    figures = [f for f in (entry.low, entry.value, entry.high) if f is not None]
    assert figures == sorted(figures)
    assert bool(figures) == (entry.unit is not None)
    assert (entry.quantity == "distance") == (entry.distance_kind is not None)
    if entry.quantity == "distance":
        assert entry.unit == "mm"
    if entry.unit == "%":
        assert all(0 <= figure <= 100 for figure in figures)
    else:
        assert all(figure > 0 for figure in figures)


# What these sentences say in words.
IN_WORDS = {"sciatic_between_tuberosity_and_trochanter": "halfway"}


def test_every_figure_beside_a_sentence_is_said_in_it() -> None:
    """Both are written by hand; they must not drift apart, and a spread must not be hidden."""
    for entry in all_evidence():
        said = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", entry.claim)}
        if entry.unit == "mm":
            said |= {10 * number for number in said}
        for figure in (entry.value, entry.spread, entry.low, entry.high):
            if figure is not None and entry.id not in IN_WORDS:
                assert figure in said, entry.id
    for name, words in IN_WORDS.items():
        assert words in evidence()[name].claim


def test_what_this_project_says_itself_cites_no_publication() -> None:
    own = [entry for entry in all_evidence() if entry.mark in ("inferred", "measured")]
    assert {entry.mark for entry in own} == {"inferred", "measured"}
    assert all(entry.doi is None and entry.pmid is None for entry in own)


def test_both_bands_of_the_review_are_there() -> None:
    for landmark in ("trochanter", "psis"):
        band = evidence()[f"ign_entry_{landmark}_statpearls"]
        assert (band.low, band.high, band.unit) == (50, 60, "mm")
        assert band.distance_kind == "not stated"
        assert band.pmid == "32644392"


def test_the_published_bands_cannot_meet_on_the_published_pelvis() -> None:
    """The point of the atlas, in the figures of its own table."""
    to_psis = evidence()["ign_entry_psis_statpearls"].high
    to_trochanter = evidence()["ign_entry_trochanter_statpearls"].high
    meeting = evidence()["psis_trochanter_distance_both_bands_meet"].high
    apart = evidence()["psis_trochanter_distance_n204"]
    assert to_psis and to_trochanter and meeting and apart.value and apart.spread
    assert to_psis + to_trochanter == meeting
    assert apart.value - apart.spread > meeting


def test_plausible_ranges_that_the_checks_need() -> None:
    expected = {
        "gluteus_maximus_volume": (350, 1250, "cm3"),
        "gluteus_medius_volume": (175, 460, "cm3"),
        "gluteus_minimus_volume": (55, 145, "cm3"),
        "piriformis_volume": (12, 50, "cm3"),
        "femoral_head_diameter": (43, 49, "mm"),
        "psis_psis_distance": (80, 100, "mm"),
        "bitrochanteric_distance": (300, 340, "mm"),
    }
    for name, (low, high, unit) in expected.items():
        entry = evidence()[name]
        assert (entry.low, entry.high, entry.unit) == (low, high, unit)
    asis = evidence()["asis_asis_distance"]
    assert (asis.value, asis.spread, asis.unit) == (227, 16, "mm")


def test_evidence_for_a_structure() -> None:
    found = evidence_for("inferior_gluteal_nerve")
    assert "ign_entry_trochanter_ling_2006" in {entry.id for entry in found}
    assert all("inferior_gluteal_nerve" in entry.structures for entry in found)
    assert [e.id for e in found] == [e.id for e in all_evidence() if e in found]
    assert evidence_for("patella") == ()


def test_evidence_for_an_unknown_structure() -> None:
    with pytest.raises(GluteaError, match="did you mean gluteus_maximus"):
        evidence_for("gluteus")


@pytest.mark.parametrize(
    ("mark", "word"),
    [
        ("read", ""),
        ("textbook", "textbook"),
        ("inferred", "inferred"),
        ("measured", "measured here"),
    ],
)
def test_badge(load: Load, mark: str, word: str) -> None:
    (entry,) = load(ENTRY.replace('"read"', f'"{mark}"')).values()
    assert badge(entry) == word


def test_a_good_table_is_read(load: Load) -> None:
    (entry,) = load(ENTRY).values()
    assert (entry.id, entry.value, entry.low, entry.high) == (
        "ign_entry_psis_statpearls",
        55,
        50,
        60,
    )
    assert entry.structures == ("inferior_gluteal_nerve", "hip_bone")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("value = 55", "valeu = 55"), "valeu"),
        (('citation = "StatPearls (review)"\n', ""), "citation"),
        (('citation = "StatPearls (review)"', 'citation = ""'), "citation"),
        (('mark = "read"', 'mark = "hearsay"'), "hearsay"),
        (('distance_kind = "not stated"\n', ""), "distance_kind"),
        (('quantity = "distance"', 'quantity = "width"'), "distance_kind"),
        (('quantity = "distance"', 'quantity = "volume"'), "cm3"),
        (('unit = "mm"', 'unit = "cm"'), "unit"),
        (('unit = "mm"\n', ""), "mm"),
        (("low = 50", "low = 61"), "ascend"),
        (("value = 55", "value = 70"), "ascend"),
        (("value = 55", "value = nan"), "finite"),
        (("value = 55", "spread = 5"), "spread"),
        (("value = 55", "value = 55\nspread = -5"), "spread"),
        (("n = 12\n", ""), "n_of"),
        (("n = 12", "n = 0"), "`n`"),
        (('pmid = "32644392"', 'doi = "doi:10.1/x"'), "doi"),
        (('pmid = "32644392"', 'pmid = "PMC5884042"'), "pmid"),
        (("value = 55\nlow = 50\nhigh = 60\n", ""), "statement"),
        (('quantity = "distance"', 'quantity = "statement"'), "statement"),
        (('claim = "The nerve', 'claim = "the nerve'), "claim"),
        (('["inferior_gluteal_nerve", "hip_bone"]', "[]"), "`structures`"),
        (('"hip_bone"', '"hipbone"'), "hipbone"),
        (('"hip_bone"', '"inferior_gluteal_nerve"'), "twice"),
    ],
)
def test_a_bad_entry_is_refused_by_name(load: Load, change: tuple[str, str], said: str) -> None:
    assert change[0] in ENTRY
    with pytest.raises(GluteaError) as caught:
        load(ENTRY.replace(*change))
    sentence = str(caught.value)
    table, found, fault = sentence.partition("entry 'ign_entry_psis_statpearls': ")
    assert "evidence.toml" in table
    assert found
    assert said in fault
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_reading_the_evidence_stays_light() -> None:
    code = "import sys, annotations.evidence as e; e.evidence(); print(*sys.modules)"
    command = [sys.executable, "-c", code]
    root = Path(__file__).parents[2]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    heavy = {"numpy", "scipy", "trimesh", "vtkmodules", "pyvista", "PySide6", "pooch"}
    assert loaded & heavy == set()
