"""The robots of a station: a gantry with ropes or a mast, or rail-guided vehicles in the pit."""

from __future__ import annotations

from typing import Protocol

from twin.catalogue.schema import FloatingTable
from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.robots.gantry import GantryRobot
from twin.viewer.scene.robots.rgv import Rgv
from twin.viewer.snapshot import Snapshot


class Robot(Protocol):
    """One robot; `triangles` of all its meshes."""

    triangles: int

    def update(self, snapshot: Snapshot) -> None: ...


class Robots:
    """All robots of a station."""

    def __init__(self, layout: Layout, frames: FrameNodes, provenance: Provenance | None = None) -> None:
        kind = Rgv if isinstance(layout.station.reeving, FloatingTable) else GantryRobot
        self.robots: list[Robot] = [kind(layout, frames, r, provenance) for r in range(layout.robots)]
        self.triangles = sum(robot.triangles for robot in self.robots)

    def update(self, snapshot: Snapshot) -> None:
        for robot in self.robots:
            robot.update(snapshot)
