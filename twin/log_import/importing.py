"""Imports a log: reads and surveys it, completes it with the twin, and writes the recording stretch by stretch."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from twin.errors import InputError, naming
from twin.log_import.carries import carries_of
from twin.log_import.contradictions import both_made, truck_motion
from twin.log_import.ingest import Ingested, ingest
from twin.log_import.layout import setup_of
from twin.log_import.losses import check_losses
from twin.log_import.mapping import Mapping
from twin.log_import.moments import time_text
from twin.log_import.packs import timelines
from twin.log_import.report import MAX_PHASES, ImportReport, findings_of, setup_rows, signal_rows
from twin.log_import.story import Story, story_of, tell_contradictions
from twin.log_import.stretch import ESTIMATED, MEASURED, Completer
from twin.log_import.survey import Survey, fills_of, survey
from twin.log_import.tracks import Tracks
from twin.recording import Header, Recorder, check_output_path
from twin.recording.swap.scene import entities_of
from twin.recording.swap.versions import file_sha256
from twin.setup.setup import SwapSetup

IMPORTED = "imported"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STRETCH_S = 20.0
"""Length of the part of a log in memory at a time."""
FRAME_NEEDS = {
    part: tuple(f"{axis}/position_{'rad' if axis == 'yaw' else 'm'}" for axis in axes)
    for part, axes in (
        ("bridge", ("x",)),
        ("trolley", ("x", "y")),
        ("hoist", ("x", "y", "yaw")),
        ("rgv", ("x",)),
        ("cross", ("x", "y")),
        ("lift", ("x", "y", "z", "yaw")),
        ("end_effector", ("x", "y", "z", "yaw")),
    )
}
"""Channels of a robot that must be measured for one of its frames to count as measured."""
FRAME_NEEDS["end_effector"] += ("sway_x_m", "sway_y_m")
MAX_AFTER_S = 1e9
MAX_SAMPLES = 50_000_000
"""Eleven days at 50 samples a second. More come from wrong stamps, or from a log with one line an hour."""
LATEST_NS = 2**32 * 10**9
"""2106: a recording's messages have seconds since 1970 in 32 bits. Times before 1970 or from then on are no dates."""
NANO = 1e-9
Blocks = Iterable[tuple[np.ndarray, np.ndarray]]
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Window:
    """Time range to import: times of day (ns since 1970, UTC) or seconds after the log's begin.

    None is the log's own begin or end.
    """

    start: Moment | None = None
    end: Moment | None = None


@dataclass(frozen=True)
class Moment:
    """An instant of a log, absolute or relative."""

    t_ns: int | None = None
    after_s: float = 0.0

    @classmethod
    def parse(cls, text: str, key: str) -> Moment:
        """Parse `2026-02-11T14:20:00+08:00` or seconds; raises InputError that names the option."""
        try:
            if abs(seconds := float(text)) <= MAX_AFTER_S:
                return cls(None, seconds)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise ValueError
        except ValueError:
            allowed = "2026-02-11T14:20:00+08:00 (with its zone), or seconds after the log's begin"
            raise InputError("not a time", key=key, value=text, allowed=allowed) from None
        return cls(round((moment - EPOCH) / timedelta(microseconds=1)) * 1000)

    def at(self, begin_ns: int) -> int:
        """ns since 1970, in a log that begins at `begin_ns`."""
        return self.t_ns if self.t_ns is not None else begin_ns + round(self.after_s * 1e9)


def import_log(
    log: str | Path,
    mapping: Mapping,
    output: str | Path,
    *,
    window: Window | None = None,
    on_progress: Progress | None = None,
    beside: Beside | None = None,
) -> ImportReport:
    """Import a log; the recording is written atomically.

    Args:
        on_progress: called with the current stage and its progress, 0 to 1.
        beside: reads the whole log before it is written, and adds channels and events.

    Raises:
        InputError: a log or mapping that does not fit, or a path that cannot be written; no file is left.
    """
    target = check_output_path(output)
    with naming(f"{tempfile.gettempdir()}, for the working files of {log}"):
        folder = Path(tempfile.mkdtemp(prefix="swaptwin-"))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    report_progress = on_progress or (lambda what, share: None)
    try:
        with naming(f"{folder.parent}, for the working files of {log}"):
            read = ingest(log, mapping, folder, lambda share: report_progress("reading the log", share))
        try:
            with naming(output):
                report = _write(Path(log), read, mapping, part, window or Window(), report_progress, beside)
        finally:
            read.close()
        os.replace(part, target)
        return report
    finally:
        part.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


class Beside(Protocol):
    """An addition to a log: reads the log's stretches once, then supplies further values for each."""

    names: tuple[str, ...]
    """Channels that it adds, all estimated."""
    events: list[tuple[int, dict[str, Any]]]
    """Events (ns since 1970, event) that it adds."""

    def look(self, completer: Completer, blocks: Blocks, story: Story, start_ns: int, hz: float) -> None:
        """Read the whole log: times (K,) and values (K, N) of each stretch."""

    def values(self, times_ns: np.ndarray) -> np.ndarray:
        """Added values at times (K,): (K, len(names))."""


