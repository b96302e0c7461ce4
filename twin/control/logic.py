"""The PLC's cyclic part: start a command, judge its status, and run one scan in order.

The sequence (plain Python) decides the next command; this module runs in every scan, for every plant.
"""

from __future__ import annotations

import math
from typing import Any

from twin.control.feed_forward import order_drives
from twin.control.interlocks.find import find_trip
from twin.control.interlocks.load import lateral_limit_n
from twin.control.interlocks.stop import acknowledge, trip_station
from twin.control.landing import calm_s, plan_z, stopped_short, waits_over_pack, waits_over_seat
from twin.control.load_plausibility import all_zeroed
from twin.control.permissives import permitted
from twin.control.readings import all_present, landing, locks_closed, locks_open
from twin.control.reasons import note_end, pads_made
from twin.control.velocity_motion import all_stand, follow_setpoints, follows, may_follow, stop_following
from twin.control.waits import ARRIVED_M, note_wait
from twin.geometry import planar
from twin.motion.drives import motion_end_s, stop_axis, update_axis_states
from twin.motion.kernels import inlined_kernel, kernel
from twin.motion.profile import evaluate, plan_rest_to_rest, plan_to_rest
from twin.motion.shaper import impulses
from twin.noise import normal
from twin.records import (
    BUSY,
    DISCRETE_MOTION,
    DONE,
    FLOATING_TABLE,
    FOLLOW_ON,
    FORCE_ABORT,
    HANDED_OVER_LOW,
    HANDED_OVER_STANDING,
    IDLE,
    JAM,
    REFUSED,
    S_REPEAT,
    STANDSTILL,
    STOPPING,
    TIMEOUT,
    TRIP,
    TRIP_NONE,
    UNTIL_ACTUATED,
    UNTIL_CLEAR,
    UNTIL_DONE,
    UNTIL_DWELL,
    UNTIL_LANDED,
    UNTIL_LOAD_ABOVE,
    UNTIL_LOAD_BELOW,
    UNTIL_NEAR,
    UNTIL_SCANNED,
    UNTIL_SEATED,
    UNTIL_SETTLED,
    Command,
    Control,
    Image,
    Params,
    Z,
)
from twin.records.causes import (
    AXIAL,
    LATERAL,
    NOT_CALM,
    OVER_PACK,
    PRESS,
)
from twin.records.scan_parts import ROBOT_MOVED

PRESS_LIMIT = 1.0
"""Share of the rated load at which pressing a block into its seat is given up: stopping takes some per cent more, and
the overload interlock trips at 110 % [estimate]."""
FOLLOWED_FRAMES = 30
"""Number of frames in the mean of the truck's pose while setpoints are followed, 3 s at 10 Hz: it may move a little
when it takes the load [estimate]."""
PULL_STOP_S, PULL_STOP_SHARE = 0.05, 0.95
"""Time for which a pull goes on after its end, and share of the overload cut-off below which it ends: the rocking on
the ropes takes 2 % more [estimate: measured with the heaviest pack at the highest speed of a pull]."""

COMMAND_ENDED = 1
"""Scan result for the runner: a robot waits for its next command."""


