"""The times of a log's lines: read from the mapping's column, and checked for plausibility."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.errors import InputError
from twin.log_import.mapping import Mapping
from twin.log_import.moments import iso
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import valid
from twin.log_import.reading.plausible import begin_s, formats_of, judged
from twin.log_import.reading.stamps import RELATIVE, StampFormat

MANY_LINES = 1000
"""This many lines without a readable time are enough to refuse."""
OLD_NS = round(datetime(2005, 1, 1).timestamp()) * 10**9
AHEAD_NS = 2 * 366 * 86_400 * 10**9
"""Logs from before the former, or more than the latter from now, have a clock that was never set or another epoch."""


def stamps_of(mapping: Mapping, layout: TableLayout) -> StampFormat:
    """Format of the log's times; raises InputError that names the mapping's line."""
    spec, day = mapping.file.time, None
    if spec.date is not None:
        try:
            day = date.fromisoformat(spec.date)
        except ValueError:
            raise mapping.refuse(
                "no day", "time", "date", value=spec.date, allowed="that of the first line, such as 2026-02-11"
            ) from None
    try:
        return StampFormat(spec.format, zone_of(mapping), layout, day)
    except ValueError as error:
        if "first line" in str(error):
            problem = "tells the time of day only, so the day of the log's first line is needed"
            allowed = "time: {date: 2026-02-11, ...} beside it"
            raise mapping.refuse(problem, "time", "format", value=spec.format, allowed=allowed) from None
        key = "zone" if "zone" in str(error) else "date" if "the day itself" in str(error) else "format"
        raise mapping.refuse(str(error), "time", key, value=getattr(spec, key)) from None


def zone_of(mapping: Mapping) -> str | None:
    """Time zone of the log's clock; UTC for times of day without one, which the report mentions."""
    spec = mapping.file.time
    if spec.zone is None and spec.date is not None and "%z" not in spec.format:
        return "UTC"
    return spec.zone


class LineTimes:
    """Times of the lines from one column, or from two for date and time of day; batches in file order."""

    def __init__(self, path: str | Path, mapping: Mapping, layout: TableLayout, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self.is_relative = False
        """True if they count from a start or a trigger and are no dates."""
        self.is_doubtful = False
        """True if they are dates before 2005, or more than two years ahead."""
        self.first_bad: tuple[int, str] | None = None
        self._path, self._mapping = path, mapping
        self._stamps = stamps_of(mapping, layout)
        self._is_judged = False
        self._lines = self._bad = self._good = 0
        self._numbers = np.empty(0)

    def read(self, batch: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times (K,) of a batch's lines, a mask (K,) of readable ones, and a mask (K,) of those with other content."""
        for name in self.columns:
            if name in batch.missing:
                text = f"line {batch.line_of(0)}: from here on another header is in force, without this column of times"
                raise InputError(text, file=self._path, key="time.column", value=name)
        parts = [batch.columns[name] for name in self.columns]
        whole = parts[0] if len(parts) == 1 else _joined(parts)
        try:
            t_ns, ok = self._stamps.to_ns(whole)
        except ValueError as error:
            m = self._mapping
            problem = f"line {batch.line_of(0)}: {error} ({m.path}: {m.line('time')}time.zone)"
            raise InputError(problem, file=self._path, key=str(m.file.time.column), value=whole[0].as_py()) from None
        if not self._is_judged:
            self._judge(whole, t_ns, ok)
        bad = ~ok
        self._lines += len(t_ns)
        self._good += int(ok.sum())
        if bad.any():
            bad &= valid(whole)
            self._bad += int(bad.sum())
            if self.first_bad is None and bad.any():
                k = int(np.flatnonzero(bad)[0])
                self.first_bad = (batch.line_of(k), str(whole[k].as_py() or ""))
            if not self._good and self._lines > MANY_LINES:
                self.refuse()
        return t_ns, ok, bad

    def check(self) -> None:
        """Refuse a column without any readable time; called at the end of the log."""
        if not self._good:
            self.refuse()

    def refuse(self) -> None:
        """Raise the error for unreadable times."""
        spec = self._mapping.file.time
        line, text = self.first_bad or (0, "")
        others = formats_of(self._numbers)
        hint = f": as {others[0]} it would be {self._begin(others[0])}" if others else ""
        raise InputError(
            f"line {line}: none of its times could be read as {spec.format!r} "
            f"({self._mapping.path}: {self._mapping.line('time', 'format')}time.format){hint}",
            file=self._path,
            key=self.columns[0] if len(self.columns) == 1 else str(self.columns),
            value=text,
        )

    def _judge(self, whole: pa.Array, t_ns: np.ndarray, ok: np.ndarray) -> None:
        """Check that the times of the first lines are plausible in the mapping's format."""
        if self._stamps.is_count:
            self._numbers = self._stamps.numbers(whole)
        if not ok.any():
            return
        self._is_judged = True
        if self._stamps.is_count and np.isfinite(self._numbers).any():
            found = judged(self._numbers, self._stamps.text)
            if found.others:
                self._refuse_unit(found.others[0])
            self.is_relative = found.is_relative
        outside = (t_ns[ok] < OLD_NS) | (t_ns[ok] > time.time_ns() + AHEAD_NS)
        self.is_doubtful = not self.is_relative and bool(np.mean(outside) > 0.5)

    def _begin(self, name: str) -> str:
        """The first time by another format, in words."""
        return iso(round(begin_s(self._numbers, name) * 1e3) * 10**6)

    def _refuse_unit(self, other: str) -> None:
        m, text = self._mapping, self._stamps.text
        first, then = self._begin(text), self._begin(other)
        instead = f"{other}, by which they begin at {then}"
        if text.startswith("epoch_"):
            instead += f"; {text.replace('epoch_', RELATIVE)}, if they count from a start of their own"
        raise m.refuse(
            f"the times of {', '.join(self.columns)} begin at {first} by it, which no log does",
            "time",
            "format",
            value=m.file.time.format,
            allowed=instead,
        )


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    """Date and time of separate columns joined by a blank."""
    return pc.binary_join_element_wise(*[c.cast(pa.string()) for c in columns], " ")
