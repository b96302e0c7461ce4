"""Separates steps of a log's clock from lines out of order and from pauses, by the values around them.

A clock that is set back repeats a time range: the lines after it stay in order, and the same tags have values at the
same times again. Lines out of order fill missing times before them. A clock that is set forward leaves a hole in the
times without progress of a motion; in a pause the motion continued.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.log_import.clock import Candidate
from twin.log_import.spool import Spool

MAX_ROWS = 5000
"""Limit of rows of a spool that are examined on either side of a candidate."""
SIMILAR = 0.4
"""Two stretches of the same clock have about as many lines: the smaller number is at least this share of the larger."""
GOES_ON = 0.3
"""The lines after a clock's step have no pause that is longer than this share of the step."""
SMOOTHER = 0.7
"""Lines whose path is shorter than this share when sorted by time were out of order."""
FIT_ROWS, FIT_PERIODS, FIT_LEAST = 15, 20, 5
"""A motion is extrapolated from this many samples, over at most this many periods, and from no fewer."""
REGULAR = 0.8
"""Only a recorder with this share of usual intervals distinguishes a step ahead from a pause."""
TOLERANCE_M, SURE_M = 5e-4, 0.02
"""Tolerance of an extrapolated motion (m, rad), and minimum distance from its old position for a pause."""
NOISES, SURE_NOISES = 5.0, 10.0
MANY_PAUSES, REPEATED = 3, 0.01
"""A log with more pauses than this is one of changes, unless this share of its positions are repeated."""
HOUR_NS, SLOWEST_NS = 3_600_000_000_000, 10_000_000_000
STEP, PAUSE, UNKNOWN = "step", "pause", "unknown"


@dataclass(frozen=True)
class Rows:
    """A spool whose rows are found by line number; `axes`: its columns that are positions of axes."""

    spool: Spool
    axes: Sequence[int]
    numbered: bool
    backwards: bool = False

    def around(self, number: int) -> tuple[np.ndarray, np.ndarray, int]:
        """Times (K,) and positions (K, A) of the rows around a line, and the number of rows before it."""
        at = self._find(number)
        low, high = max(at - MAX_ROWS, 0), min(at + MAX_ROWS, self.spool.rows)
        if self.backwards:
            last = self.spool.rows
            t_ns, values = self.spool.read(last - high, last - low)
            t_ns, values = t_ns[::-1], values[::-1]
        else:
            t_ns, values = self.spool.read(low, high)
        values = values[:, list(self.axes)]
        return t_ns, np.where(np.isfinite(values), values, np.nan), at - low

    def _find(self, number: int) -> int:
        if not self.numbered:
            return min(number, self.spool.rows)
        low, high = 0, self.spool.rows
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.spool.read(middle, middle + 1)[1][0, -1] < number else (low, middle)
        return low


def judge(candidates: Iterable[Candidate], rows: Sequence[Rows], period_ns: int) -> dict[int, str]:
    """Result for each candidate, by its row: `step`, `pause` (or disorder), or `unknown`."""
    candidates = list(candidates)
    pauses = sum(c.step_ns > 0 for c in candidates)
    verdicts = {}
    for c in candidates:
        if c.step_ns < 0:
            verdicts[c.row] = _back(c, rows)
        elif pauses > MANY_PAUSES and not any(_repeats(spool.around(c.row)[1]) for spool in rows):
            verdicts[c.row] = PAUSE  # a recorder of changes pauses whenever nothing moves
        else:
            verdicts[c.row] = _ahead(c, rows, period_ns)
    return verdicts


def _back(candidate: Candidate, rows: Sequence[Rows]) -> str:
    """Result for a step back: a step of the clock if the same tags repeat times, in order and continuing, with other
    values."""
    again = False
    file_m = sorted_m = 0.0
    for spool in rows:
        t_ns, values, at = spool.around(candidate.row)
        early = np.flatnonzero(t_ns[:at] >= candidate.first_ns)
        late_end = at + int(np.argmax(t_ns[at:] > candidate.before_ns)) if len(t_ns) > at else at
        if late_end == at:  # it never reached that time again
            late_end = len(t_ns)
        late = np.arange(at, late_end)
        if not len(late):
            continue
        if len(early) >= 2 and len(late) >= 2 and _alike(len(early), len(late)):
            if _same_lines(t_ns, values, early, late):
                continue  # sent twice, or at rest
            usual = float(np.median(np.diff(np.sort(t_ns))))
            following = t_ns[late_end] - t_ns[late_end - 1] if late_end < len(t_ns) else 0
            if following > max(2.5 * usual, -GOES_ON * candidate.step_ns):
                return PAUSE
            again = True
        both = np.concatenate((early, late))
        order = both[np.argsort(t_ns[both], kind="stable")]
        file_m += _path_length(values[both])
        sorted_m += _path_length(values[order])
    return STEP if again and sorted_m >= SMOOTHER * file_m else PAUSE


