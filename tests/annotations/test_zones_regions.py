"""Zones on real anatomy, recomputed with trimesh and NumPy from the muscle's own mesh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from annotations import store
from annotations.atlas import Atlas
from annotations.evidence import evidence
from annotations.request import Request
from annotations.zones.calm import FARTHEST_MM
from annotations.zones.cut import cut_patch
from annotations.zones.fields import SurfaceFields, piriformis_border_mm, surface_fields
from annotations.zones.figures import area_cm2
from annotations.zones.regions import zones_of
from annotations.zones.table import claims_of_zone, zone_table
from annotations.zones.zone import Patch, Zones, patch_key
from meshes.specimen import FloatArray

pytestmark = pytest.mark.atlas
BAND = (50.0, 60.0)
DEEP_NEIGHBOURS = ("hip_bone", "femur", "sacrum", "coccyx", "gluteus_medius", "piriformis")


@pytest.fixture(scope="module")
def fields(z_anatomy_atlas: Atlas) -> SurfaceFields:
    found = surface_fields(z_anatomy_atlas.specimen, "right")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def zones(z_anatomy_atlas: Atlas) -> Zones:
    return z_anatomy_atlas.zones["right"]


@pytest.fixture(scope="module")
def muscle(z_anatomy_atlas: Atlas) -> trimesh.Trimesh:
    return z_anatomy_atlas.parts["gluteus_maximus_right"].trimesh


@pytest.fixture(scope="module")
def samples(muscle: trimesh.Trimesh) -> FloatArray:
    """Points spread evenly over the muscle; each stands for the same area."""
    return trimesh.sample.sample_surface(muscle, 200_000, seed=7)[0]


def point(atlas: Atlas, name: str) -> FloatArray:
    found = atlas.specimen.point_mm(name, "right")
    assert found is not None
    return found


def away(atlas: Atlas, name: str, points: FloatArray) -> FloatArray:
    return np.linalg.norm(points - point(atlas, name), axis=1)


def sampled_cm2(muscle: trimesh.Trimesh, inside: FloatArray) -> float:
    return float(muscle.area * inside.mean() / 100)


@pytest.mark.parametrize(
    ("zone", "landmark"), [("trochanter_band", "greater_trochanter_tip"), ("psis_band", "psis")]
)
def test_a_band_keeps_its_limits_and_loses_nothing(
    z_anatomy_atlas: Atlas,
    fields: SurfaceFields,
    zones: Zones,
    muscle: trimesh.Trimesh,
    samples: FloatArray,
    zone: str,
    landmark: str,
) -> None:
    patch = zones.patches[zone]
    distance = away(z_anatomy_atlas, landmark, patch.vertices_mm)
    assert BAND[0] - 0.1 < distance.min() < BAND[0] + 0.5
    assert BAND[1] - 0.5 < distance.max() < BAND[1] + 0.1
    # Both sides of the muscle together are what a count of random points says.
    name = "to_trochanter_mm" if zone == "trochanter_band" else "to_psis_mm"
    both = area_cm2(cut_patch(zone, fields, fields.values, (((name, *BAND),),)))
    sampled = away(z_anatomy_atlas, landmark, samples)
    inside = (sampled >= BAND[0]) & (sampled <= BAND[1])
    assert both == pytest.approx(sampled_cm2(muscle, inside), rel=0.03)
    other = cut_patch(zone, fields, fields.values, ((("deepness", -np.inf, 0.0), (name, *BAND)),))
    assert area_cm2(patch) + area_cm2(other) == pytest.approx(both, rel=0.03)


@pytest.mark.parametrize("surface", ["deep", "superficial"])
def test_every_zone_lies_on_the_muscle(zones: Zones, muscle: trimesh.Trimesh, surface: str) -> None:
    for patch in zones.patches.values():
        if patch.surface == surface:
            off = trimesh.proximity.closest_point(muscle, patch.vertices_mm[::40])[1]
            assert off.max() < (FARTHEST_MM if surface == "deep" else 0.01), patch.id


def test_the_deep_surface_looks_at_bones_and_deep_muscles(
    z_anatomy_atlas: Atlas, fields: SurfaceFields
) -> None:
    """A second opinion: from the deep surface a ray meets the deep parts, from the other not."""
    around = trimesh.util.concatenate(
        [
            z_anatomy_atlas.specimen.part(name, "right").trimesh  # type: ignore[union-attr]
            for name in DEEP_NEIGHBOURS
        ]
    )
    sure = np.flatnonzero(np.abs(fields.deepness) > 0.5)
    sure = np.random.default_rng(3).choice(sure, 300, replace=False)
    from meshes.surface import normals_of

    normals = normals_of(fields.vertices_mm, fields.triangles)[sure]
    hit = around.ray.intersects_any(fields.vertices_mm[sure] + 0.5 * normals, normals)
    assert (hit == (fields.deepness[sure] > 0)).mean() > 0.85


def test_outlines_are_closed_and_run_along_the_limits(
    z_anatomy_atlas: Atlas, fields: SurfaceFields, zones: Zones
) -> None:
    patch = zones.patches["trochanter_band"]
    nearest = cKDTree(fields.vertices_mm)
    for line in patch.outline_mm:
        assert np.array_equal(line[0], line[-1])
        distance = away(z_anatomy_atlas, "greater_trochanter_tip", line)
        on_limit = np.min(np.abs(distance[:, None] - BAND), axis=1) < 0.1
        on_rim = np.abs(fields.deepness[nearest.query(line)[1]]) < 0.25
        assert (on_limit | on_rim).mean() > 0.98
        assert on_limit.mean() > 0.5
        # Smooth: no point of the line is farther from the next than an edge of the fine mesh.
        assert np.linalg.norm(np.diff(line, axis=0), axis=1).max() < 3.6


def test_the_bands_do_not_meet_and_the_figures_say_so(
    z_anatomy_atlas: Atlas, fields: SurfaceFields, zones: Zones
) -> None:
    figures = zones.figures
    apart = float(
        np.linalg.norm(
            point(z_anatomy_atlas, "psis") - point(z_anatomy_atlas, "greater_trochanter_tip")
        )
    )
    assert figures.psis_to_trochanter_mm == pytest.approx(apart)
    assert figures.gap_mm == pytest.approx(apart - 120)
    assert figures.overlap_cm2 == 0 and "overlap" not in zones.patches
    # Nowhere can the larger deviation be less than that at the middle of the straight line.
    assert figures.compromise_mm is not None and zones.compromise_point_mm is not None
    assert figures.compromise_mm >= apart / 2 - 55 - 1e-6
    there = [
        abs(float(away(z_anatomy_atlas, name, zones.compromise_point_mm[None])[0]) - 55)
        for name in ("greater_trochanter_tip", "psis")
    ]
    assert max(there) == pytest.approx(figures.compromise_mm, abs=0.01)
    assert figures.compromise_mm == pytest.approx(
        evidence()["bands_best_compromise_z_anatomy"].value, abs=1.0
    )


def test_the_entry_zone_is_the_band_below_piriformis(z_anatomy_atlas: Atlas, zones: Zones) -> None:
    patch = zones.patches["entry_zone"]
    distance = away(z_anatomy_atlas, "greater_trochanter_tip", patch.vertices_mm)
    assert distance.min() > BAND[0] - 0.1 and distance.max() < BAND[1] + 0.1
    border = piriformis_border_mm(z_anatomy_atlas.specimen, "right")
    border = border[np.argsort(border[:, 0])]
    height = np.interp(patch.vertices_mm[:, 0], border[:, 0], border[:, 2])
    assert (patch.vertices_mm[:, 2] - height).max() < 1.0
    assert area_cm2(patch) == pytest.approx(zones.figures.entry_zone_cm2, rel=0.05)
    assert 5 < area_cm2(patch) < 0.9 * area_cm2(zones.patches["trochanter_band"])


def test_the_danger_triangle_is_that_triangle_seen_from_behind(
    z_anatomy_atlas: Atlas, fields: SurfaceFields, zones: Zones
) -> None:
    corners = np.array(
        [
            point(z_anatomy_atlas, n)
            for n in ("piis", "ischial_tuberosity", "greater_trochanter_tip")
        ]
    )[:, [0, 2]]

    def inside(points: FloatArray, slack: float) -> FloatArray:
        shares = np.linalg.solve(
            np.vstack([corners.T, np.ones(3)]), np.c_[points[:, [0, 2]], np.ones(len(points))].T
        )
        return (shares > -slack).all(axis=0)

    for surface in ("deep", "superficial"):
        patch = zones.on(surface)["danger_triangle"]  # type: ignore[arg-type]
        assert inside(patch.vertices_mm, 0.003).all()
    deep = fields.vertices_mm[fields.deepness > 0]
    within = deep[inside(deep, -0.02)]
    assert (
        cKDTree(zones.patches["danger_triangle"].vertices_mm).query(within)[0].max()
        < FARTHEST_MM + 0.01
    )


def test_lower_third_and_nerve_endings_keep_to_their_fractions(
    fields: SurfaceFields, zones: Zones
) -> None:
    at = cKDTree(fields.vertices_mm)
    across, along = fields.values["across"], fields.values["along"]
    third = zones.patches["lower_third"]
    assert across[at.query(third.vertices_mm)[1]].min() > 0.63
    on_deep = fields.deepness > 0
    assert on_deep[across > 0.7].sum() > 100
    share = (zones.figures.lower_third_cm2 or 0) / (zones.figures.deep_surface_cm2 or 1)
    assert 0.2 < share < 0.45
    near = at.query(zones.patches["nerve_endings"].vertices_mm)[1]
    middle = (across[near] > 0.37) & (across[near] < 0.63)
    ends = (across[near] < 0.3) | (across[near] > 0.7)
    assert along[near][middle].min() > 0.26 and along[near][middle].max() < 0.64
    assert along[near][ends].min() > 0.36 and along[near][ends].max() < 0.74


def test_band_and_lower_third_as_the_anatomy_of_this_project_has_them(zones: Zones) -> None:
    """On real anatomy the trochanter band lies above the lower third; the distance is said."""
    figures = zones.figures
    assert figures.band_in_lower_third_cm2 == 0
    assert figures.band_to_lower_third_mm is not None
    apart = cKDTree(zones.patches["lower_third"].vertices_mm).query(
        zones.patches["trochanter_band"].vertices_mm
    )[0]
    assert figures.band_to_lower_third_mm == pytest.approx(float(apart.min()), abs=2 * FARTHEST_MM)
    assert 0 < figures.band_to_lower_third_mm < 40
    low, half, high = (
        getattr(figures, f"band_across_{name}") for name in ("low", "median", "high")
    )
    assert 0 <= low < half < high < 2 / 3


def test_the_estimated_fibres_run_as_fascicles_were_measured(fields: SurfaceFields) -> None:
    """Barker et al. 2013: 32–45° below the horizontal; here the median of the deep surface."""
    from meshes.surface import normals_of

    normals = normals_of(fields.vertices_mm, fields.triangles)
    across, along = fields.values["across"], fields.values["along"]
    belly = np.flatnonzero(
        (fields.deepness > 0.3) & (np.abs(across - 0.5) < 0.35) & (np.abs(along - 0.45) < 0.3)
    )
    chosen = np.random.default_rng(4).choice(belly, 200, replace=False)
    tree = cKDTree(fields.vertices_mm)
    slopes = []
    for i in chosen:
        near = np.array(tree.query_ball_point(fields.vertices_mm[i], 9.0))
        offset = fields.vertices_mm[near] - fields.vertices_mm[i]
        rise, *_ = np.linalg.lstsq(offset, across[near] - across[i], rcond=None)
        fibre = np.cross(normals[i], rise)
        fibre *= np.sign(fibre @ np.linalg.lstsq(offset, along[near] - along[i], rcond=None)[0])
        slopes.append(np.degrees(np.arcsin(-fibre[2] / np.linalg.norm(fibre))))
    low = evidence()["gluteus_maximus_fascicle_angle"].low or 0
    high = evidence()["gluteus_maximus_fascicle_angle"].high or 0
    assert low - 10 < np.median(slopes) < high + 10


def test_ways_along_the_surface_are_between_straight_and_stepwise(
    z_anatomy_atlas: Atlas, fields: SurfaceFields, muscle: trimesh.Trimesh
) -> None:
    """Not shorter than straight; not longer than along the edges of the mesh."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    way = fields.values["along_surface_to_psis_mm"]
    start = int(np.argmin(way))
    psis = point(z_anatomy_atlas, "psis")
    closest, off, _ = trimesh.proximity.closest_point(muscle, psis[None])
    assert np.allclose(fields.vertices_mm[start], closest[0], atol=0.05)
    assert z_anatomy_atlas.zones["right"].figures.psis_to_muscle_mm == pytest.approx(
        off[0], abs=0.05
    )
    straight = np.linalg.norm(fields.vertices_mm - fields.vertices_mm[start], axis=1)
    assert (way >= straight - 0.6).all()
    edges = np.unique(np.sort(fields.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)), axis=0)
    length = np.linalg.norm(np.diff(fields.vertices_mm[edges], axis=1)[:, 0], axis=1)
    graph = coo_array((length, edges.T), shape=(len(way),) * 2)
    stepwise = dijkstra(graph.tocsr(), directed=False, indices=start)
    assert (way <= stepwise + 0.6).mean() > 0.99
    assert (way <= stepwise + 5).all()


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(low=st.floats(15, 90), breadth=st.floats(2, 40), psis=st.floats(20, 110))
def test_the_entry_zone_is_never_empty_and_bands_move_no_other_zone(
    z_anatomy_atlas: Atlas,
    fields: SurfaceFields,
    zones: Zones,
    low: float,
    breadth: float,
    psis: float,
) -> None:
    request = Request("z-anatomy", (low, low + breadth), (psis, psis + 10))
    bare = replace(fields, projected={})
    moved = zones_of(z_anatomy_atlas.specimen, bare, request)
    assert area_cm2(moved.patches["entry_zone"]) > 0
    gap = moved.figures.psis_to_trochanter_mm - request.trochanter_band_mm[1] - psis - 10
    assert moved.figures.gap_mm == pytest.approx(max(0.0, gap))
    assert ("overlap" in moved.patches) != ("compromise" in moved.patches)
    if moved.figures.gap_mm > 0:
        assert moved.figures.overlap_cm2 == 0
    for zone in ("lower_third", "danger_triangle", "nerve_endings"):
        same = zones.patches[zone].vertices_mm
        assert moved.patches[zone].vertices_mm.shape == same.shape
        assert np.allclose(moved.patches[zone].vertices_mm, same)


