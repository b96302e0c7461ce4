"""Writing MCAP (https://mcap.dev/spec) one whole chunk at a time.

The writers on PyPI build a chunk message by message and cannot rewrite one. Here a complete chunk costs one write to
the operating system. It may be provisional: the next chunk then overwrites it. So little is lost when the process is
killed, and the finished bytes do not depend on the wall clock. Records other than messages and message indexes come
from `mcap.records`.
"""

from __future__ import annotations

import io
import os
import secrets
import stat
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import zstandard
from mcap import records
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode

from twin.errors import DISK_ERRORS, InputError

MAGIC = b"\x89MCAP0\r\n"
LIBRARY = "swaptwin"
PROFILE = "x-swaptwin"
_COMPRESSION_LEVEL = (
    1  # measured: level 3 takes a third longer and saves nothing; lz4 takes half as long, half as large again
)

Entry = tuple[int, int, int, bytes]
"""One message: log time (ns), order, channel id, whole record."""

_MESSAGE = struct.Struct("<BQHIQQ")


def message_record(channel_id: int, sequence: int, time_ns: int, data: bytes) -> bytes:
    """A complete message record."""
    return _MESSAGE.pack(Opcode.MESSAGE, 22 + len(data), channel_id, sequence, time_ns, time_ns) + data


def message_head(channel_id: int, length: int) -> bytes:
    """The first bytes of a message record of `length` payload bytes, sequence and times (at 11, 15, 23) zero."""
    return _MESSAGE.pack(Opcode.MESSAGE, 22 + length, channel_id, 0, 0, 0)


def check_output_path(path: str | Path) -> Path:
    """Raise InputError if a recording cannot be written to `path`; changes nothing."""
    path = Path(path)
    try:
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise InputError("recording cannot be written: its folder does not exist", file=path) from None
            if not os.access(path.parent, os.W_OK | os.X_OK):
                raise InputError("recording cannot be written: its folder is not writable", file=path) from None
            return path
        if stat.S_ISDIR(mode):
            raise InputError("recording cannot be written: it is a folder", file=path)
        if not stat.S_ISREG(mode):
            raise InputError("recording cannot be written: it is not a regular file", file=path)
        if not os.access(path, os.W_OK):
            raise InputError("recording cannot be written: the file is not writable", file=path)
        with path.open("rb") as file:
            if file.read(len(MAGIC)) not in (b"", MAGIC):
                raise InputError("not overwritten: it exists and is not a recording", file=path)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"recording cannot be written: {reason}", file=path) from None
    return path


