"""Shortest times of motion: against ruckig, by hand, and that no motion within the limits beats them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from ruckig import ControlInterface, InputParameter, Ruckig, Trajectory

from tests.tiers import examples
from tests.twin.bounds.setups import DISTANCE_M, FRACTION, LIMITS, log_range, station_of
from tests.twin.motion.moves import plan_move
from twin.bounds.motion import Limits, approach_s, axis_limits, go_on_s, leave_s, reach_s, rest_to_rest_s, window_s
from twin.motion.profile import speed_change_distance
from twin.records import X, Z


def ruckig_position(t_s: float, limits: Limits, *, from_speed: float = 0.0) -> float:
    """Where ruckig's fastest rise to full speed is at `t_s`."""
    inputs = InputParameter(1)
    inputs.control_interface = ControlInterface.Velocity
    inputs.current_position, inputs.current_velocity, inputs.current_acceleration = [0.0], [from_speed], [0.0]
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


@given(DISTANCE_M, LIMITS, FRACTION)
@example(0.06, Limits(0.25, 0.2, 0.4), 0.4)
@example(2.0, Limits(0.25, 0.2, 0.4), 0.4)
@settings(max_examples=examples(200))
def test_going_on_from_a_cruise_is_where_ruckig_is_then(distance, limits, fraction):
    speed = fraction * limits.v
    t_s = go_on_s(distance, speed, limits)
    assert ruckig_position(t_s, limits, from_speed=speed) == pytest.approx(distance, rel=1e-9, abs=1e-12)
    assert go_on_s(0.0, speed, limits) == 0.0


def ruckig_approach_s(distance: float, speed: float, limits: Limits) -> float:
    """Ruckig's fastest move from rest to passing `distance` at `speed`."""
    inputs = InputParameter(1)
    inputs.current_position, inputs.current_velocity, inputs.current_acceleration = [0.0], [0.0], [0.0]
    inputs.target_position, inputs.target_velocity, inputs.target_acceleration = [distance], [speed], [0.0]
    inputs.max_velocity, inputs.max_acceleration, inputs.max_jerk = [limits.v], [limits.a], [limits.j]
    trajectory = Trajectory(1)
    assert Ruckig(1).calculate(inputs, trajectory) >= 0
    return float(trajectory.duration)


@given(log_range(0.02, 20.0), LIMITS, FRACTION)
@example(2.19, Limits(0.4, 0.2, 0.4), 0.125)
@settings(max_examples=examples(200))
def test_an_approach_to_a_cruise_is_as_fast_as_ruckig(distance, limits, fraction):
    speed = fraction * limits.v
    assume(distance > 1.001 * float(speed_change_distance(0.0, speed, limits.a, limits.j)))
    expected_s = ruckig_approach_s(distance, speed, limits)
    assert approach_s(distance, speed, limits) == pytest.approx(expected_s, rel=1e-6, abs=1e-6)


def test_an_approach_by_hand():
    hoist = Limits(0.4, 0.2, 0.4)
    # 0.4 m/s after 2.5 s and 0.5 m; down to 0.05 m/s in 0.35 / 0.2 + 0.5 = 2.25 s and 0.225 x 2.25 m
    assert approach_s(2.0, 0.05, hoist) == pytest.approx(2.5 + 2.25 + (2.0 - 0.5 - 0.50625) / 0.4, rel=1e-9)
    # too short for 0.05 m/s
    assert approach_s(0.001, 0.05, hoist) == reach_s(0.001, hoist) == pytest.approx((6 * 0.001 / 0.4) ** (1 / 3))


def test_leaving_by_hand():
    hoist = Limits(0.25, 0.2, 0.4)
    # 0.1 m/s after 1 s and 0.05 m, the rest of 0.15 m at it; 0.25 m/s after 1.25 s and 0.175 x 1.25 m
    creep_s, all_s = leave_s(0.15, 1.0, 0.1, hoist)
    assert creep_s == pytest.approx(1.0 + 0.10 / 0.1, rel=1e-12)
    assert all_s - creep_s == pytest.approx(1.25 + (0.85 - 0.175 * 1.25) / 0.25, rel=1e-9)
    # a limit that the creep part is too short to reach does not count
    assert leave_s(0.04, 1.0, 0.1, hoist) == (reach_s(0.04, hoist), reach_s(1.0, hoist))
    assert leave_s(0.15, 0.1, 0.1, hoist) == (1.5, 1.5)


@given(st.floats(0.0, 0.3), st.floats(0.0, 3.0), st.floats(0.01, 1.0), LIMITS)
@settings(max_examples=examples(200))
def test_leaving_slowly_is_never_faster_than_crossing(creep, beyond, speed, limits):
    creep_s, all_s = leave_s(creep, creep + beyond, speed, limits)
    assert creep_s <= all_s * (1 + 1e-12)
    assert reach_s(creep, limits) <= creep_s * (1 + 1e-9) + 1e-12
    assert reach_s(creep + beyond, limits) <= all_s * (1 + 1e-9) + 1e-12
