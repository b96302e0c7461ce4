"""A telescopic mast instead of ropes: square sections, one within the other, extended equally."""

from __future__ import annotations

import math

from panda3d.core import NodePath

from twin.catalogue.schema import Mast
from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Material, Mesh
from twin.viewer.snapshot import Snapshot

HEAD_M = 0.28  # of the innermost section's end over the grip plane: plate and floating head
OUTER_BELOW_M = 0.62  # of the outer section below its clamping at the sheave height
OUTER_ABOVE_M = 0.56  # and above it: still below the roof
OUTER_WIDTH_M, STEP_M = 0.52, 0.09
OVERLAP_M = 0.22


class MastModel:
    """Sections under the hoist's frame: the outer one is fixed, the others share the distance to the spreader."""

    def __init__(self, layout: Layout, hoist: NodePath, robot: int) -> None:
        self._robot = robot
        station = layout.station
        long = OUTER_BELOW_M + OUTER_ABOVE_M
        assert isinstance(station.reeving, Mast)
        reach = station.reeving.sheave_height_m - station.axes.z.position_min_m - HEAD_M - OUTER_BELOW_M
        self.moving = max(1, math.ceil(reach / (long - OVERLAP_M)))
        self.sections: list[NodePath] = []
        self.triangles = 0
        for k in range(self.moving + 1):
            mesh = _section(OUTER_WIDTH_M - k * min(STEP_M, 0.3 / self.moving), long, palette.STEEL, k == 0)
            self.triangles += mesh.triangles
            node = mesh.node(f"mast{k}", hoist)
            node.set_z(-OUTER_BELOW_M)
            self.sections.append(node)

    def update(self, snapshot: Snapshot) -> None:
        hoist = snapshot.world_pose(f"robot{self._robot}/hoist")
        end = snapshot.world_point(f"robot{self._robot}/end_effector", (0.0, 0.0, HEAD_M))
        lowest = float(end[2] - hoist[2])
        for k, section in enumerate(self.sections[1:], start=1):
            share = k / self.moving
            section.set_z(-OUTER_BELOW_M + share * (lowest + OUTER_BELOW_M))


def _section(width: float, long: float, paint: Material, outer: bool) -> Mesh:
    """A box section whose lower end is the origin, with a collar there; rack or chain on two sides."""
    shade = palette.ROBOT_ORANGE if outer else paint
    mesh = Mesh().box((width, width, long), (0.0, 0.0, long / 2), shade, 0.012)
    mesh.box((width + 0.05, width + 0.05, 0.07), (0.0, 0.0, 0.035), palette.DARK_STEEL, 0.008)
    for sign in (1.0, -1.0):
        mesh.box((0.06, 0.012, long - 0.08), (0.0, sign * (width / 2 + 0.004), long / 2 + 0.04), palette.DARK_STEEL)
    return mesh
