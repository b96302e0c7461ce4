"""Interlocks of the controller: conditions that trip the running station; permissives may refuse a command.

They read sensors only (`axis_position`, `load_cell_n`, switches, the last scan) and trust no command about what the
robot holds. The independent monitor in `twin.monitor` shares nothing with them.
"""

from __future__ import annotations

import math
from typing import Any

from twin.control.feed_forward import highest_speed
from twin.control.load_plausibility import drive_load_n, friction_n, load_implausible, overload_unconfirmed, zeroing
from twin.control.reasons import first_lock_not, note_trip
from twin.geometry import planar
from twin.motion.drives import STOP_JERK, stop_axis
from twin.motion.kernels import kernel
from twin.motion.profile import end_position
from twin.records import (
    ERROR_STOP,
    FLOATING_TABLE,
    LOAD_UNKNOWN,
    STANDSTILL,
    TRIP_DISTANCE,
    TRIP_ESTOP,
    TRIP_FOLLOWING,
    TRIP_LATERAL,
    TRIP_LOAD_IMPLAUSIBLE,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    TRIP_OVERLOAD,
    TRIP_POWER,
    TRIP_TRUCK_MOVED,
    UNTIL_SEATED,
    Command,
    Control,
    Image,
    Params,
    X,
    Z,
)
from twin.records.causes import (
    BUTTON,
    DISTANCE,
    DRIVE_FORCE,
    DRIVE_POWER,
    FOLLOWING,
    LATERAL,
    LOAD,
    LOW_TRAVEL,
    OVERSPEED,
    OVERTRAVEL,
    PULL_ON_TABLE,
    RISE,
    TRUCK_SHIFT,
)
from twin.records.scan_parts import ACTUATORS, ALL_ROBOTS, ROBOT_MOVED, TRUCK_MOVED

HEIGHT_TOLERANCE_M = 0.01
"""Slack for rope stretch and control error when heights are compared [estimate]."""
SNAG_FRACTION = 0.3
"""Share of the rated load with which a table that pulls on its load is caught on a lock [estimate: several times the
pull test]."""
OVERLOAD_S = 0.095
"""Time of an overload that trips. A pack that comes off its pads bounces on the ropes, at about 7 Hz, half of it over
its weight, which is no overload yet [estimate]."""
OVERLOAD_STEP, NOISE_S = 0.1, 0.015
"""Excess over the limit, as a share of the rated load, that is no bounce: two scans are enough [estimate]."""
OVERSPEED_MARGIN = (0.016, 0.016, 0.016, 0.008)
"""Excess of an axis over the highest speed with its load, m/s and rad/s, at which its drive has lost control of it
[estimate: twice what the drive may take to catch up; a tenth below what the machine may reach]."""
LIMIT_SWITCH = (0.003, 0.003, 0.003, 0.0012)
"""Travel past the end of its stroke, m and rad, at which an axis that still moves has met its limit switch [estimate:
control error and repeatability]."""
LOST_SHARE = 0.25
"""Share of its following limit up to which an axis off its reference still stops along it; beyond, it stops from where
it is [estimate]."""
REACTION_S = 0.05
"""From a trip to the drive: one scan, and the time constant of the velocity loop [estimate]."""
LATERAL_SHARE = 0.9
"""Share of the lateral abort limit that trips, or ends an insertion: the rest is for the stop [derived: the monitor
reports the whole limit, a tenth more]."""
RISE_SHARE = 0.85
"""Share of the creep-out height at which a hoist or lift with a lock not open stops [estimate: its stopping distance is
known to a few per cent; the monitor reports the whole height]."""
DISTANCE_MARGIN_M = 0.03
"""Distance between two robots beyond their length [derived: a tenth more than what the monitor reports; packs and seats
a pitch of 50 mm more than that length apart are still reached by both]."""
DISTANCE_TOLERANCE_M = 0.01
"""Overlap of two robots' stopping distances that counts as control error [estimate]."""


@kernel
def locks_open(image: Image, p: Params, s: int) -> bool:
    """True if every lock of seat `s` reports open."""
    n = 0
    for i in range(p.seat_locks[s]):
        n += image.lock_open[s, i]
    return n == p.seat_locks[s]


@kernel
def locks_closed(image: Image, p: Params, s: int) -> bool:
    """True if every lock of seat `s` reports closed on a pack."""
    n = 0
    for i in range(p.seat_locks[s]):
        n += image.lock_closed[s, i]
    return n == p.seat_locks[s]


