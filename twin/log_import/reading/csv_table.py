"""A table stored as text, read by Arrow's CSV reader in pieces of whole records."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from twin.errors import InputError
from twin.log_import.reading.facts import ReadFacts
from twin.log_import.reading.heads import Head
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.records import Dialect, Piece, Records
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
        self._dialect = Dialect(layout)
        self._head = self._read_head()
        self._head_words = self._head.words(layout.comment)
        self.names, self.headers, self.units = self._head.names, self._head.headers, self._head.units

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
        self._check_columns(columns, rows)
        self.facts = ReadFacts()
        records, _ = self._at_first_row(self.facts)
        if self.layout.comment and self.layout.header_line:
            records.keeps = lambda record: self._is_head(record) and record.count(self._dialect.delimiter) > 0
        wanted, head = list(dict.fromkeys(columns)), self._head
        for piece in records.pieces():
            left: Piece | None = piece
            while left is not None:
                batch, head, left = self._next_batch(records, left, wanted, head)
                self.facts.rows += batch.rows
                if self.facts.bad_rows > _FEW_BAD_ROWS + self.facts.rows:
                    raise InputError(
                        f"line {piece.first_line}: up to here {self.facts.bad_rows} rows have another number of fields "
                        f"than the header, and only {self.facts.rows} have as many",
                        file=self.path,
                        key=self._key,
                    )
                for start in range(0, batch.rows, rows):
                    yield _part(batch, start, min(start + rows, batch.rows))

    def _next_batch(
        self, records: Records, piece: Piece, columns: list[str], head: Head
    ) -> tuple[Batch, Head, Piece | None]:
        """A piece's rows up to the next header that differs, that header, and the rest of the piece."""
        batch, bad, heads = self._parsed(piece, columns, head)
        if piece.lines is None and batch.rows + len(bad) + len(heads) != piece.line_count:  # there are blank lines
            piece = records.without_blanks(piece)
            batch, bad, heads = self._parsed(piece, columns, head)
        for k in self._heads_in(piece, batch, columns, heads):
            record, rest = _after(piece, k, self._dialect)
            line = piece.first_line + k if piece.lines is None else int(piece.lines[k])
            fields = self._dialect.fields(record)
            other = head.again(fields, self.layout.comment)
            is_same = other.names == head.names
            used = {line}
            if self.layout.units_line and rest is not None:
                other, rest = self._units_again(rest, other, columns, used)
            self.facts.head_again(line, self._head.change(other, columns))
            preamble = range(line - self.layout.header_line + 1, line)
            bad = [(at, blank) for at, blank in bad if at not in used and (blank or at not in preamble)]
            if is_same:
                batch = _without(batch, used)
                continue
            self._count([(at, blank) for at, blank in bad if at < line])
            return _before(batch, line), other, rest
        self._count(bad)
        return batch, head, None

    def _heads_in(self, piece: Piece, batch: Batch, columns: list[str], heads: list[int]) -> list[int]:
        """Numbers of a piece's records that repeat a header, ascending."""
        found = set(heads)
        if columns and batch.rows and self.layout.header_line:
            first = batch.columns[columns[0]]
            for row in np.flatnonzero(pc.is_in(first, self._head_words).to_numpy(zero_copy_only=False)).tolist():
                line = batch.line_of(row)
                k = line - piece.first_line if piece.lines is None else int(np.searchsorted(piece.lines, line))
                if self._is_head(_after(piece, k, self._dialect)[0]):
                    found.add(k)
        return sorted(found)

    def _is_head(self, record: bytes) -> bool:
        return self._head.is_again(self._dialect.fields(record), self.layout.comment)

    def _units_again(self, rest: Piece, head: Head, columns: list[str], used: set[int]) -> tuple[Head, Piece | None]:
        """Skip a line of units after a repeated header; refuse other units."""
        record, after = _after(rest, 0, self._dialect)
        fields = self._dialect.fields(record)
        if not head.is_units(fields):
            return head, rest
        line = rest.first_line if rest.lines is None else int(rest.lines[0])
        used.add(line)
        units = tuple(([unit.strip() for unit in fields] + [""] * len(head.names))[: len(head.names)])
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
        return dataclasses.replace(head, units=units), after

    def end_batches(self, columns: Sequence[str], size: int) -> Iterator[Batch]:
        """The columns in the last `size` bytes of a plain file, from the first line that begins there, without line
        numbers. Nothing if the file is packed, small, or of an encoding that cannot be read from its middle."""
        self._check_columns(columns, BATCH_ROWS)
        wide = self.layout.codec_name.startswith(("utf-16", "utf-32"))
        if wide or self._source.compression != "none" or self._source.size <= size:
            return
        end = self._source.end(size)
        cut = end.find(b"\n") + 1
        facts = ReadFacts(compression_cut=True)  # a quote opened before the cut is no error
        blocks = utf8_blocks(iter([end[cut:]] if cut else []), self.layout.codec_name, self.path)
        for piece in Records(blocks, self._dialect, facts, self.path).pieces():
            batch, _, _ = self._parsed(piece, list(dict.fromkeys(columns)), self._head)
            if batch.rows:
                yield batch

    def _at_first_row(self, facts: ReadFacts) -> tuple[Records, list[list[str]]]:
        """The file's records from the first row of data on, and the fields of header and units line before it."""
        blocks = utf8_blocks(self._source.blocks(facts), self.layout.codec_name, self.path)
        records = Records(blocks, self._dialect, facts, self.path)
        header_line = self.layout.header_line
        for _ in range(header_line - 1):
            if not records.skip_line():
                raise InputError(
                    f"ends before its header, which should be line {header_line}", file=self.path, key=self._key
                )
        head = []
        for what in ["header"] * (header_line > 0) + ["line of units"] * self.layout.units_line:
            if self._dialect.comment and records.begins_with(self._dialect.comment):
                records.drop_sign(self._dialect.comment)
            line = records.line
            record = records.take_record()
            if record is None:
                raise InputError(f"has no {what} that ends", file=self.path, key=self._key)
            if not record.strip():
                raise InputError(f"line {line} is blank, it should be the {what}", file=self.path, key=self._key)
            head.append(self._dialect.fields(record))
        return records, head

    def _read_head(self) -> Head:
        records, head = self._at_first_row(ReadFacts())
        first_rows = list(itertools.islice(_rows(records, self._dialect), _ROWS_LOOKED_AT))
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
        units: tuple[str, ...] = ()
        if self.layout.units_line:
            texts = [unit.strip() for unit in head[-1]]
            units = tuple((texts + [""] * len(names))[: len(names)])
        return Head(unique_names(names), tuple(name.strip() for name in names), n, units)

    def _count(self, bad: list[tuple[int, bool]]) -> None:
        for line, is_blank in bad:
            if is_blank:
                self.facts.blank_lines += 1
            else:
                self.facts.bad_row(line)

    def _parsed(self, piece: Piece, columns: list[str], head: Head) -> tuple[Batch, list[tuple[int, bool]], list[int]]:
        """A piece's columns as strings; rows with another number of fields, as their line and whether they are blank;
        and the numbers of records that are repeated headers."""
        if not piece.text.strip(b"\n"):
            return Batch(piece.first_line, {}), [], []
        bad: list[tuple[int, bool]] = []
        heads: list[int] = []
        bad_rows: list[int] = []

        def left_out(row: Any) -> str:
            k = row.number - 1
            bad_rows.append(k)
            if self.layout.header_line and self._is_head(row.text.encode()):
                heads.append(k)
            else:
                line = piece.first_line + k if piece.lines is None else int(piece.lines[k])
                bad.append((line, not row.text.strip()))
            return "skip"

        internal = [str(k) for k in range(head.field_count)]
        here = [name for name in columns if name in head.names]
        chosen = [internal[head.names.index(name)] for name in here]
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(piece.text),
                # In one block, so that rows are numbered; a second thread is no faster.
                read_options=pa_csv.ReadOptions(
                    use_threads=False, block_size=len(piece.text) + 1, column_names=internal
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self.layout.delimiter,
                    quote_char=self.layout.quote or False,
                    newlines_in_values=piece.has_breaks,
                    invalid_row_handler=left_out,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(chosen, pa.string()),
                    include_columns=chosen or internal[:1],
                    strings_can_be_null=True,
                    null_values=list(self.layout.empty),
                    check_utf8=False,  # it is the output of a codec
                ),
            )
        except pa.ArrowException as error:
            raise InputError(
                f"from line {piece.first_line} on: cannot be read: {error}", file=self.path, key=self._key
            ) from None
        lines = piece.lines
        if bad_rows:
            if lines is None:
                lines = np.arange(piece.first_line, piece.first_line + piece.line_count)
            lines = np.delete(lines, bad_rows)
        if not table.num_rows:
            return Batch(piece.first_line, {}), bad, heads
        arrays = {name: _one_array(table.column(k)) for k, name in enumerate(here or [""])}
        missing = frozenset(columns) - frozenset(here)
        arrays |= {name: pa.nulls(table.num_rows, pa.string()) for name in missing}
        return Batch(piece.first_line if lines is None else int(lines[0]), arrays, missing, lines), bad, heads


