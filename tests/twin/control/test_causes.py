"""A trip or a refusal leaves on record what it is about: robot, part, value and limit, in the scan that decides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.control.desk import Desk
from tests.twin.why import beyond_limit
from twin.control.interlocks.load import LATERAL_SHARE
from twin.control.interlocks.pack import RISE_SHARE
from twin.control.interlocks.station import DISTANCE_MARGIN_M
from twin.incident import amount, end_of, trip_of
from twin.records import TRIP_DISTANCE, TRIP_FOLLOWING, TRIP_LATERAL, TRIP_LOCK, TRIP_LOW_TRAVERSE, X, Z


def test_a_lateral_force_is_reported_in_the_scan_that_trips(desk: Desk) -> None:
    limit_n = LATERAL_SHARE * float(desk.p["lateral_abort_n"])
    desk.w["image"]["lateral_n"][0] = (0.6 * 1.1 * limit_n, 0.8 * 1.1 * limit_n)
    assert desk.trip(scans=30) == TRIP_LATERAL
    reported = trip_of(desk.w, desk.setup)
    assert reported.facts == {
        "quantity": "lateral_force",
        "value": pytest.approx(1.1 * limit_n),
        "limit": limit_n,
        "unit": "N",
    }
    assert reported.robot == 0


def test_a_trip_names_axis_and_lock(desk: Desk) -> None:
    desk.at(0, y=0.0)
    desk.w["image"]["reference"][0, 1, 0] = 2.0
    assert desk.trip() == TRIP_FOLLOWING
    facts = trip_of(desk.w, desk.setup).facts
    assert (facts["axis"], facts["value"], facts["limit"]) == ("y", 2.0, float(desk.p["axis_following_limit"][1]))
    desk.at(0, yaw=0.0)
    desk.w["image"]["axis_speed"][0, 3] = -9.0
    desk.w["image"]["reference"][0, 1, 0] = 0.0
    assert desk.trip() == TRIP_FOLLOWING
    facts = trip_of(desk.w, desk.setup).facts
    assert (facts["axis"], facts["quantity"], facts["value"], facts["unit"]) == ("yaw", "velocity", 9.0, "rad/s")


def test_a_lock_not_open_and_a_low_traverse(desk: Desk) -> None:
    s, limit = float(desk.p["retract"]), float(desk.p["creep_out_height_m"])
    desk.hold()
    desk.set_locks(desk.truck_seat, closed=False)
    desk.w["image"]["lock_open"][desk.truck_seat, 2] = 0
    desk.w["control"]["hold_seat"][0] = desk.truck_seat
    start = float(desk.w["image"]["axis_position"][0, Z])
    desk.w["control"]["hold_height"][0] = desk.w["control"]["hold_deepest"][0] = start
    desk.at(0, z=start + s * 1.5 * limit)
    desk.w["image"]["reference"][0, Z, 1] = s * 0.05
    assert desk.trip() == TRIP_LOCK
    facts = trip_of(desk.w, desk.setup).facts
    assert (facts["lock"], facts["seat_name"], facts["limit"]) == (3, "truck1", RISE_SHARE * limit)
    assert facts["value"] > 1.5 * limit
    desk.w["image"]["reference"][0, Z, 1] = 0.0
    desk.w["control"]["hold_seat"][0] = -1
    desk.at_clearance(-0.1)
    desk.w["control"]["low_xy"][0] = desk.w["image"]["axis_position"][0, :2]
    desk.at(0, x=float(desk.w["image"]["axis_position"][0, X]) + 0.3)
    assert desk.trip() == TRIP_LOW_TRAVERSE
    facts = trip_of(desk.w, desk.setup).facts
    assert (facts["axis"], facts["value"]) == ("x", pytest.approx(0.3))


def test_robots_that_come_too_near(chassis: Desk) -> None:
    length = float(chassis.p["robot_length_m"])
    chassis.at(0, x=0.0)
    chassis.at(1, x=length - 0.1)
    assert chassis.trip() == TRIP_DISTANCE
    reported = trip_of(chassis.w, chassis.setup)
    assert reported.facts["value"] == pytest.approx(length - 0.1)
    assert length < reported.facts["limit"] < length + DISTANCE_MARGIN_M
    assert "robots 1 and 2" in reported.sentence


REFUSED = [
    # command, reported cause
    ({"x": 99.0}, {"quantity": "target", "axis": "x", "value": 99.0}),
    ({"yaw": 0.01, "velocity": 99.0}, {"quantity": "velocity", "axis": "yaw", "value": 99.0, "unit": "rad/s"}),
    ({"z": None, "jerk": 1e6}, {"quantity": "jerk", "axis": "z", "value": 1e6, "unit": "m/s3"}),
    ({"yaw": 0.01, "acceleration": -1.0}, {"quantity": "acceleration", "axis": "yaw", "value": -1.0}),
]


@pytest.mark.parametrize(("command", "reported"), REFUSED)
def test_a_refusal_says_which_permissive(desk: Desk, command: dict[str, Any], reported: dict[str, Any]) -> None:
    if "z" in command:
        command = {**command, "z": float(desk.w["truth"]["q"][0, Z])}
    assert not desk.permitted(**command)
    facts = end_of(desk.w, desk.setup, 0).facts
    assert {key: facts[key] for key in reported} == reported


def test_a_refused_grip_lock_and_release(chassis: Desk) -> None:
    def reported(**command: float) -> str:
        assert not chassis.permitted(**command)
        end = end_of(chassis.w, chassis.setup, 0)
        beyond_limit({**end.facts, "message": end.sentence, "cause": end.sentence})
        return end.sentence

    chassis.hold()
    seat = chassis.truck_seat
    chassis.set_locks(seat, closed=True)
    chassis.w["image"]["seat_present"][seat, 1] = 0
    assert reported(grip=0, seat=seat) == "3 of 4 pad switches of truck1 made"
    chassis.w["image"]["seat_present"][seat] = 1
    chassis.w["image"]["lock_closed"][seat, 3] = 0
    assert reported(grip=0, seat=seat) == "lock 4 of truck1 does not report closed (3 of 4 closed)"
    assert reported(release_truck=1) == "lock 4 of truck1 does not report closed (3 of 4 closed)"
    chassis.w["image"]["lock_closed"][seat, 3] = 1
    assert reported(release_truck=1) == "truck1 not pull-tested since its locks closed"
    chassis.w["image"]["grip_closed"][0, 0] = 0
    assert reported(lock=0, seat=seat).startswith("grip 1 does not report closed (3 of 4 closed)")


def test_a_low_pack_that_would_go_sideways(top: Desk) -> None:
    top.hold()
    top.at_clearance(-0.1)
    top.w["control"]["low_xy"][0] = top.w["image"]["axis_position"][0, :2]
    deadband = float(top.p["traverse_deadband_m"])
    here = float(top.w["image"]["axis_position"][0, X])
    assert not top.permitted(x=here + 0.062, carrying=top.pack)
    said = end_of(top.w, top.setup, 0)
    assert said.sentence == f"x move 62 mm sideways with a low pack, at most {amount(deadband, 'm')}"
