"""The independent safety monitor: the six invariants, checked on the plant's true state in every scan.

No code is shared with the interlocks, on purpose: the monitor sees what they miss or what has been switched off. It
checks everything in every PLC scan of every world: it accepts no hint about what may be left out. Forces on the
structure are those of every physics step since the last scan. A violation is counted per scan, with its first time and
worst value. A state that is not finite is a violation of all six, for no comparison with NaN is ever true.

Of the control software it reads only acts on the outside world: its trip, the release of the truck, and the operator's
acknowledgement. It reads button and power itself: a station that does not trip is detected.

Acceleration is left out: a quick stop, a brake and a landing exceed the axis limits by design, and the effects of a too
high acceleration (sway, force, overspeed, a long stop) are checked.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from twin.records import Params, Truth, Watch

INVARIANTS = (
    "",
    "hoisting above the creep-out height while a lock of the held pack is not open",
    "a pack let go that is not fully seated (under a truck: not locked)",
    "traverse with a load below the clearance height",
    "truck released with a lock not closed and checked",
    "axis moved beyond its stopping distance, or restarted, after a trip without acknowledgement",
    "axis outside its limits, contact force above the abort limit for too long or above what the structure bears, or "
    "load above the overload limit",
)
"""The sentence for each invariant, by number."""

_ON_SEAT_M = 0.05  # a pack nearer than this to a seat's axis, and on its pins, is in that seat
_SEATED_XY_M = 0.008  # pins leave 1 to 2 mm and the seat's tolerance is 3 mm: farther out it lies beside its pins
_SEATED_SPARE_M = 0.0005  # of the gap under a pad: ropes and springs still move a little
_CLEARANCE_SPARE_M = 0.02  # rope stretch and control error
_TRAVERSE_SPARE_M = 0.03  # on top of the deadband: the stop that the interlock commands
_PULL_FRACTION = 0.1  # a pull test puts 0.2 of a pack's weight on the locks; half of it is certainly one
_MOVING = np.array([0.002, 0.002, 0.002, 0.001])  # slower counts as standing, m/s and rad/s
_DRIFT = np.array([0.005, 0.005, 0.005, 0.005])  # allowed creep of a standing axis, m and rad
_AXIS_TOLERANCE = np.array([0.005, 0.005, 0.005, 0.002])  # control error at the end of the stroke, m and rad
_SPEED_TOLERANCE = 1.10  # overshoot of the velocity loop above the axis limit
_SPEED_MARGIN = np.array([0.02, 0.02, 0.02, 0.01])
_DISTANCE_TOLERANCE_M = 0.05  # robots on one rail: control error and repeatability of both
_STOP_S = 0.2  # from the reaction on until force or load fall: filter, and the stop from creep speed
_PROOF_LOAD = 1.25  # of the rated load: load that a hoist at rest must hold (static test of cranes, ISO 4310)
_OPEN, _CLOSED = 0.02, 0.98  # true lock positions


MEASURED = (
    ("", ""),
    ("rise", "m"),
    ("gap_or_offset", "m"),
    ("sideways_travel", "m"),
    ("seat", ""),
    ("way_since_trip", "m"),
    ("angle_since_trip", "rad"),
    ("position", "m"),
    ("angle", "rad"),
    ("speed", "m/s"),
    ("turning_speed", "rad/s"),
    ("lateral_force", "N"),
    ("load", "N"),
    ("robot_distance", "m"),
    ("axial_force", "N"),
    ("state", ""),
)
"""Quantity of a violation's worst value: a name, and its unit. Its limit is 0 where it is of another quantity."""
(
    _NOTHING,
    _RISE,
    _GAP,
    _SIDEWAYS,
    _SEAT,
    _STOP,
    _STOP_ANGLE,
    _POSITION,
    _ANGLE,
    _SPEED,
    _TURNING,
    _LATERAL,
    _LOAD,
    _ROBOTS,
    _AXIAL,
    _STATE,
) = range(len(MEASURED))


