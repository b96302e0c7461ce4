"""`swaptwin demo`: the table of two swaps, and what it refuses. The swaps themselves are tested elsewhere."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import swaptwin
from tests.determinism.short_swap import short_swap
from twin.catalogue.schema import PHASES
from twin.commands import demo
from twin.errors import InputError
from twin.result import SwapResult
from twin.sequence.program import PhaseSpan
from twin.swap import SwapTwin


@pytest.fixture(scope="module")
def results() -> list[SwapResult]:
    both = [short_swap("top_lift", seed=2, until_s=1.5), short_swap("chassis", seed=2, until_s=1.5)]
    return [dataclasses.replace(r, outcome="completed", recording="runs/demo/a.mcap") for r in both]


def test_phases_of_both_stand_side_by_side(results: list[SwapResult]) -> None:
    rows = demo.phase_rows(results)
    names = [row[0] for row in rows]
    assert len(rows) == len(PHASES["top_lift"])
    assert "lower / raise" in names
    assert "lift_out / lower_out" in names
    scan = rows[names.index("scan")]
    assert (scan[1], scan[3]) == ("0.2", "0.2")
    assert len({len(row) for row in rows}) == 1
    assert all(row[-1] for row in rows), "each phase says what happens"


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_fits_its_terminal(results: list[SwapResult], width: int) -> None:
    text = io.StringIO()
    demo.print_comparison(Console(file=text, width=width), results, 50.0)
    said = text.getvalue()
    for words in (
        "traverse_to_truck",
        "ratio to the kinematic bound",
        "ratio to the procedure bound",
        "replay runs/demo/a.mcap",
        "verify runs/demo",
        "models list",
    ):
        assert words in said
    assert ("the coupler mates" in said) == (width >= demo.TOLD_FROM_WIDTH)
    assert max(len(line) for line in said.splitlines()) <= width


def test_json_and_exit_codes(
    results: list[SwapResult],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    again = [dataclasses.replace(one, timing="factory") for one in results for _ in range(2)]
    monkeypatch.setattr(demo, "run_all", lambda seed, paths: again)
    assert swaptwin.run(["demo", "--folder", str(tmp_path / "new" / "runs"), "--no-video", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [swap["station"] for swap in said["swaps"]] == ["top_lift", "top_lift", "chassis", "chassis"]
    assert [one["mechanical_time_s"] for one in said["won"]] == [0.0, 0.0]
    assert (tmp_path / "new" / "runs").is_dir()
    monkeypatch.setattr(demo, "run_all", lambda seed, paths: [dataclasses.replace(results[0], outcome="jam")] * 2)
    assert swaptwin.run(["demo", "--folder", str(tmp_path), "--no-video", "--json"]) == 1


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "in", "/dev/null/x", "a\0b"):
        assert swaptwin.run(["demo", "--folder", str(folder)]) == 2
        assert capsys.readouterr().err.startswith("error: --folder: folder cannot be created")
    (tmp_path / "runs" / "chassis.mcap").mkdir(parents=True)
    assert swaptwin.run(["demo", "--folder", str(tmp_path / "runs")]) == 2
    assert "it is a folder" in capsys.readouterr().err


def test_what_a_worker_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        def __init__(self) -> None:
            self.setpoint: list[Any] = []

        def send(self, what: Any) -> None:
            self.setpoint.append(what)

        def close(self) -> None:
            self.setpoint.append("closed")

    def run(self: SwapTwin) -> SwapResult:
        while self.program.time_s(0) < 2.0 and self.program.advance():
            pass
        self.program.end(0, "timeout", "")
        return self.result()

    monkeypatch.setattr(SwapTwin, "run", run)
    pipe = Pipe()
    demo._work(pipe, "top_lift", "factory", 0, str(tmp_path / "a.mcap"), {})  # type: ignore[arg-type]
    assert isinstance(pipe.setpoint[0], demo.Progress)
    assert pipe.setpoint[0].text.startswith("identify  0.0 s, ")
    assert isinstance(pipe.setpoint[-2], SwapResult)
    assert pipe.setpoint[-1] == "closed"
    pipe = Pipe()
    demo._work(pipe, "top_lift", "factory", 0, str(tmp_path / "no" / "a.mcap"), {})  # type: ignore[arg-type]
    assert isinstance(pipe.setpoint[0], InputError)


def test_seconds_won_are_those_of_phases_and_of_the_whole(results: list[SwapResult]) -> None:
    phases = (
        PhaseSpan("lower", 0.0, 9.0, 0, 0),
        PhaseSpan("insert", 9.0, 20.0, 0, 0),
        PhaseSpan("scan", -9.0, 0.0, 0, 0),
    )
    slow = dataclasses.replace(results[0], phases=phases, mechanical_time_s=20.0)
    faster = (PhaseSpan("lower", 0.0, 6.0, 0, 0), PhaseSpan("insert", 5.0, 14.0, 0, 0))
    fast = dataclasses.replace(results[0], phases=faster, mechanical_time_s=14.0, timing="quick")
    learned = dataclasses.replace(fast, mechanical_time_s=13.0, policies={"align": "one"})
    other = dataclasses.replace(results[1], phases=phases, mechanical_time_s=20.0)
    won, by_policy = demo.won_of([slow, fast, learned, other])
    assert ("align_policy" in won, by_policy["align_policy"], by_policy["mechanical_time_s"]) == (False, "one", 7.0)
    assert (won["timing"], won["mechanical_time_s"]) == ("quick", 6.0)
    assert (won["phases_s"]["lower"], won["phases_s"]["insert"], won["phases_s"]["lock"]) == (3.0, 2.0, 0.0)
    assert "scan" not in won["phases_s"]
    text = io.StringIO()
    demo.print_won(Console(file=text, width=100), [slow, fast])
    assert "mechanical time" in text.getvalue()
    assert "top_lift: quick" in text.getvalue()


def test_a_machine_that_cannot_draw_has_no_video(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {("top_lift", which): tmp_path / f"{which}.mcap" for which in (demo.FACTORY, demo.TUNED)}
    assert demo.make_video(paths, tmp_path) is None
    assert capsys.readouterr().err.startswith("note: no video: ")
