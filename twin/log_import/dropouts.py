"""Lone values of bad quality in a log of changes: a single missing reading, not the end of the value.

A historian that stores a point only when it changes writes none after a dropout while the value is constant. If the
values before and after lone bad lines agree within its dead band, the value was constant; else it is unknown between.
"""

from __future__ import annotations

import numpy as np

FEW_LINES, MAX_LINES, APART_NS = 2, 1000, 1_000_000_000
"""At most this many consecutive lines are dropouts; more only if they are this far apart: a failed sensor repeats."""
MAX_DROPOUTS, MAX_STEPS = 100_000, 20_000
DEAD_BANDS, MIN_STEP = 3.0, 10.0
"""Values agree within this many times the step that this percentage of a signal's steps stay below."""


class DropoutWatch:
    """Collects a column's values in time order, infinite for bad quality."""

    def __init__(self) -> None:
        self._before = np.nan
        self._open: list[int] = []
        self._found: list[tuple[list[int], float]] = []
        self._steps: list[np.ndarray] = []
        self._kept = 0

    def feed(self, t_ns: np.ndarray, values: np.ndarray) -> None:
        """Add the next values (K,) at their times (K,); NaN for a line without a value."""
        given = ~np.isnan(values)
        t_ns, values = t_ns[given], values[given]
        good = np.isfinite(values)
        known = values[good]
        if self._kept < MAX_STEPS and len(known) > 1:
            steps = np.abs(np.diff(known))
            self._steps.append(steps[steps > 0.0][:MAX_STEPS])
            self._kept += len(self._steps[-1])
        if good.all() and not self._open:
            self._before = float(known[-1]) if len(known) else self._before
            return
        at = 0
        for edge in [*(np.flatnonzero(np.diff(good)) + 1).tolist(), len(values)]:
            self._take(t_ns[at:edge], values[at:edge], bool(good[at]))
            at = edge

    def _take(self, t_ns: np.ndarray, values: np.ndarray, good: bool) -> None:
        if not good:
            self._open += t_ns[: MAX_LINES + 1 - len(self._open)].tolist()
            return
        few = len(self._open) <= FEW_LINES or np.median(np.diff(self._open)) >= APART_NS
        if 0 < len(self._open) <= MAX_LINES and few and len(self._found) < MAX_DROPOUTS:
            self._found.append((self._open, abs(float(values[0]) - self._before)))
        self._open, self._before = [], float(values[-1])

    def times(self) -> np.ndarray:
        """(N,) times at which the value was constant although its quality was bad, ascending."""
        steps = np.concatenate(self._steps or [np.empty(0)])
        if not len(steps) or not self._found:
            return np.empty(0, np.int64)
        most = DEAD_BANDS * float(np.percentile(steps, MIN_STEP))
        return np.array(sorted(t for times, apart in self._found if apart <= most for t in times), np.int64)
