"""Sleeping axes: friction and brakes hold their positions while their drives' integrators go on.

A drive whose axis friction holds off its target winds up until the axis breaks loose: a yaw axis stuck a tenth of a
milliradian off does so within seconds. The response of the axis to a pin that meets its socket depends on the windup.
"""

from __future__ import annotations

import math

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.suspension import on_yaw_axis_nm
from twin.records import EYAW, FLOATING_TABLE, STANDSTILL, YAW, Image, Params, Truth, Z


@inlined_kernel
def _speed_setpoint(w: Truth, image: Image, p: Params, r: int, k: int) -> float:
    """Speed (m/s, rad/s) that the position loop of standing axis `k` of robot `r` demands, from its encoder."""
    step = p.axis_encoder[k]
    measured = math.floor(w.q[r, k] / step + 0.5) * step
    return p.axis_position_gain[k] * (image.reference[r, k, 0] - measured)


@inlined_kernel
def _drive(w: Truth, image: Image, p: Params, r: int, k: int, asked_for: float) -> float:
    """Its drive's force (`twin.motion.drives.drive_forces`) without the limit, N or N m."""
    drive = p.axis_velocity_gain[k] * (asked_for + w.integral[r, k] / p.axis_integral_time_s[k])
    if k == Z:
        drive += p.z_gravity_mass_kg * p.gravity_mps2 + image.feed_forward_n[r]
    return drive


@kernel
def wind_up(w: Truth, image: Image, p: Params, r: int, dt_s: float) -> None:
    """Advance the integrators of robot `r`'s drives by `dt_s` at standstill; return the drives' forces."""
    for k in range(4):
        w.drive_n[r, k] = w.net_n[r, k] = 0.0
        if image.brake[r, k] == 1 or w.power_off == 1:
            continue
        speed, limit = _speed_setpoint(w, image, p, r, k), p.axis_force_limit[k]
        drive = _drive(w, image, p, r, k, speed)
        if speed != 0.0 and abs(drive) < limit:
            w.integral[r, k] += dt_s * speed
        w.drive_n[r, k] = min(max(drive, -limit), limit)


@kernel
def holds(w: Truth, image: Image, p: Params, r: int) -> bool:
    """True if brakes and friction hold all axes of standing robot `r` against drives and suspension.

    The suspension's force on x and y is minus the forces that were on these axes when they came to rest. On a drum it
    is the hanging load, on a yaw block the torque of its table.
    """
    if w.power_off == 1:
        return True
    tau = w.tau[r]
    for k in range(4):
        if image.brake[r, k] == 1:
            continue
        if image.axis_state[r, k] != STANDSTILL:
            return False
        limit = p.axis_force_limit[k]
        force = min(max(_drive(w, image, p, r, k, _speed_setpoint(w, image, p, r, k)), -limit), limit)
        if k == Z:
            force -= p.z_gravity_mass_kg * p.gravity_mps2 + w.load_n[r]
        elif k == YAW:
            force += on_yaw_axis_nm(w, r) if p.reeving == FLOATING_TABLE else -tau[EYAW]
        else:
            force -= tau[k]
        if abs(force) > p.axis_coulomb[k]:
            return False
    return True
