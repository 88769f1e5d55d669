"""The table of courses, schema-checked: what runs where, in terms of landmarks and parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from annotations.courses.variants import Variants
from annotations.evidence import evidence

Triple = tuple[float, float, float]
WishKind = Literal[
    "landmark", "wall", "medial_of", "lateral_of", "behind", "medial", "up", "back", "below",
    "direction", "near", "room", "beside", "not_medial_of",
]  # fmt: skip


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where many pass side by side: along `flow` (medial, up, back), `ordered` or not."""

    flow: Triple
    ordered: bool = False


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all courses share; lengths in mm for a femoral head of `reference_head_radius_mm`."""

    reference_head_radius_mm: float
    grid_mm: float
    wide_grid_mm: float
    step_mm: float
    clearance_mm: float
    least_clearance_mm: float
    room_mm: float
    root_free_mm: float
    junction_mm: float
    entry_free_mm: float
    door_half_depth_mm: float
    curtain_mm: float
    hug_mm: float
    largest_turn_deg: float
    turn_over_mm: float
    largest_winding_deg: float
    obstacle_kinds: tuple[str, ...]
    source_neighbours: tuple[str, ...]
    thin_sheets: tuple[str, ...]
    order: tuple[str, ...]
    plexus: tuple[str, ...]
    thought_root_diameter_mm: float
    gates: Mapping[str, Gate]


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wish for a point, weighed against the others: deviation over tolerance, squared.

    Kinds: `landmark` distance to it; `wall` distance of the tube's wall to a part; `medial_of`,
    `lateral_of` gap to a neighbour at the lower border of piriformis, `not_medial_of` at least
    that gap; `behind` a neighbour;
    `medial`, `up`, `back` coordinates in the foramen's frame; `below` under the lower border of
    piriformis; `direction` away from the point before, along (lateral, posterior, superior);
    `near` distance to a point between two landmarks; `room` free space round the tube's wall;
    `beside` distance of the walls of two courses.
    """

    kind: WishKind
    of: tuple[str, ...] = ()
    mm: float = 0.0
    evidence: str | None = None
    tolerance_mm: float = 2.0
    direction: Triple = (0.0, 0.0, 0.0)
    share: float = 0.5
    offset_mm: Triple = (0.0, 0.0, 0.0)

    @property
    def wanted_mm(self) -> float:
        """The distance wished for."""
        return value_of(self.evidence) if self.evidence else self.mm


class Waypoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place that a course passes, as candidates and wishes.

    Candidates, exactly one of: `between` one or two landmarks, moved by `offset_mm` (lateral,
    posterior, superior) and by up to `room_mm` to where there is room; `end_of` a part (its
    lowest or highest end); `on` a branch solved before ("structure/branch"), `at` a share of its
    length; `door` of the greater sciatic foramen; `face` of a part seen from the front, lifted
    off it; `back_of` a nerve or vessel, along the middle of its back; `into` a part's surface
    (gluteus maximus: its deep one).
    """

    between: tuple[str, ...] = ()
    share: float = 0.5
    offset_mm: Triple = (0.0, 0.0, 0.0)
    room_mm: float = 6.0
    end_of: str | None = None
    end: Literal["lowest", "highest"] = "lowest"
    on: str | None = None
    at: float = 0.5
    door: Literal["infrapiriform", "suprapiriform"] | None = None
    face: str | None = None
    back_of: str | None = None
    into: str | None = None
    inside: str | None = None
    wishes: tuple[Wish, ...] = ()
    hold: float = 0.0  # how firmly relaxation keeps to it, 0 not at all
    lift_mm: float = 1.0
    opens: tuple[str, ...] = ()  # walls that are closed only until the way to here
    closes: tuple[str, ...] = ()  # walls that are closed from the way to here on
    outside: bool = False  # only places behind the foramen's plane, outside the pelvis
    gate: str | None = None  # places of one gate are allotted together; a door is one
    when_missing: str | None = None  # only where the specimen lacks this part


class Twig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A branch of a fan that does not sink in but goes on to the skin."""

    name: str
    setting: str
    diameter: str
    share: float