@pytest.mark.parametrize("limits", [(0.0, 1.0), (299.0, 300.0)], ids=["nearer", "farther"])
def test_what_stands_in_for_the_zone_is_the_part_nearest_to_the_band(
    z_anatomy_atlas: Atlas, fields: SurfaceFields, limits: tuple[float, float]
) -> None:
    bare = replace(fields, projected={})
    zones = zones_of(z_anatomy_atlas.specimen, bare, Request("z-anatomy", limits))
    allowed = (fields.deepness > 0) & (fields.values["below_piriformis_mm"] > 0)
    distance = fields.values["to_trochanter_mm"][allowed]
    shown = away(z_anatomy_atlas, "greater_trochanter_tip", zones.patches["entry_zone"].vertices_mm)
    if limits[0] == 0.0:
        assert shown.min() == pytest.approx(distance.min(), abs=0.5)
        assert shown.max() < distance.min() + 11
    else:
        assert shown.max() == pytest.approx(distance.max(), abs=0.5)
        assert shown.min() > distance.max() - 11
    assert "nearest part" in zones.note


def test_wide_bands_overlap_where_both_hold(z_anatomy_atlas: Atlas, fields: SurfaceFields) -> None:
    request = Request("z-anatomy", (60.0, 90.0), (60.0, 90.0))
    zones = zones_of(z_anatomy_atlas.specimen, fields, request)
    patch = zones.patches["overlap"]
    assert zones.figures.overlap_cm2 == pytest.approx(area_cm2(patch), rel=0.05)
    assert area_cm2(patch) > 1
    for name in ("psis", "greater_trochanter_tip"):
        distance = away(z_anatomy_atlas, name, patch.vertices_mm)
        assert distance.min() > 59.9 and distance.max() < 90.1
    assert "compromise" not in zones.patches


