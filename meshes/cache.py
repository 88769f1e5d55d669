"""Arrays with a header in one file, read back in milliseconds; the cache folder and its keys.

The file format is safetensors: a JSON header and raw arrays, nothing in it can run. A checksum in
the header finds damage; a damaged or foreign file is reported as absent, so that it is rebuilt.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from meshes.errors import GluteaError

Arrays = Mapping[str, NDArray[Any]]
# Finished results of the embedded specimen; made by scripts/build_default_atlas.py.
BUILT = Path(__file__).with_name("built")
_unkept = ""


def cache_folder() -> Path:
    """The user's cache folder for Glutea; `GLUTEA_CACHE` moves it."""
    if chosen := os.environ.get("GLUTEA_CACHE"):
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("glutea", appauthor=False))


@cache
def code_key(*folders: Path) -> str:
    """A digest of every Python and TOML file below the folders: results outlive no code change."""
    digest = sha256()
    for folder in folders:
        # Every start does this: walking is several times quicker than a pattern over all paths.
        found = [
            Path(where, name)
            for where, _, names in os.walk(folder)
            for name in names
            if name.endswith((".py", ".toml"))
        ]
        for path in sorted(found):
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def key(*ingredients: object) -> str:
    """A short digest of JSON-able ingredients, for file names."""
    return sha256(msgspec.json.encode(ingredients, order="deterministic")).hexdigest()[:24]


def kept(
    stage: str, name: str, header_type: type[Any], make: Callable[[], tuple[Any, Arrays]]
) -> tuple[Any, Mapping[str, NDArray[Any]]]:
    """What was made before under this name, or what `make` gives, kept for the next time.

    Looked up among the results that come with the program, then in the user's cache folder. Where
    that cannot be written, what was made is used all the same; `unkept` then says why.
    """
    global _unkept
    file = f"{name}.safetensors"
    for folder in (BUILT, cache_folder()):
        if found := load(folder / stage / file, header_type):
            return found
    made = make()
    try:
        save(cache_folder() / stage / file, *made)
    except GluteaError as error:
        _unkept = f"What was worked out could not be kept for the next time. {error}"
    return made


def unkept() -> str:
    """Why something could not be kept since this was last asked, and what to do; "" if all was."""
    global _unkept
    why, _unkept = _unkept, ""
    return why


def unwritable(folder: Path, error: OSError) -> str:
    """What is wrong with a folder in the cache, and what to do about it."""
    return (
        f"The folder {folder} cannot be written ({error.strerror or error}): free some space, "
        "change its rights, or set GLUTEA_CACHE to another folder."
    )


def save(path: Path, header: object, arrays: Arrays) -> None:
    """Write header (JSON-able) and arrays; beside first, then renamed, so no half file remains.

    Raises:
        GluteaError: the folder cannot be written, with what to do.
    """
    from safetensors.numpy import save as to_bytes

    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = msgspec.json.encode(header).decode()
    metadata = {"header": text, "crc": _checksum(text, arrays)}
    try:
        write_beside(path, to_bytes(dict(arrays), metadata=metadata))
    except OSError as error:
        raise GluteaError(unwritable(path.parent, error)) from error


def write_beside(path: Path, content: bytes) -> None:
    """Write to a temporary file in the same folder, then rename: never a half-written file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def load(path: Path, header_type: type[Any]) -> tuple[Any, dict[str, NDArray[Any]]] | None:
    """Header and arrays of a file made by `save`, or None: absent, damaged or of another kind."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            # The library's mapping is copied once: what a reader holds survives a replaced file.
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata["crc"] != _checksum(metadata["header"], arrays):
            return None
        return msgspec.json.decode(metadata["header"], type=header_type), arrays
    except (OSError, SafetensorError, KeyError, ValueError, msgspec.MsgspecError):
        return None


def _checksum(header: str, arrays: Arrays) -> str:
    crc = zlib.crc32(header.encode())
    for name in sorted(arrays):
        array = arrays[name]
        crc = zlib.crc32(f"{name}{array.dtype}{array.shape}".encode(), crc)
        crc = zlib.crc32(array.reshape(-1).view(np.uint8).data, crc)
    return f"{crc:08x}"
