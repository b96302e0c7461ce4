"""A small sample of the hostile runs: nothing is broken, and what broke something can be played again."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import pytest

from tests.evidence.hostile import alignment, timing
from tests.evidence.hostile import run as command
from tests.evidence.hostile.closeness import LIMITS
from tests.evidence.markers import stamp
from tests.evidence.part import ROOT
from tests.tiers import slow


@pytest.mark.slow
@pytest.mark.parametrize("station", ["top_lift", "chassis"])
@pytest.mark.parametrize("mode", ["direct", "residual"])
def test_hostile_actions_break_nothing(station: str, mode: str) -> None:
    rows = list(alignment.play(station, mode, 2500, itertools.count(600_000), worlds=2 * len(alignment.NAMES)))
    assert {row["pattern"] for row in rows} == set(alignment.NAMES)
    assert [row for row in rows if row["violations"]] == []
    assert all(set(row["near"]) == set(LIMITS) for row in rows)
    assert max(row["near"]["speed_z"] for row in rows) > 0.2, "something has moved"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [440118, 540009])
def test_a_pack_hammered_beside_its_seat_meets_no_force_from_nowhere(seed: int) -> None:
    row = {"station": "chassis", "mode": "direct", "pattern": "hammer", "seed": seed}
    assert alignment.replay(row, plant="rom")["violations"] == {}


@pytest.mark.slow
def test_the_worst_episodes_break_nothing_on_the_reference_plant() -> None:
    rows = list(alignment.play("top_lift", "direct", 1500, itertools.count(600_100), worlds=16))
    for row in alignment.worst(rows, 3):
        assert alignment.replay(row)["violations"] == {}


@pytest.mark.parametrize("name", ["held", slow("greedy")])
def test_an_episode_is_played_again_by_its_row(name: str) -> None:
    """On the plant that it was played on, alone or among others: the same steps, end and closeness."""
    (row,) = alignment.play("chassis", "direct", 1, itertools.count(600_200), names=(name,), worlds=1)
    again = alignment.replay(row, plant="rom")
    assert {k: again[k] for k in row if k != "near"} == {k: row[k] for k in row if k != "near"}
    assert again["near"] == pytest.approx(row["near"], abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_hostile_timing_breaks_nothing(station: str) -> None:
    rows = list(timing.play(station, 4, itertools.count(600_000), worlds=4))
    assert len(rows) == 4
    assert [row for row in rows if row["violations"]] == []


def test_the_command_continues_where_it_stopped(tmp_path, capsys) -> None:
    out = tmp_path / "rows.jsonl"
    given = ["--mode", "direct", "--station", "chassis", "--pattern", "inwards", "--replay", "1", "--json", "--out"]
    assert command.main(["--steps", "300", *given, str(out)]) == 0
    first = json.loads(capsys.readouterr().out)
    before = out.read_text()
    assert command.main(["--steps", "300", *given, str(out)]) == 0
    assert out.read_text() == before, "nothing is played twice"
    second = json.loads(capsys.readouterr().out)
    assert second["alignment_steps"] == first["alignment_steps"] >= 300
    assert second["bullet"]["episodes"] == 1


@pytest.mark.slow
def test_worker_processes_share_the_work(tmp_path) -> None:
    given = ["--mode", "direct", "--station", "chassis", "--pattern", "inwards", "--steps", "300", "--replay", "0"]
    command = [sys.executable, "-m", "tests.evidence.hostile", *given, "--jobs", "2", "--out", str(tmp_path / "rows")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "0 episodes with violations" in done.stdout


def test_rows_of_another_version_are_played_again(tmp_path) -> None:
    out = tmp_path / "rows.jsonl"
    kept = {"station": "chassis", "mode": "direct", **stamp()}
    rows = [{**kept, "seed": 1, "version": "0"}, {**kept, "seed": 2}]
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [row["seed"] for row in command.Store(out).rows.values()] == [2]


def test_tables_count_what_the_rows_say() -> None:
    row = {"station": "chassis", "mode": "direct", "steps": 1500, "outcome": "seated", "violations": {}}
    rows = [
        {**row, "near": dict.fromkeys(LIMITS, 0.25)},
        {**row, "near": dict.fromkeys(LIMITS, 0.5), "violations": {"6": {}}},
        {**row, "mode": "timing", "outcome": "outside_model"},
    ]
    said = command.tables(rows, rows[1:2]).splitlines()
    assert "| chassis | Alignment-v1, direct | 2 | 3,000 | 0 | 1 | 1 | 1 |" in said
    assert "| chassis | Timing-v0 | 1 | 1,500 | 1 | 0 | 0 | 0 |" in said
    assert "| `stroke` | 0.00 | 0.50 |" in said


def test_tables_compare_trips_without_and_with_the_guard() -> None:
    row = {"station": "chassis", "mode": "direct", "pattern": "held", "steps": 100, "changed": 25, "violations": {}}
    ends = ["jam", "seated", "overload", "time_limit"]
    rows = [{**row, "outcome": end} for end in ends]
    rows += [{**row, "outcome": end, "guarded": True} for end in (*["seated"] * 19, "jam")]
    rows += [{**row, "mode": "timing", "outcome": "robot_distance"}]
    said = command.guard_tables(rows).splitlines()
    assert "| chassis | direct | 4 | 20 | 0.5000 | 0.0500 | 10 times | 0, 0 | 25.0 % |" in said
    assert "| `held` | 4 | 20 | 0.5000 | 0.0500 | 10 times | 0, 0 | 25.0 % |" in said
    assert "| without | 1 | 1 | 1 | 1 |" in said
    assert "| chassis | direct | 4 | 0 | 0.5000 | nan | - | 0, 0 | 0.0 % |" in command.guard_tables(rows[:4])


def test_a_file_of_something_else_is_refused(tmp_path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("what\n")
    with pytest.raises(SystemExit, match="line 1"):
        command.main(["--steps", "0", "--swaps", "0", "--replay", "0", "--out", str(path)])
