"""Permissives of the control software: conditions for a robot to begin a command. A refused command moves nothing.

A refusal is recorded with its subject, the value and its limit (`twin.records.causes`).
"""

from __future__ import annotations

import math

from twin.control.interlocks.station import DISTANCE_MARGIN_M
from twin.control.readings import (
    all_present,
    below_clearance,
    grips_closed,
    grips_open,
    loaded,
    locks_closed,
    locks_open,
    target_of,
)
from twin.control.reasons import first_grip_not, pads_made, refuse_locks, refuse_ramps, refused
from twin.motion.kernels import kernel
from twin.motion.limits import axis_limits
from twin.records import (
    DISCRETE_MOTION,
    ERROR_STOP,
    FLOATING_TABLE,
    TRIP_DISTANCE,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    Command,
    Control,
    Image,
    Params,
    X,
)
from twin.records.causes import (
    GRIPS_SHUT,
    HANGING,
    IN_ERROR_STOP,
    LOW_MOVE,
    PADS_MADE,
    PLANNED_DISTANCE,
    PULL_TESTED,
    RELEASE_SEAT,
    TARGET,
    TRIP_PENDING,
)

HANGING_FRACTION = 0.5
"""Share of the pack's weight on the ropes above which grips may not open [estimate: between a set-down pack's 0.2 and
1]."""


@kernel
def within_limits(p: Params, c: Command, k: int, carries: bool) -> bool:
    """True if a move of axis `k` stays inside the axis' speed, acceleration and jerk; NaN never does."""
    speed, acceleration, jerk = axis_limits(p, k, carries)
    rounding = p.interlock_scale[TRIP_NONE] * (1.0 + 1e-9)
    return (
        0.0 < c.velocity[k] <= speed * rounding
        and 0.0 < c.acceleration[k] <= acceleration * rounding
        and 0.0 < c.jerk[k] <= jerk * rounding
    )


@kernel
def may_open_grips(image: Image, control: Control, p: Params, c: Command, r: int) -> bool:
    """Permissive of opening the grips: the pack is in the seat that the command names, locked if possible, unloaded.

    Grips that all report open hold nothing and may always be commanded open.
    """
    if grips_open(image, r):
        return True
    if c.seat < 0:
        return refused(image, control, r, RELEASE_SEAT, -1, 0.0, 1.0)
    if not all_present(image, c.seat):
        return refused(image, control, r, PADS_MADE, c.seat, float(pads_made(image, c.seat)), 4.0)
    if p.seat_locks[c.seat] > 0 and not locks_closed(image, p, c.seat):
        return refuse_locks(image, control, p, r, c.seat)
    hanging = (p.e_mass_kg + HANGING_FRACTION * max(control.carried_kg[r], 0.0)) * p.gravity_mps2
    if p.reeving == FLOATING_TABLE or image.load_cell_n[r] <= hanging:
        return True
    return refused(image, control, r, HANGING, c.seat, image.load_cell_n[r], hanging)


@kernel
def truck_secured(image: Image, control: Control, p: Params, r: int) -> bool:
    """True if every seat on the truck has its locks closed on a pack, and pull-tested since they closed.

    On False the record of robot `r` names the seat that has not.
    """
    for s in range(p.seats):
        if p.seat_on_truck[s] == 0 or p.seat_locks[s] == 0:
            continue
        if not locks_closed(image, p, s):
            return refuse_locks(image, control, p, r, s)
        if control.pull_tested[s] == 0:
            return refused(image, control, r, PULL_TESTED, s, 0.0, 1.0)
    return True


@kernel
def planned_distance(image: Image, p: Params, c: Command, r: int) -> float:
    """Distance that the move of axis x leaves to the other robot, at its position or target, on this side.

    With `c.blending` a robot that makes way counts at its target only: the sequence has compared both ways, and the
    interlock of the distance watches the stopping distances.
    """
    other = 1 - r
    here = image.axis_position[other, X]
    there = target_of(image, other, X)
    side = 1.0 if image.axis_position[r, X] > here else -1.0
    if c.blending == 1 and image.axis_state[other, X] == DISCRETE_MOTION and side * there < side * here:
        return side * (c.target[X] - there)
    return side * c.target[X] - max(side * here, side * there)


@kernel
def permitted(image: Image, control: Control, p: Params, c: Command, r: int) -> bool:
    """True if the permissives allow command `c` for robot `r`: a refused command moves nothing."""
    off = p.interlock_off
    if control.trip != TRIP_NONE:
        return refused(image, control, r, TRIP_PENDING, control.trip, 1.0, 0.0)
    carries = loaded(image, c, r)
    moves = False
    for k in range(4):
        if math.isnan(c.target[k]):
            continue
        moves = True
        low, high = p.axis_min[r, k], p.axis_max[r, k]
        if not (low - 1e-9 <= c.target[k] <= high + 1e-9):
            return refused(image, control, r, TARGET, k, c.target[k], low if c.target[k] < low else high)
        if not within_limits(p, c, k, carries) and off[TRIP_NONE] == 0:
            given = (c.velocity[k], c.acceleration[k], c.jerk[k])
            return refuse_ramps(image, control, r, k, given, axis_limits(p, k, carries))
        if image.axis_state[r, k] == ERROR_STOP:
            return refused(image, control, r, IN_ERROR_STOP, k, 1.0, 0.0)
    if moves and carries and below_clearance(image, p, r, 0.0) and off[TRIP_LOW_TRAVERSE] == 0:
        for k in range(2):
            away = abs(c.target[k] - control.low_xy[r, k])
            aside_m = p.traverse_deadband_m * p.interlock_scale[TRIP_LOW_TRAVERSE]
            if not math.isnan(c.target[k]) and away > aside_m:
                return refused(image, control, r, LOW_MOVE, k, away, aside_m)
    travels = p.robots == 2 and not math.isnan(c.target[X])
    if travels and off[TRIP_DISTANCE] == 0:
        distance = planned_distance(image, p, c, r)
        least_m = (p.robot_length_m + DISTANCE_MARGIN_M) / p.interlock_scale[TRIP_DISTANCE]
        if not distance >= least_m:
            return refused(image, control, r, PLANNED_DISTANCE, X, distance, least_m)
    if c.grip == 0 and off[TRIP_LOCK] == 0 and not may_open_grips(image, control, p, c, r):
        return False
    if c.release_truck == 1 and off[TRIP_LOCK] == 0 and not truck_secured(image, control, p, r):
        return False
    # a lock opens only where the robot has the pack: under a truck it would fall
    opens = c.lock == 0 and c.seat >= 0
    if opens and off[TRIP_LOCK] == 0 and not grips_closed(image, r) and not locks_open(image, p, c.seat):
        grip, n = first_grip_not(image, r, 1)
        return refused(image, control, r, GRIPS_SHUT, grip, float(n), 4.0)
    return True
