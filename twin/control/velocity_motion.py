"""Velocity motion (PLCopen MC_MoveVelocity with continuous update): axes that follow setpoints until a condition holds.

A policy or servo sends one command with `follow` = FOLLOW_START and then, at its own rate, the same command with new
velocities and FOLLOW_ON: that changes the setpoints and nothing else, so that time, force and load counters run on.
Every scan bounds the setpoints by the machine's limits at its position: an axis can always stop before the end of its
stroke, and a pack below the clearance height stays within the traverse deadband. Over its seat a pack

- comes below the clearance height only near where the scanner sees the seat, and stays near it; a load with a large
  swing is damped first: it hits nothing beside,
- comes to its guide pins at the guide speed at most, and not swinging beyond their capture,
- comes nearer than the contact zone at the contact speed at most,
- goes no deeper while something supports it before its seat, or while it presses on that: no rope goes slack.

A drive that meets resistance goes no farther that way. Axes stop when their source of setpoints falls silent.
"""

from __future__ import annotations

import math
from typing import Any

from twin.control.readings import HEIGHT_TOLERANCE_M, below_clearance, landing, let_go, loaded
from twin.control.reasons import pads_made, refuse_ramps, refused
from twin.control.targets import seat_target
from twin.motion.drives import follow_profile, stop_axis
from twin.motion.kernels import kernel
from twin.motion.limits import axis_limits, speed_limit
from twin.motion.profile import V, plan_velocity, segment_count, speed_change_distance
from twin.records import (
    CONTINUOUS_MOTION,
    ERROR_STOP,
    FOUR_ROPE,
    STANDSTILL,
    STOPPING,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    TRIP_SWAY,
    YAW,
    Command,
    Control,
    Image,
    Params,
    X,
    Y,
    Z,
)
from twin.records.causes import (
    IN_ERROR_STOP,
    TRIP_PENDING,
    VELOCITY,
)

SILENCE_S = 0.25
"""Age of setpoints at which the axes stop: five periods of a 20 Hz policy [estimate: heartbeat of 100 to 500 ms, domain
5]."""
BESIDE_M, ASKEW_RAD = 0.04, 0.03
"""Largest correction of a low pack from where the scanner sees the seat: the guides' capture (25 mm) and the search
beside it, and twice a parked truck's yaw, which moves a corner of the pack as far [estimate]."""
OFF_SEAT_SHARE = 1.5
"""Multiple of that offset from its seat at which a pack does not come below the clearance height [estimate: what the
scanner's noise adds to the above; neighbours are 0.1 m away]."""
DAMPED_M = 0.04
"""Swing of a load that is damped before any other motion: the largest residual of a hand-over, three times its limit
[estimate]."""
DAMPING = 0.35
"""Share of critical damping added by a trolley that follows its load with v = 2 zeta omega s."""
FORCE_SHARE = 0.75
"""Share of its force limit at which a drive that follows setpoints goes no farther that way: something holds the axis,
and the windup (ropes, springs) is released with a jerk when that lets go [estimate: the drives are made for twice what
motion takes]."""
GUIDE_MPS = 0.07
"""Highest speed at which a pack meets the tips of the guide pins [derived: a pack of 4 t at v hits a pin of 2e6 N/m
with v sqrt(k m) = 6.3 kN, about the lateral abort limit]."""
SWAY_SHARE = 2.0
"""Share of the hand-over limit of swing beyond which a pack waits over the pins: 30 mm, what guides may just capture
[derived: capture of 25 mm and the sensor's noise]."""
HELD_UP_SHARE = 0.5
"""Share of a pack's weight, supported by something else or pressed with beyond it, at which it goes no deeper
[estimate: several times the force of a jam]."""
EDGE_SHARE = 0.4
"""Share of the traverse deadband that is left just below the clearance height: a pack that rises and sinks there takes
another place as its middle [derived: both together stay within the machine's deadband]."""
SCANS_AHEAD = 1.5
"""Number of scans that a bound looks ahead: one until the next check, and half of one to spare."""


@kernel
def follows(c: Command) -> bool:
    """True if the command is one of velocity motion."""
    return c.follow > 0


@kernel
def may_follow(image: Image, control: Control, p: Params, c: Command, r: int) -> bool:
    """Permissive of velocity motion: no trip, healthy axes, setpoints and ramps within the limits of the axes."""
    if control.trip != TRIP_NONE:
        return refused(image, control, r, TRIP_PENDING, control.trip, 1.0, 0.0)
    carries = loaded(image, c, r)
    rounding = p.interlock_scale[TRIP_NONE] * (1.0 + 1e-9)
    for k in range(4):
        if math.isnan(c.velocity[k]):
            return refused(image, control, r, VELOCITY, k, -1.0, speed_limit(p, k, False))
        speed, acceleration, jerk = axis_limits(p, k, carries)
        good = (
            abs(c.velocity[k]) <= speed * rounding
            and 0.0 < c.acceleration[k] <= acceleration * rounding
            and 0.0 < c.jerk[k] <= jerk * rounding
            and image.axis_state[r, k] != ERROR_STOP
        )
        if not good and image.axis_state[r, k] == ERROR_STOP:
            return refused(image, control, r, IN_ERROR_STOP, k, 1.0, 0.0)
        if not good and abs(c.velocity[k]) > speed * rounding:
            return refused(image, control, r, VELOCITY, k, abs(c.velocity[k]), speed)
        if not good:
            given = (speed, c.acceleration[k], c.jerk[k])
            return refuse_ramps(image, control, r, k, given, (speed, acceleration, jerk))
    return True


