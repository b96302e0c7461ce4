"""Profiles against ruckig, an independent time-optimal planner, and against their own definition over wide ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st
from numba import njit
from ruckig import ControlInterface, InputParameter, Ruckig, RuckigError, Trajectory

from tests.tiers import examples
from tests.twin.motion.moves import Move
from twin.motion import profile as motion

WIDE = settings(max_examples=examples(300), deadline=None, derandomize=True)
NO_SHAPER = np.ones(1), np.zeros(1)


def log_range(low: float, high: float) -> st.SearchStrategy[float]:
    """Floats spread evenly over decades: limits and distances of stations differ by orders of magnitude."""
    return st.floats(np.log10(low), np.log10(high)).map(lambda exponent: float(10.0**exponent))


DISTANCE_M = log_range(1e-3, 20.0)
V_MAX = log_range(1e-2, 3.0)
A_MAX = log_range(2e-2, 5.0)
J_MAX = log_range(5e-2, 50.0)
START_M = st.floats(-20.0, 20.0)
SIGN = st.sampled_from([-1.0, 1.0])


def ruckig_duration_s(
    start: tuple[float, float, float],
    end: tuple[float, float],
    limits: tuple[float, float, float],
    velocity: bool = False,
) -> float:
    """Ruckig's duration from (p, v, a) to (p, v) at a = 0; `velocity` leaves the end position free."""
    inputs = InputParameter(1)
    inputs.control_interface = ControlInterface.Velocity if velocity else ControlInterface.Position
    inputs.current_position, inputs.current_velocity, inputs.current_acceleration = ([x] for x in start)
    inputs.target_position, inputs.target_velocity, inputs.target_acceleration = [end[0]], [end[1]], [0.0]
    inputs.max_velocity, inputs.max_acceleration, inputs.max_jerk = ([x] for x in limits)
    trajectory = Trajectory(1)
    try:
        result = Ruckig(1).calculate(inputs, trajectory)
    except RuckigError:  # ruckig 0.19.4 finds no way where a limit is one bit beside being just touched
        reject()
    assert result.value >= 0, f"the oracle failed: {result}"
    return trajectory.duration


