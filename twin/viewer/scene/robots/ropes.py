"""Ropes from the sheaves to the spreader: straight under load, sagging when slack."""

from __future__ import annotations

import math

import numpy as np
from panda3d.core import LQuaternion, NodePath

from twin.catalogue.schema import FourRope
from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Mesh
from twin.viewer.snapshot import Snapshot

ROPE_RADIUS_M = 0.011  # thicker than the 13 mm rope, to be visible from across the bay
SAGS_M = (0.03, 0.07, 0.15, 0.30)  # of the prepared slack ropes at mid-length
SAG_PIECES = 12
SLACK_M = 0.002
"""A rope is slack if its end is nearer to the sheave by more than this plus the hoist's motion in one sample.

The recording has no tension of a single rope, but its free length (sheave height minus hoist position) and both ends.
"""


def anchors(layout: Layout) -> list[tuple[float, float, float]]:
    """The ropes' ends, in the hoist's frame at the sheaves and in E alike; in the order of `corners`."""
    reeving = layout.station.reeving
    assert isinstance(reeving, FourRope)
    x, y = reeving.spacing_x_m / 2, reeving.spacing_y_m / 2
    return [(x, y, 0.0), (x, -y, 0.0), (-x, y, 0.0), (-x, -y, 0.0)]


def sag_of(excess_m: float, span_m: float) -> float:
    """Sag at mid-length of a shallow parabola that is longer than its chord by `excess_m`: 8/3 f^2/span = excess."""
    return math.sqrt(max(0.375 * excess_m * span_m, 0.0))


class Ropes:
    """Four ropes of one robot under the world's root; between straight and sagging one node is shown."""

    def __init__(self, layout: Layout, root: NodePath, robot: int) -> None:
        reeving = layout.station.reeving
        assert isinstance(reeving, FourRope)
        self._robot = robot
        self._sheave_m = reeving.sheave_height_m
        self._sample_s = 1.0 / layout.station.rates.recording_hz
        self._anchors = anchors(layout)
        straight = Mesh().tube((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), ROPE_RADIUS_M, palette.ROPE, 8)
        shapes = [straight, *(_sagging(sag) for sag in SAGS_M)]
        self.ropes: list[NodePath] = []
        self._shapes: list[list[NodePath]] = []
        for k in range(4):
            rope = root.attach_new_node(f"robot{robot}/rope{k + 1}")
            self.ropes.append(rope)
            self._shapes.append([shape.node(f"shape{i}", rope) for i, shape in enumerate(shapes)])
        self.triangles = 4 * straight.triangles  # at most one of the sagging ones is drawn instead

    def ends(self, snapshot: Snapshot) -> list[tuple[np.ndarray, np.ndarray]]:
        """(sheave, spreader) of each rope in the world."""
        hoist, e = f"robot{self._robot}/hoist", f"robot{self._robot}/end_effector"
        return [(snapshot.world_point(hoist, at), snapshot.world_point(e, at)) for at in self._anchors]

    def excess_m(self, snapshot: Snapshot) -> list[float]:
        """Length of each rope minus the distance between its ends; not above 0 under load."""
        return self._excess_m(snapshot, self.ends(snapshot))

    def _excess_m(self, snapshot: Snapshot, ends: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
        robot = f"robot{self._robot}"
        free = self._sheave_m - snapshot.value(f"{robot}/z/position_m")
        doubt = SLACK_M + abs(snapshot.value(f"{robot}/z/velocity_mps", 0.0)) * self._sample_s
        found = []
        for top, bottom in ends:
            excess = free - float(np.linalg.norm(top - bottom))
            found.append(excess if excess > doubt else 0.0)
        return found

    def update(self, snapshot: Snapshot) -> None:
        ends = self.ends(snapshot)
        slack = self._excess_m(snapshot, ends)
        for rope, shapes, (top, bottom), excess in zip(self.ropes, self._shapes, ends, slack, strict=True):
            along = top - bottom
            span = float(np.linalg.norm(along))
            rope.set_pos(*bottom.tolist())
            rope.set_quat(upright_to(along / span))
            rope.set_scale(1.0, 1.0, span)
            sag = sag_of(excess, span)
            shown = 0 if excess <= 0.0 else 1 + int(np.argmin([abs(sag - s) for s in SAGS_M]))
            for i, shape in enumerate(shapes):
                shape.show() if i == shown else shape.hide()


def upright_to(direction: np.ndarray) -> LQuaternion:
    """The shortest rotation from +z to a unit vector."""
    x, y, z = direction.tolist()
    if z < -0.999999:
        return LQuaternion(0.0, 1.0, 0.0, 0.0)
    turn = LQuaternion(1.0 + z, -y, x, 0.0)
    turn.normalize()
    return turn


def _sagging(sag_m: float) -> Mesh:
    """A rope of length 1 along z that bulges outwards along x; only its z is scaled, so that its thickness stays."""
    mesh = Mesh()
    at = np.linspace(0.0, 1.0, SAG_PIECES + 1)
    points = [(4.0 * sag_m * t * (1.0 - t), 0.0, t) for t in at.tolist()]
    for a, b in zip(points, points[1:], strict=False):
        mesh.tube(a, b, ROPE_RADIUS_M, palette.ROPE, 6)
    return mesh
