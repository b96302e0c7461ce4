"""`swaptwin bench`: fair turns, honest rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import swaptwin
from tests import benchmarks as bench
from tests.benchmarks import batches, imports, monitors, swaps
from tests.benchmarks.row import Row
from tests.benchmarks.swaps import rows_of
from tests.benchmarks.turns import Lane, Turns, measure
from tests.determinism.short_swap import setup_and_timing, short_swap
from tests.tiers import slow
from twin.console import ProgressLine
from twin.recording import open_recording
from twin.swap import SwapTwin


@pytest.mark.parametrize(("station", "until_s"), [("top_lift", 4.0), slow("chassis", 14.6)])
def test_the_bare_loop_goes_through_the_same_states(station: str, until_s: float, tmp_path: Path) -> None:
    """Chassis: until both robots have gripped and unlock, so constraints come and go."""
    turns = measure(*setup_and_timing(station), until_s, tmp_path / "a.mcap", turn_ticks=250)
    assert turns.same_bits
    assert len(turns.swap) == len(turns.recorded) == len(turns.bare) == int(until_s * 500) // 250 - 1
    assert min(turns.swap + turns.recorded + turns.bare) > 0.0
    assert turns.bytes_per_s > 10_000
    with open_recording(tmp_path / "a.mcap") as recording:
        assert recording.outcome == "interrupted"
        assert recording.end_s == pytest.approx(until_s, abs=0.6)


def test_a_lane_ends_at_its_given_ends() -> None:
    twin = SwapTwin(*setup_and_timing())
    lane = Lane(twin, 100)
    for k in range(4):
        assert lane.turn()
        assert int(twin.runner.worlds["truth"]["tick"][0]) == 100 * k
    assert lane.seconds > 0.0
    lane.close()


def test_a_lane_tells_its_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = SwapTwin(*setup_and_timing())
    lane = Lane(twin, 100)

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(twin.program, "run", fail)
    with pytest.raises(ZeroDivisionError):
        lane.turn()
    lane.close()


def rows(swap_s: float, recorded_s: float, bare_s: float, *, same_bits: bool = True) -> dict[str, Row]:
    turns = Turns(500, [swap_s] * 5, [recorded_s] * 5, [bare_s] * 5, 50_000.0, same_bits)
    return {row.name: row for row in rows_of("top_lift", turns)}


def test_ratios_are_those_of_speeds() -> None:
    found = rows(0.10, 0.105, 0.08)
    swap, recorded = found["top_lift swap"], found["top_lift swap recorded"]
    assert (swap.value, swap.ratio, swap.met) == (pytest.approx(5000.0), pytest.approx(0.8), True)
    assert (recorded.ratio, recorded.met) == (pytest.approx(0.952, abs=1e-3), True)
    assert found["top_lift recording"].value == 50.0


def test_what_misses_its_figure_says_so() -> None:
    assert rows(0.10, 0.12, 0.05)["top_lift swap"].met is False
    assert rows(0.10, 0.12, 0.05)["top_lift swap recorded"].met is False
    other = rows(0.10, 0.105, 0.08, same_bits=False)["top_lift swap"]
    assert other.met is False
    assert other.against == "top_lift bare loop in other states"


def test_one_slow_turn_does_not_count() -> None:
    turns = Turns(500, [0.1, 0.1, 0.1, 5.0, 0.1], [0.1] * 5, [0.08, 0.08, 7.0, 0.08, 0.08], 1.0)
    assert rows_of("top_lift", turns)[0].ratio == pytest.approx(0.8)


def more_rows(line: ProgressLine, *, large: bool) -> list[Row]:
    """What a layer above would add."""
    return [Row("boats", 3.0, "large knots" if large else "knots"), Row("trains", note="no rails here")]


def test_rows_of_a_layer_that_lacks_a_package_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tall_layer.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    [row] = bench.rows_from("tall_layer:rows", ProgressLine(None, "", None))
    assert row.value is None
    assert row.note == "needs the Python package 'no_such_package', which is not installed"
    assert bench.rows_from("no_such_layer.bench:rows", ProgressLine(None, "", None)) == []


def test_json_is_the_designs_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    turns = Turns(500, [0.1] * 5, [0.105] * 5, [0.08] * 5, 50_000.0)
    monkeypatch.setattr(swaps, "measure", lambda *arguments, **named: turns)
    monkeypatch.setattr(bench, "BENCHES", ("tests.benchmarks.test_swaps:more_rows", "nowhere.bench:rows"))
    frames = {"medium": [0.025, 0.026, 0.024], "low": [0.0125, 0.013, 0.012]}
    monkeypatch.setattr("tests.benchmarks.frame_rate.measure_frames", lambda *arguments: frames)
    monkeypatch.setattr(bench, "batch_rows", lambda *arguments, **named: [])
    monkeypatch.setattr(bench, "monitor_rows", lambda *arguments: [])
    monkeypatch.setattr(bench, "import_rows", lambda *arguments: [imports.row_of([0.5] * 5, [0.1] * 5)])
    assert swaptwin.run(["bench", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"machine", "rows"}
    assert all({"name", "value", "unit", "ratio", "against"} <= set(row) for row in said["rows"])
    assert {"processor", "cores", "versions"} <= set(said["machine"])
    pictures = {row["name"]: row for row in said["rows"] if "pictures" in row["name"]}
    assert pictures["top_lift pictures, low"]["ratio"] == pytest.approx(2.0)
    assert pictures["chassis pictures, medium"]["value"] == pytest.approx(40.0)
    assert all(row["met"] for row in pictures.values())
    assert [(row["name"], row["value"], row["note"]) for row in said["rows"][-2:]] == [
        ("boats", 3.0, None),
        ("trains", None, "no rails here"),
    ]
    assert swaptwin.run(["bench"]) == 0
    table = capsys.readouterr().out
    assert "chassis bare loop" in table
    assert "trains: no rails here" in table


def test_the_monitor_is_timed_as_a_share_of_a_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("TURNS", 3), ("SWAPS", 1), ("ROUNDS", 20)):
        monkeypatch.setattr(monitors, name, few)
    [row] = monitors.monitor_rows("top_lift", 1, ProgressLine(None, "", None))
    assert (row.name, row.unit) == ("top_lift monitor", "% of a rom swap")
    assert row.value is not None
    assert 0.1 < row.value < 100.0
    assert "ns in every PLC scan" in str(row.note)


@pytest.mark.parametrize("value", ["nan", "-1", "inf", "1e9", "ten", "1"])
def test_a_time_that_is_none_is_refused(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run(["bench", "--seconds", value]) == 2
    assert "--seconds" in capsys.readouterr().err


def test_a_batch_of_swaps_is_timed_with_and_without_its_sequence() -> None:
    setup, timing = setup_and_timing()
    times = batches.Batch()
    batches.run_batch([setup, setup], timing, 1, times)
    assert 0.0 < times.plant_s[0] < times.whole_s[0]
    assert times.swaps_per_s() == pytest.approx(1.0 / times.whole_s[0])


def test_rows_of_batches_stand_beside_the_reference_swap() -> None:
    sizes = {1: batches.Batch([0.02], [0.01]), batches.BESIDE: batches.Batch([0.009, 0.008, 0.007], [0.006] * 3)}
    two, one = batches.Batch([0.005] * 3, [0.004] * 3), batches.Batch([0.01, 0.008, 0.01], [0.008] * 3)
    found = {row.name: row for row in batches._rows("top_lift", 10.0, sizes, two, one)}
    assert found["top_lift bullet swaps"].value == pytest.approx(0.1)
    beside = found[f"top_lift rom x {batches.BESIDE}"]
    assert (beside.ratio, beside.met) == (pytest.approx(1250.0), True)
    assert found["top_lift rom x 1"].ratio == pytest.approx(500.0)
    assert found["top_lift rom, two cores"].ratio == pytest.approx(2.0)


def test_an_import_is_timed_beside_plain_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short_swap(record=tmp_path / "swap.mcap", until_s=4.0)
    monkeypatch.setattr(imports, "ROWS", 300)
    monkeypatch.setattr(imports, "TURNS", 3)
    [row] = imports.import_rows(tmp_path / "swap.mcap", tmp_path, ProgressLine(None, "", None))
    assert (row.name, row.unit, row.against) == ("import-log", "rows/s", "plain pyarrow reading")
    assert row.value
    assert 0.0 < (row.ratio or 0.0) < 1.0
    assert imports.read_plainly(tmp_path / "log.csv") == 300


def test_the_row_of_imports_has_both_speeds() -> None:
    row = imports.row_of([0.5] * 5, [0.1] * 5)
    assert (row.value, row.ratio) == (imports.ROWS / 0.5, pytest.approx(0.2))
    assert "150,000 rows/s" in (row.note or "")
