"""Quality columns: what their numbers and words mean is decided by all that they hold."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.log_import.small import AXES, Station, kinds
from twin.log_import.drafting import draft_map
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.quality import is_good, reading_of
from twin.log_import.report import ImportReport

T0_MS = 1_770_790_000_000
LONG = 'file: {table: long, delimiter: ";"}\nlong: {tag: tag, value: value, quality: quality}\n'
TIME = "{column: t, format: epoch_ms}"
WIDE = AXES.replace("tag: x", "tag: x, quality: qx").replace("tag: y", "tag: y, quality: qy")


def long_log(good: str, bad: str, other: str, rows: int = 500) -> list[str]:
    """x and y each 20 ms, 1 mm a line; x says 0 with bad quality from 4.0 s to 4.78 s, y the other good one at 6 s."""
    lines = ["t;tag;value;quality"]
    for k in range(rows):
        lost = 200 <= k < 240
        lines.append(f"{T0_MS + 20 * k};x;{0 if lost else 1000 + k};{bad if lost else good}")
        lines.append(f"{T0_MS + 20 * k};y;{2000 + k};{other if 300 <= k < 320 else good}")
    return lines


def wide_log(good: str, bad: str, other: str) -> list[str]:
    """The same as a wide table."""
    rows = [line.split(";") for line in long_log(good, bad, other)[1:]]
    return [
        "t;x;qx;y;qy",
        *(f"{x[0]};{x[2]};{x[3]};{y[2]};{y[3]}" for x, y in zip(rows[::2], rows[1::2], strict=True)),
    ]


@pytest.mark.parametrize("table", ["long", "wide"])
@pytest.mark.parametrize(
    ("good", "bad", "other", "reading"),
    [
        ("192", "0", "216", "OPC DA"),
        ("192", "24", "219", "OPC DA"),
        ("192", "64", "192", "OPC DA"),
        ("262336", "262144", "262360", "OPC DA"),  # OPC HDA: raw
        ("0xC0", "0x00", "0xD8", "OPC DA"),
        ("0", "2147483648", "9830400", "OPC UA"),
        ("0", "-2147483648", "0", "OPC UA"),
        ("0x00000000", "0x80340000", "0x00960000", "OPC UA"),
        ("0", "1073741824", "0", "OPC UA"),  # uncertain
        ("128", "28", "128", "PROFIBUS"),
        ("100", "0", "100", "per cent"),
        ("0", "1", "0", "0 is good"),
        ("1", "0", "1", "1 is good"),
        ("Good", "Bad", "Good, Local Override", "words"),
        ("GOOD", "Uncertain", "good", "words"),
        ("Good (192)", "Bad (0)", "Good (216)", "OPC DA"),
        ("TRUE", "FALSE", "true", "words"),
    ],
)
def test_bad_values_are_unknown(table: str, good: str, bad: str, other: str, reading: str, station: Station) -> None:
    if table == "long":
        report = station.imported(long_log(good, bad, other), TIME, AXES, LONG)
    else:
        report = station.imported(wide_log(good, bad, other), TIME, WIDE, 'file: {delimiter: ";"}\n')
    assert report.readings["quality"].partition(": ")[2].startswith(reading)
    assert kinds(report) == {"bad quality": 40}
    x = station.at("robot0/x/position_m", 3.9, *np.arange(4.0, 4.79, 0.02), 4.8, 9.0)
    assert x[0] == pytest.approx(1.195)
    assert np.isnan(x[1:41]).all()
    assert x[-2:] == pytest.approx([1.24, 1.45])
    assert station.at("robot0/y/position_m", 6.0, 6.2) == pytest.approx([2.3, 2.31])
    assert next(row["values"] for row in report.signals if row["tag"] == "x") == 460


def test_a_short_loss_is_joined_by_a_line(station: Station) -> None:
    lines = long_log("192", "0", "192")
    for k in range(205, 240):  # good again after 5 lines
        lines[1 + 2 * k] = f"{T0_MS + 20 * k};x;{1000 + k};192"
    report = station.imported(lines, TIME, AXES, LONG)
    assert kinds(report) == {"bad quality": 5}
    assert station.at("robot0/x/position_m", 4.0, 4.04, 4.08) == pytest.approx([1.2, 1.202, 1.204])


def test_only_zeros_are_reported_as_uncertain(station: Station) -> None:
    report = station.imported(long_log("0", "0", "0"), TIME, AXES, LONG)
    assert "not certain: in OPC DA 0 is bad" in report.readings["quality"]
    assert station.at("robot0/x/position_m", 4.4) == [0.0]


@pytest.mark.parametrize(("good", "known"), [("[192]", False), ("opc_da", True), ("[192, 216]", True)])
def test_the_mapping_has_the_last_word(good: str, known: bool, station: Station) -> None:
    more = LONG + f"cleaning: {{good: {good}}}\n"
    lines = long_log("192", "0", "216")
    lines[1 + 2 * 300 + 1 :: 2] = [line.replace(";192", ";216") for line in lines[1 + 2 * 300 + 1 :: 2]]
    station.imported(lines, TIME, AXES, more)
    assert np.isfinite(station.at("robot0/y/position_m", 9.0))[0] == known


def test_a_switch_holds_over_a_bad_value(station: Station) -> None:
    lines = long_log("192", "0", "192")
    lines += [f"{T0_MS + 9000};g;1;192", f"{T0_MS + 9500};g;0;0"]
    report = station.imported(lines, TIME, AXES + "  robot0/grip1_closed: {tag: g}\n", LONG)
    assert station.at("robot0/grip1", 9.2, 9.9) == [1.0, 1.0]
    assert sum(f.count for f in report.findings) == 41


@pytest.mark.parametrize(
    ("words", "good", "drafted"),
    [
        (("192", "0", "216"), "opc_da", True),
        (("0", "2147483648", "0"), "opc_ua", True),
        (("0", "0", "0"), "zero", False),
    ],
)
def test_the_draft_says_how_the_quality_is_read(
    words: tuple[str, str, str], good: str, drafted: bool, station: Station
) -> None:
    station.log.write_text("\n".join(long_log(*words)) + "\n")
    text = draft_map(station.log)
    (line,) = [line for line in text.splitlines() if "cleaning:" in line]
    assert f"cleaning: {{good: {good}}}" in line
    assert line.startswith("#") != drafted
    (station.folder / "draft.yaml").write_text(text)
    assert load_mapping(station.folder / "draft.yaml").file.cleaning.good == (good if drafted else None)


def test_a_wide_draft_sets_quality_columns_beside_their_tags(station: Station) -> None:
    rows = wide_log("192", "0", "216")
    station.log.write_text("\n".join(["Time;X_Pos;X_Pos.Quality;Y_Pos;Y_Pos_Quality", *rows[1:]]) + "\n")
    (station.folder / "draft.yaml").write_text(draft_map(station.log))
    found = {m.spec.tag: m.spec.quality for m in load_mapping(station.folder / "draft.yaml").signals}
    assert found == {"X_Pos": "X_Pos.Quality", "Y_Pos": "Y_Pos_Quality"}


@pytest.mark.parametrize(
    ("counts", "name", "reading"),
    [
        ({"0": 10, "1": 90}, "Quality", "one"),
        ({"0": 90, "1": 10}, "Quality", "zero"),
        ({"0": 90, "1": 10}, "IsGood", "one"),
        ({"0": 10, "1": 90}, "Bad", "zero"),
        ({"0": 10, "133": 5}, "Quality", "zero"),  # Wonderware
        ({"0": 10, "64": 5}, "Quality", "opc_da"),
        ({"Good": 5, "Bad": 1}, "q", "words"),
        ({}, "q", "words"),
    ],
)
def test_how_counts_are_read(counts: dict[str, int], name: str, reading: str) -> None:
    assert reading_of(counts, name) == reading


def test_every_code_of_opc_da() -> None:
    assert [code for code in range(256) if is_good(str(code), "opc_da")] == list(range(192, 256))


def _long_with_quality(bad: str, good: str, station: Station, long: str) -> ImportReport:
    rows = [(n, k, bad if 50 < k < 60 else good) for k in range(200) for n in "xy"]
    lines = ["tag,t,value,quality", *(f"{n},{1770790000 + k / 50:.2f},{500 + k},{q}" for n, k, q in rows)]
    return station.imported(lines, "{column: t, format: epoch_s}", more=f"file: {{table: long}}\nlong: {long}\n")


@pytest.mark.parametrize("bad", ["B", "U"])
def test_letters_of_quality(bad: str, station: Station) -> None:
    report = _long_with_quality(bad, "G", station, "{tag: tag, value: value, quality: quality}")
    assert [s["bad_quality"] for s in report.signals] == [9, 9]


@pytest.mark.parametrize(("bad", "reported"), [("0", True), ("192", False)])
def test_an_unnamed_quality_column_with_bad_values_is_reported(bad: str, reported: bool, station: Station) -> None:
    report = _long_with_quality(bad, "192", station, "{tag: tag, value: value}")
    assert ("long.quality" in report.readings.get("quality", "")) == reported


@pytest.mark.parametrize(("other", "reported"), [("0", True), ("192", False)])
def test_an_unnamed_one_of_a_wide_table_is_reported_too(other: str, reported: bool, station: Station) -> None:
    lines = ["t;x;x_Q;y;y_Q", *wide_log("192", "0", other)[1:]]
    named = WIDE.replace("quality: qx", "quality: x_Q").replace(", quality: qy", "")
    assert ("x_Q" in named, "quality: qy" in named) == (True, False)
    said = station.imported(lines, TIME, named, 'file: {delimiter: ";"}\n').readings["quality"]
    assert said.startswith("x_Q: OPC DA")
    assert ("y_Q is not used (quality beside its tag) and holds bad values" in said) == reported
