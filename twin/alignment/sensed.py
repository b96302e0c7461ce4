"""What the control software sees while it seats a pack: sensors and switches, never the true state."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from twin.cell import Cell
from twin.motion.kernels import kernel
from twin.plants.state import TPITCH, TROLL, YAW, X, Y, Z
from twin.plants.suspension import FLOATING_TABLE
from twin.sequence.heights import jam_load_of
from twin.sequence.targets import targets

DECISION_S = 0.05
"""Policies and servo decide at 20 Hz (design, section 3)."""
SWAY_RATE_S = 0.10
"""First-order filter of the sway sensor's derivative [estimate: two decisions]."""


class Sensed(NamedTuple):
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


SIGNALS = (
    "axis_x", "axis_y", "axis_z", "axis_yaw", "speed_x", "speed_y", "speed_z", "speed_yaw", "sway_x", "sway_y",
    "load_cell", "carried", "lateral_x", "lateral_y", "pitch", "roll", "frames", "time",
    "pad_front_left", "pad_front_right", "pad_rear_left", "pad_rear_right",
)  # fmt: skip
"""What `signals` reads, as it stands in a world."""


@kernel
def signals(worlds: Any, n: int, r: int, seat: int, out: Any) -> None:
    """SIGNALS of robot `r` over `seat` in world `n` into `out` (22,); one by one Python would take 0.5 us for each."""
    w = worlds[n]
    for i in range(4):
        out[i], out[4 + i] = w.axis_position[r, i], w.qd[r, i]
        out[18 + i] = w.seat_present[seat, i]
    out[8], out[9] = w.sway_m[r, 0], w.sway_m[r, 1]
    out[10], out[11] = w.load_cell_n[r], w.carried_kg[r]
    out[12], out[13] = w.lateral_n[r, 0], w.lateral_n[r, 1]
    out[14], out[15] = w.scan_pose[r, TPITCH], w.scan_pose[r, TROLL]
    out[16], out[17] = w.scan_count[r], w.t_s


class Watch:
    """Looks at one robot of one world; knows the last look, for the sway's rate. `begin` starts an insertion."""

    def __init__(self, cell: Cell, job: int) -> None:
        self.cell, self.job = cell, cell.jobs[job]
        self._out = np.zeros(len(SIGNALS))
        self._swings = bool(cell.params["reeving"][0] != FLOATING_TABLE)
        self._jam_n, self._pin_m = jam_load_of(cell), cell.pack.guides.pin_length_m
        self.begin(0.0)

    def begin(self, t_s: float) -> None:
        """The insertion begins at `t_s`."""
        self.began_s = t_s
        self._sway: tuple[float, float] | None = None
        self._rate = [0.0, 0.0]

    def look(self, worlds: np.ndarray, params: np.ndarray, n: int = 0) -> Sensed:
        """What robot and scanner say now, in world `n`; once each decision."""
        p, r, s, seat = params[n], self.job.robot, self.cell.retract, self.job.truck_seat
        goal = self.seat_target(worlds, params, n).tolist()
        signals(worlds, n, r, seat, self._out)
        (
            *axis, speed_x, speed_y, speed_z, speed_yaw, sway_x, sway_y, load_cell_n, carried_kg, aside_x_n, aside_y_n,
            pitch, roll, frames, t_s, pad_0, pad_1, pad_2, pad_3,
        ) = self._out.tolist()  # fmt: skip
        last_x, last_y = self._sway if self._sway is not None else (sway_x, sway_y)
        share = DECISION_S / (SWAY_RATE_S + DECISION_S)
        self._rate[0] += share * ((sway_x - last_x) / DECISION_S - self._rate[0])
        self._rate[1] += share * ((sway_y - last_y) / DECISION_S - self._rate[1])
        self._sway = (sway_x, sway_y)
        gravity, abort_n = float(p["gravity_mps2"]), float(p["lateral_abort_n"])
        spare_n = load_cell_n - (float(p["e_mass_kg"]) + carried_kg) * gravity
        height = s * (axis[Z] - goal[Z])
        tilt_x, tilt_y = s * pitch, -s * roll
        over = max(height, 0.0)
        x, y = goal[X] - axis[X] + over * tilt_x, goal[Y] - axis[Y] + over * tilt_y
        return Sensed(
            axis_x_m=x,
            axis_y_m=y,
            pack_x_m=x - sway_x,
            pack_y_m=y - sway_y,
            yaw_rad=goal[YAW] - axis[YAW],
            tilt_x=tilt_x,
            tilt_y=tilt_y,
            height_m=height,
            guides=height / self._pin_m,
            sway_x_m=sway_x,
            sway_y_m=sway_y,
            sway_x_mps=self._rate[0],
            sway_y_mps=self._rate[1],
            speed_x_mps=speed_x,
            speed_y_mps=speed_y,
            speed_in_mps=-s * speed_z,
            speed_yaw_radps=speed_yaw,
            load=spare_n / (carried_kg * gravity),
            axial=spare_n / self._jam_n,
            lateral_x=aside_x_n / abort_n,
            lateral_y=aside_y_n / abort_n,
            pads=(int(pad_0), int(pad_1), int(pad_2), int(pad_3)),
            frames=int(frames),
            elapsed_s=t_s - self.began_s,
            carried_kg=carried_kg,
            rope_m=float(p["sheave_height_m"]) - axis[Z] if self._swings else 0.0,
        )

    def seat_target(self, worlds: np.ndarray, params: np.ndarray, n: int = 0) -> np.ndarray:
        """(4,) where the axes have to be for the pack to sit, by the scanner's present pose of the truck."""
        pose = worlds["scan_pose"][n, self.job.robot][None]
        seat = np.array([self.job.truck_seat])
        return targets(params, np.array([n]), seat, pose, leaning=False)[0]
