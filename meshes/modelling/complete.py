"""Completing a specimen: every part of the gluteal region that it lacks, grown on its bones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Literal

import numpy as np

from meshes.modelling.body import Body, Surface, as_left, body_of
from meshes.modelling.charts import Charts
from meshes.modelling.grow import Grown, fibre_sheet, grow
from meshes.modelling.remesh import Mesh
from meshes.modelling.signed_distance import Grid, Obstacles
from meshes.modelling.table import Quality, footprints
from meshes.sources.download import Cancelled, Progress, never
from meshes.specimen import SIDES, Landmark, Origin, Part, Side, Specimen
from meshes.structure import structures

QualityName = Literal["full", "preview", "coarse"]
NEEDED_BONES = ("hip_bone", "femur", "sacrum")
# What may not be entered: softer things (nerves, vessels) give way.
SOLID = ("bone", "muscle", "ligament")
MIRROR_TOLERANCE_MM = 0.5


@dataclass
class Steps:
    """Progress over a known number of steps, with a chance to stop before each.

    Several threads may take steps: one speaks at a time, and all stop once one was stopped.
    """

    count: int
    progress: Progress
    cancelled: Callable[[], bool]
    done: int = 0
    stopped: bool = False
    lock: Lock = field(default_factory=Lock)

    def next(self, text: str) -> None:
        """Say what comes now; raise Cancelled where the user wants to stop."""
        with self.lock:
            self.stopped = self.stopped or self.cancelled()
            if self.stopped:
                raise Cancelled
            self.progress(min(self.done / max(self.count, 1), 1.0), text)
            self.done += 1

    def together(self, jobs: Iterable[Callable[[], list[Part]]]) -> list[Part]:
        """What all jobs make, in their order, while they run beside each other.

        Most of their time is spent in libraries that let other threads go on.
        """
        with ThreadPoolExecutor() as pool:
            running = [pool.submit(job) for job in jobs]
            try:
                for job in as_completed(running):
                    job.result()
            except BaseException:
                # The others stop before their next step; without the lock one of them, about to
                # write what it read before, could overlook it.
                with self.lock:
                    self.stopped = True
                raise
            return [part for job in running for part in job.result()]


def complete(
    specimen: Specimen,
    quality: QualityName = "full",
    progress: Progress = lambda fraction, text: None,
    cancelled: Callable[[], bool] = never,
    structure_ids: Iterable[str] | None = None,
) -> Specimen:
    """The specimen with every part that it lacks, origin `modelled`; its own are never replaced.

    Modelled muscles carry the fields `fibre` (n, 2: u across the muscle, s along the fibre),
    `fibre_direction` (n, 3) and `tendon` (n,). A sacrum without openings gets them, marked
    triangle by triangle.

    Args:
        structure_ids: only these parts, where given (their order is that of the table).

    Raises:
        Cancelled: when `cancelled()` turned true, between two parts.
    """
    table = footprints()
    settings = table.quality[quality]
    wanted = (
        table.order
        if structure_ids is None
        else [name for name in table.order if name in set(structure_ids)]
    )
    if not settings.details:
        wanted = [name for name in wanted if name not in table.left_out_of_previews]
    one = is_mirrored(specimen) or not settings.both_sides
    sides = (SIDES[0],) if one else SIDES
    lacking = [
        (name, side)
        for side in sides
        for name in wanted
        if name in table.sheets or name == "obturator_membrane"
        if specimen.part(name, side) is None
    ]
    steps = Steps(len(lacking) + 2 + len(sides), progress, cancelled)
    whole = specimen
    if "coccyx" in wanted and specimen.part("coccyx", "midline") is None:
        whole = _with_coccyx(specimen, settings, steps)
    jobs: list[Callable[[], list[Part]]] = []
    for side in sides:
        names = [name for name, of_side in lacking if of_side == side]
        if names:
            jobs.append(partial(_side, whole, side, names, settings, steps))
    if "sacrum" in wanted and settings.details:
        jobs.append(partial(_detailed_sacrum, whole, settings, steps))
    grown = steps.together(jobs)
    if len(sides) == 1:
        twins = [part.mirrored("modelled") for part in grown if part.side != "midline"]
        grown += [twin for twin in twins if twin.id not in specimen.parts]
    whole = whole.with_parts(grown)
    if "skin" in wanted and "skin" not in specimen.parts:
        from meshes.modelling.skin import grow_skin

        steps.next(structures()["skin"].english)
        mesh = grow_skin(whole, settings, _scale(whole))
        whole = whole.with_parts([_plain("skin", mesh)])
    progress(1.0, "Every part is there")
    return whole


def is_mirrored(specimen: Specimen) -> bool:
    """Whether the left half is the mirror image of the right, so that one side is enough."""
    from scipy.spatial import cKDTree

    flip = np.array([-1.0, 1.0, 1.0])
    for name in NEEDED_BONES:
        left, right = specimen.part(name, "left"), specimen.part(name, "right")
        if left is None or right is None:
            return False
        distance, _ = cKDTree(left.vertices_mm).query(right.vertices_mm * flip)
        if distance.max() > MIRROR_TOLERANCE_MM:
            return False
    return True


def _with_coccyx(specimen: Specimen, quality: Quality, steps: Steps) -> Specimen:
    from meshes.modelling.coccyx import grow_coccyx

    steps.next(structures()["coccyx"].english)
    part = _plain("coccyx", grow_coccyx(specimen, quality, _scale(specimen)))
    return _with_tip(specimen.with_parts([part]), part)


def _detailed_sacrum(specimen: Specimen, quality: Quality, steps: Steps) -> list[Part]:
    """The sacrum with its openings; nothing where the specimen's own has them."""
    from meshes.modelling.sacrum import detail_sacrum, lacks_openings

    if not lacks_openings(specimen.parts["sacrum"]):
        return []
    steps.next(structures()["sacrum"].english)
    return [detail_sacrum(specimen, quality, _scale(specimen))]


