"""A load on its floating table that touches nothing, in long steps: springs and drives implicit, of second order.

The stiff modes of table and lift (up to some 200 rad/s) and the drives' velocity loops (up to 320 1/s) bind an explicit
step to the physics tick, but nothing of them matters to a load on its way. So everybody drifts half a step, gets new
speeds from the forces there, and drifts the other half. What spring, damper and velocity loop give way within the step
counts as mass: with speeds v, forces f at the middle, stiffness K and damping C that is

    (M + dt/2 C + dt^2/4 K) dv = dt f

the trapezoidal rule, stable whatever the step, and it neither gains nor loses energy. Body and axes meet only in the
springs between them: the axes are eliminated (`twin.plants.rom.axes`), and what is left are six equations of the body.
"""

from __future__ import annotations

from typing import Any

from twin.motion.kernels import kernel
from twin.plants.rom import axes, carried
from twin.plants.rom.flight import body_of
from twin.plants.rom.frames import cross, times
from twin.plants.state import EPITCH, EROLL, EX, EYAW, YAW, X, Y, Z
from twin.plants.suspension import CY, SY

World = Any
Params = Any
Model = Any

CLEAR_OF_STOPS = 0.8
"""Share of its travel within which a table stays clear of its end stops for a step."""
TILT_RAD = 0.03
"""A table that tilts more is left to the whole model: here sine and tangent of a tilt are the tilt."""


@kernel
def can_fly(w: World, p: Params, r: int, dt_s: float) -> bool:
    """Whether the table of robot `r` stays clear of its end stops for `dt_s` and hardly tilts."""
    q, qd = w.q[r], w.qd[r]
    for i in range(2):
        if abs(q[EX + i]) + dt_s * abs(qd[EX + i]) > CLEAR_OF_STOPS * p.e_travel_m:
            return False
    if abs(q[EYAW]) + dt_s * abs(qd[EYAW]) > CLEAR_OF_STOPS * p.e_travel_rad:
        return False
    return abs(q[EPITCH]) + abs(q[EROLL]) < TILT_RAD


@kernel
def fly(w: World, p: Params, m: Model, t: Any, r: int, t_s: float, dt_s: float) -> None:
    """One step of robot `r` and the load on its table; `t_s` is the world's time at its beginning."""
    q, qd, half_s = w.q[r], w.qd[r], 0.5 * dt_s
    axes.aim(w, p, t, r, t_s, dt_s)
    for i in range(10):
        q[i] += half_s * qd[i]
    carried.angles_of(w, p, r, t.angles)
    axes.drive(w, p, t, r, dt_s)
    carried.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    fx, fy, fz, tx, ty, tz = carried.pull(w, p, r, t.angles, t.turn)
    axes.eliminate(w, p, m, t, r, fx, fy, fz, dt_s)
    for i in range(2):
        t.hold[4 + i] = half_s * (p.e_damping[4 + i] + half_s * p.e_stiffness[4 + i])
    # the body, along and about axes turned with its yaw
    c, s, motion = t.angles[CY], t.angles[SY], t.motion
    k = body_of(w, r)
    kg, com = m.body_kg[k], m.body_com_m[k]
    cx, cy, cz = times(t.turn, com[0], com[1], com[2])
    cx, cy = c * cx + s * cy, -s * cx + c * cy
    wx, wy, wz = c * motion[3] + s * motion[4], -s * motion[3] + c * motion[4], motion[5]
    _mass_matrix(m, k, cx, cy, cz, t.matrix)
    _add_springs(t, c, s)
    sx, sy, sz = cross(wx, wy, wz, cx, cy, cz)
    sx, sy, sz = cross(wx, wy, wz, sx, sy, sz)  # centripetal
    hx, hy, hz = times(m.body_inertia_kgm2[k], wx, wy, wz)
    gx, gy, gz = cross(wx, wy, wz, hx, hy, hz)
    lx, ly, lz = c * fx + s * fy - kg * sx, -s * fx + c * fy - kg * sy, fz - kg * p.gravity_mps2 - kg * sz
    rx, ry, rz = cross(cx, cy, cz, -kg * sx, -kg * sy, -kg * sz - kg * p.gravity_mps2)
    out = t.speeds
    out[0] = dt_s * lx + c * t.carry[X] + s * t.carry[Y]
    out[1] = dt_s * ly - s * t.carry[X] + c * t.carry[Y]
    out[2] = dt_s * lz + t.carry[Z]
    out[3] = dt_s * (c * tx + s * ty - gx + rx)
    out[4] = dt_s * (-s * tx + c * ty - gy + ry)
    out[5] = dt_s * (tz - gz + rz) + t.carry[YAW]
    _solve(t.matrix, out)
    dx, dy, dwx, dwy = (
        c * out[0] - s * out[1],
        s * out[0] + c * out[1],
        c * out[3] - s * out[4],
        s * out[3] + c * out[4],
    )
    axes.speed_up(w, t, r, dx, dy, out[2], out[5])
    carried.to_joint_speeds(
        w, p, r, t.angles, t.turn, motion[0] + dx, motion[1] + dy, motion[2] + out[2], motion[3] + dwx,
        motion[4] + dwy, motion[5] + out[5],
    )  # fmt: skip
    for i in range(10):
        q[i] += half_s * qd[i]


@kernel
def _mass_matrix(m: Model, k: int, cx: float, cy: float, cz: float, out: Any) -> None:
    """Of body `k` about E, by forces and torques, c being its centre of mass: the upper half of `out` (6, 6)."""
    kg, inertia = m.body_kg[k], m.body_inertia_kgm2[k]
    for i in range(3):
        for j in range(3):
            out[i, j] = out[i, 3 + j] = 0.0
        out[i, i] = kg
    out[0, 4], out[0, 5] = kg * cz, -kg * cy
    out[1, 3], out[1, 5] = -kg * cz, kg * cx
    out[2, 3], out[2, 4] = kg * cy, -kg * cx
    out[3, 3] = inertia[0, 0] + kg * (cy * cy + cz * cz)
    out[4, 4] = inertia[1, 1] + kg * (cx * cx + cz * cz)
    out[5, 5] = inertia[2, 2] + kg * (cx * cx + cy * cy)
    out[3, 4] = inertia[0, 1] - kg * cx * cy
    out[3, 5] = inertia[0, 2] - kg * cx * cz
    out[4, 5] = inertia[1, 2] - kg * cy * cz


@kernel
def _add_springs(t: Any, c: float, s: float) -> None:
    """`t.hold` to `t.matrix`, along and about axes turned by the yaw of cosine `c` and sine `s`."""
    hold, out = t.hold, t.matrix
    out[0, 0] += c * c * hold[X] + s * s * hold[Y]
    out[1, 1] += s * s * hold[X] + c * c * hold[Y]
    out[0, 1] += c * s * (hold[Y] - hold[X])
    out[2, 2] += hold[Z]
    out[3, 3] += hold[5]
    out[4, 4] += hold[4]
    out[5, 5] += hold[YAW]


@kernel
def _solve(a: Any, b: Any) -> None:
    """a x = b of a symmetric positive definite `a` (6, 6), given by its upper half: x into `b`; `a` is used up."""
    for i in range(6):
        inverse = 1.0 / a[i, i]
        for j in range(i + 1, 6):
            share = a[i, j] * inverse
            for n in range(j, 6):
                a[j, n] -= share * a[i, n]
            b[j] -= share * b[i]
    for i in range(5, -1, -1):
        rest = b[i]
        for j in range(i + 1, 6):
            rest -= a[i, j] * b[j]
        b[i] = rest / a[i, i]
