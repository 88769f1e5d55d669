"""Published claims beside a specimen's own figures: right sums, careful words, whole exports."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from annotations.atlas import Atlas
from annotations.claims import answer, as_csv, as_json, as_text, claims, places
from annotations.claims.result import ClaimResult
from annotations.courses.course import PointOfInterest
from annotations.evidence import evidence
from annotations.measure import measure
from annotations.report import sentences
from meshes.specimen import FloatArray

pytestmark = pytest.mark.atlas
NERVE = "inferior_gluteal_nerve"
BOTH = "ign_entry_both_statpearls"


def by_id(atlas: Atlas) -> dict[str, ClaimResult]:
    return {result.id: result for result in claims(atlas, "right")}


def with_points(atlas: Atlas, move: Callable[[PointOfInterest], FloatArray]) -> Atlas:
    """The same atlas with the nerve's points elsewhere."""
    course = atlas.courses[NERVE]["right"]
    points = tuple(replace(p, position_mm=move(p)) for p in course.points)
    moved = {**atlas.courses[NERVE], "right": replace(course, points=points)}
    return replace(atlas, courses={**atlas.courses, NERVE: moved})


def with_landmark(atlas: Atlas, name: str, position_mm: FloatArray) -> Atlas:
    marks = dict(atlas.specimen.landmarks["right"])
    marks[name] = replace(marks[name], position_mm=position_mm)
    specimen = replace(atlas.specimen, landmarks={**atlas.specimen.landmarks, "right": marks})
    return replace(atlas, specimen=specimen)


def point(atlas: Atlas, name: str) -> FloatArray:
    found = atlas.specimen.point_mm(name, "right")
    assert found is not None
    return found


def test_every_claim_about_the_entry_is_there_with_its_source(z_anatomy_atlas: Atlas) -> None:
    results = by_id(z_anatomy_atlas)
    wanted = {
        name
        for name in evidence()
        if re.match(
            r"ign_(entry|origin|branch_trochanter|exit|below|fan|cutaneous_branches_)", name
        )
        or "nerve_endings" in name
        or name.startswith("danger_triangle")
    }
    assert set(results) >= wanted
    for name, result in results.items():
        entry = evidence()[name]
        for field in ("claim", "citation", "mark", "value", "low", "high", "n", "distance_kind"):
            assert getattr(result, field) == getattr(entry, field)
        assert result.verdict in ("holds", "does not hold", "cannot be judged here")
        assert re.fullmatch(r"[A-Z].*\.", result.why)


def test_distances_are_those_of_the_course(z_anatomy_atlas: Atlas) -> None:
    course = z_anatomy_atlas.courses[NERVE]["right"]
    told = places(z_anatomy_atlas, "right")
    assert [p.branch for p in told] == [p.branch for p in course.points]
    apart = np.linalg.norm(
        point(z_anatomy_atlas, "psis") - point(z_anatomy_atlas, "greater_trochanter_tip")
    )
    for place, source in zip(told, course.points, strict=True):
        for figure, name in zip(
            place.distances,
            ("greater_trochanter_tip", "psis", "piis", "ischial_tuberosity"),
            strict=True,
        ):
            straight = np.linalg.norm(source.position_mm - point(z_anatomy_atlas, name))
            assert figure.straight_mm == pytest.approx(straight, abs=0.01)
            assert figure.of_psis_trochanter == pytest.approx(straight / apart, abs=0.001)
            assert (figure.along_surface_mm is None) == (source.name == "exit")
        assert (place.across is None) == (source.name == "exit")


def test_ways_along_the_surface_are_solved_anew(z_anatomy_atlas: Atlas) -> None:
    """From the trunk's contact, with the library alone on the muscle's own mesh."""
    import trimesh
    from pygeodesic.geodesic import PyGeodesicAlgorithmExact

    mesh = z_anatomy_atlas.parts["gluteus_maximus_right"].trimesh
    vertices, faces = trimesh.remesh.subdivide(mesh.vertices, mesh.faces)
    solver = PyGeodesicAlgorithmExact(np.asarray(vertices, float), np.asarray(faces, np.int32))
    contact = next(p for p in places(z_anatomy_atlas, "right") if p.point == "trunk contact")
    start = int(np.linalg.norm(vertices - contact.position_mm, axis=1).argmin())
    way = solver.geodesicDistances(np.array([start], np.int32))[0]
    for figure, name in zip(contact.distances, ("greater_trochanter_tip", "psis"), strict=False):
        end = int(np.linalg.norm(vertices - point(z_anatomy_atlas, name), axis=1).argmin())
        # Both ends snap to vertices of a mesh with edges of some millimetres.
        assert figure.along_surface_mm == pytest.approx(way[end], abs=8)


