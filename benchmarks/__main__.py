"""One command, one table: `python -m benchmarks [--rounds N] [--only picture|window|frames]`."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import Runs, interleaved

SPECIMENS = ("model", "z-anatomy")


def main() -> None:
    """Print the table, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=("picture", "window", "frames"), action="append")
    options = parser.parse_args()
    wanted = options.only or ["picture", "window", "frames"]
    print("| what | specimen | against | ratio | of CPU time | wanted |\n|---|---|---|---|---|---|")
    for specimen in SPECIMENS:
        with tempfile.TemporaryDirectory() as folder:
            from benchmarks.scenes import prepare
            from meshes.load import state

            if state(specimen) == "available":
                print(f"| all | {specimen} | not on this machine: glutea fetch {specimen} | | | |")
                continue
            prepare(specimen, Path(folder))
            for what, rows in (("picture", pictures), ("window", windows), ("frames", frames)):
                if what in wanted:
                    for row in rows(specimen, folder, options.rounds):
                        print(f"| {' | '.join(row)} |", flush=True)


Row = tuple[str, str, str, str, str, str]


def pictures(specimen: str, folder: str, rounds: int) -> Iterator[Row]:
    """`render` of a 1280×800 picture as whole process, warm caches."""
    out = str(Path(folder) / "out.png")
    runs = interleaved(
        {
            "glutea": ["main.py", "render", out, "--scene", f"{folder}/scene.json"],
            "minimal": ["-m", "benchmarks.rivals.minimal_vtk", folder, out],
            "f3d": ["-m", "benchmarks.rivals.f3d_picture", folder, out],
            "pyvista": ["-m", "benchmarks.rivals.pyvista_plotter", folder, out],
        },
        rounds,
        {},
    )
    yield _row("render, seconds", specimen, "minimal vtkmodules script", runs, "wall_s", "1.3")
    yield _row("render, seconds", specimen, "f3d", runs, "wall_s", "1.0")
    yield _row("render, seconds", specimen, "PyVista plotter", runs, "wall_s", "0.5")
    yield _row(
        "render, peak memory", specimen, "minimal vtkmodules script", runs, "peak_mib", "1.25"
    )


def windows(specimen: str, folder: str, rounds: int) -> Iterator[Row]:
    """From process start to the first frame that shows everything."""
    runs = interleaved(
        {
            "glutea": ["-m", "benchmarks.glutea_window", f"{folder}/scene.json"],
            "minimal": ["-m", "benchmarks.rivals.qt_window", folder],
            "pyvistaqt": ["-m", "benchmarks.rivals.pyvistaqt_window", folder],
        },
        rounds,
        {"GLUTEA_CONFIG": folder},
    )
    against = "minimal PySide6 window, VTK's widget"
    yield _row("window, first full frame", specimen, against, runs, "reported", "1.3")
    yield _row("window, first full frame", specimen, "pyvistaqt window", runs, "reported", "0.6")


def frames(specimen: str, folder: str, rounds: int) -> Iterator[Row]:
    """An orbit frame and a toggle, against the bare render of the same meshes."""
    from benchmarks.frames import medians_ms

    bare, orbit, toggle = medians_ms(specimen, folder, rounds * 4)
    for what, value in (("orbit frame", orbit), ("toggle", toggle)):
        yield what, specimen, "bare vtkRenderWindow", f"{value / bare:.2f}", "", ""


NAMES = {
    "minimal vtkmodules script": "minimal",
    "f3d": "f3d",
    "PyVista plotter": "pyvista",
    "minimal PySide6 window, VTK's widget": "minimal",
    "pyvistaqt window": "pyvistaqt",
}


def _row(
    what: str, specimen: str, against: str, runs: dict[str, Runs], figure: str, limit: str
) -> Row:
    ours, theirs = runs["glutea"], runs[NAMES[against]]
    ratio = f"{ours.median(figure) / theirs.median(figure):.2f}"
    # On a machine that does other things too, this says more of the work than the clock does.
    of_cpu = "" if figure == "peak_mib" else f"{ours.median('cpu_s') / theirs.median('cpu_s'):.2f}"
    return what, specimen, against, ratio, of_cpu, f"≤ {limit}"


if __name__ == "__main__":
    os.environ.setdefault("QT_API", "pyside6")
    main()
