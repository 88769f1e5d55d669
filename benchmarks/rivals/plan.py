"""What every rival draws: the meshes in one cached file, their colours, one camera."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 1280, 800


def read_plan(folder: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Plan (JSON) and arrays (NumPy, by name) of a folder made by `benchmarks.scenes`."""
    from safetensors import safe_open

    plan = json.loads((Path(folder) / "plan.json").read_text())
    with safe_open(plan["cache"], "np") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return plan, arrays


def polydata(arrays: dict[str, Any], part: str) -> Any:
    """vtkPolyData over the arrays, nothing copied."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    points = vtkPoints()
    points.SetData(numpy_to_vtk(arrays[f"{part}/vertices_mm"]))
    cells = vtkCellArray()
    cells.SetData(3, numpy_to_vtk(arrays[f"{part}/triangles"].ravel()))
    mesh = vtkPolyData()
    mesh.SetPoints(points)
    mesh.SetPolys(cells)
    mesh.GetPointData().SetNormals(numpy_to_vtk(arrays[f"{part}/normals"]))
    return mesh


def fill(renderer: Any, plan: dict[str, Any], arrays: dict[str, Any]) -> None:
    """One actor a part, the plan's camera, a white background."""
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

    renderer.SetBackground(1, 1, 1)
    for part, colour in plan["parts"].items():
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(polydata(arrays, part))
        mapper.ScalarVisibilityOff()
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().SetColor(colour)
        renderer.AddActor(actor)
    camera = renderer.GetActiveCamera()
    camera.SetPosition(plan["camera"]["position"])
    camera.SetFocalPoint(plan["camera"]["focal_point"])
    camera.SetViewUp(plan["camera"]["up"])
    camera.SetViewAngle(plan["camera"]["angle"])
    renderer.ResetCameraClippingRange()