@kernel
def start_command(image: Image, control: Control, p: Params, c: Command, r: int) -> None:
    """Begin command `c` on robot `r`: plan its moves, command its actuators; REFUSED if not permitted.

    A command for an axis that is still in motion is buffered (PLCopen): it is Busy until that motion has ended. With
    `c.blending` axis z goes on from its present motion instead, and stops if the command is refused.
    """
    if c.follow == FOLLOW_ON and control.status[r] == BUSY and control.buffered[r] == 0:
        new_setpoints(image, control, p, c, r)
        return
    if c.acknowledge == 1:
        acknowledge(image, control, p)
    control.command_start_s[r] = image.clock_s
    control.setpoint_s[r] = image.clock_s
    control.hold_s[r] = 0.0
    control.damping[r] = 0
    control.observes_sway[r] = 0
    control.swing_m[r] = 0.0
    control.axial_s[r] = 0.0
    if not permitted(image, control, p, c, r) or (follows(c) and not may_follow(image, control, p, c, r)):
        control.status[r] = REFUSED
        if c.blending == 1 and image.axis_state[r, Z] == DISCRETE_MOTION:
            stop_axis(image, p, r, Z, image.clock_s, STOPPING)
        return
    control.status[r] = BUSY
    control.pending[r] = IDLE
    control.buffered[r] = 1 if waits_for_axis(image, c, r) else 0
    if control.buffered[r] == 1:
        return
    for k in range(4):
        if math.isnan(c.target[k]):
            continue
        start = image.reference[r, k, 0]
        # stopping positions differ by the axis' repeatability: one draw a move
        scatter = p.axis_repeatability[k] / 3.0 * normal(p.stream[S_REPEAT], control.repeat_count[r], 4 * r + k)
        target = min(max(c.target[k] + scatter, p.axis_min[r, k]), p.axis_max[r, k])
        if takes_over(image, c, r, k):
            at, speed, gains = evaluate(image.profile[r, k], image.clock_s - image.profile_start_s[r, k])
            plan_to_rest(image.profile[r, k], at, speed, gains, target, c.velocity[k], c.acceleration[k], c.jerk[k])
        elif k == Z:
            plan_z(image, c, r, target)
        else:
            plan_rest_to_rest(image.profile[r, k], start, target, c.velocity[k], c.acceleration[k], c.jerk[k])
        image.profile_start_s[r, k] = image.clock_s + c.delay_s[k]
        image.shaper_n[r, k] = impulses(
            c.shaper[k], c.shaper_hz[k], c.shaper_zeta, image.shaper_amplitude[r, k], image.shaper_time_s[r, k]
        )
        image.axis_state[r, k] = DISCRETE_MOTION
    control.repeat_count[r] += 1
    image.hand_over[r] = c.inserting
    if c.inserting == 1 and c.blending == 1:
        image.hand_over[r] = HANDED_OVER_LOW if c.calm_m > 0.0 else HANDED_OVER_STANDING
    if c.grip >= 0:
        image.grip_command[r] = c.grip
    if c.lock >= 0 and c.seat >= 0:
        image.lock_command[c.seat] = c.lock
    if c.float_lock >= 0:
        image.float_lock_command[r] = c.float_lock
    if c.pull_passed == 1 and c.seat >= 0:
        control.pull_tested[c.seat] = 1
    if c.release_truck == 1:
        image.truck_released = 1
    image.scan_window[r] = FOLLOWED_FRAMES if follows(c) else c.scan_samples
    if c.scan_samples > 0 and c.scan_kept == 0 and not follows(c):
        image.scan_anew[r] = 1


@kernel
def new_setpoints(image: Image, control: Control, p: Params, c: Command, r: int) -> None:
    """Continue velocity motion with new setpoints; setpoints that the axes may not have end it as REFUSED.

    While it is already ending they are late and have no effect.
    """
    if control.pending[r] != IDLE:
        return
    control.setpoint_s[r] = image.clock_s
    if not may_follow(image, control, p, c, r):
        end_command(image, control, p, c, r, REFUSED)


@kernel
def moving(image: Image, c: Command, r: int) -> bool:
    """True if an axis that the command moves is still in another motion."""
    for k in range(4):
        if (follows(c) or not math.isnan(c.target[k])) and image.axis_state[r, k] != STANDSTILL:
            return True
    return False


@kernel
def takes_over(image: Image, c: Command, r: int, k: int) -> bool:
    """True if the command goes on from the running motion of axis `k`, without a stop."""
    return (
        c.blending == 1
        and k == Z
        and image.axis_state[r, k] == DISCRETE_MOTION
        and image.shaper_n[r, k] == 1
        and math.isnan(c.creep_at)
        and c.delay_s[k] == 0.0
    )


