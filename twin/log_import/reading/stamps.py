"""Converts time stamps of any format to nanoseconds since 1970 UTC."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.log_import.reading.days import Days
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import flat, is_text, plain_numbers, to_float, valid
from twin.log_import.reading.stamp_text import Fields, Pattern, fields_of
from twin.log_import.reading.zones import DAY_S, ahead_s, zone_named

_US_A_DAY = DAY_S * 10**6
_S_NS = 10**9
_LAST_S = 9_223_372_036 - 10 * DAY_S
"""Seconds from 1970, both ways, that fit 64 bits of nanoseconds, less the largest correction of a clock: the years 1677
to 2262."""


class Count(NamedTuple):
    """A clock that counts units from its own zero."""

    unit_ns: int
    """0: days with a fraction."""
    zero_s: int = 0
    """Time of its zero, in seconds since 1970."""
    is_local: bool = False
    """True if it counts local time, so that a zone is needed."""

    def seconds(self, number: float) -> float:
        """Seconds since 1970 of a count."""
        return number * (self.unit_ns / _S_NS if self.unit_ns else DAY_S) + self.zero_s


COUNTS = {
    "epoch_s": Count(10**9),
    "epoch_ms": Count(10**6),
    "epoch_us": Count(10**3),
    "epoch_ns": Count(1),
    "filetime": Count(100, -11_644_473_600),  # Windows: since 1601
    "dotnet_ticks": Count(100, -62_135_596_800, True),  # DateTime.Ticks: since the year 1
    "labview": Count(10**9, -2_082_844_800),  # since 1904
    "excel": Count(0, -25_569 * DAY_S, True),  # also OLE: since 1899-12-30
    "matlab": Count(0, -719_529 * DAY_S, True),  # datenum: since the year 0
}
RELATIVE = "relative_"
"""Counts without a date: `relative_s`, `relative_ms`, `relative_us` and `relative_ns`, from a start or a trigger."""
COUNTS |= {RELATIVE + unit: COUNTS[f"epoch_{unit}"] for unit in ("s", "ms", "us", "ns")}
OTHER_NAMES = {"excel_days": "excel", "ole": "excel"}


class StampFormat:
    """Format of a column's time stamps.

    Args:
        text: `iso` (date, or date and time with T or a blank between, 0 to 9 digits of fraction after a point or a
            comma, with Z or an offset or without); a key of `COUNTS`; or a pattern of %Y %y %m %d %H %I %M %S %f (1 to
            9 digits) %p %b %j %z %% and other signs, where a blank stands for any number of blanks. A pattern without
            a date is a time of day: then columns must be given in the order of the file, since midnights are counted.
        zone: IANA name, `UTC` or an offset such as `+08:00`, for stamps without one.
        layout: the table's, for its decimal mark; default TableLayout().
        day: of the first stamp, for times of day; None for all others.

    Raises:
        ValueError: with a sentence that names the fault.
    """

    def __init__(
        self, text: str, zone: str | None = None, layout: TableLayout | None = None, day: date | None = None
    ) -> None:
        self.text = text = OTHER_NAMES.get(text, text)
        self._layout = layout or TableLayout()
        self._zone = zone_named(zone) if zone is not None else None
        self._count = COUNTS.get(text)
        self._pattern = Pattern(text) if self._count is None else None
        self._days: Days | None = None
        if self._pattern is not None and not self._pattern.has_date:
            if day is None:
                raise ValueError(f"time stamp format {text!r} has no year and no day: the first line's must be given")
            self._days = Days(day)
        elif day is not None:
            raise ValueError(f"time stamp format {text!r} tells the day itself: it must not be given")

    def to_ns(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Times of a column.

        Timestamps and dates of Parquet are used as they are, in this format's zone if they have none. A stamp's own
        offset has precedence over the zone; if no zone is given, a stamp without an offset among others with one is
        invalid. Fractions finer than a nanosecond are cut; those of Excel's days are rounded to a microsecond, the
        resolution of their 15 digits. There is no second 60 and no hour 24. A local time that occurs twice is the first
        of the two; a skipped one becomes later by the skipped time.

        Args:
            column: strings, numbers or Parquet times, of n rows.

        Returns:
            int64 of shape (n,), nanoseconds since 1970 UTC, 0 for an invalid stamp; bool of shape (n,), True for a
            valid stamp. An empty stamp is invalid.

        Raises:
            ValueError: if no stamp has a zone and none was given.
        """
        column = flat(column)
        kind = column.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return self._from_arrow(column)
        if self._pattern is not None:
            if pa.types.is_integer(kind):
                column = column.cast(pa.string())
            if not is_text(column.type):
                return np.zeros(len(column), np.int64), np.zeros(len(column), bool)
            return self._from_fields(fields_of(column, self._pattern))
        assert self._count is not None
        if self._count.unit_ns == 0:
            return self._from_days(column, self._count)
        seconds, nanoseconds, ok = self._counted(column, self._count)
        seconds = seconds + self._count.zero_s
        if self._count.is_local:
            ok = ok & (np.abs(seconds) < _LAST_S)
            seconds = self._utc(seconds, ok)
        return _joined(seconds, nanoseconds, ok)

    @property
    def is_count(self) -> bool:
        """True if the stamps are numbers that count from some zero."""
        return self._count is not None

    def numbers(self, column: pa.Array) -> np.ndarray:
        """A column's counts: float64 of shape (n,), NaN for an invalid stamp."""
        column = flat(column)
        kind = column.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return np.full(len(column), np.nan)
        return to_float(column, self._layout)[0]

    def _utc(self, local_s: np.ndarray, ok: np.ndarray) -> np.ndarray:
        """Local seconds converted to seconds UTC, where `ok`."""
        if not ok.any():
            return local_s
        if self._zone is None:
            raise ValueError("the time stamps carry no zone, so one must be given")
        utc_s = local_s.copy()
        utc_s[ok] -= ahead_s(self._zone, local_s[ok])
        return utc_s

    def _from_fields(self, fields: Fields) -> tuple[np.ndarray, np.ndarray]:
        ok = fields.ok
        if self._days is not None:
            fields = fields._replace(seconds=self._days.unrolled(fields.seconds, ok))
        if self._zone is None and (ok & fields.has_offset).any():
            ok = ok & fields.has_offset  # an unset clock among stamps with a zone
        seconds = self._utc(fields.seconds, ok & ~fields.has_offset)
        return _joined(seconds, fields.nanoseconds, ok)

    def _from_arrow(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        ok = valid(column)
        if pa.types.is_date(column.type):
            column = column.cast(pa.timestamp("s"))
        unit_ns = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[column.type.unit]
        count = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        seconds, rest = np.divmod(count, _S_NS // unit_ns)
        if column.type.tz is None:
            in_reach = ok & (np.abs(seconds) < _LAST_S)
            seconds = self._utc(seconds, in_reach)
        return _joined(seconds, rest * unit_ns, ok)

    def _counted(self, column: pa.Array, count: Count) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Seconds and nanoseconds since the count's zero, and a mask of valid stamps."""
        if is_text(column.type):
            column = plain_numbers(column, self._layout)
            seconds, nanoseconds, ok = _exact(column, count.unit_ns)
            odd = valid(column) & ~ok
            if odd.any():  # with an exponent, or too large
                floats = pc.cast(column.filter(odd), pa.float64())
                seconds[odd], nanoseconds[odd], ok[odd] = self._counted(floats, count)
            return seconds, nanoseconds, ok
        if pa.types.is_integer(column.type):
            ok = valid(column)
            units = column.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
            if pa.types.is_unsigned_integer(column.type):
                ok &= units >= 0  # beyond 63 bits
            return *_from_units(units, np.zeros(len(column)), count.unit_ns), ok
        values, _ = to_float(column, self._layout)
        ok = np.isfinite(values) & (np.abs(values) < 2.0**63)
        whole = np.floor(np.where(ok, values, 0.0))
        rest = np.where(ok, values, 0.0) - whole
        if count.unit_ns == _S_NS:  # a float of this size resolves microseconds at best
            rest = np.round(rest, 6)
        return *_from_units(whole.astype(np.int64), rest, count.unit_ns), ok

    def _from_days(self, column: pa.Array, count: Count) -> tuple[np.ndarray, np.ndarray]:
        days, _ = to_float(column, self._layout)
        zero = count.zero_s // DAY_S
        ok = np.isfinite(days) & (np.abs(days + zero) < _LAST_S // DAY_S)
        days = np.where(ok, days, 0.0)
        whole = np.floor(days)
        us = np.round((days - whole) * _US_A_DAY).astype(np.int64)
        seconds, rest = np.divmod((whole.astype(np.int64) + zero) * _US_A_DAY + us, 10**6)
        return _joined(self._utc(seconds, ok), rest * 1000, ok)


def _exact(numbers: pa.Array, unit_ns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact seconds and nanoseconds of decimal numbers; not ok for another notation."""
    digits = {10**9: 9, 10**6: 6, 10**3: 3}.get(unit_ns, 0)  # digits of the fraction, down to the nanosecond
    least_ns = unit_ns // 10**digits
    cut = pc.replace_substring_regex(numbers, rf"^([+-]?[0-9]*\.[0-9]{{{digits}}})[0-9]+$", r"\1")
    plain = pc.match_substring_regex(cut, rf"^[+-]?[0-9]{{0,19}}(\.[0-9]{{0,{digits}}})?$")
    column = pc.cast(pc.if_else(plain, cut, pa.scalar(None, pa.string())), pa.decimal128(38, digits))
    raw = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)[column.offset :][: len(column)]
    ok = valid(column) & (raw[:, 1] == raw[:, 0] >> 63)  # it fits into 64 bits
    seconds, rest = np.divmod(np.where(ok, raw[:, 0], 0), _S_NS // least_ns)
    return seconds, rest * least_ns, ok


def _from_units(units: np.ndarray, rest: np.ndarray, unit_ns: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and nanoseconds of whole units of `unit_ns` and a fraction of one more."""
    seconds, more = np.divmod(units, _S_NS // unit_ns)
    return seconds, more * unit_ns + np.floor(rest * unit_ns + 1e-3).astype(np.int64)


def _joined(seconds: np.ndarray, nanoseconds: np.ndarray, ok: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nanoseconds where `ok` and within 64 bits, else 0."""
    ok = ok & (seconds > -_LAST_S) & (seconds < _LAST_S)
    return np.where(ok, seconds, 0) * _S_NS + np.where(ok, nanoseconds, 0), ok
