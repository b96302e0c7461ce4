"""Initial state of a swap that starts at an estimated moment: its setup, its world and its robots' places, as data.

The world is stored as the fields that differ from a swap's beginning, as plain numbers: JSON writes every double so
that it reads back to the same bits. So a recording of such a swap is self-contained and can be rerun like any other.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.catalogue import Pack, Station, Truck
from twin.errors import InputError
from twin.plants.beginning import new_world
from twin.records import RECORD_OF, WORLD
from twin.sequence.program import Program
from twin.setup.setup import SwapSetup, build_setup
from twin.setup.variation import NOMINAL, Variation

PARKED = "logged"
"""Value of a setup's parking if the truck's pose is taken from a log."""


@dataclass(frozen=True)
class LoggedSetup:
    """Setup data from a log besides station, truck and pack; slots count from 0."""

    slots: Mapping[int, tuple[int, int]]
    """By the truck's seat: the destination slot of its old pack, and the source slot of its new one."""
    truck_park: tuple[float, ...]
    pack_masses_kg: tuple[float, ...]

    def build(self, station: Station, truck: Truck, pack: Pack, seed: int, variation: Variation = NOMINAL) -> SwapSetup:
        """Build the setup; what no log contains (noise, friction) is drawn from `seed`.

        Raises:
            InputError, ValueError: numbers that are invalid for a setup.
        """
        setup = build_setup(station, truck, pack, seed=seed, variation=variation, slots=self.slots)
        params = setup.params.copy()
        p = params[0]
        if len(self.pack_masses_kg) != int(p["packs"]) or not all(kg > 0.0 for kg in self.pack_masses_kg):
            raise ValueError(self.pack_masses_kg)
        p["truck_park"] = _finite(self.truck_park)
        p["pack_mass_kg"][: len(self.pack_masses_kg)] = self.pack_masses_kg
        return dataclasses.replace(setup, params=params, parking=PARKED)

    def as_plain(self) -> dict[str, Any]:
        """Plain data for a recording's header."""
        return {
            "slots": {str(seat): list(pair) for seat, pair in self.slots.items()},
            "truck_park": list(self.truck_park),
            "pack_masses_kg": list(self.pack_masses_kg),
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> LoggedSetup:
        """Parse the output of `as_plain`; raises KeyError, TypeError or ValueError."""
        slots = {int(seat): (int(put), int(take)) for seat, (put, take) in data["slots"].items()}
        return cls(slots, tuple(map(float, data["truck_park"])), tuple(map(float, data["pack_masses_kg"])))


@dataclass(frozen=True)
class RobotPlace:
    """Place of a robot in its step table: at a step of one of its jobs, `queue[place]`, or at its end (`step` None)."""

    step: str | None
    queue: tuple[int, ...]
    place: int
    truck_pose: tuple[float, ...]
    """The truck's pose (6,) as last measured by the control software."""

    def as_plain(self) -> dict[str, Any]:
        """Plain data for a recording's header."""
        return {"step": self.step, "queue": list(self.queue), "place": self.place, "truck_pose": list(self.truck_pose)}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> RobotPlace:
        """Parse the output of `as_plain`; raises KeyError, TypeError or ValueError."""
        step = data["step"]
        if step is not None and not isinstance(step, str):
            raise TypeError(step)
        queue, pose = tuple(map(int, data["queue"])), tuple(_finite(data["truck_pose"]).tolist())
        if len(pose) != 6 or not 0 <= int(data["place"]) <= max(len(queue) - 1, 0):
            raise ValueError(data)
        return cls(step, queue, int(data["place"]), pose)


@dataclass(frozen=True)
class Start:
    """Start of a swap in the middle; `estimated` lists what no log contains."""

    setup: LoggedSetup
    world: Mapping[str, Any]
    robots: tuple[RobotPlace, ...]
    scanned: bool
    estimated: tuple[str, ...]

    @classmethod
    def of(
        cls, logged: LoggedSetup, setup: SwapSetup, worlds: np.ndarray, robots: tuple[RobotPlace, ...], scanned: bool,
        estimated: tuple[str, ...],
    ) -> Start:  # fmt: skip
        """From a (1,) WORLD array; raises ValueError for a number that is not finite."""
        usual, fields = new_world(setup)[0], {}
        for name, record in RECORD_OF.items():
            now = worlds[0][record][name]
            if now.tobytes() != usual[record][name].tobytes():
                fields[name] = _finite(now).tolist()
        return cls(logged, fields, robots, scanned, estimated)

    def new_world(self, setup: SwapSetup) -> np.ndarray:
        """A (1,) WORLD array in this state; raises InputError for fields that do not exist."""
        worlds = new_world(setup)
        for name, values in self.world.items():
            try:
                given, kind = np.array(values), WORLD[RECORD_OF[name]][name]
                if given.shape != kind.shape or not np.can_cast(given.dtype, kind.base, "safe"):
                    raise ValueError(name)
                worlds[0][RECORD_OF[name]][name] = _finite(given.astype(kind.base))
            except (KeyError, TypeError, ValueError):
                raise _damaged(f"world.{name}") from None
        return worlds

    def enter(self, program: Program) -> None:
        """Put the robots of a program, which has not run, at their places.

        Raises:
            InputError: robots, steps or jobs that do not exist in this program.
        """
        if len(self.robots) != program.step.shape[1]:
            raise _damaged("robots")
        for r, robot in enumerate(self.robots):
            if sorted(robot.queue) != sorted(program.queue[r]) or robot.step not in (None, *program.index):
                raise _damaged(f"robots[{r}]")
            program.queue[r] = list(robot.queue)
            program.finished[0, r] = robot.step is None
            program.place[0, r] = robot.place
            program.truck_pose[0, r] = robot.truck_pose
            if robot.step is not None:
                program.step[0, r] = program.index[robot.step]
        program.scanned[0] = self.scanned

    def as_plain(self) -> dict[str, Any]:
        """Plain data for a recording's header."""
        return {
            "setup": self.setup.as_plain(),
            "robots": [robot.as_plain() for robot in self.robots],
            "scanned": self.scanned,
            "estimated": list(self.estimated),
            "world": dict(self.world),
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Start:
        """Parse the output of `as_plain`; raises KeyError, TypeError or ValueError for anything else."""
        if not isinstance(data["world"], dict) or not isinstance(data["scanned"], bool):
            raise TypeError("start")
        return cls(
            LoggedSetup.from_plain(data["setup" if "setup" in data else "cell"]),  # "cell" up to version 0.4
            data["world"],
            tuple(RobotPlace.from_plain(one) for one in data["robots"]),
            data["scanned"],
            tuple(map(str, data["estimated"])),
        )


def _damaged(key: str) -> InputError:
    return InputError("damaged configuration, or of another version of the twin", key=f"branch.start.{key}")


def _finite(values: Any) -> np.ndarray:
    array = np.asarray(values)
    if not all(map(math.isfinite, array.reshape(-1).tolist())):
        raise ValueError("not finite")
    return array
