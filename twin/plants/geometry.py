"""Poses of end effectors, seats and packs, and the offset of each pack from its seat."""

from __future__ import annotations

import math
from typing import Any

from twin.geometry import quaternion, rotate, truck_point, yaw_error
from twin.motion.kernels import kernel
from twin.plants.suspension import FLOATING_TABLE
from twin.records import EPITCH, EROLL, EX, EY, EYAW, EZ, LOCKS, TPITCH, TROLL, TYAW, TZ, YAW, Params, Truth, X, Y, Z

HOLDS_FROM = 0.5
"""Position of an actuator (0 open, 1 closed) from which it holds its load [estimate]."""
OVER_SEAT_M = 0.1
"""Offset from the middle of the seat, along x or y, beyond which a pack makes no pad switch [estimate]."""


@kernel
def end_effector_pose(w: Truth, p: Params, r: int) -> None:
    """Forward kinematics of robot `r` into `w.e_pose[r]`."""
    q, pose = w.q[r], w.e_pose[r]
    if p.reeving == FLOATING_TABLE:
        c, s = math.cos(q[YAW]), math.sin(q[YAW])
        pose[0] = q[X] + c * q[EX] - s * q[EY]
        pose[1] = q[Y] + s * q[EX] + c * q[EY]
        pose[2] = q[Z] + q[EZ]
        yaw = q[YAW] + q[EYAW]
    else:
        pose[0], pose[1], pose[2] = q[X] + q[EX], q[Y] + q[EY], p.sheave_height_m + q[EZ]
        yaw = q[EYAW]
    pose[3], pose[4], pose[5], pose[6] = quaternion(yaw, q[EPITCH], q[EROLL])


@kernel
def seat_pose(w: Truth, p: Params, s: int) -> tuple[float, float, float, float, float, float]:
    """Pose of seat `s` in W: x, y, z, yaw, pitch, roll."""
    x, y, z = p.seat_xyz_m[s, 0], p.seat_xyz_m[s, 1], p.seat_xyz_m[s, 2]
    if p.seat_on_truck[s] == 0:
        return x, y, z, p.seat_yaw_rad[s], 0.0, 0.0
    q = w.truck_q
    x, y, z = truck_point(q, x, y, z)
    return x, y, z, q[TYAW] + p.seat_yaw_rad[s], q[TPITCH], q[TROLL]


@kernel
def nearest_seat(w: Truth, p: Params, x: float, y: float) -> int:
    """Nearest seat to (x, y); the truck's yaw is left out."""
    best, best_distance = -1, 1e30
    for s in range(p.seats):
        if p.seat_on_truck[s] == 0:
            sx, sy = p.seat_xyz_m[s, 0], p.seat_xyz_m[s, 1]
        else:
            sx = p.seat_xyz_m[s, 0] + w.truck_q[0]
            sy = p.seat_xyz_m[s, 1] + w.truck_q[1]
        distance = (x - sx) * (x - sx) + (y - sy) * (y - sy)
        if distance < best_distance:
            best, best_distance = s, distance
    return best


@kernel
def measure_packs(w: Truth, p: Params) -> None:
    """Run `measure_pack` on all packs."""
    for k in range(p.packs):
        measure_pack(w, p, k)


@kernel
def measure_pack(w: Truth, p: Params, k: int) -> None:
    """Measure pack `k` against its nearest seat: offset and yaw error, and the gap under each of its four pads."""
    pose = w.pack_pose[k]
    mx, my, mz = rotate(pose, 0.0, 0.0, -p.retract * p.pack_height_m)
    mx, my, mz = mx + pose[0], my + pose[1], mz + pose[2]
    best = nearest_seat(w, p, mx, my)
    sx, sy, sz, yaw, pitch, roll = seat_pose(w, p, best)
    w.pack_seat[k] = best
    cy, sy_ = math.cos(yaw), math.sin(yaw)
    dx, dy, dz = mx - sx, my - sy, mz - sz
    w.pack_offset_m[k, 0] = cy * dx + sy_ * dy
    w.pack_offset_m[k, 1] = -sy_ * dx + cy * dy
    w.pack_offset_m[k, 2] = p.retract * dz
    w.pack_yaw_error_rad[k] = yaw_error(pose, yaw)
    # seat normal: third column of Rz Ry Rx
    cp, sp, cr, sr = math.cos(pitch), math.sin(pitch), math.cos(roll), math.sin(roll)
    nx, ny, nz = cy * sp * cr + sy_ * sr, sy_ * sp * cr - cy * sr, cp * cr
    for i in range(4):
        ox, oy, oz = rotate(pose, p.pad_xy_m[i, 0], p.pad_xy_m[i, 1], 0.0)
        w.pad_gap_m[k, i] = p.retract * (nx * (dx + ox) + ny * (dy + oy) + nz * (dz + oz))


@kernel
def fully_seated(w: Truth, p: Params, k: int) -> bool:
    """True if every pad of pack `k` lies within the seated tolerance of its seat."""
    for i in range(4):
        if w.pad_gap_m[k, i] > p.seated_m:
            return False
    return abs(w.pack_offset_m[k, 0]) < p.lock_capture_m and abs(w.pack_offset_m[k, 1]) < p.lock_capture_m


@kernel
def no_pad_touches(w: Truth, k: int) -> bool:
    """True if pack `k` touches no pad of its seat: only guides and coupler can push on it."""
    return min(min(w.pad_gap_m[k, 0], w.pad_gap_m[k, 1]), min(w.pad_gap_m[k, 2], w.pad_gap_m[k, 3])) > 0.001


