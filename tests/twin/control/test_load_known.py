"""Where the load is taken for known, what hangs there touches nothing: held against the plant's true contact forces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.twin.faults.setups import setup_of
from twin.catalogue import TimingSet, load_timing
from twin.records import LOAD_EMPTY, LOAD_PACK, LOAD_UNKNOWN, TRIP_SWAY
from twin.result import SwapResult
from twin.runner.kinds import runner_maker
from twin.swap import SwapTwin

TOUCHES_N = 20.0
"""Below what any contact of a pack or spreader gives; noise of the plant's solver is far below."""


class Watched:
    """A swap: the largest contact force of the scans in which its load was known, and how many scans each kind has."""

    def __init__(self, station: str, plant: str, timing: TimingSet | None = None) -> None:
        setup = setup_of(station)
        twin = SwapTwin(setup, timing or load_timing("factory", setup.station), make_runner=runner_maker(plant))
        if timing is not None:  # a spreader that swings shall land all the same
            twin.runner.params["interlock_off"][:, TRIP_SWAY] = 1
        self.worst_n, self.scans = 0.0, dict.fromkeys((LOAD_UNKNOWN, LOAD_EMPTY, LOAD_PACK), 0)
        twin.watch(self._look)
        try:
            self.result: SwapResult = twin.run()
        finally:
            twin.close()

    def _look(self, plant: Any) -> None:
        w = plant.worlds[0]
        for r in range(int(plant.params[0]["robots"])):
            kind = int(w["control"]["load_kind"][r])
            self.scans[kind] += 1
            if kind != LOAD_UNKNOWN:
                self.worst_n = max(self.worst_n, float(np.abs(w["truth"]["guide_force_n"][r]).max()))


def without_settling(station: str) -> TimingSet:
    """Full speed, no shaper, and moves that end while the load still swings by 30 mm."""
    factory = load_timing("factory", station)
    hasty = {"velocity_fraction": 1.0, "acceleration_fraction": 0.8, "jerk_fraction": 0.8, "shaper": "none"}
    hasty |= {"settle_threshold_m": 0.03, "settle_dwell_s": 0.0, "overlap_s": 0.0}
    return factory.model_copy(update={"default": factory.default.model_copy(update=hasty), "phases": {}})


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_in_a_nominal_swap(station: str) -> None:
    swap = Watched(station, "rom")
    assert swap.result.outcome == "completed"
    assert swap.worst_n < TOUCHES_N
    assert swap.scans[LOAD_EMPTY] > 1000
    assert swap.scans[LOAD_PACK] > 1000


@pytest.mark.parametrize("plant", ["rom", pytest.param("bullet", marks=pytest.mark.slow)])
def test_after_landings_beside_the_grips(plant: str) -> None:
    """A spreader that has landed on a pack's rim leans on it until it has been lifted off, whatever the step's name."""
    swap = Watched("top_lift", plant, without_settling("top_lift"))
    assert any(event["name"] == "retry" and "regrip" in event["message"] for event in swap.result.events)
    assert swap.result.outcome != "load_implausible"
    assert swap.worst_n < TOUCHES_N
