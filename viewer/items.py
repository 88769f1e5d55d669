"""Everything of an atlas that can be shown or hidden, and how to name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from annotations.atlas import Atlas
from annotations.zones.table import zone_keys, zone_words
from meshes.errors import GluteaError
from meshes.specimen import Origin, Side, part_id
from meshes.structure import Kind, Region, structures
from viewer.scene import ZONE

Group = Kind | Literal["zone", "landmark", "line"]
Direction = tuple[float, float, float]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]

TABLE = Path(__file__).with_name("views.toml")
LINE = "psis_trochanter"


class Around(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ball that a close view is fitted to; see `views.toml`."""

    landmarks: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
    reach: Annotated[float, msgspec.Meta(gt=0.0)]


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"towards": "from"}):
    """Where the camera stands (`towards`) and what is up, as anatomical directions.

    See `views.toml` for the rest.
    """

    title: str
    meaning: str
    towards: Direction
    up: Direction
    mirrored: bool = False
    cut: bool = False
    short: str = ""
    around: Around | None = None


class Framing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a view is fitted to; see `views.toml`."""

    regions: tuple[Region, ...]
    view_angle_deg: Annotated[float, msgspec.Meta(gt=0.0, lt=90.0)]
    margin: Annotated[float, msgspec.Meta(ge=0.0, lt=0.4)]
    floor_landmark: str
    floor_superior_mm: float
    only_while_shown: tuple[Kind, ...]


class LandmarkName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written on a landmark, and its name in full."""

    label: str
    english: str


class LineName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a dimension line."""

    english: str


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a preset: which items (None fits all) and what becomes of them."""

    groups: tuple[Group, ...] | None = None
    regions: tuple[Region, ...] | None = None
    layers: tuple[int, ...] | None = None
    names: tuple[str, ...] | None = None
    sides: tuple[Side, ...] | None = None
    visible: bool | None = None
    opacity: Share | None = None
    use: str | None = None

    def fits(self, item: Item) -> bool:
        """Whether the rule applies to the item."""
        return (
            (self.groups is None or item.group in self.groups)
            and (self.regions is None or item.region in self.regions)
            and (self.layers is None or item.layer in self.layers)
            and (self.names is None or item.name in self.names)
            and (self.sides is None or item.side in self.sides)
        )


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named way to show the region; `button` where the window has one for it."""

    title: str
    meaning: str
    rules: tuple[Rule, ...]
    button: bool = False


class ViewTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`views.toml`."""

    views: dict[str, View]
    framing: Framing
    landmarks: dict[str, LandmarkName]
    lines: dict[str, LineName]
    presets: dict[str, Preset]

    def __post_init__(self) -> None:
        """Close views go by known landmarks; presets use only those above them: no circles."""
        for name, view in self.views.items():
            for landmark in view.around.landmarks if view.around is not None else ():
                if landmark not in self.landmarks:
                    raise ValueError(
                        f"view '{name}' lies around '{landmark}', which is no landmark"
                    )
        above: set[str] = set()
        for name, preset in self.presets.items():
            for rule in preset.rules:
                if rule.use is not None and rule.use not in above:
                    raise ValueError(f"preset '{name}' uses '{rule.use}', which is not above it")
            above.add(name)


@cache
def view_table() -> ViewTable:
    """The table, schema-checked; read once."""
    return load_view_table(TABLE)


