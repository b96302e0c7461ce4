"""Converts a file's bytes to checked UTF-8 text with plain line feeds, from any encoding and line ends."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from twin.errors import InputError

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_HINTS = ("gbk", "cp1252")
_HINT_BYTES = 64 << 10
_START_BYTES = 256


def utf8_blocks(blocks: Iterable[bytes], codec: str, file: Path) -> Iterator[tuple[bytes, int]]:
    """Yield UTF-8 without a byte order mark, with line feeds as the only line ends, and the number of line feeds of
    each block.

    A line end is CR LF, LF or CR. A character or a CR LF that is split between two blocks is joined.

    Raises:
        InputError: for bytes that are no text in this encoding, with line, byte offset and possible encodings.
    """
    decoder = codecs.getincrementaldecoder(codec)()
    offset = 0  # of the block in the file
    line = 1  # at the block's start
    first = True
    held = b""  # a CR that may be followed by a line feed
    start = b""
    for block in blocks:
        start = start or block[:_START_BYTES]
        pending = decoder.getstate()[0]
        if codec == "utf-8" and not pending and block.isascii():
            out = block
        else:
            try:
                out = decoder.decode(block).encode()
            except UnicodeError as error:
                raise _undecodable(
                    error,
                    pending + block,
                    offset - len(pending),
                    line + (held != b"" and block[:1] != b"\n"),
                    codec,
                    start,
                    file,
                ) from None
        if first and out:
            out = out.removeprefix(codecs.BOM_UTF8)
            first = False
        if b"\0" in out:
            at = out.index(b"\0")
            line += _lines(held + out[:at])
            where = f", byte {offset + at}" if codec == "utf-8" and out is block else ""
            wide = "" if codec.startswith(("utf-16", "utf-32")) else wide_codec(start)
            hint = f": is it written in {wide}?" if wide else ": binary data?"
            raise InputError(f"line {line}{where}: a NUL character, no {codec} text{hint}", file=file)
        if held or b"\r" in out:
            out = held + out
            held = b"\r" if out.endswith(b"\r") else b""
            out = out[: len(out) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        offset += len(block)
        feeds = out.count(b"\n")
        line += feeds
        if out:
            yield out, feeds
    if held:
        yield b"\n", 1
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        yield "\N{REPLACEMENT CHARACTER}".encode(), 0  # half a character: the last line is incomplete


def wide_codec(data: bytes) -> str:
    """The two-byte codec of a text without a mark, guessed from its beginning; mostly empty."""
    low, high = data[::2].count(0), data[1::2].count(0)
    if max(low, high) < 0.2 * len(data) or min(low, high) > 0.05 * len(data):
        return ""
    return "utf-16-le" if high > low else "utf-16-be"


def _lines(text: bytes) -> int:
    """Number of line ends in UTF-8 text as written."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def _undecodable(
    error: UnicodeError, data: bytes, offset: int, line: int, codec: str, start: bytes, file: Path
) -> InputError:
    at = error.start if isinstance(error, UnicodeDecodeError) else 0
    before = data[:at].decode(codec, errors="replace").encode(errors="replace")
    shown = f" (0x{data[at]:02x})" if at < len(data) else ""
    others = [_MARKS[start[:2]]] if start[:2] in _MARKS else [name for name in _HINTS if _reads(name, data, at)]
    others = [name for name in others if name != codec]
    hint = f"; it may be {' or '.join(others)}" if others else ""
    where = f"line {line + _lines(before)}, byte {offset + at}{shown}"
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
