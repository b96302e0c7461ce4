"""Forces between the end effector E and what carries it: four ropes, a mast, or a floating table.

Generalised forces on E's six joints (ex, ey, ez along the carrier's axes; eyaw, epitch, eroll about the joint axes of
the rotation Rz Ry Rx) and the reactions on the robot's own axes. Written once for both plants.
"""

from __future__ import annotations

import math
from typing import Any

from twin.geometry import planar
from twin.motion.kernels import inlined_kernel, kernel
from twin.records import EPITCH, EROLL, EX, EY, EYAW, EZ, FLOATING_TABLE, FOUR_ROPE, MAST, YAW, Params, Truth, X, Y, Z

SURELY_LESS = 1.0 - 1e-9
"""Factor that makes a number smaller by more than rounding."""
CY, SY, CP, SP, CR, SR, CT, ST = range(8)
"""Indices into `angles`: cosine and sine of the end effector's yaw in W, of its pitch and roll, and of axis yaw."""


@kernel
def angles_of(w: Truth, p: Params, r: int, angles: Any) -> None:
    """Write cosines and sines of robot `r`'s joints, used by every force and motion, into `angles` (8,)."""
    q = w.q[r]
    yaw = q[YAW] + q[EYAW] if p.reeving == FLOATING_TABLE else q[EYAW]
    angles[CY], angles[SY] = math.cos(yaw), math.sin(yaw)
    angles[CP], angles[SP] = math.cos(q[EPITCH]), math.sin(q[EPITCH])
    angles[CR], angles[SR] = math.cos(q[EROLL]), math.sin(q[EROLL])
    angles[CT], angles[ST] = math.cos(q[YAW]), math.sin(q[YAW])


@kernel
def four_rope(w: Truth, p: Params, r: int, angles: Any, reaction: Any) -> None:
    """Four unilateral elastic ropes from the yaw block on the trolley to the corners of the spreader.

    Tension of rope k: EA/L (l - L) + c/L (l' - L'), never negative. Parallel ropes of equal length make the load a
    parallelogram: it sways like a point pendulum of the rope length, twists against m g r^2 / L, and tilts only by the
    ropes' elasticity. Hoisting terms follow from the changing L.
    """
    q, qd, tau = w.q[r], w.qd[r], w.tau[r]
    length = p.sheave_height_m - q[Z]
    length_rate = -qd[Z]
    stiffness, damping = p.rope_ea_n / length, p.rope_damping / length
    cy, sy, cp, sp, cr, sr = angles[CY], angles[SY], angles[CP], angles[SP], angles[CR], angles[SR]
    # rotation of E (columns x and y are enough: the rope ends lie in its plane)
    xx, xy, xz = cy * cp, sy * cp, -sp
    yx, yy, yz = cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr
    # joint axes: yaw (0, 0, 1), pitch (-sy, cy, 0), roll (first column)
    wx = -sy * qd[EPITCH] + xx * qd[EROLL]
    wy = cy * qd[EPITCH] + xy * qd[EROLL]
    wz = qd[EYAW] + xz * qd[EROLL]
    ct, st = angles[CT], angles[ST]
    fx = fy = fz = tx = ty = tz = top_torque = tension_sum = 0.0
    for corner in range(4):
        hx = p.rope_half_x_m if corner < 2 else -p.rope_half_x_m
        hy = p.rope_half_y_m if corner % 2 == 0 else -p.rope_half_y_m
        top_x, top_y = ct * hx - st * hy, st * hx + ct * hy
        rx, ry, rz = xx * hx + yx * hy, xy * hx + yy * hy, xz * hx + yz * hy
        dx, dy, dz = q[EX] + rx - top_x, q[EY] + ry - top_y, q[EZ] + rz
        vx = qd[EX] + wy * rz - wz * ry + qd[YAW] * top_y
        vy = qd[EY] + wz * rx - wx * rz - qd[YAW] * top_x
        vz = qd[EZ] + wx * ry - wy * rx
        distance = math.sqrt(dx * dx + dy * dy + dz * dz)
        ux, uy, uz = dx / distance, dy / distance, dz / distance
        stretch = distance - length
        if stretch <= 0.0:
            continue
        tension = stiffness * stretch + damping * (vx * ux + vy * uy + vz * uz - length_rate)
        if tension <= 0.0:
            continue
        ax, ay, az = -tension * ux, -tension * uy, -tension * uz
        fx += ax
        fy += ay
        fz += az
        tx += ry * az - rz * ay
        ty += rz * ax - rx * az
        tz += rx * ay - ry * ax
        top_torque -= top_x * ay - top_y * ax
        tension_sum += tension
    # sheave and rope friction as an equivalent viscous damping of the swing
    swing = 2.0 * p.sway_zeta * math.sqrt(p.gravity_mps2 / length) * tension_sum / p.gravity_mps2
    fx -= swing * qd[EX]
    fy -= swing * qd[EY]
    twist = -p.e_stiffness[3] * (q[EYAW] - q[YAW]) - p.e_damping[3] * (qd[EYAW] - qd[YAW])
    tz += twist
    tau[EX], tau[EY], tau[EZ] = fx, fy, fz
    tau[EYAW] = tz
    tau[EPITCH] = -sy * tx + cy * ty
    tau[EROLL] = xx * tx + xy * ty + xz * tz
    w.load_n[r] = tension_sum
    reaction[X], reaction[Y], reaction[Z], reaction[YAW] = -fx, -fy, -tension_sum, top_torque - twist


