"""An overhead gantry: double-girder bridge, trolley, slewing hoist, ropes or mast, spreader."""

from __future__ import annotations

import math

import numpy as np
from panda3d.core import NodePath

from twin.catalogue.schema import FourRope
from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.proportions import CARRIAGE_WHEEL_M, CHAIN_ASIDE_M, GIRDER_WIDTH_M, TROLLEY_RAIL_M, Gantry
from twin.viewer.scene.robots.grips import Grips
from twin.viewer.scene.robots.mast import MastModel
from twin.viewer.scene.robots.ropes import Ropes, anchors
from twin.viewer.scene.robots.spreader import spreader
from twin.viewer.snapshot import Snapshot

CARRIAGE_M = (0.26, 0.30)  # width, height of the end carriages
TROLLEY_WHEEL_M = 0.18
TROLLEY_FRAME_M = (0.14, 0.12)
TROLLEY_HALF_Y_M = 0.75
RING_RADIUS_M = 0.55
SHEAVE_RADIUS_M = 0.13
DRUM_M = (0.13, 0.9)
CHAIN_M = (0.14, 0.06)  # width, height of the energy chain
CHAIN_BEND_M = 0.10  # radius
CHAIN_ARM_X_M = -0.45
FESTOON_LOOPS = 5
FESTOON_SAG_M = 0.35
CABLE_M = 0.016


class GantryRobot:
    """One gantry: a mesh per frame, four grips, the ropes or the mast, and the festoon that extends."""

    def __init__(self, layout: Layout, frames: FrameNodes, robot: int, provenance: Provenance | None = None) -> None:
        self._robot = robot
        self._gantry = gantry = Gantry.of(layout)
        name = f"robot{robot}"
        hoist = frames[f"{name}/hoist"]
        e = frames[f"{name}/end_effector"]
        self._carrier: Ropes | MastModel
        roped = isinstance(layout.station.reeving, FourRope)
        self._carrier = Ropes(layout, frames.root, robot) if roped else MastModel(layout, hoist, robot)
        meshes = {
            f"{name}/bridge": bridge(gantry),
            f"{name}/trolley": trolley(gantry),
            f"{name}/hoist": hoist_frame(layout) if roped else mast_clamp(),
        }
        for frame, mesh in meshes.items():
            mesh.node(frame.rpartition("/")[2], frames[frame])
        tool = spreader(layout)
        tool.node("spreader", e)
        self._grips = Grips(layout, e, robot, provenance)
        cable = _festoon()
        self.festoon: NodePath = cable.node("festoon", frames[f"{name}/bridge"])
        self._chain = EnergyChain(layout, gantry, frames.root)
        self.triangles = sum(m.triangles for m in (*meshes.values(), tool, cable)) + self._chain.triangles
        self.triangles += self._grips.triangles + self._carrier.triangles

    @property
    def ropes(self) -> Ropes | None:
        return self._carrier if isinstance(self._carrier, Ropes) else None

    def update(self, snapshot: Snapshot) -> None:
        self._grips.update(snapshot)
        self._carrier.update(snapshot)
        self._chain.update(float(snapshot.world_pose(f"robot{self._robot}/bridge")[0]))
        # from the far end of the girder to the trolley: the loops contract as it approaches
        trolley_y = float(snapshot.world_pose(f"robot{self._robot}/trolley")[1])
        fixed = self._gantry.far_y_m - 0.15
        self.festoon.set_y(fixed)
        self.festoon.set_sy(max(fixed - trolley_y - TROLLEY_HALF_Y_M, 0.05))


class EnergyChain:
    """The bridge's energy chain on the far runway beam: two runs that lengthen and a bend that rolls half as far."""

    def __init__(self, layout: Layout, gantry: Gantry, root: NodePath) -> None:
        x = layout.station.axes.x
        self._fixed_m = (x.position_min_m + x.position_max_m) / 2 + CHAIN_ARM_X_M
        self._reach_m = (x.position_max_m - x.position_min_m) / 2
        wide, high = CHAIN_M
        run = Mesh().box((1.0, wide, high), (0.5, 0.0, 0.0), palette.RUBBER)
        bend = Mesh()
        points = [(CHAIN_BEND_M * math.sin(t), 0.0, -CHAIN_BEND_M * math.cos(t)) for t in np.linspace(0.0, math.pi, 9)]
        for a, b in zip(points, points[1:], strict=False):
            bend.bar(a, b, wide, high, palette.RUBBER)
        y, z = gantry.far_y_m + CHAIN_ASIDE_M, gantry.chain_z_m
        self._lower, self._upper = run.node("chain_lower", root), run.node("chain_upper", root)
        self._bend = bend.node("chain_bend", root)
        self._lower.set_pos(self._fixed_m, y, z)
        self._upper.set_pos(0.0, y, z + 2 * CHAIN_BEND_M)
        self._bend.set_pos(0.0, y, z + CHAIN_BEND_M)
        self.triangles = 2 * run.triangles + bend.triangles

    def update(self, bridge_x_m: float) -> None:
        moving = bridge_x_m + CHAIN_ARM_X_M
        bend = (self._fixed_m + moving + self._reach_m) / 2 + CHAIN_BEND_M
        self._lower.set_sx(max(bend - self._fixed_m, 0.01))
        self._upper.set_x(moving)
        self._upper.set_sx(max(bend - moving, 0.01))
        self._bend.set_x(bend)


