"""Compares a rerun with its recording: every frame, channel and sensor of every sample, to the last bit."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from twin.errors import InputError
from twin.recording import Frame, Recording

FRAME_PARTS = ("x_m", "y_m", "z_m", "qx", "qy", "qz", "qw")


class Difference(NamedTuple):
    """The first difference between the rerun and the recording."""

    t_s: float
    channel: str
    recorded: float | str
    rerun: float | str


class NotFinite(NamedTuple):
    """The first recorded value that is not finite: null in the file, or NaN in a pose."""

    topic: str
    field: str
    t_s: float


TOPICS = ("/tf", "/state", "/sensors")
"""Of frames, channels and sensors."""


class AnySampler(Protocol):
    """Reads a plant in the layout of a recording."""

    @property
    def may_lack(self) -> frozenset[str]: ...
    @property
    def frames(self) -> tuple[Frame, ...]: ...
    @property
    def channel_names(self) -> tuple[str, ...]: ...
    @property
    def sensor_names(self) -> tuple[str, ...]: ...
    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Current (frames (F, 7), channels (C,), sensors (S,))."""


class Compare:
    """Compares each sample of the rerun with the recorded one; called with the tick of each sample.

    Raises:
        InputError: the recording has no samples, or its topics have different numbers of them.
    """

    def __init__(
        self, recording: Recording, sampler: AnySampler, tick_hz: float, before_tick: int | None = None
    ) -> None:
        """`before_tick`: samples from this tick on are not read, and the comparison must not be called there."""
        self._sampler, self._tick_hz = sampler, tick_hz
        end_s = None if before_tick is None else (before_tick - 0.5) / tick_hz
        header = recording.header
        names = [f"{frame}/{part}" for frame in header.frame_names for part in FRAME_PARTS]
        self._names = (names, list(header.channels), list(header.sensors))
        frames, states, sensors = (
            read(None, end_s) for read in (recording.frames, recording.states, recording.sensors)
        )
        count = len(states.t_s)
        if not len(frames.t_s) == len(sensors.t_s) == count:
            raise InputError(
                "damaged recording: states, frames and sensors do not belong together", file=recording.path
            )
        if not count:
            raise InputError("cut off before anything was recorded", file=recording.path)
        self.t_s = states.t_s
        self.ticks = np.rint(states.t_s * tick_hz).astype(np.int64)
        if not np.array_equal(self.ticks / tick_hz, states.t_s):
            raise InputError("not recorded at the ticks of its own clock", file=recording.path)
        self._recorded = (frames.values.reshape(count, -1), states.values, sensors.values)
        self.done = 0
        self.first: Difference | None = None

    @property
    def last_tick(self) -> int:
        """Of the last sample."""
        return int(self.ticks[-1])

    def not_finite(self) -> NotFinite | None:
        """The first recorded value that is not finite although it must be; within one sample the first by name."""
        found = []
        for topic, names, values in zip(TOPICS, self._names, self._recorded, strict=True):
            wrong = ~np.isfinite(values)
            wrong[:, [name in self._sampler.may_lack for name in names]] = False
            rows = np.flatnonzero(wrong.any(axis=1))
            if len(rows):
                k = int(rows[0])
                found.append(NotFinite(topic, names[int(np.argmax(wrong[k]))], float(self.t_s[k])))
        return min(found, key=lambda one: one.t_s, default=None)

    def __call__(self, tick: int) -> None:
        k = self.done
        if self.first is not None:
            return
        if k >= len(self.ticks):
            self.first = Difference(tick / self._tick_hz, "samples", "no more", "one more")
            return
        if tick != self.ticks[k]:
            self.first = Difference(
                tick / self._tick_hz, "time of the sample", float(self.t_s[k]), tick / self._tick_hz
            )
            return
        self.done += 1
        for names, recorded, now in zip(self._names, self._recorded, self._sampler.read(), strict=True):
            row, flat = recorded[k], now.reshape(-1)
            if np.array_equal(row.view(np.int64), flat.view(np.int64)):
                continue
            wrong = (row.view(np.int64) != flat.view(np.int64)) & ~(np.isnan(row) & ~np.isfinite(flat))
            if wrong.any():  # JSON has only null for values that are not finite
                i = int(np.argmax(wrong))
                self.first = Difference(float(self.t_s[k]), names[i], float(row[i]), float(flat[i]))
                return


def check_names(recording: Recording, sampler: AnySampler) -> None:
    """Check that the recording has the sampled names; raises InputError with the first missing ones."""
    header = recording.header
    for kind, recorded, here in (
        ("frames", header.frames, sampler.frames),
        ("channels", header.channels, sampler.channel_names),
        ("sensors", header.sensors, sampler.sensor_names),
    ):
        if recorded != here:
            unlike = sorted({str(name) for name in set(recorded) ^ set(here)})
            raise InputError(
                "recorded by another version of the twin, with other channels",
                file=recording.path,
                key=kind,
                value=", ".join(unlike) or "another order",
            )