@kernel
def refresh_poses(worlds: Any, params: Any, i: int) -> None:
    """Move `pack_pose` from centres of mass, where the plant wrote it, to P; update end effectors and couplers."""
    world, p = worlds[i], params[i]
    for r in range(p.robots):
        end_effector_pose(world.truth, p, r)
    for k in range(p.packs):
        pose = world.truth.pack_pose[k]
        x, y, z = rotate(pose, -p.pack_com[k, 0], -p.pack_com[k, 1], -p.pack_com[k, 2])
        pose[0] += x
        pose[1] += y
        pose[2] += z
        x, y, z = rotate(pose, p.coupler_xy_m[0], p.coupler_xy_m[1], -p.retract * p.pack_height_m)
        world.truth.coupler_at[k, 0], world.truth.coupler_at[k, 1], world.truth.coupler_at[k, 2] = (
            pose[0] + x,
            pose[1] + y,
            pose[2] + z,
        )
    measure_packs(world.truth, p)


@kernel
def carried_lift_mps(worlds: Any, params: Any, i: int, r: int, k: int) -> float:
    """Vertical speed of pack `k` at its coupler, from the joint speeds: the pack is fixed to end effector `r`."""
    world, p = worlds[i], params[i]
    q, qd = world.truth.q[r], world.truth.qd[r]
    yaw, speed = q[EYAW], qd[EZ]
    if p.reeving == FLOATING_TABLE:
        yaw, speed = yaw + q[YAW], speed + qd[Z]
    cy, sy, cp = math.cos(yaw), math.sin(yaw), math.cos(q[EPITCH])
    wx = -sy * qd[EPITCH] + cy * cp * qd[EROLL]
    wy = cy * qd[EPITCH] + sy * cp * qd[EROLL]
    at, e = world.truth.coupler_at[k], world.truth.e_pose[r]
    return speed + wx * (at[1] - e[1]) - wy * (at[0] - e[0])


@kernel
def seat_rise_mps(w: Truth, p: Params, s: int) -> float:
    """Vertical speed of the coupler half at seat `s`: zero, or the truck's at small tilt.

    It uses heave, pitch and roll alone. They are known at every tick; the truck's planar motion is known only at scans.
    """
    if p.seat_on_truck[s] == 0:
        return 0.0
    cy, sy = math.cos(p.seat_yaw_rad[s]), math.sin(p.seat_yaw_rad[s])
    x = p.seat_xyz_m[s, 0] + cy * p.coupler_xy_m[0] - sy * p.coupler_xy_m[1]
    y = p.seat_xyz_m[s, 1] + sy * p.coupler_xy_m[0] + cy * p.coupler_xy_m[1]
    return w.truck_qd[TZ] - x * w.truck_qd[TPITCH] + y * w.truck_qd[TROLL]


COUPLER_SPEED_MPS = 0.005
"""Speed at which the coupler's friction is fully developed (regularised Coulomb) [estimate: below creep speed]."""


@kernel
def coupler_load(worlds: Any, params: Any, i: int, k: int, speed_mps: float) -> float:
    """Vertical coupler force on pack `k` in N; `speed_mps` is the pack's vertical speed at its coupler.

    Contacts and seals rub: the force opposes the motion relative to the other half of the coupler, which moves with the
    truck if the seat is on it. The force ramps up over the first fifth of the engagement. Mating and parting need the
    same force (`mate_force_n`); without relative motion there is none.
    """
    return coupler_force(worlds[i].truth, params[i], k, speed_mps)


@kernel
def coupler_force(w: Truth, p: Params, k: int, speed_mps: float) -> float:
    """Compute `coupler_load` from one world's records and store it in `w.coupler_n`."""
    height = w.pack_offset_m[k, 2]
    depth = p.coupler_engage_m - height
    if depth <= 0.0 or abs(w.pack_offset_m[k, 0]) > 0.05 or abs(w.pack_offset_m[k, 1]) > 0.05:
        w.coupler_n[k] = 0.0
        return 0.0
    ramp = min(depth / (0.2 * p.coupler_engage_m), 1.0)
    over_mps = speed_mps - seat_rise_mps(w, p, w.pack_seat[k])
    force = -p.coupler_force_n * ramp * min(max(over_mps / COUPLER_SPEED_MPS, -1.0), 1.0)
    w.coupler_n[k] = force
    return force


@kernel
def made_pads(w: Truth, p: Params, k: int) -> int:
    """Key of the pads that pack `k` rests on and of their seat, for comparison; -1: none."""
    if abs(w.pack_offset_m[k, 0]) >= OVER_SEAT_M or abs(w.pack_offset_m[k, 1]) >= OVER_SEAT_M:
        return -1
    made = 0
    for i in range(4):
        made = 2 * made + (1 if w.pad_gap_m[k, i] <= p.seated_m else 0)
    return 16 * w.pack_seat[k] + made if made > 0 else -1


@kernel
def engaged_locks(w: Truth, p: Params, s: int) -> int:
    """Number of locks of seat `s` that carry load."""
    n = 0
    for i in range(min(p.seat_locks[s], LOCKS)):
        if w.lock_position[s, i] >= HOLDS_FROM:
            n += 1
    return n


@kernel
def engaged_locks_of(worlds: Any, params: Any, i: int, s: int) -> int:
    """Call `engaged_locks` for seat `s` in world `i`."""
    return engaged_locks(worlds[i].truth, params[i], s)