@kernel
def all_present(image: Image, s: int) -> bool:
    """True if all four pad switches of seat `s` are made."""
    return (
        image.seat_present[s, 0] + image.seat_present[s, 1] + image.seat_present[s, 2] + image.seat_present[s, 3] == 4
    )


@kernel
def grips_closed(image: Image, r: int) -> bool:
    """True if all four grips of robot `r` report closed on a pack."""
    return image.grip_closed[r, 0] + image.grip_closed[r, 1] + image.grip_closed[r, 2] + image.grip_closed[r, 3] == 4


@kernel
def grips_open(image: Image, r: int) -> bool:
    """True if all four grips of robot `r` report open."""
    return image.grip_open[r, 0] + image.grip_open[r, 1] + image.grip_open[r, 2] + image.grip_open[r, 3] == 4


@kernel
def loaded(image: Image, c: Command, r: int) -> bool:
    """True if robot `r` carries a pack: the sequence says so, or any grip reports one."""
    return (
        c.carrying >= 0
        or image.grip_closed[r, 0] + image.grip_closed[r, 1] + image.grip_closed[r, 2] + image.grip_closed[r, 3] > 0
    )


@kernel
def below_clearance(image: Image, p: Params, r: int, on_its_way_m: float) -> bool:
    """True if a carried pack is too low (top_lift) or too high (chassis) to traverse, or will be when axis z stands.

    `on_its_way_m` is the distance that axis z still retracts; negative: it approaches.
    """
    mating = image.axis_position[r, Z] - p.retract * p.pack_height_m
    return p.retract * (mating - p.clearance_height_m) + on_its_way_m < -HEIGHT_TOLERANCE_M


@kernel
def target_of(image: Image, r: int, k: int) -> float:
    """Target of axis `k` of robot `r`."""
    return end_position(image.profile[r, k])


@kernel
def stopping_way(image: Image, p: Params, r: int, k: int) -> float:
    """Signed stopping distance of axis `k` of robot `r` from now, in m or rad.

    It is a little too long rather than too short: speed still grows while the drive reverses its acceleration.
    """
    speed, a, j = abs(image.reference[r, k, 1]), p.axis_acceleration[k], STOP_JERK * p.axis_jerk[k]
    sign = 1.0 if image.reference[r, k, 1] > 0.0 else -1.0
    gains = max(sign * image.reference[r, k, 2], 0.0)
    turning_s = gains / j + REACTION_S
    speed += 0.5 * gains * gains / j if speed > 0.0 else 0.0
    lead = sign * (image.reference[r, k, 0] - image.axis_position[r, k])  # it stops at the end of its reference
    return sign * (speed * (0.5 * speed / a + 0.5 * a / j + turning_s) + max(lead, 0.0)) if speed > 0.0 else 0.0


@kernel
def lateral_limit_n(p: Params) -> float:
    """Lateral force that trips, or ends an insertion, once it has lasted for the reaction time, N."""
    return LATERAL_SHARE * p.lateral_abort_n * p.interlock_scale[TRIP_LATERAL]


@kernel
def truck_shift_m(image: Image, control: Control, p: Params) -> float:
    """Largest displacement of the truck's seats in the plane since the truck was measured."""
    dx, dy = image.truck_seen_m[0] - control.truck_reference[0], image.truck_seen_m[1] - control.truck_reference[1]
    turn = image.truck_seen_m[2] - control.truck_reference[2]
    worst = dx * dx + dy * dy
    for s in range(p.seats):
        if p.seat_on_truck[s] == 1:
            x, y = dx - turn * p.seat_xyz_m[s, 1], dy + turn * p.seat_xyz_m[s, 0]
            worst = max(worst, x * x + y * y)
    return math.sqrt(worst)


@kernel
def load_share(image: Image, p: Params, r: int) -> float:
    """Load over rated load by the load cell's fast channel; a table that pulls at its pack counts as overloaded.

    Hoist and lift also use the force of their own drive: they do not pull on with a failed load cell.
    """
    rated_n = p.rated_load_kg * p.gravity_mps2
    share = image.load_raw_n[r] / rated_n
    if p.reeving == FLOATING_TABLE and share < -SNAG_FRACTION:
        share = p.overload_fraction + OVERLOAD_STEP
    if image.brake[r, Z] == 0:
        # friction helps a drive that lowers; at rest its sign is unknown, and it counts as hoisting
        friction = -friction_n(image, p, r) if image.axis_speed[r, Z] < 0.0 else friction_n(image, p, r)
        share = max(share, (drive_load_n(image, p, r, 0.0) - friction) / rated_n)
    return share


