"""Rerun of the commands of a swap, or of an insertion from hover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from twin.errors import InputError
from twin.recording import Recording
from twin.recording.swap import commands
from twin.recording.swap.compare import Compare
from twin.recording.swap.configuration import Configuration
from twin.recording.swap.sampling import Sampler
from twin.recording.swap.versions import software_versions

END_SLACK_S = 10.0
"""A swap may end at most this long after its last sample; otherwise the end is damaged."""


class _Command(NamedTuple):
    tick: int
    scans: int
    robot: int
    record: np.ndarray


class SwapRerun:
    """Rerun of a recorded swap or insertion: `begin`, `read`, `run`, then `close`.

    Raises:
        InputError: a configuration that this version cannot run.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording, self._path = recording, recording.path
        self._configuration = Configuration.from_plain(recording.header.configuration, recording.path)
        self.seed = self._configuration.setup.seed
        self.tick_hz = float(self._configuration.setup.station.rates.physics_hz)
        self.versions = software_versions()
        self.issued: list[_Command] = []
        self._end: tuple[int, int] | None = None

    def begin(self) -> Sampler:
        """Build the plant and return the sampler.

        Raises:
            InputError: a configuration that the twin refuses.
        """
        try:
            self._twin = self._configuration.new_twin()
        except InputError as error:
            raise InputError(f"its configuration is refused: {error}", file=self._path) from None
        self._runner: Any = self._twin.runner
        recorded = self._recording.header.channels
        return Sampler(self._twin.setup, self._runner.worlds, self._runner.params, recorded)

    def read(self, last_tick: int) -> None:
        """Read the commands and the end; raises InputError where they are damaged."""
        self.issued = _commands(self._recording)
        self._end = _end(self._recording, last_tick, self.tick_hz)

    @property
    def end_tick(self) -> int | None:
        """Tick of the recording's end; None for an interrupted one."""
        return None if self._end is None else self._end[0]

    def run(self, compare: Compare, on_progress: Callable[[float, float], None] | None) -> None:
        """Scan, issue and step in the recorded order."""
        runner, end = self._runner, self._end or (compare.last_tick, -1)
        world, robots = runner.worlds, int(runner.params["robots"][0])
        runner.observer = lambda runner: compare(int(runner.worlds["truth"]["tick"][0]))
        queue, k = self.issued, 0
        scan_ticks = int(runner.params["scan_ticks"][0])
        zero = np.zeros(1, np.int64)

        def issue() -> None:
            nonlocal k
            tick, scans = int(world["truth"]["tick"][0]), int(world["sensors"]["scans"][0])
            while k < len(queue) and (queue[k].tick, queue[k].scans) <= (tick, scans):
                command = queue[k]
                if (command.tick, command.scans) != (tick, scans) or not 0 <= command.robot < robots:
                    raise InputError("damaged recording: a command that no scan could have issued", file=self._path)
                runner.issue(zero, np.array([command.robot]), command.record[None])
                k += 1

        while compare.first is None:
            issue()
            if int(world["truth"]["tick"][0]) == end[0] and (end[1] == int(world["sensors"]["scans"][0])):
                return
            runner.scan()
            issue()
            tick = int(world["truth"]["tick"][0])
            if tick >= end[0] and (end[1] < 0 or end[1] == int(world["sensors"]["scans"][0])):
                return
            if tick > end[0]:
                raise InputError("damaged recording: its end is not at a scan", file=self._path)
            ahead = scan_ticks - tick % scan_ticks
            runner.step(min(ahead, end[0] - tick) if end[0] > tick else ahead)
            if on_progress is not None and tick % 50 == 0:
                on_progress(tick / self.tick_hz, end[0] / self.tick_hz)

    def state_sha256(self) -> str:
        """Hash of the plant's state, as at the recording's end."""
        sha256: str = self._runner.state_sha256()
        return sha256

    def close(self) -> None:
        """Free the plant."""
        self._runner.close()


def _commands(recording: Recording) -> list[_Command]:
    path = recording.path
    issued = []
    for entry in recording.commands():
        tick, scans, robot, fields = commands.place_of(entry, path)
        issued.append(_Command(tick, scans, robot, commands.from_plain(fields, path)))
    return issued


def _end(recording: Recording, last_tick: int, physics_hz: float) -> tuple[int, int] | None:
    """(tick, scans) at which the swap ended; None for an interrupted one."""
    if not recording.complete or not recording.end_state_sha256:
        return None
    end = recording.summary.get("end")
    numbers = (end.get("tick"), end.get("scans")) if isinstance(end, dict) else (None, None)
    tick, scans = numbers
    if type(tick) is not int or type(scans) is not int:
        raise InputError("damaged recording: its end is missing", file=recording.path, key="end", value=end)
    if not last_tick <= tick <= last_tick + END_SLACK_S * physics_hz:
        raise InputError("damaged recording: its end is not at its last sample", file=recording.path, value=tick)
    return tick, scans