def test_both_distances_at_once_are_typically_impossible_here(z_anatomy_atlas: Atlas) -> None:
    result = by_id(z_anatomy_atlas)[BOTH]
    assert result.verdict == "does not hold"
    assert "Typically impossible, though a small pelvis can allow it." in result.why
    apart = z_anatomy_atlas.zones["right"].figures.psis_to_trochanter_mm
    assert f"{apart / 10:.1f} cm apart" in result.why
    assert f"{(apart - 120) / 10:.1f} cm more" in result.why


def test_a_small_pelvis_can_allow_both_distances(z_anatomy_atlas: Atlas) -> None:
    """The PSIS is set where a point of the deep surface fits both; the nerve must go there too."""
    trochanter = point(z_anatomy_atlas, "greater_trochanter_tip")
    probe = z_anatomy_atlas.zones["right"].probe
    assert probe is not None
    from_it = np.linalg.norm(probe.vertices_mm - trochanter, axis=1)
    there = probe.vertices_mm[np.argmin(np.abs(from_it - 55))].astype(float)
    small = with_landmark(z_anatomy_atlas, "psis", there + [0.0, 0.0, 55.0])
    elsewhere = by_id(small)[BOTH]
    assert elsewhere.verdict == "does not hold" and "elsewhere" in elsewhere.why
    assert "impossible" not in elsewhere.why.lower()
    gone = with_points(small, lambda p: there)
    assert by_id(gone)[BOTH].verdict == "holds"


@pytest.mark.parametrize("mm", [20.0, 41.0, 49.0, 54.0, 59.5, 63.0, 80.0])
def test_a_distance_is_judged_by_the_claim_s_own_range(z_anatomy_atlas: Atlas, mm: float) -> None:
    """The nerve's points are moved to a known distance from the trochanter, far off the muscle."""
    trochanter = point(z_anatomy_atlas, "greater_trochanter_tip")
    moved = with_points(z_anatomy_atlas, lambda p: trochanter + [0.0, -mm, 0.0])
    zones = {**moved.zones, "right": replace(moved.zones["right"], probe=None)}
    results = by_id(replace(moved, zones=zones))
    expected = {
        "ign_entry_trochanter_statpearls": 50 <= mm <= 60,
        "ign_entry_trochanter_ling_2006": 40 <= mm <= 60,
        "ign_entry_trochanter_apaydin_2009": 44 <= mm <= 64,
        "ign_origin_trochanter_apaydin_2009": 44 <= mm <= 64,
    }
    for name, holds in expected.items():
        assert results[name].verdict == ("holds" if holds else "does not hold"), name
        said = f"{mm / 10:.1f} cm from the tip of the greater trochanter in a straight line"
        assert said in results[name].why
        beyond = "farther than" if mm > 64 else "nearer than" if mm < 40 else ""
        assert beyond in results[name].why
    # What "may" be, one specimen does not refute.
    assert results["ign_branch_trochanter_apaydin_2009"].verdict == "cannot be judged here"


def test_the_way_along_the_surface_counts_where_a_source_does_not_say(
    z_anatomy_atlas: Atlas,
) -> None:
    """At a place that is within 5–6 cm of the PSIS over the muscle and not in a straight line."""
    name, psis = "ign_entry_psis_statpearls", point(z_anatomy_atlas, "psis")
    probe = z_anatomy_atlas.zones["right"].probe
    assert probe is not None
    along = probe.values["along_surface_to_psis_mm"]
    straight = np.linalg.norm(probe.vertices_mm - psis, axis=1)
    only_along = np.flatnonzero((along > 54) & (along < 56) & (straight > 61))
    there = probe.vertices_mm[only_along[0]].astype(float)
    result = by_id(with_points(z_anatomy_atlas, lambda p: there))[name]
    assert result.verdict == "holds"
    assert "only the way along the surface agrees with the claimed 5–6 cm" in result.why
    assert "All its five branches sink in at that distance." in result.why