@kernel
def waits_for_axis(image: Image, c: Command, r: int) -> bool:
    """True if an axis that the command moves has to end another motion first."""
    for k in range(4):
        if (follows(c) or not math.isnan(c.target[k])) and image.axis_state[r, k] != STANDSTILL:
            if not takes_over(image, c, r, k):
                return True
    return False


@kernel
def arrived(image: Image, c: Command, r: int) -> bool:
    """True if every axis that the command moves stands at its target."""
    if moving(image, c, r):
        return False
    for k in range(4):
        if not math.isnan(c.target[k]) and abs(image.reference[r, k, 0] - image.axis_position[r, k]) > ARRIVED_M[k]:
            return False
    return True


@kernel
def actuated(image: Image, p: Params, c: Command, r: int) -> bool:
    """True if grips, locks and table lock report what the command requested."""
    if c.grip >= 0:
        for i in range(4):
            if (image.grip_closed[r, i] if c.grip == 1 else image.grip_open[r, i]) == 0:
                return False
    if c.lock >= 0 and c.seat >= 0:
        if not (locks_closed(image, p, c.seat) if c.lock == 1 else locks_open(image, p, c.seat)):
            return False
    return not (c.float_lock >= 0 and abs(image.table_lock[r] - c.float_lock) > 0.01)


@kernel
def stop_z(image: Image, p: Params, r: int) -> None:
    """Stop the hoist or lift from where it is: in contact its reference runs ahead, and catching up would press on."""
    if image.axis_state[r, Z] != STANDSTILL:
        image.reference[r, Z, 0] = image.axis_position[r, Z]
        image.reference[r, Z, 1] = image.axis_speed[r, Z]
        image.reference[r, Z, 2] = 0.0
        image.integral_reset[r] |= 1 << Z  # wound up in contact, it would press on
        stop_axis(image, p, r, Z, image.clock_s, STOPPING)


@kernel
def load_reached(image: Image, p: Params, c: Command, r: int) -> bool:
    """True if the load is past the threshold.

    Ropes: the load cell fell below it. Table, pushing upwards: it rose above it.
    """
    if p.reeving == FLOATING_TABLE:
        return image.load_cell_n[r] > c.threshold
    return image.load_cell_n[r] < c.threshold


@kernel
def pulls_enough(image: Image, p: Params, c: Command, r: int) -> bool:
    """True if the load cell's fast channel is above the threshold and going on would end at the overload cut-off.

    The other channel lags by its filter, by kilonewtons in a fast pull: the difference of both gives the rate.
    """
    raw_n = image.load_raw_n[r]
    rate_n_per_s = (raw_n - image.load_cell_n[r]) / max(p.load_filter_s, p.dt_s * p.scan_ticks)
    cut_off_n = p.overload_fraction * p.rated_load_kg * p.gravity_mps2
    return raw_n > c.threshold and raw_n + PULL_STOP_S * rate_n_per_s > PULL_STOP_SHARE * cut_off_n


