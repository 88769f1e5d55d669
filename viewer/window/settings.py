"""What the window remembers from one day to the next: its place on the screen, theme, folder.

One small JSON file in the user's configuration folder (`GLUTEA_CONFIG` moves it). A damaged file
is worth no question to the user: it is ignored, and written anew when the window closes.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from meshes.cache import write_beside
from viewer.scene import Theme


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`geometry` and `docks` are Qt's own bytes; `folder` is where the last file was saved."""

    geometry: bytes = b""
    docks: bytes = b""
    theme: Theme = "light"
    folder: str = ""


def settings_path() -> Path:
    """The settings file; its folder need not exist yet."""
    if chosen := os.environ.get("GLUTEA_CONFIG"):
        return Path(chosen).expanduser().absolute() / "window.json"
    import platformdirs

    return Path(platformdirs.user_config_dir("glutea", appauthor=False)) / "window.json"


def load_settings() -> Settings:
    """What was remembered; the defaults where there is nothing, or nothing legible."""
    try:
        return msgspec.json.decode(settings_path().read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        _log("The window's settings are ignored", error)
        return Settings()


def save_settings(settings: Settings) -> None:
    """Remember; a folder that cannot be written costs the user nothing but the memory."""
    try:
        write_beside(settings_path(), msgspec.json.encode(settings))
    except OSError as error:
        _log("The window's settings could not be saved", error)


def _log(what: str, error: Exception) -> None:
    # Imported when there is something to say: not on the way to the first frame.
    import logging

    logging.getLogger(__name__).info("%s: %s", what, error)
