"""A timing set as arrays, a column per mechanical phase: each swap of a batch may have its own timing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.catalogue.schema import MECHANICAL, PhaseTiming, TimingSet
from twin.motion.shaper import KINDS, NAMES

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


def timing_row(of: PhaseTiming) -> np.void:
    """One phase's timing as a TIMING record."""
    row = np.zeros(1, TIMING)[0]
    for name in TIMING.names or ():
        if name == "shaper":
            row[name] = KINDS[of.shaper]
        elif name == "shaper_hz":
            row[name] = np.nan if of.shaper_frequency_hz is None else of.shaper_frequency_hz
        else:
            row[name] = getattr(of, name)
    return row


def timing_table(timing: TimingSet, kind: str) -> np.ndarray:
    """(phases,) TIMING array of a timing set, phases in the order of `MECHANICAL[kind]`."""
    return np.array([timing_row(timing.of(phase)) for phase in MECHANICAL[kind]], TIMING)


def row_from_plain(plain: Mapping[str, Any]) -> np.void:
    """The record that `row_as_plain` was made from; raises ValueError, KeyError or TypeError on anything else."""
    row = np.zeros(1, TIMING)[0]
    hz = plain["shaper_frequency_hz"]
    row["shaper"], row["shaper_hz"] = KINDS[plain["shaper"]], np.nan if hz is None else hz
    for name in TIMING.names or ():
        if not name.startswith("shaper"):
            row[name] = plain[name]
    return row


def row_as_plain(row: np.void | np.ndarray) -> dict[str, Any]:
    """A TIMING record in the words of a timing set."""
    hz = float(row["shaper_hz"])
    plain: dict[str, Any] = {name: float(row[name]) for name in TIMING.names or () if not name.startswith("shaper")}
    return {**plain, "shaper": NAMES[int(row["shaper"])], "shaper_frequency_hz": None if np.isnan(hz) else hz}


def row_in_words(row: np.void | np.ndarray) -> str:
    """A TIMING record in readable form."""
    speed, acceleration, jerk = (100.0 * float(row[f"{of}_fraction"]) for of in ("velocity", "acceleration", "jerk"))
    words = [f"velocity {speed:.0f} %", f"acceleration {acceleration:.0f} %", f"jerk {jerk:.0f} %"]
    shaper = NAMES[int(row["shaper"])]
    hz = float(row["shaper_hz"])
    words.append(f"shaper {shaper}" + ("" if shaper == "none" or np.isnan(hz) else f" at {hz:.3f} Hz"))
    words.append(f"settle {1e3 * float(row['settle_threshold_m']):.0f} mm for {float(row['settle_dwell_s']):.1f} s")
    words.append(
        f"creep {1e3 * float(row['creep_speed_mps']):.0f} mm/s from {1e3 * float(row['creep_height_m']):.0f} mm"
    )
    words.append(f"overlap {float(row['overlap_s']):.1f} s")
    return ", ".join(words)
