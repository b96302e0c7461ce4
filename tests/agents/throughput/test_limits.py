"""What limits is found where it is known, and differences are on common random numbers."""

from __future__ import annotations

from typing import Any

import pytest

from agents.throughput.arrivals import Saturated
from agents.throughput.estimates import Estimate, Simulator, difference, estimate
from agents.throughput.limits import Answer, answer, cases, relaxations, sensitivity
from agents.throughput.records import Inputs
from tests.agents.throughput.small import Constant, site
from tests.agents.throughput.test_day import HOUR, PACK_J

DAYS = range(4)


def limits_of(work_s: float, trucks: float, **changes: Any) -> Answer:
    of = site(demand={"trucks_per_day": trucks}, **changes)
    with Simulator() as simulator:
        return answer(simulator, Inputs(of, PACK_J, Constant(work_s), of.demand), DAYS)


@pytest.mark.parametrize(
    ("limit", "work_s", "changes"),
    [
        ("robot", 400.0, {"slots": 42, "packs": 40, "charging": {**HOUR, "chargers": 40}}),
        ("packs", 60.0, {"slots": 8, "packs": 4, "charging": HOUR}),
        ("chargers", 60.0, {"slots": 13, "packs": 12, "charging": {**HOUR, "chargers": 4}}),
        ("grid", 60.0, {"slots": 13, "packs": 12, "charging": {**HOUR, "site_power_limit_w": 4 * HOUR["power_w"]}}),
    ],
)
def test_the_scarce_resource_is_named_by_both_rules(limit: str, work_s: float, changes: dict[str, Any]) -> None:
    found = limits_of(work_s, 400.0, **changes).limits
    assert found is not None
    assert (found.today, found.at_capacity, found.waiting) == (limit, limit, limit)
    capacity = found.gains[limit].capacity
    assert capacity is not None
    assert capacity.mean == max(gain.capacity.mean for gain in found.gains.values() if gain.capacity is not None)
    assert sum(share.mean for share in found.waiting_share.values()) <= 1.0 + 1e-9


def test_demand_limits_a_station_that_serves_every_truck() -> None:
    found = limits_of(60.0, 40.0, slots=8, packs=7, charging=HOUR)
    assert found.limits is not None
    assert found.limits.today == "demand"
    more = found.limits.gains["demand"].swaps
    assert more is not None
    assert more.mean == pytest.approx(4.0, abs=2.0)
    assert found.limits.gains["chargers"].swaps == Estimate(0.0, (0.0, 0.0))


def test_a_queue_that_never_ends_has_a_capacity_and_no_waiting_times() -> None:
    of = site(slots=8, packs=7, charging=HOUR)
    with Simulator() as simulator:
        found = answer(simulator, Inputs(of, PACK_J, Constant(0.0), Saturated()), DAYS)
    assert found.days.estimate("swaps_per_day") == Estimate(168.0, (168.0, 168.0))
    assert found.days.estimate("wait_mean_s") is None
    assert found.limits is not None
    assert (found.limits.today, found.limits.at_capacity) == ("packs", "packs")
    assert found.limits.gains["packs"].capacity == Estimate(24.0, (24.0, 24.0))


def test_results_do_not_depend_on_the_number_of_processes() -> None:
    of = site(slots=8, packs=7, charging=HOUR, demand={"trucks_per_day": 100.0})
    inputs = Inputs(of, PACK_J, Constant(100.0), of.demand)
    with Simulator(1) as one, Simulator(2) as two:
        assert one.days([inputs], DAYS)[0].values == two.days([inputs], DAYS)[0].values


def test_sensitivity_has_the_sites_own_point_and_grows_with_packs() -> None:
    of = site(slots=8, packs=7, charging=HOUR, demand={"trucks_per_day": 100.0})
    inputs = Inputs(of, PACK_J, Constant(60.0), of.demand)
    with Simulator() as simulator:
        found = sensitivity(simulator, inputs, range(2))
        own = simulator.days([inputs], range(2))[0]
    assert set(found) == {"packs", "chargers"}
    of_packs = {point.count: point for point in found["packs"]}
    assert of_packs[7].days.values == own.values
    capacities = [point.capacity.estimate("swaps_per_day") for point in found["packs"]]
    means = [one.mean for one in capacities if one is not None]
    assert len(means) == len(capacities)
    assert means == sorted(means)
    assert means[0] < means[3] < means[4]


def test_relaxations_stay_within_what_a_site_can_have() -> None:
    of = site(slots=64, packs=63, charging={"chargers": 64})
    assert {"packs", "chargers", "robot"} & set(relaxations(of)) == set()
    of_few = site(slots=8, packs=7)
    assert cases(Inputs(of_few, 1.0, Constant(1.0), of_few.demand), limits=True) == 2 * (1 + 5) + 1
    assert "chargers" not in relaxations(of_few)  # it has as many as a file may say


def test_intervals_are_students() -> None:
    found = estimate([1.0, 2.0, 3.0, None])
    assert found is not None
    assert found.ci95 == pytest.approx((2.0 - 4.30265 / 3**0.5, 2.0 + 4.30265 / 3**0.5), rel=1e-5)
    assert estimate([5.0]) == Estimate(5.0, None)
    assert estimate([None]) is None
    assert difference([3.0, 5.0], [1.0, 3.0]) == Estimate(2.0, (2.0, 2.0))
