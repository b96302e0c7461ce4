"""The incident of a recording up to any instant: what tripped, where, at which value and limit, and the events before.

Read from events, violations and phases only, so that it works for older recordings and imported logs.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from twin.viewer.moments import drive_lines, measured_lines, stop_lines
from twin.viewer.source import FAULT, Marker, PhaseSpan, Source

SETUP_FAULTS = ("wrong_pack", "guide_friction")
"""Faults that are part of the setup and have no event: they act from beginning to end."""
SHOWN_S = 60.0
"""An alarm of a log without a logged end stays on the display for this long [chosen]."""
STATION_WIDE = ("estop_button", "drive_power", "truck_displacement")
"""Quantities that trip the whole station."""
SAME_S = 1e-6
RECENT = 8


@dataclass(frozen=True)
class RecentEvent:
    """A line of the list of last events: its time, its text, and its `level` as for a marker."""

    t_s: float
    text: str
    level: str = "info"


@dataclass(frozen=True)
class IncidentNote:
    """Texts of the display for an incident.

    Args:
        t_s: its time.
        title: the trip or the end.
        cause: the sentence with value and limit.
        where: robot, phase, axis, seat, lock.
        faults: the active ones.
        violations: of the safety invariants, one line each.
        motion: for a trip, the motion and the stop; for a log's alarm, the measurements about it; for a drive into the
            bay, its end.
        recent: the last events before, oldest first.
    """

    t_s: float
    title: str
    cause: str
    where: str = ""
    faults: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    motion: tuple[str, ...] = ()
    recent: tuple[RecentEvent, ...] = ()


def words(name: object) -> str:
    """A recorded name in words."""
    return str(name).replace("_", " ")


def incident_at(source: Source, t_s: float) -> IncidentNote | None:
    """The incident up to t_s; None if there is none."""
    bad = [m for m, until_s in _bad(source) if m.t_s <= t_s + SAME_S and t_s < until_s]
    if not bad:
        return None
    violations = [m for m in bad if m.violation]
    first = _main(bad, source.imported)
    lines = tuple(_violation_line(m) for m in violations if m is not first)
    same = {id(first)} if source.imported else {id(m) for m in bad}  # in a log the other alarms are listed too
    recent = _recent(source, t_s, same)
    faults = _faults(source, first.t_s)
    where = _where(first) or _step_before(source, first.t_s)
    if first.violation:
        title = f"{words(first.name)} violated"
        cause = first.message.removeprefix(f"{first.name}: ")
        return IncidentNote(first.t_s, title, cause, where, faults, lines, (), recent)
    facts = first.data
    title = words(facts.get("reason") or facts.get("outcome") or first.name)
    if first.name == "trip" and title != first.name:
        title = f"trip: {title}"
    outcome = str(facts.get("outcome", ""))
    cause = str(facts.get("cause") or first.message.removeprefix(f"{outcome}: "))
    at_s = facts.get("at_s")
    when_s = float(at_s) if isinstance(at_s, int | float) else first.t_s
    motion = _motion(source, when_s) if first.name == "trip" or source.imported or source.layout.docking else ()
    return IncidentNote(when_s, title, cause, where, faults, lines, motion, recent)


def _main(bad: Sequence[Marker], imported: bool) -> Marker:
    """The main marker: a trip, else the outcome, else a violation; in a log the last alarm."""
    if imported:
        return bad[-1]
    for name in ("trip", "outcome"):
        for marker in bad:
            if marker.name == name:
                return marker
    return next((m for m in bad if not m.violation), bad[0])


_found: WeakKeyDictionary[Source, tuple[tuple[Marker, ...], list[tuple[Marker, float]]]] = WeakKeyDictionary()


def _bad(source: Source) -> list[tuple[Marker, float]]:
    """(marker, end of its display) of all incidents; searched once, because a long log has many markers."""
    known = _found.get(source)
    if known is not None and known[0] is source.markers:
        return known[1]
    bad = [(m, math.inf) for m in source.markers if m.is_trip or m.failed]
    if source.imported:  # an alarm lasts until its logged end, else for a fixed time
        off_s: dict[str, list[float]] = {}
        for marker in source.markers:
            if marker.name.endswith("_off"):
                off_s.setdefault(marker.name.removesuffix("_off"), []).append(marker.t_s)
        bad = [(m, _next(off_s.get(m.name, []), m.t_s, m.t_s + SHOWN_S)) for m, _ in bad]
    _found[source] = (source.markers, bad)
    return bad


_motions: WeakKeyDictionary[Source, tuple[tuple[Marker, ...], float, tuple[str, ...]]] = WeakKeyDictionary()


def _motion(source: Source, at_s: float) -> tuple[str, ...]:
    """Motion from the samples about `at_s`, read once, and again when a growing recording has more."""
    known = _motions.get(source)
    if known is None or known[0] is not source.markers or known[1] != at_s:
        lines_of = drive_lines if source.layout.docking else measured_lines if source.imported else stop_lines
        known = _motions[source] = (source.markers, at_s, lines_of(source, at_s))
    return known[2]


def _next(times_s: Sequence[float], t_s: float, otherwise: float) -> float:
    k = bisect_left(times_s, t_s)
    return times_s[k] if k < len(times_s) else otherwise


def _where(marker: Marker) -> str:
    """Robot, phase, axis, lock and seat, if recorded."""
    facts = marker.data
    parts = []
    if isinstance(facts.get("robot"), int) and facts.get("quantity") not in STATION_WIDE:
        parts.append(f"robot {facts['robot'] + 1}")
    if facts.get("phase"):
        parts.append(f"phase {words(facts['phase'])}")
    parts += [f"{key} {facts[key]}" for key in ("axis", "lock", "grip") if key in facts]
    if "seat_name" in facts:
        parts.append(str(facts["seat_name"]))
    elif isinstance(facts.get("seat"), int):  # in a log: a seat of the truck, from 0
        parts.append(f"truck{facts['seat'] + 1}")
    if isinstance(facts.get("waited_s"), int | float):
        parts.append(f"waited {facts['waited_s']:.1f} s")
    if isinstance(facts.get("tries"), int):
        parts.append(f"{facts['tries']} {'tries' if facts['tries'] > 1 else 'try'}")
    return " · ".join(parts)


def _step_before(source: Source, t_s: float) -> str:
    """For a log, whose alarms name no part: the station's step before its fault steps."""
    if not source.imported:
        return ""
    k = bisect_left(source.phases, t_s - SAME_S, key=lambda p: p.start_s)
    before = next((p for p in reversed(source.phases[:k]) if p.name != FAULT), None)
    return f"phase {words(before.name)}" if before is not None else ""


