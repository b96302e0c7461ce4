"""Servo axes: reference from profile and shaper, cascaded position P and velocity PI loop, friction and brakes.

One kernel for both plants: it reads the axis state of a world and writes the force (N) or torque (N m) that acts on
each axis, friction and brake included.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.motion.limits import speed_limit
from twin.motion.profile import plan_stop
from twin.motion.shaper import evaluate_shaped, shaped_duration_s
from twin.records import (
    DISCRETE_MOTION,
    ERROR_STOP,
    FLOATING_TABLE,
    STANDSTILL,
    STOPPING,
    TRIP_NONE,
    Image,
    Params,
    Truth,
    Z,
)

STOP_JERK = 4.0
"""Ratio of the jerk of a stop to that of a motion [estimate: quick-stop setting of a drive]."""

FASTEST_OVER = (0.012, 0.012, 0.012, 0.006)
"""Largest excess over its highest speed at which an axis settles once its drag ends, m/s and rad/s: a limit on speed
setpoint and integrator together [estimate: three quarters of what an overspeed trip leaves; friction at full speed
takes up to 0.011]. Without it, the integrator's force against a drag that lets go would demand a quarter more than the
highest speed. An axis with more drag falls behind."""
CATCH_UP = (0.008, 0.008, 0.008, 0.004)
"""A drive's limit on its speed setpoint, m/s and rad/s over the axis' highest speed: an axis that was held back catches
up with its reference no faster [estimate: half of what the overspeed interlock leaves]."""
STANDING = 1e-3
"""Speed (m/s, rad/s) up to which a drive holds its axis rather than brakes it [chosen: a fortieth of creep speed]."""
STOP_ERROR_SHARE = 0.5
"""Share of the following limit by which an axis in ErrorStop may leave its stopping ramp before its brake is set
[estimate: monitoring of the deceleration ramp, SS1-r of IEC 61800-5-2]."""


@inlined_kernel
def update_reference(image: Image, r: int, t_s: float) -> None:
    """Evaluate the shaped profile of every axis of robot `r` at `t_s` into `image.reference[r]`.

    The reference of an axis at the end of its profile is there already.
    """
    for k in range(4):
        if image.axis_state[r, k] == STANDSTILL and image.reference[r, k, 1] == 0.0 and image.reference[r, k, 2] == 0.0:
            continue
        p, v, a = evaluate_shaped(
            image.profile[r, k],
            image.shaper_amplitude[r, k],
            image.shaper_time_s[r, k],
            image.shaper_n[r, k],
            t_s - image.profile_start_s[r, k],
        )
        image.reference[r, k, 0] = p
        image.reference[r, k, 1] = v
        image.reference[r, k, 2] = a


@kernel
def motion_end_s(image: Image, r: int, k: int) -> float:
    """World time at which the shaped profile of axis `k` ends."""
    return image.profile_start_s[r, k] + shaped_duration_s(
        image.profile[r, k], image.shaper_time_s[r, k], image.shaper_n[r, k]
    )


@kernel
def follow_profile(image: Image, r: int, k: int, t_s: float, state: int) -> None:
    """Let axis `k` follow its profile, unshaped, from `t_s` on; `state`: that of PLCopen meanwhile."""
    image.profile_start_s[r, k] = t_s
    image.shaper_n[r, k] = 1
    image.shaper_amplitude[r, k, 0] = 1.0
    image.shaper_time_s[r, k, 0] = 0.0
    image.axis_state[r, k] = state


@kernel
def stop_axis(image: Image, p: Params, r: int, k: int, t_s: float, state: int) -> None:
    """Replace the motion of axis `k` by its stopping profile from the present reference, at its own limits."""
    plan_stop(
        image.profile[r, k],
        image.reference[r, k, 0],
        image.reference[r, k, 1],
        image.reference[r, k, 2],
        p.axis_acceleration[k],
        STOP_JERK * p.axis_jerk[k],
    )
    follow_profile(image, r, k, t_s, state)


@kernel
def update_axis_states(image: Image, p: Params, r: int, t_s: float) -> None:
    """PLCopen transitions at the end of a motion.

    An axis in ErrorStop sets its brake once its reference rests, or as soon as it does not follow its stopping ramp.
    """
    for k in range(4):
        state = image.axis_state[r, k]
        if state == DISCRETE_MOTION or state == STOPPING:
            if t_s >= motion_end_s(image, r, k):
                image.axis_state[r, k] = STANDSTILL
        elif state == ERROR_STOP and image.brake[r, k] == 0:
            off_ramp = (
                abs(image.reference[r, k, 0] - image.axis_position[r, k]) > STOP_ERROR_SHARE * p.axis_following_limit[k]
            )
            if off_ramp or t_s >= motion_end_s(image, r, k):
                image.brake[r, k] = 1


@kernel
def friction_force(speed: float, applied_n: float, mass: float, coulomb: float, dt_s: float) -> float:
    """Coulomb friction that stops a mass within one step at most and holds it against `applied_n` up to its limit."""
    wanted = -(mass * speed / dt_s + applied_n)
    return min(max(wanted, -coulomb), coulomb)


@inlined_kernel
def apply_integral_resets(w: Truth, image: Image, p: Params) -> None:
    """Reset the integrators that the controller selects: `image.integral_reset`, a bit an axis."""
    for r in range(p.robots):
        if image.integral_reset[r] != 0:
            for k in range(4):
                if image.integral_reset[r] & (1 << k):
                    w.integral[r, k] = 0.0
            image.integral_reset[r] = 0


@inlined_kernel
def _meter(w: Truth, r: int, k: int, drive: float, speed: float, dt_s: float) -> None:
    """Count work, way and squared force of one drive for `dt_s`, motoring and braking apart (`twin.setup.electric`).

    A load that is held trembles about its place: its force counts as motoring.
    """
    work_j, way = drive * speed * dt_s, abs(speed) * dt_s
    if work_j >= 0.0:
        w.drive_work_j[r, k, 0] += work_j
        w.drive_way[r, k, 0] += way
    else:
        w.drive_work_j[r, k, 1] -= work_j
        w.drive_way[r, k, 1] += way
        if abs(speed) > STANDING:
            w.drive_braking_square_s[r, k] += drive * drive * dt_s


@inlined_kernel
def drive_forces(w: Truth, image: Image, p: Params, r: int, reaction: Any, dt_s: float) -> None:
    """Write `w.tau[r, 0:4]`: drive, friction and brake; `w.drive_n[r]`: the drive alone; `w.net_n[r]`: the sum of all.

    They act for `dt_s`. `reaction[k]` is the force that the end effector's suspension (and weight, for z) exerts on
    axis k: friction needs it to hold an axis at rest exactly.
    """
    energy_j = w.energy_j
    for k in range(4):
        position, speed = w.q[r, k], w.qd[r, k]
        mass = p.axis_mass[k]
        if image.brake[r, k] == 1 or w.power_off == 1:
            drive = 0.0
            w.integral[r, k] = 0.0
        else:
            step = p.axis_encoder[k]
            measured = math.floor(position / step + 0.5) * step
            wanted = image.reference[r, k, 1] + p.axis_position_gain[k] * (image.reference[r, k, 0] - measured)
            fastest = math.inf
            if p.interlock_off[TRIP_NONE] == 0:
                highest = p.interlock_scale[TRIP_NONE] * speed_limit(p, k, image.loaded[r] == 1)
                wanted = min(max(wanted, -highest - CATCH_UP[k]), highest + CATCH_UP[k])
                fastest = highest + FASTEST_OVER[k]
            speed_error = wanted - speed
            gain = p.axis_velocity_gain[k]
            integral = w.integral[r, k] / p.axis_integral_time_s[k]
            drive = gain * (speed_error + integral)
            winds = True
            if abs(wanted + integral) > fastest:
                drive = gain * (math.copysign(fastest, wanted + integral) - speed)
                winds = speed_error * (wanted + integral) < 0.0
            moved = p.axis_drive_mass[k]
            if k < 3 and image.loaded[r] == 1:
                moved += p.axis_carries[k] * image.feed_forward_kg[r]
            drive += moved * image.reference[r, k, 2] + p.axis_viscous[k] * image.reference[r, k, 1]
            if k == Z:  # torque feed-forward of the weight, from the load cell
                drive += p.z_gravity_mass_kg * p.gravity_mps2 + image.feed_forward_n[r]
            limit = p.axis_force_limit[k]
            if winds and abs(drive) < limit:
                w.integral[r, k] += speed_error * dt_s
            drive = min(max(drive, -limit), limit)
            energy_j += max(drive * speed, 0.0) * dt_s
            _meter(w, r, k, drive, speed, dt_s)
        w.drive_n[r, k] = drive
        coulomb = p.axis_coulomb[k]
        if image.brake[r, k] == 1 or w.power_off == 1:
            coulomb += p.axis_brake[k]
        viscous = -p.axis_viscous[k] * speed
        w.tau[r, k] = drive + viscous + friction_force(speed, drive + viscous + reaction[k], mass, coulomb, dt_s)
        w.net_n[r, k] = w.tau[r, k] + reaction[k]
        if k >= Z and p.reeving != FLOATING_TABLE:  # drum and yaw block are side branches: no joint transmits it
            w.tau[r, k] += reaction[k]
    w.energy_j = energy_j