def load_view_table(path: Path) -> ViewTable:
    """Read a table of views.

    Raises:
        GluteaError: the file is missing, or breaks the schema (the message says where).
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=ViewTable)
    except OSError as error:
        reason = error.strerror or error
        raise GluteaError(f"The table {path} cannot be read ({reason}); restore it.") from error
    except msgspec.MsgspecError as error:
        raise GluteaError(f"In the table {path}: {error}; mend that entry.") from error


class Item(msgspec.Struct, frozen=True):
    """Something that can be shown or hidden.

    `id` is the key in `SceneState.looks`; `group` a structure's kind, or zone, landmark, line;
    `english` the name without its side; `name` that of the structure, zone, landmark or line;
    `structure`, `region`, `layer` and `origin` are None where there is no part.
    """

    id: str
    group: Group
    side: Side
    english: str
    name: str
    structure: str | None = None
    region: Region | None = None
    layer: int | None = None
    origin: Origin | None = None


def items(atlas: Atlas) -> list[Item]:
    """Every item of the atlas: parts and courses in the order of the terminology, then the rest."""
    return [*_parts(atlas), *_zones(atlas), *_landmarks(atlas), *_lines(atlas)]


def _parts(atlas: Atlas) -> Iterator[Item]:
    for name, entry in structures().items():
        for side in _sides():
            if part := atlas.parts.get(part_id(name, side)):
                yield Item(
                    id=part.id,
                    group=entry.kind,
                    side=side,
                    english=entry.english,
                    name=name,
                    structure=name,
                    region=entry.region,
                    layer=entry.layer,
                    origin=part.origin,
                )


def _zones(atlas: Atlas) -> Iterator[Item]:
    for name in zone_keys():
        for side in _sides():
            if side in atlas.zones and name in atlas.zones[side].patches:
                yield Item(f"{ZONE}{part_id(name, side)}", "zone", side, zone_words(name), name)


def _landmarks(atlas: Atlas) -> Iterator[Item]:
    for name, entry in view_table().landmarks.items():
        for side in _sides():
            if name in atlas.specimen.landmarks.get(side, {}):
                item = f"landmark/{part_id(name, side)}"
                yield Item(item, "landmark", side, entry.english, name)


def _lines(atlas: Atlas) -> Iterator[Item]:
    english = view_table().lines[LINE].english
    for side in _sides():
        if side in atlas.zones:
            yield Item(f"line/{part_id(LINE, side)}", "line", side, english, LINE)


def _sides() -> tuple[Side, ...]:
    return ("left", "right", "midline")


def select(atlas: Atlas, selector: str) -> list[str]:
    """The ids of the items that a user's word means.

    A structure, zone, landmark or line (`gluteus_maximus`: all its sides), one item
    (`gluteus_maximus_left`, `zone/entry_zone_left`), a kind (`muscle`, `muscles`, `zone`) or a
    region (`thigh`).

    Raises:
        GluteaError: the atlas has nothing of that name; the message names what is close.
    """
    wanted = selector.strip().lower().replace(" ", "_").replace("-", "_")
    everything = items(atlas)
    for fits in (
        lambda item: item.id == wanted,
        lambda item: item.id.partition("/")[2] == wanted,
        lambda item: item.name == wanted,
        lambda item: wanted in (item.group, f"{item.group}s"),
        lambda item: item.region == wanted,
    ):
        if found := [item.id for item in everything if fits(item)]:
            return found
    raise GluteaError(_nothing_named(wanted, selector, everything, atlas))


def _nothing_named(wanted: str, written: str, known: Iterable[Item], atlas: Atlas) -> str:
    specimen = atlas.specimen.name
    base = wanted.removeprefix(ZONE).removesuffix("_left").removesuffix("_right")
    if base in structures():
        english = structures()[base].english
        return f"The specimen '{specimen}' has no {english}: choose another structure or specimen."
    if base in zone_keys():
        return (
            f"{zone_words(base)}: there is none on the specimen '{specimen}' with these limits; "
            "choose another zone or specimen."
        )
    # Only a mistake pays for this import.
    from difflib import get_close_matches

    names = dict.fromkeys(name for item in known for name in (item.name, item.group, item.id))
    words = set(wanted.split("_"))
    close = [name for name in names if wanted in name or words == set(name.split("_"))]
    close += get_close_matches(wanted, names, n=4)
    close = list(dict.fromkeys(close))[:4]
    if not close:
        hint = "names are written like gluteus_maximus, gluteus_maximus_left or muscle"
    else:
        hint = "did you mean " + " or ".join(filter(None, (", ".join(close[:-1]), close[-1]))) + "?"
    return f"There is no structure, zone or landmark '{written}' here; {hint}".rstrip(".") + (
        "" if close else "."
    )
