"""The table of courses, schema-checked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from annotations.evidence import evidence

Triple = tuple[float, float, float]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all courses share."""

    grid_mm: float
    clearance_mm: float
    room_mm: float
    step_mm: float
    door_half_depth_mm: float
    curtain_mm: float
    obstacle_kinds: tuple[str, ...]
    obstacle_structures: tuple[str, ...]
    bones_of_pelvis: tuple[str, ...]


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The point midway between two landmarks, moved by (lateral, posterior, superior) mm."""

    between: tuple[str, str]
    offset_mm: Triple


class Exit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where in the foramen: by published distances, or beside another course."""

    from_spine: str | None = None
    above_ligament: str | None = None
    lateral_to: str | None = None
    gap_mm: float = 0.0


class CourseEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One nerve or vessel."""

    structure: str
    note: str
    diameter: str
    taper: float
    start: Start
    exit: Exit
    contact_direction: Triple
    contact_reach_mm: float
    branch_prefix: str
    branch_names: tuple[str, ...]
    branch_angles_deg: tuple[float, ...]
    branch_share: float
    sink_mm: float
    branch_diameter: str | None = None
    branch_diameter_mm: tuple[float, float] = (0.0, 0.0)

    @property
    def radius_mm(self) -> float:
        """Half the diameter that the evidence gives."""
        return value_of(self.diameter) / 2

    @property
    def branch_radii_mm(self) -> tuple[float, float]:
        """Radius at a branch's root and at its end."""
        first, last = self.branch_diameter_mm
        if self.branch_diameter:
            claim = evidence()[self.branch_diameter]
            first, last = claim.high or first, claim.low or last
        return first / 2, last / 2


class CourseTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`courses.toml`; solved in the table's order."""

    settings: Settings
    course: tuple[CourseEntry, ...]


@cache
def course_table() -> CourseTable:
    """The table, schema-checked."""
    path = Path(__file__).with_name("courses.toml")
    return msgspec.toml.decode(path.read_bytes(), type=CourseTable)


def value_of(claim: str) -> float:
    """The figure of an evidence entry; the middle of its range where it gives no single one."""
    entry = evidence()[claim]
    if entry.value is not None:
        return float(entry.value)
    if entry.low is None or entry.high is None:
        raise ValueError(f"the evidence entry '{claim}' has no figure")
    return (entry.low + entry.high) / 2
