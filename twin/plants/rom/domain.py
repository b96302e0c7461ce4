"""Domain of validity of the reduced-order model: when a world has left it (docs/reduced_order.md).

Checked in every scan before the monitor, so that no number outside the domain is judged, recorded or observed as a
result. A world that has left stops: its robots' commands end as OUTSIDE, and the swap as `outside_model`.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom import carried_body, seat_contact
from twin.plants.rom.contact_points import DEEP_M
from twin.plants.rom.frames import cosine_sine, times
from twin.plants.rom.step_mode import SLEEPING
from twin.records import (
    EPITCH,
    EROLL,
    EX,
    EY,
    EZ,
    FLOATING_TABLE,
    ROBOTS,
    TPITCH,
    TROLL,
    TX,
    TY,
    TYAW,
    TZ,
    Params,
    Truth,
    Z,
)
from twin.records.causes import (
    AXIS_SPEED,
    BESIDE_PINS,
    BODY_SPEED,
    BODY_TILT,
    NO_CAUSE,
    NOT_FINITE,
    PACK_OVERLAP,
    PENETRATION,
    TRUCK_OVERLAP,
    TRUCK_SPEED,
)

Model = Any
State = Any

BODY_MPS, TILT_RAD = 2.0, 0.2
"""Limits of an end effector on its ropes or table, and of a truck on its springs. The largest values in hostile swaps
on either plant are 0.76 m/s and 0.086 rad; at 0.2 rad the small-angle springs are 2 % wrong."""
OVER_AXIS = 2.0
"""Multiple of an axis' highest speed: the overspeed interlock trips far below, and a braked axis only slows down."""
BOUND, BOUND_N = 1e4, 1e9
"""Coordinates, speeds and forces in SI units beyond which a number counts as not finite."""
SUNK = 0.25
"""Height over the seat, as a share of the pins' length, below which a pack beside its pins comes between the pads."""
BESIDE_SPARE_M = 0.01
OVERLAP_M = 0.01
"""Largest overlap allowed between a load and the truck's body, or between packs: their contact is not modelled."""


@kernel
def has_left(w: Truth, p: Params, m: Model, x: State, t: Any) -> bool:
    """True if a world is, or has been before, outside the domain; call it before each scan.

    It records the first quantity outside. A state that is not finite becomes the last finite one, at rest; contact
    forces of no model become zero.
    """
    if w.outside_cause != NO_CAUSE:
        return True
    if not _is_finite(w, p):
        lost = _count_not_finite(w, p)
        _recover(w, p, x)
        _note(w, NOT_FINITE, -1, -1, float(lost), 0.0)
    else:
        _check_truck(w)
        for r in range(p.robots):
            if x.mode[r] != SLEEPING:
                _check_robot(w, p, m, x, t, r)
            x.depth_m[r] = 0.0
    if w.outside_cause == NO_CAUSE:
        _save(w, p, x)
        return False
    for r in range(p.robots):
        w.guide_peak_n[r, 0] = w.guide_peak_n[r, 1] = 0.0
        for i in range(3):
            w.guide_force_n[r, i] = 0.0
    return True


@kernel
def _note(w: Truth, cause: int, r: int, index: int, value: float, limit: float) -> None:
    """Record the first quantity that is outside."""
    if w.outside_cause != NO_CAUSE:
        return
    w.outside_cause = cause
    w.outside_robot = r
    w.outside_index = index
    w.outside_value = value
    w.outside_limit = limit
    w.outside_t_s = w.t_s


@inlined_kernel
def _is_finite(w: Truth, p: Params) -> bool:
    """True if `_count_not_finite` is zero; without a branch: mostly nothing is wrong."""
    finite = True
    for i in range(6):
        finite &= (abs(w.truck_q[i]) < BOUND) & (abs(w.truck_qd[i]) < BOUND)
    for r in range(p.robots):
        q, qd, force = w.q[r], w.qd[r], w.guide_force_n[r]
        for i in range(10):
            finite &= (abs(q[i]) < BOUND) & (abs(qd[i]) < BOUND)
        finite &= abs(w.load_n[r]) + abs(force[0]) + abs(force[1]) + abs(force[2]) < BOUND_N
    return finite


