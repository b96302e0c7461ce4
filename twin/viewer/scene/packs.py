"""Battery packs: a frame with corner castings, modules behind ribbed covers, coupler and guide sockets at the seat.

The frame's colour and the charge gauge on every side distinguish the empty pack, the full pack, and those that stay in
their slots.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.catalogue import Pack
from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Material, Mesh
from twin.viewer.scene.proportions import grip_xy
from twin.viewer.snapshot import Snapshot

BEAM_M = 0.085
"""Members of a pack's frame; a low pack has slimmer ones."""
SKIN_M, SEAT_DEPTH_M = 0.034, 0.055
"""Depth of covers behind the frame: on the flanks, at the seat's face."""
CASTING_M = 0.11
"""Half the side of a corner casting, upper limit."""
MODULE_M = 0.46
"""Width of a module's cover."""
GAUGE_STEPS = 5


@dataclass(frozen=True)
class Role:
    """Colours of a pack by its role in the swap; `lit` steps of the gauge show charge."""

    frame: Material
    gauge: Material
    lit: int


EMPTY = Role(palette.PACK_EMPTY, palette.GAUGE_EMPTY, 1)
FULL = Role(palette.PACK_FULL, palette.GAUGE_FULL, GAUGE_STEPS)
IDLE = Role(palette.PACK_IDLE, palette.GAUGE_IDLE, GAUGE_STEPS)


class Packs:
    """Moving packs on their frames, idle ones in their slots; a ghost has no idle ones."""

    def __init__(self, layout: Layout, frames: FrameNodes, ghost: bool = False) -> None:
        high = layout.pack.size_m[2]
        grips = grip_xy(layout)
        behind = (0.0, 0.0, -layout.retract * high / 2.0)
        for job in layout.jobs:
            for k, role in ((job.old_pack, EMPTY), (job.new_pack, FULL)):
                made = pack_mesh(layout.pack, layout.retract, role, grips)
                Mesh().add(made, behind).node("pack", frames[f"pack{k}"])
        if layout.idle_slots and not ghost:
            one, idle = pack_mesh(layout.pack, layout.retract, IDLE, grips), Mesh()
            for i in layout.idle_slots:
                slot = layout.station.slots[i]
                idle.add(one, (slot.x_m, slot.y_m, slot.z_m + layout.retract * high / 2.0), slot.yaw_rad)
            idle.node("idle_packs", frames.root)

    def update(self, snapshot: Snapshot) -> None:
        """Does nothing: the packs move with their frames."""


def pack_mesh(pack: Pack, retract: float, role: Role, grips: Sequence[tuple[float, float]]) -> Mesh:
    """A pack about the centre of its box; the seat's face is the lower one if packs are lifted out upwards.

    `grips` are the positions of the end effector's twist-locks on the other face.
    """
    mesh = Mesh()
    size = np.asarray(pack.size_m)
    half = size / 2.0
    beam = min(BEAM_M, 0.16 * float(size.min()))
    _frame(mesh, half, beam, role.frame)
    _core(mesh, half, retract)
    for axis, sign in ((0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0)):
        _flank(mesh, _Side(axis, sign, half), beam, role)
    _castings(mesh, grips, half, retract)
    _castings(mesh, pack.locks.xy_m, half, -retract)
    _sockets(mesh, pack, half, retract)
    _cover(mesh, half, beam, retract)
    return mesh


@dataclass(frozen=True)
class _Side:
    """A flank of the box, seen from outside: u to the right, v up, `out` outwards from the covers."""

    axis: int
    sign: float
    half: np.ndarray

    @property
    def half_u_m(self) -> float:
        return float(self.half[1 - self.axis])

    def at(self, u: float, v: float, out: float) -> np.ndarray:
        outward = np.eye(3)[self.axis] * self.sign
        right = np.cross((0.0, 0.0, 1.0), outward)
        return right * u + np.array([0.0, 0.0, v]) + outward * (self.half[self.axis] - SKIN_M + out)

    def plate(self, mesh: Mesh, u: tuple[float, float], v: tuple[float, float], out: float, material: Material) -> None:
        """A raised field with sloping edges."""
        slope = out
        low = [self.at(a, b, 0.0) for a, b in _corners(u, v, 0.0)]
        top = [self.at(a, b, out) for a, b in _corners(u, v, slope)]
        mesh.face(top, material)
        for i in range(4):
            j = (i + 1) % 4
            mesh.face([low[i], low[j], top[j], top[i]], material)


