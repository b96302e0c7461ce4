"""Decides on a log's times once all of them are known: sorted as stamped, or corrected for steps of the clock.

A log whose times go back has two readings: its lines are out of order (a historian's extract, written buffer by
buffer), or its clock was set. Both are tried; the one with the shorter path of the axes is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twin.errors import InputError
from twin.log_import.clock import ClockWatch, Plan
from twin.log_import.mapping import Mapping
from twin.log_import.moments import iso
from twin.log_import.ordered import MAX_WAITING_BYTES, Ordered
from twin.log_import.seams import Seam, SeamWatch
from twin.log_import.spool import Spool
from twin.log_import.steps import PAUSE, STEP, UNKNOWN, Rows, judge
from twin.log_import.values import Column

PIECE_ROWS = 50_000
CORRECTED = frozenset(("set_back", "set_ahead", "ran_ahead", "put_right", "stray"))
CLEARLY, ABOUT = 0.9, 1.1
"""A reading with less than this share of the other's path is better; up to the second ratio it is as good."""
FEW, MANY = 0.02, 0.05
"""Up to the first share of lines with times of others, the clock was not set; a reading that loses more than the second
share of lines is discarded."""
HOLE_PERIODS = 10.0
NEARLY = 0.8
SECOND_NS, QUICK_NS, MAX_SECONDS = 1_000_000_000, 100_000_000, 3600
"""Only a recorder with at most `QUICK_NS` between lines resolves steps of whole seconds; longer steps than
`MAX_SECONDS` are pauses."""
FEW_APART = 3
"""An axis at two places at the same time this often was recorded by a clock that was set back."""


@dataclass
class Settled:
    """Corrections of each spool's clock and the order of its rows."""

    plans: dict[str, Plan]
    by_tag: bool = False
    newest_first: bool = False
    as_stamped: bool = False
    """True if the lines are sorted by their stamps, with any lateness."""
    late_ns: dict[str, int] = field(default_factory=dict)
    """Permitted lateness of each spool's lines, if more than in the mapping."""
    unknown: list[tuple[int, int]] = field(default_factory=list)
    """Steps ahead of a regular recorder, from and to, that may be pauses or steps of the clock."""


@dataclass
class _Reading:
    path_length: float = 0.0
    rows: int = 0
    lost: int = 0
    doubled: int = 0
    late: int = 0
    again: int = 0
    """Lines that repeat another line of the same time."""
    holes: int = 0