class Fan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Branches spread over the deep surface of gluteus maximus; names by their number."""

    names: Mapping[str, tuple[str, ...]]
    from_deg: float
    to_deg: float
    share: float
    sink_mm: float
    count_setting: str | None = None
    count: int = 0
    diameter: str | None = None
    diameter_mm: tuple[float, float] = (0.0, 0.0)
    twig: Twig | None = None


class BranchEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a course. `parent` and `joins`: a root ends on it, a branch starts on it."""

    name: str
    way: tuple[Waypoint, ...]
    role: Literal["trunk", "root", "branch"] = "trunk"
    parent: str | None = None
    diameter: tuple[str, ...] = ()
    diameter_mm: tuple[float, ...] = ()
    flatness: float = 1.0
    flat_towards: Triple | None = None  # where its flat faces look; backwards out of the foramen
    through: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = {}
    grid: Literal["near", "wide"] = "near"
    sink_mm: float = 0.0
    starts_on_bone: bool = False
    joins_at: float = 0.0
    between: tuple[str, str] | None = None  # the sacral nerves that it passes between, e.g. S1, S2

    @property
    def radii_mm(self) -> tuple[float, ...]:
        """Half the widths along the line, evenly spread from its start to its end."""
        widths = tuple(value_of(claim) for claim in self.diameter) or self.diameter_mm
        return tuple(width / 2 for width in widths)


class CourseEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One nerve or vessel.

    `springs_from`: nerves and vessels that it may touch, because one comes from the other.
    `may_be_left_out`: where it cannot pass it is left out and reported; the nerve and the artery
    that the atlas is about are drawn, with the fault named.
    """

    structure: str
    note: str
    branch: tuple[BranchEntry, ...]
    if_missing: bool = False
    springs_from: tuple[str, ...] = ()
    exit: Literal["infrapiriform", "suprapiriform"] | None = None
    passes: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = {}
    fan: Fan | None = None
    may_be_left_out: bool = False


class CourseTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`courses.toml`; solved in the table's order, fans last."""

    settings: Settings
    course: tuple[CourseEntry, ...]


@cache
def course_table() -> CourseTable:
    """The table, schema-checked."""
    path = Path(__file__).with_name("courses.toml")
    return msgspec.toml.decode(path.read_bytes(), type=CourseTable)


def applies(when: Mapping[str, tuple[str, ...]], variants: Variants) -> bool:
    """Whether an entry belongs to these settings."""
    return all(str(getattr(variants, name)).lower() in wanted for name, wanted in when.items())


SLIM_SHARE = 0.75  # of a schematic width


def slimmer(row: BranchEntry) -> BranchEntry:
    """The row drawn narrower: by a standard deviation, or as its published range allows.

    A schematic width is drawn a quarter narrower; one that the evidence table names stays.
    """
    widths = tuple(_slim(claim) for claim in row.diameter)
    widths = widths or tuple(SLIM_SHARE * width for width in row.diameter_mm)
    return msgspec.structs.replace(row, diameter=(), diameter_mm=widths)


def _slim(claim: str) -> float:
    entry, middle = evidence()[claim], value_of(claim)
    if entry.spread is not None:
        return middle - entry.spread
    published = entry.mark != "inferred" and entry.low is not None
    return float(entry.low) if published and entry.low is not None else middle


def value_of(claim: str) -> float:
    """The figure of an evidence entry; the middle of its range where it gives no single one."""
    entry = evidence()[claim]
    if entry.value is not None:
        return float(entry.value)
    if entry.low is None or entry.high is None:
        raise ValueError(f"the evidence entry '{claim}' has no figure")
    return (entry.low + entry.high) / 2
