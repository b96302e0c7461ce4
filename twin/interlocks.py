"""Interlocks of the control software: permissives for a command, and what trips the station while it runs.

They know only what sensors tell (`axis_position`, `load_cell_n`, switches, the last scan). The independent monitor in
`twin.monitor` shares nothing with them.
"""

from __future__ import annotations

import math
from typing import Any

from twin.drives import stop_axis
from twin.motion.kernels import kernel
from twin.motion.profile import end_position
from twin.plants.state import (
    ERROR_STOP,
    STANDSTILL,
    TRIP_DISTANCE,
    TRIP_ESTOP,
    TRIP_FOLLOWING,
    TRIP_LATERAL,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    TRIP_OVERLOAD,
    TRIP_POWER,
    TRIP_TRUCK_MOVED,
    Z,
)

World = Any
Params = Any
Command = Any

HEIGHT_TOLERANCE_M = 0.01
"""Slack for rope stretch and control error when heights are compared [estimate]."""


@kernel
def locks_open(w: World, p: Params, s: int) -> bool:
    """Whether every lock of seat `s` reports open."""
    for i in range(p.seat_locks[s]):
        if w.lock_open[s, i] == 0:
            return False
    return True


@kernel
def locks_closed(w: World, p: Params, s: int) -> bool:
    """Whether every lock of seat `s` reports closed on a pack."""
    for i in range(p.seat_locks[s]):
        if w.lock_closed[s, i] == 0:
            return False
    return True


@kernel
def all_present(w: World, s: int) -> bool:
    """Whether all four pad switches of seat `s` are made."""
    return w.seat_present[s, 0] + w.seat_present[s, 1] + w.seat_present[s, 2] + w.seat_present[s, 3] == 4


@kernel
def below_clearance(w: World, p: Params, r: int) -> bool:
    """Whether a carried pack would be too low (top_lift) or too high (chassis) to traverse."""
    mating = w.axis_position[r, Z] - p.retract * p.pack_height_m
    return p.retract * (mating - p.clearance_height_m) < -HEIGHT_TOLERANCE_M


@kernel
def permitted(w: World, p: Params, c: Command, r: int) -> bool:
    """Permissives of command `c` for robot `r`: a refused command moves nothing."""
    if w.trip != TRIP_NONE and c.acknowledge == 0:
        return False
    moves = False
    for k in range(4):
        target = c.target[k]
        if math.isnan(target):
            continue
        moves = True
        if not (p.axis_min[r, k] - 1e-9 <= target <= p.axis_max[r, k] + 1e-9):
            return False
        if w.axis_state[r, k] != STANDSTILL:
            return False
    if moves and c.carrying >= 0 and below_clearance(w, p, r) and p.interlock_off[TRIP_LOW_TRAVERSE] == 0:
        for k in range(2):
            if not math.isnan(c.target[k]) and abs(c.target[k] - w.low_xy[r, k]) > p.traverse_deadband_m:
                return False
    if c.grip == 0 and c.carrying >= 0 and c.seat >= 0 and p.interlock_off[TRIP_LOCK] == 0:
        if not all_present(w, c.seat):
            return False
        if p.seat_locks[c.seat] > 0 and not locks_closed(w, p, c.seat):
            return False
    return True


@kernel
def find_trip(w: World, p: Params, commands: Any, dt_s: float) -> int:
    """The reason to trip in this scan, or TRIP_NONE."""
    if w.power_off == 1:
        return TRIP_POWER
    if w.estop_button == 1:
        return TRIP_ESTOP
    limit_n = p.overload_fraction * p.rated_load_kg * p.gravity_mps2
    off = p.interlock_off
    for r in range(p.robots):
        c = commands[r]
        if w.load_cell_n[r] > limit_n and off[TRIP_OVERLOAD] == 0:
            return TRIP_OVERLOAD
        lateral = math.hypot(w.lateral_n[r, 0], w.lateral_n[r, 1])
        w.force_s[r] = w.force_s[r] + dt_s if lateral > p.lateral_abort_n else 0.0
        if c.inserting == 0 and w.force_s[r] > p.reaction_time_s and off[TRIP_LATERAL] == 0:
            return TRIP_LATERAL
        if c.carrying >= 0:
            rise = p.retract * (w.axis_position[r, Z] - w.hold_height[r])
            if c.seat >= 0 and rise > p.creep_out_height_m and p.retract * w.reference[r, Z, 1] > 0.0:
                if not locks_open(w, p, c.seat) and off[TRIP_LOCK] == 0:
                    return TRIP_LOCK
            if below_clearance(w, p, r):
                for k in range(2):
                    away = abs(w.axis_position[r, k] - w.low_xy[r, k])
                    if away > p.traverse_deadband_m + HEIGHT_TOLERANCE_M and off[TRIP_LOW_TRAVERSE] == 0:
                        return TRIP_LOW_TRAVERSE
            else:
                w.low_xy[r, 0], w.low_xy[r, 1] = w.axis_position[r, 0], w.axis_position[r, 1]
        else:
            w.low_xy[r, 0], w.low_xy[r, 1] = w.axis_position[r, 0], w.axis_position[r, 1]
        for k in range(4):
            error = abs(w.reference[r, k, 0] - w.axis_position[r, k])
            if w.brake[r, k] == 0 and error > p.axis_following_limit[k] and off[TRIP_FOLLOWING] == 0:
                return TRIP_FOLLOWING
    if p.robots == 2 and off[TRIP_DISTANCE] == 0:
        if abs(w.axis_position[0, 0] - w.axis_position[1, 0]) < p.robot_length_m:
            return TRIP_DISTANCE
    if w.truck_released == 0 and off[TRIP_TRUCK_MOVED] == 0:
        moved = math.hypot(w.truck_q[0] - w.truck_reference[0], w.truck_q[1] - w.truck_reference[1])
        if moved > p.truck_moved_m:
            return TRIP_TRUCK_MOVED
    return TRIP_NONE


@kernel
def trip_station(w: World, p: Params, reason: int) -> None:
    """Stop every axis (category 1: controlled stop, then brake; at power loss the brakes fall in at once)."""
    w.trip = reason
    w.trip_t_s = w.t_s
    for r in range(p.robots):
        for k in range(4):
            w.trip_q[r, k] = w.axis_position[r, k]
            stop_axis(w, p, r, k, w.t_s, ERROR_STOP)
            if reason == TRIP_POWER:
                w.brake[r, k] = 1


@kernel
def acknowledge(w: World, p: Params) -> bool:
    """Clear a trip whose cause is gone: references jump to where the axes stand, brakes open."""
    if w.power_off == 1 or w.estop_button == 1:
        return False
    w.trip = TRIP_NONE
    for r in range(p.robots):
        for k in range(4):
            w.reference[r, k, 0] = w.axis_position[r, k]
            w.reference[r, k, 1] = 0.0
            w.reference[r, k, 2] = 0.0
            stop_axis(w, p, r, k, w.t_s, STANDSTILL)
            w.integral[r, k] = 0.0
            w.brake[r, k] = 0
    w.truck_reference[0], w.truck_reference[1] = w.truck_q[0], w.truck_q[1]
    return True


@kernel
def target_of(w: World, r: int, k: int) -> float:
    """Where axis `k` of robot `r` is going."""
    return end_position(w.profile[r, k])
