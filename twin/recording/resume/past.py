"""Decisions in a recording up to a moment, and the check that a rerun makes the same ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from twin.errors import InputError
from twin.recording import Recording
from twin.recording.swap import commands as plain_commands
from twin.recording.swap.compare import Compare, check_names
from twin.recording.swap.sampling import Sampler
from twin.recording.swap.versions import unlike_versions
from twin.records import FOLLOW_NOT, FOLLOW_ON
from twin.runner.single import Runner
from twin.sequence.program import Program
from twin.sequence.timing import row_as_plain, row_from_plain


class RecordedCommand(NamedTuple):
    """A recorded command."""

    tick: int
    scans: int
    robot: int
    step: str
    fields: dict[str, Any]


class RecordedDecision(NamedTuple):
    """A recorded answer to a robot's decision request for a phase."""

    t_s: float
    robot: int
    job: int
    phase: str
    row: np.void


class RecordedPart:
    """Everything in a recording before a tick, and its comparison with a run.

    Samples, commands and answers are compared as they come; the first difference is an InputError.
    """

    def __init__(self, recording: Recording, tick: int, tick_hz: float) -> None:
        """Read the recording; raises InputError if it is damaged."""
        self.tick, self._hz, self._path = tick, tick_hz, recording.path
        self._recording = recording
        end_s = (tick - 0.5) / tick_hz
        self.commands = self.read_commands(recording, end_s)
        self.decisions = [_answer_of(e, self._path) for e in recording.events(None, end_s) if e.get("name") == "timing"]
        self._unlike = unlike_versions(recording.header.versions)
        self._compare: Compare | None = None

    @staticmethod
    def read_commands(recording: Recording, end_s: float | None) -> list[RecordedCommand]:
        """Commands up to a time; raises InputError where they are damaged."""
        return [_given(entry, recording.path) for entry in recording.commands(None, end_s)]

    def expect(self, program: Program, sampler: Sampler) -> None:
        """From now on compare `program`, which has not run yet, with the recording; `sampler` reads its plant."""
        check_names(self._recording, sampler)
        self._compare = Compare(self._recording, sampler, self._hz, self.tick) if self.tick else None
        runner: Runner = program.runner
        self._program, self._runner = program, runner
        self._left, self._answers = deque(self.commands), deque(self.decisions)
        program.on_command = self._on_command
        runner.observer = self._on_sample

    @property
    def is_over(self) -> bool:
        """True if the run has reached the tick."""
        return int(self._runner.worlds["truth"]["tick"][0]) >= self.tick

    def check_whole(self) -> None:
        """Check that everything recorded before the tick has occurred."""
        compare = self._compare
        if compare is not None and compare.done < len(compare.ticks):
            raise self._differs(float(compare.t_s[compare.done]), "samples", "recorded", "not reached")
        for command in self._left:
            raise self._differs(command.tick / self._hz, "commands", command.step, "no command")
        for answer_given in self._answers:
            raise self._differs(answer_given.t_s, "timing", answer_given.phase, "not asked")

    def leave(self) -> None:
        """Stop comparing: the run has reached the tick. Observers of others stay."""
        if self._runner.observer == self._on_sample:
            self._runner.observer = None

    def answer(self, robot: int, job: int, phase: str) -> np.void:
        """The next recorded answer; it must be to this request."""
        if not self._answers:
            raise self._differs(self._now_s, "timing", "not asked", phase)
        given = self._answers.popleft()
        if (given.robot, given.job, given.phase) != (robot, job, phase):
            recorded, here = (f"robot {r + 1}, pack {j + 1}, {p}" for r, j, p in (given[1:4], (robot, job, phase)))
            raise self._differs(self._now_s, "timing", recorded, here)
        return given.row

    def setpoints(self) -> list[tuple[int, np.ndarray]]:
        """(robot, setpoints (4,) of its axes) of each robot that has new ones in the present scan."""
        world = self._runner.worlds[0]
        now, found = (int(world["truth"]["tick"]), int(world["sensors"]["scans"])), []
        for command in self._left:
            if (command.tick, command.scans) != now or command.fields["follow"] != FOLLOW_ON:
                break
            found.append((command.robot, np.array(command.fields["velocity"], float)))
        return found

    @property
    def _now_s(self) -> float:
        return float(self._runner.worlds["truth"]["t_s"][0])

    def _on_sample(self, runner: Runner) -> None:
        if self.is_over or self._compare is None:
            return
        self._compare(int(runner.worlds["truth"]["tick"][0]))
        if self._compare.first is not None:
            raise self._differs(*self._compare.first)

    def _on_command(self, world: int, robot: int, command: np.ndarray) -> None:
        if self.is_over:
            return
        record = self._runner.worlds[world]
        step = self._program.table[int(command["step"])].name
        now = RecordedCommand(
            int(record["truth"]["tick"]), int(record["sensors"]["scans"]), robot, step, plain_commands.as_plain(command)
        )
        if not self._left:
            raise self._differs(self._now_s, "commands", "no more", step)
        then = self._left.popleft()
        for name, recorded, here in zip(RecordedCommand._fields, then[:4], now[:4], strict=False):
            if recorded != here:
                raise self._differs(self._now_s, f"command {step}, its {name}", recorded, here)
        for name, here in now.fields.items():
            # a step's number may differ in a recording of another version, its name does not
            if name != "step" and then.fields.get(name) != here:
                raise self._differs(self._now_s, f"command {step}, {name}", then.fields.get(name), here)

    def _differs(self, t_s: float, channel: str, recorded: object, here: object) -> InputError:
        made = f"; made with {self._unlike[0]}" if self._unlike else ""
        return InputError(
            f"the rerun differs from {t_s:.3f} s on, so the swap cannot continue: "
            f"{channel}: recorded {recorded!r}, here {here!r}{made}",
            file=self._path,
        )


def follows_setpoints(command: RecordedCommand) -> bool:
    """True if a command belongs to an insertion under setpoints."""
    return bool(command.fields["follow"] != FOLLOW_NOT)


def same_row(one: np.void | np.ndarray, other: np.void | np.ndarray) -> bool:
    """True if two TIMING records are equal; NaN frequencies are equal."""
    return row_as_plain(one) == row_as_plain(other)


def _given(entry: Mapping[str, Any], path: Path) -> RecordedCommand:
    tick, scans, robot, fields = plain_commands.place_of(entry, path)
    plain_commands.from_plain(fields, path)  # raises for an invalid one
    return RecordedCommand(tick, scans, robot, str(entry["command"].get("step")), fields)


def _answer_of(event: Mapping[str, Any], path: Path) -> RecordedDecision:
    try:
        row = row_from_plain(event["timing"])
        return RecordedDecision(float(event["t_s"]), int(event["robot"]), int(event["job"]), str(event["phase"]), row)
    except (KeyError, TypeError, ValueError):
        raise InputError("damaged event", file=path, key="timing", value=event) from None
