"""Time stamps of any format as nanoseconds since 1970 UTC."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import flat, is_text, plain_numbers, to_float, valid
from twin.log_import.reading.stamp_text import Fields, Pattern, fields_of
from twin.log_import.reading.zones import DAY_S, LocalTime, zone_named

EPOCH_UNIT_NS = {"epoch_s": 10**9, "epoch_ms": 10**6, "epoch_us": 10**3, "epoch_ns": 1}
_DIGITS = {"epoch_s": 9, "epoch_ms": 6, "epoch_us": 3, "epoch_ns": 0}
"""Of a fraction, down to the nanosecond."""
_EXCEL_DAY_0 = -25_569  # 1899-12-30, in days since 1970
_US_A_DAY = DAY_S * 10**6
_S_NS = 10**9
_LAST_S = 9_223_372_036
"""Seconds from 1970, both ways, that 64 bits of nanoseconds reach: the years 1677 to 2262."""


class StampFormat:
    """How the time stamps of a column are written. Made by `parse_stamp_format`."""

    def __init__(self, text: str, zone: str | None, layout: TableLayout) -> None:
        self.text = text
        self.zone = zone
        self._layout = layout
        self._local = LocalTime(zone_named(zone)) if zone is not None else None
        self._pattern = Pattern(text) if text not in EPOCH_UNIT_NS and text != "excel" else None

    def __repr__(self) -> str:
        return f"StampFormat({self.text!r}, zone={self.zone!r})"

    def to_ns(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """The times of a column.

        Timestamps and dates of Parquet are taken as they are, those without a zone in this format's zone. A stamp's
        own offset wins over the zone; where no zone is given, a stamp without an offset among others with theirs cannot
        be read. Fractions finer than a nanosecond are cut; those of Excel's days are rounded to a microsecond, which is
        what their 15 digits hold. There is no second 60 and no hour 24. A local time that the clocks showed twice is
        the first of the two; one that they skipped comes out later by what was skipped.

        Args:
            column: strings, numbers or Parquet times, of n rows.

        Returns:
            int64 of shape (n,), nanoseconds since 1970 UTC, 0 where there is none; bool of shape (n,), True where the
            stamp could be read. An empty stamp could not.

        Raises:
            ValueError: where no stamp carries a zone and none was given.
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
        if self.text == "excel":
            return self._from_excel(column)
        return self._from_epoch(column)

    def _utc(self, local_s: np.ndarray, ok: np.ndarray) -> np.ndarray:
        """Local seconds as seconds UTC, where `ok`."""
        if not ok.any():
            return local_s
        if self._local is None:
            raise ValueError("the time stamps carry no zone, so one must be given")
        utc_s = local_s.copy()
        utc_s[ok] -= self._local.ahead_s(local_s[ok])
        return utc_s

    def _from_fields(self, fields: Fields) -> tuple[np.ndarray, np.ndarray]:
        ok = fields.ok
        if self._local is None and (ok & fields.has_offset).any():
            ok = ok & fields.has_offset  # among stamps with their zone, one without is none: a clock that was never set
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

    def _from_epoch(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        unit_ns = EPOCH_UNIT_NS[self.text]
        n = len(column)
        if is_text(column.type):
            column = plain_numbers(column, self._layout)
            ns, ok = _exact_ns(column, _DIGITS[self.text])
            odd = valid(column) & ~ok
            if odd.any():  # with an exponent, or too large
                ns[odd], ok[odd] = self._from_epoch(pc.cast(column.filter(odd), pa.float64()))
            return ns, ok
        if pa.types.is_integer(column.type):
            ok = valid(column)
            units = column.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
            if pa.types.is_unsigned_integer(column.type):
                ok &= units >= 0  # beyond 63 bits
            return _from_units(units, np.zeros(n), unit_ns, ok)
        values, _ = to_float(column, self._layout)
        ok = np.isfinite(values) & (np.abs(values) < 2.0**63)
        whole = np.floor(np.where(ok, values, 0.0))
        rest = np.where(ok, values, 0.0) - whole
        if unit_ns == _S_NS:  # a float of this size holds microseconds at best
            rest = np.round(rest, 6)
        return _from_units(whole.astype(np.int64), rest, unit_ns, ok)

    def _from_excel(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        days, _ = to_float(column, self._layout)
        ok = np.isfinite(days) & (np.abs(days) < 200_000)
        days = np.where(ok, days, 0.0)
        whole = np.floor(days)
        us = np.round((days - whole) * _US_A_DAY).astype(np.int64)
        seconds, rest = np.divmod((whole.astype(np.int64) + _EXCEL_DAY_0) * _US_A_DAY + us, 10**6)
        return _joined(self._utc(seconds, ok), rest * 1000, ok)


def parse_stamp_format(text: str, zone: str | None = None, layout: TableLayout | None = None) -> StampFormat:
    """How the stamps of a column are written.

    Args:
        text: `iso` (date, or date and time with T or a blank between, 0 to 9 digits of fraction after a point or a
            comma, with Z or an offset or without), `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`, `excel` (days since
            1899-12-30), or a pattern of %Y %y %m %d %H %I %M %S %f (1 to 9 digits) %p %b %j %z %% and other signs,
            where a blank stands for any number of blanks.
        zone: IANA name, `UTC` or an offset such as `+08:00`, for stamps that carry none.
        layout: the table's, for its decimal mark; as TableLayout() unless given.

    Raises:
        ValueError: a sentence that says what is wrong.
    """
    return StampFormat(text, zone, layout or TableLayout())


def _exact_ns(numbers: pa.Array, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Decimal numbers of a unit of 10**digits nanoseconds, exact; not ok where one is written otherwise."""
    cut = pc.replace_substring_regex(numbers, rf"^([+-]?[0-9]*\.[0-9]{{{digits}}})[0-9]+$", r"\1")
    plain = pc.match_substring_regex(cut, rf"^[+-]?[0-9]{{0,19}}(\.[0-9]{{0,{digits}}})?$")
    column = pc.cast(pc.if_else(plain, cut, pa.scalar(None, pa.string())), pa.decimal128(38, digits))
    raw = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)[column.offset :][: len(column)]
    ok = valid(column) & (raw[:, 1] == raw[:, 0] >> 63)  # it fits into 64 bits
    return _joined(*np.divmod(np.where(ok, raw[:, 0], 0), _S_NS), ok)


def _from_units(units: np.ndarray, rest: np.ndarray, unit_ns: int, ok: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times from whole units of `unit_ns` and a fraction of one more."""
    seconds, more = np.divmod(units, _S_NS // unit_ns)
    return _joined(seconds, more * unit_ns + np.floor(rest * unit_ns + 1e-3).astype(np.int64), ok)


def _joined(seconds: np.ndarray, nanoseconds: np.ndarray, ok: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nanoseconds where `ok` and within what 64 bits hold, else 0."""
    ok = ok & (seconds > -_LAST_S) & (seconds < _LAST_S)
    return np.where(ok, seconds, 0) * _S_NS + np.where(ok, nanoseconds, 0), ok