@kernel
def judge(image: Image, control: Control, p: Params, c: Command, r: int, dt_s: float) -> int:
    """Status of command `c` of robot `r` in this scan: BUSY or the reason for its end."""
    until = c.until
    busy_s = image.clock_s - control.command_start_s[r]
    if c.inserting == 1:
        going_in = math.isnan(c.target[Z]) or p.retract * (c.target[Z] - image.axis_position[r, Z]) < 0.0
        if follows(c):
            going_in = p.retract * c.velocity[Z] <= 0.0
        if going_in and control.force_s[r] > p.reaction_time_s:
            note_end(
                image, control, r, LATERAL, -1, planar(image.lateral_n[r, 0], image.lateral_n[r, 1]), lateral_limit_n(p)
            )
            return FORCE_ABORT
        # ropes lose load when something supports the pack; a table gains it
        carried = (p.e_mass_kg + control.carried_kg[r]) * p.gravity_mps2
        pushing = abs(image.load_cell_n[r] - carried)
        pads = pads_made(image, c.seat) if c.seat >= 0 else 0
        lands = landing(p.retract * (image.axis_position[r, Z] - c.seat_z), pads)  # false for NaN
        jams = not lands and pushing > c.jam_below_n and (going_in or not follows(c))  # backing off, it only comes free
        control.axial_s[r] = control.axial_s[r] + dt_s if jams else 0.0
        if control.axial_s[r] > 3.0 * p.reaction_time_s:
            note_end(image, control, r, AXIAL, c.seat, pushing, c.jam_below_n)
            return JAM
        too_hard = image.load_cell_n[r] > PRESS_LIMIT * p.rated_load_kg * p.gravity_mps2
        # a table that backs off only then relieves its pressing force
        if too_hard and (going_in or p.reeving != FLOATING_TABLE):
            note_end(
                image, control, r, PRESS, c.seat, image.load_cell_n[r], PRESS_LIMIT * p.rated_load_kg * p.gravity_mps2
            )
            return JAM
    if until == UNTIL_DONE:
        if arrived(image, c, r):
            return DONE
    elif until == UNTIL_SETTLED:
        sway_m = planar(image.sway_m[r, 0], image.sway_m[r, 1])
        swaying = sway_m > c.threshold
        if swaying and arrived(image, c, r):
            control.swing_m[r] = sway_m if control.hold_s[r] > 0.0 else max(control.swing_m[r], sway_m)
        control.hold_s[r] = 0.0 if swaying or not arrived(image, c, r) else control.hold_s[r] + dt_s
        if arrived(image, c, r) and control.hold_s[r] >= c.dwell_s and not swaying:
            return DONE
    elif until == UNTIL_LANDED:
        waits = waits_over_pack(image, control, p, c, r, dt_s)
        if load_reached(image, p, c, r):
            return DONE
        if not waits and arrived(image, c, r):
            note_wait(image, control, p, c, r, busy_s)
            return JAM
    elif until == UNTIL_SEATED:
        waits = waits_over_seat(image, control, p, c, r, dt_s)
        if all_present(image, c.seat) and load_reached(image, p, c, r):
            return DONE
        if not waits and not follows(c) and arrived(image, c, r):
            note_wait(image, control, p, c, r, busy_s)
            return JAM
    elif until == UNTIL_LOAD_ABOVE:
        if image.load_cell_n[r] > c.threshold or pulls_enough(image, p, c, r):
            return DONE
        if arrived(image, c, r):
            note_wait(image, control, p, c, r, busy_s)
            return JAM
    elif until == UNTIL_LOAD_BELOW:
        if image.load_cell_n[r] < c.threshold:
            return DONE
        if arrived(image, c, r):
            note_wait(image, control, p, c, r, busy_s)
            return JAM
    elif until == UNTIL_CLEAR:
        if p.retract * (image.axis_position[r, Z] - c.threshold) >= 0.0:
            return DONE
    elif until == UNTIL_NEAR:
        left = 0.0
        for k in range(4):
            if not math.isnan(c.target[k]):
                left = max(left, motion_end_s(image, r, k) - image.clock_s)
        if left <= c.threshold:
            return DONE
    elif until == UNTIL_ACTUATED:
        if actuated(image, p, c, r):
            return DONE
    elif until == UNTIL_DWELL:
        if busy_s >= c.dwell_s and (c.zero_load < 2 or all_zeroed(control, p)):
            return DONE
    elif until == UNTIL_SCANNED and image.scan_count[r] >= c.scan_samples:
        return DONE
    if busy_s <= c.timeout_s:
        return BUSY
    note_wait(image, control, p, c, r, busy_s)
    waited = until == UNTIL_LANDED or (until == UNTIL_SEATED and c.calm_m > 0.0)
    if waited and stopped_short(image, p, c, r):
        cause = OVER_PACK if until == UNTIL_LANDED else NOT_CALM
        note_end(image, control, r, cause, -1, control.hold_s[r], calm_s(image, p, r))
    return TIMEOUT


