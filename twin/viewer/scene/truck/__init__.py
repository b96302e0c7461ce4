"""The truck: wheels on the ground, body on its springs, and what it carries or pulls."""

from __future__ import annotations

import math

from panda3d.core import LPoint3, NodePath, TransparencyAttrib

from twin.viewer.layout import Layout
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.truck.bodies import body, trailer, trailer_axles
from twin.viewer.scene.truck.cab import cab, mirrors
from twin.viewer.scene.truck.chassis import COUPLING_Z_M, chassis
from twin.viewer.scene.truck.plan import TRAILER_HALF_WIDTH_M, WHEEL_RADIUS_M, TruckPlan
from twin.viewer.scene.truck.wheels import TRAILER_SIDES, axle, wheel_pair
from twin.viewer.snapshot import Snapshot

GLASS_ALPHA = 0.2
LEAST_ROLL_M = 0.001
"""A parked truck's shove of less turns no wheel."""


def sprung(plan: TruckPlan) -> Mesh:
    """All that heaves, rolls and pitches: in frame truck_body."""
    return Mesh().add(cab(plan)).add(mirrors(plan)).add(chassis(plan)).add(body(plan))


def axles(plan: TruckPlan) -> Mesh:
    """Axles of truck and trailer without their wheels: in frame truck."""
    mesh = Mesh()
    front = plan.truck.front_axle.x_m
    for wheels in plan.axles:
        axle(mesh, wheels, plan.half_width_m, driven=wheels.dual and wheels.x_m < front)
    for wheels in trailer_axles(plan):
        axle(mesh, wheels, TRAILER_HALF_WIDTH_M)
    return mesh


def wheel_pairs(plan: TruckPlan) -> list[tuple[float, Mesh]]:
    """The wheels of each axle of truck and trailer: (x in frame truck, about the axle's middle)."""
    pairs = [(wheels.x_m, wheel_pair(wheels, plan.half_width_m)) for wheels in plan.axles]
    for wheels in trailer_axles(plan):
        pairs.append((wheels.x_m, wheel_pair(wheels, TRAILER_HALF_WIDTH_M, TRAILER_SIDES)))
    return pairs


class TruckModel:
    """The truck in its two frames: wheels roll as it moves, a semi-trailer tilts as the tractor's saddle lifts it."""

    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self.plan = TruckPlan(layout.truck, layout.pack)
        self._truck, self._body = frames["truck"], frames["truck_body"]
        self._parts = [sprung(self.plan).node("truck", self._body), axles(self.plan).node("axles", self._truck)]
        self.wheels: list[NodePath] = []
        for x_m, pair in wheel_pairs(self.plan):
            node = pair.node("wheels", self._truck)
            node.set_pos(x_m, 0.0, WHEEL_RADIUS_M)
            self.wheels.append(node)
        self._rolled_m = 0.0
        self._glass = False
        self._trailer = None
        own = trailer_axles(self.plan)
        if own:
            self._pivot_x_m = sum(wheels.x_m for wheels in own) / len(own)
            self._trailer = self._truck.attach_new_node("trailer")
            self._trailer.set_x(self._pivot_x_m)
            load = Mesh().add(trailer(self.plan), (-self._pivot_x_m, 0.0, 0.0))
            self._parts.append(load.node("trailer", self._trailer))
            self._coupling = LPoint3(self.plan.kingpin_x_m, 0.0, COUPLING_Z_M)

    def set_glass(self, on: bool) -> None:
        """Makes the truck translucent, so that the work behind or below it is seen."""
        if on == self._glass:
            return
        self._glass = on
        for node in (*self._parts, *self.wheels):
            if on:
                node.set_color_scale(1.0, 1.0, 1.0, GLASS_ALPHA)
                node.set_transparency(TransparencyAttrib.M_alpha)
                node.set_bin("transparent", 0)
            else:
                node.clear_color_scale()
                node.clear_transparency()
                node.clear_bin()

    def update(self, snapshot: Snapshot) -> None:
        self._roll(self._truck.get_x())
        if self._trailer is None:
            return
        lifted_m = self._truck.get_relative_point(self._body, self._coupling).z - COUPLING_Z_M
        # Panda's roll turns about y, positive where the front (+x) goes down
        self._trailer.set_r(-math.degrees(math.atan2(lifted_m, self.plan.kingpin_x_m - self._pivot_x_m)))

    def _roll(self, x_m: float) -> None:
        """Wheels turn with the way along the lane: the truck's heading there is within a few degrees."""
        if abs(x_m - self._rolled_m) < LEAST_ROLL_M:
            return
        self._rolled_m = x_m
        for node in self.wheels:
            node.set_r(math.degrees(x_m / WHEEL_RADIUS_M))
