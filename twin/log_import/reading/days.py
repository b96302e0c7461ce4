"""Converts times of day to seconds since 1970 by counting midnights."""

from __future__ import annotations

from datetime import date

import numpy as np

from twin.log_import.reading.zones import DAY_S

_HALF_S, _NEARLY_S = DAY_S // 2, 23 * 3600
_STRAY_ROWS = 5
"""A step over midnight that is undone within this many lines is a stray time."""


class Days:
    """Counts midnights along the lines of a log, from the day of its first line.

    A step back by more than half a day is a midnight; in a log with its newest line first, a step ahead. A step ahead
    by more than 23 h is a late line from before midnight; any other is a pause.
    """

    def __init__(self, first: date) -> None:
        self._day = first.toordinal() - date(1970, 1, 1).toordinal()
        self._last: int | None = None
        self._way = 0
        self._rows_since = _STRAY_ROWS + 1

    def unrolled(self, of_day_s: np.ndarray, ok: np.ndarray) -> np.ndarray:
        """Local seconds since 1970 (K,) of the next lines' seconds of the day (K,), for lines with `ok` (K,)."""
        times = of_day_s[ok]
        out = of_day_s.copy()
        if not len(times):
            return out
        steps = np.diff(times, prepend=times[0] if self._last is None else self._last)
        self._last = int(times[-1])
        if not self._way:
            small = steps[np.abs(steps) < _HALF_S]
            self._way = -1 if (small < 0).sum() > (small > 0).sum() else 1
        ahead = steps * self._way
        turns = np.zeros(len(times), np.int64)
        before = -self._rows_since
        for k in np.flatnonzero(np.abs(ahead) > _HALF_S).tolist():
            if ahead[k] < 0:
                turns[k], before = 1, k
            elif ahead[k] > _NEARLY_S or k - before <= _STRAY_ROWS:
                turns[k] = -1
        self._rows_since = len(times) - before
        days = self._day + self._way * np.cumsum(turns)
        self._day = int(days[-1])
        out[ok] = times + DAY_S * days
        return out
