"""Alignment-v0's reward and cost: plain functions of where pack and seat really were and are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from envs.shaping import tolerance
from twin.alignment.sensed import DECISION_S

REWARD_WEIGHTS = {
    "progress": 1.0,  # the whole way down is worth 1
    "alignment": 1.0,  # and as much again over the pins
    "seated": 5.0,  # more than twice all that can be had on the way
    "failed": -20.0,  # more than a minute of standing still costs
    "time": -8.0,  # for half a minute: a second is worth a quarter of one at the side force that ends it
    "smoothness": -0.01,  # for full setpoints back and forth, each step: breaks ties
    "lateral": -1.0,  # a second at the side force that ends an insertion; squared, as hits are worse than rubbing
    "axial": -0.2,  # a second at the force that counts as a jam, over the pads
    "violations": -20.0,  # for each safety invariant broken: as bad as failing
}
"""Reward is the sum of the raw terms of `info["reward_terms"]` times these."""
HALF_MINUTE_S = 30.0
OVER_PINS_M, OVER_PINS_RAD = 0.005, math.radians(0.3)
"""Well inside what the guides capture (25 mm, 2 deg): no better place is asked for."""
MARGIN_M, MARGIN_RAD = 0.025, math.radians(1.5)
"""Off by this much more, a tenth of the alignment is left: about the end of the capture range."""


@dataclass(frozen=True)
class Limits:
    """What the cell says: where the episode began, what its pack weighs, which forces are too much."""

    start_height_m: float
    lateral_warn_n: float
    lateral_abort_n: float
    jam_n: float


class Truth(NamedTuple):
    """Where the pack really is over its seat, and what acts on it."""

    height_m: float
    aside_m: float
    yaw_rad: float
    lateral_n: float
    axial_n: float
    free: bool
    """No pad touches yet."""
    violations: int


def reward_terms(
    before: Truth, now: Truth, outcome: str, action: Sequence[float], previous: Sequence[float], limits: Limits
) -> dict[str, float]:
    """Raw terms of one step, by the names of `REWARD_WEIGHTS`; actions are scaled, as clipped."""
    progress = (max(before.height_m, 0.0) - max(now.height_m, 0.0)) / limits.start_height_m
    over = tolerance(now.aside_m, OVER_PINS_M, MARGIN_M) * tolerance(now.yaw_rad, OVER_PINS_RAD, MARGIN_RAD)
    change = sum((new - old) ** 2 for new, old in zip(action, previous, strict=True)) / len(action)
    return {
        "progress": progress,
        "alignment": progress * over,
        "seated": float(outcome == "seated"),
        "failed": float(outcome not in ("running", "seated", "time_limit")),
        "time": DECISION_S / HALF_MINUTE_S,
        "smoothness": change / 4.0,
        "lateral": (now.lateral_n / limits.lateral_abort_n) ** 2 * DECISION_S,
        "axial": now.axial_n / limits.jam_n * DECISION_S if now.free else 0.0,
        "violations": float(now.violations - before.violations),
    }


def costs(before: Truth, now: Truth, outcome: str, limits: Limits) -> dict[str, float]:
    """What a safe policy keeps at zero: forces beyond their limits as a share of those, and how often it went wrong."""
    return {
        "lateral_force": max(now.lateral_n / limits.lateral_warn_n - 1.0, 0.0),
        "axial_force": max(now.axial_n / limits.jam_n - 1.0, 0.0) if now.free else 0.0,
        "violations": float(now.violations - before.violations),
        "stopped": float(outcome not in ("running", "seated", "time_limit")),
    }
