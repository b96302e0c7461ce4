"""The stop after a trip, and its acknowledgement."""

from __future__ import annotations

from twin.control.feed_forward import grips_loaded
from twin.control.interlocks.axes import LIMIT_SWITCH, OVERSPEED_MARGIN, overtravel
from twin.control.interlocks.load import load_share
from twin.control.readings import all_present, let_go
from twin.motion.drives import stop_axis
from twin.motion.kernels import kernel
from twin.motion.limits import speed_limit
from twin.records import (
    ERROR_STOP,
    LOAD_UNKNOWN,
    STANDSTILL,
    TRIP_LOAD_IMPLAUSIBLE,
    TRIP_NONE,
    TRIP_OVERLOAD,
    TRIP_POWER,
    TRIP_TRUCK_MOVED,
    Control,
    Image,
    Params,
    Z,
)

LOST_SHARE = 0.25
"""Share of its following limit up to which an axis off its reference still stops along it; beyond, it stops from where
it is [estimate]."""


@kernel
def trip_station(image: Image, control: Control, p: Params, reason: int) -> None:
    """Stop every axis (category 1: controlled stop, then brake).

    An axis that is off its reference stops from where it is: catching up first would lengthen its stop. One that has
    lost it, is too fast or beyond its stroke is out of its drive's control and brakes immediately. At power loss all
    brakes set immediately, and so does that of a hoist or lift that is overloaded: against a caught pack every
    millimetre of a gentle stop adds load. With an unknown load, a drive whose feed-forward uses the load cell cannot
    stop it either. Grips that are still closing on a pack in its seat open again when the truck moves: it would drag
    the robot along.
    """
    control.trip = reason
    control.trip_t_s = image.clock_s
    for r in range(p.robots):
        closed = image.grip_closed[r, 0] + image.grip_closed[r, 1] + image.grip_closed[r, 2] + image.grip_closed[r, 3]
        s = control.hold_seat[r]
        if (
            reason == TRIP_TRUCK_MOVED
            and image.grip_command[r] == 1
            and closed == 0
            and s >= 0
            and all_present(image, s)
        ):
            image.grip_command[r] = 0
        for k in range(4):
            at = control.trip_q[r, k] = image.axis_position[r, k]
            error = abs(image.reference[r, k, 0] - at) / p.axis_following_limit[k]
            if error > LOST_SHARE:
                let_go(image, r, k)
            stop_axis(image, p, r, k, image.clock_s, ERROR_STOP)
            overloaded = reason == TRIP_OVERLOAD and k == Z and load_share(image, p, r) > p.overload_fraction
            fastest = speed_limit(p, k, grips_loaded(image, r)) + OVERSPEED_MARGIN[k]
            runaway = abs(image.axis_speed[r, k]) > fastest
            runaway |= overtravel(image, p, r, k) > LIMIT_SWITCH[k] or error > 1.0
            if reason == TRIP_POWER or overloaded or runaway:
                image.brake[r, k] = 1
            if (
                reason == TRIP_LOAD_IMPLAUSIBLE
                and k == Z
                and r == control.trip_robot
                and control.load_kind[r] == LOAD_UNKNOWN
            ):
                image.brake[r, k] = 1


@kernel
def acknowledge(image: Image, control: Control, p: Params) -> bool:
    """Clear a trip whose cause is gone, once every axis stands braked: references jump to the axes' positions.

    Returns False, without effect, while the button is pressed, the power is off, an axis still moves, or nothing
    tripped.
    """
    if control.trip == TRIP_NONE or image.power_off_seen == 1 or image.estop_seen == 1:
        return False
    for r in range(p.robots):
        for k in range(4):
            if image.brake[r, k] == 0:
                return False
    control.trip = TRIP_NONE
    control.acknowledgements += 1
    for r in range(p.robots):
        for k in range(4):
            image.reference[r, k, 0] = image.axis_position[r, k]
            image.reference[r, k, 1] = 0.0
            image.reference[r, k, 2] = 0.0
            stop_axis(image, p, r, k, image.clock_s, STANDSTILL)
            image.integral_reset[r] |= 1 << k
            image.brake[r, k] = 0
    for i in range(3):
        control.truck_reference[i] = image.truck_seen_m[i]
    return True
