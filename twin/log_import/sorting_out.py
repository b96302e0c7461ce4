"""Properties of a log's columns that only its lines show: which times belong to which columns, and which values are
good."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twin.errors import InputError
from twin.log_import import mapping as mapping_file
from twin.log_import.line_times import LineTimes, stamps_of
from twin.log_import.quality import Quality
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import valid
from twin.log_import.reading.table import Table
from twin.log_import.spool import Spool
from twin.log_import.time_columns import LIKE_TIME, times_beside
from twin.log_import.values import Column, ColumnFacts

UNKNOWN = np.inf
"""Value of a spool that the log marks as unknown: it ends the previous value. (NaN: no entry.)"""
PIECE_ROWS = 50_000
_LOOKED_AT = 2000
_MOST_BAD = 0.1
_OTHER_PACE = 0.05


def own_times(table: Table, mapping: mapping_file.Mapping, layout: TableLayout, tags: Iterable[str]) -> dict[str, str]:
    """The time column of each tag that has its own besides the mapping's, by names and content."""
    main = mapping.file.time.column
    if not isinstance(main, str):
        return {}
    found = times_beside(table.names, table.headers, main, tags)
    if not found:
        return {}
    columns = list(dict.fromkeys(found.values()))
    batch = next(table.batches([main, *columns], rows=_LOOKED_AT), None)
    if batch is None:
        return {}
    begin = next((k for k in range(batch.rows) if _reads(mapping, layout, batch.columns[main].slice(k, 1))), 0)
    holds = {name: _is_clock(mapping, layout, batch.columns[name].slice(begin)) for name in columns}
    return {tag: name for tag, name in found.items() if holds[name]}


def unused_times(table: Table, mapping: mapping_file.Mapping, layout: TableLayout, used: Iterable[str]) -> list[str]:
    """Columns of a wide table with times that are not in use and differ from those of the lines."""
    main = mapping.file.time.column
    named = [name for name in table.plain_names if LIKE_TIME.search(name) and name not in used]
    if not isinstance(main, str) or not named:
        return []
    batch = next(table.batches([main, *named], rows=_LOOKED_AT), None)
    if batch is None:
        return []

    def differs(name: str) -> bool:
        """True if its times run differently from those of the lines: faster, slower, or on fewer lines."""
        stamps = [stamps_of(mapping, layout).to_ns(batch.columns[column]) for column in (main, name)]
        spans = [float(np.ptp(t_ns[ok])) if ok.any() else 0.0 for t_ns, ok in stamps]
        lines = [int(ok.sum()) for _, ok in stamps]
        return abs(spans[1] - spans[0]) > _OTHER_PACE * spans[0] or abs(lines[1] - lines[0]) > _OTHER_PACE * lines[0]

    return [name for name in named if _is_clock(mapping, layout, batch.columns[name]) and differs(name)]


def check_other_head(
    path: str | Path, batch: Any, unreadable: np.ndarray, good: np.ndarray, seen: bool, tags: Iterable[str]
) -> None:
    """Refuse a header of other names within a log: it is unknown which of its columns is which.

    Args:
        batch: rows; `unreadable` (K,) marks those with other content than a time, `good` (K,) those with a time.
        seen: True if there was a time before these rows.
        tags: columns of values.
    """
    begin = 0 if seen else int(np.argmax(good)) if good.any() else len(good)
    columns = [batch.columns[tag] for tag in tags if tag in batch.columns and tag not in batch.missing]
    for k in [k for k in np.flatnonzero(unreadable).tolist() if k > begin or seen][:_HEADS_LOOKED_AT]:
        words = [str(word).strip() for column in columns if (word := column[k].as_py()) not in (None, "")]
        named = [word for word in words if len(word) < _LONG_NAME and _NAME.match(word)]
        if len(words) >= 2 and 2 * len(words) >= len(columns) and len(set(named)) == len(words):
            problem = f"line {batch.line_of(k)} seems to be another header, of other names: {', '.join(named[:5])}"
            helps = "files with the same names; or this one in two, each with its mapping"
            raise InputError(problem, file=path, key="header", allowed=helps)


_HEADS_LOOKED_AT, _LONG_NAME = 50, 80
_NAME = re.compile(r"[^\W\d_]")


def _reads(mapping: mapping_file.Mapping, layout: TableLayout, column: pa.Array) -> bool:
    try:
        return bool(stamps_of(mapping, layout).to_ns(column)[1].all())
    except ValueError:
        return False


