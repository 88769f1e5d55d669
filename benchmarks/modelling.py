"""How good and how fast the modelled parts are: `python -m benchmarks.modelling`.

Prints the distance to real muscles (Z-Anatomy's bones only, against its own muscles), then closed
surfaces, volumes and overlaps on the shape model, and times. With `--modes`: the worst figures on
people who lie 2 SD off its mean.
For the first table fetch Z-Anatomy, or set GLUTEA_MIRROR.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.spatial import cKDTree

from meshes.load import load_specimen, state
from meshes.modelling.complete import QualityName, complete
from meshes.modelling.remesh import euler_number
from meshes.modelling.samples import surface_samples
from meshes.modelling.signed_distance import overlap_mm3
from meshes.modelling.table import footprints
from meshes.sources import model
from meshes.specimen import Part, Specimen
from meshes.structure import structures
from meshes.surface import is_closed, volume_cm3

BONES = ("hip_bone", "femur", "sacrum", "coccyx")
SOLID = ("bone", "muscle", "ligament", "fascia")
# mean and 95th percentile in mm, as agreed for this project
TARGETS_MM = {
    "gluteus_maximus": (5.0, 12.0),
    "gluteus_medius": (2.5, 7.0),
    "gluteus_minimus": (3.0, 10.0),
    "tensor_fasciae_latae": (3.8, 7.4),
    "piriformis": (2.3, 6.6),
    "gemellus_superior": (2.8, 6.6),
    "gemellus_inferior": (2.8, 6.6),
    "obturator_internus": (2.8, 7.4),
    "quadratus_femoris": (2.0, 6.0),
}
# allowed on the shape model, cm³
VOLUMES_CM3 = {
    "gluteus_maximus": (380.0, 900.0),
    "gluteus_medius": (200.0, 330.0),
    "gluteus_minimus": (95.0, 140.0),
    "piriformis": (20.0, 35.0),
    "obturator_internus": (18.0, 40.0),
    "quadratus_femoris": (13.0, 30.0),
    "gemellus_superior": (4.0, 7.0),
    "gemellus_inferior": (4.0, 7.0),
}
MOST_OVERLAP = {"muscle": 0.005, "ligament": 0.01, "fascia": 0.01, "bone": 0.005, "skin": 1.0}
SAMPLE_MM2 = 1.5
# People that the same code must work on.
MODES, SD = 6, 2.0


@dataclass(frozen=True)
class Distance:
    """Symmetric surface distance in mm."""

    mean_mm: float
    p95_mm: float


def surface_distance(first: Part, second: Part) -> Distance:
    """Symmetric distance between two surfaces, from points spread evenly over both."""
    a, _ = surface_samples(first.vertices_mm, first.triangles, SAMPLE_MM2)
    b, _ = surface_samples(second.vertices_mm, second.triangles, SAMPLE_MM2)
    there, back = cKDTree(b).query(a)[0], cKDTree(a).query(b)[0]
    both = np.concatenate([there, back])
    return Distance(float((there.mean() + back.mean()) / 2), float(np.percentile(both, 95)))


def bones_only(specimen: Specimen) -> Specimen:
    """The specimen without all that Glutea can model."""
    parts = {name: part for name, part in specimen.parts.items() if part.structure in BONES}
    return replace(specimen, parts=parts)


def distances_to_real(real: Specimen, side: str = "left") -> dict[str, Distance]:
    """Each muscle grown on the specimen's bones against the specimen's own."""
    grown = complete(bones_only(real), structure_ids=[*footprints().sheets, "obturator_membrane"])
    out = {}
    for name in TARGETS_MM:
        mine, own = grown.part(name, side), real.part(name, side)  # type: ignore[arg-type]
        if mine is not None and own is not None:
            out[name] = surface_distance(mine, own)
    return out


def overlap(specimen: Specimen, part: Part, spacing_mm: float = 1.0) -> float:
    """Share of a part's volume that it has in common with bones and neighbours."""
    mine = (part.vertices_mm, part.triangles)
    low, high = part.vertices_mm.min(axis=0), part.vertices_mm.max(axis=0)
    others = [
        (other.vertices_mm, other.triangles)
        for other in specimen.parts.values()
        if other is not part
        and structures()[other.structure].kind in SOLID
        and (other.vertices_mm.max(axis=0) > low).all()
        and (other.vertices_mm.min(axis=0) < high).all()
    ]
    volume = volume_cm3(part.vertices_mm, part.triangles) * 1000
    return overlap_mm3(mine, others, spacing_mm) / max(volume, 1e-9)


def off_the_mean() -> Iterator[tuple[str, tuple[float, ...]]]:
    """Name and deviations of the people 2 SD off the mean along each of the first modes."""
    for mode in range(MODES):
        for sd in (-SD, SD):
            yield f"mode {mode + 1}, {sd:+g} SD", (*[0.0] * mode, sd)


@dataclass(frozen=True)
class Worst:
    """The worst figures of a completed specimen.

    Attributes:
        faults: parts that are open or no plain balls, or share more than is allowed.
        overlap: the part and the share of its volume that come nearest to what is allowed.
        volume: the part whose volume lies farthest off its target, and volume over target.
    """

    faults: tuple[str, ...]
    overlap: tuple[str, float]
    volume: tuple[str, float]


