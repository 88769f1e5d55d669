"""What must be said wherever an atlas is shown: credits, what is generated, what it is not for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from annotations.atlas import Atlas
from meshes.specimen import Origin
from meshes.structure import Kind, structures

MOST_NAMES = 4
PLURALS: dict[Kind, str] = {
    "bone": "bones",
    "muscle": "muscles",
    "ligament": "ligaments",
    "nerve": "nerves",
    "artery": "arteries",
    "vein": "veins",
}
PURPOSE = "For teaching, not for planning an operation."
_SAYING: dict[Origin, str] = {
    "modelled": "Modelled by Glutea",
    "schematic": "Schematic (striped)",
}


def credit_sentences(atlas: Atlas, items: Iterable[str]) -> list[str]:
    """Licence and credits of the specimen, what among the shown `items` is generated, the purpose.

    `items` are ids of shown items; parts that the source does not have are named.
    """
    shown = frozenset(items)
    said = [credit.rstrip(".") + "." for credit in atlas.specimen.credits]
    for origin, saying in _SAYING.items():
        generated = dict.fromkeys(
            part.structure
            for item, part in atlas.parts.items()
            if item in shown and part.origin == origin
        )
        if generated:
            said.append(f"{saying}: {listed(_words(list(generated)))}.")
    return [*said, PURPOSE]


def _words(names: list[str]) -> list[str]:
    """Each structure by its name; where they are many, a kind of which there are several."""
    if len(names) <= MOST_NAMES:
        return [structures()[name].english for name in names]
    of_kind: dict[Kind, list[str]] = {}
    for name in names:
        of_kind.setdefault(structures()[name].kind, []).append(structures()[name].english)
    order = get_args(Kind)
    return [
        english[0] if len(english) == 1 else PLURALS.get(kind, kind)
        for kind, english in sorted(of_kind.items(), key=lambda of: order.index(of[0]))
    ]


def listed(names: Iterable[str]) -> str:
    """Names inside a sentence: "gluteus maximus, piriformis and femur"."""
    lowered = [name[0].lower() + name[1:] for name in names]
    return " and ".join(filter(None, [", ".join(lowered[:-1]), lowered[-1]]))