def _is_clock(mapping: mapping_file.Mapping, layout: TableLayout, column: pa.Array) -> bool:
    """True if the first values of a column are monotonic times in the mapping's format."""
    try:
        t_ns, ok = stamps_of(mapping, layout).to_ns(column)
    except ValueError:
        return False
    steps = np.sign(np.diff(t_ns[ok]))
    one_way = max((steps > 0).sum(), (steps < 0).sum()) > 0 and min((steps > 0).sum(), (steps < 0).sum()) <= (
        _MOST_BAD * len(steps)
    )
    return bool(one_way and (~ok & valid(column)).mean() <= _MOST_BAD)


def clocks_of(
    path: str | Path,
    mapping: mapping_file.Mapping,
    layout: TableLayout,
    times: Sequence[str],
    wide: str,
    main: tuple[str, ...],
) -> dict[str, LineTimes]:
    """The clock of each group of columns by the key of its spool: `wide` if all have one, else its time column.

    `times`: the time column of each group, empty for the mapping's.
    """
    columns = [(name,) if name else main for name in times]
    if len(columns) == 1:
        return {wide: LineTimes(path, mapping, layout, columns[0])}
    return {" ".join(names): LineTimes(path, mapping, layout, names) for names in columns}


def readings_of(
    mapping: mapping_file.Mapping, clocks: Mapping[str, LineTimes], quality: str, unused: Sequence[str] = ()
) -> dict[str, str]:
    """How times and qualities were read, for the report; `unused`: columns of other times.

    Raises:
        InputError: some times count from a start, and others tell dates.
    """
    found = {}
    relative = {clock.is_relative for clock in clocks.values()}
    if len(relative) > 1:
        counted = next(clock for clock in clocks.values() if clock.is_relative)
        problem = f"the times of {counted.columns[0]} count from a start, those of other columns tell dates"
        raise InputError(problem, file=mapping.path, key="time.column", value=str(mapping.file.time.column))
    if relative == {True}:
        found["clock"] = "counts from a start or a trigger and tells no date"
    if mapping.file.time.date is not None and mapping.file.time.zone is None and "%z" not in mapping.file.time.format:
        found["zone"] = "none given (time.zone): the times of day were taken as UTC"
    if len(clocks) > 1:
        found["own times"] = ", ".join(" ".join(clock.columns) for clock in clocks.values())
    if unused:
        note = "not used, and not those of the lines: signals.NAME.time tells whose they are"
        found["other times"] = f"{', '.join(unused[:6])}: {note}"
    if quality:
        found["quality"] = quality
    return found


class Marks:
    """The quality of each row of each spool, kept on disk until it is known which words are good."""

    def __init__(self, quality: Quality, folder: Path) -> None:
        self._quality, self._folder = quality, folder
        self._spools: dict[str, Spool] = {}

    def add(self, key: str, quality: Mapping[str, pa.Array]) -> None:
        """Add the quality columns' entries of the next rows (K,) of a spool; none if it has no quality."""
        if not quality:
            return
        codes = np.stack([self._quality.codes(column) for column in quality.values()], axis=1)
        if key not in self._spools:
            self._spools[key] = Spool(self._folder, f"marks{len(self._spools)}", list(quality))
        self._spools[key].append(np.zeros(len(codes), np.int64), codes)

    def applied(
        self,
        spools: Mapping[str, Spool],
        columns: Mapping[str, Sequence[Column]],
        facts: Mapping[str, ColumnFacts],
        name: str | None,
    ) -> str:
        """Remove bad values from spools, and count them in `facts`; returns how the quality was read, in words.

        Args:
            columns: those of each spool.
            name: the quality column of a long table.
        """
        if not self._spools:
            return ""
        good, reading = self._quality.decided(name for marks in self._spools.values() for name in marks.columns)
        if good.all() and not self._any_empty():
            return reading
        good = np.append(good, False)
        for key, marks in self._spools.items():
            spool, at = spools[key], 0
            for _, codes in marks.pieces(PIECE_ROWS):
                bad = ~good[np.where(codes >= 0, codes, -1).astype(np.int64)]
                t_ns, values = spool.read(at, at + len(codes))
                for k, column in enumerate(columns[key]):
                    quality = name or column.quality
                    if quality is None:
                        continue
                    of_column = bad[:, marks.columns.index(quality)]
                    facts[column.name].note_bad(of_column, at)
                    lost = int((of_column & ~np.isnan(values[:, k])).sum())
                    facts[column.name].bad_quality += lost
                    facts[column.name].values -= lost
                    is_held = column.signal is None or column.signal.holds
                    values[of_column, k] = np.nan if is_held else UNKNOWN
                spool.write_over(at, values)
                at += len(codes)
        return reading

    def _any_empty(self) -> bool:
        return any(np.isnan(codes).any() for marks in self._spools.values() for _, codes in marks.pieces(PIECE_ROWS))

    def close(self) -> None:
        """Close the files."""
        for spool in self._spools.values():
            spool.close()