def worst(specimen: Specimen) -> Worst:
    """What is least good about the modelled parts of a specimen."""
    centre = specimen.landmark("hip_joint_centre", "left")
    assert centre is not None and centre.radius_mm is not None
    cube = (centre.radius_mm / footprints().reference_head_radius_mm) ** 3
    faults, most, off = [], ("", 0.0, 0.0), ("", 1.0)
    for part in modelled(specimen):
        kind = structures()[part.structure].kind
        shared = 0.0 if kind == "skin" else overlap(specimen, part)
        if not is_closed(part.triangles) or euler_number(part.triangles) != 2:
            faults.append(f"{part.id}: not one closed surface")
        if shared > MOST_OVERLAP[kind]:
            faults.append(f"{part.id}: shares {100 * shared:.2f} %")
        if shared / MOST_OVERLAP[kind] > most[2]:
            most = (part.id, shared, shared / MOST_OVERLAP[kind])
        recipe = footprints().sheets.get(part.structure)
        if recipe is not None and recipe.volume_cm3 is not None:
            share = volume_cm3(part.vertices_mm, part.triangles) / (recipe.volume_cm3 * cube)
            off = max(off, (part.id, share), key=lambda pair: abs(np.log(pair[1])))
    return Worst(tuple(faults), most[:2], off)


def modelled(specimen: Specimen) -> Iterable[Part]:
    """The parts that Glutea made."""
    return (p for p in specimen.parts.values() if p.origin == "modelled")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quality", default="full", choices=["full", "coarse", "preview"])
    parser.add_argument(
        "--modes",
        action="store_true",
        help="only people 2 SD off the mean along the shape model's first modes; minutes each",
    )
    wanted = parser.parse_args()
    console = Console(width=110)
    if wanted.modes:
        _print_modes(console, wanted.quality)
        return
    if state("z-anatomy") != "available":
        console.print(_distance_table())
    else:
        console.print("Z-Anatomy is not on this machine: no comparison with real muscles.")
    bare = load_specimen("model")
    whole = _timed("both sides", bare, wanted.quality, console)
    right = bare.with_parts(part for part in whole.parts.values() if part.side == "right")
    _timed("one whole side", right, wanted.quality, console)
    _timed("left side shown mirrored", bare, "preview", console)
    console.print(_part_table(whole))


def _timed(what: str, specimen: Specimen, quality: QualityName, console: Console) -> Specimen:
    """The specimen, completed, and how long that took."""
    started, cpu = time.perf_counter(), time.process_time()
    whole = complete(specimen, quality)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    console.print(f"Shape model, {what}, {quality}: {wall:.1f} s, {cpu:.1f} s of CPU time")
    return whole


def _print_modes(console: Console, quality: QualityName) -> None:
    """One row a person, as soon as it is there."""
    for name, deviations in off_the_mean():
        started = time.perf_counter()
        found = worst(complete(model.load(deviations), quality))
        seconds = time.perf_counter() - started
        console.print(
            f"{name}: {'; '.join(found.faults) or 'all closed and apart'}. "
            f"Most shared: {found.overlap[0]} {100 * found.overlap[1]:.2f} %. "
            f"Volume: {found.volume[0]} {100 * found.volume[1]:.0f} % of its target. "
            f"{seconds:.0f} s"
        )


def _distance_table() -> Table:
    table = Table(title="Distance to Z-Anatomy's real muscles, mm (left)")
    for heading in ("muscle", "mean", "allowed", "95 %", "allowed", ""):
        table.add_column(heading, justify="left" if heading in ("muscle", "") else "right")
    for name, found in distances_to_real(load_specimen("z-anatomy")).items():
        mean, p95 = TARGETS_MM[name]
        good = found.mean_mm <= mean and found.p95_mm <= p95
        table.add_row(
            structures()[name].english,
            f"{found.mean_mm:.2f}",
            f"{mean:.1f}",
            f"{found.p95_mm:.1f}",
            f"{p95:.1f}",
            "holds" if good else "MISSED",
        )
    return table


def _part_table(specimen: Specimen) -> Table:
    table = Table(title=f"{specimen.title}: modelled parts")
    for heading in ("part", "triangles", "closed", "Euler", "cm³", "overlap %", ""):
        table.add_column(heading, justify="left" if heading in ("part", "") else "right")
    for part in modelled(specimen):
        kind = structures()[part.structure].kind
        volume = volume_cm3(part.vertices_mm, part.triangles)
        shared = 0.0 if kind == "skin" else overlap(specimen, part)
        low, high = VOLUMES_CM3.get(part.structure, (0.0, np.inf))
        closed = is_closed(part.triangles)
        good = closed and low <= volume <= high and shared <= MOST_OVERLAP[kind]
        table.add_row(
            part.id,
            str(len(part.triangles)),
            "yes" if closed else "NO",
            str(euler_number(part.triangles)),
            f"{volume:.1f}",
            f"{100 * shared:.2f}",
            "holds" if good else "MISSED",
        )
    return table


if __name__ == "__main__":
    main()
