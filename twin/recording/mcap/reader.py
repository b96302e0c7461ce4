"""Reads a recording lazily by time window, by its index, or as far as a truncated file allows."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import orjson

from twin.errors import InputError
from twin.recording.mcap.container_in import ChunkRef, ContainerReader, Message, damage_named
from twin.recording.mcap.header import (
    CONFIGURATION_NAME,
    END_METADATA_NAME,
    FORMAT_VERSION,
    METADATA_NAME,
    Header,
    metadata_is_whole,
)
from twin.recording.mcap.limits import CACHE_BYTES
from twin.recording.mcap.transforms import TransformLayout


class Samples(NamedTuple):
    """Rows in time order: t_s (K,) and values (K, C), or (K, F, 7) for frames."""

    t_s: np.ndarray
    values: np.ndarray


def open_recording(path: str | Path) -> Recording:
    """Open a recording; raises InputError for a damaged file, another format version, or no recording."""
    return Recording(path)


class Recording:
    """A recording, complete or truncated. Windows are [start_s, end_s], both ends included; None is unbounded."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = ContainerReader(self.path)
        try:
            self.header = self._read_header()
            self._layout = TransformLayout(self.header.frames)
            self._cache: OrderedDict[ChunkRef, _Chunk] = OrderedDict()
            self._cached_bytes = 0
            self._take_contents()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    @property
    def complete(self) -> bool:
        """False for a recording that was truncated, is still being written, or lost its index."""
        return self._file.contents.complete

    @property
    def outcome(self) -> str:
        """Outcome given at the end; "interrupted" if there is no end."""
        return str(self._end.get("outcome", "interrupted"))

    @property
    def end_state_sha256(self) -> str:
        """Hash of the end state; empty if the recording was interrupted."""
        return str(self._end.get("end_state_sha256", ""))

    @property
    def summary(self) -> dict[str, Any]:
        with damage_named(self.path, "its summary"):
            return dict(orjson.loads(self._end.get("summary", "{}")))

    @property
    def channel_names(self) -> tuple[str, ...]:
        return self.header.channels

    @property
    def sensor_names(self) -> tuple[str, ...]:
        return self.header.sensors

    @property
    def frame_names(self) -> tuple[str, ...]:
        return self.header.frame_names

    @property
    def start_s(self) -> float:
        """Time of the first message."""
        return (self._start_ns - self.header.t0_ns) / 1e9

    @property
    def end_s(self) -> float:
        """Time of the last message."""
        return (self._end_ns - self.header.t0_ns) / 1e9

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def states(
        self, start_s: float | None = None, end_s: float | None = None, names: Sequence[str] | None = None
    ) -> Samples:
        """Channel values of a window, bit for bit as recorded; `names` selects columns. Values that are not finite are
        NaN."""
        columns = None if names is None else [_column(self.header.channels, name) for name in names]
        return self._samples("/state", start_s, end_s, len(self.header.channels), columns)

    def sensors(
        self, start_s: float | None = None, end_s: float | None = None, names: Sequence[str] | None = None
    ) -> Samples:
        """Sensor values of a window, like `states`."""
        columns = None if names is None else [_column(self.header.sensors, name) for name in names]
        return self._samples("/sensors", start_s, end_s, len(self.header.sensors), columns)

    def frames(self, start_s: float | None = None, end_s: float | None = None) -> Samples:
        """Poses (K, F, 7) of a window, position and quaternion xyzw in each frame's parent."""
        found = list(self._windows("/tf", start_s, end_s))
        if not found:
            return Samples(np.empty(0), np.empty((0, len(self.header.frames), 7)))
        return Samples(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def iter_states(self, start_s: float | None = None, end_s: float | None = None) -> Iterator[Samples]:
        """`states` one chunk at a time, for recordings larger than memory."""
        return (Samples(t_s, values) for t_s, values in self._windows("/state", start_s, end_s))

    def values_at(self, t_s: float) -> np.ndarray:
        """Channel values (C,) at t_s: the last sample not after it, or the first one."""
        return self._row_at("/state", t_s)

    def sensors_at(self, t_s: float) -> np.ndarray:
        """Sensor values (S,) at t_s."""
        return self._row_at("/sensors", t_s)

    def frames_at(self, t_s: float) -> np.ndarray:
        """Poses (F, 7) at t_s."""
        return self._row_at("/tf", t_s)

    def commands(self, start_s: float | None = None, end_s: float | None = None) -> list[dict[str, Any]]:
        """`{"t_s", "tick", "command"}` each, with the command exactly as given."""
        return self._entries("/commands", start_s, end_s)

    def phases(self, start_s: float | None = None, end_s: float | None = None) -> list[dict[str, Any]]:
        return self._entries("/phases", start_s, end_s)

    def events(self, start_s: float | None = None, end_s: float | None = None) -> list[dict[str, Any]]:
        return self._entries("/events", start_s, end_s)

    def violations(self, start_s: float | None = None, end_s: float | None = None) -> list[dict[str, Any]]:
        return self._entries("/violations", start_s, end_s)

    def refresh(self) -> bool:
        """Load data written since (for a recording still being written); True if there is any."""
        changed = self._file.refresh()
        if changed:
            self._take_contents()
        return changed

    def _read_header(self) -> Header:
        contents = self._file.contents
        found = contents.metadata.get(METADATA_NAME)
        if found is None:
            if not contents.chunks and not contents.complete:
                raise InputError("cut off before anything was recorded, or not a SwapTwin recording", file=self.path)
            raise InputError("an MCAP file, but not a SwapTwin recording", file=self.path)
        version = found.get("format_version", "")
        if version != str(FORMAT_VERSION):
            raise InputError(
                "a recording of another format version", file=self.path, value=version, allowed=str(FORMAT_VERSION)
            )
        with damage_named(self.path, "its header"):
            if not metadata_is_whole(found):
                raise ValueError("its checksum is wrong")
            if CONFIGURATION_NAME not in contents.attachments:
                raise ValueError("its configuration is missing")
            return Header.from_metadata(found, contents.attachments[CONFIGURATION_NAME])

    def _take_contents(self) -> None:
        contents = self._file.contents
        self._chunks = contents.chunks
        starts = np.array([ref.start_ns for ref in self._chunks], dtype=np.uint64)
        ends = np.array([ref.end_ns for ref in self._chunks], dtype=np.uint64)
        # Chunks overlap where entries came late, so both arrays are made monotonic for the search.
        self._earliest_after: list[int] = np.minimum.accumulate(starts[::-1])[::-1].tolist()
        self._latest_before: list[int] = np.maximum.accumulate(ends).tolist()
        self._start_ns = self._earliest_after[0] if self._chunks else self.header.t0_ns
        self._end_ns = self._latest_before[-1] if self._chunks else self.header.t0_ns
        self._end: Mapping[str, str] = contents.metadata.get(END_METADATA_NAME, {})
        if self._end and not metadata_is_whole(self._end):
            raise InputError("damaged recording, its end cannot be read: its checksum is wrong", file=self.path)

    def _chunk(self, ref: ChunkRef) -> _Chunk:
        chunk = self._cache.get(ref)
        if chunk is None:
            chunk = self._cache[ref] = _Chunk(self, self._file.messages(ref))
            self._cached_bytes += chunk.size
            while len(self._cache) > 1 and self._cached_bytes > CACHE_BYTES:
                self._cached_bytes -= self._cache.popitem(last=False)[1].size
        self._cache.move_to_end(ref)
        return chunk

    def _time_ns(self, t_s: float | None, otherwise: int) -> int:
        if t_s is None:
            return otherwise
        if math.isnan(t_s):
            raise InputError("not a time", file=self.path, value=t_s, allowed=self._span())
        return self.header.t0_ns + round(min(max(t_s, -1e9), 9e9) * 1e9)

    def _span(self) -> str:
        return f"{self.start_s:.3f} to {self.end_s:.3f} s"

    def _refs(self, topic: str, start_ns: int, end_ns: int, *, back: bool = False) -> Iterator[ChunkRef]:
        """Yield chunks that may have messages of the topic in the window, in file order, or with `back` from the
        window's end."""
        channel_id = self._file.contents.topics.get(topic)
        inside = range(bisect_left(self._latest_before, start_ns), bisect_right(self._earliest_after, end_ns))
        for k in reversed(inside) if back else inside:
            ref = self._chunks[k]
            if ref.end_ns >= start_ns and ref.start_ns <= end_ns and (not ref.channels or channel_id in ref.channels):
                yield ref

    def _windows(
        self, topic: str, start_s: float | None, end_s: float | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        start_ns, end_ns = self._time_ns(start_s, 0), self._time_ns(end_s, 2**63 - 1)
        for ref in self._refs(topic, start_ns, end_ns):
            times_ns, times_s, values = self._chunk(ref).samples(topic)
            inside = (times_ns >= start_ns) & (times_ns <= end_ns)
            if inside.any():
                yield times_s[inside], values[inside]

    def _samples(
        self, topic: str, start_s: float | None, end_s: float | None, width: int, columns: list[int] | None
    ) -> Samples:
        pick = slice(None) if columns is None else columns
        found = [(t_s, values[:, pick]) for t_s, values in self._windows(topic, start_s, end_s)]
        if not found:
            return Samples(np.empty(0), np.empty((0, width if columns is None else len(columns))))
        return Samples(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def _row_at(self, topic: str, t_s: float) -> np.ndarray:
        if not self._chunks:
            raise InputError("an empty recording", file=self.path)
        time_ns = self._time_ns(t_s, 0)
        if not self._start_ns <= time_ns <= self._end_ns:  # in ns: t_s may differ from end_s by rounding
            raise InputError("a time outside the recording", file=self.path, value=t_s, allowed=self._span())
        for ref in self._refs(topic, 0, time_ns, back=True):
            times_ns, _, values = self._chunk(ref).samples(topic)
            k = int(np.searchsorted(times_ns, time_ns, side="right")) - 1
            if k >= 0:
                return np.array(values[k])
        for ref in self._refs(topic, 0, 2**63 - 1):
            _, _, values = self._chunk(ref).samples(topic)
            if len(values):
                return np.array(values[0])
        raise InputError(f"a recording without {topic}", file=self.path)

    def _entries(self, topic: str, start_s: float | None, end_s: float | None) -> list[dict[str, Any]]:
        start_ns, end_ns = self._time_ns(start_s, 0), self._time_ns(end_s, 2**63 - 1)
        found: list[tuple[int, dict[str, Any]]] = []
        for ref in self._refs(topic, start_ns, end_ns):
            for message in self._chunk(ref).messages(topic):
                if start_ns <= message.time_ns <= end_ns:
                    with damage_named(self.path, f"a message of {topic}"):
                        found.append((message.time_ns, dict(orjson.loads(message.data))))
        found.sort(key=lambda pair: pair[0])
        return [entry for _, entry in found]


class _Chunk:
    """The messages of one chunk, decoded on demand."""

    def __init__(self, recording: Recording, messages: list[Message]) -> None:
        self._header, self._layout, self._path = recording.header, recording._layout, recording.path
        self._topics = recording._file.contents.topics
        self._messages: dict[int, list[Message]] = {}
        for message in messages:
            self._messages.setdefault(message.channel_id, []).append(message)
        self._samples: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self.size = sum(2 * len(message.data) + 200 for message in messages)  # including the decoded values

    def messages(self, topic: str) -> list[Message]:
        return self._messages.get(self._topics.get(topic, -1), [])

    def samples(self, topic: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Log times (ns), times (s) and values of the samples of a topic."""
        if topic not in self._samples:
            with damage_named(self._path, f"a sample of {topic}"):
                messages = self.messages(topic)
                times_ns = np.array([message.time_ns for message in messages], dtype=np.int64)
                if topic == "/tf":
                    times_s, values = (times_ns - self._header.t0_ns) / 1e9, self._poses(messages)
                else:
                    times_s, values = self._values(topic, messages)
                self._samples[topic] = (times_ns, times_s, values)
        return self._samples[topic]

    def _poses(self, messages: list[Message]) -> np.ndarray:
        if any(len(message.data) != self._layout.length for message in messages):
            raise ValueError("its transforms are not those of its header")
        data = np.frombuffer(b"".join(message.data for message in messages), dtype=np.uint8)
        return self._layout.decode(data.reshape(len(messages), self._layout.length))

    def _values(self, topic: str, messages: list[Message]) -> tuple[np.ndarray, np.ndarray]:
        names = self._header.channels if topic == "/state" else self._header.sensors
        times_s = np.empty(len(messages))
        values = np.empty((len(messages), len(names)))
        for k, message in enumerate(messages):
            sample = orjson.loads(message.data)
            times_s[k] = sample["t_s"]
            found = sample["values"]
            if tuple(found) != names:
                raise ValueError("its names are not those of its header")
            values[k] = list(found.values())  # null becomes NaN
        return times_s, values


def _column(names: tuple[str, ...], name: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise InputError("not a name in the recording", value=name) from None