def _write(
    log: Path,
    read: Ingested,
    mapping: Mapping,
    part: Path,
    window: Window,
    report_progress: Progress,
    beside: Beside | None,
) -> ImportReport:
    report_progress("finding slots, truck and packs", 0.0)
    found = survey(read, mapping)
    if found.start_ns > found.end_ns or not any(facts.values for facts in read.facts.values()):
        raise InputError("has no value that could be read of any mapped tag", file=log)
    check_losses(log, read, found, mapping)
    story = story_of(read, found, mapping)
    carries = carries_of(read, found, mapping)
    setup, figures = setup_of(mapping, carries)
    motion = truck_motion(found, carries)
    tell_contradictions(story, both_made(found), motion)
    hz = float(mapping.station.rates.recording_hz)
    start_ns, end_ns = _span(log, found, window, read.is_relative)
    times = _Times(start_ns, end_ns, hz, found.gaps)
    if times.count > MAX_SAMPLES:
        days = times.count / hz / 86_400
        raise InputError(
            f"would be recorded for {days:.0f} days at {hz:g} Hz (it has a line every {read.period_ns * NANO:g} s)",
            file=log,
            key="--start, --end",
            allowed=f"up to {MAX_SAMPLES / hz / 86_400:.0f} days; cleaning.gap_s tells from when on silence is a gap",
        )
    lines = timelines(setup, carries, found.start_ns)

    def again() -> tuple[Tracks, Completer]:
        tracks = Tracks(read, fills_of(mapping, read), mapping.file.cleaning.reorder_s, found.frozen)
        return tracks, Completer(setup, mapping, tracks.names, lines, hz, motion)

    if beside is not None:
        report_progress("comparing with the twin", 0.0)
        tracks, completer = again()
        beside.look(completer, ((block, tracks.values(block)) for block in times.blocks()), story, start_ns, hz)
        story.events = sorted([*story.events, *beside.events], key=lambda event: event[0])
    tracks, completer = again()
    added = beside.names if beside is not None else ()

    report = ImportReport(
        log=log.name,
        map=mapping.path.name,
        lines=read.lines,
        start=time_text(start_ns, read.is_relative),
        end=time_text(end_ns, read.is_relative),
        duration_s=round((end_ns - start_ns) * NANO, 3),
        period_s=round(read.period_ns * NANO, 6),
        samples=times.count,
        findings=findings_of(read, found, story, mapping),
        signals=signal_rows(mapping, read.facts, dict(found.frozen)),
        setup=setup_rows(figures),
        phases=[
            {"name": p.name, "start_s": _s(p.start_ns, start_ns), "end_s": _s(p.end_ns, start_ns), "step": p.step}
            for p in story.phases
            if p.end_ns > start_ns and p.start_ns < end_ns
        ][:MAX_PHASES],
        events=sum(start_ns <= t <= end_ns for t, _ in story.events),
        unused_columns=[name for name in read.names if name not in read.used_columns][:200],
        readings=read.readings,
    )
    has_date = not read.is_relative and start_ns >= 0 and end_ns < LATEST_NS
    t0_ns = start_ns if has_date else 0
    header = _header(log, mapping, setup, completer, report, t0_ns, added)
    with Recorder(part, header) as recorder:
        recorder.scene(0.0, entities_of(setup))
        entries = _Entries(recorder, story, start_ns, end_ns)
        for block in times.blocks():
            frames, channels, sensors = completer.complete(block, tracks.values(block))
            if beside is not None:
                channels = np.concatenate((channels, beside.values(block)), axis=1)
            seconds = (block - start_ns) * NANO
            for k in range(len(block)):
                recorder.state(float(seconds[k]), frames[k], channels[k])
                if len(completer.sensors):
                    recorder.sensors(float(seconds[k]), sensors[k])
            entries.write_to(int(block[-1]))
            report_progress("writing the recording", (int(block[-1]) - start_ns) / max(end_ns - start_ns, 1))
        entries.write_to(end_ns + 1)
        recorder.close(IMPORTED, "", {"report": report.as_json()})
    return report


def _s(t_ns: int, start_ns: int) -> float:
    return round((t_ns - start_ns) * NANO, 4)


def _span(log: Path, found: Survey, window: Window, is_relative: bool) -> tuple[int, int]:
    begin = found.start_ns
    if begin == found.end_ns:
        raise InputError(f"all of its lines are of one time, {time_text(begin, is_relative)}", file=log)
    start = max(begin, window.start.at(begin)) if window.start is not None else begin
    end = min(found.end_ns, window.end.at(begin)) if window.end is not None else found.end_ns
    if end - start >= LATEST_NS:
        years = (end - start) * NANO / (365.25 * 86_400)
        raise InputError(f"its lines span {years:.0f} years", file=log, key="--start, --end", allowed="136 years")
    if start >= end:
        raise InputError(
            "nothing of the log lies in this stretch of time",
            file=log,
            key="--start, --end",
            allowed=f"{time_text(found.start_ns, is_relative)} to {time_text(found.end_ns, is_relative)}"
            + (f", or 0 to {(found.end_ns - begin) * NANO:.3f} s after its begin" if is_relative else ""),
        )
    return start, end


