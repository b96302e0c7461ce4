"""By which formats a number is a date that a log can have: tells a wrong unit, and a clock that counts from a start."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.log_import.reading.stamps import COUNTS, RELATIVE

FROM_S, TO_S = 788_918_400, 2_871_763_200
"""1995 to 2060, in seconds since 1970: wide enough for any log, and no number is within by two formats but by days."""
_DAYS_STEP = 9e-4
"""Days are counted where one line is less than this after the other: 78 s. Counts of seconds hardly go so fast."""
_RELATIVE_S = 20 * 365.25 * 86_400
"""A count of less from its zero may be one from a start: an uptime, a trace."""


def formats_of(numbers: np.ndarray, days_step: float = _DAYS_STEP) -> list[str]:
    """The formats by which most of these numbers (K,), in the order of the file, are dates of 1995 to 2060.

    `days_step`: they may be days where one is less than this after the other.
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
    """What numbers are that are to be read by some format."""

    is_relative: bool
    """They count from a start and tell no date."""
    others: tuple[str, ...] = ()
    """They are no dates of 1995 to 2060 by this format, but by these."""


def judged(numbers: np.ndarray, name: str) -> Judged:
    """Whether numbers (K,), in the order of the file, can be what a format of `COUNTS` says that they are."""
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
    """The median of numbers and of their steps; NaN where there is none."""
    known = numbers[np.abs(numbers) < 1e300]
    steps = np.abs(np.diff(known))
    steps = steps[steps > 0.0]
    return (
        float(np.median(known)) if len(known) else float("nan"),
        float(np.median(steps)) if len(steps) else float("nan"),
    )
