"""Interlocks on hand-made records: every permissive, every trip, what a trip does and what clears it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.catalogue import load_pack, load_station, load_truck
from twin.cell import Cell, build_cell
from twin.interlocks import acknowledge, find_trip, permitted, trip_station
from twin.plants.state import (
    DISCRETE_MOTION,
    ERROR_STOP,
    STANDSTILL,
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
    new_command,
)

CELLS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}
SCAN_S = 0.01


class Desk:
    """A cell's records with nothing behind them: sensors read what the test writes."""

    def __init__(self, cell: Cell) -> None:
        self.params, self.worlds, self.commands = cell.params.copy(), cell.new_world(), new_command(2)
        self.p, self.w = self.params[0], self.worlds[0]
        job = cell.jobs[0]
        self.truck_seat, self.slot, self.pack = job.truck_seat, job.put_seat, job.old_pack
        self.w["grip_open"] = 1
        self.w["lock_open"][self.w["lock_position"] == 0.0] = 1
        self.w["lock_closed"][self.w["lock_position"] == 1.0] = 1
        self.w["load_raw_n"] = self.w["load_cell_n"]
        for seat in (self.truck_seat, job.take_seat):
            self.w["seat_present"][seat] = 1

    def hold(self, r: int = 0) -> None:
        """Grips closed on a pack, its weight on the load cell."""
        self.w["grip_open"][r], self.w["grip_closed"][r] = 0, 1
        self.w["held"][r] = self.pack
        self.w["carried_kg"][r] = self.p["pack_mass_kg"][0]
        self.w["load_cell_n"][r] = (self.p["e_mass_kg"] + self.p["pack_mass_kg"][0]) * self.p["gravity_mps2"]
        self.w["load_raw_n"][r] = self.w["load_cell_n"][r]

    def set_locks(self, seat: int, *, closed: bool) -> None:
        self.w["lock_closed"][seat], self.w["lock_open"][seat] = int(closed), int(not closed)

    def at(self, r: int = 0, **axes: float) -> None:
        """Encoders and references of a robot at rest."""
        for name, value in axes.items():
            k = ("x", "y", "z", "yaw").index(name)
            self.w["axis_position"][r, k] = self.w["q"][r, k] = value
            self.w["reference"][r, k] = (value, 0.0, 0.0)

    def at_clearance(self, above_m: float, r: int = 0) -> None:
        """The bottom of a carried pack (chassis: its top) `above_m` beyond the clearance height."""
        s = float(self.p["retract"])
        self.at(r, z=float(self.p["clearance_height_m"]) + s * (float(self.p["pack_height_m"]) + above_m))

    def command(self, r: int = 0, **fields: float) -> np.void:
        """A command of robot `r`: axes by name in metres or radians, other fields by name; gentle moves."""
        self.commands[r] = new_command()[0]
        c = self.commands[r]
        c["velocity"], c["acceleration"] = 0.2 * self.p["axis_velocity_loaded"], 0.2 * self.p["axis_acceleration"]
        c["jerk"] = 0.2 * self.p["axis_jerk"]
        for name, value in fields.items():
            if name in ("x", "y", "z", "yaw"):
                c["target"][("x", "y", "z", "yaw").index(name)] = value
            else:
                c[name] = value
        return c

    def permitted(self, r: int = 0, **fields: float) -> bool:
        return bool(permitted(self.w, self.p, self.command(r, **fields), r))

    def trip(self, scans: int = 1) -> int:
        """What `scans` scans of `find_trip` say in the end."""
        reason = TRIP_NONE
        for _ in range(scans):
            reason = find_trip(self.w, self.p, self.commands, SCAN_S)
        return int(reason)

    def switch_off(self, *interlocks: int) -> None:
        self.p["interlock_off"][list(interlocks)] = 1


@pytest.fixture(scope="module")
def cells() -> dict[str, Cell]:
    return {
        kind: build_cell(load_station(kind), load_truck(truck), load_pack(pack), seed=1)
        for kind, (truck, pack) in CELLS.items()
    }


@pytest.fixture
def top(cells) -> Desk:
    return Desk(cells["top_lift"])


@pytest.fixture
def chassis(cells) -> Desk:
    return Desk(cells["chassis"])


@pytest.fixture(params=list(CELLS))
def desk(request, cells) -> Desk:
    return Desk(cells[request.param])


