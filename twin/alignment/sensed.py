"""What the control software sees while it seats a pack: sensors and switches, never the true state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.cell import Cell
from twin.plants.state import TPITCH, TROLL, YAW, X, Y, Z
from twin.plants.suspension import FLOATING_TABLE
from twin.sequence.heights import jam_load_of
from twin.sequence.targets import targets

DECISION_S = 0.05
"""Policies and servo decide at 20 Hz (design, section 3)."""
SWAY_RATE_S = 0.10
"""First-order filter of the sway sensor's derivative [estimate: two decisions]."""


@dataclass(frozen=True)
class Sensed:
    """One look, SI units. x, y, yaw in the bay's frame; heights along the insert direction, from the seat on.

    Errors are where the scanner says that the guide pins are at the pack's height (they lean with the truck) less where
    the axes (and for `pack_x`, `pack_y` the measured sway on top) say that the pack is.
    """

    axis_x_m: float
    axis_y_m: float
    pack_x_m: float
    pack_y_m: float
    yaw_rad: float
    tilt_x: float
    tilt_y: float
    """How far the pins lean to x and y for each metre away from the seat."""
    height_m: float
    guides: float
    """Height over the length of the guide pins: below 1 they have begun, at 0 the pack is down."""
    sway_x_m: float
    sway_y_m: float
    sway_x_mps: float
    sway_y_mps: float
    speed_x_mps: float
    speed_y_mps: float
    speed_in_mps: float
    """Of the hoist or lift, towards the seat."""
    speed_yaw_radps: float
    load: float
    """Load cell less what hangs there, as a share of the pack's weight: -1 where the seat bears all of it."""
    axial: float
    """The same over the force that counts as a jam."""
    lateral_x: float
    lateral_y: float
    """Guide force over the limit at which an insertion is given up."""
    pads: tuple[int, int, int, int]
    frames: int
    """Of the truck's pose, that the scanner has taken since it began to look."""
    elapsed_s: float
    carried_kg: float
    rope_m: float
    """Length of the ropes; 0 where none swing."""


class Watch:
    """Looks at one robot of one world; knows the last look, for the sway's rate. `begin` starts an insertion."""

    def __init__(self, cell: Cell, job: int) -> None:
        self.cell, self.job = cell, cell.jobs[job]
        self._jam_n, self._pin_m = jam_load_of(cell), cell.pack.guides.pin_length_m
        self.begin(0.0)

    def begin(self, t_s: float) -> None:
        """The insertion begins at `t_s`."""
        self.began_s = t_s
        self._sway: tuple[float, float] | None = None
        self._rate = [0.0, 0.0]

    def look(self, worlds: np.ndarray, params: np.ndarray, n: int = 0) -> Sensed:
        """What robot and scanner say now, in world `n`; once each decision."""
        w, p, r, s = worlds[n], params[n], self.job.robot, self.cell.retract
        goal = self.seat_target(worlds, params, n)
        axis, speed, sway = w["axis_position"][r], w["qd"][r], w["sway_m"][r].tolist()
        last = self._sway if self._sway is not None else (sway[0], sway[1])
        share = DECISION_S / (SWAY_RATE_S + DECISION_S)
        for i in range(2):
            self._rate[i] += share * ((sway[i] - last[i]) / DECISION_S - self._rate[i])
        self._sway = (sway[0], sway[1])
        swings = p["reeving"] != FLOATING_TABLE
        spare_n = float(w["load_cell_n"][r] - (p["e_mass_kg"] + w["carried_kg"][r]) * p["gravity_mps2"])
        height = s * float(axis[Z] - goal[Z])
        pose = w["scan_pose"][r]
        tilt_x, tilt_y = s * float(pose[TPITCH]), -s * float(pose[TROLL])
        over = max(height, 0.0)
        x, y = float(goal[X] - axis[X]) + over * tilt_x, float(goal[Y] - axis[Y]) + over * tilt_y
        return Sensed(
            axis_x_m=x,
            axis_y_m=y,
            pack_x_m=x - sway[0],
            pack_y_m=y - sway[1],
            yaw_rad=float(goal[YAW] - axis[YAW]),
            tilt_x=tilt_x,
            tilt_y=tilt_y,
            height_m=height,
            guides=height / self._pin_m,
            sway_x_m=sway[0],
            sway_y_m=sway[1],
            sway_x_mps=self._rate[0],
            sway_y_mps=self._rate[1],
            speed_x_mps=float(speed[X]),
            speed_y_mps=float(speed[Y]),
            speed_in_mps=-s * float(speed[Z]),
            speed_yaw_radps=float(speed[YAW]),
            load=spare_n / float(w["carried_kg"][r] * p["gravity_mps2"]),
            axial=spare_n / self._jam_n,
            lateral_x=float(w["lateral_n"][r, 0] / p["lateral_abort_n"]),
            lateral_y=float(w["lateral_n"][r, 1] / p["lateral_abort_n"]),
            pads=tuple(w["seat_present"][self.job.truck_seat].tolist()),
            frames=int(w["scan_count"][r]),
            elapsed_s=float(w["t_s"]) - self.began_s,
            carried_kg=float(w["carried_kg"][r]),
            rope_m=float(p["sheave_height_m"] - axis[Z]) if swings else 0.0,
        )

    def seat_target(self, worlds: np.ndarray, params: np.ndarray, n: int = 0) -> np.ndarray:
        """(4,) where the axes have to be for the pack to sit, by the scanner's present pose of the truck."""
        pose = worlds["scan_pose"][n, self.job.robot][None]
        seat = np.array([self.job.truck_seat])
        return targets(params, np.array([n]), seat, pose, leaning=False)[0]
