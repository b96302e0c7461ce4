"""Surveys a log before anything is written: its times, gaps, frozen values, and changes of codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.log_import.dropouts import DropoutWatch
from twin.log_import.ingest import TEN_S_NS, Ingested
from twin.log_import.mapping import EventSpec, Mapping
from twin.log_import.ordered import OrderFacts
from twin.log_import.signals import is_set
from twin.log_import.tracks import NEVER, Fill, Stretch, Tracks, ordered_of
from twin.log_import.units import factor
from twin.log_import.values import Column

WIDE_GAP_S, LONG_GAP_S = 0.5, 30.0
"""Default of a gap: for a table with one line per sample, and one with one line per change."""
BRIDGE_S = 0.5
"""Samples farther apart than this are not interpolated: the earlier one holds."""
SLOW = 2.5
"""Gap, bridge and frozen time are this many times the usual interval of lines if that is longer: a log may have one
line per minute."""
LIVELY, RESTLESS, STANDS = 0.5, 0.2, 0.2
"""A signal is noisy if it differs from the sample before in more than the first share of its samples, reverses in more
than the second, and is constant for long in less than the third share of the time: a noisy signal is constant only when
frozen."""
MOVED = 0.02
"""An axis whose setpoint moves this far (m, rad) while its position is exactly constant is frozen, with or without
noise."""
FEW_SAMES, CHANCE = 4, 1e-4
"""Fewer equal samples in a row are never frozen, nor are runs that occur by chance in a whole log with a higher
probability."""
MAX_CHANGES = 2_000_000
LEAP_M, LEAP_MPS = 0.5, 10.0
"""No axis moves farther than this between two samples, and faster."""
MAX_LEAPS = 100_000


@dataclass
class Changes:
    """Changes of a held signal: times (K,) ns and values (K,), the first sample included."""

    t_ns: np.ndarray
    values: np.ndarray


@dataclass
class Survey:
    """Survey of the whole log. Times are ns since 1970, UTC, with the clock's jumps corrected."""

    start_ns: int
    end_ns: int
    changes: dict[str, Changes]
    crossings: list[Changes]
    """For each of the mapping's events: times at which its condition began (1) and ended (0)."""
    frozen: dict[str, list[Stretch]]
    gaps: list[tuple[int, int]]
    order: OrderFacts = field(default_factory=OrderFacts)
    leaps: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    """Axes with impossible steps between two samples: how often, the first time (ns), and the distance (m). The end of
    a frozen stretch is not included: it is reported as frozen."""
    lost: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each spool: rows that were too late or contradicted, and all rows."""


def gap_s(mapping: Mapping, log: Ingested, key: str = "") -> float:
    """Minimum time without lines for a gap: in the log, or in a spool with its own times."""
    limit_s = mapping.file.cleaning.gap_s
    if limit_s is not None:
        return limit_s
    period_ns = log.periods_ns.get(key, log.period_ns)
    return max(WIDE_GAP_S if mapping.file.file.table == "wide" else LONG_GAP_S, SLOW * period_ns * 1e-9)


def bridge_s(log: Ingested, key: str) -> float:
    """Default time over which samples of a spool are interpolated."""
    return max(BRIDGE_S, SLOW * log.periods_ns.get(key, 0) * 1e-9)


def fills_of(mapping: Mapping, log: Ingested) -> dict[str, Fill]:
    """Fill of each column."""
    wide = mapping.file.file.table == "wide"
    fills: dict[str, Fill] = {}
    for key, columns in log.columns.items():
        for column in columns:
            m = column.signal
            if m is None:
                fills[column.name] = Fill(0, NEVER, round(column.offset_s * 1e9))
                continue
            age, bridge = m.spec.max_age_s, m.spec.max_age_s
            holds = m.holds or m.spec.fill is None and m.target.dimension == "number" and log.facts[m.name].is_digital
            if age is None and wide and not holds:
                age = gap_s(mapping, log, key)
            if holds:
                bridge = 0.0
            elif bridge is None:
                bridge = bridge_s(log, key) if age is None else min(bridge_s(log, key), age)
            age_ns = NEVER if age is None else round(age * 1e9)
            fills[column.name] = Fill(round(bridge * 1e9), age_ns, round(m.spec.clock_offset_s * 1e9))
    return fills


def survey(log: Ingested, mapping: Mapping) -> Survey:
    """Survey a log in one pass."""
    fills = fills_of(mapping, log)
    found = Survey(NEVER, -NEVER, {}, [], {}, [])
    reorder_s = mapping.file.cleaning.reorder_s
    events = _Crossings(mapping)
    candidates: dict[str, _FrozenWatch] = {}
    leaps: dict[str, list[tuple[int, int, float]]] = {}
    is_wide = mapping.file.file.table == "wide"
    silences: list[list[tuple[int, int]]] = []
    for key in log.spools:
        silent, wide_gap_ns = [], round(gap_s(mapping, log, key) * 1e9)
        ordered = ordered_of(log, key, reorder_s)
        nearest_ns = min((fills[column.name].offset_ns for column in log.columns[key]), key=abs)
        slow_ns = round(SLOW * log.periods_ns.get(key, 0))
        watches = [_watch(column, mapping, fills[column.name], slow_ns) for column in log.columns[key]]
        dropouts = [] if is_wide else [DropoutWatch() for _ in watches]
        before: int | None = None
        for t_ns, values in ordered.rows():
            for c, dropout in enumerate(dropouts):
                dropout.feed(t_ns, values[:, c])
            found.start_ns = min(found.start_ns, int(t_ns[0]) + nearest_ns)
            found.end_ns = max(found.end_ns, int(t_ns[-1]) + nearest_ns)
            if is_wide or log.settled.as_stamped:
                first = int(t_ns[0]) if before is None else None
                silent += [(-NEVER, first)] if first is not None else []
                _note_gaps(silent, t_ns, before, wide_gap_ns)
                before = int(t_ns[-1])
            for c, watch in enumerate(watches):
                known = np.isfinite(values[:, c])
                watch.feed(t_ns[known], values[known, c])
                if log.columns[key][c].name.endswith("/position_m"):
                    _note_leaps(leaps.setdefault(log.columns[key][c].name, []), t_ns[known], values[known, c])
                events.feed(log.columns[key][c].name, t_ns[known], values[known, c])
        for column, dropout in zip(log.columns[key], dropouts, strict=False):
            log.dropouts[column.name] = dropout.times()
        for column, watch in zip(log.columns[key], watches, strict=True):
            if isinstance(watch, _ChangeWatch):
                found.changes[column.name] = watch.changes()
            elif watch.stretches():
                candidates[column.name] = watch
        _add(found.order, ordered.facts)
        found.lost[key] = (ordered.facts.too_late + ordered.facts.contradicting, log.spools[key].rows)
        silences.append([*silent, (NEVER if before is None else before, NEVER)])
    if is_wide or log.settled.as_stamped:
        found.gaps = [gap for gap in _common(silences) if gap[0] > -NEVER and gap[1] < NEVER]
        if not is_wide:  # tags that are not mapped may have had values in it
            found.gaps = [gap for gap in found.gaps if _is_silent(log, *gap) and gap[1] - gap[0] > wide_gap_ns]
    else:
        plan = next(iter(log.plans.values()))
        found.gaps = [
            (j.corrected_ns - round(j.by_s * 1e9), j.corrected_ns)
            for j in plan.jumps
            if j.kind == "gap" and j.by_s > gap_s(mapping, log) and not log.settled.by_tag
        ]
    if not is_wide and log.coarse.ns:  # a tag's first line may be anywhere within its stamp
        found.start_ns -= found.start_ns % log.coarse.ns
    found.crossings = events.ended()
    found.frozen = _frozen(log, mapping, fills, candidates)
    for name, seen in leaps.items():
        thawed = {stretch.end_ns for stretch in found.frozen.get(name, ())}
        kept = [(after_ns, far) for before_ns, after_ns, far in seen if not thawed & {before_ns, after_ns}]
        if kept:
            found.leaps[name] = (len(kept), *kept[0])
    return found


def _frozen(
    log: Ingested, mapping: Mapping, fills: dict[str, Fill], candidates: dict[str, _FrozenWatch]
) -> dict[str, list[Stretch]]:
    """Constant stretches in which the signal cannot have been at rest."""
    found = {name: stretches for name, w in candidates.items() if w.noisy and (stretches := w.unlikely())}
    doubtful = {
        name: (watch.stretches(), name.replace("/position_", "/reference_"))
        for name, watch in candidates.items()
        if not watch.noisy and "/position_" in name and name.replace("/position_", "/reference_") in fills
    }
    if not doubtful:
        return found
    times = sorted({t for stretches, _ in doubtful.values() for s in stretches for t in (s.start_ns, s.end_ns)})
    tracks = Tracks(log, fills, mapping.file.cleaning.reorder_s)
    at = dict(zip(times, tracks.sampled(np.array(times, np.int64)), strict=True))
    for name, (stretches, reference) in doubtful.items():
        k = tracks.index[reference]
        frozen = [s for s in stretches if abs(at[s.end_ns][k] - at[s.start_ns][k]) > MOVED]
        if frozen:
            found[name] = frozen
    return found


def _note_leaps(leaps: list[tuple[int, int, float]], t_ns: np.ndarray, values: np.ndarray) -> None:
    """Add the samples before and after each leap (ns), and its distance (m)."""
    steps, times = np.abs(np.diff(values)), np.diff(t_ns) * 1e-9
    for k in np.flatnonzero((steps > LEAP_M) & (steps > LEAP_MPS * times)).tolist():
        if len(leaps) < MAX_LEAPS:
            leaps.append((int(t_ns[k]), int(t_ns[k + 1]), float(steps[k])))


def _note_gaps(gaps: list[tuple[int, int]], t_ns: np.ndarray, before: int | None, least_ns: int) -> None:
    whole = t_ns if before is None else np.concatenate(([before], t_ns))
    for k in np.flatnonzero(np.diff(whole) > least_ns).tolist():
        if len(gaps) < 100_000:
            gaps.append((int(whole[k]), int(whole[k + 1])))


def _is_silent(log: Ingested, begin_ns: int, end_ns: int) -> bool:
    """True if a long table has no line in a gap, to the resolution of whole ten seconds."""
    return not any(ten in log.tens for ten in range(begin_ns // TEN_S_NS + 1, end_ns // TEN_S_NS))


def _common(silences: list[list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Common intersection of several lists of ascending stretches."""
    shared = silences[0] if silences else []
    for silent in silences[1:]:
        found, i, k = [], 0, 0
        while i < len(shared) and k < len(silent):
            begin, end = max(shared[i][0], silent[k][0]), min(shared[i][1], silent[k][1])
            if begin < end:
                found.append((begin, end))
            i, k = (i + 1, k) if shared[i][1] < silent[k][1] else (i, k + 1)
        shared = found
    return shared


