"""No figure without a source: what is read on screen rests on the table of evidence."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from annotations.evidence import Evidence, evidence

ROOT = Path(__file__).parents[2]
TABLES = [path for path in (ROOT / "annotations").rglob("*.toml") if path.stem != "evidence"]
MEASURE = re.compile(
    r"(?P<low>\d+(?:\.\d+)?)(?:–(?P<high>\d+(?:\.\d+)?))? ?(?P<unit>mm|cm³|cm|%|°)(?![²\w])"
)
# Words of a table that a reader sees.
READ = {"text", "meaning", "remark", "note", "english", "reading", "reason"}
# A figure of the program, not of anatomy.
NOT_ANATOMY = {("viewer/window/tree.py", 100.0)}  # how opaque a part is


def measures(text: str) -> Iterator[float]:
    """Every figure with a unit, lengths in mm."""
    for found in MEASURE.finditer(text):
        per_unit = 10 if found["unit"] == "cm" else 1
        yield from (float(figure) * per_unit for figure in found.group(1, 2) if figure)


def figures(entry: Evidence) -> set[float]:
    """The figures that a claim states, in its unit."""
    stated = (entry.value, entry.spread, entry.low, entry.high)
    return {figure for figure in stated if figure is not None}


def tables(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every table within a table, outermost first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from tables(inner)


def strings(value: Any) -> Iterator[str]:
    """Every string within a table."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def test_a_measure_is_found_in_a_text() -> None:
    assert list(measures("5–6 cm, 0.7 mm; 30–60 % of 12 cm² and L5")) == [50, 60, 0.7, 30, 60]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_a_figure_in_a_table_s_words_is_one_of_the_claims_beside_it(path: Path) -> None:
    for table in tables(tomllib.loads(path.read_text(encoding="utf-8"))):
        beside = table.get("evidence", [])
        named = [beside] if isinstance(beside, str) else beside
        known = {figure for name in named for figure in figures(evidence()[name])}
        # A fact may repeat any figure of its claim's sentence.
        known |= {figure for name in named for figure in measures(evidence()[name].claim)}
        for key in READ & set(table):
            if isinstance(table[key], str):
                assert set(measures(table[key])) <= known, table[key]


def test_no_figure_of_anatomy_is_written_into_the_code() -> None:
    """Sentences on screen take their figures from the tables or from the specimen."""
    for folder in ("annotations", "meshes", "viewer"):
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            for text in literals(ast.parse(path.read_text(encoding="utf-8"))):
                for figure in measures(text):
                    assert (name, figure) in NOT_ANATOMY, f"{name}: {text}"


def literals(tree: ast.AST) -> Iterator[str]:
    """Every string of a module that is no docstring."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield node.value


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_figures_for_readers_of_the_project_are_those_of_the_evidence(name: str) -> None:
    known = {figure for entry in evidence().values() for figure in figures(entry)}
    found = set(measures((ROOT / name).read_text(encoding="utf-8")))
    assert found and found <= known


def test_every_claim_is_used() -> None:
    """By a table that names it; or it says how a course is drawn, which the window shows."""
    read = [tomllib.loads(path.read_text(encoding="utf-8")) for path in TABLES]
    used = {text for table in read for text in strings(table)}
    idle = [name for name in evidence() if name not in used and not name.endswith("_drawn")]
    assert idle == []