# -------------------------------------------------------------------------------------------------- permissives


def test_gentle_moves_inside_the_stroke_are_permitted(desk):
    assert desk.permitted(x=float(desk.w["q"][0, X]), z=float(desk.w["q"][0, Z]), yaw=0.01)


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
    desk.w["axis_state"][0, YAW] = ERROR_STOP
    assert not desk.permitted(yaw=0.01)
    assert desk.permitted(z=float(desk.w["q"][0, Z]))


def test_nothing_is_permitted_while_tripped_not_even_with_an_acknowledgement_in_the_command(desk):
    desk.w["trip"] = TRIP_ESTOP
    assert not desk.permitted(yaw=0.01)
    assert not desk.permitted(yaw=0.01, acknowledge=1)
    assert not desk.permitted(), "no actuator either"


@pytest.mark.parametrize("told", [True, False], ids=["sequence says so", "grips say so"])
def test_low_traverse_with_a_load_is_refused(top, told):
    top.at(x=0.0, y=0.0)
    top.w["low_xy"][0] = 0.0
    top.at_clearance(-0.2)
    carrying = {"carrying": 0} if told else {}
    if not told:
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
        top.w["load_cell_n"][0] = top.p["e_mass_kg"] * top.p["gravity_mps2"]

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
        top.w["seat_present"][top.truck_seat, pad] = 0
        assert not top.permitted(grip=0, seat=top.truck_seat)

    @pytest.mark.parametrize("lock", range(4))
    def test_not_where_a_lock_is_not_closed(self, top, lock):
        self.grounded(top)
        top.w["lock_closed"][top.truck_seat, lock] = 0
        assert not top.permitted(grip=0, seat=top.truck_seat)

    def test_in_a_slot_without_locks(self, top):
        self.grounded(top)
        assert not top.permitted(grip=0, seat=top.slot)
        top.w["seat_present"][top.slot] = 1
        assert top.permitted(grip=0, seat=top.slot)

    def test_not_with_the_pack_on_the_ropes(self, top):
        """The command names a seat where some pack stands; this one hangs."""
        top.hold()
        assert not top.permitted(grip=0, seat=top.truck_seat)

    def test_a_table_carries_no_load_when_the_pack_is_locked(self, chassis):
        chassis.hold()
        assert chassis.permitted(grip=0, seat=chassis.truck_seat)
        chassis.w["lock_closed"][chassis.truck_seat, 2] = 0
        assert not chassis.permitted(grip=0, seat=chassis.truck_seat)

    def test_half_closed_grips_count(self, top):
        top.w["grip_open"][0, 3] = 0
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
    desk.w["grip_closed"][0, 1] = 0
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
    chassis.w["pull_tested"][seats] = 1
    assert chassis.permitted(release_truck=1)
    for seat in seats:
        chassis.w["lock_closed"][seat, 3] = 0
        assert not chassis.permitted(release_truck=1)
        chassis.w["lock_closed"][seat, 3] = 1
    chassis.w["lock_closed"][seats[1], 0] = 0
    chassis.trip()
    chassis.w["lock_closed"][seats[1], 0] = 1
    assert not chassis.permitted(release_truck=1), "a lock that was opened has to be tested again"
    chassis.switch_off(TRIP_LOCK)
    assert chassis.permitted(release_truck=1)


def test_robots_on_one_rail_stay_on_their_sides(chassis):
    chassis.at(0, x=1.95)
    chassis.at(1, x=-1.95)
    length = float(chassis.p["robot_length_m"])
    assert chassis.permitted(0, x=-1.95 + length + 0.001)
    assert not chassis.permitted(0, x=-1.95 + length - 0.001)
    assert not chassis.permitted(0, x=-3.0), "past the other one"
    assert not chassis.permitted(1, x=3.0)
    chassis.w["profile"][1, X, 1, 0] = 0.0  # robot 1 is on its way to the middle
    assert not chassis.permitted(0, x=length - 0.001)
    assert chassis.permitted(0, x=length + 0.001)
    chassis.switch_off(TRIP_DISTANCE)
    assert chassis.permitted(0, x=-3.0)


# -------------------------------------------------------------------------------------------------------- trips


def test_nothing_trips_at_rest(desk):
    assert desk.trip(scans=20) == TRIP_NONE


