"""Work off the GUI thread: building an atlas, fetching a specimen; with progress and cancel.

A `Worker` does one thing at a time. Whoever asks again before it is done gets the newest wish: the
running task is told to stop, and its result is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from meshes.errors import GluteaError

Report = Callable[[float, str], None]
Task = Callable[[Report, Callable[[], bool]], Any]
# Progress need not be shown more often than the eye reads it.
REPORT_S = 0.05


class _Thread(QThread):
    """Runs one task; its outcome is one of `result`, `sentence` (failed) or neither (stopped)."""

    progressed = Signal(float, str)

    def __init__(self, task: Task, what: str, parent: QObject) -> None:
        super().__init__(parent)
        self.result: Any = None
        self.sentence = ""
        self.stopped = False
        self._task = task
        self._what = what
        self._last = 0.0

    def run(self) -> None:
        # Imported where it is needed: pulls in NumPy, which the empty window does without.
        from meshes.sources.download import Cancelled

        try:
            self.result = self._task(self._report, self.isInterruptionRequested)
        except Cancelled:
            self.stopped = True
        except GluteaError as error:
            self.sentence = str(error)
        except Exception:
            # A fault of ours: the log has the traceback, the user gets a sentence.
            import logging

            logging.getLogger(__name__).exception("%s failed", self._what)
            self.sentence = (
                f"{self._what} failed through a fault in Glutea: start it with --debug to see "
                "the details, and please report them."
            )

    def _report(self, fraction: float, text: str) -> None:
        now = monotonic()
        if now - self._last >= REPORT_S:
            self._last = now
            self.progressed.emit(fraction, text)


class Worker(QObject):
    """One task at a time, the newest wish first.

    Signals: `progressed(fraction, text)` while it runs; then exactly one of `finished(result)`,
    `failed(sentence)` and `cancelled()`, unless a newer task has taken over.
    """

    progressed = Signal(float, str)
    finished = Signal(object)
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thread: _Thread | None = None
        self._next: tuple[Task, str] | None = None

    @property
    def busy(self) -> bool:
        """Whether a task runs or waits."""
        return self._thread is not None

    def start(self, task: Task, what: str) -> None:
        """Run `task(progress, cancelled)`; `what` names it, should it fail."""
        if self._thread is not None:
            self._next = (task, what)
            self._thread.requestInterruption()
            return
        self._thread = thread = _Thread(task, what, self)
        thread.progressed.connect(self._progressed)
        thread.finished.connect(self._ended)
        thread.start()

    def cancel(self) -> None:
        """Ask the running task to stop, and forget the one that waits."""
        self._next = None
        if self._thread is not None:
            self._thread.requestInterruption()

    def close(self) -> None:
        """Stop for good; returns once the thread has ended, and signals nothing more."""
        self._next = None
        if self._thread is not None:
            thread, self._thread = self._thread, None
            thread.progressed.disconnect(self._progressed)
            thread.finished.disconnect(self._ended)
            thread.requestInterruption()
            thread.wait()

    def _progressed(self, fraction: float, text: str) -> None:
        if self._next is None:
            self.progressed.emit(fraction, text)

    def _ended(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.deleteLater()
        if self._next is not None:
            (task, what), self._next = self._next, None
            self.start(task, what)
        elif thread.sentence:
            self.failed.emit(thread.sentence)
        elif thread.stopped:
            self.cancelled.emit()
        else:
            self.finished.emit(thread.result)
