"""Trips on load and side force: what sets them off, how soon, and what does not."""

from __future__ import annotations

from tests.twin.control.desk import SCAN_S
from twin.records import (
    TRIP_LATERAL,
    TRIP_NONE,
    TRIP_OVERLOAD,
    Z,
)


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