def test_what_counts_as_met_is_said_to_be_our_own_choice(z_anatomy_atlas: Atlas) -> None:
    notes = " ".join(answer(z_anatomy_atlas, "right").notes)
    assert "What counts as met is our own choice" in notes
    assert "within 1 cm" in notes and "2 times its spread" in notes
    results = by_id(z_anatomy_atlas)
    assert "(4–6 cm counts as met)" in results["ign_entry_trochanter_ling_2006"].why
    spread = results["psis_trochanter_distance_n204"].why
    assert "15.1 ± 1.5 cm (12.2–18.1 cm counts as met)" in spread
    assert "We take the nerve's origin" in results["ign_origin_piis_apaydin_2009"].why


def test_means_that_cannot_be_of_one_point_here_are_named(z_anatomy_atlas: Atlas) -> None:
    """3.2 cm from the PIIS and 5.4 cm from the trochanter, where these are farther apart."""
    name, piis = "ign_origin_trochanter_apaydin_2009", point(z_anatomy_atlas, "piis")
    apart = np.linalg.norm(piis - point(z_anatomy_atlas, "greater_trochanter_tip"))
    assert apart > 86
    said = "no point lies 5.4 cm from the tip of the greater trochanter and 3.2 cm from the PIIS"
    why = by_id(z_anatomy_atlas)[name].why
    assert said in why and f"{apart / 10:.1f} cm apart" in why
    trochanter = point(z_anatomy_atlas, "greater_trochanter_tip")
    near = with_landmark(z_anatomy_atlas, "piis", trochanter + [0.0, 0.0, 80.0])
    assert "no point" not in by_id(near)[name].why


def test_what_this_project_measured_is_what_it_measures(z_anatomy_atlas: Atlas) -> None:
    figures = z_anatomy_atlas.zones["right"].figures
    apart = evidence()["psis_trochanter_distance_z_anatomy"].value
    off = evidence()["bands_best_compromise_z_anatomy"].value
    assert figures.psis_to_trochanter_mm == pytest.approx(apart, abs=1)
    assert figures.compromise_mm == pytest.approx(off, abs=1)
    assert figures.overlap_cm2 == 0


def test_a_branch_as_near_as_the_claim_says_confirms_it(z_anatomy_atlas: Atlas) -> None:
    trochanter = point(z_anatomy_atlas, "greater_trochanter_tip")
    near = with_points(z_anatomy_atlas, lambda p: trochanter + [0.0, 7.0, 0.0])
    assert by_id(near)["ign_branch_trochanter_apaydin_2009"].verdict == "holds"


def test_the_lower_third_is_judged_by_the_fraction_across(z_anatomy_atlas: Atlas) -> None:
    probe = z_anatomy_atlas.zones["right"].probe
    assert probe is not None
    for wanted, verdict in ((0.3, "does not hold"), (0.85, "holds")):
        at = int(np.argmin(np.abs(probe.values["across"] - wanted)))
        there = probe.vertices_mm[at].astype(float)
        result = by_id(with_points(z_anatomy_atlas, lambda p, x=there: x))[
            "ign_entry_lower_third_apaydin_2009"
        ]
        assert result.verdict == verdict
        assert result.figures[0].value == pytest.approx(wanted, abs=0.03)
        assert "estimated" in result.why


def test_the_danger_triangle_wants_its_upper_part(z_anatomy_atlas: Atlas) -> None:
    corners = [
        point(z_anatomy_atlas, name)
        for name in ("piis", "ischial_tuberosity", "greater_trochanter_tip")
    ]
    name = "danger_triangle_apaydin_2009"
    for shares, verdict, said in (
        ((0.8, 0.1, 0.1), "holds", "upper half"),
        ((0.1, 0.8, 0.1), "does not hold", "lower half"),
        ((1.6, -0.3, -0.3), "does not hold", "outside"),
    ):
        there = np.einsum("i,ij->j", np.array(shares), np.array(corners)) + [0.0, 40.0, 0.0]
        result = by_id(with_points(z_anatomy_atlas, lambda p, x=there: x))[name]
        assert result.verdict == verdict and said in result.why


