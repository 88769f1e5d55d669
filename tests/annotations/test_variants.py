"""Variants in words: the table keeps to the settings, and what users write is understood."""

import re
from pathlib import Path

import msgspec
import pytest

from annotations.atlas import Atlas
from annotations.courses.variants import BRANCHES, Variants
from annotations.variants import (
    TABLE,
    load_variants_table,
    variants_table,
    with_variant,
    with_words,
    written,
)
from meshes.errors import GluteaError


def test_every_setting_and_every_value_of_it_has_its_words() -> None:
    table = variants_table()
    assert set(table) == set(Variants.__struct_fields__)
    for name, variant in table.items():
        assert getattr(Variants(), name) in variant.values
        for value in variant.values:
            # The settings themselves are the judge of what is allowed.
            changed = with_variant(Variants(), name, value)
            assert msgspec.convert(msgspec.to_builtins(changed), Variants) == changed
            assert (variant.choice(value) is None) == (name == "nerve_branches")
    assert table["nerve_branches"].values == tuple(range(BRANCHES[0], BRANCHES[1] + 1))


def test_the_types_of_the_sciatic_nerve_come_with_their_reported_shares() -> None:
    sciatic = variants_table()["sciatic"]
    shares = {v: sciatic.choices[v].claims[0].value for v in sciatic.choices}
    assert shares == {"A": 90, "B": 7, "C": 2, "D": 1}
    assert any(claim.high == 31 for claim in sciatic.claims)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("", Variants()),
        ("sciatic=B", Variants(sciatic="B")),
        (" artery = False , nerve_branches=3,", Variants(artery=False, nerve_branches=3)),
        ("artery_between=s2-s3", Variants(artery_between="S2-S3")),
        ("sciatic=b,sciatic=C", Variants(sciatic="C")),
    ],
)
def test_what_users_write(words: str, wanted: Variants) -> None:
    assert with_words(Variants(), words) == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sciatic=E", "choose one of: A, B, C, D"),
        ("nerve_branches=8", "3, 4, 5, 6, 7"),
        ("artery=maybe", "true, false"),
        ("vein=true", "no variant 'vein'"),
        ("sciatic", "write it like sciatic=B"),
    ],
)
def test_mistakes_say_what_to_do(words: str, said: str) -> None:
    with pytest.raises(GluteaError, match=re.escape(said)):
        with_words(Variants(), words)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[sciatic.choices.D]", "[sciatic.choices.F]", "sciatic"),
        ('evidence = ["iga_absent"]', 'evidence = ["iga_gone"]', "iga_gone"),
        ('only_with = { artery = "true" }', 'only_with = { artery = "perhaps" }', "perhaps"),
        ("[nerve_branches]", "[nerve_twigs]", "nerve_"),
        ('structure = "sciatic_nerve"', 'structure = "ischiadic_nerve"', "ischiadic_nerve"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "variants.toml"
    broken.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(GluteaError, match=said):
        load_variants_table(broken)


def test_values_are_written_as_the_table_has_them() -> None:
    assert [written(v) for v in (True, False, "S1-S2", 5)] == ["true", "false", "S1-S2", "5"]


def test_the_passage_of_an_absent_artery_does_not_matter() -> None:
    between = variants_table()["artery_between"]
    assert between.matters(Variants())
    assert not between.matters(Variants(artery=False))


@pytest.mark.atlas
def test_a_nerve_of_the_source_is_not_open(z_anatomy_atlas: Atlas, model_atlas: Atlas) -> None:
    sciatic = variants_table()["sciatic"]
    assert not sciatic.is_open(z_anatomy_atlas.specimen)
    assert sciatic.is_open(model_atlas.specimen)
