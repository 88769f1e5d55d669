"""Z-Anatomy as loaded: everything that the files hold of the region, whole, in its right place."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meshes.errors import DamagedFileError
from meshes.signed_distance import exact
from meshes.sources import z_anatomy as loader
from meshes.sources.download import Cancelled, source_folder
from meshes.sources.gltf import read_glb
from meshes.specimen import SIDES, Specimen
from meshes.structure import structures
from meshes.surface import is_closed, volume_cm3

pytestmark = pytest.mark.atlas

# What the description of the two files names, in the terminology's words.
PAIRED = (
    "hip_bone femur gluteus_maximus gluteus_medius gluteus_minimus piriformis gemellus_superior"
    " gemellus_inferior obturator_internus quadratus_femoris tensor_fasciae_latae iliacus"
    " psoas_major biceps_femoris_long_head semitendinosus semimembranosus adductor_magnus"
    " sciatic_nerve superior_gluteal_nerve posterior_femoral_cutaneous_nerve obturator_nerve"
    " femoral_nerve femoral_artery femoral_vein deep_femoral_artery internal_pudendal_artery"
    " pudendal_nerve multifidus_lumborum quadratus_lumborum"
).split()
MIDLINE = "sacrum coccyx abdominal_aorta".split()
VOLUMES_CM3 = {
    "gluteus_maximus": 419,
    "gluteus_medius": 231,
    "gluteus_minimus": 127,
    "piriformis": 31,
    "obturator_internus": 19,
    "quadratus_femoris": 13,
    "gemellus_inferior": 4.6,
    "gemellus_superior": 5.4,
}
TRIANGLES = {
    "hip_bone": 3792,
    "femur": 3838,
    "sacrum": 11703,
    "coccyx": 1166,
    "gluteus_maximus": 3326,
    "gluteus_medius": 5186,
    "gluteus_minimus": 6250,
    "piriformis": 1500,
    "obturator_internus": 3764,
    "gemellus_superior": 406,
    "gemellus_inferior": 980,
    "quadratus_femoris": 1646,
    "sciatic_nerve": 4896,
}
ABSENT = (
    "obturator_externus inferior_gluteal_nerve inferior_gluteal_artery superior_gluteal_artery"
    " internal_iliac_artery sacrotuberous_ligament sacrospinous_ligament iliotibial_tract"
).split()


def test_every_structure_of_the_files_is_there(z_anatomy: Specimen) -> None:
    for name in PAIRED:
        for side in SIDES:
            assert f"{name}_{side}" in z_anatomy.parts
    for name in MIDLINE:
        assert name in z_anatomy.parts
    for part_id, part in z_anatomy.parts.items():
        assert part.id == part_id
        assert part.structure in structures()
        assert structures()[part.structure].paired == (part.side != "midline"), part_id


def test_what_the_files_lack_is_not_pretended(z_anatomy: Specimen) -> None:
    """The loader invents nothing: no part is called a source part that the source has not."""
    for name in ABSENT:
        assert z_anatomy.part(name, "left") is None
    assert {part.origin for part in z_anatomy.parts.values()} == {"source", "mirrored"}
    for part in z_anatomy.parts.values():
        assert part.origin == ("mirrored" if part.side == "left" else "source")


def test_bones_and_muscles_are_closed_and_the_right_side_out(z_anatomy: Specimen) -> None:
    checked = 0
    for part in z_anatomy.parts.values():
        if structures()[part.structure].kind in ("bone", "muscle"):
            assert is_closed(part.triangles), part.id
            assert volume_cm3(part.vertices_mm, part.triangles) > 0, part.id
            checked += 1
    assert checked > 60


def test_volumes_are_those_measured_on_the_files(z_anatomy: Specimen) -> None:
    """Within 1 %, or within the last digit that was written down."""
    for name, volume in VOLUMES_CM3.items():
        for side in SIDES:
            part = z_anatomy.parts[f"{name}_{side}"]
            half_a_digit = 0.05 if volume < 10 else 0.5
            assert volume_cm3(part.vertices_mm, part.triangles) == pytest.approx(
                volume, rel=0.01, abs=half_a_digit
            ), part.id


def test_cleaning_loses_next_to_nothing(z_anatomy: Specimen) -> None:
    for name, count in TRIANGLES.items():
        part = z_anatomy.part(name, "right")
        assert part is not None
        assert len(part.triangles) == pytest.approx(count, rel=0.015), name


def test_normals_look_outward(z_anatomy: Specimen) -> None:
    for name in ("hip_bone", "gluteus_maximus", "piriformis"):
        for side in SIDES:
            part = z_anatomy.part(name, side)
            assert part is not None
            chosen = np.random.default_rng(2).choice(len(part.vertices_mm), 300)
            outside = part.vertices_mm[chosen] + 0.3 * part.normals[chosen]
            assert (exact(part, outside) > 0).mean() > 0.97, part.id


def test_every_normal_is_a_unit_vector(z_anatomy: Specimen) -> None:
    wrong = {
        part.id: int((np.abs(np.linalg.norm(part.normals, axis=1) - 1) > 1e-3).sum())
        for part in z_anatomy.parts.values()
    }
    assert {name: count for name, count in wrong.items() if count} == {}


def test_the_left_is_the_mirror_image_of_the_right(z_anatomy: Specimen) -> None:
    for part in z_anatomy.parts.values():
        if part.side == "right":
            twin = z_anatomy.parts[part.id.replace("_right", "_left")]
            np.testing.assert_allclose(
                twin.vertices_mm, part.vertices_mm * [-1, 1, 1], atol=0.02, err_msg=part.id
            )
            assert set(twin.fields) == set(part.fields)
            for name, values in part.fields.items():
                np.testing.assert_array_equal(twin.fields[name], values)
            assert volume_cm3(twin.vertices_mm, twin.triangles) == pytest.approx(
                volume_cm3(part.vertices_mm, part.triangles), rel=1e-3, abs=1e-3
            )


def test_midline_bones_are_symmetrical(z_anatomy: Specimen) -> None:
    sacrum = z_anatomy.parts["sacrum"].vertices_mm
    low, high = sacrum[:, 0].min(), sacrum[:, 0].max()
    assert low + high == pytest.approx(0, abs=0.02)


def test_the_size_is_that_of_a_man_in_millimetres(z_anatomy: Specimen) -> None:
    femur = z_anatomy.parts["femur_right"].vertices_mm
    assert 400 < np.ptp(femur[:, 2]) < 520
    hip = z_anatomy.parts["hip_bone_right"].vertices_mm
    assert 190 < np.ptp(hip[:, 2]) < 250


def test_muscles_lie_behind_or_before_the_bones_as_they_should(z_anatomy: Specimen) -> None:
    """Axes and the join of the two files: a mistake there would show here."""

    def centre(name: str) -> np.ndarray:
        part = z_anatomy.part(name, "right")
        assert part is not None
        return part.vertices_mm.mean(axis=0)

    assert centre("gluteus_maximus")[1] > centre("hip_bone")[1] + 20, "behind"
    assert centre("gluteus_medius")[2] > centre("femur")[2], "above"
    assert centre("tensor_fasciae_latae")[1] < centre("gluteus_medius")[1], "in front"
    assert centre("tensor_fasciae_latae")[0] < centre("piriformis")[0] - 40, "lateral"
    piriformis = z_anatomy.parts["piriformis_right"]
    sacrum, femur = z_anatomy.parts["sacrum"], z_anatomy.parts["femur_right"]
    assert exact(sacrum, piriformis.vertices_mm).min() < 1.0, "it arises from the sacrum"
    assert exact(femur, piriformis.vertices_mm).min() < 3.0, "and reaches the trochanter"


def test_tendon_and_cartilage_are_fractions_where_the_files_have_such_material(
    z_anatomy: Specimen,
) -> None:
    """Both kinds are there, both sides, from 0 to 1, on the parts that have the material."""
    for name, field in (
        ("femur", "cartilage"),
        ("hip_bone", "cartilage"),
        ("gluteus_medius", "tendon"),
        ("obturator_internus", "tendon"),
        ("semitendinosus", "tendon"),
    ):
        for side in SIDES:
            part = z_anatomy.part(name, side)
            assert part is not None
            values = part.fields[field]
            assert values.shape == (len(part.vertices_mm),)
            assert values.min() == 0.0, part.id
            assert values.max() == 1.0, part.id
    assert "tendon" not in z_anatomy.parts["gluteus_maximus_right"].fields
    # The femur's cartilage is at its joints, not on the shaft.
    femur = z_anatomy.parts["femur_right"]
    height = femur.vertices_mm[:, 2] - femur.vertices_mm[:, 2].min()
    cartilage = femur.fields["cartilage"] == 1
    shaft = (height > 120) & (height < 0.75 * height.max())
    assert shaft.sum() > 100
    assert not cartilage[shaft].any()


def test_material_covers_the_share_of_the_surface_that_the_file_says(
    z_anatomy: Specimen, upstream: Path
) -> None:
    raw = read_glb(upstream / "z-anatomy" / "lower-limb.glb")
    for node, name, material, field in (
        ("Semitendinosus_muscle_r", "semitendinosus", "Tendon", "tendon"),
        ("Femur_r", "femur", "Cartilage", "cartilage"),
    ):
        surface = raw[node]
        corner = surface.vertices_mm[surface.triangles]
        area = np.linalg.norm(
            np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1
        )
        assert surface.materials is not None
        is_it = surface.materials == surface.material_names.index(material)
        part = z_anatomy.parts[f"{name}_right"]
        by_triangle = part.fields[field][part.triangles].mean(axis=1)
        here = float(by_triangle @ part.trimesh.area_faces / part.trimesh.area)
        assert here == pytest.approx(float(area[is_it].sum() / area.sum()), abs=0.02), name


def test_no_vertex_is_where_nothing_is(z_anatomy: Specimen) -> None:
    for part in z_anatomy.parts.values():
        assert np.isfinite(part.vertices_mm).all(), part.id
        assert np.abs(part.vertices_mm).max() < 700, part.id
        assert part.triangles.min() == 0
        assert part.triangles.max() == len(part.vertices_mm) - 1, part.id


# --- loading ----------------------------------------------------------------------------------


@pytest.fixture
def folder(z_anatomy: Specimen) -> Path:
    """Where the fetched files lie."""
    return source_folder("z-anatomy")


@pytest.mark.parametrize("after", [0, 1, 20])
def test_loading_can_be_cancelled_between_parts(folder: Path, after: int) -> None:
    steps: list[float] = []
    with pytest.raises(Cancelled):
        loader.load(
            folder, lambda share, text: steps.append(share), lambda: len(steps) >= 2 + after
        )
    assert steps == sorted(steps)
    assert len(steps) == 2 + after, "no part is begun after the wish to stop"


def test_a_file_that_lacks_a_node_is_damaged(upstream: Path, tmp_path: Path) -> None:
    """The lower limb under the trunk's name: said with what is missing."""
    content = (upstream / "z-anatomy" / "lower-limb.glb").read_bytes()
    for name in ("trunk.glb", "lower-limb.glb"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"lack .*Sacrum.*: fetch them again\."):
        loader.load(tmp_path, lambda *_: None, lambda: False)


def test_files_that_do_not_fit_together_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One vertex of one hip bone a tenth of a millimetre off: these are not one body."""

    def bent(path: Path) -> Any:
        nodes = read_glb(path)
        if path.name == "trunk.glb":
            hip = nodes["Hip_bone_r"]
            points = hip.vertices_mm.copy()
            points[7, 1] += 0.1
            nodes["Hip_bone_r"] = replace(hip, vertices_mm=points)
        return nodes

    monkeypatch.setattr(loader, "read_glb", bent)
    with pytest.raises(DamagedFileError, match="do not fit together"):
        loader.load(folder, lambda *_: None, lambda: False)
