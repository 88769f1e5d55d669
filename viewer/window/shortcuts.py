"""The keys of the window, from ``viewer/shortcuts.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

from meshes.structure import StructureId, read_table, table_error

TABLE = Path(__file__).parents[1] / "shortcuts.toml"


class Shortcut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of one command; `hold`: it lasts as long as the key is held down."""

    id: StructureId
    keys: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    where: Literal["window", "view"] = "window"
    hold: bool = False

    @property
    def sequences(self) -> list[QKeySequence]:
        """The keys as Qt takes them."""
        return [QKeySequence(key, QKeySequence.SequenceFormat.PortableText) for key in self.keys]

    @property
    def combinations(self) -> list[QKeyCombination]:
        """Each key with its modifiers."""
        # PySide's type hints do not know that a sequence can be indexed.
        return [sequence[0] for sequence in self.sequences]  # type: ignore[index]

    @property
    def text(self) -> str:
        """The keys as this machine's keyboard has them: "Ctrl+E or Ctrl+Shift+S"."""
        native = QKeySequence.SequenceFormat.NativeText
        return " or ".join(sequence.toString(native) for sequence in self.sequences)


@cache
def shortcuts() -> Mapping[str, Shortcut]:
    """The table by command. Read once, then kept."""
    return load_shortcuts(TABLE)


def load_shortcuts(path: Path) -> Mapping[str, Shortcut]:
    """Read a table of shortcuts.

    Raises:
        GluteaError: the file cannot be read, an entry breaks the schema, is no key, or takes a
            key that another entry has.
    """
    table = read_table(path, Shortcut)
    owners: dict[str, str] = {}
    for name, entry in table.items():
        for key, sequence in zip(entry.keys, entry.sequences, strict=True):
            if not _is_key(sequence):
                raise table_error(path, name, f"'{key}' is no key that Qt knows")
            spelled = sequence.toString()
            if spelled in owners:
                raise table_error(path, name, f"'{key}' already belongs to '{owners[spelled]}'")
            owners[spelled] = name
        if entry.hold and any(c.keyboardModifiers().value for c in entry.combinations):
            raise table_error(path, name, "what is held down must be a single key")
    return table


def _is_key(sequence: QKeySequence) -> bool:
    # Qt turns what it cannot read into a sequence of no key, or of the key "unknown".
    unknown = QKeySequence(Qt.Key.Key_unknown).toString()
    return sequence.count() == 1 and sequence.toString() not in ("", unknown)
