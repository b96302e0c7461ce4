"""The kinematic bound: motion times against independent computations, its sum by hand, nothing beats it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from ruckig import ControlInterface, InputParameter, Ruckig, Trajectory

from tests.tiers import examples
from tests.twin.motion.moves import plan_move
from twin.bounds import kinematic_bound, lower_bound_s
from twin.bounds.motion import Limits, axis_limits, reach_s, rest_to_rest_s, window_s
from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.catalogue.schema import MECHANICAL, Station
from twin.records import AXES, X, Z
from twin.setup.setup import SwapSetup, build_setup

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "bounds.md"
SHIPPED = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}
NO_SPREAD = {
    f"parking.{which}.{name}": 0.0
    for which in ("guided", "unguided")
    for name in ("x_m", "y_m", "z_m", "yaw_rad", "roll_rad", "pitch_rad")
}


def log_range(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log10(low), np.log10(high)).map(lambda exponent: float(10.0**exponent))


LIMITS = st.builds(Limits, log_range(0.02, 3.0), log_range(0.02, 5.0), log_range(0.05, 50.0))
DISTANCE_M = log_range(1e-4, 20.0)
FRACTION = st.floats(0.05, 1.0)


@cache
def station_of(name: str) -> Station:
    return load_station(name)


def make_setup(station: Station, *, seed: int = 1, truck: str = "", pack: str = "") -> SwapSetup:
    truck_name, pack_name = SHIPPED[station.kind]
    return build_setup(station, load_truck(truck or truck_name), load_pack(pack or pack_name), seed=seed)


def changed(name: str, overrides: dict[str, object], **wanted: object) -> SwapSetup:
    return make_setup(with_overrides(station_of(name), overrides), **wanted)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ times of motion


def ruckig_position(t_s: float, limits: Limits) -> float:
    """Where ruckig's fastest rise to full speed is at `t_s`."""
    inputs = InputParameter(1)
    inputs.control_interface = ControlInterface.Velocity
    inputs.current_position, inputs.current_velocity, inputs.current_acceleration = [0.0], [0.0], [0.0]
    inputs.target_velocity, inputs.target_acceleration = [limits.v], [0.0]
    inputs.max_velocity, inputs.max_acceleration, inputs.max_jerk = [limits.v], [limits.a], [limits.j]
    trajectory = Trajectory(1)
    assert Ruckig(1).calculate(inputs, trajectory) >= 0
    late_s = max(t_s - trajectory.duration, 0.0)
    position, _, _ = trajectory.at_time(min(t_s, trajectory.duration))
    return float(position[0] + late_s * limits.v)


@given(DISTANCE_M, LIMITS)
@example(0.15, Limits(0.25, 0.2, 0.4))  # the loaded hoist within each of its phases: jerk up,
@example(0.005, Limits(0.25, 0.2, 0.4))
@example(0.20, Limits(0.25, 0.2, 0.4))  # jerk down,
@example(2.0, Limits(0.25, 0.2, 0.4))  # full speed
@settings(max_examples=examples(300))
def test_time_to_cross_is_where_ruckig_is_then(distance, limits):
    assert ruckig_position(reach_s(distance, limits), limits) == pytest.approx(distance, rel=1e-9, abs=1e-12)


def test_time_to_cross_by_hand():
    hoist = Limits(0.25, 0.2, 0.4)
    # full speed after v/a + a/j = 1.75 s and v/2 of that in metres; then v
    assert reach_s(1.21875, hoist) == pytest.approx(1.75 + (1.21875 - 0.21875) / 0.25, rel=1e-14)
    # jerk up only: d = j t^3 / 6
    assert reach_s(0.4 * 0.3**3 / 6, hoist) == pytest.approx(0.3, rel=1e-14)
    # half of a rest-to-rest move that never gets to full speed
    assert reach_s(0.1, hoist._replace(v=99.0)) < 0.5 * rest_to_rest_s(0.2, hoist)
    assert reach_s(0.0, hoist) == reach_s(-1.0, hoist) == 0.0