@pytest.mark.parametrize(("field", "reason"), [("estop_button", TRIP_ESTOP), ("power_off", TRIP_POWER)])
def test_button_and_power(desk, field, reason):
    desk.w[field] = 1
    assert desk.trip() == reason
    desk.switch_off(reason)
    assert desk.trip() == TRIP_NONE


def test_overload_that_lasts_longer_than_a_bounce(desk):
    limit = float(desk.p["overload_fraction"] * desk.p["rated_load_kg"] * desk.p["gravity_mps2"])
    desk.w["load_raw_n"][0] = 0.999 * limit
    assert desk.trip(scans=20) == TRIP_NONE
    for _ in range(4):
        desk.w["load_raw_n"][0] = 1.08 * limit
        assert desk.trip(scans=8) == TRIP_NONE
        desk.w["load_raw_n"][0] = 0.9 * limit
        assert desk.trip(scans=5) == TRIP_NONE
    desk.w["load_raw_n"][0] = 1.001 * limit
    assert desk.trip(scans=10) == TRIP_OVERLOAD
    desk.w["load_raw_n"][0] = 0.0
    assert desk.trip() == TRIP_NONE
    desk.w["load_raw_n"][0] = 1.1 * limit
    assert desk.trip() == TRIP_NONE, "one scan may be noise"
    assert desk.trip() == TRIP_OVERLOAD, "so much is no bounce"
    desk.switch_off(TRIP_OVERLOAD)
    assert desk.trip() == TRIP_NONE


def test_a_table_that_pulls_has_caught_a_lock(chassis):
    rated = float(chassis.p["rated_load_kg"] * chassis.p["gravity_mps2"])
    chassis.w["load_raw_n"][1] = -0.2 * rated  # a pull test
    assert chassis.trip(scans=20) == TRIP_NONE
    chassis.w["load_raw_n"][1] = -0.4 * rated
    assert chassis.trip(scans=6) == TRIP_OVERLOAD


def test_a_lift_knows_its_drive_even_if_the_load_cell_is_dead(chassis):
    limit = float(chassis.p["overload_fraction"] * chassis.p["rated_load_kg"] * chassis.p["gravity_mps2"])
    own = float(chassis.p["z_gravity_mass_kg"] * chassis.p["gravity_mps2"])
    chassis.w["tau"][0, Z] = own + 0.99 * limit
    assert chassis.trip(scans=20) == TRIP_NONE
    chassis.w["tau"][0, Z] = own + 1.01 * limit
    assert chassis.trip(scans=10) == TRIP_OVERLOAD


def test_lateral_force_after_the_reaction_time_unless_it_is_an_insertion(desk):
    desk.w["lateral_n"][0] = 0.8 * desk.p["lateral_abort_n"]  # both axes: 1.13 times the limit together
    scans = round(float(desk.p["reaction_time_s"]) / SCAN_S)
    assert desk.trip(scans) == TRIP_NONE
    assert desk.trip(2) == TRIP_LATERAL
    desk.command(inserting=1)
    assert desk.trip() == TRIP_NONE, "the command itself ends then"
    assert desk.w["force_s"][0] > desk.p["reaction_time_s"]
    desk.command()
    desk.w["lateral_n"][0] = 0.0
    assert desk.trip() == TRIP_NONE
    desk.w["lateral_n"][0] = desk.p["lateral_abort_n"]
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
        desk.w["hold_height"][0] = desk.w["hold_deepest"][0] = desk.w["axis_position"][0, Z]

    def rise(self, desk: Desk, height_m: float, speed_mps: float) -> None:
        s = float(desk.p["retract"])
        desk.w["axis_position"][0, Z] = desk.w["hold_height"][0] + s * height_m
        desk.w["reference"][0, Z] = (desk.w["axis_position"][0, Z], s * speed_mps, 0.0)
        desk.w["low_xy"][0] = desk.w["axis_position"][0, :2]

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
        desk.w["lock_open"][desk.truck_seat, 2] = 0
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
        assert desk.w["hold_seat"][0] == -1
        desk.set_locks(desk.truck_seat, closed=True)
        assert desk.trip() == TRIP_NONE, "they no longer hold this pack"

    def test_a_pack_set_down_is_remembered_too(self, desk):
        desk.hold()
        desk.command(until=UNTIL_SEATED, seat=desk.truck_seat, carrying=desk.pack)
        desk.w["hold_height"][0] = desk.w["axis_position"][0, Z]
        assert desk.trip() == TRIP_NONE
        assert desk.w["hold_seat"][0] == desk.truck_seat

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
        top.w["reference"][0, X, 1] = 0.5
        assert top.trip() == TRIP_NONE
        top.w["reference"][0, Z, 1] = -0.2
        assert top.trip() == TRIP_LOW_TRAVERSE

    def test_high_is_free(self, top):
        top.hold()
        top.at(x=0.0, y=1.0)
        top.at_clearance(0.03)
        top.w["reference"][0, X, 1] = 0.8
        for x in np.arange(0.0, 3.0, 0.1):
            top.w["axis_position"][0, X] = top.w["reference"][0, X, 0] = x
            assert top.trip() == TRIP_NONE

    def test_empty_is_free(self, top):
        top.at_clearance(-0.5)
        for x in np.arange(0.0, 3.0, 0.1):
            top.at(x=x)
            assert top.trip() == TRIP_NONE