@njit(cache=True)
def _report(w: Truth, watch: Watch, number: int, value: float, limit: float, measured: int) -> None:
    if watch.violation[number] == 0:
        watch.violation_t_s[number] = w.t_s
        watch.violation_limit[number] = limit
        watch.violation_measured[number] = measured
    watch.violation[number] += 1
    if abs(value) > abs(watch.violation_value[number]):
        watch.violation_value[number] = value
        watch.violation_limit[number] = limit
        watch.violation_measured[number] = measured


@njit(cache=True)
def _all_finite(w: Truth, p: Params) -> bool:
    """True if every true position, speed and force is finite: a sum is not, as soon as one of its terms is not."""
    a = b = c = d = 0.0  # four independent sums, for parallel evaluation
    for r in range(p.robots):
        q, qd, force = w.q[r], w.qd[r], w.guide_force_n[r]
        for i in range(0, 10, 2):
            a += q[i]
            b += q[i + 1]
            c += qd[i]
            d += qd[i + 1]
        a += force[0]
        b += force[1]
        c += force[2]
        d += w.load_n[r]
    for i in range(0, 6, 2):
        a += w.truck_q[i]
        b += w.truck_q[i + 1]
        c += w.truck_qd[i]
        d += w.truck_qd[i + 1]
    for k in range(p.packs):
        pose, gap, offset = w.pack_pose[k], w.pad_gap_m[k], w.pack_offset_m[k]
        a += pose[0] + pose[4] + gap[0] + offset[0]
        b += pose[1] + pose[5] + gap[1] + offset[1]
        c += pose[2] + pose[6] + gap[2] + offset[2]
        d += pose[3] + gap[3] + w.coupler_n[k]
    return math.isfinite(a + b + c + d + w.t_s)


@njit(cache=True)
def _report_not_finite(w: Truth, watch: Watch) -> None:
    """Report every invariant as violated, with NaN as its worst value from here on."""
    for number in range(1, len(INVARIANTS)):
        _report(w, watch, number, math.nan, 0.0, _STATE)
        watch.violation_value[number] = math.nan
        watch.violation_limit[number] = 0.0
        watch.violation_measured[number] = _STATE


@njit(cache=True)
def _beside_m(w: Truth, k: int) -> float:
    return math.sqrt(w.pack_offset_m[k, 0] ** 2 + w.pack_offset_m[k, 1] ** 2)


@njit(cache=True)
def _gap_m(w: Truth, k: int) -> float:
    """Largest gap under a pad of pack `k`."""
    return max(max(w.pad_gap_m[k, 0], w.pad_gap_m[k, 1]), max(w.pad_gap_m[k, 2], w.pad_gap_m[k, 3]))


@njit(cache=True)
def _seated(w: Truth, p: Params, k: int) -> bool:
    return _gap_m(w, k) <= p.seated_m + _SEATED_SPARE_M and _beside_m(w, k) <= _SEATED_XY_M


@njit(cache=True)
def _report_loose(w: Truth, watch: Watch, p: Params, k: int) -> None:
    """Report invariant 2 of pack `k`: the larger of the gap under it and its sideways offset from its seat."""
    gap, beside = _gap_m(w, k), _beside_m(w, k)
    limit = p.seated_m + _SEATED_SPARE_M if gap > beside else _SEATED_XY_M
    _report(w, watch, 2, max(gap, beside), limit, _GAP)


@njit(cache=True)
def _lock_not_open(w: Truth, p: Params, s: int) -> bool:
    worst = 0.0
    for i in range(p.seat_locks[s]):
        worst = max(worst, w.lock_position[s, i])
    return worst > _OPEN


@njit(cache=True)
def high_enough(p: Params, z_m: float) -> bool:
    """True if a held pack with its grip face at height `z_m` may traverse."""
    mating = z_m - p.retract * p.pack_height_m
    return p.retract * (mating - p.clearance_height_m) >= -_CLEARANCE_SPARE_M


