"""Samples of a drive: frames, channels (true state) and sensors (lidar, wheels)."""

from __future__ import annotations

import math

import numpy as np

from twin.docking import DockingPlant
from twin.docking.state import (
    BODY,
    BODY_RATE,
    BRAKE,
    DEFLECTION,
    DRIVE,
    HEAVE,
    PITCH,
    QD,
    ROLL,
    STEER,
    TRAILER,
    TRAILER_BRAKE,
    YAW,
    X,
    Y,
)
from twin.plants.beginning import new_world, stand_pack
from twin.recording import Frame
from twin.recording.swap.sampling import Column, Gather, fill_frames, frames_of
from twin.records import TPITCH, TROLL, TX, TY, TYAW, TZ
from twin.setup.setup import SwapSetup

TRAILER_FRAME = "trailer"
"""On the ground under the kingpin, with the semi-trailer's yaw; in the truck's frame."""
PLANE = [TX, TY, TYAW]


def state_columns(plant: DockingPlant) -> list[Column]:
    """Columns of the true state that `verify` compares, in the order of the recording. Sides are right, left."""
    params = plant.params[0]
    towing = bool(params["trailer_kg"] > 0.0)
    columns: list[Column] = []
    for name, at, rate, first, then in (
        ("x", "m", "mps", X, QD + X),
        ("y", "m", "mps", Y, QD + Y),
        ("yaw", "rad", "radps", YAW, QD + YAW),
        ("z", "m", "mps", BODY + HEAVE, BODY_RATE + HEAVE),
        ("pitch", "rad", "radps", BODY + PITCH, BODY_RATE + PITCH),
        ("roll", "rad", "radps", BODY + ROLL, BODY_RATE + ROLL),
    ):
        columns += [(f"truck/{name}_{at}", "s", (first,)), (f"truck/{name}_{rate}", "s", (then,))]
    columns += [
        ("truck/acceleration_along_mps2", "acceleration_body_mps2", (0,)),
        ("truck/acceleration_across_mps2", "acceleration_body_mps2", (1,)),
        ("truck/steering_rate_demand_radps", "steering_rate_radps", ()),
        ("truck/steering_demand_rad", "steer_command_rad", ()),
        ("truck/steering_angle_rad", "s", (STEER,)),
        ("truck/acceleration_demand_mps2", "acceleration_mps2", ()),
        ("truck/drive_force_n", "s", (DRIVE,)),
        ("truck/brake_mps2", "s", (BRAKE,)),
        ("truck/standing", "parked", ()),
    ]
    if towing:
        columns += [
            ("trailer/yaw_rad", "s", (TRAILER,)),
            ("trailer/yaw_radps", "s", (QD + TRAILER,)),
            ("trailer/brake_mps2", "s", (TRAILER_BRAKE,)),
            ("trailer/hitch_force_along_n", "hitch_force_n", (0,)),
            ("trailer/hitch_force_across_n", "hitch_force_n", (1,)),
        ]
    for i in range(int(params["axles"])):
        axle = f"axle{i + 1}"
        columns += [
            (f"{axle}/load_n", "axle_load_n", (i,)),
            (f"{axle}/force_along_n", "axle_force_n", (i, 0)),
            (f"{axle}/force_across_n", "axle_force_n", (i, 1)),
            (f"{axle}/deflection_along_m", "bristle_m", (i,)),
            (f"{axle}/deflection_across_m", "s", (DEFLECTION + i,)),
            (f"{axle}/rail_right_n", "rail_force_n", (i, 0)),
            (f"{axle}/rail_left_n", "rail_force_n", (i, 1)),
        ]
    columns += [
        ("stop/right_n", "stop_force_n", (0,)),
        ("stop/left_n", "stop_force_n", (1,)),
        ("stop/shift_m", "stop_shift_m", ()),
        ("peak/rail_n", "peak_rail_force_n", ()),
        ("peak/stop_n", "peak_stop_force_n", ()),
    ]
    return columns


DERIVED = ("truck/speed_mps", "rail/force_n", "stop/force_n")
"""Channels derived from the state: speed along the truck, the largest force of a wheel against a rail, and of both
front wheels against the stop."""
HITCH = "trailer/hitch_angle_rad"
"""Derived channel with a trailer: the truck's yaw minus its trailer's."""
SENSORS = ("lidar/x_m", "lidar/y_m", "lidar/yaw_rad", "lidar/age_s", "wheels/speed_mps")
"""The last pose from the lidar and its age: a dropped frame leaves the pose and increases its age; NaN before the first
frame. Then the reading of the truck's own speed sensor."""
MISSING_AT_FIRST = SENSORS[:4]
"""NaN before the lidar's first frame."""


class DockingSampler:
    """Current frames, channels and sensors of a docking plant's one world, with its station at rest."""

    may_lack = frozenset(MISSING_AT_FIRST)

    def __init__(self, setup: SwapSetup, plant: DockingPlant, wheel_speed_factor: float = 1.0) -> None:
        self._plant, self._factor = plant, wheel_speed_factor
        self._worlds, self._params = new_world(setup), setup.params
        self._carried = [(job.old_pack, job.truck_seat) for job in setup.jobs]
        self._kingpin_x_m = float(plant.params["kingpin_x_m"][0])
        station = frames_of(setup)
        self._of_station = len(station)
        self._towing = bool(plant.params["trailer_kg"][0] > 0.0)
        self.frames = (*station, Frame(TRAILER_FRAME, "truck")) if self._towing else station
        self._poses = np.zeros((len(self.frames), 7))
        self._states = Gather(plant.worlds, state_columns(plant))
        self.channel_names = (*self._states.names, *DERIVED, *((HITCH,) if self._towing else ()))
        self.sensor_names = SENSORS
        self._values, self._sensors = np.zeros(len(self.channel_names)), np.zeros(len(SENSORS))

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(frames (F, 7), channels (C,), sensors (S,)); the arrays are reused."""
        plant, w, p = self._plant, self._worlds[0], self._params[0]
        speed_mps, hitch_rad = float(plant.speed_mps()[0]), float(plant.hitch_angle_rad()[0])
        measured, age_s = plant.measured_pose()[0], float(plant.measured_age_s()[0])
        truck = w["truth"]["truck_q"]
        truck[PLANE] = plant.pose()[0]
        truck[[TZ, TPITCH, TROLL]] = plant.heave_m()[0], plant.dive_rad()[0], plant.roll_rad()[0]
        seen = w["image"]["scan_pose"][0]  # the frame of the measured pose; the lidar does not measure the springs
        seen[:] = truck
        if np.isfinite(age_s):
            seen[PLANE] = measured
        for pack, seat in self._carried:
            stand_pack(w, p, pack, seat)
        fill_frames(self._worlds, self._params, 0, self._poses[: self._of_station])
        derived = [speed_mps, plant.rail_force_n()[0], plant.stop_force_n()[0]]
        if self._towing:
            half = -0.5 * hitch_rad
            self._poses[-1] = (self._kingpin_x_m, 0.0, 0.0, 0.0, 0.0, math.sin(half), math.cos(half))
            derived.append(hitch_rad)
        known = len(self._states.names)
        self._values[:known], self._values[known:] = self._states.read(), derived
        self._sensors[:] = (*measured, age_s, speed_mps * self._factor)
        return self._poses, self._values, self._sensors
