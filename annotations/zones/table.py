"""The table of zones: names, meanings, the claims behind them and the limits they start with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from annotations.evidence import Evidence, evidence
from annotations.zones.zone import ZONE_SURFACES, ZoneSurface, patch_key, split_key
from meshes.structure import table_error

TABLE = Path(__file__).with_name("zones.toml")
SURFACE_WORDS: dict[ZoneSurface, str] = {
    "deep": "",
    "superficial": ", on the superficial surface",
    "skin": ", on the skin",
}


class ZoneEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a zone is called, what it means, what it draws; `remark`: what is our own reading."""

    english: str
    meaning: str
    evidence: tuple[str, ...]
    remark: str = ""


class LimitEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claim that gives limits, and the landmark where they are distances from one."""

    evidence: str
    landmark: str | None = None


class ZoneTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`zones.toml`."""

    limits: dict[str, LimitEntry]
    zones: dict[str, ZoneEntry]


def zone_words(key: str) -> str:
    """What a patch is called: its zone, and the surface that it is projected on."""
    zone, surface = split_key(key)
    return zone_table().zones[zone].english + SURFACE_WORDS[surface]


def zone_keys() -> list[str]:
    """Every key that a patch may have: each zone on each surface, the deep ones first."""
    return [patch_key(zone, surface) for surface in ZONE_SURFACES for zone in zone_table().zones]


def zone_meaning(key: str) -> str:
    """What a patch means, whatever surface it is projected on."""
    return zone_table().zones[split_key(key)[0]].meaning


@cache
def zone_table() -> ZoneTable:
    """The table, schema-checked; every claim it names exists.

    Raises:
        GluteaError: an entry names a claim that is not in the table of evidence.
    """
    table = msgspec.toml.decode(TABLE.read_bytes(), type=ZoneTable)
    named = [(name, limit.evidence) for name, limit in table.limits.items()]
    named += [(name, claim) for name, zone in table.zones.items() for claim in zone.evidence]
    for name, claim in named:
        if claim not in evidence():
            raise table_error(TABLE, name, f"it rests on '{claim}', which is no entry of evidence")
    return table


def claims_of_zone(zone: str) -> tuple[Evidence, ...]:
    """The published claims that a zone draws."""
    return tuple(evidence()[name] for name in zone_table().zones[zone].evidence)


def claim_of(limit: str) -> Evidence:
    """The published claim behind a band's or a fraction's limits."""
    return evidence()[zone_table().limits[limit].evidence]


def default_limits_mm(band: str) -> tuple[float, float]:
    """The limits that the literature gives for a band."""
    return _range(band)


def fraction_limits(limit: str) -> tuple[float, float]:
    """Limits that the literature gives in percent of the way, as fractions."""
    low, high = _range(limit)
    return (low / 100, high / 100)


def _range(limit: str) -> tuple[float, float]:
    claim = claim_of(limit)
    if claim.low is None or claim.high is None:
        raise ValueError(f"the evidence entry '{claim.id}' behind {limit} has no range")
    return (claim.low, claim.high)
