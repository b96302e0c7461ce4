"""Guesses the time column and its format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.log_import.reading.guess_units import unit_in_name
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import is_text, to_float, valid
from twin.log_import.reading.plausible import formats_of
from twin.log_import.reading.stamp_text import regex_of
from twin.log_import.reading.stamps import COUNTS, RELATIVE, StampFormat

_ROWS = 2000
_MOST_BAD = 0.02
_TIME_NAME = re.compile(
    r"time|date|stamp|zeit|datum|uhr|heure|fecha|hora|^ts$|^t(?:$|[\s_]*[\[(/])"
    r"|(?<=[\w\])][._ ])(?-i:t)$|时间|日期|时刻",
    re.IGNORECASE,
)
_DATES = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d-%b-%Y", "%d-%b-%y", "%Y%m%d"]
_DATES += ["%Y.%m.%d", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d %b %Y", "%b %d %Y", "%b %d, %Y", "%Y年%m月%d日"]
_TIMES = ["%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S,%f", "%H:%M:%S:%f", "%H:%M", "%I:%M:%S %p", "%I:%M:%S.%f %p", "%I:%M %p"]
_TIMES += ["%H%M%S", "%H%M%S.%f", "%H.%M.%S", "%H-%M-%S"]
_BETWEEN = (" ", "T", "_", "-", "", ", ")
_RELATIVE_UNITS = {"s": "s", "sec": "s", "ms": "ms", "msec": "ms", "µs": "us", "us": "us", "ns": "ns"}
_UNIT_IN_NAME = re.compile(r"(?:^|[\W_\d])(s|sec|ms|msec|us|µs|ns)[\W_]*$", re.IGNORECASE)
_RELATIVE_ROWS = 20_000
_DAYS_STEP = 0.0105
"""Longest interval between lines, a quarter of an hour, for a count of days."""
_MOST_RELATIVE_S = 366 * 86_400.0
"""Upper limit of a trace's or an uptime's length."""


@dataclass(frozen=True)
class StampGuess:
    """Format of a column's stamps."""

    format: str
    zone_needed: bool
    other: str = ""
    """A format that reads the same stamps with day and month exchanged."""


