"""Reads one moment of an imported recording: axes, sway, load, grips, locks, packs, truck and phase."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.catalogue import Pack, Station, Truck
from twin.catalogue.plain import model_from_plain
from twin.errors import InputError
from twin.recording import Recording
from twin.recording.swap.start import LoggedSetup
from twin.records import AXES, LOCKS, SEATS, TRUCK
from twin.setup.jobs import Job, Seat
from twin.setup.setup import SwapSetup

SPEED_S = 0.05
"""Half width of the window in which a speed is the slope of the position samples: 0.1 s in all."""
ACCELERATION_S = 0.1
"""Half width for an acceleration."""
SWAY_S = 0.15
"""Half width for sway, which is noisier and slower: an eighth of the period of the shortest rope, about 2 s, in all."""
GAP_S = 0.1
"""A moment farther than this from the samples before and after it is in a gap."""
NO_PHASE = ("fault", "idle")
"""Phases of a log that do not locate a swap in its table."""


@dataclass
class LoggedRobot:
    """One robot at the moment; NaN for what is neither logged nor estimated.

    Attributes:
        known: True if the log has any of its axes.
        axes, speeds, accelerations: (4,) positions, speeds and accelerations of x, y, z, yaw.
        sway, sway_speed: (2,) offset of the load from its suspension, along x and y, and its speed.
        load_n: reading of the load cell; NaN if the log has none.
        held: the pack in its grips, -1 none.
        scan: (6,) last measured pose of the truck, NaN if the log has none.
        phase: None if the log has none.
    """

    known: bool
    axes: np.ndarray
    speeds: np.ndarray
    accelerations: np.ndarray
    sway: np.ndarray
    sway_speed: np.ndarray
    load_n: float
    held: int
    float_lock: float
    scan: np.ndarray
    phase: str | None


@dataclass
class LoggedState:
    """The moment; `pack_seat` (packs,) is the seat of each pack, -1 if held; `locks` (SEATS, LOCKS) is 0 to 1."""

    at_s: float
    robots: list[LoggedRobot]
    truck: np.ndarray
    pack_seat: list[int]
    locks: np.ndarray
    estimated: tuple[str, ...]


def logged_setup(
    configuration: Mapping[str, Any], file: Path
) -> tuple[LoggedSetup, tuple[Station, Truck, Pack]]:  # fmt: skip
    """The setup that a log was imported with; raises InputError if its recording has none."""
    models: list[Any] = []
    for key, model in (("station", Station), ("truck", Truck), ("pack", Pack)):
        models.append(model_from_plain(model, configuration.get(key), key, file, "its configuration is refused"))
    try:
        jobs = [Job.from_plain(one) for one in configuration["jobs"]]
        seats = [Seat.from_plain(one) for one in configuration["seats"]]
        slots = {
            int(seats[job.truck_seat].name.removeprefix("truck")) - 1: (job.put_slot, job.take_slot) for job in jobs
        }
        masses = tuple(map(float, configuration["pack_masses_kg"]))
        park = tuple(map(float, configuration["truck_park"]))
    except (KeyError, TypeError, ValueError, IndexError):
        raise InputError("damaged configuration", file=file, key="jobs, seats, pack_masses_kg, truck_park") from None
    return LoggedSetup(slots, park, masses), (models[0], models[1], models[2])


def logged_state_at(recording: Recording, setup: SwapSetup, at_s: float) -> LoggedState:
    """Everything at `at_s`; raises InputError in a gap of the log."""
    look = _Look(recording, at_s)
    robots = [_robot(look, r) for r in range(setup.station.robots.count)]
    truck = np.array([look.value(f"truck/{name}") for name in _truck_names()])
    park = setup.params[0]["truck_park"]
    locks = np.full((SEATS, LOCKS), np.nan)
    for s, seat in enumerate(setup.seats):
        for i in range(min(seat.locks, LOCKS)):
            locks[s, i] = look.last(f"{seat.name}/lock{i + 1}")
    return LoggedState(
        at_s,
        robots,
        np.where(np.isnan(truck), park, truck),
        _pack_seats(look, setup, robots),
        locks,
        _estimated(look, setup, robots),
    )


class _Look:
    """Samples around one moment."""

    def __init__(self, recording: Recording, at_s: float) -> None:
        self.recording, self.at_s = recording, at_s
        window = (max(at_s - 4.0 * SWAY_S, 0.0), at_s + 4.0 * SWAY_S)
        states, sensors, frames = (read(*window) for read in (recording.states, recording.sensors, recording.frames))
        t_s = states.t_s
        before, after = t_s[t_s <= at_s + 1e-6], t_s[t_s >= at_s - 1e-6]
        if not len(before) or not len(after) or at_s - before[-1] > GAP_S or after[0] - at_s > GAP_S:
            raise InputError(
                "nothing was logged around this moment", file=recording.path, key="--at", value=f"{at_s:.2f}"
            )
        self._columns: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for names, samples in ((recording.channel_names, states), (recording.sensor_names, sensors)):
            self._columns |= {name: (samples.t_s, samples.values[:, i]) for i, name in enumerate(names)}
        self._frames = frames
        self.phases = _phases_at(recording, at_s)

    def is_measured(self, name: str) -> bool:
        return name in self._columns and self.recording.header.provenance_of(name) == "measured"

    def last(self, name: str) -> float:
        """The last valid sample; NaN if there is none."""
        t_s, values = self._columns.get(name, (np.empty(0), np.empty(0)))
        known = values[(t_s <= self.at_s + 1e-6) & np.isfinite(values)]
        return float(known[-1]) if len(known) else math.nan

    def fit(self, name: str, half_s: float) -> tuple[float, float]:
        """Value and slope at the moment: a straight line through the samples around it, NaN without samples."""
        t_s, values = self._columns.get(name, (np.empty(0), np.empty(0)))
        here = np.isfinite(values) & (np.abs(t_s - self.at_s) <= half_s + 1e-6)
        if here.sum() < 2:
            return self.last(name), 0.0
        slope, value = np.polyfit(t_s[here] - self.at_s, values[here], 1)
        return float(value), float(slope)

    def bend(self, name: str) -> float:
        """Second derivative at the moment, of a parabola through the samples around it; 0 with too few samples."""
        t_s, values = self._columns.get(name, (np.empty(0), np.empty(0)))
        here = np.isfinite(values) & (np.abs(t_s - self.at_s) <= ACCELERATION_S + 1e-6)
        if here.sum() < 8:
            return 0.0
        return 2.0 * float(np.polyfit(t_s[here] - self.at_s, values[here], 2)[0])

    def value(self, name: str) -> float:
        return self.fit(name, SPEED_S)[0]

    def swing(self, name: str) -> tuple[float, float]:
        """Value and slope as from `fit`, but of a parabola, for a swinging load."""
        t_s, values = self._columns.get(name, (np.empty(0), np.empty(0)))
        here = np.isfinite(values) & (np.abs(t_s - self.at_s) <= SWAY_S + 1e-6)
        if here.sum() < 6:
            return self.fit(name, SWAY_S)
        _, slope, value = np.polyfit(t_s[here] - self.at_s, values[here], 2)
        return float(value), float(slope)

    def place(self, frame: str) -> np.ndarray:
        """Last origin of a frame in its parent (3,)."""
        k = self.recording.header.frame_names.index(frame)
        i = int(np.searchsorted(self._frames.t_s, self.at_s + 1e-6)) - 1
        return np.asarray(self._frames.values[max(i, 0), k, :3])


def _robot(look: _Look, r: int) -> LoggedRobot:
    robot = f"robot{r}"
    positions = [f"{robot}/{axis}/position_{'rad' if axis == 'yaw' else 'm'}" for axis in AXES]
    axes = [look.fit(name, SPEED_S) for name in positions]
    words = [f"{robot}/{axis}/{word}" for axis in AXES for word in ("position_m", "position_rad", "reference_m")]
    sway = [look.swing(f"{robot}/sway_{a}_m") for a in "xy"]
    sway = [(a, b) if math.isfinite(a) else look.swing(f"estimate/{robot}/sway_{k}_m")
            for k, (a, b) in zip("xy", sway, strict=True)]  # fmt: skip
    load = f"{robot}/load_n"
    held = look.last(f"{robot}/held")
    return LoggedRobot(
        known=any(look.is_measured(word) for word in words),
        axes=np.nan_to_num(np.array([at for at, _ in axes])),
        speeds=np.nan_to_num(np.array([speed for _, speed in axes])),
        accelerations=np.array([look.bend(name) for name in positions]),
        sway=np.nan_to_num(np.array([at for at, _ in sway])),
        sway_speed=np.nan_to_num(np.array([speed for _, speed in sway])),
        load_n=look.value(load) if look.is_measured(load) else math.nan,
        held=-1 if math.isnan(held) else int(held),
        float_lock=look.last(f"{robot}/float_lock"),
        scan=np.array([look.last(f"{robot}/scan_{name}") for name in _truck_names()]),
        phase=look.phases.get(r),
    )


def _truck_names() -> list[str]:
    return [f"{name}_{'rad' if name in ('yaw', 'pitch', 'roll') else 'm'}" for name in TRUCK]


def _phases_at(recording: Recording, at_s: float) -> dict[int, str]:
    """Phase of each robot by its number; a phase that is not of a swap is left out."""
    found: dict[int, str] = {}
    for entry in recording.phases(None, at_s + 1e-6):
        robot = int(entry.get("robot", 0))
        found.pop(robot, None)
        if entry.get("state") == "start":
            found[robot] = str(entry.get("name"))
    return {robot: name for robot, name in found.items() if name not in NO_PHASE}


def _pack_seats(look: _Look, setup: SwapSetup, robots: Sequence[LoggedRobot]) -> list[int]:
    """Seat at which each pack stands, -1 for one in grips; from the position of its frame."""
    held = {robot.held for robot in robots}
    places = np.array([_seat_xy(setup, s) for s in range(len(setup.seats))])
    seats = []
    for k in range(int(setup.params["packs"][0])):
        x, y, _ = look.place(f"pack{k}")
        seats.append(-1 if k in held else int(np.hypot(places[:, 0] - x, places[:, 1] - y).argmin()))
    return seats


def _seat_xy(setup: SwapSetup, s: int) -> tuple[float, float]:
    x, y, _ = setup.seats[s].xyz_m
    if not setup.seats[s].on_truck:
        return x, y
    px, py, yaw = setup.params[0]["truck_park"][:3].tolist()
    return px + math.cos(yaw) * x - math.sin(yaw) * y, py + math.sin(yaw) * x + math.cos(yaw) * y


def _estimated(look: _Look, setup: SwapSetup, robots: Sequence[LoggedRobot]) -> tuple[str, ...]:
    """List in words what the log does not have."""
    found = ["axis speeds", "sway speed", "rope or table give", "truck on its springs", "pack masses", "truck place"]
    for r, robot in enumerate(robots):
        name = f" of robot {r + 1}" if len(robots) > 1 else ""
        if not robot.known:
            found.append(f"all{name}: at home")
            continue
        if not all(look.is_measured(f"robot{r}/sway_{a}_m") for a in "xy"):
            found.append(f"sway{name}")
        if math.isnan(robot.load_n):
            found.append(f"load{name}")
        if not look.is_measured(f"robot{r}/grip1"):
            found.append(f"grips{name}")
        if np.isnan(robot.scan).any():
            found.append(f"truck pose as measured{name}")
        if robot.phase is None:
            found.append(f"phase{name}")
    if not all(look.is_measured(f"{seat.name}/lock1") for seat in setup.seats if seat.locks):
        found.append("locks")
    return (*found, "sensor noise", "guide friction")
