"""One draw of a docking scenario: what a drive's ground, actuators, sensors and lidar are like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin import seeding
from twin.catalogue import Scenario
from twin.conditions import canonical, noise, parts

WANDER_BASE_S = 1.0
"""Correlation time where nothing wanders."""


@dataclass(frozen=True)
class ScenarioDraw:
    """Values of one drive; plain numbers, so that a recording can hold them.

    Attributes:
        grade, camber: rise of the ground along the lane, and across it to the left.
        anti_lock: False: braked wheels lock.
        steering_lag_factor, brake_lag_factor, drive_lag_factor: on the truck file's lags.
        steering_offset_rad, hitch_offset_rad, yaw_rate_offset_radps: sensor readings over true values.
        outages_per_s, outage_s: rate and mean duration of the lidar's outages.
        wander_m, wander_s: its wandering error.
    """

    grade: float = 0.0
    camber: float = 0.0
    anti_lock: bool = True
    steering_lag_factor: float = 1.0
    brake_lag_factor: float = 1.0
    drive_lag_factor: float = 1.0
    steering_offset_rad: float = 0.0
    hitch_offset_rad: float = 0.0
    yaw_rate_offset_radps: float = 0.0
    outages_per_s: float = 0.0
    outage_s: float = 1.0
    wander_m: float = 0.0
    wander_s: float = WANDER_BASE_S


RANGES = ("grade", "camber", "steering_lag_factor", "brake_lag_factor", "drive_lag_factor")
OFFSETS = ("steering_offset_rad", "hitch_offset_rad", "yaw_rate_offset_radps")


def draw(scenario: Scenario, seed: int, conditions: str) -> ScenarioDraw:
    """Draw one drive in these conditions, each value from its own stream of the seed.

    Conditions together: rates of outages add, durations are the longest, wandering errors combine as noise.
    """
    values = {name: float(_stream(seed, name).uniform(*getattr(scenario, name))) for name in RANGES}
    for name in OFFSETS:
        most = getattr(scenario, name)
        values[name] = float(_stream(seed, name).uniform(-most, most))
    each = [getattr(scenario.lidar, part) for part in parts(canonical(conditions))]
    return ScenarioDraw(
        anti_lock=scenario.anti_lock,
        outages_per_s=sum(one.outages_per_s for one in each),
        outage_s=max(one.outage_s for one in each),
        wander_m=noise([one.wander_m for one in each]),
        wander_s=max(one.wander_s for one in each),
        **values,
    )


def friction_factor(scenario: Scenario, seed: int) -> float:
    """Draw the factor on a truck's dry tyre friction."""
    return float(_stream(seed, "friction").uniform(*scenario.friction_factor))


def _stream(seed: int, name: str) -> np.random.Generator:
    return seeding.stream(seed, f"docking scenario {name}")
