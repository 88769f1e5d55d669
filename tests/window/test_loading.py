"""Work off the GUI thread: progress, one outcome, the newest wish first."""

from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import QObject

from meshes.errors import GluteaError
from meshes.sources.download import Cancelled
from viewer.window.loading import Worker


@pytest.fixture
def worker(qtbot):
    parent = QObject()
    worker = Worker(parent)
    worker.outcomes = []
    worker.finished.connect(lambda result: worker.outcomes.append(("finished", result)))
    worker.failed.connect(lambda sentence: worker.outcomes.append(("failed", sentence)))
    worker.cancelled.connect(lambda: worker.outcomes.append(("cancelled",)))
    yield worker
    worker.close()


def until_done(qtbot, worker):
    qtbot.waitUntil(lambda: not worker.busy)
    qtbot.wait(20)


def patient(progress, cancelled):
    while not cancelled():
        progress(0.5, "waiting")
        time.sleep(0.002)
    raise Cancelled


def test_works_in_another_thread_and_reports(qtbot, worker):
    seen, threads = [], []
    worker.progressed.connect(lambda fraction, text: seen.append((fraction, text)))

    def task(progress, cancelled):
        threads.append(threading.get_ident())
        progress(0.25, "a quarter")
        return 42

    worker.start(task, "Counting")
    until_done(qtbot, worker)
    assert worker.outcomes == [("finished", 42)]
    assert seen == [(0.25, "a quarter")]
    assert threads != [threading.get_ident()]


def test_progress_comes_no_faster_than_the_eye_reads(qtbot, worker):
    seen = []
    worker.progressed.connect(lambda fraction, text: seen.append(fraction))

    def task(progress, cancelled):
        for step in range(20_000):
            progress(step / 20_000, "counting")

    worker.start(task, "Counting")
    until_done(qtbot, worker)
    assert 1 <= len(seen) < 100


def test_a_gluteaerror_is_its_sentence(qtbot, worker):
    def task(progress, cancelled):
        raise GluteaError("The folder is full: free some space.")

    worker.start(task, "Counting")
    until_done(qtbot, worker)
    assert worker.outcomes == [("failed", "The folder is full: free some space.")]


def test_a_fault_of_ours_is_a_sentence_and_a_line_in_the_log(qtbot, worker, caplog):
    def task(progress, cancelled):
        return 1 / 0

    worker.start(task, "Counting")
    until_done(qtbot, worker)
    ((kind, sentence),) = worker.outcomes
    assert kind == "failed"
    assert sentence.startswith("Counting failed through a fault in Glutea")
    assert "ZeroDivisionError" in caplog.text


def test_cancel_has_one_outcome(qtbot, worker):
    worker.start(patient, "Waiting")
    qtbot.wait(20)
    worker.cancel()
    until_done(qtbot, worker)
    assert worker.outcomes == [("cancelled",)]


def test_the_newest_wish_wins_and_the_others_are_not_heard_of(qtbot, worker):
    started = []

    def wish(name):
        def task(progress, cancelled):
            started.append(name)
            if name == "last":
                return name
            return patient(progress, cancelled)

        return task

    for name in ("first", "second", "last"):
        worker.start(wish(name), name)
    until_done(qtbot, worker)
    assert worker.outcomes == [("finished", "last")]
    assert "second" not in started


def test_cancel_forgets_what_waits(qtbot, worker):
    worker.start(patient, "Waiting")
    worker.start(lambda progress, cancelled: "never", "Later")
    worker.cancel()
    until_done(qtbot, worker)
    assert worker.outcomes == [("cancelled",)]


def test_close_waits_for_the_thread_and_says_nothing_more(qtbot, worker):
    ended = []

    def task(progress, cancelled):
        try:
            patient(progress, cancelled)
        finally:
            ended.append(True)

    worker.start(task, "Waiting")
    qtbot.wait(20)
    worker.close()
    assert ended == [True]
    qtbot.wait(50)
    assert worker.outcomes == []
    worker.close()
