"""Verification: a recording's commands run again on a new plant, and every recorded bit compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from twin.errors import InputError
from twin.recorded import commands
from twin.recorded.configuration import Configuration, software_versions
from twin.recorded.sampling import Sampler
from twin.recording import Recording, open_recording

FRAME_PARTS = ("x_m", "y_m", "z_m", "qx", "qy", "qz", "qw")
END_SLACK_S = 10.0
"""A swap's end may come this long after its last sample, not later: else the end is damaged."""


class Difference(NamedTuple):
    """The first place where the re-run is not the recording."""

    t_s: float
    channel: str
    recorded: float | str
    rerun: float | str


@dataclass
class Verification:
    """What verification found."""

    recording: str
    outcome: str
    complete: bool
    samples: int = 0
    values: int = 0
    commands: int = 0
    duration_s: float = 0.0
    end_state_sha256: str = ""
    rerun_sha256: str = ""
    first_difference: Difference | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return self.first_difference is None

    def as_json(self) -> dict[str, Any]:
        """The JSON object of `swaptwin verify`."""
        difference = self.first_difference
        return {
            "recording": self.recording,
            "verified": self.verified,
            "outcome": self.outcome,
            "complete": self.complete,
            "duration_s": self.duration_s,
            "samples": self.samples,
            "values_compared": self.values,
            "commands": self.commands,
            "end_state_sha256": self.end_state_sha256 or None,
            "rerun_sha256": self.rerun_sha256 or None,
            "first_difference": None if difference is None else _finite(difference._asdict()),
            "warnings": self.warnings,
        }


class _Command(NamedTuple):
    tick: int
    scans: int
    robot: int
    record: np.ndarray


class _Compare:
    """Compares each sample of the re-run with the recorded one."""

    def __init__(self, recording: Recording, sampler: Sampler, tick_hz: float) -> None:
        self._sampler, self._tick_hz = sampler, tick_hz
        header = recording.header
        names = [f"{frame}/{part}" for frame in header.frame_names for part in FRAME_PARTS]
        self._names = (names, list(header.channels), list(header.sensors))
        frames, states, sensors = recording.frames(), recording.states(), recording.sensors()
        count = len(states.t_s)
        if not len(frames.t_s) == len(sensors.t_s) == count:
            raise InputError(
                "damaged recording: states, frames and sensors do not belong together", file=recording.path
            )
        if not count:
            raise InputError("cut off before anything was recorded", file=recording.path)
        self.t_s = states.t_s
        self.ticks = np.rint(states.t_s * tick_hz).astype(np.int64)
        if not np.array_equal(self.ticks / tick_hz, states.t_s):
            raise InputError("not recorded at the ticks of its own clock", file=recording.path)
        self._recorded = (frames.values.reshape(count, -1), states.values, sensors.values)
        self.done = 0
        self.first: Difference | None = None

    def __call__(self, plant: Any) -> None:
        tick, k = int(plant.worlds["tick"][0]), self.done
        if self.first is not None:
            return
        if k >= len(self.ticks):
            self.first = Difference(tick / self._tick_hz, "samples", "no more", "one more")
            return
        if tick != self.ticks[k]:
            self.first = Difference(
                tick / self._tick_hz, "time of the sample", float(self.t_s[k]), tick / self._tick_hz
            )
            return
        self.done += 1
        for names, recorded, now in zip(self._names, self._recorded, self._sampler.read(), strict=True):
            row, flat = recorded[k], now.reshape(-1)
            if np.array_equal(row.view(np.int64), flat.view(np.int64)):
                continue
            wrong = (row.view(np.int64) != flat.view(np.int64)) & ~(np.isnan(row) & ~np.isfinite(flat))
            if wrong.any():  # JSON has one word, null, for all that is not finite
                i = int(np.argmax(wrong))
                self.first = Difference(float(self.t_s[k]), names[i], float(row[i]), float(flat[i]))
                return


def verify(path: str | Path, *, on_progress: Callable[[float, float], None] | None = None) -> Verification:
    """Run a recording's commands again and compare.

    Args:
        path: the recording.
        on_progress: called with (simulated time, end) now and then.

    Raises:
        InputError: where it is no recording of a swap or an insertion that this version can run.
    """
    with open_recording(path) as recording:
        return _verify(recording, on_progress)


