"""The legend of the zones: colour and hatch, meaning, and this specimen's figures, side by side."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from annotations.atlas import Atlas
from annotations.zones.table import zone_table
from annotations.zones.zone import ZoneFigures, patch_key
from meshes.specimen import Side, part_id
from viewer.items import LINE
from viewer.palette import palette
from viewer.scene import Change, Look, Scene
from viewer.window.layout import paragraph
from viewer.window.swatch import HEIGHT_PX, WIDTH_PX, swatch
from viewer.window.wording import zone_figure

INDENT_PX = 16
# Pixels to a unit of the finest screens.
FINEST = 4.0
_HIDDEN = Look(visible=False)
SIDES: tuple[Side, Side] = ("left", "right")


class Legend(QWidget):
    """One row a zone, with a check box for both sides; then the distances.

    `figures` holds what is written: (row's name, side) → text.
    """

    def __init__(self, scene: Scene, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = scene
        self._atlas: Atlas | None = None
        self._boxes: dict[str, QCheckBox] = {}
        self._cells: dict[tuple[str, Side], QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnMinimumWidth(0, INDENT_PX)
        self._grid.setColumnStretch(1, 1)
        self._fill()
        scene.changed.connect(self._scene_changed)

    def close_panel(self) -> None:
        """Listen to the scene no longer."""
        self._scene.changed.disconnect(self._scene_changed, missing_ok=True)

    @property
    def figures(self) -> dict[tuple[str, Side], str]:
        """What the legend says."""
        return {key: label.text() for key, label in self._cells.items()}

    def set_atlas(self, atlas: Atlas) -> None:
        """Write an atlas's figures."""
        self._atlas = atlas
        for side in SIDES:
            zones = atlas.zones.get(side)
            for zone in zone_table().zones:
                self._write(zone, side, zone_figure(zone, zones.figures) if zones else "–")
            for name, _, text in _distances(zones.figures if zones else None):
                self._write(name, side, text)
        self._follow()

    def _fill(self) -> None:
        for column, side in enumerate(SIDES, start=2):
            above = QLabel(side.capitalize())
            above.setProperty("kind", "small")
            above.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(above, 0, column)
        row = 1
        for zone, entry in zone_table().zones.items():
            row = self._add_zone(row, zone, entry.english, entry.meaning)
        self._boxes[LINE] = self._check_box(LINE, "Distances", "Show the line and its distances")
        self._grid.addWidget(self._boxes[LINE], row, 0, 1, 4)
        for place, (name, title, _) in enumerate(_distances(None), start=row + 1):
            self._add_line(place, name, title)

    def _add_zone(self, row: int, zone: str, english: str, meaning: str) -> int:
        box = self._boxes[zone] = self._check_box(zone, english, f"Show: {meaning}")
        # Fine enough for every screen: on which one the legend will stand is not known yet.
        box.setIcon(swatch(palette().zones[zone], FINEST))
        box.setIconSize(QSize(WIDTH_PX, HEIGHT_PX))
        self._grid.addWidget(box, row, 0, 1, 4)
        self._add_line(row + 1, zone, meaning)
        return row + 2

    def _add_line(self, row: int, name: str, text: str) -> None:
        """A line of small print, and the figures of both sides beside it."""
        said = paragraph(text, "small")
        self._grid.addWidget(said, row, 1)
        self._add_cells(row, name)

    def _add_cells(self, row: int, name: str) -> None:
        for column, side in enumerate(SIDES, start=2):
            cell = self._cells[name, side] = QLabel("–")
            cell.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(cell, row, column)

    def _check_box(self, name: str, title: str, tip: str) -> QCheckBox:
        box = QCheckBox(title)
        box.setToolTip(f"{tip}, on both sides")
        box.setAccessibleDescription(box.toolTip())
        # Partly checked is only ever shown, never chosen.
        box.clicked.connect(lambda checked: self._toggle(name, title))
        return box

    def _write(self, name: str, side: Side, text: str) -> None:
        self._cells[name, side].setText(text)

    # --- check boxes follow the scene ------------------------------------------------------------

    def _items(self, name: str) -> list[str]:
        if self._atlas is None:
            return []
        if name == LINE:
            return [f"line/{part_id(LINE, side)}" for side in self._atlas.zones]
        on = patch_key(name, self._scene.state.zones_on)
        # Where the muscle is missing a zone has its own place only.
        return [
            f"zone/{part_id(on if on in zones.patches else name, side)}"
            for side, zones in self._atlas.zones.items()
            if name in zones.patches
        ]

    def _toggle(self, name: str, title: str) -> None:
        looks = self._scene.state.looks
        ids = self._items(name)
        visible = not all(looks.get(item, _HIDDEN).visible for item in ids)
        with self._scene.change(f"{'show' if visible else 'hide'} {title}") as draft:
            draft.show(*ids, visible=visible)
        self._follow()

    def _scene_changed(self, change: Change) -> None:
        before, after = change.before, change.after
        if before.looks is not after.looks or before.zones_on != after.zones_on:
            self._follow()

    def _follow(self) -> None:
        looks = self._scene.state.looks
        for name, box in self._boxes.items():
            ids = self._items(name)
            shown = {looks.get(item, _HIDDEN).visible for item in ids}
            box.setEnabled(bool(ids))
            box.setTristate(len(shown) == 2)
            if len(shown) == 2:
                box.setCheckState(Qt.CheckState.PartiallyChecked)
            else:
                box.setChecked(True in shown)


def _distances(figures: ZoneFigures | None) -> list[tuple[str, str, str]]:
    """(name, title, text) of the distances below the zones."""
    if figures is None:
        distance = gap = "–"
    else:
        distance = f"{figures.psis_to_trochanter_mm:.0f} mm"
        gap = f"{figures.gap_mm:.0f} mm" if figures.gap_mm > 0 else "none"
    return [
        ("psis_to_trochanter", "From PSIS to tip of greater trochanter, straight", distance),
        ("gap", "Gap between the bands", gap),
    ]
