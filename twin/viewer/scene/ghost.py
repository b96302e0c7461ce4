"""Outlines of a ghost's end effectors and held packs, visible even inside the first run.

Both runs do the same work, and aligned by phase at the same place, so a translucent body inside a solid one is
invisible. The outlines are drawn over everything.
"""

from __future__ import annotations

import itertools

import numpy as np
from panda3d.core import NodePath, TransparencyAttrib

from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.estimated import SILL_M
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Material, Mesh
from twin.viewer.scene.overlay import over_everything
from twin.viewer.snapshot import Snapshot

LINE_M = 0.018
OUTSIDE_M = 0.05
"""Distance of the line from the body's surface: outside the dashes of an estimated body."""
GLOW = 0.9


class GhostOutlines:
    """Line boxes that move with the ghost's frames; for a drive into the bay the one of the truck's cab."""

    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self._packs: dict[int, NodePath] = {}
        self._robots = () if layout.docking else tuple(range(layout.robots))
        if layout.docking:
            o = layout.truck.outline
            cab = np.array([o.cab_front_x_m - o.cab_rear_x_m, o.width_m, o.cab_height_m - SILL_M])
            middle = np.array([(o.cab_front_x_m + o.cab_rear_x_m) / 2.0, 0.0, (o.cab_height_m + SILL_M) / 2.0])
            self._outline(frames, "truck_body", cab, middle)
            return
        up = np.array([0.0, 0.0, layout.retract])
        pack, tool = np.asarray(layout.pack.size_m), np.asarray(layout.station.end_effector.size_m)
        for k in sorted({k for job in layout.jobs for k in (job.old_pack, job.new_pack)}):
            self._packs[k] = self._outline(frames, f"pack{k}", pack, -up * pack[2] / 2.0)
            self._packs[k].hide()
        for r in self._robots:
            self._outline(frames, f"robot{r}/end_effector", tool, up * tool[2] / 2.0)

    def _outline(self, frames: FrameNodes, frame: str, size_m: np.ndarray, middle_m: np.ndarray) -> NodePath:
        node = over_everything(edges(size_m, middle_m).node("ghost outline", frames[frame]))
        node.set_color_scale_off()
        node.set_transparency(TransparencyAttrib.M_none)
        return node

    def update(self, snapshot: Snapshot) -> None:
        """Outline the held packs."""
        held = {snapshot.code(f"robot{r}/held", -1) for r in self._robots}
        for k, node in self._packs.items():
            node.show() if k in held else node.hide()


def edges(size_m: np.ndarray, middle_m: np.ndarray) -> Mesh:
    """The twelve edges of a box, slightly outside of it."""
    mesh, half = Mesh(far=False), size_m / 2.0 + OUTSIDE_M
    paint = Material(palette.GHOST, 0.0, GLOW)
    for axis in range(3):
        across = [k for k in range(3) if k != axis]
        size = np.full(3, LINE_M)
        size[axis] = 2.0 * half[axis] + LINE_M
        for signs in itertools.product((-1.0, 1.0), repeat=2):
            at = middle_m.copy()
            for k, sign in zip(across, signs, strict=True):
                at[k] += sign * half[k]
            mesh.box(size, at, paint)
    return mesh