@kernel
def braking_distance(
    speed: float, acceleration: float, end_speed: float, a_max: float, j_max: float, ahead_s: float
) -> float:
    """Distance in which an axis slows to `end_speed` if it begins `ahead_s` from now and gains speed until then, in u.

    It first ends its acceleration, then brakes: a little too long if it is already braking.
    """
    a = min(acceleration + j_max * ahead_s, a_max)
    v = max(speed + a * ahead_s, 0.0)
    released = max(v + a * abs(a) / (2.0 * j_max), 0.0)
    if max(v, released) <= end_speed:
        return 0.0
    release_distance = max(v, released) * abs(a) / j_max
    return max(v, speed) * ahead_s + release_distance + speed_change_distance(released, end_speed, a_max, j_max)


@kernel
def bounded(image: Image, control: Control, p: Params, c: Command, r: int, k: int, wanted: float, dt_s: float) -> float:
    """Bounded setpoint of axis `k` in this scan, given `wanted` (m/s or rad/s)."""
    if wanted == 0.0:
        return 0.0
    here = image.reference[r, k, 0]
    low, high = p.axis_min[r, k], p.axis_max[r, k]
    if (k == X or k == Y) and loaded(image, c, r) and below_clearance(image, p, r, 0.0):
        aside_m = p.traverse_deadband_m * p.interlock_scale[TRIP_LOW_TRAVERSE]
        if not below_clearance(image, p, r, 2.0 * HEIGHT_TOLERANCE_M):
            aside_m *= EDGE_SHARE
        low = max(low, control.low_xy[r, k] - aside_m)
        high = min(high, control.low_xy[r, k] + aside_m)
    if k != Z and c.seat >= 0 and image.scan_count[r] > 0 and below_clearance(image, p, r, 0.0):
        at = seat_target(p, c.seat, image.scan_pose[r], False)
        middle, beside = (at[3], ASKEW_RAD) if k == YAW else (at[0] if k == X else at[1], BESIDE_M)
        beside *= p.interlock_scale[TRIP_SWAY]
        if p.interlock_off[TRIP_SWAY] == 0:
            low, high = max(low, middle - beside), min(high, middle + beside)
    sign = 1.0 if wanted > 0.0 else -1.0
    speed, gains = sign * image.reference[r, k, 1], sign * image.reference[r, k, 2]
    a, j, ahead_s = c.acceleration[k], c.jerk[k], SCANS_AHEAD * dt_s
    left = high - here if wanted > 0.0 else here - low
    if braking_distance(speed, gains, 0.0, a, j, ahead_s) >= left:
        return 0.0
    if k == Z and p.retract * wanted < 0.0:
        if _beside_seat(image, p, c, r) and below_clearance(
            image, p, r, -braking_distance(speed, gains, 0.0, a, j, ahead_s)
        ):
            return 0.0
        height = 0.0 if math.isnan(c.seat_z) else p.retract * (here - c.seat_z)
        return sign * _inwards(image, p, r, height, abs(wanted), (speed, gains), (a, j), ahead_s)
    return wanted


@kernel
def _beside_seat(image: Image, p: Params, c: Command, r: int) -> bool:
    """True if robot `r` is farther from above its seat than a pack may enter: other packs or the cab are there."""
    if c.seat < 0 or image.scan_count[r] == 0 or not loaded(image, c, r) or p.interlock_off[TRIP_SWAY] == 1:
        return False
    at, share = seat_target(p, c.seat, image.scan_pose[r], False), OFF_SEAT_SHARE * p.interlock_scale[TRIP_SWAY]
    beside = max(abs(image.axis_position[r, X] - at[0]), abs(image.axis_position[r, Y] - at[1])) > share * BESIDE_M
    return beside or abs(image.axis_position[r, YAW] - at[3]) > share * ASKEW_RAD


@kernel
def _inwards(
    image: Image, p: Params, r: int, height: float, wanted: float, now: Any, most: Any, ahead_s: float
) -> float:
    """Allowed speed of hoist or lift towards the seat at `height` over it, given `wanted`.

    `now` and `most` are speed and acceleration, and the limits of acceleration and jerk.
    """
    over_pins = height - p.guide_length_m - p.contact_zone_m
    sway2 = image.sway_m[r, 0] * image.sway_m[r, 0] + image.sway_m[r, 1] * image.sway_m[r, 1]
    swings = sway2 > (SWAY_SHARE * p.sway_limit_m) ** 2 and height > p.guide_length_m
    if swings and braking_distance(now[0], now[1], 0.0, most[0], most[1], ahead_s) >= over_pins:
        return 0.0
    if wanted > p.contact_speed_mps:
        slow = braking_distance(now[0], now[1], p.contact_speed_mps, most[0], most[1], ahead_s)
        if slow >= height - p.contact_zone_m:
            return p.contact_speed_mps
    if wanted > GUIDE_MPS and braking_distance(now[0], now[1], GUIDE_MPS, most[0], most[1], ahead_s) >= over_pins:
        return max(GUIDE_MPS, p.contact_speed_mps)
    return wanted


