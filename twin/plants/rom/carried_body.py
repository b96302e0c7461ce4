"""The end effector with its load: one rigid body under its suspension, and the axes that carry it."""

from __future__ import annotations

import math
from typing import Any

from twin.geometry import rotate
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.geometry import coupler_force
from twin.plants.rom.frames import (
    back,
    cosine_sine,
    cross,
    from_cosines,
    quaternion,
    symmetric_inverse,
    symmetric_times,
    times,
)
from twin.plants.rom.model import EMPTY
from twin.plants.suspension import CP, CR, CT, CY, SP, SR, ST, SY, on_end_effector, on_yaw_axis_nm
from twin.records import EPITCH, EROLL, EX, EY, EYAW, EZ, FLOATING_TABLE, YAW, Params, Truth, X, Y, Z

Model = Any


@kernel
def join(p: Params, m: Model, k: int, lies: Any, inertia: Any, inverse: Any) -> None:
    """Join the end effector and pack `k`, at pose `lies` (7,) in it, to one body: its row of the body arrays.

    A pack gripped off its middle pulls it askew. Writes the body's `inertia` and `inverse` (6,).
    """
    alone, com = m.body_com_m[EMPTY], m.body_com_m[k]
    e_kg, kg = m.body_kg[EMPTY], p.pack_mass_kg[k]
    total = e_kg + kg
    x, y, z = rotate(lies, p.pack_com[k, 0], p.pack_com[k, 1], p.pack_com[k, 2])
    dx, dy, dz = lies[0] + x - alone[0], lies[1] + y - alone[1], lies[2] + z - alone[2]
    share, both = kg / total, e_kg * kg / total
    m.body_kg[k] = total
    com[0], com[1], com[2] = alone[0] + share * dx, alone[1] + share * dy, alone[2] + share * dz
    bx, by, bz = 4.0 * m.pack_half_m[0] * m.pack_half_m[0], 4.0 * m.pack_half_m[1] * m.pack_half_m[1], p.pack_height_m
    bz, twelfth, own = bz * bz, kg / 12.0, m.e_inertia_kgm2
    xx = own[0] + twelfth * (by + bz) + both * (dy * dy + dz * dz)
    yy = own[1] + twelfth * (bx + bz) + both * (dx * dx + dz * dz)
    zz = own[2] + twelfth * (bx + by) + both * (dx * dx + dy * dy)
    xy, xz, yz = -both * dx * dy, -both * dx * dz, -both * dy * dz
    _put(inertia, xx, xy, xz, yy, yz, zz)
    xx, xy, xz, yy, yz, zz = symmetric_inverse(xx, xy, xz, yy, yz, zz)
    _put(inverse, xx, xy, xz, yy, yz, zz)


@kernel
def without_load(m: Model, inertia: Any, inverse: Any) -> None:
    """Write the row of an end effector that holds nothing."""
    xx, yy, zz = m.e_inertia_kgm2[0], m.e_inertia_kgm2[1], m.e_inertia_kgm2[2]
    _put(inertia, xx, 0.0, 0.0, yy, 0.0, zz)
    _put(inverse, 1.0 / xx, 0.0, 0.0, 1.0 / yy, 0.0, 1.0 / zz)


@inlined_kernel
def _put(out: Any, xx: float, xy: float, xz: float, yy: float, yz: float, zz: float) -> None:
    out[0], out[1], out[2], out[3], out[4], out[5] = xx, xy, xz, yy, yz, zz


@inlined_kernel
def angles_of(w: Truth, p: Params, r: int, angles: Any) -> None:
    """Compute `twin.plants.suspension.angles_of` with small-angle series."""
    q = w.q[r]
    angles[CT], angles[ST] = cosine_sine(q[YAW])
    angles[CY], angles[SY] = cosine_sine(q[YAW] + q[EYAW] if p.reeving == FLOATING_TABLE else q[EYAW])
    angles[CP], angles[SP] = cosine_sine(q[EPITCH])
    angles[CR], angles[SR] = cosine_sine(q[EROLL])


