"""Holding each published claim against one side of a specimen, by the rules of `claims.toml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from annotations.atlas import Atlas
from annotations.claims.own import LANDMARKS, POINTS, Own, places
from annotations.claims.result import Answer, ClaimFigure, ClaimResult, Verdict, cm, given
from annotations.courses.course import PointOfInterest
from annotations.evidence import Evidence, badge, evidence
from annotations.zones.fields import TRIANGLE, WAYS, triangle_fields
from meshes.specimen import FloatArray, Side
from meshes.structure import table_error

Test = Literal["distance", "nearest", "both", "landmarks", "third", "triangle", "none"]
LOWER_THIRD = 2 / 3
TABLE = Path(__file__).with_name("claims.toml")
# How a sentence on a point of the nerve begins.
_BEGINS = {
    "exit": "The nerve leaves the pelvis",
    "trunk_contact": "The trunk meets the muscle",
}
_COUNTS = ("not one", "one", "two", "three", "four", "five", "six", "seven")
ALONG = (
    "Ways along the surface are counted from the point of the muscle that is nearest to the "
    "landmark."
)
CAUTION = (
    "One specimen neither proves nor refutes a series: means hide their spread, landmarks and "
    "kinds of distance differ from source to source, and the nerve here is a computed course."
)


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about_mm: float
    spreads: float


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    evidence: str
    test: Test
    point: str = ""
    landmarks: tuple[str, ...] = ()
    beside: str = ""
    reading: str = ""
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
        unknown |= {entry.beside} - {"", *(other.evidence for other in table.claim)}
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
        atlas.request.trochanter_band_mm,
        atlas.request.psis_band_mm,
        atlas.zones[side].figures,
        tuple(places(atlas, side)),
        tuple(claims(atlas, side)),
        notes(),
    )


def notes() -> tuple[str, ...]:
    """How to read the answer: how ways are counted, what counts as met, what it cannot show."""
    settings = _table().settings
    met = (
        "What counts as met is our own choice: a range as it was published, a single figure within "
        f"{given(settings.about_mm)}, a mean give or take {settings.spreads:g} times its spread; "
        "where a source does not say how it measured, either in a straight line or along the "
        "muscle's surface."
    )
    return ALONG, met, CAUTION


def claims(atlas: Atlas, side: Side) -> list[ClaimResult]:
    """Every claim in the table's order, held against one side."""
    own = Own(atlas, side)
    return [_result(own, entry) for entry in _table().claim]


def _result(own: Own, entry: _Entry) -> ClaimResult:
    claim = evidence()[entry.evidence]
    figures, verdict, why = _judged(own, entry, claim)
    if entry.reading and verdict != "cannot be judged here":
        why = f"{why} {entry.reading}"
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
        claim.doi,
        claim.pmid,
        claim.distance_kind,
        tuple(figures),
        verdict,
        why,
    )


Judgement = tuple[list[ClaimFigure], Verdict, str]


class _Wanted(NamedTuple):
    """The limits that a figure must keep to agree with a claim, and how to say them."""

    low_mm: float
    high_mm: float
    said: str
    along: bool  # whether the way along the surface may count

    def straight_fits(self, figure: ClaimFigure) -> bool:
        return self._fits(figure.straight_mm)

    def along_fits(self, figure: ClaimFigure) -> bool:
        return self.along and self._fits(figure.along_surface_mm)

    def agrees(self, figure: ClaimFigure) -> bool:
        return self.straight_fits(figure) or self.along_fits(figure)

    def verdict(self, figure: ClaimFigure) -> tuple[Verdict, str]:
        """Whether it agrees, and the end of the sentence that begins with the figure."""
        if self.straight_fits(figure):
            return "holds", f", which agrees with {self.said}."
        if self.along_fits(figure):
            return "holds", f"; only the way along the surface agrees with {self.said}."
        mm = [v for v in (figure.straight_mm, figure.along_surface_mm) if v is not None]
        if min(mm) > self.high_mm:
            return "does not hold", f", farther than {self.said}."
        if max(mm) < self.low_mm:
            return "does not hold", f", nearer than {self.said}."
        return "does not hold", f", which does not agree with {self.said}."

    def _fits(self, mm: float | None) -> bool:
        return mm is not None and self.low_mm <= mm <= self.high_mm


