"""What must be said wherever an atlas is shown: credits, what is generated, what it is not for."""

from __future__ import annotations

from collections.abc import Iterable

from annotations.atlas import Atlas
from meshes.specimen import Origin
from meshes.structure import structures

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
        names = dict.fromkeys(
            structures()[part.structure].english
            for item, part in atlas.parts.items()
            if item in shown and part.origin == origin
        )
        if names:
            said.append(f"{saying}: {listed(names)}.")
    return [*said, PURPOSE]


def listed(names: Iterable[str]) -> str:
    """Names inside a sentence: "gluteus maximus, piriformis and femur"."""
    lowered = [name[0].lower() + name[1:] for name in names]
    return " and ".join(filter(None, [", ".join(lowered[:-1]), lowered[-1]]))