@njit(cache=True)
def _watch_load(w: Truth, watch: Watch, p: Params, r: int) -> None:
    """Check invariants 1 and 3 for robot `r`, and update their memory."""
    k = w.held[r]
    if k < 0:
        watch.watch_seat[r] = -1
        return
    if k != watch.previous_held[r]:
        watch.watch_seat[r] = -1
        watch.watch_xy[r, 0], watch.watch_xy[r, 1] = w.q[r, 0], w.q[r, 1]
    # 1: carried out of a seat, or up together with it, that has a lock not open
    s = w.pack_seat[k]
    height = w.pack_offset_m[k, 2]
    if _beside_m(w, k) < _ON_SEAT_M and height < p.guide_length_m:
        if watch.watch_seat[r] != s:
            watch.watch_seat[r] = s
            watch.watch_rest_m[r] = w.pack_pose[k, 2]
        elif p.retract * (watch.watch_rest_m[r] - w.pack_pose[k, 2]) > 0.0:
            watch.watch_rest_m[r] = w.pack_pose[k, 2]
    s = watch.watch_seat[r]
    if s >= 0:
        rise = p.retract * (w.pack_pose[k, 2] - watch.watch_rest_m[r])
        if w.pack_seat[k] == s:
            rise = max(rise, height)
        if rise > p.creep_out_height_m:
            if not _lock_not_open(w, p, s):
                watch.watch_seat[r] = -1  # the pack has left its seat
            elif p.retract * w.qd[r, 2] > _MOVING[2]:
                _report(w, watch, 1, rise, p.creep_out_height_m, _RISE)
    # 3: sideways since it was last high enough
    if high_enough(p, w.pack_pose[k, 2]):
        watch.watch_xy[r, 0], watch.watch_xy[r, 1] = w.q[r, 0], w.q[r, 1]
    else:
        gone = max(abs(w.q[r, 0] - watch.watch_xy[r, 0]), abs(w.q[r, 1] - watch.watch_xy[r, 1]))
        if gone > p.traverse_deadband_m + _TRAVERSE_SPARE_M:
            _report(w, watch, 3, gone, p.traverse_deadband_m + _TRAVERSE_SPARE_M, _SIDEWAYS)


@njit(cache=True)
def _watch_free_packs(w: Truth, watch: Watch, p: Params) -> None:
    """Check invariant 2: a pack that no robot holds stands in a seat, and no pack can stand under a truck."""
    kept = 0  # a bit for each pack that a robot or a seat's locks hold
    for r in range(p.robots):
        if w.held[r] >= 0:
            kept |= 1 << w.held[r]
    for s in range(p.seats):
        if w.locked[s] >= 0:
            kept |= 1 << w.locked[s]
    for k in range(p.packs):
        free = kept & (1 << k) == 0
        if free and (p.retract < 0.0 or not _seated(w, p, k)):
            _report_loose(w, watch, p, k)


@njit(cache=True)
def _watch_pull(w: Truth, watch: Watch, p: Params) -> None:
    """Record, for invariant 4, whether the closed locks of each seat on the truck have really been pull-tested."""
    for s in range(p.seats):
        if p.seat_on_truck[s] == 0 or p.seat_locks[s] == 0:
            continue
        k = w.locked[s]
        closed = k >= 0
        for i in range(p.seat_locks[s]):
            closed = closed and w.lock_position[s, i] >= _CLOSED
        if not closed:
            watch.watch_pulled[s] = 0
            continue
        for r in range(p.robots):
            if w.held[r] == k:
                # load beyond pack and end effector, or pull beyond the end effector's weight
                hanging = p.e_mass_kg + p.pack_mass_kg[k] if p.retract > 0.0 else p.e_mass_kg
                pull_n = p.retract * (w.load_n[r] - hanging * p.gravity_mps2)
                if pull_n > _PULL_FRACTION * p.pack_mass_kg[k] * p.gravity_mps2:
                    watch.watch_pulled[s] = 1