def bridge(gantry: Gantry) -> Mesh:
    """In the bridge's frame, at sheave height over the lane's centre: girders, carriages, drives, rails."""
    mesh = Mesh()
    near, far = gantry.near_y_m, gantry.far_y_m
    low, high = (z - gantry.sheave_m for z in gantry.girder_z_m)
    middle, span = (near + far) / 2, far - near
    paint = palette.CRANE_YELLOW
    for sign in (1.0, -1.0):
        x = sign * gantry.girder_x_m
        mesh.box((GIRDER_WIDTH_M, span, high - low), (x, middle, (low + high) / 2), paint, 0.012)
        mesh.box((0.05, span - 0.3, TROLLEY_RAIL_M), (x, middle, high + TROLLEY_RAIL_M / 2), palette.STEEL)
        for y, inwards in ((near, 1.0), (far, -1.0)):  # the trolley's end stops
            mesh.box((0.12, 0.06, 0.20), (x, y + inwards * 0.2, high + 0.10), palette.RUBBER)
    wide, tall = CARRIAGE_M
    rail = gantry.runway_rail_z_m - gantry.sheave_m
    z = rail + CARRIAGE_WHEEL_M / 2 + 0.02
    for y in (near, far):
        mesh.box((gantry.carriage_m, wide, tall), (0.0, y, z + 0.05), paint, 0.015)
        for sign in (1.0, -1.0):
            x = sign * (gantry.carriage_m / 2 - 0.25)
            mesh.cylinder(CARRIAGE_WHEEL_M / 2, 0.09, (x, y, rail + CARRIAGE_WHEEL_M / 2), palette.DARK_STEEL, "y", 20)
            mesh.cylinder(0.06, 0.10, (sign * (gantry.carriage_m / 2 + 0.05), y, z + 0.05), palette.RUBBER, "x", 10)
        outside = 1.0 if y > middle else -1.0
        x = gantry.carriage_m / 2 - 0.25
        mesh.cylinder(0.09, 0.34, (x, y + outside * 0.30, z + 0.05), palette.STATION_BLUE, "y", 14)  # drive
    # the festoon's rail behind the rear girder, and the arm that tows the energy chain
    x = -gantry.girder_x_m - GIRDER_WIDTH_M / 2
    mesh.box((0.06, span - 0.2, 0.06), (x - 0.12, middle, low + 0.10), palette.GALVANISED)
    chain = gantry.chain_z_m - gantry.sheave_m + 2 * CHAIN_BEND_M
    mesh.box((0.10, 0.30, 0.04), (CHAIN_ARM_X_M, far + 0.20, chain + 0.05), palette.GALVANISED)
    mesh.box((0.10, 0.04, z - chain), (CHAIN_ARM_X_M, far + 0.12, (z + chain) / 2), palette.GALVANISED)
    return mesh


def trolley(gantry: Gantry) -> Mesh:
    """In the trolley's frame at sheave height: frame on four wheels on the girders' rails, slewing ring."""
    mesh = Mesh()
    rail = gantry.trolley_rail_z_m - gantry.sheave_m
    wide, tall = TROLLEY_FRAME_M
    z = rail + TROLLEY_WHEEL_M * 0.5 + 0.02
    x, half = gantry.girder_x_m, TROLLEY_HALF_Y_M
    for sign in (1.0, -1.0):
        mesh.box((wide, 2 * half, tall), (sign * x, 0.0, z), palette.ROBOT_ORANGE, 0.01)
        mesh.box((2 * x - wide, wide, tall), (0.0, sign * (half - wide), z), palette.ROBOT_ORANGE, 0.01)
        for end in (1.0, -1.0):
            at = (sign * x, end * (half - 0.16), rail + TROLLEY_WHEEL_M / 2)
            mesh.cylinder(TROLLEY_WHEEL_M / 2, 0.06 + wide, at, palette.DARK_STEEL, "x", 16)
            mesh.box((0.05, 0.06, 0.08), (sign * x, end * (half + 0.03), z), palette.RUBBER)
    mesh.cylinder(0.08, 0.30, (x + 0.24, half - 0.16, z), palette.STATION_BLUE, "x", 14)  # travel drive
    mesh.cylinder(RING_RADIUS_M, 0.07, (0.0, 0.0, rail - 0.035), palette.DARK_STEEL, sides=28)  # slewing ring
    for sign in (1.0, -1.0):
        mesh.box((2 * x - wide, 0.10, 0.10), (0.0, sign * 0.40, rail + 0.04), palette.ROBOT_ORANGE)
    mesh.box((0.30, 0.34, 0.24), (-x - 0.30, 0.0, z), palette.CABINET)  # inverter cabinet
    return mesh


