"""The kinematic bound: motion times against independent computations, its sum by hand, nothing beats it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from tests.twin.bounds.setups import NO_SPREAD, changed, make_setup, station_of
from twin.bounds import kinematic_bound, lower_bound_s
from twin.bounds.motion import axis_limits, reach_s
from twin.catalogue.schema import MECHANICAL
from twin.records import AXES, Z


def test_sum_by_hand_with_axes_of_constant_speed():
    """Accelerations and jerks so large that every move takes distance over speed, and a machine that can do so."""
    fast = {f"axes.{axis}.velocity{suffix}_mps": 0.5 for axis in "xyz" for suffix in ("", "_empty")}
    fast |= {f"axes.{axis}.acceleration{suffix}_mps2": 1e9 for axis in "xyz" for suffix in ("", "_empty")}
    strong = {"jerk_mps3": 1e18, "force_limit_n": 1e14, "brake_force_n": 1e9, "stopping_distance_m": 0.08}
    fast |= {f"axes.{axis}.{name}": value for axis in "xyz" for name, value in strong.items()}
    setup = changed("top_lift", {**fast, **NO_SPREAD})
    job = setup.jobs[0]
    put, take = setup.station.slots[job.put_slot], setup.station.slots[job.take_slot]
    assert (put.x_m, take.x_m, put.y_m, put.z_m) == (2.25, -0.75, 3.0, 0.40)
    # 29.43 kN off the axles: 65 % on 500 kN/m, 35 % on 2200 kN/m, seen at 65 % of the wheelbase
    weight_n = float(setup.params["pack_mass_kg"][0, job.old_pack]) * 9.81
    rebound = weight_n * (0.65**2 / 5.0e5 + 0.35**2 / 2.2e6)
    assert 0.025 < rebound < 0.028
    cleared, seat, slot = 3.2 + 1.6 - 0.01, 1.056 + 1.6, 0.40 + 1.6
    actuators = 0.99 * (4.0 + 5.0 + 3.0 + 4.0 + 4.0 + 3.0)
    metres = (
        (4.9 - seat)  # lower
        + (cleared - seat - 0.15)  # lift_out: creep-out height reached while the locks open
        + (3.0 - 2 * 0.06)  # traverse_to_slot, a deadband at both ends
        + (cleared - slot)  # store
        + (2.25 + 0.75)  # traverse_to_full
        + (cleared - slot)  # pick
        + (3.0 - 2 * 0.06)  # traverse_to_truck
        + (cleared - seat - rebound)  # insert
        + (3.2 - seat - rebound)  # clear
    )
    assert lower_bound_s(setup) == pytest.approx(metres / 0.5 + actuators, abs=1e-5)


@pytest.mark.parametrize("name", ["top_lift", "top_lift_mast", "chassis", "chassis_single"])
def test_critical_path_has_no_gaps_and_reads_well(name):
    station = station_of(name)
    bound = kinematic_bound(make_setup(station))
    path = bound.critical_path
    assert path[0].start_s == 0.0
    assert path[-1].end_s == bound.total_s == lower_bound_s(make_setup(station))
    assert all(a.end_s == b.start_s for a, b in zip(path, path[1:], strict=False))
    assert all(item.duration_s > 0.0 for item in bound.items)
    assert sum(bound.by_phase().values()) == pytest.approx(bound.total_s)
    names = MECHANICAL[station.kind]
    for robot in {item.robot for item in bound.items}:
        for job in {item.job for item in bound.items if item.robot == robot}:
            order = [names.index(i.phase) for i in bound.items if (i.robot, i.job) == (robot, job)]
            assert order == sorted(order)
    lines = bound.table().splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[-1].split("|")[-2].strip() == f"{bound.total_s:.2f}"


def test_two_robots_take_as_long_as_the_longer_chain():
    bound = kinematic_bound(make_setup(station_of("chassis")))
    ends = {robot: max(i.end_s for i in bound.items if i.robot == robot) for robot in (0, 1)}
    assert len({item.robot for item in bound.critical_path}) == 1
    assert bound.total_s == max(ends.values())
    assert bound.total_s < lower_bound_s(make_setup(station_of("chassis_single")))


def test_locks_open_before_the_creep_out_height_is_passed():
    """The lift reaches the creep-out height while the locks open, unless they are quick: then it starts half way."""
    hoist, way_m = axis_limits(station_of("top_lift"), Z, loaded=True), 4.79 - (1.056 + 1.6)
    phases = kinematic_bound(changed("top_lift", NO_SPREAD)).by_phase()
    assert phases["unlock"] == pytest.approx(0.99 * 5.0)
    assert phases["lift_out"] == pytest.approx(reach_s(way_m, hoist) - reach_s(0.15, hoist), abs=1e-6)
    quick = kinematic_bound(changed("top_lift", {**NO_SPREAD, "actuators.lock_open_s": 0.1})).by_phase()
    assert quick["unlock"] + quick["lift_out"] == pytest.approx(0.05 + reach_s(way_m, hoist), abs=1e-6)


@pytest.mark.parametrize("name", ["top_lift", "chassis"])
@pytest.mark.parametrize("axis", AXES)
@given(st.tuples(*[st.floats(1.0, 5.0)] * 3))
@settings(max_examples=examples(25))
def test_a_faster_axis_never_raises_the_bound(name, axis, factors):
    station = station_of(name)
    units = ("radps", "radps2", "radps3") if axis == "yaw" else ("mps", "mps2", "mps3")
    fields = [
        (f"{stem}_{unit}", factor)
        for stems, unit, factor in zip(
            (("velocity", "velocity_empty"), ("acceleration", "acceleration_empty"), ("jerk",)),
            units,
            factors,
            strict=True,
        )
        for stem in stems
    ]
    limits = getattr(station.axes, axis)
    # not as overrides: the drive and the stopping distance of such an axis would have to be others too
    faster = limits.model_copy(update={field: factor * getattr(limits, field) for field, factor in fields})
    quick = station.model_copy(update={"axes": station.axes.model_copy(update={axis: faster})})
    assert lower_bound_s(make_setup(quick)) <= lower_bound_s(make_setup(station)) + 1e-9


@pytest.mark.parametrize("name", ["top_lift", "chassis"])
@given(st.tuples(*[st.floats(0.05, 1.0)] * 6))
@settings(max_examples=examples(25))
def test_a_faster_actuator_never_raises_the_bound(name, factors):
    station = station_of(name)
    fields = ("grip_close_s", "grip_open_s", "lock_open_s", "lock_close_s", "slot_lock_open_s", "slot_lock_close_s")
    overrides = {
        f"actuators.{field}": factor * getattr(station.actuators, field)
        for field, factor in zip(fields, factors, strict=True)
    }
    assert lower_bound_s(changed(name, overrides)) <= lower_bound_s(make_setup(station)) + 1e-9


@pytest.mark.parametrize("name", ["top_lift", "chassis"])
def test_a_tighter_interlock_never_lowers_the_bound(name):
    base = lower_bound_s(make_setup(station_of(name)))
    assert lower_bound_s(changed(name, {"limits.traverse_deadband_m": 0.01})) > base
    shortest_m = make_setup(station_of(name)).pack.guides.pin_length_m
    assert lower_bound_s(changed(name, {"limits.creep_out_height_m": shortest_m})) > base


def test_every_seed_has_its_own_bound_and_keeps_it():
    station = station_of("top_lift")
    bounds = [lower_bound_s(make_setup(station, seed=seed)) for seed in range(5)]
    assert len(set(bounds)) == 5
    assert max(bounds) - min(bounds) < 1.0
    assert bounds == [lower_bound_s(make_setup(station, seed=seed)) for seed in range(5)]
