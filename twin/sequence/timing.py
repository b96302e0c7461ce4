"""A timing set as arrays, a column per mechanical phase: each swap of a batch may have its own timing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.catalogue.schema import MECHANICAL, PhaseTiming, TimingSet
from twin.motion.shaper import KINDS, MATCHED
from twin.records import AXES

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
        ("creep_height_per_scatter", np.float64),
        ("sway_damping", np.float64),
        ("weight_share", np.float64),  # 0: the station kind's
        ("blending", np.int64),
        # of x, y, z, yaw; 0: the phase's
        ("axis_velocity_fraction", np.float64, 4),
        ("axis_acceleration_fraction", np.float64, 4),
        ("axis_jerk_fraction", np.float64, 4),
        ("axis_shaper", np.int64, 4),  # 1 + its kind
        ("axis_shaper_hz", np.float64, 4),  # of an axis' own shaper; 0: from the rope length
    ]
)
_OF_AXIS = ("velocity_fraction", "acceleration_fraction", "jerk_fraction")
_OPTIONAL = ("creep_height_per_scatter", "sway_damping", "weight_share", "blending")
SHAPERS: dict[str, int] = {**KINDS, "matched": MATCHED}
"""Code of each shaper of a timing set."""
_WORDS = tuple(name.removesuffix("_fraction") for name in _OF_AXIS)
_NAMES = {code: name for name, code in SHAPERS.items()}


def timing_row(of: PhaseTiming) -> np.void:
    """One phase's timing as a TIMING record."""
    return row_from_plain(of.model_dump(exclude_none=True))


def timing_table(timing: TimingSet, kind: str) -> np.ndarray:
    """(phases,) TIMING array of a timing set, phases in the order of `MECHANICAL[kind]`."""
    return np.array([timing_row(timing.of(phase)) for phase in MECHANICAL[kind]], TIMING)


def row_from_plain(plain: Mapping[str, Any]) -> np.void:
    """The record that `row_as_plain` was made from; raises ValueError, KeyError or TypeError on anything else."""
    row = np.zeros(1, TIMING)[0]
    hz = plain.get("shaper_frequency_hz")
    row["shaper"], row["shaper_hz"] = SHAPERS[plain["shaper"]], np.nan if hz is None else hz
    for name in _OPTIONAL:
        row[name] = plain.get(name, 0)
    for name in TIMING.names or ():
        if not name.startswith(("shaper", "axis", *_OPTIONAL)):
            row[name] = plain[name]
    for k, axis in enumerate(AXES):
        own = plain.get(axis, {})
        for name in _OF_AXIS:
            row[f"axis_{name}"][k] = own.get(name, 0.0)
        if "shaper" in own:
            row["axis_shaper"][k] = 1 + SHAPERS[own["shaper"]]
            row["axis_shaper_hz"][k] = own.get("shaper_frequency_hz", 0.0)
    return row


def row_as_plain(row: np.void | np.ndarray) -> dict[str, Any]:
    """A TIMING record in the words of a timing set."""
    hz = float(row["shaper_hz"])
    plain: dict[str, Any] = {
        name: float(row[name]) for name in TIMING.names or () if not name.startswith(("shaper", "axis", *_OPTIONAL))
    }
    plain |= {"shaper": _NAMES[int(row["shaper"])], "shaper_frequency_hz": None if np.isnan(hz) else hz}
    if row["creep_height_per_scatter"]:
        plain["creep_height_per_scatter"] = float(row["creep_height_per_scatter"])
    if row["sway_damping"]:
        plain["sway_damping"] = float(row["sway_damping"])
    if row["weight_share"]:
        plain["weight_share"] = float(row["weight_share"])
    if row["blending"]:
        plain["blending"] = True
    for k, axis in enumerate(AXES):
        own: dict[str, Any] = {name: float(row[f"axis_{name}"][k]) for name in _OF_AXIS if row[f"axis_{name}"][k] > 0.0}
        if row["axis_shaper"][k]:
            own["shaper"] = _NAMES[int(row["axis_shaper"][k]) - 1]
            if row["axis_shaper_hz"][k] > 0.0:
                own["shaper_frequency_hz"] = float(row["axis_shaper_hz"][k])
        if own:
            plain[axis] = own
    return plain


def row_in_words(row: np.void | np.ndarray) -> str:
    """A TIMING record in readable form."""
    speed, acceleration, jerk = (100.0 * float(row[f"{of}_fraction"]) for of in ("velocity", "acceleration", "jerk"))
    words = [f"velocity {speed:.0f} %", f"acceleration {acceleration:.0f} %", f"jerk {jerk:.0f} %"]
    shaper = _NAMES[int(row["shaper"])]
    hz = float(row["shaper_hz"])
    words.append(f"shaper {shaper}" + ("" if shaper == "none" or np.isnan(hz) else f" at {hz:.3f} Hz"))
    words.append(f"settle {1e3 * float(row['settle_threshold_m']):.0f} mm for {float(row['settle_dwell_s']):.1f} s")
    words.append(
        f"creep {1e3 * float(row['creep_speed_mps']):.0f} mm/s from {1e3 * float(row['creep_height_m']):.0f} mm"
    )
    if row["creep_height_per_scatter"]:
        words.append(f"{float(row['creep_height_per_scatter']):.1f} mm higher a mm of scatter")
    if row["sway_damping"]:
        words.append(f"sway damping {float(row['sway_damping']):.2f}")
    if row["weight_share"]:
        words.append(f"{100.0 * float(row['weight_share']):.0f} % of the weight before the locks open")
    words.append(f"overlap {float(row['overlap_s']):.1f} s")
    words += [f"{axis} {_axis_in_words(own)}" for axis, own in row_as_plain(row).items() if axis in AXES]
    if row["blending"]:
        words.append("without stops")
    return ", ".join(words)


def _axis_in_words(own: Mapping[str, Any]) -> str:
    words = [f"{of} {100.0 * own[f'{of}_fraction']:.0f} %" for of in _WORDS if f"{of}_fraction" in own]
    return " ".join([*words, *([f"shaper {own['shaper']}"] if "shaper" in own else [])])
