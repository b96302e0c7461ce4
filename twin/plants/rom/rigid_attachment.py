"""A pack that is gripped and locked: pack, end effector and what it is locked to are one rigid body.

Locks and grips are stiff beside springs and ropes, so only the robot's axes are stepped: the suspension pulls at the
body that the end effector is part of, and the end effector moves with that body.

A load held by pad stiction (`twin.plants.rom.pad_stiction`) is carried along in the same way. Where the truck is not
stepped at the full rate, that takes one step a scan: `update_speeds` at its midpoint, `follow` there and at its end.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.plants.rom import axes, carried_body
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import angle_of, cosine_sine, from_quaternion, matrix_product, times
from twin.plants.rom.model import TRUCK
from twin.records import EPITCH, EROLL, EX, EY, EYAW, EZ, FLOATING_TABLE, YAW, Image, Params, Truth, X, Y, Z

Model = Any
State = Any


@kernel
def drift(w: Truth, p: Params, x: State, t: Any, r: int, dt_s: float) -> None:
    """Drift robot `r`'s axes for `dt_s` at their present speeds; its end effector moves with its pack."""
    for i in range(4):
        w.q[r, i] += dt_s * w.qd[r, i]
    follow(w, p, x, t, r)


@kernel
def update_speeds(w: Truth, image: Image, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """New speeds of robot `r`'s axes after a step of `dt_s`, with everything at its midpoint.

    The suspension's force on the truck goes into `t.truck`. The drives have been aimed.
    """
    carried_body.angles_of(w, p, r, t.angles)
    axes.midpoint_forces(w, image, p, t, r, dt_s)
    carried_body.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    fx, fy, fz, tx, ty, tz = carried_body.suspension_wrench(w, p, r, t.angles, t.turn)
    if x.fixed_to[r] == TRUCK:
        truck_body.add_force(w, t.truck, t.at[0], t.at[1], t.at[2], fx, fy, fz)
        truck_body.add_torque(t.truck, tx, ty, tz)
    axes.eliminate(w, image, p, m, t, r, fx, fy, fz, dt_s)
    axes.update_speeds(w, m, t, r, 0.0, 0.0, 0.0, 0.0, dt_s)
    for i in range(3):
        w.guide_force_n[r, i] = 0.0


@kernel
def follow(w: Truth, p: Params, x: State, t: Any, r: int) -> None:
    """Move robot `r`'s end effector with the body that it is fixed to.

    `t.truck_at`, `t.truck_turn` and `t.truck` are the truck's frame and yaw as it is now.
    """
    q, qd, fixed = w.q[r], w.qd[r], x.fixed[r]
    from_quaternion(fixed, t.fixed_turn)
    if x.fixed_to[r] == TRUCK:
        rx, ry, rz = times(t.truck_turn, fixed[0], fixed[1], fixed[2])
        px, py, pz = t.truck_at[0] + rx, t.truck_at[1] + ry, t.truck_at[2] + rz
        matrix_product(t.truck_turn, t.fixed_turn, t.turn)
        vx, vy, vz = truck_body.velocity(w, w.truck_qd, t.truck, px, py, pz)
        wx, wy, wz = truck_body.angular_velocity(w, t.truck)
    else:
        px, py, pz = fixed[0], fixed[1], fixed[2]
        for i in range(3):
            for j in range(3):
                t.turn[i, j] = t.fixed_turn[i, j]
        vx = vy = vz = wx = wy = wz = 0.0
    yaw, tilt = angle_of(t.turn[1, 0], t.turn[0, 0]), t.turn[2, 0]
    level = math.sqrt(1.0 - tilt * tilt)
    q[EPITCH], q[EROLL] = angle_of(-tilt, level), angle_of(t.turn[2, 1], t.turn[2, 2])
    cy, sy = t.turn[0, 0] / level, t.turn[1, 0] / level
    rolling = (cy * wx + sy * wy) / level
    qd[EPITCH], qd[EROLL] = -sy * wx + cy * wy, rolling
    if p.reeving == FLOATING_TABLE:
        c, s = cosine_sine(q[YAW])
        dx, dy = px - q[X], py - q[Y]
        q[EX], q[EY], q[EZ] = c * dx + s * dy, -s * dx + c * dy, pz - q[Z]
        vx, vy = vx - qd[X] + qd[YAW] * dy, vy - qd[Y] - qd[YAW] * dx
        qd[EX], qd[EY], qd[EZ] = c * vx + s * vy, -s * vx + c * vy, vz - qd[Z]
        turn = yaw - q[YAW] - q[EYAW]
        qd[EYAW] = wz - tilt * rolling - qd[YAW]
    else:
        q[EX], q[EY], q[EZ] = px - q[X], py - q[Y], pz - p.sheave_height_m
        qd[EX], qd[EY], qd[EZ] = vx - qd[X], vy - qd[Y], vz
        turn = yaw - q[EYAW]
        qd[EYAW] = wz - tilt * rolling
    # the same yaw, with its whole turns kept
    q[EYAW] += math.atan2(math.sin(turn), math.cos(turn)) if abs(turn) > 3.0 else turn
