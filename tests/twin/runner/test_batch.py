"""A batch of swaps on the reduced-order plant: each tells what it would tell alone, to the last bit."""

from __future__ import annotations

import pytest

from tests.evidence.campaign import SETUPS
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.faults import parse_fault
from twin.result import SwapResult
from twin.runner.kinds import batch_maker, rom_runner
from twin.setup.setup import SwapSetup, build_setup
from twin.swap import SwapTwin


def setups_of(station: str, seeds: tuple[int, ...]) -> list[SwapSetup]:
    at, (truck, pack) = load_station(station), SETUPS[station]
    parts = at, load_truck(truck), load_pack(pack)
    return [build_setup(*parts, seed=seed, parking="unguided") for seed in seeds]


def batch(setups: list[SwapSetup]) -> SwapTwin:
    timing = load_timing("factory", setups[0].station)
    return SwapTwin(setups[0], timing, make_runner=batch_maker(setups))


def comparable(result: SwapResult) -> dict[str, object]:
    return {**result.as_json(), "insert_attempts": result.insert_attempts}


@pytest.mark.parametrize(("station", "seeds"), [("top_lift", (0, 1, 2, 3)), ("chassis", (2, 3, 6))])
def test_a_swap_of_a_batch_tells_what_it_tells_alone(station: str, seeds: tuple[int, ...]) -> None:
    setups = setups_of(station, seeds)
    together = batch(setups)
    together.program.run()
    results = together.results()
    assert [result.setup.seed for result in results] == list(seeds)
    assert len({result.end_state_sha256 for result in results}) == len(seeds)
    for setup, result in zip(setups, results, strict=True):
        alone = SwapTwin(setup, together.timing, make_runner=rom_runner).run()
        assert comparable(result) == comparable(alone)
    if station == "chassis":
        assert {result.outcome for result in results} == {"completed", "repark_required"}, "they end at different times"


def test_what_acts_on_single_swaps_is_refused_for_a_batch() -> None:
    setups = setups_of("top_lift", (0, 1))
    timing = load_timing("factory", setups[0].station)
    with pytest.raises(ValueError, match="single swaps"):
        SwapTwin(setups[0], timing, [parse_fault("estop:at_s=3")], make_runner=batch_maker(setups))


def test_a_single_swap_says_how_often_it_tried() -> None:
    [setup] = setups_of("top_lift", (0,))
    result = batch([setup]).run()
    assert result.insert_attempts == (result.kpis["insert_attempts"],)
