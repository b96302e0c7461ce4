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
from twin.log_import.mapping import Mapped, Mapping
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import to_float, to_text
from twin.log_import.reading.stamps import StampFormat, parse_stamp_format
from twin.log_import.reading.table import ReadFacts, Table, open_table
from twin.log_import.spool import Spool

TRUE_WORDS = ("TRUE", "True", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "T", "Y")
FALSE_WORDS = ("FALSE", "False", "false", "0", "OFF", "Off", "off", "NO", "No", "no", "F", "N")
ROW = "#row"
"""Column of a tag's spool that holds the number of the line among all lines."""
WIDE = "wide"
MOST_TAGS = 5000
"""So many tags of a long table are kept for messages."""


@dataclass
class ColumnFacts:
    """What was wrong with the values of one signal: counts, and the first line of each kind."""

    values: int = 0
    empty: int = 0
    unreadable: int = 0
    first_unreadable: tuple[int, str] | None = None
    bad_quality: int = 0
    unmapped: dict[str, int] = field(default_factory=dict)
    """Words that stand for nothing known, and how often they came."""


@dataclass(frozen=True)
class Column:
    """One column of a spool: a signal, or a code (step, alarm) whose words are numbered in `words`."""

    name: str
    tag: str
    signal: Mapped | None = None
    quality: str | None = None


class Codes:
    """Words of a code column and their numbers, in the order in which they came."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._number: dict[str, int] = {}

    def number(self, word: str) -> int:
        """30, 30.0 and 030 are the same step."""
        word = plain_code(word)
        if word not in self._number:
            if len(self.words) >= 100_000:
                return 0
            self._number[word] = len(self.words)
            self.words.append(word)
        return self._number[word]


def plain_code(word: str) -> str:
    """A step number or alarm code as one word, however it is written."""
    word = word.strip()
    try:
        number = float(word)
    except ValueError:
        return word
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else word


@dataclass
class Ingested:
    """All that was read: spools by tag (or `WIDE`), the plan of each one's clock, and the facts."""

    spools: dict[str, Spool]
    plans: dict[str, Plan]
    columns: dict[str, list[Column]]
    codes: dict[str, Codes]
    facts: dict[str, ColumnFacts]
    read: ReadFacts
    names: tuple[str, ...]
    lines: int = 0
    bad_stamps: int = 0
    first_bad_stamp: tuple[int, str] | None = None
    by_tag: bool = False
    period_ns: int = 0
    missing_tags: tuple[str, ...] = ()

    def close(self) -> None:
        for spool in self.spools.values():
            spool.close()


def layout_of(mapping: Mapping) -> TableLayout:
    """The table's layout for the reader."""
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
        raise mapping.refuse(error.problem, "file", error.key or "", value=error.value, allowed=error.allowed) from None


