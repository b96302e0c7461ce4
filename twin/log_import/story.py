"""Events in the log: phases, alarms, grips and locks, crossings, and which robot carried which pack when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.log_import.ingest import Ingested
from twin.log_import.mapping import Mapping, StepsSpec
from twin.log_import.survey import Changes, Survey
from twin.log_import.values import alarm_name, plain_code, step_name

if TYPE_CHECKING:
    from twin.log_import.contradictions import BothMade, TruckMotion

NANO = 1e-9


@dataclass(frozen=True)
class Phase:
    """A phase of the log: a stretch in which its step numbers belong to the same phase."""

    name: str
    robot: int
    start_ns: int
    end_ns: int
    step: str


@dataclass
class Story:
    """Times are ns since 1970, UTC."""

    phases: list[Phase] = field(default_factory=list)
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    unknown_steps: dict[str, int] = field(default_factory=dict)
    unknown_alarms: dict[str, int] = field(default_factory=dict)
    contradictions: list[tuple[int, str, str]] = field(default_factory=list)
    """Time, kind and words of the log's contradictions with itself or with assumptions."""


def story_of(log: Ingested, found: Survey, mapping: Mapping) -> Story:
    """All events of the log, in time order."""
    story = Story()
    for steps, _ in mapping.steps:
        _steps(story, log, found, steps)
    story.phases.sort(key=lambda phase: phase.start_ns)
    _alarms(story, log, found, mapping)
    for robot in range(mapping.station.robots.count):
        _all_of(story, found, f"robot{robot}/grip", ("closed", "open"), ("gripped", "grips_open"), robot=robot)
        _rope_set(story, found, f"robot{robot}/shaper_rope_length_m", robot)
    for k in range(len(mapping.truck.seats_xyz_m)):
        _all_of(story, found, f"truck{k + 1}/lock", ("closed", "open"), ("locks_closed", "locks_open"), seat=k)
    _crossings(story, found, mapping)
    for start_ns, end_ns in found.gaps:
        length_s = (end_ns - start_ns) * NANO
        text = f"nothing was logged for {length_s:.2f} s"
        story.events.append((start_ns, {"name": "gap", "message": text, "level": "warning", "length_s": length_s}))
    for name, stretches in found.frozen.items():
        for s in stretches:
            text = f"{name} frozen for {(s.end_ns - s.start_ns) * NANO:.2f} s: not used"
            story.events.append((s.start_ns, {"name": "frozen", "message": text, "level": "warning", "signal": name}))
    story.events.sort(key=lambda event: event[0])
    return story


def tell_contradictions(story: Story, both: Sequence[BothMade], motion: TruckMotion | None) -> None:
    """Add locks and grips that are open and closed together, and a truck that moves, to the events."""
    for b in sorted(both, key=lambda b: b.start_ns - b.end_ns):  # the longest first
        text = f"{b.name} reports open and closed at once for {(b.end_ns - b.start_ns) * NANO:.2f} s"
        story.contradictions.append((b.start_ns, "contradicting switches", text))
        event = {"name": "contradicting_switches", "message": text, "level": "error", "signal": b.name}
        story.events.append((b.start_ns, event))
    moved = motion.first if motion is not None else None
    if moved is not None:
        text = f"the truck moved from where it was parked: {moved[1]}"
        story.contradictions.append((moved[0], "truck moved", text))
        story.events.append((moved[0], {"name": "truck_moved", "message": text, "level": "error"}))
    story.events.sort(key=lambda event: event[0])


def _steps(story: Story, log: Ingested, found: Survey, spec: StepsSpec) -> None:
    name = step_name(spec.robot)
    changes = found.changes.get(name)
    if changes is None or not len(changes.t_ns):
        return
    words = list(log.codes[name])
    known = {plain_code(code): phase for code, phase in spec.phases.items()}
    ends = [*changes.t_ns[1:].tolist(), found.end_ns]
    open_: Phase | None = None
    for start_ns, end_ns, code in zip(changes.t_ns.tolist(), ends, changes.values.astype(int).tolist(), strict=True):
        word = words[code]
        phase = known.get(word)
        if phase is None:
            story.unknown_steps[word] = story.unknown_steps.get(word, 0) + 1
        text = f"step {word}" + (f": {phase}" if phase else ", of which the mapping says nothing")
        level = "info" if phase is not None else "warning"
        event = {"name": "step", "message": text, "level": level, "step": word, "robot": spec.robot}
        story.events.append((start_ns, event))
        if open_ is not None and phase == open_.name:
            open_ = Phase(open_.name, open_.robot, open_.start_ns, end_ns, open_.step)
            story.phases[-1] = open_
        elif phase is not None:
            open_ = Phase(phase, spec.robot, start_ns, end_ns, word)
            story.phases.append(open_)
        else:
            open_ = None