def test_without_the_muscle_nothing_is_judged_that_needs_it(z_anatomy_atlas: Atlas) -> None:
    course = z_anatomy_atlas.courses[NERVE]["right"]
    bare = {**z_anatomy_atlas.courses[NERVE], "right": replace(course, points=())}
    zones = replace(z_anatomy_atlas.zones["right"], probe=None)
    atlas = replace(
        z_anatomy_atlas,
        courses={NERVE: bare},
        zones={**z_anatomy_atlas.zones, "right": zones},
    )
    judged = {r.id for r in claims(atlas, "right") if r.verdict != "cannot be judged here"}
    assert judged == {
        BOTH,
        "psis_trochanter_distance_n204",
        "psis_trochanter_distance_men",
        "psis_trochanter_distance_women",
    }
    assert "are not known" in as_text(answer(atlas, "right"))


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_exports_hold_everything(z_anatomy_atlas: Atlas, side: str) -> None:
    whole = answer(z_anatomy_atlas, side)  # type: ignore[arg-type]
    text, table, data = as_text(whole), as_csv(whole), json.loads(as_json(whole))
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["id"] for row in rows if row["row"] == "claim"} == {r.id for r in whole.claims}
    assert sum(row["row"] == "place" for row in rows) >= 4 * len(whole.places)
    assert [c["id"] for c in data["claims"]] == [r.id for r in whole.claims]
    assert data["side"] == side and data["zones"]["gap_mm"] > 0
    for result in whole.claims:
        assert result.claim in text and result.citation in text and result.why in text
        mine = [row for row in rows if row["id"] == result.id]
        assert all(row["why"] == result.why and row["verdict"] == result.verdict for row in mine)
        assert len(mine) == max(1, len(result.figures))
        if result.distance_kind is not None:
            assert f"kind of distance: {result.distance_kind}" in text
    figures = {(row["row"], row["figure"], row["distance_kind"]): row for row in rows}
    gap = figures["distance", "Gap between the bands", ""]
    assert float(gap["straight_mm"]) == pytest.approx(whole.zones.gap_mm, abs=0.006)
    band = figures["area", "Band around the PSIS", "geodesic"]
    area = whole.zones.psis_band_along_surface_cm2
    assert float(band["value"]) == pytest.approx(area, abs=0.006)
    assert f"{whole.zones.psis_to_trochanter_mm / 10:.1f} cm straight" in text
    assert f"Entry zone of the nerve: {whole.zones.entry_zone_cm2:.1f} cm²." in text
    assert "anatomical position" in text
    assert "not for planning an operation" in text
    assert {(row["specimen"], row["side"]) for row in rows} == {(whole.specimen, side)}
    told = [row["text"] for row in rows if row["row"] == "note"]
    for note in (*whole.notes, "For teaching, not for planning an operation."):
        assert note in text and note in told
    assert data["notes"] == list(whole.notes)
    assert "The bands: 5–6 cm from the tip of the greater trochanter" in text
    for found in re.finditer("impossible", text, re.IGNORECASE):
        assert re.search(r"typically $", text[: found.start()], re.IGNORECASE)


def test_measure_and_report_carry_zones_and_claims(z_anatomy_atlas: Atlas) -> None:
    data = json.loads(json.dumps(measure(z_anatomy_atlas, ("right",))))
    zone = data["entry_zone"]["right"]
    contract = {
        "limits_mm",
        "greater_trochanter_band_cm2",
        "psis_band_cm2",
        "overlap_cm2",
        "gap_mm",
        "compromise_mm",
        "entry_zone_cm2",
    }
    assert set(zone) >= contract | {"band_to_lower_third_mm", "overlap_along_surface_cm2"}
    assert zone["distance_kind"] == "straight" and zone["fibres"] == "estimated"
    assert {c["id"] for c in data["claims"]["right"]} == set(by_id(z_anatomy_atlas))
    text = "\n".join(sentences(z_anatomy_atlas, ("right",)))
    assert "They do not meet" in text and "along the muscle's surface" in text
    assert "Typically impossible" in text
    assert "our own choice" in text and "our own choice" in " ".join(data["claims_notes"])


def test_claims_of_the_embedded_model(model_atlas: Atlas) -> None:
    for result in claims(model_atlas, "left"):
        assert result.why and result.verdict
    with_muscle = model_atlas.specimen.part("gluteus_maximus", "left") is not None
    contact = {r.id: r for r in claims(model_atlas, "left")}["ign_entry_trochanter_ling_2006"]
    assert (contact.verdict == "cannot be judged here") != with_muscle