@inlined_kernel
def place(w: Truth, p: Params, r: int, angles: Any, at: Any, turn: Any) -> None:
    """Pose of E in W into `w.e_pose[r]`, `at` (3,) and `turn` (3, 3); `angles` (8,) comes from `angles_of`."""
    q, pose, yaw = w.q[r], w.e_pose[r], w.q[r, EYAW]
    if p.reeving == FLOATING_TABLE:
        c, s, yaw = angles[CT], angles[ST], yaw + q[YAW]
        at[0], at[1], at[2] = q[X] + c * q[EX] - s * q[EY], q[Y] + s * q[EX] + c * q[EY], q[Z] + q[EZ]
    else:
        at[0], at[1], at[2] = q[X] + q[EX], q[Y] + q[EY], p.sheave_height_m + q[EZ]
    from_cosines(angles, turn)
    pose[0], pose[1], pose[2] = at[0], at[1], at[2]
    quaternion(yaw, q[EPITCH], q[EROLL], pose)


@inlined_kernel
def end_effector_motion(w: Truth, p: Params, r: int, angles: Any, at: Any, turn: Any, motion: Any) -> None:
    """Pose and motion of E in W: `at` (3,), `turn` (3, 3), `motion` (6,) velocity and angular velocity.

    `angles` (8,) comes from `angles_of`.
    """
    q, qd = w.q[r], w.qd[r]
    if p.reeving == FLOATING_TABLE:
        c, s = angles[CT], angles[ST]
        ox, oy = c * q[EX] - s * q[EY], s * q[EX] + c * q[EY]
        at[0], at[1], at[2] = q[X] + ox, q[Y] + oy, q[Z] + q[EZ]
        motion[0] = qd[X] + c * qd[EX] - s * qd[EY] - qd[YAW] * oy
        motion[1] = qd[Y] + s * qd[EX] + c * qd[EY] + qd[YAW] * ox
        motion[2] = qd[Z] + qd[EZ]
        yaw_rate = qd[YAW] + qd[EYAW]
    else:
        at[0], at[1], at[2] = q[X] + q[EX], q[Y] + q[EY], p.sheave_height_m + q[EZ]
        motion[0], motion[1], motion[2] = qd[X] + qd[EX], qd[Y] + qd[EY], qd[EZ]
        yaw_rate = qd[EYAW]
    from_cosines(angles, turn)
    cy, sy = angles[CY], angles[SY]
    motion[3] = -sy * qd[EPITCH] + turn[0, 0] * qd[EROLL]
    motion[4] = cy * qd[EPITCH] + turn[1, 0] * qd[EROLL]
    motion[5] = yaw_rate + turn[2, 0] * qd[EROLL]


@inlined_kernel
def suspension_wrench(
    w: Truth, p: Params, r: int, angles: Any, turn: Any
) -> tuple[float, float, float, float, float, float]:
    """Suspension wrench on robot `r`'s end effector: force in W and torque about E, from its joints."""
    return on_end_effector(w, p, r, angles[CY], angles[SY], angles[CT], angles[ST], turn[2, 0])


@inlined_kernel
def move_axes(w: Truth, p: Params, m: Model, r: int, fx: float, fy: float, fz: float, dt_s: float) -> None:
    """Advance robot `r`'s axes by one step under `w.tau` and the suspension's reaction; speeds first.

    For a drum and a yaw block `tau` already contains the reaction.
    """
    q, qd, tau, own = w.q[r], w.qd[r], w.tau[r], m.axis_own_kg
    lift_n, turn_nm = tau[Z], tau[YAW]
    if p.reeving == FLOATING_TABLE:
        lift_n -= fz + p.z_gravity_mass_kg * p.gravity_mps2
        turn_nm += on_yaw_axis_nm(w, r)
    qd[X] += dt_s * (tau[X] - fx) / own[X]
    qd[Y] += dt_s * (tau[Y] - fy) / own[Y]
    qd[Z] += dt_s * lift_n / own[Z]
    qd[YAW] += dt_s * turn_nm / own[YAW]
    for i in range(4):
        q[i] += dt_s * qd[i]