@kernel
def _stop(position: float, speed: float, travel: float, stiffness: float, damping: float) -> float:
    """End stop: a spring-damper beyond `travel` that only pushes back."""
    if position > travel:
        return min(-stiffness * (position - travel) - damping * speed, 0.0)
    if position < -travel:
        return max(-stiffness * (position + travel) - damping * speed, 0.0)
    return 0.0


@kernel
def mast(w: Truth, p: Params, r: int, reaction: Any) -> None:
    """A stiff telescopic column with a floating head: springs in all six directions about the hoist's position.

    All springs but the vertical one are soft, between end stops, until the lock adds the column's own stiffness. The
    lock pulls towards the centre, where an unloaded head hangs.
    """
    q, qd, tau = w.q[r], w.qd[r], w.tau[r]
    lock = w.float_lock[r]
    for s in range(6):
        i = EX + s
        position, speed = q[i], qd[i]
        if i == EZ:
            position, speed = position + p.sheave_height_m - q[Z], speed - qd[Z]
        elif i == EYAW:
            position, speed = position - q[YAW], speed - qd[YAW]
        stiffness = p.e_stiffness[s] + lock * p.e_lock_stiffness[s]
        damping = p.e_damping[s] + lock * p.e_lock_damping[s]
        tau[i] = -stiffness * position - damping * speed
        if i != EZ:
            which = 0 if i < EZ else 1
            travel = p.e_travel_m if i < EZ else p.e_travel_rad
            tau[i] += _stop(position, speed, travel, p.e_stop_stiffness[which], p.e_stop_damping[which])
    w.load_n[r] = tau[EZ]
    reaction[X], reaction[Y], reaction[Z], reaction[YAW] = -tau[EX], -tau[EY], -tau[EZ], -tau[EYAW]


@inlined_kernel
def on_yaw_axis_nm(w: Truth, r: int) -> float:
    """Torque of robot `r`'s floating table about its yaw axis.

    It is the sum of the yaw springs and of the forces in x and y off the axis. Springs that are equal in x and y have
    no moment there; end stops have.
    """
    q, tau = w.q[r], w.tau[r]
    return q[EY] * tau[EX] - q[EX] * tau[EY] - tau[EYAW]


