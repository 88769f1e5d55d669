"""Minimal programs of other makes that draw the same meshes; each is run as a whole process."""
