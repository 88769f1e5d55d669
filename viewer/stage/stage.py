"""Stage: draws what a `SceneState` says, changing only what differs; renders only when told to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer, vtkRenderWindow

from annotations.atlas import Atlas
from meshes.specimen import Side
from meshes.structure import Kind, Region, structures
from viewer.items import view_table
from viewer.palette import palette, rgb
from viewer.scene import Camera, SceneState
from viewer.stage.actors import OPAQUE, RANK_MM, Drawn, Shown, draw, sources
from viewer.stage.arrays import lent
from viewer.stage.cameras import (
    ball_around,
    cuts,
    cuts_before,
    fitted,
    floor_mm,
    framed_points,
    put,
    taken,
    usual_side,
    view_named,
)
from viewer.stage.lights import light
from viewer.stage.marker import Marker
from viewer.stage.overlay import Overlay
from viewer.stage.picking import Pick, Picker, Target, rays
from viewer.stage.striation import streaks
from viewer.stage.window import off_screen_window

DEFAULT_SIZE_PX = (1280, 800)
# What a held key sees through is drawn this faint.
THROUGH_OPACITY = 0.12
# Two layers a pass; small zones must not be given up, so no pixel may be left over.

Frame = tuple[
    str, frozenset[Side], frozenset[Region], frozenset[Kind], tuple[int, int], tuple[float, float]
]


class Stage:
    """Draws an atlas as a scene says, into the given window or into one of its own, off screen.

    `orientation_marker` shows or hides the small cube with the anatomical directions;
    `pixel_ratio` says how many pixels of the screen make a unit of it (letters have a least size).

    Raises:
        GluteaError: OpenGL cannot be had.
    """

    def __init__(self, window: vtkRenderWindow | None = None) -> None:
        self._own = window is None
        self.window = off_screen_window(*DEFAULT_SIZE_PX) if window is None else window
        self.window.SetMultiSamples(0)
        self.renderer = vtkRenderer()
        self.window.AddRenderer(self.renderer)
        light(self.renderer)
        self._atlas: Atlas | None = None
        self._sources: dict[str, object] = {}
        self._drawn: dict[str, Drawn] = {}
        self._shown: dict[str, Shown] = {}
        self._state: SceneState | None = None
        self._frame: Frame | None = None
        self._is_cut = False
        self._order: list[vtkActor] = []
        self._picker = Picker()
        self._fibres = streaks()
        self._marker = Marker(self.window)
        self._overlay = Overlay(self.renderer)
        self.orientation_marker = True

    @property
    def pixel_ratio(self) -> float:
        """Pixels to a unit of the screen: 2 on fine ones."""
        return self._overlay.pixel_ratio

    @pixel_ratio.setter
    def pixel_ratio(self, ratio: float) -> None:
        self._overlay.pixel_ratio = self._marker.pixel_ratio = ratio

    # --- what is shown -------------------------------------------------------------------------

    def set_atlas(self, atlas: Atlas | None) -> None:
        """Show another atlas; what is drawn of unchanged parts stays on the graphics card."""
        self._atlas = atlas
        self._sources = {} if atlas is None else sources(atlas)
        for item, drawn in list(self._drawn.items()):
            if self._sources.get(item) is not drawn.source:
                self._remove(item)
        self._frame = None
        if self._state is not None:
            self.apply(self._state)

    def apply(self, state: SceneState) -> bool:
        """Take on a state; True if the picture has changed, so that it must be rendered."""
        before, self._state = self._state, state
        changed = self._apply_looks(self._wanted(state))
        if self._overlay.show(self._atlas, state, self._shown, self._drawn):
            changed = True
        if before is None or before.theme != state.theme:
            self._apply_theme(state)
            changed = True
        camera_before = None if before is None else before.camera
        if self._apply_camera(state, camera_before):
            changed = True
        if changed:
            self._set_clipping_range()
        return changed

    def _wanted(self, state: SceneState) -> dict[str, Shown]:
        through = frozenset(state.through)
        wanted = {}
        for item, look in state.looks.items():
            if look.visible and look.opacity > 0 and item in self._sources:
                opacity = min(look.opacity, THROUGH_OPACITY) if item in through else look.opacity
                wanted[item] = Shown(opacity, item == state.selected)
        return wanted

    def _apply_looks(self, wanted: dict[str, Shown]) -> bool:
        if wanted == self._shown and wanted.keys() <= self._drawn.keys():
            return False
        for item in self._shown.keys() - wanted.keys():
            if item in self._drawn:
                self._set_visible(self._drawn[item], False)
        for item, shown in wanted.items():
            drawn = self._drawn.get(item)
            if drawn is None:
                assert self._atlas is not None
                drawn = draw(item, self._sources[item], self._atlas, self._fibres)
                self._drawn[item] = drawn
            if self._shown.get(item) != shown:
                drawn.show(shown)
            self._set_visible(drawn, True)
        self._shown = wanted
        self._picker.aim_at(
            [
                Target(item, piece.surface, shown.opacity, RANK_MM * piece.rank)
                for item, shown in wanted.items()
                for piece in self._drawn[item].pieces
                if piece.pickable
            ]
        )
        return True

    def _remove(self, item: str) -> None:
        for actor, _ in self._drawn.pop(item).actors:
            self.renderer.RemoveActor(actor)
            actor.ReleaseGraphicsResources(self.window)
        self._shown.pop(item, None)
        self._order = []

    def _set_visible(self, drawn: Drawn, visible: bool) -> None:
        for actor, seen in drawn.actors:
            if visible and not self.renderer.HasViewProp(actor):
                self.renderer.AddActor(actor)
            actor.SetVisibility(visible and seen)

    def _apply_theme(self, state: SceneState) -> None:
        theme = palette().themes[state.theme]
        self.renderer.SetBackground(*rgb(theme.bottom))
        self.renderer.SetBackground2(*rgb(theme.top))
        self.renderer.SetGradientBackground(theme.top != theme.bottom)
        self._marker.ink(theme)

    # --- the camera ----------------------------------------------------------------------------

    def fit(self, view: str) -> Camera:
        """The camera of a named view, fitted to the region on the sides shown, or to its ball.

        Raises:
            GluteaError: there is no such view.
        """
        entry = view_named(view)
        if self._atlas is None or not self._atlas.parts:
            return Camera((0.0, 1000.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
        sides, regions, kinds = self._in_frame()
        side = usual_side(sides)
        ball = ball_around(self._atlas, entry, side)
        if ball is None:
            points = framed_points(self._atlas, sides, regions, kinds)
        else:
            points = ball.points_mm
        width, height = self.window.GetSize()
        wings, foot = self._overlay.free_shares()
        aspect = width * (1 - wings) / max(height, 1)
        return fitted(entry, points, aspect, mirrored=side == "left", foot=foot)

    def camera(self) -> Camera:
        """The camera as it stands now."""
        return taken(self.renderer.GetActiveCamera())

    def _in_frame(self) -> tuple[frozenset[Side], frozenset[Region], frozenset[Kind]]:
        """The sides, the regions and the kinds of what is shown that a view is fitted to."""
        assert self._atlas is not None
        parts = [self._atlas.parts[item] for item in self._shown if item in self._atlas.parts]
        sides: set[Side] = {part.side for part in parts} - {"midline"}
        entries = [structures()[part.structure] for part in parts]
        regions = {entry.region for entry in entries if entry.kind != "bone"}
        kinds = {entry.kind for entry in entries} & set(view_table().framing.only_while_shown)
        framed: set[Side] = (sides or {"left", "right"}) | {"midline"}
        return frozenset(framed), frozenset(regions), frozenset(kinds)

    def _apply_camera(self, state: SceneState, before: Camera | None) -> bool:
        camera = state.camera
        if camera is None:
            frame = self._framing(state)
            if frame == self._frame:
                return False
            self._frame = frame
            camera = self.fit(state.view)
        elif camera == before and self._frame is None:
            return False
        else:
            self._frame = None
        if camera == self.camera():
            return False
        put(camera, self.renderer.GetActiveCamera())
        return True

    def _refit(self, state: SceneState) -> None:
        """Follow the window's size, as long as nobody has placed the camera."""
        if state.camera is None:
            self._apply_camera(state, None)

    def _framing(self, state: SceneState) -> Frame:
        """What a fitted camera depends on: the same frame, the same camera."""
        if self._atlas is None:
            return (state.view, frozenset(), frozenset(), frozenset(), (0, 0), (0.0, 0.0))
        width, height = self.window.GetSize()
        return (state.view, *self._in_frame(), (width, height), self._overlay.free_shares())

    def _set_clipping_range(self) -> None:
        self.renderer.ResetCameraClippingRange()
        near, far = self.renderer.GetActiveCamera().GetClippingRange()
        cut = self._cut_mm()
        is_cut = False
        if cut is not None and near < cut < far:
            self.renderer.GetActiveCamera().SetClippingRange(cut, far)
            is_cut = True
        if is_cut or self._is_cut:
            self._is_cut = is_cut
            for drawn in self._drawn.values():
                drawn.open(is_cut)

    def _cut_mm(self) -> float | None:
        """How far before the camera the view that was last taken cuts; None where it does not."""
        if self._atlas is None or self._state is None:
            return None
        sides, regions, _ = self._in_frame()
        view = view_table().views.get(self._state.view)
        if view is not None and view.cut:
            ball = ball_around(self._atlas, view, usual_side(sides))
            if ball is not None:
                return cuts_before(self.camera(), ball)
        if not regions <= set(view_table().framing.regions):
            return None
        return cuts(self.camera(), floor_mm(self._atlas))

    # --- drawing -------------------------------------------------------------------------------

    def render(self, moving: bool = False) -> None:
        """Draw once. `moving`: with plain edges, at rest with smooth ones."""
        if self._state is not None:
            self._refit(self._state)
        renderer = self.renderer
        self._put_in_order()
        renderer.SetUseDepthPeeling(False)
        renderer.SetUseOIT(False)
        renderer.SetUseFXAA(not moving)
        self._set_clipping_range()
        self._marker.follow(renderer.GetActiveCamera(), self.orientation_marker)
        self._overlay.place(self._picker, moving, self._marker)
        self.window.Render()

    def _put_in_order(self) -> None:
        """Let translucent surfaces be drawn from the farthest to the nearest.

        Ghosts show only their near side, so blending whole surfaces in that order is right. Depth
        peeling costs several times as much and, in some views, lost every zone behind a ghost
        (software OpenGL, VTK 9.7). What is solid stays in the order of the terminology: from back
        to front, as VTK's own culler would sort it too, most of it was shaded in vain.
        """
        away = np.array(self.renderer.GetActiveCamera().GetDirectionOfProjection())
        translucent = [
            piece
            for item in self._shown
            for piece in self._drawn[item].pieces
            if piece.actor.GetProperty().GetOpacity() <= OPAQUE
        ]
        translucent.sort(key=lambda piece: -float(piece.surface.bounds_mm.mean(axis=0) @ away))
        order = [piece.actor for piece in translucent]
        if order == self._order:
            return
        self._order = order
        # Not through the renderer: that would take them off the graphics card.
        drawn = self.renderer.GetViewProps()
        for actor in order:
            drawn.RemoveItem(actor)
            drawn.AddItem(actor)

    def image(self, width_px: int, height_px: int, transparent: bool = False) -> NDArray[np.uint8]:
        """The picture at a size of its own: (height, width, 3), or 4 with transparency.

        The top row comes first. Colours of a transparent picture are not multiplied by alpha.
        """
        if not self._own:
            return self._copied_image(width_px, height_px, transparent)
        before = self.window.GetSize()
        self.window.SetSize(width_px, height_px)
        try:
            if not transparent:
                self.render()
                return self._pixels()
            # Over black and over white: the difference is exactly what shines through, for
            # surfaces, letters and smoothed edges alike.
            over = [self._over(shade) for shade in (0.0, 1.0)]
            return with_alpha(*over)
        finally:
            self.window.SetSize(*before)
            if self._state is not None:
                self._apply_theme(self._state)
                self._refit(self._state)

    def _copied_image(self, width_px: int, height_px: int, transparent: bool) -> NDArray[np.uint8]:
        """The picture from an off-screen stage that shares the arrays of this one."""
        copy = Stage()
        try:
            copy.orientation_marker = self.orientation_marker
            copy.pixel_ratio = self.pixel_ratio
            copy.set_atlas(self._atlas)
            if self._state is not None:
                copy.apply(self._state)
            return copy.image(width_px, height_px, transparent)
        finally:
            copy.close()

    def _over(self, shade: float) -> NDArray[np.uint8]:
        """The picture over a plain grey, 0 black to 1 white."""
        self.renderer.SetGradientBackground(False)
        self.renderer.SetBackground(shade, shade, shade)
        self.render()
        return self._pixels()

    def _pixels(self) -> NDArray[np.uint8]:
        width, height = self.window.GetSize()
        out = vtkUnsignedCharArray()
        self.window.GetPixelData(0, 0, width - 1, height - 1, 0, out, 0)
        return lent(out).reshape(height, width, 3)[::-1]

    # --- asking --------------------------------------------------------------------------------

    def pick(self, x_px: int, y_px: int) -> Pick | None:
        """What is under a pixel (origin bottom left); ghosts only where nothing is behind them."""
        starts, ends = rays(self.renderer, np.array([[x_px + 0.5, y_px + 0.5]]))
        return self._picker.pick(starts[0], ends[0])

    def close(self) -> None:
        """Give everything back; the stage cannot be used again."""
        for item in list(self._drawn):
            self._remove(item)
        self._picker.clear()
        self._overlay.close()
        self._fibres.ReleaseGraphicsResources(self.window)
        self._marker.close(self.window)
        self.renderer.RemoveAllViewProps()
        self.window.RemoveRenderer(self.renderer)
        if self._own:
            self.window.Finalize()
        self._atlas, self._sources, self._state = None, {}, None


def with_alpha(on_black: NDArray[np.uint8], on_white: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour and alpha (h, w, 4) of a picture known over black and over white, (h, w, 3) each."""
    black = on_black.astype(np.int16)
    alpha = np.clip(255 - (on_white - black), 0, 255).min(axis=-1, keepdims=True)
    colours = np.minimum(black.astype(np.int32) * 255 // np.maximum(alpha, 1), 255)
    return np.concatenate([colours, alpha], axis=-1).astype(np.uint8)
