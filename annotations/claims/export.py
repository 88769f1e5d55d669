"""The answer as text, CSV and JSON, for the clipboard and for files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

import msgspec

from annotations.claims.figures import FigureRow, figure_rows
from annotations.claims.own import POINTS
from annotations.claims.result import (
    Answer,
    ClaimFigure,
    ClaimResult,
    Place,
    cm,
    given,
    verdict_words,
)
from annotations.evidence import evidence, reference

PURPOSE = "For teaching, not for planning an operation."


def figure_line(row: FigureRow) -> str:
    """One line on the bands or the distance between their landmarks."""
    straight = row.straight_text
    # What has one kind of distance alone is an area that needs no such word.
    if straight and (row.unit == "mm" or row.along_surface is not None):
        straight += " straight"
    along = row.along_surface_text and f"{row.along_surface_text} along the surface"
    return f"{row.label}: {', '.join(filter(None, (straight, along)))}."


def points_line(place: Place) -> str:
    """One line on a point of the nerve."""
    name = (
        f"{place.point} ({place.branch})" if place.point == POINTS["branch_entry"] else place.point
    )
    parts = [_figure_text(figure).split(" to ", 1)[1] for figure in place.distances]
    if place.across is not None:
        parts.append(f"{100 * place.across:.0f} % across the fibres")
    return f"{name[0].upper()}{name[1:]}: to {'; '.join(parts)}."


def _figure_text(figure: ClaimFigure) -> str:
    if figure.value is not None:
        return f"{figure.label} {figure.value:.2f}"
    if figure.straight_mm is None:
        return f"{figure.label} not known"
    text = f"{figure.label} {cm(figure.straight_mm)} straight"
    if figure.of_psis_trochanter is not None:
        text += f" ({figure.of_psis_trochanter:.2f})"
    if figure.along_surface_mm is not None:
        text += f", {cm(figure.along_surface_mm)} along the surface"
    return text


def lines_of(results: Answer) -> Iterator[str]:
    """The answer as lines of plain text."""
    yield f"Where does the nerve enter? {results.specimen}, {results.side} side"
    yield f"Pose: {results.pose}."
    yield "PSIS, PIIS: posterior superior and posterior inferior iliac spine."
    yield ""
    yield "This specimen (in brackets: share of the distance from PSIS to greater trochanter)"
    yield f"  {limits_line(results)}"
    yield from (f"  {figure_line(row)}" for row in figure_rows(results.zones))
    yield from (f"  {points_line(place)}" for place in results.places)
    if not results.places:
        yield "  No gluteus maximus: exit, trunk contact and branch entries are not known."
    yield ""
    yield "Claims, and whether they hold here"
    for result in results.claims:
        yield f"  {result.claim}"
        yield f"    {source_of(result)}"
        yield f"    {verdict_words(result.verdict)}. {result.why}"
    yield ""
    yield from results.notes
    yield PURPOSE


def limits_line(results: Answer) -> str:
    """The bands' limits, which the user may have moved."""
    return (
        f"The bands: {given(*results.trochanter_band_mm)} from the tip of the greater trochanter, "
        f"{given(*results.psis_band_mm)} from the PSIS."
    )


def source_of(result: ClaimResult) -> str:
    """Citation, n, kind of distance and badge in one line."""
    return reference(evidence()[result.id])


def as_text(results: Answer) -> str:
    """The answer as plain text."""
    return "\n".join(lines_of(results)) + "\n"


def as_json(results: Answer) -> str:
    """The answer as JSON, two spaces deep."""
    return msgspec.json.format(msgspec.json.encode(results), indent=2).decode()


CSV_COLUMNS = (
    "specimen",
    "side",
    "row",
    "id",
    "text",
    "value",
    "spread",
    "low",
    "high",
    "unit",
    "n",
    "n_of",
    "distance_kind",
    "mark",
    "citation",
    "doi",
    "pmid",
    "figure",
    "straight_mm",
    "along_surface_mm",
    "of_psis_trochanter",
    "fraction",
    "verdict",
    "why",
)


def as_csv(results: Answer) -> str:
    """One row a figure: of the bands, the nerve's points, every claim (`CSV_COLUMNS`).

    Areas (row `area`) stand in the column `value`; those of the bands once for each kind of
    distance that may bound them. How to read it (row `note`) stands in `text`.
    """
    out = StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    whose = {"specimen": results.specimen, "side": results.side}
    writer.writerows(whose | row for row in _rows(results))
    return out.getvalue()


def _rows(results: Answer) -> Iterator[dict[str, str]]:
    for line in (limits_line(results), *results.notes, PURPOSE):
        yield {"row": "note", "text": line}
    for row in figure_rows(results.zones):
        if row.unit == "mm":
            figure = ClaimFigure(row.label, row.straight, row.along_surface)
            yield {"row": "distance"} | _cells(figure)
            continue
        both = row.along_surface is not None
        for kind, value in (("straight", row.straight), ("geodesic", row.along_surface)):
            if value is not None:
                cells = {"value": _blank(value), "unit": row.unit, "figure": row.label}
                yield {"row": "area", "distance_kind": kind if both else ""} | cells
    for place in results.places:
        base = {"row": "place", "id": place.point, "text": place.branch}
        yield from (base | _cells(figure) for figure in place.distances)
        if place.across is not None:
            yield base | {"figure": "fraction across the fibres", "fraction": _blank(place.across)}
    for result in results.claims:
        own = {name: _blank(value) for name, value in msgspec.structs.asdict(result).items()}
        base = {name: own[name] for name in CSV_COLUMNS if name in own}
        base |= {"row": "claim", "text": result.claim}
        yield from (base | _cells(figure) for figure in result.figures or (ClaimFigure(""),))


def _cells(figure: ClaimFigure) -> dict[str, str]:
    return {
        "figure": figure.label,
        "straight_mm": _blank(figure.straight_mm),
        "along_surface_mm": _blank(figure.along_surface_mm),
        "of_psis_trochanter": _blank(figure.of_psis_trochanter),
        "fraction": _blank(figure.value),
    }


def _blank(value: object) -> str:
    return "" if value is None else str(value)