def test_left_is_the_mirror_image_of_right(z_anatomy_atlas: Atlas) -> None:
    left, right = (z_anatomy_atlas.zones[side] for side in ("left", "right"))
    for name, value in vars(left.figures).items():
        assert value == pytest.approx(getattr(right.figures, name), rel=1e-3, abs=1e-3), name
    for key, patch in left.patches.items():
        flipped = right.patches[key].vertices_mm * [-1, 1, 1]
        assert cKDTree(flipped).query(patch.vertices_mm)[0].max() < 0.05, key


def test_every_zone_says_what_it_means_and_on_what_it_rests(zones: Zones) -> None:
    table = zone_table().zones
    for patch in zones.patches.values():
        assert table[patch.zone].meaning and claims_of_zone(patch.zone)
        assert patch.id == f"{patch_key(patch.zone, patch.surface)}_right"
        assert np.allclose(np.linalg.norm(patch.normals, axis=1), 1, atol=1e-3)


def test_the_probe_gives_the_fields_back(fields: SurfaceFields, zones: Zones) -> None:
    assert zones.probe is not None
    deep = np.flatnonzero(fields.deepness > 0)[::500]
    got = zones.probe.at(fields.vertices_mm[deep])
    for name in ("across", "along_surface_to_trochanter_mm"):
        assert np.allclose(got[name], fields.values[name][deep], rtol=0.02, atol=0.02)


