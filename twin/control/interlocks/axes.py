"""Trips on an axis that its drive does not control: off its reference, too fast, or beyond its stroke."""

from __future__ import annotations

from twin.control.readings import loaded
from twin.control.reasons import note_trip
from twin.motion.kernels import inlined_kernel, kernel
from twin.motion.limits import speed_limit
from twin.records import TRIP_FOLLOWING, TRIP_NONE, Command, Control, Image, Params
from twin.records.causes import FOLLOWING, OVERSPEED, OVERTRAVEL

OVERSPEED_MARGIN = (0.016, 0.016, 0.016, 0.008)
"""Excess of an axis over the highest speed with its load, m/s and rad/s, at which its drive has lost control of it
[estimate: twice what the drive may take to catch up; a tenth below what the machine may reach]."""
LIMIT_SWITCH = (0.003, 0.003, 0.003, 0.0012)
"""Travel past the end of its stroke, m and rad, at which an axis that still moves has met its limit switch [estimate:
control error and repeatability]."""


@kernel
def axes_trip(image: Image, control: Control, p: Params, c: Command, r: int) -> int:
    """TRIP_FOLLOWING if an axis of robot `r` is out of its drive's control, else TRIP_NONE."""
    out_of_control, loose, carries = False, p.interlock_scale[TRIP_FOLLOWING], loaded(image, c, r)
    for k in range(4):  # without a branch: mostly nothing is wrong
        at = image.axis_position[r, k]
        error = abs(image.reference[r, k, 0] - at)
        fastest = speed_limit(p, k, carries) + OVERSPEED_MARGIN[k]
        out_of_control |= (image.brake[r, k] == 0) & (error > p.axis_following_limit[k] * loose)
        out_of_control |= abs(image.axis_speed[r, k]) > loose * fastest
        out_of_control |= (image.brake[r, k] == 0) & (overtravel(image, p, r, k) > LIMIT_SWITCH[k] * loose)
    if out_of_control and p.interlock_off[TRIP_FOLLOWING] == 0:
        note_astray(image, control, p, c, r)
        return TRIP_FOLLOWING
    return TRIP_NONE


@inlined_kernel
def overtravel(image: Image, p: Params, r: int, k: int) -> float:
    """Travel of axis `k` beyond the end of its stroke while it still moves that way, m or rad; else 0."""
    at, speed = image.axis_position[r, k], image.axis_speed[r, k]
    if at > p.axis_max[r, k] and speed > 0.0:
        return at - p.axis_max[r, k]
    if at < p.axis_min[r, k] and speed < 0.0:
        return p.axis_min[r, k] - at
    return 0.0


@kernel
def note_astray(image: Image, control: Control, p: Params, c: Command, r: int) -> None:
    """Record the axis of robot `r` that has lost its reference, is too fast or beyond its stroke.

    Of several, it records the one with the largest excess.
    """
    most, loose = 0.0, p.interlock_scale[TRIP_FOLLOWING]
    for k in range(4):
        at = image.axis_position[r, k]
        error, allowed = abs(image.reference[r, k, 0] - at), p.axis_following_limit[k] * loose
        if image.brake[r, k] == 0 and error > allowed and error / allowed > most:
            most = error / allowed
            note_trip(control, r, FOLLOWING, k, error, allowed)
        fastest = speed_limit(p, k, loaded(image, c, r)) + OVERSPEED_MARGIN[k]
        speed, allowed = abs(image.axis_speed[r, k]), loose * fastest
        if speed > allowed and speed / allowed > most:
            most = speed / allowed
            note_trip(control, r, OVERSPEED, k, speed, allowed)
        beyond, allowed = overtravel(image, p, r, k), LIMIT_SWITCH[k] * loose
        if image.brake[r, k] == 0 and beyond > allowed and beyond / allowed > most:
            most = beyond / allowed
            note_trip(control, r, OVERTRAVEL, k, beyond, allowed)