def _wanted(claim: Evidence) -> _Wanted:
    """What a claim's range, single figure, or mean with its spread asks of this specimen."""
    settings = _table().settings
    along = claim.distance_kind in ("not stated", "geodesic")
    if claim.low is not None and claim.high is not None:
        said = f"the claimed {given(claim.low, claim.high)}"
        return _Wanted(claim.low, claim.high, said, along)
    value = claim.value
    assert value is not None
    reach, said = settings.about_mm, given(value)
    if claim.spread is not None:
        reach = settings.spreads * claim.spread
        said = f"{cm(value, unit=False)} ± {cm(claim.spread)}"
    low, high = value - reach, value + reach
    counts = f"{given(round(low), round(high))} counts as met"
    return _Wanted(low, high, f"the claimed {said} ({counts})", along)


def _judged(own: Own, entry: _Entry, claim: Evidence) -> Judgement:
    if entry.test == "none":
        return [], "cannot be judged here", entry.reason
    if entry.test == "landmarks":
        return _landmarks(own, entry, claim)
    if entry.test == "both":
        return _both(own, entry, claim)
    points = own.named(entry.point)
    if not points:
        why = f"The {POINTS[entry.point]} of the nerve is not known here: the muscle is missing."
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
        return [main], "cannot be judged here", _lacks(landmark)
    wanted = _wanted(claim)
    verdict, end = wanted.verdict(main)
    where = f"{cm(main.straight_mm)} from {LANDMARKS[landmark]} in a straight line"
    why = f"{_BEGINS[point.name]} {where}"
    if main.along_surface_mm is not None:
        why += f" and {cm(main.along_surface_mm)} along the muscle's surface"
    why += end
    branches = []
    if point.name == "trunk_contact":
        branches = [own.distance(branch, landmark) for branch in own.named("branch_entry")]
        why += _branches([wanted.agrees(branch) for branch in branches], "at that distance")
    return [main, *branches], verdict, why + _beside(own, entry, claim)


def _beside(own: Own, entry: _Entry, claim: Evidence) -> str:
    """Whether a source's mean and another of its means are too small to be of one point here."""
    other = next((each for each in _table().claim if each.evidence == entry.beside), None)
    if other is None:
        return ""
    ends = (*entry.landmarks, *other.landmarks)
    a, b = (own.landmark(name) for name in ends)
    first, second = claim.value, evidence()[other.evidence].value
    if a is None or b is None or first is None or second is None:
        return ""
    apart = float(np.linalg.norm(a - b))
    if apart <= first + second:
        return ""
    return (
        f" In a straight line no point lies {given(first)} from {LANDMARKS[ends[0]]} and "
        f"{given(second)} from {LANDMARKS[ends[1]]}, for these are {cm(apart)} apart here: the "
        "source's means are of different places, of smaller pelves, or measured otherwise."
    )


def _nearest(own: Own, points: list[PointOfInterest], entry: _Entry, claim: Evidence) -> Judgement:
    (landmark,) = entry.landmarks
    figures = [own.distance(point, landmark) for point in points]
    known = [figure.straight_mm for figure in figures if figure.straight_mm is not None]
    reach = claim.low if claim.low is not None else claim.value
    if not known or reach is None:
        return figures, "cannot be judged here", _lacks(landmark)
    least = min(known)
    text = f"The nearest branch drawn here sinks in {cm(least)} from {LANDMARKS[landmark]}"
    if least <= reach:
        return figures, "holds", f"{text}, as near as the claim says."
    why = f"{text}; that branches come nearer in other bodies, one specimen cannot refute."
    return figures, "cannot be judged here", why