def _with_tip(specimen: Specimen, coccyx: Part) -> Specimen:
    """The coccyx's tip, guessed before, now is a point of the modelled bone."""
    lowest = coccyx.vertices_mm[int(np.argmin(coccyx.vertices_mm[:, 2]))].astype(float)
    old = specimen.landmarks["midline"]["coccyx_tip"]
    tip = Landmark(
        "coccyx_tip",
        lowest,
        old.method,
        old.uncertainty_mm,
        "coccyx",
        note="on a modelled coccyx: extrapolated from the sacrum",
    )
    marks = {**specimen.landmarks, "midline": {**specimen.landmarks["midline"], "coccyx_tip": tip}}
    return replace(specimen, landmarks=marks)


def _side(
    specimen: Specimen, side: Side, names: list[str], quality: Quality, steps: Steps
) -> list[Part]:
    """The named parts of a side, grown on the source's own sacrum: a foramen is no place to arise
    from."""
    table = footprints()
    steps.next(f"Measuring the bones, {side}")
    body = body_of(specimen, side)
    obstacles = _obstacles(body, quality)
    charts = Charts(body, obstacles.field.copy())
    for part in specimen.parts.values():
        if part.side == side and part.structure not in body.bones:
            if structures()[part.structure].kind in SOLID:
                own = as_left(part, side)
                obstacles.add(own.vertices_mm, own.triangles)
    parts = []
    for name in names:
        steps.next(f"{structures()[name].english}, {side}")
        if name == "obturator_membrane":
            from meshes.modelling.membrane import grow_membrane

            made = grow_membrane(charts, obstacles, quality)
            note = ""
        else:
            recipe = table.sheets[name]
            for other in {run.of for run in [*recipe.origin, *recipe.insertion] if run.of}:
                if other not in charts.sheets:
                    # The specimen's own muscle: its fibres are guessed as if it were modelled.
                    charts.sheets[other] = fibre_sheet(
                        table.sheets[other], charts, charts.bone, quality
                    )
            made = grow(recipe, charts, obstacles, quality)
            note = recipe.note
        charts.sheets[name] = made.sheet
        obstacles.add(made.mesh.vertices_mm, made.mesh.triangles)
        parts.append(_part(name, side, made, note))
    return parts


def _obstacles(body: Body, quality: Quality) -> Obstacles:
    points = np.vstack([body.bones[name].vertices_mm for name in ("hip_bone", "femur")])
    margin = np.array(footprints().field_margin_mm)
    corners = np.stack([points.min(axis=0) - margin, points.max(axis=0) + margin])
    obstacles = Obstacles(Grid.around(corners, 0.0, quality.field_mm))
    for name, bone in body.bones.items():
        obstacles.add(bone.vertices_mm, bone.triangles, body.samples[name])
    return obstacles


def _part(name: str, side: Side, made: Grown, note: str) -> Part:
    surface = _back(Surface(made.mesh.vertices_mm, made.mesh.triangles), side)
    flip = np.array([-1.0 if side == "right" else 1.0, 1.0, 1.0])
    return Part(
        name,
        side,
        "modelled",
        surface.vertices_mm.astype(np.float32),
        surface.triangles.astype(np.int32),
        (made.mesh.normals * flip).astype(np.float32),
        {
            "fibre": made.fibre,
            "fibre_direction": (made.fibre_direction * flip).astype(np.float32),
            "tendon": made.tendon,
        },
        note=note,
    )


def _back(surface: Surface, side: Side) -> Surface:
    if side == "left":
        return surface
    return Surface(
        surface.vertices_mm * [-1, 1, 1], np.ascontiguousarray(surface.triangles[:, ::-1])
    )


def _plain(name: str, mesh: Mesh, origin: Origin = "modelled") -> Part:
    return Part(
        name,
        "midline",
        origin,
        mesh.vertices_mm.astype(np.float32),
        mesh.triangles.astype(np.int32),
        mesh.normals,
    )


def _scale(specimen: Specimen) -> float:
    centre = specimen.landmark("hip_joint_centre", "left")
    reference = footprints().reference_head_radius_mm
    radius = centre.radius_mm if centre is not None else None
    return (radius or reference) / reference