@given(LIMITS, st.lists(st.floats(-1.0, 1.0), min_size=20, max_size=20), st.floats(0.2, 5.0))
def test_no_motion_within_the_limits_gets_away_faster(limits, pushes, stretch):
    """Drive an axis by arbitrary jerk, cut off where a limit would be passed, and time its way."""
    v, a, j = limits
    dt = stretch * (v / a + a / j) / 400
    position = speed = acceleration = 0.0
    for i in range(400):
        jerk = j * pushes[i // 20]
        low, high = max(-a, acceleration - j * dt), min(a, acceleration + j * dt)
        # never so fast that jerk down comes too late for the speed limit
        high = min(high, np.sqrt(max(2 * j * (v - speed), 0.0)) - j * dt)
        after = max(min(max(acceleration + jerk * dt, low), high), low)
        position += speed * dt + acceleration * dt**2 / 2 + (after - acceleration) * dt**2 / 6
        speed += (acceleration + after) / 2 * dt
        acceleration = after
        assume(speed <= v)
        assert reach_s(position, limits) <= (i + 1) * dt * (1 + 1e-9) + 1e-9


def time_at(move, position: float) -> float:
    """When a monotone move passes `position`, by bisection."""
    low, high = 0.0, move.duration_s
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if float(move.at(middle)[0]) < position else (low, middle)
    return high


@given(st.floats(0.13, 12.0), LIMITS, st.tuples(FRACTION, FRACTION, FRACTION), st.floats(0.01, 0.06))
@settings(max_examples=examples(400))
def test_no_traverse_is_within_its_deadband_sooner(distance, limits, fractions, deadband):
    """Any fractions of the limits, starting a deadband ahead: never within the deadband of the end before the bound."""
    v, a, j = (limit * fraction for limit, fraction in zip(limits, fractions, strict=True))
    move = plan_move(deadband, distance, v_max=v, a_max=a, j_max=j)
    bound = window_s(distance, limits, deadband)
    assert time_at(move, distance - deadband) >= bound * (1 - 1e-9) - 1e-9
    fastest = plan_move(deadband, distance, v_max=limits.v, a_max=limits.a, j_max=limits.j)
    assert time_at(fastest, distance - deadband) == pytest.approx(bound, rel=1e-6, abs=1e-6)
    assert window_s(-distance, limits, deadband) == bound


def test_traverse_within_the_deadband_needs_no_clearance():
    assert window_s(0.1, Limits(1.0, 1.0, 1.0), 0.05) == 0.0


@pytest.mark.parametrize("name", ["top_lift", "top_lift_mast", "chassis"])
@pytest.mark.parametrize("climb", [0.5, 1.5, 2.8])
@pytest.mark.parametrize("distance", [1.0, 3.0])
def test_a_legal_leg_comes_close_and_never_below(name, climb, distance):
    """Lift, traverse and lower planned as legal moves and sampled: the bound is below, by no more than the turns."""
    station = station_of(name)
    hoist, travel = axis_limits(station, Z, loaded=True), axis_limits(station, X, loaded=True)
    headroom, deadband = 0.03, station.limits.traverse_deadband_m
    up = plan_move(0.0, climb + headroom, v_max=hoist.v, a_max=hoist.a, j_max=hoist.j)
    across = plan_move(0.0, distance, v_max=travel.v, a_max=travel.a, j_max=travel.j)
    leaves_s = time_at(up, climb)
    # the way down is the way up, seen backwards
    back_s = up.duration_s - leaves_s
    near_s = leaves_s + time_at(across, distance - deadband)
    legal_s = max(near_s, up.duration_s + back_s) + (up.duration_s - back_s)
    bound_s = reach_s(climb, hoist) + window_s(distance, travel, deadband) + reach_s(climb, hoist)
    assert bound_s <= legal_s <= bound_s + 2.0


# ------------------------------------------------------------------------------------------------------ whole swaps


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


@pytest.mark.parametrize("name", ["top_lift", "chassis"])
def test_document_has_the_present_tables(name):
    """docs/bounds.md shows seed 1 of both stations; print(kinematic_bound(setup).table()) gives what belongs there."""
    table = kinematic_bound(make_setup(station_of(name))).table()
    assert table in DOCUMENT.read_text(encoding="utf-8"), f"docs/bounds.md, {name}, should show:\n{table}"
