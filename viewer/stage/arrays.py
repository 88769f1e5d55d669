"""NumPy arrays and VTK's, on the same memory."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from vtkmodules.util import numpy_support

# Not typed upstream.
_numpy_support: Any = numpy_support


def borrowed(array: NDArray[Any]) -> Any:
    """A VTK array on the memory of a contiguous NumPy array (n,) or (n, k): keep that one alive."""
    return _numpy_support.numpy_to_vtk(array, deep=0)


def lent(array: Any) -> NDArray[Any]:
    """A NumPy array (n,) or (n, k) on the memory of a VTK array, which it keeps alive."""
    found: NDArray[Any] = _numpy_support.vtk_to_numpy(array)
    return found
