"""How 26 people vary about their mean: the shape model's modes, and nodes moved along them.

The package `musculoskeletal-models` keeps them as a pickle of NumPy arrays. A pickle can run any
code, so this one is opened by an unpickler that knows arrays of numbers and nothing else.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from meshes.errors import DamagedFileError, GluteaError
from meshes.shape_model import package_file
from meshes.specimen import FloatArray


@dataclass(frozen=True, eq=False)
class Modes:
    """Modes of variation, the strongest first.

    Attributes:
        mean_mm: (n, 3) all nodes of the mean shape, LPS.
        directions: (k, n, 3) unit vectors over all coordinates, square to each other.
        sd_mm: (k,) length of one standard deviation along each.
    """

    mean_mm: FloatArray
    directions: FloatArray
    sd_mm: FloatArray

    def offsets_mm(self, deviations: Sequence[float]) -> FloatArray:
        """(n, 3) how far each node lies off its mean, at so many SD along the first modes.

        Raises:
            GluteaError: more deviations than modes, or one that is no finite number.
        """
        if len(deviations) > len(self.sd_mm):
            raise GluteaError(
                f"The shape model has {len(self.sd_mm)} modes of variation: "
                f"give at most as many deviations, not {len(deviations)}."
            )
        along = np.array(deviations, float)
        if not np.isfinite(along).all():
            raise GluteaError("Give the deviations from the mean shape as finite numbers.")
        count = len(along)
        return np.asarray(np.tensordot(along * self.sd_mm[:count], self.directions[:count], 1))


@cache
def modes(name: str) -> Modes:
    """The modes in a file of the package, for example `LLP26_rigid`.

    Its arrays run through all x, then all y, then all z of the nodes.

    Raises:
        DamagedFileError: the file holds something other than the arrays that are looked for.
    """
    return read_modes(package_file(f"shape_models/{name}.pc"))


def read_modes(path: Path) -> Modes:
    """The modes in a pickle of arrays; see `modes`."""
    try:
        content = _ArraysOnly(io.BytesIO(path.read_bytes())).load()
        mean, directions, weights = (
            np.asarray(content[key], float) for key in ("mean", "modes", "weights")
        )
        axes_first = directions.T.reshape(len(weights), 3, -1)
        found = Modes(
            mean.reshape(3, -1).T, axes_first.transpose(0, 2, 1), np.sqrt(np.maximum(weights, 0))
        )
    except Exception as error:  # whatever a foreign file can provoke
        raise _damaged(path, str(error)) from error
    if found.directions.shape[1:] != found.mean_mm.shape:
        raise _damaged(path, "mean and modes have different numbers of nodes")
    if not all(np.isfinite(a).all() for a in (found.mean_mm, found.directions, found.sd_mm)):
        raise _damaged(path, "not every value is a number")
    return found


class _ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays of plain numbers; refuses every other class or function."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("numpy.core.multiarray", "_reconstruct"): _empty_array,
            ("numpy._core.multiarray", "_reconstruct"): _empty_array,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return known[module, name]


def _empty_array(*_: object) -> FloatArray:
    """What a pickled array is made from; its state brings shape, type and values."""
    return np.empty(0)


def _damaged(path: Path, why: str) -> DamagedFileError:
    return DamagedFileError(
        f"{path.name} is not the shape model's file of modes ({why}): "
        "install the package musculoskeletal-models anew."
    )
