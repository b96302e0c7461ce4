"""Holds a decision for one control period and samples the plant at the recording rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from twin.docking import CONTROL_S, DockingPlant
from twin.docking.params import STEPS_PER_CONTROL

TICK_HZ = STEPS_PER_CONTROL / CONTROL_S
"""Inner steps of the docking plant per second."""


class Decision(NamedTuple):
    """Commands to the truck for one control period; gear 1 is forwards, -1 reverse."""

    steering_rate_radps: float
    acceleration_mps2: float
    gear: float = 1.0


def sample_ticks(recording_hz: float) -> int:
    """Ticks between two samples: the station's recording rate, adjusted so that every decision ends with a sample."""
    most = max(1, round(TICK_HZ / recording_hz))
    return max(ticks for ticks in range(1, STEPS_PER_CONTROL + 1) if STEPS_PER_CONTROL % ticks == 0 and ticks <= most)


def hold(
    plant: DockingPlant,
    decision: Decision,
    ticks: int,
    observe: Callable[[], None],
    until_tick: int | None = None,
) -> None:
    """Hold the commands for CONTROL_S, or to `until_tick`; `observe` is called after every `ticks`.

    Bit-identical to one `advance(CONTROL_S)`: the plant takes the same steps.
    """
    plant.apply(*decision)
    for _ in range(STEPS_PER_CONTROL // ticks):
        if until_tick is not None and int(plant.worlds["tick"][0]) >= until_tick:
            return
        plant.advance(ticks / TICK_HZ)
        observe()