@kernel
def find_trip(image: Image, control: Control, p: Params, commands: Any, dt_s: float, anew: int) -> int:
    """Reason to trip in this scan, or TRIP_NONE. `anew` as for `twin.runner.scan.plc_scan_unobserved`."""
    off, scale = p.interlock_off, p.interlock_scale
    if image.power_off_seen == 1 and off[TRIP_POWER] == 0:
        note_trip(control, -1, DRIVE_POWER, -1, 0.0, 1.0)
        return TRIP_POWER
    if image.estop_seen == 1 and off[TRIP_ESTOP] == 0:
        note_trip(control, -1, BUTTON, -1, 1.0, 0.0)
        return TRIP_ESTOP
    if anew & ACTUATORS:
        for s in range(p.seats):
            if control.pull_tested[s] != 0 and not locks_closed(image, p, s):
                control.pull_tested[s] = 0  # the tested locks have been opened
    zeroes = zeroing(control, p, commands)
    for r in range(p.robots):
        c = commands[r]
        if load_implausible(image, control, p, c, r, zeroes, dt_s) and off[TRIP_LOAD_IMPLAUSIBLE] == 0:
            return TRIP_LOAD_IMPLAUSIBLE
        share = load_share(image, p, r)
        most = p.overload_fraction * scale[TRIP_OVERLOAD]
        control.load_s[r] = control.load_s[r] + dt_s if share > most else 0.0
        bounce_s = OVERLOAD_S if share < most + OVERLOAD_STEP else NOISE_S
        if control.load_s[r] > bounce_s and off[TRIP_OVERLOAD] == 0:
            if off[TRIP_LOAD_IMPLAUSIBLE] == 0 and overload_unconfirmed(image, control, p, r):
                return TRIP_LOAD_IMPLAUSIBLE
            note_overload(image, control, p, r, share)
            return TRIP_OVERLOAD
        # mostly there is none: a square root takes longer than this test
        pushed = image.lateral_n[r, 0] != 0.0 or image.lateral_n[r, 1] != 0.0
        abort_n = lateral_limit_n(p)
        pushed = pushed and planar(image.lateral_n[r, 0], image.lateral_n[r, 1]) > abort_n and off[TRIP_LATERAL] == 0
        control.force_s[r] = control.force_s[r] + dt_s if pushed else 0.0
        if c.inserting == 0 and control.force_s[r] > p.reaction_time_s:
            note_trip(control, r, LATERAL, -1, planar(image.lateral_n[r, 0], image.lateral_n[r, 1]), abort_n)
            return TRIP_LATERAL
        if not anew & (ROBOT_MOVED << r):
            continue
        if c.seat >= 0 and (c.grip == 1 or c.until == UNTIL_SEATED):
            control.hold_seat[r] = c.seat
            control.hold_deepest[r] = image.axis_position[r, Z]
        low = below = False
        if loaded(image, c, r):
            s = control.hold_seat[r]
            way = p.retract * stopping_way(image, p, r, Z)
            if p.retract * (control.hold_deepest[r] - image.axis_position[r, Z]) > 0.0:
                control.hold_deepest[r] = image.axis_position[r, Z]
            # a table takes its pack's weight with its own stroke; ropes may lie slack at their lowest position
            rest = control.hold_deepest[r] if p.reeving == FLOATING_TABLE else control.hold_height[r]
            rise = p.retract * (image.axis_position[r, Z] - rest)
            stuck_m = RISE_SHARE * p.creep_out_height_m * scale[TRIP_LOCK]
            if s >= 0 and rise + way > stuck_m:
                if not locks_open(image, p, s):
                    if way > 0.0 and off[TRIP_LOCK] == 0:
                        lock, _ = first_lock_not(image, p, s, 0)
                        note_trip(control, r, RISE, lock, rise + way, stuck_m)
                        return TRIP_LOCK
                elif rise > p.creep_out_height_m:
                    control.hold_seat[r] = -1  # the pack has left its seat
            low = below_clearance(image, p, r, min(way, 0.0))
            below = below_clearance(image, p, r, 0.0)
        for k in range(2):
            if not below:
                control.low_xy[r, k] = image.axis_position[r, k]
            if not low:
                continue
            away = abs(image.axis_position[r, k] + stopping_way(image, p, r, k) - control.low_xy[r, k])
            aside_m = p.traverse_deadband_m * scale[TRIP_LOW_TRAVERSE] + HEIGHT_TOLERANCE_M
            if away > aside_m and off[TRIP_LOW_TRAVERSE] == 0:
                note_trip(control, r, LOW_TRAVEL, k, away, aside_m)
                return TRIP_LOW_TRAVERSE
        out_of_control, loose = False, scale[TRIP_FOLLOWING]
        for k in range(4):  # without a branch: mostly nothing is wrong
            at = image.axis_position[r, k]
            error = abs(image.reference[r, k, 0] - at)
            out_of_control |= (image.brake[r, k] == 0) & (error > p.axis_following_limit[k] * loose)
            out_of_control |= abs(image.axis_speed[r, k]) > loose * (
                _highest_speed(image, p, c, r, k) + OVERSPEED_MARGIN[k]
            )
            out_of_control |= (image.brake[r, k] == 0) & (overtravel(image, p, r, k) > LIMIT_SWITCH[k] * loose)
        if out_of_control and off[TRIP_FOLLOWING] == 0:
            note_astray(image, control, p, c, r)
            return TRIP_FOLLOWING
    if p.robots == 2 and anew & ALL_ROBOTS and off[TRIP_DISTANCE] == 0:
        gap = abs(image.axis_position[0, X] - image.axis_position[1, X])
        side = 1.0 if image.axis_position[0, X] > image.axis_position[1, X] else -1.0
        # stopping positions, a little too near: robots that approach neighbouring seats come closer than they stand
        left = gap + side * (stopping_way(image, p, 0, X) - stopping_way(image, p, 1, X))
        least_m = (p.robot_length_m + DISTANCE_MARGIN_M) / scale[TRIP_DISTANCE] - DISTANCE_TOLERANCE_M
        left_m = p.robot_length_m / scale[TRIP_DISTANCE] - DISTANCE_TOLERANCE_M
        if gap < least_m or left < left_m:
            note_trip(control, -1, DISTANCE, X, min(gap, left), least_m if gap < least_m else left_m)
            return TRIP_DISTANCE
    watched = anew & TRUCK_MOVED and image.truck_released == 0 and off[TRIP_TRUCK_MOVED] == 0
    shifted_m = p.truck_moved_m * scale[TRIP_TRUCK_MOVED]
    if watched and truck_shift_m(image, control, p) > shifted_m:
        note_trip(control, -1, TRUCK_SHIFT, -1, truck_shift_m(image, control, p), shifted_m)
        return TRIP_TRUCK_MOVED
    return TRIP_NONE


