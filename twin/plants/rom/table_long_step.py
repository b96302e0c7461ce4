"""A load on its floating table that touches nothing, in long steps: springs and drives implicit, of second order.

The stiff modes of table and lift (up to some 200 rad/s) and the drives' velocity loops (up to 320 1/s) bind an explicit
step to the physics tick, but do not matter to a free load. So all bodies drift half a step, get new speeds from the
forces there, and drift the other half. The compliance of spring, damper and velocity loop within the step counts as
mass. With speeds v, forces f at the midpoint, stiffness K and damping C that is

    (M + dt/2 C + dt^2/4 K) dv = dt f

the trapezoidal rule: stable for any step, without gain or loss of energy. Body and axes are coupled only by the springs
between them: the axes are eliminated (`twin.plants.rom.axes`), which leaves six equations of the body.
"""

from __future__ import annotations

from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom import axes, carried_body
from twin.plants.rom.frames import cross, symmetric_inverse, symmetric_times, times
from twin.plants.rom.long_step import body_of
from twin.plants.rom.model import COUPLED
from twin.plants.suspension import CY, SY
from twin.records import EPITCH, EROLL, EX, EYAW, YAW, Image, Params, Truth, X, Y, Z

Model = Any
State = Any

CLEAR_OF_STOPS = 0.8
"""Share of its travel within which a table stays clear of its end stops for a step."""
TILT_RAD = 0.03
"""Tilt beyond which a table needs the full-rate model: the long step takes sine and tangent of a tilt as the tilt."""


@inlined_kernel
def is_valid(w: Truth, p: Params, r: int, dt_s: float) -> bool:
    """True if the table of robot `r` stays clear of its end stops for `dt_s` and hardly tilts."""
    q, qd = w.q[r], w.qd[r]
    for i in range(2):
        if abs(q[EX + i]) + dt_s * abs(qd[EX + i]) > CLEAR_OF_STOPS * p.e_travel_m:
            return False
    if abs(q[EYAW]) + dt_s * abs(qd[EYAW]) > CLEAR_OF_STOPS * p.e_travel_rad:
        return False
    return abs(q[EPITCH]) + abs(q[EROLL]) < TILT_RAD


@kernel
def advance(w: Truth, image: Image, p: Params, m: Model, x: State, t: Any, r: int, t_s: float, dt_s: float) -> None:
    """Advance robot `r` and the load on its table by one step; `t_s` is the world's time at its beginning."""
    q, qd, half_s = w.q[r], w.qd[r], 0.5 * dt_s
    axes.set_references(image, p, t, r, t_s, dt_s)
    for i in range(10):
        q[i] += half_s * qd[i]
    carried_body.angles_of(w, p, r, t.angles)
    axes.midpoint_forces(w, image, p, t, r, dt_s)
    carried_body.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    fx, fy, fz, tx, ty, tz = carried_body.suspension_wrench(w, p, r, t.angles, t.turn)
    axes.eliminate(w, image, p, m, t, r, fx, fy, fz, dt_s)
    if x.near[r] == COUPLED:
        for i in range(2, 5):
            t.out[i] = 0.0
        carried_body.add_coupler_friction(w, p, t, w.held[r])
        fz, tx, ty = fz + t.out[2], tx + t.out[3], ty + t.out[4]
    for i in range(2):
        t.hold[4 + i] = half_s * (p.e_damping[4 + i] + half_s * p.e_stiffness[4 + i])
    # the body, along and about axes turned with its yaw
    c, s, motion = t.angles[CY], t.angles[SY], t.motion
    k = body_of(w, r)
    kg, com = m.body_kg[k], m.body_com_m[k]
    cx, cy, cz = times(t.turn, com[0], com[1], com[2])
    cx, cy = c * cx + s * cy, -s * cx + c * cy
    wx, wy, wz = c * motion[3] + s * motion[4], -s * motion[3] + c * motion[4], motion[5]
    sx, sy, sz = cross(wx, wy, wz, cx, cy, cz)
    sx, sy, sz = cross(wx, wy, wz, sx, sy, sz)  # centripetal
    hx, hy, hz = symmetric_times(t.inertia[r], wx, wy, wz)
    gx, gy, gz = cross(wx, wy, wz, hx, hy, hz)
    lx, ly, lz = c * fx + s * fy - kg * sx, -s * fx + c * fy - kg * sy, fz - kg * p.gravity_mps2 - kg * sz
    rx, ry, rz = cross(cx, cy, cz, -kg * sx, -kg * sy, -kg * sz - kg * p.gravity_mps2)
    vx, vy, vz, wx, wy, wz = _solve(
        kg, t.inertia[r], t.hold, c, s, cx, cy, cz,
        dt_s * lx + c * t.carry[X] + s * t.carry[Y], dt_s * ly - s * t.carry[X] + c * t.carry[Y],
        dt_s * lz + t.carry[Z],
        dt_s * (c * tx + s * ty - gx + rx), dt_s * (-s * tx + c * ty - gy + ry), dt_s * (tz - gz + rz) + t.carry[YAW],
    )  # fmt: skip
    dx, dy, dwx, dwy = c * vx - s * vy, s * vx + c * vy, c * wx - s * wy, s * wx + c * wy
    axes.update_speeds(w, m, t, r, dx, dy, vz, wz, dt_s)
    carried_body.to_joint_speeds(
        w, p, r, t.angles, t.turn, motion[0] + dx, motion[1] + dy, motion[2] + vz, motion[3] + dwx, motion[4] + dwy,
        motion[5] + wz,
    )  # fmt: skip
    for i in range(10):
        q[i] += half_s * qd[i]


