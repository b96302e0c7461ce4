"""Converts a file's bytes to checked UTF-8 text with plain line feeds, from any encoding and line ends."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from twin.errors import InputError

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_HINTS = ("gbk", "cp1252")
_HINT_BYTES = 64 << 10
_START_BYTES = 256


def utf8_blocks(blocks: Iterable[bytes], codec: str, file: Path) -> Iterator[bytes]:
    """Yield UTF-8 without a byte order mark and with line feeds as the only line ends.

    A line end is CR LF, LF or CR. A character or a CR LF that is split between two blocks is joined.

    Raises:
        InputError: for bytes that are no text in this encoding, with line, byte offset and possible encodings.
    """
    decoder = codecs.getincrementaldecoder(codec)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    offset = 0  # of the block in the file
    line = 1  # at the block's start
    is_first = True
    start = b""
    for block in blocks:
        start = start or block[:_START_BYTES]
        pending = decoder.getstate()[0]
        try:
            text = decoder.decode(block)
        except UnicodeError as error:
            data, at = pending + block, error.start if isinstance(error, UnicodeDecodeError) else 0
            line += _line_ends(newlines, data[:at].decode(codec, errors="replace"))
            raise _undecodable(data, at, offset - len(pending), line, codec, start, file) from None
        if "\0" in text:
            before = text[: text.index("\0")]
            line += _line_ends(newlines, before)
            where = f", byte {offset - len(pending) + len(before.encode())}" if codec == "utf-8" else ""
            wide = "" if codec.startswith(("utf-16", "utf-32")) else wide_codec(start)
            hint = f": is it written in {wide}?" if wide else ": binary data?"
            raise InputError(f"line {line}{where}: a NUL character, no {codec} text{hint}", file=file)
        text = newlines.decode(text)
        if is_first and text:
            text, is_first = text.removeprefix("\ufeff"), False
        offset += len(block)
        line += text.count("\n")
        if text:
            yield text.encode()
    if last := newlines.decode("", final=True):
        yield last.encode()
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        yield "\N{REPLACEMENT CHARACTER}".encode()  # half a character: the last line is incomplete


def wide_codec(data: bytes) -> str:
    """The two-byte codec of a text without a mark, guessed from its beginning; mostly empty."""
    low, high = data[::2].count(0), data[1::2].count(0)
    if max(low, high) < 0.2 * len(data) or min(low, high) > 0.05 * len(data):
        return ""
    return "utf-16-le" if high > low else "utf-16-be"


def _line_ends(newlines: io.IncrementalNewlineDecoder, text: str) -> int:
    """Number of line ends in the last text of a file that cannot be read further."""
    return newlines.decode(text, final=True).count("\n")


def _undecodable(data: bytes, at: int, offset: int, line: int, codec: str, start: bytes, file: Path) -> InputError:
    """The error for the byte `at` of `data`, which begins at `offset` of the file."""
    shown = f" (0x{data[at]:02x})" if at < len(data) else ""
    others = [_MARKS[start[:2]]] if start[:2] in _MARKS else [name for name in _HINTS if _reads(name, data, at)]
    others = [name for name in others if name != codec]
    hint = f"; it may be {' or '.join(others)}" if others else ""
    where = f"line {line}, byte {offset + at}{shown}"
    return InputError(f"{where}: no {codec} text{hint}", file=file, key="encoding", value=codec)


def _reads(codec: str, data: bytes, at: int) -> bool:
    """True if the lines around byte `at` are text in another encoding."""
    begin = data.rfind(b"\n", max(0, at - _HINT_BYTES), at) + 1
    if not begin:
        begin = max(0, at - _HINT_BYTES)
    try:
        text = codecs.getincrementaldecoder(codec)().decode(data[begin : at + _HINT_BYTES])
    except UnicodeError:
        return False
    return all(sign.isprintable() or sign in "\t\r\n" for sign in text)
