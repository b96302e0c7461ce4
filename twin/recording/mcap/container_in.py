"""Reads MCAP by its index or, for a truncated file, by walking its records, in bounded memory for any content.

Every length, count and offset from the file is checked against the file's size and `limits` before use. Any fault of a
file raises an `InputError` that names it.
"""

from __future__ import annotations

import io
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import zstandard
from mcap.opcode import Opcode

from twin.errors import InputError
from twin.recording.mcap.limits import MAX_CHUNK_BYTES, MAX_RECORD_BYTES, MAX_SUMMARY_BYTES

MAGIC = b"\x89MCAP0\r\n"
_HEAD = struct.Struct("<BQ")
_CHUNK_HEAD = struct.Struct("<QQQII")
_MESSAGE_HEAD = struct.Struct("<BQHIQQ")
_INDEX_HEAD = struct.Struct("<QQQQI")
_FOOTER_BYTES = 9 + 20
_COMPRESSION_BYTES = 16  # longest name of a compression that is accepted
_DAMAGE = (struct.error, ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError, EOFError)


class ChunkRef(NamedTuple):
    """Position and contents of a chunk, according to the index."""

    start_ns: int
    end_ns: int
    offset: int
    length: int
    channels: frozenset[int] | None
    """Ids of the channels with messages in it; None if the file does not say."""


class Message(NamedTuple):
    channel_id: int
    time_ns: int
    data: memoryview


@dataclass
class Contents:
    """Contents of a file, known without reading its chunks."""

    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)
    chunks: list[ChunkRef] = field(default_factory=list)
    complete: bool = False
    data_start: int = 0


@contextmanager
def damage_named(path: Path, what: str) -> Iterator[None]:
    """Convert any exception that a damaged file makes a decoder raise into one InputError."""
    try:
        yield
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"damaged recording, {what} cannot be read: {error}", file=path) from None