def _corners(u: tuple[float, float], v: tuple[float, float], inset: float) -> list[tuple[float, float]]:
    (u0, u1), (v0, v1) = u, v
    return [(u0 + inset, v0 + inset), (u1 - inset, v0 + inset), (u1 - inset, v1 - inset), (u0 + inset, v1 - inset)]


def _frame(mesh: Mesh, half: np.ndarray, beam: float, paint: Material) -> None:
    x, y, z = (float(h) for h in half)
    lap = 0.004  # castings protrude from the members by this
    for sx in (1.0, -1.0):
        for sy in (1.0, -1.0):
            mesh.box((beam, beam, 2 * z - 0.02), (sx * (x - lap - beam / 2), sy * (y - lap - beam / 2), 0.0), paint)
    for sz in (1.0, -1.0):
        at_z = sz * (z - lap - beam / 2)
        for s in (1.0, -1.0):
            mesh.box((2 * x - 2 * beam, beam, beam), (0.0, s * (y - lap - beam / 2), at_z), paint)
            mesh.box((beam, 2 * y - 2 * beam, beam), (s * (x - lap - beam / 2), 0.0, at_z), paint)


def _core(mesh: Mesh, half: np.ndarray, retract: float) -> None:
    x, y, z = (float(h) for h in half)
    seat, grip = z - SEAT_DEPTH_M, z - SKIN_M
    low, top = (-seat, grip) if retract > 0 else (-grip, seat)
    mesh.box((2 * (x - SKIN_M), 2 * (y - SKIN_M), top - low), (0.0, 0.0, (low + top) / 2.0), palette.PACK_BODY)


def _flank(mesh: Mesh, side: _Side, beam: float, role: Role) -> None:
    """Ribbed covers of the modules below, the gauge above; signs and ports on some flanks."""
    wide, high = side.half_u_m - beam - 0.012, float(side.half[2]) - beam - 0.012
    gauge_m = min(0.24, 0.62 * high)
    split = high - gauge_m - 0.03
    columns = max(2, round(2 * wide / MODULE_M))
    rows = max(1, round((split + high) / 0.62))
    gap = 0.02
    step_u, step_v = 2 * wide / columns, (split + high) / rows
    for i in range(columns):
        for j in range(rows):
            u, v = -wide + i * step_u, -high + j * step_v
            at_u, at_v = (u + gap / 2, u + step_u - gap / 2), (v + gap / 2, v + step_v - gap / 2)
            side.plate(mesh, at_u, at_v, 0.014, palette.PACK_BODY)
            for k in (0.3, 0.7):  # ribs
                middle = u + k * step_u
                rib = (middle - 0.022, middle + 0.022), (v + 0.14 * step_v, v + 0.86 * step_v)
                mesh.face([side.at(a, b, 0.0165) for a, b in _corners(*rib, 0.0)], palette.PACK_RIB)
    side.plate(mesh, (-wide, wide), (split + 0.03, high), 0.020, palette.GAUGE_OFF)
    low, top = split + 0.03 + 0.2 * gauge_m, high - 0.2 * gauge_m
    step = (2 * wide - 0.12) / GAUGE_STEPS
    for k in range(GAUGE_STEPS):
        u = -wide + 0.06 + k * step
        lamp = (u + 0.012, u + step - 0.012), (low, top)
        paint = role.gauge if k < role.lit else palette.PACK_RIB
        mesh.face([side.at(a, b, 0.023) for a, b in _corners(*lamp, 0.0)], paint)
    sign_m = min(0.26, 0.8 * step_v)
    _high_voltage(mesh, side, wide - 0.5 * step_u, -high + 0.5 * step_v, sign_m)
    if side.axis == 1 and side.sign > 0:
        _ports(mesh, side, -wide + 0.5 * step_u, -high + 0.5 * step_v, min(0.16, 0.5 * step_v))


def _high_voltage(mesh: Mesh, side: _Side, u: float, v: float, size_m: float) -> None:
    """The yellow triangle with a flash."""
    s = size_m / 2.0
    outer = [(-s, -0.75 * s), (s, -0.75 * s), (0.0, 0.95 * s)]
    mesh.face([side.at(u + 1.18 * a, v + 1.18 * b - 0.02 * s, 0.0185) for a, b in outer], palette.TRIM)
    mesh.face([side.at(u + a, v + b, 0.0205) for a, b in outer], palette.WARNING_YELLOW)
    flash = (
        [(0.10, 0.55), (-0.22, -0.08), (0.02, -0.06), (0.20, 0.55)],
        [(0.24, 0.08), (-0.08, 0.02), (-0.06, -0.58)],
    )
    for part in flash:
        mesh.face([side.at(u + a * s, v + b * s, 0.0225) for a, b in part], palette.TRIM)


