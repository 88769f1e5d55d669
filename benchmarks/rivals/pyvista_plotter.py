"""A PyVista plotter as its documentation shows it, on the same cached arrays."""

import sys

import pyvista as pv

from benchmarks.rivals.plan import HEIGHT, WIDTH, polydata, read_plan

plan, arrays = read_plan(sys.argv[1])
plotter = pv.Plotter(off_screen=True, window_size=[WIDTH, HEIGHT])
plotter.set_background("white")
for part, colour in plan["parts"].items():
    plotter.add_mesh(pv.wrap(polydata(arrays, part)), color=colour, smooth_shading=True)
plotter.camera.position = plan["camera"]["position"]
plotter.camera.focal_point = plan["camera"]["focal_point"]
plotter.camera.up = plan["camera"]["up"]
plotter.camera.view_angle = plan["camera"]["angle"]
plotter.camera_set = True
plotter.show(screenshot=sys.argv[2])