def hoist_frame(layout: Layout) -> Mesh:
    """In the hoist's frame, which slews: drum and motor, arms to four sheaves, whose ropes leave at height 0."""
    mesh = Mesh()
    places = anchors(layout)
    x, y = max(p[0] for p in places), max(p[1] for p in places)
    arm = 0.10
    mesh.cylinder(RING_RADIUS_M * 0.9, 0.05, (0.0, 0.0, 0.235), palette.STEEL, sides=24)
    for sign in (1.0, -1.0):
        mesh.box((0.10, 2 * y + 0.1, 0.12), (sign * 0.22, 0.0, 0.15), palette.ROBOT_ORANGE, 0.008)
        mesh.box((2 * x + 0.02, 0.10, 0.10), (0.0, sign * (y - arm), 0.15), palette.ROBOT_ORANGE, 0.008)
    for px, py, _ in places:
        inwards = -1.0 if px > 0 else 1.0
        # a rope leaves its sheave on the outer side, straight down
        at = (px + inwards * SHEAVE_RADIUS_M, py, 0.0)
        mesh.cylinder(SHEAVE_RADIUS_M, 0.05, at, palette.DARK_STEEL, "y", 22)
        mesh.cylinder(SHEAVE_RADIUS_M * 0.35, 0.09, at, palette.PIN, "y", 12)
        inner = -1.0 if py > 0 else 1.0
        mesh.box((0.10, 0.02, 0.22), (at[0], py + inner * 0.045, 0.07), palette.ROBOT_ORANGE)
    radius, long = DRUM_M
    mesh.cylinder(radius, long, (0.0, 0.0, 0.42), palette.GALVANISED, "y", 22)
    for sign in (1.0, -1.0):
        mesh.cylinder(radius + 0.03, 0.03, (0.0, sign * long / 2, 0.42), palette.DARK_STEEL, "y", 22)
    mesh.box((0.24, 0.16, 0.26), (0.0, -long / 2 - 0.10, 0.42), palette.STATION_BLUE, 0.01)  # gearbox
    mesh.cylinder(0.10, 0.36, (0.24, -long / 2 - 0.10, 0.44), palette.STATION_BLUE, "x", 16)  # motor
    # from the drum down to the deflection sheaves on the arms
    for px, py, _ in places:
        top = (px * 0.2, py * 0.25, 0.30)
        corner = (px * (1.0 - SHEAVE_RADIUS_M / x), py, SHEAVE_RADIUS_M)
        mesh.tube(top, corner, 0.010, palette.ROPE, 6)
    return mesh


def mast_clamp() -> Mesh:
    """In the hoist's frame of a mast: the slewing ring, four struts that hold the outer section, the hoist motor."""
    mesh = Mesh().cylinder(RING_RADIUS_M * 0.9, 0.05, (0.0, 0.0, 0.235), palette.STEEL, sides=24)
    for sx in (1.0, -1.0):
        for sy in (1.0, -1.0):
            mesh.bar((sx * 0.36, sy * 0.36, 0.22), (sx * 0.25, sy * 0.25, -0.35), 0.08, 0.08, palette.ROBOT_ORANGE)
    mesh.box((0.64, 0.64, 0.10), (0.0, 0.0, -0.38), palette.ROBOT_ORANGE, 0.01)
    mesh.cylinder(0.10, 0.34, (0.0, 0.44, 0.46), palette.STATION_BLUE, "y", 16)
    mesh.box((0.20, 0.14, 0.22), (0.0, 0.30, 0.44), palette.STATION_BLUE, 0.01)
    return mesh


def _festoon() -> Mesh:
    """Cable loops of length 1 towards -y below the festoon's rail, in the bridge's frame; y is scaled."""
    mesh = Mesh()
    x, z, pieces = -1.15, -0.06, 8
    for loop in range(FESTOON_LOOPS):
        points = []
        for k in range(pieces + 1):
            t = k / pieces
            points.append((x, -(loop + t) / FESTOON_LOOPS, z - FESTOON_SAG_M * 4.0 * t * (1.0 - t)))
        for a, b in zip(points, points[1:], strict=False):
            mesh.bar(a, b, 0.09, CABLE_M, palette.RUBBER)
        mesh.box((0.06, 0.02, 0.08), points[-1], palette.STEEL)
    return mesh