@kernel
def move(w: Truth, p: Params, m: Model, t: Any, r: int, dt_s: float) -> None:
    """Advance robot `r` by one step: its axes, and its end effector under suspension, weight and contact, `t.out`.

    Newton-Euler equations about the centre of mass; speeds first, positions with the new speeds (semi-implicit Euler).
    `t.angles`, `t.turn` and `t.motion` come from `end_effector_motion`.
    """
    q, qd, angles, turn, motion, contact = w.q[r], w.qd[r], t.angles, t.turn, t.motion, t.out
    k = w.held[r] if w.held[r] >= 0 else EMPTY
    fx, fy, fz, tx, ty, tz = suspension_wrench(w, p, r, angles, turn)
    move_axes(w, p, m, r, fx, fy, fz, dt_s)
    fx, fy, fz = fx + contact[0], fy + contact[1], fz + contact[2]
    com = m.body_com_m[k]
    cx, cyy, cz = times(turn, com[0], com[1], com[2])
    ax, ay, az = cross(cx, cyy, cz, fx, fy, fz)
    tx, ty, tz = tx + contact[3] - ax, ty + contact[4] - ay, tz + contact[5] - az
    # in the body's own axes
    bx, by, bz = back(turn, tx, ty, tz)
    ox, oy, oz = back(turn, motion[3], motion[4], motion[5])
    hx, hy, hz = symmetric_times(t.inertia[r], ox, oy, oz)
    gx, gy, gz = cross(ox, oy, oz, hx, hy, hz)
    bx, by, bz = symmetric_times(t.inverse[r], bx - gx, by - gy, bz - gz)
    bx, by, bz = times(turn, bx, by, bz)  # angular acceleration in W
    kg = m.body_kg[k]
    wx, wy, wz = motion[3], motion[4], motion[5]
    dx, dy, dz = cross(bx, by, bz, cx, cyy, cz)
    ux, uy, uz = cross(wx, wy, wz, cx, cyy, cz)
    ux, uy, uz = cross(wx, wy, wz, ux, uy, uz)
    vx = motion[0] + dt_s * (fx / kg - dx - ux)
    vy = motion[1] + dt_s * (fy / kg - dy - uy)
    vz = motion[2] + dt_s * (fz / kg - p.gravity_mps2 - dz - uz)
    wx, wy, wz = wx + dt_s * bx, wy + dt_s * by, wz + dt_s * bz
    to_joint_speeds(w, p, r, angles, turn, vx, vy, vz, wx, wy, wz)
    for i in range(4, 10):
        q[i] += dt_s * qd[i]


@inlined_kernel
def to_joint_speeds(
    w: Truth, p: Params, r: int, angles: Any, turn: Any, vx: float, vy: float, vz: float, wx: float, wy: float,
    wz: float,
) -> None:  # fmt: skip
    """Joint speeds of robot `r`'s end effector from E's velocity and angular velocity in W and the axes' speeds."""
    q, qd = w.q[r], w.qd[r]
    table = p.reeving == FLOATING_TABLE
    cy, sy = angles[CY], angles[SY]
    c, s = (angles[CT], angles[ST]) if table else (1.0, 0.0)
    tilt = turn[2, 0]  # minus the sine of the pitch
    forward, pitching = cy * wx + sy * wy, -sy * wx + cy * wy
    rolling = forward / math.sqrt(1.0 - tilt * tilt)
    qd[EPITCH], qd[EROLL] = pitching, rolling
    if table:
        qd[EYAW] = wz - tilt * rolling - qd[YAW]
        lx, ly = c * q[EX] - s * q[EY], s * q[EX] + c * q[EY]
        vx, vy = vx - qd[X] + qd[YAW] * ly, vy - qd[Y] - qd[YAW] * lx
        qd[EX], qd[EY], qd[EZ] = c * vx + s * vy, -s * vx + c * vy, vz - qd[Z]
    else:
        qd[EYAW] = wz - tilt * rolling
        qd[EX], qd[EY], qd[EZ] = vx - qd[X], vy - qd[Y], vz


@kernel
def add_coupler_friction(w: Truth, p: Params, t: Any, k: int) -> None:
    """Add the coupler friction of pack `k` to `t.out`; its place and depth are those of the scan."""
    at = w.coupler_at[k]
    rx, ry = at[0] - t.at[0], at[1] - t.at[1]
    speed = t.motion[2] + t.motion[3] * ry - t.motion[4] * rx
    force = coupler_force(w, p, k, speed)
    if force == 0.0:
        return
    t.out[2] += force
    t.out[3] += ry * force
    t.out[4] -= rx * force
