from dataclasses import replace
from threading import Barrier

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.modelling import MOST_OVERLAP, VOLUMES_CM3, modelled, overlap
from meshes.landmarks import into_frame
from meshes.modelling.complete import Steps, complete, is_mirrored
from meshes.modelling.remesh import euler_number
from meshes.modelling.table import footprints
from meshes.sources.download import Cancelled, never
from meshes.specimen import Part, Specimen
from meshes.structure import structures
from meshes.surface import is_closed, normals_of, volume_cm3

SHEETS = list(footprints().sheets)


def assert_sound(specimen: Specimen) -> None:
    parts = list(modelled(specimen))
    assert parts
    for part in parts:
        assert is_closed(part.triangles), part.id
        assert euler_number(part.triangles) == 2, part.id
        assert volume_cm3(part.vertices_mm, part.triangles) > 0, part.id
        assert np.isfinite(part.vertices_mm).all(), part.id


def test_every_part_is_one_closed_surface(preview: Specimen) -> None:
    assert_sound(preview)
    made = {part.structure for part in modelled(preview)}
    assert {"gluteus_maximus", "gluteus_medius", "piriformis", "coccyx"} <= made


def test_the_specimens_own_parts_are_never_replaced(bones: Specimen, preview: Specimen) -> None:
    for name, part in bones.parts.items():
        assert preview.parts[name] is part


def test_volumes_are_those_of_people(preview: Specimen) -> None:
    for name, (low, high) in VOLUMES_CM3.items():
        part = preview.part(name, "left")
        assert part is not None
        volume = volume_cm3(part.vertices_mm, part.triangles)
        assert 0.93 * low <= volume <= high, (name, volume)


def test_parts_hardly_overlap(preview: Specimen) -> None:
    for part in modelled(preview):
        if part.side == "left":
            # A preview is coarse: four times what the finished parts may have.
            most = 4 * MOST_OVERLAP[structures()[part.structure].kind]
            assert overlap(preview, part) <= most, part.id


def test_muscles_carry_their_fibres(preview: Specimen) -> None:
    for part in modelled(preview):
        if part.structure not in SHEETS:
            continue
        fibre, way, tendon = (part.fields[k] for k in ("fibre", "fibre_direction", "tendon"))
        assert fibre.shape == (len(part.vertices_mm), 2)
        assert fibre.min() >= 0
        assert fibre.max() <= 1
        assert np.allclose(np.linalg.norm(way, axis=1), 1, atol=1e-3)
        assert tendon.min() >= 0
        assert tendon.max() <= 1


def test_fibres_of_gluteus_maximus_run_down_and_out(preview: Specimen) -> None:
    for side, outward in (("left", 1.0), ("right", -1.0)):
        part = preview.parts[f"gluteus_maximus_{side}"]
        u, s = part.fields["fibre"].T
        belly = (u > 0.2) & (u < 0.8) & (s > 0.2) & (s < 0.8)
        way = part.fields["fibre_direction"][belly].mean(axis=0)
        assert 32 <= np.degrees(np.arctan2(-way[2], way[0] * outward)) <= 45


def test_progress_grows_and_says_what_is_done(bones: Specimen) -> None:
    seen: list[tuple[float, str]] = []
    complete(
        bones,
        "preview",
        lambda fraction, text: seen.append((fraction, text)),
        structure_ids=["gluteus_minimus", "piriformis"],
    )
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert any("Piriformis" in text for _, text in seen)


def test_it_can_be_stopped(bones: Specimen) -> None:
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        complete(bones, "preview", cancelled=lambda: next(asked))


def test_a_job_that_fails_stops_those_beside_it_and_says_why() -> None:
    steps = Steps(2, lambda fraction, text: None, never)
    both_run = Barrier(2)

    def fails() -> list[Part]:
        both_run.wait(10)
        raise ValueError("no bone")

    def goes_on() -> list[Part]:
        both_run.wait(10)
        while True:
            steps.next("Another part")

    with pytest.raises(ValueError, match="no bone"):
        steps.together([goes_on, fails])


def test_the_halves_of_the_shape_model_differ(bones: Specimen) -> None:
    assert not is_mirrored(bones)


def deformed(specimen: Specimen, stretch: np.ndarray, bend: np.ndarray) -> Specimen:
    """The bones under a smooth map that treats both sides alike."""
    parts = {}
    for name, part in specimen.parts.items():
        points = part.vertices_mm.astype(float)
        side = np.sign(points[:, :1])
        wave = np.sin(points[:, [1, 2, 0]] / 70.0 * [1, 1, 0.5])
        moved = points * stretch + bend * wave * np.c_[side, np.ones((len(side), 2))]
        moved = moved.astype(np.float32)
        parts[name] = replace(part, vertices_mm=moved, normals=normals_of(moved, part.triangles))
    moved_parts, landmarks, frame = into_frame(parts, {"left": {}, "right": {}, "midline": {}})
    tip = specimen.landmarks["midline"]["coccyx_tip"]
    apex = specimen.landmarks["midline"]["sacral_apex"].position_mm
    offset = tip.position_mm - apex
    landmarks["midline"]["coccyx_tip"] = replace(
        tip, position_mm=landmarks["midline"]["sacral_apex"].position_mm + offset
    )
    return replace(specimen, parts=moved_parts, landmarks=landmarks, frame_from_source=frame)


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    # Shrinking would grow the region hundreds of times.
    phases=[Phase.explicit, Phase.generate],
)
@given(
    st.tuples(*[st.floats(0.94, 1.06)] * 3),
    st.tuples(*[st.floats(-3.0, 3.0)] * 3),
)
def test_small_deformations_of_the_bones_do_no_harm(
    bones: Specimen, stretch: tuple[float, float, float], bend: tuple[float, float, float]
) -> None:
    assert_sound(complete(deformed(bones, np.array(stretch), np.array(bend)), "preview"))
