"""Request → Atlas: the one door for window and command line, with progress and a cache a stage.

Stages: specimen, fields on gluteus maximus, courses, zones. Each is kept in one file whose name is
a digest of what it depends on. The bands' limits touch only the last stage, which takes moments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from annotations import store
from annotations.courses.course import Course, LeftOut
from annotations.request import Request
from annotations.zones.zone import Zones
from meshes import cache
from meshes.load import load_complete_specimen, specimen_key
from meshes.sources.download import Cancelled, Progress, never
from meshes.specimen import SIDES, Part, Side, Specimen

if TYPE_CHECKING:
    from annotations.zones.fields import SurfaceFields

# What the kept results depend on; how they are reported does not belong to it.
CODE = tuple(Path(__file__).with_name(name) for name in ("courses", "zones", "evidence"))
V = TypeVar("V")
# How far the work has come when these stages are done.
SPECIMEN_DONE, FIELDS_DONE, COURSES_DONE = 0.4, 0.5, 0.95


@dataclass(frozen=True, eq=False)
class Atlas:
    """A complete specimen with its annotations.

    Attributes:
        specimen: the bones, muscles, nerves, vessels of the source.
        courses: by course id, then side; in the table's order.
        tubes: the courses as parts, by part id (structure = course id).
        zones: by side.
        left_out: courses and branches that could not pass on this anatomy and were not forced.
        unkept: why what was made for it could not be kept for the next time; "" where it could.
        parts: the specimen's parts and the tubes, by part id.
    """

    request: Request
    specimen: Specimen
    courses: Mapping[str, Mapping[Side, Course]]
    tubes: Mapping[str, Part]
    zones: Mapping[Side, Zones]
    left_out: tuple[LeftOut, ...] = ()
    unkept: str = ""
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
    specimen = load_complete_specimen(
        request.specimen, lambda share, text: progress(SPECIMEN_DONE * share, text), cancelled
    )
    stages = _Stages(specimen, request, progress, cancelled)
    courses, tubes, left_out = stages.courses()
    zones = stages.zones()
    progress(1.0, "Ready")
    by_id: dict[str, dict[Side, Course]] = {}
    for course in courses:
        by_id.setdefault(course.id, {})[course.side] = course
    return Atlas(
        request,
        specimen,
        by_id,
        {tube.id: tube for tube in tubes},
        {of_side.side: of_side for of_side in zones},
        tuple(left_out),
        cache.unkept(),
    )


class _Stages:
    """The stages after the specimen; each is opened from its file, or made and kept."""

    def __init__(
        self,
        specimen: Specimen,
        request: Request,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._specimen, self._request = specimen, request
        self._progress, self._cancelled = progress, cancelled
        self._base = (specimen_key(request.specimen), cache.code_key(*CODE))

    def fields(self) -> list[SurfaceFields]:
        """Of both sides; opened only when courses or zones have to be made."""
        return self._kept("fields", (), store.FieldsHeader, store.unpack_fields, self._make_fields)

    def courses(self) -> tuple[list[Course], list[Part], list[LeftOut]]:
        """Courses, their tubes, and what had to be left out."""
        variants = msgspec.to_builtins(self._request.variants)
        return self._kept(
            "courses", (variants,), store.CoursesHeader, store.unpack_courses, self._make_courses
        )

    def zones(self) -> list[Zones]:
        """Zones of both sides, for the request's limits."""
        limits = (self._request.trochanter_band_mm, self._request.psis_band_mm)
        return self._kept("zones", limits, store.ZonesHeader, store.unpack_zones, self._make_zones)

    def _make_fields(self) -> tuple[Any, store.Arrays]:
        from annotations.zones.fields import surface_fields
        from annotations.zones.shells import shell_fields

        self._step(SPECIMEN_DONE, "Reading the deep surface of gluteus maximus")
        specimen = self._specimen
        return store.pack_fields(
            self._both_sides(
                lambda side: surface_fields(specimen, side) or shell_fields(specimen, side)
            )
        )

    def _make_courses(self) -> tuple[Any, store.Arrays]:
        from annotations.courses.sides import solve_sides
        from annotations.courses.tubes import tube_part

        of_side = {fields.side: fields for fields in self.fields()}
        wanted = {
            side: None if of_side[side].is_shell else of_side[side]
            for side in self._sides_to_make()
        }
        self._step(FIELDS_DONE, "Looking for room between bones and muscles")
        found = solve_sides(
            self._specimen,
            wanted,
            self._request.variants,
            lambda share, text: self._step(
                FIELDS_DONE + (COURSES_DONE - FIELDS_DONE) * share, text
            ),
            self._cancelled,
        )
        solved = {side: {course.id: course for course in found[side][0]} for side in found}
        left_out = [one for side in found for one in found[side][1]]
        if len(found) == 1:
            left_out += [one.mirrored() for one in left_out]
        courses = self._both_sides(lambda side: solved[side])
        return store.pack_courses(courses, [tube_part(course) for course in courses], left_out)

    def _make_zones(self) -> tuple[Any, store.Arrays]:
        from annotations.zones.regions import zones_of

        fields = self.fields()
        self._step(COURSES_DONE, "Marking the zones")
        return store.pack_zones(
            [zones_of(self._specimen, of_side, self._request) for of_side in fields]
        )

    def _sides_to_make(self) -> tuple[Side, ...]:
        """One side is enough where the other is its mirror image."""
        hip = self._specimen.parts.get("hip_bone_left")
        return ("right",) if hip is not None and hip.origin == "mirrored" else SIDES

    def _both_sides(self, make: Callable[[Side], Any]) -> list[Any]:
        """What `make` gives for each side, mirrored where one side is the other's image.

        `make` returns one thing with `mirrored()`, or a dict of them.
        """
        made: list[Any] = []
        for side in self._sides_to_make():
            result = make(side)
            made += list(result.values()) if isinstance(result, dict) else [result]
        if len(self._sides_to_make()) == 1:
            made += [one.mirrored() for one in made]
        return made

    def _kept(
        self,
        stage: str,
        settings: tuple[Any, ...],
        header: type[Any],
        unpack: Callable[[Any, store.Arrays], V],
        make: Callable[[], tuple[Any, store.Arrays]],
    ) -> V:
        name = f"{self._request.specimen}-{cache.key(stage, *self._base, settings)}"
        return unpack(*cache.kept(stage, name, header, make))

    def _step(self, share: float, text: str) -> None:
        if self._cancelled():
            raise Cancelled
        self._progress(share, text)
