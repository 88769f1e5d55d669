"""What may stay: lines are led off what they are too near to, what breaks a demand is taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from annotations.courses.bench import Bench
from annotations.courses.clearance import ROUNDING_MM
from annotations.courses.course import Branch, PointOfInterest
from annotations.courses.relax import largest_turn_deg
from annotations.courses.table import CourseEntry
from meshes.structure import structure

# Shares of the usual clearance that a line is led off by, one after the other, where it is tight.
AIMS = (1.0, 0.5)
HOPELESS_MM = -1.5  # a line that runs that deep in something has lost its way


def settle_and_weigh(bench: Bench, held: frozenset[str] = frozenset()) -> None:
    """Relax all together and take out what does not pass, until all that lies may stay.

    What goes makes others settle anew, which may cost one of them its pass. Structures `held`
    stay as they lie.
    """
    bench.settle(held)
    while weigh(bench, held):
        bench.settle(held)


def weigh(bench: Bench, held: frozenset[str] = frozenset()) -> bool:
    """Whether something had to be taken out, the last of the table first; `held` stays."""
    taken = False
    for entry in reversed(bench.wanted):
        bench.go_on()
        taken |= entry.structure not in held and _weigh_one(bench, entry)
    return taken


def fault(
    bench: Bench,
    entry: CourseEntry,
    branch: Branch,
    clearance: Mapping[str, float] | None = None,
    sinks: bool = False,
    yielding: frozenset[str] = frozenset(),
    sooner_mm: float = 0.0,
) -> str:
    """What keeps a side branch from being drawn; "" where it passes.

    Args:
        clearance: of the whole course, where it is known.
        sinks: whether it is one of a fan that is followed to where it sinks in.
        yielding: what will make room for it.
        sooner_mm: by how much sooner after a parting it counts than is demanded.
    """
    settings = bench.space.settings
    turn = largest_turn_deg(branch.points_mm, settings.turn_over_mm)
    if turn > settings.largest_turn_deg:
        return f"it would have to turn {turn:.0f}° in {settings.turn_over_mm:g} mm"
    if clearance is not None and not _is_tight(bench, clearance):
        return ""
    alone = replace(bench.course(entry), branches=(branch,))
    if sinks:
        entered = PointOfInterest("branch_entry", branch.name, branch.points_mm[-1])
        alone = replace(alone, points=(entered,))
    least = settings.least_clearance_mm + (ROUNDING_MM if sinks else 0.0)
    tight = [
        structure(name).english.lower()
        for name, mm in bench.walls.clearances(entry, alone, sooner_mm).items()
        if mm < least and name not in yielding
    ]
    return f"no room beside {', '.join(tight)}" if tight else ""


def _weigh_one(bench: Bench, entry: CourseEntry) -> bool:
    """Leave out what breaks what anatomy demands, where it may be left out."""
    clearance = _touched_up(bench, entry)
    dropped = False
    for row in bench.rows[entry.structure].values():
        side_line = row.role == "branch" or (row.role == "root" and entry.may_be_left_out)
        branch = bench.branches(entry).get(row.name)
        if side_line and branch is not None and (why := fault(bench, entry, branch, clearance)):
            bench.leave_out(entry.structure, row.name, why)
            bench.lines.drop(entry.structure, row.name)
            dropped = True
    if not entry.may_be_left_out or not bench.is_laid(entry):
        return dropped
    course = bench.checked(entry, None if dropped else clearance)
    broken = [check for check in course.passes if not check.holds]
    if broken:
        why = "; ".join(f"{check.name}: {check.detail}" for check in broken)
        bench.forget(entry)
        bench.leave_out(entry.structure, "trunk", why)
    return dropped or bool(broken)


def _touched_up(bench: Bench, entry: CourseEntry) -> Mapping[str, float]:
    """The clearances of a course whose lines, where they are a little too near to something,
    were led off as exact distances say.
    """
    best = bench.clearances(entry)
    for aim in AIMS:
        if not _is_tight(bench, best) or min(best.values()) < HOPELESS_MM:
            break
        before = bench.lines.kept(entry.structure)
        bench.lines.touch_up(entry.structure, aim)
        now = bench.clearances(entry)
        if min(now.values()) > min(best.values()):
            best = now
        else:
            bench.lines.put_back(before)
    return best


def _is_tight(bench: Bench, clearance: Mapping[str, float]) -> bool:
    return min(clearance.values(), default=np.inf) < bench.space.settings.least_clearance_mm
