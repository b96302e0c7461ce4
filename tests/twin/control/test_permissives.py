"""Every permissive: which commands are let through, and which are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.twin.control.desk import Desk
from twin.control.interlocks.station import DISTANCE_MARGIN_M
from twin.records import (
    ERROR_STOP,
    TRIP_DISTANCE,
    TRIP_ESTOP,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    YAW,
    X,
    Y,
    Z,
)


def test_gentle_moves_inside_the_stroke_are_permitted(desk):
    assert desk.permitted(x=float(desk.w["truth"]["q"][0, X]), z=float(desk.w["truth"]["q"][0, Z]), yaw=0.01)


@pytest.mark.parametrize("axis", [X, Y, Z, YAW])
def test_targets_outside_the_stroke_are_refused(top, axis):
    name = ("x", "y", "z", "yaw")[axis]
    low, high = float(top.p["axis_min"][0, axis]), float(top.p["axis_max"][0, axis])
    assert top.permitted(**{name: low})
    assert top.permitted(**{name: high})
    assert not top.permitted(**{name: low - 1e-6})
    assert not top.permitted(**{name: high + 1e-6})
    top.switch_off(TRIP_NONE, TRIP_LOW_TRAVERSE)
    assert not top.permitted(**{name: high + 1e-6}), "the stroke is no setting"


@pytest.mark.parametrize("field", ["velocity", "acceleration", "jerk"])
@pytest.mark.parametrize("value", [0.0, -0.1, 1e3, math.nan, math.inf])
def test_speeds_that_the_axis_does_not_have_are_refused(desk, field, value):
    assert desk.permitted(yaw=0.01)
    assert not desk.permitted(yaw=0.01, **{field: value})


def test_a_load_lowers_the_limits(top):
    """Empty the gantry may run at 1.0 m/s and 0.5 m/s2, with a pack at 0.8 and 0.3: whatever the command says."""
    fast = {"x": 1.0, "velocity": float(top.p["axis_velocity"][X])}
    sharp = {"x": 1.0, "acceleration": float(top.p["axis_acceleration_empty"][X])}
    top.at_clearance(0.1)
    for fields in (fast, sharp):
        assert top.permitted(**fields)
        assert not top.permitted(**fields, carrying=0)
    top.hold()
    for fields in (fast, sharp):
        assert not top.permitted(**fields), "the grips tell"
    top.switch_off(TRIP_NONE)
    assert top.permitted(**fast)


def test_an_axis_in_error_stop_moves_nothing(desk):
    desk.w["image"]["axis_state"][0, YAW] = ERROR_STOP
    assert not desk.permitted(yaw=0.01)
    assert desk.permitted(z=float(desk.w["truth"]["q"][0, Z]))


def test_nothing_is_permitted_while_tripped_not_even_with_an_acknowledgement_in_the_command(desk):
    desk.w["control"]["trip"] = TRIP_ESTOP
    assert not desk.permitted(yaw=0.01)
    assert not desk.permitted(yaw=0.01, acknowledge=1)
    assert not desk.permitted(), "no actuator either"


@pytest.mark.parametrize("reported", [True, False], ids=["sequence says so", "grips say so"])
def test_low_traverse_with_a_load_is_refused(top, reported):
    top.at(x=0.0, y=0.0)
    top.w["control"]["low_xy"][0] = 0.0
    top.at_clearance(-0.2)
    carrying = {"carrying": 0} if reported else {}
    if not reported:
        top.hold()
    deadband = float(top.p["traverse_deadband_m"])
    assert top.permitted(x=0.9 * deadband, y=0.9 * deadband, **carrying)
    assert not top.permitted(x=1.1 * deadband, **carrying)
    assert not top.permitted(y=-1.1 * deadband, **carrying)
    top.at_clearance(0.02)
    assert top.permitted(x=1.0, **carrying)
    top.at_clearance(-0.2)
    top.switch_off(TRIP_LOW_TRAVERSE)
    assert top.permitted(x=1.0, **carrying)


def test_the_empty_spreader_may_traverse_low(top):
    top.at_clearance(-0.2)
    assert top.permitted(x=1.0)


class TestLettingGo:
    """Grips open only over a seat that has the pack: present, locked where it can be, and its weight off the ropes."""

    def grounded(self, top: Desk) -> None:
        top.hold()
        top.w["image"]["load_cell_n"][0] = top.p["e_mass_kg"] * top.p["gravity_mps2"]

    def test_on_a_locked_seat(self, top):
        self.grounded(top)
        assert top.permitted(grip=0, seat=top.truck_seat)

    def test_not_where_the_command_names_no_seat(self, top):
        self.grounded(top)
        assert not top.permitted(grip=0)
        assert not top.permitted(grip=0, carrying=top.pack)

    @pytest.mark.parametrize("pad", range(4))
    def test_not_where_a_pad_is_missing(self, top, pad):
        self.grounded(top)
        top.w["image"]["seat_present"][top.truck_seat, pad] = 0
        assert not top.permitted(grip=0, seat=top.truck_seat)

    @pytest.mark.parametrize("lock", range(4))
    def test_not_where_a_lock_is_not_closed(self, top, lock):
        self.grounded(top)
        top.w["image"]["lock_closed"][top.truck_seat, lock] = 0
        assert not top.permitted(grip=0, seat=top.truck_seat)

    def test_in_a_slot_without_locks(self, top):
        self.grounded(top)
        assert not top.permitted(grip=0, seat=top.slot)
        top.w["image"]["seat_present"][top.slot] = 1
        assert top.permitted(grip=0, seat=top.slot)

    def test_not_with_the_pack_on_the_ropes(self, top):
        """The command names a seat where some pack stands; this one hangs."""
        top.hold()
        assert not top.permitted(grip=0, seat=top.truck_seat)

    def test_a_table_carries_no_load_when_the_pack_is_locked(self, chassis):
        chassis.hold()
        assert chassis.permitted(grip=0, seat=chassis.truck_seat)
        chassis.w["image"]["lock_closed"][chassis.truck_seat, 2] = 0
        assert not chassis.permitted(grip=0, seat=chassis.truck_seat)

    def test_half_closed_grips_count(self, top):
        top.w["image"]["grip_open"][0, 3] = 0
        assert not top.permitted(grip=0)

    def test_open_grips_may_be_opened(self, top):
        assert top.permitted(grip=0)

    def test_switched_off(self, top):
        top.hold()
        top.switch_off(TRIP_LOCK)
        assert top.permitted(grip=0)


@pytest.mark.parametrize("kind", ["top", "chassis"])
def test_locks_open_only_where_the_robot_has_the_pack(kind, request):
    desk = request.getfixturevalue(kind)
    assert not desk.permitted(lock=0, seat=desk.truck_seat)
    desk.hold()
    assert desk.permitted(lock=0, seat=desk.truck_seat)
    desk.w["image"]["grip_closed"][0, 1] = 0
    assert not desk.permitted(lock=0, seat=desk.truck_seat), "three grips are not four"
    assert desk.permitted(lock=1, seat=desk.truck_seat), "closing is always safe"
    desk.set_locks(desk.truck_seat, closed=False)
    assert desk.permitted(lock=0, seat=desk.truck_seat), "they are open already"
    desk.set_locks(desk.truck_seat, closed=True)
    desk.switch_off(TRIP_LOCK)
    assert desk.permitted(lock=0, seat=desk.truck_seat)


def test_the_truck_goes_only_with_every_lock_closed_and_pulled_on(chassis):
    seats = np.flatnonzero(chassis.p["seat_on_truck"])
    assert len(seats) == 3
    assert not chassis.permitted(release_truck=1)
    chassis.w["control"]["pull_tested"][seats] = 1
    assert chassis.permitted(release_truck=1)
    for seat in seats:
        chassis.w["image"]["lock_closed"][seat, 3] = 0
        assert not chassis.permitted(release_truck=1)
        chassis.w["image"]["lock_closed"][seat, 3] = 1
    chassis.w["image"]["lock_closed"][seats[1], 0] = 0
    chassis.trip()
    chassis.w["image"]["lock_closed"][seats[1], 0] = 1
    assert not chassis.permitted(release_truck=1), "a lock that was opened has to be tested again"
    chassis.switch_off(TRIP_LOCK)
    assert chassis.permitted(release_truck=1)


def test_robots_on_one_rail_stay_on_their_sides(chassis):
    chassis.at(0, x=1.95)
    chassis.at(1, x=-1.95)
    length = float(chassis.p["robot_length_m"]) + DISTANCE_MARGIN_M
    assert chassis.permitted(0, x=-1.95 + length + 0.001)
    assert not chassis.permitted(0, x=-1.95 + length - 0.001)
    assert not chassis.permitted(0, x=-3.0), "past the other one"
    assert not chassis.permitted(1, x=3.0)
    chassis.w["image"]["profile"][1, X, 1, 0] = 0.0  # robot 1 is on its way to the middle
    assert not chassis.permitted(0, x=length - 0.001)
    assert chassis.permitted(0, x=length + 0.001)
    chassis.switch_off(TRIP_DISTANCE)
    assert chassis.permitted(0, x=-3.0)