@kernel
def _count_not_finite(w: Truth, p: Params) -> int:
    """Number of values of the state that are not finite, or beyond that limit."""
    lost = 0
    for i in range(6):
        if not (abs(w.truck_q[i]) < BOUND and abs(w.truck_qd[i]) < BOUND):
            lost += 1
    for r in range(p.robots):
        q, qd, force = w.q[r], w.qd[r], w.guide_force_n[r]
        for i in range(10):
            if not (abs(q[i]) < BOUND and abs(qd[i]) < BOUND):
                lost += 1
        if not abs(w.load_n[r]) + abs(force[0]) + abs(force[1]) + abs(force[2]) < BOUND_N:
            lost += 1
    return lost


@kernel
def _check_truck(w: Truth) -> None:
    """Check speed and tilt of the truck's body."""
    q, qd = w.truck_q, w.truck_qd
    speed2 = qd[TX] * qd[TX] + qd[TY] * qd[TY] + qd[TZ] * qd[TZ]
    if speed2 > BODY_MPS * BODY_MPS:
        _note(w, TRUCK_SPEED, -1, -1, math.sqrt(speed2), BODY_MPS)
    tilt = abs(q[TPITCH]) + abs(q[TROLL])
    if tilt > TILT_RAD:
        _note(w, BODY_TILT, -1, -1, tilt, TILT_RAD)


@kernel
def _check_robot(w: Truth, p: Params, m: Model, x: State, t: Any, r: int) -> None:
    """Check penetration, speeds and tilt of robot `r`, and the place of the pack that it holds."""
    q, qd, k = w.q[r], w.qd[r], w.held[r]
    if x.depth_m[r] > DEEP_M:
        _note(w, PENETRATION, r, -1, x.depth_m[r], DEEP_M)
    speed2 = qd[EX] * qd[EX] + qd[EY] * qd[EY] + qd[EZ] * qd[EZ]
    if speed2 > BODY_MPS * BODY_MPS:
        _note(w, BODY_SPEED, r, -1, math.sqrt(speed2), BODY_MPS)
    tilt = abs(q[EPITCH]) + abs(q[EROLL])
    if tilt > TILT_RAD:
        _note(w, BODY_TILT, r, -1, tilt, TILT_RAD)
    for i in range(4):
        if abs(qd[i]) > OVER_AXIS * p.axis_velocity[i]:
            _note(w, AXIS_SPEED, r, i, abs(qd[i]), OVER_AXIS * p.axis_velocity[i])
    if k >= 0 and w.pack_offset_m[k, 2] < SUNK * m.pin_length_m:
        along, across = abs(w.pack_offset_m[k, 0]), abs(w.pack_offset_m[k, 1])
        off = max(along, across)
        if along > 2.0 * m.pack_half_m[0] or across > 2.0 * m.pack_half_m[1]:
            off = 0.0  # it is entirely past that seat
        most = m.pin_radius_m + m.capture_m + seat_contact.WALL_M + BESIDE_SPARE_M
        if off > most:
            _note(w, BESIDE_PINS, r, -1, off, most)
    _check_overlaps(w, p, m, x, t, r)


