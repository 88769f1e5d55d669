"""Scene: what is shown, as plain data behind one door.

`scene.state` is an immutable value. `scene.change(label)` is the only way to replace it: a
transaction that emits `changed` once, at its end, if anything is different. Undo, autosave and one
render a change hang on that. The scene knows no Qt and no renderer.

Everything that can be toggled is an *item* with an id:
`gluteus_maximus_left` (a part or a course's tube), `zone/entry_zone_left`, `landmark/psis_left`,
`landmark/coccyx_tip` (midline), `line/psis_trochanter_left`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from math import hypot
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from annotations.request import Request
from annotations.zones.zone import ZoneSurface, patch_key, split_key
from meshes.cache import write_beside
from meshes.errors import GluteaError

if TYPE_CHECKING:
    from psygnal import SignalInstance

Theme = Literal["light", "dark"]
Vector = tuple[float, float, float]
# 2: `zones_on`.
SCENE_VERSION = 2
GHOST_OPACITY = 0.25
ZONE = "zone/"
SKIN = "skin"
# Beyond these a camera sees nothing that can be drawn; the window's own stay far within.
NEAREST_MM, FARTHEST_MM = 5.0, 1e6
NARROWEST_DEG, WIDEST_DEG = 5.0, 120.0
# Cosine of less than a hundredth of a degree.
ALONG_UP = 1.0 - 1e-8


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one item is shown; opacity 0 to 1."""

    visible: bool = True
    opacity: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.opacity <= 1.0:
            raise ValueError("an opacity lies between 0 and 1")


# How the skin is shown below zones that are drawn on it.
SEE_THROUGH = Look(opacity=GHOST_OPACITY)