def check_is_a_motion(profile: np.ndarray) -> None:
    """Every segment, integrated on its own, ends where the next one starts: p, v and a are continuous."""
    n = motion.segment_count(profile)
    assert 0 <= n < motion.SEGMENTS
    assert motion.duration_s(profile) == profile[motion.T, n]
    t, p, v, a, j = (profile[row, : n + 1] for row in (motion.T, motion.P, motion.V, motion.A, motion.J))
    dt = np.diff(t)
    assert np.all(dt >= 0.0)
    scale = 1.0 + np.abs(np.concatenate([t, p, v, a, j[:-1]])).max()
    np.testing.assert_allclose(a[:-1] + j[:-1] * dt, a[1:], rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(v[:-1] + a[:-1] * dt + j[:-1] * dt**2 / 2, v[1:], rtol=0, atol=1e-13 * scale)
    end_p = p[:-1] + v[:-1] * dt + a[:-1] * dt**2 / 2 + j[:-1] * dt**3 / 6
    np.testing.assert_allclose(end_p, p[1:], rtol=0, atol=1e-13 * scale)


def sample(profile: np.ndarray, count: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(t, p, v, a) at even times and at every node, a little beyond both ends too."""
    duration_s = motion.duration_s(profile)
    nodes = profile[motion.T, : motion.segment_count(profile) + 1]
    t = np.sort(np.concatenate([np.linspace(-0.01, duration_s * 1.01 + 0.01, count), nodes]))
    return t, *Move(profile, *NO_SHAPER).at(t)


def check_within_limits(profile: np.ndarray, v_max: float, a_max: float, j_max: float) -> None:
    _, _, v, a = sample(profile)
    assert np.abs(v).max() <= v_max * (1 + 1e-12)
    assert np.abs(a).max() <= a_max * (1 + 1e-12)
    assert np.abs(profile[motion.J, :-1]).max() <= j_max


def check_moves_one_way(profile: np.ndarray, sign: float) -> None:
    _, p, v, _ = sample(profile)
    assert np.all(np.diff(p) * sign >= -1e-14 * (1 + np.abs(p).max()))
    assert np.all(v * sign >= -1e-12 * np.abs(v).max())


@WIDE
@given(START_M, DISTANCE_M, SIGN, V_MAX, A_MAX, J_MAX)
@example(0.0, 1.0, 1.0, 1.0, 1.0, 1.0)  # just reaches neither limit
@example(0.0, 2.0, 1.0, 1.0, 1.0, 1.0)  # reaches both limits for no time at all
@example(0.0, 1e-3, -1.0, 3.0, 5.0, 0.05)
@example(0.0, 20.0, 1.0, 0.01, 5.0, 50.0)
def test_rest_to_rest_is_as_fast_as_ruckig_and_a_legal_motion(p0, distance, sign, v_max, a_max, j_max):
    p1 = p0 + sign * distance
    profile = motion.new_profile()
    motion.plan_rest_to_rest(profile, p0, p1, v_max, a_max, j_max)
    oracle_s = ruckig_duration_s((p0, 0.0, 0.0), (p1, 0.0), (v_max, a_max, j_max))
    assert motion.duration_s(profile) == pytest.approx(oracle_s, rel=1e-12, abs=1e-12)
    assert motion.rest_to_rest_duration(p1 - p0, v_max, a_max, j_max) == pytest.approx(
        motion.duration_s(profile), rel=1e-13
    )
    assert motion.end_position(profile) == p1
    check_is_a_motion(profile)
    check_within_limits(profile, v_max, a_max, j_max)
    check_moves_one_way(profile, sign)


@pytest.mark.parametrize(
    ("distance_m", "segments", "expected_s"),
    [
        (0.0, 0, 0.0),
        (0.016, 4, 0.8),  # jerk only: d = 2 j tj^3 gives tj = 0.2 s
        (0.25, 4, 2.0),  # a_max just touched: tj = 0.5 s
        (0.75, 6, 3.0),  # peak 0.5 m/s below v_max: d = v (v/a + a/j), twice 1.5 s
        (2.5, 6, 5.0),  # v_max just touched
        (3.0, 7, 5.5),  # v_max held for 0.5 s
    ],
)
def test_rest_to_rest_by_hand(distance_m, segments, expected_s):
    """Every shape a move can have, with v_max = 1 m/s, a_max = 0.5 m/s2, j_max = 1 m/s3."""
    profile = motion.new_profile()
    motion.plan_rest_to_rest(profile, 0.0, distance_m, 1.0, 0.5, 1.0)
    assert motion.duration_s(profile) == pytest.approx(expected_s, rel=1e-14)
    assert np.sum(np.diff(profile[motion.T, : motion.segment_count(profile) + 1]) > 1e-12) == segments


@WIDE
@given(START_M, SIGN, DISTANCE_M, log_range(1e-3, 1.0), V_MAX, st.floats(0.02, 0.95), A_MAX, J_MAX)
def test_creep_is_as_fast_as_ruckig_up_to_the_creep_point(p0, sign, fast, creep, v_max, creep_share, a_max, j_max):
    v_creep = creep_share * v_max
    assume(fast > 1.001 * motion.speed_change_distance(0.0, v_creep, a_max, j_max))
    assume(creep > motion.speed_change_distance(v_creep, 0.0, a_max, j_max))
    p_creep = p0 + sign * fast
    p1 = p_creep + sign * creep
    profile = motion.new_profile()
    motion.plan_with_creep(profile, p0, p_creep, p1, v_max, v_creep, a_max, j_max)
    oracle_s = ruckig_duration_s((p0, 0.0, 0.0), (p_creep, sign * v_creep), (v_max, a_max, j_max))
    p, v, a = motion.evaluate(profile, oracle_s)
    assert p == pytest.approx(p_creep, abs=1e-8)
    assert v == pytest.approx(sign * v_creep, rel=1e-6)
    jerk_s, constant_s = motion.speed_change_times(v_creep, a_max, j_max)
    creep_s = (creep - motion.speed_change_distance(v_creep, 0.0, a_max, j_max)) / v_creep
    wanted_s = oracle_s + creep_s + 2 * jerk_s + constant_s
    assert motion.duration_s(profile) == pytest.approx(wanted_s, rel=1e-12, abs=1e-12)


@WIDE
@given(
    START_M,
    SIGN,
    st.one_of(DISTANCE_M, log_range(1e-9, 1e-3), st.floats(-1.0, 0.0)),
    st.floats(-0.2, 1.0),
    V_MAX,
    st.floats(0.02, 1.2),
    A_MAX,
    J_MAX,
)
def test_creep_keeps_its_promises_for_any_geometry(p0, sign, fast, creep, v_max, creep_share, a_max, j_max):
    v_creep = creep_share * v_max
    p_creep = p0 + sign * fast
    p1 = p_creep + sign * creep
    assume((p1 - p0) * sign > 0.0)
    profile = motion.new_profile()
    motion.plan_with_creep(profile, p0, p_creep, p1, v_max, v_creep, a_max, j_max)
    assert motion.end_position(profile) == p1
    check_is_a_motion(profile)
    check_within_limits(profile, v_max, a_max, j_max)
    check_moves_one_way(profile, sign)
    _, p, v, _ = sample(profile)
    if creep > 0.0:  # from the creep point on never faster than v_creep
        past = (p - p_creep) * sign > 1e-9
        assert np.all(np.abs(v[past]) <= v_creep * (1 + 1e-9))
    slowest = motion.rest_to_rest_duration(p1 - p0, min(v_creep, v_max), a_max, j_max)
    fastest = motion.rest_to_rest_duration(p1 - p0, v_max, a_max, j_max)
    assert motion.duration_s(profile) >= fastest * (1 - 1e-12)
    if creep >= motion.speed_change_distance(v_creep, 0.0, a_max, j_max):
        assert motion.duration_s(profile) <= slowest * (1 + 1e-12)


VELOCITY = st.floats(-3.0, 3.0)


@WIDE
@given(START_M, VELOCITY, st.floats(-8.0, 8.0), st.one_of(VELOCITY, st.just(0.0)), A_MAX, J_MAX)
@example(0.0, 0.0, 0.0, 0.0, 1.0, 1.0)
@example(0.0, 1.0, -1.0, 0.5, 1.0, 1.0)  # bringing the acceleration to zero is all there is to do
@example(0.0, 1.0, 3.0, 0.0, 0.5, 1.0)  # acceleration far outside its limit, and the wrong way
@example(0.0, -2.0, 3.0, 3.0, 0.5, 1.0)  # far outside, the right way
def test_velocity_change_is_as_fast_as_ruckig_and_a_legal_motion(p0, v0, a0, v1, a_max, j_max):
    profile = motion.new_profile()
    motion.plan_velocity(profile, p0, v0, a0, v1, a_max, j_max)
    oracle_s = ruckig_duration_s((p0, v0, a0), (0.0, v1), (10.0, a_max, j_max), velocity=True)
    # Next to "just bring the acceleration to zero" the duration goes as a square root, so rounding can show as 1e-8 s.
    assert motion.duration_s(profile) == pytest.approx(oracle_s, rel=1e-9, abs=1e-8)
    check_is_a_motion(profile)
    t, p, v, a = sample(profile)
    assert np.abs(a).max() <= max(a_max, abs(a0)) * (1 + 1e-12)
    assert np.abs(profile[motion.J, :-1]).max() <= j_max
    outside = np.abs(a) > a_max * (1 + 1e-12)  # leaves the forbidden range once and for all, as fast as jerk allows
    assert np.all(t[outside] <= max(abs(a0) - a_max, 0.0) / j_max + 1e-12)
    after_s = motion.duration_s(profile) + 7.0
    p_after, v_after, a_after = motion.evaluate(profile, after_s)
    assert (v_after, a_after) == (v1, 0.0)
    assert p_after == pytest.approx(motion.end_position(profile) + 7.0 * v1, abs=1e-12)


@WIDE
@given(START_M, DISTANCE_M, SIGN, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), V_MAX, A_MAX, J_MAX)
@example(0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0)
@example(0.0, 0.01, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)  # cannot stop in time: comes back
@example(0.0, 1.0, 1.0, 0.2, 0.0, 1.0, 1.0, 1.0)
def test_move_from_motion_to_rest_is_as_fast_as_ruckig_and_a_legal_motion(
    p0, distance, sign, of_v, of_a, v_max, a_max, j_max
):
    # speed and acceleration of a move within these limits: the speed stays inside them while jerk ends the acceleration
    a0 = of_a * min(a_max, np.sqrt(j_max * v_max))
    v0 = of_v * (v_max - 0.5 * a0 * a0 / j_max) if of_v * of_a > 0.0 else of_v * v_max
    p1 = p0 + sign * distance
    profile = motion.new_profile()
    motion.plan_to_rest(profile, p0, v0, a0, p1, v_max, a_max, j_max)
    assert motion.end_position(profile) == p1
    check_is_a_motion(profile)
    check_within_limits(profile, v_max, a_max, j_max)
    oracle_s = ruckig_duration_s((p0, v0, a0), (p1, 0.0), (v_max, a_max, j_max))
    assert motion.duration_s(profile) >= oracle_s * (1 - 1e-9) - 1e-8
    change, released = motion.new_profile(), v0 + a0 * abs(a0) / (2 * j_max)
    motion.plan_velocity(change, p0, v0, a0, released, a_max, j_max)
    stop_m = motion.speed_change_distance(abs(released), 0.0, a_max, j_max)
    if released * sign >= 0.0 and (p1 - motion.end_position(change)) * sign >= stop_m:
        assert motion.duration_s(profile) <= oracle_s * (1 + 1e-6) + 1e-6


@WIDE
@given(st.floats(0.0, 3.0), st.floats(-2.0, 2.0), A_MAX, J_MAX)
def test_stop_with_stronger_limits_is_never_longer(v0, a0, a_max, j_max):
    def stop(v0: float, a_max: float, j_max: float) -> tuple[float, float]:
        profile = motion.new_profile()
        motion.plan_stop(profile, 0.0, v0, a0, a_max, j_max)
        assert profile[motion.V, motion.segment_count(profile)] == 0.0
        return motion.end_position(profile), motion.duration_s(profile)

    assume(v0 + a0 * abs(a0) / (2 * j_max) >= 0.0)  # otherwise the axis has to turn round: no shortest stop
    assume(abs(a0) <= a_max)
    distance, duration_s = stop(v0, a_max, j_max)
    assert distance >= -1e-12
    assert stop(v0, 1.5 * a_max, j_max)[1] <= duration_s * (1 + 1e-9)
    assert stop(v0 + 0.1, a_max, j_max)[0] > distance
    assert stop(v0 + 0.1, a_max, j_max)[1] > duration_s


def test_stop_from_cruise_by_hand():
    """From 0.6 m/s at rest of acceleration with 0.3 m/s2 and 0.6 m/s3: 0.5 + 1.5 + 0.5 s at a mean of 0.3 m/s."""
    profile = motion.new_profile()
    motion.plan_stop(profile, 2.0, 0.6, 0.0, 0.3, 0.6)
    assert motion.duration_s(profile) == pytest.approx(2.5, rel=1e-15)
    assert motion.end_position(profile) == pytest.approx(2.75, rel=1e-15)


def test_evaluate_outside_its_times_and_of_zeros():
    profile = motion.new_profile()
    assert motion.evaluate(profile, 3.0) == (0.0, 0.0, 0.0)
    motion.plan_velocity(profile, 1.0, 0.2, 0.1, 0.5, 0.3, 0.6)
    assert motion.evaluate(profile, -1.0) == (1.0, 0.2, 0.1)
    assert motion.evaluate(profile, 0.0) == (1.0, 0.2, 0.1)
    assert np.isnan(motion.evaluate(profile, np.nan)[0])


def test_a_plan_leaves_nothing_of_the_one_before():
    """State hashes cover the whole array: it must depend on the plan alone, not on what the slot held earlier."""
    used, fresh = np.full(motion.PROFILE_SHAPE, np.nan), motion.new_profile()
    for profile in (used, fresh):
        motion.plan_rest_to_rest(profile, 0.0, 1e-3, 1.0, 1.0, 1.0)
    assert used.tobytes() == fresh.tobytes()


def test_the_longest_plan_leaves_room_for_its_number_of_segments():
    """Rise, cruise, slowing down, creep and stop, all with every phase: a node each and one for the end."""
    profile = motion.new_profile()
    motion.plan_with_creep(profile, 0.0, 3.0, 3.5, 0.5, 0.2, 0.3, 0.6)
    assert motion.segment_count(profile) == motion.SEGMENTS - 1
    check_is_a_motion(profile)
    assert motion.end_position(profile) == 3.5
    assert motion.evaluate(profile, motion.duration_s(profile)) == (3.5, 0.0, 0.0)


def test_profiles_nest_in_arrays_and_records():
    """Planned and read in place, from a kernel, inside the (world, robot, axis) arrays and records plants keep."""
    axis = np.dtype([("position_m", "f8"), ("profile", "f8", motion.PROFILE_SHAPE)])
    world = np.dtype([("time_s", "f8"), ("axes", axis, (2, 4))])
    worlds, stacked = np.zeros(3, world), np.zeros((3, 2, 4, *motion.PROFILE_SHAPE))

    @njit
    def plan_both(worlds, stacked):
        nested = worlds[1]["axes"][1, 2]["profile"]
        motion.plan_rest_to_rest(nested, 0.0, 3.0, 0.6, 0.3, 0.6)
        motion.plan_rest_to_rest(stacked[1, 1, 2], 0.0, 3.0, 0.6, 0.3, 0.6)
        return motion.evaluate(nested, 2.0), motion.evaluate(stacked[1, 1, 2], 2.0)

    from_record, from_array = plan_both(worlds, stacked)
    assert from_record == from_array == pytest.approx((0.4625, 0.525, 0.3))
    assert worlds["axes"]["profile"][1, 1, 2].tobytes() == stacked[1, 1, 2].tobytes()
    assert np.count_nonzero(worlds["axes"]["profile"].any(axis=(-1, -2))) == 1
