"""What the session reports, told in the banner and the status line; and the way out of trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject

from annotations.request import Request
from meshes.load import state as whereabouts
from meshes.sources.registry import registry
from viewer.window.banner import Answer
from viewer.window.specimen_chooser import offer_of, short_title

if TYPE_CHECKING:
    from viewer.window.main_window import MainWindow


class News(QObject):
    """Listens to the session of a window and lets the user answer."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._banner = window.banner
        self._status = window.status
        self._view = window.view
        self._docks = window.docks
        self._chooser = window.toolbar.specimens
        self._session = session = window.session
        # A download that the user has declined is not offered again while the window is open.
        self._declined: set[str] = set()
        session.working.connect(self._working)
        session.shown.connect(self._shown)
        session.failed.connect(self._failed)
        session.stopped.connect(self._stopped)
        session.fetching.connect(self._fetching)
        session.fetched.connect(self._fetched)
        session.fetch_failed.connect(self._fetch_failed)
        session.fetch_stopped.connect(self._fetch_stopped)
        self._chooser.chosen.connect(self._chosen)
        self._fetching_name = ""
        self._offered = ""
        self._unkept = ""

    # --- opening ---------------------------------------------------------------------------------

    def _working(self, fraction: float, text: str) -> None:
        what = self._session.what
        step = "" if text == what else f"\n{text}"
        self._view.show_message(f"{what} …{step}")
        self._status.progress(fraction, text)

    def _shown(self) -> None:
        self._status.done()
        if self._banner.topic == "opening":
            self._banner.dismiss()
        self._tell_what_is_not_kept()
        self._offer_what_is_better()

    def _tell_what_is_not_kept(self) -> None:
        """A full disk costs the user time, and only the user can mend it: said, but once."""
        atlas = self._session.atlas
        if atlas.unkept and atlas.unkept != self._unkept:
            self._unkept = atlas.unkept
            self._banner.say(atlas.unkept, "notice", topic="unkept")

    def _failed(self, sentence: str) -> None:
        self._status.done()
        self._view.show_message("")
        self._show_what_is_open()
        self._banner.say(sentence, "error", self._ways_out("Try again"), "opening")

    def _stopped(self) -> None:
        self._status.done()
        self._view.show_message("")
        self._show_what_is_open()
        if self._session.atlas is None:
            self._banner.say("Opening was stopped.", "notice", self._ways_out("Open it"), "opening")

    def _ways_out(self, again: str) -> tuple[Answer, ...]:
        """The same once more, or the specimen that comes with Glutea."""
        if self._session.atlas is not None:
            return ()
        wanted = self._session.wanted
        if whereabouts(wanted.specimen) == "available":
            return (self._fetch_answer(wanted.specimen), *self._others(wanted))
        once_more: Answer = (again, "Open the specimen", lambda: self._open(wanted))
        return (once_more, *self._others(wanted))

    def _others(self, wanted: Request) -> tuple[Answer, ...]:
        def opening(name: str) -> Answer:
            request = msgspec.structs.replace(wanted, specimen=name)
            entry = registry()[name]
            return (f"Open {short_title(entry)}", entry.title, lambda: self._open(request))

        return tuple(
            opening(name)
            for name in registry()
            if name != wanted.specimen and whereabouts(name) == "embedded"
        )

    def _open(self, request: Request) -> None:
        self._banner.dismiss()
        self._session.open(request)

    def _show_what_is_open(self) -> None:
        atlas = self._session.atlas
        if atlas is not None and self._docks.filled:
            self._docks.show_settings(atlas.request)
            self._chooser.show_specimen(atlas.specimen.name)

    # --- fetching --------------------------------------------------------------------------------

    def _chosen(self, name: str) -> None:
        if whereabouts(name) == "available":
            self._declined.discard(name)
            self._offer(name)
        else:
            self._session.open_specimen(name)

    def _offer_what_is_better(self) -> None:
        """The model is open, and real anatomy could be had: say so, once."""
        if self._session.is_fetching or self._banner.topic not in ("", "fetch"):
            return
        for name in registry():
            if whereabouts(name) == "available" and name not in self._declined:
                if self._offered != name or self._banner.topic != "fetch":
                    self._offer(name)
                return
        if self._banner.topic == "fetch":
            self._banner.dismiss()

    def _offer(self, name: str) -> None:
        self._offered = name
        self._banner.say(
            f"{registry()[name].title}. Fetched once, it opens without a network from then on.",
            "offer",
            (
                self._fetch_answer(name),
                ("Not now", "Go on with what is open", lambda: self._decline(name)),
            ),
            "fetch",
        )

    def _fetch_answer(self, name: str) -> Answer:
        tip = "Download it once; after that it opens without a network"
        return (offer_of(name), tip, lambda: self._fetch(name))

    def _decline(self, name: str) -> None:
        self._declined.add(name)
        self._banner.dismiss()

    def _fetch(self, name: str) -> None:
        self._fetching_name, self._offered = name, ""
        stop: Answer = ("Cancel", "Stop the download", self._session.cancel_fetch)
        self._banner.say(f"Fetching {registry()[name].title}", "offer", (stop,), "fetch")
        self._banner.progress(0.0)
        self._session.fetch(name)

    def _fetching(self, fraction: float, text: str) -> None:
        if self._banner.topic == "fetch":
            self._banner.progress(fraction)

    def _fetched(self, name: str) -> None:
        self._banner.dismiss()
        self._chooser.refresh()
        self._session.open_specimen(name)

    def _fetch_failed(self, sentence: str) -> None:
        name = self._fetching_name
        again: Answer = ("Try again", "Fetch it once more", lambda: self._fetch(name))
        later: Answer = ("Not now", "Go on with what is open", lambda: self._decline(name))
        self._banner.say(sentence, "error", (again, later), "fetch")

    def _fetch_stopped(self) -> None:
        self._offer(self._fetching_name)
