"""A scene as a PNG file, with title, credit and licence inside."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotations.atlas import Atlas
from meshes.cache import write_beside
from meshes.errors import GluteaError
from viewer.credits import credit_sentences
from viewer.items import view_table
from viewer.scene import SceneState

LEAST_PX, MOST_PX = 16, 16384
# An 8K screen; a larger picture needs more memory while it is drawn than usual computers have.
MOST_PIXELS = 7680 * 4320
# Of libpng's nine levels this one is quick and within a few percent of the best on such pictures.
COMPRESSION = 2
_SIGNATURE_AND_HEADER = 8 + 25


def save_picture(
    atlas: Atlas,
    state: SceneState,
    path: Path,
    width_px: int,
    height_px: int,
    transparent: bool = False,
    pixel_ratio: float = 1.0,
) -> None:
    """Draw the scene off screen and write it, beside first and then renamed.

    `pixel_ratio` keeps the least size of letters in proportion, where the picture is that of a
    screen in finer pixels.

    Raises:
        GluteaError: the name does not end in .png, the size cannot be drawn, the file cannot be
            written, or OpenGL cannot be had.
    """
    # Before any work is done: a mistake should be heard of at once.
    path = checked_target(path)
    checked_size(width_px, height_px)
    from viewer.stage import Stage

    stage = Stage()
    try:
        stage.pixel_ratio = pixel_ratio
        stage.set_atlas(atlas)
        stage.apply(state)
        pixels = stage.image(width_px, height_px, transparent)
    finally:
        stage.close()
    write_png(pixels, path, texts_of(atlas, state))


def checked_target(path: Path) -> Path:
    """The path, if a picture can be written there.

    Raises:
        GluteaError: the name does not end in .png, or is that of a folder.
    """
    if path.suffix.lower() != ".png":
        ending = f"'{path.suffix}'" if path.suffix else "no ending"
        raise GluteaError(
            f"Pictures are written as PNG, but {path.name or path} has {ending}: "
            "choose a name that ends in .png."
        )
    if path.is_dir():
        raise GluteaError(f"{path} is a folder: give the name of a file in it.")
    return path


def drawable(width_px: int, height_px: int) -> bool:
    """Whether a picture of that size can be drawn."""
    is_large = max(width_px, height_px) > MOST_PX or width_px * height_px > MOST_PIXELS
    return not is_large and min(width_px, height_px) >= LEAST_PX


def checked_size(width_px: int, height_px: int) -> None:
    """Nothing, if a picture of that size can be drawn.

    Raises:
        GluteaError: it is too small or too large.
    """
    if min(width_px, height_px) < LEAST_PX:
        raise GluteaError(
            f"A picture of {width_px} × {height_px} pixels is too small: "
            f"take at least {LEAST_PX} × {LEAST_PX}."
        )
    if not drawable(width_px, height_px):
        raise GluteaError(
            f"A picture of {width_px} × {height_px} pixels is too large: take at most {MOST_PX} "
            f"a side and {MOST_PIXELS // 1_000_000} million in all (3840 × 2160 fills a 4K screen)."
        )


def texts_of(atlas: Atlas, state: SceneState) -> dict[str, str]:
    """What a PNG of the scene says of itself, by the keywords of the PNG standard.

    The credit is always among it, also where the picture itself does not show it.
    """
    shown = [item for item, look in state.looks.items() if look.visible and look.opacity > 0]
    specimen = atlas.specimen
    view = view_table().views.get(state.view)
    seen = state.view if view is None else view.title
    return {
        "Title": f"Gluteal region, {seen[:1].lower()}{seen[1:]}: {specimen.title}",
        "Author": "; ".join(specimen.credits),
        "Copyright": f"{specimen.licence}. " + " ".join(credit_sentences(atlas, shown)),
        "Description": specimen.how_made,
        "Software": "Glutea",
    }


def write_png(pixels: NDArray[np.uint8], path: Path, texts: Mapping[str, str]) -> None:
    """Write pixels (h, w, 3 or 4), top row first, with texts by keyword.

    Raises:
        GluteaError: the file cannot be written.
    """
    content = _encoded(pixels)
    # libpng's own text chunks know only Latin-1; iTXt chunks know all letters. They may stand
    # anywhere after the header, which is always of the same length.
    chunks = b"".join(_text_chunk(keyword, text) for keyword, text in texts.items())
    content = content[:_SIGNATURE_AND_HEADER] + chunks + content[_SIGNATURE_AND_HEADER:]
    try:
        write_beside(path, content)
    except OSError as error:
        raise GluteaError(
            f"The picture could not be saved to {path} ({error.strerror or error}): choose another "
            "folder or name."
        ) from error


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkIOImage import vtkPNGWriter

    from viewer.stage.arrays import borrowed, lent

    height, width, channels = pixels.shape
    rows = np.ascontiguousarray(pixels[::-1]).reshape(-1, channels)
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    image.GetPointData().SetScalars(borrowed(rows))
    writer = vtkPNGWriter()
    writer.SetInputData(image)
    writer.SetCompressionLevel(COMPRESSION)
    writer.WriteToMemoryOn()
    writer.Write()
    return bytes(lent(writer.GetResult()))


def _text_chunk(keyword: str, text: str) -> bytes:
    """An uncompressed iTXt chunk (PNG standard, 11.3.3.4)."""
    body = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
