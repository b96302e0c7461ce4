"""Steady turning against the single-track formulas, and a semi-trailer against its kinematics."""

from __future__ import annotations

from math import asin, atan, exp, hypot, sqrt, tan

import numpy as np
import pytest

from tests.twin.docking import rig
from twin.docking.params import axle_offsets
from twin.docking.state import TRAILER

SMOOTH = {"driving.rolling_resistance": 0.0}


def turn(plant, speed_mps, steer_rad, seconds=25.0):
    """Steady state at constant speed and steering angle."""
    rig.roll_at(plant, speed_mps)
    rig.steer_to(plant, steer_rad)
    rig.hold_speed(plant, speed_mps, seconds, gain_per_s=4.0)


@pytest.mark.parametrize("speed_mps", [2.0, 8.0, 15.0])
@pytest.mark.parametrize("steer_rad", [0.002, -0.01])
def test_steady_radius(speed_mps, steer_rad):
    """R = (L + K v^2) / delta with the understeer gradient K = W_f / (g C_f) - W_r / (g C_r)
    (Gillespie, Fundamentals of Vehicle Dynamics, ch. 6; here C is proportional to the load).
    """
    plant = rig.bench(truck_with=SMOOTH)
    turn(plant, speed_mps, steer_rad)
    length, gradient = 4.5, (1.0 / 6.3 - 1.0 / 7.4) / rig.G
    radius = plant.speed_mps()[0] / plant.yaw_rate_radps()[0]
    assert radius == pytest.approx((length + gradient * speed_mps**2) / steer_rad, rel=0.01)


def test_understeer_gradient():
    """K = (delta - L / R) / a_y, at 20 m/s and so little steering that the tyres are linear."""
    plant = rig.bench(truck_with=SMOOTH)
    steer = 0.0005
    turn(plant, 20.0, steer)
    rate, speed = plant.yaw_rate_radps()[0], plant.speed_mps()[0]
    measured = (steer - 4.5 * rate / speed) / (rate * speed)
    assert measured == pytest.approx((1.0 / 6.3 - 1.0 / 7.4) / rig.G, rel=0.01)


def test_body_rolls_outwards():
    """phi = a_y sum m (h - h_c) / (K_roll - sum m (h - h_c) g)."""
    plant = rig.bench(truck_with=SMOOTH)
    turn(plant, 10.0, 0.02)
    p = plant.params[0]
    across = plant.acceleration_mps2()[0, 1]
    assert across > 0.3  # a left turn
    expected = across * p["sprung_rise_kgm"] / (p["roll_nm_per_rad"] - p["sprung_rise_kgm"] * rig.G)
    assert plant.roll_rad()[0] == pytest.approx(expected, rel=0.02)


def steady_turn(steer_rad, length_m, ahead_m, trailer_m):
    """Radii of rear axle, hitch and trailer axle, and the hitch angle, when no tyre slips sideways:

    R = L / tan(delta), R_h^2 = R^2 + a^2, R_t^2 = R_h^2 - L_t^2, phi = asin(L_t / R_h) - atan(a / R).
    """
    rear = length_m / tan(steer_rad)
    hitch = hypot(rear, ahead_m)
    return rear, hitch, sqrt(hitch**2 - trailer_m**2), asin(trailer_m / hitch) - atan(ahead_m / rear)


@pytest.mark.parametrize("steer_rad", [0.1, 0.3])
def test_hitch_angle_and_off_tracking_at_walking_pace(steer_rad):
    plant = rig.bench("tractor_4x2", truck_with={**SMOOTH, "driving.trailer.group.axles": 1})
    turn(plant, 0.8, steer_rad, seconds=120.0)
    rear, _, trailer, angle = steady_turn(steer_rad, 3.8, 0.5, 7.7)
    assert plant.hitch_angle_rad()[0] == pytest.approx(angle, rel=0.01)
    s, p = plant.worlds["s"][0], plant.params[0]
    rate = plant.yaw_rate_radps()[0]
    # speed of a point across the trailer's own length is its radius times the rate of turn
    assert plant.speed_mps()[0] / rate == pytest.approx(rear, rel=0.01)
    across = s[4:6] + rate * p["kingpin_x_m"] * np.array([-np.sin(s[2]), np.cos(s[2])])
    axle = across - rate * 7.7 * np.array([-np.sin(s[TRAILER]), np.cos(s[TRAILER])])
    assert np.hypot(*axle) / rate == pytest.approx(trailer, rel=0.01)
    driven = plant.speed_mps()[0] / rate  # off-tracking, from the radius that was really driven
    _, _, trailer, _ = steady_turn(atan(3.8 / driven), 3.8, 0.5, 7.7)
    assert driven - np.hypot(*axle) / rate == pytest.approx(driven - trailer, rel=0.02)


def test_three_trailer_axles_turn_like_a_longer_trailer():
    """Scrubbing axles lengthen a trailer: l_e = l (1 + sum Delta^2 / (n l^2)), sin of the angle between the hitch's way
    and the trailer = l_e / R_h (Winkler 1998, with the hitch's way given).
    """
    plant = rig.bench("tractor_4x2", truck_with=SMOOTH)
    turn(plant, 0.8, 0.1, seconds=150.0)
    spread = np.array(axle_offsets(rig.load_truck("tractor_4x2").driving.trailer.group))
    longer = 7.7 * (1.0 + (spread**2).mean() / 7.7**2)
    s, p, rate = plant.worlds["s"][0], plant.params[0], plant.yaw_rate_radps()[0]
    hitch = s[4:6] + rate * p["kingpin_x_m"] * np.array([-np.sin(s[2]), np.cos(s[2])])
    angle = np.arctan2(hitch[1], hitch[0]) - s[TRAILER]
    angle = (angle + np.pi) % (2.0 * np.pi) - np.pi
    assert np.sin(angle) == pytest.approx(longer * rate / np.hypot(*hitch), rel=0.005)
    assert np.sin(angle) > 1.01 * 7.7 * rate / np.hypot(*hitch)


def test_a_pulled_trailer_follows_the_tractrix():
    """Straight ahead the hitch angle fades as tan(phi / 2) = tan(phi_0 / 2) exp(-s / L_t), s along the hitch's path.

    The trailer turns the truck a little as it straightens: the truck's own yaw is taken off.
    """
    plant = rig.bench("tractor_4x2", truck_with={**SMOOTH, "driving.trailer.group.axles": 1})
    rig.roll_at(plant, 0.0, (0.0, 0.0, 0.0, 0.3))
    rig.hold_speed(plant, 0.5, 8.0)  # pulls away; tyres find their slip
    s0, angle0 = plant.pose()[0, 0], plant.hitch_angle_rad()[0]
    yaw0 = plant.yaw_error_rad()[0]
    rig.hold_speed(plant, 0.5, 16.0)
    travelled = plant.pose()[0, 0] - s0
    expected = 2.0 * atan(tan(angle0 / 2.0) * exp(-travelled / 7.7))
    turned = plant.yaw_error_rad()[0] - yaw0
    assert travelled > 7.0
    assert abs(turned) < 0.02 * angle0
    assert plant.hitch_angle_rad()[0] - turned == pytest.approx(expected, rel=0.02)