def _both(own: Own, entry: _Entry, claim: Evidence) -> Judgement:
    first, second = entry.landmarks
    a, b = own.landmark(first), own.landmark(second)
    if a is None or b is None or claim.low is None or claim.high is None:
        return [], "cannot be judged here", _lacks(first if a is None else second)
    low, high, wanted = claim.low, claim.high, _wanted(claim)
    apart = float(np.linalg.norm(a - b))
    figures = [_apart(second, first, apart)]
    too_far, said = apart > 2 * high, given(low, high)
    why = ""
    if too_far:
        why = (
            f"{_name(second)} and {LANDMARKS[first]} are {cm(apart)} apart here, "
            f"{cm(apart - 2 * high)} more than twice {given(high)}: in a straight line no point "
            f"lies {said} from both. Typically impossible, though a small pelvis can allow it."
        )
    probe = own.zones.probe
    if probe is None:
        why = why or "This specimen has no gluteus maximus."
        return figures, "does not hold" if too_far else "cannot be judged here", why

    def meet(distances_mm: list[FloatArray]) -> bool:
        return bool(np.all([(mm >= low) & (mm <= high) for mm in distances_mm], axis=0).any())

    straight = meet([np.linalg.norm(probe.vertices_mm - mark, axis=1) for mark in (a, b)])
    if not too_far:
        part = "A part" if straight else "No part"
        why = f"{part} of the muscle's deep surface lies {said} from both in a straight line."
    ways = [probe.values[WAYS[name]] for name in entry.landmarks if WAYS[name] in probe.values]
    along = False
    if wanted.along and len(ways) == len(entry.landmarks):
        along = meet(ways)
        some = "a part of it does" if along else "no part of it does"
        either = "" if straight or along else " either"
        why += f" Measured along the muscle's surface, {some}{either}."
    if not (straight or along):
        return figures, "does not hold", why
    contact = own.named("trunk_contact")
    if not contact:
        return figures, "cannot be judged here", f"{why} Where the nerve meets it is not known."
    figures += [own.distance(contact[0], name) for name in entry.landmarks]
    there = any(all(map(fits, figures[1:])) for fits in (wanted.straight_fits, wanted.along_fits))
    why += f" The trunk meets the muscle {'there' if there else 'elsewhere'}."
    return figures, "holds" if there else "does not hold", why


def _landmarks(own: Own, entry: _Entry, claim: Evidence) -> Judgement:
    first, second = entry.landmarks
    a, b = own.landmark(first), own.landmark(second)
    if a is None or b is None:
        return [], "cannot be judged here", _lacks(first if a is None else second)
    figure = _apart(first, second, float(np.linalg.norm(a - b)))
    verdict, end = _wanted(claim).verdict(figure)
    return [figure], verdict, f"They are {cm(figure.straight_mm or 0.0)} apart here{end}"


def _third(own: Own, point: PointOfInterest) -> Judgement:
    across = own.field(point, "across")
    if across is None:
        why = "Origin and insertion of the muscle are not told apart here, so it has no thirds."
        return [], "cannot be judged here", why
    source = "" if own.zones.fibres == "modelled" else " (estimated from the muscle's borders)"
    branches = {
        branch.branch: value
        for branch in own.named("branch_entry")
        if (value := own.field(branch, "across")) is not None
    }
    figures = [ClaimFigure("trunk contact, fraction across the fibres", value=round(across, 3))]
    figures += [
        ClaimFigure(f"{name}: fraction across the fibres", value=round(value, 3))
        for name, value in branches.items()
    ]
    fits = across >= LOWER_THIRD
    why = (
        f"The trunk meets the muscle {100 * across:.0f} % of the way from its upper to its lower "
        f"border{source}, {'in' if fits else 'above'} the lower third, which begins at "
        f"{100 * LOWER_THIRD:.0f} %."
    )
    why += _branches([value >= LOWER_THIRD for value in branches.values()], "there")
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
        where = f"in the {'upper' if upper else 'lower'} half of the triangle"
    else:
        off = cm(-min(float(field[0]) for field in inside.values()))
        where = f"outside the triangle, {off} beyond the line of one of its sides"
    why = f"Seen from behind, the trunk meets the muscle {where}."
    return figures, "holds" if within and upper else "does not hold", why


def _apart(start: str, end: str, mm: float) -> ClaimFigure:
    """The distance between two landmarks."""
    label = f"{LANDMARKS[start].removeprefix('the ')} to {LANDMARKS[end]}"
    return ClaimFigure(label, round(mm, 2), None, 1)


def _branches(fit: list[bool], where: str) -> str:
    """ " Two of its five branches sink in at that distance." """
    if not fit:
        return ""
    of_them = f"its {_count(len(fit))} branches"
    some = f"All {of_them}" if all(fit) else f"{_count(sum(fit)).capitalize()} of {of_them}"
    return f" {some} {'sinks' if sum(fit) < 2 else 'sink'} in {where}."


def _count(number: int) -> str:
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def _name(landmark: str) -> str:
    return LANDMARKS[landmark].replace("the ", "The ", 1)


def _lacks(landmark: str) -> str:
    return f"{_name(landmark)} is not known on this specimen."
