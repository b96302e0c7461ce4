"""Measured against true pose: the pack's outline on the truck's seats in the scanner's pose, and in the true one.

True to scale: the error is a few millimetres, so the lines are thin and visible in the seat's close-up.
"""

from __future__ import annotations

import math

from panda3d.core import NodePath

from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Material, Mesh
from twin.viewer.scene.overlay import over_everything
from twin.viewer.snapshot import Snapshot

FRAME = "truck_measured"
AGE = "lidar/age_s"
LINE_M = 0.006
CROSS_M = 0.22  # half a bar of the cross-hair
NORMAL_M = 0.35  # of the line along the insert direction
GLOW = 0.6


class MeasuredSeats:
    """Magenta outlines in the measured frame, thin white ones on the true seats; hidden before the first scan."""

    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self._robots = layout.robots
        names = [seat.name for seat in layout.seats if seat.on_truck]
        x, y, _ = layout.pack.size_m
        self.visible = True
        self._nodes: list[NodePath] = []
        self.triangles = 0
        if FRAME not in frames or len(names) > len(layout.truck.seats_xyz_m):
            return
        measured = Mesh()
        outline = seat_outline(x, y, layout.retract, Material(palette.MEASURED, 0.0, GLOW))
        for at in layout.truck.seats_xyz_m[: len(names)]:
            measured.add(outline, at)
        true = seat_outline(x, y, layout.retract, Material(palette.TRUE_POSE, 0.0, GLOW))
        self._nodes.append(over_everything(measured.node("measured_seats", frames[FRAME])))
        self._nodes += [over_everything(true.node("true_seat", frames[name])) for name in names]
        self.triangles = measured.triangles + len(names) * true.triangles
        self._show(False)

    @property
    def shown(self) -> bool:
        return bool(self._nodes) and not self._nodes[0].is_hidden()

    def update(self, snapshot: Snapshot) -> None:
        self._show(self.visible and scanned(snapshot, self._robots))

    def _show(self, on: bool) -> None:
        for node in self._nodes:
            node.show() if on else node.hide()


def scanned(snapshot: Snapshot, robots: int) -> bool:
    """True if a frame of the truck was taken; the count restarts with each scan, the pose stays.

    During docking the lidar's first frame counts: before that its age is NaN.
    """
    if AGE in snapshot.names.column_index:
        return math.isfinite(snapshot.value(AGE))
    if any(snapshot.value(f"robot{r}/scan_frames_taken", 0.0) > 0.0 for r in range(robots)):
        return True
    return snapshot.has_frame(FRAME) and bool(abs(snapshot.world_pose(FRAME)[:6]).max() > 0.0)


def seat_outline(x: float, y: float, retract: float, paint: Material) -> Mesh:
    """In a seat's frame: the pack's plan on the seat plane, a cross-hair, and a line in the insert direction."""
    mesh = Mesh()
    for sign in (1.0, -1.0):
        mesh.box((x, LINE_M, LINE_M), (0.0, sign * y / 2, 0.0), paint)
        mesh.box((LINE_M, y + LINE_M, LINE_M), (sign * x / 2, 0.0, 0.0), paint)
    mesh.box((2 * CROSS_M, LINE_M, LINE_M), (0.0, 0.0, 0.0), paint)
    mesh.box((LINE_M, 2 * CROSS_M, LINE_M), (0.0, 0.0, 0.0), paint)
    mesh.box((LINE_M, LINE_M, NORMAL_M), (0.0, 0.0, retract * NORMAL_M / 2), paint)
    return mesh
