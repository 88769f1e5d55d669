"""Solving the courses of one side, in the table's order, on this specimen's own anatomy."""

from __future__ import annotations

from collections.abc import Callable

from annotations.courses.bench import Bench, State
from annotations.courses.course import Branch, Course, LeftOut
from annotations.courses.fan import Surface
from annotations.courses.neighbours import Neighbour
from annotations.courses.slots import gate_of
from annotations.courses.table import BranchEntry, CourseEntry
from annotations.courses.variants import Variants
from annotations.courses.weighing import fault, settle_and_weigh, weigh
from annotations.zones.fields import SurfaceFields
from meshes.sources.download import Cancelled, never
from meshes.specimen import Side, Specimen
from meshes.structure import structure

# How far the work has come when all lines are laid, and when they lie among one another.
LAID, SETTLED = 0.5, 0.85
SOONER_MM = 0.5
NOT_YET = "not yet laid"
Trunks = list[tuple[CourseEntry, BranchEntry]]


def solve(
    specimen: Specimen,
    side: Side,
    fields: SurfaceFields | None,
    variants: Variants | None = None,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancelled: Callable[[], bool] = never,
) -> tuple[list[Course], list[LeftOut]]:
    """All courses of one side in the table's order, and what had to be left out.

    Takes 10 to 15 s, up to half a minute where there is little room.

    Args:
        fields: gluteus maximus of the side; None where the specimen lacks the muscle, then the
            courses are schematic.
        progress: called with a share from 0 to 1 and a text.

    Raises:
        Cancelled: soon after `cancelled()` turned true.
    """

    def go_on() -> None:
        if cancelled():
            raise Cancelled

    bench = Bench(specimen, side, fields, variants or Variants(), go_on)
    bench.space.prepare()
    bench.slots.allot(bench.trunks, go_on)
    for done, entry in enumerate(bench.wanted):
        go_on()
        progress(LAID * (done + 1) / (len(bench.wanted) + 1), structure(entry.structure).english)
        bench.lay(entry)
    progress(LAID, "Nerves and vessels make room for one another")
    bench.settle()
    weigh(bench)
    _help_the_foremost(bench)
    _try_again(bench, progress)
    progress(SETTLED, "Branches over gluteus maximus")
    if fields is not None:
        _fan_out(bench, fields)
    return [bench.checked(e) for e in bench.wanted if bench.is_laid(e)], bench.left_out


def _help_the_foremost(bench: Bench) -> None:
    """Where what the atlas is about breaks a demand: draw it narrower, or lay it first.

    Of what helps least is gone back to the state with the fewest broken courses.
    """
    best = bench.state()
    for remedy in (_draw_slimmer, _lay_foremost_first, _draw_slimmer):
        failing = bench.failing()
        if not failing:
            return
        remedy(bench, failing)
        now = bench.state()
        if now.faults[0] < best.faults[0]:
            best = now
    bench.restore(best)


def _draw_slimmer(bench: Bench, failing: list[CourseEntry]) -> None:
    for entry in failing:
        bench.draw_slimmer(entry)
    bench.settle()
    weigh(bench)


def _lay_foremost_first(bench: Bench, failing: list[CourseEntry]) -> None:
    """Begin again: what the atlas is about alone, all else to find its way among it."""
    bench.left_out.clear()
    bench.slots.drop_all()
    for entry in bench.wanted:
        bench.forget(entry)
    bench.draw_as_usual()
    trunks = bench.trunks
    bench.slots.allot([one for one in trunks if not one[0].may_be_left_out], bench.go_on)
    later = {entry.structure for entry, _ in trunks if entry.may_be_left_out}
    for entry in bench.wanted:
        bench.go_on()
        if entry.structure in later:
            bench.leave_out(entry.structure, "trunk", NOT_YET)
        else:
            bench.lay(entry)
    bench.slots.allot([one for one in trunks if one[0].may_be_left_out], bench.go_on)
    bench.settle()


def _try_again(bench: Bench, progress: Callable[[float, str], None]) -> None:
    """Try what was taken out, or found no way, among the others as they lie by now.

    In its own places, then in places allotted anew, then wherever there is room, then narrower,
    then before those that share its places.
    """
    best = bench.state()
    attempts = (_own_places, _new_places, _any_place, _slimmer, _come_first)
    for number, prepared in enumerate(attempts):
        lost = {one.id for one in bench.left_out}
        again = [one for one in bench.trunks if one[0].structure in lost]
        tried = {entry.structure for entry, _ in again}
        if not tried or not prepared(bench, again):
            continue
        share = LAID + (SETTLED - LAID) * (number + 1) / (len(attempts) + 1)
        progress(share, "Ways for what found none")
        best = _laid_again(bench, tried, best)
    # All together they may have pressed upon what the atlas is about: then one by one.
    for entry, _ in bench.trunks:
        if any(one.id == entry.structure and one.reason == NOT_YET for one in bench.left_out):
            best = _laid_again(bench, {entry.structure}, best)
    if failing := bench.failing():
        _draw_slimmer(bench, failing)
        _better(bench, best)
    for one in [one for one in bench.left_out if one.reason == NOT_YET]:
        bench.leave_out(one.id, one.branch, "no room beside what this atlas is about")


