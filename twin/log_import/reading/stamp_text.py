"""Parses text stamps in bulk, by Arrow's regular expressions and NumPy's calendar."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.log_import.reading.numbers import valid
from twin.log_import.reading.zones import offset_s

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
        regex = _ISO if text == "iso" else _checked_regex(text)
        self.regex = f"^(?:{regex})$"
        self.fields = frozenset(re.compile(regex).groupindex)
        """Directives of its fields."""
        self.has_date = bool(_OF_DATE & self.fields)
        """False for a format of times of day only."""


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
    found = pc.extract_regex(pc.utf8_trim_whitespace(column), pattern.regex)
    ok = valid(found)
    texts = {name: pc.struct_field(found, name).fill_null("") for name in pattern.fields}  # empty: optional, left out
    numbers = {name: _numbers(texts[name]) for name in pattern.fields & set(_NUMBERS)}

    def number(name: str, otherwise: int = 0) -> np.ndarray:
        return numbers.get(name, np.full(len(ok), otherwise))

    year = number("Y", 1970)
    if "y" in numbers:
        year = numbers["y"] + np.where(numbers["y"] < _TWO_DIGIT_YEARS_FROM % 100, 2000, 1900)
    month = number("m", 1)
    if "b" in texts:
        month = np.array(pc.index_in(pc.utf8_lower(texts["b"]), pa.array(_MONTHS)).fill_null(-1)) + 1
    day, unit = (numbers["j"], "M8[Y]") if "j" in numbers else (number("d", 1), "M8[M]")
    begin = (12 * (year - 1970) + month - 1).astype("M8[M]").astype("M8[D]")
    date = begin + (day - 1)
    ok &= (year >= 1) & (month >= 1) & (month <= 12) & (date.astype(unit) == begin.astype(unit))
    hour = number("H")
    if "I" in numbers:
        ok &= (numbers["I"] >= 1) & (numbers["I"] <= 12)
        hour = numbers["I"] % 12 + 12 * np.array(pc.starts_with(pc.utf8_lower(texts["p"]), "p"))
    ok &= (hour <= 23) & (number("M") <= 59) & (number("S") <= 59)
    seconds = date.astype("M8[s]").astype(np.int64) + hour * 3600 + number("M") * 60 + number("S")
    nanoseconds = _numbers(pc.utf8_rpad(texts["f"], 9, "0")) if "f" in texts else np.zeros(len(ok), np.int64)
    has_offset = np.zeros(len(ok), bool)
    if "z" in texts:
        zones = texts["z"].dictionary_encode()
        ahead = [offset_s(zone) for zone in zones.dictionary.to_pylist()]
        of_row = np.array(zones.indices)
        seconds -= np.array([s or 0 for s in ahead], np.int64)[of_row]
        has_offset = np.array([s is not None for s in ahead], bool)[of_row]
        ok &= has_offset | np.array(pc.equal(texts["z"], ""))
    return Fields(np.where(ok, seconds, 0), nanoseconds, has_offset, ok)


def _numbers(digits: pa.Array) -> np.ndarray:
    """int64 of strings of digits; 0 for an empty one."""
    return np.array(pc.cast(pc.binary_join_element_wise("0", digits, ""), pa.int64()))
