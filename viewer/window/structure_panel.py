"""The panel about one structure: names, where it comes from, and what is known of it, sourced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtWidgets import QLabel, QWidget

from annotations.atlas import Atlas
from annotations.evidence import Evidence, evidence_for
from annotations.facts import TOPICS, Fact, facts_of
from annotations.zones.table import claims_of_zone, zone_table
from annotations.zones.zone import split_key
from meshes.structure import structures
from viewer.items import Item
from viewer.window.layout import Scrolled, card, heading, paragraph
from viewer.window.wording import (
    ORIGIN_SENTENCES,
    latin_of,
    note_of,
    sentences,
    source_of,
)

NOTHING = (
    "Click a structure in the picture, or choose one in the list, to read what is known about it."
)
DRAWN = "How it is drawn"


class StructureFacts(Scrolled):
    """What is known of the structure, zone or landmark that was chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("This structure", parent)
        self._atlas: Atlas | None = None
        self._ids: tuple[str, ...] = ()
        self._shown: list[QWidget] = []
        self._write([paragraph(NOTHING)])

    @property
    def text(self) -> str:
        """All that stands there."""
        labels = [label for widget in self._shown for label in _labels(widget)]
        return "\n".join(label.text() for label in labels)

    def set_atlas(self, atlas: Atlas) -> None:
        """Speak of another atlas from now on."""
        self._atlas = atlas

    def show_items(self, chosen: Sequence[Item]) -> None:
        """Tell of one structure, on one side or both; of anything else nothing."""
        atlas = self._atlas
        if atlas is None or len({(item.group, item.name) for item in chosen}) != 1:
            self._write([paragraph(NOTHING)])
        elif chosen[0].structure:
            self._write(list(_structure(chosen, atlas)))
        else:
            self._write(list(_other(chosen[0], atlas)))

    def _write(self, widgets: list[QWidget]) -> None:
        for old in self._shown:
            self.column.removeWidget(old)
            old.hide()
            old.deleteLater()
        for place, widget in enumerate(widgets):
            self.column.insertWidget(place, widget)
        if not self._shown:
            self.column.addStretch(1)
        self._shown = widgets
        self.verticalScrollBar().setValue(0)


def _structure(chosen: Sequence[Item], atlas: Atlas) -> Iterator[QWidget]:
    item = chosen[0]
    yield from _names(chosen, latin_of(item))
    for each in chosen:
        if each.origin and (each is item or each.origin != item.origin):
            where = f"{each.origin.capitalize()}: {_lower(ORIGIN_SENTENCES[each.origin])}"
            yield card(paragraph(where), *map(_small, filter(None, [note_of(each, atlas)])))
    facts = facts_of(item.name)
    for topic, title in TOPICS.items():
        told = [fact for fact in facts if fact.topic == topic]
        if told:
            yield heading(title)
            lines = [(paragraph(fact.text), _small(_source(fact))) for fact in told]
            yield card(*(label for line in lines for label in line))
    if item.name in atlas.courses and (claims := _drawn(item.name)):
        yield heading(DRAWN)
        yield card(
            *(w for claim in claims for w in (paragraph(claim.claim), _small(source_of(claim))))
        )


def _drawn(structure_id: str) -> list[Evidence]:
    """What this project chose for want of a published figure: widths, the number of branches."""
    return [claim for claim in evidence_for(structure_id) if claim.id.endswith("_drawn")]


def _other(item: Item, atlas: Atlas) -> Iterator[QWidget]:
    """A zone, a landmark, a line."""
    yield from _names([item], "")
    said = sentences(item, atlas)[1:]
    if said:
        yield paragraph(" ".join(said))
    if item.group == "zone":
        zone = split_key(item.name)[0]
        if remark := zone_table().zones[zone].remark:
            yield _small(remark)
        yield heading("What it rests on")
        for claim in claims_of_zone(zone):
            yield card(paragraph(claim.claim), _small(source_of(claim)))


def _names(chosen: Sequence[Item], latin: str) -> Iterator[QWidget]:
    item = chosen[0]
    yield paragraph(item.english, "title")
    sides = "both sides" if len(chosen) > 1 else f"{item.side} side"
    words = [latin, item.group.capitalize(), "" if item.side == "midline" else sides]
    entry = structures()[item.structure] if item.structure else None
    if entry is not None and entry.ta2 is not None:
        words.append(f"TA2 {entry.ta2}")
    yield _small(" · ".join(filter(None, words)))


def _source(fact: Fact) -> str:
    if fact.claim is not None:
        return source_of(fact.claim)
    return f"{fact.source}, [{fact.badge}]" if fact.badge else fact.source


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _small(text: str) -> QLabel:
    return paragraph(text, "small")


def _labels(widget: QWidget) -> list[QLabel]:
    return [widget] if isinstance(widget, QLabel) else widget.findChildren(QLabel)
