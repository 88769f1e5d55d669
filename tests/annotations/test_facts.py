"""Every sentence about a structure has its source, and no figure stands without evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from annotations.evidence import badge, evidence
from annotations.facts import TOPICS, Fact, FactSheet, all_facts, facts_of, load_facts
from meshes.errors import GluteaError
from meshes.structure import structures

Load = Callable[[str], Mapping[str, FactSheet]]
MEASURE = re.compile(r"\d\s?(mm|cm|%|°|cm³)")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
ENTRY = """\
[piriformis]
facts = [
    { topic = "action", text = "It rotates the hip.", mark = "textbook", citation = "A book" },
    { topic = "importance", text = "It is 17 mm thick.", evidence = "piriformis_thickness" },
]
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def write_and_load(text: str) -> Mapping[str, FactSheet]:
        table = tmp_path / "facts.toml"
        table.write_text(text, encoding="utf-8")
        return load_facts(table)

    return write_and_load


def told() -> list[tuple[str, Fact]]:
    return [(name, fact) for name, sheet in all_facts().items() for fact in sheet.facts]


def test_every_structure_that_can_be_shown_has_a_text() -> None:
    assert set(all_facts()) == set(structures())


# Where the window's headings of a structure of the region must not be empty.
WANTED: Mapping[str, set[str]] = {
    "muscle": {"origin_insertion", "supply", "action"},
    "nerve": {"course", "supply"},
    "artery": {"course", "supply"},
    "vein": {"course", "supply"},
    "ligament": {"origin_insertion", "importance"},
    "bone": {"importance"},
    "fascia": {"origin_insertion", "action"},
    "skin": {"supply"},
}


def test_a_structure_of_the_region_is_told_of_in_full() -> None:
    for name, entry in structures().items():
        if entry.region == "gluteal":
            assert {fact.topic for fact in facts_of(name)} >= WANTED[entry.kind], name
    story = {fact.topic for fact in facts_of("gluteus_maximus")}
    assert story >= set(TOPICS) - {"course"}
    assert {f.topic for f in facts_of("inferior_gluteal_nerve")} >= {"failure", "importance"}


@pytest.mark.parametrize(("name", "fact"), told(), ids=lambda value: str(value)[:40])
def test_a_sentence_has_one_source(name: str, fact: Fact) -> None:
    assert fact.source
    if fact.claim is None:
        assert fact.badge in ("textbook", "inferred")
        assert not MEASURE.search(fact.text), "a figure needs evidence"
    else:
        assert fact.badge == badge(fact.claim)
        assert name in fact.claim.structures
        known = set(NUMBER.findall(fact.claim.claim))
        known |= {
            f"{v:g}"
            for v in (fact.claim.value, fact.claim.low, fact.claim.high, fact.claim.n)
            if v is not None
        }
        assert set(NUMBER.findall(fact.text)) <= known


def test_both_views_on_lateral_rotation_are_told() -> None:
    text = " ".join(f.text for f in facts_of("gluteus_maximus") if f.topic == "action")
    assert "more strongly past about 25°" in text
    assert "lever for lateral rotation falls" in text


def test_nothing_is_called_impossible_or_safe_outright() -> None:
    for _, fact in told():
        for found in re.finditer("impossible", fact.text):
            assert fact.text[: found.start()].endswith("typically ")
        assert not re.search(r"\bsafe(ly)?\b", fact.text)


def test_facts_stand_in_the_order_of_topics() -> None:
    for sheet in all_facts().values():
        assert [f for group in sheet.by_topic().values() for f in group] == list(sheet.facts)
        assert list(sheet.by_topic()) == [t for t in TOPICS if t in sheet.by_topic()]


def test_no_sentence_is_told_twice_of_one_structure() -> None:
    for sheet in all_facts().values():
        texts = [fact.text for fact in sheet.facts]
        assert len(texts) == len(set(texts))


def test_an_unknown_structure() -> None:
    with pytest.raises(GluteaError, match="no structure 'gluteus'"):
        facts_of("gluteus")


def test_a_good_table_is_read(load: Load) -> None:
    first, second = load(ENTRY)["piriformis"].facts
    assert (first.source, first.badge) == ("A book", "textbook")
    assert second.source == evidence()["piriformis_thickness"].citation


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((', mark = "textbook", citation = "A book"', ""), "rests on evidence"),
        ((', citation = "A book"', ""), "come together"),
        (('evidence = "piriformis_thickness"', 'evidence = "hearsay"'), "hearsay"),
        (('evidence = "piriformis_thickness"', 'evidence = "x", mark = "inferred"'), "together"),
        (('mark = "textbook"', 'mark = "read"'), "read"),
        (('topic = "action"', 'topic = "gossip"'), "gossip"),
        (('topic = "action"', 'topic = "importance"'), None),
        (('topic = "importance"', 'topic = "course"'), "order"),
        (("[piriformis]", "[piriformus]"), "structures"),
        (("It rotates the hip.", "it rotates"), "text"),
        (("topic =", "topik ="), "topik"),
    ],
)
def test_a_bad_table_is_refused_by_name(
    load: Load, change: tuple[str, str], said: str | None
) -> None:
    assert change[0] in ENTRY
    text = ENTRY.replace(*change)
    if said is None:
        assert load(text)
        return
    with pytest.raises(GluteaError) as caught:
        load(text)
    assert said in str(caught.value)
    assert "piriform" in str(caught.value)
    assert "\n" not in str(caught.value)
