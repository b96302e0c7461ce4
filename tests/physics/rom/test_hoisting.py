"""A load during hoisting: adiabatic invariant, tension, and the full pendulum equation as an independent
computation."""

from __future__ import annotations

from math import asin, cos, pi, sin, sqrt

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.physics import rig
from tests.physics.rom.loads import EA_N, HUNG_KG, LOADS, STEP_MODES, hang_aside, leaning
from tests.physics.rom_bench import FULL_RATE
from twin.records import EX, EZ, X, Y, Z

G = rig.GRAVITY_MPS2
UNDAMPED = {"reeving.sway_damping_ratio": 0.0, "reeving.rope_damping_ratio": 0.0}


def swing_amplitude_m(plant, seconds, omega):
    seen = rig.record(plant, seconds, "q")
    return rig.harmonic(seen["t_s"], seen["q"][:, 0, EX], omega)[0]


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize(("from_m", "to_m"), [(3.5, 1.3), (1.3, 3.5)], ids=["up", "down"])
def test_slow_hoisting_keeps_the_adiabatic_invariant(bench, from_m, to_m, load, step_mode):
    """Energy over frequency stays (Ehrenfest 1916; Landau and Lifshitz, Mechanics, section 49): theta^2 L^(3/2), so the
    sway theta L grows with L^(1/4). Hoisted at 25 mm/s, 0.6 % of a rope a radian of swing, with soft ends: to 0.1 %.
    """
    plant = bench(station_with=UNDAMPED)
    plant.params["axis_encoder"], plant.params["axis_coulomb"] = 1e-9, 0.0
    hang_aside(plant, load, from_m, X, 0.003 * from_m)
    rig.brake(plant, 0, 1, 3)
    plant.step_mode = step_mode
    omega = [
        sqrt(G / (m + rig.stretch_m(plant, HUNG_KG[load], m)) / (1.0 + leaning(load, X, m))) for m in (from_m, to_m)
    ]
    before_m = swing_amplitude_m(plant, 8.0 * pi / omega[0], omega[0])
    rig.move(plant, z=6.0 - to_m, velocity=0.025, acceleration=0.002, jerk=0.001)
    rig.run(plant, abs(to_m - from_m) / 0.025 + 16.0)
    assert plant.worlds["truth"]["q"][0, 0, Z] == pytest.approx(6.0 - to_m, abs=1e-3)
    after_m = swing_amplitude_m(plant, 8.0 * pi / omega[1], omega[1])
    assert after_m / before_m == pytest.approx((to_m / from_m) ** 0.25, rel=1e-3)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize("up", [1.0, -1.0], ids=["up", "down"])
def test_tension_while_hoisting(bench, up, load, step_mode):
    """T = m (g + a) (Newton) while the hoist accelerates evenly: 0.2 m/s2 over a second, with a load that hangs
    still."""
    plant = bench()
    rig.hang(plant, load, 3.3 if up > 0 else 1.5)
    plant.step_mode = step_mode
    rig.run(plant, 0.5)
    rig.move(plant, z=float(plant.worlds["truth"]["q"][0, 0, Z]) + 1.5 * up, velocity=0.4, acceleration=0.2, jerk=2.0)
    seen = rig.record(plant, 2.0, "load_n", "reference", "qd")
    steady = np.abs(seen["reference"][:, 0, Z, 2] - 0.2 * up) < 1e-9
    assert steady.sum() > 100
    settled = np.flatnonzero(steady)[60:]  # the servo and the ropes' bounce have decayed
    span_s = seen["t_s"][settled[-1]] - seen["t_s"][settled[0]]
    lifted = (seen["qd"][settled[-1], 0, EZ] - seen["qd"][settled[0], 0, EZ]) / span_s
    kg = HUNG_KG[load]
    assert seen["load_n"][settled, 0].mean() == pytest.approx(kg * (G + lifted), rel=1e-4)
    assert seen["load_n"][settled, 0].mean() == pytest.approx(kg * (G + 0.2 * up), rel=1e-3)


def pendulum(seen, axis, load, start_m, lag_s):
    """Sway by L (1 + f) phi'' + 2 L' (1 + f) phi' + g sin phi + a cos phi = 0, as long as recorded.

    Rope length L(t) and trolley acceleration a(t) from the axes' motion; f = m g h^2 / (L k) is the additional sway of
    the tilting load's centre of mass relative to the ropes' ends (`test_pendulum`). `lag_s`: delay of the plant's
    speeds relative to its positions.
    """
    q, qd = seen["q"][:, 0], seen["qd"][:, 0]
    t_s = seen["t_s"] - seen["t_s"][0]
    dt_s, kg = t_s[1], HUNG_KG[load]
    longer = 1.0 + kg * G / EA_N
    length, rate = longer * (6.0 - q[:, Z]), -longer * qd[:, Z]
    acceleration, rates = (np.diff(qd[:, axis]) / dt_s).tolist(), (np.diff(rate) / dt_s).tolist()
    lengths, speeds, rates_m = length.tolist(), rate.tolist(), (np.diff(length) / dt_s).tolist()

    def slope(t, y):
        i = min(int((t + lag_s) / dt_s), len(acceleration) - 1)
        u = t + lag_s - i * dt_s
        long_m = lengths[i] + rates_m[i] * (u - lag_s)
        pull = (G * sin(y[0]) + acceleration[i] * cos(y[0])) / (1.0 + leaning(load, axis, long_m))
        return [y[1], -(2.0 * (speeds[i] + rates[i] * u) * y[1] + pull) / long_m]

    phi = asin(start_m / length[0])
    began = [phi, slope(0.0, [phi, 0.0])[1] * lag_s]
    found = solve_ivp(slope, (0.0, t_s[-1]), began, t_eval=t_s, rtol=1e-7, atol=1e-9, max_step=0.03)
    assert found.success
    return length * np.sin(found.y[0])


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("axis", [X, Y], ids=["x", "y"])
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize("lift_m", [2.2, -2.0], ids=["up", "down"])
def test_hoisting_while_travelling_is_the_full_pendulum(bench, lift_m, load, axis, step_mode):
    """Simultaneous sway, travel and hoisting, 0.2 rad wide: the nonlinear pendulum of varying length on a moving
    support, by Runge-Kutta of scipy. Sway within 0.1 % of its amplitude over 8 s.

    Positions of the full-rate model are half a tick ahead of its speeds (symplectic Euler), by convention.
    """
    plant = bench(station_with={"reeving.sway_damping_ratio": 0.0})
    name, start, rope_m = "xy"[axis], (-4.0, 1.1)[axis], 3.6 if lift_m > 0 else 1.4
    hang_aside(plant, load, rope_m, axis, 0.05, **{name: start})
    plant.step_mode = step_mode
    target = {name: start + (3.0 if axis == X else 2.2), "z": 6.0 - rope_m + lift_m}
    rig.move(plant, **target, velocity=0.4 if load is None else 0.25, acceleration=0.25, jerk=1.0)
    seen = rig.record(plant, 8.0, "q", "qd")
    lag_s = 0.5 * float(plant.params["dt_s"][0]) if step_mode == FULL_RATE else 0.0
    expected = pendulum(seen, axis, load, 0.05, lag_s)
    sway_m = seen["q"][:, 0, EX + axis]
    assert np.abs(sway_m).max() > 0.12
    assert np.abs(sway_m - expected).max() < 1e-3 * np.abs(sway_m).max()
