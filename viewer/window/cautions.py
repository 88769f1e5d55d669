"""What a user should know of an atlas's faults: what was not drawn, and what is out of range."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from annotations.atlas import Atlas
from meshes.specimen import Side
from meshes.structure import structure
from viewer.window.help import TextDialog
from viewer.window.loading import Report, Worker
from viewer.window.wording import NOT_FOR_SURGERY, joined

if TYPE_CHECKING:
    from annotations.plausibility import Finding

TITLE = "What could not be drawn"
RULES = (
    "A nerve or vessel is drawn only where it keeps the rules of anatomy on this specimen: out "
    "through its opening, clear of bone and muscle, in its place beside its neighbours, without a "
    "sharp turn. What could not keep them is left out, never forced."
)
MEASURING = "Comparing this specimen with published ranges …"
Line = tuple[str, str]


class Cautions(QObject):
    """Opens the page on an atlas; measures in a thread what takes a moment, once an atlas."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._atlas: Atlas | None = None
        self._findings: list[Finding] | None = None
        self._worker = Worker(self)
        self._worker.finished.connect(self._measured)
        self._worker.failed.connect(self._failed)
        self.dialog: TextDialog | None = None

    def close(self) -> None:
        """Measure no longer."""
        self._worker.close()

    def open(self, atlas: Atlas) -> None:
        """Show the page; the figures follow when they are measured."""
        if self.dialog is None:
            self.dialog = TextDialog(TITLE, "", self._window)
            self.dialog.destroyed.connect(self._closed)
        self.follow(atlas)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def follow(self, atlas: Atlas) -> None:
        """Tell of another atlas from now on, if the page is open."""
        if self.dialog is None:
            return
        if atlas is not self._atlas:
            self._atlas, self._findings = atlas, None
            self._worker.start(self._task(atlas), "Comparing with published ranges")
        self._write()

    def _task(self, atlas: Atlas) -> Callable[[Report, Callable[[], bool]], Any]:
        def task(progress: Report, cancelled: Callable[[], bool]) -> Any:
            from annotations.plausibility import findings

            return atlas, findings(atlas)

        return task

    def _measured(self, result: tuple[Atlas, list[Finding]]) -> None:
        atlas, found = result
        if atlas is self._atlas:
            self._findings = found
            self._write()

    def _failed(self, sentence: str) -> None:
        if self.dialog is not None:
            self.dialog.text.append(sentence)

    def _write(self) -> None:
        if self.dialog is not None and self._atlas is not None:
            self.dialog.text.setHtml(page(self._atlas, self._findings))

    def _closed(self) -> None:
        self.dialog = None


def page(atlas: Atlas, findings: list[Finding] | None) -> str:
    """The page as HTML; `findings` None while they are being measured."""
    parts = [f"<h3>{TITLE}</h3>", f"<p>{RULES}</p>", _list(_left_out(atlas), "Nothing is missing.")]
    broken = list(_broken(atlas))
    if broken:
        parts += ["<h3>Drawn, though a rule does not hold</h3>", _list(broken, "")]
    parts.append("<h3>Outside the published ranges</h3>")
    if findings is None:
        parts.append(f"<p>{MEASURING}</p>")
    else:
        odd = [f for f in findings if not f.plausible]
        outside = _merged((f.side, f.sentence, "") for f in odd if f.evidence)
        parts.append(_list(outside, "All figures lie within the published ranges."))
        # What has a figure and no published range: how deep the source's own nerves run in others.
        own = list(_merged((f.side, f.sentence, "") for f in odd if not f.evidence and f.unit))
        if own:
            parts += ["<h3>In the source itself</h3>", _list(own, "")]
    parts.append(f"<p>{NOT_FOR_SURGERY}</p>")
    return "".join(parts)


def _left_out(atlas: Atlas) -> Iterator[Line]:
    def rows() -> Iterator[tuple[Side, str, str]]:
        for one in atlas.left_out:
            name = structure(one.id).english
            what = name if one.branch == "trunk" else f"{name}: {one.branch}"
            yield one.side, f"{what}, {one.side}", _quoted(one.reason)

    return _merged(rows())


def _broken(atlas: Atlas) -> Iterator[Line]:
    return _merged(
        (
            course.side,
            f"{structure(course.id).english}, {course.side}",
            _quoted(f"{check.name}: {check.detail}"),
        )
        for sides in atlas.courses.values()
        for course in sides.values()
        for check in course.passes
        if not check.holds
    )


def _quoted(faults: str) -> str:
    """ "order at piriformis: on the wrong side" → the rule in quotation marks, then the fault."""
    said = []
    for fault in faults.split("; "):
        rule, colon, detail = fault.partition(": ")
        said.append(f"Rule “{rule}”: {detail}." if colon else f"{rule[:1].upper()}{rule[1:]}.")
    return " ".join(said)


def _merged(rows: Iterable[tuple[Side, str, str]]) -> Iterator[Line]:
    """Lines that say the same of both sides become one."""
    found: dict[Line, list[Side]] = {}
    for side, said, why in rows:
        found.setdefault((said.replace(f", {side}", "\0", 1), why), []).append(side)
    for (said, why), sides in found.items():
        yield said.replace("\0", f", {joined(sides)}"), why


def _list(lines: Iterable[Line], nothing: str) -> str:
    entries = [
        f"<li>{escape(said)}" + (f"<br><small>{escape(why)}</small>" if why else "") + "</li>"
        for said, why in lines
    ]
    return f"<ul>{''.join(entries)}</ul>" if entries else f"<p>{nothing}</p>"
