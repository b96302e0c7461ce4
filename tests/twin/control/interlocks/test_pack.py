"""Trips on a carried pack: what sets them off, how soon, and what does not."""

from __future__ import annotations

import math

import numpy as np

from tests.twin.control.desk import Desk
from twin.records import (
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    UNTIL_SEATED,
    X,
    Z,
)


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
