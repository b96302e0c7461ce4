"""The records of a setup with nothing behind them: what the interlocks see, as a test writes it."""

from __future__ import annotations

import numpy as np

from twin.control.interlocks.find import find_trip
from twin.control.permissives import permitted
from twin.plants.beginning import new_world
from twin.records import TRIP_LOAD_IMPLAUSIBLE, TRIP_NONE, new_command
from twin.records.scan_parts import ALL_ANEW
from twin.setup.setup import SwapSetup

SCAN_S = 0.01


class Desk:
    """A setup's records with nothing behind them: sensors read what the test writes."""

    def __init__(self, setup: SwapSetup) -> None:
        self.setup = setup
        self.params, self.worlds, self.commands = setup.params.copy(), new_world(setup), new_command(2)
        self.p, self.w = self.params[0], self.worlds[0]
        job = setup.jobs[0]
        self.truck_seat, self.slot, self.pack = job.truck_seat, job.put_seat, job.old_pack
        self.w["image"]["grip_open"] = 1
        self.w["image"]["truck_seen_m"] = self.w["truth"]["truck_q"][:3]
        self.w["image"]["lock_open"][self.w["truth"]["lock_position"] == 0.0] = 1
        self.w["image"]["lock_closed"][self.w["truth"]["lock_position"] == 1.0] = 1
        self.w["image"]["load_raw_n"] = self.w["image"]["load_cell_n"]
        for seat in (self.truck_seat, job.take_seat):
            self.w["image"]["seat_present"][seat] = 1
        self.switch_off(TRIP_LOAD_IMPLAUSIBLE)  # what a test writes has no noise, and no drive carries it

    def hold(self, r: int = 0) -> None:
        """Grips closed on a pack, its weight on the load cell."""
        self.w["image"]["grip_open"][r], self.w["image"]["grip_closed"][r] = 0, 1
        self.w["truth"]["held"][r] = self.pack
        self.w["control"]["carried_kg"][r] = self.p["pack_mass_kg"][0]
        self.w["image"]["load_cell_n"][r] = (self.p["e_mass_kg"] + self.p["pack_mass_kg"][0]) * self.p["gravity_mps2"]
        self.w["image"]["load_raw_n"][r] = self.w["image"]["load_cell_n"][r]

    def set_locks(self, seat: int, *, closed: bool) -> None:
        self.w["image"]["lock_closed"][seat], self.w["image"]["lock_open"][seat] = int(closed), int(not closed)

    def at(self, r: int = 0, **axes: float) -> None:
        """Encoders and references of a robot at rest."""
        for name, value in axes.items():
            k = ("x", "y", "z", "yaw").index(name)
            self.w["image"]["axis_position"][r, k] = self.w["truth"]["q"][r, k] = value
            self.w["image"]["reference"][r, k] = (value, 0.0, 0.0)

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
        return bool(permitted(self.w["image"], self.w["control"], self.p, self.command(r, **fields), r))

    def trip(self, scans: int = 1) -> int:
        """What `scans` scans of `find_trip` say in the end."""
        reason = TRIP_NONE
        for _ in range(scans):
            reason = find_trip(self.w["image"], self.w["control"], self.p, self.commands, SCAN_S, ALL_ANEW)
        return int(reason)

    def switch_off(self, *interlocks: int) -> None:
        self.p["interlock_off"][list(interlocks)] = 1
