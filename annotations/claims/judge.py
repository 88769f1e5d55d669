"""Holding each published claim against one side of a specimen, by the rules of `claims.toml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from annotations.atlas import Atlas
from annotations.claims.own import LANDMARKS, POINTS, Own, places
from annotations.claims.result import Answer, ClaimFigure, ClaimResult, Verdict, cm
from annotations.courses.course import PointOfInterest
from annotations.evidence import Evidence, badge, evidence
from annotations.zones.fields import TRIANGLE, triangle_fields
from meshes.specimen import Side
from meshes.structure import table_error

Test = Literal["distance", "nearest", "both", "landmarks", "third", "triangle", "none"]
LOWER_THIRD = 2 / 3
TABLE = Path(__file__).with_name("claims.toml")


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about_mm: float
    spreads: float


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    evidence: str
    test: Test
    point: str = ""
    landmarks: tuple[str, ...] = ()
    reason: str = ""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    settings: _Settings
    claim: tuple[_Entry, ...]


@cache
def _table() -> _Table:
    """Schema-checked; every claim, point and landmark that it names is known."""
    table = msgspec.toml.decode(TABLE.read_bytes(), type=_Table)
    for entry in table.claim:
        unknown = {entry.evidence} - set(evidence())
        unknown |= {entry.point} - {"", *POINTS} | set(entry.landmarks) - set(LANDMARKS)
        if unknown:
            raise table_error(TABLE, entry.evidence, f"nobody knows {', '.join(sorted(unknown))}")
    return table


def answer(atlas: Atlas, side: Side) -> Answer:
    """Claims, own figures and zones of one side."""
    return Answer(
        atlas.specimen.title,
        side,
        "anatomical position",
        atlas.zones[side].figures,
        tuple(places(atlas, side)),
        tuple(claims(atlas, side)),
    )


def claims(atlas: Atlas, side: Side) -> list[ClaimResult]:
    """Every claim in the table's order, held against one side."""
    own = Own(atlas, side)
    return [_result(own, entry) for entry in _table().claim]


def _result(own: Own, entry: _Entry) -> ClaimResult:
    claim = evidence()[entry.evidence]
    figures, verdict, why = _judged(own, entry, claim)
    return ClaimResult(
        claim.id,
        own.side,
        claim.claim,
        claim.citation,
        claim.mark,
        badge(claim),
        claim.value,
        claim.spread,
        claim.low,
        claim.high,
        claim.unit,
        claim.n,
        claim.n_of,
        claim.distance_kind,
        tuple(figures),
        verdict,
        why,
    )


Judgement = tuple[list[ClaimFigure], Verdict, str]


def _judged(own: Own, entry: _Entry, claim: Evidence) -> Judgement:
    if entry.test == "none":
        return [], "cannot be judged here", entry.reason
    if entry.test == "landmarks":
        return _landmarks(own, entry, claim)
    if entry.test == "both":
        return _both(own, entry, claim)
    points = own.named(entry.point)
    if not points:
        why = f"This specimen gives the nerve no {POINTS[entry.point]}: the muscle is missing."
        return [], "cannot be judged here", why
    if entry.test == "third":
        return _third(own, points[0])
    if entry.test == "triangle":
        return _triangle(own, points[0])
    if entry.test == "nearest":
        return _nearest(own, points, entry, claim)
    return _distance(own, points[0], entry, claim)


def _distance(own: Own, point: PointOfInterest, entry: _Entry, claim: Evidence) -> Judgement:
    (landmark,) = entry.landmarks
    main = own.distance(point, landmark)
    if main.straight_mm is None:
        return [main], "cannot be judged here", f"This specimen lacks {LANDMARKS[landmark]}."
    figures, more = [main], ""
    low, high, said = _wanted(claim)
    if point.name == "trunk_contact":
        branches = [own.distance(branch, landmark) for branch in own.named("branch_entry")]
        figures += branches
        inside = sum(_fits(branch.straight_mm, low, high) for branch in branches)
        if branches:
            more = (
                f" Of its {len(branches)} branches, {_some(inside)} within that, measured straight."
            )
    # The first letter only: the rest may hold proper names.
    what = main.label[0].upper() + main.label[1:]
    begin = f"{what} is {cm(main.straight_mm)} straight"
    if main.along_surface_mm is not None:
        begin += f" and {cm(main.along_surface_mm)} along the muscle's surface"
    straight = _fits(main.straight_mm, low, high)
    along = main.along_surface_mm is not None and _fits(main.along_surface_mm, low, high)
    if straight or (along and claim.distance_kind in ("not stated", "geodesic")):
        kind = "straight" if straight else "only along the surface"
        return figures, "holds", f"{begin}: it lies within {said}, measured {kind}.{more}"
    return figures, "does not hold", f"{begin}: it does not lie within {said}.{more}"


def _nearest(own: Own, points: list[PointOfInterest], entry: _Entry, claim: Evidence) -> Judgement:
    (landmark,) = entry.landmarks
    figures = [own.distance(point, landmark) for point in points]
    known = [figure.straight_mm for figure in figures if figure.straight_mm is not None]
    reach = claim.low if claim.low is not None else claim.value
    if not known or reach is None:
        return figures, "cannot be judged here", f"This specimen lacks {LANDMARKS[landmark]}."
    least = min(known)
    text = f"The nearest drawn branch sinks in {cm(least)} from {LANDMARKS[landmark]}"
    if least <= reach:
        return figures, "holds", f"{text}, as near as the claim says."
    why = f"{text}; how near a branch may come elsewhere, one specimen cannot refute."
    return figures, "cannot be judged here", why


