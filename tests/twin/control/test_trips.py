"""Every trip: what sets it off, how soon, and what does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.twin.control.desk import SCAN_S, Desk
from twin import monitor
from twin.control.interlocks import LIMIT_SWITCH, OVERSPEED_MARGIN
from twin.records import (
    TRIP_DISTANCE,
    TRIP_ESTOP,
    TRIP_FOLLOWING,
    TRIP_LATERAL,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    TRIP_OVERLOAD,
    TRIP_POWER,
    TRIP_TRUCK_MOVED,
    UNTIL_SEATED,
    YAW,
    X,
    Y,
    Z,
)
from twin.records.causes import CAUSES


def test_nothing_trips_at_rest(desk):
    assert desk.trip(scans=20) == TRIP_NONE


@pytest.mark.parametrize(("field", "reason"), [("estop_seen", TRIP_ESTOP), ("power_off_seen", TRIP_POWER)])
def test_button_and_power(desk, field, reason):
    desk.w["image"][field] = 1
    assert desk.trip() == reason
    desk.switch_off(reason)
    assert desk.trip() == TRIP_NONE


def test_overload_that_lasts_longer_than_a_bounce(desk):
    limit = float(desk.p["overload_fraction"] * desk.p["rated_load_kg"] * desk.p["gravity_mps2"])
    desk.w["image"]["load_raw_n"][0] = 0.999 * limit
    assert desk.trip(scans=20) == TRIP_NONE
    for _ in range(4):
        desk.w["image"]["load_raw_n"][0] = 1.08 * limit
        assert desk.trip(scans=8) == TRIP_NONE
        desk.w["image"]["load_raw_n"][0] = 0.9 * limit
        assert desk.trip(scans=5) == TRIP_NONE
    desk.w["image"]["load_raw_n"][0] = 1.001 * limit
    assert desk.trip(scans=10) == TRIP_OVERLOAD
    desk.w["image"]["load_raw_n"][0] = 0.0
    assert desk.trip() == TRIP_NONE
    desk.w["image"]["load_raw_n"][0] = 1.1 * limit
    assert desk.trip() == TRIP_NONE, "one scan may be noise"
    assert desk.trip() == TRIP_OVERLOAD, "so much is no bounce"
    desk.switch_off(TRIP_OVERLOAD)
    assert desk.trip() == TRIP_NONE


def test_a_table_that_pulls_has_caught_a_lock(chassis):
    rated = float(chassis.p["rated_load_kg"] * chassis.p["gravity_mps2"])
    chassis.w["image"]["load_raw_n"][1] = -0.2 * rated  # a pull test
    assert chassis.trip(scans=20) == TRIP_NONE
    chassis.w["image"]["load_raw_n"][1] = -0.4 * rated
    assert chassis.trip(scans=6) == TRIP_OVERLOAD


def test_a_lift_knows_its_drive_even_if_the_load_cell_is_dead(chassis):
    limit = float(chassis.p["overload_fraction"] * chassis.p["rated_load_kg"] * chassis.p["gravity_mps2"])
    own = float(chassis.p["z_gravity_mass_kg"] * chassis.p["gravity_mps2"] + chassis.p["z_coulomb_n"])
    chassis.w["image"]["axis_force_n"][0, Z] = own + 0.99 * limit
    assert chassis.trip(scans=20) == TRIP_NONE
    chassis.w["image"]["axis_force_n"][0, Z] = own + 1.01 * limit
    assert chassis.trip(scans=10) == TRIP_OVERLOAD


def test_lateral_force_after_the_reaction_time_unless_it_is_an_insertion(desk):
    desk.w["image"]["lateral_n"][0] = 0.8 * desk.p["lateral_abort_n"]  # both axes: 1.13 times the limit together
    scans = round(float(desk.p["reaction_time_s"]) / SCAN_S)
    assert desk.trip(scans) == TRIP_NONE
    assert desk.trip(2) == TRIP_LATERAL
    desk.command(inserting=1)
    assert desk.trip() == TRIP_NONE, "the command itself ends then"
    assert desk.w["control"]["force_s"][0] > desk.p["reaction_time_s"]
    desk.command()
    desk.w["image"]["lateral_n"][0] = 0.0
    assert desk.trip() == TRIP_NONE
    desk.w["image"]["lateral_n"][0] = desk.p["lateral_abort_n"]
    assert desk.trip(scans) == TRIP_NONE, "the time counts anew"
    desk.switch_off(TRIP_LATERAL)
    assert desk.trip(5) == TRIP_NONE


class TestLockNotOpen:
    """Out of a seat only with its locks open; the seat is remembered, whatever later commands name."""

    def gripped(self, desk: Desk) -> None:
        desk.hold()
        desk.command(grip=1, seat=desk.truck_seat)
        assert desk.trip() == TRIP_NONE
        desk.command()
        desk.w["control"]["hold_height"][0] = desk.w["control"]["hold_deepest"][0] = desk.w["image"]["axis_position"][
            0, Z
        ]

    def rise(self, desk: Desk, height_m: float, speed_mps: float) -> None:
        s = float(desk.p["retract"])
        desk.w["image"]["axis_position"][0, Z] = desk.w["control"]["hold_height"][0] + s * height_m
        desk.w["image"]["reference"][0, Z] = (desk.w["image"]["axis_position"][0, Z], s * speed_mps, 0.0)
        desk.w["control"]["low_xy"][0] = desk.w["image"]["axis_position"][0, :2]

    def test_trips_so_early_that_it_stands_in_time(self, desk):
        self.gripped(desk)
        creep_out = float(desk.p["creep_out_height_m"])
        self.rise(desk, 0.5 * creep_out, 0.01)
        assert desk.trip() == TRIP_NONE
        self.rise(desk, 0.999 * creep_out, 0.01)
        assert desk.trip() == TRIP_LOCK
        way = 0.6 * creep_out
        self.rise(desk, 0.5 * creep_out, math.sqrt(2.0 * float(desk.p["axis_acceleration"][Z]) * way))
        assert desk.trip() == TRIP_LOCK

    def test_a_table_counts_from_where_it_bore_the_pack(self, chassis):
        """It rises by 23 mm under the weight that it takes, before the locks open."""
        self.gripped(chassis)
        self.rise(chassis, -0.023, 0.0)
        assert chassis.trip() == TRIP_NONE
        self.rise(chassis, float(chassis.p["creep_out_height_m"]) - 0.022, 0.01)
        assert chassis.trip() == TRIP_LOCK

    def test_one_lock_is_enough(self, desk):
        self.gripped(desk)
        desk.set_locks(desk.truck_seat, closed=False)
        desk.w["image"]["lock_open"][desk.truck_seat, 2] = 0
        self.rise(desk, float(desk.p["creep_out_height_m"]), 0.01)
        assert desk.trip() == TRIP_LOCK

    def test_not_at_rest_nor_on_the_way_back(self, desk):
        self.gripped(desk)
        self.rise(desk, 1.5 * float(desk.p["creep_out_height_m"]), 0.0)
        assert desk.trip() == TRIP_NONE
        self.rise(desk, 1.5 * float(desk.p["creep_out_height_m"]), -0.05)
        assert desk.trip() == TRIP_NONE

    def test_open_locks_let_it_go_for_good(self, desk):
        self.gripped(desk)
        desk.set_locks(desk.truck_seat, closed=False)
        self.rise(desk, 1.1 * float(desk.p["creep_out_height_m"]), 0.1)
        assert desk.trip() == TRIP_NONE
        assert desk.w["control"]["hold_seat"][0] == -1
        desk.set_locks(desk.truck_seat, closed=True)
        assert desk.trip() == TRIP_NONE, "they no longer hold this pack"

    def test_a_pack_set_down_is_remembered_too(self, desk):
        desk.hold()
        desk.command(until=UNTIL_SEATED, seat=desk.truck_seat, carrying=desk.pack)
        desk.w["control"]["hold_height"][0] = desk.w["image"]["axis_position"][0, Z]
        assert desk.trip() == TRIP_NONE
        assert desk.w["control"]["hold_seat"][0] == desk.truck_seat

    def test_switched_off(self, desk):
        self.gripped(desk)
        self.rise(desk, 1.5 * float(desk.p["creep_out_height_m"]), 0.05)
        desk.switch_off(TRIP_LOCK)
        assert desk.trip() == TRIP_NONE


class TestLowTraverse:
    def test_where_it_is(self, top):
        top.hold()
        top.at(x=0.0, y=1.0)
        top.at_clearance(0.05)
        assert top.trip() == TRIP_NONE
        top.at_clearance(-0.1)
        top.at(x=0.05)
        assert top.trip() == TRIP_NONE, "inside the deadband"
        top.at(x=0.07)
        assert top.trip() == TRIP_LOW_TRAVERSE
        top.switch_off(TRIP_LOW_TRAVERSE)
        assert top.trip() == TRIP_NONE

    def test_where_it_will_be_when_it_stands(self, top):
        """Lowering while it still travels: it trips above the clearance height, so that it stops there."""
        top.hold()
        top.at(x=0.0, y=1.0)
        top.at_clearance(0.3)
        assert top.trip() == TRIP_NONE
        top.at_clearance(0.1)
        top.w["image"]["reference"][0, X, 1] = 0.5
        assert top.trip() == TRIP_NONE
        top.w["image"]["reference"][0, Z, 1] = -0.2
        assert top.trip() == TRIP_LOW_TRAVERSE

    def test_high_is_free(self, top):
        top.hold()
        top.at(x=0.0, y=1.0)
        top.at_clearance(0.03)
        top.w["image"]["reference"][0, X, 1] = 0.8
        for x in np.arange(0.0, 3.0, 0.1):
            top.w["image"]["axis_position"][0, X] = top.w["image"]["reference"][0, X, 0] = x
            assert top.trip() == TRIP_NONE

    def test_empty_is_free(self, top):
        top.at_clearance(-0.5)
        for x in np.arange(0.0, 3.0, 0.1):
            top.at(x=x)
            assert top.trip() == TRIP_NONE


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
