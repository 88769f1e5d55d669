"""How well the courses pass and how long they take: `python -m benchmarks.courses`.

One row for each specimen, side and variant: what the nerve and the artery break, how far they wind
round one another, their exits, what had to be left out, and the seconds of the solver alone.
`--modes` adds people off the mean: ±2 SD of the shape model's first six modes, each completed and
solved anew (about a minute each). For Z-Anatomy fetch it, or set GLUTEA_MIRROR.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping

from annotations.courses.checks import NERVES_NEAR_MM
from annotations.courses.course import Course, LeftOut
from annotations.courses.solve import solve
from annotations.courses.variants import Variants
from annotations.courses.winding import winding_deg
from annotations.zones.fields import SurfaceFields, surface_fields
from benchmarks import modelling
from meshes.load import load_complete_specimen, state
from meshes.specimen import SIDES, Side, Specimen

SPECIMENS = ("model", "z-anatomy")
NERVE, ARTERY = "inferior_gluteal_nerve", "inferior_gluteal_artery"
VARIANTS: Mapping[str, Variants] = {
    "as in most": Variants(),
    "sciatic B": Variants(sciatic="B"),
    "sciatic C": Variants(sciatic="C"),
    "sciatic D": Variants(sciatic="D"),
    "nerve through piriformis": Variants(nerve_pierces_piriformis=True),
    "no artery": Variants(artery=False),
    "artery between S2 and S3": Variants(artery_between="S2-S3"),
    "no twig": Variants(cutaneous_twig=False),
    **{f"{n} branches": Variants(nerve_branches=n) for n in (3, 4, 6, 7)},
}
HEAD = ("specimen", "side", "variant", "broken", "winding", "exits from the spine", "left out", "s")


def main() -> None:
    """Print the table, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specimen", choices=SPECIMENS, action="append")
    parser.add_argument("--side", choices=SIDES, action="append")
    parser.add_argument("--variant", choices=tuple(VARIANTS), action="append")
    parser.add_argument("--modes", action="store_true", help="people off the mean as well")
    options = parser.parse_args()
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for name in options.specimen or SPECIMENS:
        if state(name) == "available":
            print(f"| {name} | not on this machine: glutea fetch {name} |")
            continue
        specimen = load_complete_specimen(name)
        wanted = options.variant or tuple(VARIANTS)
        for row in rows(name, specimen, options.side or SIDES, wanted):
            print(f"| {' | '.join(row)} |", flush=True)
    if options.modes:
        for label, specimen in off_the_mean():
            for row in rows(label, specimen, options.side or SIDES, ("as in most",)):
                print(f"| {' | '.join(row)} |", flush=True)


def off_the_mean() -> Iterator[tuple[str, Specimen]]:
    """The people of `benchmarks.modelling`, complete with muscles."""
    from meshes.modelling.complete import complete
    from meshes.sources.model import load

    for person, deviations in modelling.off_the_mean():
        yield person, complete(load(deviations))


def rows(
    name: str, specimen: Specimen, sides: tuple[Side, ...], variants: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """A row a side and variant; the fields of gluteus maximus are made once a side."""
    for side in sides:
        fields = surface_fields(specimen, side)
        for variant in variants:
            yield name, side, variant, *row(specimen, side, fields, VARIANTS[variant])


def row(
    specimen: Specimen, side: Side, fields: SurfaceFields | None, variants: Variants
) -> tuple[str, ...]:
    """What is broken, winding, exits, what is left out, seconds."""
    start = time.perf_counter()
    courses, left_out = solve(specimen, side, fields, variants)
    seconds = time.perf_counter() - start
    by_id = {course.id: course for course in courses}
    return (
        "; ".join(_broken(courses)) or "nothing",
        _winding(by_id),
        ", ".join(_exit(by_id[one]) for one in (NERVE, ARTERY) if one in by_id),
        ", ".join(_short(one) for one in left_out) or "nothing",
        f"{seconds:.0f}",
    )


def _broken(courses: list[Course]) -> list[str]:
    return [
        f"{course.id}: {check.name} ({check.detail})"
        for course in courses
        for check in course.passes
        if not check.holds
    ]


def _winding(courses: Mapping[str, Course]) -> str:
    if NERVE not in courses or ARTERY not in courses:
        return ""
    vessel, nerve = (courses[name].branches[0].points_mm for name in (ARTERY, NERVE))
    return f"{winding_deg(vessel, nerve, NERVES_NEAR_MM):.0f}°"


def _exit(course: Course) -> str:
    check = next((c for c in course.passes if c.name.startswith("through the greater")), None)
    return check.detail.partition(" mm from")[0].rpartition(" ")[2] + " mm" if check else ""


def _short(one: LeftOut) -> str:
    return one.id if one.branch == "trunk" else f"{one.id} ({one.branch})"


if __name__ == "__main__":
    main()
