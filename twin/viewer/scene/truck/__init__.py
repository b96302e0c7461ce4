"""The truck: wheels on the ground, body on its springs, and what it carries or pulls."""

from __future__ import annotations

import math

from panda3d.core import LPoint3

from twin.viewer.layout import Layout
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.truck.bodies import body, trailer, trailer_axles, trailer_wheels
from twin.viewer.scene.truck.cab import cab, mirrors
from twin.viewer.scene.truck.chassis import COUPLING_Z_M, chassis
from twin.viewer.scene.truck.plan import TruckPlan
from twin.viewer.scene.truck.wheels import axle
from twin.viewer.snapshot import Snapshot


def sprung(plan: TruckPlan) -> Mesh:
    """All that heaves, rolls and pitches: in frame truck_body."""
    return Mesh().add(cab(plan)).add(mirrors(plan)).add(chassis(plan)).add(body(plan))


def unsprung(plan: TruckPlan) -> Mesh:
    """Wheels and axles of truck and trailer: in frame truck, on the ground."""
    mesh = Mesh()
    front = plan.truck.front_axle.x_m
    for wheels in plan.axles:
        axle(mesh, wheels, plan.half_width_m, driven=wheels.x_m < front - 2.0)
    return mesh.add(trailer_wheels(plan))


class TruckModel:
    """The truck in its two frames; a semi-trailer tilts about its own axles as the tractor's saddle lifts it."""

    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self.plan = TruckPlan(layout.truck, layout.pack)
        self._truck, self._body = frames["truck"], frames["truck_body"]
        sprung(self.plan).node("truck", self._body)
        unsprung(self.plan).node("wheels", self._truck)
        self._trailer = None
        axles = trailer_axles(self.plan)
        if axles:
            self._pivot_x_m = sum(wheels.x_m for wheels in axles) / len(axles)
            self._trailer = self._truck.attach_new_node("trailer")
            self._trailer.set_x(self._pivot_x_m)
            Mesh().add(trailer(self.plan), (-self._pivot_x_m, 0.0, 0.0)).node("trailer", self._trailer)
            self._coupling = LPoint3(self.plan.kingpin_x_m, 0.0, COUPLING_Z_M)

    def update(self, snapshot: Snapshot) -> None:
        if self._trailer is None:
            return
        lifted_m = self._truck.get_relative_point(self._body, self._coupling).z - COUPLING_Z_M
        # Panda's roll turns about y, positive where the front (+x) goes down
        self._trailer.set_r(-math.degrees(math.atan2(lifted_m, self.plan.kingpin_x_m - self._pivot_x_m)))
