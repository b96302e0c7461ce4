"""A log's clock: where it stood, jumped, or was set, and what its times become.

Lines come in runs between breaks. A break is a step back by more than `reorder_s`, or ahead by more than `jump_s`:

- a short run that the next one leaves again for where the one before it ended: stray lines, left out;
- ahead, and later back by about as much: the clock was wrong in between, and those lines are moved back;
- back without that: the clock was set back, and the time from there on goes on from where it was, until a step ahead
  takes that back again (the end of daylight saving repeats an hour, and the zone's offset takes it back);
- ahead and never back: nothing was recorded for that long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.errors import InputError

STRAY_ROWS = 5
"""At most so many lines in a row may be strays; more are a clock that was set."""
SAME_SHARE, SAME_S = 0.02, 3.0
"""Two jumps are of the same size when they differ by no more than this share of it or this time."""
MOST_BREAKS = 20_000


@dataclass(frozen=True)
class Jump:
    """Something about the clock that is told: `t_ns` as the log writes it, `by_s` how far it jumped."""

    kind: str  # "set_back", "ran_ahead", "put_right", "stray", "gap"
    row: int
    t_ns: int
    by_s: float
    rows: int = 0


@dataclass
class Plan:
    """What is done to the times: row `starts[i]` on is moved by `offsets_ns[i]`, or left out where `drop[i]`."""

    starts: np.ndarray
    offsets_ns: np.ndarray
    drop: np.ndarray
    jumps: list[Jump] = field(default_factory=list)

    def apply(self, rows: np.ndarray, t_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Corrected times (K,) of lines number `rows` (K,), and which of them stay (K,)."""
        if len(self.starts) == 1 and not self.drop[0] and self.offsets_ns[0] == 0:
            return t_ns, np.ones(len(t_ns), bool)
        run = np.searchsorted(self.starts, rows, side="right") - 1
        return t_ns + self.offsets_ns[run], ~self.drop[run]


@dataclass
class _Run:
    row: int
    first_ns: int
    last_ns: int
    high_ns: int
    rows: int


class ClockWatch:
    """Looks at the times of a log as they are read, and knows at the end what to do with them."""

    def __init__(self, reorder_s: float, jump_s: float, file: object = None) -> None:
        self._back_ns, self._ahead_ns = round(reorder_s * 1e9), round(jump_s * 1e9)
        self._runs: list[_Run] = []
        self._row = 0
        self._steps: list[np.ndarray] = []
        self._file = file
        self._started: int | None = None

    def feed(self, t_ns: np.ndarray) -> None:
        """The next lines' times (K,)."""
        if not len(t_ns):
            return
        if self._runs:
            before = self._runs[-1]
            joined = np.concatenate(([before.last_ns], t_ns))
        else:
            joined = np.concatenate(([t_ns[0]], t_ns))
        # against the highest time of its run so far, not the line before: lines within `reorder_s` may be in disorder
        steps = np.diff(joined)
        if len(self._steps) < 64:
            self._steps.append(steps[steps > 0][:1000])
        breaks = np.flatnonzero((steps < -self._back_ns) | (steps > self._ahead_ns))
        edges = [0, *breaks.tolist(), len(t_ns)] if not len(breaks) or breaks[0] != 0 else [*breaks.tolist(), len(t_ns)]
        for i, (a, b) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
            part = t_ns[a:b]
            goes_on = i == 0 and self._runs and (not len(breaks) or breaks[0] != 0)
            if goes_on:
                run = self._runs[-1]
                run.last_ns, run.high_ns = int(part[-1]), max(run.high_ns, int(part.max()))
                run.rows += len(part)
            else:
                row = self._row + a
                self._runs.append(_Run(row, int(part[0]), int(part[-1]), int(part.max()), len(part)))
        self._row += len(t_ns)
        if len(self._runs) > MOST_BREAKS:
            raise InputError(
                f"its times jump {len(self._runs)} times in the first {self._row} lines: not in any order of time",
                file=str(self._file) if self._file is not None else None,
                allowed="lines in order of time, or cleaning.reorder_s as long as they are out of it",
            )

    @property
    def period_ns(self) -> int:
        """The usual time from one line to the next."""
        steps = np.concatenate(self._steps) if self._steps else np.empty(0, np.int64)
        return int(np.median(steps)) if len(steps) else 0

    def plan(self) -> Plan:
        """What to do with the times, once all of them were fed."""
        runs, jumps = self._runs, []
        if not runs:
            return Plan(np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, bool))
        offsets, drop = [0] * len(runs), [False] * len(runs)
        period = self.period_ns
        offset, now = 0, runs[0].high_ns
        ahead: list[tuple[int, int]] = []  # runs that stepped ahead and may have to be moved back: (run, by)
        for i in range(1, len(runs)):
            run = runs[i]
            step = run.first_ns + offset - now
            if self._is_stray(runs, i, now, offset):
                drop[i] = True
                jumps.append(Jump("stray", run.row, run.first_ns, step * 1e-9, run.rows))
                continue
            if step > self._ahead_ns:
                if offset and _same(step, offset):
                    # the clock says again what it said before it was set back
                    jumps.append(Jump("put_right", run.row, run.first_ns, step * 1e-9))
                    offset = 0
                else:
                    ahead.append((i, step - period))
                    jumps.append(Jump("gap", run.row, run.first_ns, step * 1e-9))
            elif step < -self._back_ns:
                wrong = next((k for k in reversed(range(len(ahead))) if _same(ahead[k][1], -step)), None)
                if wrong is not None:
                    begin, by = ahead[wrong]
                    ahead = ahead[:wrong]
                    for k in range(begin, i):
                        offsets[k] -= by
                    jumps = [j for j in jumps if not (j.kind == "gap" and j.row == runs[begin].row)]
                    lines = sum(r.rows for r in runs[begin:i])
                    jumps.append(Jump("ran_ahead", runs[begin].row, runs[begin].first_ns, by * 1e-9, lines))
                    now = max(runs[k].high_ns + offsets[k] for k in range(i) if not drop[k])
                    if run.first_ns + offset - now < -self._back_ns:
                        offset += now + period - (run.first_ns + offset)
                else:
                    offset += period - step
                    jumps.append(Jump("set_back", run.row, run.first_ns, step * 1e-9))
            offsets[i] = offset
            now = max(now, run.high_ns + offset)
        starts = np.array([run.row for run in runs], np.int64)
        return Plan(starts, np.array(offsets, np.int64), np.array(drop), sorted(jumps, key=lambda j: j.row))

    def _is_stray(self, runs: list[_Run], i: int, now: int, offset: int) -> bool:
        """Whether run `i` is a few lines from elsewhere between two that belong together."""
        if runs[i].rows > STRAY_ROWS or i + 1 >= len(runs):
            return False
        back = runs[i + 1].first_ns + offset - now
        return -self._back_ns <= back <= self._ahead_ns


def _same(a: int, b: int) -> bool:
    return abs(a - b) <= max(SAME_SHARE * abs(a), SAME_S * 1e9)
