"""Presets and the opening scene: rules of ``views.toml`` at work on an atlas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from annotations.atlas import Atlas
from annotations.request import Request
from meshes.errors import GluteaError
from meshes.specimen import Side
from viewer.items import Item, Preset, Rule, items, select, view_table
from viewer.scene import Draft, Look, SceneState

__all__ = [
    "Item",
    "Preset",
    "apply_preset",
    "items",
    "opening_state",
    "presets",
    "select",
    "views",
]


def views() -> list[str]:
    """The names of the views, in the table's order."""
    return list(view_table().views)


def presets() -> Mapping[str, Preset]:
    """The presets by name, in the table's order; `button` says which have one in the window."""
    return view_table().presets


def apply_preset(
    name: str, atlas: Atlas, draft: Draft, side: Side | Literal["both"] = "both"
) -> None:
    """Set looks as a preset says; the other side's items stay as they are, midline ones follow.

    Raises:
        GluteaError: there is no such preset.
    """
    if name not in presets():
        known = ", ".join(presets())
        raise GluteaError(f"There is no preset '{name}'; choose one of {known}.")
    within = None if side == "both" else frozenset[Side]((side, "midline"))
    draft.looks = _ruled(name, items(atlas), draft.looks, within)


def opening_state(atlas: Atlas, request: Request) -> SceneState:
    """What a fresh window and a plain `render` show.

    The patient's left (the left of the posterior picture) intact; the right with gluteus maximus
    ghosted, the entry zone and both bands lit, and the dimension line.
    """
    return SceneState(request=request, looks=_ruled("opening", items(atlas), {}, None))


def _ruled(
    name: str,
    everything: Iterable[Item],
    looks: Mapping[str, Look],
    within: frozenset[Side] | None,
) -> dict[str, Look]:
    """The looks after a preset's rules, for the items on the sides `within` (None: on all)."""
    everything, looks = list(everything), dict(looks)
    for rule in presets()[name].rules:
        if rule.use is not None:
            looks = _ruled(rule.use, everything, looks, _both(within, rule.sides))
        for item in everything:
            if (within is None or item.side in within) and rule.fits(item):
                looks[item.id] = _changed(looks.get(item.id, Look(visible=False)), rule)
    return looks


def _both(within: frozenset[Side] | None, sides: tuple[Side, ...] | None) -> frozenset[Side] | None:
    if sides is None:
        return within
    return frozenset(sides) if within is None else within & frozenset(sides)


def _changed(look: Look, rule: Rule) -> Look:
    return msgspec.structs.replace(
        look,
        visible=look.visible if rule.visible is None else rule.visible,
        opacity=look.opacity if rule.opacity is None else rule.opacity,
    )
