"""Playback position and speed: play, step, scrub, jump, follow. Pure logic, no picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from twin.viewer.source import Marker, PhaseSpan

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
BEFORE_TRIP_S = 5.0
GLIDE_S = 1.0
"""A live recording grows by whole seconds; following closes the gap smoothly in about this time."""
GRACE_S = 0.5
"""While playing, "previous" skips a start passed less than this ago (wall time): otherwise it could not go back
further."""
SAME_S = 1e-6
"""Times closer than this are the same."""

SampleTimes = Callable[[float, float], np.ndarray]
"""Times of the recorded samples in [start_s, end_s]."""


class Track(Protocol):
    """Interface of what is played, such as `Source`. It may grow."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def sample_s(self) -> float: ...

    phases: tuple[PhaseSpan, ...]
    markers: tuple[Marker, ...]


class Playback:
    """Current time of a track and its motion.

    `sample_times` gives the recorded instants of a stretch; by default they are `sample_s` apart from the start.
    """

    def __init__(
        self, track: Track, *, t_s: float | None = None, live: bool = False, sample_times: SampleTimes | None = None
    ) -> None:
        self.track = track
        self.live = live
        self.playing = False
        self.following = live and t_s is None
        self._speed = SPEEDS.index(1.0)
        self._sample_times = sample_times or self._even_times
        self.t_s = track.start_s
        if t_s is not None:
            self.t_s = self._inside(t_s)
        elif live:
            self.t_s = track.end_s

    @property
    def speed(self) -> float:
        return SPEEDS[self._speed]

    @property
    def at_end(self) -> bool:
        return self.t_s >= self.track.end_s - SAME_S

    @property
    def moving(self) -> bool:
        """True while `advance` may change the time."""
        return self.playing or (self.following and not self.at_end)

    def advance(self, wall_s: float) -> bool:
        """Advance by `wall_s` of wall time; True if the displayed time has changed."""
        before, end_s = self.t_s, self.track.end_s
        if self.following:
            gap_s = end_s - self.t_s
            if gap_s > 0.0:
                self.t_s += max(wall_s, gap_s * min(wall_s / GLIDE_S, 1.0))
                self.t_s = end_s if self.at_end else self.t_s
        elif self.playing:
            self.t_s = min(self.t_s + wall_s * self.speed, end_s)
            if self.at_end:
                self.t_s = end_s
                self.playing = False
                self.following = self.live
        return self.t_s != before

    def refreshed(self) -> None:
        """Adapt to a track that has grown."""
        self.t_s = self._inside(self.t_s)

    def play(self) -> None:
        """Play on; from the start if the end was reached."""
        if self.at_end:
            if self.live:
                self.following = True
                return
            self.t_s = self.track.start_s
        self.following = False
        self.playing = True

    def pause(self) -> None:
        self.playing = False
        self.following = False

    def toggle(self) -> None:
        if self.playing or self.following:
            self.pause()
        else:
            self.play()

    def faster(self, steps: int = 1) -> None:
        """Select the next of the speeds, or with negative steps the one before."""
        self._speed = min(max(self._speed + steps, 0), len(SPEEDS) - 1)

    def normal_speed(self) -> None:
        self._speed = SPEEDS.index(1.0)

    def follow(self, on: bool = True) -> None:
        """Follow the end of a growing recording; no effect for a finished one."""
        self.following = on and self.live
        if self.following:
            self.playing = False

    def scrub(self, t_s: float) -> None:
        """Go to a time, clipped to the recording; stops following."""
        self.following = False
        self.t_s = self._inside(t_s)

    def step(self, samples: int) -> None:
        """Pause, and go `samples` recorded samples forward, or back if negative."""
        self.pause()
        for _ in range(abs(samples)):
            self.t_s = self._neighbour(self.t_s, forward=samples > 0)

    def to_start(self) -> None:
        self.scrub(self.track.start_s)

    def to_end(self) -> None:
        """Go to the end; a live recording is followed from there."""
        self.scrub(self.track.end_s)
        self.playing = False
        self.follow()

    def next_event(self) -> Marker | None:
        return self._to_marker(_after((m.t_s for m in self.track.markers), self.t_s))

    def previous_event(self) -> Marker | None:
        return self._to_marker(_before((m.t_s for m in self.track.markers), self.t_s - self._grace_s))

    def next_phase(self) -> PhaseSpan | None:
        return self._to_phase(_after((p.start_s for p in self.track.phases), self.t_s))

    def previous_phase(self) -> PhaseSpan | None:
        """Go to the start of the present phase, or from there to the start of the one before."""
        return self._to_phase(_before((p.start_s for p in self.track.phases), self.t_s - self._grace_s))

    @property
    def trip(self) -> Marker | None:
        """The first error or violation."""
        return next((marker for marker in self.track.markers if marker.is_trip), None)

    def to_trip(self, before_s: float = 0.0) -> Marker | None:
        """Go to the trip, or `before_s` earlier, and pause; None if there was none."""
        trip = self.trip
        if trip is not None:
            self.pause()
            self.scrub(trip.t_s - before_s)
        return trip

    def to_before_trip(self) -> Marker | None:
        """Go to five seconds before the trip."""
        return self.to_trip(BEFORE_TRIP_S)

    def phases_now(self) -> tuple[PhaseSpan, ...]:
        """The present phase of each robot, in the order of robots."""
        now: dict[int, PhaseSpan] = {}
        for span in self.track.phases:
            last = self.t_s <= span.end_s if span.end_s >= self.track.end_s - SAME_S else self.t_s < span.end_s
            if span.start_s <= self.t_s and last:
                now[span.robot] = span
        return tuple(now[robot] for robot in sorted(now))

    @property
    def _grace_s(self) -> float:
        return GRACE_S * self.speed if self.playing else 0.0

    def _inside(self, t_s: float) -> float:
        if math.isnan(t_s):
            return self.t_s
        return min(max(t_s, self.track.start_s), self.track.end_s)

    def _to_marker(self, t_s: float | None) -> Marker | None:
        if t_s is None:
            return None
        self.scrub(t_s)
        here = [marker for marker in self.track.markers if marker.t_s == t_s]
        return min(here, key=lambda marker: not marker.is_trip)

    def _to_phase(self, t_s: float | None) -> PhaseSpan | None:
        if t_s is None:
            return None
        self.scrub(t_s)
        return next(span for span in self.track.phases if span.start_s == t_s)

    def _neighbour(self, t_s: float, *, forward: bool) -> float:
        """The recorded instant next to t_s; the recording's end or start if there is none."""
        bound_s = self.track.end_s if forward else self.track.start_s
        reach_s = 2.5 * self.track.sample_s
        while True:
            far_s = min(t_s + reach_s, bound_s) if forward else max(t_s - reach_s, bound_s)
            times = self._sample_times(min(t_s, far_s), max(t_s, far_s))
            found = times[times > t_s + SAME_S] if forward else times[times < t_s - SAME_S]
            if len(found):
                return self._inside(float(found[0] if forward else found[-1]))
            if far_s == bound_s:
                return bound_s
            reach_s *= 4.0  # a gap in the recording

    def _even_times(self, start_s: float, end_s: float) -> np.ndarray:
        origin_s, sample_s = self.track.start_s, self.track.sample_s
        first = math.ceil((start_s - origin_s) / sample_s - SAME_S)
        last = math.floor((end_s - origin_s) / sample_s + SAME_S)
        return origin_s + sample_s * np.arange(first, last + 1)


def _after(times_s: Iterable[float], t_s: float) -> float | None:
    return min((at_s for at_s in times_s if at_s > t_s + SAME_S), default=None)


def _before(times_s: Iterable[float], t_s: float) -> float | None:
    return max((at_s for at_s in times_s if at_s < t_s - SAME_S), default=None)