@kernel
def floating_table(w: Truth, p: Params, r: int, angles: Any, reaction: Any) -> None:
    """Centring springs with end stops in x, y and yaw, a lock that stiffens them, stiff springs in z, pitch and roll.

    A real lock holds the table where it was at closing; this one pulls towards the centre, where an unloaded table
    rests.
    """
    q, qd, tau = w.q[r], w.qd[r], w.tau[r]
    lock = w.float_lock[r]
    for j in range(3):  # x, y and yaw float
        i = EX + j if j < 2 else EYAW
        s = j if j < 2 else 3
        which = 0 if j < 2 else 1
        travel = p.e_travel_m if j < 2 else p.e_travel_rad
        stiffness = p.e_stiffness[s] + lock * p.e_lock_stiffness[s]
        damping = p.e_damping[s] + lock * p.e_lock_damping[s]
        tau[i] = -stiffness * q[i] - damping * qd[i]
        tau[i] += _stop(q[i], qd[i], travel, p.e_stop_stiffness[which], p.e_stop_damping[which])
    tau[EZ] = -p.e_stiffness[2] * q[EZ] - p.e_damping[2] * qd[EZ]
    tau[EPITCH] = -p.e_stiffness[4] * q[EPITCH] - p.e_damping[4] * qd[EPITCH]
    tau[EROLL] = -p.e_stiffness[5] * q[EROLL] - p.e_damping[5] * qd[EROLL]
    w.load_n[r] = tau[EZ]
    ct, st = angles[CT], angles[ST]
    reaction[X] = -(ct * tau[EX] - st * tau[EY])
    reaction[Y] = -(st * tau[EX] + ct * tau[EY])
    reaction[Z] = -tau[EZ] - p.z_gravity_mass_kg * p.gravity_mps2
    reaction[YAW] = on_yaw_axis_nm(w, r)


@kernel
def suspend(w: Truth, p: Params, r: int, angles: Any, reaction: Any) -> None:
    """Forces of robot `r`'s suspension into `w.tau[r, 4:]`, `w.load_n[r]` and `reaction` (4,).

    `angles` (8,) holds the result of `angles_of` for the present joint positions.
    """
    if p.reeving == FOUR_ROPE:
        four_rope(w, p, r, angles, reaction)
    elif p.reeving == MAST:
        mast(w, p, r, reaction)
    else:
        floating_table(w, p, r, angles, reaction)


@inlined_kernel
def on_end_effector(
    w: Truth, p: Params, r: int, cy: float, sy: float, ct: float, st: float, tilt: float
) -> tuple[float, float, float, float, float, float]:
    """Wrench of robot `r`'s suspension on its end effector: force in W and torque about E, from its joints.

    c and s are the cosine and sine of its yaw in W and of axis yaw; `tilt` is minus the sine of its pitch.
    """
    tau = w.tau[r]
    c, s = (ct, st) if p.reeving == FLOATING_TABLE else (1.0, 0.0)
    about = (tau[EROLL] - tilt * tau[EYAW]) / math.sqrt(1.0 - tilt * tilt)
    return (
        c * tau[EX] - s * tau[EY], s * tau[EX] + c * tau[EY], tau[EZ],
        -sy * tau[EPITCH] + cy * about, cy * tau[EPITCH] + sy * about, tau[EYAW],
    )  # fmt: skip


@kernel
def note_sway(w: Truth, p: Params, r: int) -> None:
    """Keep the largest sway of a held pack: offset, m, and angle, rad; on a floating table the yaw angle."""
    if w.held[r] < 0:
        return
    sway = planar(w.q[r, EX], w.q[r, EY])
    w.peak_sway_m = max(w.peak_sway_m, sway)
    if p.reeving == FLOATING_TABLE:
        w.peak_sway_rad = max(w.peak_sway_rad, abs(w.q[r, EYAW]))
    else:
        length = p.sheave_height_m - w.q[r, Z]
        if sway >= SURELY_LESS * w.peak_sway_rad * length:  # an arc tangent is smaller than its argument
            w.peak_sway_rad = max(w.peak_sway_rad, math.atan2(sway, length))
