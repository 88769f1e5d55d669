"""The table of zones: names, meanings and the limits they start with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from annotations.evidence import Evidence, evidence


class ZoneEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a zone is called and what it means, for the legend."""

    english: str
    meaning: str


class LimitEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The landmark that a band is measured from, and the claim that gives its limits."""

    landmark: str
    evidence: str


class ZoneTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`zones.toml`."""

    limits: dict[str, LimitEntry]
    zones: dict[str, ZoneEntry]


@cache
def zone_table() -> ZoneTable:
    """The table, schema-checked."""
    path = Path(__file__).with_name("zones.toml")
    return msgspec.toml.decode(path.read_bytes(), type=ZoneTable)


def claim_of(band: str) -> Evidence:
    """The published claim behind a band's limits."""
    return evidence()[zone_table().limits[band].evidence]


def default_limits_mm(band: str) -> tuple[float, float]:
    """The limits that the literature gives."""
    claim = claim_of(band)
    if claim.low is None or claim.high is None:
        raise ValueError(f"the evidence entry '{claim.id}' behind {band} has no range")
    return (claim.low, claim.high)
