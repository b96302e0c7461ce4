"""A table's columns in batches, for any storage format."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from twin.errors import InputError
from twin.log_import.reading.facts import ReadFacts
from twin.log_import.reading.layout import TableLayout

BATCH_ROWS = 50_000


@dataclass
class Batch:
    """Some rows of the requested columns."""

    columns: dict[str, pa.Array]
    """By name, all of one length. CSV: strings as written, null if empty. Parquet: the file's own type."""
    lines: np.ndarray
    """Number of each row in the file: its line in CSV, its row in Parquet; both from 1."""
    missing: frozenset[str] = frozenset()
    """Requested columns that a later header of the file does not have: null here."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.lines)

    def line_of(self, row: int) -> int:
        """Number in the file of a row of the batch; rows count from 0."""
        return int(self.lines[row])

    def parts(self, rows: int) -> Iterator[Batch]:
        """The batch in parts of up to `rows` rows; none if it is empty."""
        for start in range(0, self.rows, rows):
            columns = {name: column.slice(start, rows) for name, column in self.columns.items()}
            yield Batch(columns, self.lines[start : start + rows], self.missing)


class Table:
    """An open table's file; a context manager."""

    names: tuple[str, ...] = ()
    """Columns as in the file, without surrounding blanks. A repeated name gets " (2)", " (3)" ...; a column without a
    name gets its number, as "column 3"."""
    headers: tuple[str, ...] = ()
    """Header text of each of `names`; may have duplicates."""
    units: tuple[str, ...] = ()
    """Unit from the line of units, for each of `names`; empty if there is no such line."""

    def __init__(self, path: Path, layout: TableLayout, key: str, file: io.FileIO) -> None:
        self.path = path
        self.layout = layout
        self.facts = ReadFacts()
        self._key = key
        self._file = file

    @property
    def plain_names(self) -> tuple[str, ...]:
        """Columns that can be read: those that are not nested."""
        return self.names

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """Columns by name, from the first row on, in non-empty batches of up to `rows` rows.

        Resets `facts`, which is complete at the end. InputError for any fault of the file.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_columns(self, columns: Sequence[str], rows: int) -> None:
        if rows < 1:
            raise ValueError(f"a batch must have a row, got {rows}")
        for name in columns:
            if name not in self.names:
                shown = ", ".join(name[:40] for name in self.names[:20]) + (" ..." if len(self.names) > 20 else "")
                raise InputError("has no such column", file=self.path, key=self._key, value=name, allowed=shown)


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Column names made unique."""
    found: dict[str, int] = {}  # number of occurrences
    for k, raw in enumerate(names):
        base = name = raw.strip() or f"column {k + 1}"
        while name in found:
            found[base] += 1
            name = f"{base} ({found[base]})"
        found[name] = 1
    return tuple(found)
