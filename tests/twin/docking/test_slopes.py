"""Grade and cross-slope, locked wheels on ice, and what a standing truck does on them, against closed forms."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.twin.docking import rig
from twin.docking.scenario import ScenarioDraw
from twin.docking.state import QD, TRAILER, X, Y

PROMPT = {"driving.brake_lag_s": 5e-3, "driving.brake_delay_s": 0.0}
FREE = {"driving.rolling_resistance": 0.0}


def slope(grade=0.0, camber=0.0, anti_lock=True):
    return ScenarioDraw(grade=grade, camber=camber, anti_lock=anti_lock)


def g_along(rise, other=0.0):
    return rig.G * rise / sqrt(1.0 + rise**2 + other**2)


@pytest.mark.parametrize("truck", ["chassis_rigid_1", "tractor_6x4"])
def test_coasting_on_a_grade(truck):
    """v' = -g sin(theta) without rolling resistance, truck and trailer alike."""
    plant = rig.bench(truck, truck_with=FREE, scenario=slope(grade=0.03))
    rig.roll_at(plant, 4.0)
    plant.apply(0.0, 0.0)
    plant.advance(4.0)
    assert plant.speed_mps()[0] == pytest.approx(4.0 - 4.0 * g_along(0.03), rel=2e-3)
    assert plant.hitch_force_n()[0] == pytest.approx([0.0, 0.0], abs=20.0), "the trailer needs no pull: it falls alike"


@pytest.mark.parametrize("grade", [-0.04, 0.0, 0.04])
@pytest.mark.parametrize("anti_lock", [True, False])
def test_stopping_distance_on_a_grade_at_the_friction_limit(grade, anti_lock):
    """d = v^2 / (2 g (k mu + sin(theta))): k = 0.98 with anti-lock, 1 with locked wheels; loads as on the level."""
    more = {**PROMPT, "tyre_friction": 0.2, "front_axle.damping_ratio": 0.9, "rear_axle.damping_ratio": 0.9}
    plant = rig.bench(truck_with=more, scenario=slope(grade, anti_lock=anti_lock))
    rig.roll_at(plant, 6.0)
    plant.apply(0.0, -5.0)
    furthest = 0.0
    while not plant.stopped()[0]:
        plant.advance(0.1)
        furthest = max(furthest, plant.pose()[0, 0])
        assert plant.time_s()[0] < 30.0
    used = 0.98 if anti_lock else 1.0
    assert furthest == pytest.approx(36.0 / (2.0 * (used * 0.2 * rig.G + g_along(grade))), rel=0.01)


@pytest.mark.parametrize("camber", [-0.03, 0.02])
def test_crabbing_along_a_cross_slope(camber):
    """Each axle slips by its share of m g sin over its cornering stiffness: dy/dx = -sin(camber) / C, all C equal."""
    even = {**FREE, "driving.front.cornering_per_rad": 7.4}
    plant = rig.bench(truck_with=even, scenario=slope(camber=camber))
    rig.roll_at(plant, 2.0)
    rig.hold_speed(plant, 2.0, 3.0)
    x0, y0, yaw0 = plant.pose()[0]
    rig.hold_speed(plant, 2.0, 5.0)
    x1, y1, yaw1 = plant.pose()[0]
    heading = 0.5 * (yaw0 + yaw1)
    slip = (y1 - y0) / (x1 - x0) - heading
    assert slip == pytest.approx(-g_along(camber) / rig.G / 7.4, rel=0.03)


