"""One command of the sequence to a robot."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import f8, i8

Command = Any
"""A record of dtype `COMMAND` inside numba."""

COMMAND = np.dtype(
    [
        ("step", i8),  # index of the step in the sequence's table, for the record
        ("target", f8, 4),  # axis targets; NaN leaves an axis as it is
        ("velocity", f8, 4),
        ("acceleration", f8, 4),
        ("jerk", f8, 4),
        ("delay_s", f8, 4),
        ("creep_at", f8),  # axis z slows to creep_speed_mps from here on; NaN: no creep
        ("creep_speed_mps", f8),
        ("shaper", i8, 4),
        ("shaper_hz", f8, 4),
        ("shaper_zeta", f8),
        ("until", i8),
        ("threshold", f8),
        ("dwell_s", f8),
        ("timeout_s", f8),
        ("seat", i8),  # index of its seat, -1 none
        ("grip", i8),  # -1 leave, 0 open, 1 close
        ("lock", i8),  # -1 leave, 0 open, 1 close the locks of `seat`
        ("float_lock", i8),  # -1 leave, 0 free, 1 lock the floating table or head
        ("blending", i8),  # 1: axis z goes on from its running motion without a stop (PLCopen BufferMode Blending)
        ("passes_on", i8),  # 1: at its end axis z is not stopped: the next command goes on from its motion
        ("scan_samples", i8),
        ("scan_kept", i8),  # 1: frames of the commands before count, too
        ("carrying", i8),  # -1, or the index of the pack that the sequence believes to be held
        ("seat_z", f8),  # expected position of axis z with the pack seated, or landed on; NaN unknown
        ("jam_below_n", f8),  # axial force that counts as a jam while inserting
        (
            "calm_m",
            f8,
        ),  # sway beyond which a pack waits over the guides of its seat; 0: it goes in regardless
        ("sway_damping", f8),  # damping ratio added while a load on ropes comes down; 0: x and y stand
        ("inserting", i8),  # 1: guide forces are expected; jam and abort limits end the command instead of tripping
        ("acknowledge", i8),  # 1: clear a trip and let the axes leave ErrorStop
        ("pull_passed", i8),  # 1: the pull test of `seat` has passed; recorded from here on
        ("release_truck", i8),  # 1: the truck may leave from here on
        (
            "load_known_from",
            f8,
        ),  # axis z, from which on in the retracting direction only its own load hangs there
        ("zero_load", i8),  # 1: load cells are zeroed meanwhile, 2: and the command waits for it
        ("follow", i8),  # velocity motion: `velocity` is a signed setpoint for every axis, targets are not used
    ]
)
"""One command to one robot: moves, actuators and the condition that ends it. SI units; yaw entries in radians."""


def _idle_command() -> np.ndarray:
    command = np.zeros(1, COMMAND)
    for field in ("target", "creep_at", "seat_z", "load_known_from"):
        command[field] = np.nan
    for field in ("seat", "grip", "lock", "float_lock", "carrying"):
        command[field] = -1
    return command


_IDLE_COMMAND = _idle_command()


def new_command(n: int = 1) -> np.ndarray:
    """Make (n,) commands that do nothing and are done immediately."""
    return np.repeat(_IDLE_COMMAND, n)
