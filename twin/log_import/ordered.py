"""Rows of a spool in time order: sorted within the permitted lateness of lines, equal times merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from twin.errors import InputError
from twin.log_import.clock import Plan
from twin.log_import.coarse import Coarse
from twin.log_import.spool import Spool

CHUNK_ROWS = 20_000
MAX_WAITING_BYTES = 256 * 2**20
"""Memory limit of rows that wait for late lines."""
FAR_APART, FEW = 0.02, 10
UNEVEN, MAX_UNEVEN = 0.2, 10
"""A stamp has an unusual number of lines if it differs by this share; more such stamps than the limit are usual."""
PATIENT_NS = 10_000_000_000


@dataclass
class OrderFacts:
    """Counts of lines that were sorted, and the largest lateness."""

    disordered: int = 0
    farthest_s: float = 0.0
    first_disordered_ns: int | None = None
    too_late: int = 0
    same_time: int = 0
    contradicting: int = 0
    first_contradicting_ns: int | None = None
    far_apart: dict[int, list[int]] = field(default_factory=dict)
    """For each column: times (ns) of the first lines of equal time that contradict each other by more than
    `FAR_APART`."""
    uneven: list[int] = field(default_factory=list)
    """Rounded-down stamps (ns) with more or fewer lines than usual, or after a missing one."""


class Ordered:
    """Reads a spool once from its beginning: `rows()` yields strictly ascending times (K,) and values (K, C).

    `numbered`: the spool's last column is the number of each line among all lines of the log and not a value; `plan`
    uses it, or with `own_clock` the number of the line in this spool; with `backwards` both begin at the last line.
    Stamps rounded down to `coarse_ns` are spread over that time, or `within` their stamp by the number of the line.
    """

    def __init__(
        self,
        spool: Spool,
        plan: Plan,
        reorder_s: float,
        *,
        numbered: bool = False,
        own_clock: bool = False,
        backwards: bool = False,
        coarse_ns: int = 0,
        within: Coarse | None = None,
    ) -> None:
        self._spool, self._plan, self._numbered, self._own_clock = spool, plan, numbered, own_clock
        self._backwards, self._coarse_ns, self._within = backwards, coarse_ns, within
        self._usual = 0  # lines of one stamp
        self._stamp: int | None = None
        self._last_odd = False
        self._late_ns = round(reorder_s * 1e9)
        self.facts = OrderFacts()

    def rows(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pieces in time order. Of lines with the same time the last of each value is kept."""
        waiting_t = np.empty(0, np.int64)
        waiting_v = np.empty((0, len(self._spool.columns) - self._numbered))
        high = earliest = np.iinfo(np.int64).min
        row = 0
        for t_ns, values in self._spool.pieces(CHUNK_ROWS, backwards=self._backwards):
            numbers = np.arange(row, row + len(t_ns))
            row += len(t_ns)
            if self._numbered:
                of_all, values = values[:, -1].astype(np.int64), values[:, :-1]
                numbers = numbers if self._own_clock else of_all
                if self._within is not None:
                    t_ns = t_ns + self._within.within(of_all, backwards=self._backwards)
            corrected, stays = self._plan.apply(numbers, t_ns)
            if not stays.all():
                corrected, values = corrected[stays], values[stays]
            if not len(corrected):
                continue
            self._note_disorder(corrected, high)
            high = max(high, int(corrected.max()))
            late = corrected < earliest
            if late.any():
                self.facts.too_late += int(late.sum())
                corrected, values = corrected[~late], values[~late]
            waiting_t = np.concatenate((waiting_t, corrected))
            waiting_v = np.concatenate((waiting_v, values))
            order = np.argsort(waiting_t, kind="stable")
            if not (order[1:] > order[:-1]).all():
                waiting_t, waiting_v = waiting_t[order], waiting_v[order]
            if waiting_v.nbytes > MAX_WAITING_BYTES and self._late_ns > PATIENT_NS:
                raise InputError(
                    f"its lines come up to {self._late_ns * 1e-9:.0f} s late: more of them than are sorted in memory",
                    allowed="a log sorted by time; or cleaning.reorder_s: lines that come later are left out",
                )
            ready = int(np.searchsorted(waiting_t, high - self._late_ns, side="left"))
            if ready:
                earliest = int(waiting_t[ready - 1]) + 1
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

    def _spread(self, t_ns: np.ndarray) -> np.ndarray:
        """Times of lines with rounded-down stamps: evenly spread over the rounding interval."""
        first = np.append(0, np.flatnonzero(t_ns[1:] != t_ns[:-1]) + 1)
        count = np.diff(np.append(first, len(t_ns)))
        if begins := not self._usual:
            self._usual = int(np.median(count))
        self._note_uneven(t_ns[first], count, begins=begins)
        of = np.maximum(count, self._usual)
        k = np.arange(len(t_ns)) - np.repeat(first, count)
        if begins:  # the log begins in the middle of its first stamp
            k[: count[0]] += of[0] - count[0]
        return t_ns + k * self._coarse_ns // np.repeat(of, count)

    def _note_uneven(self, stamps: np.ndarray, count: np.ndarray, *, begins: bool) -> None:
        """Record missing or surplus lines in these stamps (G,), except the log's first and last stamp."""
        odd = np.abs(count - self._usual) > max(1.0, UNEVEN * self._usual)
        after = self._stamp if self._stamp is not None else int(stamps[0]) - self._coarse_ns
        missing = np.diff(stamps, prepend=after) > self._coarse_ns
        if begins:
            odd[0] = False
        if self._last_odd:  # it was not the last one
            self.facts.uneven.append(after)
        self._stamp, self._last_odd = int(stamps[-1]), bool(odd[-1])
        odd[-1] = False
        if len(self.facts.uneven) <= MAX_UNEVEN:
            self.facts.uneven += stamps[odd | missing].tolist()

    def _unique(self, t_ns: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._coarse_ns:
            return self._spread(t_ns), values
        again = np.flatnonzero(t_ns[1:] == t_ns[:-1]) + 1
        if not len(again):
            return t_ns, values
        self.facts.same_time += len(again)
        first = np.append(0, np.flatnonzero(t_ns[1:] != t_ns[:-1]) + 1)
        group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(t_ns))))
        out = np.empty((len(first), values.shape[1]))
        contradicts = np.zeros(len(t_ns), bool)
        for c in range(values.shape[1]):
            column = values[:, c]
            known = np.flatnonzero(~np.isnan(column))
            # for each line with a value: the previous line with one, if it has the same time
            same = group[known[1:]] == group[known[:-1]]
            others = same & (column[known[1:]] != column[known[:-1]])
            contradicts[known[1:][others]] = True
            if others.any():
                with np.errstate(invalid="ignore"):
                    far = known[1:][others & (np.abs(np.diff(column[known])) > FAR_APART)]
                self.facts.far_apart.setdefault(c, []).extend(t_ns[far[:FEW]].tolist())
            out[:, c] = np.nan
            out[group[known], c] = column[known]  # the last value is kept
        if contradicts.any():
            self.facts.contradicting += int(contradicts.sum())
            if self.facts.first_contradicting_ns is None:
                self.facts.first_contradicting_ns = int(t_ns[contradicts][0])
        return t_ns[first], out
