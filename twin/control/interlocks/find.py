"""The trips, in the order in which they are looked for."""

from __future__ import annotations

from typing import Any

from twin.control.interlocks.axes import axes_trip
from twin.control.interlocks.load import lateral_trip, load_trip
from twin.control.interlocks.pack import pack_trip
from twin.control.interlocks.station import distance_trip, power_trip, truck_trip
from twin.control.load_plausibility import zeroing
from twin.control.readings import locks_closed
from twin.motion.kernels import kernel
from twin.records import TRIP_NONE, Control, Image, Params
from twin.records.scan_parts import ACTUATORS, ALL_ROBOTS, ROBOT_MOVED, TRUCK_MOVED


@kernel
def find_trip(image: Image, control: Control, p: Params, commands: Any, dt_s: float, anew: int) -> int:
    """Reason to trip in this scan, or TRIP_NONE. `anew` as for `twin.runner.scan.plc_scan_unobserved`."""
    reason = power_trip(image, control, p)
    if reason != TRIP_NONE:
        return reason
    if anew & ACTUATORS:
        for s in range(p.seats):
            if control.pull_tested[s] != 0 and not locks_closed(image, p, s):
                control.pull_tested[s] = 0  # the tested locks have been opened
    zeroes = zeroing(control, p, commands)
    for r in range(p.robots):
        c = commands[r]
        reason = load_trip(image, control, p, c, r, zeroes, dt_s)
        if reason == TRIP_NONE:
            reason = lateral_trip(image, control, p, c, r, dt_s)
        if reason == TRIP_NONE and anew & (ROBOT_MOVED << r):
            reason = pack_trip(image, control, p, c, r)
            if reason == TRIP_NONE:
                reason = axes_trip(image, control, p, c, r)
        if reason != TRIP_NONE:
            return reason
    if anew & ALL_ROBOTS:
        reason = distance_trip(image, control, p)
    if reason == TRIP_NONE and anew & TRUCK_MOVED:
        reason = truck_trip(image, control, p)
    return reason
