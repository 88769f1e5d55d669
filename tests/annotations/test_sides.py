"""Solving both sides side by side: progress, a wish to stop, machines that give no processes."""

from __future__ import annotations

import time

import pytest

from annotations.courses import sides
from annotations.courses.sides import solve_sides
from annotations.courses.variants import Variants
from meshes.load import load_specimen
from meshes.sources.download import Cancelled

BOTH: sides.Fields = {"left": None, "right": None}
SOON_S = 60.0  # of a solve without muscles, which takes far longer on a slow machine


def test_a_wish_to_stop_reaches_the_processes() -> None:
    heard: list[float] = []
    start = time.monotonic()
    with pytest.raises(Cancelled):
        solve_sides(
            load_specimen("model"),
            BOTH,
            Variants(),
            lambda share, text: heard.append(share),
            lambda: bool(heard),
        )
    assert heard
    assert time.monotonic() - start < SOON_S


@pytest.mark.parametrize("missing", ["cores", "processes"])
def test_without_processes_one_side_follows_the_other(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*args: object) -> None:
        raise OSError("no semaphores on this machine")

    def quick(specimen, side, fields, variants, progress, cancelled):  # type: ignore[no-untyped-def]
        progress(0.5, "Half")
        return [], []

    if missing == "cores":
        monkeypatch.setattr(sides, "_cores", lambda: 1)
    else:
        monkeypatch.setattr(sides, "_cores", lambda: 2)
        monkeypatch.setattr(sides, "ProcessPoolExecutor", none)
    monkeypatch.setattr(sides, "solve", quick)
    heard: list[tuple[float, str]] = []
    found = solve_sides(
        load_specimen("model"), BOTH, Variants(), lambda share, text: heard.append((share, text))
    )
    assert list(found) == ["left", "right"]
    assert heard == [(0.25, "Half, left side"), (0.75, "Half, right side")]