def _alike(a: int, b: int) -> bool:
    return min(a, b) >= SIMILAR * max(a, b)


def _same_lines(t_ns: np.ndarray, values: np.ndarray, early: np.ndarray, late: np.ndarray) -> bool:
    """True if most of the late lines repeat earlier ones."""
    known = {int(t): k for t, k in zip(t_ns[early], early.tolist(), strict=True)}
    there = [(known[int(t_ns[k])], int(k)) for k in late if int(t_ns[k]) in known]
    if len(there) < NEARLY * len(late):
        return False
    old, new = np.array(there).T
    return bool(np.mean(np.all((values[old] == values[new]) | np.isnan(values[old]), axis=1)) > NEARLY)


NEARLY = 0.8


def _path_length(values: np.ndarray) -> float:
    """Path of all columns (K, A) from row to row."""
    total = 0.0
    for column in values.T:
        total += float(np.abs(np.diff(column[~np.isnan(column)])).sum())
    return total


def _ahead(candidate: Candidate, rows: Sequence[Rows], period_ns: int) -> str:
    per_spool = [_seam(candidate, spool) for spool in rows]
    votes = [vote for of_spool in per_spool for vote in of_spool]
    if PAUSE in votes:
        return PAUSE
    if STEP in votes:
        return STEP
    if not votes:
        return PAUSE
    off_ns = abs(candidate.step_ns - period_ns - HOUR_NS)
    return STEP if off_ns <= 1.5 * period_ns and period_ns <= SLOWEST_NS else UNKNOWN


def _repeats(values: np.ndarray) -> bool:
    """True if some unchanged position is repeated, which a recorder of changes does not do."""
    for column in values.T:
        known = column[~np.isnan(column)]
        if len(known) > 1 and float(np.mean(np.diff(known) == 0.0)) >= REPEATED:
            return True
    return False


def _seam(candidate: Candidate, spool: Rows) -> list[str]:
    """For each axis of a regular recorder: whether its motion continued as if no time had passed, or as if it had."""
    t_ns, values, at = spool.around(candidate.row)
    if not 0 < at < len(t_ns) or not _is_regular(t_ns, at):
        return []
    period_s = float(np.median(np.diff(t_ns))) * 1e-9
    votes = []
    for column in values.T:
        ends = [_end_of(t_ns[:at], column[:at], period_s, -1), _end_of(t_ns[at:], column[at:], period_s, 0)]
        if ends[0] is None or ends[1] is None:
            continue
        (x0, v0, noise0), (x1, v1, noise1) = ends[0], ends[1]
        speed, tolerance = 0.5 * (v0 + v1), max(TOLERANCE_M, NOISES * max(noise0, noise1))
        tolerance += 0.25 * abs(speed) * period_s
        moved_s = (candidate.first_ns - candidate.before_ns) * 1e-9
        as_step, as_pause = abs(x1 - x0 - speed * period_s), abs(x1 - x0 - speed * moved_s)
        if as_step > 3.0 * tolerance:
            votes.append(PAUSE)
        elif as_step <= tolerance and as_pause > max(SURE_M, SURE_NOISES * tolerance):
            votes.append(STEP)
        else:
            votes.append(UNKNOWN)
    return votes


def _is_regular(t_ns: np.ndarray, at: int) -> bool:
    steps = np.diff(t_ns[max(at - 200, 0) : at + 200])
    usual = np.median(steps)
    return bool(usual > 0 and np.mean(np.abs(steps - usual) <= 0.5 * usual) >= REGULAR)


def _end_of(t_ns: np.ndarray, column: np.ndarray, period_s: float, end: int) -> tuple[float, float, float] | None:
    """Position, speed and noise of a motion at its last (-1) or first (0) row, by a parabola; None: too few samples."""
    here = t_ns[end]
    known = np.flatnonzero(~np.isnan(column) & (np.abs(t_ns - here) <= FIT_PERIODS * period_s * 1e9))
    known = known[-FIT_ROWS:] if end else known[:FIT_ROWS]
    if len(known) < FIT_LEAST:
        return None
    t = (t_ns[known] - here) * 1e-9 / period_s
    fit = np.polyfit(t, column[known], 2)
    noise = float(np.sqrt(np.mean((np.polyval(fit, t) - column[known]) ** 2)))
    return float(fit[2]), float(fit[1]) / period_s, noise