@kernel
def held_back(image: Image, p: Params, r: int, k: int, wanted: float) -> bool:
    """True if axis `k`, moving towards `wanted` or stopping, meets resistance, by the force of its drive.

    Not for hoist and lift, which carry a weight: load cell and overload interlock watch them.
    """
    towards = wanted if wanted != 0.0 else image.reference[r, k, 1]
    return (
        k != Z
        and towards * image.axis_force_n[r, k] > 0.0
        and abs(image.axis_force_n[r, k]) > FORCE_SHARE * p.axis_force_limit[k]
    )


@kernel
def damped(image: Image, control: Control, p: Params, r: int, k: int, wanted: float) -> float:
    """Setpoint of axis x or y of robot `r`, given `wanted`: while its load has a large swing, the one that damps it.

    It lasts half a period beyond the last large swing, so that the load has been seen on both sides.
    """
    if p.reeving != FOUR_ROPE or p.interlock_off[TRIP_SWAY] == 1:
        return wanted
    omega = math.sqrt(p.gravity_mps2 / (p.sheave_height_m - image.axis_position[r, Z]))
    sway2 = image.sway_m[r, 0] * image.sway_m[r, 0] + image.sway_m[r, 1] * image.sway_m[r, 1]
    if sway2 > (DAMPED_M * p.interlock_scale[TRIP_SWAY]) ** 2:
        control.swayed_s[r] = image.clock_s
    if image.clock_s - control.swayed_s[r] > math.pi / omega:
        return wanted
    most = speed_limit(p, k, True)
    return min(max(2.0 * DAMPING * omega * image.sway_m[r, k], -most), most)


@kernel
def held_up(image: Image, control: Control, p: Params, c: Command, r: int, wanted: float) -> bool:
    """True if something before the seat supports a pack that is to be inserted, or is pressed by it.

    By the load cell's fast channel.
    """
    if p.retract * wanted >= 0.0 or math.isnan(c.seat_z) or control.carried_kg[r] <= 0.0:
        return False
    spare_n = image.load_raw_n[r] - (p.e_mass_kg + control.carried_kg[r]) * p.gravity_mps2
    pads = pads_made(image, c.seat) if c.seat >= 0 else 0
    lands = landing(p.retract * (image.axis_position[r, Z] - c.seat_z), pads)
    return not lands and abs(spare_n) > HELD_UP_SHARE * control.carried_kg[r] * p.gravity_mps2


@kernel
def follow_setpoints(image: Image, control: Control, p: Params, c: Command, r: int, dt_s: float) -> None:
    """Run one scan of velocity motion: plan every axis from its present reference to its bounded setpoint."""
    stale = image.clock_s - control.setpoint_s[r] > SILENCE_S
    for k in range(4):
        wanted = 0.0 if stale else c.velocity[k]
        if not stale and (k == X or k == Y):
            wanted = damped(image, control, p, r, k, wanted)
        wanted = bounded(image, control, p, c, r, k, wanted, dt_s)
        profile = image.profile[r, k]
        following = image.axis_state[r, k] == CONTINUOUS_MOTION
        if following and held_back(image, p, r, k, wanted):  # it stops where it is, not where its reference is
            wanted = 0.0
            let_go(image, r, k)
        elif k == Z and following and held_up(image, control, p, c, r, wanted):
            wanted = 0.0
            image.reference[r, k, 0], image.reference[r, k, 1] = image.axis_position[r, k], 0.0
            image.reference[r, k, 2] = 0.0
            image.integral_reset[r] |= 1 << k
        elif following and profile[V, segment_count(profile)] == wanted:
            continue
        if not following and wanted == 0.0:
            continue
        plan_velocity(
            profile,
            image.reference[r, k, 0],
            image.reference[r, k, 1],
            image.reference[r, k, 2],
            wanted,
            c.acceleration[k],
            c.jerk[k],
        )
        follow_profile(image, r, k, image.clock_s, CONTINUOUS_MOTION)


@kernel
def stop_following(image: Image, p: Params, r: int) -> None:
    """End velocity motion: every axis that follows setpoints stops at its limits."""
    for k in range(4):
        if k != Z and image.axis_state[r, k] == CONTINUOUS_MOTION:
            stop_axis(image, p, r, k, image.clock_s, STOPPING)


@kernel
def all_stand(image: Image, r: int) -> bool:
    """True if every axis of robot `r` is at a standstill."""
    for k in range(4):
        if image.axis_state[r, k] != STANDSTILL:
            return False
    return True
