"""What one side of an atlas says of the nerve: its points and their distances."""

from __future__ import annotations

import numpy as np

from annotations.atlas import Atlas
from annotations.claims.result import ClaimFigure, Place
from annotations.courses.course import PointOfInterest
from annotations.zones.fields import WAYS
from meshes.specimen import FloatArray, Side

NERVE = "inferior_gluteal_nerve"
POINTS = {"exit": "exit", "trunk_contact": "trunk contact", "branch_entry": "branch entry"}
LANDMARKS = {
    "greater_trochanter_tip": "the tip of the greater trochanter",
    "psis": "the PSIS",
    "piis": "the PIIS",
    "ischial_tuberosity": "the ischial tuberosity",
}


def places(atlas: Atlas, side: Side) -> list[Place]:
    """Exit, trunk contact and branch entries with their distances; empty without such points."""
    own = Own(atlas, side)
    out = []
    for point in own.points:
        x, y, z = (round(float(v), 2) for v in point.position_mm)
        distances = tuple(own.distance(point, name) for name in LANDMARKS)
        across = own.field(point, "across")
        across = None if across is None else round(across, 3)
        out.append(Place(POINTS[point.name], point.branch, (x, y, z), distances, across))
    return out


class Own:
    """What one side of an atlas says of the nerve."""

    def __init__(self, atlas: Atlas, side: Side) -> None:
        self.atlas, self.side = atlas, side
        self.zones = atlas.zones[side]
        course = atlas.courses.get(NERVE, {}).get(side)
        self.points = [] if course is None else [p for p in course.points if p.name in POINTS]

    def named(self, name: str) -> list[PointOfInterest]:
        """The nerve's points of that name."""
        return [point for point in self.points if point.name == name]

    def landmark(self, name: str) -> FloatArray | None:
        """Its position, (3,), or None."""
        return self.atlas.specimen.point_mm(name, self.side)

    def distance(self, point: PointOfInterest, landmark: str) -> ClaimFigure:
        """From a point of the nerve to a landmark, in both kinds of distance."""
        where = self.landmark(landmark)
        label = f"{POINTS[point.name]} to {LANDMARKS[landmark]}"
        if point.name == "branch_entry":
            label = f"{point.branch}: {label}"
        if where is None:
            return ClaimFigure(label)
        straight = float(np.linalg.norm(point.position_mm - where))
        share = straight / self.zones.figures.psis_to_trochanter_mm
        along = self.field(point, WAYS[landmark])
        return ClaimFigure(
            label, round(straight, 2), None if along is None else round(along, 2), round(share, 3)
        )

    def field(self, point: PointOfInterest, name: str) -> float | None:
        """A field of the deep surface where the nerve touches it; the exit does not."""
        probe = self.zones.probe
        if point.name == "exit" or probe is None or name not in probe.values:
            return None
        return float(probe.at(point.position_mm)[name][0])
