"""Velocity motion (PLCopen MC_MoveVelocity with continuous update): axes that follow setpoints until a condition holds.

A policy or servo sends one command with `follow` = FOLLOW_START and then, at its own rate, the same command with new
velocities and FOLLOW_ON: that changes what the axes aim for and nothing else, so that time, force and load counters run
on. Every scan the setpoints are bounded by what the machine may do from where it is: an axis can always stop before the
end of its stroke, a pack below the clearance height stays within the traverse deadband, and no pack comes nearer to its
seat than the contact zone faster than the contact speed. A source of setpoints that falls silent stops the axes.
"""

from __future__ import annotations

import math
from typing import Any

from twin.causes import IN_ERROR_STOP, TRIP_PENDING, VELOCITY, refuse_ramps, refused
from twin.drives import stop_axis
from twin.interlocks import HEIGHT_TOLERANCE_M, below_clearance, loaded
from twin.motion.kernels import kernel
from twin.motion.profile import V, plan_velocity, segment_count, speed_change_distance
from twin.plants.state import (
    CONTINUOUS_MOTION,
    ERROR_STOP,
    STANDSTILL,
    STOPPING,
    TRIP_NONE,
    X,
    Y,
    Z,
)

World = Any
Params = Any
Command = Any

SILENCE_S = 0.25
"""Setpoints older than this stop the axes: five periods of a 20 Hz policy [estimate: heartbeat of 100 to 500 ms,
domain 5]."""
SCANS_AHEAD = 1.5
"""A bound looks this many scans ahead: one until it is looked at again, and half of one to spare."""


@kernel
def follows(c: Command) -> bool:
    """Whether the command is one of velocity motion."""
    return c.follow > 0


@kernel
def may_follow(w: World, p: Params, c: Command, r: int) -> bool:
    """Permissive of velocity motion: no trip, healthy axes, setpoints and ramps within the limits of the axes."""
    if w.trip != TRIP_NONE:
        return refused(w, r, TRIP_PENDING, w.trip, 1.0, 0.0)
    carries = loaded(w, c, r)
    rounding = 1.0 + 1e-9
    for k in range(4):
        if math.isnan(c.velocity[k]):
            return refused(w, r, VELOCITY, k, -1.0, p.axis_velocity[k])
        speed = p.axis_velocity_loaded[k] if carries else p.axis_velocity[k]
        acceleration = p.axis_acceleration[k] if carries else p.axis_acceleration_empty[k]
        good = (
            abs(c.velocity[k]) <= speed * rounding
            and 0.0 < c.acceleration[k] <= acceleration * rounding
            and 0.0 < c.jerk[k] <= p.axis_jerk[k] * rounding
            and w.axis_state[r, k] != ERROR_STOP
        )
        if not good and w.axis_state[r, k] == ERROR_STOP:
            return refused(w, r, IN_ERROR_STOP, k, 1.0, 0.0)
        if not good and abs(c.velocity[k]) > speed * rounding:
            return refused(w, r, VELOCITY, k, abs(c.velocity[k]), speed)
        if not good:
            return refuse_ramps(w, r, k, (speed, c.acceleration[k], c.jerk[k]), (speed, acceleration, p.axis_jerk[k]))
    return True


@kernel
def way_to_slow(
    speed: float, acceleration: float, end_speed: float, a_max: float, j_max: float, ahead_s: float
) -> float:
    """Way that an axis needs to slow to `end_speed` if it begins `ahead_s` from now and gains speed until then, in u.

    Its acceleration is first let go, then it brakes: a little too long where it is braking already.
    """
    a = min(acceleration + j_max * ahead_s, a_max)
    v = max(speed + a * ahead_s, 0.0)
    released = max(v + a * abs(a) / (2.0 * j_max), 0.0)
    if max(v, released) <= end_speed:
        return 0.0
    letting_go = max(v, released) * abs(a) / j_max
    return max(v, speed) * ahead_s + letting_go + speed_change_distance(released, end_speed, a_max, j_max)


@kernel
def bounded(w: World, p: Params, c: Command, r: int, k: int, wanted: float, dt_s: float) -> float:
    """The setpoint that axis `k` may have in this scan, given `wanted` (m/s or rad/s)."""
    if wanted == 0.0:
        return 0.0
    here = w.reference[r, k, 0]
    low, high = p.axis_min[r, k], p.axis_max[r, k]
    if (k == X or k == Y) and loaded(w, c, r) and below_clearance(w, p, r, HEIGHT_TOLERANCE_M):
        low = max(low, w.low_xy[r, k] - p.traverse_deadband_m)
        high = min(high, w.low_xy[r, k] + p.traverse_deadband_m)
    sign = 1.0 if wanted > 0.0 else -1.0
    speed, gains = sign * w.reference[r, k, 1], sign * w.reference[r, k, 2]
    a, j, ahead_s = c.acceleration[k], c.jerk[k], SCANS_AHEAD * dt_s
    left = high - here if wanted > 0.0 else here - low
    if way_to_slow(speed, gains, 0.0, a, j, ahead_s) >= left:
        return 0.0
    if k == Z and p.retract * wanted < 0.0 and abs(wanted) > p.contact_speed_mps:  # towards the seat
        above = 0.0 if math.isnan(c.seat_z) else p.retract * (here - c.seat_z) - p.contact_zone_m
        if way_to_slow(speed, gains, p.contact_speed_mps, a, j, ahead_s) >= above:
            return sign * p.contact_speed_mps
    return wanted


@kernel
def follow_setpoints(w: World, p: Params, c: Command, r: int, dt_s: float) -> None:
    """One scan of velocity motion: plan every axis from its present reference to its bounded setpoint."""
    silent = w.t_s - w.setpoint_s[r] > SILENCE_S
    for k in range(4):
        wanted = 0.0 if silent else bounded(w, p, c, r, k, c.velocity[k], dt_s)
        profile = w.profile[r, k]
        following = w.axis_state[r, k] == CONTINUOUS_MOTION
        if following and profile[V, segment_count(profile)] == wanted:
            continue
        if not following and wanted == 0.0:
            continue
        plan_velocity(
            profile,
            w.reference[r, k, 0],
            w.reference[r, k, 1],
            w.reference[r, k, 2],
            wanted,
            c.acceleration[k],
            c.jerk[k],
        )
        w.profile_start_s[r, k] = w.t_s
        w.shaper_n[r, k] = 1
        w.shaper_amplitude[r, k, 0] = 1.0
        w.shaper_time_s[r, k, 0] = 0.0
        w.axis_state[r, k] = CONTINUOUS_MOTION


@kernel
def stop_following(w: World, p: Params, r: int) -> None:
    """End velocity motion: every axis that follows setpoints stops at its limits."""
    for k in range(4):
        if k != Z and w.axis_state[r, k] == CONTINUOUS_MOTION:
            stop_axis(w, p, r, k, w.t_s, STOPPING)


@kernel
def all_stand(w: World, r: int) -> bool:
    """Whether every axis of robot `r` is at a standstill."""
    for k in range(4):
        if w.axis_state[r, k] != STANDSTILL:
            return False
    return True
