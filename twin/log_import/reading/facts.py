"""Counts of what was read from a table and what was dropped."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_LINES_TOLD = 10


@dataclass(frozen=True)
class HeadAgain:
    """A repeated header."""

    line: int
    change: str
    """Its differences, in words; empty if there are none."""


@dataclass
class ReadFacts:
    """Counts of one run of `Table.batches`; final at its end. Each run starts from zero."""

    total_bytes: int = 0
    """Size of the file, bytes."""
    bytes_read: int = 0
    """Bytes of the file read so far, up to `total_bytes`."""
    bytes_unpacked: int = 0
    """Bytes of text read; equals `bytes_read` unless the file is compressed. For a Parquet file all its columns, by its
    metadata."""
    compression: str = "none"
    """`none` or `gzip`; `none` for a Parquet file with any codec of its columns."""
    compression_cut: bool = False
    """True if the compressed file is truncated: the part that could be unpacked was read."""
    rows: int = 0
    """Rows returned."""
    bad_rows: int = 0
    """Dropped rows: their number of fields differs from the header's."""
    bad_row_lines: list[int] = field(default_factory=list)
    """Line numbers of the first ten bad rows."""
    cut_last_line: bool = False
    """True if the last line has no line end and was dropped, because it may be incomplete."""
    head_count: int = 0
    """Number of repeated headers."""
    heads_again: list[HeadAgain] = field(default_factory=list)
    """The first ten repeated headers."""
    comments: int = 0
    blank_lines: int = 0

    def head_again(self, line: int, change: str) -> None:
        """Count a repeated header."""
        self.head_count += 1
        if len(self.heads_again) < MAX_LINES_TOLD:
            self.heads_again.append(HeadAgain(line, change))

    def bad_row(self, line: int) -> None:
        """Count a dropped row."""
        self.bad_rows += 1
        if len(self.bad_row_lines) < MAX_LINES_TOLD:
            self.bad_row_lines.append(line)
