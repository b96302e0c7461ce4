"""Rerun of the decisions of a drive into the bay."""

from __future__ import annotations

import math
from collections.abc import Callable

from twin.docking.params import STEPS_PER_CONTROL
from twin.errors import InputError
from twin.recording import Recording
from twin.recording.docking.configuration import DockingConfiguration
from twin.recording.docking.holding import TICK_HZ, Decision, hold, sample_ticks
from twin.recording.docking.record import state_sha256
from twin.recording.docking.sampling import DockingSampler
from twin.recording.swap.compare import Compare
from twin.recording.swap.versions import DOCKING_SOURCES, software_versions


class DockingRerun:
    """Rerun of a recorded drive: `begin`, `read`, `run`, then `close`.

    Raises:
        InputError: a configuration that this version cannot run.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording, self._path = recording, recording.path
        self._configuration = DockingConfiguration.from_plain(recording.header.configuration, recording.path)
        self.seed, self.tick_hz = self._configuration.seed, TICK_HZ
        self.versions = software_versions(DOCKING_SOURCES)
        self.issued: list[tuple[int, Decision]] = []
        self.end_tick: int | None = None

    def begin(self) -> DockingSampler:
        """Put the truck at its start and return the sampler.

        Raises:
            InputError: a configuration that the twin refuses.
        """
        try:
            self._plant = self._configuration.new_plant()
            setup = self._configuration.setup()
        except InputError as error:
            raise InputError(f"its configuration is refused: {error}", file=self._path) from None
        return DockingSampler(setup, self._plant, self._configuration.wheel_speed_factor)

    def read(self, last_tick: int) -> None:
        """Read the decisions and the end; raises InputError where they are damaged."""
        self.issued = [_decision(entry, self._recording) for entry in self._recording.commands()]
        for k, (tick, _) in enumerate(self.issued):
            if tick != k * STEPS_PER_CONTROL:
                raise InputError("damaged recording: a command without a decision", file=self._path)
        self.end_tick = _end(self._recording, last_tick)
        if len(self.issued) * STEPS_PER_CONTROL < last_tick:
            raise InputError("damaged recording: decisions are missing", file=self._path, value=len(self.issued))

    def run(self, compare: Compare, on_progress: Callable[[float, float], None] | None) -> None:
        """Run decision by decision, to the last recorded sample."""
        plant, until = self._plant, compare.last_tick
        ticks = sample_ticks(self._configuration.station.rates.recording_hz)
        compare(int(plant.worlds["tick"][0]))
        for tick, decision in self.issued:
            if compare.first is not None or tick >= until:
                return
            hold(
                plant,
                decision,
                ticks,
                lambda: compare(int(plant.worlds["tick"][0])),
                until_tick=until,
            )
            if on_progress is not None:
                on_progress(tick / TICK_HZ, until / TICK_HZ)

    def state_sha256(self) -> str:
        """Hash of the plant's state, as at the recording's end."""
        return state_sha256(self._plant)

    def close(self) -> None:
        """Nothing to free."""


def _decision(entry: dict[str, object], recording: Recording) -> tuple[int, Decision]:
    """Return a command's tick and its decision; a recording names the gear in reverse only."""
    command, tick = entry.get("command"), entry.get("tick")
    names = set(Decision._fields)
    if not isinstance(command, dict) or set(command) | {"gear"} != names or type(tick) is not int:
        raise InputError("damaged command", file=recording.path, value=command)
    for name, value in command.items():
        if type(value) not in (int, float) or not math.isfinite(value):
            raise InputError("damaged command", file=recording.path, key=name, value=value)
    if command.get("gear", 1.0) not in (1.0, -1.0):
        raise InputError("damaged command", file=recording.path, key="gear", value=command["gear"])
    return tick, Decision(**{name: float(value) for name, value in command.items()})


def _end(recording: Recording, last_tick: int) -> int | None:
    """Tick at which the drive ended; None for an interrupted one."""
    if not recording.complete or not recording.end_state_sha256:
        return None
    end = recording.summary.get("end")
    tick = end.get("tick") if isinstance(end, dict) else None
    if type(tick) is not int:
        raise InputError("damaged recording: its end is missing", file=recording.path, key="end", value=end)
    if tick != last_tick:
        raise InputError("damaged recording: its end is not at its last sample", file=recording.path, value=tick)
    return tick
