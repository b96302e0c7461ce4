"""The lidar: noise by range and weather, bias, delay, rate, dropouts, range limits; named streams."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tiers import slow
from tests.twin.docking import rig

N = 64


def frames(plant, seconds):
    """Errors of every new frame of a standing truck, (k, 3), and how many frames there should have been."""
    plant.worlds["lidar_bias"] = 0.0
    seen, last = [], plant.worlds["lidar_tick"].copy()
    pose = plant.pose()
    for _ in range(round(seconds / 0.1)):
        plant.advance(0.1)
        new = plant.worlds["lidar_tick"] != last
        seen.append(plant.measured_pose()[new] - pose[new])
        last = plant.worlds["lidar_tick"].copy()
    return np.concatenate(seen)


@pytest.mark.parametrize(
    ("weather", "factor", "dropout"), [("clear", 1, 0.01), slow("night", 2, 0.05), ("rain", 4, 0.2)]
)
def test_noise_grows_with_range_and_weather_and_frames_drop_out(weather, factor, dropout):
    plant = rig.bench("tractor_6x4", N, weather=weather)
    for x, distance in ((0.0, 8.0 - 2.95), (-20.0, 28.0 - 2.95)):
        plant.reset(range(N), [[x, 0.0, 0.0]] * N)
        errors = frames(plant, 30.0)
        expected = factor * np.array([0.004 + 0.0002 * distance] * 2 + [0.0024 + 0.00012 * distance])
        np.testing.assert_allclose(errors.std(axis=0), expected, rtol=0.06)
        assert (np.abs(errors.mean(axis=0)) < 4.0 * expected / np.sqrt(len(errors))).all()
        whole = N * 300
        assert len(errors) / whole == pytest.approx(1.0 - dropout, abs=4.0 * np.sqrt(dropout / whole) + 1.5 / 300)


@pytest.mark.parametrize(("weather", "bias_m"), [("clear", 0.003), ("night", 0.006), ("rain", 0.012)])
def test_bias_is_one_even_draw_a_run(weather, bias_m):
    plant = rig.bench(n=400, weather=weather)
    bias = plant.worlds["lidar_bias"]
    assert np.abs(bias[:, :2]).max() <= bias_m
    np.testing.assert_allclose(bias[:, 0].std(), bias_m / np.sqrt(3.0), rtol=0.1)
    np.testing.assert_allclose(bias[:, 2].std(), bias_m / 2.4 / np.sqrt(3.0), rtol=0.1)
    before = bias.copy()
    plant.advance(1.0)
    assert plant.worlds["lidar_bias"].tobytes() == before.tobytes()


def test_a_frame_shows_the_truck_as_it_was_a_delay_ago():
    plant = rig.bench()
    plant.params["lidar_sigma"], plant.params["lidar_dropout"], plant.params["lidar_bias_m"] = 0.0, 0.0, 0.0
    plant.params["lidar_bias_rad"] = 0.0
    rig.roll_at(plant, 2.0, (-20.0, 0.0, 0.0))
    assert np.isnan(plant.measured_pose()).all()
    assert np.isinf(plant.measured_age_s()).all()
    track = {}
    for _ in range(400):
        plant.advance(float(plant.params["dt_s"][0]))
        track[round(plant.time_s()[0], 6)] = plant.pose()[0, 0]
    age = plant.measured_age_s()[0]
    assert 0.1 <= age < 0.2 + 1e-9
    then = round(plant.time_s()[0] - age, 6)
    assert plant.measured_pose()[0, 0] == pytest.approx(track[then], abs=1e-12)
    assert plant.pose()[0, 0] - plant.measured_pose()[0, 0] == pytest.approx(2.0 * age, rel=0.05)


def test_beyond_its_range_it_sees_nothing():
    plant = rig.bench("tractor_6x4", 3, weather="rain")  # 45 m x 0.7 from x = 8 m
    plant.reset([1, 2, 3], [[-30.0, 0, 0], [-20.0, 0, 0], [4.5, 0, 0]])
    plant.advance(5.0)
    assert np.isnan(plant.measured_pose()[[0, 2]]).all()
    assert np.isfinite(plant.measured_pose()[1]).all()


def test_noise_depends_on_seed_and_frame_only():
    plant = rig.bench(n=2)
    plant.reset([4, 5], np.zeros((2, 3)))
    plant.advance(3.0)
    first = plant.measured_pose()
    alone = rig.bench(n=1)
    alone.reset([5], np.zeros((1, 3)))
    alone.advance(1.0)
    alone.advance(2.0)
    assert alone.measured_pose()[0].tobytes() == first[1].tobytes()
    assert first[0].tobytes() != first[1].tobytes()
