"""Velocity motion on references alone: whatever the setpoints are, the axes stay within what the machine may do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from twin.catalogue import load_pack, load_station, load_truck
from twin.control.velocity_motion import SILENCE_S, follow_setpoints
from twin.motion.drives import update_reference
from twin.motion.kernels import kernel
from twin.plants.beginning import new_world
from twin.records import (
    BUSY,
    CONTINUOUS_MOTION,
    ERROR_STOP,
    FOLLOW_ON,
    FOLLOW_START,
    IDLE,
    REFUSED,
    ROBOTS,
    STANDSTILL,
    TRIP_ESTOP,
    UNTIL_SEATED,
    X,
    Y,
    Z,
    new_command,
)
from twin.runner.scan import issue_commands
from twin.setup.setup import build_setup

SCAN_S = 0.01
SETUPS = {
    "top_lift": build_setup(load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282"), seed=1),
    "chassis": build_setup(load_station("chassis"), load_truck("chassis_tractor_3"), load_pack("chassis_171"), seed=1),
}
"""Their worlds hold no pack unless a test says so."""


@kernel
def ideal_scan(worlds, params, commands, t_s):  # type: ignore[no-untyped-def]
    """One scan of axes that are where their references are."""
    truth, image = worlds[0].truth, worlds[0].image
    truth.t_s = image.clock_s = t_s
    update_reference(image, 0, t_s)
    for k in range(4):
        truth.q[0, k] = image.axis_position[0, k] = image.reference[0, k, 0]
    follow_setpoints(image, worlds[0].control, params[0], commands[0, 0], 0, 0.01)


class Rig:
    """A robot whose axes follow their references exactly, holding a pack or not."""

    def __init__(self, station: str, *, loaded: bool, seat_z: float = np.nan) -> None:
        self.setup = SETUPS[station]
        self.worlds, self.params = new_world(self.setup), self.setup.params.copy()
        self.w, self.p = self.worlds[0], self.params[0]
        self.commands = new_command(ROBOTS)[None]
        c = self.commands[0, 0]
        c["carrying"] = 0 if loaded else -1
        c["until"], c["seat"], c["seat_z"], c["inserting"] = UNTIL_SEATED, 0, seat_z, 1
        c["timeout_s"], c["threshold"], c["jam_below_n"] = np.inf, -np.inf, np.inf
        c["acceleration"], c["jerk"] = self.p["axis_acceleration"], self.p["axis_jerk"]
        c["velocity"], c["follow"] = 0.0, FOLLOW_START
        self.scan_number = 0
        self.start()

    def start(self) -> None:
        issue_commands(self.worlds, self.params, self.commands, np.zeros(1, np.int64), np.zeros(1, np.int64))

    def speeds(self, *velocity: float) -> None:
        self.commands[0, 0]["velocity"] = velocity
        self.commands[0, 0]["follow"] = FOLLOW_ON
        self.start()

    def run(self, scans: int) -> np.ndarray:
        """(scans, 4, 3) references."""
        seen = []
        for _ in range(scans):
            self.scan_number += 1
            ideal_scan(self.worlds, self.params, self.commands, self.scan_number * SCAN_S)
            seen.append(self.w["image"]["reference"][0].copy())
        return np.array(seen)


unit = st.floats(-1.0, 1.0)
setpoints = st.lists(st.tuples(st.tuples(unit, unit, unit, unit), st.integers(1, 40)), min_size=1, max_size=25)


@settings(max_examples=examples(60), deadline=None)
@given(station=st.sampled_from(sorted(SETUPS)), loaded=st.booleans(), asked=setpoints)
def test_no_setpoints_take_an_axis_beyond_its_limits(station: str, loaded: bool, asked: list) -> None:
    rig = Rig(station, loaded=loaded)
    most = rig.p["axis_velocity_loaded"] if loaded else rig.p["axis_velocity"]
    seen = []
    for share, scans in asked:
        for _ in range(scans):
            rig.speeds(*(share * most))
            seen.append(rig.run(1))
        assert rig.w["control"]["status"][0] == BUSY
    rows = np.concatenate(seen)
    position, speed, acceleration = rows[:, :, 0], rows[:, :, 1], rows[:, :, 2]
    assert (position >= rig.p["axis_min"][0] - 1e-9).all()
    assert (position <= rig.p["axis_max"][0] + 1e-9).all()
    assert (np.abs(speed) <= most * (1 + 1e-9)).all()
    assert (np.abs(acceleration) <= rig.p["axis_acceleration"] * (1 + 1e-9)).all()
    jerk = np.abs(np.diff(acceleration, axis=0)) / SCAN_S
    assert (jerk <= rig.p["axis_jerk"] * (1 + 1e-6)).all()


@settings(max_examples=examples(40), deadline=None)
@given(asked=setpoints)
def test_a_low_pack_stays_within_the_deadband(asked: list) -> None:
    rig = Rig("top_lift", loaded=True)
    rig.w["truth"]["q"][0, Z] = rig.w["image"]["reference"][0, Z, 0] = rig.w["image"]["axis_position"][0, Z] = 2.0
    rig.w["image"]["profile"][0, Z, 1, 0] = 2.0
    home = rig.w["image"]["axis_position"][0].copy()
    rig.w["control"]["low_xy"][0] = home[:2]
    for share, scans in asked:
        for _ in range(scans):
            rig.speeds(*(share[:2] * rig.p["axis_velocity_loaded"][:2]), 0.0, 0.0)
            rig.run(1)
            gone = np.abs(rig.w["image"]["reference"][0, (X, Y), 0] - home[:2])
            assert (gone <= rig.p["traverse_deadband_m"] + 1e-9).all()


@pytest.mark.parametrize("station", sorted(SETUPS))
def test_it_meets_the_contact_zone_at_contact_speed(station: str) -> None:
    setup = SETUPS[station]
    s = setup.retract
    home = float(new_world(setup)["truth"]["q"][0, 0, Z])
    seat_z = home - s * 0.6
    rig = Rig(station, loaded=True, seat_z=seat_z)
    fast = float(rig.p["axis_velocity_loaded"][Z])
    rows = []
    for _ in range(1200):
        rig.speeds(0.0, 0.0, -s * fast, 0.0)
        rows.append(rig.run(1)[0, Z])
    above = s * (np.array(rows)[:, 0] - seat_z)
    inward = -s * np.array(rows)[:, 1]
    assert inward.max() > 0.9 * fast, "far away it runs at its setpoint"
    in_zone = above < rig.p["contact_zone_m"]
    assert in_zone.any()
    assert inward[in_zone].max() <= rig.p["contact_speed_mps"] * (1 + 1e-6)


def test_a_source_that_falls_silent_stops_the_axes() -> None:
    rig = Rig("top_lift", loaded=False)
    for _ in range(100):
        rig.speeds(0.1, 0.0, 0.0, 0.0)
        rig.run(1)
    rows = rig.run(round(SILENCE_S / SCAN_S))
    assert rows[-1, X, 1] == pytest.approx(0.1), "for a while the last ones hold"
    rows = rig.run(150)
    assert rows[-1, X, 1] == 0.0
    assert rows[-1, X, 2] == 0.0
    rig.speeds(0.1, 0.0, 0.0, 0.0)
    assert rig.run(20)[-1, X, 1] > 0.01, "and with setpoints it goes on"


def test_new_setpoints_restart_no_counter() -> None:
    rig = Rig("top_lift", loaded=True)
    rig.run(10)
    rig.w["control"]["axial_s"][0], rig.w["control"]["hold_s"][0] = 0.2, 0.3
    began = float(rig.w["control"]["command_start_s"][0])
    rig.speeds(0.01, 0.0, 0.0, 0.0)
    assert (rig.w["control"]["axial_s"][0], rig.w["control"]["hold_s"][0], rig.w["control"]["command_start_s"][0]) == (
        0.2,
        0.3,
        began,
    )
    assert (rig.w["image"]["axis_state"][0] == STANDSTILL).all()
    rig.run(1)
    assert rig.w["image"]["axis_state"][0].tolist() == [CONTINUOUS_MOTION, STANDSTILL, STANDSTILL, STANDSTILL]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 9.0])
def test_setpoints_that_no_axis_may_have_are_refused(bad: float) -> None:
    rig = Rig("top_lift", loaded=True)
    rig.run(5)
    rig.speeds(0.0, bad, 0.0, 0.0)
    assert rig.w["control"]["pending"][0] == REFUSED


def test_an_axis_in_error_does_not_follow() -> None:
    rig = Rig("top_lift", loaded=True)
    rig.w["control"]["status"][0] = IDLE
    rig.w["image"]["axis_state"][0, Y] = ERROR_STOP
    rig.commands[0, 0]["follow"] = FOLLOW_START
    rig.start()
    assert rig.w["control"]["status"][0] == REFUSED


def test_a_tripped_station_does_not_follow() -> None:
    rig = Rig("top_lift", loaded=True)
    rig.w["control"]["status"][0] = IDLE
    rig.w["control"]["trip"] = TRIP_ESTOP
    rig.commands[0, 0]["follow"] = FOLLOW_START
    rig.start()
    assert rig.w["control"]["status"][0] == REFUSED


def test_new_setpoints_do_not_keep_a_buffered_command_from_its_start() -> None:
    """It waits for axes that still stop; what it is then started with may be setpoints already."""
    rig = Rig("top_lift", loaded=False)
    rig.w["control"]["buffered"][0] = 1
    rig.speeds(0.05, 0.0, 0.0, 0.0)
    assert (int(rig.w["control"]["status"][0]), int(rig.w["control"]["buffered"][0])) == (BUSY, 0)
    assert rig.run(30)[-1, X, 1] > 0.01
