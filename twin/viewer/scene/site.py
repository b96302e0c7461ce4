"""To be drawn."""

from __future__ import annotations

from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.snapshot import Snapshot


class Site:
    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self._layout = layout
        Mesh().plane((60.0, 60.0), (0.0, 0.0, -0.01), palette.CONCRETE, 2.0).node("ground", frames.root)

    def update(self, snapshot: Snapshot) -> None:
        pass
