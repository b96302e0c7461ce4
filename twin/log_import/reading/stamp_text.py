"""Parses text stamps in bulk.

Most stamps of a column have the same shape: one of them is parsed with a regular expression, and every other one with
digits at the same places, and the same characters elsewhere, is parsed by position. The rest is processed again.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from twin.log_import.reading.numbers import valid
from twin.log_import.reading.zones import DAY_S, offset_s

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONE = r"(?P<z>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)"
_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "j": r"(?P<j>\d{1,3})",
    "b": rf"(?P<b>(?i:{'|'.join(_MONTHS)}))",
    "p": r"(?P<p>(?i:[ap]\.?m\.?))",
    "z": _ZONE,
}
_ISO = (
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:(?:[Tt]| +)(?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{0,9})\d*)?)?(?: ?" + _ZONE + r")?)?"
)
_SHAPES = 64
"""Number of shapes that are parsed by position before the rest of a batch is parsed one by one."""
_NUMBERS = "YymdHIMSj"
_OF_DATE = frozenset("Yymdjb")
_TWO_DIGIT_YEARS_FROM = 1969
"""%y is 1969 to 2068, as in strptime."""


class Fields(NamedTuple):
    """Parsed stamps; every array of shape (n,)."""

    seconds: np.ndarray
    """Since 1970, of a time of day since midnight; UTC if `has_offset`, else local."""
    nanoseconds: np.ndarray
    has_offset: np.ndarray
    ok: np.ndarray


class Pattern:
    """A format as a regular expression with a group for each field.

    Raises:
        ValueError: with a sentence that names the fault.
    """

    def __init__(self, text: str) -> None:
        self.regex = re.compile(_ISO if text == "iso" else _checked_regex(text), re.ASCII)
        self.has_date = bool(_OF_DATE & set(self.regex.groupindex))
        """False for a format of times of day only."""

    def values(self, stamp: str) -> dict[str, int] | None:
        """A stamp's fields by directive, `f` in nanoseconds and `z` in seconds; None if it does not match."""
        match = self.regex.fullmatch(stamp)
        if match is None:
            return None
        found: dict[str, int] = {}
        for name, text in match.groupdict().items():
            if text is None:
                continue
            if name == "f":
                found[name] = int(text.ljust(9, "0"))
            elif name == "b":
                found[name] = _MONTHS.index(text.lower()) + 1
            elif name == "p":
                found[name] = int(text[0] in "pP")
            elif name == "z":
                ahead = offset_s(text)
                if ahead is None:
                    return None
                found[name] = ahead
            else:
                found[name] = int(text)
        return found


def _checked_regex(text: str) -> str:
    known = (
        "iso, epoch_s, epoch_ms, epoch_us, epoch_ns, filetime, dotnet_ticks, labview, excel, matlab, relative_s, "
        "relative_ms, relative_us, relative_ns or a pattern such as %d.%m.%Y %H:%M:%S.%f"
    )
    if "%" not in text:
        raise ValueError(f"unknown time stamp format {text!r}: {known}")
    expression = regex_of(text)
    _check_fields(text, set(re.compile(expression).groupindex))
    return expression


def regex_of(text: str) -> str:
    """A pattern's regular expression, even if its fields make no time; ValueError for an unknown directive."""
    parts, seen, at = [], set(), 0
    while at < len(text):
        sign = text[at]
        at += 1
        if sign.isspace():
            parts.append(r"\s+")
            at += len(text[at:]) - len(text[at:].lstrip())
        elif sign != "%":
            parts.append(re.escape(sign))
        else:
            directive = text[at : at + 1]
            at += 1
            if directive == "%":
                parts.append("%")
                continue
            if directive not in _DIRECTIVES:
                allowed = " ".join(f"%{name}" for name in _DIRECTIVES)
                raise ValueError(f"time stamp format {text!r} has %{directive}, which is none of {allowed} %%")
            if directive in seen:
                raise ValueError(f"time stamp format {text!r} has %{directive} twice")
            seen.add(directive)
            parts.append(_DIRECTIVES[directive])
    return "".join(parts)


def _check_fields(text: str, seen: set[str]) -> None:
    for one, other in (("Y", "y"), ("m", "b"), ("H", "I"), ("m", "j"), ("b", "j"), ("d", "j")):
        if one in seen and other in seen:
            raise ValueError(f"time stamp format {text!r} has both %{one} and %{other}")
    if not seen & {"H", "I"} | seen & _OF_DATE:
        raise ValueError(f"time stamp format {text!r} has no date and no hour")
    if seen & _OF_DATE and not seen & {"Y", "y"}:
        raise ValueError(f"time stamp format {text!r} has no year")
    if seen & _OF_DATE and "j" not in seen and not (seen & {"m", "b"} and "d" in seen):
        raise ValueError(f"time stamp format {text!r} has no day: it needs %m or %b with %d, or %j")
    if ("I" in seen) != ("p" in seen):
        raise ValueError(f"time stamp format {text!r} needs %I and %p together")
    for fine, coarse in (("M", {"H", "I"}), ("S", {"M"}), ("f", {"S"})):
        if fine in seen and not seen & coarse:
            raise ValueError(f"time stamp format {text!r} has %{fine} without %{min(coarse)}")


