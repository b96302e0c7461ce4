"""The procedure bound: its sum by hand, what it depends on, and that swaps at the edge of the catalogue stay above."""

from __future__ import annotations

from functools import cache
from math import ceil, log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from tests.twin.bounds.setups import NO_SPREAD, SHIPPED, changed, make_setup, station_of
from twin import seeding
from twin.bounds import Bound, home, kinematic_bound, lower_bound_s, procedure_bound, procedure_bound_s, ready
from twin.catalogue import load_pack, load_timing, load_truck
from twin.catalogue.schema import MECHANICAL, PhaseTiming, Station, TimingSet
from twin.records import AXES, X, Y, Z
from twin.result import SwapResult
from twin.runner.kinds import batch_maker
from twin.sequence.timing import timing_table
from twin.setup.setup import build_setup
from twin.swap import SwapTwin

STATIONS = ("top_lift", "top_lift_mast", "chassis", "chassis_single")
CHASSIS_TRUCKS = ("chassis_rigid_1", "chassis_tractor_2", "chassis_tractor_3")


# ----------------------------------------------------------------------------------------------- by hand, and pinned


def test_sum_by_hand_with_axes_of_constant_speed():
    """Accelerations and jerks so large that every move takes distance over speed, and a machine that can do so."""
    fast = {f"axes.{axis}.velocity{suffix}_mps": 0.5 for axis in "xyz" for suffix in ("", "_empty")}
    fast |= {f"axes.{axis}.acceleration{suffix}_mps2": 1e9 for axis in "xyz" for suffix in ("", "_empty")}
    strong = {"jerk_mps3": 1e18, "force_limit_n": 1e14, "brake_force_n": 1e9, "stopping_distance_m": 0.08}
    fast |= {f"axes.{axis}.{name}": value for axis in "xyz" for name, value in strong.items()}
    setup = changed("top_lift", {**fast, **NO_SPREAD})
    old_n, new_n = (float(setup.params["pack_mass_kg"][0, k]) * 9.81 for k in (0, 1))
    spreader_n, pack_n = 450 * 9.81, 3000 * 9.81
    truck_m_per_n = 0.65**2 / 5.0e5 + 0.35**2 / 2.2e6  # the axles' shares on their springs
    rebound = old_n * truck_m_per_n
    seat, slot, clear = 1.056 + 1.6, 0.40 + 1.6, 3.2 + 1.6 - 0.01

    def ropes(z: float) -> float:  # m/N: four of 8 MN, as long as from 6 m down to the grip plane
        return (6.0 - z) / 4 / 8e6

    def grip(stroke: float) -> float:
        return ceil(99 * stroke - 1e-9) * 0.01

    def creep(zone: float, load_n: float, z: float) -> float:
        return (zone - load_n * ropes(z)) / 0.05

    def half_swing(z: float) -> float:  # the hoist stops 0.08 m over the guides' 0.07 m
        return 0.65 * pi * sqrt((6.0 - z - 0.15) / 9.81)

    contact_s = 0.1 * log(10) + 0.01
    taken = (0.9 * spreader_n + 0.15 * pack_n) * (ropes(seat) + truck_m_per_n)
    slack = 0.2 * spreader_n * (ropes(seat) + truck_m_per_n)  # to 0.3 of the spreader, from the 0.1 of its landing
    high = seat + rebound
    truck_m_per_n += ropes(high)
    takes = {
        "lower": (4.9 - seat - 0.047) / 0.5 + creep(0.047, spreader_n, seat) + contact_s,
        "grip": grip(4.0),
        "unlock": slack / 0.05 + (taken - slack) / 0.02 + 0.01 + grip(5.0),
        "lift_out": (0.135 - taken) / 0.1 + (clear - seat - 0.135) / 0.5,
        "traverse_to_slot": (3.0 - 2 * 0.06) / 0.5,
        "store": (clear - slot - 0.05) / 0.5
        + creep(0.05, spreader_n + old_n, slot)
        + 0.1 * log((spreader_n + old_n) / (spreader_n + 0.2 * pack_n))
        + 0.01
        + grip(3.0),
        "traverse_to_full": 0.07 / 0.1 + (3.0 - 0.03) / 0.5 + half_swing(slot),
        "pick": creep(0.05, spreader_n, slot) + contact_s + grip(4.0) + 0.135 / 0.1 + (clear - slot - 0.135) / 0.5,
        "traverse_to_truck": (3.0 - 2 * 0.06) / 0.5,
        "insert": (clear - high - 0.047) / 0.5
        + creep(0.047, spreader_n + new_n, high)
        + 0.1 * log((spreader_n + new_n) / (spreader_n + 0.2 * pack_n))
        + 0.01,
        "lock": grip(4.0),
        "pull_test": pack_n * truck_m_per_n / 0.02 + 0.01,
        "release": pack_n * truck_m_per_n * (0.5 / 0.05 + 0.6 / 0.02) + 0.01 + grip(3.0),
        "clear": 0.07 / 0.1 + (3.2 - high - 0.07) / 0.5,
    }
    phases = procedure_bound(setup).by_phase()
    assert phases == pytest.approx(takes, abs=1e-5)
    assert procedure_bound_s(setup) == pytest.approx(sum(takes.values()), abs=1e-5)


