"""A recording for the viewer: any instant, its phases and events, and stretches of its signals."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from twin.errors import InputError
from twin.recording import Recording, open_recording
from twin.viewer.layout import Layout
from twin.viewer.origin import IMPORTED, estimated_words
from twin.viewer.snapshot import Names, Snapshot, between


@dataclass(frozen=True)
class PhaseSpan:
    """One phase of one robot, from start to end.

    `ended` is False if a trip, a failure or the recording's end cut it short; its end is then its last record.

    `exit` ends after its fixed time, as in the table and the cycle time of `swaptwin swap`: beyond the samples, which
    end as it begins.
    """

    name: str
    robot: int
    job: int
    start_s: float
    end_s: float
    ended: bool = True


@dataclass(frozen=True)
class Marker:
    """An event or a violation on the time line; `level` is info, warning or error."""

    t_s: float
    name: str
    message: str
    level: str
    violation: bool = False

    gap_s: float = 0.0
    """Duration of a gap in the recording from here on."""
    facts: tuple[tuple[str, Any], ...] = ()
    """Other scalar entries of the event: robot, phase, cause, quantity, value, limit, unit and so on."""

    @property
    def is_trip(self) -> bool:
        return self.violation or self.level == "error"

    @property
    def failed(self) -> bool:
        """True for the outcome of a failed run, at any recorded level."""
        outcome = self.data.get("outcome")
        return self.name == "outcome" and outcome is not None and outcome not in GOOD_OUTCOMES

    @property
    def stops_work(self) -> bool:
        """True for an event that ends the robots' work: a trip or a failure."""
        return self.failed or (self.name == "trip" and self.level == "error")

    @property
    def data(self) -> dict[str, Any]:
        """`facts` by name."""
        return dict(self.facts)


Gap = tuple[float, float]
"""Times of the last sample before a stretch without samples and of the first one after it."""
GAP, EXIT, FAULT = "gap", "exit", "fault"
GOOD_OUTCOMES = ("completed", "part_completed", "seated", "docked")
"""Of a swap, of an episode that plays a part of one, of an insertion, of a drive into the bay."""
SAME_S = 1e-6
AT_ORIGIN = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])


def gap_at(gaps: Sequence[Gap], t_s: float) -> Gap | None:
    """The gap that contains t_s, of gaps in time order; its ends are recorded."""
    k = bisect_right(gaps, t_s, key=lambda gap: gap[0]) - 1
    return gaps[k] if k >= 0 and gaps[k][0] + SAME_S < t_s < gaps[k][1] - SAME_S else None


