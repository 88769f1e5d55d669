"""Fetching a specimen's files: by address and SHA-256, once, from the net or from a mirror.

`GLUTEA_MIRROR` names a folder or an http(s) base that holds `<specimen>/<file>`; a relative folder
is relative to where the user stands. Nothing here is called unasked.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from meshes.cache import cache_folder, unwritable, write_beside
from meshes.errors import DamagedFileError, DownloadError, GluteaError
from meshes.sources.registry import SourceFile, source

Progress = Callable[[float, str], None]
TRIES = 3
TIMEOUT_S = 30
CHUNK_BYTES = 1 << 16


class Cancelled(Exception):
    """The user stopped the work; not an error."""


def never() -> bool:
    """The cancel test of work that cannot be stopped."""
    return False


def source_folder(name: str) -> Path:
    """Where a specimen's downloaded files lie."""
    return cache_folder() / "sources" / name


def is_fetched(name: str) -> bool:
    """Whether every file of the specimen lies in the cache at its full size (hashes: `fetch`).

    What cannot be looked at is not there: the embedded specimen opens all the same.
    """
    folder = source_folder(name)
    try:
        sizes = [(folder / file.name).stat().st_size for file in source(name).files]
    except OSError:
        return False
    return sizes == [file.bytes for file in source(name).files]


def fetch(
    name: str,
    progress: Progress = lambda fraction, text: None,
    cancelled: Callable[[], bool] = never,
) -> list[Path]:
    """Make sure that the specimen's files lie in the cache, whole and true; return their paths.

    A file that is there with the wrong content is thrown away and fetched again.

    Raises:
        GluteaError: unknown specimen, folder not writable.
        DownloadError: no network, or the address does not answer.
        DamagedFileError: what came does not match its SHA-256, after all tries.
        Cancelled: when `cancelled()` turned true.
    """
    entry = source(name)
    total, done, paths = sum(file.bytes for file in entry.files), 0, []
    for file in entry.files:
        path = source_folder(name) / file.name

        def report(count: int, done: int = done, file: SourceFile = file) -> None:
            if cancelled():
                raise Cancelled
            progress((done + count) / total, f"Fetching {file.name}")

        report(0)
        if _digest(path) != file.sha256:
            _fetch_file(name, file, path, report)
        done += file.bytes
        paths.append(path)
    progress(1.0, f"{entry.title} is complete")
    return paths


def _fetch_file(name: str, file: SourceFile, path: Path, report: Callable[[int], None]) -> None:
    mirror = os.environ.get("GLUTEA_MIRROR", "")
    try:
        path.unlink(missing_ok=True)
        if not mirror:
            _download(file.address, file, path, report)
        elif mirror.startswith(("http://", "https://")):
            _download(f"{mirror.rstrip('/')}/{name}/{file.name}", file, path, report)
        else:
            _copy(Path(mirror).expanduser() / name / file.name, file, path)
            report(file.bytes)
    except OSError as error:
        raise GluteaError(unwritable(path.parent, error)) from error


def _copy(origin: Path, file: SourceFile, path: Path) -> None:
    try:
        # Reading from what is no file, as a pipe, might never end.
        content = origin.read_bytes() if origin.is_file() else None
    except OSError:
        content = None
    if content is None:
        raise DownloadError(
            f"The mirror folder has no readable file {origin}: correct GLUTEA_MIRROR, or unset it "
            "to fetch from the net."
        )
    if sha256(content).hexdigest() != file.sha256:
        raise DamagedFileError(
            f"{origin} is not the file that Glutea expects (its SHA-256 differs): replace it by "
            "an unchanged copy."
        )
    write_beside(path, content)


def _download(address: str, file: SourceFile, path: Path, report: Callable[[int], None]) -> None:
    import pooch
    import requests

    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True)
    pooch.utils.get_logger().setLevel("ERROR")

    def download(url: str, target: str, pup: Any) -> None:
        with open(target, "w+b") as raw:
            http = pooch.HTTPDownloader(timeout=TIMEOUT_S, chunk_size=CHUNK_BYTES)
            http(url, _Counted(raw, file.bytes, report), pup)

    for attempt in range(TRIES):
        try:
            # pooch writes beside, checks the hash, and renames only what is true.
            pooch.retrieve(address, f"sha256:{file.sha256}", path.name, folder, None, download)
            return
        except (requests.RequestException, ValueError) as error:
            if attempt + 1 < TRIES:
                continue
            if isinstance(error, requests.RequestException):
                raise DownloadError(
                    f"{file.name} could not be fetched from {address.split('/')[2]}: check the "
                    "network, or set GLUTEA_MIRROR to a folder that holds it."
                ) from error
            raise DamagedFileError(
                f"{file.name} arrived damaged {TRIES} times (its SHA-256 differs): try again "
                "later, or set GLUTEA_MIRROR to a folder that holds it."
            ) from error


class _Counted:
    """A file that says how much was written and takes no more than it should hold."""

    def __init__(self, file: BinaryIO, most_bytes: int, report: Callable[[int], None]) -> None:
        self._file, self._most, self._report = file, most_bytes, report

    def write(self, piece: bytes) -> int:
        """Write one piece.

        Raises:
            ValueError: more arrives than the file holds.
        """
        if self._file.tell() + len(piece) > self._most:
            raise ValueError("more arrives than the file holds")
        written = self._file.write(piece)
        self._report(self._file.tell())
        return written

    def flush(self) -> None:
        """Nothing waits here."""


def _digest(path: Path) -> str:
    """The SHA-256 of a file; "" where there is none that can be read."""
    digest = sha256()
    try:
        with path.open("rb") as file:
            for block in iter(partial(file.read, CHUNK_BYTES), b""):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()
