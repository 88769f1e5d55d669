"""The least that draws the picture: a few vtkmodules, multi-sampling off."""

import sys

import vtkmodules.vtkRenderingOpenGL2  # noqa: F401
from vtkmodules.vtkIOImage import vtkPNGWriter
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow, vtkWindowToImageFilter

from benchmarks.rivals.plan import HEIGHT, WIDTH, fill, read_plan

plan, arrays = read_plan(sys.argv[1])
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetSize(WIDTH, HEIGHT)
window.SetMultiSamples(0)
renderer = vtkRenderer()
window.AddRenderer(renderer)
fill(renderer, plan, arrays)
window.Render()
grab = vtkWindowToImageFilter()
grab.SetInput(window)
grab.ReadFrontBufferOff()
grab.ShouldRerenderOff()
writer = vtkPNGWriter()
writer.SetFileName(sys.argv[2])
writer.SetInputConnection(grab.GetOutputPort())
writer.Write()
