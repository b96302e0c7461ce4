"""A table stored as Parquet: row groups are read in sequence, the chosen columns only."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pa_parquet

from twin.errors import InputError
from twin.log_import.reading.facts import ReadFacts
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import is_text
from twin.log_import.reading.source import PARQUET_MAGIC
from twin.log_import.reading.table import BATCH_ROWS, Batch, Table, unique_names

MAX_BATCH_BYTES = 64 << 20
"""Limit of one column's text in one batch."""
_BUFFER_BYTES = 256 << 10
"""Buffer of each column while it is read."""
_DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError)


class ParquetTable(Table):
    """A Parquet file of plain columns.

    Its metadata of single columns is not read: pyarrow ends the process if that is damaged.
    """

    def __init__(self, path: Path, layout: TableLayout, key: str, file: io.FileIO) -> None:
        super().__init__(path, layout, key, file)
        size = os.fstat(file.fileno()).st_size
        start, end = os.pread(file.fileno(), 4, 0), os.pread(file.fileno(), 4, max(size - 4, 0))
        if start != PARQUET_MAGIC:
            raise InputError("is no Parquet file", file=path, key=key)
        if end != PARQUET_MAGIC:
            raise InputError("a Parquet file that was cut: its end is missing", file=path, key=key)
        self._size = size
        self._parquet = self._opened()
        schema = self._parquet.schema_arrow
        if words := [field.name for field in schema if is_text(field.type)]:
            # A frequent long word takes little of the file, but must not take much of the memory.
            self._parquet = self._opened(words)
            schema = self._parquet.schema_arrow
        if not len(schema):
            raise InputError("has no columns", file=path, key=key)
        if not self._parquet.metadata.num_rows:
            raise InputError("has no row of data", file=path, key=key)
        self.names = unique_names(schema.names)
        self.headers = tuple(name.strip() for name in schema.names)
        self._types = {name: schema.field(k).type for k, name in enumerate(self.names)}
        self._positions = {name: k for k, name in enumerate(self.names)}

    @property
    def plain_names(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if _is_plain(self._types[name]))

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
        self._check_columns(columns, rows)
        columns = list(dict.fromkeys(columns))
        for name in columns:
            kind = self._types[name]
            if not _is_plain(kind):
                raise InputError(
                    f"column {name!r} is of type {kind}", file=self.path, key=self._key, allowed="plain columns"
                )
        self.facts = ReadFacts(total_bytes=self._size)
        meta = self._parquet.metadata
        row = 1
        try:
            for group in range(meta.num_row_groups):
                for batch in self._group(group, columns, rows):
                    self.facts.rows += batch.num_rows
                    self.facts.bytes_read = min(self._size, self._size * self.facts.rows // meta.num_rows)
                    found = {name: self._decoded(batch.column(k), name) for k, name in enumerate(columns)}
                    yield Batch(found, np.arange(row, row + batch.num_rows))
                    row += batch.num_rows
                self.facts.bytes_unpacked += meta.row_group(group).total_byte_size
        except _DAMAGE as error:
            if isinstance(error, InputError):
                raise
            raise self._damaged(f"after row {row - 1}", error) from None

    def close(self) -> None:
        self._parquet.close()
        super().close()

    def _opened(self, words: Sequence[str] = ()) -> pa_parquet.ParquetFile:
        """The file with its footer read. Columns named in `words` are dictionary-encoded."""
        try:
            return pa_parquet.ParquetFile(
                self._file,
                read_dictionary=list(words),
                buffer_size=_BUFFER_BYTES,
                pre_buffer=False,  # otherwise a row group's columns are buffered whole
                page_checksum_verification=True,
                arrow_extensions_enabled=False,
            )
        except _DAMAGE as error:
            raise self._damaged("in its end", error) from None

    def _damaged(self, where: str, error: BaseException) -> InputError:
        return InputError(
            f"a damaged Parquet file {where}: {' '.join(str(error).split())[:160]}", file=self.path, key=self._key
        )

    def _group(self, group: int, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        in_file = self._parquet.schema_arrow.names
        wanted: list[int] | list[str] = [in_file[self._positions[name]] for name in columns]
        chosen: list[str] | None = [in_file[self._positions[name]] for name in columns]
        if len(set(in_file)) != len(in_file):  # duplicate names cannot be selected by name
            chosen, wanted = None, [self._positions[name] for name in columns]
        for batch in self._parquet.iter_batches(batch_size=rows, row_groups=[group], columns=chosen, use_threads=False):
            if batch.num_rows:
                yield batch.select(wanted)

    def _decoded(self, column: pa.Array, name: str) -> pa.Array:
        if not isinstance(column, pa.DictionaryArray):
            return column
        words = column.dictionary
        if not (pa.types.is_string(words.type) or pa.types.is_binary(words.type)):
            return column.dictionary_decode()
        sizes = pc.binary_length(words.fill_null(b"" if pa.types.is_binary(words.type) else ""))
        if (pc.sum(pc.cast(sizes.take(column.indices), pa.int64())).as_py() or 0) > MAX_BATCH_BYTES:
            raise InputError(
                f"column {name!r} has more than {MAX_BATCH_BYTES} bytes in {len(column)} rows, so this is no log",
                file=self.path,
                key=self._key,
            )
        return column.dictionary_decode()


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return not (pa.types.is_nested(kind) or pa.types.is_interval(kind) or isinstance(kind, pa.ExtensionType))
