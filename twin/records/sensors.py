"""State of the sensors themselves: what the pose scanner has seen, and the count of scans that noise follows."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import ROBOTS, f8, i8

Sensors = Any
"""A record of dtype `SENSORS` inside numba."""

DELAY_SCANS = 32
"""PLC scans of the truck's pose history: the scanner's delay has to be shorter. 0.32 s at 100 Hz."""

SENSORS = np.dtype(
    [
        ("scan_next_tick", i8, ROBOTS),
        ("scan_frames", i8, ROBOTS),
        ("truck_history", f8, (DELAY_SCANS, 6)),
        ("scans", i8),
    ]
)
"""In SI units."""
