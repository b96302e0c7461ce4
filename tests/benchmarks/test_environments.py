"""Rows of the bench on environments: sides that answer, the same states when bare, words where something is missing."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

import envs
from tests.benchmarks import environments as bench
from tests.benchmarks.environments import bare, workers
from tests.benchmarks.environments.panda import PANDA, panda_rows
from tests.benchmarks.environments.process import Process, SideError
from tests.benchmarks.environments.workers import worker_rows
from twin.console import ProgressLine

INSERTION, FEW = "tests.envs.insertion:Insertion-v0", {"steps": 8}
QUIET = ProgressLine(None, "", None)
with_panda = pytest.mark.skipif(importlib.util.find_spec("panda_gym") is None, reason="panda-gym is not installed")


@pytest.mark.slow
def test_a_side_says_how_far_it_came() -> None:
    with Process(INSERTION, FEW) as side:
        for _ in range(2):
            side.ask(0.3)
            said = side.answer()
            assert said["steps"] >= 1
            assert said["ticks"] == 25 * said["steps"]
            assert said["step_s"] + said["reset_s"] >= 0.3
            assert 0.0 < said["cpu_s"] <= 1.1 * (said["step_s"] + said["reset_s"])
        side.ask(2.0)
        said = side.answer()
        assert said["steps"] > 8
        assert said["resets"] >= 1
        assert said["reset_s"] > 0.0


@with_panda
def test_their_side_counts_its_ticks_too() -> None:
    with Process(PANDA) as side:
        side.ask(0.2)
        said = side.answer()
        assert said["ticks"] == 20 * said["steps"] > 0


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("no_such_package:Boat-v0", {}, "No module named 'no_such_package'"),
        ("envs:swaptwin/Boat-v0", {}, "Boat"),
        ("envs:swaptwin/Docking-v3", {"station": "nowhere"}, "nowhere"),
        ("tests.agents.tiny:Tiny-v0", {"die_on": 1}, "ended, exit code 9"),
    ],
)
def test_an_unavailable_side_is_reported(name: str, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(SideError, match=words):
        Process(name, arguments)


def test_a_side_that_dies_later_is_reported() -> None:
    side = Process("tests.agents.tiny:Tiny-v0")
    side._process.kill()
    side._process.wait()
    with pytest.raises(SideError, match="ended, exit code -9"):
        side.ask(0.1)
    side.close()


def test_the_bare_loop_goes_through_the_same_states() -> None:
    """Over the ends of episodes: eight steps each, which is less than a turn."""
    found = bare.measure(INSERTION, FEW, turns=3)
    assert found.same
    assert found.ticks == [8 * 25] * 3
    assert min(found.own_s + found.bare_s) > 0.0


def test_other_states_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "measure", lambda *_: bare.Trio([500] * 3, [0.1] * 3, [0.08] * 3, same=False))
    steps, loop = bare.bare_rows("Insertion", INSERTION, FEW, QUIET)
    assert (steps.value, steps.ratio, steps.met) == (pytest.approx(5000.0), pytest.approx(0.8), False)
    assert steps.against == "bare loop in other states"
    assert loop.value == pytest.approx(6250.0)
    monkeypatch.setattr(bare, "measure", lambda *_: bare.Trio([500] * 3, [0.1] * 3, [0.08] * 3))
    assert bare.bare_rows("Insertion", INSERTION, FEW, QUIET)[0].met


@pytest.mark.slow
@with_panda
def test_beside_panda_gym() -> None:
    ours, theirs = panda_rows("Insertion", INSERTION, {"steps": 400}, QUIET, turns=3, turn_s=0.2)
    assert ours.value is not None
    assert ours.ratio is not None
    assert theirs.value is not None
    assert ours.against == "PandaPickAndPlace-v3"
    assert ours.ratio == pytest.approx(ours.value / theirs.value, rel=0.5)
    assert (ours.required, ours.met) == (">= 1.0", ours.ratio >= 1.0)


def test_without_panda_gym_the_row_says_so() -> None:
    [row] = panda_rows("Insertion", INSERTION, FEW, QUIET, other="no_such_gym:Panda-v3")
    assert (row.name, row.value) == ("Insertion beside Panda-v3", None)
    assert "not measured: No module named 'no_such_gym'" in str(row.note)


@pytest.mark.slow
def test_two_workers_against_one(monkeypatch: pytest.MonkeyPatch) -> None:
    two, one = worker_rows("Docking", "envs:swaptwin/Docking-v3", {"guided": True}, QUIET, turns=3, turn_s=0.2)
    assert two.value is not None
    assert two.ratio is not None
    assert one.value is not None
    assert two.ratio == pytest.approx(two.value / one.value, rel=0.5)
    assert two.met is (two.ratio >= 1.7)
    assert "of a core" in str(two.note)
    monkeypatch.setattr(workers.os, "sched_getaffinity", lambda _: {0})
    [row] = worker_rows("Docking", "envs:swaptwin/Docking-v3", {}, QUIET)
    assert row.note == "not measured: only one core here"


def test_an_installation_without_the_task_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envs, "ENTRY_POINTS", {})
    [row] = bench.rows(QUIET)
    assert (row.name, row.note) == ("Alignment-v1", "not measured: it is not registered here")


def test_worlds_of_a_batch_in_three_columns() -> None:
    from tests.benchmarks.environments.vector import measure, vector_rows

    def still(observations: np.ndarray) -> np.ndarray:
        return np.zeros((len(observations), 4), np.float32)

    arguments = {"action_mode": "residual", "time_limit_s": 5.0}
    said = measure(3, arguments, still, seconds=0.0, least=103)
    assert (said.steps, said.taken) == (103, 309)
    assert said.began_anew == 3, "each of them once, after 100 steps or before"
    assert 0.0 < said.kernel_s < said.environment_s
    assert said.policy_s > 0.0
    rows = vector_rows(arguments, still, QUIET, numbers=(2,), seconds=0.0, least=4)
    assert [row.name.split(", ")[1] for row in rows] == ["kernel", "env", "policy", "reset"]
    kernel, environment, policy, _ = (row.value for row in rows)
    assert kernel is not None
    assert environment is not None
    assert policy is not None
    assert kernel > environment > policy
    assert rows[1].ratio == pytest.approx(environment / kernel)
