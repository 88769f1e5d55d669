"""What the window says about things: names, origins, figures. Plain strings, no Qt."""

from __future__ import annotations

import re
from collections.abc import Iterable

from annotations.atlas import Atlas
from annotations.evidence import reference
from annotations.zones.table import zone_meaning
from annotations.zones.zone import ZoneFigures
from meshes.specimen import Landmark, Origin
from meshes.structure import structures
from viewer.items import Item

NOT_FOR_SURGERY = "For teaching, not for planning an operation."

GROUPS = {
    "bone": "Bones",
    "muscle": "Muscles",
    "ligament": "Ligaments",
    "nerve": "Nerves",
    "artery": "Arteries",
    "vein": "Veins",
    "fascia": "Fascia",
    "skin": "Skin",
    "zone": "Zones",
    "landmark": "Landmarks",
    "line": "Lines",
}

ORIGIN_SENTENCES: dict[Origin, str] = {
    "source": "As the source of this specimen delivers it.",
    "mirrored": "The other side of this specimen, reflected in the midplane.",
    "modelled": "Computed by Glutea from the bones and muscles on screen.",
    "schematic": "Drawn along a published course from landmarks; not to scale in width.",
}

# Citation, where to find it, number of cases, kind of distance, mark.
source_of = reference

_METHODS = {
    "curated": "placed by hand",
    "node": "a point of the shape model",
    "fitted": "found on the bone's surface by its definition",
}


def cm(value_mm: float) -> str:
    """Millimetres in centimetres, as one says them: "5", "5.5"."""
    return f"{value_mm / 10:.1f}".removesuffix(".0")


def joined(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def latin_of(item: Item) -> str:
    """The Latin name of a structure, "" for what has none."""
    return structures()[item.structure].latin if item.structure else ""


def one_line(item: Item, atlas: Atlas) -> str:
    """What the status line says of the thing under the pointer."""
    side = "" if item.side == "midline" else f"{item.side} side"
    parts = [item.english, latin_of(item), side]
    if item.origin:
        parts.append(item.origin)
    elif landmark := landmark_of(item, atlas):
        parts.append(f"± {landmark.uncertainty_mm:g} mm")
    elif item.group == "zone":
        parts.append(zone_meaning(item.name))
    return " · ".join(filter(None, parts))


def sentences(item: Item, atlas: Atlas) -> list[str]:
    """What the tooltip says: names, then how the thing came to be."""
    said = [item.english if item.side == "midline" else f"{item.english}, {item.side}"]
    if latin := latin_of(item):
        said.append(latin)
    if item.origin:
        said.append(ORIGIN_SENTENCES[item.origin])
        said.append(note_of(item, atlas))
    elif landmark := landmark_of(item, atlas):
        said.append(
            f"Landmark, {_METHODS[landmark.method]}; uncertain by {landmark.uncertainty_mm:g} mm."
        )
        said.append(landmark.note)
    elif item.group == "zone":
        said.append(zone_meaning(item.name) + ".")
    return [sentence for sentence in said if sentence]


def note_of(item: Item, atlas: Atlas) -> str:
    """How this part or course was made, where there is more to say than its origin."""
    course = atlas.courses.get(item.name, {}).get(item.side)
    return course.note if course else atlas.parts[item.id].note


def landmark_of(item: Item, atlas: Atlas) -> Landmark | None:
    """The landmark that an item shows."""
    if item.group != "landmark":
        return None
    return atlas.specimen.landmarks.get(item.side, {}).get(item.name)


def honest_sentence(atlas: Atlas) -> str:
    """Why the two published distances cannot both hold here; "" where they can."""
    apart = {side: zones.figures for side, zones in atlas.zones.items() if zones.figures.gap_mm > 0}
    if not apart:
        return ""
    request = atlas.request
    reach = (request.trochanter_band_mm[1], request.psis_band_mm[1])
    distances = _per_side({s: f.psis_to_trochanter_mm for s, f in apart.items()})
    gaps = _per_side({s: f.gap_mm for s, f in apart.items()})
    where = "" if len(apart) == len(atlas.zones) else f" on the {joined(apart)}"
    return (
        f"No point lies in both bands on this pelvis{where}. From the PSIS to the tip of the "
        f"greater trochanter it is {distances}; the bands reach "
        f"{cm(reach[0])} + {cm(reach[1])} = {cm(sum(reach))} cm. A gap of {gaps} stays open."
    )


def unbroken(text: str) -> str:
    """The text with figures that stay on one line with their units, and sums as a whole."""
    return re.sub(r"(?<=[\d+=]) (?=[\d+=]|mm\b|cm\b)", "\N{NO-BREAK SPACE}", text)


def _per_side(values_mm: dict[str, float]) -> str:
    rounded = {side: f"{value:.0f} mm" for side, value in values_mm.items()}
    if len(set(rounded.values())) == 1:
        return next(iter(rounded.values()))
    return joined(f"{value} ({side})" for side, value in rounded.items())


def area(value_cm2: float | None) -> str:
    """An area for the legend; a dash where it cannot be measured."""
    if value_cm2 is None:
        return "–"
    return "none" if value_cm2 == 0 else f"{value_cm2:.1f} cm²"


def zone_figure(zone: str, figures: ZoneFigures) -> str:
    """The figure that goes with a zone of the legend."""
    if zone == "compromise":
        off = figures.compromise_mm
        return "–" if off is None else f"{off:.0f} mm off"
    return area(getattr(figures, f"{zone}_cm2", None))


def missing(atlas: Atlas) -> str:
    """How much was not drawn, in a few words; "" where nothing is missing."""
    left_out = {(one.id, one.branch) for one in atlas.left_out}
    return f"Not drawn: {len(left_out)} of the nerves and vessels" if left_out else ""
