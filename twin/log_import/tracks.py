"""The signals of a log at any ascending times: held or interpolated from their samples, stretch by stretch."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin.log_import.ingest import ROW, Ingested
from twin.log_import.ordered import Ordered

NEVER = np.iinfo(np.int64).max
SPAN_NS = 20_000_000_000
"""Length of the part of a log in memory at a time."""


@dataclass(frozen=True)
class Fill:
    """How a signal gets its value at a time, all in ns.

    `bridge_ns`: samples at most this far apart are interpolated linearly (0: held). `age_ns`: validity of a sample.
    `offset_ns` is added to its times.
    """

    bridge_ns: int = 0
    age_ns: int = NEVER
    offset_ns: int = 0


@dataclass(frozen=True)
class Stretch:
    """A signal was frozen from `start_ns` to `end_ns` at `value`."""

    start_ns: int
    end_ns: int
    value: float


class Track:
    """The columns of one spool: values at ascending times, block by block."""

    def __init__(
        self,
        ordered: Ordered,
        fills: Sequence[Fill],
        frozen: Sequence[Sequence[Stretch]] | None = None,
        dropouts: Sequence[np.ndarray | None] = (),
    ) -> None:
        """`dropouts`: for each column, times at which its quality was bad while its value was constant, ns,
        ascending."""
        self._pieces: Iterator[tuple[np.ndarray, np.ndarray]] = ordered.rows()
        self._fills = tuple(fills)
        self._frozen, self._dropouts = frozen, dropouts
        count = len(self._fills)
        self._t = np.empty(0, np.int64)
        self._v = np.empty((0, count))
        self._carry_t = np.full(count, -NEVER, np.int64)
        self._carry_v = np.full(count, np.nan)
        self._reach_ns = max((abs(f.offset_ns) + f.bridge_ns for f in self._fills), default=0)
        self._ended = False

    def values(self, times_ns: np.ndarray) -> np.ndarray:
        """Values (K, C) at ascending `times_ns` (K,), none before those of the previous call; NaN where no sample is
        valid."""
        out = np.full((len(times_ns), len(self._fills)), np.nan)
        if not len(times_ns):
            return out
        until_ns, from_ns = int(times_ns[-1]) + self._reach_ns, int(times_ns[0]) - self._reach_ns
        self._read_to(until_ns, from_ns)
        self._forget(from_ns)
        rows = int(np.searchsorted(self._t, until_ns, side="right"))
        for c, fill in enumerate(self._fills):
            column = self._v[:rows, c]
            known = ~np.isnan(column)
            t = self._t[:rows][known] + fill.offset_ns
            v = column[known]
            if not np.isnan(self._carry_v[c]):
                t = np.concatenate(([self._carry_t[c] + fill.offset_ns], t))
                v = np.concatenate(([self._carry_v[c]], v))
            if len(t):
                t, v = _bridged(t, v, fill)
                out[:, c] = _filled(times_ns, t, v, fill)
            for s in self._frozen_in(c, int(times_ns[0]) - fill.offset_ns, int(times_ns[-1]) - fill.offset_ns):
                # the value before a frozen stretch is no estimate for its end
                start_ns, end_ns = s.start_ns + fill.offset_ns, s.end_ns + fill.offset_ns
                out[(times_ns > start_ns) & (times_ns <= end_ns), c] = np.nan
        return out

    def _read_to(self, until_ns: int, from_ns: int) -> None:
        """Read all rows up to `until_ns`; those before `from_ns` are not needed."""
        while not self._ended and (not len(self._t) or self._t[-1] <= until_ns):
            piece = next(self._pieces, None)
            if piece is None:
                self._ended = True
                break
            t, v = piece
            self._t = np.concatenate((self._t, t))
            self._v = np.concatenate((self._v, self._thawed(t, v)))
            self._forget(from_ns)

    def _thawed(self, t: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Values without those of a frozen signal after the first, and without dropouts."""
        for c, times in enumerate(self._dropouts):
            if times is not None and len(times):
                v[np.isin(t, times) & np.isinf(v[:, c]), c] = np.nan
        if self._frozen is None or not any(self._frozen):
            return v
        v = v.copy()
        for c in range(v.shape[1]):
            for s in self._frozen_in(c, int(t[0]), int(t[-1])):
                v[(t > s.start_ns) & (t <= s.end_ns), c] = np.nan
        return v

    def _frozen_in(self, c: int, start_ns: int, end_ns: int) -> Sequence[Stretch]:
        """Stretches of a column that overlap this time of the log."""
        if self._frozen is None or not self._frozen[c]:
            return ()
        stretches = self._frozen[c]
        first = bisect_left(stretches, start_ns, key=lambda s: s.end_ns)
        return stretches[first : bisect_right(stretches, end_ns, key=lambda s: s.start_ns)]

    def _forget(self, before_ns: int) -> None:
        """Drop rows that no later call can need, except each column's last sample."""
        gone = int(np.searchsorted(self._t, before_ns, side="left"))
        if gone <= 1:
            return
        for c in range(len(self._fills)):
            known = np.flatnonzero(~np.isnan(self._v[:gone, c]))
            if len(known):
                self._carry_t[c], self._carry_v[c] = self._t[known[-1]], self._v[known[-1], c]
        self._t, self._v = self._t[gone:], self._v[gone:]


