"""Detects clock steps that remain in a log sorted by time, from the motion of its axes.

In lines out of order, and in a log of changes, a step of the clock leaves no trace in the stamps, but in the motion. A
clock set back interleaves lines of two times, so an axis alternates from line to line. With a clock set forward, an
axis continues at its speed from its position, although time has passed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WINDOW, TURNS = 8, 4
"""Alternation: minimum direction changes within this many samples,"""
WAY_M, WAY_TIMES = 0.05, 4.0
"""and minimum path (m, rad), also as a multiple of the net distance."""
STEADY = 2.0
"""Continuation: the speeds on both sides differ by at most this factor,"""
PERIODS, MIN_NS = 4.0, 150_000_000
"""over this many of the intervals beside it and this time,"""
STAYED, FAST_MPS = 0.4, 0.1
"""and it covers less than this share of the expected distance, at no less than this speed (inching stops)."""
BESIDE, CARRIED = 6, 40
"""Samples on either side that determine speed and noise; samples kept from one piece to the next."""


@dataclass(frozen=True)
class Seam:
    """A place where the motion of an axis shows that the clock was set."""

    t_ns: int
    back: bool
    by_s: float
    """Estimated forward step of the clock; 0 if it was set back."""


class SeamWatch:
    """Checks the samples of an axis in time order, piece by piece; `found` is the first seam."""

    def __init__(self) -> None:
        self.found: Seam | None = None
        self._t, self._x = np.empty(0, np.int64), np.empty(0)

    def feed(self, t_ns: np.ndarray, x: np.ndarray) -> None:
        """Add the next samples (K,), with ascending times and no unknown values."""
        if self.found is not None or not len(t_ns):
            return
        t, x = np.concatenate((self._t, t_ns)), np.concatenate((self._x, x))
        self._t, self._x = t[-CARRIED:], x[-CARRIED:]
        found = [seam for seam in (_alternation(t, x), _continuation(t, x)) if seam is not None]
        self.found = min(found, key=lambda seam: seam.t_ns, default=None)


def _alternation(t_ns: np.ndarray, x: np.ndarray) -> Seam | None:
    if len(x) <= WINDOW:
        return None
    steps = np.diff(x)
    turns = np.append(0.0, np.cumsum(steps[1:] * steps[:-1] < 0.0))
    path = np.append(0.0, np.cumsum(np.abs(steps)))
    length, net = path[WINDOW:] - path[:-WINDOW], np.abs(x[WINDOW:] - x[:-WINDOW])
    turned = turns[WINDOW - 1 :] - turns[: len(turns) - WINDOW + 1]
    # noise alternates all the time; two interleaved motions do so for a while, far apart
    usual = WINDOW * float(np.median(np.abs(steps)))
    is_seam = (turned >= TURNS) & (length > WAY_M) & (length > WAY_TIMES * net) & (length > WAY_TIMES * usual)
    found = np.flatnonzero(is_seam)
    return Seam(int(t_ns[found[0]]), True, 0.0) if len(found) else None


def _continuation(t_ns: np.ndarray, x: np.ndarray) -> Seam | None:
    if len(x) <= 2 * BESIDE:
        return None
    dt, dx = np.diff(t_ns) * 1e-9, np.diff(x)
    speed = dx / np.maximum(dt, 1e-9)
    wide = dt > PERIODS * np.minimum(np.append(np.inf, dt[:-1]), np.append(dt[1:], np.inf))
    before, after = np.append(0.0, speed[:-1]), np.append(speed[1:], 0.0)
    found = wide & (dt * 1e9 > MIN_NS) & (before * after > 0.0)
    found &= np.abs(dx) < STAYED * dt * np.minimum(np.abs(before), np.abs(after))
    for k in np.flatnonzero(found).tolist():
        sides = slice(max(k - BESIDE, 0), k), slice(k + 1, k + 1 + BESIDE)
        if any(len(dt[side]) < BESIDE or dt[side].max() * PERIODS > dt[k] for side in sides):
            continue
        v0, v1 = (float(dx[side].sum() / dt[side].sum()) for side in sides)
        steady = [dx[side].min() * dx[side].max() > 0.0 for side in sides]
        slow, fast = sorted((abs(v0), abs(v1)))
        would = slow * float(dt[k])
        is_steady = v0 * v1 > 0.0 and all(steady) and fast <= STEADY * slow and slow > FAST_MPS
        if is_steady and abs(float(dx[k])) < STAYED * would:
            return Seam(int(t_ns[k + 1]), False, float(dt[k]) - abs(float(dx[k])) / (0.5 * (slow + fast)))
    return None
