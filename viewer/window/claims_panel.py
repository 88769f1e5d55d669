"""The panel "Where does the nerve enter?": what is published, held against this specimen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from annotations.atlas import Atlas
from annotations.claims import Answer, ClaimResult, Place, Verdict, figure_rows
from annotations.claims.export import as_csv, as_json, as_text, limits_line, source_of
from annotations.claims.own import LANDMARKS, POINTS
from annotations.claims.result import cm, verdict_words
from meshes.specimen import SIDES, Side
from viewer.window.layout import Scrolled, card, heading, paragraph
from viewer.window.loading import Report, Worker
from viewer.window.wording import NOT_FOR_SURGERY

FORMATS: dict[str, tuple[str, Callable[[Answer], str]]] = {
    "text": ("&Text", as_text),
    "csv": ("CS&V", as_csv),
    "json": ("&JSON", as_json),
}
SIGNS: dict[Verdict, str] = {
    "holds": "✓",
    "does not hold": "✗",
    "cannot be judged here": "?",
}
MEASURING = "Measuring this side …"
FIRST_SIDE: Side = "right"
# Room for a column's heading in the table of distances.
SHORT = {
    "greater_trochanter_tip": "Trochanter",
    "psis": "PSIS",
    "piis": "PIIS",
    "ischial_tuberosity": "Tuberosity",
}
ENTRY = POINTS["branch_entry"]
KINDS = "In cm: in a straight line, and below it along the muscle's surface."


class ClaimsPanel(Scrolled):
    """Shows the answer for one side; measures it in a thread, once the panel is in sight.

    `copied(what)` when something was put on the clipboard; `answered()` when an answer is there.
    """

    copied = Signal(str)
    answered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Where does the nerve enter?", parent)
        self._atlas: Atlas | None = None
        self._answers: dict[Side, Answer] = {}
        self._wanted: Side | None = None
        self._to_copy = ""
        self._seen = False
        self._worker = Worker(self)
        self._worker.finished.connect(self._measured)
        self._worker.failed.connect(self._failed)
        self.sides = {side: self._side_button(side) for side in SIDES}
        self.copies = {name: self._copy_button(name) for name in FORMATS}
        self.state = paragraph(MEASURING)
        self._content: QWidget | None = None
        self.column.addWidget(_row(*self.sides.values()))
        self.column.addWidget(_row(QLabel("Copy as"), *self.copies.values()))
        self.column.addWidget(self.state)
        self.column.addStretch(1)
        self.sides[FIRST_SIDE].setChecked(True)

    @property
    def side(self) -> Side:
        """The side that is chosen."""
        return next(side for side, button in self.sides.items() if button.isChecked())

    @property
    def answer(self) -> Answer | None:
        """What is shown; None while it is being measured."""
        return self._answers.get(self.side)

    @property
    def text(self) -> str:
        """All that stands below the buttons."""
        labels = self._content.findChildren(QLabel) if self._content else [self.state]
        return "\n".join(label.text() for label in labels)

    def set_atlas(self, atlas: Atlas) -> None:
        """Show the figures of another atlas."""
        self._atlas = atlas
        self._answers, self._wanted = {}, None
        self._to_copy = ""
        for side, button in self.sides.items():
            button.setEnabled(side in atlas.zones)
        self._show()

    def copy(self, name: str) -> None:
        """Put the answer on the clipboard: text, csv or json; as soon as it is measured."""
        self._to_copy = name
        if self._atlas is not None and self.answer is None:
            self._ask(self.side)
        self._copy_if_wished()

    def close_panel(self) -> None:
        """Measure no longer."""
        self._worker.close()

    def look(self, seen: bool) -> None:
        """Say whether the panel is in sight: whoever looks gets an answer."""
        self._seen = seen
        if seen and self.answer is None:
            self._show()

    # --- measuring -------------------------------------------------------------------------------

    def _show(self) -> None:
        if self.answer is not None:
            self._write(self.answer)
            return
        self._clear(MEASURING)
        if self._atlas is not None and self._seen:
            self._ask(self.side)

    def _ask(self, side: Side) -> None:
        if self._wanted == side:
            return
        self._wanted, atlas = side, self._atlas

        def task(progress: Report, cancelled: Callable[[], bool]) -> Any:
            from annotations.claims import answer

            assert atlas is not None
            return atlas, answer(atlas, side)

        self._worker.start(task, "Measuring")

    def _measured(self, result: tuple[Atlas, Answer]) -> None:
        atlas, answer = result
        self._wanted = None
        if atlas is self._atlas:
            self._answers[answer.side] = answer
        self._show()
        self._copy_if_wished()

    def _failed(self, sentence: str) -> None:
        self._wanted, self._to_copy = None, ""
        self._clear(sentence)

    def _copy_if_wished(self) -> None:
        if self.answer is not None and self._to_copy:
            title, written = FORMATS[self._to_copy]
            QGuiApplication.clipboard().setText(written(self.answer))
            self._to_copy = ""
            side, what = self.answer.side, title.replace("&", "")
            what = what.lower() if what == "Text" else what
            self.copied.emit(f"The figures of the {side} side are copied as {what}.")

    # --- showing ---------------------------------------------------------------------------------

    def _clear(self, said: str) -> None:
        if self._content is not None:
            self.column.removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
            self._content = None
        self.state.setText(said)
        self.state.setVisible(bool(said))

    def _write(self, answer: Answer) -> None:
        self._clear("")
        self._content = content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(heading("The bands on this specimen"))
        column.addWidget(card(paragraph(limits_line(answer)), _figures(answer)))
        column.addWidget(heading("The nerve on this specimen"))
        if answer.places:
            column.addWidget(card(_distances(answer.places), paragraph(KINDS, "small")))
        else:
            column.addWidget(
                paragraph("Without gluteus maximus, exit, contact and entries are not known.")
            )
        column.addWidget(heading("What is claimed, and whether it holds here"))
        column.addWidget(paragraph(_summary(answer)))
        told = [f"Pose: {answer.pose}.", *answer.notes]
        column.addWidget(card(*(paragraph(each, "small") for each in told)))
        for result in answer.claims:
            column.addWidget(_claim(result))
        column.addWidget(paragraph(NOT_FOR_SURGERY, "small"))
        # Above the stretch that keeps everything at the top.
        self.column.insertWidget(self.column.count() - 1, content)
        self.answered.emit()

    def _side_button(self, side: Side) -> QRadioButton:
        button = QRadioButton(f"{side.capitalize()} side")
        button.setToolTip(f"Measure the {side} side")
        button.setAccessibleDescription(button.toolTip())
        button.clicked.connect(lambda checked: self._show())
        return button

    def _copy_button(self, name: str) -> QPushButton:
        title, _ = FORMATS[name]
        button = QPushButton(title)
        plain = title.replace("&", "")
        button.setToolTip(
            f"Copy all that stands here as {plain.lower() if name == 'text' else plain}"
        )
        button.setAccessibleName(f"Copy as {plain}")
        button.clicked.connect(lambda checked=False: self.copy(name))
        return button


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return row


def _grid() -> tuple[QWidget, QGridLayout]:
    box = QWidget()
    grid = QGridLayout(box)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(0, 1)
    return box, grid


def _cell(text: str, kind: str = "body") -> QLabel:
    label = paragraph(text, kind)
    label.setWordWrap(False)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    return label


def _figures(answer: Answer) -> QWidget:
    box, grid = _grid()
    for column, title in ((1, "straight"), (2, "along surface")):
        grid.addWidget(_cell(title, "small"), 0, column)
    for row, figure in enumerate(figure_rows(answer.zones), start=1):
        grid.addWidget(paragraph(figure.label), row, 0)
        grid.addWidget(_cell(figure.straight_text), row, 1)
        grid.addWidget(_cell(figure.along_surface_text, "small"), row, 2)
    return box


def _distances(places: tuple[Place, ...]) -> QWidget:
    """One row a point of the nerve, one column a landmark."""
    box, grid = _grid()
    for column, (name, words) in enumerate(LANDMARKS.items(), start=1):
        above = _cell(SHORT[name], "small")
        above.setToolTip(f"To {words}")
        grid.addWidget(above, 0, column)
    row = 1
    for place in places:
        is_entry = place.point == ENTRY
        if is_entry and row == 1 + sum(other.point != ENTRY for other in places):
            grid.addWidget(paragraph("Where its branches sink in", "small"), row, 0, 1, -1)
            row += 1
        named = place.branch.removesuffix(" branch") if is_entry else place.point
        label = paragraph(named[:1].upper() + named[1:])
        if place.across is not None:
            label.setToolTip(f"{100 * place.across:.0f} % of the way across the fibres")
        grid.addWidget(label, row, 0)
        for column, figure in enumerate(place.distances, start=1):
            grid.addWidget(_two_kinds(figure.straight_mm, figure.along_surface_mm), row, column)
        row += 1
    return box


def _two_kinds(straight_mm: float | None, along_mm: float | None) -> QWidget:
    straight, along = (
        "" if value is None else cm(value, unit=False) for value in (straight_mm, along_mm)
    )
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(_cell(straight or "–"))
    if along:
        column.addWidget(_cell(along, "small"))
    return box


def _summary(answer: Answer) -> str:
    """How many claims hold: "Of 18 claims 4 hold here, 8 do not, 6 cannot be judged here." """
    count = Counter(result.verdict for result in answer.claims)
    return (
        f"Of {len(answer.claims)} claims {count['holds']} hold here, {count['does not hold']} do "
        f"not, {count['cannot be judged here']} cannot be judged here."
    )


def _claim(result: ClaimResult) -> QWidget:
    verdict = paragraph(f"{SIGNS[result.verdict]}  {verdict_words(result.verdict)}")
    verdict.setProperty("verdict", result.verdict)
    return card(
        paragraph(result.claim, "strong"),
        paragraph(source_of(result), "small"),
        verdict,
        paragraph(result.why),
    )
