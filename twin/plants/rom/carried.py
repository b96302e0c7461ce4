"""The end effector with what it holds: one rigid body under its suspension, and the axes that carry it."""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.plants.rom.frames import back, cross, from_angles, times
from twin.plants.rom.model import EMPTY
from twin.plants.state import EPITCH, EROLL, EX, EY, EYAW, EZ, YAW, X, Y, Z
from twin.plants.suspension import FLOATING_TABLE

World = Any
Params = Any
Model = Any


@kernel
def end_effector_motion(w: World, p: Params, r: int, at: Any, turn: Any, motion: Any) -> None:
    """Where E is and how it moves, in W: `at` (3,), `turn` (3, 3), `motion` (6,) velocity and angular velocity."""
    q, qd = w.q[r], w.qd[r]
    if p.reeving == FLOATING_TABLE:
        c, s = math.cos(q[YAW]), math.sin(q[YAW])
        ox, oy = c * q[EX] - s * q[EY], s * q[EX] + c * q[EY]
        at[0], at[1], at[2] = q[X] + ox, q[Y] + oy, q[Z] + q[EZ]
        motion[0] = qd[X] + c * qd[EX] - s * qd[EY] - qd[YAW] * oy
        motion[1] = qd[Y] + s * qd[EX] + c * qd[EY] + qd[YAW] * ox
        motion[2] = qd[Z] + qd[EZ]
        yaw, yaw_rate = q[YAW] + q[EYAW], qd[YAW] + qd[EYAW]
    else:
        at[0], at[1], at[2] = q[X] + q[EX], q[Y] + q[EY], p.sheave_height_m + q[EZ]
        motion[0], motion[1], motion[2] = qd[X] + qd[EX], qd[Y] + qd[EY], qd[EZ]
        yaw, yaw_rate = q[EYAW], qd[EYAW]
    from_angles(yaw, q[EPITCH], q[EROLL], turn)
    cy, sy = math.cos(yaw), math.sin(yaw)
    motion[3] = -sy * qd[EPITCH] + turn[0, 0] * qd[EROLL]
    motion[4] = cy * qd[EPITCH] + turn[1, 0] * qd[EROLL]
    motion[5] = yaw_rate + turn[2, 0] * qd[EROLL]


@kernel
def move(w: World, p: Params, m: Model, r: int, turn: Any, motion: Any, contact: Any, dt_s: float) -> None:
    """One step of robot `r`: its axes under `w.tau` and what hangs on them, its end effector under `contact` (6,) too.

    Newton and Euler about the centre of mass; speeds first, positions with the new speeds.
    """
    q, qd, tau = w.q[r], w.qd[r], w.tau[r]
    k = w.held[r] if w.held[r] >= 0 else EMPTY
    table = p.reeving == FLOATING_TABLE
    base = q[YAW] if table else 0.0
    yaw = base + q[EYAW]
    cy, sy = math.cos(yaw), math.sin(yaw)
    # force of the suspension in W, and its torque about E from its shares on the three joints
    c, s = math.cos(base), math.sin(base)
    fx, fy, fz = c * tau[EX] - s * tau[EY], s * tau[EX] + c * tau[EY], tau[EZ]
    tilt = turn[2, 0]  # minus the sine of the pitch
    about = (tau[EROLL] - tilt * tau[EYAW]) / math.sqrt(1.0 - tilt * tilt)
    tx, ty, tz = -sy * tau[EPITCH] + cy * about, cy * tau[EPITCH] + sy * about, tau[EYAW]
    # the carriage feels the opposite of it; of a drum and a yaw block `tau` has that in it already
    own = m.axis_own_kg
    qd[X] += dt_s * (tau[X] - fx) / own[X]
    qd[Y] += dt_s * (tau[Y] - fy) / own[Y]
    lift_n, turn_nm = tau[Z], tau[YAW]
    if table:
        lift_n -= fz + p.z_gravity_mass_kg * p.gravity_mps2
        turn_nm -= tau[EYAW]
    qd[Z] += dt_s * lift_n / own[Z]
    qd[YAW] += dt_s * turn_nm / own[YAW]
    fx, fy, fz = fx + contact[0], fy + contact[1], fz + contact[2]
    com = m.body_com_m[k]
    cx, cyy, cz = times(turn, com[0], com[1], com[2])
    ax, ay, az = cross(cx, cyy, cz, fx, fy, fz)
    tx, ty, tz = tx + contact[3] - ax, ty + contact[4] - ay, tz + contact[5] - az
    # in the body's own axes
    bx, by, bz = back(turn, tx, ty, tz)
    ox, oy, oz = back(turn, motion[3], motion[4], motion[5])
    hx, hy, hz = times(m.body_inertia_kgm2[k], ox, oy, oz)
    gx, gy, gz = cross(ox, oy, oz, hx, hy, hz)
    bx, by, bz = times(m.body_inverse[k], bx - gx, by - gy, bz - gz)
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
    # and back to joint speeds
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
    for i in range(10):
        q[i] += dt_s * qd[i]
