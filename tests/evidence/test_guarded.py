"""The comparison of good policies without and with the guard: what is counted, and what the table says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agents.guard_alignment import AlignmentFilter
from tests.evidence import guarded
from tests.evidence.markers import stamp
from twin.catalogue import load_station


def told(**other: object) -> dict[str, object]:
    return {"seated": 9, "trips": 1, "violations": 0, "time_s": [6.5, 7.0], "force_n": [2000.0, 4000.0], **other}


def row(**other: object) -> dict[str, object]:
    usual = {"policy": "law", "station": "chassis", "parking": "guided", "conditions": "clear", "episodes": 10}
    usual |= {"steps": 800, "changed": 4, "rules": {"entry": 3, "landing": 1}, "size": [0.25, 0.5], "trips": 1}
    usual |= {"needed": 2, "without": told(), "with": told(seated=10, trips=0, changed=4, steps=790), **stamp()}
    return usual | other


class Inwards:
    """Full speed towards the seat."""

    def begin(self, world: int, seed: int) -> None:
        pass

    def act(self, worlds: np.ndarray, observations: np.ndarray) -> np.ndarray:
        return np.tile([0.0, 0.0, 9.0, 0.0], (len(worlds), 1))


def test_a_filter_in_the_shadow_notes_changes_and_leaves_actions_alone() -> None:
    rules = AlignmentFilter(load_station("top_lift"), "direct", 3)
    watched = guarded.Watched(Inwards(), rules, np.full(4, -1.0), np.full(4, 1.0))
    which = np.array([0, 2])
    for world, seed in zip(which.tolist(), (7, 8), strict=True):
        watched.begin(world, seed)
    observations = np.zeros((2, 50), np.float32)
    from envs.alignment_control import OBSERVATION

    places = {q.name: (i, q.scale) for i, q in enumerate(OBSERVATION)}
    beside = {"height": 0.15, "guides": 0.15 / 0.14, "pack_x": 0.05, "axis_speed_in": 0.05, "mass": 2300.0, "rope": 4.0}
    for name, value in beside.items():
        i, scale = places[name]
        observations[1, i] = value / scale
        observations[0, i] = 0.0 if name == "pack_x" else value / scale
    for _ in range(2):
        assert watched.act(which, observations)[:, 2].tolist() == [9.0, 9.0]
    assert watched.changes[7] == []
    assert [(step, names) for step, names, _ in watched.changes[8]] == [(0, (0,)), (1, (0,))]
    assert 0.7 < watched.changes[8][0][2] <= 1.0, "of the action as it was clipped"


def test_the_table_says_what_the_rows_do() -> None:
    said = guarded.table([row(), row(conditions="night+rain", changed=12)])
    assert (
        "| law | chassis | guided | clear | 800 | 0.50 % | entry 0.38, landing 0.12 | 0.25, 0.50 | 1, 0 | 2 |" in said
    )
    assert "| law | chassis | 20 | 1,600 | 1.00 % | 0.51 % | 18, 20 |" in said


def test_the_command_goes_on_where_it_stopped(tmp_path, capsys, monkeypatch) -> None:
    played = []
    monkeypatch.setattr(guarded, "cell", lambda *key: played.append(key) or row(**dict(zip(KEY, key, strict=True))))
    out = tmp_path / "rows.jsonl"
    out.write_text(json.dumps(row()) + "\n" + json.dumps(row(parking="unguided", version="0")) + "\n")
    given = ["--episodes", "10", "--policy", "law", "--station", "chassis", "--out", str(out)]
    assert guarded.main(given) == 0
    assert [key[2:4] for key in played] == [key for key in guarded.CELLS if key != ("guided", "clear")]
    assert guarded.main(given) == 0
    assert len(played) == 3, "nothing is played twice"
    assert capsys.readouterr().out.count("| law | chassis | guided | clear |") == 2


KEY = ("policy", "station", "parking", "conditions", "episodes")


def test_a_file_of_something_else_is_refused(tmp_path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("[1]\n")
    with pytest.raises(SystemExit, match="line 1"):
        guarded.main(["--out", str(path)])


@pytest.mark.slow
def test_a_cell_is_played_without_and_with_the_filter() -> None:
    found = guarded.cell("law", "chassis", "guided", "clear", 6)
    assert found["trips"] == found["needed"] == 0
    assert found["without"]["seated"] == found["with"]["seated"] == 6
    assert found["changed"] <= 0.01 * found["steps"]
