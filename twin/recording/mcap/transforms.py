"""Bulk encoding of foxglove.FrameTransforms: one byte template per recording, filled by NumPy for a whole chunk of
poses.

In protobuf doubles are fixed 8 bytes and explicit zeros are legal; timestamps are varints padded to five bytes, which
every decoder reads (test: Google's protobuf decodes them by the schema in the file). So all samples have the same
length and layout.
"""

from __future__ import annotations

import numpy as np

from twin.recording.mcap.header import Frame

_TIME_BYTES = 5  # a padded varint of 35 bits: seconds up to the year 3058


class TransformLayout:
    """Byte offsets of the numbers in the encoded FrameTransforms of these frames."""

    def __init__(self, frames: tuple[Frame, ...]) -> None:
        self.count = len(frames)
        body = bytearray()
        second_at: list[int] = []
        nano_at: list[int] = []
        value_at: list[int] = []
        for frame in frames:
            stamp = b"\x08" + bytes(_TIME_BYTES) + b"\x10" + bytes(_TIME_BYTES)
            names = _field(2, frame.parent.encode()) + _field(3, frame.name.encode())
            translation = b"".join(bytes([number << 3 | 1]) + bytes(8) for number in (1, 2, 3))
            rotation = b"".join(bytes([number << 3 | 1]) + bytes(8) for number in (1, 2, 3, 4))
            head = _field(1, stamp) + names
            inner = head + _field(4, translation) + _field(5, rotation)
            start = len(body) + 1 + len(_varint(len(inner)))
            second_at.append(start + 3)
            nano_at.append(start + 3 + _TIME_BYTES + 1)
            value_at += [start + len(head) + 3 + 9 * i for i in range(3)]
            value_at += [start + len(head) + 2 + len(translation) + 3 + 9 * i for i in range(4)]
            body += _field(1, inner)
        self.template = np.frombuffer(bytes(body), dtype=np.uint8)
        self.length = len(body)
        self._second_at = _spread(second_at, _TIME_BYTES)
        self._nano_at = _spread(nano_at, _TIME_BYTES)
        self._value_at = _spread(value_at, 8)

    def encode(self, times_ns: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """Encode (K,) times and (K, F, 7) poses as (K, length) bytes, one FrameTransforms per row."""
        rows = len(times_ns)
        out = np.empty((rows, self.length), dtype=np.uint8)
        out[:] = self.template
        seconds, nanos = np.divmod(times_ns, 1_000_000_000)
        out[:, self._second_at] = np.tile(_padded_varints(seconds), (1, self.count))
        out[:, self._nano_at] = np.tile(_padded_varints(nanos), (1, self.count))
        values = np.ascontiguousarray(poses, dtype="<f8")
        out[:, self._value_at] = values.view(np.uint8).reshape(rows, self.count * 56)
        return out

    def decode(self, payload: np.ndarray) -> np.ndarray:
        """Decode (K, length) bytes to (K, F, 7) poses; the inverse of `encode`."""
        values = np.ascontiguousarray(payload[:, self._value_at]).view("<f8")
        return values.reshape(len(payload), self.count, 7)


def _spread(starts: list[int], width: int) -> np.ndarray:
    return (np.array(starts, dtype=np.intp)[:, None] + np.arange(width)).ravel()


def _padded_varints(values: np.ndarray) -> np.ndarray:
    """Encode (K,) non-negative integers as (K, 5) bytes."""
    shifted = values[:, None].astype(np.uint64) >> (7 * np.arange(_TIME_BYTES, dtype=np.uint64))
    more = np.array([0x80] * (_TIME_BYTES - 1) + [0], dtype=np.uint64)
    return ((shifted & np.uint64(0x7F)) | more).astype(np.uint8)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return bytes([number << 3 | 2]) + _varint(len(data)) + data