class Settling:
    """All data on a log's times: its spools, the watch of all lines and that of each tag."""

    def __init__(
        self,
        path: Path,
        mapping: Mapping,
        spools: MappingOf[str, Spool],
        columns: MappingOf[str, Sequence[Column]],
        whole: ClockWatch,
        each: MappingOf[str, ClockWatch],
    ) -> None:
        """`each`: per spool; `whole`: of all lines of a long table, else of the first spool."""
        self._path, self._mapping, self._spools, self._columns = path, mapping, spools, columns
        self._whole, self._each = whole, each
        self._long = mapping.file.file.table == "long"
        self._steps_are = mapping.file.time.clock_steps

    def settle(self) -> Settled:
        """Decide on the times; raises InputError for a log in no time order."""
        if self._whole.newest_first:
            settled = self._newest_first()
        elif self._steps_are == "keep":
            return self._sorted()
        else:
            settled = self._auto()
            if self._long or settled.as_stamped:
                self._check_seams(settled)
        self._check_whole_seconds(settled)
        return settled

    def _check_whole_seconds(self, settled: Settled) -> None:
        """Refuse a step ahead by whole seconds without motion: clocks are set that way, few pauses last whole seconds.

        The report lists pauses of any other length.
        """
        period_ns = min(w.period_ns for w in self._each.values()) if settled.by_tag else self._whole.period_ns
        if not 0 < period_ns <= QUICK_NS:  # every pause of a slow log lasts whole seconds
            return
        for begin_ns, end_ns in settled.unknown:
            seconds, rest_ns = divmod(end_ns - begin_ns - period_ns // 2, SECOND_NS)
            if 0 < seconds <= MAX_SECONDS and rest_ns <= period_ns:
                raise self._mapping.refuse(
                    f"the times of {self._path.name} go ahead by {seconds} s from {iso(begin_ns)} to {iso(end_ns)}, "
                    "and nothing moved: nothing tells whether the clock was set or nothing was recorded",
                    "time",
                    "clock_steps",
                    value=self._steps_are,
                    allowed="remove, where the clock was set; keep, where nothing was recorded so long",
                )

    def _auto(self) -> Settled:
        settled = self._by_clock()
        corrected = settled is None or any(j.kind in CORRECTED for p in settled.plans.values() for j in p.jumps)
        if corrected and (settled is None or self._steps_are == "auto"):
            as_stamped = self._sorted()
            if self._fits(as_stamped) and self._is_better(as_stamped, settled):
                cleaning = self._mapping.file.cleaning
                late_ns = max(as_stamped.late_ns.values())
                if "reorder_s" in cleaning.model_fields_set and late_ns > 1e9 * cleaning.reorder_s:
                    raise self._refusal(as_stamped)
                return as_stamped
        if settled is None:
            raise self._whole.refusal(self._path)
        return settled

    def _check_seams(self, settled: Settled) -> None:
        """Refuse a log whose axes show that its clock was set, if its lines do not show where."""
        for key in self._spools:
            axes = self._axes(key)
            watches = [SeamWatch() for _ in axes]
            ordered = self._ordered(key, settled)
            for t_ns, values in ordered.rows() if axes and not self._is_coarse(key) else ():
                for c, watch in zip(axes, watches, strict=True):
                    known = np.isfinite(values[:, c])
                    watch.feed(t_ns[known], values[known, c])
            for c, watch in zip(axes, watches, strict=True):
                apart = ordered.facts.far_apart.get(c, [])
                if watch.found is None and len(apart) >= FEW_APART:
                    watch.found = Seam(apart[0], True, 0.0)
                if watch.found is not None:
                    raise self._seam_refusal(self._columns[key][c].name, watch.found)

    def _ordered(self, key: str, settled: Settled) -> Ordered:
        """A spool's rows in time order, in the order of the file within a stamp."""
        late_s = max(self._mapping.file.cleaning.reorder_s, settled.late_ns.get(key, 0) * 1e-9)
        own_clock = settled.by_tag or settled.newest_first
        return Ordered(self._spools[key], settled.plans[key], late_s, numbered=self._long, own_clock=own_clock)

    def _is_coarse(self, key: str) -> bool:
        return bool(self._each.get(key, self._whole).coarse_ns)

    def _seam_refusal(self, name: str, seam: Seam) -> InputError:
        how = "goes to and fro between two motions" if seam.back else "goes on as if no time had passed"
        by = "back" if seam.back else f"forward by about {seam.by_s:.1f} s"
        return self._mapping.refuse(
            f"the clock of {self._path.name} seems to have been set {by} at {iso(seam.t_ns)}, where {name} {how}; "
            "its lines do not tell from which one on",
            "time",
            "clock_steps",
            value=self._steps_are,
            allowed="keep: every line at its stamp; or two imports, before and after it, by --start and --end of each",
        )

    def _by_clock(self) -> Settled | None:
        """Reading with the clock's steps corrected; None if the lines are in no order."""
        unknown: list[tuple[int, int]] = []
        if not self._long:
            if any(watch.in_no_order for watch in self._each.values()):
                return None
            each = {key: self._plan(watch, [self._rows(key)], unknown) for key, watch in self._each.items()}
            return Settled(each, unknown=unknown)
        if not self._whole.in_no_order:
            whole = self._plan(self._whole, [self._rows(key, numbered=True) for key in self._spools], unknown)
        else:
            whole = Plan.as_stamped()
        if any(watch.in_no_order for watch in self._each.values()):
            return None if self._whole.in_no_order else Settled(dict.fromkeys(self._spools, whole), unknown=unknown)
        of_tags: list[tuple[int, int]] = []
        each = {tag: self._plan(watch, [self._rows(tag)], of_tags) for tag, watch in self._each.items()}
        # sorted by tag, the time restarts with each tag: then every tag has its own clock
        if self._whole.in_no_order or sum(_set_back(p) for p in each.values()) < _set_back(whole):
            return Settled(each, by_tag=True, unknown=of_tags)
        return Settled(dict.fromkeys(self._spools, whole), unknown=unknown)

    def _sorted(self) -> Settled:
        """Reading as stamped."""
        plans = {key: Plan.as_stamped() for key in self._spools}
        late = {key: self._each.get(key, self._whole).farthest_ns + 1 for key in self._spools}
        return Settled(plans, by_tag=self._long, as_stamped=True, late_ns=late)

    def _refusal(self, settled: Settled) -> InputError:
        """The error for a mapping that permits less lateness than the lines have."""
        late_s = max(settled.late_ns.values()) * 1e-9
        return self._mapping.refuse(
            f"lines of {self._path.name} come up to {late_s:.1f} s late",
            "cleaning",
            "reorder_s",
            value=self._mapping.file.cleaning.reorder_s,
            allowed=f"{math.ceil(late_s)} or more; or without this key: then all are sorted",
        )

    def _newest_first(self) -> Settled:
        plans: dict[str, Plan] = {}
        unknown: list[tuple[int, int]] = []
        for key, spool in self._spools.items():
            watch = watch_of(self._mapping)
            for t_ns, _ in spool.pieces(PIECE_ROWS, backwards=True):
                watch.feed(t_ns)
            if watch.in_no_order:
                raise watch.refusal(self._path)
            keep = self._steps_are == "keep"
            rows = [self._rows(key, backwards=True)]
            plans[key] = Plan.as_stamped() if keep else self._plan(watch, rows, unknown)
        return Settled(plans, newest_first=True, unknown=unknown)

    def _plan(self, watch: ClockWatch, rows: Sequence[Rows], unknown: list[tuple[int, int]]) -> Plan:
        candidates = watch.candidates()
        verdicts = judge(candidates, [r for r in rows if r.axes], watch.period_ns)
        wanted = (STEP, UNKNOWN) if self._steps_are == "remove" else (STEP,)
        if self._steps_are == "auto":
            unknown += [(c.before_ns, c.first_ns) for c in candidates if c.step_ns > 0 and verdicts[c.row] == UNKNOWN]
        return watch.plan(
            [row for row, verdict in verdicts.items() if verdict in wanted],
            [row for row, verdict in verdicts.items() if verdict == PAUSE],
        )

    def _rows(self, key: str, *, numbered: bool = False, backwards: bool = False) -> Rows:
        return Rows(self._spools[key], self._axes(key), numbered, backwards)

    def _axes(self, key: str) -> list[int]:
        return [k for k, column in enumerate(self._columns[key]) if _is_axis(column.name)]

    def _fits(self, settled: Settled) -> bool:
        """True if the lines that have to wait for others fit in memory."""
        waiting = 0.0
        for key, spool in self._spools.items():
            if not spool.rows:
                continue
            first, last = spool.read(0, 1)[0][0], spool.read(spool.rows - 1, spool.rows)[0][0]
            share = min(settled.late_ns[key] / max(abs(int(last) - int(first)), 1), 1.0)
            waiting += share * spool.rows * (len(spool.columns) + 1) * 8
        return waiting <= MAX_WAITING_BYTES

    def _is_better(self, as_stamped: Settled, settled: Settled | None) -> bool:
        new = self._read(as_stamped)
        if settled is None:  # only the reading that can be the axes' motion is left
            return new.path_length < CLEARLY * self._path_as_written()
        old = self._read(settled)
        if new.lost > old.lost + FEW * new.rows:  # a line that contradicts another line of its time is not recorded
            return False
        if new.again >= NEARLY * new.late and old.again < NEARLY * new.late:
            return True  # lines that were written twice
        if new.path_length < CLEARLY * old.path_length:
            return True
        if new.path_length > ABOUT * old.path_length:
            return False
        fills = new.doubled <= FEW * new.rows and new.holes < old.holes
        return fills or old.lost > MANY * max(old.rows + old.lost, 1)

    def _path_as_written(self) -> float:
        """Path of the axes from line to line of the file."""
        total = 0.0
        for key, spool in self._spools.items():
            for _, values in spool.pieces(PIECE_ROWS):
                for c in self._axes(key):
                    column = values[np.isfinite(values[:, c]), c]
                    total += float(np.abs(np.diff(column)).sum())
        return total

    def _read(self, settled: Settled) -> _Reading:
        found = _Reading()
        for key, spool in self._spools.items():
            ordered = self._ordered(key, settled)
            axes = self._axes(key)
            usual = self._each.get(key, self._whole).period_ns
            last, before, rows = np.full(len(axes), np.nan), None, 0
            for t_ns, values in ordered.rows():
                steps = np.diff(t_ns) if before is None else np.diff(t_ns, prepend=before)
                before, rows = int(t_ns[-1]), rows + len(t_ns)
                found.doubled += int((steps < 0.5 * usual).sum())
                found.holes += int((steps > HOLE_PERIODS * usual).sum())
                for k, c in enumerate(axes):
                    column = values[:, c]
                    column = column[np.isfinite(column)]
                    if len(column):
                        found.path_length += float(np.abs(np.diff(column, prepend=column[:1])).sum())
                        found.path_length += 0.0 if np.isnan(last[k]) else abs(float(column[0] - last[k]))
                        last[k] = column[-1]
            found.rows += rows
            found.late += ordered.facts.disordered
            found.again += ordered.facts.same_time - ordered.facts.contradicting
            found.doubled += ordered.facts.contradicting
            found.lost += spool.rows - rows - ordered.facts.same_time + ordered.facts.contradicting
        return found


def _set_back(plan: Plan) -> int:
    return sum(jump.kind in ("set_back", "ran_ahead", "stray") for jump in plan.jumps)


def _is_axis(name: str) -> bool:
    return name.endswith(("/position_m", "/position_rad", "/reference_m", "/reference_rad"))


def watch_of(mapping: Mapping) -> ClockWatch:
    """A new watch by the mapping's `cleaning`."""
    cleaning = mapping.file.cleaning
    return ClockWatch(cleaning.reorder_s, max(cleaning.jump_s, cleaning.reorder_s))
