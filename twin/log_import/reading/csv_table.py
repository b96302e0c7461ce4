"""A table stored as text: plain rows in bulk by Arrow's CSV reader, all others record by record."""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from twin.errors import InputError
from twin.log_import.reading.facts import ReadFacts
from twin.log_import.reading.heads import Head
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import flat
from twin.log_import.reading.records import Records, fields_of, is_whole
from twin.log_import.reading.source import Source
from twin.log_import.reading.table import BATCH_ROWS, Batch, Table, unique_names
from twin.log_import.reading.text import utf8_blocks

MAX_COLUMNS = 10_000
_FEW_BAD_ROWS = 10_000
"""This many bad rows are tolerated, plus as many as there are good ones."""
_ROWS_LOOKED_AT = 50
"""First rows that determine the number of fields of a row."""


class CsvTable(Table):
    """A text table in some encoding and dialect, plain or gzip."""

    def __init__(self, path: Path, layout: TableLayout, key: str, file: io.FileIO) -> None:
        super().__init__(path, layout, key, file)
        self._source = Source(path, file)
        self._head = self._read_head()
        self._head_words = self._head.words(layout.comment) if layout.header_line else frozenset()
        self.names, self.headers, self.units = self._head.names, self._head.headers, self._head.units

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
        self._check_columns(columns, rows)
        self.facts = ReadFacts()
        records, _ = self._at_first_row(self.facts)
        for batch in self._batches(records, columns, self.facts):
            self.facts.rows += batch.rows
            if self.facts.bad_rows > _FEW_BAD_ROWS + self.facts.rows:
                raise InputError(
                    f"line {records.line - 1}: up to here {self.facts.bad_rows} rows have another number of fields "
                    f"than the header, and only {self.facts.rows} have as many",
                    file=self.path,
                    key=self._key,
                )
            yield from batch.parts(rows)

    def end_batches(self, columns: Sequence[str], size: int) -> Iterator[Batch]:
        """The columns in the last `size` bytes of a plain file, from the first line that begins there, numbered from 1.
        Nothing if the file is packed, small, or of an encoding that cannot be read from its middle."""
        self._check_columns(columns, BATCH_ROWS)
        wide = self.layout.codec_name.startswith(("utf-16", "utf-32"))
        if wide or self._source.compression != "none" or self._source.size <= size:
            return
        end = self._source.end(size)
        cut = end.find(b"\n") + 1
        facts = ReadFacts(compression_cut=True)  # a quote opened before the cut is no error
        blocks = utf8_blocks([end[cut:]] if cut else [], self.layout.codec_name, self.path)
        for batch in self._batches(Records(blocks, self.layout, facts, self.path), columns, facts):
            yield from batch.parts(BATCH_ROWS)

    def _batches(self, records: Records, columns: Sequence[str], facts: ReadFacts) -> Iterator[Batch]:
        """All rows after the header; some batches may be empty."""
        wanted, head = list(dict.fromkeys(columns)), self._head
        if self.layout.header_line:
            records.keeps = lambda line: self.layout.delimiter in line and self._is_head(fields_of([line], self.layout))
        while piece := records.piece():
            batch = self._plain_rows(piece, records.line, wanted, head)
            if batch is None:
                head = yield from self._one_by_one(records, wanted, head, facts)
            else:
                records.skip(piece)
                yield batch

    def _plain_rows(self, piece: bytes, first_line: int, columns: list[str], head: Head) -> Batch | None:
        """The rows of whole lines; None if there are comments, blank lines, records of several lines, a header, or rows
        with another number of fields."""
        comment = self.layout.comment.encode()
        if comment and (piece.startswith(comment) or b"\n" + comment in piece):
            return None
        internal = [str(k) for k in range(head.field_count)]
        here = [name for name in columns if name in head.names]
        chosen = [internal[head.names.index(name)] for name in here]
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(piece),
                # In one block: a second thread is no faster.
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(piece) + 1, column_names=internal),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self.layout.delimiter, quote_char=self.layout.quote or False
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(chosen, pa.string()),
                    include_columns=chosen or internal[:1],
                    strings_can_be_null=True,
                    null_values=list(self.layout.empty),
                    check_utf8=False,  # it is the output of a codec
                ),
            )
        except pa.ArrowInvalid:  # a row with another number of fields
            return None
        lines = np.arange(first_line, first_line + piece.count(b"\n"))
        if table.num_rows != len(lines) or not is_whole(piece[piece.rfind(b"\n", 0, -1) + 1 :].decode(), self.layout):
            return None
        arrays = {name: flat(table.column(k)) for k, name in enumerate(here)}
        if columns[:1] == here[:1] and here and pc.any(_is_one_of(arrays[here[0]], self._head_words)).as_py():
            return None
        return _batch(columns, arrays, lines)

    def _one_by_one(
        self, records: Records, columns: list[str], head: Head, facts: ReadFacts
    ) -> Generator[Batch, None, Head]:
        """Yield the rows of all records that begin in the text read so far; return the header in force after them."""
        rows = _Rows(columns, head)
        bad: list[int] = []
        is_after_head = False
        for line, fields in records.records():
            is_odd = len(fields) != head.field_count
            may_be_head = self.layout.header_line > 0 and (is_odd or rows.first_of(fields) in self._head_words)
            if is_after_head and self.layout.units_line and head.is_units(fields):
                self._check_units(line, fields, head, columns)
                is_after_head = False
            elif may_be_head and self._is_head(fields):
                other, is_after_head = head.again(fields, self.layout.comment), True
                facts.head_again(line, self._head.change(other, columns))
                bad = [number for number in bad if number <= line - self.layout.header_line]  # without its preamble
                if other.names != head.names:
                    yield rows.batch(self.layout.empty)
                    head, rows = other, _Rows(columns, other)
            else:
                is_after_head = False
                if not is_odd:
                    rows.add(line, fields)
                elif self._is_blank(fields):
                    facts.blank_lines += 1
                else:
                    bad.append(line)
            if rows.count == BATCH_ROWS:
                yield rows.batch(self.layout.empty)
                rows = _Rows(columns, head)
        for number in bad:
            facts.bad_row(number)
        yield rows.batch(self.layout.empty)
        return head

    def _is_head(self, fields: list[str]) -> bool:
        return self._head.is_again(fields, self.layout.comment)

    def _is_blank(self, fields: list[str]) -> bool:
        return self.layout.delimiter.join(fields).isspace()

    def _check_units(self, line: int, fields: list[str], head: Head, columns: list[str]) -> None:
        """Refuse other units after a repeated header."""
        units = _padded(fields, len(head.names))
        before, now = dict(zip(self.names, self.units, strict=True)), dict(zip(head.names, units, strict=True))
        for name in columns:
            if name in now and now[name] != before[name]:
                raise InputError(
                    f"line {line}: another header with another unit: column {name!r} was in {before[name]!r} before",
                    file=self.path,
                    key=self._key,
                    value=now[name],
                    allowed="one unit for a column: cut the file there",
                )

    def _at_first_row(self, facts: ReadFacts) -> tuple[Records, list[list[str]]]:
        """The file's records from the first row of data on, and the fields of header and units line before it."""
        blocks = utf8_blocks(self._source.blocks(facts), self.layout.codec_name, self.path)
        records = Records(blocks, self.layout, facts, self.path)
        header_line = self.layout.header_line
        for _ in range(header_line - 1):
            if records.take_line() is None:
                raise InputError(
                    f"ends before its header, which should be line {header_line}", file=self.path, key=self._key
                )
        head = []
        for what in ["header"] * (header_line > 0) + ["line of units"] * self.layout.units_line:
            number, line = records.line, records.take_line()
            text = None if line is None else line.removeprefix(self.layout.comment)
            if text is not None and not text.strip():
                raise InputError(f"line {number} is blank, it should be the {what}", file=self.path, key=self._key)
            fields = None if text is None else records.take_record(text)
            if fields is None:
                raise InputError(f"has no {what} that ends", file=self.path, key=self._key)
            head.append(fields)
        return records, head

    def _read_head(self) -> Head:
        records, head = self._at_first_row(ReadFacts())
        rows = (row for row in records.all_records() if not self._is_blank(row[1]))
        first_rows = list(itertools.islice(rows, _ROWS_LOOKED_AT))
        if not first_rows:
            after = "after its header " if head else ""
            raise InputError(f"has no whole row of data {after}", file=self.path, key=self._key)
        counts = Counter(len(fields) for _, fields in first_rows)
        names = head[0] if self.layout.header_line else [""] * counts.most_common(1)[0][0]
        n = len(names)
        if counts[n] == 0:
            if all(len(fields) == n + 1 and not fields[-1].strip() for _, fields in first_rows):
                n += 1  # every row ends with a delimiter
            elif counts[n - 1] == len(first_rows) and not names[-1].strip():
                n -= 1  # the header alone does
                names = names[:-1]
            else:
                line, fields = first_rows[0]
                raise InputError(
                    f"line {line} has {len(fields)} fields, the header has {n}, with delimiter "
                    f"{self.layout.delimiter!r}",
                    file=self.path,
                    key=self._key,
                )
        if n > MAX_COLUMNS:
            raise InputError(f"has {n} columns", file=self.path, key=self._key, allowed=f"up to {MAX_COLUMNS}")
        if len(names) > 1 and not names[-1].strip() and not any(fields[-1].strip() for _, fields in first_rows):
            names = names[:-1]  # header and rows end with a delimiter
        units = _padded(head[-1], len(names)) if self.layout.units_line else ()
        return Head(unique_names(names), tuple(name.strip() for name in names), n, units)


