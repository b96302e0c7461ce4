"""Tests by which formats a number is a plausible date of a log: detects a wrong unit, and a clock that counts from a
start."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.log_import.reading.stamps import COUNTS, RELATIVE

FROM_S, TO_S = 788_918_400, 2_871_763_200
"""1995 to 2060, in seconds since 1970: wide enough for any log, and only formats of days can overlap in it."""
_DAYS_STEP = 9e-4
"""Numbers may be days if consecutive lines differ by less than this: 78 s. Counts of seconds hardly go so fast."""
_RELATIVE_S = 20 * 365.25 * 86_400
"""A count of less than this from its zero may start at zero: an uptime, a trace."""


def formats_of(numbers: np.ndarray, days_step: float = _DAYS_STEP) -> list[str]:
    """Formats by which most of these numbers (K,), in file order, are dates of 1995 to 2060.

    `days_step`: they may be days if consecutive ones differ by less than this.
    """
    middle, step = _middle(numbers)
    return [
        name
        for name, count in COUNTS.items()
        if not name.startswith(RELATIVE)
        and FROM_S <= count.seconds(middle) < TO_S
        and (count.unit_ns > 0 or 0.0 < step < days_step)
    ]


def begin_s(numbers: np.ndarray, name: str) -> float:
    """Seconds since 1970 of the first number by a format."""
    known = numbers[np.isfinite(numbers)]
    return COUNTS[name].seconds(float(known[0])) if len(known) else float("nan")


class Judged(NamedTuple):
    """Plausibility of numbers in a given format."""

    is_relative: bool
    """True if they count from a start and are no dates."""
    others: tuple[str, ...] = ()
    """Formats by which they are dates of 1995 to 2060, if they are not by this one."""


def judged(numbers: np.ndarray, name: str) -> Judged:
    """Judge whether numbers (K,), in file order, are plausible in a format of `COUNTS`."""
    middle, _ = _middle(numbers)
    if name.startswith(RELATIVE):
        return Judged(True)
    at_s = COUNTS[name].seconds(middle)
    if not np.isfinite(middle) or FROM_S <= at_s < TO_S:
        return Judged(False)
    if others := formats_of(numbers):
        return Judged(False, tuple(others))
    return Judged(name.startswith("epoch_") and abs(at_s) < _RELATIVE_S)


def _middle(numbers: np.ndarray) -> tuple[float, float]:
    """Medians of numbers and of their steps; NaN without any."""
    known = numbers[np.abs(numbers) < 1e300]
    steps = np.abs(np.diff(known))
    steps = steps[steps > 0.0]
    return (
        float(np.median(known)) if len(known) else float("nan"),
        float(np.median(steps)) if len(steps) else float("nan"),
    )
