"""Training: learns what an untrained policy cannot, its bundle agrees with torch, it goes on where it stopped."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import DummyVecEnv

from agents.bundle import load_bundle
from agents.episodes import Scene
from agents.evaluate import Evaluation
from agents.export import graph_bytes, layers_of
from agents.policies import load_policy
from agents.train.bundles import SELECTION_SEED
from agents.train.checkpoint import load_model, load_zip
from agents.train.config import TRAINING_SEEDS, TrainConfig, load_config, training_seed
from agents.train.models import make_environments, make_model
from agents.train.run import Trained, train
from agents.train.run_state import STATE, RunState, checkpoints_in
from agents.train.watch import BEST_OF, TrainingWatch
from tests.agents.bundles import make_tiny
from tests.agents.tiny import TASK
from twin.console import ProgressLine
from twin.errors import InputError

SCENE = Scene(TASK)
QUIET = ProgressLine(None, "", None)
OBSERVATIONS = np.random.default_rng(0).uniform(-4.0, 4.0, (10_000, 2)).astype(np.float32)


def tiny_config(algorithm: str = "ppo", **changes: Any) -> TrainConfig:
    """The docking file's settings, made small."""
    base = load_config("docking").model_dump()
    base["ppo"] |= {"hidden": (32, 32), "learning_rate": 2e-3, "n_steps": 512, "n_epochs": 8, "gamma": 0.97}
    base["ppo"] |= {"log_std_init": -0.5, "batch_size": 128, "gae_lambda": 0.95, "clip_range": 0.2}
    base["sac"] |= {"hidden": (16,), "learning_starts": 50, "batch_size": 16, "train_freq": 4, "buffer_size": 1000}
    small = {"algorithm": algorithm, "workers": 1, "evaluation_episodes": 40, "steps": 7000}
    small |= {"worlds": 0, "clone": {}, "selection_episodes": 0, "environment": {}, "checkpoint_steps": 20_000}
    small |= {"wall_time_s": 1800.0}
    return TrainConfig.model_validate(base | small | changes)


def last_checkpoint(run: Trained) -> Path:
    found = checkpoints_in(run.folder / "checkpoints")
    return found[max(found)]


def learning_config() -> TrainConfig:
    """Forty updates: enough to learn the task."""
    config = tiny_config(steps=10_240)
    return config.model_copy(update={"ppo": config.ppo.model_copy(update={"n_steps": 256})})


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(SCENE, learning_config(), tmp_path_factory.mktemp("runs") / "ppo", QUIET)


def test_it_learns_what_an_untrained_policy_fails(learnt: Trained) -> None:
    assert learnt.evaluation is not None
    untrained, trained, yardstick, *_ = learnt.evaluation.as_json()["policies"]
    assert untrained["success_ci95"][1] < 0.5
    assert trained["success_ci95"][0] > 0.7
    assert yardstick["name"] == "baseline"
    assert yardstick["success_rate"] == 1.0


def test_the_run_folder_explains_itself(learnt: Trained) -> None:
    reported = json.loads((learnt.folder / "config.json").read_text())
    assert TrainConfig.model_validate(reported) == learning_config()
    assert json.loads((learnt.folder / "versions.json").read_text())["torch"].startswith("2.")
    assert list((learnt.folder / "tensorboard").iterdir())
    contract = load_bundle(learnt.folder / "policy", make_tiny()).contract
    assert 0 < contract.made.steps <= learnt.steps == 10_240
    assert [row.policy for row in contract.measured] == ["untrained", "policy", "baseline", "slow", "wild"]
    low, high = np.array(contract.validity.observation_low), np.array(contract.validity.observation_high)
    assert (low < high).all()
    assert (np.abs([low, high]) <= 4.0).all()
    assert "| policy | 40, 0 |" in (learnt.folder / "policy" / "card.md").read_text()
    assert json.loads((learnt.folder / "evaluation.json").read_text())["episodes"] == 40


def test_training_seeds_are_never_those_of_an_evaluation() -> None:
    seeds = {training_seed(seed) for seed in range(200)}
    assert len(seeds) == 200
    assert min(seeds) >= TRAINING_SEEDS
    assert max(seeds) < 2**32


