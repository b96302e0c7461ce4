"""Stopping: distance with its lags, dive on the springs, standing to the last bit."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.twin.docking import rig
from twin.docking.state import TOWED

LAG_S, ROLLING_MPS2 = 0.2, 0.006 * rig.G


def stopping_distance_m(speed_mps, parts):
    """Closed form of v' = -r - sum A (1 - exp(-(t - t0) / T)) for t > t0: braked parts (A, t0) behind a dead time and
    a first-order rise, on top of the rolling resistance r.
    """

    def gone(t, start):
        return max(t - start, 0.0)

    def speed(t):
        v = speed_mps - ROLLING_MPS2 * t
        for a, start in parts:
            u = gone(t, start)
            v -= a * (u - LAG_S * (1.0 - exp(-u / LAG_S)))
        return v

    stop = brentq(speed, 0.0, 60.0)
    x = speed_mps * stop - ROLLING_MPS2 * stop**2 / 2.0
    for a, start in parts:
        u = gone(stop, start)
        x -= a * (u**2 / 2.0 - LAG_S * u + LAG_S**2 * (1.0 - exp(-u / LAG_S)))
    return x


@pytest.mark.parametrize("truck", ["chassis_rigid_1", "tractor_6x4"])
@pytest.mark.parametrize(("speed_mps", "brake_mps2"), [(1.5, 0.5), (6.0, 1.5), (8.0, 4.0)])
def test_braking_distance_with_lag(truck, speed_mps, brake_mps2):
    """The trailer brakes a tenth of a second later, with its share of the weight on its wheels."""
    plant = rig.bench(truck)
    rig.roll_at(plant, speed_mps)
    p = plant.params[0]
    towed = p["axle_brake_kg"][p["axle_group"] == TOWED].sum() / p["total_kg"]
    parts = [(brake_mps2 * (1.0 - towed), 0.2), (brake_mps2 * towed, 0.3)]
    furthest = 0.0
    plant.apply(0.0, -brake_mps2)
    while not plant.stopped()[0]:
        plant.advance(float(p["dt_s"]))
        furthest = max(furthest, plant.pose()[0, 0])
    assert plant.time_s()[0] < 30.0
    assert furthest == pytest.approx(stopping_distance_m(speed_mps, parts), rel=0.01)
    assert furthest - plant.pose()[0, 0] < 0.008  # rocks back by the wind-up of its wheels, no more


@pytest.mark.parametrize("truck", ["chassis_rigid_1", "mixer_8x4", "tractor_6x4"])
def test_dive_under_constant_braking(truck):
    """theta = m a h / K: the moment of mass times height over the pitch stiffness about the springs' own middle,
    K = k_f k_r / (k_f + k_r) L^2, less what gravity takes off an overturning body.
    """
    plant = rig.bench(truck)
    rig.roll_at(plant, 12.0)
    plant.apply(0.0, -1.5)
    plant.advance(6.0)
    p = plant.params[0]
    (kf, kr), (xf, xr) = p["spring_n_per_m"], p["spring_x_m"]
    stiffness = kf * kr / (kf + kr) * (xf - xr) ** 2 - p["sprung_rise_kgm"] * rig.G
    braking = -plant.acceleration_mps2()[0, 0]
    assert braking == pytest.approx(1.5 + ROLLING_MPS2, rel=0.005)
    assert plant.dive_rad()[0] == pytest.approx(p["sprung_moment_kgm"] * braking / stiffness, rel=0.02)
    # the same moment over the wheelbase, with gravity's, is what the front axle gains
    front = plant.axle_load_n()[0][p["axle_group"][: len(plant.axle_load_n()[0])] == 0].sum()
    at_rest = p["spring_preload_n"][0] + p["unsprung_n"][0]
    moment = p["sprung_moment_kgm"] * braking + p["sprung_rise_kgm"] * rig.G * plant.dive_rad()[0]
    assert front - at_rest == pytest.approx(moment / (xf - xr), rel=0.02)


@pytest.mark.parametrize("truck", ["chassis_rigid_1", "tractor_6x4"])
@pytest.mark.parametrize("acceleration_mps2", [0.0, -1.0])
def test_standing_stays_standing_to_the_last_bit(truck, acceleration_mps2):
    """Turned wheels and brakes move nothing; the state is the same but for steering and brake pressure."""
    plant = rig.bench(truck)
    pose = [-12.3456789, 0.123456789, 0.01234567, 0.2]
    plant.reset([1], [pose])
    before = plant.worlds["s"][:, :20].copy()
    for rate in (0.2, -0.1):
        plant.apply(rate, acceleration_mps2)
        plant.advance(3.0)
    assert plant.worlds["s"][:, :20].tobytes() == before.tobytes()
    assert plant.stopped()[0]


@pytest.mark.parametrize("truck", ["chassis_rigid_1", "tractor_6x4"])
def test_a_stopped_truck_stands_to_the_last_bit_and_drives_on(truck):
    plant = rig.bench(truck)
    rig.roll_at(plant, 1.0)
    rig.steer_to(plant, 0.1)
    plant.apply(0.0, -0.8)
    plant.advance(8.0)
    assert plant.stopped()[0]
    pose = plant.pose()
    plant.advance(20.0)
    assert plant.pose().tobytes() == pose.tobytes()
    assert np.abs(plant.worlds["s"][:, 4:8]).max() == 0.0
    plant.apply(0.0, 0.3)
    plant.advance(4.0)
    assert not plant.stopped()[0]
    assert plant.speed_mps()[0] > 0.3


def test_steering_follows_its_lag_and_its_limits():
    """First-order lag of a ramp: delta(t) = r (t - T (1 - exp(-t / T))); neither rate nor angle passes its limit."""
    plant = rig.bench()
    plant.apply(0.2, 0.0)
    plant.advance(1.0)
    assert plant.steering_angle_rad()[0] == pytest.approx(0.2 * (1.0 - 0.15 * (1.0 - exp(-1.0 / 0.15))), rel=1e-3)
    plant.apply(9.0, 0.0)
    before = plant.steering_angle_rad()[0]
    plant.advance(0.1)
    assert plant.steering_angle_rad()[0] - before <= 0.33 * 0.1 + 1e-12
    plant.advance(5.0)
    assert plant.steering_angle_rad()[0] == pytest.approx(0.65, abs=1e-6)


def test_drive_line_lag():
    """a(t) = A (1 - exp(-t / T)) less the rolling resistance once it rolls: v after 2 s."""
    plant = rig.bench(truck_with={"driving.rolling_resistance": 0.0})
    plant.apply(0.0, 0.5)
    plant.advance(2.0)
    assert plant.speed_mps()[0] == pytest.approx(0.5 * (2.0 - 0.25 * (1.0 - exp(-2.0 / 0.25))), rel=2e-3)


def test_the_trailer_pushes_with_its_kingpin_load():
    """Each part brakes by the weight on its wheels, so what the fifth wheel carries pushes: F = m_kingpin a."""
    plant = rig.bench("tractor_6x4")
    rig.roll_at(plant, 12.0)
    plant.apply(0.0, -1.5)
    plant.advance(4.0)
    along, across = plant.hitch_force_n()[0]
    assert along == pytest.approx(-14000.0 * plant.acceleration_mps2()[0, 0], rel=0.01)
    assert across == pytest.approx(0.0, abs=1.0)
