"""Verification: reruns a recording's commands on a new plant and compares every recorded bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from twin.errors import InputError
from twin.recording import Recording, open_recording
from twin.recording.docking.rerun import DockingRerun
from twin.recording.mcap.header import DOCKING
from twin.recording.swap.compare import AnySampler, Compare, Difference, NotFinite, check_names
from twin.recording.swap.swap_rerun import SwapRerun
from twin.recording.swap.versions import unlike_versions


@dataclass
class Verification:
    """Result of a verification."""

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
    not_finite: NotFinite | None = None
    """A state that is not finite is not rerun."""
    warnings: list[str] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return self.first_difference is None and self.not_finite is None

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
            "not_finite": None if self.not_finite is None else self.not_finite._asdict(),
            "first_difference": None if difference is None else _finite(difference._asdict()),
            "warnings": self.warnings,
        }


class Rerun(Protocol):
    """Interface of a rerun, for each kind of recording."""

    @property
    def seed(self) -> int: ...
    @property
    def tick_hz(self) -> float: ...
    @property
    def versions(self) -> Mapping[str, str]: ...
    @property
    def issued(self) -> Sequence[object]: ...
    @property
    def end_tick(self) -> int | None: ...
    def begin(self) -> AnySampler: ...
    def read(self, last_tick: int) -> None: ...
    def run(self, compare: Compare, on_progress: Callable[[float, float], None] | None) -> None: ...
    def state_sha256(self) -> str: ...
    def close(self) -> None: ...


def verify(path: str | Path, *, on_progress: Callable[[float, float], None] | None = None) -> Verification:
    """Rerun a recording's commands and compare.

    Args:
        path: the recording.
        on_progress: called periodically with (simulated time, end).

    Raises:
        InputError: not a recording of a swap, an insertion or a drive into the bay that this version can run.
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
    again: Rerun
    again = DockingRerun(recording) if header.configuration.get("kind") == DOCKING else SwapRerun(recording)
    if header.seed != again.seed:
        raise InputError("damaged recording: two different seeds", file=path, value=(header.seed, again.seed))
    if header.tick_hz != again.tick_hz:
        raise InputError("damaged recording: tick_hz is not its station's", file=path, value=header.tick_hz)
    report = Verification(str(path), recording.outcome, recording.complete, end_state_sha256=recording.end_state_sha256)
    report.warnings = [
        f"made with {unlike}: bits may differ" for unlike in unlike_versions(header.versions, again.versions)
    ]

    sampler = again.begin()
    try:
        check_names(recording, sampler)
        compare = Compare(recording, sampler, again.tick_hz)
        report.duration_s = float(compare.t_s[-1])
        report.not_finite = compare.not_finite()
        if report.not_finite is not None:
            return report
        again.read(compare.last_tick)
        again.run(compare, on_progress)
        report.samples, report.first_difference = compare.done, compare.first
        report.values = compare.done * (7 * len(header.frames) + len(header.channels) + len(header.sensors))
        report.commands = len(again.issued)
        if compare.first is None and compare.done < len(compare.ticks):
            t_s = float(compare.t_s[compare.done])
            report.first_difference = Difference(t_s, "samples", "recorded", "not reached")
        if again.end_tick is not None and report.first_difference is None:
            report.rerun_sha256 = again.state_sha256()
            if report.rerun_sha256 != report.end_state_sha256:
                t_s = again.end_tick / again.tick_hz
                report.first_difference = Difference(
                    t_s, "end state (sha256)", report.end_state_sha256, report.rerun_sha256
                )
        return report
    finally:
        again.close()


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """Replace NaN and infinity by words: JSON has neither."""
    return {
        key: str(value) if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in values.items()
    }
