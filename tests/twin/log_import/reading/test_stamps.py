"""Time stamps of any format, against the standard library's datetime."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.stamps import StampFormat

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ns_of(moment: datetime) -> int:
    """Nanoseconds since 1970 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def read(text: str, stamps: list[object] | pa.Array, zone: str | None = "UTC", **layout: str) -> list[int | None]:
    """Nanoseconds since 1970 UTC, None where a stamp could not be read."""
    column = stamps if isinstance(stamps, pa.Array) else pa.array(stamps)
    ns, ok = StampFormat(text, zone, TableLayout(**layout)).to_ns(column)
    assert ns.dtype == np.int64
    assert (ns[~ok] == 0).all()
    return [int(value) if good else None for value, good in zip(ns, ok, strict=True)]


MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31))
ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "+08:00", "-03:30"]


@given(
    st.lists(MOMENTS, min_size=1, max_size=20),
    st.sampled_from(
        [
            "%Y-%m-%d %H:%M:%S.%f",
            "%d.%m.%Y %H:%M:%S,%f",
            "%d/%m/%y %I:%M:%S.%f %p",
            "%b %d, %Y %H:%M:%S",
            "%Y%m%d%H%M%S%f",
            "%Y-%j %H:%M",
            "%y%%%m%%%d|%H",
            "%Y年%m月%d日 %H:%M:%S",
        ]
    ),
    st.sampled_from(ZONES),
    st.booleans(),
)
def test_patterns(moments: list[datetime], pattern: str, zone: str, unpadded: bool) -> None:
    stamps = [moment.strftime(pattern) for moment in moments]
    local = [datetime.strptime(stamp, pattern) for stamp in stamps]
    if unpadded and "%d/%m" in pattern:
        stamps = [re.sub(r"^0?(\d+)/0?(\d+)/", r"\1/\2/", stamp) for stamp in stamps]
    info = ZoneInfo(zone) if zone[0] not in "+-" else datetime.fromisoformat(f"2000-01-01T00:00{zone}").tzinfo
    expected = [ns_of(moment.replace(tzinfo=info)) for moment in local]
    assert read(pattern, stamps, zone) == expected


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.lists(st.tuples(MOMENTS, OFFSETS, st.sampled_from(["T", " "]), st.booleans()), min_size=1, max_size=20))
def test_iso_with_offsets(moments: list[tuple[datetime, timezone, str, bool]]) -> None:
    stamps = []
    for moment, offset, between, colon in moments:
        stamp = moment.replace(tzinfo=offset).isoformat(between)
        stamps.append(stamp if colon else stamp[:-3] + stamp[-2:])
    expected = [ns_of(moment.replace(tzinfo=offset)) for moment, offset, _, _ in moments]
    assert read("iso", stamps, "Asia/Shanghai") == expected
    assert read("iso", stamps, None) == expected


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-02-11T14:23:41.200+08:00", "2026-02-11T06:23:41.200"),
        ("2026-02-11 14:23:41,2+0800", "2026-02-11T06:23:41.200"),
        ("2026-02-11T14:23:41.123456789Z", "2026-02-11T14:23:41.123456789"),
        ("2026-02-11T14:23:41.1234567899Z", "2026-02-11T14:23:41.123456789"),
        ("2026-02-11T14:23z", "2026-02-11T14:23"),
        ("2026-02-11 14:23:41 +08", "2026-02-11T06:23:41"),
        (" 2026-02-11 14:23:41 ", "2026-02-11T14:23:41"),
        ("2026-02-11", "2026-02-11"),
        ("2024-02-29", "2024-02-29"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5"),
        ("2026-02-29", None),
        ("2100-02-29", None),
        ("2026-13-01", None),
        ("2026-00-01", None),
        ("2026-01-00", None),
        ("2026-02-11T24:00:00", None),
        ("2026-02-11T14:60:00", None),
        ("2026-02-11T14:23:60", None),
        ("2026-02-11T14:23:41.200+25:00", None),
        ("1600-01-01", None),
        ("2300-01-01", None),
        ("2026-2-11", None),
        ("٢٠٢٦-02-11", None),
        ("2026-02-11T14:23:41x", None),
        ("x", None),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("beside", [[], ["2026-02-11T14:23:41.300+08:00", "bad"], ["2026-02-11", None]])
def test_iso(stamp: str | None, expected: str | None, beside: list[str | None]) -> None:
    found = read("iso", pa.array([*beside, stamp], pa.string()))[-1]
    assert found == (None if expected is None else np.datetime64(expected, "ns").astype(int))


def test_many_shapes_and_much_rubbish() -> None:
    moments = [datetime(2026, k % 12 + 1, k % 28 + 1, k % 24, k % 60, k % 59, tzinfo=UTC) for k in range(3000)]
    stamps = [f"{m.day}.{m.month}.{m.year} {m.hour}:{m.minute}:{m.second}.{k}" for k, m in enumerate(moments)]
    expected: list[int | None] = [ns_of(m) + int(str(k).ljust(9, "0")) for k, m in enumerate(moments)]
    for k in range(0, 3000, 7):
        stamps[k], expected[k] = f"rubbish {k}", None
    assert read("%d.%m.%Y %H:%M:%S.%f", stamps) == expected
    assert read("%d.%m.%Y %H:%M:%S.%f", pa.array(["x", *stamps]).slice(1)) == expected


def test_times_that_clocks_show_twice_or_never() -> None:
    berlin = read(
        "iso",
        ["2026-10-25 02:30:00", "2026-10-25 03:00:00", "2026-03-29 02:30:00", "2026-03-29 03:30:00"],
        "Europe/Berlin",
    )
    utc = ["2026-10-25T00:30", "2026-10-25T02:00", "2026-03-29T01:30", "2026-03-29T01:30"]
    assert berlin == [np.datetime64(text, "ns").astype(int) for text in utc]
    # Lord Howe moves its clocks by half an hour, in the middle of one.
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    local = [datetime(2026, 4, 5, 0, 30) + timedelta(minutes=k) for k in range(180)]
    local += [datetime(2026, 10, 4, 0, 30) + timedelta(minutes=k) for k in range(180)]
    found = read("iso", [moment.isoformat() for moment in local], "Australia/Lord_Howe")
    assert found == [ns_of(moment.replace(tzinfo=lord_howe)) for moment in local]


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=5), st.sampled_from([9, 6, 3, 0]))
def test_epochs_are_exact(moments_ns: list[int], digits: int) -> None:
    text = {9: "epoch_s", 6: "epoch_ms", 3: "epoch_us", 0: "epoch_ns"}[digits]

    def written(ns: int, mark: str) -> str:
        whole, rest = divmod(abs(ns), 10**digits)
        return f"{'-' if ns < 0 else ''}{whole}" + (f"{mark}{rest:0{digits}d}" if digits else "")

    assert read(text, [written(ns, ".") for ns in moments_ns], None) == moments_ns
    if digits:
        assert read(text, [written(ns, ",") for ns in moments_ns], None, decimal=",") == moments_ns
    whole = [ns // 10**digits for ns in moments_ns]
    assert read(text, whole, None) == [k * 10**digits for k in whole]


def test_epochs_as_floats_and_oddly_written() -> None:
    second = 1_770_791_021
    assert read("epoch_s", [second + 0.2, second + 0.123456]) == [
        second * 10**9 + 200_000_000,
        second * 10**9 + 123_456_000,
    ]
    assert read("epoch_s", [f"{second}.1234567899", "1.5e9", "x", None, "1e30"]) == [
        second * 10**9 + 123_456_789,
        15 * 10**17,
        None,
        None,
        None,
    ]
    assert read("epoch_ms", [float(second) * 1000 + 0.5]) == [second * 10**9 + 500_000]
    assert read("epoch_s", pa.array([2**64 - 1, 5], pa.uint64())) == [None, 5 * 10**9]
    assert read("epoch_s", [1_770_791_021_000]) == [None]  # these are milliseconds


@given(MOMENTS)
def test_days_of_excel(moment: datetime) -> None:
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)
    for column, layout in (([repr(days)], {}), ([days], {}), ([repr(days).replace(".", ",")], {"decimal": ","})):
        (found,) = read("excel", column, **layout)
        assert found is not None
        assert abs(found - ns_of(moment.replace(tzinfo=UTC))) <= 1000


