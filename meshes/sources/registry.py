"""The registry of specimens: title, licence, credit lines and the files to fetch."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import msgspec

from meshes.errors import GluteaError


class SourceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a specimen, known by its address and its SHA-256."""

    name: str
    address: str
    sha256: str
    bytes: int


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A specimen as the registry describes it; without files it comes with the program."""

    title: str
    licence: str
    credits: tuple[str, ...]
    how_made: str
    files: tuple[SourceFile, ...] = ()

    @property
    def size_mb(self) -> float:
        """What a download costs, in megabytes (10⁶ bytes)."""
        return sum(file.bytes for file in self.files) / 1e6


@cache
def registry() -> Mapping[str, Source]:
    """Every known specimen by name, in the table's order."""
    table = Path(__file__).with_name("registry.toml").read_bytes()
    return msgspec.toml.decode(table, type=dict[str, Source])


def source(name: str) -> Source:
    """One entry.

    Raises:
        GluteaError: there is no such specimen; names those there are.
    """
    known = registry()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"choose one of: {', '.join(known)}."
        raise GluteaError(f"There is no specimen '{name}'; {hint}")
    return known[name]