@kernel
def _check_overlaps(w: Truth, p: Params, m: Model, x: State, t: Any, r: int) -> None:
    """Check the overlap of robot `r`'s load with the truck's body, and of a held pack with others; level outlines.

    Its position follows from its joints: poses of a robot that is high are not updated at unobserved scans.
    """
    k, up, q, pose = w.held[r], p.retract, w.q[r], t.at
    face_m = q[EZ] + (q[Z] if p.reeving == FLOATING_TABLE else p.sheave_height_m)
    below_m = p.pack_height_m - up * x.relative[k, 2] if k >= 0 else m.flipper_depth_m
    if up * face_m - below_m > m.highest_m:
        return
    carried_body.angles_of(w, p, r, t.angles)
    carried_body.end_effector_motion(w, p, r, t.angles, pose, t.turn, t.motion)
    if k >= 0:
        lies = x.relative[k]
        ox, oy, oz = times(t.turn, lies[0], lies[1], lies[2])
        pose[0], pose[1], pose[2] = pose[0] + ox, pose[1] + oy, pose[2] + oz
    low = up * pose[2] - (p.pack_height_m if k >= 0 else m.flipper_depth_m)
    more = 0.0 if k >= 0 else m.flipper_clearance_m + m.flipper_capture_m
    half_x, half_y = m.pack_half_m[0] + more, m.pack_half_m[1] + more
    if k < 0:
        half_x, half_y = max(half_x, m.e_half_m[0]), max(half_y, m.e_half_m[1])
    at = w.truck_q
    c, s = cosine_sine(at[TYAW])
    dx, dy = pose[0] - at[TX], pose[1] - at[TY]
    dx, dy = c * dx + s * dy, c * dy - s * dx
    for i in range(m.boxes):
        box = m.box_m[i]
        top = max(up * box[2], up * box[5]) + up * at[TZ]
        overlap = min(top - low, min(box[3], dx + half_x) - max(box[0], dx - half_x))
        overlap = min(overlap, min(box[4], dy + half_y) - max(box[1], dy - half_y))
        if overlap > OVERLAP_M:
            _note(w, TRUCK_OVERLAP, r, -1, overlap, OVERLAP_M)
    if k < 0:
        return
    for i in range(p.packs + m.idle):
        if i == k or (i < p.packs and w.held[ROBOTS - 1 - r] == i):
            continue
        other = w.pack_pose[i] if i < p.packs else m.idle_pose[i - p.packs]
        overlap = p.pack_height_m - abs(pose[2] - other[2])
        if overlap > OVERLAP_M:
            overlap = min(overlap, 2.0 * m.pack_half_m[0] - abs(pose[0] - other[0]))
            overlap = min(overlap, 2.0 * m.pack_half_m[1] - abs(pose[1] - other[1]))
        if overlap > OVERLAP_M:
            _note(w, PACK_OVERLAP, r, -1, overlap, OVERLAP_M)


@kernel
def _save(w: Truth, p: Params, x: State) -> None:
    """Store what `_recover` needs."""
    for r in range(p.robots):
        for i in range(10):
            x.last_q[r, i] = w.q[r, i]
        for i in range(4):
            last = x.last_meters[r, i]
            last[0], last[1] = w.drive_work_j[r, i, 0], w.drive_work_j[r, i, 1]
            last[2], last[3] = w.drive_way[r, i, 0], w.drive_way[r, i, 1]
            last[4] = w.drive_braking_square_s[r, i]
    for i in range(6):
        x.last_truck_q[i] = w.truck_q[i]
    x.last_figures[0], x.last_figures[1], x.last_figures[2] = w.energy_j, w.peak_sway_m, w.peak_sway_rad


@kernel
def _recover(w: Truth, p: Params, x: State) -> None:
    """Restore the last finite state, at rest and without forces."""
    for r in range(p.robots):
        for i in range(10):
            w.q[r, i], w.qd[r, i], w.tau[r, i] = x.last_q[r, i], 0.0, 0.0
        for i in range(4):
            w.drive_n[r, i] = w.net_n[r, i] = w.integral[r, i] = 0.0
            last = x.last_meters[r, i]
            w.drive_work_j[r, i, 0], w.drive_work_j[r, i, 1] = last[0], last[1]
            w.drive_way[r, i, 0], w.drive_way[r, i, 1] = last[2], last[3]
            w.drive_braking_square_s[r, i] = last[4]
        for i in range(3):
            w.guide_force_n[r, i] = 0.0
        w.load_n[r] = 0.0
        if w.held[r] >= 0:
            w.coupler_n[w.held[r]] = 0.0
    for i in range(6):
        w.truck_q[i], w.truck_qd[i] = x.last_truck_q[i], 0.0
    for i in range(3):
        w.truck_tau[i] = 0.0
    w.energy_j, w.peak_sway_m, w.peak_sway_rad = x.last_figures[0], x.last_figures[1], x.last_figures[2]
    for i in range(ROBOTS + 1):
        x.moved[i] = 1