def _both(own: Own, entry: _Entry, claim: Evidence) -> Judgement:
    first, second = entry.landmarks
    a, b = own.landmark(first), own.landmark(second)
    if a is None or b is None or claim.low is None or claim.high is None:
        return [], "cannot be judged here", "This specimen lacks one of the two landmarks."
    apart = float(np.linalg.norm(a - b))
    figures = [
        ClaimFigure(
            f"{LANDMARKS[second].removeprefix('the ')} to {LANDMARKS[first]}",
            round(apart, 2),
            None,
            1,
        )
    ]
    reach = 2 * claim.high
    probe = own.zones.probe
    if apart > reach:
        why = (
            f"The two landmarks are {cm(apart)} apart here, {cm(apart - reach)} more than twice "
            f"{cm(claim.high)}: no point lies that near to both, measured straight. Typically "
            "impossible, though a small pelvis can allow it."
        )
        return figures, "does not hold", why
    if probe is None:
        return figures, "cannot be judged here", "This specimen has no gluteus maximus."
    meets = np.ones(len(probe.vertices_mm), bool)
    for landmark in (a, b):
        mm = np.linalg.norm(probe.vertices_mm - landmark, axis=1)
        meets &= (mm >= claim.low) & (mm <= claim.high)
    if not meets.any():
        why = "The two distances could meet in space here, but not on the muscle's deep surface."
        return figures, "does not hold", why
    contact = own.named("trunk_contact")
    if not contact:
        why = "A part of the deep surface fits both distances; the nerve's contact is not known."
        return figures, "cannot be judged here", why
    figures += [own.distance(contact[0], name) for name in entry.landmarks]
    there = all(_fits(figure.straight_mm, claim.low, claim.high) for figure in figures[1:])
    why = "A part of the deep surface fits both distances; the trunk meets the muscle "
    return (
        figures,
        "holds" if there else "does not hold",
        why + ("there." if there else "elsewhere."),
    )


def _landmarks(own: Own, entry: _Entry, claim: Evidence) -> Judgement:
    first, second = entry.landmarks
    a, b = own.landmark(first), own.landmark(second)
    if a is None or b is None:
        return [], "cannot be judged here", "This specimen lacks one of the two landmarks."
    apart = float(np.linalg.norm(a - b))
    low, high, said = _wanted(claim)
    fits = _fits(apart, low, high)
    why = f"They are {cm(apart)} apart here, {'within' if fits else 'outside'} {said}."
    label = f"{LANDMARKS[first].removeprefix('the ')} to {LANDMARKS[second]}"
    return [ClaimFigure(label, round(apart, 2), None, 1)], "holds" if fits else "does not hold", why


def _third(own: Own, point: PointOfInterest) -> Judgement:
    across = own.field(point, "across")
    if across is None:
        why = "Origin and insertion of the muscle are not told apart here, so it has no thirds."
        return [], "cannot be judged here", why
    source = "" if own.zones.fibres == "modelled" else ", estimated from the muscle's borders"
    figures = [ClaimFigure("trunk contact, fraction across the fibres", value=round(across, 3))]
    figures += [
        ClaimFigure(f"{branch.branch}: fraction across the fibres", value=round(value, 3))
        for branch in own.named("branch_entry")
        if (value := own.field(branch, "across")) is not None
    ]
    where = f"{100 * across:.0f} % of the way from the upper to the lower border{source}"
    fits = across >= LOWER_THIRD
    why = f"The trunk meets the muscle {where}: {'in' if fits else 'above'} the lower third."
    return figures, "holds" if fits else "does not hold", why


def _triangle(own: Own, point: PointOfInterest) -> Judgement:
    inside = triangle_fields(own.atlas.specimen, own.side, point.position_mm[None])
    corners = [own.landmark(name) for name in TRIANGLE]
    known = [corner for corner in corners if corner is not None]
    if not inside or len(known) < len(corners):
        return [], "cannot be judged here", "This specimen lacks a corner of the triangle."
    heights = [float(corner[2]) for corner in known]
    within = all(float(field[0]) >= 0 for field in inside.values())
    upper = float(point.position_mm[2]) > (min(heights) + max(heights)) / 2
    figures = [own.distance(point, name) for name in TRIANGLE]
    if within:
        half = "upper" if upper else "lower"
        why = f"Seen from behind, the trunk meets the muscle in the {half} half of the triangle."
    else:
        off = cm(-min(float(field[0]) for field in inside.values()))
        why = f"Seen from behind, the trunk meets the muscle {off} outside the triangle."
    return figures, "holds" if within and upper else "does not hold", why


def _wanted(claim: Evidence) -> tuple[float, float, str]:
    """Limits in mm that a figure must keep to fit the claim, and how to say them."""
    settings = _table().settings
    if claim.low is not None and claim.high is not None:
        return claim.low, claim.high, f"{cm(claim.low, unit=False)}–{cm(claim.high)}"
    value = claim.value
    assert value is not None
    if claim.spread is not None:
        reach = settings.spreads * claim.spread
        return value - reach, value + reach, f"{settings.spreads:g} spreads of {cm(value)}"
    return (
        value - settings.about_mm,
        value + settings.about_mm,
        (f"{cm(settings.about_mm)} of {cm(value)}"),
    )


def _fits(value: float | None, low: float, high: float) -> bool:
    return value is not None and low <= value <= high


def _some(count: int) -> str:
    return {0: "none lies", 1: "one lies"}.get(count, f"{count} lie")
