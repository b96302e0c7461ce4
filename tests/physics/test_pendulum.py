"""The hanging load as a pendulum: period, twist, energy, and tilt."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest

from tests.physics import rig
from twin.records import EPITCH, EROLL, EX, EY, EYAW

G = rig.GRAVITY_MPS2
UNDAMPED = {"reeving.sway_damping_ratio": 0.0, "reeving.torsional_damping_ratio": 0.0}
E_KG, PACK_KG = 450.0, 3000.0


def hung_kg(load):
    return E_KG + (PACK_KG if load is not None else 0.0)


def com_below_grip_m(load):
    """Height of the grip plane over the centre of mass: spreader 0.07 m above it, pack (0.8 + 0.1) m below."""
    return (-E_KG * 0.07 + (PACK_KG * 0.9 if load is not None else 0.0)) / hung_kg(load)


@pytest.mark.parametrize("joint", [EX, EY])
@pytest.mark.parametrize("load", [None, rig.OLD], ids=["empty", "cab_282"])
@pytest.mark.parametrize("rope_m", [1.0, 2.0, 3.0])
def test_pendulum_period_and_tilt(bench, rope_m, load, joint):
    """T = 2 pi sqrt(L / g) (1 + theta^2 / 16): the mathematical pendulum with the first term for finite amplitude.

    Four parallel ropes keep the load level, so it is a point pendulum of the rope's length, whatever its own size and
    inertia: L is the unstretched rope plus its static stretch W L / (4 E A), 2 mm at 2 m. Trolley held by its brakes.
    Required: 0.5 %.

    Elastic ropes let the load tilt a little. The sway's inertia force m g theta acts at its centre of mass, h under the
    ropes' ends, against the tilt stiffness k = 4 E A b^2 / L + m g h (ropes b off the middle), so by m g h theta / k.
    The centre of mass then swings by h times that more, which lengthens T by half of m g h^2 / (L k): 0.13 % along x,
    0.03 % along y when loaded. With that the period holds to 0.01 %. A rigid pendulum would be off by over 10 %.
    """
    plant = bench(station_with=UNDAMPED)
    theta = 0.05
    sideways, start = (EPITCH, "sway_x_m") if joint == EX else (EROLL, "sway_y_m")
    rig.hang(plant, load, rope_m, **{start: theta * rope_m})
    rig.brake(plant)
    weight_n, h, b = hung_kg(load) * G, com_below_grip_m(load), 0.5 if joint == EX else 1.1
    length_m = rope_m + rig.stretch_m(plant, hung_kg(load), rope_m)
    tilt_stiffness = 4.0 * float(plant.params["rope_ea_n"][0]) * b**2 / rope_m + weight_n * h
    rigid_s = 2.0 * pi * sqrt(length_m / G) * (1.0 + theta**2 / 16.0)
    elastic_s = rigid_s * (1.0 + 0.5 * weight_n * h**2 / (rope_m * tilt_stiffness))
    seen = rig.record(plant, 3.5 * rigid_s, "q")
    t_s, q = seen["t_s"], seen["q"][:, 0]
    measured_s = rig.period_s(t_s, q[:, joint])
    assert measured_s == pytest.approx(rigid_s, rel=5e-3)
    assert measured_s == pytest.approx(elastic_s, rel=1e-4)
    np.testing.assert_array_equal(q[:, :4] - q[0, :4], 0.0)  # the brakes hold
    tilt_rad = rig.harmonic(t_s, q[:, sideways], 2.0 * pi / measured_s)[0]
    assert tilt_rad == pytest.approx(weight_n * abs(h) * theta / tilt_stiffness, rel=0.02)
    assert np.abs(q[:, [EPITCH, EROLL]]).max() < 2.5 * weight_n * abs(h) * theta / tilt_stiffness


@pytest.mark.parametrize("theta", [0.05, 0.2, 0.35])
def test_period_grows_with_amplitude(bench, theta):
    """T / T0 = 1 + theta^2 / 16 + 11 theta^4 / 3072: 0.8 % at 0.35 rad, which small-angle equations do not have."""
    plant = bench(station_with=UNDAMPED)
    rope_m = 2.0
    length_m = rope_m + rig.stretch_m(plant, E_KG, rope_m)
    rig.hang(plant, None, rope_m, sway_x_m=length_m * np.sin(theta))
    rig.brake(plant)
    small_s = 2.0 * pi * sqrt(length_m / G)
    seen = rig.record(plant, 3.5 * small_s, "q")
    ratio = rig.period_s(seen["t_s"], seen["q"][:, 0, EX]) / small_s
    assert ratio - 1.0 == pytest.approx(theta**2 / 16 + 11 * theta**4 / 3072, rel=0.05, abs=1e-4)


@pytest.mark.parametrize("load", [None, rig.OLD], ids=["empty", "cab_282"])
@pytest.mark.parametrize("rope_m", [1.0, 2.0])
def test_twist_period(bench, rope_m, load):
    """T = 2 pi sqrt(I / k), k = m g (hx^2 + hy^2) / L + k_extra: the multifilar suspension (four ropes on a rectangle
    of half sides hx, hy), plus the station's own torsional stiffness. I of spreader and pack as solid boxes.
    """
    plant = bench(station_with=UNDAMPED)
    rig.hang(plant, load, rope_m, twist_rad=0.01)
    rig.brake(plant)
    hx, hy, k_extra = 0.5, 1.1, 2000.0
    length_m = rope_m + rig.stretch_m(plant, hung_kg(load), rope_m)
    inertia = hung_kg(load) * (1.10**2 + 2.40**2) / 12.0  # spreader and pack have the same plan
    k = hung_kg(load) * G * (hx**2 + hy**2) / length_m + k_extra
    expected_s = 2.0 * pi * sqrt(inertia / k)
    seen = rig.record(plant, 3.5 * expected_s, "q")
    assert rig.period_s(seen["t_s"], seen["q"][:, 0, EYAW]) == pytest.approx(expected_s, rel=1e-3)
    assert np.abs(seen["q"][:, 0, [EX, EY]]).max() < 1e-9, "a pure twist must not start a sway"


def test_undamped_swing_keeps_its_energy(bench):
    """Kinetic + potential + elastic energy of the load is constant; per 100 s it may drift by 1 % of the swing's.

    Measured on the amplitude, whose square is the swing's energy: between 10 s and 60 s.
    """
    plant = bench(station_with=UNDAMPED)
    rig.hang(plant, rig.OLD, 2.0, sway_x_m=0.1)
    rig.brake(plant)
    seen = rig.record(plant, 60.0, "q", "t_s")
    omega = 2.0 * pi / rig.period_s(seen["t_s"], seen["q"][:, 0, EX])

    def amplitude(from_s, to_s):
        inside = (seen["t_s"] >= from_s) & (seen["t_s"] < to_s)
        return rig.harmonic(seen["t_s"][inside], seen["q"][inside, 0, EX], omega)[0]

    first, last = amplitude(10.0, 20.0), amplitude(50.0, 60.0)
    drift_per_100_s = ((last / first) ** 2 - 1.0) * 100.0 / 40.0
    assert abs(drift_per_100_s) < 0.01
    assert first == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("ratio", [0.02, 0.05])
def test_sway_damping_is_the_stated_ratio(bench, ratio):
    """Logarithmic decrement: amplitudes a period apart fall by exp(-2 pi zeta / sqrt(1 - zeta^2))."""
    plant = bench(station_with={"reeving.sway_damping_ratio": ratio})
    rig.hang(plant, rig.OLD, 2.0, sway_x_m=0.1)
    rig.brake(plant)
    q = rig.record(plant, 9.5, "q")["q"][:, 0, EX]
    peaks = q[1:-1][(q[1:-1] > q[:-2]) & (q[1:-1] > q[2:])]
    assert peaks[1] / peaks[0] == pytest.approx(np.exp(-2.0 * pi * ratio / sqrt(1.0 - ratio**2)), rel=2e-3)