def fields_of(column: pa.Array, pattern: Pattern) -> Fields:
    """Parse a column of strings, with or without surrounding blanks."""
    n = len(column)
    values = {name: np.zeros(n, np.int64) for name in (*pattern.regex.groupindex, "Y", "m", "d")}
    has_offset, ok = np.zeros(n, bool), np.zeros(n, bool)
    left = np.flatnonzero(valid(column))
    offsets, data = _buffers(column)
    for _ in range(_SHAPES):
        if not len(left):
            break
        row = int(left[0])
        stamp = data[offsets[row] : offsets[row + 1]].tobytes()
        match = pattern.regex.fullmatch(text) if (text := _ascii(stamp)) is not None else None
        if match is None:
            if (trimmed := _trimmed(stamp, pattern)) is not None:
                _put(row, trimmed, values, has_offset, ok)
            left = left[1:]
            continue
        alike, signs = _alike(left, match, offsets, data)
        rows = left[alike]
        _read_alike(rows, signs[:, alike] if len(rows) < signs.shape[1] else signs, match, pattern, values)
        has_offset[rows] = match.groupdict().get("z") is not None
        ok[rows] = True
        left = left[~alike] if len(rows) < len(left) else left[:0]
    known: dict[bytes, dict[str, int] | None] = {}
    for row in left.tolist():
        stamp = data[offsets[row] : offsets[row + 1]].tobytes()
        if stamp not in known:
            known[stamp] = _trimmed(stamp, pattern)
        found = known[stamp]
        if found is not None:
            _put(row, found, values, has_offset, ok)
    if not pattern.has_date:
        values["Y"][:], values["m"][:], values["d"][:] = 1970, 1, 1
    return _checked(values, has_offset, ok, "j" in pattern.regex.groupindex)


def _buffers(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Begin of each row's bytes, of shape (n + 1,), and the bytes."""
    _, at, text = column.buffers()
    offsets = np.frombuffer(at, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    return offsets, np.frombuffer(text, np.uint8) if text is not None else np.zeros(0, np.uint8)


def _ascii(stamp: bytes) -> str | None:
    return stamp.decode() if stamp.isascii() else None


def _trimmed(stamp: bytes, pattern: Pattern) -> dict[str, int] | None:
    return pattern.values(stamp.decode(errors="replace").strip())


def _put(
    row: int, found: dict[str, int], values: dict[str, np.ndarray], has_offset: np.ndarray, ok: np.ndarray
) -> None:
    for name in values:
        values[name][row] = found.get(name, 0)
    has_offset[row] = "z" in found
    ok[row] = True


def _alike(
    rows: np.ndarray, match: re.Match[str], offsets: np.ndarray, data: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `rows` with digits where the matched stamp has them and its characters elsewhere; and their bytes at each
    position: uint8 of shape (positions, rows)."""
    stamp = np.frombuffer(match.string.encode(), np.uint8)
    size = len(stamp)
    begin = offsets[rows]
    alike = offsets[rows + 1] - begin == size
    if alike.all() and begin[-1] - begin[0] == (len(rows) - 1) * size:
        signs = np.ascontiguousarray(data[begin[0] : begin[0] + len(rows) * size].reshape(len(rows), size).T)
    else:
        begin = np.where(alike, begin, begin[0])  # the first is the stamp itself
        signs = np.stack([data[begin + k] for k in range(size)])
    fixed = np.ones(size, bool)
    for name in (*_NUMBERS, "f"):
        if name in match.groupdict() and match[name] is not None:
            fixed[match.start(name) : match.end(name)] = False
    for k in range(size):
        alike &= signs[k] == stamp[k] if fixed[k] else signs[k] - np.uint8(48) <= 9
    return alike, signs


def _read_alike(
    rows: np.ndarray, signs: np.ndarray, match: re.Match[str], pattern: Pattern, values: dict[str, np.ndarray]
) -> None:
    """Parse the fields of stamps of the matched stamp's shape from their bytes: uint8 of shape (positions, rows)."""
    found = pattern.values(match.string) or {}
    for name in found:
        if name not in _NUMBERS and name != "f":
            values[name][rows] = found[name]
            continue
        total = np.zeros(len(rows), np.int32)
        for k in range(match.start(name), match.end(name)):
            total = total * np.int32(10) + (signs[k] - np.uint8(48))
        if name == "f":
            total = total * np.int32(10 ** (9 - len(match[name])))
        values[name][rows] = total


def _checked(values: dict[str, np.ndarray], has_offset: np.ndarray, ok: np.ndarray, by_day_of_year: bool) -> Fields:
    """Seconds and nanoseconds of fields that are a valid date and time of day; clears `ok` of the others."""
    zero = np.zeros(len(ok), np.int64)
    year = values["Y"]
    if "y" in values:
        short = values["y"]
        year = short + np.where(short < _TWO_DIGIT_YEARS_FROM % 100, 2000, 1900)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    ok = ok & (year >= 1)
    if by_day_of_year:
        day = values["j"]
        ok &= (day >= 1) & (day <= 365 + leap)
        days = _days(year, np.ones_like(year), np.ones_like(year)) + day - 1
    else:
        month, day = values.get("b", values["m"]), values["d"]
        ok &= (month >= 1) & (month <= 12) & (day >= 1)
        month = np.clip(month, 1, 12)
        last = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[month - 1] + (leap & (month == 2))
        ok &= day <= last
        days = _days(year, month, day)
    hour = values.get("H", zero)
    if "I" in values:
        hour = values["I"]
        ok &= (hour >= 1) & (hour <= 12)
        hour = hour % 12 + 12 * values["p"]
    minute, second = values.get("M", zero), values.get("S", zero)
    ok &= (hour <= 23) & (minute <= 59) & (second <= 59)
    seconds = days * DAY_S + hour * 3600 + minute * 60 + second - values.get("z", zero)
    return Fields(np.where(ok, seconds, 0), values.get("f", zero), has_offset, ok)


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Days since 1970-01-01 of a date of the Gregorian calendar, in years that begin with March."""
    year = year - (month <= 2)
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