def test_locked_wheels_slide_like_a_block():
    """v' = -mu g v / |v| + g_slope: a block on an inclined plane, here across the lane."""
    camber, mu, speed = 0.04, 0.1, 3.0
    more = {**PROMPT, **FREE, "tyre_friction": mu}
    plant = rig.bench(truck_with=more, scenario=slope(camber=camber, anti_lock=False))
    rig.roll_at(plant, speed)
    plant.apply(0.0, -5.0)
    plant.advance(2.5)
    g = rig.G

    def block(_t, q):
        v = np.hypot(q[2], q[3])
        return [q[2], q[3], -mu * g * q[2] / v, -mu * g * q[3] / v - g_along(camber)]

    end = solve_ivp(block, (0.0, 2.5), [0.0, 0.0, speed, 0.0], rtol=1e-8).y[:, -1]
    x, y, _ = plant.pose()[0]
    assert end[1] < -0.3
    assert x == pytest.approx(end[0], rel=0.02)
    assert y == pytest.approx(end[1], rel=0.05)


def test_locked_front_wheels_do_not_steer():
    """A locked wheel's friction is against its slip, wherever it points; an anti-locked one's has a part across."""
    across_share = {}
    for anti_lock in (True, False):
        plant = rig.bench(truck_with={**PROMPT, "tyre_friction": 0.15}, scenario=slope(anti_lock=anti_lock))
        rig.roll_at(plant, 5.0)
        rig.steer_to(plant, 0.3)
        plant.apply(0.0, -5.0)
        plant.advance(0.5)
        along, across = plant.tyre_force_n()[0, 0]
        s = plant.worlds["s"][0]
        front = s[QD : QD + 2] + plant.params["axle_x_m"][0, 0] * s[6] * np.array([-np.sin(s[2]), np.cos(s[2])])
        slip = np.arctan2(front[1], front[0]) - s[2] - plant.steering_angle_rad()[0]
        across_share[anti_lock] = np.arctan2(-across, -along) - slip
    assert abs(across_share[False]) < 0.01
    assert abs(across_share[True]) > 0.1


@pytest.mark.parametrize("truck", ["mixer_8x4", "tractor_6x4"])
def test_a_truck_stands_on_a_slope_to_the_last_bit(truck):
    plant = rig.bench(truck, scenario=slope(0.03, 0.03, anti_lock=False))
    rig.roll_at(plant, 1.0)
    plant.apply(0.0, -1.0)
    plant.advance(8.0)
    assert plant.stopped()[0]
    pose = plant.pose()
    plant.advance(5.0)
    assert plant.pose().tobytes() == pose.tobytes()
    assert np.abs(plant.worlds["s"][:, QD : QD + 4]).max() == 0.0
    assert abs(plant.dive_rad()[0]) > 1e-4, "and leans"


def test_steeper_than_its_friction_it_slides():
    """It stands at 8 %, and at 12 % slides down with a = g (sin - mu): the wheels are locked."""
    for grade, slides in ((0.08, False), (0.12, True)):
        plant = rig.bench(truck_with={**PROMPT, "tyre_friction": 0.1}, scenario=slope(grade, anti_lock=False))
        rig.roll_at(plant, -0.5)
        plant.apply(0.0, -5.0)
        plant.advance(4.0)
        assert plant.stopped()[0] is not np.True_ if slides else plant.stopped()[0]
        if slides:
            before = plant.speed_mps()[0]
            plant.advance(2.0)
            measured = (plant.speed_mps()[0] - before) / 2.0
            assert measured == pytest.approx(0.1 * rig.G - g_along(grade), rel=0.02)


def test_halving_the_step_moves_a_slide_by_less_than_a_millimetre():
    ends = []
    for steps in (40, 80):
        plant = rig.bench(
            "tractor_6x4", steps=steps, truck_with={"tyre_friction": 0.12},
            scenario=slope(0.01, 0.02, anti_lock=False),
        )  # fmt: skip
        rig.roll_at(plant, 1.5)
        plant.apply(0.1, -0.4)
        plant.advance(1.0)
        plant.apply(-0.1, -3.0)
        plant.advance(4.0)
        ends.append(plant.worlds["s"][0, [X, Y, 2, TRAILER]].copy())
    assert np.abs(ends[0] - ends[1])[:2].max() < 1e-3
    assert np.abs(ends[0] - ends[1])[2:].max() < 1e-3
