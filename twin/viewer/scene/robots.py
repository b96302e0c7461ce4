"""To be drawn."""

from __future__ import annotations

from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.snapshot import Snapshot


class Robots:
    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self._layout = layout
        for r in range(layout.robots):
            Mesh().box(layout.station.end_effector.size_m, (0.0, 0.0, 0.0), palette.ROBOT_ORANGE, 0.02).node(
                "e", frames[f"robot{r}/end_effector"]
            )

    def update(self, snapshot: Snapshot) -> None:
        pass
