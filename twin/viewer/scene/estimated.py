"""Dashed outlines of estimated bodies: along the edges of packs, end effectors and the truck's cab.

A body has one if its frame's provenance is "estimated". They are part of the scene: a picture without the display has
them too, and bodies in front hide them.
"""

from __future__ import annotations

import itertools

import numpy as np
from panda3d.core import NodePath, TransparencyAttrib

from twin.viewer.graphics.stage import SEEN_BY_SUN
from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance, is_estimated
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Material, Mesh

LINE_M, DASH_M, GAP_M = 0.013, 0.16, 0.11
OUTSIDE_M = 0.025
"""Distance of the line from the body's surface."""
SILL_M = 0.55
"""Height over the ground of the lower edge of a cab's outline."""
GLOW = 0.7


class EstimatedBodies:
    """Outlines of a scene; they move with their frames."""

    def __init__(self, layout: Layout, frames: FrameNodes, provenance: Provenance, ghost: bool = False) -> None:
        self.nodes: dict[str, NodePath] = {}
        self._ghost = ghost
        pack = np.asarray(layout.pack.size_m)
        behind = np.array([0.0, 0.0, -layout.retract * pack[2] / 2.0])
        for k in sorted({k for job in layout.jobs for k in (job.old_pack, job.new_pack)}):
            self._outline(frames, provenance, f"pack{k}", dashed_box(pack, behind))
        tool = np.asarray(layout.station.end_effector.size_m)
        above = np.array([0.0, 0.0, layout.retract * tool[2] / 2.0])
        for r in range(layout.robots):
            self._outline(frames, provenance, f"robot{r}/end_effector", dashed_box(tool, above))
        o = layout.truck.outline
        cab = np.array([o.cab_front_x_m - o.cab_rear_x_m, o.width_m, o.cab_height_m - SILL_M])
        middle = np.array([(o.cab_front_x_m + o.cab_rear_x_m) / 2.0, 0.0, (o.cab_height_m + SILL_M) / 2.0])
        self._outline(frames, provenance, "truck_body", dashed_box(cab, middle))

    def _outline(self, frames: FrameNodes, provenance: Provenance, frame: str, mesh: Mesh) -> None:
        if frame in frames and is_estimated(provenance, frame):
            node = mesh.node("estimated", frames[frame])
            node.hide(SEEN_BY_SUN)
            if self._ghost:  # not in the ghost's tint: dashes mean the same in both runs
                node.set_color_scale_off()
                node.set_transparency(TransparencyAttrib.M_none)
            self.nodes[frame] = node


def dashed_box(size_m: np.ndarray, middle_m: np.ndarray) -> Mesh:
    """The twelve edges of a box, slightly outside of it."""
    mesh, half = Mesh(far=False), size_m / 2.0 + OUTSIDE_M
    for axis in range(3):
        across = [k for k in range(3) if k != axis]
        for signs in itertools.product((-1.0, 1.0), repeat=2):
            start, end = middle_m.copy(), middle_m.copy()
            for k, sign in zip(across, signs, strict=True):
                start[k] = end[k] = middle_m[k] + sign * half[k]
            start[axis], end[axis] = middle_m[axis] - half[axis], middle_m[axis] + half[axis]
            _dashes(mesh, start, end)
    return mesh


def _dashes(mesh: Mesh, start_m: np.ndarray, end_m: np.ndarray) -> None:
    """Dashes with equal gaps, one at either end, so that corners are closed."""
    paint = Material(palette.ESTIMATED, 0.0, GLOW)
    along = end_m - start_m
    long = float(np.linalg.norm(along))
    gaps = max(round((long - DASH_M) / (DASH_M + GAP_M)), 1)
    dash = min(DASH_M, long / (2 * gaps + 1))
    for k in range(gaps + 1):
        share = (dash / 2.0 + k * (long - dash) / gaps) / long
        size = np.where(np.abs(along) > 0.5 * long, dash, LINE_M)
        mesh.box(size, start_m + share * along, paint)
