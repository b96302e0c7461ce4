"""Converts a log's table to numbers on disk: every mapped tag according to the mapping, with counts of what was
wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twin.catalogue.explain import hint, nearest
from twin.errors import InputError
from twin.log_import.clock import ClockWatch, Plan
from twin.log_import.coarse import Coarse, StampGroups
from twin.log_import.line_times import LineTimes
from twin.log_import.mapping import Mapping
from twin.log_import.quality import NAMED, Quality
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import to_text
from twin.log_import.reading.opening import open_table
from twin.log_import.reading.table import ReadFacts, Table
from twin.log_import.settling import Settled, Settling, watch_of
from twin.log_import.sorting_out import Marks, check_other_head, clocks_of, own_times, readings_of, unused_times
from twin.log_import.spool import Spool
from twin.log_import.values import Column, ColumnFacts, Converter, alarm_name, step_name

ROW = "#row"
"""Column of a tag's spool with the number of the line among all lines."""
WIDE = "wide"
TEN_S_NS, MAX_TENS = 10_000_000_000, 200_000
"""For a long table the ten-second intervals with any line are kept, at most this many."""
MAX_TAGS = 5000
"""Limit of a long table's tags that are kept for messages."""


@dataclass
class Ingested:
    """Result of reading: spools by tag (or `WIDE`), corrections of their times, and the facts."""

    spools: dict[str, Spool]
    settled: Settled
    columns: dict[str, list[Column]]
    codes: dict[str, dict[str, int]]
    """Words of each code column and their numbers."""
    facts: dict[str, ColumnFacts]
    read: ReadFacts
    names: tuple[str, ...]
    lines: int = 0
    bad_stamps: int = 0
    first_bad_stamp: tuple[int, str] | None = None
    coarse: Coarse = Coarse()
    period_ns: int = 0
    missing_tags: tuple[str, ...] = ()
    periods_ns: dict[str, int] = field(default_factory=dict)
    """Usual time between two lines of each spool."""
    used_columns: frozenset[str] = frozenset()
    """Columns that were read: of tags, of times, of quality."""
    is_relative: bool = False
    """True if the times count from a start or a trigger and are no dates."""
    is_doubtful: bool = False
    """True if the times are implausible dates: see `line_times.is_doubtful`."""
    dropouts: dict[str, np.ndarray] = field(default_factory=dict)
    """For each column of a long table: times at which its quality was bad while its value was constant, ns; set by the
    survey."""
    readings: dict[str, str] = field(default_factory=dict)
    """How times and qualities were read, if the mapping did not say."""
    tens: frozenset[int] = frozenset()
    """Long tables: ten-second intervals (number since 1970) with any line, as stamped."""

    @property
    def plans(self) -> dict[str, Plan]:
        """Corrections of the times of each spool."""
        return self.settled.plans

    def close(self) -> None:
        for spool in self.spools.values():
            spool.close()


def layout_of(mapping: Mapping) -> TableLayout:
    """The table's layout for the reader; raises InputError that names the mapping's line."""
    keys = mapping.file.file.model_dump(exclude={"table"}, exclude_none=True)
    if keys["delimiter"] in ("tab", "\\t"):
        keys["delimiter"] = "\t"
    if "empty" in keys:
        keys["empty"] = ("", *keys["empty"])
    try:
        return TableLayout(**keys)
    except InputError as error:
        raise mapping.refuse(
            error.problem, "file", error.key or "format", value=error.value, allowed=error.allowed
        ) from None


def ingest(
    path: str | Path, mapping: Mapping, folder: Path, on_progress: Callable[[float], None] | None = None
) -> Ingested:
    """Read a log once, from beginning to end.

    Args:
        folder: for temporary files.
        on_progress: called with the progress, 0 to 1.

    Raises:
        InputError: a file that is no such table, a missing tag, times that never parse.
    """
    with open_table(path, layout_of(mapping), key="LOG") as table:
        reader = _Reader(path, mapping, table, folder)
        try:
            return reader.run(on_progress)
        except BaseException:
            reader.close()
            raise


