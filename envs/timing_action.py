"""Timing's actions: numbers from -1 to 1 that encode one phase's timing, or change a set's, within machine limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from envs.scaling import Quantity
from twin.catalogue import Station, TimingSet
from twin.catalogue.schema import MECHANICAL
from twin.motion.shaper import EI, NONE, ZV, ZVD
from twin.sequence.heights import TAKEN_SHARE
from twin.sequence.timing import TIMING, timing_row

KINDS = (NONE, ZV, ZVD, EI)
"""Shaper kinds: the shaper's element is divided into equal parts in this order."""
SETTLES_BELOW = -0.5
"""Value of the overlap's element up to which there is no overlap: wait until settled."""


@dataclass(frozen=True)
class Range:
    """Map of an element from -1 to 1 onto a physical value from `low` to `high`, linear or logarithmic."""

    low: float
    high: float
    logarithmic: bool = False

    def value(self, element: float) -> float:
        share = 0.5 * (element + 1.0)
        if self.logarithmic:
            return self.low * (self.high / self.low) ** share if share < 1.0 else self.high
        return self.low + share * (self.high - self.low) if share < 1.0 else self.high

    def element(self, value: float) -> float:
        """Return the inverse, clipped to -1 and 1."""
        if self.logarithmic:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(2.0 * share - 1.0, -1.0), 1.0)

    def changed(self, value: float, element: float) -> float:
        """Return `value` moved by half the range for an element of 1, and not beyond the range's ends."""
        if self.logarithmic:
            moved = value * (self.high / self.low) ** (0.5 * element)
        else:
            moved = value + 0.5 * element * (self.high - self.low)
        return min(max(moved, min(self.low, value)), max(self.high, value))


RANGES: dict[str, Range] = {
    # below a fifth of the axis limits is of no use; jerk below a tenth takes longer than the move
    "velocity_fraction": Range(0.2, 1.0),
    "acceleration_fraction": Range(0.2, 1.0),
    "jerk_fraction": Range(0.1, 1.0),
    "shaper_factor": Range(0.5, 2.0, logarithmic=True),  # a rope from a quarter to four times the length
    "settle_threshold_m": Range(0.005, 0.08, logarithmic=True),  # two sigma of the sway sensor to beyond the guides
    "settle_dwell_s": Range(0.0, 3.0),  # one to three periods of the sway
    "creep_height_m": Range(0.03, 0.3, logarithmic=True),  # the smallest contact zone to twice the guide pins
    "creep_speed_mps": Range(0.01, 0.05, logarithmic=True),  # up to the fastest contact speed
    "overlap_s": Range(0.0, 10.0),  # longer than the longest move of a phase has no further effect
}

ACTION = (
    Quantity("velocity", "-", 1.0, -1.0, 1.0, "0.2 to 1 of each axis' limit, linear"),
    Quantity("acceleration", "-", 1.0, -1.0, 1.0, "0.2 to 1 of each axis' limit, linear"),
    Quantity("jerk", "-", 1.0, -1.0, 1.0, "0.1 to 1 of each axis' limit, linear"),
    Quantity("shaper", "-", 1.0, -1.0, 1.0, "cut in four: none, zv, zvd, ei"),
    Quantity("shaper_frequency", "-", 1.0, -1.0, 1.0, "0.5 to 2 x the natural one of the move's rope, logarithmic"),
    Quantity("settle_threshold", "-", 1.0, -1.0, 1.0, "sway that counts as settled, 0.005 to 0.08 m, logarithmic"),
    Quantity("settle_dwell", "-", 1.0, -1.0, 1.0, "for how long, 0 to 3 s, linear"),
    Quantity("creep_height", "-", 1.0, -1.0, 1.0, "before a contact, 0.03 to 0.3 m, logarithmic"),
    Quantity("creep_speed", "-", 1.0, -1.0, 1.0, "0.01 to 0.05 m/s, logarithmic"),
    Quantity("overlap", "-", 1.0, -1.0, 1.0, "up to -0.5 none, wait until settled; beyond 0 to 10 s, linear"),
)
LIMITED = ("creep_height", "creep_speed")
"""Elements that the station's contact zone and contact speed may limit further."""


def row_of(values: Sequence[float], natural_hz: float, station: Station) -> tuple[np.void, dict[str, bool]]:
    """Return (TIMING record, which of `LIMITED` the station limited) of an action within its bounds.

    `natural_hz` is the load's during the phase's move; NaN where nothing sways and the shaper has no effect.
    """
    by_name = dict(zip((q.name for q in ACTION), values, strict=True))
    row = np.zeros(1, TIMING)[0]
    for name in ("velocity_fraction", "acceleration_fraction", "jerk_fraction"):
        row[name] = RANGES[name].value(by_name[name.removesuffix("_fraction")])
    row["shaper"] = KINDS[min(int(0.5 * (by_name["shaper"] + 1.0) * len(KINDS)), len(KINDS) - 1)]
    row["shaper_hz"] = natural_hz * RANGES["shaper_factor"].value(by_name["shaper_frequency"])
    row["settle_threshold_m"] = RANGES["settle_threshold_m"].value(by_name["settle_threshold"])
    row["settle_dwell_s"] = RANGES["settle_dwell_s"].value(by_name["settle_dwell"])
    row["overlap_s"] = _overlap_s(by_name["overlap"])
    height = RANGES["creep_height_m"].value(by_name["creep_height"])
    speed = RANGES["creep_speed_mps"].value(by_name["creep_speed"])
    limits = station.limits
    row["creep_height_m"] = max(height, limits.contact_zone_m)
    row["creep_speed_mps"] = min(speed, limits.contact_speed_mps)
    rounding = 1e-9
    limited = {
        "creep_height": height < limits.contact_zone_m - rounding,
        "creep_speed": speed > limits.contact_speed_mps + rounding,
    }
    return row, limited