def _laid_again(bench: Bench, tried: set[str], best: State) -> State:
    """Lay courses once more, and what made way for them; undone where that is no better."""
    bench.left_out = [one for one in bench.left_out if one.id not in tried]
    waiting = {one.id for one in bench.left_out if one.reason == NOT_YET}
    for first in (True, False):  # then what made way
        for entry in bench.wanted:
            if (entry.structure in tried) == first and entry.structure not in waiting:
                bench.lay(entry)
    settle_and_weigh(bench)
    return _better(bench, best)


def _better(bench: Bench, best: State) -> State:
    """The better of how all lies now and of how it lay, which is gone back to."""
    now = bench.state()
    if now.faults < best.faults:
        return now
    bench.restore(best)
    return best


def _own_places(bench: Bench, again: Trunks) -> bool:
    """Whether others went as well: what was lost alone would find the same way again."""
    return len(again) > 1


def _new_places(bench: Bench, again: Trunks) -> bool:
    lost = [one for one in again if not bench.is_laid(one[0])]
    bench.slots.allot_among(lost, bench.lines.neighbours, bench.go_on)
    return bool(lost)


def _any_place(bench: Bench, again: Trunks) -> bool:
    for entry, _ in again:
        bench.slots.drop(entry.structure)
    return True


def _slimmer(bench: Bench, again: Trunks) -> bool:
    lost = {entry.structure for entry, _ in again if not bench.is_laid(entry)}
    for entry, _ in again:
        if entry.structure in lost:
            bench.draw_slimmer(entry)
    # Their rows are other ones by now.
    return _new_places(bench, [one for one in bench.trunks if one[0].structure in lost])


def _come_first(bench: Bench, again: Trunks) -> bool:
    """Whether others that may be left out made way for what is tried."""
    gates = {gate_of(way) for entry, row in again if not bench.is_laid(entry) for way in row.way}
    rivals = [
        entry
        for entry, row in bench.trunks
        if entry.may_be_left_out
        and bench.is_laid(entry)
        and gates & {gate for way in row.way if (gate := gate_of(way))}
    ]
    for entry in rivals:
        bench.forget(entry)
    return bool(rivals)


def _fan_out(bench: Bench, fields: SurfaceFields) -> None:
    """The branches on gluteus maximus; what may be left out makes room for them.

    The nerve's first: the muscle has it alone, the artery's branches find another way. Where
    something is lost by that, branches are led apart sooner, or the artery's are tried first.
    """
    surface = Surface(bench.space, fields)
    fanned = [e for e in bench.wanted if e.fan is not None and bench.is_laid(e)]
    fanned.sort(key=lambda e: structure(e.structure).kind != "nerve")
    before = bench.state()
    best = None
    for order, sooner_mm in ((fanned, 0.0), (fanned, SOONER_MM), (fanned[::-1], 0.0)):
        for entry in order:
            _fan(bench, entry, surface, sooner_mm)
        settle_and_weigh(bench, bench.foremost)
        now = bench.state()
        if best is None or now.faults < best.faults:
            best = now
        if best.faults <= before.faults:
            break
        bench.restore(before)
    if best is not None:
        bench.restore(best)


def _fan(bench: Bench, entry: CourseEntry, surface: Surface, sooner_mm: float) -> None:
    branches = bench.branches(entry)
    trunk = branches["trunk"]
    settings = bench.space.settings
    others: list[Neighbour] = []
    for neighbour in [*bench.lines.neighbours, *bench.space.source_neighbours.values()]:
        spared: Neighbour | None = neighbour
        if neighbour.name == entry.structure:
            spared = neighbour.without(trunk.points_mm[-1], settings.junction_mm)
        if spared is not None:
            others.append(spared)
    yielding = frozenset(e.structure for e in bench.wanted) - bench.foremost

    def why_not(branch: Branch, sinks: bool) -> str:
        bench.go_on()
        branches[branch.name] = branch
        why = fault(bench, entry, branch, None, sinks, yielding, sooner_mm)
        del branches[branch.name]
        return why

    for branch, sinks, why in surface.fan(entry, trunk, bench.variants, others, why_not):
        if why:
            bench.leave_out(entry.structure, branch.name, why)
        else:
            bench.add_fanned(entry, branch, sinks)
