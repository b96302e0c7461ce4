"""The hanging load of the reduced-order plant as a pendulum: period, tilt, energy, damping and twist in both step
modes."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.physics import rig
from tests.physics.rom.loads import (
    HUNG_KG,
    LOADS,
    STEP_MODES,
    TILT,
    hang_aside,
    leaning,
    peaks,
)
from tests.physics.rom_bench import FULL_RATE, LONG_STEP, RomBench
from tests.tiers import examples
from twin.records import EX, EY, EYAW

G = rig.GRAVITY_MPS2
UNDAMPED = {
    "reeving.sway_damping_ratio": 0.0,
    "reeving.torsional_damping_ratio": 0.0,
    "reeving.rope_damping_ratio": 0.0,
}


def swing(plant, load, rope_m, joint, sway_m, step_mode):
    """Hang a load aside with the brakes set; returns its tilt in rad."""
    tilt_rad = hang_aside(plant, load, rope_m, joint - EX, sway_m)
    rig.brake(plant)
    plant.step_mode = step_mode
    return tilt_rad


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("joint", [EX, EY], ids=["x", "y"])
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize("rope_m", [1.0, 2.0, 3.5])
def test_pendulum_period_and_tilt(bench, rope_m, load, joint, step_mode):
    """T = 2 pi sqrt(L / g) (1 + theta^2 / 16) (1 + f / 2): as on the reference plant, within 0.05 %.

    L with its static stretch; f is the elastic lean, see `leaning`. Leapfrog's own shortening of
    a period by (w dt)^2 / 24 is 4e-5 at the shortest rope and 10 ms, the whole remaining deviation.
    """
    plant = bench(station_with=UNDAMPED)
    theta = 0.05
    leans = swing(plant, load, rope_m, joint, theta * rope_m, step_mode)
    length_m = rope_m + rig.stretch_m(plant, HUNG_KG[load], rope_m)
    elastic = 0.5 * leaning(load, joint - EX, rope_m)
    expected_s = 2.0 * pi * sqrt(length_m / G) * (1.0 + theta**2 / 16.0) * (1.0 + elastic)
    seen = rig.record(plant, 4.5 * expected_s, "q")
    t_s, q = seen["t_s"], seen["q"][:, 0]
    assert rig.period_s(t_s, q[:, joint]) == pytest.approx(expected_s, rel=1e-4)
    np.testing.assert_allclose(q[:, :4], q[:1, :4].repeat(len(q), axis=0), rtol=0.0, atol=1e-12)
    tilt_rad = rig.harmonic(t_s, q[:, TILT[joint - EX]], 2.0 * pi / expected_s)[0]
    assert tilt_rad == pytest.approx(abs(leans), rel=5e-3)
    assert np.abs(q[:, TILT[EY - joint]]).max() < 1e-9


@settings(max_examples=examples(15))
@given(
    theta=st.floats(0.05, 0.35), rope_m=st.floats(1.05, 4.0), joint=st.sampled_from([EX, EY]), long_steps=st.booleans()
)
def test_period_grows_with_amplitude(theta, rope_m, joint, long_steps):
    """T / T0 = 1 + theta^2 / 16 + 11 theta^4 / 3072 (+ 173 theta^6 / 737280): 0.8 % at 0.35 rad."""
    plant = rig.bench(station_with=UNDAMPED, plant=RomBench)
    length_m = rope_m + rig.stretch_m(plant, HUNG_KG[None], rope_m)
    swing(plant, None, rope_m, joint, length_m * np.sin(theta), LONG_STEP if long_steps else FULL_RATE)
    small_s = 2.0 * pi * sqrt(length_m / G)
    seen = rig.record(plant, 3.5 * small_s, "q")
    ratio = rig.period_s(seen["t_s"], seen["q"][:, 0, joint]) / small_s
    assert ratio == pytest.approx(1.0 + theta**2 / 16 + 11 * theta**4 / 3072 + 173 * theta**6 / 737280, rel=1e-4)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize(("rope_m", "theta"), [(1.0, 0.05), (1.0, 0.2), (3.5, 0.1)])
def test_undamped_swing_keeps_its_energy(bench, rope_m, theta, load, step_mode):
    """Kinetic and potential energy of an undamped swing is constant: change below 0.1 % in 100 s.

    The amplitude's square is the swing's energy: its change between the first and the last 15 s of 100 s.
    """
    plant = bench(station_with=UNDAMPED)
    swing(plant, load, rope_m, EX, theta * rope_m, step_mode)
    seen = rig.record(plant, 100.0, "q")
    t_s, x = seen["t_s"], seen["q"][:, 0, EX]
    omega = 2.0 * pi / rig.period_s(t_s, x)
    first, last = (rig.harmonic(t_s[part], x[part], omega)[0] for part in (slice(0, 1500), slice(-1500, None)))
    assert first == pytest.approx(theta * rope_m, rel=2e-3)
    assert abs((last / first) ** 2 - 1.0) * 100.0 / 85.0 < 1e-3


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("joint", [EX, EY], ids=["x", "y"])
@pytest.mark.parametrize(("load", "within"), [(None, 1e-3), (rig.OLD, 4e-3)], ids=["empty", "cab_282"])
@pytest.mark.parametrize("ratio", [0.02, 0.05, 0.1])
def test_sway_damping_is_the_stated_ratio(bench, ratio, load, within, joint, step_mode):
    """Logarithmic decrement: amplitudes a period apart fall by exp(-2 pi zeta / sqrt(1 - zeta^2)).

    Within 0.1 % of the ratio. The friction acts at the ropes' ends; the centre of mass of a load that tilts sways
    farther by f = m g h^2 / (L k) (0.25 % along x when loaded), which reduces the damping by 1.5 f.
    """
    plant = bench(station_with={"reeving.sway_damping_ratio": ratio})
    swing(plant, load, 2.0, joint, 0.1, step_mode)
    top_m = peaks(rig.record(plant, 13.0, "q")["q"][:, 0, joint])
    decrement = np.log(top_m[0] / top_m[3]) / 3.0
    assert decrement / sqrt(4.0 * pi**2 + decrement**2) == pytest.approx(ratio, rel=within)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize("rope_m", [1.0, 2.0, 3.5])
def test_twist_period(bench, rope_m, load, step_mode):
    """T = 2 pi sqrt(I / k), k = m g (hx^2 + hy^2) / L + k_extra: the multifilar suspension (four ropes on a rectangle
    of half sides hx, hy) and the station's torsional stiffness; I of two solid boxes of the same plan.
    """
    plant = bench(station_with=UNDAMPED)
    rig.hang(plant, load, rope_m, twist_rad=0.01)
    rig.brake(plant)
    plant.step_mode = step_mode
    kg, length_m = HUNG_KG[load], rope_m + rig.stretch_m(plant, HUNG_KG[load], rope_m)
    inertia = kg * (1.10**2 + 2.40**2) / 12.0
    expected_s = 2.0 * pi * sqrt(inertia / (kg * G * (0.5**2 + 1.1**2) / length_m + 2000.0))
    q = rig.record(plant, 20.0, "q")
    twist = q["q"][:, 0, EYAW]
    assert rig.period_s(q["t_s"], twist) == pytest.approx(expected_s, rel=2e-4)
    first, last = (
        rig.harmonic(q["t_s"][part], twist[part], 2.0 * pi / expected_s)[0] for part in (slice(500), slice(-500, None))
    )
    assert first == pytest.approx(0.01, rel=2e-3)
    assert last == pytest.approx(first, rel=1e-3)
    assert np.abs(q["q"][:, 0, [EX, EY]]).max() < 1e-9, "a pure twist must not start a sway"


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
def test_torsional_damping(bench, load, step_mode):
    """Decrement of a twist under the damper c: zeta = c / (2 sqrt(I k)), k as in `test_twist_period`."""
    plant = bench()
    rig.hang(plant, load, 2.0, twist_rad=0.02)
    rig.brake(plant)
    plant.step_mode = step_mode
    kg, length_m = HUNG_KG[load], 2.0 + rig.stretch_m(plant, HUNG_KG[load], 2.0)
    inertia, k = kg * (1.10**2 + 2.40**2) / 12.0, kg * G * (0.5**2 + 1.1**2) / length_m + 2000.0
    ratio = float(plant.params["e_damping"][0, 3]) / (2.0 * sqrt(inertia * k))
    top = peaks(rig.record(plant, 9.0, "q")["q"][:, 0, EYAW])
    decrement = np.log(top[0] / top[2]) / 2.0
    assert decrement / sqrt(4.0 * pi**2 + decrement**2) == pytest.approx(ratio, rel=5e-3)


@pytest.mark.parametrize("after_s", [0.3, 0.34, 0.38, 0.42])
@pytest.mark.parametrize("joint", [EX, EY], ids=["x", "y"])
def test_a_rocking_load_enters_the_long_step_with_the_swing_of_its_centre_of_mass(bench, joint, after_s):
    """A pack that leaves its seat rocks at about 5 Hz, so the end effector oscillates over it much faster than the pack
    sways. Whenever long steps begin, the sway continues as at full rate after the rocking has decayed.
    """
    swings = []
    for step_mode in (FULL_RATE, LONG_STEP):
        plant = bench()
        swing(plant, rig.OLD, 3.0, joint, 0.002, FULL_RATE)
        plant.worlds["truth"]["qd"][0, 0, TILT[joint - EX]] = 0.01
        plant.refresh()
        rig.run(plant, after_s)
        plant.step_mode = step_mode
        rig.run(plant, 8.0)
        swings.append(rig.record(plant, 4.0, "q")["q"][:, 0, joint])
    full_rate, long_step = swings
    assert np.abs(full_rate).max() > 0.001
    np.testing.assert_allclose(long_step, full_rate, rtol=0.0, atol=0.00015)
