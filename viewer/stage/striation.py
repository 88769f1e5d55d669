"""Muscle fibres on screen: a streaked texture laid along the fibres, made at run time."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import msgspec
import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from meshes.specimen import FloatArray, Part, Specimen

TEXELS = (512, 64)  # across and along the fibres
SEED = 7
# In texels: how broad bundles and fibres are, with their shares in the shade; how long.
FIELDS = ((8.0, 0.6), (3.0, 0.3), (1.2, 0.25))
SMOOTH = 10


class _Ends(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    start: tuple[str, ...]
    to: tuple[str, ...]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lanes: int
    lane_mm: float
    length_mm: float
    contrast: float
    muscles: dict[str, _Ends]


@cache
def _table() -> _Table:
    return msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes(), type=_Table)


def coordinates(part: Part, specimen: Specimen) -> FloatArray:
    """(n, 2) float32 texture coordinates of a muscle: across and along its fibres.

    A modelled muscle brings (u, s) in the field `fibre`. For a source muscle the direction is
    estimated from landmarks near origin and insertion, or is its long axis; the texture is then
    laid on along the muscle's flat side.
    """
    table = _table()
    fibre = part.fields.get("fibre")
    if fibre is not None:
        lanes = table.lanes / (TEXELS[0] / 8)
        return np.ascontiguousarray(fibre * np.array([lanes, 0.5]), np.float32)
    # A row an axis: NumPy is several times as fast on three long rows as on many rows of three.
    rows = np.array(part.vertices_mm.T, np.float32, order="C")
    rows -= rows.mean(axis=1, keepdims=True)
    _, axes = np.linalg.eigh(rows @ rows.T)
    thin, long = axes[:, 0], axes[:, 2]
    along = _from_landmarks(part, specimen)
    along = long if along is None else along
    across = np.cross(along, thin)
    across /= np.linalg.norm(across) * table.lane_mm * TEXELS[0] / 8
    turn = np.stack([across, along / table.length_mm]).astype(np.float32)
    return np.ascontiguousarray((turn @ rows).T)


def _from_landmarks(part: Part, specimen: Specimen) -> FloatArray | None:
    ends = _table().muscles.get(part.structure)
    if ends is None:
        return None
    middles = []
    for names in (ends.start, ends.to):
        found = [specimen.point_mm(name, part.side) for name in names]
        marks = [point for point in found if point is not None]
        if not marks:
            return None
        middles.append(np.mean(marks, axis=0))
    direction = middles[1] - middles[0]
    return np.asarray(direction / np.linalg.norm(direction))


def streaks() -> vtkTexture:
    """A grey texture that repeats, streaked along its second axis; it modulates the colour.

    One for each stage: a texture lives in one render window's memory. Without smaller copies for
    the distance: at the usual scales they do not show, and software OpenGL compiles a shader at
    each start to make them.
    """
    texture = vtkTexture()
    texture.SetInputData(_image())
    texture.RepeatOn()
    texture.InterpolateOn()
    texture.SetBlendingMode(vtkTexture.VTK_TEXTURE_BLENDING_MODE_MODULATE)
    return texture


@cache
def _image() -> vtkImageData:
    image = vtkImageData()
    image.SetDimensions(TEXELS[0], TEXELS[1], 1)
    values = numpy_to_vtk(_noise().reshape(-1, 3), deep=True)  # type: ignore[no-untyped-call]
    image.GetPointData().SetScalars(values)
    return image


@cache
def _noise() -> NDArray[np.uint8]:
    """(along, across, 3) uint8, seamless: coarse bundles and fine fibres, smooth along.

    White noise, each frequency of it weakened as far as the fields of all widths together are.
    """
    across, along = TEXELS
    # Python's own generator: NumPy's takes longer to import than all the rest here to do.
    white = np.frombuffer(Random(SEED).randbytes(across * along), np.uint8).reshape(along, across)
    frequency_across = np.fft.rfftfreq(across)[None]
    frequency_along = np.fft.fftfreq(along)[:, None]
    power = np.zeros((along, across // 2 + 1))
    for width, share in FIELDS:
        keep = np.exp(-2 * (np.pi * frequency_across * width / 2) ** 2)
        keep = keep * np.exp(-2 * (np.pi * frequency_along * SMOOTH) ** 2)
        power += share**2 * keep**2 / (keep**2).mean()
    total = np.fft.irfft2(np.fft.rfft2(white - white.mean()) * np.sqrt(power), white.shape)
    total = np.clip(total / total.std(), -2.2, 2.2)
    grey = 1.0 - _table().contrast * (0.9 - total / 2.2)
    grey8 = np.clip(np.round(255 * grey), 0, 255).astype(np.uint8)
    return np.repeat(grey8[:, :, None], 3, axis=2)