@kernel
def note_overload(image: Image, control: Control, p: Params, r: int, share: float) -> None:
    """Record the overload of robot `r`: the load, the force of its hoist or lift, or a pull on its table.

    `share` is the result of `load_share`.
    """
    rated_n = p.rated_load_kg * p.gravity_mps2
    load_n, value_n = image.load_raw_n[r], share * rated_n
    limit_n = p.overload_fraction * rated_n
    if p.reeving == FLOATING_TABLE and load_n < -SNAG_FRACTION * rated_n:
        note_trip(control, r, PULL_ON_TABLE, Z, load_n, -SNAG_FRACTION * rated_n)
    elif value_n > load_n * (1.0 + 1e-12):
        note_trip(control, r, DRIVE_FORCE, Z, value_n, limit_n)
    else:
        note_trip(control, r, LOAD, Z, load_n, limit_n)


@kernel
def overtravel(image: Image, p: Params, r: int, k: int) -> float:
    """Travel of axis `k` beyond the end of its stroke while it still moves that way, m or rad; else 0."""
    at, speed = image.axis_position[r, k], image.axis_speed[r, k]
    if at > p.axis_max[r, k] and speed > 0.0:
        return at - p.axis_max[r, k]
    if at < p.axis_min[r, k] and speed < 0.0:
        return p.axis_min[r, k] - at
    return 0.0


@kernel
def _highest_speed(image: Image, p: Params, c: Command, r: int, k: int) -> float:
    """Highest speed of axis `k` with the load of robot `r`, by its sequence or its grips, m/s or rad/s."""
    return p.axis_velocity_loaded[k] if c.carrying >= 0 else highest_speed(image, p, r, k)