class _Rows:
    """Rows after one header, collected one by one."""

    def __init__(self, columns: list[str], head: Head) -> None:
        self._columns = columns
        self._at = {name: head.names.index(name) for name in columns if name in head.names}
        self._first = self._at.get(columns[0]) if columns else None
        self._values: list[list[str]] = []
        self._lines: list[int] = []

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._lines)

    def first_of(self, fields: list[str]) -> str | None:
        """The first requested column's field, if a header has this column."""
        return None if self._first is None else fields[self._first]

    def add(self, line: int, fields: list[str]) -> None:
        """Add a row with all of its fields."""
        self._values.append([fields[k] for k in self._at.values()])
        self._lines.append(line)

    def batch(self, empty: Sequence[str]) -> Batch:
        """All rows; `empty`: texts that are null."""
        arrays = {}
        for k, name in enumerate(self._at):
            texts = pa.array([values[k] for values in self._values], pa.string())
            arrays[name] = pc.if_else(_is_one_of(texts, empty), pa.scalar(None, pa.string()), texts)
        return _batch(self._columns, arrays, np.array(self._lines, np.int64))


def _batch(columns: list[str], arrays: dict[str, pa.Array], lines: np.ndarray) -> Batch:
    """A batch of these columns, null where there is no array."""
    missing = frozenset(columns) - arrays.keys()
    nulls = pa.nulls(len(lines), pa.string())
    return Batch({name: arrays.get(name, nulls) for name in columns}, lines, missing)


def _is_one_of(texts: pa.Array, words: Iterable[str]) -> pa.Array:
    return pc.is_in(texts, pa.array(list(words), pa.string()))


def _padded(fields: list[str], count: int) -> tuple[str, ...]:
    """Fields without surrounding blanks, as many as there are columns."""
    return tuple(([field.strip() for field in fields] + [""] * count)[:count])
