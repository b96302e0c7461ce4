"""The axes of a robot in long steps, implicit where their drives and springs are stiff.

A step is evaluated at its midpoint. The caller aims the drives, drifts everything half a step, applies the drives, and
eliminates the axes from the equations of their load. Velocity loops (up to 320 1/s) and the springs to the load (up to
200 rad/s) use the trapezoidal rule: their compliance within the step counts as mass.
"""

from __future__ import annotations

from typing import Any

from twin.motion.drives import drive_forces
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom.long_step import mean_reference
from twin.plants.suspension import on_yaw_axis_nm, suspend
from twin.records import FLOATING_TABLE, FOUR_ROPE, YAW, Image, Params, Truth, X, Y, Z

Model = Any

STUCK = 1e-9
"""Speed (m/s, rad/s) left to an axis that its friction stops and holds."""


@kernel
def set_references(image: Image, p: Params, t: Any, r: int, t_s: float, dt_s: float) -> None:
    """Set robot `r`'s references for the midpoint of the step of `dt_s` that begins at `t_s`."""
    mean_reference(image, p, r, t_s, dt_s, t.last)
    for i in range(4):
        image.reference[r, i, 0] += 0.5 * dt_s * image.reference[r, i, 1]


@kernel
def midpoint_forces(w: Truth, image: Image, p: Params, t: Any, r: int, dt_s: float) -> None:
    """Forces of robot `r`'s suspension and drives at the midpoint of the step; advances its references.

    Drives use the speed of an axis at the beginning of each tick, on average a little before the midpoint. They get the
    speed it would have there by its reference's acceleration, and `eliminate` corrects this.
    """
    qd = w.qd[r]
    suspend(w, p, r, t.angles, t.reaction)
    ahead_s = 0.5 * (dt_s - p.dt_s)
    for i in range(4):
        t.begun[i], t.speeding[i] = qd[i], image.reference[r, i, 2]
        qd[i] += ahead_s * t.speeding[i]
    drive_forces(w, image, p, r, t.reaction, dt_s)
    for i in range(4):
        total = w.tau[r, i] + (t.reaction[i] if i < Z or p.reeving == FLOATING_TABLE else 0.0)
        t.stuck[i] = 1 if abs(qd[i] + dt_s * total / p.axis_mass[i]) < STUCK else 0
        qd[i] = t.begun[i]
        for j in range(3):
            image.reference[r, i, j] = t.last[i, j]


@inlined_kernel
def _spring_of(w: Truth, p: Params, r: int, j: int) -> tuple[float, float]:
    """Stiffness and damping between axis `j` of robot `r` and what it carries."""
    if p.reeving == FOUR_ROPE:
        if j != Z or w.load_n[r] == 0.0:
            return 0.0, 0.0
        length = p.sheave_height_m - w.q[r, Z]
        return 4.0 * p.rope_ea_n / length, 4.0 * p.rope_damping / length
    i = 0 if j < 2 else j
    if j == Z:
        return p.e_stiffness[i], p.e_damping[i]
    lock = w.float_lock[r]
    return p.e_stiffness[i] + lock * p.e_lock_stiffness[i], p.e_damping[i] + lock * p.e_lock_damping[i]


@kernel
def eliminate(
    w: Truth, image: Image, p: Params, m: Model, t: Any, r: int, fx: float, fy: float, fz: float, dt_s: float
) -> None:
    """Eliminate robot `r`'s axes: to their load they are moving springs. f is the suspension's force on the load.

    With n the impulse on an axis and s the compliance of its spring (kg): dv = gain (n + s dv_body), so the body is
    held by `hold` (kg) and carried along by `carry` (N s). An axis that its friction stops and holds has no compliance.
    """
    qd, tau, n = w.qd[r], w.tau[r], t.axis_n
    n[X], n[Y], n[Z], n[YAW] = tau[X] - fx, tau[Y] - fy, tau[Z], tau[YAW]
    if p.reeving == FLOATING_TABLE:
        n[Z] -= fz + p.z_gravity_mass_kg * p.gravity_mps2
        n[YAW] += on_yaw_axis_nm(w, r)
    for j in range(4):
        stiffness, damping = _spring_of(w, p, r, j)
        spring = 0.5 * dt_s * (damping + 0.5 * dt_s * stiffness)
        if t.stuck[j] == 1:
            t.gain[j], n[j], t.spring[j] = 1.0, -qd[j], 0.0
            t.hold[j], t.carry[j] = spring, -spring * qd[j]
            continue
        impulse, given = dt_s * n[j], p.axis_viscous[j]
        if image.brake[r, j] == 0 and w.power_off == 0 and abs(tau[j]) < p.axis_force_limit[j]:
            given += p.axis_velocity_gain[j]
        impulse += 0.5 * dt_s * given * dt_s * t.speeding[j]
        own = m.axis_own_kg[j] + 0.5 * dt_s * given
        gain = 1.0 / (own + spring)
        t.gain[j], n[j], t.spring[j] = gain, impulse, spring
        t.hold[j], t.carry[j] = spring * own * gain, spring * gain * impulse


@kernel
def update_speeds(
    w: Truth, m: Model, t: Any, r: int, dx: float, dy: float, dz: float, dyaw: float, dt_s: float
) -> None:
    """Speeds of robot `r`'s axes after a step in which their load has gained dx, dy, dz and dyaw in W.

    The springs' compliance is part of the step, so the net force on an axis is that which gives its gain in speed.
    """
    qd, n, gain, spring = w.qd[r], t.axis_n, t.gain, t.spring
    qd[X] += gain[X] * (n[X] + spring[X] * dx)
    qd[Y] += gain[Y] * (n[Y] + spring[Y] * dy)
    qd[Z] += gain[Z] * (n[Z] + spring[Z] * dz)
    qd[YAW] += gain[YAW] * (n[YAW] + spring[YAW] * dyaw)
    for i in range(4):
        w.net_n[r, i] = m.axis_own_kg[i] * (qd[i] - t.begun[i]) / dt_s
