"""Trips on an axis out of control: what sets them off, and what does not."""

from __future__ import annotations

import pytest

from twin import monitor
from twin.control.interlocks.axes import LIMIT_SWITCH, OVERSPEED_MARGIN
from twin.records import (
    TRIP_FOLLOWING,
    TRIP_NONE,
    YAW,
    X,
    Y,
    Z,
)
from twin.records.causes import CAUSES


@pytest.mark.parametrize("axis", [X, Y, Z, YAW])
def test_following_error(desk, axis):
    limit = float(desk.p["axis_following_limit"][axis])
    desk.w["image"]["reference"][0, axis, 0] += 0.95 * limit
    assert desk.trip() == TRIP_NONE
    desk.w["image"]["reference"][0, axis, 0] += 0.10 * limit
    assert desk.trip() == TRIP_FOLLOWING
    desk.w["image"]["brake"][0, axis] = 1
    assert desk.trip() == TRIP_NONE, "a braked axis follows nothing"
    desk.w["image"]["brake"][0, axis] = 0
    desk.switch_off(TRIP_FOLLOWING)
    assert desk.trip() == TRIP_NONE


@pytest.mark.parametrize("axis", [X, Y, Z, YAW])
def test_overspeed(desk, axis):
    empty, loaded = desk.p["axis_velocity"][axis], desk.p["axis_velocity_loaded"][axis]
    margin = OVERSPEED_MARGIN[axis]
    desk.w["image"]["axis_speed"][0, axis] = -empty - 0.95 * margin
    assert desk.trip() == TRIP_NONE
    desk.w["image"]["axis_speed"][0, axis] = -empty - 1.05 * margin
    assert desk.trip() == TRIP_FOLLOWING
    desk.hold()
    desk.w["image"]["axis_speed"][0, axis] = loaded + 0.95 * margin
    assert desk.trip() == TRIP_NONE
    desk.w["image"]["axis_speed"][0, axis] = loaded + 1.05 * margin
    assert desk.trip() == TRIP_FOLLOWING, "with a pack in its grips"


@pytest.mark.parametrize("axis", [X, Y, Z, YAW])
def test_limit_switch(desk, axis):
    end = float(desk.p["axis_max"][0, axis])
    desk.w["image"]["axis_position"][0, axis] = desk.w["image"]["reference"][0, axis, 0] = (
        end + 0.9 * LIMIT_SWITCH[axis]
    )
    desk.w["image"]["axis_speed"][0, axis] = 0.01
    assert desk.trip() == TRIP_NONE
    desk.w["image"]["axis_position"][0, axis] = end + 1.1 * LIMIT_SWITCH[axis]
    assert desk.trip() == TRIP_FOLLOWING
    assert CAUSES[desk.w["control"]["trip_cause"]] == "overtravel"
    desk.w["image"]["axis_speed"][0, axis] = -0.01
    assert desk.trip() == TRIP_NONE, "on its way back"


def test_overspeed_trips_a_tenth_below_what_the_monitor_allows(desk):
    p = desk.p
    for axis in (X, Y, Z, YAW):
        for speed in (p["axis_velocity"][axis], p["axis_velocity_loaded"][axis]):
            allowed = monitor._SPEED_TOLERANCE * speed + monitor._SPEED_MARGIN[axis]
            assert allowed > 1.1 * (speed + OVERSPEED_MARGIN[axis])
