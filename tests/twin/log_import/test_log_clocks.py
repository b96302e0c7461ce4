"""Clocks of logs: counts of other systems, seconds from a trigger, times of day; a wrong unit is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.twin.log_import.small import AXES, Station, kinds
from twin.errors import InputError
from twin.log_import.drafting import draft_map
from twin.log_import.mapping_checks import load_mapping

T0 = datetime(2026, 2, 11, 6, 23, 41, 200_000, tzinfo=UTC)
T0_NS = 1_770_791_021_200_000_000
US = timedelta(microseconds=1)


def since(year: int, month: int = 1, day: int = 1) -> int:
    """Microseconds of T0 from the begin of a count."""
    return (T0 - datetime(year, month, day, tzinfo=UTC)) // US


FILETIME = since(1601) * 10
TICKS = since(1, 1, 1) * 10
COUNTED = {  # first count, counts of 20 ms
    "epoch_s": (T0_NS / 1e9, 0.02),
    "epoch_ms": (T0_NS // 10**6, 20),
    "epoch_us": (T0_NS // 10**3, 20_000),
    "epoch_ns": (T0_NS, 20_000_000),
    "filetime": (FILETIME, 200_000),
    "dotnet_ticks": (TICKS, 200_000),
    "labview": (since(1904) / 1e6, 0.02),
    "excel": (since(1899, 12, 30) / 86_400e6, 0.02 / 86_400),
    "matlab": (since(1, 1, 1) / 86_400e6 + 367, 0.02 / 86_400),
}


def lines_of(stamps: list[str], head: str = "Time;x;y") -> list[str]:
    return [head, *(f"{stamp};{k};{1000 - k}" for k, stamp in enumerate(stamps))]


def counted(name: str, rows: int = 200) -> list[str]:
    first, step = COUNTED[name]
    stamps = [first + k * step for k in range(rows)]
    return lines_of([str(stamp) if isinstance(stamp, int) else f"{stamp:.10f}" for stamp in stamps])


SEMI = 'file: {delimiter: ";"}\n'


@pytest.mark.parametrize("name", COUNTED)
def test_counts_of_other_systems(name: str, station: Station) -> None:
    report = station.imported(counted(name), f"{{column: Time, format: {name}, zone: UTC}}", AXES, SEMI)
    assert report.findings == []
    assert report.duration_s == pytest.approx(3.98, abs=1e-3)
    assert station.t0_ns == pytest.approx(T0_NS, abs=50_000)
    assert station.at("robot0/x/position_m", 1.0, 3.0) == pytest.approx([0.05, 0.15], abs=5e-5)
    text = draft_map(station.log)
    (station.folder / "draft.yaml").write_text(text)
    assert load_mapping(station.folder / "draft.yaml").file.time.format == name


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("reported", COUNTED)
def test_a_wrong_unit_is_refused_by_the_right_one(name: str, reported: str, station: Station) -> None:
    """Or, where none of its stamps is a time by it, with what they would be."""
    if name == reported:
        return
    with pytest.raises(InputError) as refused:
        station.imported(counted(name), f"{{column: Time, format: {reported}, zone: UTC}}", AXES, SEMI)
    said = str(refused.value)
    assert name in said
    assert "2026-02-11T06:23:41" in said
    assert "format" in said
    assert not (station.folder / "log.mcap").exists()


@pytest.mark.parametrize(
    ("unit", "head", "more"),
    [
        ("s", "Time;x;y", ""),
        ("ms", "Time;x;y", ""),
        ("us", "t [us];x;y", ""),
        ("s", "TIME;x;y\ns;mm;mm", ", units_line: true"),
    ],
)
@pytest.mark.parametrize("written", ["relative", "epoch"])
def test_seconds_from_a_trigger(unit: str, head: str, more: str, written: str, station: Station) -> None:
    """-5.000 s to 14.980 s: 19.98 s without a date."""
    scale = {"s": 1.0, "ms": 1e3, "us": 1e6}[unit]
    stamps = [f"{(k / 50 - 5.0) * scale:.{3 if unit == 's' else 0}f}" for k in range(1000)]
    column = head.split(";")[0]
    time = f"{{column: '{column}', format: {written}_{unit}}}"
    report = station.imported(lines_of(stamps, head), time, AXES, SEMI.replace("}", more + "}"))
    assert report.findings == []
    assert (report.start, report.end, report.duration_s) == ("-5.000 s", "+14.980 s", 19.98)
    assert "trigger" in report.readings["clock"]
    assert station.t0_ns == 0
    assert station.at("robot0/x/position_m", 0.0, 5.0, 19.98) == pytest.approx([0.0, 0.25, 0.999])
    (station.folder / "draft.yaml").write_text(draft_map(station.log))
    drafted = load_mapping(station.folder / "draft.yaml").file.time
    assert (drafted.column, drafted.format) == (column, f"relative_{unit}")


def test_an_uptime_that_could_be_a_date_is_read_as_the_mapping_says(station: Station) -> None:
    """Twenty days of milliseconds look like the seconds of 2026."""
    lines = lines_of([str(1_770_791_021 + 20 * k) for k in range(200)])
    with pytest.raises(InputError, match="epoch_s, by which they begin at 2026-02-11.* relative_ms, if they count"):
        station.imported(lines, "{column: Time, format: epoch_ms}", AXES, SEMI)
    report = station.imported(lines, "{column: Time, format: relative_ms}", AXES, SEMI)
    assert report.duration_s == 3.98


def test_a_clock_that_was_unset_for_the_first_lines_is_no_relative_one(station: Station) -> None:
    lines = counted("epoch_s")
    lines[1:4] = ["0.00;0;1000", "0.02;1;999", "0.04;2;998"]
    report = station.imported(lines, "{column: Time, format: epoch_s}", AXES, SEMI)
    assert kinds(report) == {"stray time": 1}
    assert report.start.startswith("2026-02-11")


def clock(k: int, pattern: str, begin: datetime) -> str:
    moment = begin + timedelta(milliseconds=20 * k)
    return moment.strftime(pattern).replace("FFF", f"{moment.microsecond // 1000:03d}")


@pytest.mark.parametrize(
    ("written", "pattern"),
    [("%H:%M:%S.FFF", "%H:%M:%S.%f"), ("%I:%M:%S.FFF %p", "%I:%M:%S.%f %p"), ("%H%M%S.FFF", "%H%M%S.%f")],
)
@pytest.mark.parametrize("newest_first", [False, True])
def test_times_of_day_over_midnight(written: str, pattern: str, newest_first: bool, station: Station) -> None:
    begin = datetime(2026, 2, 11, 23, 59, 50)
    rows = [f"{clock(k, written, begin)};{k};{k}" for k in range(1000)]
    day = "2026-02-12" if newest_first else "2026-02-11"
    time = f'{{column: Time, format: "{pattern}", date: {day}, zone: Asia/Shanghai}}'
    report = station.imported(["Time;x;y", *(rows[::-1] if newest_first else rows)], time, AXES, SEMI)
    assert list(kinds(report)) == (["newest line first"] if newest_first else [])
    assert (report.start, report.duration_s) == ("2026-02-11T15:59:50.000Z", 19.98)
    assert station.at("robot0/x/position_m", 9.98, 10.0, 19.0) == pytest.approx([0.499, 0.5, 0.95])
    (station.folder / "draft.yaml").write_text(draft_map(station.log))
    drafted = load_mapping(station.folder / "draft.yaml").file.time
    assert (drafted.column, drafted.format) == ("Time", pattern)
    assert drafted.date is not None


def test_late_lines_and_a_stray_one_at_midnight(station: Station) -> None:
    begin = datetime(2026, 2, 11, 23, 59, 50)
    rows = [f"{clock(k, '%H:%M:%S.FFF', begin)};{k};{k}" for k in range(1000)]
    rows.insert(510, rows.pop(495))  # 0.1 s before midnight, 0.2 s after it
    rows.insert(200, "00:00:00.000;7;7")
    time = '{column: Time, format: "%H:%M:%S.%f", date: 2026-02-11}'
    report = station.imported(["Time;x;y", *rows], time, AXES, SEMI)
    assert kinds(report) == {"stray time": 1, "line out of order": 1}
    assert (report.start, report.duration_s) == ("2026-02-11T23:59:50.000Z", 19.98)
    assert "UTC" in report.readings["zone"]
    assert station.at("robot0/x/position_m", 9.9) == pytest.approx([0.495])


@pytest.mark.parametrize(
    ("time", "reported"),
    [
        (
            'format: "%H:%M:%S.%f"',
            "time.format: line 5: tells the time of day only, so the day of the log's first line is",
        ),
        ('format: "%H:%M:%S.%f", date: yesterday', "time.date: line 5: no day, got 'yesterday'"),
        ("format: iso, date: 2026-02-11", "time.date: line 5: time stamp format 'iso' tells the day itself"),
        ("format: epoch_s, date: 2026-02-11", "tells the day itself"),
    ],
)
def test_days_that_are_missing_or_too_many(time: str, reported: str, station: Station) -> None:
    with pytest.raises(InputError) as refused:
        station.imported(["Time;x;y", "23:59:50.000;1;1", "23:59:50.020;1;1"], f"{{column: Time, {time}}}", AXES, SEMI)
    assert reported in str(refused.value)
