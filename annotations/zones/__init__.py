"""Zones: regions of gluteus maximus, defined by distances and limits."""