def _ports(mesh: Mesh, side: _Side, u: float, v: float, size_m: float) -> None:
    """Coolant in and out, and the service disconnect in orange."""
    outward = side.at(0.0, 0.0, 1.0) - side.at(0.0, 0.0, 0.0)
    for du, paint in ((-0.5, palette.STEEL), (0.5, palette.STEEL)):
        at = side.at(u + du * size_m, v - 0.45 * size_m, 0.017)
        mesh.cylinder(0.24 * size_m, 0.022, at, paint, tuple(outward), 12)
        mesh.cylinder(0.14 * size_m, 0.026, at, palette.TRIM, tuple(outward), 10)
    side.plate(
        mesh, (u - 0.55 * size_m, u + 0.55 * size_m), (v + 0.1 * size_m, v + 0.8 * size_m), 0.026, palette.HV_ORANGE
    )


def _castings(mesh: Mesh, at_m: Sequence[tuple[float, float]], half: np.ndarray, top: float) -> None:
    """Grip points of twist-locks and hooks: corner castings with an oval hole, on both faces."""
    high = min(0.12, 0.22 * float(half[2]) * 2)
    for x, y in at_m:
        hx = min(max(float(half[0]) - abs(x), 0.04), CASTING_M)
        hy = min(max(float(half[1]) - abs(y), 0.04), CASTING_M)
        cx = math.copysign(min(abs(x), float(half[0]) - hx), x)
        cy = math.copysign(min(abs(y), float(half[1]) - hy), y)
        face = top * float(half[2])
        mesh.box((2 * hx, 2 * hy, high), (cx, cy, face - top * (high / 2.0 + 0.001)), palette.CASTING)
        oval = [(0.030 * math.cos(a), 0.055 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 13)[:-1]]
        ring = [(x + a, y + b, face) for a, b in oval]
        mesh.face(ring if top > 0 else ring[::-1], palette.TRIM)


def _sockets(mesh: Mesh, pack: Pack, half: np.ndarray, retract: float) -> None:
    """Guide sockets with their lead-in, and the coupler, on the face toward the seat."""
    g = pack.guides
    face = -retract * float(half[2])
    inwards = (0.0, 0.0, retract)
    pin = g.pin_diameter_m / 2.0
    depth = min(g.capture_m / math.tan(g.lead_in_angle_rad), SEAT_DEPTH_M - 0.01)
    mouth = pin + g.capture_m
    paints = (palette.CASTING, palette.CASTING, palette.PIN, palette.TRIM)
    for x, y in (g.round_xy_m, g.slotted_xy_m):
        at = (x, y, face)
        # from deep inside outwards along the wall of the cone, then around the collar and back in
        # around the collar, over its mouth, down the wall of the lead-in to the pin's hole
        profile = [(-SEAT_DEPTH_M, mouth + 0.022), (0.0, mouth + 0.022), (0.0, mouth), (-depth, pin), (-depth, 0.0)]
        mesh.lathe(profile, lambda band, _: paints[band], at, (0.0, 0.0, -retract), 16)
    cx, cy = pack.coupler.xy_m
    mesh.box(
        (0.26, 0.20, SEAT_DEPTH_M - 0.006), (cx, cy, face + retract * (SEAT_DEPTH_M / 2.0 + 0.003)), palette.HV_ORANGE
    )
    for dx, dy, r in ((-0.06, 0.045, 0.032), (-0.06, -0.045, 0.032), (0.05, 0.05, 0.02), (0.05, -0.05, 0.02)):
        mesh.cylinder(r, 0.006, (cx + dx, cy + dy, face + retract * 0.004), palette.TRIM, inwards, 12)


def _cover(mesh: Mesh, half: np.ndarray, beam: float, retract: float) -> None:
    """The grip's face: cross members under the spreader, a lid with ribs."""
    x, y, z = (float(h) for h in half)
    at_z = retract * (z - SKIN_M + 0.004)
    count = max(2, round(2 * y / 0.6))
    for i in range(count):
        at_y = -y + beam + (2 * y - 2 * beam) * (i + 0.5) / count
        mesh.box((2 * x - 2 * beam - 0.02, 0.07, 0.02), (0.0, at_y, at_z), palette.PACK_RIB)