class ContainerWriter:
    """An MCAP file being written. Every call leaves the file readable up to what was handed over.

    If the disk is full the file is removed and a previous file is restored.

    Attributes:
        failed: True after a write error; the file is removed and nothing more can be written.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            InputError: the path cannot be written.
            OSError: the disk is full (any method that writes).
        """
        self.path, self.failed = path, False
        self._place = Path(os.path.realpath(path))
        self._before = _set_aside(self._place)
        try:
            self._file = io.FileIO(self._place, "w")
        except OSError as error:
            self._restore()
            if error.errno in DISK_ERRORS:
                raise OSError(error.errno, error.strerror, str(path)) from None
            raise InputError(f"recording cannot be written: {error.strerror}", file=path) from None
        self._size = 0  # without a provisional chunk
        self._provisional_size = 0
        self._compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL)
        self._schemas: list[records.Schema] = []
        self._channels: list[records.Channel] = []
        self._indexes: list[records.ChunkIndex] = []
        self._metadata: list[records.MetadataIndex] = []
        self._attachments: list[records.AttachmentIndex] = []
        self._counts: dict[int, int] = {}
        self._write(MAGIC + _record(records.Header(PROFILE, LIBRARY)))

    def schema(self, schema_id: int, name: str, encoding: str, data: bytes) -> None:
        record = records.Schema(id=schema_id, name=name, encoding=encoding, data=data)
        self._schemas.append(record)
        self._write(_record(record))

    def channel(self, channel_id: int, topic: str, encoding: str, schema_id: int) -> None:
        record = records.Channel(channel_id, topic, encoding, {}, schema_id)
        self._channels.append(record)
        self._write(_record(record))

    def metadata(self, name: str, data: dict[str, str]) -> None:
        record = _record(records.Metadata(name, data))
        self._metadata.append(records.MetadataIndex(self._size, len(record), name))
        self._write(record)

    def attachment(self, name: str, media_type: str, data: bytes) -> None:
        record = _record(records.Attachment(0, 0, name, media_type, data))
        self._attachments.append(records.AttachmentIndex(self._size, len(record), 0, 0, len(data), name, media_type))
        self._write(record)

    def chunk(self, entries: list[Entry], *, provisional: bool = False) -> None:
        """Write the messages, sorted by time and order, as one chunk with its message indexes.

        A provisional chunk is on disk and readable, but the next write overwrites it.
        """
        data = b"".join([entry[3] for entry in entries])
        indexes: dict[int, list[tuple[int, int]]] = {}
        offset = 0
        for time_ns, _, channel_id, record in entries:
            indexes.setdefault(channel_id, []).append((time_ns, offset))
            offset += len(record)
        packed = self._compressor.compress(data)
        start_ns, end_ns = entries[0][0], entries[-1][0]
        chunk = _record(records.Chunk("zstd", packed, end_ns, start_ns, zlib.crc32(data), len(data)))
        parts = [chunk]
        position = self._size + len(chunk)
        index_at: dict[int, int] = {}
        for channel_id, found in sorted(indexes.items()):
            flat = [number for pair in found for number in pair]
            head = struct.pack("<BQHI", Opcode.MESSAGE_INDEX, 6 + 8 * len(flat), channel_id, 8 * len(flat))
            parts.append(head + struct.pack(f"<{len(flat)}Q", *flat))
            index_at[channel_id] = position
            position += len(parts[-1])
        blob = b"".join(parts)
        if provisional:
            self._put(blob)
            self._provisional_size = len(blob)
            return
        self._indexes.append(
            records.ChunkIndex(
                chunk_length=len(chunk),
                chunk_start_offset=self._size,
                compression="zstd",
                compressed_size=len(packed),
                message_end_time=end_ns,
                message_index_length=len(blob) - len(chunk),
                message_index_offsets=index_at,
                message_start_time=start_ns,
                uncompressed_size=len(data),
            )
        )
        for channel_id, found in indexes.items():
            self._counts[channel_id] = self._counts.get(channel_id, 0) + len(found)
        self._write(blob)

    def finish(self) -> None:
        """Write the summary, the index and the footer, and close the file."""
        self._write(_record(records.DataEnd(0)))
        statistics = records.Statistics(
            attachment_count=len(self._attachments),
            channel_count=len(self._channels),
            channel_message_counts=dict(sorted(self._counts.items())),
            chunk_count=len(self._indexes),
            message_count=sum(self._counts.values()),
            message_end_time=max((index.message_end_time for index in self._indexes), default=0),
            message_start_time=min((index.message_start_time for index in self._indexes), default=0),
            metadata_count=len(self._metadata),
            schema_count=len(self._schemas),
        )
        start = self._size
        summary = bytearray()
        offsets = bytearray()
        groups: tuple[tuple[Opcode, list[bytes]], ...] = (
            (Opcode.SCHEMA, [_record(record) for record in self._schemas]),
            (Opcode.CHANNEL, [_record(record) for record in self._channels]),
            (Opcode.STATISTICS, [_record(statistics)]),
            (Opcode.CHUNK_INDEX, [_record(record) for record in self._indexes]),
            (Opcode.ATTACHMENT_INDEX, [_record(record) for record in self._attachments]),
            (Opcode.METADATA_INDEX, [_record(record) for record in self._metadata]),
        )
        for opcode, group in groups:
            if group:
                data = b"".join(group)
                offsets += _record(records.SummaryOffset(opcode, start + len(summary), len(data)))
                summary += data
        offset_start = start + len(summary)
        head = struct.pack("<BQQQ", Opcode.FOOTER, 20, start, offset_start)
        crc = zlib.crc32(head, zlib.crc32(offsets, zlib.crc32(summary)))
        self._write(bytes(summary + offsets) + head + struct.pack("<I", crc) + MAGIC)
        self.close()

    def close(self) -> None:
        """Close the file without summary and index."""
        self._file.close()
        if self._before is not None:
            self._before.unlink(missing_ok=True)
            self._before = None

    def _fail(self) -> None:
        """Remove the file and restore the previous one."""
        self.failed = True
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._place.unlink()
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            os.replace(self._before, self._place)
            self._before = None

    def _write(self, data: bytes) -> None:
        self._put(data)
        if self._provisional_size > len(data):
            self._file.truncate(self._size + len(data))
        self._provisional_size = 0
        self._size += len(data)

    def _put(self, data: bytes) -> None:
        try:
            self._file.seek(self._size)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._fail()
            if error.errno in DISK_ERRORS:
                raise OSError(error.errno, error.strerror, str(self.path)) from None
            raise InputError(f"the recording cannot be written any further: {error.strerror}", file=self.path) from None


def _set_aside(path: Path) -> Path | None:
    """Rename an existing file until the new one is complete; None if it cannot be renamed or is empty."""
    aside = path.with_name(f".{secrets.token_hex(8)}.old")
    try:
        if not path.stat().st_size:
            return None
        os.rename(path, aside)
    except OSError:  # no such file, or a folder that is not writable: written in place
        return None
    return aside


def _record(record: records.McapRecord) -> bytes:
    builder = RecordBuilder()
    record.write(builder)
    return bytes(builder.end())
