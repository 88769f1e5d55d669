"""Solving both sides side by side: progress, a wish to stop, machines that give no processes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures.process import BrokenProcessPool

import pytest

from annotations.courses import sides
from annotations.courses.sides import solve_sides
from annotations.courses.variants import Variants
from meshes.load import load_specimen
from meshes.sources.download import Cancelled
from meshes.specimen import Specimen

BOTH: sides.Fields = {"left": None, "right": None}


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "_cores", lambda: 2)


@pytest.fixture(scope="module")
def bones(isolated_cache: object) -> Specimen:
    return load_specimen("model")


def test_a_wish_to_stop_reaches_the_processes(bones: Specimen, two_cores: None) -> None:
    heard: list[float] = []
    with pytest.raises(Cancelled):
        solve_sides(
            bones, BOTH, Variants(), lambda share, text: heard.append(share), lambda: bool(heard)
        )
    assert heard and max(heard) < 0.5, "it did not wait for the end"
    assert not multiprocessing.active_children()


def test_what_the_listener_raises_comes_out_and_nothing_is_begun_again(
    bones: Specimen, two_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed pipe is the caller's business, not a machine without processes."""

    def closed(share: float, text: str) -> None:
        raise BrokenPipeError("nobody listens")

    monkeypatch.setattr(sides, "_in_turn", lambda *_: pytest.fail("begun again"))
    with pytest.raises(BrokenPipeError):
        solve_sides(bones, BOTH, Variants(), closed)
    assert not multiprocessing.active_children()


def test_what_goes_wrong_in_a_process_comes_out(bones: Specimen, two_cores: None) -> None:
    with pytest.raises(AttributeError):
        solve_sides(bones, BOTH, "no variants")  # type: ignore[arg-type]
    assert not multiprocessing.active_children()


class Taken:
    """A pool whose processes are taken away."""

    def __init__(self, *args: object) -> None: ...

    def __enter__(self) -> Taken:
        return self

    def __exit__(self, *args: object) -> None: ...

    def submit(self, *args: object) -> None:
        raise BrokenProcessPool("taken")


def refused(*args: object) -> None:
    raise OSError("no semaphores on this machine")


@pytest.mark.parametrize("missing", ["cores", "processes", "all of a sudden"])
def test_without_processes_one_side_follows_the_other(
    missing: str, bones: Specimen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quick(specimen, side, fields, variants, progress, cancelled):  # type: ignore[no-untyped-def]
        progress(0.5, "Half")
        return [], []

    monkeypatch.setattr(sides, "_cores", lambda: 1 if missing == "cores" else 2)
    if missing != "cores":
        pool = refused if missing == "processes" else Taken
        monkeypatch.setattr(sides, "ProcessPoolExecutor", pool)
    monkeypatch.setattr(sides, "solve", quick)
    heard: list[tuple[float, str]] = []
    found = solve_sides(bones, BOTH, Variants(), lambda share, text: heard.append((share, text)))
    assert list(found) == ["left", "right"]
    assert heard == [(0.25, "Half, left side"), (0.75, "Half, right side")]
