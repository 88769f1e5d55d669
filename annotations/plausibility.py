"""Plausibility: the specimen's own figures against published ranges. Warns, never corrects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from annotations.atlas import Atlas
from annotations.evidence import Evidence, badge, evidence
from meshes.signed_distance import exact
from meshes.specimen import SIDES, Side, Specimen
from meshes.structure import structure
from meshes.surface import volume_cm3


class _Distance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    start: str
    to: str
    evidence: str


class _Width(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    landmark: str
    evidence: str


class _Volume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    structure: str
    evidence: str


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    spreads: float
    distance: tuple[_Distance, ...]
    width: tuple[_Width, ...]
    diameter: tuple[_Width, ...]
    volume: tuple[_Volume, ...]
    source_courses: tuple[str, ...]
    source_depth_mm: float


class Finding(msgspec.Struct, frozen=True):
    """One figure of the specimen beside what is published."""

    measure: str
    side: Side
    value: float
    unit: str
    low: float | None
    high: float | None
    plausible: bool
    evidence: str
    citation: str
    mark: str
    sentence: str


@cache
def _table() -> _Table:
    return msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes(), type=_Table)


def findings(atlas: Atlas) -> list[Finding]:
    """Every check, plausible or not, in the table's order; then the courses' broken passes."""
    return [
        *_measured(atlas.specimen),
        *_exits(atlas),
        *_courses(atlas),
        *_left_out(atlas),
        *_sources(atlas),
    ]


def _measured(specimen: Specimen) -> Iterator[Finding]:
    table = _table()

    def point(name: str, side: Side) -> np.ndarray | None:
        found = specimen.point_mm(name, side)
        return None if found is None else np.asarray(found)

    for row in table.distance:
        for side in SIDES:
            a, b = point(row.start, side), point(row.to, side)
            if a is not None and b is not None:
                what = f"{_words(row.start)} to {_words(row.to)}"
                yield _finding(what, side, float(np.linalg.norm(a - b)), "mm", row.evidence)
    for width in table.width:
        left, right = point(width.landmark, "left"), point(width.landmark, "right")
        if left is not None and right is not None:
            what = f"{_words(width.landmark)} left to right"
            value = float(np.linalg.norm(left - right))
            yield _finding(what, "midline", value, "mm", width.evidence)
    for row_d in table.diameter:
        for side in SIDES:
            mark = specimen.landmark(row_d.landmark, side)
            if mark is not None and mark.radius_mm is not None:
                yield _finding("femoral head", side, 2 * mark.radius_mm, "mm", row_d.evidence)
    for row_v in table.volume:
        for side in SIDES:
            part = specimen.part(row_v.structure, side)
            if part is not None:
                volume = volume_cm3(part.vertices_mm, part.triangles)
                name = structure(row_v.structure).english
                yield _finding(name, side, volume, "cm³", row_v.evidence)


def _courses(atlas: Atlas) -> Iterator[Finding]:
    for sides in atlas.courses.values():
        for course in sides.values():
            for check in course.passes:
                if not check.holds:
                    name = structure(course.id).english
                    yield Finding(
                        f"{name}: {check.name}",
                        course.side,
                        0.0,
                        "",
                        None,
                        None,
                        False,
                        "",
                        "",
                        "measured",
                        f"{name}, {course.side}: {check.detail}.",
                    )


def _exits(atlas: Atlas) -> Iterator[Finding]:
    """The artery's exit against published ranges: to the ischial spine, and its wall's gap."""
    for course in atlas.courses.get("inferior_gluteal_artery", {}).values():
        exit_mm = next((p.position_mm for p in course.points if p.name == "exit"), None)
        spine = atlas.specimen.point_mm("ischial_spine", course.side)
        if exit_mm is None or spine is None:
            continue
        name = structure(course.id).english
        far = float(np.linalg.norm(exit_mm - spine))
        yield _finding(
            f"{name}, exit to ischial spine", course.side, far, "mm", "iga_exit_ischial_spine"
        )
        ligament = atlas.specimen.part("sacrospinous_ligament", course.side)
        if ligament is not None:
            trunk = course.branches[0]
            at = int(np.argmin(np.linalg.norm(trunk.points_mm - exit_mm, axis=1)))
            # The least gap on the way past the ligament, not only at the exit.
            near = slice(max(0, at - 12), at + 13)
            gap = exact(ligament, trunk.points_mm[near]) - trunk.radius_mm[near]
            yield _finding(
                f"{name}, wall to sacrospinous ligament",
                course.side,
                float(gap.min()),
                "mm",
                "iga_exit_sacrospinous_ligament",
            )


def _sources(atlas: Atlas) -> Iterator[Finding]:
    """Faults of the source's own nerves and vessels: how deep they run in muscle and bone."""
    solid = [
        part
        for part in atlas.specimen.parts.values()
        if structure(part.structure).kind in ("bone", "muscle")
    ]
    for part in atlas.specimen.parts.values():
        if structure(part.structure).kind not in ("nerve", "artery", "vein"):
            continue
        if part.structure not in _table().source_courses:
            continue
        points = part.vertices_mm[:: max(1, len(part.vertices_mm) // 1500)].astype(float)
        for other in solid:
            if other.side not in (part.side, "midline"):
                continue
            low, high = other.vertices_mm.min(axis=0), other.vertices_mm.max(axis=0)
            near = ((points > low) & (points < high)).all(axis=1)
            if not near.any():
                continue
            deepest = float(-exact(other, points[near]).min())
            if deepest > _table().source_depth_mm:
                mine, its = structure(part.structure).english, structure(other.structure).english
                yield Finding(
                    f"{mine} in {its.lower()}",
                    part.side,
                    round(deepest, 2),
                    "mm",
                    None,
                    _table().source_depth_mm,
                    False,
                    "",
                    "",
                    "measured",
                    f"{mine}, {part.side}: the source lets it run {deepest:.1f} mm deep in "
                    f"{its.lower()}; shown as delivered, not moved.",
                )


def _left_out(atlas: Atlas) -> Iterator[Finding]:
    for one in atlas.left_out:
        name = structure(one.id).english
        what = "not drawn" if one.branch == "trunk" else f"{one.branch} not drawn"
        yield Finding(
            f"{name}: {what}", one.side, 0.0, "", None, None, False, "", "", "measured",
            f"{name}, {one.side}: {what} ({one.reason}).",
        )  # fmt: skip


def _finding(measure: str, side: Side, value: float, unit: str, claim: str) -> Finding:
    entry = evidence()[claim]
    low, high = _range(entry)
    fits = (low is None or value >= low) and (high is None or value <= high)
    where = "" if side == "midline" else f", {side}"
    limits = f"{low:g}–{high:g}" if low is not None and high is not None else "?"
    verdict = "within" if fits else "outside"
    source = " ".join(filter(None, (entry.citation, f"[{badge(entry)}]" if badge(entry) else "")))
    return Finding(
        measure,
        side,
        round(value, 2),
        unit,
        low,
        high,
        fits,
        claim,
        entry.citation,
        entry.mark,
        f"{measure}{where}: {value:.1f} {unit}, {verdict} {limits} {unit} ({source}).",
    )


def _range(entry: Evidence) -> tuple[float | None, float | None]:
    """The published range; else the mean and twice its spread."""
    if entry.low is not None or entry.high is not None:
        return entry.low, entry.high
    if entry.value is None or entry.spread is None:
        return None, None
    reach = _table().spreads * entry.spread
    return round(entry.value - reach, 1), round(entry.value + reach, 1)


def _words(name: str) -> str:
    return name.upper() if len(name) == 4 else name.replace("_", " ")
