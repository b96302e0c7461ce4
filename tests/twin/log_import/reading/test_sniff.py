"""Unknown exports: how they are written, where their times are, what their columns hold."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twin.errors import InputError
from twin.log_import.reading import sniff as sniffing
from twin.log_import.reading.guess_units import unit_in_name
from twin.log_import.reading.opening import open_table
from twin.log_import.reading.sniff import Guess, sniff
from twin.log_import.reading.stamps import StampFormat

START = datetime(2026, 2, 11, 14, 23, 41, tzinfo=UTC)
ROWS = 600


def stamps(pattern: str, step_s: float = 0.2, digits: int = 3) -> list[str]:
    """Some rows' time stamps; fractions of `digits` digits."""
    moments = [START + timedelta(seconds=step_s * k) for k in range(ROWS)]
    return [m.strftime(pattern.replace("%f", f"{m.microsecond:06d}"[:digits].replace("%", "%%"))) for m in moments]


def guess(path: Path, text: str, encoding: str = "utf-8") -> Guess:
    """What this text is taken for; that its times can be read so is checked."""
    path.write_bytes(text.encode(encoding))
    found = sniff(path)
    with open_table(path, found.layout) as table:
        assert table.names == found.names
        times = (found.time_column,) if isinstance(found.time_column, str) else found.time_column
        (batch,) = table.batches(times)
        column = batch.columns[times[0]]
        if len(times) == 2:
            column = pa.array([f"{a} {b}" for a, b in zip(*(batch.columns[t].to_pylist() for t in times), strict=True)])
        zone = "UTC" if found.zone_needed else None
        ns, ok = StampFormat(found.stamp_format, zone, found.layout).to_ns(column)
        assert ok.all()
        assert abs(int(ns[0]) - START.timestamp() * 1e9) < 1e9
    return found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


def test_a_german_export(log: Path) -> None:
    rows = [
        f"{stamp};{k * 1.5:.2f};{'EIN' if k % 9 else 'AUS'};1.234,{k % 100:02d};{k // 50}".replace(
            ".00;", ",00;"
        ).replace(".50;", ",50;")
        for k, stamp in enumerate(stamps("%d.%m.%Y %H:%M:%S,%f"))
    ]
    text = "Station;A\nExport;x\n\nZeit;Höhe [mm];Licht;Kraft (N);Schritt\n" + "\n".join(rows) + "\n"
    found = guess(log, text, "cp1252")
    layout = found.layout
    assert (layout.encoding, layout.delimiter, layout.decimal, layout.thousands) == ("cp1252", ";", ",", ".")
    assert layout.header_line == 4
    assert (found.table, found.time_column, found.stamp_format) == ("wide", "Zeit", "%d.%m.%Y %H:%M:%S,%f")
    assert found.zone_needed
    assert [column.kind for column in found.columns] == ["number", "bool", "number", "integer code"]
    assert [column.unit for column in found.columns] == ["mm", "", "N", ""]
    assert (found.columns[0].minimum, found.columns[0].maximum) == (0.0, 898.5)
    assert found.columns[1].words == ("AUS", "EIN")


def test_a_long_table(log: Path) -> None:
    tags = ["GANTRY.X.ActPos[mm]", "HOIST.Z_mm", "TRUCK.LOCK1.Open"]
    rows = [
        f"{tags[k % 3]},{stamp},{('TRUE', 'FALSE')[k // 90 % 2] if k % 3 == 2 else k / 7},{'Good' if k % 50 else 'Bad'}"
        for k, stamp in enumerate(stamps("%Y-%m-%d %H:%M:%S.%f"))
    ]
    found = guess(log, "TagName,TimeStamp,Value,Quality\n" + "\n".join(rows) + "\n")
    assert (found.table, found.tag_column, found.value_column) == ("long", "TagName", "Value")
    assert (found.quality_column, found.time_column, found.stamp_format) == ("Quality", "TimeStamp", "iso")
    assert [column.name for column in found.columns] == tags
    assert [column.kind for column in found.columns] == ["number", "number", "bool"]
    assert [column.unit for column in found.columns] == ["mm", "mm", ""]


