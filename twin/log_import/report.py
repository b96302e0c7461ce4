"""Report of an import: findings and corrections as counts, places and words, for people and for the recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.log_import.ingest import WIDE, Ingested
from twin.log_import.layout import Known
from twin.log_import.mapping import Mapping
from twin.log_import.moments import time_text
from twin.log_import.ordered import MAX_UNEVEN
from twin.log_import.story import Story
from twin.log_import.survey import Survey, bridge_s, gap_s
from twin.log_import.values import ColumnFacts

MAX_PHASES = 5000
"""Limit of phases in the report; the recording has all of them."""
MAX_PLACES = 20
"""Limit of gaps, jumps or frozen stretches that are listed one by one."""
NEAR_NS, MANY_CONTRADICTING = 1_000_000, 10
"""Gaps with begins this close are the same; this many contradicting lines may be a clock that was set back."""


@dataclass(frozen=True)
class Finding:
    """A finding about the log: what, how often, where, and how it was handled."""

    kind: str
    count: int
    where: str
    done: str
    places: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the recording and `--json`."""
        return {**self.__dict__, "places": list(self.places)}


@dataclass
class ImportReport:
    """The whole report; times are UTC."""

    log: str
    map: str
    lines: int
    start: str
    end: str
    duration_s: float
    period_s: float
    samples: int
    findings: list[Finding] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    setup: list[dict[str, Any]] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0
    unused_columns: list[str] = field(default_factory=list)
    readings: dict[str, str] = field(default_factory=dict)
    """How times and qualities were read, if the mapping does not say."""

    def as_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {**self.__dict__, "findings": [f.as_json() for f in self.findings]}


def findings_of(log: Ingested, found: Survey, story: Story, mapping: Mapping) -> list[Finding]:
    """All faults and notable facts of a log, the most important first."""
    findings = [
        *_of_lines(log),
        *_of_clock(log, found, mapping),
        *_of_values(log, found),
        *_of_story(story, log.is_relative),
        *(Finding("missing tag", 1, tag, "optional: imported without it") for tag in log.missing_tags),
    ]
    return [finding for finding in findings if finding.count]


def _of_lines(log: Ingested) -> list[Finding]:
    read = log.read
    line, text = log.first_bad_stamp or (0, "")
    heads = "; ".join(f"line {head.line}{f': {head.change}' if head.change else ''}" for head in read.heads_again)
    lines = ", ".join(str(line) for line in read.bad_row_lines)
    unset = "taken as it is: was the clock ever set? is time.format right (counts may begin in 1980 or 2001)?"
    cut = "line left out: nothing tells whether it is whole"
    rounded, spread = f"rounded down to {log.coarse.ns * 1e-9:g} s", "lines of the same stamp spread evenly over it"
    return [
        Finding("unreadable time", log.bad_stamps, f"first in line {line}: {text[:60]!r}", "line left out"),
        Finding("doubtful date", int(log.is_doubtful), "before 2005 or more than two years ahead", unset),
        Finding("header again", read.head_count, heads, "columns from there on by the new header"),
        Finding("wrong number of fields", read.bad_rows, f"lines {lines}", "line left out"),
        Finding("cut last line", int(read.cut_last_line), "the end of the file", cut),
        Finding("cut file", int(read.compression_cut), "the end of the file", "imported up to where the gzip ends"),
        Finding("coarse time", int(log.coarse.ns > 0), rounded, spread),
        Finding("newest line first", int(log.settled.newest_first), "the whole file", "read from its end"),
        Finding("blank line", read.blank_lines, "", "left out"),
        Finding("comment", read.comments, "", "left out"),
    ]


DONE_WITH_CONTRADICTIONS = {"contradicting switches": "drawn closed", "truck moved": "drawn where its scans say"}
JUMPS = {
    "set_back": ("clock set back", "time goes on from where it was"),
    "set_ahead": ("clock set forward", "nothing moved in it that was moving: time goes on from where it was"),
    "ran_ahead": ("clock ahead", "moved back to where it belongs"),
    "put_right": ("clock put right", "the earlier correction ends"),
    "stray": ("stray time", "lines left out"),
}


