"""Saving the view as a picture, and copying it; both with the credit of the anatomy."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QWidget,
)

from viewer.output.picture import drawable
from viewer.scene import Camera, SceneState

# Wide enough for a slide, however small the window is.
COPY_WIDTH_PX = 1920
SCALES = (("As shown", 1), ("Twice as fine, for a slide", 2), ("Four times as fine, for print", 4))


def picture_state(state: SceneState, camera: Camera | None) -> SceneState:
    """What goes into a picture: the view as it stands, without what is only for the screen."""
    return msgspec.structs.replace(state, camera=camera, selected=None, through=(), credit=True)


def copy_size(view: QSize) -> QSize:
    """The size of a copied picture: the view's shape, no narrower than a slide."""
    width = max(view.width(), COPY_WIDTH_PX)
    return QSize(width, round(width * view.height() / view.width()))


def to_image(pixels: object) -> QImage:
    """A Qt image with its own memory, from (height, width, 3) uint8."""
    import numpy as np

    array = np.ascontiguousarray(pixels)
    height, width, _ = array.shape
    image = QImage(array.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.copy()


class PictureDialog(QDialog):
    """How fine the picture shall be, and whether its background shall be clear."""

    def __init__(self, view: QSize, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save picture")
        self._view = view
        self.sizes = QComboBox()
        self.sizes.setAccessibleName("Size of the picture")
        self.sizes.setToolTip("How many pixels the picture has; it shows what the view shows")
        for title, scale in SCALES:
            size = view * scale
            if not drawable(size.width(), size.height()):
                continue  # four times a 4K screen
            self.sizes.addItem(f"{title} ({size.width()} × {size.height()})", scale)
        self.sizes.setCurrentIndex(min(1, self.sizes.count() - 1))
        self.clear = QCheckBox("Transparent background")
        self.clear.setToolTip("Leave the background out, to lay the picture over a slide")
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow("Size", self.sizes)
        form.addRow("", self.clear)
        form.addRow(buttons)

    @property
    def size_px(self) -> QSize:
        """The size that was chosen."""
        return self._view * int(self.sizes.currentData())
