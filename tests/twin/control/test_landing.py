"""An empty end effector comes to a pack only over it and calm, and a pull ends below the overload cut-off."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.timing_draws import policy_set
from tests.tiers import examples
from tests.twin.plants.test_off_nominal import factory_but
from tests.twin.plants.test_rom import setup_of
from twin import seeding
from twin.catalogue import load_pack, load_station, load_truck
from twin.catalogue.load import with_overrides
from twin.catalogue.plausible.limits import GUIDE_REACH
from twin.catalogue.schema import TimingSet
from twin.control.landing import LET_OFF_CAPTURES, waiting_height_m
from twin.faults import Fault, parse_fault
from twin.records import UNTIL_LANDED, X, Y, Z
from twin.result import SwapResult
from twin.runner.kinds import batch_maker
from twin.setup.setup import SwapSetup, build_setup
from twin.swap import SwapTwin

REACH_M = 0.057
"""Of the corner guides over the edge of a pack: 40 mm of capture at 35 deg."""
BESIDE_M = 0.06
"""Half as much again as what they capture."""
CROSSING_MPS = 0.15
"""Fastest that an end effector may move over its pack once it is within their reach: 14 kN on four pads of 5e6 N/m
(v sqrt(k m), 450 kg), a third of what the structure bears."""


def landings(setup: SwapSetup, timing: TimingSet, *faults: Fault) -> tuple[SwapResult, list[tuple[float, float]]]:
    """A swap on the reduced-order plant, and how its end effectors came within reach of a pack.

    Returns:
        the result; (distance beside the pack in m, speed sideways in m/s) of each landing, as its guides reach the pack
    """
    twin = SwapTwin(setup, timing, faults, make_runner=batch_maker([setup]))
    seen: list[tuple[float, float]] = []
    low: set[int] = set()

    def look(plant: Any) -> None:
        w, p = plant.worlds[0], plant.params[0]
        for r in range(int(p["robots"])):
            c = plant.commands[0][r]
            if c["until"] != UNTIL_LANDED or p["retract"] * (w["truth"]["q"][r, Z] - c["seat_z"]) > REACH_M:
                low.discard(r)
            elif r not in low:
                low.add(r)
                at, speed = w["truth"]["e_pose"][r, :2], w["truth"]["qd"][r, [X, Y]] + w["truth"]["qd"][r, 4:6]
                beside = min(math.hypot(*(at - pose[:2])) for pose in w["truth"]["pack_pose"][: int(p["packs"])])
                seen.append((beside, float(np.hypot(*speed))))

    twin.watch(look)
    try:
        return twin.run(), seen
    finally:
        twin.close()


@pytest.mark.parametrize(
    ("station", "seed", "phase"), [("top_lift", 0, "lower"), ("top_lift", 6, "pick"), ("chassis", 0, "raise")]
)
def test_it_waits_for_an_axis_that_is_still_on_its_way(station: str, seed: int, phase: str) -> None:
    """The move before ends only when the landing that overlaps it would have met the pack, metres beside it."""
    early = {"overlap_s": 40.0, "shaper": "none", "creep_speed_mps": 0.05}
    result, seen = landings(setup_of(station, seed), factory_but(station, {phase: early, "traverse_to_full": early}))
    assert result.outcome == "completed"
    assert len(seen) >= 2
    assert max(beside for beside, _ in seen) < BESIDE_M
    assert max(speed for _, speed in seen) < CROSSING_MPS
    assert not result.violations


def test_a_swing_that_does_not_end_ends_the_swap() -> None:
    """Where the settle threshold is left out by an overlap, a sway sensor that is 60 mm off stops the landing."""
    result, seen = landings(
        setup_of("top_lift", 0),
        factory_but("top_lift", {"lower": {"overlap_s": 0.5}}),
        parse_fault("sway_offset:offset_mm=60"),
    )
    assert result.outcome == "sway_limit"
    assert not seen
    end = result.events[-1]
    assert "lower: over its pack for" in end["message"]
    assert (end["quantity"], end["unit"]) == ("time_over_pack", "s")
    assert end["value"] < end["limit"]


@pytest.mark.parametrize(("station_name", "capture_m"), [("top_lift", 0.08), ("top_lift_mast", 0.08)])
def test_it_waits_above_guides_of_any_capture(station_name: str, capture_m: float) -> None:
    """Guides twice as deep meet a pack twice as high: waiting where the shipped ones end would hit its side."""
    station = with_overrides(load_station(station_name), {"end_effector.flipper_capture_m": capture_m})
    setup = build_setup(station, load_truck("tractor_6x4"), load_pack("cab_282"), seed=0)
    early = {"overlap_s": 10.0}
    result, _ = landings(setup, factory_but("top_lift", {"lower": early, "traverse_to_full": early, "pick": early}))
    assert not result.violations
    assert waiting_height_m(setup.params[0]) > REACH_M / 0.040 * capture_m
    assert GUIDE_REACH == LET_OFF_CAPTURES


@settings(max_examples=examples(12))
@given(number=st.integers(0, 10_000), station_name=st.sampled_from(("top_lift", "chassis")))
def test_no_timing_set_lets_it_come_to_a_pack_from_beside(number: int, station_name: str) -> None:
    station = load_station(station_name)
    timing = policy_set(station, seeding.stream(number, "landing"), "drawn")
    result, seen = landings(setup_of(station_name, number), timing)
    # a landing that is tried again begins where the one before has left the end effector: it is within reach already
    assert all(beside < BESIDE_M and speed < CROSSING_MPS for beside, speed in seen[:1])
    assert not result.violations


def test_a_fast_pull_on_the_heaviest_pack_stops_below_the_overload_cut_off() -> None:
    """The load cell's filter lags behind the load by 2.7 kN at the highest speed of a pull; 3.4 kN are left."""
    station = load_station("top_lift")
    setup = build_setup(station, load_truck("dump_8x4"), load_pack("cab_423"), seed=112, parking="guided")
    twin = SwapTwin(
        setup,
        factory_but("top_lift", {"pull_test": {"creep_speed_mps": 0.05, "creep_height_m": 0.05}}),
        make_runner=batch_maker([setup]),
    )
    most = 0.0

    def look(plant: Any) -> None:
        nonlocal most
        if twin.program.phase_of(0, 0) in ("pull_test", "release"):
            most = max(most, float(plant.worlds[0]["truth"]["load_n"][0]))

    twin.watch(look)
    try:
        result = twin.run()
    finally:
        twin.close()
    limits = station.limits
    cut_off_n = limits.overload_fraction * limits.rated_load_kg * 9.81
    assert result.outcome == "completed"
    assert 0.9 * cut_off_n < most < cut_off_n
