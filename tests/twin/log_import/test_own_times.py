"""Wide tables in which each signal has its own column of times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.twin.log_import.small import Station, kinds
from twin.errors import InputError
from twin.log_import.drafting import draft_map
from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.time_columns import times_beside

LOAD = "  robot0/x/position_m: {tag: X, unit: mm}\n  robot0/load_cell_n: {tag: Load, unit: N}\n"
T0_MS = 1_770_790_000_000


def scope(header: str, stamp: Callable[[int], str] = str) -> list[str]:
    """X every 20 ms for 10 s, 0.1 mm/ms; Load every 100 ms for 50 s, 1000 N, and 2000 N from 30 s on."""
    rows = []
    for k in range(501):
        fast = f"{stamp(20 * k)};{2 * k}" if k < 500 else ";"
        rows.append(f"{fast};{stamp(100 * k)};{1000 if k < 300 else 2000}")
    return [header, *rows]


def check(station: Station) -> None:
    """Both signals at their own times."""
    assert station.at("robot0/x/position_m", 5.0, 9.5) == pytest.approx([0.5, 0.95], abs=2e-4)
    assert station.at("robot0/load_cell_n", 9.0, 19.0, 29.5, 30.5, 49.0) == [1000.0] * 3 + [2000.0] * 2
    assert np.isnan(station.at("robot0/x/position_m", 11.0, 40.0)).all()


@pytest.mark.parametrize(
    ("header", "main"),
    [
        ("Name;X;Name;Load", "Name"),
        ("Time_1;X;Time_2;Load", "Time_1"),
        ("Zeit;X;Zeit2;Load", "Zeit"),
        ("X Time;X;Load Time;Load", "X Time"),
        ("t_X;X;t_Load;Load", "t_X"),
    ],
)
def test_times_beside_their_signals_are_found(header: str, main: str, station: Station) -> None:
    report = station.imported(scope(header), f"{{column: {main}, format: epoch_ms}}", LOAD, 'file: {delimiter: ";"}\n')
    check(station)
    assert report.duration_s == 50.0
    assert report.lines == 501
    assert report.findings == []
    assert report.unused_columns == []
    assert main in report.readings["own times"]


@pytest.mark.parametrize("header", ["Name;X;Name;Load", "A;X;B;Load"])
def test_the_mapping_may_tell_the_times(header: str, station: Station) -> None:
    second = {"Name": "Name (2)", "A": "B"}[header.split(";")[0]]
    signals = LOAD.replace("tag: Load", f'tag: Load, time: "{second}"')
    time = f"{{column: {header.split(';')[0]}, format: epoch_ms}}"
    station.imported(scope(header, lambda ms: str(T0_MS + ms)), time, signals, 'file: {delimiter: ";"}\n')
    check(station)
    assert station.t0_ns == T0_MS * 10**6
    wrong = LOAD.replace("tag: Load", "tag: Load, time: C")
    with pytest.raises(InputError, match=r"signals.robot0/load_cell_n.time: line \d+: the log has no such column"):
        station.imported(scope(header), time, wrong, 'file: {delimiter: ";"}\n')


def test_columns_called_like_time_that_hold_none_are_no_times(station: Station) -> None:
    """A cycle time of 40 to 43 ms stands before the load."""
    lines = ["Time_1;X;Time_2;Load", *(f"{T0_MS + 20 * k};{2 * k};{40 + k % 4};{1000 + k}" for k in range(500))]
    report = station.imported(lines, "{column: Time_1, format: epoch_ms}", LOAD, 'file: {delimiter: ";"}\n')
    assert report.readings == {}
    assert station.at("robot0/load_cell_n", 2.0, 8.0) == [1100.0, 1400.0]


def test_a_gap_is_a_time_without_values_of_any_tag(station: Station) -> None:
    """X pauses from 4 s to 8 s, Load from 6 s to 10 s: nothing is known from 6 s to 8 s."""
    x = [t for t in range(0, 12_000, 20) if not 4000 < t < 8000]
    load = [t for t in range(0, 12_000, 20) if not 6000 < t < 10_000]
    lines = ["Name;X;Name;Load", *(f"{a};{a / 10};{b};{b}" for a, b in zip(x, load, strict=True))]
    report = station.imported(lines, "{column: Name, format: epoch_ms}", LOAD, 'file: {delimiter: ";"}\n')
    assert kinds(report) == {"gap": 1}
    assert report.findings[0].places[0] == {"from": "+6.000 s", "to": "+8.000 s", "s": 2.0}
    assert station.at("robot0/load_cell_n", 5.0, 11.0) == [5000.0, 11_000.0]
    assert np.isnan(station.at("robot0/x/position_m", 5.0)).all()


def test_steps_and_alarms_may_have_times_of_their_own(station: Station) -> None:
    lines = [
        "t;X;ts;Step",
        *(f"{20 * k};{2 * k};{100 * k if k < 100 else ''};{30 + 10 * (k > 50)}" for k in range(500)),
    ]
    signals = LOAD.splitlines()[0] + "\nsteps: {tag: Step, time: ts, phases: {30: scan, 40: lower}}\n"
    report = station.imported(lines, "{column: t, format: relative_ms}", signals, 'file: {delimiter: ";"}\n')
    assert [(p["name"], p["start_s"]) for p in report.phases] == [("scan", 0.0), ("lower", 5.1)]


@pytest.mark.parametrize("header", ["Name;X;Name;Load", "Time_1;X;Time_2;Load"])
def test_the_draft_tells_the_times(header: str, station: Station) -> None:
    station.log.write_text("\n".join(scope(header)) + "\n")
    draft = station.folder / "draft.yaml"
    draft.write_text(draft_map(station.log))
    second = header.split(";")[2].replace("Name", "Name (2)")
    mapping = load_mapping(draft)
    assert mapping.file.time.format == "relative_ms"
    assert [m.spec.time for m in mapping.signals if m.spec.tag == "Load"] == [second]
    import_log(station.log, mapping, station.folder / "log.mcap")
    assert station.at("robot0/x/position_m", 5.0, 9.5) == pytest.approx([0.5, 0.95], abs=2e-4)


@pytest.mark.parametrize(
    ("names", "main", "tags", "expected"),
    [
        ("Time,X,Y", "Time", "X,Y", {}),
        ("Time,Time2,X", "Time", "X", {"X": "Time2"}),
        ("t,X,t1,t2,Y", "t", "X,Y,t1,t2", {}),  # t1 and t2 are mapped: temperatures
        (
            "Stamp,X,Stamp_Y,Y",
            "Stamp",
            "X,Y",
            {"Y": "Stamp_Y"},
        ),  # in turn, though the first is not called after its tag
        ("X Time,X ValueY,Y Time,Y ValueY", "X Time", "X ValueY,Y ValueY", {"Y ValueY": "Y Time"}),
        ("X.t,X.v,Y.t,Y.v", "X.t", "X.v,Y.v", {"Y.v": "Y.t"}),
        ("Time - A,X,Time - B,Load", "Time - A", "X,Load", {"Load": "Time - B"}),
        ("Time,X,Y,RecordTime,Z", "Time", "X,Y,Z", {}),  # they do not stand in turn
        ("X.Timestamp,X,Y.Timestamp,Y,Z", "X.Timestamp", "X,Y,Z", {"Y": "Y.Timestamp"}),
    ],
)
def test_times_by_names(names: str, main: str, tags: str, expected: dict[str, str]) -> None:
    listed = names.split(",")
    assert times_beside(listed, listed, main, tags.split(",")) == expected


def test_lines_of_attributes_below_the_header_are_no_other_header(station: Station) -> None:
    """A scope writes names, types and sources of its channels between the header and the values."""
    about = ["Type;REAL;Type;REAL", "SymbolName;MAIN.X_Ist;SymbolName;MAIN.Last", "Port;851;Port;851"]
    lines = ["Name;X;Name;Load", *about, *(f"{20 * k};{k};{100 * k};{400 + k}" for k in range(100))]
    report = station.imported(lines, "{column: Name, format: relative_ms}", LOAD, 'file: {delimiter: ";"}\n')
    assert report.duration_s == pytest.approx(9.9)
    assert station.at("robot0/load_cell_n", 5.0) == pytest.approx([450.0])
