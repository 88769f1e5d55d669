"""The terminology is complete, free of contradictions, and refuses what does not fit."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from meshes.errors import GluteaError
from meshes.structure import Structure, load_structures, structure, structures

Refusal = Callable[[str], str]

ENTRY = """\
[gluteus_maximus]
kind = "muscle"
english = "Gluteus maximus"
latin = "Musculus gluteus maximus"
layer = 1
region = "gluteal"
paired = true
fma = 22314
fma_right = 22328
fma_left = 22329
"""
OTHER = """\
[sacrum]
kind = "bone"
english = "Sacrum"
latin = "Os sacrum"
layer = 5
region = "gluteal"
paired = false
fma = 16202
"""


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """Load a table that must be refused, and return the sentence that says why."""

    def load(text: str) -> str:
        table = tmp_path / "structures.toml"
        table.write_text(text, encoding="utf-8")
        with pytest.raises(GluteaError) as caught:
            load_structures(table)
        sentence = str(caught.value)
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert str(table) in sentence
        return sentence

    return load


def all_structures() -> list[Structure]:
    return list(structures().values())


def test_the_structures_of_the_region_are_there() -> None:
    expected = {
        "bone": "hip_bone sacrum coccyx femur",
        "muscle": "gluteus_maximus gluteus_medius gluteus_minimus tensor_fasciae_latae piriformis"
        " gemellus_superior gemellus_inferior obturator_internus obturator_externus"
        " quadratus_femoris",
        "ligament": "sacrotuberous_ligament sacrospinous_ligament obturator_membrane",
        "fascia": "iliotibial_tract thoracolumbar_fascia",
        "nerve": "inferior_gluteal_nerve superior_gluteal_nerve sciatic_nerve pudendal_nerve"
        " posterior_femoral_cutaneous_nerve nerve_to_obturator_internus"
        " nerve_to_quadratus_femoris lumbosacral_trunk",
        "artery": "inferior_gluteal_artery superior_gluteal_artery internal_pudendal_artery"
        " internal_iliac_artery common_iliac_artery external_iliac_artery",
        "vein": "inferior_gluteal_vein superior_gluteal_vein internal_pudendal_vein",
        "skin": "skin",
    }
    for kind, names in expected.items():
        for name in names.split():
            assert structure(name).kind == kind


def test_the_default_view_can_be_told_from_the_rest() -> None:
    assert structure("gluteus_maximus").region == "gluteal"
    assert structure("vastus_lateralis").region == "thigh"
    assert structure("iliacus").region == "pelvis"
    assert structure("multifidus_lumborum").region == "back"


@pytest.mark.parametrize("entry", all_structures(), ids=lambda entry: entry.id)
def test_ids_and_names_are_well_formed(entry: Structure) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", entry.id)
    assert structures()[entry.id] is entry
    for name in (entry.english, entry.latin):
        assert name == name.strip()
        assert name[0].isupper()
        assert name[1:] == name[1:].lower()


def test_names_and_ids_are_unique() -> None:
    entries = all_structures()
    fma = [number for entry in entries for number in entry.fma_ids]
    ta2 = [entry.ta2 for entry in entries if entry.ta2 is not None]
    for values in (
        [entry.english for entry in entries],
        [entry.latin for entry in entries],
        fma,
        ta2,
    ):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_sided_ids_belong_to_paired_structures() -> None:
    sided = [entry for entry in all_structures() if entry.fma_right or entry.fma_left]
    assert len(sided) > 10
    assert all(entry.paired and entry.fma_right and entry.fma_left for entry in sided)


def test_verified_ids() -> None:
    maximus = structure("gluteus_maximus")
    assert (maximus.fma, maximus.fma_right, maximus.fma_left) == (22314, 22328, 22329)
    assert structure("gluteus_medius").ta2 == 2599
    assert structure("inferior_gluteal_nerve").fma_ids == (16511,)
    assert structure("inferior_gluteal_artery").ta2 == 4355
    assert structure("sciatic_nerve").fma_ids == ()


def test_layers_run_from_skin_to_bone() -> None:
    assert {entry.layer for entry in all_structures()} == set(range(6))
    assert structure("skin").layer == 0
    assert all((entry.layer == 5) == (entry.kind == "bone") for entry in all_structures())
    order = ["skin", "gluteus_maximus", "gluteus_medius", "gluteus_minimus", "hip_bone"]
    layers = [structure(name).layer for name in order]
    assert layers == sorted(set(layers))


def test_the_terminology_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        structures()["sacrum"] = structure("coccyx")  # type: ignore[index]
    with pytest.raises(AttributeError):
        structure("sacrum").layer = 0  # type: ignore[misc]


def test_a_good_table_is_read_in_its_order(tmp_path: Path) -> None:
    table = tmp_path / "structures.toml"
    table.write_text(OTHER + ENTRY, encoding="utf-8")
    found = load_structures(table)
    assert list(found) == ["sacrum", "gluteus_maximus"]
    assert found["sacrum"].fma_ids == (16202,)
    assert found["gluteus_maximus"].colour is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("layer = 1", "layr = 1"), "layr"),
        (("layer = 1\n", ""), "layer"),
        (("layer = 1", "layer = 6"), "layer"),
        (('kind = "muscle"', 'kind = "zone"'), "zone"),
        (('region = "gluteal"', 'region = "arm"'), "arm"),
        (("paired = true", "paired = false"), "paired"),
        (("fma_left = 22329\n", ""), "fma_left"),
        (("fma_left = 22329", "fma_left = 22328"), "22328"),
        (("fma = 22314", "fma = 0"), "fma"),
        (("fma = 22314", 'colour = "red"'), "colour"),
        (('english = "Gluteus maximus"', 'english = ""'), "english"),
        (("fma = 22314", 'id = "gluteus_medius"'), "`id`"),
    ],
)
def test_a_bad_entry_is_refused_by_name(
    refusal: Refusal, change: tuple[str, str], said: str
) -> None:
    assert change[0] in ENTRY
    sentence = refusal(OTHER + ENTRY.replace(*change))
    _, found, fault = sentence.partition("entry 'gluteus_maximus': ")
    assert found
    assert said in fault
    assert "`$" not in fault


@pytest.mark.parametrize("name", ["Gluteus", "gluteus-maximus", "gluteus__maximus", "1st"])
def test_an_id_out_of_style_is_refused(refusal: Refusal, name: str) -> None:
    assert f"'{name}'" in refusal(ENTRY.replace("gluteus_maximus", name))


@pytest.mark.parametrize(
    ("double", "said"),
    [
        (OTHER.replace('"Sacrum"', '"Gluteus maximus"'), "English name"),
        (OTHER.replace('"Os sacrum"', '"Musculus gluteus maximus"'), "Latin name"),
        (OTHER.replace("16202", "22329"), "FMA id"),
    ],
)
def test_two_entries_cannot_share_a_name_or_an_id(refusal: Refusal, double: str, said: str) -> None:
    sentence = refusal(ENTRY + double)
    assert said in sentence
    assert "'sacrum'" in sentence
    assert "'gluteus_maximus'" in sentence


def test_a_broken_file_is_refused(refusal: Refusal, tmp_path: Path) -> None:
    assert "TOML" in refusal(ENTRY.replace("[gluteus", "[[gluteus"))
    assert "[table]" in refusal("layer = 1\n" + ENTRY)
    missing = tmp_path / "nowhere.toml"
    with pytest.raises(GluteaError, match=re.escape(str(missing))):
        load_structures(missing)
    latin1 = tmp_path / "latin1.toml"
    latin1.write_bytes("# à\n".encode("latin-1"))
    with pytest.raises(GluteaError, match="UTF-8"):
        load_structures(latin1)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("gluteus", "gluteus_maximus"),
        ("Gluteus Maximus", "gluteus_maximus"),
        ("superior gemellus", "gemellus_superior"),
        ("nervus ischiadicus", "sciatic_nerve"),
        ("obturator", "obturator_internus"),
    ],
)
def test_an_unknown_structure_brings_suggestions(wanted: str, meant: str) -> None:
    with pytest.raises(GluteaError) as caught:
        structure(wanted)
    sentence = str(caught.value)
    assert sentence.startswith(f"There is no structure '{wanted}'; did you mean ")
    assert meant in sentence
    assert sentence.endswith("?")


@pytest.mark.parametrize("entry", all_structures(), ids=lambda entry: entry.id)
def test_a_slip_of_the_pen_finds_the_structure(entry: Structure) -> None:
    with pytest.raises(GluteaError, match=rf"\b{entry.id}\b"):
        structure(entry.id[:-2] + entry.id[-1] + "x")


@pytest.mark.parametrize("wanted", ["", "zzzz"])
def test_a_hopeless_name_still_says_what_names_look_like(wanted: str) -> None:
    with pytest.raises(GluteaError, match="names are written like"):
        structure(wanted)


def test_reading_the_terminology_stays_light() -> None:
    """`specimens` and `--help` read this table: nothing heavy may come along with it."""
    code = "import sys, meshes.structure as m; m.structures(); print(*sys.modules)"
    command = [sys.executable, "-c", code]
    root = Path(__file__).parents[2]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    heavy = {"numpy", "scipy", "trimesh", "vtkmodules", "pyvista", "PySide6", "pooch", "difflib"}
    assert "msgspec" in loaded
    assert loaded & heavy == set()