class _Times:
    """The recording's times: every 1 / hz from the log's first, except in its gaps."""

    def __init__(self, start_ns: int, end_ns: int, hz: float, gaps: list[tuple[int, int]]) -> None:
        self._start_ns, self._period_ns = start_ns, 1e9 / hz
        self._total = int((end_ns - start_ns) / self._period_ns + 1e-6) + 1
        self._gaps = np.array(gaps, np.int64).reshape(-1, 2)
        self._rows = max(int(STRETCH_S * hz), 1)

    @property
    def count(self) -> int:
        """Number of times."""
        return sum(end - begin for begin, end in self._stretches())

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Ranges (from, to) of time numbers outside all gaps."""
        begin = 0
        for gap_start, gap_end in self._gaps.tolist():
            last = math.floor((gap_start - self._start_ns) / self._period_ns + 1e-6)
            following = math.ceil((gap_end - self._start_ns) / self._period_ns - 1e-6)
            end = min(last + 1, self._total)
            if end > begin:
                yield begin, end
            begin = max(begin, following)
        if begin < self._total:
            yield begin, self._total

    def blocks(self) -> Iterator[np.ndarray]:
        """Stretches of times (K,) ns, none empty."""
        waiting: list[np.ndarray] = []
        count = 0
        for begin, end in self._stretches():
            while begin < end:
                k = np.arange(begin, min(begin + self._rows - count, end))
                waiting.append(self._start_ns + np.round(k * self._period_ns).astype(np.int64))
                begin += len(k)
                count += len(k)
                if count == self._rows:
                    yield np.concatenate(waiting)
                    waiting, count = [], 0
        if waiting:
            yield np.concatenate(waiting)


class _Entries:
    """Phases and events, written in step with the samples."""

    def __init__(self, recorder: Recorder, story: Story, start_ns: int, end_ns: int) -> None:
        self._start_ns = start_ns
        entries: list[tuple[int, int, Callable[[float, dict[str, Any]], None], dict[str, Any]]] = []
        for phase in story.phases:
            if phase.end_ns <= start_ns or phase.start_ns > end_ns:
                continue
            begin, end = max(phase.start_ns, start_ns), min(phase.end_ns, end_ns)
            common = {"name": phase.name, "robot": phase.robot, "job": 0, "step": phase.step}
            lasts = {"start_s": (begin - start_ns) * NANO, "end_s": (end - start_ns) * NANO}
            entries.append((begin, 1, recorder.phase, {**common, "state": "start"}))
            entries.append((end, 0, recorder.phase, {**common, "state": "end", **lasts}))
        entries += [(t, 2, recorder.event, e) for t, e in story.events if start_ns <= t <= end_ns]
        entries.sort(key=lambda entry: entry[:2])
        self._entries, self._next = entries, 0

    def write_to(self, until_ns: int) -> None:
        """Write all entries before `until_ns` that are not written yet."""
        while self._next < len(self._entries) and self._entries[self._next][0] < until_ns:
            t_ns, _, record, entry = self._entries[self._next]
            record((t_ns - self._start_ns) * NANO, entry)
            self._next += 1


def _header(
    log: Path,
    mapping: Mapping,
    setup: SwapSetup,
    completer: Completer,
    report: ImportReport,
    t0_ns: int,
    added: tuple[str, ...],
) -> Header:
    provenance = {c.name: c.provenance for c in (*completer.channels, *completer.sensors)}
    for frame in completer.frames:
        robot, _, part = frame.name.partition("/")
        needed = [f"{robot}/{name}" for name in FRAME_NEEDS.get(part, ())]
        whole = bool(needed) and all(provenance[name] == MEASURED for name in needed)
        provenance[frame.name] = MEASURED if whole else ESTIMATED
    provenance |= dict.fromkeys(added, ESTIMATED)
    p = setup.params[0]
    return Header(
        frames=completer.frames,
        channels=(*(c.name for c in completer.channels), *added),
        sensors=tuple(c.name for c in completer.sensors),
        configuration={
            "kind": IMPORTED,
            "title": mapping.file.title,
            "station": setup.station.model_dump(),
            "truck": setup.truck.model_dump(),
            "pack": setup.pack.model_dump(),
            "jobs": [asdict(job) for job in setup.jobs],
            "seats": [asdict(seat) for seat in setup.seats],
            "pack_masses_kg": p["pack_mass_kg"][: int(p["packs"])].tolist(),
            "truck_park": p["truck_park"].tolist(),
            "log": {"name": log.name, "bytes": log.stat().st_size, "sha256": file_sha256(log)},
            "mapping": mapping.file.model_dump(),
            "import": report.as_json(),
        },
        seed=None,
        source=IMPORTED,
        provenance=provenance,
        tick_hz=float(setup.station.rates.physics_hz),
        t0_ns=t0_ns,
    )
