"""From a log's table to numbers on disk: every mapped tag converted as the mapping says, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.catalogue.explain import hint, nearest
from twin.errors import InputError
from twin.log_import.clock import ClockWatch, Plan
from twin.log_import.coarse import Coarse, StampGroups
from twin.log_import.mapping import Mapping
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import to_text
from twin.log_import.reading.stamps import StampFormat, parse_stamp_format
from twin.log_import.reading.table import ReadFacts, Table, open_table
from twin.log_import.settling import Settled, Settling, watch_of
from twin.log_import.spool import Spool
from twin.log_import.values import Codes, Column, ColumnFacts, Converter, alarm_name, step_name

ROW = "#row"
"""Column of a tag's spool that holds the number of the line among all lines."""
WIDE = "wide"
MOST_TAGS = 5000
"""So many tags of a long table are kept for messages."""


@dataclass
class Ingested:
    """All that was read: spools by tag (or `WIDE`), what their times become, and the facts."""

    spools: dict[str, Spool]
    settled: Settled
    columns: dict[str, list[Column]]
    codes: dict[str, Codes]
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
    """Of each spool: the usual time from one of its lines to the next."""

    @property
    def plans(self) -> dict[str, Plan]:
        """Of each spool: what is done to its times."""
        return self.settled.plans

    def close(self) -> None:
        for spool in self.spools.values():
            spool.close()


def layout_of(mapping: Mapping) -> TableLayout:
    """The table's layout for the reader; raises InputError that names the mapping's line."""
    f = mapping.file.file
    told = {} if f.empty is None else {"empty": ("", *f.empty)}
    try:
        return TableLayout(
            format=f.format,
            encoding=f.encoding,
            delimiter={"tab": "\t", "\\t": "\t"}.get(f.delimiter, f.delimiter),
            decimal=f.decimal,
            thousands=f.thousands,
            quote=f.quote,
            header_line=f.header_line,
            units_line=f.units_line,
            comment=f.comment,
            **told,
        )
    except InputError as error:
        raise mapping.refuse(
            error.problem, "file", error.key or "format", value=error.value, allowed=error.allowed
        ) from None


def stamps_of(mapping: Mapping) -> StampFormat:
    """How the log writes its times; raises InputError that names the mapping's line."""
    spec = mapping.file.time
    try:
        return parse_stamp_format(spec.format, spec.zone, layout_of(mapping))
    except ValueError as error:
        key = "zone" if "zone" in str(error) else "format"
        raise mapping.refuse(str(error), "time", key, value=getattr(spec, key)) from None


def ingest(
    path: str | Path, mapping: Mapping, folder: Path, on_progress: Callable[[float], None] | None = None
) -> Ingested:
    """Read a log once, from its beginning to its end.

    Args:
        folder: temporary files go there.
        on_progress: called with the share that is read, 0 to 1.

    Raises:
        InputError: a file that is no such table, a tag that it lacks, times that never parse.
    """
    stamps = stamps_of(mapping)
    with open_table(path, layout_of(mapping), key="LOG") as table:
        reader = _Reader(path, mapping, table, stamps, folder)
        try:
            return reader.run(on_progress)
        except BaseException:
            reader.close()
            raise