def _add(total: OrderFacts, more: OrderFacts) -> None:
    total.disordered += more.disordered
    total.farthest_s = max(total.farthest_s, more.farthest_s)
    total.too_late += more.too_late
    total.same_time += more.same_time
    total.contradicting += more.contradicting
    total.uneven = sorted({*total.uneven, *more.uneven})
    for name in ("first_disordered_ns", "first_contradicting_ns"):
        known = [t for t in (getattr(total, name), getattr(more, name)) if t is not None]
        setattr(total, name, min(known, default=None))


def _watch(column: Column, mapping: Mapping, fill: Fill, slow_ns: int) -> _ChangeWatch | _FrozenWatch:
    m = column.signal
    if m is None or m.holds:
        kept = m is None or m.target.dimension == "switch" or is_set(m.name)
        return _ChangeWatch(fill.offset_ns, MAX_CHANGES if kept else 0)
    if "/reference_" in m.name:  # a setpoint has no noise and may be constant for any time
        return _FrozenWatch(0, fill.offset_ns)
    limit_s = m.spec.frozen_s if m.spec.frozen_s is not None else mapping.file.cleaning.frozen_s
    return _FrozenWatch(max(round(limit_s * 1e9), slow_ns) if limit_s else 0, fill.offset_ns)


class _ChangeWatch:
    """Changes of a held signal; at most `most` changes are kept."""

    def __init__(self, offset_ns: int, most: int = MAX_CHANGES) -> None:
        self._offset_ns, self._most = offset_ns, most
        self._last = np.nan
        self._t: list[np.ndarray] = []
        self._v: list[np.ndarray] = []
        self._count = 0

    def feed(self, t_ns: np.ndarray, values: np.ndarray) -> None:
        if not len(values):
            return
        before = np.concatenate(([self._last], values[:-1]))
        new = values != before
        if self._count < self._most and new.any():
            self._t.append(t_ns[new] + self._offset_ns)
            self._v.append(values[new])
            self._count += int(new.sum())
        self._last = values[-1]

    def changes(self) -> Changes:
        if not self._t:
            return Changes(np.empty(0, np.int64), np.empty(0))
        return Changes(np.concatenate(self._t), np.concatenate(self._v))


