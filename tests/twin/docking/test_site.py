"""Rails and wheel stop: where they are, what they press, and that they hold a truck."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.docking import rig
from twin.docking.site import half_gap


def test_rails_run_as_their_data_say():
    p = rig.bench(guided=True).params[0]
    assert half_gap(p, -10.1)[0] == -1.0
    assert half_gap(p, -10.0)[0] == pytest.approx(1.27 + 0.25)
    assert half_gap(p, -8.5) == pytest.approx((1.27 + 0.125, -0.25 / 3.0))
    assert half_gap(p, -3.0) == (pytest.approx(1.27), 0.0)
    assert half_gap(p, 0.5) == (pytest.approx(1.21), 0.0)
    assert half_gap(p, 3.1)[0] == -1.0


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_static_balance_of_a_rail_and_the_tyres(side):
    """A standing truck whose front wheels are put d into a rail gives way until both springs balance:
    k_rail (d - y) = (C_f / sigma) y, the rear axle stays.
    """
    plant = rig.bench(guided=True)
    p = plant.params[0]
    depth = 0.002
    # front axle between flare and channel, rear axle before the rails
    x = -6.0 - p["spring_x_m"][0]
    y = side * (1.27 - p["axle_half_width_m"][0] + depth)
    plant.reset([1], [[x, y, 0.0]])
    plant.apply(0.0, -1.0)
    plant.advance(6.0)
    assert plant.stopped()[0]
    tyre = p["axle_cornering_per_rad"][0] * p["axle_load_n"][0] / p["relaxation_m"]
    pose = plant.pose()[0]
    front = pose[1] + p["spring_x_m"][0] * pose[2] - y
    rear = pose[1] + p["spring_x_m"][1] * pose[2] - y
    expected = -side * depth * p["rail_n_per_m"] / (p["rail_n_per_m"] + tyre)
    assert front == pytest.approx(expected, rel=0.03)
    assert abs(rear) < 0.05 * abs(front)
    force = plant.rail_force_n()[0]
    assert force == pytest.approx(p["rail_n_per_m"] * (depth - abs(front)), rel=0.03)
    assert abs(plant.tyre_force_n()[0, 0, 1]) == pytest.approx(force, rel=0.02)
    wheel = 1 if side > 0 else 0
    assert plant.rail_forces_n()[0, 0, wheel] == force


@pytest.mark.parametrize("truck", ["chassis_rigid_1", "tractor_6x4", "mixer_8x4"])
def test_rails_bring_a_crooked_truck_within_their_play(truck):
    """Rolled in 80 mm aside and 1 deg askew with straight wheels: the rails turn it until both ends are in the gap."""
    plant = rig.bench(truck, guided=True)
    plant.params["stop"] = 0
    rig.roll_at(plant, 0.8, (-14.0, 0.08, -0.0175))
    while plant.pose()[0, 0] < 0.4 and plant.time_s()[0] < 60.0:
        rig.hold_speed(plant, 0.8, 0.1)
    p, (x, y, yaw) = plant.params[0], plant.pose()[0]
    for i in range(p["axles"]):
        if p["axle_group"][i] < 2:
            side = abs(y + p["axle_x_m"][i] * yaw) + p["axle_half_width_m"][i]
            gap, _ = half_gap(p, x + p["axle_x_m"][i])
            assert gap < 0.0 or side < gap + 0.02
    assert 1000.0 < plant.peak_rail_force_n()[0] < 60000.0


def test_a_wheel_climbs_where_the_rail_cannot_hold_it():
    """The force of a wheel on a rail ends at the load on that wheel."""
    plant = rig.bench(guided=True)
    rig.roll_at(plant, 4.0, (-12.0, 0.5, 0.0))
    limit, largest = plant.params["axle_climb_n"][0, 0], 0.0
    for _ in range(300):
        plant.advance(float(plant.params["dt_s"][0]))
        largest = max(largest, plant.rail_forces_n()[0, 0].max())
    assert largest == limit


def test_wheel_stop_is_a_spring():
    """A truck that rolls gently into the stop goes v sqrt(m / k) deep (half a swing of m on k), and no further."""
    plant = rig.bench(guided=True, truck_with={"driving.rolling_resistance": 0.0})
    plant.params["stop_ns_per_m"] = 0.0
    rig.roll_at(plant, 0.1, (-0.05, 0.0, 0.0))
    plant.worlds["bristle_m"] = 0.0
    p = plant.params[0]
    deepest = 0.0
    for _ in range(600):
        plant.advance(float(p["dt_s"]))
        deepest = max(deepest, plant.pose()[0, 0])
    stiffness = 2.0 * p["stop_n_per_m"]
    assert deepest == pytest.approx(0.1 * np.sqrt(p["truck_kg"] / stiffness), rel=0.02)
    assert plant.peak_stop_force_n()[0] == pytest.approx(stiffness / 2.0 * deepest, rel=0.01)
    assert plant.speed_mps()[0] < 0.0  # thrown back


def test_stop_holds_a_truck_that_is_driven_against_it():
    """Static balance: drive force = force of the stop and rolling resistance."""
    plant = rig.bench("tractor_6x4", guided=True)
    plant.reset([1], [[-0.3, 0.0, 0.0]])
    plant.apply(0.0, 0.2)
    plant.advance(25.0)
    pushed = 0.2 * plant.params["total_kg"][0]
    assert plant.speed_mps()[0] == pytest.approx(0.0, abs=1e-3)
    # dry friction of the wheels can carry its share either way
    assert plant.stop_force_n()[0] == pytest.approx(pushed, abs=0.0062 * rig.G * plant.params["total_kg"][0])
    assert 0.0 < plant.pose()[0, 0] < 0.02


def test_a_wheel_climbs_the_stop_at_the_force_its_height_gives():
    """F (r - h) = W sqrt(r^2 - (r - h)^2): 0.855 of the wheel's load for 0.12 m and a radius of 0.5 m."""
    plant = rig.bench(guided=True)
    rig.roll_at(plant, 1.5, (-0.5, 0.0, 0.0))
    plant.advance(1.0)
    load = plant.params["axle_load_n"][0, 0] / 2.0
    assert plant.peak_stop_force_n()[0] == pytest.approx(load * np.sqrt(0.5**2 - 0.38**2) / 0.38, rel=1e-9)