def _rows(records: Records, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Line and fields of each non-empty record."""
    for piece in records.pieces():
        at, k = 0, 0
        while match := dialect.record.match(piece.text, at):
            line = piece.first_line + k if piece.lines is None else int(piece.lines[k])
            if match[0].strip():
                yield line, dialect.fields(match[0])
            at, k = match.end(), k + 1


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array


def _after(piece: Piece, k: int, dialect: Dialect) -> tuple[bytes, Piece | None]:
    """A piece's record number `k`, and the rest of the piece."""
    begin = 0
    if piece.has_breaks:
        for _ in range(k):
            match = dialect.record.match(piece.text, begin)
            begin = match.end() if match else len(piece.text)
    elif k:
        begin = int(np.flatnonzero(np.frombuffer(piece.text, np.uint8) == 10)[k - 1]) + 1
    match = dialect.record.match(piece.text, begin)
    end = match.end() if match else len(piece.text)
    record, rest = piece.text[begin:end], piece.text[end:]
    if not rest:
        return record, None
    if piece.lines is None:
        return record, Piece(rest, piece.first_line + k + 1, None, piece.line_count - k - 1)
    lines = piece.lines[k + 1 :]
    return record, Piece(rest, int(lines[0]), lines, piece.line_count - k - 1, piece.has_breaks)


def _before(batch: Batch, line: int) -> Batch:
    """Rows of a batch before a line."""
    if batch.lines is None:
        return _part(batch, 0, min(max(line - batch.first_line, 0), batch.rows))
    return _part(batch, 0, int(np.searchsorted(batch.lines, line)))


def _without(batch: Batch, lines: set[int]) -> Batch:
    """A batch without the rows of some lines."""
    numbers = np.arange(batch.first_line, batch.first_line + batch.rows) if batch.lines is None else batch.lines
    stays = np.flatnonzero(~np.isin(numbers, list(lines)))
    if len(stays) == batch.rows:
        return batch
    columns = {name: column.take(pa.array(stays)) for name, column in batch.columns.items()}
    numbers = numbers[stays]
    return Batch(int(numbers[0]) if len(numbers) else batch.first_line, columns, batch.missing, numbers)


def _part(batch: Batch, start: int, end: int) -> Batch:
    if start == 0 and end == batch.rows:
        return batch
    return Batch(
        batch.line_of(start) if batch.rows else batch.first_line,
        {name: column.slice(start, end - start) for name, column in batch.columns.items()},
        batch.missing,
        None if batch.lines is None else batch.lines[start:end],
    )
