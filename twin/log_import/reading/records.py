"""Splits UTF-8 text into whole records: the header first, then pieces without comments and blank lines.

A record is a line, or several if a quoted field has line ends. Quotes are as in Arrow's reader: one at the begin of a
field opens it, a doubled one inside is a literal quote, one inside an unquoted field is an ordinary character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twin.errors import InputError
from twin.log_import.reading.facts import ReadFacts
from twin.log_import.reading.layout import TableLayout

MAX_RECORD_BYTES = 1 << 20
"""A longer line, or a longer quoted field, does not belong to a table."""

_LF = 10


class Piece(NamedTuple):
    """Whole records, each ended by a line feed."""

    text: bytes
    first_line: int
    lines: np.ndarray | None
    """Line number of each record; None if every line is one, from `first_line` on. Lines may then be blank."""
    line_count: int
    """Number of lines in `text`."""
    has_breaks: bool = False
    """True if any quoted field has a line end."""


class Dialect:
    """Patterns of a layout's records and fields."""

    def __init__(self, layout: TableLayout) -> None:
        self.quote = layout.quote.encode()
        self.delimiter = layout.delimiter.encode()
        self.comment = layout.comment.encode()
        d, q = re.escape(self.delimiter), re.escape(self.quote)
        rest = rb"[^%b\n]*+" % d
        quoted = rb"%b(?:[^%b]++|%b%b)*+%b" % (q, q, q, q, q)
        field = rb"(?:%b|(?!%b))%b" % (quoted, q, rest) if q else rest
        self.record = re.compile(rb"%b(?:%b%b)*+\n" % (field, d, field))
        self.field = (
            re.compile(rb"(?:%b(?P<quoted>(?:[^%b]++|%b%b)*+)%b|(?!%b))(?P<rest>%b)" % (q, q, q, q, q, q, rest))
            if q
            else re.compile(rb"(?P<quoted>(?!))?(?P<rest>%b)" % rest)
        )

    def fields(self, record: bytes) -> list[str]:
        """Fields of a whole record, unquoted, with their surrounding blanks."""
        body = record.removesuffix(b"\n")
        found, at = [], 0
        while True:
            match = self.field.match(body, at)
            if match is None:  # an unclosed quote: the rest is one field
                found.append(body[at:])
                break
            quoted = (match["quoted"] or b"").replace(self.quote * 2, self.quote) if self.quote else b""
            found.append(quoted + match["rest"])
            at = match.end() + 1
            if match.end() >= len(body):
                break
        return [field.decode() for field in found]