def test_times_of_parquet() -> None:
    moment = datetime(2026, 2, 11, 14, 23, 41)
    shanghai = ns_of(moment.replace(tzinfo=ZoneInfo("Asia/Shanghai")))
    for unit in ("s", "ms", "us", "ns"):
        column = pa.array([moment, None], pa.timestamp(unit))
        assert read("iso", column, "Asia/Shanghai") == [shanghai, None]
        zoned = pa.array([moment.replace(tzinfo=UTC), None], pa.timestamp(unit, "America/New_York"))
        assert read("epoch_s", zoned, None) == [ns_of(moment.replace(tzinfo=UTC)), None]
    for kind in (pa.date32(), pa.date64()):
        midnight = ns_of(datetime(2026, 2, 11, tzinfo=ZoneInfo("Asia/Shanghai")))
        assert read("iso", pa.array([date(2026, 2, 11)], kind), "Asia/Shanghai") == [midnight]
    assert read("iso", pa.array([2**60], pa.timestamp("s"))) == [None]
    assert read("%Y%m%d%H%M%S", [20260211142341]) == [ns_of(moment.replace(tzinfo=UTC))]
    assert read("iso", [1.5]) == [None]


def test_stamps_without_a_zone_need_one() -> None:
    for text, column in (
        ("iso", pa.array(["2026-02-11T14:23:41", "x"])),
        ("excel", pa.array(["46000.5"])),
        ("iso", pa.array([0], pa.timestamp("s"))),
    ):
        with pytest.raises(ValueError, match="the time stamps carry no zone, so one must be given"):
            read(text, column, None)
    assert read("iso", ["x"], None) == [None]
    beside_others = read("iso", ["2026-02-11T14:23:41Z", "2026-02-11T14:23:41"], None)
    assert beside_others == [ns_of(datetime(2026, 2, 11, 14, 23, 41, tzinfo=UTC)), None]
    assert read("%Y-%m-%d %H:%M %z", ["2026-02-11 14:23 +0800"], None) == [
        ns_of(datetime(2026, 2, 11, 6, 23, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("text", "zone", "told"),
    [
        ("ISO 8601", None, "unknown time stamp format 'ISO 8601': iso, epoch_s"),
        ("", None, "unknown time stamp format ''"),
        ("%Y-%m-%d %Q", None, "has %Q, which is none of %Y %y"),
        ("%Y-%m-%d %", None, "has %, which is none of"),
        ("%Y-%m-%d %Y", None, "has %Y twice"),
        ("%Y-%y-%m-%d", None, "has both %Y and %y"),
        ("%H:%M:%S", None, "has no year"),
        ("%Y-%m", None, "has no day"),
        ("%Y-%m-%d %I:%M", None, "needs %I and %p together"),
        ("%Y-%m-%d %H %S", None, "has %S without %M"),
        ("iso", "Mars/Olympus", "unknown time zone 'Mars/Olympus'"),
        ("iso", "../../etc/passwd", "unknown time zone"),
        ("iso", "+25:00", "unknown time zone"),
        ("iso", "Asia", "unknown time zone"),
        ("iso", "", "unknown time zone"),
    ],
)
def test_formats_that_cannot_be(text: str, zone: str | None, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        StampFormat(text, zone)
