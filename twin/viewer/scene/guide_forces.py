"""Forces of guide rails and wheel stop on the wheels of a docking truck, as arrows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.viewer.layout import Layout
from twin.viewer.scene.arrows import Arrow, Arrows
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.truck import behind_rad
from twin.viewer.scene.truck.bodies import trailer_axles
from twin.viewer.scene.truck.plan import TRAILER_HALF_WIDTH_M, WHEEL_RADIUS_M, TruckPlan
from twin.viewer.snapshot import Snapshot, rotate

RAIL_HEIGHT_M = 0.16
STOP_SHARE = 0.7
"""Share of the wheel's radius: contact height of a low block with the tyre, ahead of the axle."""


class WheelForce(NamedTuple):
    """A wheel: the channel of its force, point of action and direction, with the trailer straight behind."""

    channel: str
    at_m: tuple[float, float, float]
    direction: tuple[float, float, float]
    towed: bool


class GuideForces(Arrows):
    """An arrow for every wheel at a rail, and for both front wheels at the stop."""

    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self._plan = plan = TruckPlan(layout.truck, layout.pack)
        self.root = frames.root.attach_new_node("forces")
        self.pressed = wheel_forces(plan)
        self.arrows = [Arrow(self.root, wheel.channel) for wheel in self.pressed]
        self.triangles = sum(arrow.triangles for arrow in self.arrows)

    def update(self, snapshot: Snapshot) -> None:
        if not self.visible:
            return
        turn, pose = behind_rad(snapshot), snapshot.world_pose("truck")
        kingpin = np.array([self._plan.kingpin_x_m, 0.0, 0.0])
        behind = np.array([0.0, 0.0, np.sin(0.5 * turn), np.cos(0.5 * turn)])
        for wheel, arrow in zip(self.pressed, self.arrows, strict=True):
            at, force = np.array(wheel.at_m), snapshot.value(wheel.channel, 0.0) * np.array(wheel.direction)
            if wheel.towed:
                at, force = kingpin + rotate(behind, at - kingpin), rotate(behind, force)
            arrow.show(pose[:3] + rotate(pose[3:], at), rotate(pose[3:], force))


def wheel_forces(plan: TruckPlan) -> list[WheelForce]:
    """All wheels that guides can touch, axles from front to rear as in the recording."""
    own, towed = plan.axles, trailer_axles(plan)
    found = []
    for i, wheels in enumerate((*own, *towed)):
        half = TRAILER_HALF_WIDTH_M if i >= len(own) else plan.half_width_m
        for side, y in (("right", -half), ("left", half)):
            inwards = (0.0, -1.0 if y > 0.0 else 1.0, 0.0)
            at = (wheels.x_m, y, RAIL_HEIGHT_M)
            found.append(WheelForce(f"axle{i + 1}/rail_{side}_n", at, inwards, i >= len(own)))
    middle, ahead = plan.half_width_m - own[0].width_m / 2.0, own[0].x_m + STOP_SHARE * WHEEL_RADIUS_M
    for side, y in (("right", -middle), ("left", middle)):
        found.append(WheelForce(f"stop/{side}_n", (ahead, y, RAIL_HEIGHT_M), (-1.0, 0.0, 0.0), False))
    return found
