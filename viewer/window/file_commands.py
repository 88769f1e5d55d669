"""What the commands of the menu File do: scenes, pictures, quitting."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from meshes.errors import GluteaError
from viewer.scene import load_scene, save_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from viewer.window.main_window import MainWindow

SCENES = "Glutea scenes (*.json)"
COPIES = ("text", "csv", "json")
PICTURES = "PNG pictures (*.png)"


class FileCommands(QObject):
    """Each command that asks for a file has a second half that takes the file."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.folder = window.settings.folder
        actions = window.commands
        actions.on("open_scene", self.ask_scene)
        actions.on("save_scene", self.ask_where_scene)
        actions.on("save_picture", self.ask_where_picture)
        actions.on("copy_picture", self.copy_picture)
        for name in COPIES:
            actions.on(f"copy_claims_{name}", partial(self.copy_claims, name))
        actions.on("quit", window.close)
        self.enable(False)

    def enable(self, enabled: bool) -> None:
        """Before the first atlas there is nothing to save."""
        copies = (f"copy_claims_{name}" for name in COPIES)
        self._window.commands.enable(enabled, "save_scene", "save_picture", "copy_picture", *copies)

    # --- scenes ----------------------------------------------------------------------------------

    def ask_scene(self) -> None:
        """Open a scene that the user chooses."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open scene", self.folder, SCENES)
        if name:
            self.open_scene(Path(name))

    def open_scene(self, path: Path) -> None:
        """Show what a scene file says, on the specimen that it names."""
        with self._telling():
            state = load_scene(path)
            self._remember(path)
            self._window.session.open(state.request, state)

    def ask_where_scene(self) -> None:
        """Save the scene where the user chooses."""
        if path := self._ask_where("Save scene", "scene.json", SCENES):
            self.save_scene(path)

    def save_scene(self, path: Path) -> None:
        """Save what is shown, with the camera where it stands."""
        with self._telling():
            state = self._window.scene.state
            camera = self._window.view.camera
            save_scene(msgspec.structs.replace(state, camera=camera), path)
            self._remember(path)
            self._said(f"The scene is saved as {path.name}.")

    # --- pictures --------------------------------------------------------------------------------

    def ask_where_picture(self) -> None:
        """Save the view as a picture, as fine as the user chooses."""
        from viewer.window.pictures import PictureDialog

        dialog = PictureDialog(self._window.view.picture_size(), self._window)
        chosen = dialog.exec() == PictureDialog.DialogCode.Accepted
        size, clear = dialog.size_px, dialog.clear.isChecked()
        dialog.deleteLater()
        if not chosen:
            return
        if path := self._ask_where("Save picture", "glutea.png", PICTURES):
            self.save_picture(path, size, clear)

    def save_picture(self, path: Path, size_px: QSize, transparent: bool = False) -> None:
        """Draw the view into a file, as the command line does."""
        from viewer.output.picture import save_picture
        from viewer.window.pictures import picture_state

        atlas = self._window.atlas
        if atlas is None:
            return
        with self._telling(), _waiting():
            view, size = self._window.view, (size_px.width(), size_px.height())
            state = picture_state(self._window.scene.state, view.camera)
            ratio = view.pixel_ratio_at(size_px)
            save_picture(atlas, state, path, *size, transparent, ratio)
            self._remember(path)
            self._said(f"The picture is saved as {path.name}.")

    def copy_picture(self) -> None:
        """Put the view, with its credit, on the clipboard."""
        from viewer.window.pictures import copy_size, picture_state, to_image

        view = self._window.view
        size = copy_size(view.picture_size())
        with self._telling(), _waiting():
            state = picture_state(self._window.scene.state, view.camera)
            pixels = view.picture_of(state, size)
            if pixels is not None:
                QGuiApplication.clipboard().setImage(to_image(pixels))
                self._said("The picture is copied, with its credit.")

    def copy_claims(self, name: str) -> None:
        """Put the figures of the nerve on the clipboard: text, csv or json."""
        self._window.docks.claims.copy(name)

    # --- what all of them do ---------------------------------------------------------------------

    def _ask_where(self, title: str, name: str, kinds: str) -> Path | None:
        """The file that the user names, with the ending of `name`; None where there is none.

        Qt asks before a file is replaced, but only for the name that it sees.
        """
        ending = Path(name).suffix
        dialog = QFileDialog(self._window, title, self.folder, kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(name)
        chosen = Path(dialog.selectedFiles()[0]) if dialog.exec() else None
        dialog.deleteLater()
        if chosen is None or chosen.suffix.lower() == ending:
            return chosen
        path = chosen.with_name(chosen.name + ending)
        if not path.exists():
            return path
        self._tell(
            f"{path.name} is there already, and stays as it is: choose another name, or write this "
            "one in full to replace it."
        )
        return None

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What goes wrong is said in the banner."""
        try:
            yield
        except GluteaError as error:
            self._tell(str(error))

    def _tell(self, sentence: str) -> None:
        self._window.banner.say(sentence, "error", topic="file")

    def _said(self, sentence: str) -> None:
        if self._window.banner.topic == "file":
            self._window.banner.dismiss()
        self._window.status.say(sentence)

    def _remember(self, path: Path) -> None:
        self.folder = str(path.absolute().parent)


@contextmanager
def _waiting() -> Iterator[None]:
    QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        yield
    finally:
        QGuiApplication.restoreOverrideCursor()
