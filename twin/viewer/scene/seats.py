"""To be drawn."""

from __future__ import annotations

from twin.viewer.layout import Layout
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.snapshot import Snapshot


class Seats:
    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self._layout = layout

    def update(self, snapshot: Snapshot) -> None:
        pass
