"""Training on a batch of worlds: it learns, clones, resumes to the last bit, and tells what it measures."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.commands.train_report import report_seeds
from agents.episodes import Episode
from agents.train.config import TrainConfig
from agents.train.figures import METRICS, AppendedCsv
from agents.train.run import Trained, train
from agents.train.seeds import train_seeds
from agents.train.worlds import FAILED_S, judgement_s
from tests.agents.test_train import QUIET, SCENE, tiny_config


def batch_config(**changes: Any) -> TrainConfig:
    """Sixteen worlds; a checkpoint every third rollout."""
    config = tiny_config(worlds=16, checkpoint_steps=1500, selection_episodes=40, evaluation_episodes=60, **changes)
    ppo = config.ppo.model_copy(update={"n_steps": 32, "batch_size": 128})
    return config.model_copy(update={"ppo": ppo})


def run(folder: Path, **changes: Any) -> Trained:
    return train(SCENE, batch_config(**changes), folder, QUIET)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return run(tmp_path_factory.mktemp("runs") / "ppo", steps=6144)


def graph(trained: Trained) -> bytes:
    assert trained.policy is not None
    return (trained.policy / "policy.onnx").read_bytes()


def test_it_learns_what_an_untrained_policy_fails(learnt: Trained) -> None:
    assert learnt.evaluation is not None
    untrained, trained, yardstick, *_ = learnt.evaluation.as_json()["policies"]
    assert untrained["success_ci95"][1] < 0.5
    assert trained["success_ci95"][0] > 0.7
    assert yardstick["success_rate"] == 1.0


def test_the_same_seed_gives_the_same_policy_and_another_one_another(learnt: Trained, tmp_path: Path) -> None:
    assert graph(run(tmp_path / "same", steps=6144)) == graph(learnt)
    assert graph(run(tmp_path / "other", steps=1024, seed=1)) != graph(learnt)


def measured(trained: Trained) -> list[dict[str, str]]:
    """Rows of the metrics."""
    with (trained.folder / METRICS).open() as file:
        return list(csv.DictReader(file))


def test_metrics_are_in_the_csv_and_in_tensorboard(learnt: Trained) -> None:
    rows = measured(learnt)
    for name in ("success", "time_s", "cost", "reward", "term_reward"):
        assert any(row[f"episodes/{name}"] for row in rows)
    assert float(rows[-1]["episodes/success"]) > 0.7
    assert [row["selection/success"] for row in rows if row["selection/success"]]
    assert list((learnt.folder / "tensorboard").iterdir())


def test_a_clone_does_what_its_policy_does(tmp_path: Path) -> None:
    config = batch_config(steps=512)
    clone = config.clone.model_copy(update={"policy": "baseline", "episodes": 128, "epochs": 40, "batch_size": 256})
    cloned = train(SCENE, config.model_copy(update={"clone": clone}), tmp_path / "run", QUIET)
    assert cloned.evaluation is not None
    untrained, policy, baseline, *_ = cloned.evaluation.as_json()["policies"]
    assert untrained["success_ci95"][1] < 0.5
    assert policy["success_rate"] >= baseline["success_rate"] - 0.05


def test_failures_outweigh_time_and_force() -> None:
    def episodes(failed: int, time_s: float, force_n: float) -> list[Episode]:
        kpis = {"time_s": time_s, "peak_lateral_force_n": force_n}
        return [Episode(i, i >= failed, "", 1, 0.0, 0.0, kpis, 0, {}) for i in range(100)]

    assert judgement_s(episodes(1, 5.0, 3000.0), 0.0) > judgement_s(episodes(0, 5.9, 3000.0), 0.0)
    assert judgement_s(episodes(0, 5.0, 6000.0), 1.0) > judgement_s(episodes(0, 6.0, 4000.0), 1.0)
    assert judgement_s(episodes(0, 5.0, 6000.0), 0.0) < judgement_s(episodes(0, 6.0, 4000.0), 0.0)
    assert judgement_s(episodes(100, 5.0, 0.0), 0.0) >= 2.0 * FAILED_S


def test_a_second_attempt_weighs_less_than_a_failure_and_more_than_its_time() -> None:
    def episodes(failed: int, again: int) -> list[Episode]:
        kpis = [{"time_s": 6.0, "first_attempt": float(i < failed or i >= failed + again)} for i in range(100)]
        return [Episode(i, i >= failed, "", 1, 0.0, 0.0, kpis[i], 0, {}) for i in range(100)]

    assert judgement_s(episodes(0, 0), 1.0) < judgement_s(episodes(0, 1), 1.0) < judgement_s(episodes(1, 0), 1.0)
    assert judgement_s(episodes(1, 0), 1.0) == pytest.approx(judgement_s(episodes(0, 4), 1.0))


def test_rows_after_a_checkpoint_are_dropped_when_a_run_resumes(tmp_path: Path) -> None:
    path = tmp_path / METRICS
    table = AppendedCsv(path, None)
    for step in (100, 200, 300):
        table.write({"a": np.float64(step), "words": "no number"}, {}, step)
    AppendedCsv(path, 200).write({"a": 1.0, "b": 2.0}, {}, 300)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["a"] for row in rows] == ["100", "200", "1"]
    assert [row["b"] for row in rows] == ["", "", "2"]


def test_several_seeds_are_reported_beside_the_best_classical_policy(tmp_path: Path) -> None:
    config, folder = batch_config(steps=1536), tmp_path / "runs"
    found = train_seeds(SCENE, config, folder, QUIET, 2)
    assert [one.folder.name for one in found.runs] == ["seed_0", "seed_1"]
    assert len({graph(one) for one in found.runs}) == 2
    # shipped by the held-out episodes, ranked by the evaluation's
    best = min(found.runs, key=lambda one: one.judged_s or 0.0)
    assert found.shipped == found.runs.index(best)
    assert (folder / "policy" / "policy.onnx").read_bytes() == graph(best)
    told = json.loads((folder / "seeds.json").read_text())
    assert (told["shipped"], told["seeds"]) == (found.shipped, 2)
    rates = {row["seed"]: row["success_rate"] for row in told["runs"]}
    assert [rates[seed] for seed in told["ranked"]] == sorted(rates.values(), reverse=True)
    # beside the best classical one, on the same seeds
    evaluation = json.loads((best.folder / "evaluation.json").read_text())
    classical = [row for row in evaluation["policies"] if "/" not in row["name"]]
    assert told["classical"]["success_rate"] == max(row["success_rate"] for row in classical)
    against = told["runs"][found.shipped]["against"]
    assert against["name"] == told["classical"]["name"]
    mine = told["runs"][found.shipped]["success_rate"] - told["classical"]["success_rate"]
    assert against["success"]["difference"] == pytest.approx(mine)
    low, high = against["success"]["ci95"]
    assert low <= mine <= high
    # as told to people and to programs
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        patch.setenv("COLUMNS", "220")
        report_seeds(found, SCENE, as_json=False)
    words = out.getvalue()
    for seed in (0, 1):
        [line] = [line for line in words.splitlines() if line.startswith(f"seed {seed}")]
        assert ("shipped" in line) == (seed == found.shipped)
        assert ("best" in line) == (seed == told["ranked"][0])
        assert ("worst" in line) == (seed == told["ranked"][-1])
    assert any(line.startswith(told["classical"]["name"]) for line in words.splitlines())
    with contextlib.redirect_stdout(io.StringIO()) as out:
        report_seeds(found, SCENE, as_json=True)
    reported = json.loads(out.getvalue())
    assert (reported["best"], reported["worst"]) == (told["ranked"][0], told["ranked"][-1])
    # killed while the second one began: the first stays, the second is made anew
    policies = [graph(one) for one in found.runs]
    times = (found.runs[0].folder / "result.json").stat().st_mtime_ns
    for name in ("result.json", "policy"):
        path = found.runs[1].folder / name
        path.unlink() if path.is_file() else shutil.rmtree(path)
    shutil.rmtree(folder / "policy")
    again = train_seeds(SCENE, config, folder, QUIET, 1, resume=True, trust_pickle=True)
    assert [one.folder.name for one in again.runs] == ["seed_1"]
    assert (found.runs[0].folder / "result.json").stat().st_mtime_ns == times
    assert [(folder / f"seed_{i}" / "policy" / "policy.onnx").read_bytes() for i in (0, 1)] == policies
    assert again.shipped == found.shipped
    assert (folder / "policy" / "policy.onnx").read_bytes() == graph(best)


def test_a_copied_run_is_a_run(learnt: Trained, tmp_path: Path) -> None:
    """A finished run resumes at its end: nothing is left to train, and the same policy is written."""
    shutil.copytree(learnt.folder, tmp_path / "copy")
    again = train(SCENE, batch_config(steps=6144), tmp_path / "copy", QUIET, resume=True, trust_pickle=True)
    assert graph(again) == graph(learnt)