@njit(cache=True)
def watch_stop(w: Truth, watch: Watch, p: Params, trip: int, acknowledgements: int) -> None:
    """Check invariant 5: from a trip (or a condition that requires one) to its acknowledgement axes stop and stand."""
    cause = w.estop_button == 1 or w.power_off == 1
    if watch.monitor_trip == 0:
        if trip == 0 and not cause:
            return
        watch.monitor_trip = 1
        watch.watch_stop_s = w.t_s
        watch.watch_acknowledgements = acknowledgements
        for r in range(p.robots):
            for a in range(4):
                watch.stop_q[r, a] = w.q[r, a]
    if acknowledgements != watch.watch_acknowledgements and trip == 0 and not cause:
        watch.monitor_trip = 0
        return
    longest = 0.0
    for a in range(4):  # a uniform deceleration over the whole stopping distance takes 2 d / v
        longest = max(longest, 2.0 * p.axis_stopping_distance[a] / p.axis_velocity[a])
    if watch.monitor_trip == 1 and w.t_s - watch.watch_stop_s > longest + p.reaction_time_s:
        watch.monitor_trip = 2
        for r in range(p.robots):
            for a in range(4):
                watch.watch_stop_q[r, a] = w.q[r, a]
    for r in range(p.robots):
        for a in range(4):
            gone = abs(w.q[r, a] - watch.stop_q[r, a])
            if gone > p.axis_stopping_distance[a]:
                _report(w, watch, 5, gone, p.axis_stopping_distance[a], _STOP_ANGLE if a == 3 else _STOP)
            elif watch.monitor_trip == 2:
                drift = abs(w.q[r, a] - watch.watch_stop_q[r, a])
                if drift > _DRIFT[a] or abs(w.qd[r, a]) > _MOVING[a]:
                    _report(w, watch, 5, gone, 0.0, _STOP_ANGLE if a == 3 else _STOP)


@njit(cache=True)
def _report_axes(w: Truth, watch: Watch, p: Params, r: int) -> None:
    """Report axes of robot `r` that are outside their stroke or too fast."""
    for a in range(4):
        q, v = w.q[r, a], w.qd[r, a]
        if q < p.axis_min[r, a] - _AXIS_TOLERANCE[a] or q > p.axis_max[r, a] + _AXIS_TOLERANCE[a]:
            end = p.axis_min[r, a] if q < p.axis_min[r, a] else p.axis_max[r, a]
            _report(w, watch, 6, q, end, _ANGLE if a == 3 else _POSITION)
        speed = p.axis_velocity_loaded[a] if w.held[r] >= 0 else p.axis_velocity[a]
        if abs(v) > _SPEED_TOLERANCE * speed + _SPEED_MARGIN[a]:
            _report(w, watch, 6, v, _SPEED_TOLERANCE * speed + _SPEED_MARGIN[a], _TURNING if a == 3 else _SPEED)


