"""What a trip does to the axes, and what it takes to go on."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.control.desk import Desk
from twin.control.interlocks.stop import acknowledge, trip_station
from twin.motion.profile import V, duration_s, segment_count
from twin.records import (
    DISCRETE_MOTION,
    ERROR_STOP,
    STANDSTILL,
    TRIP_ESTOP,
    TRIP_NONE,
    TRIP_OVERLOAD,
    TRIP_POWER,
    TRIP_TRUCK_MOVED,
    X,
    Y,
    Z,
)


def _run_at(desk: Desk, r: int, k: int, speed: float) -> None:
    desk.w["image"]["axis_state"][r, k] = DISCRETE_MOTION
    desk.w["image"]["reference"][r, k, 1] = speed


def test_a_trip_stops_every_axis_of_every_robot(chassis):
    for r in range(2):
        for k in range(4):
            _run_at(chassis, r, k, 0.02)
    trip_station(chassis.w["image"], chassis.w["control"], chassis.p, TRIP_ESTOP)
    assert chassis.w["control"]["trip"] == TRIP_ESTOP
    assert (chassis.w["image"]["axis_state"] == ERROR_STOP).all()
    assert not chassis.w["image"]["brake"].any(), "a controlled stop first"
    for r in range(2):
        for k in range(4):
            profile = chassis.w["image"]["profile"][r, k]
            assert duration_s(profile) > 0.0, "it takes time"
            assert profile[V, segment_count(profile)] == 0.0, "and ends at rest"


def test_power_loss_sets_every_brake_immediately(chassis):
    trip_station(chassis.w["image"], chassis.w["control"], chassis.p, TRIP_POWER)
    assert chassis.w["image"]["brake"].all()


def test_only_an_overloaded_hoist_brakes_immediately(chassis):
    chassis.w["image"]["load_raw_n"][1] = 2.0 * chassis.p["rated_load_kg"] * chassis.p["gravity_mps2"]
    trip_station(chassis.w["image"], chassis.w["control"], chassis.p, TRIP_OVERLOAD)
    assert chassis.w["image"]["brake"].sum() == 1
    assert chassis.w["image"]["brake"][1, Z] == 1


class TestAcknowledge:
    def tripped(self, desk: Desk, reason: int = TRIP_ESTOP) -> None:
        trip_station(desk.w["image"], desk.w["control"], desk.p, reason)
        desk.w["image"]["brake"] = 1

    @pytest.mark.parametrize("field", ["estop_seen", "power_off_seen"])
    def test_not_while_the_cause_is_there(self, desk, field):
        self.tripped(desk)
        desk.w["image"][field] = 1
        assert not acknowledge(desk.w["image"], desk.w["control"], desk.p)
        assert desk.w["control"]["trip"] == TRIP_ESTOP
        assert desk.w["control"]["acknowledgements"] == 0

    def test_not_while_an_axis_moves(self, desk):
        self.tripped(desk)
        desk.w["image"]["brake"][0, Y] = 0
        assert not acknowledge(desk.w["image"], desk.w["control"], desk.p)
        assert desk.w["control"]["trip"] == TRIP_ESTOP

    def test_not_without_a_trip(self, desk):
        assert not acknowledge(desk.w["image"], desk.w["control"], desk.p)
        assert desk.w["control"]["acknowledgements"] == 0

    def test_afterwards_the_axes_are_held_where_they_are(self, desk):
        self.tripped(desk)
        desk.w["image"]["axis_position"][0, X] += 0.07
        desk.w["image"]["truck_seen_m"][:3] += (0.02, 0.01, 0.001)
        assert acknowledge(desk.w["image"], desk.w["control"], desk.p)
        assert desk.w["control"]["trip"] == TRIP_NONE
        assert desk.w["control"]["acknowledgements"] == 1
        robots = int(desk.p["robots"])
        assert not desk.w["image"]["brake"][:robots].any()
        assert (desk.w["image"]["axis_state"][:robots] == STANDSTILL).all()
        np.testing.assert_array_equal(
            desk.w["image"]["reference"][:robots, :, 0], desk.w["image"]["axis_position"][:robots]
        )
        assert not desk.w["image"]["reference"][:robots, :, 1:].any()
        np.testing.assert_array_equal(desk.w["control"]["truck_reference"], desk.w["image"]["truck_seen_m"][:3])
        assert desk.permitted(yaw=0.01)

    def test_a_cause_that_is_still_there_trips_again(self, desk):
        self.tripped(desk, TRIP_OVERLOAD)
        desk.w["image"]["load_raw_n"][0] = 2.0 * desk.p["rated_load_kg"] * desk.p["gravity_mps2"]
        assert acknowledge(desk.w["image"], desk.w["control"], desk.p)
        assert desk.trip(scans=6) == TRIP_OVERLOAD


def test_grips_that_close_on_a_truck_that_moves_open_again(desk):
    """Nothing has been lifted: the pack stands in its seat, and would drag the robot along."""
    desk.command(grip=1, seat=desk.truck_seat)
    desk.w["image"]["grip_open"][0], desk.w["image"]["grip_command"][0] = 0, 1
    assert desk.trip() == TRIP_NONE
    trip_station(desk.w["image"], desk.w["control"], desk.p, TRIP_ESTOP)
    assert desk.w["image"]["grip_command"][0] == 1, "the button stops the station as it is"
    trip_station(desk.w["image"], desk.w["control"], desk.p, TRIP_TRUCK_MOVED)
    assert desk.w["image"]["grip_command"][0] == 0
    desk.hold()
    desk.w["image"]["grip_command"][0] = 1
    trip_station(desk.w["image"], desk.w["control"], desk.p, TRIP_TRUCK_MOVED)
    assert desk.w["image"]["grip_command"][0] == 1, "what is held stays held"
