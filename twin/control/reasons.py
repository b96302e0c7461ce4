"""Records why the controller trips, refuses or ends a command: a code, its subject, value and limit."""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.records import LOCKS, Control, Image, Params
from twin.records.causes import LOCKS_SHUT, VELOCITY


@kernel
def note_trip(control: Control, r: int, cause: int, index: int, value: float, limit: float) -> None:
    """Record the cause of a trip: robot `r` (-1: none), `index` of an axis, or of a lock as s * LOCKS + i."""
    control.trip_cause = cause
    control.trip_robot = r
    control.trip_index = index
    control.trip_value = value
    control.trip_limit = limit


@kernel
def note_end(image: Image, control: Control, r: int, cause: int, index: int, value: float, limit: float) -> None:
    """Record why a command of robot `r` ends otherwise than done; `index` of an axis, seat, grip or lock."""
    control.end_cause[r] = cause
    control.end_index[r] = index
    control.end_value[r] = value
    control.end_limit[r] = limit
    control.end_t_s[r] = image.clock_s


@kernel
def refused(image: Image, control: Control, r: int, cause: int, index: int, value: float, limit: float) -> bool:
    """Record with `note_end` that a permissive is not given, and return False."""
    note_end(image, control, r, cause, index, value, limit)
    return False


@kernel
def pads_made(image: Image, s: int) -> int:
    """Number of made pad switches, of four, of seat `s`."""
    return image.seat_present[s, 0] + image.seat_present[s, 1] + image.seat_present[s, 2] + image.seat_present[s, 3]


@kernel
def first_lock_not(image: Image, p: Params, s: int, closed: int) -> tuple[int, int]:
    """First lock of seat `s`, as s * LOCKS + i, that does not report so, and the number that do: (lock, number)."""
    first, n = -1, 0
    for i in range(p.seat_locks[s]):
        says = image.lock_closed[s, i] if closed == 1 else image.lock_open[s, i]
        n += says
        if says == 0 and first < 0:
            first = s * LOCKS + i
    return first, n


@kernel
def first_grip_not(image: Image, r: int, closed: int) -> tuple[int, int]:
    """First grip of robot `r` that does not report closed (or open), and the number that do: (grip, number)."""
    first, n = -1, 0
    for i in range(4):
        says = image.grip_closed[r, i] if closed == 1 else image.grip_open[r, i]
        n += says
        if says == 0 and first < 0:
            first = i
    return first, n


@kernel
def refuse_locks(image: Image, control: Control, p: Params, r: int, s: int) -> bool:
    """Record which lock of seat `s` is not closed, and return False."""
    lock, n = first_lock_not(image, p, s, 1)
    return refused(image, control, r, LOCKS_SHUT, lock, float(n), float(p.seat_locks[s]))


@kernel
def refuse_ramps(image: Image, control: Control, r: int, k: int, given: Any, limits: Any) -> bool:
    """Record which of velocity, acceleration and jerk of axis `k` is outside 0 to its limit (tuples); return False."""
    for i in range(3):
        good = 0.0 < given[i] <= limits[i] * (1.0 + 1e-9)  # False for NaN
        if not good:
            value = given[i]
            note_end(image, control, r, VELOCITY + i, k, value if math.isfinite(value) else -1.0, limits[i])
            return False
    return False
