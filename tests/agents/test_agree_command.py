"""`swaptwin agree` as a user runs it; the reference plant's rows are stored ones, or made up."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import swaptwin
from agents.agreement import run as agreement_run
from agents.swap_rows import REDUCED, REFERENCE, Series, SwapRow, play, read_rows, write_rows
from tests.evidence.campaign import path_of

STORED = path_of("top_lift", "guided")


class Plants:
    """In place of both plants: the reference's stored rows, and the real reduced-order plant or one just like them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        unknown = {"version": None, "configuration": None}  # whatever the station's file says by now
        self.rows = {row.seed: row.model_copy(update=unknown) for row in read_rows(STORED)}
        self.played: list[tuple[str, int]] = []
        self.alike = False  # the reduced-order plant does just as the reference
        self.interrupt_at: int | None = None  # Ctrl-C while the reference plays this seed
        monkeypatch.setattr(agreement_run, "play", self.play)

    def play(self, series: Series, plant: str, seeds: Sequence[int]) -> list[SwapRow]:
        if plant == REFERENCE and self.interrupt_at in seeds:
            raise KeyboardInterrupt
        self.played += [(plant, seed) for seed in seeds]
        if plant == REDUCED and not self.alike:
            return play(series, plant, seeds)
        made: dict[str, Any] = {"plant": plant, "configuration": series.digest, "version": "now"}
        return [self.rows[seed].model_copy(update=made) for seed in seeds]


@pytest.fixture
def plants(monkeypatch: pytest.MonkeyPatch) -> Plants:
    return Plants(monkeypatch)


@pytest.fixture
def stored(plants: Plants, tmp_path: Path) -> str:
    """A file of the reference's rows."""
    path = tmp_path / "stored.jsonl"
    write_rows(path, plants.rows.values())
    return str(path)


@pytest.fixture
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The present one; nothing may be played there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(agreement_run, "play", lambda *_: pytest.fail("it played"))
    return tmp_path


def agree(*arguments: str) -> int:
    return swaptwin.run(["agree", "--workers", "1", *arguments])