def test_onnx_agrees_with_torch_on_ten_thousand_observations(learnt: Trained) -> None:
    model = load_model(last_checkpoint(learnt), "ppo")
    best = RunState.of(last_checkpoint(learnt)).weights
    if best is not None:  # else the last policy is the best
        model.policy.load_state_dict({name: torch.from_numpy(weight) for name, weight in best.items()})
    bundle = load_bundle(learnt.folder / "policy", make_tiny())
    graph = bundle._session.run(None, {"observation": OBSERVATIONS})[0]
    np.testing.assert_allclose(graph, model.predict(OBSERVATIONS, deterministic=True)[0], atol=1e-5)
    for observation, action in zip(OBSERVATIONS[:50], graph, strict=False):
        np.testing.assert_allclose(bundle.act(observation), action, atol=1e-6)
    assert 0.01 < np.mean(np.abs(graph) == 1.0) < 0.99  # limits are in the graph, and not all there is


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu"])
def test_onnx_agrees_with_torch_for_sac(activation: str) -> None:
    import onnxruntime

    config = tiny_config("sac")
    config = config.model_copy(update={"sac": config.sac.model_copy(update={"activation": activation})})
    model = make_model(config, DummyVecEnv([make_tiny]))
    session = onnxruntime.InferenceSession(graph_bytes(layers_of(model), 2, 1))
    graph = session.run(None, {"observation": OBSERVATIONS})[0]
    np.testing.assert_allclose(graph, model.predict(OBSERVATIONS, deterministic=True)[0], atol=1e-5)
    assert np.ptp(graph) > 0.01


def test_it_continues_where_it_stopped(tmp_path: Path) -> None:
    few = {"evaluation_episodes": 1, "checkpoint_steps": 100}
    folder = tmp_path / "sac"
    first = train(SCENE, tiny_config("sac", steps=200, workers=2, **few), folder, QUIET)
    assert first.ended == "steps"
    assert first.steps == 200
    untrained = (folder / "untrained" / "policy.onnx").read_bytes()
    assert (folder / "policy" / "policy.onnx").read_bytes() != untrained
    longer = tiny_config("sac", steps=304, workers=2, **few)
    with pytest.raises(InputError, match="hold pickles, which can run any code; load your own with --trust-pickle"):
        train(SCENE, longer, folder, QUIET, resume=True)
    again = train(SCENE, longer, folder, QUIET, resume=True, trust_pickle=True)
    assert again.steps == 304
    assert (folder / "untrained" / "policy.onnx").read_bytes() == untrained
    assert sorted(checkpoints_in(folder / "checkpoints")) == [0, 104, 200, 304]
    assert [path.name for path in (folder / "checkpoints").glob("replay*")] == ["replay_304.pkl"]
    with pytest.raises(InputError, match="already exists"):
        train(SCENE, longer, folder, QUIET)
    (folder / "checkpoints" / "replay_304.pkl").write_bytes(b"")
    with pytest.raises(InputError, match=r"replay_304\.pkl: the checkpoint's replay buffer cannot be loaded"):
        train(SCENE, longer.model_copy(update={"steps": 400}), folder, QUIET, resume=True, trust_pickle=True)


def test_wall_time_ends_it(tmp_path: Path) -> None:
    config = tiny_config(steps=10**6, wall_time_s=0.5, evaluation_episodes=1)
    assert train(SCENE, config, tmp_path / "run", QUIET).ended == "wall_time_s"


