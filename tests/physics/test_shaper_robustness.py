"""Tolerated frequency errors of input shapers, against theory and a direct simulation of a hanging load."""

from __future__ import annotations

from math import acos, pi, sqrt

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.twin.motion.moves import Move, plan_move, shaper_impulses
from twin.motion.profile import Array, kernel
from twin.motion.shaper import evaluate_shaped, residual_vibration

FREQUENCY_HZ = sqrt(9.81 / 2.0) / (2.0 * pi)
"""A load on 2 m of rope: 0.352 Hz."""
ACCEPTED = 0.05
"""Residual vibration below which a frequency error counts as tolerated, as a share of the unshaped one."""
TIME_STEP_S = 1e-3


@kernel
def sway_amplitude_m(
    profile: Array, amplitudes: Array, times_s: Array, duration_s: float, frequency_hz: float, damping_ratio: float
) -> float:
    """Residual sway after a trolley with a hanging load has moved: x'' + 2 z w x' + w^2 x = -a(t), integrated by
    RK4."""
    w = 2.0 * pi * frequency_hz
    steps = int(duration_s / TIME_STEP_S) + 1
    h = duration_s / steps
    x, v = 0.0, 0.0
    for i in range(steps):
        a0 = evaluate_shaped(profile, amplitudes, times_s, amplitudes.size, i * h)[2]
        am = evaluate_shaped(profile, amplitudes, times_s, amplitudes.size, (i + 0.5) * h)[2]
        a1 = evaluate_shaped(profile, amplitudes, times_s, amplitudes.size, (i + 1.0) * h)[2]
        k1 = -a0 - 2.0 * damping_ratio * w * v - w * w * x
        v2 = v + 0.5 * h * k1
        k2 = -am - 2.0 * damping_ratio * w * v2 - w * w * (x + 0.5 * h * v)
        v3 = v + 0.5 * h * k2
        k3 = -am - 2.0 * damping_ratio * w * v3 - w * w * (x + 0.5 * h * v2)
        v4 = v + h * k3
        k4 = -a1 - 2.0 * damping_ratio * w * v4 - w * w * (x + h * v3)
        x += h / 6.0 * (v + 2.0 * v2 + 2.0 * v3 + v4)
        v += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return sqrt(x * x + ((v + damping_ratio * w * x) / (w * sqrt(1.0 - damping_ratio * damping_ratio))) ** 2)


def residual_sway_m(move: Move, frequency_hz: float, damping_ratio: float) -> float:
    return sway_amplitude_m(move.profile, move.amplitudes, move.times_s, move.duration_s, frequency_hz, damping_ratio)


def cross_travel(shaper: str, damping_ratio: float) -> Move:
    """0.5 m in under a period, so that without a shaper the load swings at every tested frequency."""
    return plan_move(
        0.0, 0.5, v_max=0.6, a_max=0.6, j_max=3.0, shaper=shaper, frequency_hz=FREQUENCY_HZ, damping_ratio=damping_ratio
    )


@pytest.mark.parametrize("damping_ratio", [0.0, 0.005, 0.02])
@pytest.mark.parametrize(("shaper", "error"), [("zv", 0.03), ("zvd", 0.14), ("ei", 0.20)])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_simulated_residual_stays_small_within_the_known_frequency_error(shaper, error, side, damping_ratio):
    actual_hz = FREQUENCY_HZ * (1.0 + side * error)
    unshaped_m = residual_sway_m(cross_travel("none", damping_ratio), actual_hz, damping_ratio)
    shaped_m = residual_sway_m(cross_travel(shaper, damping_ratio), actual_hz, damping_ratio)
    assert unshaped_m > 0.02, "the unshaped move must sway, or the comparison says nothing"
    assert shaped_m / unshaped_m < ACCEPTED + 0.01
    impulses = shaper_impulses(shaper, FREQUENCY_HZ, damping_ratio)
    by_formula = residual_vibration(*impulses, impulses[0].size, actual_hz, damping_ratio)
    assert shaped_m / unshaped_m == pytest.approx(by_formula, abs=1e-4)


@pytest.mark.parametrize("shaper", ["zv", "zvd"])
def test_well_beyond_the_known_frequency_error_the_load_swings(shaper):
    actual_hz = FREQUENCY_HZ * 1.3
    unshaped_m = residual_sway_m(cross_travel("none", 0.0), actual_hz, 0.0)
    assert residual_sway_m(cross_travel(shaper, 0.0), actual_hz, 0.0) > 2.0 * ACCEPTED * unshaped_m


UNDAMPED_WIDTHS = {
    "zv": 1.0 - 2.0 / pi * acos(ACCEPTED),  # |cos(pi r / 2)| = 5 % at the frequency ratio r: 3.2 %
    "zvd": 1.0 - 2.0 / pi * acos(sqrt(ACCEPTED)),  # cos^2(pi r / 2): 14.4 %
    "ei": 1.0 - acos(-(0.475 - ACCEPTED) / 0.525) / pi,  # |0.525 cos(pi r) + 0.475|: 20.0 %
}


def tolerated_errors(shaper: str, damping_ratio: float) -> tuple[float, float]:
    """The frequency errors, one each way, at which the residual passes 5 %."""
    impulses = shaper_impulses(shaper, FREQUENCY_HZ, damping_ratio)

    def excess(error: float) -> float:
        return residual_vibration(*impulses, impulses[0].size, FREQUENCY_HZ * (1.0 + error), damping_ratio) - ACCEPTED

    inside = 0.1 if shaper == "ei" else 0.0  # EI starts at 5 %, and is below it on both sides
    return brentq(excess, -0.3, -inside), brentq(excess, inside, 0.3)


@pytest.mark.parametrize(("shaper", "width"), list(UNDAMPED_WIDTHS.items()))
def test_width_of_the_tolerated_frequency_error_is_what_theory_gives(shaper, width):
    assert tolerated_errors(shaper, 0.0) == pytest.approx((-width, width), abs=1e-9)


@pytest.mark.parametrize(("shaper", "width"), list(UNDAMPED_WIDTHS.items()))
def test_damping_only_widens_the_tolerated_frequency_error(shaper, width):
    low, high = tolerated_errors(shaper, 0.05)
    assert width < -low < 1.12 * width
    assert width < high < 1.12 * width


@pytest.mark.parametrize("damping_ratio", [0.0, 0.005, 0.02, 0.05])
def test_ei_nowhere_leaves_more_than_it_says_inside_its_width(damping_ratio):
    """Damping moves the hump off the design frequency a little: less than a hundredth of a point above 5 %."""
    impulses = shaper_impulses("ei", FREQUENCY_HZ, damping_ratio)
    errors = np.linspace(-0.19, 0.19, 2001)
    residuals = [residual_vibration(*impulses, 3, FREQUENCY_HZ * (1.0 + error), damping_ratio) for error in errors]
    assert max(residuals) < ACCEPTED + 0.0001
