"""Variants in words: what can be chosen about a body's nerves and arteries, with the sources.

The settings themselves are `annotations.courses.variants.Variants`; ``variants.toml`` says what
each is called and what it rests on, and is checked against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from annotations.courses.variants import BRANCHES, Variants
from annotations.evidence import Evidence, Text, evidence
from meshes.errors import GluteaError
from meshes.specimen import SIDES, Specimen
from meshes.structure import StructureId, read_table, structures, table_error

TABLE = Path(__file__).with_name("variants.toml")
Value = str | bool | int


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One value of a setting: what it is called, what it rests on, what the source leaves open."""

    english: Text
    evidence: tuple[StructureId, ...] = ()
    remark: str = ""

    @property
    def claims(self) -> tuple[Evidence, ...]:
        """The published claims behind it."""
        return tuple(evidence()[name] for name in self.evidence)


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One setting; `choices` by the value as it is written, empty where numbers are counted up.

    `only_with`: it matters only while other settings have these values.
    """

    id: StructureId
    english: Text
    meaning: Text
    structure: StructureId
    evidence: tuple[StructureId, ...] = ()
    choices: Mapping[str, Choice] = {}
    only_with: Mapping[str, str] = {}

    @property
    def claims(self) -> tuple[Evidence, ...]:
        """The published claims about the setting as a whole."""
        return tuple(evidence()[name] for name in self.evidence)

    @property
    def values(self) -> tuple[Value, ...]:
        """What it may be set to, numbers upwards."""
        return _values()[self.id]

    def choice(self, value: Value) -> Choice | None:
        """What is said of a value; None for a number."""
        return self.choices.get(written(value))

    def is_open(self, specimen: Specimen) -> bool:
        """Whether the specimen leaves it open: what its source delivers is never moved."""
        return not any(specimen.part(self.structure, side) for side in SIDES)

    def matters(self, variants: Variants) -> bool:
        """Whether it changes anything beside the other settings."""
        return all(written(getattr(variants, n)) == v for n, v in self.only_with.items())


def written(value: Value) -> str:
    """A value as tables and commands write it: `B`, `true`, `5`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@cache
def variants_table() -> Mapping[str, Variant]:
    """Every setting by the name of its field in `Variants`. Read once, then kept."""
    return load_variants_table(TABLE)


def load_variants_table(path: Path) -> Mapping[str, Variant]:
    """Read a table of variants.

    Raises:
        GluteaError: the file cannot be read, breaks the schema, rests on unknown evidence or
            names an unknown structure, or its settings and values are not those of `Variants`.
    """
    table = read_table(path, Variant)
    fields = _values()
    for name in [*fields, *table]:
        if name not in table:
            raise table_error(path, name, "this setting has no entry")
        if name not in fields:
            raise table_error(path, name, "there is no such setting")
        entry = table[name]
        wanted = [] if _counted(fields[name]) else [written(value) for value in fields[name]]
        if sorted(entry.choices) != sorted(wanted):
            known = ", ".join(wanted) or "none: its values are counted up"
            raise table_error(path, name, f"its choices are not those of the setting ({known})")
        if entry.structure not in structures():
            raise table_error(path, name, f"'{entry.structure}' is no structure")
        for claims in (entry.evidence, *(choice.evidence for choice in entry.choices.values())):
            if unknown := [claim for claim in claims if claim not in evidence()]:
                raise table_error(path, name, f"'{unknown[0]}' is no entry of evidence")
        for other, value in entry.only_with.items():
            if other not in fields or value not in map(written, fields[other]):
                raise table_error(path, name, f"it depends on '{other} = {value}', which cannot be")
    return table


def with_variant(variants: Variants, name: str, value: Value) -> Variants:
    """The variants with one setting changed; the value as it is, or as it is written (`"true"`).

    Raises:
        GluteaError: there is no such setting, or it has no such value.
    """
    table = variants_table()
    if name not in table:
        raise GluteaError(f"There is no variant '{name}'; choose one of: {', '.join(table)}.")
    for known in table[name].values:
        if written(known).lower() == written(value).lower():
            return msgspec.structs.replace(variants, **{name: known})
    values = ", ".join(map(written, table[name].values))
    raise GluteaError(f"The variant {name} cannot be '{written(value)}'; choose one of: {values}.")


def with_words(variants: Variants, words: str) -> Variants:
    """The variants with what a user wrote: `sciatic=B, artery=false`.

    Raises:
        GluteaError: as `with_variant`, or a word is no pair.
    """
    for word in filter(None, map(str.strip, words.split(","))):
        name, is_pair, value = map(str.strip, word.partition("="))
        if not is_pair:
            raise GluteaError(f"'{word}' sets no variant: write it like sciatic=B.")
        variants = with_variant(variants, name, value)
    return variants


@cache
def _values() -> Mapping[str, tuple[Value, ...]]:
    """What each field of `Variants` may be, from its type; the usual value of a switch first."""
    found: dict[str, tuple[Value, ...]] = {}
    info = msgspec.inspect.type_info(Variants)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        if isinstance(field.type, msgspec.inspect.LiteralType):
            found[field.name] = tuple(str(value) for value in field.type.values)
        elif isinstance(field.type, msgspec.inspect.BoolType):
            found[field.name] = (field.default, not field.default)
        else:
            found[field.name] = tuple(range(BRANCHES[0], BRANCHES[1] + 1))
    return found


def _counted(values: tuple[Value, ...]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)