class Camera(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A perspective camera in the common frame; mm and degrees."""

    position_mm: Vector
    focal_point_mm: Vector
    up: Vector
    view_angle_deg: float = 20.0

    def sees(self) -> bool:
        """Whether anything can be drawn with it: not from within its focal point, not along `up`.

        The window's own cameras do; one from a file may be anything.
        """
        away = [p - f for p, f in zip(self.position_mm, self.focal_point_mm, strict=True)]
        distance, tall = hypot(*away), hypot(*self.up)
        if not (NEAREST_MM <= distance <= FARTHEST_MM and 0.0 < tall < FARTHEST_MM):
            return False
        along = abs(sum(a * u for a, u in zip(away, self.up, strict=True))) / (distance * tall)
        is_near = hypot(*self.focal_point_mm) <= FARTHEST_MM
        return is_near and along < ALONG_UP and NARROWEST_DEG <= self.view_angle_deg <= WIDEST_DEG


class SceneState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a picture depends on.

    `looks` holds every item of the atlas that has been given a look; an item without one is
    hidden. `camera` None means: not yet placed; `view` is then used (a name in `views.toml`).
    `through` lists items that are for the moment seen through (the key held down). `zones_on` is
    the surface that the user wants zones on; what is drawn of them is in `looks`.
    """

    request: Request = msgspec.field(default_factory=Request)
    looks: dict[str, Look] = {}
    view: str = "posterior"
    camera: Camera | None = None
    theme: Theme = "light"
    selected: str | None = None
    labels: bool = False
    scale_bar: bool = False
    credit: bool = True
    through: tuple[str, ...] = ()
    zones_on: ZoneSurface = "deep"


def zone_item_on(item: str, surface: ZoneSurface) -> str:
    """The item that shows the same zone on a surface: `zone/overlap_skin_left`."""
    key, _, side = item.removeprefix(ZONE).rpartition("_")
    return f"{ZONE}{patch_key(split_key(key)[0], surface)}_{side}"


def _is_on_skin(item: str) -> bool:
    """Whether an item is a zone that is drawn on the skin."""
    key = item.removeprefix(ZONE).rpartition("_")[0]
    return item.startswith(ZONE) and split_key(key)[1] == "skin"


class Draft:
    """A state under change: the same names as in `SceneState`, free to set."""

    def __init__(self, state: SceneState) -> None:
        for name in state.__struct_fields__:
            setattr(self, name, getattr(state, name))
        self.looks: dict[str, Look] = dict(state.looks)

    request: Request
    view: str
    camera: Camera | None
    theme: Theme
    selected: str | None
    labels: bool
    scale_bar: bool
    credit: bool
    through: tuple[str, ...]
    zones_on: ZoneSurface

    def finished(self) -> SceneState:
        """The state as it has become."""
        return SceneState(**{name: getattr(self, name) for name in SceneState.__struct_fields__})

    def show(self, *items: str, visible: bool = True) -> None:
        """Show or hide items; their opacity stays. A zone on the skin brings a see-through skin."""
        for item in items:
            look = self.looks.get(item, Look())
            self.looks[item] = msgspec.structs.replace(look, visible=visible)
            if visible and _is_on_skin(item):
                self._lay_skin_below()

    def fade(self, *items: str, opacity: float) -> None:
        """Set the opacity of items; their visibility stays."""
        for item in items:
            look = self.looks.get(item, Look(visible=False))
            self.looks[item] = msgspec.structs.replace(look, opacity=opacity)

    def put_zones_on(self, surface: ZoneSurface, known: Collection[str]) -> None:
        """Draw the zones that are shown on another surface, each where the atlas has it there.

        `known` are the items of the atlas; a zone that it has on one surface only stays there.
        """
        self.zones_on = surface
        if surface != "skin" and self.looks.get(SKIN) == SEE_THROUGH:
            self.looks[SKIN] = Look(visible=False)
        for item in [item for item in self.looks if item.startswith(ZONE) and item in known]:
            goal = zone_item_on(item, surface)
            look = self.looks[item]
            if goal != item and goal in known and look.visible:
                self.looks[goal] = look
                self.show(item, visible=False)
        if any(look.visible and _is_on_skin(item) for item, look in self.looks.items()):
            self._lay_skin_below()

    def _lay_skin_below(self) -> None:
        """Show the skin see-through, unless it is shown: else zones on it would hang in the air."""
        skin = self.looks.get(SKIN)
        if skin is not None and not skin.visible:
            self.looks[SKIN] = SEE_THROUGH


class Change(msgspec.Struct, frozen=True):
    """One finished transaction."""

    label: str
    before: SceneState
    after: SceneState


class Scene:
    """The evented holder of a `SceneState`; `changed` brings a `Change`."""

    changed: SignalInstance

    def __init__(self, state: SceneState | None = None) -> None:
        # Only who listens pays for this import: a picture from the command line has no events.
        from psygnal import SignalInstance

        self.changed = SignalInstance((Change,))
        self._state = state or SceneState()
        self._draft: Draft | None = None

    @property
    def state(self) -> SceneState:
        """The present state, immutable."""
        return self._state

    @contextmanager
    def change(self, label: str) -> Iterator[Draft]:
        """Change the scene: set fields of the draft; one `changed` at the end, or none.

        A change inside a change joins the outer one. If the block raises, nothing has changed.
        """
        if self._draft is not None:
            yield self._draft
            return
        self._draft = draft = Draft(self._state)
        try:
            yield draft
            after = draft.finished()
        finally:
            self._draft = None
        before = self._state
        if after != before:
            self._state = after
            self.changed.emit(Change(label, before, after))


class _SceneFile(msgspec.Struct, forbid_unknown_fields=True):
    glutea_scene: int
    state: SceneState


def save_scene(state: SceneState, path: Path) -> None:
    """Write the scene as versioned JSON; beside first, then renamed.

    Raises:
        GluteaError: the file cannot be written.
    """
    lasting = msgspec.structs.replace(state, through=(), selected=None)
    content = msgspec.json.format(msgspec.json.encode(_SceneFile(SCENE_VERSION, lasting)))
    try:
        write_beside(path, content)
    except OSError as error:
        raise GluteaError(
            f"The scene could not be saved to {path} ({error.strerror or error}): choose another "
            "folder."
        ) from error


def load_scene(path: Path) -> SceneState:
    """Read what `save_scene` wrote.

    Raises:
        GluteaError: no such file, not a scene, from a newer Glutea, with a view that there is not
            or a camera that sees nothing.
    """
    # Whoever opens a scene needs the table of views; whoever only has one does not.
    from viewer.items import view_table

    try:
        content = path.read_bytes()
    except OSError as error:
        raise GluteaError(
            f"The scene file {path} cannot be read ({error.strerror or error}): check the name."
        ) from error
    try:
        version = msgspec.json.decode(content, type=dict[str, object]).get("glutea_scene")
        if isinstance(version, int) and version > SCENE_VERSION:
            raise GluteaError(f"{path.name} was saved by a newer Glutea: update Glutea to open it.")
        state = msgspec.json.decode(content, type=_SceneFile).state
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise GluteaError(
            f"{path.name} is not a scene that Glutea saved, or it is damaged: choose another file."
        ) from error
    if state.view not in view_table().views:
        known = ", ".join(view_table().views)
        raise GluteaError(
            f"{path.name} asks for the view '{state.view}', which there is not: write one of "
            f"{known} in it."
        )
    if state.camera is not None and not state.camera.sees():
        raise GluteaError(
            f"The camera in {path.name} sees nothing, so the file is damaged: choose another file."
        )
    return state