def guess_stamp(column: pa.Array, name: str, layout: TableLayout) -> StampGuess | None:
    """Format of these stamps, or None if they have no date."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return StampGuess("iso", not (pa.types.is_timestamp(kind) and kind.tz is not None))
    sample = column.filter(column.is_valid())
    sample = sample.take(pa.array(np.unique(np.linspace(0, len(sample) - 1, min(_ROWS, len(sample))).astype(int))))
    if not len(sample):
        return None
    if is_text(kind):
        found = _text_stamp(sample)
        if found is not None:
            return found
    return _number_stamp(sample, column.slice(0, _ROWS), name, layout)


def relative_stamp(column: pa.Array, name: str, layout: TableLayout, unit: str = "") -> StampGuess | None:
    """Format of a column with the time since a start or a trigger; None if it does not only increase.

    The unit is that of the line of units or of the name; else it follows from the steps between lines.
    """
    given = column.filter(column.is_valid()).slice(0, _RELATIVE_ROWS)
    numbers = to_float(given, layout)[0]
    numbers = numbers[np.isfinite(numbers)]
    steps = np.diff(numbers)
    if len(numbers) < 2 or len(numbers) < 0.9 * len(given) or _falls(numbers) or not (steps > 0.0).any():
        return None
    match = _UNIT_IN_NAME.search(name)
    unit_name = _RELATIVE_UNITS.get((unit or (match[1] if match else "") or unit_in_name(name)).lower())
    if unit_name is None:
        step = float(np.median(steps[steps > 0.0]))
        whole = bool((numbers == np.round(numbers)).all())
        # lines are some milliseconds to a second apart; larger steps of whole numbers are of a smaller unit
        unit_name = "s" if not whole or step < 2.0 else "ms" if step < 2e3 else "us" if step < 2e6 else "ns"
    found = RELATIVE + unit_name
    span_s = COUNTS[found].unit_ns * 1e-9 * float(np.abs(numbers).max())
    return StampGuess(found, False) if span_s < _MOST_RELATIVE_S else None


def is_time_of_day(text: str) -> bool:
    """True if a format has no day."""
    return "%" in text and not re.search("%[YymdbjU]", text)


def is_date_only(guess: StampGuess | None) -> bool:
    """True if a format has no time of day."""
    return guess is not None and "%" in guess.format and not re.search("%[HI]", guess.format)


def time_of_day(column: pa.Array, *, alone: bool = False) -> str:
    """Format of a column of times of day, or "".

    `alone`: there is no date column beside it; then digits without separators must be six.
    """
    if not is_text(column.type):
        return ""
    sample = column.filter(valid(column))
    if not len(sample):
        return ""
    if alone and not pc.all(pc.match_substring_regex(sample.slice(0, _ROWS), r"^\s*(\d{1,2}[:.\-]\d|\d{6})")).as_py():
        return ""
    with_date = pc.binary_join_element_wise(
        pa.array(["2000-01-01"] * len(sample)), pc.utf8_trim_whitespace(sample), " "
    )
    for time in _TIMES:
        if _reads(f"%Y-%m-%d {time}", with_date):
            return time
    return ""


def named_like_time(name: str) -> bool:
    """True if a column has a usual name of a time column."""
    return _TIME_NAME.search(name) is not None


def _text_stamp(sample: pa.Array) -> StampGuess | None:
    first = sample[0].as_py().strip()
    if _reads("iso", sample):
        return StampGuess("iso", re.search(r"[Zz]$|\d:?\d\d ?[+-]\d\d:?(\d\d)?$", first) is None)
    fitting = [text for text in _fitting(first) if _reads(text, sample)]
    if not fitting:
        return None
    rising = [text for text in fitting if _rises(text, sample)] or fitting
    # With AM and PM the month mostly comes first.
    text = next((text for text in rising if text.startswith("%m") and "%p" in text), rising[0])
    other = next((other for other in rising if other != text and sorted(other) == sorted(text)), "")
    return StampGuess(text, "%z" not in text, other)


def _number_stamp(sample: pa.Array, begin: pa.Array, name: str, layout: TableLayout) -> StampGuess | None:
    numbers, bad = to_float(sample, layout)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers) or bad.mean() > _MOST_BAD or not (numbers[1:] != numbers[:-1]).any():
        return None
    if not named_like_time(name) and _falls(numbers):  # lines of a buffer may be late by much
        return None
    for text in formats_of(to_float(begin, layout)[0], _DAYS_STEP):
        if COUNTS[text].unit_ns > 0 or named_like_time(name):
            return StampGuess(text, COUNTS[text].is_local)
    return None


def _fitting(stamp: str) -> list[str]:
    """Date formats, with or without time of day, that read this stamp."""
    found = []
    for date in _DATES:
        match = _regex(date).match(stamp)
        if match is None:
            continue
        rest = stamp[match.end() :]
        if not rest:
            found.append(date)
        for between in _BETWEEN:
            if rest.startswith(between):
                tail = rest[len(between) :]
                times = [f"{time}{zone}" for time in _TIMES for zone in ("", "%z", " %z")]
                found += [f"{date}{between}{time}" for time in times if _regex(time).fullmatch(tail)]
    return found


@cache
def _regex(text: str) -> re.Pattern[str]:
    return re.compile(regex_of(text), re.ASCII)


def _reads(text: str, sample: pa.Array) -> bool:
    ok = StampFormat(text, "UTC").to_ns(sample)[1]
    return bool((~ok).mean() <= _MOST_BAD)


def _rises(text: str, sample: pa.Array) -> bool:
    ns, ok = StampFormat(text, "UTC").to_ns(sample)
    return not _falls(ns[ok])


def _falls(values: np.ndarray) -> bool:
    """True if values in file order go back too often for times."""
    return len(values) > 1 and bool((np.diff(values) < 0).mean() > _MOST_BAD)
