"""Request → Atlas: the one door for window and command line, with progress and a cache a stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from annotations.courses.course import Course
from annotations.request import Request
from annotations.zones.zone import Zones
from meshes.sources.download import Progress, never
from meshes.specimen import Part, Side, Specimen


@dataclass(frozen=True, eq=False)
class Atlas:
    """A complete specimen with its annotations.

    Attributes:
        specimen: the bones, muscles, nerves, vessels of the source.
        courses: by course id, then side; in the table's order.
        tubes: the courses as parts, by part id (structure = course id).
        zones: by side.
    """

    request: Request
    specimen: Specimen
    courses: Mapping[str, Mapping[Side, Course]]
    tubes: Mapping[str, Part]
    zones: Mapping[Side, Zones]
    parts: Mapping[str, Part] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", {**self.specimen.parts, **self.tubes})


def build(
    request: Request,
    progress: Progress = lambda fraction, text: None,
    cancelled: Callable[[], bool] = never,
) -> Atlas:
    """The atlas for a request: milliseconds from the caches, seconds anew.

    Raises:
        GluteaError: what the user can mend, in one sentence.
        Cancelled: when `cancelled()` turned true.
    """
    raise NotImplementedError
