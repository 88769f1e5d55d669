"""Facts: a short text on each structure, every sentence with its source.

A sentence rests on an entry of the evidence table, or it carries a mark (textbook, inferred) and a
citation of its own. Figures stand only in sentences that rest on evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from annotations.evidence import Evidence, Mark, Sentence, Text, badge_of, evidence
from meshes.structure import StructureId, read_table, structure, structures, table_error

Topic = Literal["course", "origin_insertion", "supply", "action", "failure", "importance"]
TOPICS: Mapping[Topic, str] = {
    "course": "Course",
    "origin_insertion": "Origin and insertion",
    "supply": "Supply",
    "action": "Action",
    "failure": "When it fails",
    "importance": "Why it matters",
}
TABLE = Path(__file__).with_name("facts.toml")


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sentence on one topic, and what it rests on: `evidence`, or `mark` and `citation`."""

    topic: Topic
    text: Sentence
    evidence: StructureId | None = None
    mark: Literal["textbook", "inferred"] | None = None
    citation: Text | None = None

    def __post_init__(self) -> None:
        """Check that there is one source and one only; msgspec reports it with the entry."""
        own = self.mark is not None, self.citation is not None
        if own[0] != own[1]:
            raise ValueError("mark and citation come together")
        if (self.evidence is None) != own[0]:
            raise ValueError("a sentence rests on evidence, or has a mark and a citation")

    @property
    def claim(self) -> Evidence | None:
        """The entry of evidence that it rests on."""
        return None if self.evidence is None else evidence()[self.evidence]

    @property
    def source(self) -> str:
        """Its citation, for the reader."""
        claim = self.claim
        return claim.citation if claim is not None else self.citation or ""

    @property
    def badge(self) -> str:
        """The word to show beside it, "" where it was read in a publication."""
        claim = self.claim
        mark: Mark = claim.mark if claim is not None else self.mark or "textbook"
        return badge_of(mark)


class FactSheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sentences on one structure, by topic in the order of `TOPICS`."""

    id: StructureId
    facts: Annotated[tuple[Fact, ...], msgspec.Meta(min_length=1)]

    def by_topic(self) -> Mapping[Topic, tuple[Fact, ...]]:
        """Sentences of each topic that has any."""
        grouped = {topic: tuple(f for f in self.facts if f.topic == topic) for topic in TOPICS}
        return {topic: facts for topic, facts in grouped.items() if facts}


@cache
def all_facts() -> Mapping[str, FactSheet]:
    """Every sheet by structure id. Read once, then kept."""
    return load_facts(TABLE)


def facts_of(structure_id: str) -> tuple[Fact, ...]:
    """What is told about a structure, in reading order; it may be nothing.

    Raises:
        GluteaError: there is no such structure.
    """
    sheet = all_facts().get(structure(structure_id).id)
    return () if sheet is None else sheet.facts


def load_facts(path: Path) -> Mapping[str, FactSheet]:
    """Read a table of facts, with every check that the shipped one must pass.

    Raises:
        GluteaError: the file cannot be read, an entry breaks the schema, names an unknown
            structure or unknown evidence, or its topics are out of order.
    """
    sheets = read_table(path, FactSheet)
    for name, sheet in sheets.items():
        fault = next(iter(_faults(name, sheet)), None)
        if fault is not None:
            raise table_error(path, name, fault)
    return sheets


def _faults(name: str, sheet: FactSheet) -> Iterable[str]:
    if name not in structures():
        yield "it is not in the table of structures"
    order = list(TOPICS)
    topics = [order.index(fact.topic) for fact in sheet.facts]
    if topics != sorted(topics):
        yield f"its topics do not follow the order {', '.join(order)}"
    for fact in sheet.facts:
        if fact.evidence is not None and fact.evidence not in evidence():
            yield f"a sentence rests on '{fact.evidence}', which is no entry of evidence"
