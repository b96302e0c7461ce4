"""Force arrows: seat and guides on the held pack, load on the robot, coupler.

Length is proportional to the square root of the force, 1 m for 10 kN: 1 kN is 0.32 m, a pack's weight of 33 kN 1.8 m;
linear arrows of both would not fit one picture. Forces below MIN_N are not drawn. All forces are in the world's axes.

The arrow of an estimated force has a dashed shaft.

A pressing arrow has its tip at the point of action (contact, coupler); a pulling arrow has its tail there (the load).
"""

from __future__ import annotations

import math

import numpy as np
from panda3d.core import NodePath

from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance, is_estimated
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Material, Mesh
from twin.viewer.scene.overlay import over_everything
from twin.viewer.scene.robots.ropes import upright_to
from twin.viewer.snapshot import Snapshot

FORCE_PER_SQUARE_METRE_N = 10_000.0
MIN_N = 150.0
SHAFT_M, HEAD_RADIUS_M, HEAD_M = 0.022, 0.060, 0.18
HEAD_SHARE = 0.5  # of a short arrow's length at most
GLOW = 0.55
DASHES = 5


def length_of(force_n: float) -> float:
    """Drawn length (m); 0 for no arrow."""
    return math.sqrt(abs(force_n) / FORCE_PER_SQUARE_METRE_N) if abs(force_n) >= MIN_N else 0.0


class Arrow:
    """One arrow under the world's root, drawn over everything."""

    def __init__(
        self, root: NodePath, name: str, rgb: tuple[float, float, float] = palette.FORCE, dashed: bool = False
    ) -> None:
        paint = Material(rgb, 0.1, GLOW)
        self.node = over_everything(root.attach_new_node(name))
        shaft, parts = Mesh(), 2 * DASHES - 1 if dashed else 1
        for k in range(0, parts, 2):
            shaft.cylinder(SHAFT_M, 1.0 / parts, (0.0, 0.0, (k + 0.5) / parts), paint, sides=12)
        head = Mesh().cylinder(HEAD_RADIUS_M, 1.0, (0.0, 0.0, 0.5), paint, sides=18, top_radius_m=0.0)
        self._shaft, self._head = shaft.node("shaft", self.node), head.node("head", self.node)
        self.triangles = shaft.triangles + head.triangles
        self.tail_m, self.tip_m = np.zeros(3), np.zeros(3)
        self.node.hide()

    @property
    def shown(self) -> bool:
        return not self.node.is_hidden()

    def show(self, at_m: np.ndarray, force_n: np.ndarray, pulls: bool = False) -> None:
        """Show a force (3,) in the world at a point (3,): the arrow's tip is there, or its tail if it pulls."""
        size = float(np.linalg.norm(force_n))
        long = length_of(size)
        if long == 0.0 or not math.isfinite(size):
            self.node.hide()
            return
        direction = force_n / size
        self.tail_m = at_m if pulls else at_m - long * direction
        self.tip_m = self.tail_m + long * direction
        head = min(HEAD_M, HEAD_SHARE * long)
        self.node.set_pos(*self.tail_m.tolist())
        self.node.set_quat(upright_to(direction))
        self._shaft.set_sz(long - head)
        self._head.set_z(long - head)
        slender = head / HEAD_M
        self._head.set_scale(slender, slender, head)
        self.node.show()


class Arrows:
    """Arrows under one node, shown or hidden together."""

    root: NodePath

    @property
    def visible(self) -> bool:
        return not self.root.is_hidden()

    @visible.setter
    def visible(self, on: bool) -> None:
        self.root.show() if on else self.root.hide()


class ForceArrows(Arrows):
    """All arrows of a swap: for each robot guide force across, along the insert direction, and load; the couplers."""

    def __init__(self, layout: Layout, frames: FrameNodes, provenance: Provenance | None = None) -> None:
        origins: Provenance = provenance or {}
        self._layout = layout
        root = frames.root.attach_new_node("forces")
        self.root = root

        def made(name: str, *channels: str, rgb: tuple[float, float, float] = palette.FORCE) -> Arrow:
            return Arrow(root, name, rgb, dashed=any(is_estimated(origins, channel) for channel in channels))

        robots = [f"robot{r}" for r in range(layout.robots)]
        self.across = [made(f"{r}/guide_across", f"{r}/guide_force_x_n", f"{r}/guide_force_y_n") for r in robots]
        self.upright = [made(f"{r}/guide_upright", f"{r}/guide_force_z_n") for r in robots]
        self.load = [made(f"{r}/load", f"{r}/load_n", rgb=palette.CARRIED) for r in robots]
        packs = sorted({k for job in layout.jobs for k in (job.old_pack, job.new_pack)})
        self.coupler = {k: made(f"pack{k}/coupler", f"pack{k}/coupler_n") for k in packs}
        self._all = (*self.across, *self.upright, *self.load, *self.coupler.values())
        self.triangles = sum(arrow.triangles for arrow in self._all)

    def update(self, snapshot: Snapshot) -> None:
        if not self.visible:
            return
        if not snapshot.logged:
            for arrow in self._all:
                arrow.node.hide()
            return
        down = -self._layout.retract * self._layout.pack.size_m[2]
        for r in range(self._layout.robots):
            robot = f"robot{r}"
            e = f"{robot}/end_effector"
            held = snapshot.code(f"{robot}/held", -1)
            mating = snapshot.has_frame(f"pack{held}")
            # without a pack it is the force on the empty end effector
            at = snapshot.world_point(f"pack{held}", (0.0, 0.0, down)) if mating else snapshot.world_pose(e)[:3]
            fx, fy, fz = (snapshot.value(f"{robot}/guide_force_{a}_n", 0.0) for a in "xyz")
            self.across[r].show(at, np.array([fx, fy, 0.0]))
            self.upright[r].show(at, np.array([0.0, 0.0, fz]))
            top = self._layout.station.end_effector.size_m[2] if self._layout.retract > 0.0 else 0.0
            load = np.array([0.0, 0.0, snapshot.value(f"{robot}/load_n", 0.0)])
            self.load[r].show(snapshot.world_point(e, (0.0, 0.0, top)), load, pulls=self._layout.retract > 0.0)
        x, y = self._layout.pack.coupler.xy_m
        for k, arrow in self.coupler.items():
            force = np.array([0.0, 0.0, snapshot.value(f"pack{k}/coupler_n", 0.0)])
            arrow.show(snapshot.world_point(f"pack{k}", (x, y, down)), force)
