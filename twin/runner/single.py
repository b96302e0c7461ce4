"""`Runner`: one world of any plant, PLC scan by PLC scan, with observers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.control.logic import COMMAND_ENDED
from twin.plants.protocol import Plant
from twin.records import BUSY, NOT_SCANNED, ROBOTS, new_command
from twin.records.causes import NO_CAUSE
from twin.runner import scan as scanning

Hook = Callable[["Runner"], None]
NEVER = 1 << 60
"""A tick that no world reaches."""
ONLY = np.zeros(1, np.int64)
"""The one world of a runner that has no more."""


class Runner:
    """The loop and the clock of one world: plant, sensors, controller, monitor, observers.

    Attributes:
        plant: the physics; `worlds`, `params`, `setup`, `setups` and `name` are the plant's own.
        commands: (N, ROBOTS) COMMAND, the present ones: read them, do not write them.
        disturb: faults; called before each PLC scan.
        observer: called after the PLC scan at every recording instant (`recording_hz` of the station).
        decide: source of setpoints; called after each PLC scan.
    """

    def __init__(self, plant: Plant, *, observer: Hook | None = None) -> None:
        """Make a runner that owns `plant`, of one world."""
        self.plant, self.name = plant, plant.name
        self.setup, self.setups, self.worlds, self.params = plant.setup, plant.setups, plant.worlds, plant.params
        # carrying nothing, at no seat
        self.commands = new_command(len(self.worlds) * ROBOTS).reshape(-1, ROBOTS)
        self.observer: Hook | None = observer
        self.disturb: Hook | None = None
        self.decide: Hook | None = None
        rates = self.setup.station.rates
        self._scan_s = 1.0 / rates.plc_hz
        self._scan_ticks = rates.physics_hz // rates.plc_hz
        self._record_ticks = rates.physics_hz // rates.recording_hz
        self._physics_hz = rates.physics_hz
        self._tick = self.worlds["truth"]["tick"]
        self._scanned, self._status = self.worlds["clock"]["scanned_tick"], self.worlds["control"]["status"][0]
        self._scanned[:] = NOT_SCANNED

    def issue(self, world: np.ndarray, robot: np.ndarray, commands: np.ndarray) -> None:
        """Start `commands[k]` on `robot[k]` of `world[k]`; all arrays (K,). Takes effect in the present scan."""
        self.commands[world, robot] = commands
        which, robots = np.ascontiguousarray(world), np.ascontiguousarray(robot)
        scanning.issue_commands(self.worlds, self.params, self.commands, which, robots)

    def run(self) -> None:
        """Advance every world until one of its robots has ended its command (`status` is no longer BUSY).

        Each world runs on its own clock. A world in which no robot is busy does not advance.
        """
        self.run_to(ONLY, np.array([NEVER]))

    def run_to(self, which: np.ndarray, until: np.ndarray) -> None:
        """Like `run`, the worlds `which` (K,), each at most to its tick of `until` (K,) and that tick's scan."""
        del which  # there is one
        last = until.item()
        while not self.scan():
            tick = self._tick.item(0)
            ticks = min(self._scan_ticks - tick % self._scan_ticks, last - tick)  # nothing is decided before a scan
            if ticks <= 0 or BUSY not in self._status.tolist():
                return
            self.plant.step(ticks)

    def scan(self) -> bool:
        """Run the PLC scan of the one world if one is due. True if a robot waits for its next command."""
        tick = self._tick.item(0)
        if tick % self._scan_ticks or tick == self._scanned.item(0):
            return False
        self.plant.read()
        if self.disturb is not None:
            self.plant.wake()
            self.disturb(self)
        code = scanning.scan_world(self.worlds, self.params, self.commands, 0, self._scan_s)
        self.plant.hold(code & scanning.HOLD_CHANGED != 0)
        if self.observer is not None and tick % self._record_ticks == 0:
            self.observer(self)
        if self.decide is not None:
            self.decide(self)
        return bool(code & COMMAND_ENDED)

    def step(self, ticks: int = 1) -> None:
        """Advance the one world by physics ticks up to its next scan."""
        self.plant.step(ticks)

    def run_ticks(self, ticks: int) -> None:
        """Advance the one world by a number of ticks regardless of its robots, within its plant's domain."""
        while ticks > 0:
            self.scan()
            if self.worlds["truth"]["outside_cause"][0] != NO_CAUSE:
                return
            span = min(ticks, self._scan_ticks - self._tick.item(0) % self._scan_ticks)
            self.plant.step(span)
            ticks -= span

    def stand(self, world: int, seconds: float) -> None:
        """Advance one world by a time without any decision (after a trip)."""
        del world  # there is one
        self.run_ticks(round(seconds * self._physics_hz))

    def state_sha256(self, world: int = 0) -> str:
        """Hash of one world's physical state, to the last bit."""
        return self.plant.state_sha256(world)

    def close(self) -> None:
        """Release the plant's resources; may be called twice."""
        self.plant.close()
