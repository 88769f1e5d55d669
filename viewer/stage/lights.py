"""The lamps: fixed to the camera, so that the anatomy turns in a steady light."""

from __future__ import annotations

from vtkmodules.vtkRenderingCore import vtkLight, vtkRenderer

from viewer.palette import palette, rgb


def light(renderer: vtkRenderer) -> None:
    """Put the palette's lamps into a renderer, in place of VTK's own."""
    renderer.AutomaticLightCreationOff()
    renderer.RemoveAllLights()
    for lamp in palette().lamps:
        made = vtkLight()
        made.SetLightTypeToCameraLight()
        made.SetPosition(*lamp.towards)
        made.SetFocalPoint(0.0, 0.0, 0.0)
        made.SetIntensity(lamp.intensity)
        made.SetColor(*rgb(lamp.colour))
        renderer.AddLight(made)