def test_fields_and_zones_survive_the_cache(fields: SurfaceFields, zones: Zones) -> None:
    header, arrays = store.pack_fields([fields])
    (back,) = store.unpack_fields(header, arrays)
    assert back.fibres == fields.fibres and set(back.values) == set(fields.values)
    assert set(back.projected) == set(fields.projected) == {"superficial", "skin"}
    for surface, target in fields.projected.items():
        assert set(back.projected[surface].values) == set(target.values)
        for name, value in target.values.items():
            assert np.array_equal(back.projected[surface].values[name], value)
    head, of_zones = store.pack_zones([zones])
    (same,) = store.unpack_zones(head, of_zones)
    assert same.figures == zones.figures and same.fibres == zones.fibres
    assert list(same.patches) == list(zones.patches)
    for key, patch in zones.patches.items():
        other: Patch = same.patches[key]
        assert other.surface == patch.surface and other.zone == patch.zone
        assert np.array_equal(other.vertices_mm, patch.vertices_mm)
        assert len(other.outline_mm) == len(patch.outline_mm)
    assert same.probe is not None and zones.probe is not None
    assert set(same.probe.values) == set(zones.probe.values)


def test_zones_of_the_embedded_model(model_atlas: Atlas) -> None:
    """With a muscle every figure is there; without one none is stated, and the note says why."""
    for side in ("left", "right"):
        zones = model_atlas.zones[side]
        assert {"trochanter_band", "psis_band", "entry_zone"} <= set(zones.patches)
        figures = vars(zones.figures) | {"band_in_lower_third_cm2": 0.0}
        if model_atlas.specimen.part("gluteus_maximus", side) is None:
            areas = [v for name, v in vars(zones.figures).items() if name.endswith("_cm2")]
            assert areas and all(value is None for value in areas)
            assert zones.note and zones.probe is None
        else:
            assert all(value is not None for value in figures.values())
            assert zones.fibres == "modelled"


def test_the_estimate_follows_modelled_fibres(model_atlas: Atlas) -> None:
    """Where fibres are known, forget them and see how near the estimate comes."""
    muscle = model_atlas.specimen.part("gluteus_maximus", "right")
    if muscle is None or "fibre" not in muscle.fields:
        pytest.skip("the embedded model has no modelled gluteus maximus")
    known = surface_fields(model_atlas.specimen, "right")
    bare = model_atlas.specimen.with_parts([replace(muscle, fields={})])
    guessed = surface_fields(bare, "right")
    assert known is not None and guessed is not None and guessed.fibres == "estimated"
    deep = known.deepness > 0
    for name, mean in (("across", 0.06), ("along", 0.08)):
        assert np.abs(known.values[name] - guessed.values[name])[deep].mean() < mean, name
