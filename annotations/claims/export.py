"""The answer as text, CSV and JSON, for the clipboard and for files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

import msgspec

from annotations.claims.figures import FigureRow, figure_rows
from annotations.claims.own import POINTS
from annotations.claims.result import Answer, ClaimFigure, ClaimResult, Place, cm

CAUTION = (
    "One specimen neither proves nor refutes a series: means hide their spread, landmarks and "
    "kinds of distance differ from source to source, and the nerve here is a computed course."
)
PURPOSE = "For teaching, not for planning an operation."


def figure_line(row: FigureRow) -> str:
    """One line on the bands or the distance between their landmarks."""
    straight = f"{row.straight_text} straight" if row.unit == "mm" else row.straight_text
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
    yield ""
    yield "This specimen (in brackets: share of the distance from PSIS to greater trochanter)"
    yield from (f"  {figure_line(row)}" for row in figure_rows(results.zones))
    yield from (f"  {points_line(place)}" for place in results.places)
    if not results.places:
        yield "  No gluteus maximus: exit, trunk contact and branch entries are not known."
    yield ""
    yield "Published claims"
    for result in results.claims:
        yield f"  {result.claim}"
        yield f"    {source_of(result)}"
        yield f"    {result.verdict[0].upper()}{result.verdict[1:]}: {result.why}"
    yield ""
    yield CAUTION
    yield PURPOSE


def source_of(result: ClaimResult) -> str:
    """Citation, n, kind of distance and badge in one line."""
    parts = [result.citation]
    if result.n is not None:
        parts.append(f"n = {result.n}" + (f" {result.n_of}" if result.n_of else ""))
    if result.distance_kind is not None:
        parts.append(f"kind of distance: {result.distance_kind}")
    if result.badge:
        parts.append(f"[{result.badge}]")
    return ", ".join(parts)


def as_text(results: Answer) -> str:
    """The answer as plain text."""
    return "\n".join(lines_of(results)) + "\n"


def as_json(results: Answer) -> str:
    """The answer as JSON, two spaces deep."""
    return msgspec.json.format(msgspec.json.encode(results), indent=2).decode()


CSV_COLUMNS = (
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
    distance that may bound them.
    """
    out = StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in figure_rows(results.zones):
        if row.unit == "mm":
            figure = ClaimFigure(row.label, row.straight, row.along_surface)
            writer.writerow({"row": "distance"} | _cells(figure))
        else:
            both = row.along_surface is not None
            for kind, value in (("straight", row.straight), ("geodesic", row.along_surface)):
                if value is not None:
                    cells = {"value": _blank(value), "unit": row.unit}
                    if both:
                        cells["distance_kind"] = kind
                    writer.writerow({"row": "area", "figure": row.label} | cells)
    for place in results.places:
        base = {"row": "place", "id": place.point, "text": place.branch}
        for figure in place.distances:
            writer.writerow(base | _cells(figure))
        if place.across is not None:
            writer.writerow(
                base | {"figure": "fraction across the fibres", "fraction": place.across}
            )
    for result in results.claims:
        base = {
            "row": "claim",
            "text": result.claim,
            **{
                name: _blank(getattr(result, name))
                for name in CSV_COLUMNS
                if name in result.__struct_fields__
            },
        }
        for figure in result.figures or (ClaimFigure(""),):
            writer.writerow(base | _cells(figure))
    return out.getvalue()


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
