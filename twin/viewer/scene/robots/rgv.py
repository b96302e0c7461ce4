"""A rail-guided vehicle in the pit: frame on rails, cross slide, scissor lift, turning frame, floating table."""

from __future__ import annotations

import math

from panda3d.core import NodePath

from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.proportions import CAPTURE_SLOPE, Pit
from twin.viewer.scene.robots.grips import Grips
from twin.viewer.scene.site.pit import RAIL_GAUGE_M, RAIL_M
from twin.viewer.snapshot import Snapshot

WHEEL_M = 0.14
FRAME_M = 0.07  # height of the vehicle's frame
SLIDE_M = 0.035
HINGE_M = 0.045  # of the scissors' pins over the slide and below the turning frame
STAGES = 2
ARM_M = (0.035, 0.055)  # thickness along x, height
ARM_X_M = 0.22
PLATE_GAP_M = 0.02  # of the table's plate below the pads' tops
FLOAT_GAP_M = 0.025  # between the table and its support, at rest
TURN_M = 0.05  # height of the turning frame
SINK_M = 0.02  # of the loaded table on its mounts


def stack_m(layout: Layout) -> float:
    """Height of the table's pads over the underside of the turning frame."""
    return PLATE_GAP_M + layout.station.end_effector.size_m[2] + SINK_M + FLOAT_GAP_M + TURN_M


class Rgv:
    """One vehicle. The scissors' arms rotate and rise with the lift; no mesh is rebuilt."""

    def __init__(self, layout: Layout, frames: FrameNodes, robot: int, provenance: Provenance | None = None) -> None:
        self._robot = robot
        self._stack_m = stack_m(layout)
        pit = Pit.of(layout)
        name = f"robot{robot}"
        e = frames[f"{name}/end_effector"]
        rail = pit.floor_z_m + RAIL_M[1]
        self._slide_top_m = rail + 0.05 + FRAME_M + SLIDE_M
        half = layout.station.robots.length_m / 2
        wide = layout.station.end_effector.size_m[1]
        self.arm_m = 0.92 * wide
        meshes = {
            f"{name}/rgv": vehicle(half, wide, rail),
            f"{name}/cross": slide(half, wide, self._slide_top_m),
            f"{name}/lift": turning_frame(layout),
            f"{name}/end_effector": table(layout),
        }
        for frame, mesh in meshes.items():
            mesh.node(frame.rpartition("/")[2], frames[frame])
        self._grips = Grips(layout, e, robot, provenance)
        self.arms: list[tuple[NodePath, NodePath]] = []
        cross = frames[f"{name}/cross"]
        arms = [_arms(self.arm_m, ARM_X_M), _arms(self.arm_m, ARM_X_M + 1.3 * ARM_M[0])]
        for stage in range(STAGES):
            rising, falling = (arm.node(f"arm{stage}", cross) for arm in arms)
            self.arms.append((rising, falling))
        self.triangles = sum(m.triangles for m in meshes.values()) + self._grips.triangles
        self.triangles += STAGES * sum(arm.triangles for arm in arms)

    def lift_m(self, snapshot: Snapshot) -> tuple[float, float]:
        """Heights of the lowest and the highest scissor pins in the world."""
        low = self._slide_top_m + HINGE_M
        high = float(snapshot.world_pose(f"robot{self._robot}/lift")[2]) - self._stack_m - HINGE_M
        return low, max(high, low + 0.01)

    def update(self, snapshot: Snapshot) -> None:
        self._grips.update(snapshot)
        low, high = self.lift_m(snapshot)
        rise = (high - low) / STAGES
        angle = math.degrees(math.asin(min(rise / self.arm_m, 1.0)))
        for stage, (rising, falling) in enumerate(self.arms):
            z = low + (stage + 0.5) * rise
            for arm, sign in ((rising, 1.0), (falling, -1.0)):
                arm.set_pos(0.0, 0.0, z)
                arm.set_p(sign * angle)


def vehicle(half: float, wide: float, rail: float) -> Mesh:
    """In the vehicle's frame, with its origin at lane height: frame, wheels on the rails, drive and battery boxes."""
    mesh = Mesh()
    z = rail + 0.05 + FRAME_M / 2
    side = wide / 2 + 0.05
    mesh.box((2 * half - 0.06, 2 * side, FRAME_M), (0.0, 0.0, z), palette.CRANE_YELLOW, 0.012)
    for sx in (1.0, -1.0):
        mesh.box((0.04, 1.2, 0.06), (sx * (half - 0.02), 0.0, z), palette.RUBBER)
        for sy in (1.0, -1.0):
            at = (sx * (half - 0.16), sy * RAIL_GAUGE_M / 2, rail + WHEEL_M / 2)
            mesh.cylinder(WHEEL_M / 2, 0.07, at, palette.DARK_STEEL, "y", 18)
    box = 0.20
    for sy, paint in ((1.0, palette.CABINET), (-1.0, palette.STATION_BLUE)):
        middle = (0.0, sy * (side + box / 2 - 0.01), z + 0.04)
        mesh.box((2 * half - 0.16, box, FRAME_M + 0.12), middle, paint, 0.015)
        mesh.box((0.10, box + 0.01, 0.02), (half - 0.20, middle[1], z + 0.10), palette.SAFETY_YELLOW)
    return mesh