class _FrozenWatch:
    """Stretches in which a noisy signal is exactly constant."""

    def __init__(self, least_ns: int, offset_ns: int) -> None:
        self._least_ns, self._offset_ns = least_ns, offset_ns
        self._start_ns, self._last_ns, self._value = 0, 0, np.nan
        self._same = 0
        """Length of the current run of equal samples."""
        self._found: list[tuple[Stretch, int]] = []
        self._samples = self._changed = self._turned = 0
        self._first_ns: int | None = None

    def feed(self, t_ns: np.ndarray, values: np.ndarray) -> None:
        if not len(values) or self._least_ns == 0:
            return
        before = np.concatenate(([self._value], values[:-1]))
        new = np.flatnonzero(values != before)
        self._first_ns = int(t_ns[0]) if self._first_ns is None else self._first_ns
        self._samples += len(values)
        self._changed += len(new)
        steps = np.sign(values - before)
        self._turned += int((steps[1:] * steps[:-1] < 0.0).sum())
        starts = t_ns[new]
        ends = np.concatenate(([self._last_ns], t_ns))[new]  # the last sample of the run before each new one
        begun = np.concatenate(([self._start_ns], starts[:-1])) if len(new) else starts
        constant = np.concatenate(([self._value], values[new][:-1])) if len(new) else values[new]
        counts = np.diff(new, prepend=-self._same)
        for k in np.flatnonzero(ends - begun >= self._least_ns).tolist():
            self._keep(int(begun[k]), int(ends[k]), float(constant[k]), int(counts[k]))
        if len(new):
            self._start_ns, self._value = int(starts[-1]), float(values[new[-1]])
        self._same = len(values) - int(new[-1]) if len(new) else self._same + len(values)
        self._last_ns = int(t_ns[-1])

    def _keep(self, start_ns: int, end_ns: int, value: float, samples: int) -> None:
        if not np.isnan(value) and len(self._found) < 100_000:
            self._found.append((Stretch(start_ns, end_ns, value), samples))

    def stretches(self) -> list[Stretch]:
        if self._last_ns - self._start_ns >= self._least_ns > 0:
            self._keep(self._start_ns, self._last_ns, self._value, self._same)
            self._start_ns = self._last_ns
        return [stretch for stretch, samples in self._found if samples >= FEW_SAMES]

    @property
    def noisy(self) -> bool:
        """True if the signal is never constant for long, except when frozen."""
        if not self._samples or self._first_ns is None:
            return False
        found = self.stretches()
        stood = sum(s.end_ns - s.start_ns for s in found) / max(self._last_ns - self._first_ns, 1)
        lively = self._changed >= LIVELY * self._samples and self._turned >= RESTLESS * self._samples
        return lively and stood < STANDS

    def unlikely(self) -> list[Stretch]:
        """Stretches that a signal of this liveliness does not have by chance: this many equal samples in a row."""
        long = [samples for _, samples in self._found if samples >= FEW_SAMES]
        alive = max(self._samples - sum(long), 1)
        same = min(max(1.0 - (self._changed + 1) / alive, 0.01), 0.99)
        least = 1.0 + math.log(CHANCE / self._samples) / math.log(same)
        return [stretch for stretch, samples in self._found if samples >= max(FEW_SAMES, least)]


class _Crossings:
    """Times during which the conditions of the mapping's events held."""

    def __init__(self, mapping: Mapping) -> None:
        self._events: Sequence[EventSpec] = mapping.file.events
        dimension = {m.name: m.target.dimension for m in mapping.signals}
        self._limits = []
        for event in self._events:
            limit = event.above if event.above is not None else event.below
            si = 1.0 if event.unit is None else factor(event.unit, dimension[event.signal])
            self._limits.append(float(limit or 0.0) * float(si or 1.0))
        offsets = {m.name: round(m.spec.clock_offset_s * 1e9) for m in mapping.signals}
        self._watches = [_ChangeWatch(offsets[event.signal]) for event in self._events]

    def feed(self, name: str, t_ns: np.ndarray, values: np.ndarray) -> None:
        for event, limit, watch in zip(self._events, self._limits, self._watches, strict=True):
            if event.signal == name:
                over = values > limit if event.above is not None else values < limit
                watch.feed(t_ns, over.astype(float))

    def ended(self) -> list[Changes]:
        return [watch.changes() for watch in self._watches]
