"""The sacral plexus as something to pass between: its roots, and what keeps each on its side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from annotations.courses.course import Branch
from annotations.courses.foramen import triangle_points
from annotations.courses.joins import Rows
from annotations.courses.neighbours import Neighbour
from annotations.courses.routes import Free
from annotations.courses.space import Space
from meshes.specimen import FloatArray

CURTAIN_STEP_MM = 0.8


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
        for structure in self._space.settings.plexus:
            root = self._laid.get(structure, {}).get(f"{nerve} root")
            if root is not None:
                return root.points_mm
        foramen, united = self._foramen(nerve), self._united()
        if foramen is None or united is None:
            return None
        vessels = [Neighbour.of_branch(name, trunk) for name, trunk in self._let_through()]
        free = Free(self._space, vessels, closed=("midline",))
        radius = self._space.settings.thought_root_diameter_mm / 2
        routes = free.routes(foramen, radius, united[None], self._space.settings.room_mm)
        way = routes.path(united)
        return np.array([foramen, united]) if way is None else np.vstack([foramen, way, united])

    def barred_mm(self, structure: str, line: str) -> FloatArray:
        """(n, 3) where a root may not pass, since a vessel that lies there must pass on its other
        side: from the vessel to the foramen of the nerve beyond it.
        """
        none = np.empty((0, 3))
        if structure not in self._space.settings.plexus:
            return none
        for vessel, trunk in self._let_through():
            first, last = self.rows[vessel]["trunk"].between or ("", "")
            for nerve, beyond in ((first, last), (last, first)):
                if line == f"{nerve} root":
                    return self._curtain(trunk.points_mm, nerve, beyond)
        return none

    def _let_through(self) -> Iterator[tuple[str, Branch]]:
        """Trunks that are laid and pass between two roots, by structure."""
        for vessel, rows in self.rows.items():
            trunk = self._laid.get(vessel, {}).get("trunk")
            if trunk is not None and "trunk" in rows and rows["trunk"].between:
                yield vessel, trunk

    def _curtain(self, vessel: FloatArray, nerve: str, beyond: str) -> FloatArray:
        first, last, united = self._foramen(nerve), self._foramen(beyond), self._united()
        if first is None or last is None or united is None:
            return np.empty((0, 3))
        sheet = triangle_points((first, last, united), CURTAIN_STEP_MM)
        away = np.linalg.norm(vessel[:, None] - sheet, axis=-1).min(axis=1)
        towards = last - vessel[int(np.argmin(away))]
        count = int(np.linalg.norm(towards) / CURTAIN_STEP_MM) + 2
        shares = np.linspace(0, 1, count)[:, None, None]
        return np.asarray((vessel + shares * towards).reshape(-1, 3))

    def _foramen(self, nerve: str) -> FloatArray | None:
        return self._space.specimen.point_mm(f"sacral_foramen_{nerve.lower()}", self._space.side)

    def _united(self) -> FloatArray | None:
        """Where the roots come together: the beginning of the first trunk that is laid."""
        trunks = (self._laid.get(name, {}).get("trunk") for name in self._space.settings.plexus)
        return next((trunk.points_mm[0] for trunk in trunks if trunk is not None), None)
