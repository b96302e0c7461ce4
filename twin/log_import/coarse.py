"""Spreads lines of a tag with the same rounded-down stamp over the stamp's interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from twin.log_import.clock import ClockWatch

MIN_SHARE, MAX_GROUPS_SHARE = 0.4, 0.4
"""Stamps are coarse if this share of a tag's lines have the stamp of the line before."""


@dataclass(frozen=True)
class Coarse:
    """Spread of rounded stamps over `ns`; none if that is 0.

    Lines of a tag with about as many lines in each stamp (`by_tag`) are spread evenly. Lines of any other tag of a long
    table are placed by their position among all lines of that stamp: the groups begin at lines number `first` (G,) and
    have `count` (G,) lines, usually `usual`.
    """

    ns: int = 0
    by_tag: frozenset[str] = frozenset()
    first: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    count: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    usual: int = 1

    def within(self, numbers: np.ndarray, *, backwards: bool) -> np.ndarray:
        """(K,) ns from the stamp of each line number (K,) to its time; `backwards`: newest line first."""
        if not self.ns or not len(self.first):
            return np.zeros(len(numbers), np.int64)
        group = np.maximum(np.searchsorted(self.first, numbers, side="right") - 1, 0)
        k, of = numbers - self.first[group], np.maximum(self.count[group], self.usual)
        if backwards:
            k = self.count[group] - 1 - k
        part = len(self.first) - 1 if backwards else 0
        k = k + np.where(group == part, of - self.count[part], 0)  # the log begins in the middle of its first stamp
        return np.asarray(k * self.ns // of)


class StampGroups:
    """Groups of consecutive lines of a long table with the same stamp; dropped if stamps are not coarse."""

    def __init__(self) -> None:
        self._first: list[np.ndarray] | None = []
        self._groups = self._rows = 0
        self._last: int | None = None

    def feed(self, t_ns: np.ndarray) -> None:
        """The next lines' stamps (K,)."""
        if self._first is None or not len(t_ns):
            return
        before = self._last if self._last is not None else int(t_ns[0]) - 1
        new = np.flatnonzero(np.diff(t_ns, prepend=before))
        self._first.append(new + self._rows)
        self._groups += len(new)
        self._rows += len(t_ns)
        self._last = int(t_ns[-1])
        if self._rows > 10_000 and self._groups > MAX_GROUPS_SHARE * self._rows:
            self._first = None

    def coarse(self, each: Mapping[str, ClockWatch]) -> Coarse:
        """Spread of a long table's stamps, from the watches of its tags."""
        same, lines = sum(w.same for w in each.values()), sum(w.lines for w in each.values())
        if self._first is None or same < MIN_SHARE * lines:
            return Coarse()
        fullest = max(each.values(), key=lambda w: w.same)
        if not fullest.coarse_ns:
            return Coarse()
        first = np.concatenate(self._first)
        count = np.diff(np.append(first, self._rows))
        regular = frozenset(tag for tag, watch in each.items() if watch.coarse_ns and watch.is_even)
        return Coarse(fullest.coarse_ns, regular, first, count, max(int(np.median(count)), 1))
