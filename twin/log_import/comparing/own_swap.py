"""The twin's own swap with the log's truck, packs and slots, and the duration of each phase in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.catalogue import TimingSet
from twin.sequence.tables import TABLES
from twin.setup.setup import SwapSetup


@dataclass(frozen=True)
class PhaseTime:
    """A phase of the log and the twin's phases that it covers; None if either has none. Seconds."""

    name: str
    covers: tuple[str, ...]
    log_s: float | None
    twin_s: float | None

    @property
    def difference_s(self) -> float | None:
        """Log minus twin."""
        return None if self.log_s is None or self.twin_s is None else self.log_s - self.twin_s


@dataclass(frozen=True)
class OwnSwap:
    """End of the twin's own swap, and the durations of its phases."""

    timing: str
    outcome: str
    mechanical_time_s: float | None
    """None if the swap did not complete."""
    phases: tuple[PhaseTime, ...]


def own_swap(setup: SwapSetup, timing: TimingSet, spans: Sequence[tuple[str, float, float]]) -> OwnSwap:
    """Run the swap on the reduced-order plant, and compare its phases with the log's `spans` (name, start, end in
    s)."""
    from twin.runner.kinds import rom_runner
    from twin.swap import SwapTwin

    twin = SwapTwin(setup, timing, make_runner=rom_runner)
    try:
        result = twin.run()
    finally:
        twin.close()
    mine: dict[str, float] = {}
    for span in result.phases:
        if span.robot == 0 and span.job == 0:
            mine[span.name] = mine.get(span.name, 0.0) + span.end_s - span.start_s
    order = list(dict.fromkeys(step.phase for step in TABLES[setup.station.kind]()))
    return OwnSwap(timing.name, result.outcome, result.figures["mechanical_time_s"], phase_times(order, mine, spans))


def phase_times(
    order: Sequence[str], mine: dict[str, float], spans: Sequence[tuple[str, float, float]]
) -> tuple[PhaseTime, ...]:
    """Phases of a log and of the twin: one of the log covers the twin's from its own name up to the log's next."""
    logged: dict[str, float] = {}
    for name, start_s, end_s in spans:
        logged[name] = logged.get(name, 0.0) + end_s - start_s
    named = [name for name in order if name in logged]
    rows = []
    for i, name in enumerate(named):
        end = order.index(named[i + 1]) if i + 1 < len(named) else order.index(name) + 1
        covers = tuple(order[order.index(name) : end])
        there = [mine[phase] for phase in covers if phase in mine]
        rows.append(PhaseTime(name, covers, logged[name], sum(there) if there else None))
    rows += [PhaseTime(name, (), logged[name], None) for name in logged if name not in order]
    return tuple(rows)
