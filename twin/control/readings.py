"""What switches and encoders say: grips, locks, pads, heights, and where a moving axis will stand."""

from __future__ import annotations

from twin.control.feed_forward import grips_loaded
from twin.motion.drives import STOP_JERK
from twin.motion.kernels import inlined_kernel, kernel
from twin.motion.profile import end_position
from twin.records import Command, Image, Params, Z

HEIGHT_TOLERANCE_M = 0.01
"""Slack for rope stretch and control error when heights are compared [estimate]."""
JAM_HEIGHT_M = 0.020
"""Height over the expected seat above which axial force is a jam and not the landing itself [estimate]."""
LANDING_HEIGHT_M = 0.080
"""The same once a pad switch is made: on a truck that leans, or by a scanner that is off, the first pad touches sooner
[estimate: 76 mm is the most in 200 unguided insertions by night and in rain]. Above, the switch itself is doubted."""
REACTION_S = 0.05
"""From a trip to the drive: one scan, and the time constant of the velocity loop [estimate]."""


@kernel
def locks_open(image: Image, p: Params, s: int) -> bool:
    """True if every lock of seat `s` reports open."""
    n = 0
    for i in range(p.seat_locks[s]):
        n += image.lock_open[s, i]
    return n == p.seat_locks[s]


@kernel
def locks_closed(image: Image, p: Params, s: int) -> bool:
    """True if every lock of seat `s` reports closed on a pack."""
    n = 0
    for i in range(p.seat_locks[s]):
        n += image.lock_closed[s, i]
    return n == p.seat_locks[s]


@kernel
def all_present(image: Image, s: int) -> bool:
    """True if all four pad switches of seat `s` are made."""
    return (
        image.seat_present[s, 0] + image.seat_present[s, 1] + image.seat_present[s, 2] + image.seat_present[s, 3] == 4
    )


@inlined_kernel
def landing(height_m: float, pads: int) -> bool:
    """True if axial force is that of the seat itself, `height_m` below the pack, with `pads` of its switches made."""
    return height_m <= JAM_HEIGHT_M or (pads > 0 and height_m <= LANDING_HEIGHT_M)


@kernel
def grips_closed(image: Image, r: int) -> bool:
    """True if all four grips of robot `r` report closed on a pack."""
    return image.grip_closed[r, 0] + image.grip_closed[r, 1] + image.grip_closed[r, 2] + image.grip_closed[r, 3] == 4


@kernel
def grips_open(image: Image, r: int) -> bool:
    """True if all four grips of robot `r` report open."""
    return image.grip_open[r, 0] + image.grip_open[r, 1] + image.grip_open[r, 2] + image.grip_open[r, 3] == 4


@inlined_kernel
def loaded(image: Image, c: Command, r: int) -> bool:
    """True if robot `r` carries a pack: the sequence says so, or any grip reports one."""
    return c.carrying >= 0 or grips_loaded(image, r)


@kernel
def below_clearance(image: Image, p: Params, r: int, on_its_way_m: float) -> bool:
    """True if a carried pack is too low (top_lift) or too high (chassis) to traverse, or will be when axis z stands.

    `on_its_way_m` is the distance that axis z still retracts; negative: it approaches.
    """
    mating = image.axis_position[r, Z] - p.retract * p.pack_height_m
    return p.retract * (mating - p.clearance_height_m) + on_its_way_m < -HEIGHT_TOLERANCE_M


@kernel
def target_of(image: Image, r: int, k: int) -> float:
    """Target of axis `k` of robot `r`."""
    return end_position(image.profile[r, k])


@kernel
def stopping_way(image: Image, p: Params, r: int, k: int) -> float:
    """Signed stopping distance of axis `k` of robot `r` from now, in m or rad.

    It is a little too long rather than too short: speed still grows while the drive reverses its acceleration.
    """
    speed, a, j = abs(image.reference[r, k, 1]), p.axis_acceleration[k], STOP_JERK * p.axis_jerk[k]
    sign = 1.0 if image.reference[r, k, 1] > 0.0 else -1.0
    gains = max(sign * image.reference[r, k, 2], 0.0)
    turning_s = gains / j + REACTION_S
    speed += 0.5 * gains * gains / j if speed > 0.0 else 0.0
    lead = sign * (image.reference[r, k, 0] - image.axis_position[r, k])  # it stops at the end of its reference
    return sign * (speed * (0.5 * speed / a + 0.5 * a / j + turning_s) + max(lead, 0.0)) if speed > 0.0 else 0.0


@kernel
def let_go(image: Image, r: int, k: int) -> None:
    """Move the reference of axis `k` to the axis, at its speed, or at rest where its drive resists that speed."""
    image.reference[r, k, 0] = image.axis_position[r, k]
    image.reference[r, k, 1] = (
        image.axis_speed[r, k] if image.axis_speed[r, k] * image.axis_force_n[r, k] > 0.0 else 0.0
    )
    image.reference[r, k, 2] = 0.0
