"""To be drawn."""

from __future__ import annotations

from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.snapshot import Snapshot


class TruckModel:
    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self._layout = layout
        o = layout.truck.outline
        m = Mesh().box(
            (o.cab_front_x_m - o.cab_rear_x_m, o.width_m, o.cab_height_m - 0.7),
            ((o.cab_front_x_m + o.cab_rear_x_m) / 2, 0.0, (o.cab_height_m + 0.7) / 2),
            palette.CAB_PAINT,
            0.08,
        )
        m.box(
            (o.cab_front_x_m - o.frame_rear_x_m, 0.9, 0.25),
            ((o.cab_front_x_m + o.frame_rear_x_m) / 2, 0.0, o.frame_height_m - 0.125),
            palette.CHASSIS_BLACK,
        )
        m.node("body", frames["truck_body"])

    def update(self, snapshot: Snapshot) -> None:
        pass
