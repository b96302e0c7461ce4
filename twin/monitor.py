"""The independent safety monitor: the six invariants of the design, checked on the plant's true state.

No code is shared with the interlocks, on purpose: what they miss or what somebody switches off is seen here. Runs every PLC
scan in every swap. A violation is counted per scan, with its first time and worst value.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

INVARIANTS = (
    "",
    "hoisting above the creep-out height while a lock of the held pack is not open",
    "spreader let go of a pack that is not fully seated",
    "traverse with a load below the clearance height",
    "truck released with a lock not closed and checked",
    "axis moved beyond its stopping distance, or restarted, after a trip without acknowledgement",
    "axis outside its limits, contact force above the abort limit for too long, or load above the overload limit",
)
"""The sentence for each invariant, by number."""

_NEAR_SEAT_M = 0.3  # a pack farther than this from a seat has nothing to do with its locks
_MOVING_MPS = 0.002  # slower counts as standing: rope creep and rounding stay below it
_AXIS_TOLERANCE = np.array([0.005, 0.005, 0.005, 0.002])  # control error at the end of the stroke, m and rad
_SPEED_TOLERANCE = 1.10  # overshoot of the velocity loop above the axis limit
_SPEED_MARGIN = np.array([0.02, 0.02, 0.02, 0.01])
_OPEN, _CLOSED = 0.02, 0.98  # true lock positions

World = Any
Params = Any


@njit(cache=True)
def _report(w: World, number: int, value: float) -> None:
    if w.violation[number] == 0:
        w.violation_t_s[number] = w.t_s
    w.violation[number] += 1
    if abs(value) > abs(w.violation_value[number]):
        w.violation_value[number] = value


@njit(cache=True)
def _seated(w: World, p: Params, k: int) -> bool:
    worst = max(max(w.pad_gap_m[k, 0], w.pad_gap_m[k, 1]), max(w.pad_gap_m[k, 2], w.pad_gap_m[k, 3]))
    return worst <= p.seated_m + 0.0005


@njit(cache=True)
def monitor(w: World, p: Params, dt_s: float) -> None:
    """Check all invariants on the true state of one world; `dt_s` is the time since the last check."""
    for r in range(p.robots):
        k = w.held[r]
        # 2: at the moment the grips let go
        before = w.previous_held[r]
        if before >= 0 and k != before and not _seated(w, p, before):
            _report(w, 2, np.max(w.pad_gap_m[before]))
        w.previous_held[r] = k
        if k >= 0:
            s = w.pack_seat[k]
            away = math.hypot(w.pack_offset_m[k, 0], w.pack_offset_m[k, 1])
            height = w.pack_offset_m[k, 2]
            # 1: rising with a lock not open
            if p.seat_locks[s] > 0 and away < _NEAR_SEAT_M and height > p.creep_out_height_m:
                if p.retract * w.pack_twist[k, 2] > _MOVING_MPS:
                    for i in range(p.seat_locks[s]):
                        if w.lock_position[s, i] > _OPEN:
                            _report(w, 1, height)
                            break
            # 3: low and away from every seat
            lowest = p.retract * (w.pack_pose[k, 2] - p.retract * p.pack_height_m - p.clearance_height_m)
            sideways = math.hypot(w.pack_twist[k, 0], w.pack_twist[k, 1])
            if lowest < -0.02 and away > 2.0 * p.traverse_deadband_m and sideways > 0.05:
                _report(w, 3, away)
        # 6: axes, forces, load
        for a in range(4):
            q, v = w.q[r, a], w.qd[r, a]
            if q < p.axis_min[r, a] - _AXIS_TOLERANCE[a] or q > p.axis_max[r, a] + _AXIS_TOLERANCE[a]:
                _report(w, 6, q)
            if abs(v) > _SPEED_TOLERANCE * p.axis_velocity[a] + _SPEED_MARGIN[a]:
                _report(w, 6, v)
        lateral = math.hypot(w.guide_force_n[r, 0], w.guide_force_n[r, 1])
        w.overforce_s[r] = w.overforce_s[r] + dt_s if lateral > p.lateral_abort_n else 0.0
        if w.overforce_s[r] > 2.0 * p.reaction_time_s + 0.2:  # reaction, then the stop itself
            _report(w, 6, lateral)
        if w.load_n[r] > p.overload_fraction * p.rated_load_kg * p.gravity_mps2:
            w.overload_s[r] += dt_s
            if w.overload_s[r] > 2.0 * p.reaction_time_s + 0.2:
                _report(w, 6, w.load_n[r])
        else:
            w.overload_s[r] = 0.0
    # 4: the truck drives off
    if w.truck_released == 1:
        for s in range(p.seats):
            if p.seat_on_truck[s] == 1 and p.seat_locks[s] > 0:
                for i in range(p.seat_locks[s]):
                    if w.lock_position[s, i] < _CLOSED or w.locked[s] < 0 or w.pull_tested[s] == 0:
                        _report(w, 4, float(s))
                        break
    # 5: after a trip
    if w.trip != 0:
        if w.monitor_trip == 0:
            w.monitor_trip = 1
            for r in range(p.robots):
                for a in range(4):
                    w.stop_q[r, a] = w.q[r, a]
        late = w.t_s - w.trip_t_s > 3.0
        for r in range(p.robots):
            for a in range(4):
                gone = abs(w.q[r, a] - w.stop_q[r, a])
                if gone > p.axis_stopping_distance[a] or (late and abs(w.qd[r, a]) > 5.0 * _MOVING_MPS):
                    _report(w, 5, gone)
    else:
        w.monitor_trip = 0