def _of_clock(log: Ingested, found: Survey, mapping: Mapping) -> list[Finding]:
    findings = []
    seen: dict[str, list[dict[str, Any]]] = {}
    for plan in {id(plan): plan for plan in log.plans.values()}.values():
        for jump in plan.jumps:
            if jump.kind in JUMPS:
                place = {
                    "logged": time_text(jump.t_ns, log.is_relative),
                    "by_s": round(jump.by_s, 3),
                    "lines": jump.rows,
                }
                seen.setdefault(jump.kind, []).append(place)
    for kind, places in seen.items():
        words, done = JUMPS[kind]
        where = f"first at {places[0]['logged']}, by {places[0]['by_s']:+.3f} s"
        findings.append(Finding(words, len(places), where, done, tuple(places[:MAX_PLACES])))
    order = found.order
    if 0 < len(order.uneven) <= MAX_UNEVEN:
        where = f"first at {time_text(order.uneven[0], log.is_relative)}"
        done = (
            "another number of lines than usual: lines are missing, or the clock was set; times there may be off by it"
        )
        findings.append(Finding("uneven stamp", len(order.uneven), where, done))
    if order.disordered:
        first = time_text(order.first_disordered_ns or 0, log.is_relative)
        where = f"up to {order.farthest_s:.3f} s late, first at {first}"
        findings.append(Finding("line out of order", order.disordered, where, "sorted by time"))
    if order.too_late:
        said = f"more than cleaning.reorder_s, {mapping.file.cleaning.reorder_s:g} s"
        findings.append(Finding("line too late", order.too_late, said, "left out"))
    if order.same_time:
        done = "one of them kept"
        findings.append(Finding("line of the same time", order.same_time - order.contradicting, "", done))
        if order.contradicting:
            where = f"first at {time_text(order.first_contradicting_ns or 0, log.is_relative)}"
            done = "the later one counts"
            if order.contradicting >= MANY_CONTRADICTING:
                done += "; if the clock was set back there, the recording is shorter by it"
            findings.append(Finding("contradicting line", order.contradicting, where, done))
    longer = [(a, b) for a, b in log.settled.unknown if b - a > 1.5 * log.period_ns]
    short = [(a, b) for a, b in longer if not any(abs(a - gap[0]) < NEAR_NS for gap in found.gaps)]
    if short:
        where = f"{(short[0][1] - short[0][0]) * 1e-9:.2f} s from {time_text(short[0][0], log.is_relative)}"
        done = "taken as time that passed; if it was the clock that was set forward, time.clock_steps: remove"
        stretches = tuple(_stretch(a, b, log.is_relative) for a, b in short[:MAX_PLACES])
        findings.append(Finding("pause", len(short), where, done, stretches))
    if found.gaps:
        longest = max(found.gaps, key=lambda gap: gap[1] - gap[0])
        places = [_stretch(a, b, log.is_relative) for a, b in found.gaps[:MAX_PLACES]]
        total = sum(b - a for a, b in found.gaps) * 1e-9
        begin, most_s = time_text(longest[0], log.is_relative), (longest[1] - longest[0]) * 1e-9
        where = f"{total:.2f} s in all, the longest {most_s:.2f} s from {begin}"
        done = f"nothing recorded there (longer than {gap_s(mapping, log):g} s)"
        if any(abs(a - begin_ns) < NEAR_NS for a, _ in log.settled.unknown for begin_ns, _ in found.gaps):
            done += "; nothing moved over it: if it was the clock that was set forward, time.clock_steps: remove"
        findings.append(Finding("gap", len(found.gaps), where, done, tuple(places)))
    return findings


def _stretch(start_ns: int, end_ns: int, is_relative: bool) -> dict[str, Any]:
    from_to = {"from": time_text(start_ns, is_relative), "to": time_text(end_ns, is_relative)}
    return {**from_to, "s": round((end_ns - start_ns) * 1e-9, 3)}


def _of_values(log: Ingested, found: Survey) -> list[Finding]:
    findings = []
    for name, stretches in found.frozen.items():
        if not stretches:
            continue
        places = [{**_stretch(s.start_ns, s.end_ns, log.is_relative), "value": s.value} for s in stretches[:MAX_PLACES]]
        first = places[0]
        where = f"{name}: first from {first['from']} for {first['s']:.2f} s"
        findings.append(Finding("frozen value", len(stretches), where, "not used", tuple(places)))
    for name, (count, t_ns, far) in found.leaps.items():
        where = f"{name}: first by {far:.4g} m at {time_text(t_ns, log.is_relative)}"
        done = "as it is: another unit, decimal mark or mark of thousands (file.decimal, file.thousands), other "
        done += "columns? cleaning and values tell words for no value"
        findings.append(Finding("leap", count, where, done))
    empty = {name: facts.empty for name, facts in log.facts.items() if facts.empty}
    if empty and (WIDE in log.spools or "own times" in log.readings):
        most = max(empty, key=lambda name: empty[name])
        where = f"in {len(empty)} signals, most in {most}: {empty[most]}"
        done = f"joined by a line over up to {bridge_s(log, WIDE):g} s, else unknown; switches hold"
        findings.append(Finding("empty cell", sum(empty.values()), where, done))
    for name, facts in log.facts.items():
        line, said = facts.first_unreadable or (0, "")
        where = f"{name}: first in line {line}: {said[:40]!r}"
        findings.append(Finding("unreadable value", facts.unreadable, where, "taken as unknown"))
        findings.append(Finding("bad quality", facts.bad_quality, name, "taken as unknown"))
        for word, count in list(facts.unmapped.items())[:MAX_PLACES]:
            findings.append(Finding("word without meaning", count, f"{name}: {word[:40]!r}", "taken as unknown"))
    return findings


def _of_story(story: Story, is_relative: bool) -> list[Finding]:
    findings = [
        Finding("unknown step", count, f"step {word}", "no phase")
        for word, count in list(story.unknown_steps.items())[:50]
    ]
    for kind in dict.fromkeys(kind for _, kind, _ in story.contradictions):
        when = [(time_text(t_ns, is_relative), said) for t_ns, k, said in story.contradictions if k == kind]
        places = tuple({"from": t, "what": said} for t, said in when[:MAX_PLACES])
        done = DONE_WITH_CONTRADICTIONS[kind]
        findings.append(Finding(kind, len(when), f"{when[0][1]}, from {when[0][0]}", done, places))
    for word, count in list(story.unknown_alarms.items())[:50]:
        findings.append(Finding("unknown alarm", count, f"alarm {word}", "reported as it is"))
    return findings


def signal_rows(
    mapping: Mapping, facts: dict[str, ColumnFacts], frozen: dict[str, Sequence[Any]]
) -> list[dict[str, Any]]:
    """One row per signal: its tag, its number of values and of empty cells."""
    rows = []
    for m in mapping.signals:
        of_signal = facts.get(m.name)
        if of_signal is None:
            continue
        counts = {key: getattr(of_signal, key) for key in ("values", "empty", "unreadable", "bad_quality")}
        rows.append({"signal": m.name, "tag": m.spec.tag, **counts, "frozen": len(frozen.get(m.name, ()))})
    return rows


def setup_rows(known: Sequence[Known]) -> list[dict[str, Any]]:
    """Figures of the setup and their provenance."""
    return [{"figure": k.name, "value": k.value, "source": k.source} for k in known]
