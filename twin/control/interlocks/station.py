"""Trips on the whole station: power, emergency stop, the distance of two robots, the parked truck."""

from __future__ import annotations

import math

from twin.control.readings import stopping_way
from twin.control.reasons import note_trip
from twin.motion.kernels import kernel
from twin.records import (
    TRIP_DISTANCE,
    TRIP_ESTOP,
    TRIP_NONE,
    TRIP_POWER,
    TRIP_TRUCK_MOVED,
    Control,
    Image,
    Params,
    X,
)
from twin.records.causes import BUTTON, DISTANCE, DRIVE_POWER, TRUCK_SHIFT

DISTANCE_MARGIN_M = 0.03
"""Distance between two robots beyond their length [derived: a tenth more than what the monitor reports; packs and seats
a pitch of 50 mm more than that length apart are still reached by both]."""
DISTANCE_TOLERANCE_M = 0.01
"""Overlap of two robots' stopping distances that counts as control error [estimate]."""


@kernel
def power_trip(image: Image, control: Control, p: Params) -> int:
    """TRIP_POWER without power, TRIP_ESTOP while the button is pressed, else TRIP_NONE."""
    if image.power_off_seen == 1 and p.interlock_off[TRIP_POWER] == 0:
        note_trip(control, -1, DRIVE_POWER, -1, 0.0, 1.0)
        return TRIP_POWER
    if image.estop_seen == 1 and p.interlock_off[TRIP_ESTOP] == 0:
        note_trip(control, -1, BUTTON, -1, 1.0, 0.0)
        return TRIP_ESTOP
    return TRIP_NONE


@kernel
def distance_trip(image: Image, control: Control, p: Params) -> int:
    """TRIP_DISTANCE if two robots are, or will stop, too near to each other, else TRIP_NONE."""
    if p.robots < 2 or p.interlock_off[TRIP_DISTANCE] == 1:
        return TRIP_NONE
    scale = p.interlock_scale[TRIP_DISTANCE]
    gap = abs(image.axis_position[0, X] - image.axis_position[1, X])
    side = 1.0 if image.axis_position[0, X] > image.axis_position[1, X] else -1.0
    # stopping positions, a little too near: robots that approach neighbouring seats come closer than they stand
    left = gap + side * (stopping_way(image, p, 0, X) - stopping_way(image, p, 1, X))
    least_m = (p.robot_length_m + DISTANCE_MARGIN_M) / scale - DISTANCE_TOLERANCE_M
    left_m = p.robot_length_m / scale - DISTANCE_TOLERANCE_M
    if gap < least_m or left < left_m:
        note_trip(control, -1, DISTANCE, X, min(gap, left), least_m if gap < least_m else left_m)
        return TRIP_DISTANCE
    return TRIP_NONE


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
def truck_trip(image: Image, control: Control, p: Params) -> int:
    """TRIP_TRUCK_MOVED if the truck is not where it was measured, before it is released; else TRIP_NONE."""
    if image.truck_released == 1 or p.interlock_off[TRIP_TRUCK_MOVED] == 1:
        return TRIP_NONE
    shift_m, most_m = truck_shift_m(image, control, p), p.truck_moved_m * p.interlock_scale[TRIP_TRUCK_MOVED]
    if shift_m > most_m:
        note_trip(control, -1, TRUCK_SHIFT, -1, shift_m, most_m)
        return TRIP_TRUCK_MOVED
    return TRIP_NONE