@inlined_kernel
def _solve(
    kg: float, inertia: Any, hold: Any, c: float, s: float, cx: float, cy: float, cz: float, fx: float, fy: float,
    fz: float, tx: float, ty: float, tz: float,
) -> tuple[float, float, float, float, float, float]:  # fmt: skip
    """Gains in speed of a body from impulses about E, along and about axes turned with its yaw (cosine c, sine s).

    `inertia` (6,) is about its centre of mass, which is at (cx, cy, cz) from E. `hold` (6,) is what springs add to its
    mass: along the carrier's x and y and along z, about z, pitch and roll. The three velocities are eliminated, and
    with them the couplings kg c.
    """
    # inverse of the masses along x, y (xx, xy, yy) and z
    mass_x, mass_y = kg + c * c * hold[X] + s * s * hold[Y], kg + s * s * hold[X] + c * c * hold[Y]
    across = c * s * (hold[Y] - hold[X])
    scale = 1.0 / (mass_x * mass_y - across * across)
    xx, xy, yy, zz = mass_y * scale, -across * scale, mass_x * scale, 1.0 / (kg + hold[Z])
    kx, ky, kz = kg * cx, kg * cy, kg * cz
    free_x, free_y, free_z = xx * fx + xy * fy, xy * fx + yy * fy, zz * fz
    # the inertia about E that remains where it is free to move
    ix, ixy, ixz, iy, iyz, iz = symmetric_inverse(
        inertia[0] + kg * (cy * cy + cz * cz) + hold[5] - yy * kz * kz - zz * ky * ky,
        inertia[1] - kx * cy + xy * kz * kz + zz * kx * ky,
        inertia[2] - kx * cz + kz * (yy * kx - xy * ky),
        inertia[3] + kg * (cx * cx + cz * cz) + hold[4] - xx * kz * kz - zz * kx * kx,
        inertia[4] - ky * cz + kz * (xx * ky - xy * kx),
        inertia[5] + kg * (cx * cx + cy * cy) + hold[YAW] - xx * ky * ky + 2.0 * xy * kx * ky - yy * kx * kx,
    )
    tx, ty, tz = tx + kz * free_y - ky * free_z, ty - kz * free_x + kx * free_z, tz + ky * free_x - kx * free_y
    wx, wy, wz = ix * tx + ixy * ty + ixz * tz, ixy * tx + iy * ty + iyz * tz, ixz * tx + iyz * ty + iz * tz
    # the rotation's share in the velocities: kg w x c
    px, py, pz = kz * wy - ky * wz, kx * wz - kz * wx, ky * wx - kx * wy
    return free_x - xx * px - xy * py, free_y - xy * px - yy * py, free_z - zz * pz, wx, wy, wz
