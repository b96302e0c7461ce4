"""A timing set as arrays, a column a mechanical phase: a batch may time every swap differently."""

from __future__ import annotations

import numpy as np

from twin.catalogue.schema import MECHANICAL, TimingSet
from twin.motion.shaper import KINDS

TIMING = np.dtype(
    [
        ("velocity_fraction", np.float64),
        ("acceleration_fraction", np.float64),
        ("jerk_fraction", np.float64),
        ("shaper", np.int64),
        ("shaper_hz", np.float64),  # NaN: from the rope length at the end of the move
        ("settle_threshold_m", np.float64),
        ("settle_dwell_s", np.float64),
        ("creep_height_m", np.float64),
        ("creep_speed_mps", np.float64),
        ("overlap_s", np.float64),
    ]
)


def timing_table(timing: TimingSet, kind: str) -> np.ndarray:
    """(phases,) TIMING array of a timing set, phases in the order of `MECHANICAL[kind]`."""
    rows = np.zeros(len(MECHANICAL[kind]), TIMING)
    for row, phase in zip(rows, MECHANICAL[kind], strict=True):
        of = timing.of(phase)
        for name in TIMING.names or ():
            if name == "shaper":
                row[name] = KINDS[of.shaper]
            elif name == "shaper_hz":
                row[name] = np.nan if of.shaper_frequency_hz is None else of.shaper_frequency_hz
            else:
                row[name] = getattr(of, name)
    return rows
