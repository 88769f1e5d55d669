"""The terminology: every structure that a specimen may hold, read from ``structures.toml``."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from meshes.errors import GluteaError

Kind = Literal["bone", "muscle", "ligament", "nerve", "artery", "vein", "fascia", "skin"]
Region = Literal["gluteal", "thigh", "pelvis", "back"]
StructureId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^\S(.*\S)?$")]
Layer = Annotated[int, msgspec.Meta(ge=0, le=5)]
Number = Annotated[int, msgspec.Meta(gt=0)]
Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-f]{6}$")]

TABLE = Path(__file__).with_name("structures.toml")


class Structure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An entry of the terminology.

    ``layer`` is the dissection layer, from 0 (skin) to 5 (bone), on the scale written at the top
    of ``structures.toml``. ``fma`` is the id of the structure as such, ``fma_right`` and
    ``fma_left`` those of its two sides, ``ta2`` its number in Terminologia Anatomica 2; an id
    that nobody has verified is None. ``colour`` ("#rrggbb") is None where the kind's will do.
    """

    id: StructureId
    kind: Kind
    english: Name
    latin: Name
    layer: Layer
    region: Region
    paired: bool
    fma: Number | None = None
    fma_right: Number | None = None
    fma_left: Number | None = None
    ta2: Number | None = None
    colour: Colour | None = None

    def __post_init__(self) -> None:
        """Check what the types alone cannot say; msgspec reports it with the entry."""
        if (self.fma_right is None) != (self.fma_left is None):
            raise ValueError("fma_right and fma_left come together")
        if self.fma_right is not None and not self.paired:
            raise ValueError("fma_right and fma_left are for paired structures only")

    @property
    def fma_ids(self) -> tuple[int, ...]:
        """The FMA ids that are known, of the structure as such and of its sides."""
        return tuple(i for i in (self.fma, self.fma_right, self.fma_left) if i is not None)


@cache
def structures() -> Mapping[str, Structure]:
    """Return the terminology by id, in the order of the table. Read once, then kept."""
    return load_structures(TABLE)


def structure(structure_id: str) -> Structure:
    """Return one entry of the terminology.

    Raises:
        GluteaError: there is no such structure; the message names the closest ones.
    """
    try:
        return structures()[structure_id]
    except KeyError:
        raise GluteaError(_no_such_structure(structure_id, structures())) from None


def load_structures(path: Path) -> Mapping[str, Structure]:
    """Read a table of structures, with every check that the shipped one must pass.

    Raises:
        GluteaError: the file cannot be read, an entry breaks the schema, or two entries share a
            name or an FMA id; the message names the table and the entry.
    """
    found = read_table(path, Structure)
    require_unique(path, found, "the English name", lambda entry: (entry.english,))
    require_unique(path, found, "the Latin name", lambda entry: (entry.latin,))
    require_unique(path, found, "the FMA id", lambda entry: entry.fma_ids)
    return found


Entry = TypeVar("Entry", bound=msgspec.Struct)


def read_table(path: Path, entry_type: type[Entry]) -> Mapping[str, Entry]:
    """Read a TOML file of tables into ``entry_type``; each table's name becomes its ``id``.

    Raises:
        GluteaError: the file cannot be read, or an entry does not fit ``entry_type``.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise GluteaError(f"The table {path} cannot be read ({reason}); restore it.") from error
    except UnicodeDecodeError as error:
        raise GluteaError(f"The table {path} is not UTF-8 text; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise GluteaError(f"The table {path} is not valid TOML: {error}; mend it there.") from error
    return MappingProxyType({name: _entry(path, name, raw[name], entry_type) for name in raw})


def _entry(path: Path, name: str, fields: Any, entry_type: type[Entry]) -> Entry:
    if not isinstance(fields, dict):
        raise table_error(path, name, "it stands outside every [table]")
    if "id" in fields:
        raise table_error(path, name, "the table's name is its id, so it needs no key `id`")
    try:
        return msgspec.convert({"id": name, **fields}, entry_type)
    except msgspec.ValidationError as error:
        raise table_error(path, name, _without_root(str(error))) from error


def _without_root(message: str) -> str:
    """Msgspec's "… - at `$.kind`" as "… - at `kind`": a reader of the table knows no `$`."""
    return re.sub(r" - at `\$\.?([^`]*)`$", r" (at `\1`)", message).removesuffix(" (at ``)")


def table_error(path: Path, name: str, fault: str) -> GluteaError:
    """Return the error for a fault in one entry of a table; ``fault`` ends without a stop."""
    return GluteaError(f"In the table {path}, entry '{name}': {fault}; mend that entry.")


def require_unique(
    path: Path,
    entries: Mapping[str, Entry],
    what: str,
    values_of: Callable[[Entry], Iterable[object]],
) -> None:
    """Raise GluteaError if two entries, or two fields of one, share one of ``values_of``."""
    owners: dict[object, str] = {}
    for name, entry in entries.items():
        for value in values_of(entry):
            if value in owners:
                fault = f"{what} '{value}' already belongs to '{owners[value]}'"
                raise table_error(path, name, fault)
            owners[value] = name


def _no_such_structure(wanted: str, known: Mapping[str, Structure]) -> str:
    close = _close_matches(wanted, known)
    if not close:
        hint = f"names are written like {', '.join(list(known)[:2])}"
        return f"There is no structure '{wanted}'; {hint}."
    if len(close) > 1:
        close[-2:] = [f"{close[-2]} or {close[-1]}"]
    return f"There is no structure '{wanted}'; did you mean {', '.join(close)}?"


def _close_matches(wanted: str, known: Mapping[str, Structure]) -> list[str]:
    """Return at most four ids like ``wanted``, which may be an English or a Latin name too."""
    # Only a mistake pays for this import, not every start.
    from difflib import get_close_matches

    spelled = _spelled_as_id(wanted)
    if not spelled:
        return []
    # "superior gemellus" is as good English as "gemellus superior": the order does not matter.
    words = set(spelled.split("_"))
    close = [name for name in known if spelled in name or words <= set(name.split("_"))]
    latin = {_spelled_as_id(entry.latin): name for name, entry in known.items()}
    close += [latin[name] for name in get_close_matches(spelled, latin, n=2, cutoff=0.8)]
    close += get_close_matches(spelled, known, n=4)
    return list(dict.fromkeys(close))[:4]


def _spelled_as_id(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())