def test_a_chinese_export_with_date_and_time_apart(log: Path) -> None:
    rows = [f"{stamp},{k * 0.1:.2f},{20 + k % 7}" for k, stamp in enumerate(stamps("%Y/%m/%d,%H:%M:%S"))]
    found = guess(log, "日期,时间,位置[毫米],温度\n" + "\n".join(rows) + "\n", "gbk")
    assert found.layout.encoding == "gbk"
    assert found.time_column == ("日期", "时间")
    assert found.stamp_format == "%Y/%m/%d %H:%M:%S"
    assert [column.unit for column in found.columns] == ["mm", ""]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_tabs_units_and_milliseconds(encoding: str, log: Path) -> None:
    start_ms = int(START.timestamp() * 1000)
    rows = [f"{start_ms + 20 * k}\t{k * 0.1:.2f}\t{k % 7}\t" for k in range(ROWS)]
    found = guess(log, "Time\tX\tSpeed\tSpare\n\tmm\tm/s\t\n" + "\n".join(rows) + "\n", encoding)
    assert found.layout.units_line
    assert (found.stamp_format, found.zone_needed) == ("epoch_ms", False)
    assert [column.unit for column in found.columns] == ["mm", "m/s", ""][: len(found.columns)]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("%Y-%m-%dT%H:%M:%S.%f+00:00", "iso"),
        ("%Y-%m-%dT%H:%M:%SZ", "iso"),
        ("%d-%b-%Y %H:%M:%S.%f", "%d-%b-%Y %H:%M:%S.%f"),
        ("%d-%b-%y %H:%M:%S", "%d-%b-%y %H:%M:%S"),
        ("%Y%m%d%H%M%S", "%Y%m%d%H%M%S"),
        ("%Y%m%d_%H%M%S.%f", "%Y%m%d_%H%M%S.%f"),
        ("%Y/%m/%d %H:%M:%S:%f", "%Y/%m/%d %H:%M:%S:%f"),
        ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S"),
        ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p"),
        ("%d.%m.%y %H:%M", "%d.%m.%y %H:%M"),
        ("%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M:%S"),
        ("%Y-%m-%d %H:%M:%S.%f +0000", "iso"),
        ("%d.%m.%Y %H:%M:%S +0000", "%d.%m.%Y %H:%M:%S %z"),
    ],
)
def test_time_stamps(pattern: str, told: str, log: Path) -> None:
    # Every hour or so, so that days come that are no months, from a whole minute on.
    rows = [f"{k};{stamp}" for k, stamp in enumerate(stamps(pattern, 3700))]
    log.write_text("n;when\n" + "\n".join(rows) + "\n")
    found = sniff(log)
    assert (found.time_column, found.stamp_format) == ("when", told)
    assert found.zone_needed == (not pattern.endswith(("Z", "0")))
    assert not found.notes


def test_days_and_months_that_cannot_be_told_apart_are_told(log: Path) -> None:
    log.write_text("t,x\n" + "".join(f"02/03/2026 14:23:{k:02d},{k}\n" for k in range(50)))
    found = sniff(log)
    assert found.stamp_format == "%d/%m/%Y %H:%M:%S"
    assert "could be %m/%d/%Y %H:%M:%S as well" in found.notes[0]


def test_days_of_excel(log: Path) -> None:
    log.write_text("Time;x\n" + "".join(f"{46064 + k / 86400:.6f};{k}\n".replace(".", ",") for k in range(50)))
    found = sniff(log)
    assert (found.time_column, found.stamp_format, found.zone_needed) == ("Time", "excel", True)


def test_comments_before_the_header(log: Path) -> None:
    log.write_text(
        "# made by x\n# Time,X_mm,vel_mm_s\n" + "".join(f"2026-02-11 14:23:{k:02d},{k},{k}\n" for k in range(50))
    )
    found = sniff(log)
    assert (found.layout.comment, found.layout.header_line) == ("#", 2)
    assert found.names == ("Time", "X_mm", "vel_mm_s")
    assert [column.unit for column in found.columns] == ["mm", "mm/s"]


def test_a_table_without_a_header_and_without_times(log: Path) -> None:
    log.write_text("".join(f"{k / 7:.3f},{k % 2},{k}\n" for k in range(50)))
    found = sniff(log)
    assert found.layout.header_line == 0
    assert (found.time_column, found.stamp_format) == ("", "")
    assert "No column was found that holds the time." in found.notes


def test_parquet(log: Path) -> None:
    times = pa.array([START.replace(tzinfo=None) + timedelta(seconds=k) for k in range(50)])
    nested = pa.array([{"a": 1}] * 50)
    columns = {"t": times, "x_mm": [k * 0.3 for k in range(50)], "on": [k % 2 == 0 for k in range(50)], "n": nested}
    pq.write_table(pa.table(columns), log)
    found = sniff(log)
    assert (found.time_column, found.stamp_format, found.zone_needed) == ("t", "iso", True)
    assert found.names == ("t", "x_mm", "on", "n")
    assert [(column.name, column.kind, column.unit) for column in found.columns] == [
        ("x_mm", "number", "mm"),
        ("on", "bool", ""),
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_some_of_the_end_is_looked_at(packed: bool, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniffing, "START_BYTES", 100_000)
    monkeypatch.setattr(sniffing, "END_BYTES", 10_000)
    monkeypatch.setattr("twin.log_import.reading.source.BLOCK_BYTES", 50_000)
    text = "t,x\n" + "".join(f"2026-02-11 14:00:00.{k:06d},{k // 199_000}\n" for k in range(200_000)) + "2026-0"
    log.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    found = sniff(log)
    assert found.columns[0].kind == ("constant" if packed else "bool")


@pytest.mark.parametrize("text", ["hello world\nfoo\n", "", "\n\n\n", "a,b\n", "a,b\nc;d\ne\n", "\x89PNG\r\n" * 50])
def test_what_is_no_table(text: str, log: Path) -> None:
    log.write_text(text)
    with pytest.raises(InputError):
        sniff(log)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("GANTRY.X.ActPos[mm]", "mm"),
        ("Load (kg)", "kg"),
        ("CAB.Temp[°C]", "°C"),
        ("yaw_deg", "deg"),
        ("vel_mm_s", "mm/s"),
        ("X/mm", "mm"),
        ("Speed/mm/s", "mm/s"),
        ("Height in mm", "mm"),
        ("Force N", "N"),
        ("Flow [furlong]", "furlong"),
        ("SEQ.Step", ""),
        ("TRUCK.LOCK1.Open", ""),
        ("PLC.t", ""),
        ("Time", ""),
    ],
)
def test_units_in_names(name: str, unit: str) -> None:
    assert unit_in_name(name) == unit
