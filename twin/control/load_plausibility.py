"""Plausibility of the load cell: zeroing, known weights, drive force, and signals that no load can give.

The end effector's weight is known, and so is that of a pack once it has been weighed hanging: a load that hangs still
and shows another weight means a load cell that has drifted. Where the load is not known, in contact, the force of the
hoist or lift is the second source: friction only opposes a motion, so a drive that moves a load never gives less than
that load. Reads sensors and drives alone; `twin.control.interlocks` trips on the results.
"""

from __future__ import annotations

import math
from typing import Any

from twin.control.reasons import note_trip
from twin.motion.kernels import kernel
from twin.motion.limits import speed_limit
from twin.records import BUSY, FOUR_ROPE, LOAD_EMPTY, LOAD_PACK, LOAD_UNKNOWN, Command, Control, Image, Params, Z
from twin.records.causes import (
    LOAD_AGAINST_DRIVE,
    LOAD_OF_EMPTY,
    LOAD_OF_PACK,
    LOAD_PUSHES,
    LOAD_STUCK,
    LOAD_ZERO,
)

STEADY_SHARE = 0.4
"""Scatter of readings beyond noise, as a share of the tolerance, with which a load swings or bounces: not judged."""
STUCK_S = 0.5
"""Time without noise after which a reading comes from no live transmitter [estimate]."""
KNOWN, DRIVE, JUMP = range(3)
"""The checks of `control.load_closest`."""
NOISE_SIGMAS = 6.0
"""Noise limit of a mean, not exceeded within the lifetime of a station: 1e-9 a window [chosen]."""
DRIVE_S = 0.3
"""Averaging time of drive force against the load while the axis moves one way: the acceleration of its own mass, by its
encoder, is right on average only."""
MOVES_MPS = 0.005
"""Speed below which friction may have either sign [estimate: a third of the slowest creep into a load]."""
JUMP_SHARE = 0.04
"""Change of a reading from one scan to the next, as a share of the rated load, that is checked against the drive: some
ordinary landings reach it, and pass that check [estimate]."""
JUMP_WAIT_S, JUMP_MEAN_S = 0.1, 0.2
"""Times after such a jump: the drive regains its axis, then both are averaged [estimate: twice the time constant of the
velocity loop, and two periods of a pack that bounces on its ropes]."""
HELD_SHARE, FAST_SHARE = 0.25, 0.5
"""A jump by more than this share of the rated load, or at more than this share of the highest speed, is not fed forward
to the drive before that check. Ordinary jumps are a quarter of that, at seats and packs [estimate]."""
OVERLOAD_DISAGREES = 0.1
"""Share of the rated load, with friction, within which load cell and drive must agree on an overload; otherwise it is
none [estimate: a shock is not averaged]."""


@kernel
def note_closest(control: Control, r: int, check: int, share: float) -> None:
    """Keep the largest share of its limit that a check of robot `r` has reached."""
    control.load_closest[r, check] = max(control.load_closest[r, check], share)


@kernel
def weight_of_end_effector_n(p: Params) -> float:
    """Load of the empty end effector, N."""
    return p.e_mass_kg * p.gravity_mps2


@kernel
def kind_of_load(image: Image, p: Params, c: Command, r: int) -> int:
    """Free load of robot `r`: LOAD_PACK, LOAD_EMPTY, or LOAD_UNKNOWN while it may touch something.

    The sequence gives the height of axis z from which it is known (`load_known_from`); the switches tell what is
    gripped.
    """
    if not p.retract * (image.axis_position[r, Z] - c.load_known_from) >= 0.0:  # NaN: nowhere
        return LOAD_UNKNOWN
    closed = image.grip_closed[r, 0] + image.grip_closed[r, 1] + image.grip_closed[r, 2] + image.grip_closed[r, 3]
    opened = image.grip_open[r, 0] + image.grip_open[r, 1] + image.grip_open[r, 2] + image.grip_open[r, 3]
    if closed == 4 and image.grip_command[r] == 1:
        return LOAD_PACK
    return LOAD_EMPTY if opened == 4 and image.grip_command[r] == 0 else LOAD_UNKNOWN


