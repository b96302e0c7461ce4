"""Splits UTF-8 text into whole lines and records, in bounded memory.

A record is a line, or several if a quoted field has line ends. Quotes are as in the `csv` module and in Arrow's reader:
one at the begin of a field opens it, a doubled one inside is a literal quote, one inside an unquoted field is an
ordinary character.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from twin.errors import InputError
from twin.log_import.reading.facts import ReadFacts
from twin.log_import.reading.layout import TableLayout

MAX_RECORD_BYTES = 1 << 20
"""A longer line, or a longer quoted field, does not belong to a table."""
csv.field_size_limit(MAX_RECORD_BYTES)  # by default 128 KiB, for the whole process


class Records:
    """The lines and records of a text in blocks, from the first line on."""

    def __init__(self, blocks: Iterator[bytes], layout: TableLayout, facts: ReadFacts, file: Path) -> None:
        self._blocks, self._layout, self._facts, self._file = blocks, layout, facts, file
        self._text = b""
        self._at = 0  # begin of the next line in it
        self.keeps: Callable[[str], bool] = lambda line: False
        """Predicate for a comment that is a record nevertheless."""
        self.line = 1
        """Number of the next line."""

    def take_line(self) -> str | None:
        """The next line with its end; None if there is no whole one left."""
        while not (end := self._text.find(b"\n", self._at) + 1):
            if not self._more():
                return None
        self._refuse_long(self._at, end)
        line = self._text[self._at : end]
        self.skip(line)
        return line.decode()

    def take_record(self, line: str) -> list[str] | None:
        """Fields of the record that begins with this line, just taken, and has the next ones if a quoted field goes on;
        None if the text ends within it. Fields are unquoted and keep their blanks."""
        if not self._layout.quote or self._layout.quote not in line:
            return line.removesuffix("\n").split(self._layout.delimiter)
        number, size, has_ended = self.line - 1, len(line), True

        def following() -> Iterator[str]:
            nonlocal size, has_ended
            while (more := self.take_line()) is not None:
                size += len(more)
                if size > MAX_RECORD_BYTES:
                    raise self._too_long(number, ", or a quote that is not closed")
                yield more
            has_ended = False

        fields = fields_of(itertools.chain([line], following()), self._layout)
        return fields if has_ended else None

    def piece(self) -> bytes:
        """All whole lines of the text read so far, at least one; empty at the end. They are not taken: see `skip`."""
        while not (end := self._text.rfind(b"\n", self._at) + 1):
            if not self._more():
                self._end()
                return b""
        self._refuse_long(self._at, end)
        return self._text[self._at : end]

    def skip(self, lines: bytes) -> None:
        """Take these lines, which are next."""
        self._at += len(lines)
        self.line += lines.count(b"\n")

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Line and fields of each record that begins in the text read so far; comments and empty lines are counted.

        Raises:
            InputError: a quoted field that does not end.
        """
        while self._text.find(b"\n", self._at) >= 0:
            number, line = self.line, self.take_line() or ""
            if line == "\n":
                self._facts.blank_lines += 1
            elif self._layout.comment and line.startswith(self._layout.comment) and not self.keeps(line):
                self._facts.comments += 1
            elif (fields := self.take_record(line)) is not None:
                yield number, fields
            elif self._facts.compression_cut:
                self._facts.cut_last_line = True
            else:
                raise InputError(
                    f"line {number}: a quote is opened and not closed before the file ends",
                    file=self._file,
                    key="quote",
                    value=self._layout.quote,
                )

    def all_records(self) -> Iterator[tuple[int, list[str]]]:
        """As `records`, to the end of the text."""
        while self.piece():
            yield from self.records()

    def _more(self) -> bool:
        self._refuse_long(self._at, len(self._text))
        block = next(self._blocks, b"")
        self._text, self._at = self._text[self._at :] + block, 0
        return block != b""

    def _end(self) -> None:
        """Handle the rest without a line end."""
        left, comment = self._text[self._at :], self._layout.comment.encode()
        if comment and left.startswith(comment):
            self._facts.comments += 1
        elif left.strip(b" \t\x1a"):  # 0x1a: end of a DOS text file
            self._facts.cut_last_line = True

    def _refuse_long(self, at: int, end: int) -> None:
        """Refuse a line that is too long in a part of the text."""
        while end - at > MAX_RECORD_BYTES:
            following = self._text.rfind(b"\n", at, at + MAX_RECORD_BYTES) + 1
            if not following:
                raise self._too_long(self.line + self._text.count(b"\n", self._at, at))
            at = following

    def _too_long(self, line: int, cause: str = "") -> InputError:
        return InputError(
            f"line {line}: is longer than {MAX_RECORD_BYTES} bytes{cause}, so this is no table", file=self._file
        )


def fields_of(lines: Iterable[str], layout: TableLayout) -> list[str]:
    """Fields of the record at the begin of these lines, unquoted and with their blanks."""
    record = csv.reader(
        lines,
        delimiter=layout.delimiter,
        quotechar=layout.quote or None,
        quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
    )
    return next(record, [])


def is_whole(line: str, layout: TableLayout) -> bool:
    """True if a line is a whole record, without a quoted field that goes on in the next line."""
    lines = iter((line, "\n"))
    fields_of(lines, layout)
    return next(lines, None) is not None
