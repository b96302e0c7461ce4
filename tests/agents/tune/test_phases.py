"""Where the seconds go: means that add up, and the bound of the plan that was played."""

from __future__ import annotations

import pytest

from agents.experiments.trial import Figures
from agents.tune.phases import COMPARED, phase_times
from agents.tune.scenarios import Scenario, fitting_pairs, scenario
from twin.bounds import procedure_bound, ready
from twin.catalogue import Station, TimingSet, load_station, load_timing
from twin.catalogue.schema import MECHANICAL
from twin.setup.setup import build_setup


def swap(station: Station, at: Scenario, timing: TimingSet, share_s: float, outcome: str = "completed") -> Figures:
    """A swap that spends as long in each phase, and waited over the truck's pack."""
    setup = build_setup(
        station, at.truck, at.pack, seed=at.seed, parking=at.parking, variation=at.variation, planning=timing.planning
    )
    phases = dict.fromkeys(MECHANICAL[station.kind], share_s)
    bound_s = procedure_bound(setup, ready).total_s
    return Figures(
        outcome, sum(phases.values()), procedure_bound_s=round(bound_s, 9), phases_s={"dock": 45.0, **phases}
    )


@pytest.mark.parametrize("name", ["top_lift", "chassis_single"])
def test_phases_and_their_bounds_add_up(name: str) -> None:
    station = load_station(name)
    tuned, pairs = load_timing("tuned", station), fitting_pairs(station, None, None)
    scenarios = [scenario(station, pairs, 0, number) for number in range(3)]
    own = [swap(station, at, tuned, share_s) for at, share_s in zip(scenarios, (7.0, 8.0, 100.0), strict=True)]
    outcomes = ("completed", "completed", "jam")
    factory = [swap(station, at, tuned, 10.0, outcome) for at, outcome in zip(scenarios, outcomes, strict=True)]
    n, found = phase_times(station, tuned, scenarios, factory, own)
    assert n == 2
    assert [one.phase for one in found] == list(MECHANICAL[station.kind])
    assert {(one.factory_s, one.best_s) for one in found} == {(10.0, 7.5)}
    bounds = [one.bound_s for one in found if one.bound_s is not None]
    meant = [one.procedure_bound_s for one in own[:2]]
    assert sum(bounds) == pytest.approx(sum(one for one in meant if one is not None) / 2)
    assert max(bounds) > 5.0


def test_no_bound_is_told_that_is_not_the_swaps_own_or_is_shared_by_robots() -> None:
    for name, slower_s in (("top_lift", 1.0), ("chassis", 0.0)):
        station = load_station(name)
        tuned = load_timing("tuned", station)
        pairs = [pair for pair in fitting_pairs(station, None, None) if name == "top_lift" or "3" in pair[0].name]
        scenarios = [scenario(station, tuple(pairs), 0, 0)]
        own = swap(station, scenarios[0], tuned, 7.0)
        other = Figures(**{**own.as_plain(), "procedure_bound_s": (own.procedure_bound_s or 0.0) + slower_s})
        n, found = phase_times(station, tuned, scenarios, [own], [other])
        assert n == 1
        assert {one.bound_s for one in found} == {None}


def test_without_a_swap_that_both_complete_there_is_nothing_to_compare() -> None:
    station = load_station("top_lift")
    timing = load_timing("factory", station)
    scenarios = [scenario(station, fitting_pairs(station, None, None), 0, 0)]
    assert phase_times(station, timing, scenarios, [Figures("jam")], [Figures("completed")]) == (0, [])
    assert COMPARED >= 8