@kernel
def drive_load_n(image: Image, p: Params, r: int, gain_mps2: float) -> float:
    """Load on axis z by its drive: its force less its own weight and inertia, friction included."""
    own_n = p.z_gravity_mass_kg * p.gravity_mps2 + p.z_own_mass_kg * gain_mps2
    return image.axis_force_n[r, Z] - own_n


@kernel
def friction_n(image: Image, p: Params, r: int) -> float:
    """Friction of axis z in its nominal state, at its present speed."""
    return p.z_coulomb_n + p.axis_viscous[Z] * abs(image.axis_speed[r, Z])


@kernel
def restart_weighing(control: Control, r: int) -> None:
    """Begin a new window of readings."""
    control.load_count[r] = 0
    control.load_sum_n[r] = control.load_square_n2[r] = 0.0


@kernel
def weigh(image: Image, control: Control, p: Params, r: int, dt_s: float) -> bool:
    """Add this scan's reading. True if the window is full and steady; its mean goes into `control.load_mean_n`.

    Sums are taken about the first reading of the window, so that squares do not cancel.
    """
    if control.load_count[r] == 0:
        control.load_first_n[r] = image.load_raw_n[r]
    off_n = image.load_raw_n[r] - control.load_first_n[r]
    control.load_count[r] += 1
    control.load_sum_n[r] += off_n
    control.load_square_n2[r] += off_n * off_n
    n = control.load_count[r]
    if n * dt_s < p.load_weighing_s - 0.5 * dt_s:
        return False
    mean = control.load_sum_n[r] / n
    variance = control.load_square_n2[r] / n - mean * mean
    control.load_mean_n[r] = control.load_first_n[r] + mean
    restart_weighing(control, r)
    return variance < 1.5 * p.load_sigma_n * p.load_sigma_n + (STEADY_SHARE * p.load_tolerance_n) ** 2


@kernel
def zero(image: Image, control: Control, p: Params, r: int) -> bool:
    """Set the load cell's zero by the mean of a steady window; False if it lies outside the zero-setting window.

    An offset within the noise of the mean counts as none.
    """
    offset_n = control.load_mean_n[r] - weight_of_end_effector_n(p)
    control.load_zeroed[r] = 1
    control.load_zero_found_n[r] = offset_n
    if abs(offset_n) > p.load_zero_window_n:
        return False
    if abs(offset_n) > p.load_zero_noise_n:
        image.load_zero_n[r] = offset_n
        image.load_cell_n[r] -= offset_n
        image.load_raw_n[r] -= offset_n
    return True


@kernel
def zeroing(control: Control, p: Params, commands: Any) -> bool:
    """True if the station zeroes its load cells now: a robot's command says so, and none has moved yet."""
    asked = False
    for r in range(p.robots):
        asked = asked or (commands[r].zero_load > 0 and control.status[r] == BUSY)
    return asked


@kernel
def all_zeroed(control: Control, p: Params) -> bool:
    """True if every robot's load cell is zeroed."""
    n = 0
    for r in range(p.robots):
        n += control.load_zeroed[r]
    return n == p.robots


@kernel
def known_weight_wrong(
    image: Image, control: Control, p: Params, c: Command, r: int, zeroes: bool, dt_s: float
) -> bool:
    """Zero the load cell of robot `r`, weigh its pack, or compare a steady reading with the known load."""
    if image.grip_open[r, 0] + image.grip_open[r, 1] + image.grip_open[r, 2] + image.grip_open[r, 3] == 4:
        control.load_weighed_n[r] = 0.0
    kind = kind_of_load(image, p, c, r)
    if zeroes and control.load_zeroed[r] == 0:
        kind = LOAD_EMPTY
    if kind != control.load_kind[r] or kind == LOAD_UNKNOWN or image.reference[r, Z, 2] != 0.0:
        restart_weighing(control, r)
        control.load_kind[r] = kind
        return False
    if not weigh(image, control, p, r, dt_s):
        return False
    if kind == LOAD_EMPTY:
        if control.load_zeroed[r] == 0:
            if zeroes and not zero(image, control, p, r):
                note_trip(control, r, LOAD_ZERO, -1, control.load_zero_found_n[r], p.load_zero_window_n)
                return True
            return False
        off_n = control.load_mean_n[r] - weight_of_end_effector_n(p)
        note_closest(control, r, KNOWN, abs(off_n) / p.load_tolerance_n)
        if abs(off_n) > p.load_tolerance_n:
            note_trip(control, r, LOAD_OF_EMPTY, Z, off_n, p.load_tolerance_n)
            return True
        return False
    if control.load_weighed_n[r] == 0.0:
        control.load_weighed_n[r] = control.load_mean_n[r]
        return False
    off_n = control.load_mean_n[r] - control.load_weighed_n[r]
    note_closest(control, r, KNOWN, abs(off_n) / p.load_tolerance_n)
    if abs(off_n) > p.load_tolerance_n:
        note_trip(control, r, LOAD_OF_PACK, Z, off_n, p.load_tolerance_n)
        return True
    return False


