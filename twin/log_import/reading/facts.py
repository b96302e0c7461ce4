"""What was found while a table was read: how much, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_LINES_TOLD = 10


@dataclass(frozen=True)
class HeadAgain:
    """A header that came again."""

    line: int
    change: str
    """What is different in it, in words; nothing where it is the same."""


@dataclass
class ReadFacts:
    """Counted while `Table.batches` runs; final once it has ended. Each run counts afresh."""

    total_bytes: int = 0
    """Size of the file."""
    bytes_read: int = 0
    """Of the file, up to `total_bytes`: how far the reading has come."""
    bytes_unpacked: int = 0
    """Of its text; as `bytes_read` unless the file is compressed. Of a Parquet file all its columns, as it says."""
    compression: str = "none"
    """`none` or `gzip`; `none` of a Parquet file, whatever its columns are packed with."""
    compression_cut: bool = False
    """The compressed file ends too early: what could be unpacked was read."""
    rows: int = 0
    """Handed out."""
    bad_rows: int = 0
    """Left out: they have another number of fields than the header."""
    bad_row_lines: list[int] = field(default_factory=list)
    """Line numbers of the first ten of those."""
    cut_last_line: bool = False
    """The last line has no line end and was left out, because nothing tells whether it is whole."""
    head_count: int = 0
    """Headers that came again."""
    heads_again: list[HeadAgain] = field(default_factory=list)
    """The first ten of those."""
    comments: int = 0
    blank_lines: int = 0

    def head_again(self, line: int, change: str) -> None:
        """Count a header that came again."""
        self.head_count += 1
        if len(self.heads_again) < MAX_LINES_TOLD:
            self.heads_again.append(HeadAgain(line, change))

    def bad_row(self, line: int) -> None:
        """Count a row that was left out."""
        self.bad_rows += 1
        if len(self.bad_row_lines) < MAX_LINES_TOLD:
            self.bad_row_lines.append(line)
