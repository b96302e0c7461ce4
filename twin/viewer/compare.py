"""Compares two recordings: corresponding instants, and the lead by phase.

Aligned by start, both begin their first common phase together and run at the same pace: the ghost shows the lead. A
swap that began at a moment of a log keeps that log's clock. Aligned by phase, each phase of the other is stretched to
the duration of the same phase here: the ghost shows differences in the motion. Phases correspond by robot, job, name
and occurrence of the name: a retried `insert` is the second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twin.viewer.layout import Layout
from twin.viewer.snapshot import Names, Snapshot
from twin.viewer.source import PhaseSpan, Source

ALIGNMENTS = ("start", "phase")
Key = tuple[int, int, str, int]


@dataclass(frozen=True)
class PhaseRow:
    """A phase in both recordings; durations in seconds, None if a recording lacks the phase.

    There is no difference if a trip, a failure or the recording's end cut either short. `difference_s` is other minus
    this: positive if this recording is faster.
    """

    name: str
    robot: int
    job: int
    this_s: float | None
    other_s: float | None
    difference_s: float | None


def phase_keys(spans: Sequence[PhaseSpan]) -> list[tuple[Key, PhaseSpan]]:
    """Spans in time order by (robot, job, name, number of earlier occurrences)."""
    seen: dict[tuple[int, int, str], int] = {}
    keyed = []
    for span in sorted(spans, key=lambda s: s.start_s):
        kind = (span.robot, span.job, span.name)
        seen[kind] = seen.get(kind, -1) + 1
        keyed.append(((*kind, seen[kind]), span))
    return keyed


def phase_rows(this: Sequence[PhaseSpan], other: Sequence[PhaseSpan]) -> list[PhaseRow]:
    """One row per phase of either recording, in the order of this one, the other's extra phases after them."""
    theirs = dict(phase_keys(other))
    rows: list[PhaseRow] = []
    for key, span in phase_keys(this):
        mine_s = span.end_s - span.start_s
        match = theirs.pop(key, None)
        if match is None:
            rows.append(PhaseRow(span.name, span.robot, span.job, mine_s, None, None))
            continue
        other_s = match.end_s - match.start_s
        if not (span.ended and match.ended):
            rows.append(PhaseRow(span.name, span.robot, span.job, mine_s, other_s, None))
            continue
        rows.append(PhaseRow(span.name, span.robot, span.job, mine_s, other_s, other_s - mine_s))
    rows += [PhaseRow(s.name, s.robot, s.job, None, s.end_s - s.start_s, None) for s in theirs.values()]
    return rows


def time_map(this: Source, other: Source, align: str) -> tuple[np.ndarray, np.ndarray]:
    """Knots (K,), (K,): ascending times of this recording, and the corresponding times of the other.

    Two robots work in parallel and one clock cannot follow both: the phases of the robot with the longest work set the
    knots.
    """
    if align == "start" and (_begins_in_the_middle(this) or _begins_in_the_middle(other)):
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    mine, theirs = _first_starts(this, other)
    if align == "start" or not this.phases or not other.phases:
        return np.array([mine, mine + 1.0]), np.array([theirs, theirs + 1.0])
    robot = max({span.robot for span in this.phases}, key=lambda r: _busy_s(this.phases, r))
    matches = dict(phase_keys([span for span in other.phases if span.robot == robot]))
    pairs: list[tuple[float, float]] = []
    for key, span in phase_keys([span for span in this.phases if span.robot == robot]):
        if (match := matches.get(key)) is not None:
            pairs.append((span.start_s, match.start_s))
            if span.ended and match.ended:  # a phase that was cut short has the same pace in both
                pairs.append((span.end_s, match.end_s))
    knots: list[tuple[float, float]] = []
    for at, there in pairs:  # both ascending: phases adjoin, and retries may be out of order
        if not knots or (at > knots[-1][0] + 1e-9 and there >= knots[-1][1]):
            knots.append((at, there))
    if len(knots) < 2:
        return np.array([mine, mine + 1.0]), np.array([theirs, theirs + 1.0])
    ours, others = zip(*knots, strict=True)
    return np.array(ours), np.array(others)


