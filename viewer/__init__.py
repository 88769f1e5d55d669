"""How the region is shown: the scene, the stage that draws it, the window and the outputs."""
