"""The table `footprints.toml`: every anatomical number of the modelled parts, schema-checked."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from meshes.errors import GluteaError

Triple = tuple[float, float, float]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Chart = Literal[
    "ilium",
    "trochanter",
    "shaft",
    "sacrum_front",
    "sacrum_back",
    "sacrum_edge",
    "coccyx",
    "foramen",
    "point",
    "between",
    "sheet",
]
Bone = Literal["hip_bone", "femur", "sacrum", "coccyx"]


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Consecutive points of a curve that are written in the same chart (see `charts.py`)."""

    chart: Chart
    at: list[tuple[float, ...]]
    shift: Triple = (0.0, 0.0, 0.0)
    landmarks: tuple[str, ...] = ()
    of: str = ""
    snap: Bone | None = None
    facing: Triple | None = None
    along: Triple | None = None


class Thickness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thickness over a sheet: a belly along the fibres times a profile across them."""

    top_mm: Positive
    deep_mm: float
    rise: Positive
    fall: Share
    at_origin: Share
    at_insertion: Share
    power: Positive = 3.0
    floor: Share = 0.12
    across: tuple[float, ...] = (1.0,)
    fill_mm: float = 0.0


class Stretch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fibres lie: what bends them at the start, what keeps them bent, how far off bone."""

    clearance_mm: float
    bow_mm: tuple[Triple, ...] = ((0.0, 0.0, 0.0),)
    rest_mm: tuple[Triple, ...] = ((0.0, 0.0, 0.0),)
    early: tuple[float, ...] = (0.0,)
    across: float = 0.12
    lift: tuple[float, float] = (0.0, 0.0)
    embed_mm: float = 0.0
    push_start_mm: list[float] = []
    embed_end_mm: float = 0.0
    push_end_mm: list[float] = []


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part that grows as a sheet of fibres from an origin to an insertion."""

    outward: Triple
    origin: list[Run]
    insertion: list[Run]
    stretch: Stretch
    thickness: Thickness
    fibres: int
    points: int
    spacing_mm: Positive
    triangles: int
    tendon: tuple[float, float]
    blur: Positive = 1.0
    smooth_top: tuple[float, float] = (1.0, 1.0)
    volume_cm3: Positive | None = None
    pins: list[list[Run]] = []
    via: list[list[Run]] = []
    waist: list[Run] = []
    gap_mm: Positive = 0.3
    note: str = ""


class Landmarks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the notches are looked for: ranges above the hip-joint centre or below the spine."""

    greater_notch_above_hip_mm: tuple[float, float]
    lesser_notch_below_spine_mm: tuple[float, float]
    shaft_below_trochanter_mm: tuple[float, float]
    profile_sigma_mm: Positive


class Ilium(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fan chart on the gluteal surface."""

    wing_facing: Triple
    facing_cosine: float
    crest_sigma: Positive
    lower_border: list[tuple[float, str, float, Triple]]


class Trochanter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cylinder chart round the greater trochanter."""

    axis_medial_mm: float
    reach_mm: float


class Foramen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Finding the obturator foramen's rim."""

    middle: list[tuple[str, float]]
    directions: int
    window_mm: float
    rounds: int


class Charts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers of the charts on bone."""

    landmarks: Landmarks
    ilium: Ilium
    trochanter: Trochanter
    foramen: Foramen


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How finely one quality is computed, relative to the table's own numbers."""

    field_mm: Positive
    spacing: Positive
    triangles: Positive
    iterations: int
    details: bool
    even: bool
    both_sides: bool


class Membrane(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The obturator membrane over its foramen, open at the obturator canal."""

    thickness_mm: Positive
    over_rim_mm: Positive
    canal_degrees: float
    canal_radius_mm: Positive
    spacing_mm: Positive
    triangles: int
    gap_mm: Positive


class Knob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pair of processes on the coccyx: where they sit and their half sizes."""

    along: Share
    lateral_mm: float
    down_mm: float
    back_mm: float
    tilt_degrees: float
    half_mm: Triple


class Coccyx(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The coccyx: rows of (share along, half width, half depth), and its processes."""

    usual_length_mm: Positive
    first_gap_mm: float
    bend: Share
    cap: Positive
    blend_mm: Positive
    spacing_mm: Positive
    triangles: int
    section: list[tuple[Share, float, float]]
    knobs: list[Knob]


class SacralForamen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Radii of one pair of openings, and how much nearer to the midline the back ones lie."""

    landmark: str
    front_mm: Positive
    back_mm: Positive
    back_medial: float


class SacralTubercle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A knob of a crest on the sacrum's back; with a place to the side, a pair of them."""

    along: Share
    height_mm: Positive
    half_length_mm: Positive
    half_width_mm: Positive
    lateral_mm: float = 0.0


class Sacrum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is worked into a sacrum that is a plain ball.

    Levels count from the promontory (0) to the apex (1), depths from the back (0) to the front.

    Attributes:
        canal: rows of (level, depth, half width, half height).
        lamina_from: below this level the canal leaves a wall of at least `wall_mm`.
        hiatus_along: levels of the arch's top and of its full width.
        hiatus_floor: rows of (level, depth).
        hiatus_arch: 0.5 a round arch, 1 a gable.
    """

    foramina: list[SacralForamen]
    neck_mm: Positive
    neck_depth: Share
    nerve_rise: float
    front_flatness: Positive
    back_narrowness: Positive
    canal: list[tuple[float, float, float, float]]
    lamina_from: Share
    wall_mm: Positive
    hiatus_along: tuple[float, float]
    hiatus_floor: list[tuple[float, float]]
    hiatus_half_width_mm: Positive
    hiatus_arch: Positive
    tubercles: list[SacralTubercle]
    tubercle_blend_mm: Positive
    blend_mm: Positive
    spacing_mm: Positive
    triangles: int
    source_within_mm: Positive


class Skin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Skin over the region: fat over what lies beneath, and a thigh of usual size."""

    spacing_mm: Positive
    fat_mm: Positive
    least_mm: Positive
    close_mm: Positive
    smooth_mm: Positive
    above_crest_mm: float
    below_femur_mm: float
    blend_mm: Positive
    triangles: int
    thigh: list[tuple[float, float, float, float, float]]
    trunk: list[tuple[float, float, float, float]]
    between_thighs_mm: Positive
    crotch_below_tuberosity_mm: float
    cleft_length_mm: Positive
    cleft_behind_coccyx_mm: float
    cleft_half_width_mm: Positive
    cleft_from_coccyx_mm: float


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole table."""

    reference_head_radius_mm: Positive
    field_margin_mm: Triple
    quality: dict[Literal["full", "preview", "coarse"], Quality]
    charts: Charts
    coccyx: Coccyx
    sacrum: Sacrum
    membrane: Membrane
    skin: Skin
    order: list[str]
    left_out_of_previews: list[str]
    sheets: dict[str, Sheet]


PATH = Path(__file__).with_name("footprints.toml")


@cache
def footprints() -> Table:
    """The table, schema-checked.

    Raises:
        GluteaError: the table does not fit its schema, with the place.
    """
    try:
        table = msgspec.toml.decode(PATH.read_bytes(), type=Table)
    except msgspec.DecodeError as error:
        raise GluteaError(f"The table {PATH} cannot be read ({error}): mend it there.") from error
    if unknown := set(table.sheets) - set(table.order):
        raise GluteaError(f"In {PATH}, add {', '.join(sorted(unknown))} to `order`.")
    return table
