"""What comes of holding the published claims against a specimen."""

from __future__ import annotations

from typing import Literal

import msgspec

from annotations.evidence import DistanceKind, Mark
from annotations.request import LimitsMm
from annotations.zones.zone import ZoneFigures
from meshes.specimen import Side

Verdict = Literal["holds", "does not hold", "cannot be judged here"]


class ClaimFigure(msgspec.Struct, frozen=True):
    """One figure of this specimen: what it is, straight and along the muscle's surface.

    `of_psis_trochanter`: the straight distance as a share of PSIS–trochanter. For what is no
    distance `value` holds the figure (a fraction across the fibres, 0 to 1).
    """

    label: str
    straight_mm: float | None = None
    along_surface_mm: float | None = None
    of_psis_trochanter: float | None = None
    value: float | None = None


class ClaimResult(msgspec.Struct, frozen=True):
    """One published claim, this specimen's figures for it, and whether it holds here."""

    id: str
    side: Side
    claim: str
    citation: str
    mark: Mark
    badge: str
    value: float | None
    spread: float | None
    low: float | None
    high: float | None
    unit: str | None
    n: int | None
    n_of: str | None
    doi: str | None
    pmid: str | None
    distance_kind: DistanceKind | None
    figures: tuple[ClaimFigure, ...]
    verdict: Verdict
    why: str


class Place(msgspec.Struct, frozen=True):
    """A point of the nerve with its distances to all landmarks and its place across the fibres."""

    point: str
    branch: str
    position_mm: tuple[float, float, float]
    distances: tuple[ClaimFigure, ...]
    across: float | None


class Answer(msgspec.Struct, frozen=True):
    """All that the panel shows for one specimen and side; `notes` say how to read it."""

    specimen: str
    side: Side
    pose: str
    trochanter_band_mm: LimitsMm
    psis_band_mm: LimitsMm
    zones: ZoneFigures
    places: tuple[Place, ...]
    claims: tuple[ClaimResult, ...]
    notes: tuple[str, ...]


def cm(mm: float, unit: bool = True) -> str:
    """A measured length as the lecture hall says it: "5.0 cm"."""
    return f"{mm / 10:.1f}" + (" cm" if unit else "")


def given(*mm: float) -> str:
    """A length, or the two ends of a range, as it was published: "5 cm", "5–6 cm", "15.13 cm"."""
    return "–".join(f"{round(each / 10, 2):g}" for each in mm) + " cm"


def verdict_words(verdict: Verdict) -> str:
    """As it begins a sentence: "Does not hold here"."""
    words = verdict if verdict.endswith(" here") else f"{verdict} here"
    return words[0].upper() + words[1:]
