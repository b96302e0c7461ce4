"""Unmet conditions of commands that ended without them: value and limit of the condition, for the record."""

from __future__ import annotations

import math

import numpy as np

from twin.control.readings import all_present
from twin.control.reasons import first_grip_not, first_lock_not, note_end, pads_made
from twin.motion.kernels import kernel
from twin.records import (
    FLOATING_TABLE,
    STANDSTILL,
    UNTIL_ACTUATED,
    UNTIL_CLEAR,
    UNTIL_DONE,
    UNTIL_LANDED,
    UNTIL_LOAD_ABOVE,
    UNTIL_LOAD_BELOW,
    UNTIL_NEAR,
    UNTIL_SCANNED,
    UNTIL_SEATED,
    UNTIL_SETTLED,
    Command,
    Control,
    Image,
    Params,
    Z,
)
from twin.records.causes import (
    FRAMES,
    GRIPS,
    HEIGHT,
    LOAD_TO_FALL,
    LOAD_TO_RISE,
    LOCKS_TOLD,
    PADS_MADE,
    POSITION,
    SWAY,
    TABLE_LOCK,
    TIME,
)

ARRIVED_M = np.array([0.003, 0.003, 0.003, 0.001])
"""Following error below which a finished motion counts as arrived, in m and rad [estimate: the axes' repeatability]."""


@kernel
def note_wait(image: Image, control: Control, p: Params, c: Command, r: int, busy_s: float) -> None:
    """Record the unmet condition of a command of robot `r` that ends without it.

    Value and limit are those of the condition; a motion that has not arrived comes before the conditions after it.
    """
    until = c.until
    moves = until in (UNTIL_DONE, UNTIL_SETTLED, UNTIL_NEAR)
    if moves:
        most = 0.0
        note_end(image, control, r, TIME, -1, busy_s, c.timeout_s)
        for k in range(4):
            error = abs(c.target[k] - image.axis_position[r, k])
            late = (
                image.axis_state[r, k] != STANDSTILL
                or abs(image.reference[r, k, 0] - image.axis_position[r, k]) > ARRIVED_M[k]
            )
            if not math.isnan(c.target[k]) and late and error / ARRIVED_M[k] > most:
                most = error / ARRIVED_M[k]
                note_end(image, control, r, POSITION, k, image.axis_position[r, k], c.target[k])
        if most == 0.0 and until == UNTIL_SETTLED:
            note_end(image, control, r, SWAY, -1, control.swing_m[r], c.threshold)
    elif until == UNTIL_SEATED and not all_present(image, c.seat):
        note_end(image, control, r, PADS_MADE, c.seat, float(pads_made(image, c.seat)), 4.0)
    elif until == UNTIL_LOAD_ABOVE or (p.reeving == FLOATING_TABLE and until in (UNTIL_LANDED, UNTIL_SEATED)):
        note_end(image, control, r, LOAD_TO_RISE, -1, image.load_cell_n[r], c.threshold)
    elif until in (UNTIL_LANDED, UNTIL_SEATED, UNTIL_LOAD_BELOW):
        note_end(image, control, r, LOAD_TO_FALL, -1, image.load_cell_n[r], c.threshold)
    elif until == UNTIL_CLEAR:
        note_end(image, control, r, HEIGHT, Z, image.axis_position[r, Z], c.threshold)
    elif until == UNTIL_SCANNED:
        note_end(image, control, r, FRAMES, -1, float(image.scan_count[r]), float(c.scan_samples))
    elif until == UNTIL_ACTUATED:
        note_actuators(image, control, p, c, r)
    else:
        note_end(image, control, r, TIME, -1, busy_s, c.timeout_s)


@kernel
def note_actuators(image: Image, control: Control, p: Params, c: Command, r: int) -> None:
    """Record which grip, lock or table lock does not report what the command requested."""
    if c.float_lock >= 0:
        note_end(image, control, r, TABLE_LOCK, -1, image.table_lock[r], float(c.float_lock))
    if c.lock >= 0 and c.seat >= 0:
        lock, n = first_lock_not(image, p, c.seat, c.lock)
        if lock >= 0:
            note_end(image, control, r, LOCKS_TOLD, lock, float(n), float(p.seat_locks[c.seat]))
    if c.grip >= 0:
        grip, n = first_grip_not(image, r, c.grip)
        if grip >= 0:
            note_end(image, control, r, GRIPS, grip, float(n), 4.0)
