"""Reports of a running sequence: phases, events, notes for a log, and the end of each world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.incident import Incident, end_of
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup

RUNNING = ""


@dataclass
class PhaseSpan:
    """Time span of a phase in one world."""

    name: str
    start_s: float
    end_s: float
    robot: int
    job: int


class SequenceReports:
    """Base of the program: `outcome`, `spans` and `events` of N worlds, and the callbacks that report them."""

    def __init__(self, runner: Runner, setup: SwapSetup) -> None:
        self.runner, self.setup = runner, setup
        n, r = len(runner.worlds), setup.station.robots.count
        self.outcome: list[str] = [RUNNING] * n
        self._alive = np.ones(n, bool)  # outcome is RUNNING
        self.spans: list[list[PhaseSpan]] = [[] for _ in range(n)]
        self.events: list[list[dict[str, Any]]] = [[] for _ in range(n)]
        self._open: list[list[PhaseSpan | None]] = [[None] * r for _ in range(n)]
        self._found: dict[tuple[int, int], Incident] = {}
        self.on_phase: Callable[[int, PhaseSpan], None] | None = None
        self.on_event: Callable[[int, dict[str, Any]], None] | None = None
        self.on_note: Callable[[int, str, str], None] | None = None
        """Called with (world, name, message) for log entries that are no events: measured poses, weights, results."""

    def incident_of(self, n: int, r: int) -> Incident:
        """Reason why the last command of robot `r` in world `n` did not end as done."""
        if (n, r) in self._found:
            return self._found[n, r]
        return end_of(self.runner.worlds[n], self.setup, r, self.runner.commands[n][r])

    def found(self, n: int, r: int, incident: Incident) -> None:
        """Store a reason found by the sequence itself: it is the swap's reason if the swap ends now."""
        self._found[n, r] = incident

    def phase_of(self, n: int, r: int) -> str:
        """Phase of robot `r` of world `n`; "" for none."""
        span = self._open[n][r]
        return span.name if span is not None else ""

    def phases_of(self, n: int) -> str:
        """The phases of all robots of world `n` in words: `store`, or `align (robot 1) and insert (robot 2)`."""
        phases = {r: phase for r in range(len(self._open[n])) if (phase := self.phase_of(n, r))}
        if len(set(phases.values())) <= 1:
            return next(iter(phases.values()), "")
        return " and ".join(f"{phase} (robot {r + 1})" for r, phase in phases.items())

    def note(self, n: int, name: str, message: str) -> None:
        """Pass a log entry that is no event to `on_note`."""
        if self.on_note is not None:
            self.on_note(n, name, message)

    def time_s(self, n: int) -> float:
        """Clock of world `n`, in s since the truck stands."""
        return float(self.runner.worlds["truth"]["t_s"][n])

    def end(self, n: int, outcome: str, detail: str) -> None:
        """End world `n` with `outcome`."""
        self._finish(n, outcome, f"{outcome}{': ' + detail if detail else ''}", {})

    def _finish(self, n: int, outcome: str, said: str, facts: Mapping[str, Any]) -> None:
        if self.outcome[n] != RUNNING:
            return
        self.outcome[n] = outcome
        self._alive[n] = False
        for r in range(len(self._open[n])):
            self.close_phase(n, r)
        self.event(n, "outcome", said, outcome=outcome, **facts)

    def event(self, n: int, name: str, message: str, **values: Any) -> None:
        """Record an event of world `n`."""
        event = {"t_s": self.time_s(n), "name": name, "message": message, **values}
        self.events[n].append(event)
        if self.on_event is not None:
            self.on_event(n, event)

    def close_phase(self, n: int, r: int) -> None:
        """End the present phase of robot `r` of world `n`."""
        span = self._open[n][r]
        if span is not None:
            span.end_s = self.time_s(n)
            self._open[n][r] = None
