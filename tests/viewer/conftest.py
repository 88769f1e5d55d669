"""A small atlas made of balls, and stages that are given back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pictures import SIZE, part_of

from annotations.atlas import Atlas
from annotations.request import Request
from annotations.zones.zone import Patch, ZoneFigures, Zones
from meshes.specimen import Landmark, Specimen
from viewer.stage import Stage


@pytest.fixture(scope="session")
def balls() -> Atlas:
    """Gluteus maximus as a ball round a femur's ball and a square entry zone, on the right."""
    parts = [
        part_of("gluteus_maximus", "right", (-60.0, 0.0, 0.0), 50.0),
        part_of("femur", "right", (-60.0, -10.0, 0.0), 20.0),
        part_of("hip_bone", "left", (60.0, 0.0, 0.0), 40.0),
        part_of("sacrum", "midline", (0.0, 0.0, 60.0), 15.0),
    ]
    corners = np.array([[-75, 30, 15], [-45, 30, 15], [-45, 30, 30], [-75, 30, 30]], np.float32)
    facing = np.tile(np.array([0, 1, 0], np.float32), (4, 1))
    patch = Patch(
        "entry_zone",
        "right",
        corners,
        np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        facing,
        (np.vstack([corners, corners[:1]]),),
    )
    line = np.array([[-20.0, 40.0, 60.0], [-100.0, 10.0, -20.0]])
    zones = Zones(
        "right",
        {"entry_zone": patch},
        ZoneFigures(float(np.linalg.norm(line[0] - line[1])), 0.0),
        line,
    )
    marks = {
        "psis": Landmark("psis", line[0], "curated", 1.0, "hip_bone"),
        "greater_trochanter_tip": Landmark(
            "greater_trochanter_tip", line[1], "curated", 1.0, "femur"
        ),
    }
    specimen = Specimen(
        name="balls",
        title="Balls",
        licence="CC0",
        credits=("Made for tests",),
        how_made="Out of balls.",
        parts={part.id: part for part in parts},
        landmarks={"left": {}, "right": marks, "midline": {}},
        frame_from_source=np.eye(4),
    )
    return Atlas(Request("model"), specimen, {}, {}, {"right": zones})


@pytest.fixture
def stage() -> Iterator[Stage]:
    """An off-screen stage of its own, small and without the marker; closed at the end."""
    made = Stage()
    made.orientation_marker = False
    made.window.SetSize(*SIZE)
    yield made
    made.close()
