"""One world: its records side by side, so that a batch of N swaps is an array of N."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.clock import CLOCK
from twin.records.control import CONTROL
from twin.records.faults import FAULTS
from twin.records.image import IMAGE
from twin.records.kpis import KEY_FIGURES
from twin.records.monitor import MONITOR
from twin.records.sensors import SENSORS
from twin.records.truth import TRUTH

World = Any
"""A record of dtype `WORLD` inside numba."""

WORLD = np.dtype(
    [
        ("clock", CLOCK),
        ("truth", TRUTH),
        ("image", IMAGE),
        ("sensors", SENSORS),
        ("control", CONTROL),
        ("faults", FAULTS),
        ("monitor", MONITOR),
        ("kpis", KEY_FIGURES),
    ]
)
"""State of one world, which changes during a swap, in SI units."""

RECORD_OF = {name: record for record in WORLD.names or () for name in WORLD[record].names or ()}
"""Name of the record that holds each field; no two records share a field name."""
