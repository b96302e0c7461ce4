"""Records a run: samples are kept as rows of numbers and encoded in bulk when a chunk closes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import orjson

from twin.recording.mcap import topics
from twin.recording.mcap.container_out import ContainerWriter, Entry, check_output_path, message_head, message_record
from twin.recording.mcap.header import CONFIGURATION_NAME, END_METADATA_NAME, METADATA_NAME, Header, with_checksum
from twin.recording.mcap.limits import MAX_CHUNK_BYTES
from twin.recording.mcap.scene import SceneEntity, encode_log, encode_scene
from twin.recording.mcap.transforms import TransformLayout

_JSON = orjson.OPT_SERIALIZE_NUMPY
_CLOSE_BYTES = MAX_CHUNK_BYTES // 8  # a chunk with this much data closes early
_MAX_ROWS = 4096
_WALL_PERIOD_S = 1.0
_MAX_TIME_NS = 2**63 - 1


class Recorder:
    """Writes one recording (an MCAP file, see docs/recording.md).

    All times are simulation time in seconds; states and sensor samples each come in time order, the rest in any order.
    A chunk closes every `chunk_period_s` of recorded time; when that takes longer than a second of wall time, a
    provisional chunk is written, so a killed recording loses at most its last second. As a context manager it ends with
    the outcome "interrupted" after an exception or without `close`.

    Raises InputError if the path cannot be written, before any change; OSError if the disk is full: the file is then
    removed and a previous recording restored; ValueError for wrong arguments.
    """

    def __init__(
        self,
        path: str | Path,
        header: Header,
        *,
        chunk_period_s: float = 1.0,
        wall_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0.0 < chunk_period_s <= 60.0:
            raise ValueError(f"chunk_period_s must be above 0 and at most 60, got {chunk_period_s}")
        checked = check_output_path(path)
        configuration = header.configuration_json()
        metadata = header.to_metadata()
        channels = topics.topics(header)

        self.header = header
        self._period_ns = round(chunk_period_s * 1e9)
        self._wall_clock = wall_clock
        self._layout = TransformLayout(header.frames)
        self._frames_shape = (len(header.frames), 7)
        self._tf_head = np.frombuffer(message_head(topics.TF, self._layout.length), dtype=np.uint8)
        self._states = _Rows(header.channels, topics.STATE, self._frames_shape)
        self._sensors = _Rows(header.sensors, topics.SENSORS)
        self._sequences = [0] * 16
        self._entries: list[Entry] = []
        self._entry_bytes = 0
        self._order = 0
        self._chunk_start_ns = -1  # of the open chunk; -1 if it is empty
        self._chunk_wall_s = 0.0
        self._closed = False

        self._file = ContainerWriter(checked)
        try:
            self._file.metadata(METADATA_NAME, metadata)
            self._file.attachment(CONFIGURATION_NAME, "application/json", configuration)
            for topic in channels:
                self._file.schema(topic.id, topic.schema_name, topic.schema_encoding, topic.schema)
                self._file.channel(topic.id, topic.name, topic.encoding, topic.id)
        except BaseException:
            self._abandon()
            raise

    def state(self, t_s: float, frames: np.ndarray, channels: np.ndarray, *, tick: int | None = None) -> None:
        """Record one sample of the true state: poses (F, 7) as position and quaternion xyzw, and channel values
        (C,)."""
        if frames.shape != self._frames_shape:
            raise ValueError(f"frames must have the shape {self._frames_shape}, got {frames.shape}")
        rows = self._states
        self._sample(rows, t_s, channels, tick)
        rows.poses[rows.count - 1] = frames
        if rows.count == rows.capacity:
            self._close_chunk()

    def sensors(self, t_s: float, values: np.ndarray, *, tick: int | None = None) -> None:
        """Record one sample of the sensor values (S,)."""
        rows = self._sensors
        self._sample(rows, t_s, values, tick)
        if rows.count == rows.capacity:
            self._close_chunk()

    def command(self, t_s: float, tick: int, command: Mapping[str, Any]) -> None:
        """Record a command for the rerun. It is read back exactly, so a number that is not finite is refused."""
        data = orjson.dumps({"t_s": float(t_s), "tick": int(tick), "command": dict(command)}, option=_JSON)
        if b"null" in data and not _all_finite(command):
            raise ValueError(f"a command must hold finite numbers only, got {dict(command)}")
        self._message(topics.COMMANDS, self._time_ns(t_s), data)

    def phase(self, t_s: float, phase: Mapping[str, Any]) -> None:
        """Record the start or end of a phase, e.g. `{"name": "lower", "state": "start"}`."""
        self._message(topics.PHASES, self._time_ns(t_s), _entry_json(t_s, phase))

    def event(self, t_s: float, event: Mapping[str, Any]) -> None:
        """Record an event: `name`, and optionally `message` and `level` (debug, info, warning, error or fatal)."""
        self._logged(topics.EVENTS, t_s, event, str(event.get("level", "info")))

    def violation(self, t_s: float, violation: Mapping[str, Any]) -> None:
        """Record a violated safety invariant: `name` or `invariant`, and optionally `message`."""
        self._logged(topics.VIOLATIONS, t_s, violation, "error")

    def log(self, t_s: float, message: str, name: str = "", level: str = "info") -> None:
        """Record a line in the log alone, without an event."""
        time_ns = self._time_ns(t_s)
        self._message(topics.LOG, time_ns, encode_log(time_ns, level, message, name))

    def scene(self, t_s: float, entities: Sequence[SceneEntity]) -> None:
        """Record shapes for Foxglove; they move with their frames from this time on."""
        time_ns = self._time_ns(t_s)
        self._message(topics.SCENE, time_ns, encode_scene(time_ns, entities))

    def close(self, outcome: str, end_state_sha256: str, summary: Mapping[str, Any] | None = None) -> None:
        """Write the open chunk, the outcome and the index. Closing twice does nothing."""
        if self._closed or self._file.failed:
            return
        end = with_checksum(
            {
                "outcome": outcome,
                "end_state_sha256": end_state_sha256,
                "summary": orjson.dumps(dict(summary or {}), option=_JSON).decode(),
            }
        )
        try:
            self._close_chunk()
            self._file.metadata(END_METADATA_NAME, end)
            self._file.finish()
        finally:
            self._abandon()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close("interrupted", "", {"error": f"{kind.__name__}: {error}"} if kind else {})
        except Exception:
            if error is None:
                raise

    def _abandon(self) -> None:
        """Close the file without an end; written data stays readable."""
        self._closed = True
        self._file.close()

    def _time_ns(self, t_s: float) -> int:
        if self._closed:
            raise ValueError("the recording is closed")
        if not t_s >= 0.0 or t_s > 9e9:
            raise ValueError(f"a recording's time must be finite and not negative, got {t_s}")
        time_ns = self.header.t0_ns + round(t_s * 1e9)
        if time_ns > _MAX_TIME_NS:
            raise ValueError(f"t0_ns + t_s = {time_ns} ns is out of range")
        return time_ns

    def _sample(self, rows: _Rows, t_s: float, values: np.ndarray, tick: int | None) -> None:
        """Keep one row; the chunk closes first if this sample belongs to the next one."""
        if values.shape != rows.shape:
            raise ValueError(f"values must have the shape {rows.shape}, got {values.shape}")
        time_ns = self._time_ns(t_s)
        if time_ns < rows.last_ns:
            raise ValueError(f"samples must come in order of time, got {t_s} s after {rows.last_ns} ns")
        self._begin(time_ns)
        rows.add(t_s, time_ns, round(t_s * self.header.tick_hz) if tick is None else tick, self._order, values)
        self._order += 2  # the state's transforms take the second

    def _message(self, channel_id: int, time_ns: int, data: bytes) -> None:
        if len(data) > _CLOSE_BYTES:
            raise ValueError(f"one entry of {len(data)} bytes is too large for a recording")
        self._begin(time_ns)
        record = message_record(channel_id, self._sequences[channel_id], time_ns, data)
        self._sequences[channel_id] += 1
        self._entries.append((time_ns, self._order, channel_id, record))
        self._order += 1
        self._entry_bytes += len(record)
        if self._entry_bytes > _CLOSE_BYTES:
            self._close_chunk()

    def _logged(self, channel_id: int, t_s: float, entry: Mapping[str, Any], level: str) -> None:
        time_ns = self._time_ns(t_s)
        data = _entry_json(t_s, entry)
        name = str(entry.get("name", entry.get("invariant", "")))
        message = str(entry.get("message", name))
        self._message(channel_id, time_ns, data)
        self._message(topics.LOG, time_ns, encode_log(time_ns, level, message, name))

    def _begin(self, time_ns: int) -> None:
        """Close the open chunk if it is due, or write it provisionally, and open one."""
        if self._chunk_start_ns < 0:
            self._chunk_start_ns = time_ns
            self._chunk_wall_s = self._wall_clock()
        elif time_ns - self._chunk_start_ns >= self._period_ns:
            self._close_chunk()
            self._begin(time_ns)
        elif self._wall_clock() - self._chunk_wall_s >= _WALL_PERIOD_S:
            self._file.chunk(self._encoded(), provisional=True)
            self._chunk_wall_s = self._wall_clock()

    def _close_chunk(self) -> None:
        if self._chunk_start_ns < 0:
            return
        self._file.chunk(self._encoded())
        for rows in (self._states, self._sensors):
            self._sequences[rows.channel_id] += rows.count
            rows.count = 0
        self._sequences[topics.TF] = self._sequences[topics.STATE]
        self._entries.clear()
        self._entry_bytes = 0
        self._chunk_start_ns = -1

    def _encoded(self) -> list[Entry]:
        """All messages of the open chunk in time order, then in order of arrival."""
        entries = list(self._entries)
        for rows in (self._states, self._sensors):
            rows.encode(entries, self._sequences[rows.channel_id])
        states = self._states
        if self._layout.count and states.count:
            times = states.times_ns[: states.count]
            head_size = len(self._tf_head)
            out = np.empty((states.count, head_size + self._layout.length), dtype=np.uint8)
            out[:, :head_size] = self._tf_head
            sequence = self._sequences[topics.STATE] + np.arange(states.count, dtype="<u4")
            out[:, 11:15] = sequence[:, None].view(np.uint8)
            out[:, 15:23] = out[:, 23:31] = times[:, None].view(np.uint8)
            out[:, head_size:] = self._layout.encode(times, states.poses[: states.count])
            data, size = out.tobytes(), out.shape[1]
            for k, (time_ns, order) in enumerate(zip(times.tolist(), states.orders, strict=False)):
                entries.append((time_ns, order + 1, topics.TF, data[k * size : (k + 1) * size]))
        entries.sort()
        return entries


class _Rows:
    """Samples of one JSON values topic in the open chunk."""

    def __init__(self, names: tuple[str, ...], channel_id: int, poses_shape: tuple[int, int] | None = None) -> None:
        self.names, self.channel_id, self.shape = names, channel_id, (len(names),)
        row_bytes = 64 + sum(len(name) + 32 for name in names) + (200 * poses_shape[0] if poses_shape else 0)
        self.capacity = max(1, min(_MAX_ROWS, _CLOSE_BYTES // row_bytes))
        self.values = np.empty((self.capacity, len(names)))
        self.poses = np.empty((self.capacity, *(poses_shape or (0, 7))))
        self.times_ns = np.empty(self.capacity, dtype="<i8")
        self.times_s = np.empty(self.capacity)
        self.ticks = [0] * self.capacity
        self.orders = [0] * self.capacity
        self.count = 0
        self.last_ns = -1

    def add(self, t_s: float, time_ns: int, tick: int, order: int, values: np.ndarray) -> None:
        k = self.count
        self.values[k] = values
        self.times_ns[k] = self.last_ns = time_ns
        self.times_s[k] = t_s
        self.ticks[k] = tick
        self.orders[k] = order
        self.count = k + 1

    def encode(self, entries: list[Entry], sequence: int) -> None:
        count, names = self.count, self.names
        times_ns, times_s = self.times_ns[:count].tolist(), self.times_s[:count].tolist()
        for k, values in enumerate(self.values[:count].tolist()):
            sample = {"t_s": times_s[k], "tick": self.ticks[k], "values": dict(zip(names, values, strict=True))}
            record = message_record(self.channel_id, sequence + k, times_ns[k], orjson.dumps(sample))
            entries.append((times_ns[k], self.orders[k], self.channel_id, record))


def _entry_json(t_s: float, entry: Mapping[str, Any]) -> bytes:
    if "t_s" in entry and entry["t_s"] != t_s:
        raise ValueError(f"entry has its own t_s {entry['t_s']}, but was given at {t_s}")
    return orjson.dumps({**entry, "t_s": float(t_s)}, option=_JSON)


def _all_finite(value: object) -> bool:
    if isinstance(value, float | np.floating):
        return math.isfinite(value)
    if isinstance(value, np.ndarray):
        return value.dtype.kind != "f" or bool(np.isfinite(value).all())
    if isinstance(value, Mapping):
        return all(_all_finite(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(_all_finite(item) for item in value)
    return True
