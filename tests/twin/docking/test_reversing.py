"""Reverse gear, and a semi-trailer that is pushed: unstable at the rate v / L of its kinematics."""

from __future__ import annotations

from math import log, tan

import numpy as np
import pytest

from tests.twin.docking import rig
from twin.docking.state import TRAILER

SMOOTH = {"driving.rolling_resistance": 0.0}
SINGLE = {**SMOOTH, "driving.trailer.group.axles": 1}


def test_reverse_gear_is_the_mirror_of_forwards():
    """The same speed backwards after the same time: only the relaxation of tyres knows the direction."""
    plant = rig.bench(n=2, truck_with=SMOOTH)
    plant.apply(0.0, np.array([0.4, 0.4]), np.array([1.0, -1.0]))
    plant.advance(3.0)
    forwards, backwards = plant.pose()[:, 0]
    assert forwards > 1.0
    assert backwards == pytest.approx(-forwards, rel=1e-9)


@pytest.mark.parametrize("start_rad", [0.02, -0.05])
@pytest.mark.parametrize("speed_mps", [0.3, 1.0])
def test_a_pushed_trailer_jack_knifes_at_its_eigenvalue(speed_mps, start_rad):
    """phi' = (v / L_t) sin(phi) with straight wheels: ln tan(phi / 2) grows by one each L_t of the hitch's path.

    The trailer turns the truck a little: what counts is its angle to the hitch's path.
    """
    plant = rig.bench("tractor_4x2", truck_with=SINGLE)
    rig.roll_at(plant, 0.0, (0.0, 0.0, 0.0, start_rad))
    rig.reverse(plant, speed_mps, 3.0)  # pulls away; tyres find their slip
    marks = []
    for _ in range(2):
        s, p = plant.worlds["s"][0], plant.params[0]
        rate = plant.yaw_rate_radps()[0]
        hitch = s[4:6] + rate * p["kingpin_x_m"] * np.array([-np.sin(s[2]), np.cos(s[2])])
        path = np.arctan2(-hitch[1], -hitch[0])
        marks.append((plant.pose()[0, 0], path - s[TRAILER]))
        rig.reverse(plant, speed_mps, 6.0 / speed_mps)
    (x0, angle0), (x1, angle1) = marks
    grown = log(tan(angle1 / 2.0) / tan(angle0 / 2.0))
    assert x0 - x1 > 5.0
    assert grown == pytest.approx((x0 - x1) / 7.7, rel=0.03)


def test_a_pulled_trailer_settles_where_a_pushed_one_runs_away():
    plant = rig.bench("tractor_4x2", n=2, truck_with=SINGLE)
    plant.reset([0, 0], [(0.0, 0.0, 0.0, 0.05)] * 2)
    for _ in range(150):
        gear = np.array([1.0, -1.0])
        plant.apply(0.0, 2.0 * (0.8 - gear * plant.speed_mps()), gear)
        plant.advance()
    pulled, pushed = np.abs(plant.hitch_angle_rad())
    assert pulled < 0.02
    assert pushed > 0.15


def test_a_steady_curve_backwards_has_the_radii_of_forwards():
    """Without a trailer the radius at walking pace is L / tan(delta) in both gears."""
    plant = rig.bench(truck_with=SMOOTH)
    rig.roll_at(plant, 0.0)
    rig.steer_to(plant, 0.2)
    rig.reverse(plant, 0.5, 20.0)
    radius = plant.speed_mps()[0] / plant.yaw_rate_radps()[0]
    assert radius == pytest.approx(4.5 / tan(0.2), rel=0.01)


def test_the_gear_alone_moves_nothing():
    plant = rig.bench("tractor_6x4")
    pose = plant.pose()
    plant.apply(0.0, -1.0, -1.0)
    plant.advance(2.0)
    assert plant.pose().tobytes() == pose.tobytes()
