"""Trips on a carried pack: lifted over locks that are not open, or moved sideways too low."""

from __future__ import annotations

from twin.control.readings import HEIGHT_TOLERANCE_M, below_clearance, loaded, locks_open, stopping_way
from twin.control.reasons import first_lock_not, note_trip
from twin.motion.kernels import kernel
from twin.records import (
    FLOATING_TABLE,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    UNTIL_SEATED,
    Command,
    Control,
    Image,
    Params,
    Z,
)
from twin.records.causes import LOW_TRAVEL, RISE

RISE_SHARE = 0.85
"""Share of the creep-out height at which a hoist or lift with a lock not open stops [estimate: its stopping distance is
known to a few per cent; the monitor reports the whole height]."""


@kernel
def pack_trip(image: Image, control: Control, p: Params, c: Command, r: int) -> int:
    """Reason to trip by how robot `r` moves its pack, or TRIP_NONE."""
    off, scale = p.interlock_off, p.interlock_scale
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
    return TRIP_NONE