def _bridged(t: np.ndarray, v: np.ndarray, fill: Fill) -> tuple[np.ndarray, np.ndarray]:
    """Samples (K,) without the unknown ones that are interpolated over."""
    unknown = np.isinf(v)
    if not unknown.any():
        return t, v
    known = np.flatnonzero(~unknown)
    if not len(known):
        return t, v
    before = np.searchsorted(known, np.arange(len(t)), side="right") - 1
    beside = (before >= 0) & (before < len(known) - 1)
    before = np.clip(before, 0, max(len(known) - 2, 0))
    span = t[known[np.minimum(before + 1, len(known) - 1)]] - t[known[before]]
    stays = ~(unknown & beside & (span <= fill.bridge_ns))
    return t[stays], v[stays]


def _filled(times_ns: np.ndarray, t: np.ndarray, v: np.ndarray, fill: Fill) -> np.ndarray:
    last = np.searchsorted(t, times_ns, side="right") - 1
    at = np.maximum(last, 0)
    age = times_ns - t[at]
    out = np.where((last >= 0) & (age <= fill.age_ns), v[at], np.nan)
    if fill.bridge_ns > 0:
        following = np.minimum(at + 1, len(t) - 1)
        span = t[following] - t[at]
        joined = (last >= 0) & (span > 0) & (span <= fill.bridge_ns) & np.isfinite(v[at]) & np.isfinite(v[following])
        share = np.where(joined, age / np.maximum(span, 1), 0.0)
        rise = np.where(joined, v[following], 0.0) - np.where(joined, v[at], 0.0)
        out = np.where(joined, v[at] + share * rise, out)
    return np.where(np.isinf(out), np.nan, out)


class Tracks:
    """All signals of a log at ascending times, by name."""

    def __init__(
        self,
        log: Ingested,
        fills: Mapping[str, Fill],
        reorder_s: float,
        frozen: Mapping[str, Sequence[Stretch]] | None = None,
    ) -> None:
        self._tracks: list[Track] = []
        self.names: list[str] = []
        self._ordered: list[Ordered] = []
        for key in log.spools:
            ordered = ordered_of(log, key, reorder_s)
            names = [column.name for column in log.columns[key]]
            stretches = None if frozen is None else [frozen.get(name, ()) for name in names]
            dropouts = [log.dropouts.get(name) for name in names]
            self._tracks.append(Track(ordered, [fills[name] for name in names], stretches, dropouts))
            self._ordered.append(ordered)
            self.names += names
        self.index = {name: i for i, name in enumerate(self.names)}

    def values(self, times_ns: np.ndarray) -> np.ndarray:
        """Values (K, C) in the order of `names` at ascending times, none before those of the previous call."""
        return np.concatenate([track.values(times_ns) for track in self._tracks], axis=1)

    def sampled(self, times_ns: np.ndarray) -> np.ndarray:
        """As `values`, at times that may be far apart: the samples between them are read, but not kept in memory."""
        return np.concatenate([self.values(group) for group in _apart(times_ns)] or [np.empty((0, len(self.names)))])


def _apart(times_ns: np.ndarray) -> list[np.ndarray]:
    """Ascending times in groups that span at most SPAN_NS."""
    groups, begin = [], 0
    while begin < len(times_ns):
        end = int(np.searchsorted(times_ns, times_ns[begin] + SPAN_NS, side="right"))
        groups.append(times_ns[begin:end])
        begin = end
    return groups


def ordered_of(log: Ingested, key: str, reorder_s: float) -> Ordered:
    """The rows of one spool in time order."""
    spool = log.spools[key]
    numbered = bool(spool.columns) and spool.columns[-1] == ROW
    settled = log.settled
    own_clock, backwards = settled.by_tag or settled.newest_first, settled.newest_first
    return Ordered(
        spool,
        settled.plans[key],
        max(reorder_s, settled.late_ns.get(key, 0) * 1e-9),
        numbered=numbered,
        own_clock=own_clock,
        backwards=backwards,
        coarse_ns=log.coarse.ns if not numbered or key in log.coarse.by_tag else 0,
        within=log.coarse if numbered and log.coarse.ns and key not in log.coarse.by_tag else None,
    )