def stamps_of(mapping: Mapping) -> StampFormat:
    """How the log writes its times; raises InputError that names the mapping's line."""
    spec = mapping.file.time
    try:
        return parse_stamp_format(spec.format, spec.zone)
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
        self._layout = layout_of(mapping)
        self._long = mapping.file.file.table == "long"
        self._good = {plain_code(str(word)) for word in mapping.file.cleaning.good}
        self._spools: dict[str, Spool] = {}
        self._codes: dict[str, Codes] = {}
        self._facts: dict[str, ColumnFacts] = {}
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
        if spec.steps is not None:
            found.setdefault(spec.steps.tag, []).append(Column(STEP, spec.steps.tag))
        if spec.alarms is not None:
            for k, tag in enumerate(spec.alarms.tags):
                found.setdefault(tag, []).append(Column(alarm_name(k), tag))
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
        self._missing = tuple(tag for tag in m.optional_tags if tag not in names)
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
        self._watch = self._new_watch()
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

    def _new_watch(self) -> ClockWatch:
        cleaning = self._mapping.file.cleaning
        return ClockWatch(cleaning.reorder_s, max(cleaning.jump_s, cleaning.reorder_s), self._path)

    def _make_spool(self, name: str, columns: Sequence[Column]) -> None:
        self._spool_columns.setdefault(name, list(columns))
        names = [column.name for column in columns]
        self._spools[name] = Spool(self._folder, f"spool{len(self._spools)}", [*names, ROW] if self._long else names)
        for column in columns:
            self._facts[column.name] = ColumnFacts()
            if column.signal is None:
                self._codes[column.name] = Codes()

    def _times(self, batch: Any) -> tuple[np.ndarray, np.ndarray]:
        """Times (K,) of a batch's lines and which of them could be read (K,)."""
        columns = [batch.columns[name] for name in self._time_columns]
        whole = columns[0] if len(columns) == 1 else _joined(columns)
        t_ns, ok = self._stamps.to_ns(whole)
        self._lines += len(t_ns)
        if not ok.all():
            bad = np.flatnonzero(~ok)
            self._bad_stamps += len(bad)
            if self._first_bad is None:
                k = int(bad[0])
                self._first_bad = (batch.first_line + k, str(whole[k].as_py()))
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
            self._missing = tuple(tag for tag in m.optional_tags if tag not in self._spools)

    # ------------------------------------------------------------------------------------------------ one batch

    def _take_wide(self, batch: Any, t_ns: np.ndarray, good: np.ndarray) -> None:
        columns = self._spool_columns[WIDE]
        values = np.full((len(t_ns), len(columns)), np.nan)
        for k, column in enumerate(columns):
            values[:, k] = self._converted(column, batch.columns[column.tag], batch.first_line)
            if column.quality is not None:
                fine = self._fine(batch.columns[column.quality])
                self._facts[column.name].bad_quality += int((~fine & ~np.isnan(values[:, k])).sum())
                values[~fine, k] = np.nan
        if not good.all():
            t_ns, values = t_ns[good], values[good]
        self._watch.feed(t_ns)
        self._spools[WIDE].append(t_ns, values)

    def _take_long(self, batch: Any, t_ns: np.ndarray, good: np.ndarray) -> None:
        spec = self._mapping.file.long
        assert spec is not None
        codes, words = to_text(batch.columns[spec.tag])
        fine = good if spec.quality is None else good & self._fine(batch.columns[spec.quality])
        rows = np.arange(self._rows, self._rows + int(good.sum()), dtype=np.float64)
        number = np.full(len(t_ns), np.nan)
        number[good] = rows
        self._rows += len(rows)
        self._watch.feed(t_ns[good])
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
                self._watches[word] = self._new_watch()
            said = batch.columns[spec.value].take(pa.array(here))
            values = np.empty((len(here), len(columns) + 1))
            for k, column in enumerate(columns):
                values[:, k] = self._converted(column, said, batch.first_line)
                self._facts[column.name].bad_quality += int(of_tag.sum()) - len(here)
            values[:, -1] = number[here]
            self._watches[word].feed(t_ns[here])
            self._spools[word].append(t_ns[here], values)

    def _fine(self, column: pa.Array) -> np.ndarray:
        """Which lines have good quality (K,); an empty one is not good."""
        codes, words = to_text(column)
        good = np.array([plain_code(word) in self._good for word in words] + [False])
        return np.asarray(good[codes])

    def _converted(self, column: Column, said: pa.Array, first_line: int) -> np.ndarray:
        """Values (K,) of a column, NaN where it says nothing that counts."""
        facts = self._facts[column.name]
        if column.signal is None:
            codes, words = to_text(said)
            numbers = np.array([self._codes[column.name].number(word) for word in words] + [np.nan], float)
            values = np.asarray(numbers[codes])
        elif column.signal.target.dimension == "switch":
            values = self._switch(column.signal, said, facts)
        else:
            values = self._number(column.signal, said, facts, first_line)
        empty = int(said.null_count)
        facts.empty += empty
        facts.values += len(values) - int(np.isnan(values).sum())
        return values

    def _switch(self, m: Mapped, said: pa.Array, facts: ColumnFacts) -> np.ndarray:
        if m.spec.bit is not None:
            numbers, bad = to_float(said, self._layout)
            facts.unreadable += int(bad.sum())
            known = np.isfinite(numbers)
            values = np.full(len(numbers), np.nan)
            values[known] = (numbers[known].astype(np.int64) >> m.spec.bit) & 1
        else:
            codes, words = to_text(said)
            meaning = [self._switch_word(m, word) for word in words]
            values = np.array([*meaning, np.nan], float)[codes]
            _note_unmapped(facts, codes, words, meaning)
        if m.spec.invert:
            values = 1.0 - values
        return np.asarray(values)

    def _switch_word(self, m: Mapped, word: str) -> float:
        if m.spec.values is not None:
            found = m.spec.values.get(word, m.spec.values.get(plain_code(word)))
            return np.nan if found is None else float(bool(found))
        if word in TRUE_WORDS or plain_code(word) == "1":
            return 1.0
        return 0.0 if word in FALSE_WORDS or plain_code(word) == "0" else np.nan

    def _number(self, m: Mapped, said: pa.Array, facts: ColumnFacts, first_line: int) -> np.ndarray:
        spec = m.spec
        if spec.values is not None:
            codes, words = to_text(said)
            meaning = [float(spec.values.get(w, spec.values.get(plain_code(w), np.nan))) for w in words]
            raw = np.array([*meaning, np.nan], float)[codes]
            _note_unmapped(facts, codes, words, meaning)
        else:
            raw, bad = to_float(said, self._layout)
            if bad.any():
                facts.unreadable += int(bad.sum())
                if facts.first_unreadable is None:
                    k = int(np.flatnonzero(bad)[0])
                    facts.first_unreadable = (first_line + k, str(said[k].as_py()))
        return np.asarray(m.to_si * (spec.sign * spec.scale * (raw - spec.zero)))

    # ------------------------------------------------------------------------------------------------ the end

    def _ended(self) -> Ingested:
        plans: dict[str, Plan] = {}
        whole = self._watch.plan()
        by_tag = False
        if self._long:
            each = {tag: watch.plan() for tag, watch in self._watches.items()}
            # sorted by tag, the time starts again with each: then every tag has a clock of its own
            by_tag = sum(_set_back(plan) for plan in each.values()) < _set_back(whole)
            plans = each if by_tag else dict.fromkeys(self._spools, whole)
        else:
            plans[WIDE] = whole
        return Ingested(
            self._spools,
            plans,
            self._spool_columns,
            self._codes,
            self._facts,
            self._table.facts,
            self._table.names,
            self._lines,
            self._bad_stamps,
            self._first_bad,
            by_tag,
            self._watch.period_ns,
            self._missing,
        )


STEP = "step"


def alarm_name(register: int) -> str:
    """Name of an alarm register's column."""
    return f"alarm{register + 1}"


def _set_back(plan: Plan) -> int:
    return sum(jump.kind in ("set_back", "ran_ahead", "stray") for jump in plan.jumps)


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    """Date and time of separate columns as one, a blank between."""
    return pc.binary_join_element_wise(*[c.cast(pa.large_string()) for c in columns], " ")


def _note_unmapped(facts: ColumnFacts, codes: np.ndarray, words: Sequence[str], meaning: Sequence[float]) -> None:
    for k, word in enumerate(words):
        if np.isnan(meaning[k]) and (len(facts.unmapped) < 20 or word in facts.unmapped):
            facts.unmapped[word] = facts.unmapped.get(word, 0) + int((codes == k).sum())


def _few(names: Sequence[str]) -> str:
    shown = list(names)[:8]
    return ", ".join(shown) + (f", ... ({len(names)} in all)" if len(names) > 8 else "")