@pytest.mark.parametrize(("name", "total_s"), list(zip(STATIONS, (106.9, 113.5, 128.6, 193.9), strict=True)))
def test_totals(name, total_s):
    assert procedure_bound_s(make_setup(station_of(name))) == pytest.approx(total_s, abs=0.1)


@pytest.mark.parametrize(("name", "independent_s"), [("top_lift", 111.0), ("chassis", 136.7)])
def test_an_independent_calculation_is_little_above(name, independent_s):
    """It counts stops, run-on and the truck's springs more fully; what this bound leaves out is a few per cent."""
    assert 0.94 * independent_s < procedure_bound_s(make_setup(station_of(name))) < independent_s


def what_takes(bound: Bound, phase: str, what: str, job: int = 0) -> float:
    """Duration of the item of that phase whose text begins so."""
    (item,) = (i for i in bound.items if (i.phase, i.job) == (phase, job) and i.what.startswith(what))
    return item.duration_s


def test_a_table_by_hand():
    """A chassis robot with three blocks to itself; jerk-limited ramps at the lift's 0.3 m/s2 and 0.8 m/s3."""
    bound = procedure_bound(changed("chassis_single", NO_SPREAD))
    own_n, block_n = 150 * 9.81, 1150 * 9.81

    def ramp_s(way_m: float, speed: float) -> float:  # speed by jerk up and down, then constant
        rise_s = 2.0 * sqrt(speed / 0.8)
        return rise_s + (way_m - 0.5 * speed * rise_s) / speed

    # slot: the landing has pressed the mounts by 0.3 of the load, filter, scan and quick stop; the rest of the block
    stop_m = 0.5 * 0.03 * (0.03 / 0.3 + 0.3 / 3.2)  # at 0.3 m/s2 and four times the jerk
    landed_n = own_n + 0.3 * (own_n + block_n) + (0.03 * (0.02 + 0.01) + stop_m) * 1e6
    left_m = (own_n + block_n - landed_n) / 1e6
    assert 0.003 < left_m < 0.004
    assert what_takes(bound, "pick", "take the weight") == pytest.approx(ramp_s(left_m, 0.012) + 0.01, abs=1e-9)
    assert what_takes(bound, "pick", "until the load cell") == pytest.approx(
        0.3 * (own_n + block_n) / 1e6 / 0.03 + 0.01, abs=1e-9
    )
    # a table sinks under its block: the zone is that much longer
    old_kg = float(make_setup(station_of("chassis_single")).params["pack_mass_kg"][0, 0])
    zone_m = 0.03 + (own_n + old_kg * 9.81) / 1e6
    assert what_takes(bound, "store", "the last") == pytest.approx(zone_m / 0.03, abs=1e-9)
    # from 1.05 of the block pressed home to 0.2 left
    assert what_takes(bound, "store", "until the pack hangs") == pytest.approx(
        ramp_s(0.85 * block_n / 1e6, 0.03) + 0.01, abs=1e-9
    )
    assert what_takes(bound, "traverse_to_full", "past the guides") == pytest.approx(
        2.0 * sqrt(0.06 / 0.8) + (0.07 - 0.06 * sqrt(0.06 / 0.8)) / 0.06, abs=1e-9
    )


def test_the_trucks_springs_count_for_a_robot_that_has_the_truck_to_itself():
    alone, two = (procedure_bound(make_setup(station_of(name))) for name in ("chassis_single", "chassis"))
    one_block = procedure_bound(make_setup(station_of("chassis"), truck="chassis_rigid_1"))
    mounts_s = what_takes(two, "pull_test", "pull on the locks")
    assert what_takes(alone, "pull_test", "pull on the locks") > mounts_s + 0.3
    assert what_takes(one_block, "pull_test", "pull on the locks") > mounts_s + 0.3
    # jerk-limited up to 0.03 m/s, down to 0.012 within the last quarter of the weight, and on at that
    mount_m, slowing_m = 1150 * 9.81 / 1e6, 0.042 * sqrt(0.018 / 0.8)
    slow_m = 0.25 * mount_m - slowing_m if 0.25 * mount_m > slowing_m else 0.0
    fast_s = sqrt(0.03 / 0.8) + (1.25 * mount_m - slow_m) / 0.03
    assert mounts_s == pytest.approx(fast_s + slow_m / 0.012 + 0.01, abs=1e-9)


