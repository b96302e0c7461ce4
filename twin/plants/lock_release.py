"""Locks that open let go gradually: what they carried fades with their way, in both plants.

Closed locks hold a pack like a weld, so they carry whatever pads and robot do not: part of its weight, and the moment
of ropes that are level where the truck is not. A real lock is a wedge or a claw that turns out over seconds. Taken away
within a millisecond, its load would rock the pack on its pads, with a lateral force up to the friction of its whole
weight. Here pads and ropes take it over as slowly as the lock moves.
"""

from __future__ import annotations

import math
from typing import Any

from twin.geometry import rotate
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.geometry import HOLDS_FROM
from twin.plants.suspension import on_end_effector
from twin.records import EPITCH, EYAW, FLOATING_TABLE, YAW, Params, Truth

FREE_FROM = 0.05
"""Position of a lock from which on it carries nothing; its switch says open later [estimate]."""
Wrench = tuple[float, float, float, float, float, float]


@kernel
def begin(w: Truth, p: Params, s: int, k: int) -> None:
    """Note what the locks of seat `s` carry as they let go of pack `k`, if a robot holds it.

    It is what suspension, weight, coupler and pads leave: at rest the pack is in balance before and after.
    """
    for r in range(p.robots):
        if w.held[r] != k:
            continue
        q, e, pose = w.q[r], w.e_pose[r], w.pack_pose[k]
        yaw = q[YAW] + q[EYAW] if p.reeving == FLOATING_TABLE else q[EYAW]
        fx, fy, fz, tx, ty, tz = on_end_effector(
            w, p, r, math.cos(yaw), math.sin(yaw), math.cos(q[YAW]), math.sin(q[YAW]), -math.sin(q[EPITCH])
        )
        fz -= p.e_mass_kg * p.gravity_mps2
        # weight of the pack at its centre of mass, coupler, pads; all from E
        cx, cy, _ = rotate(pose, p.pack_com[k, 0], p.pack_com[k, 1], p.pack_com[k, 2])
        fx, fy, fz, tx, ty, tz = _with(
            fx, fy, fz, tx, ty, tz, pose[0] + cx - e[0], pose[1] + cy - e[1], 0.0, 0.0, 0.0,
            -p.pack_mass_kg[k] * p.gravity_mps2,
        )  # fmt: skip
        at = w.coupler_at[k]
        fx, fy, fz, tx, ty, tz = _with(
            fx, fy, fz, tx, ty, tz, at[0] - e[0], at[1] - e[1], 0.0, 0.0, 0.0, w.coupler_n[k]
        )
        nx, ny, nz = rotate(pose, 0.0, 0.0, p.retract)
        for i in range(4):
            press_n = p.pad_stiffness_n_per_m * max(-w.pad_gap_m[k, i], 0.0)
            rx, ry, rz = rotate(pose, p.pad_xy_m[i, 0], p.pad_xy_m[i, 1], -p.retract * p.pack_height_m)
            fx, fy, fz, tx, ty, tz = _with(
                fx, fy, fz, tx, ty, tz, pose[0] + rx - e[0], pose[1] + ry - e[1], pose[2] + rz - e[2],
                press_n * nx, press_n * ny, press_n * nz,
            )  # fmt: skip
        carried = w.lock_load_n[r]
        carried[0], carried[1], carried[2], carried[3], carried[4], carried[5] = -fx, -fy, -fz, -tx, -ty, -tz
        w.letting_go[r] = 1 + s


@inlined_kernel
def _with(
    fx: float, fy: float, fz: float, tx: float, ty: float, tz: float, rx: float, ry: float, rz: float, gx: float,
    gy: float, gz: float,
) -> Wrench:  # fmt: skip
    """Force and moment with a further force at r."""
    return (
        fx + gx, fy + gy, fz + gz,
        tx + ry * gz - rz * gy, ty + rz * gx - rx * gz, tz + rx * gy - ry * gx,
    )  # fmt: skip


@kernel
def update(w: Truth, p: Params, r: int) -> None:
    """End the release of robot `r`'s pack once its locks are out of the way, or it is no longer on its seat."""
    if w.letting_go[r] == 0:
        return
    k = w.held[r]
    if k < 0 or w.pack_seat[k] != w.letting_go[r] - 1 or w.pack_offset_m[k, 2] > p.seated_m or share(w, p, r) == 0.0:
        w.letting_go[r] = 0


@inlined_kernel
def share(w: Truth, p: Params, r: int) -> float:
    """Share of what the locks carried that they still carry on robot `r`'s pack, by their positions."""
    s = w.letting_go[r] - 1
    if s < 0 or p.seat_locks[s] == 0:
        return 0.0
    total = 0.0
    for i in range(p.seat_locks[s]):
        total += min(max((w.lock_position[s, i] - FREE_FROM) / (HOLDS_FROM - FREE_FROM), 0.0), 1.0)
    return total / p.seat_locks[s]


@kernel
def load_of(worlds: Any, params: Any, i: int, r: int, out: Any) -> None:
    """Write force and moment about E (6,), in W, on the pack of robot `r` in world `i`."""
    w, p = worlds[i].truth, params[i]
    left = share(w, p, r)
    for j in range(6):
        out[j] = left * w.lock_load_n[r, j]