class Records:
    """Splits blocks of text into records, from the first line on."""

    def __init__(self, blocks: Iterator[tuple[bytes, int]], dialect: Dialect, facts: ReadFacts, file: Path) -> None:
        self._blocks = blocks
        self._dialect = dialect
        self._facts = facts
        self._file = file
        self._text = b""
        self._feeds = 0  # number of line ends in it
        self.keeps: Callable[[bytes], bool] | None = None
        """Predicate for a comment that is a record nevertheless."""
        self.line = 1
        """Number of the next line."""

    def skip_line(self) -> bool:
        """Skip a line of any content; False if there is no whole line left."""
        while (end := self._text.find(b"\n")) < 0:
            self._refuse_long(len(self._text))
            if not self._more():
                return False
        self._refuse_long(end)
        self._drop(end + 1)
        return True

    def take_record(self) -> bytes | None:
        """The next record; None if there is no whole one left."""
        while (match := self._dialect.record.match(self._text)) is None:
            self._refuse_long(len(self._text))
            if not self._more():
                return None
        self._refuse_long(match.end())
        self._drop(match.end())
        return match[0]

    def begins_with(self, sign: bytes) -> bool:
        """True if the next line begins with this sign."""
        while len(self._text) < len(sign) and self._more():
            pass
        return self._text.startswith(sign)

    def drop_sign(self, sign: bytes) -> None:
        """Remove a sign from the begin of the next line."""
        self._text = self._text.removeprefix(sign)

    def pieces(self) -> Iterator[Piece]:
        """The remaining text, block by block; counts comments and blank lines and reports a cut last line."""
        while True:
            piece, used = self._cut()
            if piece is not None:
                self._drop(used)
                if piece.text:
                    yield piece
                continue
            self._refuse_long(len(self._text))
            if not self._more():
                break
        self._end()

    def _more(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            return False
        self._text = self._text + block[0] if self._text else block[0]
        self._feeds += block[1]
        return True

    def _drop(self, size: int) -> None:
        if size < len(self._text) // 2:
            feeds = self._feeds - self._text.count(b"\n", 0, size)
        else:
            feeds = self._text.count(b"\n", size)
        self._text = self._text[size:]
        self.line += self._feeds - feeds
        self._feeds = feeds

    def _cut(self) -> tuple[Piece | None, int]:
        """The complete records of the buffer, and the bytes they took with the skipped ones among them."""
        text, dialect = self._text, self._dialect
        end = text.rfind(b"\n") + 1
        if not end:
            return None, 0
        comment = dialect.comment
        comments = bool(comment) and (text.startswith(comment) or b"\n" + comment in text)
        if dialect.quote and dialect.quote in text:
            if comments:
                return self._cut_one_by_one()
            return self._cut_by_parity(end)
        body = text[:end]
        self._refuse_long_lines(body)
        if not comments:
            return Piece(body, self.line, None, self._feeds), end
        ends = np.flatnonzero(np.frombuffer(body, np.uint8) == _LF) + 1
        return self._piece(body, ends, np.arange(self.line, self.line + len(ends)), False), end

    def _cut_by_parity(self, end: int) -> tuple[Piece | None, int]:
        """Split records if every quote begins or ends a field or is doubled, so that counting quotes is enough."""
        signs = np.frombuffer(self._text, np.uint8)[:end]
        feeds = np.flatnonzero(signs == _LF)
        quotes = np.flatnonzero(signs == self._dialect.quote[0])
        is_end = np.searchsorted(quotes, feeds) % 2 == 0
        if not is_end.any():
            return self._cut_one_by_one()
        ends = feeds[is_end] + 1
        quotes = quotes[: np.searchsorted(quotes, ends[-1])]
        borders = np.array([_LF, self._dialect.delimiter[0], self._dialect.quote[0]], np.uint8)
        opening, closing = quotes[::2], quotes[1::2]
        if (
            not np.isin(signs[opening[opening > 0] - 1], borders).all()
            or not np.isin(signs[closing + 1], borders).all()
        ):
            return self._cut_one_by_one()
        size = int(ends[-1])
        body = self._text[:size]
        starts = np.concatenate(([0], ends[:-1]))
        if (ends - starts).max() > MAX_RECORD_BYTES:
            self.line += int(np.searchsorted(feeds, starts[np.argmax(ends - starts)]))
            self._refuse_long(MAX_RECORD_BYTES + 1)
        has_breaks = not is_end[: np.searchsorted(feeds, size)].all()
        if not has_breaks:
            return Piece(body, self.line, None, len(ends)), size
        return self._piece(body, ends, self.line + np.searchsorted(feeds, starts), has_breaks), size

    def _cut_one_by_one(self) -> tuple[Piece | None, int]:
        """Split records one by one: right for any quotes and comments, but slow."""
        text, comment, line, at = self._text, self._dialect.comment, self.line, 0
        ends, lines, has_breaks = [], [], False
        while at < len(text):
            if comment and text.startswith(comment, at):
                end = text.find(b"\n", at) + 1
            else:
                match = self._dialect.record.match(text, at)
                end = match.end() if match else 0
            if not end:
                break
            if end - at > MAX_RECORD_BYTES:
                self.line = line
                self._refuse_long(end - at)
            ends.append(end)
            lines.append(line)
            feeds = text.count(b"\n", at, end)
            has_breaks |= feeds > 1
            line, at = line + feeds, end
        if not ends:
            return None, 0
        return self._piece(text[:at], np.array(ends), np.array(lines), has_breaks), at

    def _piece(self, body: bytes, ends: np.ndarray, lines: np.ndarray, has_breaks: bool) -> Piece:
        """Records with their ends in `body` and their lines, without those that are blank or comments."""
        starts = np.concatenate(([0], ends[:-1]))
        drop = ends - starts == 1
        self._facts.blank_lines += int(drop.sum())
        comment = self._dialect.comment
        if comment:
            first = np.frombuffer(body, np.uint8)[starts] == comment[0]
            remarks = [k for k in np.flatnonzero(first) if body.startswith(comment, starts[k])]
            if (keeps := self.keeps) is not None:
                remarks = [k for k in remarks if not keeps(body[starts[k] : ends[k]])]
            self._facts.comments += len(remarks)
            drop[remarks] = True
        if drop.any():
            body = np.frombuffer(body, np.uint8)[np.repeat(~drop, ends - starts)].tobytes()
            lines = lines[~drop]
        return Piece(body, int(lines[0]) if len(lines) else self.line, lines, len(ends), has_breaks)

    def without_blanks(self, piece: Piece) -> Piece:
        """A piece whose every line is a record, without its blank lines, which are counted."""
        ends = np.flatnonzero(np.frombuffer(piece.text, np.uint8) == _LF) + 1
        return self._piece(piece.text, ends, np.arange(piece.first_line, piece.first_line + len(ends)), False)

    def _end(self) -> None:
        """Handle the rest without a line end."""
        left = self._text
        if not left.strip(b" \t\x1a"):  # 0x1a: end of a DOS text file
            return
        comment = self._dialect.comment
        if comment and left.startswith(comment):
            self._facts.comments += 1
            return
        if b"\n" in left and not self._facts.compression_cut:
            raise InputError(
                f"line {self.line}: a quote is opened and not closed before the file ends",
                file=self._file,
                key="quote",
                value=self._dialect.quote.decode(),
            )
        self._facts.cut_last_line = True

    def _refuse_long_lines(self, body: bytes) -> None:
        at = 0
        while len(body) - at > MAX_RECORD_BYTES:
            end = body.rfind(b"\n", at, at + MAX_RECORD_BYTES)
            if end < 0:
                self.line += body.count(b"\n", 0, at)
                self._refuse_long(MAX_RECORD_BYTES + 1)
            at = end + 1

    def _refuse_long(self, size: int) -> None:
        if size > MAX_RECORD_BYTES:
            quoted = b"\n" in self._text[:MAX_RECORD_BYTES] and bool(self._dialect.quote)
            cause = ", or a quote that is not closed" if quoted else ""
            raise InputError(
                f"line {self.line}: is longer than {MAX_RECORD_BYTES} bytes{cause}, so this is no table",
                file=self._file,
            )
