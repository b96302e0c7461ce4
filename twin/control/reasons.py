"""The controller puts on record why it trips, refuses or ends a command: a code, what it is about, value and limit."""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.records import LOCKS, Control, Image, Params
from twin.records.causes import LOCKS_SHUT, VELOCITY


@kernel
def note_trip(control: Control, r: int, cause: int, index: int, value: float, limit: float) -> None:
    """Put on record what trips the station: robot `r` (-1: none), `index` of an axis, or of a lock as s * LOCKS + i."""
    control.trip_cause = cause
    control.trip_robot = r
    control.trip_index = index
    control.trip_value = value
    control.trip_limit = limit


@kernel
def note_end(image: Image, control: Control, r: int, cause: int, index: int, value: float, limit: float) -> None:
    """Put on record why a command of robot `r` ends otherwise than done; `index` of an axis, seat, grip or lock."""
    control.end_cause[r] = cause
    control.end_index[r] = index
    control.end_value[r] = value
    control.end_limit[r] = limit
    control.end_t_s[r] = image.clock_s


@kernel
def refused(image: Image, control: Control, r: int, cause: int, index: int, value: float, limit: float) -> bool:
    """False, after `note_end`: the answer of a permissive that is not given."""
    note_end(image, control, r, cause, index, value, limit)
    return False


@kernel
def pads_made(image: Image, s: int) -> int:
    """How many of the four pad switches of seat `s` are made."""
    return image.seat_present[s, 0] + image.seat_present[s, 1] + image.seat_present[s, 2] + image.seat_present[s, 3]


@kernel
def first_lock_not(image: Image, p: Params, s: int, closed: int) -> tuple[int, int]:
    """(lock, how many): the first lock of seat `s`, as s * LOCKS + i, that does not report so, and how many do."""
    first, n = -1, 0
    for i in range(p.seat_locks[s]):
        says = image.lock_closed[s, i] if closed == 1 else image.lock_open[s, i]
        n += says
        if says == 0 and first < 0:
            first = s * LOCKS + i
    return first, n


@kernel
def first_grip_not(image: Image, r: int, closed: int) -> tuple[int, int]:
    """(grip, how many): the first grip of robot `r` that does not report closed (or open), and how many do."""
    first, n = -1, 0
    for i in range(4):
        says = image.grip_closed[r, i] if closed == 1 else image.grip_open[r, i]
        n += says
        if says == 0 and first < 0:
            first = i
    return first, n


@kernel
def refuse_locks(image: Image, control: Control, p: Params, r: int, s: int) -> bool:
    """False, after noting which lock of seat `s` is not closed."""
    lock, n = first_lock_not(image, p, s, 1)
    return refused(image, control, r, LOCKS_SHUT, lock, float(n), float(p.seat_locks[s]))


@kernel
def refuse_ramps(image: Image, control: Control, r: int, k: int, given: Any, limits: Any) -> bool:
    """False, after noting which of velocity, acceleration and jerk of axis `k` is outside 0 to its limit (tuples)."""
    for i in range(3):
        good = 0.0 < given[i] <= limits[i] * (1.0 + 1e-9)  # NaN never is
        if not good:
            value = given[i]
            note_end(image, control, r, VELOCITY + i, k, value if math.isfinite(value) else -1.0, limits[i])
            return False
    return False