# ----------------------------------------------------------------------------------------------- what it depends on


@pytest.mark.parametrize("name", STATIONS)
def test_critical_path_has_no_gaps(name):
    bound = procedure_bound(make_setup(station_of(name)))
    path = bound.critical_path
    assert path[0].start_s == 0.0
    assert path[-1].end_s == bound.total_s
    assert all(a.end_s == b.start_s for a, b in zip(path, path[1:], strict=False))
    assert sum(bound.by_phase().values()) == pytest.approx(bound.total_s)
    names = MECHANICAL[station_of(name).kind]
    for robot, job in {(item.robot, item.job) for item in bound.items}:
        order = [names.index(i.phase) for i in bound.items if (i.robot, i.job) == (robot, job)]
        assert order == sorted(order)


@pytest.mark.parametrize("name", STATIONS)
@given(st.floats(0.2, 1.0), st.floats(1.0, 3.0), st.floats(0.0, 1.0))
@settings(max_examples=examples(25))
def test_slower_contacts_and_longer_zones_never_lower_it(name, slower, longer, wider):
    station = station_of(name)
    limits = station.limits
    base_s = procedure_bound_s(make_setup(station))
    for field, value in (
        ("contact_speed_mps", slower * limits.contact_speed_mps),
        ("contact_zone_m", longer * limits.contact_zone_m),
        ("clearance_height_m", limits.clearance_height_m + wider * 0.02 * (1 if station.kind == "top_lift" else -1)),
    ):
        tighter = station.model_copy(update={"limits": limits.model_copy(update={field: value})})
        assert procedure_bound_s(make_setup(tighter)) >= base_s - 1e-9, field


@pytest.mark.parametrize("name", ["top_lift", "top_lift_mast"])
@pytest.mark.parametrize("axis", AXES)
@given(st.tuples(*[st.floats(1.0, 5.0)] * 3))
@settings(max_examples=examples(25))
def test_a_faster_axis_never_raises_it(name, axis, factors):
    """On ropes and mast: a table's lift that stops sooner presses less while it lands, and has more left to take."""
    station = station_of(name)
    units = ("radps", "radps2", "radps3") if axis == "yaw" else ("mps", "mps2", "mps3")
    limits = getattr(station.axes, axis)
    faster = limits.model_copy(
        update={
            f"{stem}_{unit}": factor * getattr(limits, f"{stem}_{unit}")
            for stems, unit, factor in zip(
                (("velocity", "velocity_empty"), ("acceleration", "acceleration_empty"), ("jerk",)),
                units,
                factors,
                strict=True,
            )
            for stem in stems
        }
    )
    quick = station.model_copy(update={"axes": station.axes.model_copy(update={axis: faster})})
    assert procedure_bound_s(make_setup(quick)) <= procedure_bound_s(make_setup(station)) + 1e-9


@pytest.mark.parametrize("name", STATIONS)
def test_it_is_above_the_kinematic_one_for_every_truck(name):
    station = station_of(name)
    trucks = CHASSIS_TRUCKS if station.kind == "chassis" else ("tractor_4x2", "tractor_6x4", "mixer_8x4", "dump_8x4")
    for truck in trucks:
        for seed in range(5):
            setup = make_setup(station, truck=truck, seed=seed)
            assert 1.1 < procedure_bound_s(setup) / lower_bound_s(setup) < 1.4
            assert procedure_bound_s(setup, ready) < procedure_bound_s(setup)


@pytest.mark.parametrize("name", STATIONS)
def test_a_robot_that_stands_ready_has_less_to_do(name):
    """It saves the way from home at most, and stands where the truck may still leave."""
    setup = changed(name, NO_SPREAD)
    station, robot = setup.station, setup.jobs[0].robot
    at = ready(setup, robot)
    assert setup.retract * (at[Z] - station.limits.clearance_height_m) >= 0.0
    old_seat = setup.seats[setup.jobs[0].truck_seat]
    assert tuple(at[[X, Y]]) == pytest.approx(old_seat.xyz_m[:2], abs=1e-9)
    for of in (kinematic_bound, procedure_bound):
        assert of(setup, home).total_s == of(setup).total_s
        saved_s = of(setup).total_s - of(setup, ready).total_s
        assert 0.0 < saved_s < of(setup).by_phase()[MECHANICAL[station.kind][0]]