class Source:
    """A complete, truncated or growing recording; times are the recording's own seconds."""

    def __init__(self, path: str | Path) -> None:
        self.recording = open_recording(path)
        try:
            header = self.recording.header
            self.path = Path(path)
            self.names = Names(header.frames, header.channels, header.sensors)
            self.layout = Layout.of(header.configuration, path)
            self.provenance = header.provenance
            self.imported = header.source == IMPORTED
            self.estimated = estimated_words(header.provenance)
            self.not_finite_s: float | None = None  # first time of poses that cannot be shown
            self._last_finite: np.ndarray | None = None
            self._take_entries()
        except BaseException:
            self.recording.close()
            raise

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.recording.close()

    @property
    def start_s(self) -> float:
        return self.recording.start_s

    @property
    def end_s(self) -> float:
        return self.recording.end_s

    @property
    def sample_s(self) -> float:
        """Time from one recorded sample to the next."""
        return 1.0 / self.layout.station.rates.recording_hz

    def snapshot(self, t_s: float) -> Snapshot:
        """State at t_s: poses interpolated between two samples, channels and sensors as of the last sample.

        In a gap everything is as of the last sample before it. Poses that are not finite are replaced by the last
        finite ones, and `not_finite_s` is set.

        Raises:
            InputError: for a time outside the recording, naming the file and its span.
        """
        found = self._snapshot(t_s)
        if np.isfinite(found.poses).all():
            return found
        return replace(found, poses=self._finite_before(t_s, found.poses))

    def _finite_before(self, t_s: float, poses: np.ndarray) -> np.ndarray:
        """The last sample with all poses finite; without one, identity for those that are not."""
        if self.not_finite_s is None or t_s < self.not_finite_s:
            frames = self.recording.frames(None, t_s + 1.5 * self.sample_s)
            finite = np.isfinite(frames.values).all(axis=(1, 2))
            wrong = np.flatnonzero(~finite)
            self.not_finite_s = float(frames.t_s[wrong[0]]) if len(wrong) else t_s
            good = np.flatnonzero(finite & (frames.t_s < self.not_finite_s))
            self._last_finite = frames.values[good[-1]] if len(good) else None
        if self._last_finite is not None:
            return self._last_finite
        return np.where(np.isfinite(poses).all(axis=1)[:, None], poses, AT_ORIGIN)

    def _snapshot(self, t_s: float) -> Snapshot:
        values, sensors = self.recording.values_at(t_s), self.recording.sensors_at(t_s)
        if self.gap_at(t_s) is not None:
            return Snapshot(self.names, t_s, self.recording.frames_at(t_s), values, sensors, logged=False)
        around = self.recording.frames(t_s - 1.5 * self.sample_s, min(t_s + 1.5 * self.sample_s, self.end_s))
        if len(around.t_s) == 0:
            return Snapshot(self.names, t_s, self.recording.frames_at(t_s), values, sensors)
        k = int(np.searchsorted(around.t_s, t_s, side="right")) - 1
        if k < 0 or k + 1 >= len(around.t_s):
            return Snapshot(self.names, t_s, around.values[max(min(k, len(around.t_s) - 1), 0)], values, sensors)
        share = (t_s - around.t_s[k]) / (around.t_s[k + 1] - around.t_s[k])
        poses = between(around.values[k], around.values[k + 1], float(share))
        return Snapshot(self.names, t_s, poses, values, sensors)

    def gap_at(self, t_s: float) -> Gap | None:
        """The gap that contains t_s; None if there is none."""
        return gap_at(self.gaps, t_s)

    def check_time(self, t_s: float, option: str) -> float:
        """`t_s` if it is within the recording; otherwise raises InputError that names file, option and span."""
        if not self.start_s - 1e-9 <= t_s <= self.end_s + 1e-9:
            raise InputError(
                "a time outside the recording",
                file=self.path,
                key=option,
                value=t_s,
                allowed=f"{self.start_s:.2f} to {self.end_s:.2f} s",
            )
        return min(max(t_s, self.start_s), self.end_s)

    def series(self, name: str, start_s: float, end_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Times (K,) and values (K,) of a channel or sensor in a window; empty for an unknown name."""
        if name in self.recording.channel_names:
            samples = self.recording.states(start_s, end_s, names=[name])
        elif name in self.recording.sensor_names:
            samples = self.recording.sensors(start_s, end_s, names=[name])
        else:
            return np.empty(0), np.empty(0)
        return samples.t_s, samples.values[:, 0]

    def refresh(self) -> bool:
        """Load data written since; True if there is any."""
        if not self.recording.refresh():
            return False
        self._take_entries()
        return True

    def _take_entries(self) -> None:
        self.markers = _markers(self.recording.events(), _worst(self.recording))
        exit_s = None if self.imported else self.layout.station.times.exit_s
        spans = _spans(self.recording.phases(), self.recording.end_s, exit_s)
        self.phases = _before_faults(spans) if self.imported else _cut_short(spans, self.markers)
        self.gaps = _gaps(self.markers, self.recording.end_s)


def _spans(entries: list[dict[str, Any]], end_s: float, exit_s: float | None) -> tuple[PhaseSpan, ...]:
    """Phases from their entries; `exit_s` is the duration of `exit` in recordings that do not have its end."""
    spans: list[PhaseSpan] = []
    open_: dict[int, tuple[str, int, float]] = {}
    for entry in entries:
        robot, job, t_s = int(entry.get("robot", 0)), int(entry.get("job", 0)), float(entry["t_s"])
        if entry.get("state") == "end":
            name, job, start_s = open_.pop(robot, (str(entry["name"]), job, float(entry.get("start_s", t_s))))
            assumed_s = start_s + exit_s if name == EXIT and exit_s is not None else t_s
            spans.append(PhaseSpan(name, robot, job, start_s, float(entry.get("end_s", assumed_s))))
        else:
            if robot in open_:  # a trip ends a phase without an entry
                name, before, start_s = open_[robot]
                spans.append(PhaseSpan(name, robot, before, start_s, t_s, ended=False))
            open_[robot] = (str(entry["name"]), job, t_s)
    spans += [PhaseSpan(name, robot, job, t_s, end_s, ended=False) for robot, (name, job, t_s) in open_.items()]
    return tuple(sorted(spans, key=lambda span: (span.start_s, span.robot)))


def _cut_short(spans: tuple[PhaseSpan, ...], markers: Sequence[Marker]) -> tuple[PhaseSpan, ...]:
    """Spans with the phases that a trip or a failure interrupted marked as not ended: recording continues to
    standstill."""
    bad_s = next((m.t_s for m in markers if m.stops_work), math.inf)
    return tuple(replace(span, ended=False) if span.end_s >= bad_s - SAME_S else span for span in spans)


def _before_faults(spans: tuple[PhaseSpan, ...]) -> tuple[PhaseSpan, ...]:
    """Spans of a log with the phases that its fault steps interrupted marked as not ended."""
    faults = {(span.robot, span.start_s) for span in spans if span.name == FAULT}
    return tuple(
        replace(span, ended=False) if span.name != FAULT and (span.robot, span.end_s) in faults else span
        for span in spans
    )


def _markers(events: list[dict[str, Any]], violations: list[dict[str, Any]]) -> tuple[Marker, ...]:
    found = [
        Marker(
            float(e["t_s"]),
            str(e.get("name", "")),
            str(e.get("message", "")),
            str(e.get("level", "info")),
            gap_s=_length_s(e),
            facts=_facts(e),
        )
        for e in events
    ]
    found += [
        Marker(
            float(v["t_s"]), str(v.get("name", "")), str(v.get("message", "")), "error", violation=True, facts=_facts(v)
        )
        for v in violations
    ]
    return tuple(sorted(found, key=lambda marker: marker.t_s))


def _worst(recording: Recording) -> list[dict[str, Any]]:
    """The violations, with their worst value if the recording is complete."""
    violations = recording.violations()
    result = recording.summary.get("result") if recording.complete else None
    ended = result.get("violations") if isinstance(result, dict) else None
    if not isinstance(ended, list):
        return violations
    last = {v["invariant"]: v for v in ended if isinstance(v, dict) and "invariant" in v and "message" in v}
    for entry in violations:
        worst = last.get(entry.get("invariant"))
        if worst is not None:
            entry |= {**worst, "t_s": entry["t_s"], "message": f"{entry.get('name', '')}: {worst['message']}"}
    return violations


def _facts(entry: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    own_keys = {"t_s", "name", "message", "level"}
    return tuple((k, v) for k, v in entry.items() if k not in own_keys and isinstance(v, str | int | float))


def _length_s(event: dict[str, Any]) -> float:
    """Duration of a gap event; 0 for any other event."""
    length_s = event.get("length_s")
    is_gap = event.get("name") == GAP and isinstance(length_s, int | float) and math.isfinite(length_s)
    return max(float(length_s), 0.0) if is_gap and length_s is not None else 0.0


def _gaps(markers: Sequence[Marker], end_s: float) -> tuple[Gap, ...]:
    """Stretches without samples, in time order, without overlaps."""
    gaps: list[Gap] = []
    for marker in markers:
        start_s, last_s = marker.t_s, min(marker.t_s + marker.gap_s, end_s)
        if marker.gap_s > 0.0 and last_s > start_s and (not gaps or start_s >= gaps[-1][1]):
            gaps.append((start_s, last_s))
    return tuple(gaps)