@kernel
def drive_disagrees(image: Image, control: Control, p: Params, r: int, gain_mps2: float, dt_s: float) -> bool:
    """True if axis z of robot `r` has moved its load with less force than that load takes, on average over DRIVE_S."""
    speed = image.reference[r, Z, 1]
    way = 0
    if image.brake[r, Z] == 0 and abs(speed) > MOVES_MPS and speed * image.axis_speed[r, Z] > 0.0:
        way = 1 if speed > 0.0 else -1
    if way != control.drive_way[r] or way == 0:
        control.drive_way[r] = way
        control.drive_count[r] = 0
        control.drive_sum_n[r] = 0.0
        return False
    control.drive_count[r] += 1
    control.drive_sum_n[r] += drive_load_n(image, p, r, gain_mps2) - image.load_raw_n[r]
    if control.drive_count[r] * dt_s < DRIVE_S - 0.5 * dt_s:
        return False
    over_n = control.drive_sum_n[r] / control.drive_count[r]
    control.drive_count[r] = 0
    control.drive_sum_n[r] = 0.0
    note_closest(control, r, DRIVE, -way * over_n / p.load_drive_tolerance_n)
    if way * over_n < -p.load_drive_tolerance_n:
        note_trip(control, r, LOAD_AGAINST_DRIVE, Z, -over_n, p.load_drive_tolerance_n)
        return True
    return False


@kernel
def follow_without_jump(image: Image, control: Control, p: Params, r: int, dt_s: float) -> None:
    """Filter the load cell's readings less the jump into `ahead_n`: the drive's feed-forward while it is held."""
    keep = p.load_filter_s / (p.load_filter_s + dt_s)
    control.ahead_n[r] = keep * control.ahead_n[r] + (1.0 - keep) * (image.load_raw_n[r] - control.ahead_jump_n[r])


@kernel
def jump_unexplained(
    image: Image, control: Control, p: Params, r: int, change_n: float, gain_mps2: float, dt_s: float
) -> bool:
    """True if a reading has jumped, and load and drive force have differed since by more than friction."""
    if image.brake[r, Z] == 1:
        control.jump_s[r] = 0.0
        control.ahead_held[r] = 0
        return False
    rated_n = p.rated_load_kg * p.gravity_mps2
    if abs(change_n) > max(JUMP_SHARE * rated_n, 2.0 * NOISE_SIGMAS * p.load_sigma_n):
        if control.jump_s[r] == 0.0:
            control.ahead_n[r], control.ahead_jump_n[r] = control.load_cell_last_n[r], 0.0
        control.jump_s[r] = dt_s  # another jump restarts the wait
        control.jump_sum_n[r] = 0.0
        control.jump_count[r] = 0
        control.ahead_jump_n[r] += change_n
        fast = abs(image.reference[r, Z, 1]) > FAST_SHARE * speed_limit(p, Z, True)
        if fast or abs(change_n) > HELD_SHARE * rated_n:
            control.ahead_held[r] = 1
        follow_without_jump(image, control, p, r, dt_s)
        return False
    if control.jump_s[r] == 0.0:
        return False
    follow_without_jump(image, control, p, r, dt_s)
    control.jump_s[r] += dt_s
    if control.jump_s[r] <= JUMP_WAIT_S:
        return False
    control.jump_count[r] += 1
    control.jump_sum_n[r] += image.load_raw_n[r] - drive_load_n(image, p, r, gain_mps2)
    if control.jump_s[r] < JUMP_WAIT_S + JUMP_MEAN_S:
        return False
    off_n = control.jump_sum_n[r] / control.jump_count[r]
    control.jump_s[r] = 0.0
    control.ahead_held[r] = 0
    limit_n = friction_n(image, p, r) + p.load_drive_tolerance_n
    note_closest(control, r, JUMP, abs(off_n) / limit_n)
    if abs(off_n) > limit_n:
        note_trip(control, r, LOAD_AGAINST_DRIVE, Z, off_n, limit_n)
        return True
    return False


