import msgspec
import pytest

from meshes.errors import GluteaError
from meshes.modelling import table
from meshes.structure import structures


def test_every_part_of_the_table_is_a_structure() -> None:
    assert set(table.footprints().order) <= set(structures())
    assert set(table.footprints().left_out_of_previews) <= set(table.footprints().order)


def test_a_fault_in_the_table_is_said_in_one_sentence(tmp_path, monkeypatch) -> None:
    wrong = tmp_path / "footprints.toml"
    wrong.write_text(table.PATH.read_text().replace("reference_head_radius_mm", "radius"))
    monkeypatch.setattr(table, "PATH", wrong)
    with pytest.raises(GluteaError, match="cannot be read"):
        table.footprints.__wrapped__()


def test_points_of_a_chart_are_numbers() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"chart": "ilium", "at": [["a", 1]]}, table.Run)
