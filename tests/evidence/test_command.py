"""`python -m tests.evidence` goes on where it stopped, says what tables were made from, and what no longer holds."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.swap_rows import REDUCED, REFERENCE, SwapRow, read_rows, write_rows
from tests.agents.swap_rows import row
from tests.evidence import campaign, faults, load_alarms, load_cell
from tests.evidence.campaign import SETS, path_of, stored_rows
from tests.evidence.command import OTHERS, PARTS, Results, main
from tests.evidence.markers import replace
from tests.evidence.part import (
    ROOT,
    About,
    Claim,
    Key,
    Part,
    Played,
    about_lines,
    process_count,
    read_about,
    seeds_in_words,
    write_about,
)
from tests.evidence.replay import FORCE_N, TIME_S, assert_as_stored, row_differences


def squares(folder: Path, played: Played) -> None:
    (folder / "squares.json").write_text(json.dumps(list(played.values())))


PART = Part(
    "squares",
    keys=lambda seeds: [("square", seed) for seed in range(seeds)],
    play=lambda _, seed: seed * seed,
    store=squares,
    seeds=lambda played: {"squares": seeds_in_words([int(key[1]) for key in played])},
    claims=lambda folder: [Claim("the first is none", json.loads((folder / "squares.json").read_text())[0] == 0)],
)


def test_results_wait_until_all_are_there(tmp_path: Path) -> None:
    first = Results(tmp_path, PART, 4)
    keys: list[Key] = [("square", 2), ("square", 0)]
    for key in keys:
        first.take(key, PART.play(*key))
    with first.path.open("a") as file:
        file.write('[["square", 3], "2026-01-01", 9')  # killed in the middle of a line
    again = Results(tmp_path, PART, 4)
    assert again.missing == [("square", 1), ("square", 3)]
    for key in again.missing:
        again.take(key, PART.play(*key))
    assert Results(tmp_path, PART, 4).missing == []
    again.store(tmp_path)
    assert json.loads((tmp_path / "squares.json").read_text()) == [0, 1, 4, 9], "in the order of the keys"
    about = read_about(tmp_path)["squares"]
    assert about.command == "python -m tests.evidence squares --seeds 4"
    assert (about.seeds, about.first == about.last) == ("0 to 3", True)


def test_tables_of_two_versions_are_distinguished(tmp_path: Path) -> None:
    old = About("0.1.0", "2026-01-01", "2026-01-02", "0 to 199", "make old")
    write_about(tmp_path, {"a": old, "b": old, "c": dataclasses.replace(old, version="0.2.0")})
    assert about_lines(["a", "b", "c"], tmp_path) == (
        "Made from: version 0.1.0, 2026-01-01 to 2026-01-02, seeds 0 to 199, `make old`; c: version 0.2.0, "
        "2026-01-01 to 2026-01-02, seeds 0 to 199, `make old`.\n"
    )


def test_what_no_longer_holds_is_reported(tmp_path: Path) -> None:
    for plant in (REFERENCE, REDUCED):
        for which in SETS:
            write_rows(path_of(*which, plant, tmp_path), stored_rows(*which, plant)[:20])
    broken = {claim.words for claim in campaign.claims(tmp_path) if not claim.holds}
    path = path_of("top_lift", "guided", REFERENCE, tmp_path)
    rows = read_rows(path)
    write_rows(path, [rows[0].model_copy(update={"violations": (6,)}), *rows[1:]])
    now = {claim.words for claim in campaign.claims(tmp_path) if not claim.holds}
    assert now - broken == {"top_lift, guided: no safety invariant broken"}


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"mechanical_time_s": 150.0 + 0.9 * TIME_S}, ""),
    ({"mechanical_time_s": 150.0 + 1.1 * TIME_S}, "mechanical_time_s 150.0, now 150.055"),
    ({"outcome": "jam"}, "outcome completed, now jam"),
    ({"violations": (4,)}, "violations (), now (4,)"),
    ({"phases_s": {"lower": 10.03}}, "phase lower 10.0 s, now 10.03 s"),
    ({"kpis": {"peak_lateral_force_n": 2000.0 + 0.9 * FORCE_N}}, ""),
    ({"kpis": {"peak_lateral_force_n": 2110.0}}, "peak_lateral_force_n 2000, now 2110"),
    ({"kpis": {"peak_sway_rad": 0.031}}, "peak_sway_rad 0.03, now 0.031"),
]


@pytest.mark.parametrize(("change", "reported"), CHANGES)
def test_differences_are_reported(change: dict[str, Any], reported: str) -> None:
    stored, again = row(REFERENCE, 0), row(REFERENCE, 0, **change)
    assert "; ".join(row_differences(stored, again)) == reported


def test_the_reduced_order_plant_is_held_to_less() -> None:
    stored, again = row(REDUCED, 0), row(REDUCED, 0, kpis={"peak_lateral_force_n": 2003.0})
    assert row_differences(stored, again) == ["peak_lateral_force_n 2000, now 2003"]


def test_a_replay_that_fails_names_the_table_and_its_command() -> None:
    with pytest.raises(
        AssertionError, match=r"tests/evidence/hits \(version .*: rom 1, now 2\. .*tests\.evidence hits"
    ):
        assert_as_stored("hits", "seed 0", ["rom 1, now 2"])


@pytest.mark.parametrize("arguments", [["swap"], ["--seeds", "0"], ["--workers", "1000"]])
def test_mistakes_are_exit_code_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evidence", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "allowed: " in capsys.readouterr().err


def test_every_part_says_what_it_plays() -> None:
    for name, part in PARTS.items():
        keys = part.keys(3)
        assert part.name == name
        assert keys
        assert len(set(keys)) == len(keys)
        assert json.loads(json.dumps(keys)) == [list(key) for key in keys]


@pytest.mark.slow
def test_one_seed_a_set_into_another_folder(tmp_path: Path) -> None:
    """As the command plays it: bit for bit what is stored, where that is of this machine and version."""
    command = [sys.executable, "-m", "tests.evidence", "swaps", "--seeds", "1", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    for which in SETS:
        for plant in (REFERENCE, REDUCED):
            stored: SwapRow = stored_rows(*which, plant)[0]
            [played] = read_rows(path_of(*which, plant, tmp_path))
            assert row_differences(stored, played) == []
    assert "seeds 0, `python -m tests.evidence swaps --seeds 1`" in (tmp_path / "README.swaps.md").read_text()
    assert not (tmp_path / "unfinished").exists()


def test_the_help_names_every_tool_and_each_changes_documents_only_with_write(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evidence", "--help"])
    with pytest.raises(SystemExit):
        main()
    reported = capsys.readouterr().out
    tools = [
        path
        for path in (ROOT / "tests" / "evidence").rglob("*.py")
        if "add_argument(" in path.read_text() and path.name != "command.py" and not path.name.startswith("test_")
    ]
    assert len(tools) == len(OTHERS)
    for path in tools:
        name = path.stem if path.parent.name == "evidence" else path.parent.name
        assert f"tests.evidence.{name} " in reported
        assert '"--write"' in path.read_text() or OTHERS[name].startswith("FOLDER"), name


@pytest.mark.parametrize("tool", [faults, load_cell], ids=lambda tool: str(tool.__name__))
def test_without_write_rows_and_document_stay(tool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, rows = tmp_path / "faults.md", tmp_path / "rows.json"
    before, rows_before = faults.DOCUMENT.read_text() + "more", tool.PATH.read_text() + "\n"
    document.write_text(before)
    rows.write_text(rows_before)
    monkeypatch.setattr(tool, "DOCUMENT", document)
    monkeypatch.setattr(tool, "PATH", rows)
    assert tool.main(["--table"]) == 0
    assert (document.read_text(), rows.read_text()) == (before, rows_before)
    replace(document, tool.SECTION, "nothing\n")
    assert tool.main(["--table", "--write"]) == 0
    assert document.read_text() == before


def test_load_alarms_are_printed_without_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "faults.md"
    document.write_text(faults.DOCUMENT.read_text())
    before = document.read_text()
    monkeypatch.setattr(load_alarms, "DOCUMENT", document)
    monkeypatch.setattr(load_alarms, "row", lambda station, kind, swaps: (f"| {station} | {kind} | {swaps} |\n", 0))
    assert load_alarms.main(["--swaps", "1"]) == 0
    assert document.read_text() == before
    assert load_alarms.main(["--swaps", "1", "--write"]) == 0
    assert "| chassis | random | 1 |" in document.read_text()


TOOLS = {
    "timing_sets": (["-o", "FOLDER"], ["--random", "--corners", "--draw", "--workers"]),
    "edges": (["run", "-o", "FOLDER"], ["--swaps", "--first", "--draw", "--workers"]),
    "hostile.run": ([], ["--steps", "--swaps", "--replay", "--jobs"]),
    "load_alarms": ([], ["--swaps"]),
    "command": ([], ["--seeds", "--workers"]),
    "day_log": ([], ["--hours"]),
    "guarded": ([], ["--episodes"]),
    "alignment_checks": (["cells"], ["--episodes"]),
    "executors": (["-o", "FOLDER"], ["--swaps", "--stations", "--seeds", "--turns", "--workers"]),
    "experiment_killed": (["-o", "FOLDER"], ["--seeds", "--moments", "--workers"]),
    "tuning": (["-o", "FOLDER"], ["--swaps", "--seeds"]),
    "tuning_killed": (["-o", "FOLDER"], ["--trials", "--moments", "--workers"]),
    "timing_checks": (["robust", "-o", "FOLDER"], ["--seeds"]),
    "timing_headroom": ([], ["--sets", "--swaps"]),
}
"""Tools with numbers on their command line."""


@pytest.mark.parametrize("bad", ["-3", "99999999999", "1.5e3x", "nan"])
@pytest.mark.parametrize(
    ("tool", "option"), [(tool, option) for tool, (_, options) in TOOLS.items() for option in options]
)
def test_no_tool_takes_an_impossible_number(
    tool: str,
    option: str,
    bad: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "rows"
    given = [str(folder) if word == "FOLDER" else word for word in TOOLS[tool][0]]
    monkeypatch.setattr(sys, "argv", [tool, *given, option, bad])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"tests.evidence.{tool}").main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert option in line
    assert not folder.exists()


def test_every_tool_with_numbers_is_tried() -> None:
    for path in (ROOT / "tests" / "evidence").rglob("*.py"):
        if path.name.startswith("test_"):
            continue
        numbers = re.findall(r'"(--[a-z]+)",[^\n]* type=(?:count|process_count|float|int)', path.read_text())
        name = path.stem if path.parent.name == "evidence" else f"{path.parent.name}.{path.stem}"
        assert set(numbers) == set(TOOLS.get(name, ([], []))[1]), name


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_processes_is_one_or_more(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="allowed: 1 to 64"):
        process_count(text)
    assert process_count("64") == 64
