"""Docking-v0's reward and cost: plain functions of where the truck really was and is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from envs.shaping import tolerance
from twin.docking import CONTROL_S

WITHIN_M, WITHIN_RAD = 0.050, math.radians(1.0)
"""Docked: x and y each, and yaw (design, section 9; stated by vendors, domain 3)."""

FAILED = ("rail_hit", "left_lane", "overshot")

REWARD_WEIGHTS = {
    "progress": 1.0,  # the whole approach is worth 1
    "alignment": 1.0,  # and as much again driven straight
    "docked": 4.0,  # twice all that can be had on the way
    "parked": 2.0,  # what a near miss can earn
    "failed": -2.0,  # more than giving up costs
    "time": -0.3,  # for a minute: never worth ending early for
    "smoothness": -0.02,  # for full commands back and forth, each step: breaks ties
    "rail": -0.1,  # a second at the limit
    "overspeed": -1.0,  # a second at twice the limit: undoes what haste wins
}
"""Reward is the sum of the raw terms of `info["reward_terms"]` times these."""
LINE_M, LINE_RAD = 0.025, math.radians(0.5)
"""Half the tolerance: no better line is asked for on the way."""
PARKED_MARGIN_M, PARKED_MARGIN_RAD = 0.5, 0.1
"""Beyond the tolerance by this, a tenth of what a near miss can earn is left; on the way the same of the line."""


@dataclass(frozen=True)
class Site:
    """What the station says of its lane: where drives begin, how fast and how hard they may be."""

    start_m: float
    speed_limit_mps: float
    rail_limit_n: float


@dataclass(frozen=True)
class Truth:
    """Where the truck really is after a step, and what it pressed on."""

    x_m: float
    y_m: float
    yaw_rad: float
    front_y_m: float
    speed_mps: float
    standing: bool
    rail_force_n: float
    peak_rail_force_n: float

    @property
    def within(self) -> bool:
        return abs(self.x_m) <= WITHIN_M and abs(self.y_m) <= WITHIN_M and abs(self.yaw_rad) <= WITHIN_RAD


def reward_terms(
    before: Truth, now: Truth, outcome: str, commands: Sequence[float], previous: Sequence[float], site: Site
) -> dict[str, float]:
    """Raw terms of one step, by the names of `REWARD_WEIGHTS`; commands are the scaled actions as clipped."""
    progress = (abs(before.x_m) - abs(now.x_m)) / site.start_m
    on_line = tolerance(now.front_y_m, LINE_M, PARKED_MARGIN_M) * tolerance(now.yaw_rad, LINE_RAD, PARKED_MARGIN_RAD)
    change = sum((new - old) ** 2 for new, old in zip(commands, previous, strict=True)) / len(commands)
    away_m = max(abs(now.x_m), abs(now.y_m))
    near = tolerance(away_m, WITHIN_M, PARKED_MARGIN_M) * tolerance(now.yaw_rad, WITHIN_RAD, PARKED_MARGIN_RAD)
    return {
        "progress": progress,
        "alignment": progress * on_line,
        "docked": float(outcome == "docked"),
        "parked": near if outcome in ("docked", "parked_outside") else 0.0,
        "failed": float(outcome in FAILED),
        "time": CONTROL_S / 60.0,
        "smoothness": change / 4.0,
        "rail": now.rail_force_n / site.rail_limit_n * CONTROL_S,
        "overspeed": max(now.speed_mps / site.speed_limit_mps - 1.0, 0.0) * CONTROL_S,
    }


def costs(now: Truth, outcome: str, site: Site) -> dict[str, float]:
    """What a safe policy keeps at zero, each as a share of its limit."""
    return {
        "rail_force": max(now.peak_rail_force_n / site.rail_limit_n - 1.0, 0.0),
        "overspeed": max(now.speed_mps / site.speed_limit_mps - 1.0, 0.0),
        "left_lane": float(outcome == "left_lane"),
    }
