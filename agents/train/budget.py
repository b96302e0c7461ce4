"""The wall time of a training run: from its first moment to its end, shared out to what a run has to do."""

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
"""Selection and evaluation together get at most this share of the wall time, and play fewer episodes for it."""
SAVING_S = 2.0
"""Kept at the least for writing at the end and for the end of the program [measured: 0.5 s, and 1 s to 2 s]."""
GRACE_S = 2.0
"""Before anything is learnt the wall time may be exceeded by this: a policy is nearly there, or far off."""
MAX_AGE_S = 600.0
"""A program older than this at its first line has not spent it on its start."""


class TimeOver(BaseException):
    """The block of `at_most` is not over in time; no `Exception`, for compilers catch those and wrap them."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """The block in this many seconds at most, of work that asks nobody whether it may go on: compiling.

    Elsewhere than in the main thread the block has all the time it wants, for signals reach that one only.

    Raises:
        TimeOver: it was not over by then.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise TimeOver

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def program_began_s() -> float:
    """When this program was started, by `time.monotonic`: imports come before its first line. Else now."""
    now_s = time.monotonic()
    if Path(sys.argv[0]).stem != "swaptwin":
        return now_s  # called by another program, which may be old
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return now_s
    return now_s - age_s if 0.0 <= age_s < MAX_AGE_S else now_s


class Budget:
    """How much of the wall time is left, and what was done with the rest.

    Attributes:
        total_s: the wall time.
        spent_s: seconds by what they were spent on, in the order of the run.
    """

    def __init__(self, total_s: float, began_s: float | None = None) -> None:
        """`began_s`, by `time.monotonic`, is when the run began; None: now."""
        self.total_s = total_s
        self.began_s = time.monotonic() if began_s is None else began_s
        self.spent_s = dict.fromkeys(("start-up", "training", "selection", "evaluation", "saving"), 0.0)
        self._marked_s = self.began_s

    @property
    def gone_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began_s

    @property
    def left_s(self) -> float:
        """Seconds until the wall time is over; negative afterwards."""
        return self.total_s - self.gone_s

    @property
    def saving_s(self) -> float:
        """What has to be left for writing: twice what it took so far."""
        return max(SAVING_S, 2.0 * self.spent_s["saving"])

    def mark(self, what: str) -> None:
        """All time since the last mark was spent on `what`."""
        now_s = time.monotonic()
        self.spent_s[what] += now_s - self._marked_s
        self._marked_s = now_s

    @contextmanager
    def spending(self, what: str, on_rest: str) -> Iterator[None]:
        """The block is `what`, the time before it `on_rest`."""
        self.mark(on_rest)
        try:
            yield
        finally:
            self.mark(what)

    def afterwards_s(self, needed_s: float) -> float:
        """What to keep for selection and evaluation, which would need so much, and for writing."""
        return min(needed_s, MAX_AFTERWARDS * self.total_s) + self.saving_s

    def until_s(self, share: float = 1.0) -> float:
        """When, by `time.monotonic`, this share of what is left is over, but for what writing takes."""
        return time.monotonic() + share * max(self.left_s - self.saving_s, 0.0)

    def told(self) -> str:
        """How the time was used, in one line."""
        parts = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in self.spent_s.items() if seconds >= 0.5)
        of = f" of {self.total_s:g} s" if math.isfinite(self.total_s) else ""
        return f"{parts}: {sum(self.spent_s.values()):.0f} s{of}"