def slide(half: float, wide: float, top: float) -> Mesh:
    """In the cross slide's frame: plate on linear guides, tracks of the scissors' rollers."""
    mesh = Mesh().box((2 * half - 0.16, wide, SLIDE_M), (0.0, 0.0, top - SLIDE_M / 2), palette.STEEL, 0.006)
    for sx in (1.0, -1.0):
        mesh.box((0.03, wide, 0.02), (sx * (ARM_X_M + 0.08), 0.0, top + 0.01), palette.DARK_STEEL)
    return mesh


def turning_frame(layout: Layout) -> Mesh:
    """In the lift's frame at the table's nominal height: frame over the scissors, ball units under the table."""
    x, y, high = layout.station.end_effector.size_m
    mesh = Mesh()
    bottom = -stack_m(layout)
    mesh.box((0.92 * x, 0.96 * y, TURN_M), (0.0, 0.0, bottom + TURN_M / 2), palette.DARK_STEEL, 0.008)
    mesh.cylinder(0.16, FLOAT_GAP_M, (0.0, 0.0, bottom + TURN_M + FLOAT_GAP_M / 2), palette.STEEL, sides=20)
    for sx in (1.0, -1.0):
        for sy in (1.0, -1.0):
            at = (sx * 0.34 * x, sy * 0.40 * y, bottom + TURN_M + 0.45 * FLOAT_GAP_M)
            mesh.cylinder(0.045, 0.9 * FLOAT_GAP_M, at, palette.RUBBER, sides=12)
    return mesh


def table(layout: Layout) -> Mesh:
    """In E: plate, pads, and the flared corner guides for the block's outline."""
    e = layout.station.end_effector
    x, y, high = e.size_m
    mesh = Mesh().box((x, y, high), (0.0, 0.0, -PLATE_GAP_M - high / 2), palette.ROBOT_ORANGE, 0.01)
    px, py = min(x, layout.pack.size_m[0]) / 2 - 0.08, min(y, layout.pack.size_m[1]) / 2 - 0.08
    for sx in (1.0, -1.0):
        for sy in (1.0, -1.0):
            mesh.cylinder(0.045, PLATE_GAP_M, (sx * px, sy * py, -PLATE_GAP_M / 2), palette.RUBBER, sides=12)
    thick, depth = 0.014, e.flipper_capture_m / CAPTURE_SLOPE
    for axis in (0, 1):
        inner = layout.pack.size_m[axis] / 2 + e.flipper_clearance_m
        outer = inner + e.flipper_capture_m
        plate = e.size_m[axis] / 2
        at = 0.28 * layout.pack.size_m[1 - axis]
        for sign in (1.0, -1.0):
            for along in (at, -at):
                flare = [(inner, 0.0), (inner + thick, 0.0), (outer + thick, depth), (outer, depth)]
                post = [(inner, 0.0), (inner + thick, 0.0), (inner + thick, -0.08), (inner, -0.08)]
                for outline in (flare, post):
                    mesh.prism([(sign * u, v) for u, v in outline], 0.10, palette.CRANE_YELLOW, "yx"[axis], along)
                reach = inner + 0.5 * thick - plate + 0.02
                size = (reach, 0.08, 0.03) if axis == 0 else (0.08, reach, 0.03)
                middle = sign * (plate - 0.02 + reach / 2)
                mesh.box(size, (middle, along, -0.06) if axis == 0 else (along, middle, -0.06), palette.DARK_STEEL)
    return mesh


def _arms(long: float, x: float) -> Mesh:
    """A pair of arms along y about their central pivot, with the pins at both ends."""
    thick, high = ARM_M
    mesh = Mesh()
    for sx in (1.0, -1.0):
        mesh.box((thick, long + 0.04, high), (sx * x, 0.0, 0.0), palette.ROBOT_ORANGE, 0.008)
        mesh.cylinder(0.028, thick * 2.4, (sx * x, 0.0, 0.0), palette.PIN, "x", 12)
    for sy in (1.0, -1.0):
        mesh.cylinder(0.018, 2 * x + 0.06, (0.0, sy * long / 2, 0.0), palette.STEEL, "x", 10)
    return mesh
