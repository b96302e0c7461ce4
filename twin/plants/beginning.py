"""A world at the start of a swap, before anything has moved."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.geometry import quaternion
from twin.gravity import GRAVITY_MPS2
from twin.plants.geometry import end_effector_pose, measure_packs, seat_pose
from twin.plants.truck import truck_forces
from twin.records import AXES, EZ, FOUR_ROPE, MAST, WORLD, X, Z
from twin.setup.setup import SwapSetup, axis_of, si

NEVER_S = 1e6
"""A time before anything that a swap's memory reaches back to."""


def stand_pack(w: Any, p: Any, pack: int, seat: int) -> None:
    """Put a pack on a seat: at rest, and locked where the seat has locks."""
    x, y, z, yaw, pitch, roll = seat_pose(w["truth"], p, seat)
    # origin at the grip face: one pack height from the seat along its normal
    cy, sy, cp, sp, cr, sr = (f(v) for v in (yaw, pitch, roll) for f in (np.cos, np.sin))
    normal = np.array([cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr])
    w["truth"]["pack_pose"][pack, :3] = np.array([x, y, z]) + float(p["retract"]) * float(p["pack_height_m"]) * normal
    w["truth"]["pack_pose"][pack, 3:] = quaternion(yaw, pitch, roll)
    if p["seat_locks"][seat] > 0:
        w["truth"]["lock_position"][seat], w["image"]["lock_command"][seat] = 1.0, 1
        w["truth"]["locked"][seat] = pack


def new_world(setup: SwapSetup) -> np.ndarray:
    """Make a (1,) WORLD array at the start of the swap: truck parked, axes at home, packs on their seats."""
    worlds = np.zeros(1, WORLD)
    w, p = worlds[0], setup.params[0]
    station = setup.station
    w["truth"]["truck_q"] = p["truck_park"]
    w["control"]["truck_reference"] = w["truth"]["truck_q"][:3]
    w["truth"]["held"], w["truth"]["locked"], w["monitor"]["previous_held"] = -1, -1, -1
    w["control"]["hold_seat"], w["monitor"]["watch_seat"] = -1, -1
    w["control"]["swayed_s"] = -NEVER_S
    w["image"]["shaper_n"], w["image"]["shaper_amplitude"][:, :, 0] = 1, 1.0
    w["truth"]["lock_position"] = 0.0
    w["sensors"]["truck_history"][:] = p["truck_park"]
    for r in range(station.robots.count):
        q = w["truth"]["q"][r]
        for k, name in enumerate(AXES):
            q[k] = si(axis_of(station, name), "home")
        if station.kind == "chassis" or station.robots.count > 1:
            q[X] = station.robots.home_x_m[r]
        e_weight = p["e_mass_kg"] * GRAVITY_MPS2
        if p["reeving"] == FOUR_ROPE:
            length = p["sheave_height_m"] - q[Z]
            q[EZ] = -length - e_weight * length / (4 * p["rope_ea_n"])
        elif p["reeving"] == MAST:
            q[EZ] = -(p["sheave_height_m"] - q[Z]) - e_weight / p["e_stiffness"][2]
        else:
            q[EZ] = -e_weight / p["e_stiffness"][2]
        w["image"]["reference"][r, :, 0] = q[:4]
        for k in range(4):
            w["image"]["profile"][r, k, 1, 0] = q[k]
        w["image"]["load_cell_n"][r] = w["truth"]["load_n"][r] = e_weight
        w["control"]["hold_height"][r] = q[Z]
        w["control"]["low_xy"][r] = q[:2]
        end_effector_pose(w["truth"], p, r)
    for job in setup.jobs:
        for pack, seat in ((job.old_pack, job.truck_seat), (job.new_pack, job.take_seat)):
            stand_pack(w, p, pack, seat)
    measure_packs(w["truth"], p)
    truck_forces(w["truth"], w["faults"], p, np.zeros(2))  # its brakes are set from the start
    w["image"]["axis_position"] = w["truth"]["q"][:, :4]
    return worlds
