"""Presets and the opening scene: rules of ``views.toml`` at work on an atlas."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Literal

import msgspec

from annotations.atlas import Atlas
from annotations.request import Request
from annotations.zones.zone import split_key
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
    "with_new_zones",
]
HIDDEN = Look(visible=False)


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


def with_new_zones(
    looks: Mapping[str, Look], everything: Iterable[Item], known: Container[str]
) -> dict[str, Look]:
    """The looks once zones have come that were not among the `known` items, as an overlap does.

    A new zone shows on the sides on which zones show already; on their deep surface, from where
    `Draft.put_zones_on` takes it to the one that the user has chosen.
    """
    zones = [item for item in everything if item.group == "zone"]
    lit = {item.side for item in zones if item.id in known and looks.get(item.id, HIDDEN).visible}
    new = {
        item.id: msgspec.structs.replace(
            looks.get(item.id, Look()),
            visible=item.side in lit and split_key(item.name)[1] == "deep",
        )
        for item in zones
        if item.id not in known
    }
    return {**looks, **new}


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
                looks[item.id] = _changed(looks.get(item.id, HIDDEN), rule)
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
