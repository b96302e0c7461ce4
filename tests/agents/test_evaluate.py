"""The evaluator on a tiny task: same seeds for all, any number of workers, interrupted or not."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

from agents.episodes import Player, Scene
from agents.evaluate import Evaluation, evaluate
from agents.pool import Pool, WorkerDiedError
from tests.agents.tiny import TASK
from twin.errors import InputError

POLICIES = ("baseline", "slow", "zero", "random", "wild")
SCENE = Scene(TASK)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    done, interrupted = evaluate(SCENE, POLICIES, episodes=20, seed=3, workers=1)
    assert not interrupted
    return done


def test_json_has_the_shape_of_the_design(evaluation: Evaluation) -> None:
    reported = evaluation.as_json()
    assert {"task", "station", "plant", "episodes", "seed", "policies", "paired"} <= set(reported)
    assert (reported["task"], reported["station"], reported["plant"], reported["episodes"], reported["seed"]) == (
        "tiny",
        "bench",
        None,
        20,
        3,
    )
    for row in reported["policies"]:
        assert {
            "name",
            "success_rate",
            "success_ci95",
            "time_s",
            "peak_lateral_force_n",
            "violations",
            "reasons",
        } <= set(row)
        assert set(row["time_s"]) == {"median", "p95"}
        assert set(row["peak_lateral_force_n"]) == {"median", "p95", "p99"}
        assert sum(row["reasons"].values()) == 20
        low, high = row["success_ci95"]
        assert 0.0 <= low <= row["success_rate"] <= high <= 1.0
        assert len(row["failed_seeds"]) == 20 - round(20 * row["success_rate"])
    for row in reported["paired"]:
        assert {"a", "b", "metric", "median_difference", "ci95"} <= set(row)
        assert row["ci95"][0] <= row["median_difference"] <= row["ci95"][1]
    assert [(row["a"], row["b"]) for row in reported["paired_success"]][:4] == [("baseline", b) for b in POLICIES[1:]]


def test_all_policies_play_the_same_seeds_in_order(evaluation: Evaluation) -> None:
    for episodes in evaluation.episodes:
        assert [episode.seed for episode in episodes] == list(range(3, 23))


def test_figures_are_those_of_the_episodes(evaluation: Evaluation) -> None:
    baseline, slow, zero, random, wild = evaluation.as_json()["policies"]
    assert baseline["success_rate"] == 1.0
    assert zero["success_rate"] < 0.3
    assert random["success_rate"] < 0.8
    times = [episode.time_s for episode in evaluation.episodes[0]]
    assert baseline["time_s"] == {"median": np.median(times), "p95": np.percentile(times, 95)}
    assert baseline["slowest_seed"] == 3 + int(np.argmax(times))
    assert baseline["interventions"] == {}
    assert wild["interventions"]["not_finite"] == 20
    assert wild["interventions"]["beyond_limits"] > 20


def test_paired_differences_are_b_less_a_seed_by_seed(evaluation: Evaluation) -> None:
    row = next(
        r for r in evaluation.as_json()["paired"] if (r["a"], r["b"], r["metric"]) == ("baseline", "slow", "time_s")
    )
    both = [(a, b) for a, b in zip(*evaluation.episodes[:2], strict=True) if a.success and b.success]
    assert row["pairs"] == len(both)
    assert row["median_difference"] == np.median([b.time_s - a.time_s for a, b in both])
    success = next(r for r in evaluation.as_json()["paired_success"] if (r["a"], r["b"]) == ("baseline", "zero"))
    assert success["difference"] == pytest.approx(evaluation.as_json()["policies"][2]["success_rate"] - 1.0)


def test_a_policy_against_itself_differs_by_nothing() -> None:
    done, _ = evaluate(SCENE, ["random", "random"], episodes=5, seed=0, workers=1)
    assert done.episodes[0] == done.episodes[1]
    paired = done.as_json()["paired"]
    assert [row["metric"] for row in paired] == ["time_s", "peak_lateral_force_n"]
    for row in paired:
        assert row["pairs"] > 0
        assert (row["median_difference"], row["ci95"]) == (0.0, [0.0, 0.0])


def test_the_number_of_workers_changes_no_bit(evaluation: Evaluation) -> None:
    again, _ = evaluate(SCENE, POLICIES, episodes=20, seed=3, workers=2)
    assert again.episodes == evaluation.episodes
    assert again.as_json() == evaluation.as_json()


def test_an_episode_played_alone_is_the_one_of_the_run(evaluation: Evaluation) -> None:
    alone, _ = evaluate(SCENE, ["random"], episodes=1, seed=17, workers=1)
    assert alone.episodes[0][0] == evaluation.episodes[3][14]


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_gives_what_is_done_so_far(workers: int) -> None:
    scene = Scene(TASK, {"wait_s": 0.001})
    timer: list[threading.Timer] = []

    def interrupt(_: object) -> None:
        if not timer:
            timer.append(threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)))
            timer[0].start()

    began_s = time.monotonic()
    done, interrupted = evaluate(
        scene, ["zero", "baseline"], episodes=100_000, seed=0, workers=workers, on_seed=interrupt
    )
    assert interrupted
    assert time.monotonic() - began_s < 40.0
    reported = done.as_json()
    assert 1 <= reported["episodes"] < 100_000
    assert reported["episodes_asked"] == 100_000
    assert len(done.episodes[0]) == len(done.episodes[1]) == reported["episodes"]


def test_nothing_done_is_a_result_too() -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    done, interrupted = evaluate(SCENE, ["zero"], episodes=5, seed=0, workers=1, on_seed=interrupt)
    assert interrupted
    assert done.played == 1
    empty = Evaluation(SCENE, ("zero",), 0, 5, ((),), {}).as_json()
    assert empty["policies"][0]["success_rate"] is None
    assert empty["policies"][0]["success_ci95"] == [0.0, 1.0]


def test_a_worker_that_dies_is_said_so() -> None:
    with Pool(1, Player, Scene(TASK, {"die_on": 2}), ("zero",)) as pool:
        answers = pool.answers(range(4))
        assert next(answers)[0] == 0
        assert next(answers)[0] == 1
        with pytest.raises(WorkerDiedError, match="exit code 9"):
            next(answers)


@pytest.mark.parametrize(
    ("options", "policies", "said"),
    [
        ({"truck": "big"}, ["zero"], r"--truck: task tiny takes no such option, got 'big'"),
        ({}, ["basline"], r"--policy: unknown policy \(did you mean baseline\?\), got 'basline'"),
        ({}, ["./nowhere"], r"nowhere"),
    ],
)
def test_mistakes_are_reported_before_anything_is_played(
    options: dict[str, str], policies: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        evaluate(Scene(TASK, options), policies, episodes=5, seed=0, workers=2)
