"""What is published, known or measured about the region: one claim an entry, with its source.

Every figure that Glutea shows comes from ``evidence.toml`` and carries its citation; what was not
read in a publication carries a badge.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from meshes.structure import StructureId, read_table, structure, structures, table_error

Mark = Literal["read", "textbook", "inferred", "measured"]
DistanceKind = Literal["straight", "geodesic", "projected", "not stated"]
Quantity = Literal[
    "statement",
    "distance",
    "width",
    "diameter",
    "length",
    "thickness",
    "volume",
    "angle",
    "share",
    "position",
    "count",
]
Unit = Literal["mm", "cm3", "deg", "%", "1"]
Sentence = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][^\n]*\.$")]
Text = Annotated[str, msgspec.Meta(pattern=r"^\S([^\n]*\S)?$")]
Doi = Annotated[str, msgspec.Meta(pattern=r"^10\.\d{4,9}/\S+$")]
Pmid = Annotated[str, msgspec.Meta(pattern=r"^[1-9]\d{0,8}$")]

TABLE = Path(__file__).with_name("evidence.toml")

# What each quantity is counted in; a statement has no figure and so no unit.
_UNIT: Mapping[Quantity, Unit | None] = {
    "statement": None,
    "distance": "mm",
    "width": "mm",
    "diameter": "mm",
    "length": "mm",
    "thickness": "mm",
    "volume": "cm3",
    "angle": "deg",
    "share": "%",
    "position": "%",
    "count": "1",
}
_BADGE: Mapping[Mark, str] = {
    "read": "",
    "textbook": "textbook",
    "inferred": "inferred",
    "measured": "measured here",
}


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One claim and where it comes from.

    ``claim`` is one plain sentence for the user. ``value`` is the figure as given, ``spread``
    what stands behind its ±, ``low`` and ``high`` the ends of its range, all in ``unit``; any of
    them may be None, and all are for a ``statement``. A ``share`` is a percentage of cases, a
    ``position`` a percentage of the way along something. ``n`` counts ``n_of`` ("sides"); n_of
    is None where the source's unit is unknown. ``distance_kind`` is there for distances and only
    for them. ``structures`` are the ids of the structures that the claim speaks of.
    """

    id: StructureId
    claim: Sentence
    quantity: Quantity
    mark: Mark
    citation: Text
    structures: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    value: float | None = None
    spread: Annotated[float, msgspec.Meta(gt=0)] | None = None
    low: float | None = None
    high: float | None = None
    unit: Unit | None = None
    n: Annotated[int, msgspec.Meta(gt=0)] | None = None
    n_of: Text | None = None
    distance_kind: DistanceKind | None = None
    doi: Doi | None = None
    pmid: Pmid | None = None

    def __post_init__(self) -> None:
        """Check what the types alone cannot say; msgspec reports it with the entry."""
        fault = next(iter(self._faults()), None)
        if fault is not None:
            raise ValueError(fault)

    def _faults(self) -> Iterable[str]:
        ascending = [figure for figure in (self.low, self.value, self.high) if figure is not None]
        if not all(map(isfinite, [*ascending, self.spread or 0.0])):
            yield "every figure must be finite"
        if bool(ascending) == (self.quantity == "statement"):
            yield "a statement has no figure, and every other quantity has one"
        if self.unit != _UNIT[self.quantity]:
            yield f"the unit of a {self.quantity} is {_UNIT[self.quantity] or 'left out'}"
        if (self.quantity == "distance") != (self.distance_kind is not None):
            yield "distance_kind is there for every distance and for nothing else"
        if ascending != sorted(ascending):
            yield "low, value and high do not ascend"
        if self.spread is not None and self.value is None:
            yield "a spread needs a value to spread about"
        if self.n_of is not None and self.n is None:
            yield "n_of needs n"


@cache
def evidence() -> Mapping[str, Evidence]:
    """Return all evidence by id, in the order of the table. Read once, then kept."""
    return load_evidence(TABLE)


@cache
def evidence_for(structure_id: str) -> tuple[Evidence, ...]:
    """Return what is said of one structure, in the order of the table; it may be nothing.

    Raises:
        GluteaError: there is no such structure.
    """
    wanted = structure(structure_id).id
    return tuple(entry for entry in evidence().values() if wanted in entry.structures)


def badge(entry: Evidence) -> str:
    """Return the word to show beside a claim, "" for one that was read in a publication."""
    return badge_of(entry.mark)


def badge_of(mark: Mark) -> str:
    """Return the word to show for a mark, "" for what was read in a publication."""
    return _BADGE[mark]


def reference(entry: Evidence) -> str:
    """Where a claim comes from, in one line for the reader.

    >>> reference(evidence()["ign_entry_psis_statpearls"])
    'StatPearls, a review, PMID 32644392, kind of distance: not stated'
    """
    parts = [entry.citation]
    if entry.doi:
        parts.append(f"doi {entry.doi}")
    elif entry.pmid:
        parts.append(f"PMID {entry.pmid}")
    if entry.n:
        parts.append(f"n = {entry.n} {entry.n_of or ''}".strip())
    if entry.distance_kind:
        parts.append(f"kind of distance: {entry.distance_kind}")
    if word := badge(entry):
        parts.append(f"[{word}]")
    return ", ".join(parts)


def load_evidence(path: Path) -> Mapping[str, Evidence]:
    """Read a table of evidence, with every check that the shipped one must pass.

    Raises:
        GluteaError: the file cannot be read, an entry breaks the schema, or one speaks of a
            structure that the terminology does not hold; the message names table and entry.
    """
    found = read_table(path, Evidence)
    for name, entry in found.items():
        if len(set(entry.structures)) < len(entry.structures):
            raise table_error(path, name, "it names a structure twice")
        for structure_id in entry.structures:
            if structure_id not in structures():
                fault = f"it speaks of '{structure_id}', which is not in the table of structures"
                raise table_error(path, name, fault)
    return found