def _violation_line(marker: Marker) -> str:
    """Value and limit; without a limit the whole sentence."""
    whole = marker.message.removeprefix(f"{marker.name}: ")
    text = marker.message.rsplit(": ", 1)[-1] if "limit" in marker.data else whole
    return f"{words(marker.name)} violated from {marker.t_s:.2f} s: {text}"


def _faults(source: Source, t_s: float) -> tuple[str, ...]:
    """The faults active at t_s, in their notation."""
    if source.imported:  # a log's faults are not recorded as such
        return ()
    configured = source.recording.header.configuration.get("faults")
    acting = [str(f) for f in configured or () if str(f).split(":")[0] in SETUP_FAULTS]
    for marker in source.markers:
        text = marker.data.get("fault")
        if marker.name != "fault" or marker.t_s > t_s + SAME_S or text is None:
            continue
        if marker.data.get("acts") and text not in acting:
            acting.append(str(text))
        elif not marker.data.get("acts") and text in acting:
            acting.remove(str(text))
    return tuple(acting)


def _recent(source: Source, t_s: float, shown: set[int]) -> tuple[RecentEvent, ...]:
    """The last events and phase begins up to t_s, without those that the panel is about."""
    k = bisect_right(source.markers, t_s + SAME_S, key=lambda m: m.t_s)
    latest = source.markers[max(k - RECENT - len(shown), 0) : k]
    several = source.layout.robots > 1
    found = [RecentEvent(m.t_s, _event_text(m, several), m.level) for m in latest if id(m) not in shown]
    if not source.imported:  # a log has its steps as events
        k = bisect_right(source.phases, t_s + SAME_S, key=lambda p: p.start_s)
        found += [RecentEvent(p.start_s, _phase_text(p, several)) for p in source.phases[max(k - RECENT, 0) : k]]
    return tuple(sorted(found, key=lambda line: line.t_s)[-RECENT:])


def _event_text(marker: Marker, several: bool) -> str:
    if marker.name == "fault":
        kind = str(marker.data.get("fault", "")).split(":")[0]  # the panel has the whole text above
        return f"fault {kind} {'acts' if marker.data.get('acts') else 'is over'}"
    if marker.name == "step":
        return words(marker.message)
    if marker.name == "retry" and "cause" in marker.data:  # shorter than its message
        whose = f"robot {marker.data['robot'] + 1}, " if several and "robot" in marker.data else ""
        return f"{whose}try {marker.data.get('tries', '')}: {marker.data['cause']}"
    return marker.message or words(marker.name)


def _phase_text(span: PhaseSpan, several: bool) -> str:
    return f"robot {span.robot + 1}: {words(span.name)}" if several else words(span.name)


def label_of(marker: Marker) -> str:
    """Text beside a marker on the time line; "" for none."""
    facts: Mapping[str, Any] = marker.data
    if marker.violation:
        return words(marker.name)
    if marker.name == "trip":
        return words(facts.get("reason") or "trip")
    if marker.name == "outcome":
        return words(facts.get("outcome") or "")
    if marker.name == "fault":
        return f"fault {str(facts.get('fault', '')).split(':')[0]}" if facts.get("acts") else ""
    return words(marker.name) if marker.level == "error" else ""