@kernel
def signal_wrong(image: Image, control: Control, p: Params, r: int, change_n: float, dt_s: float) -> bool:
    """True if the reading of robot `r` is not that of a live load cell: no noise, or ropes that push."""
    control.load_same_s[r] = control.load_same_s[r] + dt_s if change_n == 0.0 and p.load_sigma_n > 0.0 else 0.0
    if control.load_same_s[r] > STUCK_S:
        note_trip(control, r, LOAD_STUCK, -1, control.load_same_s[r], STUCK_S)
        return True
    limit_n = -p.load_tolerance_n - NOISE_SIGMAS * p.load_sigma_n
    pushes = p.reeving == FOUR_ROPE and image.load_raw_n[r] < limit_n
    control.load_pushes_s[r] = control.load_pushes_s[r] + dt_s if pushes else 0.0
    if control.load_pushes_s[r] > 1.5 * dt_s:
        note_trip(control, r, LOAD_PUSHES, Z, image.load_raw_n[r], limit_n)
        return True
    return False


@kernel
def load_implausible(image: Image, control: Control, p: Params, c: Command, r: int, zeroes: bool, dt_s: float) -> bool:
    """Run every check of robot `r`'s load cell in this scan; True after recording what is wrong."""
    if control.load_cell_last_n[r] == 0.0:  # the first scan of a world has no previous reading
        control.load_last_n[r] = image.load_raw_n[r]
        control.z_speed_mps[r] = image.axis_speed[r, Z]
    change_n = image.load_raw_n[r] - control.load_last_n[r]
    gain_mps2 = z_acceleration(image, control, r, dt_s)
    wrong = signal_wrong(image, control, p, r, change_n, dt_s)
    wrong = wrong or known_weight_wrong(image, control, p, c, r, zeroes, dt_s)
    if not (zeroes and control.load_zeroed[r] == 0):  # until then an offset is no fault
        wrong = wrong or jump_unexplained(image, control, p, r, change_n, gain_mps2, dt_s)
        wrong = wrong or drive_disagrees(image, control, p, r, gain_mps2, dt_s)
    control.load_last_n[r] = image.load_raw_n[r]
    control.load_cell_last_n[r] = image.load_cell_n[r]
    return wrong


@kernel
def z_acceleration(image: Image, control: Control, r: int, dt_s: float) -> float:
    """Acceleration of axis z since the last scan, by its encoder, m/s2."""
    gain_mps2 = (image.axis_speed[r, Z] - control.z_speed_mps[r]) / dt_s
    control.z_gain_mps2[r] = gain_mps2
    control.z_speed_mps[r] = image.axis_speed[r, Z]
    return gain_mps2


@kernel
def overload_unconfirmed(image: Image, control: Control, p: Params, r: int) -> bool:
    """True if load cell and drive of robot `r`, one of them over the limit, differ by more than a shock explains."""
    if image.brake[r, Z] == 1:
        return False
    off_n = image.load_raw_n[r] - drive_load_n(image, p, r, control.z_gain_mps2[r])
    limit_n = friction_n(image, p, r) + OVERLOAD_DISAGREES * p.rated_load_kg * p.gravity_mps2
    if abs(off_n) <= limit_n or math.isnan(off_n):
        return False
    note_trip(control, r, LOAD_AGAINST_DRIVE, Z, off_n, limit_n)
    return True
