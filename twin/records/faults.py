"""Injected faults of sensors and actuators, and outside effects on the truck; written by the fault player."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import LOCKS, ROBOTS, SEATS, f8, i8

Faults = Any
"""A record of dtype `FAULTS` inside numba."""

FAULTS = np.dtype(
    [
        ("truck_brake_off", i8),  # fault: the parking brake is released
        ("truck_push_n", f8, 3),  # fault: outside force on the truck's body, in W
        ("grip_stuck", i8, (ROBOTS, 4)),
        ("lock_stuck", i8, (SEATS, LOCKS)),
        ("lock_switch_fault", i8, (SEATS, LOCKS)),  # fault: 1 always reports open, 2 always closed
        ("load_cell_offset_n", f8, ROBOTS),  # fault
        ("load_cell_frozen", i8, ROBOTS),  # fault
        ("sway_bias_m", f8, (ROBOTS, 2)),  # fault
        ("scan_blind", i8),  # fault: the scanner sees nothing
    ]
)
"""In SI units."""
