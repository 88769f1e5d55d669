"""The figures of an atlas as plain sentences: what `measure` prints for a reader."""

from __future__ import annotations

from collections.abc import Iterator

from annotations.atlas import Atlas
from annotations.claims import claims, notes
from annotations.claims.export import source_of
from annotations.claims.result import given, verdict_words
from annotations.evidence import reference
from annotations.measure import PURPOSE
from annotations.plausibility import findings
from annotations.zones.table import claim_of, default_limits_mm
from annotations.zones.zone import ZoneFigures
from meshes.specimen import Side
from meshes.structure import structure


def sentences(atlas: Atlas, sides: tuple[Side, ...]) -> Iterator[str]:
    """Lines of text, each side in turn."""
    specimen = atlas.specimen
    yield f"{specimen.title} ({specimen.licence})"
    yield specimen.how_made
    for side in sides:
        yield ""
        yield f"{side.capitalize()} side"
        yield from _bands(atlas, side)
        for by_side in atlas.courses.values():
            course = by_side.get(side)
            if course is None:
                continue
            english = structure(course.id).english
            # Only a course that reaches gluteus maximus has a place where it does.
            ends = any(point.name == "trunk_contact" for point in course.points)
            until = " to the muscle" if ends else ""
            yield f"  {english} ({course.origin}): {course.length_mm:.0f} mm{until}."
            for check in course.passes:
                yield f"    {'✓' if check.holds else '✗'} {check.name}: {check.detail}"
        yield from _claims(atlas, side)
    yield ""
    yield from notes()
    odd = [f for f in findings(atlas) if not f.plausible and f.side in (*sides, "midline")]
    yield ""
    yield "Outside the published ranges:" if odd else "All figures lie within published ranges."
    yield from (f"  {finding.sentence}" for finding in odd)
    yield ""
    yield from specimen.credits
    yield f"{PURPOSE[:1].upper()}{PURPOSE[1:]}."


def _bands(atlas: Atlas, side: Side) -> Iterator[str]:
    figures = atlas.zones[side].figures
    yield f"  PSIS to tip of greater trochanter, straight: {figures.psis_to_trochanter_mm:.1f} mm."
    for band, name in (("trochanter_band", "greater trochanter"), ("psis_band", "PSIS")):
        low, high = getattr(atlas.request, f"{band}_mm")
        claim = claim_of(band)
        published = (low, high) == default_limits_mm(band)
        source = reference(claim) if published else "limits as they were set"
        area = getattr(figures, f"{band}_cm2")
        covers = "" if area is None else f": {area:.1f} cm² of the deep surface"
        yield f"  {given(low, high)} from the {name}{covers} ({source})."
    if figures.gap_mm > 0:
        yield (
            f"  No point can lie within both bands here: they stay {figures.gap_mm:.0f} mm apart."
        )
    elif figures.overlap_cm2 is not None:
        yield f"  Both bands overlap on {figures.overlap_cm2:.1f} cm²."
    if figures.entry_zone_cm2 is not None:
        yield f"  Entry zone, below piriformis: {figures.entry_zone_cm2:.1f} cm²."
    yield from _muscle(figures)
    if figures.lower_third_cm2 is not None and atlas.zones[side].fibres_note:
        yield f"  {atlas.zones[side].fibres_note}"
    if atlas.zones[side].note:
        yield f"  {atlas.zones[side].note}"


def _muscle(figures: ZoneFigures) -> Iterator[str]:
    """What needs the muscle: bands along its surface, the lower third."""
    if figures.trochanter_band_along_surface_cm2 is not None:
        overlap = figures.overlap_along_surface_cm2
        shared = f"of which they share {overlap:.1f} cm²" if overlap else "without an overlap"
        yield (
            "  The same bands measured along the muscle's surface: "
            f"{figures.trochanter_band_along_surface_cm2:.1f} and "
            f"{figures.psis_band_along_surface_cm2:.1f} cm², {shared}."
        )
    low, high = figures.band_across_low, figures.band_across_high
    if figures.lower_third_cm2 is None or low is None or high is None:
        return
    yield (
        f"  Lower third of the belly: {figures.lower_third_cm2:.0f} cm²; the trochanter band "
        f"lies {100 * low:.0f}–{100 * high:.0f} % of the way from the upper to the lower border."
    )
    if figures.band_in_lower_third_cm2:
        yield f"  They share {figures.band_in_lower_third_cm2:.1f} cm²."
    elif figures.band_to_lower_third_mm is not None:
        yield f"  They do not meet: {figures.band_to_lower_third_mm:.0f} mm lie between them."


def _claims(atlas: Atlas, side: Side) -> Iterator[str]:
    for result in claims(atlas, side):
        if result.verdict != "cannot be judged here":
            yield f"  {result.claim} ({source_of(result)})"
            yield f"    {verdict_words(result.verdict)}. {result.why}"
