"""Input shapers: their impulses, and the shaped move as a sum of delayed copies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from tests.twin.motion.moves import plan_move, shaper_impulses
from twin.motion import profile as motion
from twin.motion import shaper as shapers
from twin.motion.profile import duration_s
from twin.records import MAX_IMPULSES

SHAPERS = [name for name in shapers.NAMES if name != "none"]
DAMPING_RATIOS = [0.0, 0.005, 0.02, 0.05, 0.3]
QUICK = settings(max_examples=examples(200), deadline=None, derandomize=True)


@pytest.mark.parametrize("damping_ratio", DAMPING_RATIOS)
@pytest.mark.parametrize("name", SHAPERS)
def test_impulses_are_positive_sum_to_one_and_lie_half_damped_periods_apart(name, damping_ratio):
    amplitudes, times_s = shaper_impulses(name, 0.35, damping_ratio)
    half_period_s = 0.5 / (0.35 * np.sqrt(1 - damping_ratio**2))
    assert amplitudes.size == times_s.size == {"zv": 2, "zvd": 3, "ei": 3}[name]
    assert np.all(amplitudes > 0.0)
    assert amplitudes.sum() == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(times_s, half_period_s * np.arange(times_s.size), rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "expected"), [("zv", [0.5, 0.5]), ("zvd", [0.25, 0.5, 0.25]), ("ei", [0.2625, 0.475, 0.2625])]
)
def test_undamped_amplitudes_are_the_published_ones(name, expected):
    np.testing.assert_allclose(shaper_impulses(name, 1.0)[0], expected, rtol=1e-14)


@pytest.mark.parametrize("damping_ratio", DAMPING_RATIOS)
@pytest.mark.parametrize(("name", "expected"), [("zv", 0.0), ("zvd", 0.0), ("ei", shapers.EI_VIBRATION)])
def test_residual_at_the_design_frequency(name, expected, damping_ratio):
    amplitudes, times_s = shaper_impulses(name, 0.35, damping_ratio)
    residual = shapers.residual_vibration(amplitudes, times_s, times_s.size, 0.35, damping_ratio)
    assert residual == pytest.approx(expected, abs=1e-12)


def test_zvd_residual_has_no_slope_where_zv_has_one():
    """What the D of ZVD stands for: the derivative with respect to frequency vanishes too."""

    def slope(name: str) -> float:
        impulses = shaper_impulses(name, 1.0)
        return shapers.residual_vibration(*impulses, impulses[0].size, 1.001, 0.0) / 0.001

    assert slope("zv") == pytest.approx(np.pi / 2, rel=1e-3)
    assert slope("zvd") < 0.01


@pytest.mark.parametrize(
    ("kind", "frequency_hz", "damping_ratio"),
    [
        (shapers.NONE, 0.35, 0.0),
        (shapers.ZV, 0.0, 0.0),
        (shapers.ZV, np.nan, 0.0),
        (shapers.EI, 0.35, 1.0),
        (shapers.EI, 0.35, -0.1),
        (9, 0.35, 0.0),
    ],
)
def test_without_a_mode_to_shape_for_the_kernel_does_not_shape(kind, frequency_hz, damping_ratio):
    amplitudes, times_s = np.full(MAX_IMPULSES, np.nan), np.full(MAX_IMPULSES, np.nan)
    assert shapers.impulses(kind, frequency_hz, damping_ratio, amplitudes, times_s) == 1
    assert (amplitudes[0], times_s[0]) == (1.0, 0.0)


@QUICK
@given(
    st.sampled_from(SHAPERS),
    st.floats(-20.0, 20.0),
    st.floats(-20.0, 20.0),
    st.floats(0.2, 4.0),
    st.floats(0.0, 0.05),
    st.floats(0.05, 1.0),
)
def test_shaped_move_starts_and_ends_exactly_and_keeps_the_limits(name, p0, p1, frequency_hz, damping_ratio, v_max):
    limits = {"v_max": v_max, "a_max": 0.3, "j_max": 0.6}
    move = plan_move(p0, p1, **limits, shaper=name, frequency_hz=frequency_hz, damping_ratio=damping_ratio)
    assert move.duration_s == pytest.approx(duration_s(move.profile) + move.times_s[-1], rel=1e-15)
    t_s = np.linspace(0.0, move.duration_s, 300)
    p, v, a = move.at(t_s)
    assert (p[0], v[0], a[0]) == (p0, 0.0, 0.0)
    assert (p[-1], v[-1], a[-1]) == (p1, 0.0, 0.0)
    assert np.abs(v).max() <= v_max * (1 + 1e-12)
    assert np.abs(a).max() <= 0.3 * (1 + 1e-12)
    assert np.all(np.diff(p) * np.sign(p1 - p0) >= -1e-13)


def test_shaped_motion_is_the_sum_of_delayed_copies_and_its_own_derivatives():
    move = plan_move(1.0, 4.0, v_max=0.6, a_max=0.3, j_max=0.6, shaper="zvd", frequency_hz=0.35, damping_ratio=0.02)
    unshaped = plan_move(1.0, 4.0, v_max=0.6, a_max=0.3, j_max=0.6)
    t_s = np.linspace(0.0, move.duration_s, 20001)
    p, v, a = move.at(t_s)
    copies = [unshaped.at(t_s - delay_s) for delay_s in move.times_s]
    for k, shaped in enumerate((p, v, a)):
        expected = sum(amplitude * copy[k] for amplitude, copy in zip(move.amplitudes, copies, strict=True))
        np.testing.assert_allclose(shaped, expected, rtol=0, atol=1e-14)
    step_s = t_s[1]
    np.testing.assert_allclose(np.gradient(p, step_s)[1:-1], v[1:-1], atol=1e-6)
    np.testing.assert_allclose(np.gradient(v, step_s)[1:-1], a[1:-1], atol=1e-3)


FREQUENCY_HZ, WAY_M = st.floats(0.1, 4.0), st.floats(0.05, 20.0)


@settings(max_examples=examples(100), deadline=None, derandomize=True)
@given(WAY_M, st.floats(0.1, 2.0), st.floats(0.05, 2.0), st.floats(0.1, 5.0), FREQUENCY_HZ)
def test_a_matched_ramp_leaves_no_sway_and_stays_within_the_limits(way, velocity, acceleration, jerk, frequency_hz):
    """Residual of an undamped mode under the move's acceleration, in closed form segment by segment."""
    arrays = (np.array([value]) for value in (way, velocity, acceleration, jerk, frequency_hz))
    speed, gains = (float(value[0]) for value in shapers.matched_ramp(*arrays))
    assert 0.0 < speed <= velocity * (1 + 1e-9)
    assert 0.0 < gains <= acceleration * (1 + 1e-9)
    move = plan_move(0.0, way, v_max=speed, a_max=gains, j_max=jerk)
    w = 2.0 * np.pi * frequency_hz
    n = motion.segment_count(move.profile)
    t, a, j = (move.profile[row, : n + 1] for row in (motion.T, motion.A, motion.J))
    amplitude = 0.0j
    for i in range(n):  # integral of (a + j (t - t0)) e^{-iwt}
        dt = t[i + 1] - t[i]
        e0, e1 = np.exp(-1j * w * t[i]), np.exp(-1j * w * t[i + 1])
        amplitude += (a[i] * e0 - (a[i] + j[i] * dt) * e1) / (1j * w) + j[i] * (e0 - e1) / (1j * w) ** 2
    swing_mps2 = abs(amplitude) * w  # quasi-static sway under the full acceleration is 1 x gains
    assert swing_mps2 <= 1e-6 * gains + 1e-9
