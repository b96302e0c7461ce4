"""A header in the middle of a log: the recorder was started anew, or files were put together."""

from __future__ import annotations

import pytest

from tests.twin.log_import.small import AXES, Station, kinds
from twin.errors import InputError

T0_MS = 1_770_790_000_000
TIME = "{column: t, format: epoch_ms}"
SEMI = 'file: {delimiter: ";"'


def part(columns: str, begin: int, rows: int = 100) -> list[str]:
    """Lines of `columns`: t each 20 ms, x 1 mm and y -2 mm a line, z in between, a note."""
    said = {
        "t": lambda k: str(T0_MS + 20 * k),
        "x": lambda k: str(k),
        "y": lambda k: str(5000 - 2 * k),
        "z": lambda k: str(7777),
        "note": lambda k: '"a;b"',
    }
    return [";".join(said[name](k) for name in columns.split(";")) for k in range(begin, begin + rows)]


def check(station: Station) -> None:
    assert station.at("robot0/x/position_m", 1.0, 3.0) == pytest.approx([0.05, 0.15])
    assert station.at("robot0/y/position_m", 1.0, 3.0) == pytest.approx([4.9, 4.7])


@pytest.mark.parametrize(
    ("second", "change"),
    [
        ("t;x;y", ""),
        ("t;y;x", "moved x, y"),
        ("x;y;t", "moved t, x, y"),
        ("t;z;x;y", "moved x, y, new z"),
        ("t;x;y;z", "new z"),
        ("t;note;y;x", "moved x, new note"),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_columns_go_by_the_new_header(second: str, change: str, mark: str, station: Station) -> None:
    lines = ["t;x;y", *part("t;x;y", 0), mark + second, *part(second, 100)]
    report = station.imported(lines, TIME, AXES, SEMI + "}\n")
    check(station)
    assert kinds(report) == {"header again": 1}
    assert report.findings[0].where == f"line 102{': ' + change if change else ''}"
    assert report.lines == 200


def test_a_column_that_the_new_header_lacks_is_unknown(station: Station) -> None:
    lines = ["t;x;y", *part("t;x;y", 0), "t;x", *part("t;x", 100), "t;y;x", *part("t;y;x", 200)]
    report = station.imported(lines, TIME, AXES, SEMI + "}\n")
    x, y = station.at("robot0/x/position_m", 1.0, 3.0, 5.0), station.at("robot0/y/position_m", 1.0, 3.0, 5.0)
    assert x == pytest.approx([0.05, 0.15, 0.25])
    assert (y[0], y[2]) == (pytest.approx(4.9), pytest.approx(4.5))
    assert y[1] != y[1]
    assert "without y: unknown from there on" in next(f.where for f in report.findings if f.kind == "header again")


def test_a_header_without_the_times_is_refused(station: Station) -> None:
    lines = ["t;x;y", *part("t;x;y", 0), "x;y", *part("x;y", 100)]
    with pytest.raises(
        InputError, match="line 103: from here on another header is in force, without this column of times"
    ):
        station.imported(lines, TIME, AXES, SEMI + "}\n")


def test_preamble_units_and_blank_lines_come_again(station: Station) -> None:
    head = ["Recorder 7", "station;A;1;2;3", "", "t;x;y", ";mm;mm"]
    again = [*head[:3], "t;y;x", ";mm;mm"]
    lines = [*head, *part("t;x;y", 0), *again, *part("t;y;x", 100)]
    report = station.imported(lines, TIME, AXES, SEMI + ", header_line: 4, units_line: true}\n")
    check(station)
    assert kinds(report) == {"header again": 1, "blank line": 1}
    metres = [*head, *part("t;x;y", 0), "t;y;x", ";m;mm", *part("t;y;x", 100)]
    with pytest.raises(InputError, match="line 107: another header with another unit: column 'y' was in 'mm' before"):
        station.imported(metres, TIME, AXES, SEMI + ", header_line: 4, units_line: true}\n")


def test_a_header_in_a_comment(station: Station) -> None:
    lines = ["# t;x;y", *part("t;x;y", 0), "# restart; of it", "# t;y;x", *part("t;y;x", 100)]
    report = station.imported(lines, TIME, AXES, SEMI + ', comment: "#"}\n')
    check(station)
    assert kinds(report) == {"header again": 1, "comment": 1}


def test_every_line_may_have_a_header_before_it(station: Station) -> None:
    lines = [line for row in part("t;x;y", 0, 200) for line in ("t;x;y", row)]
    report = station.imported(lines, TIME, AXES, SEMI + "}\n")
    check(station)
    assert kinds(report) == {"header again": 199}


def test_headers_in_a_long_table(station: Station) -> None:
    def rows(begin: int, order: str) -> list[str]:
        found = []
        for k in range(begin, begin + 100):
            for tag, value in (("x", k), ("y", 5000 - 2 * k)):
                said = {"t": T0_MS + 20 * k, "tag": tag, "value": value}
                found.append(";".join(str(said[name]) for name in order.split(";")))
        return found

    lines = ["t;tag;value", *rows(0, "t;tag;value"), "tag;t;value", *rows(100, "tag;t;value")]
    report = station.imported(lines, TIME, AXES, SEMI + ", table: long}\nlong: {tag: tag, value: value}\n")
    check(station)
    assert kinds(report) == {"header again": 1}


def test_words_that_are_names_of_columns_are_no_header(station: Station) -> None:
    lines = ["t;x;y;note", *(f"{line};{'x' if k % 3 else 'note'}" for k, line in enumerate(part("t;x;y", 0, 200)))]
    report = station.imported(lines, TIME, AXES, SEMI + "}\n")
    check(station)
    assert report.findings == []
