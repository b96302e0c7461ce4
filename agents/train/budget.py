"""Wall time of a training run, from start to end, divided among its parts."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_AFTERWARDS = 0.5
"""Largest share of the wall time for selection and evaluation together; they play fewer episodes to keep it."""
SAVING_S = 2.0
"""Minimum reserve for writing and for the end of the program [measured: 0.5 s, and 1 s to 2 s]."""
GRACE_S = 2.0
"""Excess of the wall time allowed before the first policy update."""
MAX_AGE_S = 600.0
"""A process older than this at its first line was not just started."""


class WallTimeOver(BaseException):
    """Timeout of the block of `at_most`; not an `Exception`, because compilers catch and wrap those."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Limit the block to this many seconds, for work that cannot check the time itself: compiling.

    Outside the main thread there is no limit, because signals reach only the main thread.

    Raises:
        WallTimeOver: it did not end in time.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise WallTimeOver

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def process_start_s() -> float:
    """Start time of this process by `time.monotonic`, before its imports; now for an old process."""
    now_s = time.monotonic()
    if Path(sys.argv[0]).stem != "swaptwin":
        return now_s  # called by another, older program
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return now_s
    return now_s - age_s if 0.0 <= age_s < MAX_AGE_S else now_s


class Budget:
    """Wall time left, and how the rest was spent.

    Attributes:
        total_s: the wall time.
        spent_s: seconds spent by activity, in the order of the run.
    """

    def __init__(self, total_s: float, began_s: float | None = None) -> None:
        """`began_s`: start of the run by `time.monotonic`; None: now."""
        self.total_s = total_s
        self.began_s = time.monotonic() if began_s is None else began_s
        self.spent_s = dict.fromkeys(("start-up", "cloning", "training", "selection", "evaluation", "saving"), 0.0)
        self._marked_s = self.began_s

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began_s

    @property
    def remaining_s(self) -> float:
        """Seconds until the wall time is over; negative afterwards."""
        return self.total_s - self.elapsed_s

    @property
    def writing_reserve_s(self) -> float:
        """Reserve for writing, s: twice the time it took so far, at least SAVING_S."""
        return max(SAVING_S, 2.0 * self.spent_s["saving"])

    def mark(self, what: str) -> None:
        """Assign the time since the last mark to `what`."""
        now_s = time.monotonic()
        self.spent_s[what] += now_s - self._marked_s
        self._marked_s = now_s

    @contextmanager
    def spending(self, what: str, on_rest: str) -> Iterator[None]:
        """Assign the block to `what`, and the time before it to `on_rest`."""
        self.mark(on_rest)
        try:
            yield
        finally:
            self.mark(what)

    def final_reserve_s(self, needed_s: float) -> float:
        """Time to reserve for selection and evaluation, given their need, and for writing, s."""
        return min(needed_s, MAX_AFTERWARDS * self.total_s) + self.writing_reserve_s

    def until_s(self, share: float = 1.0) -> float:
        """End, by `time.monotonic`, of this share of the time left without the reserve for writing."""
        return time.monotonic() + share * max(self.remaining_s - self.writing_reserve_s, 0.0)

    def time_spent(self) -> str:
        """Summarise the use of the time in one line."""
        parts = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in self.spent_s.items() if seconds >= 0.5)
        of = f" of {self.total_s:g} s" if math.isfinite(self.total_s) else ""
        return f"{parts}: {sum(self.spent_s.values()):.0f} s{of}"
