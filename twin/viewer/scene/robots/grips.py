"""The four grips of an end effector: they rotate as they close, and show their state as a colour."""

from __future__ import annotations

import math

from panda3d.core import NodePath

from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance, is_estimated
from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.proportions import grip_xy
from twin.viewer.snapshot import Snapshot

QUARTER_TURN_DEG = 90.0
END_SHARE = 0.005  # a grip within this of its end is closed or open


def state_colour(position: float) -> tuple[float, float, float]:
    """Colour of a lock or grip from 0 (open) to 1 (closed); grey if unknown."""
    if math.isnan(position):
        return palette.STATE_UNKNOWN
    if position >= 1.0 - END_SHARE:
        return palette.STATE_OK
    return palette.STATE_OPEN if position <= END_SHARE else palette.STATE_MOVING


class Grips:
    """Twist-locks under a spreader, lock spindles on a table: a node each, which rotates by a quarter turn."""

    def __init__(self, layout: Layout, parent: NodePath, robot: int, provenance: Provenance | None = None) -> None:
        self._names = [f"robot{robot}/grip{k + 1}" for k in range(len(grip_xy(layout)))]
        self._estimated = [is_estimated(provenance or {}, name) for name in self._names]
        mesh = _twist_lock(layout.station.end_effector.size_m[2]) if layout.retract > 0.0 else _spindle()
        self.triangles = 4 * mesh.triangles
        self.nodes: list[NodePath] = []
        for k, (x, y) in enumerate(grip_xy(layout)):
            node = mesh.node(f"grip{k + 1}", parent)
            node.set_pos(x, y, 0.0)
            self.nodes.append(node)

    def update(self, snapshot: Snapshot) -> None:
        for node, name, estimated in zip(self.nodes, self._names, self._estimated, strict=True):
            position = snapshot.value(name, 0.0)
            colour = state_colour(position)
            node.set_h(0.0 if math.isnan(position) else QUARTER_TURN_DEG * position)
            node.set_color_scale(*(palette.faded(colour) if estimated else colour), 1.0)


def _twist_lock(plate_m: float) -> Mesh:
    """Head below the plate, across its slot when closed; above it a lever that shows the state."""
    top = 0.02 + plate_m
    mesh = Mesh()
    mesh.cylinder(0.022, 0.05, (0.0, 0.0, -0.015), palette.LAMP, sides=10)
    mesh.prism([(-0.055, -0.04), (0.055, -0.04), (0.03, -0.075), (-0.03, -0.075)], 0.05, palette.LAMP, "y")
    mesh.cylinder(0.055, 0.10, (0.0, 0.0, top + 0.05), palette.LAMP, sides=14)
    mesh.box((0.20, 0.035, 0.03), (0.05, 0.0, top + 0.115), palette.LAMP)
    return mesh


def _spindle() -> Mesh:
    """A conical lock spindle with a cross bar over a collar."""
    mesh = Mesh()
    mesh.cylinder(0.022, 0.045, (0.0, 0.0, 0.015), palette.LAMP, sides=10, top_radius_m=0.014)
    mesh.box((0.07, 0.022, 0.014), (0.0, 0.0, 0.03), palette.LAMP)
    mesh.cylinder(0.05, 0.022, (0.0, 0.0, -0.012), palette.LAMP, sides=14)
    return mesh
