"""Landing of an empty end effector on a pack, and of a pack in its seat: each waits over the guides until it is calm.

Its corner guides reach over the pack's edge. Beside the pack, or swinging, they would hit its side at the speed of axis
or load: 40 kN at 0.4 m/s, which bends a guide pin. So axis z stops just beyond their reach and waits until encoders and
sway sensor have shown it within the guides' capture for most of half a swing. A pack that comes down without having
settled first waits in the same way over the pins of its seat.
"""

from __future__ import annotations

import math

from twin.control.readings import stopping_way, target_of
from twin.control.sway_damping import damp_sway, hold_target
from twin.geometry import planar
from twin.motion.drives import stop_axis
from twin.motion.kernels import kernel
from twin.motion.profile import plan_rest_to_rest, plan_with_creep
from twin.records import (
    DISCRETE_MOTION,
    FLOATING_TABLE,
    FOUR_ROPE,
    HANDED_OVER_LOW,
    STANDSTILL,
    STOPPING,
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

LET_OFF_M, LET_OFF_CAPTURES = 0.07, 1.75
"""Clearance past the guides: at 35 deg they reach 1.43 times their capture below the grip plane (40 mm: 57 mm)."""
CAUGHT_SHARE = 0.75
"""Share of the guides' capture within which the end effector must be [estimate: the rest is for the scanner, and for
residual swing]."""
CALM_SHARE = 0.65
"""Share of half a swing for which it must be that near: a swing of more than 1 / sin(0.65 * 90 deg) = 1.17 times as
much has left by then [derived: 35 mm with a capture of 40 mm; on 4 m of rope that is 0.05 m/s]."""
CALM_S = 0.5
"""The same for an end effector without ropes: several periods of a mast or a floating table [estimate]."""
ASKEW_RAD = 0.03
"""Yaw error at which a corner of the end effector is off by the guides' capture [derived: 40 mm over half of a diagonal
of 2.6 m]."""
OVER_PINS_M = 0.04
"""Height over the guide pins at which a pack waits: what truck and pack tilt over half a pack's width [estimate]."""
STOPPED_SHORT_M = 0.01
"""Distance from its target at which a finished motion of axis z counts as stopped, above its repeatability."""


@kernel
def plan_z(image: Image, c: Command, r: int, target: float) -> None:
    """Plan axis z from its present reference, at rest, to `target`, creeping from `c.creep_at` on if that is a number.

    Args:
        target: position in m; `c.target` with the scatter of a real axis, inside its stroke
    """
    start, profile = image.reference[r, Z, 0], image.profile[r, Z]
    v, a, j = c.velocity[Z], c.acceleration[Z], c.jerk[Z]
    if math.isnan(c.creep_at):
        plan_rest_to_rest(profile, start, target, v, a, j)
        return
    creep_at = c.creep_at
    if (creep_at - start) * (target - start) < 0.0:
        creep_at = start
    elif abs(creep_at - start) > abs(target - start):
        creep_at = target
    plan_with_creep(profile, start, creep_at, target, v, c.creep_speed_mps, a, j)


@kernel
def off_target_m(image: Image, control: Control, r: int) -> float:
    """Distance of robot `r`'s end effector from above its axes' targets, by encoders and sway sensor, m."""
    dx, dy = _to_go(image, control, r, X) - image.sway_m[r, 0], _to_go(image, control, r, Y) - image.sway_m[r, 1]
    return planar(dx, dy)


@kernel
def _to_go(image: Image, control: Control, r: int, k: int) -> float:
    """Distance of axis `k` from its target, m or rad: at standstill its control error."""
    return hold_target(image, control, r, k) - image.axis_position[r, k]


@kernel
def capture_offset_m(p: Params) -> float:
    """Largest offset at which the guides still capture a landing end effector, m."""
    return CAUGHT_SHARE * p.flipper_capture_m


@kernel
def waiting_height_m(p: Params) -> float:
    """Height over its pack at which an end effector waits, m."""
    return max(LET_OFF_M, LET_OFF_CAPTURES * p.flipper_capture_m)


@kernel
def calm_s(image: Image, p: Params, r: int) -> float:
    """Time for which robot `r`'s end effector must be over its pack before it comes nearer, s."""
    if p.reeving != FOUR_ROPE:
        return CALM_S
    rope_m = max(p.sheave_height_m - image.axis_position[r, Z], 0.0)
    return CALM_SHARE * math.pi * math.sqrt(rope_m / p.gravity_mps2)


@kernel
def stopped_short(image: Image, p: Params, c: Command, r: int) -> bool:
    """True if the landing or the insertion `c` of robot `r` has stopped over its pack or seat, and waits."""
    return p.retract * (target_of(image, r, Z) - c.target[Z]) > STOPPED_SHORT_M


@kernel
def waits_over_pack(image: Image, control: Control, p: Params, c: Command, r: int, dt_s: float) -> bool:
    """Run one scan of the landing `c`: stop axis z if the end effector is not calm over the pack, else go on.

    Returns True while it waits. `c.seat_z` is where contact is expected; within the guides' reach there is no condition
    any more, as they lead the end effector.
    """
    if math.isnan(c.seat_z):
        return False
    waits = False
    if p.interlock_off[TRIP_SWAY] == 0:
        most_m = capture_offset_m(p) * p.interlock_scale[TRIP_SWAY]
        askew = abs(_to_go(image, control, r, YAW)) > ASKEW_RAD * p.interlock_scale[TRIP_SWAY]
        off = askew or off_target_m(image, control, r) > most_m
        control.hold_s[r] = 0.0 if off else control.hold_s[r] + dt_s
        waits = _waits(image, p, c, r, control.hold_s[r] >= calm_s(image, p, r), waiting_height_m(p))
    damp_sway(image, control, p, c, r, waits or _height_m(image, p, c, r) > waiting_height_m(p), dt_s)
    return waits


@kernel
def waits_over_seat(image: Image, control: Control, p: Params, c: Command, r: int, dt_s: float) -> bool:
    """Run one scan of the insertion `c`: stop axis z over the pins of the seat while the pack sways, else go on.

    Returns True while it waits. A pack that a table carries does not sway.
    """
    if c.calm_m <= 0.0 or math.isnan(c.seat_z) or p.reeving == FLOATING_TABLE:
        return False
    wait_m = p.guide_length_m + OVER_PINS_M
    if image.hand_over[r] == HANDED_OVER_LOW and _height_m(image, p, c, r) <= wait_m:
        image.hand_over[r] = 1
    waits = False
    if p.interlock_off[TRIP_SWAY] == 0:
        most_m = c.calm_m * p.interlock_scale[TRIP_SWAY]
        sways = planar(image.sway_m[r, 0], image.sway_m[r, 1]) > most_m
        if control.damping[r] != 0:  # the trolley must be back, too
            sways = sways or planar(_to_go(image, control, r, X), _to_go(image, control, r, Y)) > most_m
        control.hold_s[r] = 0.0 if sways else control.hold_s[r] + dt_s
        waits = _waits(image, p, c, r, control.hold_s[r] >= calm_s(image, p, r), wait_m)
    damp_sway(image, control, p, c, r, waits or _height_m(image, p, c, r) > wait_m, dt_s)
    return waits


@kernel
def _height_m(image: Image, p: Params, c: Command, r: int) -> float:
    """Height of robot `r` over where contact is expected, m."""
    return p.retract * (image.axis_position[r, Z] - c.seat_z)


@kernel
def _waits(image: Image, p: Params, c: Command, r: int, calm: bool, wait_m: float) -> bool:
    """Stop axis z so that it waits `wait_m` over `c.seat_z`, or let it go on; True while it waits."""
    state = image.axis_state[r, Z]
    if stopped_short(image, p, c, r):
        if state == STANDSTILL and calm:
            plan_z(image, c, r, c.target[Z])
            image.profile_start_s[r, Z] = image.clock_s
            image.axis_state[r, Z] = DISCRETE_MOTION
            return False
        return True
    height_m = _height_m(image, p, c, r)
    comes_m = -p.retract * stopping_way(image, p, r, Z)
    if not calm and state == DISCRETE_MOTION and height_m > wait_m and height_m - comes_m < wait_m:
        stop_axis(image, p, r, Z, image.clock_s, STOPPING)
        return True
    return False
