"""The sacral plexus as something to pass between: its roots, and what keeps each on its side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from annotations.courses.course import Branch
from annotations.courses.joins import Rows
from annotations.courses.neighbours import Neighbour
from annotations.courses.routes import Free
from annotations.courses.space import Space
from meshes.specimen import FloatArray

ASIDE_MM = 1.0  # beyond what walls and clearance need
ASIDE_REACH_MM = 8.0


class Plexus:
    """The roots of one side.

    Args:
        laid: what is laid, by structure and name (read again at each question).
        rows: the table's lines of each structure by name.
    """

    def __init__(self, space: Space, laid: Mapping[str, Mapping[str, Branch]], rows: Rows) -> None:
        self._space, self._laid, self.rows = space, laid, rows

    def root(self, nerve: str) -> FloatArray | None:
        """(n, 3) a sacral nerve (S1, S2, …) from its foramen to where the plexus unites.

        A root that is not drawn, as in a specimen whose own nerves begin outside the pelvis, is
        thought to take the shortest free way there, round the vessels that it must let through.
        """
        drawn = self._drawn(nerve)
        if drawn is not None:
            return drawn
        foramen, united = self._foramen(nerve), self._united()
        if foramen is None or united is None:
            return None
        vessels = [Neighbour.of_branch(name, trunk) for name, trunk in self._let_through()]
        free = Free(self._space, vessels, closed=("midline",))
        radius = self._space.settings.thought_root_diameter_mm / 2
        routes = free.routes(foramen, radius, united[None], self._space.settings.room_mm)
        way = routes.path(united)
        return np.array([foramen, united]) if way is None else np.vstack([foramen, way, united])

    def aside_mm(
        self, structure: str, line: str, free: Free, radius_mm: float
    ) -> FloatArray | None:
        """(3,) a place that leads a root past a vessel on its own side; None where none passes.

        Beside the place where the vessel comes through the plexus, towards the root's foramen and
        away from that of the nerve on the vessel's other side; where a tube of that radius fits.
        """
        if structure not in self._space.settings.plexus:
            return None
        for vessel, trunk in self._let_through():
            first, last = self.rows[vessel]["trunk"].between or ("", "")
            for nerve, beyond in ((first, last), (last, first)):
                if line == f"{nerve} root":
                    return self._aside(trunk, nerve, beyond, free, radius_mm)
        return None

    def _aside(
        self, vessel: Branch, nerve: str, beyond: str, free: Free, radius_mm: float
    ) -> FloatArray | None:
        own, other, united = self._foramen(nerve), self._foramen(beyond), self._united()
        if own is None or other is None or united is None:
            return None
        line = vessel.points_mm
        at = int(np.argmin(np.linalg.norm(line - (own + other + united) / 3, axis=1)))
        along = np.gradient(line, axis=0)[at]
        along /= np.linalg.norm(along)
        aside = own - other
        aside -= along * (aside @ along)
        aside /= np.linalg.norm(aside)
        apart = float(vessel.radius_mm[at]) + radius_mm + free.clearance_mm
        wish = line[at] + (apart + ASIDE_MM) * aside
        cells = np.argwhere(free.values > radius_mm)
        places = free.grid.low_mm + free.grid.spacing_mm * cells
        fit = ((places - line[at]) @ aside > apart) & (
            np.linalg.norm(places - wish, axis=1) < ASIDE_REACH_MM
        )
        if not fit.any():
            return None
        places = places[fit]
        return np.asarray(places[int(np.argmin(np.linalg.norm(places - wish, axis=1)))])

    def _let_through(self) -> Iterator[tuple[str, Branch]]:
        """Trunks that are laid and pass between two roots, by structure."""
        for vessel, rows in self.rows.items():
            trunk = self._laid.get(vessel, {}).get("trunk")
            if trunk is not None and "trunk" in rows and rows["trunk"].between:
                yield vessel, trunk

    def _drawn(self, nerve: str) -> FloatArray | None:
        for structure in self._space.settings.plexus:
            root = self._laid.get(structure, {}).get(f"{nerve} root")
            if root is not None:
                return root.points_mm
        return None

    def _foramen(self, nerve: str) -> FloatArray | None:
        return self._space.specimen.point_mm(f"sacral_foramen_{nerve.lower()}", self._space.side)

    def _united(self) -> FloatArray | None:
        """Where the roots come together: the beginning of the first trunk that is laid."""
        trunks = (self._laid.get(name, {}).get("trunk") for name in self._space.settings.plexus)
        return next((trunk.points_mm[0] for trunk in trunks if trunk is not None), None)
