"""Trips on the whole station: what sets them off, and what does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.records import (
    TRIP_DISTANCE,
    TRIP_ESTOP,
    TRIP_NONE,
    TRIP_POWER,
    TRIP_TRUCK_MOVED,
    X,
)


def test_nothing_trips_at_rest(desk):
    assert desk.trip(scans=20) == TRIP_NONE


@pytest.mark.parametrize(("field", "reason"), [("estop_seen", TRIP_ESTOP), ("power_off_seen", TRIP_POWER)])
def test_button_and_power(desk, field, reason):
    desk.w["image"][field] = 1
    assert desk.trip() == reason
    desk.switch_off(reason)
    assert desk.trip() == TRIP_NONE


def test_robot_distance_and_the_way_to_stop(chassis):
    length = float(chassis.p["robot_length_m"])
    chassis.at(1, x=0.0)
    chassis.at(0, x=length + 0.3)
    assert chassis.trip() == TRIP_NONE
    chassis.w["image"]["reference"][0, X, 1] = -math.sqrt(2.0 * 0.2 * float(chassis.p["axis_acceleration"][X]))
    assert chassis.trip() == TRIP_NONE, "stops a tenth of a metre before it"
    chassis.w["image"]["reference"][0, X, 1] = -math.sqrt(2.0 * 0.4 * float(chassis.p["axis_acceleration"][X]))
    assert chassis.trip() == TRIP_DISTANCE
    chassis.w["image"]["reference"][0, X, 1] *= -1.0
    assert chassis.trip() == TRIP_NONE, "it goes away"
    chassis.at(0, x=length - 0.02)
    assert chassis.trip() == TRIP_DISTANCE
    chassis.switch_off(TRIP_DISTANCE)
    assert chassis.trip() == TRIP_NONE


class TestTruckMoved:
    def test_along_and_across(self, desk):
        limit = float(desk.p["truck_moved_m"])
        for shift in ((1.05 * limit, 0.0), (0.0, -1.05 * limit), (0.8 * limit, 0.8 * limit)):
            desk.w["image"]["truck_seen_m"][:2] = desk.w["control"]["truck_reference"][:2] + shift
            assert desk.trip() == TRIP_TRUCK_MOVED
        desk.w["image"]["truck_seen_m"][:2] = desk.w["control"]["truck_reference"][:2] + 0.5 * limit
        assert desk.trip() == TRIP_NONE

    def test_turned_at_a_seat(self, chassis):
        """Its origin stands still, a seat 0.85 m away does not."""
        arm = float(np.abs(chassis.p["seat_xyz_m"][chassis.p["seat_on_truck"] == 1, 0]).max())
        chassis.w["image"]["truck_seen_m"][2] = (
            chassis.w["control"]["truck_reference"][2] + 0.9 * float(chassis.p["truck_moved_m"]) / arm
        )
        assert chassis.trip() == TRIP_NONE
        chassis.w["image"]["truck_seen_m"][2] = (
            chassis.w["control"]["truck_reference"][2] - 1.1 * float(chassis.p["truck_moved_m"]) / arm
        )
        assert chassis.trip() == TRIP_TRUCK_MOVED

    def test_once_released_it_may_go(self, desk):
        desk.w["image"]["truck_seen_m"][0] += 1.0
        desk.w["image"]["truck_released"] = 1
        assert desk.trip() == TRIP_NONE

    def test_switched_off(self, desk):
        desk.w["image"]["truck_seen_m"][0] += 1.0
        desk.switch_off(TRIP_TRUCK_MOVED)
        assert desk.trip() == TRIP_NONE
