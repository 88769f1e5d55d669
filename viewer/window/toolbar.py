"""The toolbar: four ways to show the region, the views, what is written, pictures, specimen."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QComboBox, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from viewer.items import view_table
from viewer.window.commands import Actions, preset_id, view_id
from viewer.window.specimen_chooser import SpecimenChooser

ICON_PX = 18
SIDES = (("Both sides", "both"), ("Left side", "left"), ("Right side", "right"))
TOGGLES = ("labels", "scale_bar", "dark")
PICTURES = ("save_picture", "copy_picture")


class Toolbar(QToolBar):
    """Buttons for the commands that a lecture needs at hand."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self.toggleViewAction().setEnabled(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for name, preset in view_table().presets.items():
            if preset.button:
                self._button(actions, preset_id(name)).setProperty("preset", True)
        self.side = QComboBox()
        self.side.setAccessibleName("Side for the four buttons")
        self.side.setToolTip("On which side the four buttons to the left act")
        for title, value in SIDES:
            self.side.addItem(title, value)
        self.addWidget(self.side)
        self.addSeparator()
        self._views(actions)
        self.addAction(actions["reset_view"])
        self.addSeparator()
        for command in (*TOGGLES, *PICTURES):
            self._button(actions, command, text=False)
        self._name_buttons(actions)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self.specimens = SpecimenChooser()
        self.addWidget(self.specimens)

    def _button(self, actions: Actions, command: str, text: bool = True) -> QToolButton:
        action = actions[command]
        if not text:
            action.setIcon(placeholder())
        self.addAction(action)
        button = self.widgetForAction(action)
        assert isinstance(button, QToolButton)
        style = Qt.ToolButtonStyle
        button.setToolButtonStyle(style.ToolButtonTextOnly if text else style.ToolButtonIconOnly)
        return button

    def _views(self, actions: Actions) -> None:
        self.views = QToolButton()
        self.views.setText("View")
        self.views.setAccessibleName("View")
        self.views.setToolTip("Look from another direction")
        self.views.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.views)
        menu.addActions([actions[view_id(name)] for name in view_table().views])
        self.views.setMenu(menu)
        self.addWidget(self.views)

    def _name_buttons(self, actions: Actions) -> None:
        for command in ("reset_view", *TOGGLES, *PICTURES):
            button = self.widgetForAction(actions[command])
            if isinstance(button, QToolButton):
                if command == "reset_view":
                    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
                    actions[command].setIcon(placeholder())
                button.setAccessibleName(actions[command].text())

    def show_view(self, view: str) -> None:
        """Write which view was last taken."""
        entry = view_table().views.get(view)
        title = "View" if entry is None else entry.short or entry.title
        self.views.setText(f"{title} ▾")


def placeholder() -> QPixmap:
    """An empty icon that keeps the place, so that nothing moves when the icons arrive."""
    pixmap = QPixmap(QSize(ICON_PX, ICON_PX))
    pixmap.fill(QColor(0, 0, 0, 0))
    return pixmap