def test_a_zip_is_loaded_only_when_trusted(learnt: Trained) -> None:
    file = last_checkpoint(learnt)
    environment = make_tiny()
    with pytest.raises(InputError, match="--trust-pickle"):
        load_policy(str(file), {}, environment)
    trusted = load_policy(str(file), {}, environment, trust_pickle=True)
    model = load_model(file, "ppo")
    for observation in OBSERVATIONS[:20]:
        np.testing.assert_array_equal(trusted.act(observation), model.predict(observation, deterministic=True)[0])
    other = learnt.folder / "other.zip"
    other.write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(InputError, match=r"other.zip: is not a stable-baselines3 file"):
        load_zip(other, environment, trust_pickle=True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("steps: 0", "steps: line .*: out of range, got 0"),
        ("algorithm: dqn", "algorithm"),
        ("stepss: 5", r"stepss: .*unknown key \(did you mean steps\?\)"),
        ("seed: -1", "seed"),
        ("wall_time_s: .nan", "wall_time_s: must be a finite number"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, line: str, said: str) -> None:
    key = line.split(":")[0]
    text = (Path(__file__).parents[2] / "agents/train/docking.yaml").read_text()
    file = tmp_path / "mine.yaml"
    file.write_text(re.sub(rf"(?m)^{key}:.*\n", "", text) + line + "\n")
    with pytest.raises(InputError, match=said) as caught:
        load_config("docking", file)
    assert "mine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_task_without_a_file_is_refused() -> None:
    with pytest.raises(InputError, match="no training is set up for task"):
        load_config("flying")


def test_the_best_policy_of_training_is_kept(tmp_path: Path) -> None:
    config = tiny_config(steps=1)
    environments = make_environments(SCENE, config)
    model = make_model(config, environments)
    watch = TrainingWatch(config, tmp_path, QUIET)
    watch.model = model
    weights = next(model.policy.parameters())
    for step, reward in ((1000, 1.0), (2000, 3.0), (3000, 2.0)):
        watch.num_timesteps = step
        with torch.no_grad():
            weights.fill_(step)
        model.ep_info_buffer = deque([{"r": reward}] * BEST_OF)
        watch._look()
    assert watch.restore_best(model) == 2000
    # the next part of the run goes on with it
    with zipfile.ZipFile(tmp_path / "step_3000.zip", "w") as archive:
        archive.writestr(STATE, watch.seen.packed())
    with torch.no_grad():
        weights.fill_(0.0)
    later = TrainingWatch(config, tmp_path, QUIET, RunState.of(tmp_path / "step_3000.zip"))
    later.model, later.num_timesteps = model, 4000
    model.ep_info_buffer = deque([{"r": 0.0}] * BEST_OF)
    later._look()
    assert later.restore_best(model) == 2000
    assert float(weights.detach().min()) == 2000.0
    environments.close()


def test_without_enough_episodes_the_last_policy_stays(tmp_path: Path) -> None:
    config = tiny_config(steps=1)
    environments = make_environments(SCENE, config)
    watch = TrainingWatch(config, tmp_path, QUIET)
    watch.model = make_model(config, environments)
    watch.model.num_timesteps = watch.num_timesteps = 1500
    watch.model.ep_info_buffer = deque([{"r": 1.0}] * (BEST_OF - 1))
    watch._look()
    assert watch.restore_best(watch.model) == 1500
    assert watch.seen.weights is None
    environments.close()


@pytest.mark.slow
def test_of_the_checkpoints_the_one_that_earns_most_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the first nor the last of them: what is shipped is that candidate to the last bit."""
    config = tiny_config(checkpoint_steps=2000, selection_episodes=2, evaluation_episodes=1)
    play = Evaluation.as_json

    def second_best(self: Evaluation) -> dict[str, Any]:
        reported = play(self)
        if self.seed == SELECTION_SEED:
            for i, row in enumerate(reported["policies"]):
                row["reward_mean"] = 1.0 if i == 1 else 0.0
        return reported

    monkeypatch.setattr(Evaluation, "as_json", second_best)
    run = train(SCENE, config, tmp_path / "run", QUIET)
    names = [Path(row["name"]).name for row in json.loads((run.folder / "selection.json").read_text())["policies"]]
    assert len(names) >= 3
    shipped = load_bundle(run.folder / "policy", make_tiny())
    assert shipped.contract.made.steps == int(names[1].removeprefix("step_"))
    graphs = {name: (run.folder / "candidates" / name / "policy.onnx").read_bytes() for name in names}
    assert len(set(graphs.values())) == len(names)
    assert (run.folder / "policy" / "policy.onnx").read_bytes() == graphs[names[1]]


def test_what_a_run_has_seen_is_kept_as_plain_arrays(tmp_path: Path) -> None:
    file = tmp_path / "step_7.zip"

    def written(entries: dict[str, bytes]) -> Path:
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        return file

    state = RunState(
        3.5, 7, {"a.weight": np.eye(2)}, np.zeros(3), np.ones(3), 1.25, False, (3, 5), {"a/b": 0.1}, {"c": 1e-9}
    )
    again = RunState.of(written({STATE: state.packed()}))
    assert (again.reward, again.step, again.judging_s, again.regular) == (3.5, 7, 1.25, False)
    assert (again.resumed_at, again.pending, again.pending_csv) == ((3, 5), {"a/b": 0.1}, {"c": 1e-9})
    assert again.weights is not None
    assert again.high is not None
    np.testing.assert_array_equal(again.weights["a.weight"], np.eye(2))
    np.testing.assert_array_equal(again.high, np.ones(3))
    with pytest.raises(InputError, match=r"step_7\.zip: holds no state of the run"):
        RunState.of(written({"data": b""}))
    with pytest.raises(InputError, match=r"step_7\.zip: cannot be read"):
        RunState.of(written({STATE: b"no archive"}))
    pickled = io.BytesIO()
    np.savez(pickled, reward=np.array([{}], dtype=object))
    with pytest.raises(InputError, match=r"step_7\.zip: cannot be read"):
        RunState.of(written({STATE: pickled.getvalue()}))
