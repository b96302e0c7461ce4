"""Rows of a spool in order of time: sorted within the time that lines may be late, equal times made one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.log_import.clock import Plan
from twin.log_import.spool import Spool

CHUNK_ROWS = 20_000


@dataclass
class OrderFacts:
    """What was put in order: counts of lines, and the farthest that one came late."""

    disordered: int = 0
    farthest_s: float = 0.0
    first_disordered_ns: int | None = None
    too_late: int = 0
    same_time: int = 0
    contradicting: int = 0
    first_contradicting_ns: int | None = None


class Ordered:
    """Reads a spool once from its beginning: `rows()` yields times (K,) strictly rising and values (K, C).

    `numbered`: the spool's last column is the number of each line among all lines of the log and not one of the values;
    `plan` goes by it, or with `own_clock` by the number of the line in this spool.
    """

    def __init__(
        self, spool: Spool, plan: Plan, reorder_s: float, *, numbered: bool = False, own_clock: bool = False
    ) -> None:
        self._spool, self._plan, self._numbered, self._own_clock = spool, plan, numbered, own_clock
        self._late_ns = round(reorder_s * 1e9)
        self.facts = OrderFacts()

    def rows(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pieces in order of time. Of lines at the same time each value's last one stands."""
        waiting_t = np.empty(0, np.int64)
        waiting_v = np.empty((0, len(self._spool.columns) - self._numbered))
        high = told = np.iinfo(np.int64).min
        row = 0
        while row < self._spool.rows:
            t_ns, values = self._spool.read(row, row + CHUNK_ROWS)
            numbers = np.arange(row, row + len(t_ns))
            row += len(t_ns)
            if self._numbered:
                of_all, values = values[:, -1].astype(np.int64), values[:, :-1]
                numbers = numbers if self._own_clock else of_all
            corrected, stays = self._plan.apply(numbers, t_ns)
            if not stays.all():
                corrected, values = corrected[stays], values[stays]
            if not len(corrected):
                continue
            self._note_disorder(corrected, high)
            high = max(high, int(corrected.max()))
            late = corrected < told
            if late.any():
                self.facts.too_late += int(late.sum())
                corrected, values = corrected[~late], values[~late]
            waiting_t = np.concatenate((waiting_t, corrected))
            waiting_v = np.concatenate((waiting_v, values))
            order = np.argsort(waiting_t, kind="stable")
            if not (order[1:] > order[:-1]).all():
                waiting_t, waiting_v = waiting_t[order], waiting_v[order]
            ready = int(np.searchsorted(waiting_t, high - self._late_ns, side="left"))
            if ready:
                told = int(waiting_t[ready - 1]) + 1
                yield self._unique(waiting_t[:ready], waiting_v[:ready])
                waiting_t, waiting_v = waiting_t[ready:], waiting_v[ready:]
        if len(waiting_t):
            yield self._unique(waiting_t, waiting_v)

    def _note_disorder(self, t_ns: np.ndarray, high: int) -> None:
        highest = np.maximum.accumulate(np.concatenate(([high], t_ns)))[:-1]
        behind = t_ns < highest
        if behind.any():
            facts = self.facts
            facts.disordered += int(behind.sum())
            facts.farthest_s = max(facts.farthest_s, float((highest - t_ns)[behind].max()) * 1e-9)
            if facts.first_disordered_ns is None:
                facts.first_disordered_ns = int(t_ns[behind][0])

    def _unique(self, t_ns: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        again = np.flatnonzero(t_ns[1:] == t_ns[:-1]) + 1
        if not len(again):
            return t_ns, values
        self.facts.same_time += len(again)
        values = values.copy()
        for k in again.tolist():
            here, before = values[k], values[k - 1]
            both = ~np.isnan(here) & ~np.isnan(before)
            if (here[both] != before[both]).any():
                self.facts.contradicting += 1
                if self.facts.first_contradicting_ns is None:
                    self.facts.first_contradicting_ns = int(t_ns[k])
            missing = np.isnan(here)
            here[missing] = before[missing]
        last = np.append(t_ns[1:] != t_ns[:-1], True)
        return t_ns[last], values[last]
