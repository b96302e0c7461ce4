"""A log's clock: its stops, jumps and settings, and the corrected times.

Breaks divide the lines into runs. A break is a step back by more than `reorder_s`, or ahead by more than `jump_s`.
Smaller steps are candidates: `steps` decides from the log's values which of them were steps of the clock. Kinds of
runs:

- a few lines, after which the time continues where the run before them ended: stray lines, dropped; likewise a few
  lines at the begin or the end of the log that are days away from all others;
- ahead, and later back by about as much: the clock was wrong in between; those lines are moved back;
- back without a step ahead before: the clock was set back; the corrected time continues from there, until a step ahead
  undoes it (the end of daylight saving repeats an hour, and the zone's offset undoes it);
- ahead and never back: nothing was recorded for that long, unless the motion continued as if no time had passed: then
  the clock was set forward.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np

from twin.errors import InputError

STRAY_ROWS = 5
"""At most this many consecutive lines may be strays; more mean that the clock was set."""
SAME_SHARE, SAME_S, SAME_MOST_SHARE = 0.02, 3.0, 0.1
"""Two jumps are of the same size if they differ by at most this share of it, or by at most this time where that is at
most the last share: the clock may be set between two lines that are some time apart."""
FAR_S = 3 * 86_400.0
"""A few lines at either end of the log that are farther than this from all others are strays."""
NEARLY_ALL, MANY, EVEN = 0.9, 0.4, 0.8
MAX_BREAKS = 20_000
BACK_PERIODS, BACK_LEAST_NS = 1.5, 40_000_000
AHEAD_PERIODS, AHEAD_LEAST_NS = 5.0, 200_000_000
"""Candidate steps of the clock exceed this many usual periods and this time."""
MAX_CANDIDATES = 500
"""More candidates than this have another cause than a clock that was set."""


@dataclass(frozen=True)
class Jump:
    """An event of the clock for the report: `t_ns` as logged, `by_s` the size of the jump."""

    kind: str  # "set_back", "set_ahead", "ran_ahead", "put_right", "stray", "gap"
    row: int
    t_ns: int
    by_s: float
    rows: int = 0
    corrected_ns: int = 0
    """Time of the line in the recording."""


@dataclass
class Plan:
    """Corrections of the times: rows from `starts[i]` on are moved by `offsets_ns[i]`, or dropped if `drop[i]`."""

    starts: np.ndarray
    offsets_ns: np.ndarray
    drop: np.ndarray
    jumps: list[Jump] = field(default_factory=list)

    @classmethod
    def as_stamped(cls) -> Plan:
        """Plan without corrections."""
        return cls(np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, bool))

    def apply(self, rows: np.ndarray, t_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Corrected times (K,) of lines number `rows` (K,), and a mask (K,) of those that stay."""
        if len(self.starts) == 1 and not self.drop[0] and self.offsets_ns[0] == 0:
            return t_ns, np.ones(len(t_ns), bool)
        run = np.searchsorted(self.starts, rows, side="right") - 1
        return t_ns + self.offsets_ns[run], ~self.drop[run]


@dataclass(slots=True)
class _Run:
    row: int
    first_ns: int
    last_ns: int
    high_ns: int
    rows: int
    small: str = ""
    """`back` or `ahead` if it begins with a step that is only a candidate."""

    def take(self, last_ns: int, high_ns: int, rows: int) -> None:
        """Add rows at the end: the last time, the latest one, and their number."""
        self.last_ns, self.high_ns, self.rows = last_ns, max(self.high_ns, high_ns), self.rows + rows


@dataclass(frozen=True)
class Candidate:
    """A step of the stamps at line `row`: from `before_ns`, the latest of the run before it, to `first_ns`."""

    row: int
    before_ns: int
    first_ns: int

    @property
    def step_ns(self) -> int:
        """Size of the step; negative: back."""
        return self.first_ns - self.before_ns


