"""Load cells that drift, jump or die in a whole swap: zeroed, or found before they do harm, the pack held.

Offsets on the reduced-order plant, a few on the reference.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import pytest

from tests.tiers import slow
from tests.twin.faults.setups import setup_of
from twin.catalogue import load_timing
from twin.faults import parse_fault
from twin.result import SwapResult
from twin.runner.kinds import runner_maker
from twin.swap import SwapTwin


@functools.cache
def swap(station: str, plant: str, *specs: str) -> tuple[SwapResult, int]:
    """One swap under factory timing and which pack robot 0 holds at its end."""
    setup = setup_of(station)
    faults = [parse_fault(spec) for spec in specs]
    twin = SwapTwin(setup, load_timing("factory", setup.station), faults, make_runner=runner_maker(plant))
    try:
        return twin.run(), int(twin.runner.worlds["truth"]["held"][0, 0])
    finally:
        twin.close()


SIZES_N = (500.0, 1000.0, 3000.0, 10_000.0, 60_000.0)
OUT = {"top_lift": "lift_out", "chassis": "lower_out"}
LOADED = (
    # when the offset comes, the pack that is held from then on: old 0, new 1
    ("traverse_to_slot,after_s=2", 0),
    ("traverse_to_truck,after_s=2", 1),
    ("rescan", 1),
    ("insert,after_s=1", 1),
)
IN_CONTACT = ("grip,after_s=1", "unlock,after_s=1", "store,after_s=10", "lock,after_s=1", "pull_test", "release")


STATIONS = ("top_lift", "chassis")
OFFSETS_N = tuple(sign * size for size in SIZES_N for sign in (1.0, -1.0))


def matrix(moments: Sequence[Any]) -> list[Any]:
    """(station, moment, offset): all of them in the slow tests, a quarter of them in the fast ones.

    Those take turns: each moment has two or three offsets, and any four moments have all of them.
    """
    return [
        (slow if (k + 3 * i) % 4 else pytest.param)(station, moment, size_n)
        for station in STATIONS
        for i, moment in enumerate(moments)
        for k, size_n in enumerate(OFFSETS_N)
    ]


@pytest.mark.parametrize(
    ("station", "size_n"),
    [
        (slow if abs(size_n) in (1000.0, 10_000.0) and station == "top_lift" else pytest.param)(station, size_n)
        for station in STATIONS
        for size_n in OFFSETS_N
    ],
)
def test_constant(station: str, size_n: float) -> None:
    result, _ = swap(station, "rom", f"load_cell_offset:offset_n={size_n}")
    within = abs(size_n) <= setup_of(station).station.sensors.load_cell_zero_window_n
    assert result.outcome == ("completed" if within else "load_implausible")
    assert result.violations == ()
    zeroed = [event for event in result.events if event["name"] == "load_cell_zeroed"]
    if within:
        assert [event["offset_n"] for event in zeroed] == [pytest.approx(size_n, abs=60.0)] * len(zeroed)
        assert zeroed
        healthy, _ = swap(station, "rom")
        assert result.mechanical_time_s == pytest.approx(healthy.mechanical_time_s, abs=0.3)
    else:
        assert zeroed == []
        assert result.events[-1]["phase"] in ("identify", "scan")


@pytest.mark.parametrize(("station", "moment", "size_n"), matrix(LOADED))
def test_with_a_pack_that_has_been_weighed(station: str, moment: tuple[str, int], size_n: float) -> None:
    when, pack = moment
    result, held = swap(station, "rom", f"load_cell_offset:offset_n={size_n},phase={when}")
    assert (result.outcome, result.violations, held) == ("load_implausible", (), pack)


@pytest.mark.parametrize(("station", "moment", "size_n"), matrix(("out,after_s=0.5", *IN_CONTACT)))
def test_before_it_is_weighed_and_in_contact(station: str, moment: str, size_n: float) -> None:
    """Found at the next steady hang at the latest, and by the drive where it would do harm before."""
    when = moment.replace("out,", f"{OUT[station]},")
    result, _ = swap(station, "rom", f"load_cell_offset:offset_n={size_n},phase={when}")
    assert (result.outcome, result.violations) == ("load_implausible", ())


@pytest.mark.parametrize(
    ("station", "spec"),
    [
        ("top_lift", "load_cell_offset:offset_n=-60000,phase=traverse_to_slot,after_s=2,for_s=1"),
        slow("top_lift", "load_cell_offset:offset_n=500,phase=traverse_to_slot,after_s=2"),
        ("top_lift", "load_cell_frozen:phase=unlock"),
        ("chassis", "load_cell_offset:offset_n=-3000"),
        slow("chassis", "load_cell_offset:offset_n=-3000,phase=pull_test"),
        ("chassis", "load_cell_frozen"),
    ],
)
def test_the_reference_plant_agrees(station: str, spec: str) -> None:
    for plant in ("bullet", "rom"):
        result, _ = swap(station, plant, spec)
        assert (result.outcome, result.violations) == ("load_implausible", ()), plant


def test_a_healthy_swap_stays_far_from_every_limit() -> None:
    """False alarms: the closest that any check of a nominal swap comes to its limit is under a half."""
    for station in ("top_lift", "chassis"):
        setup = setup_of(station)
        twin = SwapTwin(setup, load_timing("factory", setup.station), make_runner=runner_maker("rom"))
        assert twin.run().outcome == "completed"
        known, drive, jump = twin.runner.worlds["control"]["load_closest"][0].max(axis=0)
        assert 0.01 < known < 0.5
        assert drive < 0.5
        assert jump < 0.7
        twin.close()


def test_locks_of_a_slot_that_hold_nothing_keep_their_pack_gripped() -> None:
    for plant in ("bullet", "rom"):
        result, held = swap("chassis", plant, "lock_false_closed:lock=all,seat=slot1")
        assert (result.outcome, result.violations) == ("lock_stuck", ()), plant
        assert held == 0
        assert result.events[-1]["step"] == "store_rest"
