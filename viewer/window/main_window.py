"""The window: puts view, panels, toolbar and session together, and nothing more.

It appears empty at once. `begin` then loads VTK, while the session builds the atlas in a thread;
the panels fill up after the first frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from annotations.atlas import Atlas
from annotations.request import Request
from meshes.errors import GluteaError
from meshes.specimen import part_id
from viewer.scene import Change, SceneState
from viewer.window.banner import Banner
from viewer.window.commands import HELD, SEEN_THROUGH, Actions
from viewer.window.docks import Docks
from viewer.window.file_commands import FileCommands
from viewer.window.held_key import HeldKey
from viewer.window.menus import fill_menu_bar
from viewer.window.news import News
from viewer.window.session import Session
from viewer.window.settings import Settings, load_settings, save_settings
from viewer.window.shortcuts import shortcuts
from viewer.window.status import StatusLine
from viewer.window.theme import dress
from viewer.window.toolbar import Toolbar
from viewer.window.view3d import View3D
from viewer.window.view_commands import ViewCommands
from viewer.window.wording import missing, one_line

if TYPE_CHECKING:
    from viewer.window.specimen_panel import SpecimenPanel
    from viewer.window.tree import StructurePanel
    from viewer.window.zone_panel import ZonePanel

START_SIZE = QSize(1440, 900)
# A window that starts minimised is never painted.
PATIENCE_MS = 1000
# Longer than a cached atlas takes: its picture goes first.
FILL_MS = 150


class MainWindow(QMainWindow):
    """Shows the atlas of a request, as `state` says or as it opens by itself.

    `settled()` when the panels are there: after the first frame, where that is quick. `filled()`
    when an atlas is on show and all panels tell of it. `trouble` is set when the window had to
    close because this machine cannot draw.
    """

    filled = Signal()
    settled = Signal()

    def __init__(self, request: Request, state: SceneState | None = None) -> None:
        super().__init__()
        self.setObjectName("glutea")
        self.setWindowTitle("Glutea")
        self.settings = load_settings()
        self.trouble: GluteaError | None = None
        self._begun = self._closed = False
        self._icons = self._arranged = False
        self.session = Session(request, self.settings.theme, self)
        self.scene = self.session.scene
        self._make_widgets()
        self._connect()
        self._restore(self.settings)
        # Last, so that all who want to hear of it are listening.
        self.session.open(request, state)
        self.toolbar.specimens.show_specimen(request.specimen)

    @property
    def atlas(self) -> Atlas | None:
        """What is on show."""
        atlas: Atlas | None = self.session.atlas
        return atlas

    def begin(self) -> None:
        """Load what draws; done once, after the empty window has appeared."""
        if self._begun:
            return
        self._begun = True
        try:
            self.view.start()
        except GluteaError as error:
            self.trouble = error
            self.close()
            return
        # Where the atlas is not at hand in an instant, the panels do not wait for it.
        QTimer.singleShot(FILL_MS, self, self.fill_panels)

    def fill_panels(self) -> None:
        """Make the panels; done once."""
        if self.docks.filled or self._closed:
            return
        self.docks.fill(self.scene)
        self.zones.limits_changed.connect(self.session.set_limits)
        self.zones.limits.entered.connect(self.view.setFocus)
        self.structures.slider_held.connect(self.view.hold_quick)
        self.structures.menu_actions = self.looks.on_chosen()
        self.settled.emit()

    def _fill_panels_behind(self) -> None:
        if not self.docks.complete:
            self.docks.fill_behind()
            self.docks.variants.variants_changed.connect(self.session.set_variants)
            self.docks.claims.copied.connect(self.status.say)

    @property
    def structures(self) -> StructurePanel:
        """The panel of structures, once the panels are filled."""
        return self.docks.structures

    @property
    def zones(self) -> ZonePanel:
        """The panel of the entry zone, once the panels are filled."""
        return self.docks.zones

    @property
    def specimen(self) -> SpecimenPanel:
        """The panel about the specimen, once the panels are filled."""
        return self.docks.specimen

    # --- making it -------------------------------------------------------------------------------

    def _make_widgets(self) -> None:
        self.banner = Banner()
        self.view = View3D(self.scene)
        centre = QWidget()
        self._column = column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.view, 1)
        self.setCentralWidget(centre)
        self.commands = Actions(self.scene, self, self.view)
        self.toolbar = Toolbar(self.commands)
        self.addToolBar(self.toolbar)
        self.docks = Docks(self, self.commands)
        self.status = StatusLine(shortcuts()[HELD.id].text)
        self.setStatusBar(self.status)
        self.held = HeldKey(shortcuts()[HELD.id].combinations, self)
        self.files = FileCommands(self)
        self.looks = ViewCommands(self)
        self.news = News(self)
        fill_menu_bar(self.menuBar(), self.commands)

    def _connect(self) -> None:
        self.session.opened.connect(self._opened)
        self.session.shown.connect(self._shown)
        self.status.cancelled.connect(self.session.cancel)
        self.status.notice.clicked.connect(self.commands["cautions"].trigger)
        self.view.first_painted.connect(self.begin, Qt.ConnectionType.QueuedConnection)
        self.view.hovered.connect(self._name_pointer)
        self.view.clicked.connect(self._select)
        self.view.double_clicked.connect(self._select_and_go_on)
        self.held.pressed.connect(self._see_through)
        self.held.released.connect(self._see_all)
        self.scene.changed.connect(self._scene_changed)

    def _restore(self, settings: Settings) -> None:
        self.resize(START_SIZE.boundedTo(self.screen().availableSize()))
        if settings.geometry:
            self.restoreGeometry(QByteArray(settings.geometry))
        dress(self, self.scene.state.theme)
        self.toolbar.show_view(self.scene.state.view)

    # --- an atlas arrives ------------------------------------------------------------------------

    def _opened(self, atlas: Atlas) -> None:
        self.begin()
        if self.trouble is None:
            self.view.set_atlas(atlas)

    def _shown(self) -> None:
        """The scene shows the new atlas: the picture first, then what is written about it."""
        atlas = self.atlas
        if atlas is None or self.trouble is not None:
            return
        self.view.pin()
        # The banner may have come or gone: the first frame has its final size.
        self._column.activate()
        self.view.repaint()
        self.fill_panels()
        self._fill_panels_behind()
        self.docks.set_atlas(atlas)
        self.status.show_notice(missing(atlas))
        self.toolbar.specimens.refresh()
        self.toolbar.specimens.show_specimen(atlas.specimen.name)
        self.looks.enable(True)
        self.looks.follow(atlas)
        self.files.enable(True)
        if not self._icons:
            self._icons = True
            self._put_icons_on()
        self.filled.emit()

    def _put_icons_on(self) -> None:
        # Imported here: the font of icons would hold up the first frame.
        from viewer.window.icons import put_icons_on

        put_icons_on(self.commands, self.scene.state.theme)

    # --- pointer and keys ------------------------------------------------------------------------

    def _item(self, pick: object) -> str | None:
        """The item of a `Pick`, None where the pointer meets nothing."""
        return getattr(pick, "item", None)

    def _name_pointer(self, pick: object) -> None:
        item_id = self._item(pick) if self.docks.filled else None
        item = self.structures.model.item(item_id) if item_id else None
        atlas = self.atlas
        self.status.say("" if item is None or atlas is None else one_line(item, atlas))

    def _select(self, pick: object) -> None:
        with self.scene.change("select") as draft:
            draft.selected = self._item(pick)

    def _select_and_go_on(self, pick: object) -> None:
        self._select(pick)
        if item := self._item(pick):
            self.docks.raise_structures()
            self.structures.reveal(item, focus=True)

    def _see_through(self) -> None:
        if self.atlas is not None:
            with self.scene.change("see through") as draft:
                draft.through = tuple(part_id(SEEN_THROUGH, side) for side in ("left", "right"))

    def _see_all(self) -> None:
        with self.scene.change("see through") as draft:
            draft.through = ()

    def _scene_changed(self, change: Change) -> None:
        before, after = change.before, change.after
        if before.theme != after.theme:
            dress(self, after.theme)
            if self._icons:
                self._put_icons_on()
        if before.view != after.view:
            self.toolbar.show_view(after.view)

    # --- coming and going ------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to the keys, and begin even where nothing is ever painted."""
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self.docks.arrange(self.settings.docks)
        if handle := self.windowHandle():
            self.held.watch(handle)
        QTimer.singleShot(PATIENCE_MS, self, self.begin)

    def changeEvent(self, event: QEvent) -> None:
        """The window may leave the full screen in other ways than by its command."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.commands["full_screen"].setChecked(self.isFullScreen())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember, stop all work, and give the renderer back."""
        self._begun = self._closed = True
        self._remember()
        # Out of sight at once: a download may take a moment to let go.
        self.hide()
        self.held.close()
        self.session.close()
        self.view.close_stage()
        self.docks.close_panels()
        self.looks.close()
        self.commands.close()
        self.scene.changed.disconnect(self._scene_changed, missing_ok=True)
        super().closeEvent(event)

    def _remember(self) -> None:
        save_settings(
            Settings(
                geometry=bytes(self.saveGeometry().data()),
                docks=self.docks.remembered() if self._arranged else self.settings.docks,
                theme=self.scene.state.theme,
                folder=self.files.folder,
            )
        )