@pytest.mark.parametrize("axis", [X, Y, Z, YAW])
def test_following_error(desk, axis):
    limit = float(desk.p["axis_following_limit"][axis])
    desk.w["reference"][0, axis, 0] += 0.95 * limit
    assert desk.trip() == TRIP_NONE
    desk.w["reference"][0, axis, 0] += 0.10 * limit
    assert desk.trip() == TRIP_FOLLOWING
    desk.w["brake"][0, axis] = 1
    assert desk.trip() == TRIP_NONE, "a braked axis follows nothing"
    desk.w["brake"][0, axis] = 0
    desk.switch_off(TRIP_FOLLOWING)
    assert desk.trip() == TRIP_NONE


@pytest.mark.parametrize("axis", [X, Y, Z, YAW])
def test_overspeed(desk, axis):
    desk.w["qd"][0, axis] = -1.04 * desk.p["axis_velocity"][axis]
    assert desk.trip() == TRIP_NONE
    desk.w["qd"][0, axis] = -1.06 * desk.p["axis_velocity"][axis] - 0.01
    assert desk.trip() == TRIP_FOLLOWING


def test_robot_distance_and_the_way_to_stop(chassis):
    length = float(chassis.p["robot_length_m"])
    chassis.at(1, x=0.0)
    chassis.at(0, x=length + 0.3)
    assert chassis.trip() == TRIP_NONE
    chassis.w["reference"][0, X, 1] = -math.sqrt(2.0 * 0.2 * float(chassis.p["axis_acceleration"][X]))
    assert chassis.trip() == TRIP_NONE, "stops a tenth of a metre before it"
    chassis.w["reference"][0, X, 1] = -math.sqrt(2.0 * 0.4 * float(chassis.p["axis_acceleration"][X]))
    assert chassis.trip() == TRIP_DISTANCE
    chassis.w["reference"][0, X, 1] *= -1.0
    assert chassis.trip() == TRIP_NONE, "it goes away"
    chassis.at(0, x=length - 0.02)
    assert chassis.trip() == TRIP_DISTANCE
    chassis.switch_off(TRIP_DISTANCE)
    assert chassis.trip() == TRIP_NONE


class TestTruckMoved:
    def test_along_and_across(self, desk):
        limit = float(desk.p["truck_moved_m"])
        for shift in ((1.05 * limit, 0.0), (0.0, -1.05 * limit), (0.8 * limit, 0.8 * limit)):
            desk.w["truck_q"][:2] = desk.w["truck_reference"][:2] + shift
            assert desk.trip() == TRIP_TRUCK_MOVED
        desk.w["truck_q"][:2] = desk.w["truck_reference"][:2] + 0.5 * limit
        assert desk.trip() == TRIP_NONE

    def test_turned_at_a_seat(self, chassis):
        """Its origin stands still, a seat 0.85 m away does not."""
        arm = float(np.abs(chassis.p["seat_xyz_m"][chassis.p["seat_on_truck"] == 1, 0]).max())
        chassis.w["truck_q"][2] = chassis.w["truck_reference"][2] + 0.9 * float(chassis.p["truck_moved_m"]) / arm
        assert chassis.trip() == TRIP_NONE
        chassis.w["truck_q"][2] = chassis.w["truck_reference"][2] - 1.1 * float(chassis.p["truck_moved_m"]) / arm
        assert chassis.trip() == TRIP_TRUCK_MOVED

    def test_once_released_it_may_go(self, desk):
        desk.w["truck_q"][0] += 1.0
        desk.w["truck_released"] = 1
        assert desk.trip() == TRIP_NONE

    def test_switched_off(self, desk):
        desk.w["truck_q"][0] += 1.0
        desk.switch_off(TRIP_TRUCK_MOVED)
        assert desk.trip() == TRIP_NONE


