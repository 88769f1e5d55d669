"""Both sides solved side by side: each in a process of its own, where there is a core for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from queue import Empty
from typing import Any

from annotations.courses.course import Course, LeftOut
from annotations.courses.solve import solve
from annotations.courses.variants import Variants
from annotations.zones.fields import SurfaceFields
from meshes.sources.download import Cancelled, never
from meshes.specimen import Side, Specimen

Solved = tuple[list[Course], list[LeftOut]]
Fields = Mapping[Side, SurfaceFields | None]
EVERY_S = 0.1  # how often is looked for progress, and for a wish to stop

# Of a worker: where it tells how far it is, and whether it is to stop.
_told: Any = None
_stop: Any = None


def solve_sides(
    specimen: Specimen,
    fields: Fields,
    variants: Variants,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancelled: Callable[[], bool] = never,
) -> dict[Side, Solved]:
    """`solve` for each side that has fields (None: solved from landmarks alone).

    Args:
        progress: called with a share from 0 to 1 of all sides and a text.

    Raises:
        Cancelled: soon after `cancelled()` turned true.
    """
    if len(fields) > 1 and _cores() > 1:
        try:
            return _side_by_side(specimen, fields, variants, progress, cancelled)
        except _NoProcesses:
            pass  # one after the other then
    return _in_turn(specimen, fields, variants, progress, cancelled)


class _NoProcesses(Exception):
    """This machine gives no processes, or takes them away."""


def _in_turn(
    specimen: Specimen,
    fields: Fields,
    variants: Variants,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> dict[Side, Solved]:
    out: dict[Side, Solved] = {}
    for done, (side, of_side) in enumerate(fields.items()):

        def following(share: float, text: str, done: int = done, side: Side = side) -> None:
            progress((done + share) / len(fields), f"{text}, {side} side")

        out[side] = solve(specimen, side, of_side, variants, following, cancelled)
    return out


def _side_by_side(
    specimen: Specimen,
    fields: Fields,
    variants: Variants,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> dict[Side, Solved]:
    shares: dict[Side, float] = dict.fromkeys(fields, 0.0)
    try:
        context = get_context("spawn")  # a fork would copy the locks of a window's threads
        told, stop = context.Queue(), context.Event()
        pool = ProcessPoolExecutor(len(fields), context, _begin, (told, stop))
    except OSError as error:
        raise _NoProcesses from error

    def hear() -> None:
        while True:
            try:
                side, share, text = told.get_nowait()
            except Empty:
                return
            shares[side] = share
            progress(sum(shares.values()) / len(shares), f"{text}, {side} side")

    with pool:
        try:
            tasks: dict[Future[Solved], Side] = {
                pool.submit(_solve, specimen, side, of_side, variants): side
                for side, of_side in fields.items()
            }
            waiting = set(tasks)
            while waiting:
                done, waiting = wait(waiting, EVERY_S)
                for task in done:
                    task.result()  # raises what went wrong in it
                hear()
                if cancelled():
                    raise Cancelled
        except BrokenProcessPool as error:
            raise _NoProcesses from error
        except BaseException:  # progress may raise as well
            stop.set()
            raise
        return {side: task.result() for task, side in tasks.items()}


def _begin(told: Any, stop: Any) -> None:
    """Make a worker ready: to interrupt it is its parent's business, and it ends with it."""
    import signal
    from multiprocessing import parent_process
    from multiprocessing.connection import wait as wait_for
    from threading import Thread

    def end_with(sentinel: int) -> None:
        wait_for([sentinel])
        os._exit(1)

    global _told, _stop
    _told, _stop = told, stop
    told.cancel_join_thread()  # nobody may be listening any more when it ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (parent := parent_process()) is not None:
        Thread(target=end_with, args=(parent.sentinel,), daemon=True).start()


def _solve(
    specimen: Specimen, side: Side, fields: SurfaceFields | None, variants: Variants
) -> Solved:
    def following(share: float, text: str) -> None:
        _told.put((side, share, text))

    return solve(specimen, side, fields, variants, following, _stop.is_set)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
