"""Memory and findings of the safety monitor."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import ROBOTS, SEATS, f8, i8

Watch = Any
"""A record of dtype `MONITOR` inside numba."""

MONITOR = np.dtype(
    [
        # independent monitor
        ("violation", i8, 8),  # scans in violation of invariants 1 to 6 ([0] unused)
        ("violation_t_s", f8, 8),
        ("violation_value", f8, 8),
        ("violation_limit", f8, 8),  # the limit that the worst value exceeds, and its quantity (twin.monitor.MEASURED)
        ("violation_measured", i8, 8),
        ("watch_seat", i8, ROBOTS),  # seat that the held pack has not yet left, -1 none
        ("watch_rest_m", f8, ROBOTS),  # height of the held pack at its deepest in that seat
        ("watch_xy", f8, (ROBOTS, 2)),  # axes x and y when the held pack was last above the clearance height
        ("watch_pulled", i8, SEATS),  # a robot has pull-tested the pack in these closed locks
        ("watch_stop_s", f8),
        ("watch_stop_q", f8, (ROBOTS, 4)),  # positions of the axes after their stop
        ("watch_acknowledgements", i8),
        ("overforce_s", f8, ROBOTS),
        ("overload_s", f8, ROBOTS),
        ("stop_q", f8, (ROBOTS, 4)),
        ("monitor_trip", i8),  # 0 free, 1 stopping, 2 must stand
        ("previous_held", i8, ROBOTS),
    ]
)
"""In SI units."""