def test_it_has_nothing_of_the_timing_set():
    """Slower creep and softer jerk make the swap longer and leave its bound where it is."""
    factory = load_timing("factory", "top_lift")
    slow = factory.model_copy(
        update={"default": factory.default.model_copy(update={"creep_speed_mps": 0.015, "jerk_fraction": 0.3})}
    )
    quick, crept = played("top_lift", *SHIPPED["top_lift"], [factory, slow], [1, 1])
    assert quick.completed
    assert crept.completed
    assert crept.mechanical_time_s > quick.mechanical_time_s + 10.0
    assert crept.procedure_bound_s == quick.procedure_bound_s == procedure_bound_s(make_setup(station_of("top_lift")))


# -------------------------------------------------------------------------------------------------- nothing beats it


def played(station: str, truck: str, pack: str, timings: list[TimingSet], seeds: list[int]) -> list[SwapResult]:
    """Results of a batch on the reduced-order plant, each swap with its own timing set."""
    at = load_station_once(station)
    setups = [build_setup(at, load_truck(truck), load_pack(pack), seed=seed) for seed in seeds]
    twin = SwapTwin(setups[0], timings[0], make_runner=batch_maker(setups))
    try:
        twin.program.timing[:] = np.stack([timing_table(timing, at.kind) for timing in timings])[:, None, :]
        twin.program.run()
        return twin.results()
    finally:
        twin.close()


@cache
def load_station_once(name: str) -> Station:
    return station_of(name)


def edge_set(station: Station, number: int) -> TimingSet:
    """Limits nearly or wholly used, creep as short and fast as the station allows, no dwell, overlaps of any length."""
    draw = seeding.stream(0, f"procedure bound/{station.name}/{number}")
    braking = 0.9 if station.robots.count > 1 else 1.0  # two robots that brake harder trip their distance

    def phase() -> PhaseTiming:
        return PhaseTiming(
            velocity_fraction=float(draw.choice([1.0, draw.uniform(0.8, 1.0)])),
            acceleration_fraction=braking * float(draw.choice([1.0, draw.uniform(0.7, 1.0)])),
            jerk_fraction=braking * float(draw.choice([1.0, draw.uniform(0.6, 1.0)])),
            shaper=str(draw.choice(["none", "none", "zv", "zvd"])),
            settle_threshold_m=float(draw.uniform(0.012, 1.0)),
            settle_dwell_s=0.0,
            creep_height_m=float(draw.uniform(0.0, 0.1)),
            creep_speed_mps=float(draw.uniform(0.03, 0.2)),
            overlap_s=float(draw.choice([0.0, 0.3, 0.7, 1.0, 2.0, 4.0, 8.0])),
        )

    return TimingSet(
        name=f"edge_{number}",
        title="edge",
        station=station.name,
        kind=station.kind,
        default=phase(),
        phases={name: phase() for name in MECHANICAL[station.kind]},
    )


COMPARABLE = ("grip", "unlock", "lock", "pull_test", "release")
"""Phases that no overlap shares with a neighbour."""


def check_swaps(station: str, truck: str, pack: str, first: int, count: int) -> float:
    """Hold swaps under edge sets against the bound, whole and row by row; their smallest ratio."""
    timings = [edge_set(station_of(station), number) for number in range(first, first + count)]
    smallest = np.inf
    for result in played(station, truck, pack, timings, list(range(first, first + count))):
        if not result.completed:
            continue
        bound = procedure_bound(result.setup)
        smallest = min(smallest, result.mechanical_time_s / bound.total_s)
        for phase in COMPARABLE:
            for robot, job in {(i.robot, i.job) for i in bound.items}:
                least_s = sum(i.duration_s for i in bound.items if (i.phase, i.robot, i.job) == (phase, robot, job))
                spans = (s for s in result.phases if (s.name, s.robot, s.job) == (phase, robot, job))
                took_s = sum(s.end_s - s.start_s for s in spans)
                assert took_s >= least_s - 1e-6, (result.timing, result.setup.seed, phase, robot, job)
    return smallest


@pytest.mark.parametrize("station", STATIONS)
def test_no_swap_at_the_edge_beats_it(station):
    truck, pack = SHIPPED[station_of(station).kind]
    assert 1.0 < check_swaps(station, truck, pack, 0, 4) < 2.0


@pytest.mark.slow
@pytest.mark.parametrize("station", STATIONS)
@pytest.mark.parametrize("block", range(3))
def test_no_swap_of_many_at_the_edge_beats_it(station, block):
    trucks = CHASSIS_TRUCKS if station_of(station).kind == "chassis" else ("tractor_4x2", "mixer_8x4", "dump_8x4")
    pack = SHIPPED[station_of(station).kind][1]
    assert 1.0 < check_swaps(station, trucks[block], pack, 1000 + 25 * block, 25) < 2.0
