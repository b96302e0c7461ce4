"""The simulated day against queueing theory, and what must hold at every event."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.throughput.arrivals import DAY_S, Listed, Saturated, arrival_times
from agents.throughput.day import StationDay, simulate
from agents.throughput.draws import Uniforms
from agents.throughput.records import Day, Inputs, Recorder
from agents.throughput.swaps import Sample
from tests.agents.throughput.small import KWH_J, Constant, Exponential, erlang_c_wait_s, queue, site, swap

HALF_LOAD_S = 0.5 * DAY_S / 20000.0
"""Mean work at which one robot is busy half of the time."""
PACK_J = 282.0 * KWH_J
HOUR = {"chargers": 8, "power_w": 0.8 * PACK_J / 3600.0, "site_power_limit_w": 1e8}
"""Chargers that take an hour from a state of charge of 0.2."""


def mean_wait_s(inputs: Inputs, seed: int = 0) -> float:
    return float(np.mean(simulate(inputs, seed).waits_s))


@pytest.mark.slow
def test_mm1_at_half_load_over_four_million_customers() -> None:
    # at half load a customer waits the mean work (Pollaczek-Khinchine)
    day = simulate(queue(Exponential(HALF_LOAD_S), 4.0e6), 0)
    assert day.arrived > 3.99e6
    assert np.mean(day.waits_s) == pytest.approx(HALF_LOAD_S, rel=0.01)
    assert np.mean(np.asarray(day.waits_s) == 0.0) == pytest.approx(0.5, rel=0.01)


@pytest.mark.slow
def test_md1_at_half_load_over_four_million_customers() -> None:
    day = simulate(queue(Constant(HALF_LOAD_S), 4.0e6), 1)
    assert day.arrived > 3.99e6
    assert np.mean(day.waits_s) == pytest.approx(0.5 * HALF_LOAD_S, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("servers", "load"), [(2, 0.5), (3, 0.7)])
def test_mmc_over_a_million_customers(servers: int, load: float) -> None:
    mean_s = servers * load * DAY_S / 20000.0
    waits = mean_wait_s(queue(Exponential(mean_s), 1.0e6, bays=servers, robots=servers, slots=64))
    assert waits == pytest.approx(erlang_c_wait_s(servers, load, mean_s), rel=0.02)


@pytest.mark.parametrize("swaps", [Exponential(HALF_LOAD_S), Constant(HALF_LOAD_S)], ids=["mm1", "md1"])
def test_each_customer_waits_as_lindleys_recursion_says(swaps: Exponential | Constant) -> None:
    inputs = queue(swaps, 4000.0)
    inputs = Inputs(inputs.site, inputs.pack_energy_j, swaps, inputs.arrivals, 0.0, inputs.window_s)
    times = arrival_times(inputs.site.demand, inputs.window_s, 3)
    draws = Uniforms(3, "throughput swap 0")
    expected, wait_s = [], 0.0
    for k, (gap_s, _) in enumerate(zip(np.diff(times, append=np.inf), times, strict=True)):
        expected.append(wait_s)
        wait_s = max(0.0, wait_s + swaps.draw(draws[k]).work_s - gap_s)
    assert simulate(inputs, 3).waits_s == pytest.approx(expected, abs=1e-6)


def test_more_bays_than_theory_needs_do_not_matter_and_fewer_robots_do() -> None:
    # two bays before one robot: the second truck waits inside, as long as it would have outside
    one, two = (queue(Exponential(HALF_LOAD_S), 3000.0, bays=bays) for bays in (1, 2))
    assert simulate(one, 0).waits_s == pytest.approx(simulate(two, 0).waits_s, abs=1e-6)
    assert mean_wait_s(queue(Exponential(HALF_LOAD_S), 3000.0, bays=2, robots=2)) < 0.3 * mean_wait_s(one)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_charge_limited_station_makes_168_swaps_a_day(seed: int) -> None:
    # 7 packs x 24 h / 1 h, when a robot takes no time
    inputs = Inputs(site(slots=8, packs=7, charging=HOUR), PACK_J, Constant(0.0), Saturated())
    assert simulate(inputs, seed).swaps == 168


def test_a_chain_of_charging_and_swap_makes_as_many_swaps_as_its_cycle_allows() -> None:
    # a pack comes back 60 s after it was given out, and is charged for an hour: seven of them in 3660 s
    inputs = Inputs(site(slots=8, packs=7, charging=HOUR), PACK_J, Constant(60.0), Saturated(), DAY_S, 61 * DAY_S)
    assert simulate(inputs, 0).swaps == pytest.approx(7 * 61 * DAY_S / 3660.0, abs=7)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"charging": {**HOUR, "chargers": 4}}, 4 * 24),
        ({"charging": {**HOUR, "site_power_limit_w": 3 * HOUR["power_w"]}}, 3 * 24),
        ({"charging": {**HOUR, "site_power_limit_w": 3 * HOUR["power_w"], "sharing": "fullest_first"}}, 3 * 24),
        ({"charging": {**HOUR, "efficiency": 0.5, "site_power_limit_w": 4 * HOUR["power_w"]}}, 2 * 24),
        ({"charging": {**HOUR, "auxiliary_w": HOUR["power_w"], "site_power_limit_w": 3 * HOUR["power_w"]}}, 2 * 24),
    ],
)
def test_chargers_and_grid_limit_what_they_can_charge(changes: dict[str, dict[str, float]], expected: int) -> None:
    inputs = Inputs(site(slots=8, packs=7, **changes), PACK_J, Constant(0.0), Saturated(), DAY_S, 10 * DAY_S)
    assert simulate(inputs, 0).swaps == pytest.approx(10 * expected, abs=7)


def test_a_truck_with_three_packs_takes_three() -> None:
    inputs = Inputs(site(slots=10, packs=9, charging={**HOUR, "chargers": 9}), PACK_J, Constant(0.0, 3), Saturated())
    day = simulate(inputs, 0)
    assert (day.swaps, day.packs_changed) == (3 * 24, 9 * 24)


def test_a_truck_that_stands_out_of_reach_parks_again_until_it_does_not() -> None:
    swaps = Sample((swap(10.0), swap(0.0, outcome="repark_required")))
    of = site(handling={"repark_s": (300.0, 300.0, 300.0)}, demand={"trucks_per_day": 50.0})
    day = simulate(Inputs(of, 1.0, swaps, of.demand, 0.0, 40 * DAY_S), 0)
    assert day.reparks == pytest.approx(day.arrived, rel=0.1)
    assert np.mean(day.stays_s) - np.mean(day.waits_s) == pytest.approx(310.0, rel=0.1)


def test_a_swap_that_failed_is_finished_by_hand() -> None:
    swaps = Sample((swap(10.0), swap(5.0, outcome="jam")))
    of = site(handling={"recovery_s": (600.0, 600.0, 600.0)}, demand={"trucks_per_day": 20.0})
    day = simulate(Inputs(of, 1.0, swaps, of.demand, 0.0, 50 * DAY_S), 0)
    assert day.by_hand == pytest.approx(0.5 * day.swaps, rel=0.1)
    assert day.robot_down_s == pytest.approx(600.0 * day.by_hand)
    assert day.swaps == day.arrived


def test_availability_is_what_faults_leave() -> None:
    faults = [{"part": "robot", "between_s": 5000.0, "repair_s": (1000.0, 1000.0, 1000.0)}]
    of = site(faults=tuple(faults), demand={"trucks_per_day": 200.0})
    day = simulate(Inputs(of, 1.0, Constant(60.0), of.demand, 0.0, 50 * DAY_S), 0)
    assert day.robot_down_s / (50 * DAY_S) == pytest.approx(1000.0 / 6000.0, rel=0.1)
    # a fault stops the work and does not shorten it
    assert day.robot_busy_s == pytest.approx(60.0 * day.swaps, rel=1e-3)


def test_a_list_of_arrivals_is_served_every_day() -> None:
    inputs = Inputs(site(), 1.0, Constant(30.0), Listed((0.0, 10.0, 3600.0)), DAY_S, 2 * DAY_S)
    day = simulate(inputs, 0)
    assert day.arrived == day.swaps == 6
    assert day.waits_s == pytest.approx([0.0, 20.0, 0.0, 0.0, 20.0, 0.0])


def test_causes_add_up_to_the_waiting_times() -> None:
    # a day that begins and ends without a truck
    of = site(
        slots=4, packs=3, charging={**HOUR, "chargers": 2}, handling={"enter_s": (30.0, 40.0, 60.0)},
        faults=({"part": "robot", "between_s": 9000.0, "repair_s": (600.0, 600.0, 600.0)},),
        demand={"trucks_per_day": 30.0, "hourly": (0.0,) * 6 + (1.0,) * 6 + (0.0,) * 12},
    )  # fmt: skip
    swaps = Sample((swap(200.0), swap(100.0, outcome="jam"), swap(0.0, outcome="repark_required")))
    day = simulate(Inputs(of, PACK_J, swaps, of.demand, 0.0, DAY_S), 5)
    assert day.swaps == day.arrived
    assert sum(day.truck_waiting_s.values()) == pytest.approx(sum(day.waits_s))
    assert sum(day.waiting_time_s.values()) <= DAY_S
    assert {cause for cause, of_cause in day.truck_waiting_s.items() if of_cause > 0.0} >= {"bay", "chargers", "faults"}


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    inputs = queue(Exponential(HALF_LOAD_S), 500.0)
    assert simulate(inputs, 7) == simulate(inputs, 7)
    assert simulate(inputs, 7).waits_s != simulate(inputs, 8).waits_s


def test_recording_changes_nothing() -> None:
    inputs = Inputs(site(slots=8, packs=7, charging=HOUR), PACK_J, Constant(60.0), site().demand)
    inputs = Inputs(inputs.site, PACK_J, Constant(60.0), Listed(tuple(600.0 * k for k in range(100))))
    recorder = Recorder()
    assert simulate(inputs, 0, recorder) == simulate(inputs, 0)
    assert recorder.spans
    assert recorder.levels


counts = st.integers(1, 4)
TAPERS = [
    (),
    ({"from_soc": 0.8, "power_fraction": 0.5},),
    ({"from_soc": 0.7, "power_fraction": 0.6}, {"from_soc": 0.9, "power_fraction": 0.2}),
]


@st.composite
def stations(draw: st.DrawFn) -> Inputs:
    """Sites of all shapes, with faults, failures and a short grid."""
    robots, max_packs = draw(counts), draw(st.integers(1, 3))
    packs = draw(st.integers(max_packs, 12))
    power_w = draw(st.floats(5e4, 5e5))
    spread = st.floats(0.0, 900.0).map(lambda high: (0.0, 0.5 * high, high))
    taper = draw(st.sampled_from(TAPERS))
    of = site(
        bays=robots + draw(st.integers(0, 2)), robots=robots, packs=packs, slots=packs + robots,
        charging={
            "chargers": draw(st.integers(1, 8)), "power_w": power_w, "taper": taper, "efficiency": 0.9,
            "ready_soc": draw(st.floats(0.75, 1.0)), "auxiliary_w": 1e4,
            "site_power_limit_w": (power_w / 0.9 + 1e4) * draw(st.floats(1.0, 6.0)),
            "sharing": draw(st.sampled_from(["equal", "fullest_first"])),
        },
        handling={name: draw(spread) for name in ("enter_s", "leave_s", "repark_s", "recovery_s")},
        demand={"trucks_per_day": draw(st.floats(20.0, 300.0)), "arrival_soc": (0.05, 0.2, 0.5)},
        faults=(
            {"part": "robot", "between_s": draw(st.floats(2e3, 1e5)), "repair_s": (60.0, 600.0, 3600.0)},
            {"part": "charger", "between_s": draw(st.floats(2e3, 1e5)), "repair_s": (60.0, 600.0, 3600.0)},
        ),
    )  # fmt: skip
    swaps = Sample(tuple(swap(draw(st.floats(10.0, 400.0)), draw(st.integers(1, max_packs)), outcome, 0.4)
                         for outcome in ("completed", "jam", "repark_required", "completed")))  # fmt: skip
    arrivals = draw(st.sampled_from([of.demand, Saturated()]))
    return Inputs(of, PACK_J, swaps, arrivals, 0.2 * DAY_S, 0.5 * DAY_S)


@given(stations(), st.integers(0, 1000))
def test_at_every_event_packs_and_energy_are_conserved_and_the_limit_is_kept(inputs: Inputs, seed: int) -> None:
    day = StationDay(inputs, seed)
    window, charging, hall = day.start(), inputs.site.charging, day.hall
    while not window.processed:
        day.env.step()
        in_station = day.ready + len(hall.charging) + len(hall.waiting) + day.in_exchange
        assert in_station == inputs.site.packs
        assert day.ready >= 0
        assert hall.power_w <= charging.pack_power_limit_w * (1.0 + 1e-12)
        assert len(hall.charging) <= charging.chargers
        assert all(pack.power_w <= charging.power_w for pack in hall.charging)
        assert len({pack.charger for pack in hall.charging}) == len(hall.charging)
        assert sum(robot.busy for robot in day.robots) + len(day.free_robots) <= inputs.site.robots
    hall.advance()
    assert hall.taken_j + hall.delivered_j == pytest.approx(hall.stored_j + hall.given * hall.ready_j, rel=1e-9)
    found = window.value
    assert isinstance(found, Day)
    assert found.peak_power_w <= charging.site_power_limit_w * (1.0 + 1e-12)
    assert found.robot_busy_s + found.robot_down_s <= inputs.site.robots * inputs.window_s * (1.0 + 1e-9)
    assert found.bay_busy_s <= inputs.site.bays * inputs.window_s * (1.0 + 1e-9)
    assert sum(found.waiting_time_s.values()) <= inputs.window_s * (1.0 + 1e-9)
    assert all(wait_s >= 0.0 for wait_s in found.waits_s)
    assert all(wait_s <= stay_s + 1e-6 for wait_s, stay_s in zip(found.waits_s, found.stays_s, strict=True))
    assert len(found.waits_s) + found.unserved == found.arrived