def _first_starts(this: Source, other: Source) -> tuple[float, float]:
    """Start of the first common phase in each: a log may begin in the middle of the work."""
    theirs = dict(phase_keys(other.phases))
    for key, span in phase_keys(this.phases):
        if key in theirs:
            return span.start_s, theirs[key].start_s
    first, second = (min((p.start_s for p in s.phases), default=s.start_s) for s in (this, other))
    return first, second


def _begins_in_the_middle(source: Source) -> bool:
    """True for a swap that began at a moment of a log: it keeps that log's clock."""
    branch = source.recording.header.configuration.get("branch")
    return isinstance(branch, dict) and "start" in branch


def _busy_s(spans: Sequence[PhaseSpan], robot: int) -> float:
    return sum(span.end_s - span.start_s for span in spans if span.robot == robot)


class Ghost:
    """A second recording shown over the first."""

    def __init__(self, this: Source, path: str | Path, align: str = "start") -> None:
        self._this = this
        self.source = Source(path)
        self.set_alignment(align)

    def set_alignment(self, align: str) -> None:
        """Set `start` or `phase`."""
        self.align = align
        self._at, self._there = time_map(self._this, self.source, align)

    def close(self) -> None:
        self.source.close()

    @property
    def label(self) -> str:
        return self.source.path.name

    @property
    def layout(self) -> Layout:
        return self.source.layout

    @property
    def names(self) -> Names:
        return self.source.names

    def time_at(self, t_s: float) -> float:
        """Time of the other at t_s of this one; outside the knots at the same pace."""
        at, there = self._at, self._there
        if t_s <= at[0]:
            other_s = there[0] + (t_s - at[0])
        elif t_s >= at[-1]:
            other_s = there[-1] + (t_s - at[-1])
        else:
            other_s = float(np.interp(t_s, at, there))
        return float(min(max(other_s, self.source.start_s), self.source.end_s))

    def snapshot_at(self, t_s: float) -> Snapshot:
        """Snapshot of the other recording at t_s of this one."""
        return self.source.snapshot(self.time_at(t_s))

    def phase_rows(self) -> list[PhaseRow]:
        """One row per phase of either."""
        return phase_rows(*self._compared())

    def total(self) -> tuple[str, float | None, float | None, float | None]:
        """("in all", this_s, other_s, other minus this): over the phases that ended in both, from first to last."""
        mine, theirs = (dict(phase_keys(spans)) for spans in self._compared())
        common = [key for key in mine if key in theirs and mine[key].ended and theirs[key].ended]
        if not common:
            return ("in all", None, None, None)
        this_s, other_s = (
            max(spans[key].end_s for key in common) - min(spans[key].start_s for key in common)
            for spans in (mine, theirs)
        )
        return ("in all", this_s, other_s, other_s - this_s)

    def _compared(self) -> tuple[Sequence[PhaseSpan], Sequence[PhaseSpan]]:
        mine, theirs = self._this.phases, self.source.phases
        if _begins_in_the_middle(self._this):  # earlier phases of the other have no counterpart
            begin_s = self._this.start_s
            theirs = tuple(replace(s, start_s=max(s.start_s, begin_s)) for s in theirs if s.end_s > begin_s)
        return mine, theirs

    def rows(self) -> list[tuple[str, float | None, float | None, float | None]]:
        """(phase, this_s, other_s, other minus this) for a table."""
        several = len({row.robot for row in self.phase_rows()}) > 1
        return [
            (f"{row.name} · {row.robot + 1}" if several else row.name, row.this_s, row.other_s, row.difference_s)
            for row in self.phase_rows()
        ]
