"""Draw a station from a snapshot, as an array or in a window, for all environments."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from twin.errors import InputError
from twin.setup.setup import SwapSetup
from twin.viewer.graphics.camera import View
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.graphics.window import Window
from twin.viewer.layout import Layout
from twin.viewer.scene.scene import StationScene
from twin.viewer.snapshot import Names, Snapshot
from twin.viewer.studio import Studio

Array = np.ndarray
QUALITY = "low"
"""No shadows: an episode has many small pictures."""


def layout_of(setup: SwapSetup, job: int | None = None) -> Layout:
    """Describe a setup for the viewer; `job` is the episode's, None for a whole swap."""
    return Layout(
        station=setup.station, truck=setup.truck, pack=setup.pack, seats=setup.seats, jobs=setup.jobs, job=job
    )


class Picture:
    """Draw snapshots of stations; `view` is one of `views`.

    Raises:
        InputError: an unknown view, a wrong size, or a window where there is no display.
    """

    def __init__(self, mode: str, view: str, size_px: tuple[int, int], views: Collection[str], title: str) -> None:
        if view not in views:
            raise InputError("no such view", key="view", value=view, allowed=", ".join(views))
        sizes = isinstance(size_px, tuple | list) and len(size_px) == 2 and all(type(side) is int for side in size_px)
        if not sizes or not all(16 <= side <= 4096 for side in size_px):
            raise InputError("not a width and height", key="size_px", value=size_px, allowed="16 to 4096 each")
        self.view = view
        self._mode, self._size = mode, (size_px[0], size_px[1])
        self._studio: Studio | None = None
        self._scene: StationScene | None = None
        self._window = _open(title, self._size) if mode == "human" else None

    def put(self, layout: Layout, names: Names) -> None:
        """Replace the station of the scene."""
        self._clear()
        if self._mode == "rgb_array":
            self._studio = Studio(layout, names, self._size, QUALITY)
        elif self._window is not None:
            self._scene = StationScene(layout, names)
            self._scene.root.reparent_to(self._window.stage.world)

    def draw(self, snapshot: Snapshot, view: View) -> Array | None:
        """Draw the picture (height, width, 3) uint8 of this instant; show it in a window and return None there."""
        if self._studio is not None:
            self._studio.view = view
            return self._studio.picture(snapshot)
        self._show(snapshot, view)
        return None

    def close(self) -> None:
        """Free the window or buffer."""
        self._clear()
        if self._window is not None:
            self._window.close()
            self._window = None

    def _clear(self) -> None:
        if self._studio is not None:
            self._studio.close()
        if self._scene is not None:
            self._scene.root.remove_node()
        self._studio = self._scene = None

    def _show(self, snapshot: Snapshot, view: View) -> None:
        """Draw into the window, unless the user has closed it."""
        if self._window is None or self._scene is None:
            return
        for press in self._window.poll():
            if press.kind == "close":
                self.close()
                return
        self._window.resized()
        self._scene.update(snapshot)
        self._window.stage.look(view)
        self._window.draw()


def _open(title: str, size_px: tuple[int, int]) -> Window:
    try:
        return Window(f"{title} · SwapTwin", size_px, QUALITIES[QUALITY])
    except InputError:
        raise InputError(
            "no window can be opened here (is there a display?)",
            key="render_mode",
            value="human",
            allowed="'rgb_array' needs none",
        ) from None
