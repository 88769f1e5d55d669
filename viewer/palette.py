"""Colours and surfaces of everything that is drawn, from ``palette.toml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from annotations.zones.zone import split_key
from meshes.errors import GluteaError
from meshes.structure import Kind, structures

Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-f]{6}$")]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
Rgb = tuple[float, float, float]

TABLE = Path(__file__).with_name("palette.toml")


class Material(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a surface answers light; `power` is how tight its highlight is, `cut` a cut face."""

    colour: Colour
    ambient: Share
    diffuse: Share
    specular: Share
    power: Positive
    cut: Colour | None = None


class Hatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines, crossed lines or dots over a zone's colour, at distances on the surface.

    `angle_deg` anticlockwise from level, as seen from behind; `width_mm` of a line or a dot.
    """

    pattern: Literal["lines", "cross", "dots"]
    spacing_mm: Positive
    width_mm: Positive
    angle_deg: float = 0.0


class ZoneInk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a zone is filled, hatched and bordered; the border's ink hatches too.

    Where zones coincide, the higher `rank` is on top.
    """

    colour: Colour
    edge: Colour
    opacity: Share
    rank: Annotated[int, msgspec.Meta(ge=0)]
    hatch: Hatch


class LandmarkInk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Colour of landmarks; `own` for those that go with a zone."""

    colour: Colour
    own: dict[str, Colour] = {}


class Stripes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The light stripes on schematic parts."""

    colour: Colour
    share: Share
    period_mm: Positive
    light: Share


class Relief(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much hollows darken and crests lighten, per unit of slope; see `palette.toml`."""

    edge_mm: Positive
    dark: float
    dark_most: Share
    light: float
    light_most: Share
    flat: float


class Highlight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The outline of what is selected, and how far its own colour changes; see `palette.toml`."""

    colour: Colour
    share: Share
    ghost_share: Share


class Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A background with the inks that are legible on it."""

    top: Colour
    bottom: Colour
    text: Colour
    muted: Colour
    plate: Colour
    line: Colour
    cube: Colour


class Lamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"towards": "from"}):
    """A lamp that moves with the camera; `towards` is (right, up, to the viewer)."""

    name: str
    towards: tuple[float, float, float]
    intensity: Share
    colour: Colour


class Palette(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`palette.toml`."""

    kinds: dict[Kind, Material]
    muscle_layers: dict[int, Annotated[tuple[Colour, ...], msgspec.Meta(min_length=1)]]
    fields: dict[Literal["tendon", "cartilage"], Colour]
    relief: Relief
    stripes: Stripes
    zones: dict[str, ZoneInk]
    landmarks: LandmarkInk
    selected: Highlight
    themes: dict[Literal["light", "dark"], Theme]
    lamps: Annotated[tuple[Lamp, ...], msgspec.Meta(min_length=1)]


@cache
def palette() -> Palette:
    """The palette, schema-checked; read once."""
    return load_palette(TABLE)


def load_palette(path: Path) -> Palette:
    """Read a palette.

    Raises:
        GluteaError: the file is missing, or breaks the schema (the message says where).
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Palette, strict=False)
    except OSError as error:
        reason = error.strerror or error
        raise GluteaError(f"The table {path} cannot be read ({reason}); restore it.") from error
    except msgspec.MsgspecError as error:
        raise GluteaError(f"In the table {path}: {error}; mend that entry.") from error


@cache
def structure_colour(structure_id: str) -> Colour:
    """The colour of a structure as "#rrggbb": its own, its layer's (muscles), or its kind's."""
    entry = structures()[structure_id]
    if entry.colour is not None:
        return entry.colour
    shades = palette().muscle_layers.get(entry.layer)
    if entry.kind == "muscle" and shades:
        return shades[_muscles_of(entry.layer).index(structure_id) % len(shades)]
    return palette().kinds[entry.kind].colour


@cache
def _muscles_of(layer: int) -> list[str]:
    return [i for i, s in structures().items() if (s.kind, s.layer) == ("muscle", layer)]


def material_of(structure_id: str) -> Material:
    """The material of a structure, in its own colour."""
    material = palette().kinds[structures()[structure_id].kind]
    return msgspec.structs.replace(material, colour=structure_colour(structure_id))


def landmark_colour(name: str) -> Colour:
    """The colour of a landmark's point."""
    inks = palette().landmarks
    return inks.own.get(name, inks.colour)


def colour_of(item: str) -> Colour:
    """The colour that stands for an item (see `viewer.scene`) in the tree and the legend.

    Raises:
        GluteaError: nothing of that name can be drawn.
    """
    group, slash, name = item.partition("/")
    name = without_side(name if slash else group)
    if group == "zone" and split_key(name)[0] in palette().zones:
        return palette().zones[split_key(name)[0]].colour
    if slash and group == "landmark":
        return landmark_colour(name)
    if slash and group == "line":
        return palette().landmarks.colour
    if not slash and name in structures():
        return structure_colour(name)
    raise GluteaError(f"There is nothing named '{item}' to be drawn; check its spelling.")


def without_side(name: str) -> str:
    """`gluteus_maximus_left` → `gluteus_maximus`."""
    return name.removesuffix("_left").removesuffix("_right")


def rgb(colour: Colour) -> Rgb:
    """The colour "#rrggbb" as three shares from 0 to 1."""
    red, green, blue = bytes.fromhex(colour[1:])
    return (red / 255, green / 255, blue / 255)


def blend(one: Rgb, other: Rgb, share: float) -> Rgb:
    """`one`, taken the given share of the way to `other`."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return (red, green, blue)