class ClockWatch:
    """Collects the times of a log as they are read and plans their corrections at the end."""

    def __init__(self, reorder_s: float, jump_s: float) -> None:
        self.in_no_order = False
        self.farthest_ns = 0
        """Largest delay of a line behind the latest one before it."""
        self._high = np.iinfo(np.int64).min
        self._up = self._down = self.same = 0
        """Lines with a later, an earlier and the same stamp as the line before."""
        self._back_ns, self._ahead_ns = round(reorder_s * 1e9), round(jump_s * 1e9)
        self._runs: list[_Run] = []
        self._row = 0
        self._steps: list[np.ndarray] = []
        self._lengths: list[np.ndarray] = []
        self._candidates = {"back": 0, "ahead": 0}

    def feed(self, t_ns: np.ndarray) -> None:
        """The next lines' times (K,)."""
        if not len(t_ns):
            return
        self._up += int((t_ns[1:] > t_ns[:-1]).sum())
        self._down += int((t_ns[1:] < t_ns[:-1]).sum())
        self.same += int((t_ns[1:] == t_ns[:-1]).sum())
        highest = np.maximum(np.maximum.accumulate(t_ns), self._high)
        self.farthest_ns = max(self.farthest_ns, int((highest - t_ns).max()))
        self._high = int(highest[-1])
        if self.in_no_order:
            return
        before = self._runs[-1].last_ns if self._runs else int(t_ns[0])
        steps = np.diff(t_ns, prepend=before)
        if len(self._steps) < 64:
            self._steps.append(np.abs(steps[steps != 0][:1000]))
            self._lengths.append(np.diff(np.flatnonzero(steps[:20_000])))
        kinds = self._breaks(t_ns, steps)
        if not self._runs:
            kinds[0] = ""
        edges = sorted({0, len(t_ns), *kinds})
        for a, b in zip(edges[:-1], edges[1:], strict=True):
            part = t_ns[a:b]
            if a not in kinds:
                self._runs[-1].take(int(part[-1]), int(part.max()), len(part))
            else:
                row = self._row + a
                self._runs.append(_Run(row, int(part[0]), int(part[-1]), int(part.max()), len(part), kinds[a]))
        self._row += len(t_ns)
        if len(self._runs) > MAX_BREAKS:
            self._join_runs()

    def _breaks(self, t_ns: np.ndarray, steps: np.ndarray) -> dict[int, str]:
        """Row at which each run in these lines begins, and its kind of candidate, or "" for a large step."""
        kinds = dict.fromkeys(np.flatnonzero((steps < -self._back_ns) | (steps > self._ahead_ns)).tolist(), "")
        period = self.period_ns
        back = steps < -max(BACK_PERIODS * period, BACK_LEAST_NS)
        # a late line is followed by a line in time
        back[:-1] &= t_ns[1:] < (t_ns - steps)[:-1]
        ahead = steps > max(AHEAD_PERIODS * period, AHEAD_LEAST_NS)
        for kind, found in (("back", back), ("ahead", ahead)):
            if self._candidates[kind] > MAX_CANDIDATES:
                continue
            small = [k for k in np.flatnonzero(found).tolist() if k not in kinds]
            self._candidates[kind] += len(small)
            if self._candidates[kind] <= MAX_CANDIDATES:
                kinds |= dict.fromkeys(small, kind)
            else:
                self._runs = self._joined({run.row for run in self._runs if run.small != kind})
        return kinds

    def _joined(self, rows: set[int]) -> list[_Run]:
        """Runs that begin at `rows` or are no candidates; every other run is joined to the one before."""
        kept: list[_Run] = []
        for run in self._runs:
            if run.small and kept and run.row not in rows:
                kept[-1].take(run.last_ns, run.high_ns, run.rows)
            else:
                kept.append(replace(run))
        return kept

    def candidates(self) -> list[Candidate]:
        """Steps of the stamps that may be steps of the clock: small ones, and all steps ahead."""
        found = [
            Candidate(run.row, before.high_ns, run.first_ns)
            for before, run in zip(self._runs[:-1], self._runs[1:], strict=True)
            if run.small or run.first_ns > before.high_ns
        ]
        return found[: 4 * MAX_CANDIDATES]

    def _join_runs(self) -> None:
        """Remove the shortest pauses from the breaks: a log of changes has any number of them."""
        self._runs = self._joined(set())
        while len(self._runs) > MAX_BREAKS // 2:
            self._ahead_ns *= 2
            kept = self._runs[:1]
            for run in self._runs[1:]:
                if 0 <= run.first_ns - kept[-1].last_ns <= self._ahead_ns:
                    kept[-1].take(run.last_ns, run.high_ns, run.rows)
                else:
                    kept.append(run)
            back = sum(b.first_ns < a.last_ns for a, b in zip(kept[:-1], kept[1:], strict=True))
            self._runs = kept
            if back > MAX_BREAKS // 4:
                self.in_no_order = True
                return

    @property
    def newest_first(self) -> bool:
        """True if the lines are in reverse time order."""
        return self._down > NEARLY_ALL * (self._up + self._down) and self._down >= 10

    @property
    def lines(self) -> int:
        """Number of lines."""
        return self._up + self._down + self.same + 1

    @property
    def coarse_ns(self) -> int:
        """Rounding interval of the stamps, if many lines have the stamp of the line before; else 0."""
        if self.same < MANY * self.lines or self._up < 3:
            return 0
        steps, usual = np.concatenate(self._steps), self.period_ns
        return usual if np.mean(steps % usual == 0) >= NEARLY_ALL else int(np.gcd.reduce(steps))

    @property
    def is_even(self) -> bool:
        """True if about as many lines have each stamp."""
        lengths = np.concatenate(self._lengths or [np.empty(0, np.int64)])
        if not len(lengths):
            return False
        usual = float(np.median(lengths))
        return usual >= 2.0 and bool(np.mean(np.abs(lengths - usual) <= max(1.0, 0.2 * usual)) >= EVEN)

    def refusal(self, file: object) -> InputError:
        """The error for a log in no time order."""
        return InputError(
            f"its times go back {self._down} times and ahead {self._up} times: in no order of time",
            file=str(file),
            allowed="lines in order of time, or cleaning.reorder_s as long as they are out of it",
        )

    @property
    def period_ns(self) -> int:
        """Usual time between two lines."""
        steps = np.concatenate(self._steps) if self._steps else np.empty(0, np.int64)
        return int(np.median(steps)) if len(steps) else 0

    def plan(self, steps: Collection[int] = (), pauses: Collection[int] = ()) -> Plan:
        """Corrections of the times, after all of them were fed.

        `steps`: rows of candidates that are steps of the clock; `pauses`: rows of those that are certainly none.
        """
        sizes = {c.row: c.step_ns for c in self.candidates()}
        # a step back may be undone while nothing moves
        undone = {
            r for r, size in sizes.items() if any(sizes[s] < 0 and _same(size, -sizes[s]) for s in steps if s < r)
        }
        undone -= set(pauses)
        runs, jumps = self._joined(set(steps) | undone), []
        if not runs:
            return Plan.as_stamped()
        offsets, drop = [0] * len(runs), self._ends_far_away(runs)
        first = drop.index(False)
        for run in runs[:first]:
            jumps.append(Jump("stray", run.row, run.first_ns, (run.first_ns - runs[first].first_ns) * 1e-9, run.rows))
        period = self.period_ns
        offset, now = 0, runs[first].high_ns
        ahead: list[tuple[int, int]] = []  # runs that stepped ahead and may have to be moved back: (run, by)
        strays = 0
        for i in range(first + 1, len(runs)):
            run = runs[i]
            step = run.first_ns + offset - now
            if not strays and not drop[i] and not run.small:
                strays = self._strays(runs, i, now, offset)
            if strays or drop[i]:
                strays -= strays > 0
                drop[i] = True
                jumps.append(Jump("stray", run.row, run.first_ns, step * 1e-9, run.rows))
                continue
            if step > self._ahead_ns or run.small == "ahead" and step > 0:
                if offset > 0 and _same(step - period, offset):
                    # the clock repeats the times before it was set back
                    jumps.append(Jump("put_right", run.row, run.first_ns, (step - period) * 1e-9))
                    offset = 0
                elif run.row in steps and not self._is_taken_back(runs[i:], step - period, steps):
                    offset -= step - period
                    jumps.append(Jump("set_ahead", run.row, run.first_ns, (step - period) * 1e-9))
                elif not run.small or run.row in steps:
                    ahead.append((i, step - period))
                    jumps.append(Jump("gap", run.row, run.first_ns, step * 1e-9))
            elif step < -self._back_ns or run.small == "back" and run.row in steps:
                wrong = next((k for k in reversed(range(len(ahead))) if _same(-step, ahead[k][1])), None)
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
                    jumps.append(Jump("set_back", run.row, run.first_ns, (step - period) * 1e-9))
            offsets[i] = offset
            now = max(now, run.high_ns + offset)
        starts = np.array([run.row for run in runs], np.int64)
        moved = dict(zip(starts.tolist(), offsets, strict=True))
        jumps = [replace(jump, corrected_ns=jump.t_ns + moved[jump.row]) for jump in jumps]
        return Plan(starts, np.array(offsets, np.int64), np.array(drop), sorted(jumps, key=lambda j: j.row))

    def _is_taken_back(self, runs: list[_Run], by_ns: int, steps: Collection[int]) -> bool:
        """True if the clock, ahead by this much since the first of these runs, is later set back by as much."""
        return any(
            (after.row in steps or not after.small) and _same(before.high_ns - after.first_ns, by_ns)
            for before, after in zip(runs[:-1], runs[1:], strict=True)
        )

    def _strays(self, runs: list[_Run], i: int, now: int, offset: int) -> int:
        """Number of runs from `i` on that are a few stray lines between two runs that belong together."""
        rows = 0
        for k in range(i, len(runs) - 1):
            rows += runs[k].rows
            if rows > STRAY_ROWS:
                return 0
            if -self._back_ns <= runs[k + 1].first_ns + offset - now <= self._ahead_ns:
                return k + 1 - i
        return 0

    def _ends_far_away(self, runs: list[_Run]) -> list[bool]:
        """Mask of runs that are a few lines at the begin or the end of the log, days away from the lines beside
        them."""
        drop, far = [False] * len(runs), round(FAR_S * 1e9)
        if sum(run.rows for run in runs) < 20 * STRAY_ROWS:
            return drop
        for order in (range(len(runs)), range(len(runs) - 1, -1, -1)):
            rows = 0
            for count, (i, k) in enumerate(zip(order[:-1], order[1:], strict=True)):
                rows += runs[i].rows
                if rows > STRAY_ROWS:
                    break
                a, b = min(i, k), max(i, k)
                if abs(runs[b].first_ns - runs[a].last_ns) > far:
                    for j in order[: count + 1]:
                        drop[j] = True
        return drop


def _same(a: int, b: int) -> bool:
    return abs(a - b) <= max(SAME_SHARE * abs(a), min(SAME_S * 1e9, SAME_MOST_SHARE * abs(a)))
