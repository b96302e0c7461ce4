"""The truck: wheels on the ground, body on its springs, and its load or trailer."""

from __future__ import annotations

import math

from panda3d.core import LPoint3, NodePath, TransparencyAttrib

from twin.viewer.graphics.stage import SEEN_BY_SUN
from twin.viewer.layout import Layout
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.truck.bodies import body, trailer, trailer_axles
from twin.viewer.scene.truck.cab import cab, mirrors
from twin.viewer.scene.truck.chassis import COUPLING_Z_M, chassis
from twin.viewer.scene.truck.plan import TRAILER_HALF_WIDTH_M, WHEEL_RADIUS_M, TruckPlan, Wheels
from twin.viewer.scene.truck.wheels import TRAILER_SIDES, axle, wheel, wheel_pair
from twin.viewer.snapshot import Snapshot

GLASS_ALPHA, FAINT_ALPHA = 0.2, 0.07
MIN_ROLL_M = 0.001
"""A shorter displacement of a parked truck does not turn the wheels."""
STEERING, TRAILER = "truck/steering_angle_rad", "trailer"
"""Channel and frame of a docking truck; if parked, its wheels and its trailer are straight."""


def behind_rad(snapshot: Snapshot) -> float:
    """Hitch angle of a semi-trailer against its truck, positive to the left."""
    if not snapshot.has_frame(TRAILER):
        return 0.0
    *_, qz, qw = snapshot.poses[snapshot.names.frame_index[TRAILER]]
    return 2.0 * math.atan2(float(qz), float(qw))


def sprung(plan: TruckPlan) -> Mesh:
    """All parts that heave, roll and pitch: in frame truck_body."""
    return Mesh().add(cab(plan)).add(mirrors(plan)).add(chassis(plan)).add(body(plan))


def own_axles(plan: TruckPlan) -> Mesh:
    """Axles of the truck itself."""
    mesh, front = Mesh(), plan.truck.front_axle.x_m
    for wheels in plan.axles:
        axle(mesh, wheels, plan.half_width_m, driven=wheels.dual and wheels.x_m < front)
    return mesh


def towed_axles(plan: TruckPlan) -> Mesh:
    """Axles of its trailer."""
    mesh = Mesh()
    for wheels in trailer_axles(plan):
        axle(mesh, wheels, TRAILER_HALF_WIDTH_M)
    return mesh


def own_wheel_pairs(plan: TruckPlan) -> list[tuple[float, Mesh]]:
    """Wheels of the truck itself."""
    return [(wheels.x_m, wheel_pair(wheels, plan.half_width_m)) for wheels in plan.axles]


def towed_wheel_pairs(plan: TruckPlan) -> list[tuple[float, Mesh]]:
    """Wheels of its trailer."""
    return [(wheels.x_m, wheel_pair(wheels, TRAILER_HALF_WIDTH_M, TRAILER_SIDES)) for wheels in trailer_axles(plan)]


class TruckModel:
    """The truck in its two frames: wheels roll with its motion and steer.

    A semi-trailer turns about the kingpin with its frame, and pitches with the tractor's saddle.
    """

    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self.plan = plan = TruckPlan(layout.truck, layout.pack)
        self._truck, self._body = frames["truck"], frames["truck_body"]
        self._parts = [sprung(plan).node("truck", self._body), own_axles(plan).node("axles", self._truck)]
        self.wheels: list[NodePath] = []
        self._steered: list[tuple[NodePath, float]] = []
        for wheels, (x_m, pair) in zip(plan.axles, own_wheel_pairs(plan), strict=True):
            if layout.docking and not wheels.dual:
                self._steer(wheels)
            else:
                self._roll_on(self._truck, x_m, pair)
        self._rolled_m = 0.0
        self._glass = (False, False)
        self._towed = self._trailer = None
        own = trailer_axles(plan)
        if own:
            self._pivot_x_m = sum(wheels.x_m for wheels in own) / len(own)
            back = (-plan.kingpin_x_m, 0.0, 0.0)
            self._towed = self._truck.attach_new_node("towed")
            self._towed.set_x(plan.kingpin_x_m)
            self._parts.append(Mesh().add(towed_axles(plan), back).node("axles", self._towed))
            for x_m, pair in towed_wheel_pairs(plan):
                self._roll_on(self._towed, x_m - plan.kingpin_x_m, pair)
            self._trailer = self._towed.attach_new_node("trailer")
            self._trailer.set_x(self._pivot_x_m - plan.kingpin_x_m)
            load = Mesh().add(trailer(plan), (-self._pivot_x_m, 0.0, 0.0))
            self._parts.append(load.node("trailer", self._trailer))
            self._coupling = LPoint3(plan.kingpin_x_m, 0.0, COUPLING_Z_M)

    def _roll_on(self, parent: NodePath, x_m: float, mesh: Mesh, y_m: float = 0.0) -> NodePath:
        node = mesh.node("wheels", parent)
        node.set_pos(x_m, y_m, WHEEL_RADIUS_M)
        self.wheels.append(node)
        return node

    def _steer(self, wheels: Wheels) -> None:
        """Steer each wheel about its own kingpin; those of a second steered axle turn less, about the same point."""
        truck, y_m = self.plan.truck, self.plan.half_width_m - wheels.width_m / 2.0
        share = (wheels.x_m - truck.rear_axle.x_m) / (truck.front_axle.x_m - truck.rear_axle.x_m)
        one = wheel(wheels.dual, True)
        for side, mesh in ((y_m, one), (-y_m, one.mirrored())):
            self._steered.append((self._roll_on(self._truck, wheels.x_m, mesh, side), share))

    def set_glass(self, on: bool, faint: bool = False) -> None:
        """Make the truck translucent, so that the work behind or below it is visible.

        For views from above `faint` leaves little more than its outline, and no shadow.
        """
        if (on, faint) == self._glass:
            return
        self._glass = (on, faint)
        for node in (*self._parts, *self.wheels):
            if on:
                node.set_color_scale(1.0, 1.0, 1.0, FAINT_ALPHA if faint else GLASS_ALPHA)
                node.set_transparency(TransparencyAttrib.M_alpha)
                node.set_bin("transparent", 0)
            else:
                node.clear_color_scale()
                node.clear_transparency()
                node.clear_bin()
            if on and faint:
                node.hide(SEEN_BY_SUN)
            else:
                node.show(SEEN_BY_SUN)

    def show(self, on: bool) -> None:
        """Show or hide the truck."""
        for node in (*self._parts, *self.wheels):
            node.show() if on else node.hide()

    def update(self, snapshot: Snapshot) -> None:
        self._roll(self._truck.get_x())
        steered_rad = snapshot.value(STEERING, 0.0)
        for node, share in self._steered:
            node.set_h(math.degrees(math.atan(share * math.tan(steered_rad))))
        if self._towed is None or self._trailer is None:
            return
        self._towed.set_h(math.degrees(behind_rad(snapshot)))
        lifted_m = self._truck.get_relative_point(self._body, self._coupling).z - COUPLING_Z_M
        # Panda's roll is about y, positive with the front (+x) down
        self._trailer.set_r(-math.degrees(math.atan2(lifted_m, self.plan.kingpin_x_m - self._pivot_x_m)))

    def _roll(self, x_m: float) -> None:
        """Roll the wheels by the distance along the lane: the truck's heading there is within a few degrees."""
        if abs(x_m - self._rolled_m) < MIN_ROLL_M:
            return
        self._rolled_m = x_m
        for node in self.wheels:
            node.set_r(math.degrees(x_m / WHEEL_RADIUS_M))
