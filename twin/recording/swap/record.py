"""Recording of a swap, or of an insertion from hover, while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.recording import Header, Recorder
from twin.recording.swap import commands
from twin.recording.swap.configuration import Configuration
from twin.recording.swap.ending import Recording
from twin.recording.swap.sampling import Sampler
from twin.recording.swap.scene import entities_of
from twin.recording.swap.story import first_line, last_line
from twin.recording.swap.versions import software_versions
from twin.runner.single import Runner

if TYPE_CHECKING:
    from twin.alignment.result import AlignmentResult
    from twin.recording.swap.configuration import Twin
    from twin.result import SwapResult
    from twin.sequence.program import PhaseSpan

EVENT_LEVELS = {
    "trip": "error",
    "retry": "warning",
    "repark": "warning",
    "fault": "warning",
    "fault_never_acted": "warning",
    "policy_differs": "warning",
}
GOOD_OUTCOMES = ("completed", "part_completed", "seated", "interrupted")
"""Of a swap, of an episode that plays a part of one, of an insertion; an interruption is no fault of the station."""


def header_of(configuration: Configuration, sampler: Sampler) -> Header:
    """The header of a recording."""
    return Header(
        frames=sampler.frames,
        channels=sampler.channel_names,
        sensors=sampler.sensor_names,
        configuration=configuration.as_plain(),
        seed=configuration.setup.seed,
        versions=software_versions(),
        tick_hz=float(configuration.setup.station.rates.physics_hz),
    )


class SwapRecorder(Recording):
    """Observes a twin's plant and program and records them; a context manager around its run.

    The twin is a SwapTwin or an AlignmentTwin. After an exception, or without `finish`, the recording ends as
    "interrupted".
    """

    def __init__(self, path: str | Path, twin: Twin) -> None:
        """Check the path and begin the file; `twin` must not have run yet."""
        self._runner, self._program, self._setup = twin.runner, twin.program, twin.setup
        self._sampler = Sampler(twin.setup, self._runner.worlds, self._runner.params)
        self.path = Path(path)
        self._recorder = Recorder(path, header_of(Configuration.of(twin), self._sampler))
        begin_s = float(self._runner.worlds["truth"]["t_s"][0])  # not 0 if the swap begins in the middle
        self._recorder.scene(begin_s, entities_of(twin.setup))
        self._times = twin.setup.station.times
        self._violations = np.zeros(8, np.int64)
        self._violation = self._runner.worlds["monitor"]["violation"][0]
        self._open: dict[int, PhaseSpan] = {}
        self._runner.observer = _both(self._runner.observer, self._observe)
        self._program.on_phase = _both(self._program.on_phase, self._phase)
        self._program.on_event = _both(self._program.on_event, self._event)
        self._program.on_command = _both(self._program.on_command, self._command)
        self._program.on_note = _both(self._program.on_note, self._note)
        self._log(begin_s, "begin", first_line(twin))

    def finish(self, result: SwapResult | AlignmentResult) -> None:
        """Write the outcome and close the file."""
        world = self._runner.worlds[0]
        for robot in list(self._open):
            self._phase_ended(robot)
        self._note_violations()
        if result.outcome in GOOD_OUTCOMES:
            self._log(float(world["truth"]["t_s"]), "result", last_line(result))
        end = {"tick": int(world["truth"]["tick"]), "scans": int(world["sensors"]["scans"])}
        plain = {**result.as_json(), "recording": None}  # without the path: the same swap gives the same bytes
        self._recorder.close(result.outcome, result.end_state_sha256, {"end": end, "result": plain})

    def _observe(self, runner: Runner) -> None:
        frames, channels, sensors = self._sampler.read()
        world = runner.worlds
        t_s, tick = world["truth"]["t_s"][0].item(), world["truth"]["tick"][0].item()
        self._recorder.state(t_s, frames, channels, tick=tick)
        self._recorder.sensors(t_s, sensors, tick=tick)
        if self._violation.any():
            self._note_violations()
        for robot, span in list(self._open.items()):
            if span.end_s > span.start_s:
                self._phase_ended(robot)

    def _note_violations(self) -> None:
        """Record one entry per invariant when it is first violated; counts are in the state."""
        from twin.result import violations_of

        for violation in violations_of(self._runner.worlds[0], self._setup):
            number = violation["invariant"]
            if not self._violations[number]:
                self._violations[number] = 1
                text = f"invariant {number}: {violation['message']}"
                self._recorder.violation(
                    violation["t_s"], {**violation, "name": f"invariant {number}", "message": text}
                )

    def _phase(self, world: int, span: PhaseSpan) -> None:
        self._phase_ended(span.robot)
        self._open[span.robot] = span
        self._log(span.start_s, span.name, f"robot {span.robot + 1}: {span.name} begins, pack {span.job + 1}")
        self._recorder.phase(span.start_s, {"name": span.name, "state": "start", "robot": span.robot, "job": span.job})

    def _phase_ended(self, robot: int) -> None:
        from twin.result import end_of

        span = self._open.pop(robot, None)
        if span is not None:
            entry = {"name": span.name, "state": "end", "robot": robot, "job": span.job, "start_s": span.start_s}
            end_s = max(end_of(span, self._times), span.start_s)
            entry["end_s"] = end_s
            self._recorder.phase(max(span.end_s, span.start_s), entry)
            self._log(
                max(span.end_s, span.start_s),
                span.name,
                f"robot {robot + 1}: {span.name} ends after {end_s - span.start_s:.2f} s",
            )

    def _event(self, world: int, event: dict[str, Any]) -> None:
        level = EVENT_LEVELS.get(event["name"], "info")
        if event["name"] == "outcome" and event["outcome"] not in GOOD_OUTCOMES:
            level = "error"
        self._recorder.event(event["t_s"], {**event, "level": level})

    def _note(self, world: int, name: str, message: str) -> None:
        self._log(float(self._runner.worlds["truth"]["t_s"][world]), name, message)

    def _log(self, t_s: float, name: str, message: str) -> None:
        self._recorder.log(t_s, message, name)

    def _command(self, world: int, robot: int, command: np.ndarray) -> None:
        record = self._runner.worlds[world]
        entry = {
            "robot": robot,
            "scans": int(record["sensors"]["scans"]),  # it came before this scan of this tick
            "step": self._program.table[int(command["step"])].name,
            "fields": commands.as_plain(command),
        }
        self._recorder.command(float(record["truth"]["t_s"]), int(record["truth"]["tick"]), entry)


def _both(first: Any, second: Any) -> Any:
    """A callback that calls both; the first may be None."""
    if first is None:
        return second

    def call(*arguments: Any) -> None:
        first(*arguments)
        second(*arguments)

    return call
