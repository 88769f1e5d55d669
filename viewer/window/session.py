"""What goes on behind the window: opening specimens, changing settings, fetching. No widgets.

The session owns the scene and the atlas on show. Everything slow runs in a `Worker`; what comes
back changes the scene through its one door.
"""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from annotations.courses.variants import Variants
from annotations.request import LimitsMm, Request
from meshes.sources.registry import source
from viewer.scene import Look, Scene, SceneState, Theme
from viewer.window.loading import Report, Worker
from viewer.window.timers import single_shot

# Turning a spin box makes many wishes; the last of a flurry is enough.
DEBOUNCE_MS = 250
ANEW = "Computing with the new settings"
# What the user has set for the window, not for one specimen, outlives a change of specimen.
KEPT = ("theme", "labels", "scale_bar", "credit", "view", "zones_on")


class Session(QObject):
    """`atlas` is what is on show, None before the first one; `what` says what goes on.

    Signals: `working(fraction, text)` while an atlas is built, then `opened(atlas)` (the scene
    changes right after it), `failed(sentence)` or `stopped()`. The same for a download:
    `fetching`, then `fetched(name)`, `fetch_failed(sentence)` or `fetch_stopped()`.
    """

    working = Signal(float, str)
    opened = Signal(object)
    shown = Signal()
    failed = Signal(str)
    stopped = Signal()
    fetching = Signal(float, str)
    fetched = Signal(object)
    fetch_failed = Signal(str)
    fetch_stopped = Signal()

    def __init__(self, request: Request, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # The settings wished for hold from the start, also should the first specimen not open.
        self.scene = Scene(SceneState(request=request, theme=theme))
        self.atlas: Any = None
        self.wanted = request
        self.what = ""
        self._state: SceneState | None = None
        self._builder = Worker(self)
        self._builder.progressed.connect(self.working)
        self._builder.finished.connect(self._built)
        self._builder.failed.connect(self._gave_up)
        self._builder.cancelled.connect(self._cancelled)
        self._fetcher = Worker(self)
        self._fetcher.progressed.connect(self.fetching)
        self._fetcher.finished.connect(self.fetched)
        self._fetcher.failed.connect(self.fetch_failed)
        self._fetcher.cancelled.connect(self.fetch_stopped)
        self._settings: dict[str, Any] = {}
        self._flurry = single_shot(self, DEBOUNCE_MS, self._settings_settled)

    @property
    def busy(self) -> bool:
        """Whether an atlas is being built or waits to be."""
        return self._builder.busy or self._flurry.isActive()

    @property
    def is_fetching(self) -> bool:
        """Whether a download is on its way."""
        return self._fetcher.busy

    def open(self, request: Request, state: SceneState | None = None) -> None:
        """Build the atlas of a request and show it: as `state` says, or as it opens by itself."""
        self._flurry.stop()
        self._settings = {}
        self.wanted, self._state = request, state
        is_open = self.atlas is not None and self.atlas.request.specimen == request.specimen
        self.what = what = ANEW if is_open else f"Opening {source(request.specimen).title}"

        def task(progress: Report, cancelled: Any) -> Any:
            # Imported in the worker: the window is on screen by now.
            from annotations.atlas import build

            return build(request, progress, cancelled)

        self.working.emit(0.0, what)
        self._builder.start(task, what)

    def open_specimen(self, name: str) -> None:
        """Open a specimen with the settings of now."""
        self.open(msgspec.structs.replace(self.scene.state.request, specimen=name))

    def set_limits(self, trochanter_band_mm: LimitsMm, psis_band_mm: LimitsMm) -> None:
        """Wish for other limits of the bands."""
        self._wish(trochanter_band_mm=trochanter_band_mm, psis_band_mm=psis_band_mm)

    def set_variants(self, variants: Variants) -> None:
        """Wish for nerves and arteries that run otherwise."""
        self._wish(variants=variants)

    def cancel(self) -> None:
        """Stop building; what is on show stays."""
        self._flurry.stop()
        self._builder.cancel()

    def fetch(self, name: str) -> None:
        """Download a specimen: only ever called because the user said so."""

        def task(progress: Report, cancelled: Any) -> str:
            from meshes.sources.download import fetch

            fetch(name, progress, cancelled)
            return name

        self._fetcher.start(task, f"Fetching {source(name).title}")

    def cancel_fetch(self) -> None:
        """Stop the download."""
        self._fetcher.cancel()

    def close(self) -> None:
        """Stop all work; returns when it has stopped."""
        self._flurry.stop()
        self._builder.close()
        self._fetcher.close()

    def _wish(self, **settings: Any) -> None:
        """Change settings of the request; built when the wishing pauses."""
        self._settings |= settings
        self._flurry.start()

    def _settings_settled(self) -> None:
        if self.atlas is None:
            return
        # On top of what is being built, if anything is: an earlier wish is not forgotten.
        request = msgspec.structs.replace(self.wanted, **self._settings)
        if request != self.wanted:
            state = self._state and msgspec.structs.replace(self._state, request=request)
            self.open(request, state)

    def _built(self, atlas: Any) -> None:
        from viewer.presets import items

        before, self.atlas = self.atlas, atlas
        given, after = self._state is not None, self._next_state(before, atlas)
        self._state = None
        self.opened.emit(atlas)
        with self.scene.change("open") as draft:
            for name in after.__struct_fields__:
                setattr(draft, name, getattr(after, name))
            if not given:
                draft.put_zones_on(after.zones_on, {item.id for item in items(atlas)})
        self.shown.emit()

    def _next_state(self, before: Any, atlas: Any) -> SceneState:
        from viewer.presets import items, opening_state, with_new_zones

        if self._state is not None:
            return self._state
        opening = opening_state(atlas, atlas.request)
        now = self.scene.state
        if before is None or before.request.specimen != atlas.request.specimen:
            kept = {name: getattr(now, name) for name in KEPT}
            return msgspec.structs.replace(opening, **kept)
        # The same specimen with other settings: all stays; what is new comes as it opens.
        known = {item.id for item in items(before)}
        fresh = {i: look for i, look in opening.looks.items() if i not in known}
        looks: dict[str, Look] = with_new_zones({**fresh, **now.looks}, items(atlas), known)
        return msgspec.structs.replace(now, request=atlas.request, looks=looks)

    def _gave_up(self, sentence: str) -> None:
        self._back_to_shown()
        self.failed.emit(sentence)

    def _cancelled(self) -> None:
        self._back_to_shown()
        self.stopped.emit()

    def _back_to_shown(self) -> None:
        """Another wish for the same thing counts as new again."""
        self._settings, self._state = {}, None
        if self.atlas is not None:
            self.wanted = self.atlas.request
