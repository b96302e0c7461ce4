"""Reads a regular file as blocks of bytes, unpacked if compressed, in bounded memory."""

from __future__ import annotations

import io
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from twin.errors import InputError
from twin.log_import.reading.facts import ReadFacts

BLOCK_BYTES = 2 << 20
"""Largest block, bytes."""
MAX_UNPACKED_RATIO = 300
"""A gzip that unpacks to more than this many times its size is no log ..."""
FREE_UNPACKED_BYTES = 64 << 20
"""... once it has unpacked to more than this."""

_PACKED_BYTES = 256 << 10
_GZIP = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
_OTHER_KINDS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook", "save it as CSV"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it, or pack it with gzip"),
    (b"BZh", "packed with bzip2", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ\x00", "packed with xz", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"SQLite format 3\x00", "an SQLite database", "export it as CSV"),
    (b"\x89MCAP0\r\n", "a recording already", "look at it with 'swaptwin replay'"),
)


def open_regular(path: Path) -> io.FileIO:
    """The file open for reading; InputError if it is not a regular, readable file."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError("a folder, not a log", file=path)
        if not stat.S_ISREG(mode):
            raise InputError("not a regular file, so not a log", file=path)
        file = io.FileIO(path, "r")
    except FileNotFoundError:
        raise InputError("no such file", file=path) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot be read: {reason}", file=path) from None
    if os.fstat(file.fileno()).st_size == 0:
        file.close()
        raise InputError("is empty", file=path)
    return file


class Source:
    """The bytes of a file, unpacked if it is a gzip, from the start at each call of `blocks`."""

    def __init__(self, path: Path, file: io.FileIO) -> None:
        self.path = path
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        start = self._read_at(0, 16)
        self.compression = "gzip" if start.startswith(_GZIP) else "none"
        for magic, what, hint in _OTHER_KINDS:
            if start.startswith(magic):
                raise InputError(f"is {what}, not a table: {hint}", file=path)

    def blocks(self, facts: ReadFacts) -> Iterator[bytes]:
        """The file's text as written, in blocks of at most `BLOCK_BYTES`."""
        facts.compression, facts.total_bytes = self.compression, self.size
        for block in self._unpacked(facts) if self.compression == "gzip" else self._raw(facts):
            facts.bytes_unpacked += len(block)
            yield block

    def end(self, size: int) -> bytes:
        """The file's last `size` bytes, not unpacked."""
        return self._read_at(max(0, self.size - size), size)

    def _raw(self, facts: ReadFacts) -> Iterator[bytes]:
        while block := self._read_at(facts.bytes_read, BLOCK_BYTES):
            facts.bytes_read += len(block)
            yield block

    def _unpacked(self, facts: ReadFacts) -> Iterator[bytes]:
        """Every member of a gzip; of a truncated one the readable part."""
        packer = zlib.decompressobj(wbits=31)
        pending = b""
        between = True  # before a member's first byte
        unpacked = 0
        while True:
            if not pending:
                pending = self._read_at(facts.bytes_read, _PACKED_BYTES)
                facts.bytes_read += len(pending)
                if not pending and between:
                    return
            if between:
                pending = pending.lstrip(b"\0") if unpacked else pending  # some writers pad with zeros
                if not pending:
                    continue
                packer = zlib.decompressobj(wbits=31)
                between = False
            try:
                block = packer.decompress(pending, BLOCK_BYTES)
            except zlib.error as error:
                reason = str(error).rpartition(": ")[2]
                raise InputError(f"damaged gzip after {unpacked} unpacked bytes: {reason}", file=self.path) from None
            unpacked += len(block)
            if unpacked > max(FREE_UNPACKED_BYTES, MAX_UNPACKED_RATIO * self.size):
                raise InputError(
                    f"unpacks to more than {MAX_UNPACKED_RATIO} times its size of {self.size} bytes, so it is no log",
                    file=self.path,
                )
            if packer.eof:
                pending, between = packer.unused_data, True
            else:
                if not pending and not block:
                    facts.compression_cut = True
                    return
                pending = packer.unconsumed_tail
            if block:
                yield block

    def _read_at(self, offset: int, size: int) -> bytes:
        try:
            return os.pread(self._file.fileno(), size, offset)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", file=self.path) from None