def _verify(recording: Recording, on_progress: Callable[[float, float], None] | None) -> Verification:
    header, path = recording.header, recording.path
    if header.source != "twin":
        raise InputError(
            "not the twin's own recording, so there are no commands to re-run",
            file=path,
            key="source",
            value=header.source,
            allowed="twin",
        )
    configuration = Configuration.from_plain(header.configuration, path)
    if header.seed != configuration.cell.seed:
        raise InputError(
            "damaged recording: two different seeds", file=path, value=(header.seed, configuration.cell.seed)
        )
    physics_hz = configuration.cell.station.rates.physics_hz
    if header.tick_hz != physics_hz:
        raise InputError("damaged recording: tick_hz is not its station's", file=path, value=header.tick_hz)
    report = Verification(str(path), recording.outcome, recording.complete, end_state_sha256=recording.end_state_sha256)
    report.warnings = _version_warnings(dict(header.versions))

    try:
        twin = configuration.new_twin()
    except InputError as error:
        raise InputError(f"its configuration is refused: {error}", file=path) from None
    plant = twin.plant
    try:
        sampler = Sampler(twin.cell, plant.worlds, plant.params)
        _check_names(recording, sampler)
        compare = _Compare(recording, sampler, physics_hz)
        issued = _commands(recording)
        last_tick = int(compare.ticks[-1])
        end = _end(recording, last_tick, physics_hz)
        _run(plant, issued, end or (last_tick, -1), compare, path, physics_hz, on_progress)
        report.samples, report.first_difference = compare.done, compare.first
        report.values = compare.done * (7 * len(header.frames) + len(header.channels) + len(header.sensors))
        report.commands = len(issued)
        report.duration_s = float(compare.t_s[-1])
        if compare.first is None and compare.done < len(compare.ticks):
            t_s = float(compare.t_s[compare.done])
            report.first_difference = Difference(t_s, "samples", "recorded", "not reached")
        if end is not None and report.first_difference is None:
            report.rerun_sha256 = plant.state_sha256()
            if report.rerun_sha256 != report.end_state_sha256:
                report.first_difference = Difference(
                    end[0] / physics_hz, "end state (sha256)", report.end_state_sha256, report.rerun_sha256
                )
        return report
    finally:
        plant.close()


def _run(
    plant: Any,
    issued: list[_Command],
    end: tuple[int, int],
    compare: _Compare,
    path: Path,
    tick_hz: float,
    on_progress: Callable[[float, float], None] | None,
) -> None:
    """Scan, issue, step, as the sequence made the plant do it."""
    world, robots = plant.worlds, int(plant.params["robots"][0])
    plant.observer = compare
    queue, k = issued, 0
    zero = np.zeros(1, np.int64)

    def issue() -> None:
        nonlocal k
        tick, scans = int(world["tick"][0]), int(world["scans"][0])
        while k < len(queue) and (queue[k].tick, queue[k].scans) <= (tick, scans):
            command = queue[k]
            if (command.tick, command.scans) != (tick, scans) or not 0 <= command.robot < robots:
                raise InputError("damaged recording: a command that no scan could have issued", file=path)
            plant.issue(zero, np.array([command.robot]), command.record[None])
            k += 1

    while compare.first is None:
        issue()
        if int(world["tick"][0]) == end[0] and (end[1] == int(world["scans"][0])):
            return
        plant.scan()
        issue()
        tick = int(world["tick"][0])
        if tick >= end[0] and (end[1] < 0 or end[1] == int(world["scans"][0])):
            return
        if tick > end[0]:
            raise InputError("damaged recording: its end is not at a scan", file=path)
        plant.step()
        if on_progress is not None and tick % 50 == 0:
            on_progress(tick / tick_hz, end[0] / tick_hz)


def _commands(recording: Recording) -> list[_Command]:
    path = recording.path
    issued = []
    for entry in recording.commands():
        command = entry.get("command")
        if not isinstance(command, dict) or not isinstance(command.get("fields"), dict):
            raise InputError("damaged command", file=path, value=command)
        numbers = (entry.get("tick"), command.get("scans"), command.get("robot"))
        if not all(type(number) is int for number in numbers):
            raise InputError("damaged command", file=path, key="tick, scans, robot", value=numbers)
        tick, scans, robot = (int(str(number)) for number in numbers)
        issued.append(_Command(tick, scans, robot, commands.from_plain(command["fields"], path)))
    return issued


def _end(recording: Recording, last_tick: int, physics_hz: int) -> tuple[int, int] | None:
    """(tick, scans) at which the swap ended; None for one that was cut off."""
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


def _check_names(recording: Recording, sampler: Sampler) -> None:
    header = recording.header
    for kind, recorded, here in (
        ("frames", header.frames, sampler.frames),
        ("channels", header.channels, sampler.channel_names),
        ("sensors", header.sensors, sampler.sensor_names),
    ):
        if recorded != here:
            unlike = sorted({str(name) for name in set(recorded) ^ set(here)})
            raise InputError(
                "made by another version of the twin, which recorded other things",
                file=recording.path,
                key=kind,
                value=", ".join(unlike) or "another order",
            )


def _version_warnings(recorded: dict[str, str]) -> list[str]:
    here = software_versions()
    return [
        f"made with {name} {recorded.get(name, 'unknown')}, here is {here[name]}: bits may differ"
        for name in here
        if recorded.get(name) != here[name]
    ]


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """NaN and infinity as words: JSON has neither."""
    return {
        key: str(value) if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in values.items()
    }