class _Reader:
    def __init__(self, path: str | Path, mapping: Mapping, table: Table, folder: Path) -> None:
        self._path, self._mapping, self._table = path, mapping, table
        self._folder = folder
        self._long = mapping.file.file.table == "long"
        self._to = Converter(layout_of(mapping))
        self._marks = Marks(Quality(mapping.file.cleaning.good), folder)
        self._spools: dict[str, Spool] = {}
        self._watches: dict[str, ClockWatch] = {}
        spec = mapping.file.time
        self._time_columns = (spec.column,) if isinstance(spec.column, str) else spec.column
        self._lines, self._bad_stamps, self._rows = 0, 0, 0
        self._clocks: dict[str, LineTimes] = {}
        self._spool_columns: dict[str, list[Column]] = {}
        self._seen_tags: dict[str, None] = {}
        self._missing: tuple[str, ...] = ()
        self._unused_times: list[str] = []
        self._tens: set[int] = set()
        self._seen_good = False
        self._unnamed: dict[str, Quality] = {}
        self._by_tag = self._columns()
        self._check_columns()

    def close(self) -> None:
        for spool in self._spools.values():
            spool.close()
        self._marks.close()

    def _columns(self) -> dict[str, list[Column]]:
        """Columns by tag, in the order of the mapping."""
        found: dict[str, list[Column]] = {}
        for m in self._mapping.signals:
            found.setdefault(m.spec.tag, []).append(Column(m.name, m.spec.tag, m, m.spec.quality, m.spec.time))
        spec = self._mapping.file
        for steps, _ in self._mapping.steps:
            found.setdefault(steps.tag, []).append(
                Column(step_name(steps.robot), steps.tag, time=steps.time, offset_s=steps.clock_offset_s)
            )
        if spec.alarms is not None:
            for k, tag in enumerate(spec.alarms.tags):
                alarm = Column(alarm_name(k), tag, time=spec.alarms.time, offset_s=spec.alarms.clock_offset_s)
                found.setdefault(tag, []).append(alarm)
        return found

    def _check_columns(self) -> None:
        """Check the table's own columns: time, and for a long one tag and value; for a wide one the tags."""
        m, names = self._mapping, self._table.names
        for column in self._time_columns:
            self._need(column, ("time", "column"))
        if self._long:
            assert m.file.long is not None
            for key in ("tag", "value", "quality"):
                self._need(getattr(m.file.long, key), ("long", key))
            return
        if not any(tag in names for tag in m.tags):
            raise self._no_tags(names)
        for tag, where in m.tags.items():
            if tag not in names and tag not in m.optional_tags:
                self._need(tag, where)
        for mapped in m.signals:
            self._need(mapped.spec.quality, ("signals", mapped.name, "quality"))
            self._need(mapped.spec.time, ("signals", mapped.name, "time"))
        for steps, at in m.steps:
            self._need(steps.time, (*at, "time"))
        if m.file.alarms is not None:
            self._need(m.file.alarms.time, ("alarms", "time"))
        self._missing = tuple(tag for tag in sorted(m.optional_tags) if tag not in names)
        for tag in self._missing:
            del self._by_tag[tag]

    def _need(self, column: str | None, where: tuple[str | int, ...]) -> None:
        names = self._table.names
        if column is not None and column not in names:
            problem = f"the log has no such column{hint(column, names)}"
            raise self._mapping.refuse(problem, *where, value=column, allowed=_few(nearest(column, names)))

    def _no_tags(self, names: Sequence[str]) -> InputError:
        tags, problem = self._mapping.tags, f"has none of the {len(self._mapping.tags)} tags of {self._mapping.path}"
        return InputError(problem, file=self._path, key="tags", value=next(iter(tags)), allowed=_few(names))

    def run(self, on_progress: Callable[[float], None] | None) -> Ingested:
        wanted = list(self._time_columns)
        spec, layout = self._mapping.file, layout_of(self._mapping)
        if self._long:
            assert spec.long is not None
            wanted += [c for c in (spec.long.tag, spec.long.value, spec.long.quality) if c is not None]
            self._clocks = {WIDE: LineTimes(self._path, self._mapping, layout, self._time_columns)}
        else:
            wanted += [*self._by_tag, *{c.quality for cs in self._by_tag.values() for c in cs if c.quality}]
            own = own_times(self._table, self._mapping, layout, self._by_tag)
            groups: dict[str, list[Column]] = {}
            for column in (column for cs in self._by_tag.values() for column in cs):
                groups.setdefault(column.time or own.get(column.tag, ""), []).append(column)
            self._clocks = clocks_of(self._path, self._mapping, layout, list(groups), WIDE, self._time_columns)
            wanted += [name for clock in self._clocks.values() for name in clock.columns]
            self._unused_times = unused_times(self._table, self._mapping, layout, wanted)
            for key, columns in zip(self._clocks, groups.values(), strict=True):
                self._make_spool(key, columns)
                self._watches[key] = watch_of(self._mapping)
        self._watch = watch_of(self._mapping) if self._long else next(iter(self._watches.values()))
        self._groups = StampGroups()
        self._unnamed = {name: Quality() for name in self._unnamed_quality() if name not in wanted}
        read = [*wanted, *self._unnamed]
        for batch in self._table.batches(list(dict.fromkeys(read))):
            for name, seen_quality in self._unnamed.items():
                if name not in batch.missing:
                    seen_quality.codes(batch.columns[name])
            self._lines += batch.rows
            bad = np.zeros(batch.rows, bool)
            seen = self._seen_good  # before this batch, in any time column
            for key, clock in self._clocks.items():
                t_ns, good, unreadable = clock.read(batch)
                bad |= unreadable if len(self._clocks) > 1 else ~good
                if not self._long and unreadable.any():
                    check_other_head(self._path, batch, unreadable, good, seen, self._by_tag)
                self._seen_good |= bool(good.any())
                if self._long:
                    self._take_long(batch, t_ns, good)
                else:
                    self._take_wide(key, batch, t_ns, good)
            self._bad_stamps += int(bad.sum())
            if on_progress is not None and self._table.facts.total_bytes:
                on_progress(min(self._table.facts.bytes_read / self._table.facts.total_bytes, 1.0))
        self._check_something()
        self._used = frozenset(wanted)
        return self._ended()

    def _make_spool(self, name: str, columns: Sequence[Column]) -> None:
        self._spool_columns.setdefault(name, list(columns))
        names = [column.name for column in columns]
        self._spools[name] = Spool(self._folder, f"spool{len(self._spools)}", [*names, ROW] if self._long else names)
        for column in columns:
            self._to.begin(column)

    def _check_something(self) -> None:
        if self._lines == 0:
            raise InputError("has a header, but no lines of values", file=self._path)
        for clock in self._clocks.values():
            clock.check()
        if self._long:
            m = self._mapping
            if not self._spools:
                raise self._no_tags(sorted(self._seen_tags))
            for tag, where in m.tags.items():
                if tag not in self._spools and tag not in m.optional_tags:
                    problem = f"the log has no such tag{hint(tag, self._seen_tags)}"
                    raise m.refuse(problem, *where, value=tag, allowed=_few(nearest(tag, self._seen_tags)))
            self._missing = tuple(tag for tag in sorted(m.optional_tags) if tag not in self._spools)

    def _take_wide(self, key: str, batch: Any, t_ns: np.ndarray, good: np.ndarray) -> None:
        columns, cells, lines = self._spool_columns[key], batch.columns, batch.lines
        if not good.all():
            t_ns, lines, at = t_ns[good], lines[good], pa.array(good)
            cells = {name: column.filter(at) for name, column in cells.items()}
        values = np.stack([self._to.values(column, cells[column.tag], lines) for column in columns], axis=1)
        self._marks.add(key, {c.quality: cells[c.quality] for c in columns if c.quality is not None})
        self._watches[key].feed(t_ns)
        self._spools[key].append(t_ns, values)

    def _take_long(self, batch: Any, t_ns: np.ndarray, good: np.ndarray) -> None:
        spec = self._mapping.file.long
        assert spec is not None
        codes, words = to_text(batch.columns[spec.tag])
        rows = np.arange(self._rows, self._rows + int(good.sum()), dtype=np.float64)
        number = np.full(len(t_ns), np.nan)
        number[good] = rows
        self._rows += len(rows)
        self._watch.feed(t_ns[good])
        self._groups.feed(t_ns[good])
        if len(self._tens) < MAX_TENS:
            self._tens.update(np.unique(t_ns[good] // TEN_S_NS).tolist())
        for code, word in enumerate(words):
            if len(self._seen_tags) < MAX_TAGS:
                self._seen_tags.setdefault(word)
            columns = self._by_tag.get(word)
            if columns is None:
                continue
            here = np.flatnonzero((codes == code) & good)
            if word not in self._spools:
                self._make_spool(word, columns)
                self._watches[word] = watch_of(self._mapping)
            cells, lines = batch.columns[spec.value].take(pa.array(here)), batch.lines[here]
            of_tag = [self._to.values(column, cells, lines) for column in columns]
            values = np.stack([*of_tag, number[here]], axis=1)
            if spec.quality is not None:
                self._marks.add(word, {spec.quality: batch.columns[spec.quality].take(pa.array(here))})
            self._watches[word].feed(t_ns[here])
            self._spools[word].append(t_ns[here], values)

    def _unnamed_quality(self) -> list[str]:
        """Columns with the name of a quality column that the mapping does not use."""
        long = self._mapping.file.long
        if self._long:
            return (
                [] if long is None or long.quality is not None else [n for n in self._table.names if NAMED.fullmatch(n)]
            )
        tags = [tag for tag, columns in self._by_tag.items() if any(column.quality is None for column in columns)]
        names = self._table.names
        return [n for tag in tags for n in names if n.startswith(tag) and NAMED.fullmatch(n[len(tag) :])]

    def _ended(self) -> Ingested:
        long_quality = self._mapping.file.long.quality if self._mapping.file.long is not None else None
        key = "long.quality" if self._long else "quality beside its tag"
        unnamed = [f"{name} is not used ({key}) and holds bad values" for name, q in self._unnamed.items() if q.bad]
        quality = self._marks.applied(self._spools, self._spool_columns, self._to.facts, long_quality)
        settled = Settling(
            Path(self._path), self._mapping, self._spools, self._spool_columns, self._watch, self._watches
        ).settle()
        return Ingested(
            self._spools,
            settled,
            self._spool_columns,
            self._to.codes,
            self._to.facts,
            self._table.facts,
            self._table.names,
            self._lines,
            self._bad_stamps,
            next((clock.first_bad for clock in self._clocks.values() if clock.first_bad is not None), None),
            self._groups.coarse(self._watches) if self._long else Coarse(self._watch.coarse_ns),
            self._watch.period_ns,
            self._missing,
            {key: self._watches.get(key, self._watch).period_ns for key in self._spools},
            self._used,
            any(clock.is_relative for clock in self._clocks.values()),
            any(clock.is_doubtful for clock in self._clocks.values()),
            readings=readings_of(
                self._mapping, self._clocks, "; ".join([*([quality] if quality else []), *unnamed]), self._unused_times
            ),
            tens=frozenset(self._tens) if len(self._tens) < MAX_TENS else frozenset(),
        )


def _few(names: Sequence[str]) -> str:
    shown = list(names)[:8]
    return ", ".join(shown) + (f", ... ({len(names)} in all)" if len(names) > 8 else "")