@njit(cache=True)
def _watch_limits(w: Truth, watch: Watch, p: Params, r: int, dt_s: float) -> None:
    """Check invariant 6 for robot `r`: axes, forces, load."""
    moves, beyond, holds = False, False, w.held[r] >= 0
    for a in range(4):  # without a branch: mostly nothing is wrong
        q, v = w.q[r, a], w.qd[r, a]
        moves |= abs(v) > _MOVING[a]
        beyond |= (q < p.axis_min[r, a] - _AXIS_TOLERANCE[a]) | (q > p.axis_max[r, a] + _AXIS_TOLERANCE[a])
        speed = p.axis_velocity_loaded[a] if holds else p.axis_velocity[a]
        beyond |= abs(v) > _SPEED_TOLERANCE * speed + _SPEED_MARGIN[a]
    if beyond:
        _report_axes(w, watch, p, r)
    # reaction first, then the stop itself; force and load that remain once the axes stand are no act of the station
    late_s = 2.0 * p.reaction_time_s + _STOP_S
    lateral = 0.0
    if w.guide_force_n[r, 0] != 0.0 or w.guide_force_n[r, 1] != 0.0:
        lateral = math.sqrt(w.guide_force_n[r, 0] ** 2 + w.guide_force_n[r, 1] ** 2)
    watch.overforce_s[r] = watch.overforce_s[r] + dt_s if lateral > p.lateral_abort_n else 0.0
    if watch.overforce_s[r] > late_s and moves:
        _report(w, watch, 6, lateral, p.lateral_abort_n, _LATERAL)
    # the structure yields at once: of every tick since the last scan
    lateral = max(lateral, w.guide_peak_n[r, 0])
    if lateral > p.structure_lateral_n:
        _report(w, watch, 6, lateral, p.structure_lateral_n, _LATERAL)
    axial = max(abs(w.guide_force_n[r, 2]), w.guide_peak_n[r, 1])
    if axial > p.structure_axial_n:
        _report(w, watch, 6, axial, p.structure_axial_n, _AXIAL)
    limit_n = p.overload_fraction * p.rated_load_kg * p.gravity_mps2
    proof_n = _PROOF_LOAD * p.rated_load_kg * p.gravity_mps2
    load_n = abs(w.load_n[r])
    watch.overload_s[r] = watch.overload_s[r] + dt_s if load_n > limit_n else 0.0
    if watch.overload_s[r] > late_s and (abs(w.qd[r, 2]) > _MOVING[2] or load_n > proof_n):
        _report(w, watch, 6, load_n, limit_n, _LOAD)


@njit(cache=True)
def monitor(w: Truth, watch: Watch, p: Params, dt_s: float, trip: int, acknowledgements: int, released: int) -> None:
    """Check all invariants on the true state of one world; `dt_s` is the time since the last check.

    Inputs that no plant has: `trip`, not 0 from a trip of the station until it is acknowledged, the number of
    `acknowledgements` so far, and `released`, whether the truck has been released.
    """
    if not _all_finite(w, p):
        _report_not_finite(w, watch)
        return
    _watch_robots(w, watch, p, dt_s)
    _watch_places(w, watch, p, released)
    watch_stop(w, watch, p, trip, acknowledgements)


@njit(cache=True)
def _watch_robots(w: Truth, watch: Watch, p: Params, dt_s: float) -> None:
    """Check invariants 1, 3 and 6, and 2 of a pack that is released now."""
    for r in range(p.robots):
        _watch_load(w, watch, p, r)
        k = watch.previous_held[r]
        if k >= 0 and w.held[r] != k and not _seated(w, p, k):
            _report_loose(w, watch, p, k)
        watch.previous_held[r] = w.held[r]
        _watch_limits(w, watch, p, r, dt_s)
    if p.robots == 2 and abs(w.q[0, 0] - w.q[1, 0]) < p.robot_length_m - _DISTANCE_TOLERANCE_M:
        _report(w, watch, 6, abs(w.q[0, 0] - w.q[1, 0]), p.robot_length_m - _DISTANCE_TOLERANCE_M, _ROBOTS)


@njit(cache=True)
def _watch_places(w: Truth, watch: Watch, p: Params, released: int) -> None:
    """Check invariant 2 of packs that stand, and invariant 4."""
    _watch_free_packs(w, watch, p)
    _watch_pull(w, watch, p)
    # 4: the truck drives off
    if released == 1:
        for s in range(p.seats):
            if p.seat_on_truck[s] == 1 and p.seat_locks[s] > 0 and watch.watch_pulled[s] == 0:
                _report(w, watch, 4, float(s), 0.0, _SEAT)
