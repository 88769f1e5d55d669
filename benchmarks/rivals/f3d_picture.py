"""f3d's Python API on the same geometry as GLB."""

import json
import sys
from pathlib import Path

import f3d

from benchmarks.rivals.plan import HEIGHT, WIDTH

plan = json.loads((Path(sys.argv[1]) / "plan.json").read_text())
f3d.Log.set_verbose_level(f3d.Log.VerboseLevel.QUIET)
f3d.Engine.autoload_plugins()
engine = f3d.Engine.create(True)
engine.options.update({"render.grid.enable": False})
engine.window.size = (WIDTH, HEIGHT)
engine.scene.add(str(Path(sys.argv[1]) / "scene.glb"))
camera = engine.window.camera
camera.position, camera.focal_point = (
    plan["glb_camera"]["position"],
    plan["glb_camera"]["focal_point"],
)
camera.view_up, camera.view_angle = plan["glb_camera"]["up"], plan["camera"]["angle"]
engine.window.render_to_image().save(sys.argv[2])
