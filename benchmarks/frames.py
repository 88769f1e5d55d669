"""Frames inside one process: the stage's against those of a bare render window."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from annotations.atlas import build
from benchmarks.rivals.plan import HEIGHT, WIDTH, fill, read_plan
from viewer.scene import Scene, load_scene
from viewer.stage import Stage


def medians_ms(specimen: str, folder: str, rounds: int) -> tuple[float, float, float]:
    """Bare frame, the stage's orbit frame, the stage's toggle: medians, taken in turn."""
    from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

    plan, arrays = read_plan(folder)
    bare = vtkRenderWindow()
    bare.SetOffScreenRendering(1)
    bare.SetSize(WIDTH, HEIGHT)
    bare.SetMultiSamples(0)
    renderer = vtkRenderer()
    bare.AddRenderer(renderer)
    fill(renderer, plan, arrays)

    scene = Scene(load_scene(Path(folder) / "scene.json"))
    stage = Stage()
    stage.window.SetSize(WIDTH, HEIGHT)
    stage.set_atlas(build(scene.state.request))
    stage.apply(scene.state)
    stage.fit("posterior")
    first = next(iter(scene.state.looks))

    def bare_frame() -> None:
        renderer.GetActiveCamera().Azimuth(5)
        renderer.ResetCameraClippingRange()
        bare.Render()
        bare.WaitForCompletion()

    def orbit() -> None:
        stage.renderer.GetActiveCamera().Azimuth(5)
        stage.render(moving=True)
        stage.window.WaitForCompletion()

    def toggle() -> None:
        with scene.change("toggle") as draft:
            draft.show(first, visible=not draft.looks[first].visible)
        if stage.apply(scene.state):
            stage.render()
            stage.window.WaitForCompletion()

    times: dict[str, list[float]] = {"bare": [], "orbit": [], "toggle": []}
    jobs: dict[str, Callable[[], None]] = {"bare": bare_frame, "orbit": orbit, "toggle": toggle}
    for round_ in range(rounds + 2):
        for name, job in jobs.items():
            started = time.perf_counter()
            job()
            if round_ >= 2:
                times[name].append((time.perf_counter() - started) * 1e3)
    stage.close()
    bare.Finalize()
    return (
        statistics.median(times["bare"]),
        statistics.median(times["orbit"]),
        statistics.median(times["toggle"]),
    )