@kernel
def end_command(image: Image, control: Control, p: Params, c: Command, r: int, status: int) -> None:
    """End a command that is done or has failed: stop what still moves; the result follows once the axes stand.

    Conditions on a force or a contact stop the hoist, unless the command passes its motion on, and so does every
    failure; overlaps let the axes run on.
    """
    image.scan_window[r] = 0
    if control.damping[r] != 0:  # something is in the way already
        control.damping[r] = 0
        stop_following(image, p, r)
    until = c.until
    stops = follows(c) or until in (UNTIL_LANDED, UNTIL_SEATED, UNTIL_LOAD_ABOVE, UNTIL_LOAD_BELOW)
    if (stops and c.passes_on == 0) or status != DONE:
        stop_z(image, p, r)
        stop_following(image, p, r)
        control.pending[r] = status
    else:
        conclude(image, control, p, c, r, status)


@kernel
def conclude(image: Image, control: Control, p: Params, c: Command, r: int, status: int) -> None:
    """Complete a command's result: record the weighed load and where a pack came to rest."""
    until = c.until
    control.status[r] = status
    control.pending[r] = IDLE
    image.scan_window[r] = 0
    if c.carrying >= 0 and c.inserting == 0 and until in (UNTIL_SETTLED, UNTIL_DONE, UNTIL_NEAR):
        control.carried_kg[r] = image.load_cell_n[r] / p.gravity_mps2 - p.e_mass_kg  # the hanging load, weighed at rest
    if status == DONE and (until == UNTIL_SEATED or c.grip == 1):
        control.hold_height[r] = image.axis_position[r, Z]


@kernel
def at_end(image: Image, c: Command, r: int) -> bool:
    """True if every axis that the command moves is at the end of its motion."""
    for k in range(4):
        if (
            not math.isnan(c.target[k])
            and image.axis_state[r, k] != STANDSTILL
            and image.clock_s < motion_end_s(image, r, k)
        ):
            return False
    return True


@inlined_kernel
def run_logic(image: Image, control: Control, p: Params, commands: Any, dt_s: float, anew: int) -> int:
    """Run the scan's part after the sensors; COMMAND_ENDED or 0. `anew` as for `plc_scan_unobserved`."""
    for r in range(p.robots):
        if anew & (ROBOT_MOVED << r):
            update_axis_states(image, p, r, image.clock_s)
    if control.trip == TRIP_NONE:
        reason = find_trip(image, control, p, commands, dt_s, anew)
        if reason != TRIP_NONE:
            trip_station(image, control, p, reason)
    free = False
    for r in range(p.robots):
        if control.status[r] == BUSY:
            c = commands[r]
            if control.trip != TRIP_NONE:
                conclude(image, control, p, c, r, TRIP)
            elif control.buffered[r] == 1:
                if not waits_for_axis(image, c, r):
                    start_command(image, control, p, c, r)
            elif control.pending[r] != IDLE:
                if all_stand(image, r) if follows(c) else image.axis_state[r, Z] == STANDSTILL:
                    conclude(image, control, p, c, r, control.pending[r])
            else:
                status = judge(image, control, p, c, r, dt_s)
                if status != BUSY:
                    end_command(image, control, p, c, r, status)
                elif follows(c):
                    follow_setpoints(image, control, p, c, r, dt_s)
            free = free or control.status[r] != BUSY
    order_drives(image, control, p)
    return COMMAND_ENDED if free else 0


@kernel
def motion_end_of(worlds: Any, i: int, r: int, k: int) -> float:
    """`motion_end_s` of axis `k` of robot `r` in world `i`; in the past for an axis at rest."""
    return motion_end_s(worlds[i].image, r, k)