def action_of(row: np.void | np.ndarray, shaper_factor: float = 1.0) -> np.ndarray:
    """Return the action (10,) float32 of a TIMING record, its shaper at `shaper_factor` x the natural frequency."""
    elements = [RANGES[name].element(float(row[name])) for name in ("velocity_fraction", "acceleration_fraction")]
    elements.append(RANGES["jerk_fraction"].element(float(row["jerk_fraction"])))
    elements.append(2.0 * (KINDS.index(int(row["shaper"])) + 0.5) / len(KINDS) - 1.0)
    elements.append(RANGES["shaper_factor"].element(shaper_factor))
    for name in ("settle_threshold_m", "settle_dwell_s", "creep_height_m", "creep_speed_mps"):
        elements.append(RANGES[name].element(float(row[name])))
    overlap_s = float(row["overlap_s"])
    share = 0.5 * (RANGES["overlap_s"].element(overlap_s) + 1.0)
    elements.append(SETTLES_BELOW + share * (1.0 - SETTLES_BELOW) if overlap_s > 0.0 else -1.0)
    return np.array(elements, np.float32)


def _overlap_s(element: float) -> float:
    if element <= SETTLES_BELOW:
        return 0.0
    return RANGES["overlap_s"].value(2.0 * (element - SETTLES_BELOW) / (1.0 - SETTLES_BELOW) - 1.0)


class Actions(Protocol):
    """How an environment's action becomes one phase's timing."""

    quantities: ClassVar[tuple[Quantity, ...]]

    def row(self, values: Sequence[float], phase: str, natural_hz: float) -> tuple[np.void, dict[str, bool]]:
        """Return (TIMING record, which of `LIMITED` the station limited) of an action within its bounds."""


class Absolute:
    """Timing-v0: the action is the phase's timing, whatever the phase."""

    quantities: ClassVar[tuple[Quantity, ...]] = ACTION

    def __init__(self, station: Station) -> None:
        self._station = station

    def row(self, values: Sequence[float], phase: str, natural_hz: float) -> tuple[np.void, dict[str, bool]]:
        return row_of(values, natural_hz, self._station)


CHANGES = (
    Quantity("velocity", "-", 1.0, -1.0, 1.0, "0.4 of each axis' limit more or less, within 0.2 to 1"),
    Quantity("acceleration", "-", 1.0, -1.0, 1.0, "0.4 of each axis' limit more or less, within 0.2 to 1"),
    Quantity("jerk", "-", 1.0, -1.0, 1.0, "0.45 of each axis' limit more or less, within 0.1 to 1"),
    Quantity("settle_threshold", "-", 1.0, -1.0, 1.0, "times 4 to the action, within 0.005 to 0.08 m"),
    Quantity("settle_dwell", "-", 1.0, -1.0, 1.0, "1.5 s more or less, within 0 to 3 s"),
    Quantity("creep_height", "-", 1.0, -1.0, 1.0, "times 3.16 to the action, within 0.03 to 0.3 m"),
    Quantity("creep_speed", "-", 1.0, -1.0, 1.0, "times 2.24 to the action, within 0.01 to 0.05 m/s"),
    Quantity("overlap", "-", 1.0, -1.0, 1.0, "5 s more or less, within 0 to 10 s"),
    Quantity("weight_share", "-", 1.0, -1.0, 1.0, "0.35 of the pack's weight more or less, within 0.01 to 0.7"),
)
"""Timing-v1's action. Shapers, blending and what an axis has of its own besides these stay as the set has them."""
FIELDS = (
    *("velocity_fraction", "acceleration_fraction", "jerk_fraction", "settle_threshold_m", "settle_dwell_s"),
    *("creep_height_m", "creep_speed_mps", "overlap_s", "weight_share"),
)
"""Field of a TIMING record that each element of `CHANGES` changes."""
RANGES_V1 = {**RANGES, "weight_share": Range(0.01, 0.7)}
"""Beyond it a tilted pack is wrung against its guide pins by twice the abort limit."""


class Residual:
    """Timing-v1: the action changes what a timing set has for the phase; of zeros, the set's own."""

    quantities: ClassVar[tuple[Quantity, ...]] = CHANGES

    def __init__(self, station: Station, base: TimingSet) -> None:
        self._limits, self._kind = station.limits, station.kind
        self._rows = {phase: timing_row(base.of(phase)) for phase in MECHANICAL[station.kind]}

    def row(self, values: Sequence[float], phase: str, natural_hz: float) -> tuple[np.void, dict[str, bool]]:
        row = self._rows[phase].copy()
        for name, element in zip(FIELDS, values, strict=True):
            allowed, value = RANGES_V1[name], float(row[name])
            if name == "weight_share" and value == 0.0:  # the set leaves it to the station: so does an action of zero
                if element == 0.0:
                    continue
                value = TAKEN_SHARE[self._kind]
            row[name] = allowed.changed(value, element)
            if f"axis_{name}" in (TIMING.names or ()):  # 0 where an axis has none of its own
                own = row[f"axis_{name}"]
                own[:] = [allowed.changed(float(value), element) if value > 0.0 else 0.0 for value in own]
        height, speed, limits = float(row["creep_height_m"]), float(row["creep_speed_mps"]), self._limits
        row["creep_height_m"] = max(height, limits.contact_zone_m)
        row["creep_speed_mps"] = min(speed, limits.contact_speed_mps)
        return row, {"creep_height": height < limits.contact_zone_m, "creep_speed": speed > limits.contact_speed_mps}