@kernel
def note_astray(image: Image, control: Control, p: Params, c: Command, r: int) -> None:
    """Record the axis of robot `r` that has lost its reference, is too fast or beyond its stroke.

    Of several, it records the one with the largest excess.
    """
    most, loose = 0.0, p.interlock_scale[TRIP_FOLLOWING]
    for k in range(4):
        at = image.axis_position[r, k]
        error, allowed = abs(image.reference[r, k, 0] - at), p.axis_following_limit[k] * loose
        if image.brake[r, k] == 0 and error > allowed and error / allowed > most:
            most = error / allowed
            note_trip(control, r, FOLLOWING, k, error, allowed)
        speed, allowed = abs(image.axis_speed[r, k]), loose * (_highest_speed(image, p, c, r, k) + OVERSPEED_MARGIN[k])
        if speed > allowed and speed / allowed > most:
            most = speed / allowed
            note_trip(control, r, OVERSPEED, k, speed, allowed)
        beyond, allowed = overtravel(image, p, r, k), LIMIT_SWITCH[k] * loose
        if image.brake[r, k] == 0 and beyond > allowed and beyond / allowed > most:
            most = beyond / allowed
            note_trip(control, r, OVERTRAVEL, k, beyond, allowed)


@kernel
def let_go(image: Image, r: int, k: int) -> None:
    """Move the reference of axis `k` to the axis, at its speed, or at rest where its drive resists that speed."""
    image.reference[r, k, 0] = image.axis_position[r, k]
    image.reference[r, k, 1] = (
        image.axis_speed[r, k] if image.axis_speed[r, k] * image.axis_force_n[r, k] > 0.0 else 0.0
    )
    image.reference[r, k, 2] = 0.0


@kernel
def trip_station(image: Image, control: Control, p: Params, reason: int) -> None:
    """Stop every axis (category 1: controlled stop, then brake).

    An axis that is off its reference stops from where it is: catching up first would lengthen its stop. One that has
    lost it, is too fast or beyond its stroke is out of its drive's control and brakes immediately. At power loss all
    brakes set immediately, and so does that of a hoist or lift that is overloaded: against a caught pack every
    millimetre of a gentle stop adds load. With an unknown load, a drive whose feed-forward uses the load cell cannot
    stop it either. Grips that are still closing on a pack in its seat open again when the truck moves: it would drag
    the robot along.
    """
    control.trip = reason
    control.trip_t_s = image.clock_s
    for r in range(p.robots):
        closed = image.grip_closed[r, 0] + image.grip_closed[r, 1] + image.grip_closed[r, 2] + image.grip_closed[r, 3]
        s = control.hold_seat[r]
        if (
            reason == TRIP_TRUCK_MOVED
            and image.grip_command[r] == 1
            and closed == 0
            and s >= 0
            and all_present(image, s)
        ):
            image.grip_command[r] = 0
        for k in range(4):
            at = control.trip_q[r, k] = image.axis_position[r, k]
            error = abs(image.reference[r, k, 0] - at) / p.axis_following_limit[k]
            if error > LOST_SHARE:
                let_go(image, r, k)
            stop_axis(image, p, r, k, image.clock_s, ERROR_STOP)
            overloaded = reason == TRIP_OVERLOAD and k == Z and load_share(image, p, r) > p.overload_fraction
            runaway = abs(image.axis_speed[r, k]) > highest_speed(image, p, r, k) + OVERSPEED_MARGIN[k]
            runaway |= overtravel(image, p, r, k) > LIMIT_SWITCH[k] or error > 1.0
            if reason == TRIP_POWER or overloaded or runaway:
                image.brake[r, k] = 1
            if (
                reason == TRIP_LOAD_IMPLAUSIBLE
                and k == Z
                and r == control.trip_robot
                and control.load_kind[r] == LOAD_UNKNOWN
            ):
                image.brake[r, k] = 1


@kernel
def acknowledge(image: Image, control: Control, p: Params) -> bool:
    """Clear a trip whose cause is gone, once every axis stands braked: references jump to the axes' positions.

    Returns False, without effect, while the button is pressed, the power is off, an axis still moves, or nothing
    tripped.
    """
    if control.trip == TRIP_NONE or image.power_off_seen == 1 or image.estop_seen == 1:
        return False
    for r in range(p.robots):
        for k in range(4):
            if image.brake[r, k] == 0:
                return False
    control.trip = TRIP_NONE
    control.acknowledgements += 1
    for r in range(p.robots):
        for k in range(4):
            image.reference[r, k, 0] = image.axis_position[r, k]
            image.reference[r, k, 1] = 0.0
            image.reference[r, k, 2] = 0.0
            stop_axis(image, p, r, k, image.clock_s, STANDSTILL)
            image.integral_reset[r] |= 1 << k
            image.brake[r, k] = 0
    for i in range(3):
        control.truck_reference[i] = image.truck_seen_m[i]
    return True