class ContainerReader:
    """An MCAP file open for reading."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            mode = self.path.stat().st_mode
            if stat.S_ISDIR(mode):
                raise InputError("a folder, not a recording", file=path)
            if not stat.S_ISREG(mode):
                raise InputError("not a regular file, so not a recording", file=path)
            self._file = io.FileIO(self.path, "r")
        except FileNotFoundError:
            raise InputError("no such recording", file=path) from None
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise InputError(f"the recording cannot be read: {reason}", file=path) from None
        try:
            self.contents = self._read_contents()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._file.close()

    def refresh(self) -> bool:
        """Look for data written since; True if there is any. Only for a file that is not complete."""
        if self.contents.complete:
            return False
        before = self.contents
        self.contents = self._read_contents(known=before)
        return self.contents.complete or self.contents.chunks != before.chunks

    def messages(self, ref: ChunkRef) -> list[Message]:
        """Messages of a chunk, checked against its checksum and its index entry."""
        with damage_named(self.path, f"the chunk at byte {ref.offset}"):
            data = self._chunk_data(ref)
            messages = list(_walk(data))
            times = [message.time_ns for message in messages]
            if not times or (min(times), max(times)) != (ref.start_ns, ref.end_ns):
                raise ValueError("its times are not those of its index")
            return messages

    def _chunk_data(self, ref: ChunkRef) -> bytes:
        record = memoryview(self._read(ref.offset, ref.length))
        opcode, length = _HEAD.unpack_from(record)
        if opcode != Opcode.CHUNK or length != ref.length - 9:
            raise ValueError("no chunk stands there")
        start_ns, end_ns, size, crc, name_bytes = _CHUNK_HEAD.unpack_from(record, 9)
        if (
            (start_ns, end_ns) != (ref.start_ns, ref.end_ns)
            or size > MAX_CHUNK_BYTES
            or name_bytes > _COMPRESSION_BYTES
        ):
            raise ValueError("its times or sizes are not those of its index, or too large")
        at = 9 + _CHUNK_HEAD.size + name_bytes
        compression = bytes(record[at - name_bytes : at]).decode()
        (packed_bytes,) = struct.unpack_from("<Q", record, at)
        packed = record[at + 8 :]
        if len(packed) != packed_bytes:
            raise ValueError("its length is wrong")
        data = _decompress(compression, packed, size)
        if len(data) != size or (crc and zlib.crc32(data) != crc):
            raise ValueError("its checksum is wrong")
        return data

    def _read(self, offset: int, length: int) -> bytes:
        """Read exactly these bytes; raises EOFError at the end of the file."""
        if length > MAX_SUMMARY_BYTES:
            raise ValueError(f"{length} bytes in one piece are more than a recording may hold")
        self._file.seek(offset)
        parts = []
        while length > 0:
            part = self._file.read(length)
            if not part:
                raise EOFError("the file ends before")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _read_contents(self, known: Contents | None = None) -> Contents:
        with damage_named(self.path, "its beginning"):
            size = self._file.seek(0, io.SEEK_END)
            if size == 0:
                raise InputError("an empty file, not a recording", file=self.path)
            start = self._read(0, min(size, len(MAGIC)))
            if start != MAGIC:
                cut = MAGIC.startswith(start)
                problem = "cut off before anything was recorded" if cut else "not an MCAP file, so not a recording"
                raise InputError(problem, file=self.path)
        contents = Contents()
        if known:
            contents.metadata, contents.attachments = dict(known.metadata), known.attachments
            contents.topics, contents.data_start = dict(known.topics), known.data_start
        else:
            with damage_named(self.path, "its beginning"):
                self._read_start(contents, size)
        try:
            with damage_named(self.path, "its index"):
                self._read_summary(contents, size)
        except InputError:
            # The last known chunk may have been provisional, so it is read again.
            contents.chunks = known.chunks[:-1] if known else []
            self._walk_file(contents, size)
        return contents

    def _read_start(self, contents: Contents, size: int) -> None:
        """Read the records before the first chunk: metadata, the configuration, channels."""
        offset = len(MAGIC)
        while offset + 9 <= size:
            opcode, length = _HEAD.unpack(self._read(offset, 9))
            if opcode not in _START or offset + 9 + length > size:
                break
            if length > MAX_RECORD_BYTES:
                raise ValueError(f"a record of {length} bytes is too large")
            _take(contents, opcode, self._read(offset + 9, length))
            offset += 9 + length
        contents.data_start = offset

    def _read_summary(self, contents: Contents, size: int) -> None:
        footer_at = size - len(MAGIC) - _FOOTER_BYTES
        footer = self._read(max(footer_at, 0), _FOOTER_BYTES + len(MAGIC))
        if footer[_FOOTER_BYTES:] != MAGIC or _HEAD.unpack_from(footer) != (Opcode.FOOTER, 20):
            raise ValueError("it has no footer")
        start, _, crc = struct.unpack_from("<QQI", footer, 9)
        if not contents.data_start <= start <= footer_at or footer_at - start > MAX_SUMMARY_BYTES:
            raise ValueError("its summary is not inside the file")
        summary = self._read(start, footer_at - start)
        if crc and zlib.crc32(footer[: _FOOTER_BYTES - 4], zlib.crc32(summary)) != crc:
            raise ValueError("its summary's checksum is wrong")
        found = Contents(dict(contents.metadata), dict(contents.attachments), dict(contents.topics))
        offset = 0
        while offset < len(summary):
            opcode, length = _HEAD.unpack_from(summary, offset)
            offset += 9
            if offset + length > len(summary):
                raise ValueError("its summary is cut")
            if opcode == Opcode.CHUNK_INDEX:
                found.chunks.append(_chunk_ref(summary, offset, length, start))
            elif opcode == Opcode.CHANNEL:
                _take(found, opcode, summary[offset : offset + length])
            elif opcode in (Opcode.METADATA_INDEX, Opcode.ATTACHMENT_INDEX):
                at, record_bytes = struct.unpack_from("<QQ", summary, offset)
                if not 9 <= record_bytes <= MAX_RECORD_BYTES or at + record_bytes > start:
                    raise ValueError("its summary points outside the file")
                if at >= contents.data_start:
                    record = self._read(at, record_bytes)
                    _take(found, record[0], record[9:])
            offset += length
        contents.metadata, contents.attachments, contents.topics = found.metadata, found.attachments, found.topics
        contents.chunks, contents.complete = found.chunks, True

    def _walk_file(self, contents: Contents, size: int) -> None:
        """Collect the complete chunks of a file without an index, up to the first incomplete record."""
        last = contents.chunks[-1] if contents.chunks else None
        offset = last.offset + last.length if last else contents.data_start
        channels: dict[int, set[int]] = {ref.offset: set(ref.channels or ()) for ref in contents.chunks}
        while offset + 9 <= size:
            opcode, length = _HEAD.unpack(self._read(offset, 9))
            end = offset + 9 + length
            if end > size:
                break
            try:
                if opcode == Opcode.CHUNK:
                    if length > MAX_CHUNK_BYTES + 64:
                        break
                    start_ns, end_ns = struct.unpack("<QQ", self._read(offset + 9, 16))
                    contents.chunks.append(ChunkRef(start_ns, end_ns, offset, 9 + length, None))
                    channels[offset] = set()
                elif opcode == Opcode.MESSAGE_INDEX and contents.chunks:
                    channel_id, index_bytes = struct.unpack("<HI", self._read(offset + 9, 6))
                    if index_bytes != length - 6:
                        break
                    channels[contents.chunks[-1].offset].add(channel_id)
                elif opcode in _START and length <= MAX_RECORD_BYTES:
                    _take(contents, opcode, self._read(offset + 9, length))
                else:  # end of the data, or damage
                    break
            except _DAMAGE:
                break
            offset = end
        for k, ref in enumerate(contents.chunks):
            if k < len(contents.chunks) - 1 and channels[ref.offset]:  # the last chunk's indexes may be cut
                contents.chunks[k] = ref._replace(channels=frozenset(channels[ref.offset]))
        while contents.chunks:  # a chunk half overwritten by a killed process has a wrong checksum
            try:
                self.messages(contents.chunks[-1])
                break
            except InputError:
                contents.chunks.pop()


def _metadata(contents: Contents, record: bytes) -> None:
    name, at = _string(record, 0)
    contents.metadata[name] = _string_map(record, at)


def _attachment(contents: Contents, record: bytes) -> None:
    name, at = _string(record, 16)
    _, at = _string(record, at)
    (size,) = struct.unpack_from("<Q", record, at)
    (crc,) = struct.unpack_from("<I", record, len(record) - 4)
    if at + 8 + size + 4 != len(record) or (crc and zlib.crc32(record[:-4]) != crc):
        raise ValueError("an attachment's checksum is wrong")
    contents.attachments[name] = record[at + 8 : -4]


def _channel(contents: Contents, record: bytes) -> None:
    (channel_id,) = struct.unpack_from("<H", record)
    topic, _ = _string(record, 4)
    contents.topics[topic] = channel_id


def _ignore(contents: Contents, record: bytes) -> None:
    pass


_START: dict[int, Callable[[Contents, bytes], None]] = {
    Opcode.HEADER: _ignore,
    Opcode.SCHEMA: _ignore,
    Opcode.CHANNEL: _channel,
    Opcode.METADATA: _metadata,
    Opcode.ATTACHMENT: _attachment,
}


def _take(contents: Contents, opcode: int, record: bytes) -> None:
    _START[opcode](contents, record)


def _chunk_ref(summary: bytes, offset: int, length: int, data_end: int) -> ChunkRef:
    start_ns, end_ns, at, chunk_bytes, map_bytes = _INDEX_HEAD.unpack_from(summary, offset)
    if map_bytes > length - _INDEX_HEAD.size or map_bytes % 10:
        raise ValueError("a chunk's index is wrong")
    if chunk_bytes > MAX_CHUNK_BYTES + 64 or at + chunk_bytes > data_end:
        raise ValueError("a chunk's index points outside the file")
    pairs = memoryview(summary)[offset + _INDEX_HEAD.size :][:map_bytes]
    channels = frozenset(channel_id for channel_id, _ in struct.iter_unpack("<HQ", pairs))
    return ChunkRef(start_ns, end_ns, at, chunk_bytes, channels or None)


def _walk(data: bytes) -> Iterator[Message]:
    """Yield the message records of a chunk."""
    view = memoryview(data)
    offset, size = 0, len(data)
    while offset < size:
        opcode, length = _HEAD.unpack_from(data, offset)
        end = offset + 9 + length
        if end > size:
            raise ValueError("a record reaches beyond its chunk")
        if opcode == Opcode.MESSAGE:
            if length < 22:
                raise ValueError("a message is too short")
            _, _, channel_id, _, time_ns, _ = _MESSAGE_HEAD.unpack_from(data, offset)
            yield Message(channel_id, time_ns, view[offset + _MESSAGE_HEAD.size : end])
        offset = end


def _decompress(compression: str, packed: memoryview, size: int) -> bytes:
    """Decompress to at most `size` bytes (already bounded), or raise ValueError."""
    if compression == "":
        return bytes(packed)
    if compression == "zstd":
        try:
            claimed = zstandard.get_frame_parameters(packed).content_size
            if claimed > size and claimed != zstandard.CONTENTSIZE_UNKNOWN:
                raise ValueError("it holds more than it says")
            decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_CHUNK_BYTES)
            return decompressor.decompress(packed, max_output_size=size)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None
    if compression == "lz4":
        import lz4.frame  # type: ignore[import-untyped]

        try:
            data: bytes = lz4.frame.LZ4FrameDecompressor().decompress(packed, max_length=size)
        except RuntimeError as error:
            raise ValueError(str(error)) from None
        return data
    raise ValueError(f"unknown compression {compression!r}")


def _string(record: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from("<I", record, at)
    end = at + 4 + size
    if end > len(record):
        raise ValueError("a string reaches beyond its record")
    return record[at + 4 : end].decode(), end


def _string_map(record: bytes, at: int) -> dict[str, str]:
    (size,) = struct.unpack_from("<I", record, at)
    at, end = at + 4, at + 4 + size
    if end != len(record):
        raise ValueError("a map's length is wrong")
    found: dict[str, str] = {}
    while at < end:
        key, at = _string(record, at)
        found[key], at = _string(record, at)
    return found
