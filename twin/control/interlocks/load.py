"""Trips on the load of hoist and lift, and on the side force of the guides."""

from __future__ import annotations

from twin.control.load_plausibility import drive_load_n, friction_n, load_implausible, overload_unconfirmed
from twin.control.reasons import note_trip
from twin.geometry import planar
from twin.motion.kernels import kernel
from twin.records import (
    FLOATING_TABLE,
    TRIP_LATERAL,
    TRIP_LOAD_IMPLAUSIBLE,
    TRIP_NONE,
    TRIP_OVERLOAD,
    Command,
    Control,
    Image,
    Params,
    Z,
)
from twin.records.causes import DRIVE_FORCE, LATERAL, LOAD, PULL_ON_TABLE

SNAG_FRACTION = 0.3
"""Share of the rated load with which a table that pulls on its load is caught on a lock [estimate: several times the
pull test]."""
OVERLOAD_S = 0.095
"""Time of an overload that trips. A pack that comes off its pads bounces on the ropes, at about 7 Hz, half of it over
its weight, which is no overload yet [estimate]."""
OVERLOAD_STEP, NOISE_S = 0.1, 0.015
"""Excess over the limit, as a share of the rated load, that is no bounce: two scans are enough [estimate]."""
LATERAL_SHARE = 0.9
"""Share of the lateral abort limit that trips, or ends an insertion: the rest is for the stop [derived: the monitor
reports the whole limit, a tenth more]."""


@kernel
def load_trip(image: Image, control: Control, p: Params, c: Command, r: int, zeroes: bool, dt_s: float) -> int:
    """Reason to trip by the load of robot `r`, or TRIP_NONE; `zeroes`: result of `zeroing`."""
    off = p.interlock_off
    if load_implausible(image, control, p, c, r, zeroes, dt_s) and off[TRIP_LOAD_IMPLAUSIBLE] == 0:
        return TRIP_LOAD_IMPLAUSIBLE
    share = load_share(image, p, r)
    most = p.overload_fraction * p.interlock_scale[TRIP_OVERLOAD]
    control.load_s[r] = control.load_s[r] + dt_s if share > most else 0.0
    bounce_s = OVERLOAD_S if share < most + OVERLOAD_STEP else NOISE_S
    if control.load_s[r] > bounce_s and off[TRIP_OVERLOAD] == 0:
        if off[TRIP_LOAD_IMPLAUSIBLE] == 0 and overload_unconfirmed(image, control, p, r):
            return TRIP_LOAD_IMPLAUSIBLE
        note_overload(image, control, p, r, share)
        return TRIP_OVERLOAD
    return TRIP_NONE


@kernel
def load_share(image: Image, p: Params, r: int) -> float:
    """Load over rated load by the load cell's fast channel; a table that pulls at its pack counts as overloaded.

    Hoist and lift also use the force of their own drive: they do not pull on with a failed load cell.
    """
    rated_n = p.rated_load_kg * p.gravity_mps2
    share = image.load_raw_n[r] / rated_n
    if p.reeving == FLOATING_TABLE and share < -SNAG_FRACTION:
        share = p.overload_fraction + OVERLOAD_STEP
    if image.brake[r, Z] == 0:
        # friction helps a drive that lowers; at rest its sign is unknown, and it counts as hoisting
        friction = -friction_n(image, p, r) if image.axis_speed[r, Z] < 0.0 else friction_n(image, p, r)
        share = max(share, (drive_load_n(image, p, r, 0.0) - friction) / rated_n)
    return share


@kernel
def note_overload(image: Image, control: Control, p: Params, r: int, share: float) -> None:
    """Record the overload of robot `r`: the load, the force of its hoist or lift, or a pull on its table.

    `share` is the result of `load_share`.
    """
    rated_n = p.rated_load_kg * p.gravity_mps2
    load_n, value_n = image.load_raw_n[r], share * rated_n
    limit_n = p.overload_fraction * rated_n
    if p.reeving == FLOATING_TABLE and load_n < -SNAG_FRACTION * rated_n:
        note_trip(control, r, PULL_ON_TABLE, Z, load_n, -SNAG_FRACTION * rated_n)
    elif value_n > load_n * (1.0 + 1e-12):
        note_trip(control, r, DRIVE_FORCE, Z, value_n, limit_n)
    else:
        note_trip(control, r, LOAD, Z, load_n, limit_n)


@kernel
def lateral_limit_n(p: Params) -> float:
    """Lateral force that trips, or ends an insertion, once it has lasted for the reaction time, N."""
    return LATERAL_SHARE * p.lateral_abort_n * p.interlock_scale[TRIP_LATERAL]


@kernel
def lateral_trip(image: Image, control: Control, p: Params, c: Command, r: int, dt_s: float) -> int:
    """TRIP_LATERAL if the guides push robot `r` aside too hard while it inserts nothing, else TRIP_NONE."""
    # mostly there is none: a square root takes longer than this test
    pushed = image.lateral_n[r, 0] != 0.0 or image.lateral_n[r, 1] != 0.0
    abort_n, off = lateral_limit_n(p), p.interlock_off
    pushed = pushed and planar(image.lateral_n[r, 0], image.lateral_n[r, 1]) > abort_n and off[TRIP_LATERAL] == 0
    control.force_s[r] = control.force_s[r] + dt_s if pushed else 0.0
    if c.inserting == 0 and control.force_s[r] > p.reaction_time_s:
        note_trip(control, r, LATERAL, -1, planar(image.lateral_n[r, 0], image.lateral_n[r, 1]), abort_n)
        return TRIP_LATERAL
    return TRIP_NONE
