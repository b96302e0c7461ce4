"""State of the sensors themselves: frames of the pose scanner, and the scan count that indexes the noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import ROBOTS, f8, i8

Sensors = Any
"""A record of dtype `SENSORS` inside numba."""

DELAY_SCANS = 32
"""Length of the truck's pose history in PLC scans: the scanner's delay must be shorter. 0.32 s at 100 Hz."""

SENSORS = np.dtype(
    [
        ("scan_next_tick", i8, ROBOTS),
        ("scan_frames", i8, ROBOTS),
        ("truck_history", f8, (DELAY_SCANS, 6)),
        ("scans", i8),
    ]
)
"""In SI units."""