# ------------------------------------------------------------------------------------- what a trip does and clears


def _run_at(desk: Desk, r: int, k: int, speed: float) -> None:
    desk.w["axis_state"][r, k] = DISCRETE_MOTION
    desk.w["reference"][r, k, 1] = speed


def test_a_trip_stops_every_axis_of_every_robot(chassis):
    for r in range(2):
        for k in range(4):
            _run_at(chassis, r, k, 0.02)
    trip_station(chassis.w, chassis.p, TRIP_ESTOP)
    assert chassis.w["trip"] == TRIP_ESTOP
    assert (chassis.w["axis_state"] == ERROR_STOP).all()
    assert not chassis.w["brake"].any(), "a controlled stop first"
    for r in range(2):
        for k in range(4):
            assert chassis.w["profile"][r, k, 5, 1] > 0.0, "it takes time"
            assert chassis.w["profile"][r, k, 2, int(chassis.w["profile"][r, k, 5, 0])] == 0.0, "and ends at rest"


def test_power_loss_sets_every_brake_at_once(chassis):
    trip_station(chassis.w, chassis.p, TRIP_POWER)
    assert chassis.w["brake"].all()


def test_an_overloaded_hoist_brakes_at_once_and_only_that(chassis):
    chassis.w["load_raw_n"][1] = 2.0 * chassis.p["rated_load_kg"] * chassis.p["gravity_mps2"]
    trip_station(chassis.w, chassis.p, TRIP_OVERLOAD)
    assert chassis.w["brake"].sum() == 1
    assert chassis.w["brake"][1, Z] == 1


class TestAcknowledge:
    def tripped(self, desk: Desk, reason: int = TRIP_ESTOP) -> None:
        trip_station(desk.w, desk.p, reason)
        desk.w["brake"] = 1

    @pytest.mark.parametrize("field", ["estop_button", "power_off"])
    def test_not_while_the_cause_is_there(self, desk, field):
        self.tripped(desk)
        desk.w[field] = 1
        assert not acknowledge(desk.w, desk.p)
        assert desk.w["trip"] == TRIP_ESTOP
        assert desk.w["acknowledgements"] == 0

    def test_not_while_an_axis_moves(self, desk):
        self.tripped(desk)
        desk.w["brake"][0, Y] = 0
        assert not acknowledge(desk.w, desk.p)
        assert desk.w["trip"] == TRIP_ESTOP

    def test_not_without_a_trip(self, desk):
        assert not acknowledge(desk.w, desk.p)
        assert desk.w["acknowledgements"] == 0

    def test_afterwards_the_axes_are_held_where_they_are(self, desk):
        self.tripped(desk)
        desk.w["axis_position"][0, X] += 0.07
        desk.w["truck_q"][:3] += (0.02, 0.01, 0.001)
        assert acknowledge(desk.w, desk.p)
        assert desk.w["trip"] == TRIP_NONE
        assert desk.w["acknowledgements"] == 1
        robots = int(desk.p["robots"])
        assert not desk.w["brake"][:robots].any()
        assert (desk.w["axis_state"][:robots] == STANDSTILL).all()
        np.testing.assert_array_equal(desk.w["reference"][:robots, :, 0], desk.w["axis_position"][:robots])
        assert not desk.w["reference"][:robots, :, 1:].any()
        np.testing.assert_array_equal(desk.w["truck_reference"], desk.w["truck_q"][:3])
        assert desk.permitted(yaw=0.01)

    def test_a_cause_that_is_still_there_trips_again(self, desk):
        self.tripped(desk, TRIP_OVERLOAD)
        desk.w["load_raw_n"][0] = 2.0 * desk.p["rated_load_kg"] * desk.p["gravity_mps2"]
        assert acknowledge(desk.w, desk.p)
        assert desk.trip(scans=6) == TRIP_OVERLOAD