def test_stored_rows_of_the_reference_are_used_and_the_rest_is_played(
    plants: Plants, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = tmp_path / "some.jsonl"
    write_rows(some, [plants.rows[seed] for seed in (3, 4, 6, 7)])
    code = agree("--seeds", "5", "--seed", "3", "--reference", str(some), "--json")
    said = capsys.readouterr()
    reported = json.loads(said.out)
    assert said.err == ""
    assert plants.played == [*((REDUCED, seed) for seed in range(3, 8)), (REFERENCE, 5)]
    assert (reported["station"], reported["truck"], reported["pack"]) == ("top_lift", "tractor_6x4", "cab_282")
    assert (reported["seed"], reported["seeds"], reported["seeds_asked"], reported["of_earlier_code"]) == (3, 5, 5, 5)
    assert (reported["completed"], reported["interrupted"]) == (5, False)
    assert {line["name"] for line in reported["phases"]} >= {"lower", "insert", "clear"}
    assert code == (0 if reported["met"] else 1)
    assert reported["met"] == all(line["met"] for line in (*reported["phases"], *reported["lines"]) if line["target"])


def test_exit_code_0_where_every_target_is_met(plants: Plants, capsys: pytest.CaptureFixture[str]) -> None:
    plants.alike = True
    assert agree("--seeds", "6") == 0
    said = capsys.readouterr().out
    assert "every target is met" in said
    assert "NOT" not in said


def test_too_few_seeds_to_judge_are_not_met(plants: Plants, capsys: pytest.CaptureFixture[str]) -> None:
    plants.alike = True
    assert agree("--seeds", "2") == 1
    said = capsys.readouterr().out
    assert "NOT JUDGED" in said
    assert "too few swaps to judge: peak lateral force" in said
    assert "not met" not in said  # that is another result: it was judged, and missed


def test_a_run_continues_where_it_stopped(plants: Plants, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plants.alike, plants.interrupt_at = True, 2
    kept = tmp_path / "rows.jsonl"
    assert agree("--seeds", "5", "--save", str(kept), "--json") == 130
    said = capsys.readouterr()
    reported = json.loads(said.out)
    assert (reported["seeds"], reported["seeds_asked"], reported["interrupted"]) == (2, 5, True)
    assert said.err == "interrupted: 2 of 5 seeds done on both plants\n"
    assert [(row.plant, row.seed) for row in read_rows(kept)] == [
        *((REFERENCE, seed) for seed in range(2)),
        *((REDUCED, seed) for seed in range(5)),
    ]
    plants.played, plants.interrupt_at = [], None
    assert agree("--seeds", "5", "--save", str(kept), "--json") == 0
    assert [played for played in plants.played if played[0] == REFERENCE] == [(REFERENCE, seed) for seed in (2, 3, 4)]
    reported = json.loads(capsys.readouterr().out)
    assert (reported["seeds"], reported["of_earlier_code"], reported["interrupted"]) == (5, 0, False)
    assert len(read_rows(kept)) == 10


def test_rows_of_another_truck_are_not_used(plants: Plants, stored: str, capsys: pytest.CaptureFixture[str]) -> None:
    plants.alike = True
    agree("--seeds", "1", "--truck", "tractor_4x2", "--reference", stored, "--json")
    assert (REFERENCE, 0) in plants.played
    said = capsys.readouterr()
    assert json.loads(said.out)["truck"] == "tractor_4x2"
    assert f"note: 0 of the {len(plants.rows)} rows of {stored} are used" in said.err


def test_the_table_fits_a_terminal_and_is_written_as_markdown(
    plants: Plants, stored: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plants.alike = True
    monkeypatch.setenv("COLUMNS", "80")
    path = tmp_path / "table.md"
    assert agree("--seeds", "5", "--reference", stored, "--table", str(path)) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    words = " ".join(said.split())
    assert "seeds 0 to 4: 5 run on both plants, 5 completed on both, 5 of these with as many insertions" in words
    assert "5 of the reference's rows are of another version" in words
    written = path.read_text()
    assert written.startswith("# station top_lift, truck tractor_6x4, pack cab_282, timing factory, parking guided")
    assert "| same outcome | 5 of 5, 100.0 % (56.6 to 100.0 %) | 5 | at least 98 % | met |" in written


def test_a_table_does_not_replace_rows(plants: Plants, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = tmp_path / "rows.jsonl"
    write_rows(rows, [plants.rows[0]])
    for option in ("--save", "--reference"):
        assert agree("--seeds", "1", option, str(rows), "--table", str(rows)) == 2
        assert capsys.readouterr().err.startswith("error: --table: is the file of --save")
    assert [row.seed for row in read_rows(rows)] == [0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--station", "top_lfit"], "top_lift"),
        (["--truck", "chassis_tractor_3"], "no pack fits"),
        (["--parking", "valet"], "guided, unguided"),
        (["--conditions", "fog"], "clear, night, rain"),
        (["--timing", "fast"], "factory"),
        (["--seeds", "0"], "--seeds: out of range, got 0 (allowed: 1 to"),
        (["--seeds", "nan"], "--seeds"),
        (["--seed", "-1"], "--seed: out of range"),
        (["--seed", str(2**63 - 1), "--seeds", "2"], "--seed: out of range"),
        (["--workers", "0"], "--workers: out of range"),
        (["--reference", "none.jsonl"], "--reference: cannot be read: No such file or directory, got 'none.jsonl'"),
        (["--reference", __file__], "line 1: is not valid JSON"),
        (["--reference", "a\0b", "--table", "table.md"], "--reference: "),
        (["--save", "/nowhere/rows.jsonl"], "--save: cannot be written: there is no folder"),
        (["--save", __file__], "line 1: is not valid JSON"),
        (["--table", "."], "--table: is a folder"),
        (["more"], "more"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    arguments: list[str], words: str, empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(__file__).read_bytes()
    assert swaptwin.run(["agree", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert words in said.err
    assert Path(__file__).read_bytes() == before
    assert os.listdir(empty_folder) == []