def _alarms(story: Story, log: Ingested, found: Survey, mapping: Mapping) -> None:
    """Add alarms: on while the code is in any register; a move from one register to another does not end it."""
    spec = mapping.file.alarms
    if spec is None:
        return
    none = {plain_code(str(word)) for word in spec.none}
    known = {plain_code(code): alarm for code, alarm in spec.codes.items()}
    registers = [alarm_name(k) for k in range(len(spec.tags))]
    changed: dict[int, list[tuple[int, str]]] = {}
    for k, name in enumerate(registers):
        changes = found.changes.get(name)
        if changes is None:
            continue
        words = list(log.codes[name])
        for t_ns, code in zip(changes.t_ns.tolist(), changes.values.astype(int).tolist(), strict=True):
            changed.setdefault(t_ns, []).append((k, words[code]))
    standing = ["" for _ in registers]
    on: set[str] = set()
    for t_ns in sorted(changed):
        for k, word in changed[t_ns]:
            standing[k] = "" if word in none else word
        now = {word for word in standing if word}
        for word in sorted(now - on):
            alarm = known.get(word)
            if alarm is None:
                story.unknown_alarms[word] = story.unknown_alarms.get(word, 0) + 1
            name = alarm.name if alarm else f"alarm_{word}"
            text = (alarm.message or alarm.name) if alarm else "of which the mapping says nothing"
            level = alarm.level if alarm else "warning"
            event = {"name": name, "message": f"alarm {word}: {text}", "level": level, "alarm": word, "on": True}
            story.events.append((t_ns, event))
        for word in sorted(on - now):
            alarm = known.get(word)
            name = (alarm.name if alarm else f"alarm_{word}") + "_off"
            event = {"name": name, "message": f"alarm {word} is off", "level": "info", "alarm": word, "on": False}
            story.events.append((t_ns, event))
        on = now


def _all_of(story: Story, found: Survey, stem: str, words: tuple[str, str], names: tuple[str, str], **who: int) -> None:
    """Add events at which all four switches of a kind are made."""
    for word, name in zip(words, names, strict=True):
        for t_ns, on in all_made(found, stem, word):
            if on and t_ns > found.start_ns:
                what = {"grip": "grips", "lock": "locks"}[stem.rsplit("/", 1)[1]]
                text = f"all {what} report {word}"
                story.events.append((t_ns, {"name": name, "message": text, "level": "info", **who}))


def all_made(found: Survey, stem: str, word: str) -> list[tuple[int, bool]]:
    """Times at which all four switches of a kind, or the one for all, were made (True) and no longer (False).

    `stem` is "robot0/grip" or "truck1/lock", `word` "closed" or "open"; empty if the log has none of them.
    """
    names = [f"{stem}{i + 1}_{word}" for i in range(4)]
    there = [found.changes[name] for name in names if name in found.changes]
    if not there and f"{stem}s_{word}" in found.changes:
        there = [found.changes[f"{stem}s_{word}"]]
    changed: list[tuple[int, int, bool]] = []
    for k, changes in enumerate(there):
        changed += [(t, k, v > 0.5) for t, v in zip(changes.t_ns.tolist(), changes.values.tolist(), strict=True)]
    changed.sort()
    state: list[bool | None] = [None] * len(there)
    edges: list[tuple[int, bool]] = []
    for i, (t_ns, k, on) in enumerate(changed):
        state[k] = on
        if i + 1 < len(changed) and changed[i + 1][0] == t_ns or None in state:
            continue
        whole = all(state)
        if not edges or edges[-1][1] != whole:
            edges.append((t_ns, whole))
    return edges


def _rope_set(story: Story, found: Survey, name: str, robot: int) -> None:
    changes = found.changes.get(name)
    if changes is None:
        return
    for before, t_ns, now in zip(changes.values[:-1], changes.t_ns[1:].tolist(), changes.values[1:], strict=True):
        if abs(now - before) > 0.2 * max(abs(before), 0.1):  # a step, not the hoist's motion
            text = f"the anti-sway function works with a rope of {now:.2f} m (before: {before:.2f} m)"
            event = {"name": "shaper_rope_length", "message": text, "level": "warning", "robot": robot}
            story.events.append((t_ns, {**event, "rope_length_m": float(now)}))


def _crossings(story: Story, found: Survey, mapping: Mapping) -> None:
    for spec, changes in zip(mapping.file.events, found.crossings, strict=True):
        for start_ns, end_ns in stretches(changes, found.end_ns):
            if start_ns <= found.start_ns or (end_ns - start_ns) * NANO < spec.for_s:
                continue
            limit = spec.above if spec.above is not None else spec.below
            way = "over" if spec.above is not None else "under"
            text = spec.message or f"{spec.signal} {way} {limit:g} {spec.unit or ''}".rstrip()
            story.events.append((start_ns, {"name": spec.name, "message": text, "level": spec.level}))


def stretches(changes: Changes, end_ns: int) -> Iterator[tuple[int, int]]:
    """Times from when to when a switch was on."""
    if not len(changes.t_ns):
        return
    ends = [*changes.t_ns[1:].tolist(), end_ns]
    for start, end, value in zip(changes.t_ns.tolist(), ends, changes.values.tolist(), strict=True):
        if value > 0.5:
            yield start, end
