"""Scenes that are drawn by all: every part of the region, opaque, from behind."""

from __future__ import annotations

import json
from pathlib import Path

from annotations.atlas import build
from annotations.request import Request
from benchmarks.rivals.plan import HEIGHT, WIDTH
from meshes.cache import save
from viewer.items import items
from viewer.output.export import export
from viewer.palette import colour_of, rgb
from viewer.scene import Look, SceneState, save_scene
from viewer.stage import Stage


def prepare(specimen: str, folder: Path) -> int:
    """Write plan, cached meshes, GLB and scene file of a specimen; returns its triangles."""
    folder.mkdir(parents=True, exist_ok=True)
    atlas = build(Request(specimen))
    kinds = ("zone", "landmark", "line")
    shown = [i.id for i in items(atlas) if i.group not in kinds and i.id in atlas.specimen.parts]
    state = SceneState(request=atlas.request, looks={name: Look() for name in shown}, credit=False)
    stage = Stage()
    stage.window.SetSize(WIDTH, HEIGHT)
    stage.set_atlas(atlas)
    stage.apply(state)
    camera = stage.fit("posterior")
    stage.close()
    save_scene(state, folder / "scene.json")
    arrays = {}
    for name in shown:
        part = atlas.parts[name]
        arrays[f"{name}/vertices_mm"] = part.vertices_mm
        arrays[f"{name}/triangles"] = part.triangles
        arrays[f"{name}/normals"] = part.normals
    cache = folder / "meshes.safetensors"
    save(cache, {}, arrays)
    export(atlas, folder / "scene.glb", shown, ("left", "right"))

    def metres(point: tuple[float, float, float]) -> list[float]:
        x, y, z = point
        return [x / 1000, z / 1000, -y / 1000]

    x, y, z = camera.up
    plan = {
        "cache": str(cache),
        "parts": {name: rgb(colour_of(name)) for name in shown},
        "camera": {
            "position": camera.position_mm,
            "focal_point": camera.focal_point_mm,
            "up": camera.up,
            "angle": camera.view_angle_deg,
        },
        "glb_camera": {
            "position": metres(camera.position_mm),
            "focal_point": metres(camera.focal_point_mm),
            "up": [x, z, -y],
        },
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    return sum(len(atlas.parts[name].triangles) for name in shown)