class _Reader:
    def __init__(self, path: str | Path, mapping: Mapping, table: Table, stamps: StampFormat, folder: Path) -> None:
        self._path, self._mapping, self._table, self._stamps = path, mapping, table, stamps
        self._folder = folder
        self._long = mapping.file.file.table == "long"
        self._to = Converter(layout_of(mapping), mapping.file.cleaning.good)
        self._spools: dict[str, Spool] = {}
        self._watches: dict[str, ClockWatch] = {}
        spec = mapping.file.time
        self._time_columns = (spec.column,) if isinstance(spec.column, str) else spec.column
        self._lines, self._bad_stamps, self._rows = 0, 0, 0
        self._spool_columns: dict[str, list[Column]] = {}
        self._seen_tags: dict[str, None] = {}
        self._missing: tuple[str, ...] = ()
        self._first_bad: tuple[int, str] | None = None
        self._by_tag = self._columns()
        self._check_columns()

    def close(self) -> None:
        for spool in self._spools.values():
            spool.close()

    def _columns(self) -> dict[str, list[Column]]:
        """Columns by tag, in the order of the mapping."""
        found: dict[str, list[Column]] = {}
        for m in self._mapping.signals:
            found.setdefault(m.spec.tag, []).append(Column(m.name, m.spec.tag, m, m.spec.quality))
        spec = self._mapping.file
        for steps, _ in self._mapping.steps:
            found.setdefault(steps.tag, []).append(
                Column(step_name(steps.robot), steps.tag, offset_s=steps.clock_offset_s)
            )
        if spec.alarms is not None:
            for k, tag in enumerate(spec.alarms.tags):
                found.setdefault(tag, []).append(Column(alarm_name(k), tag, offset_s=spec.alarms.clock_offset_s))
        return found

    def _check_columns(self) -> None:
        """The table's own columns: time, and for a long one tag and value; for a wide one the tags."""
        m, names = self._mapping, self._table.names
        for column in self._time_columns:
            self._need(column, ("time", "column"))
        if self._long:
            assert m.file.long is not None
            for key in ("tag", "value", "quality"):
                column = getattr(m.file.long, key)
                if column is not None:
                    self._need(column, ("long", key))
            return
        here = [tag for tag in m.tags if tag in names]
        if not here:
            raise InputError(
                f"has none of the {len(m.tags)} tags of {m.path}",
                file=self._path,
                key="tags",
                value=next(iter(m.tags)),
                allowed=_few(names),
            )
        for tag, where in m.tags.items():
            if tag not in names and tag not in m.optional_tags:
                self._need(tag, where)
        for mapped in m.signals:
            if mapped.spec.quality is not None:
                self._need(mapped.spec.quality, ("signals", mapped.name, "quality"))
        self._missing = tuple(tag for tag in sorted(m.optional_tags) if tag not in names)
        for tag in self._missing:
            del self._by_tag[tag]

    def _need(self, column: str, where: tuple[str | int, ...]) -> None:
        names = self._table.names
        if column not in names:
            said = f"the log has no such column{hint(column, names)}"
            raise self._mapping.refuse(said, *where, value=column, allowed=_few(nearest(column, names)))

    # ------------------------------------------------------------------------------------------------ all lines

    def run(self, on_progress: Callable[[float], None] | None) -> Ingested:
        wanted = list(self._time_columns)
        spec = self._mapping.file
        if self._long:
            assert spec.long is not None
            wanted += [c for c in (spec.long.tag, spec.long.value, spec.long.quality) if c is not None]
        else:
            wanted += [*self._by_tag, *{c.quality for cs in self._by_tag.values() for c in cs if c.quality}]
            columns = [column for cs in self._by_tag.values() for column in cs]
            self._make_spool(WIDE, columns)
        self._watch, self._groups = watch_of(self._mapping), StampGroups()
        for batch in self._table.batches(list(dict.fromkeys(wanted))):
            t_ns, good = self._times(batch)
            if self._long:
                self._take_long(batch, t_ns, good)
            else:
                self._take_wide(batch, t_ns, good)
            if on_progress is not None and self._table.facts.total_bytes:
                on_progress(min(self._table.facts.bytes_read / self._table.facts.total_bytes, 1.0))
        self._check_something()
        return self._ended()

    def _make_spool(self, name: str, columns: Sequence[Column]) -> None:
        self._spool_columns.setdefault(name, list(columns))
        names = [column.name for column in columns]
        self._spools[name] = Spool(self._folder, f"spool{len(self._spools)}", [*names, ROW] if self._long else names)
        for column in columns:
            self._to.begin(column)

    def _times(self, batch: Any) -> tuple[np.ndarray, np.ndarray]:
        """Times (K,) of a batch's lines and which of them could be read (K,)."""
        columns = [batch.columns[name] for name in self._time_columns]
        whole = columns[0] if len(columns) == 1 else _joined(columns)
        try:
            t_ns, ok = self._stamps.to_ns(whole)
        except ValueError as error:
            m = self._mapping
            said = f"line {batch.line_of(0)}: {error} ({m.path}: {m.line('time')}time.zone)"
            raise InputError(said, file=self._path, key=str(m.file.time.column), value=whole[0].as_py()) from None
        self._lines += len(t_ns)
        if not ok.all():
            bad = np.flatnonzero(~ok)
            self._bad_stamps += len(bad)
            if self._first_bad is None:
                k = int(bad[0])
                self._first_bad = (batch.line_of(k), str(whole[k].as_py() or ""))
            if self._bad_stamps == self._lines and self._lines > 1000:
                self._refuse_stamps()
        return t_ns, ok

    def _refuse_stamps(self) -> None:
        spec = self._mapping.file.time
        line, said = self._first_bad or (0, "")
        raise InputError(
            f"line {line}: none of its times could be read as {spec.format!r} "
            f"({self._mapping.path}: {self._mapping.line('time', 'format')}time.format)",
            file=self._path,
            key=str(spec.column),
            value=said,
        )

    def _check_something(self) -> None:
        if self._lines == 0:
            raise InputError("has a header, but no lines of values", file=self._path)
        if self._bad_stamps == self._lines:
            self._refuse_stamps()
        if self._long:
            m = self._mapping
            if not self._spools:
                raise InputError(
                    f"has none of the {len(m.tags)} tags of {m.path}",
                    file=self._path,
                    key="tags",
                    value=next(iter(m.tags)),
                    allowed=_few(sorted(self._seen_tags)),
                )
            for tag, where in m.tags.items():
                if tag not in self._spools and tag not in m.optional_tags:
                    said = f"the log has no such tag{hint(tag, self._seen_tags)}"
                    raise m.refuse(said, *where, value=tag, allowed=_few(nearest(tag, self._seen_tags)))
            self._missing = tuple(tag for tag in sorted(m.optional_tags) if tag not in self._spools)

    # ------------------------------------------------------------------------------------------------ one batch

    def _take_wide(self, batch: Any, t_ns: np.ndarray, good: np.ndarray) -> None:
        columns = self._spool_columns[WIDE]
        values = np.full((len(t_ns), len(columns)), np.nan)
        for k, column in enumerate(columns):
            values[:, k] = self._to.values(column, batch.columns[column.tag], batch.line_of)
            if column.quality is not None:
                fine = self._to.is_fine(batch.columns[column.quality])
                self._to.facts[column.name].bad_quality += int((~fine & ~np.isnan(values[:, k])).sum())
                values[~fine, k] = np.nan
        if not good.all():
            t_ns, values = t_ns[good], values[good]
        self._watch.feed(t_ns)
        self._spools[WIDE].append(t_ns, values)

    def _take_long(self, batch: Any, t_ns: np.ndarray, good: np.ndarray) -> None:
        spec = self._mapping.file.long
        assert spec is not None
        codes, words = to_text(batch.columns[spec.tag])
        fine = good if spec.quality is None else good & self._to.is_fine(batch.columns[spec.quality])
        rows = np.arange(self._rows, self._rows + int(good.sum()), dtype=np.float64)
        number = np.full(len(t_ns), np.nan)
        number[good] = rows
        self._rows += len(rows)
        self._watch.feed(t_ns[good])
        self._groups.feed(t_ns[good])
        for code, word in enumerate(words):
            if len(self._seen_tags) < MOST_TAGS:
                self._seen_tags.setdefault(word)
            columns = self._by_tag.get(word)
            if columns is None:
                continue
            of_tag = (codes == code) & good
            here = np.flatnonzero(of_tag & fine)
            if word not in self._spools:
                self._make_spool(word, columns)
                self._watches[word] = watch_of(self._mapping)
            said = batch.columns[spec.value].take(pa.array(here))
            values = np.empty((len(here), len(columns) + 1))

            def line_of(k: int, here: np.ndarray = here) -> int:
                return int(batch.line_of(int(here[k])))

            for k, column in enumerate(columns):
                values[:, k] = self._to.values(column, said, line_of)
                self._to.facts[column.name].bad_quality += int(of_tag.sum()) - len(here)
            values[:, -1] = number[here]
            self._watches[word].feed(t_ns[here])
            self._spools[word].append(t_ns[here], values)

    # ------------------------------------------------------------------------------------------------ the end

    def _ended(self) -> Ingested:
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
            self._first_bad,
            self._groups.coarse(self._watches) if self._long else Coarse(self._watch.coarse_ns),
            self._watch.period_ns,
            self._missing,
            {key: self._watches.get(key, self._watch).period_ns for key in self._spools},
        )


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    """Date and time of separate columns as one, a blank between."""
    return pc.binary_join_element_wise(*[c.cast(pa.string()) for c in columns], " ")


def _few(names: Sequence[str]) -> str:
    shown = list(names)[:8]
    return ", ".join(shown) + (f", ... ({len(names)} in all)" if len(names) > 8 else "")
