"""A stable-baselines3 model that was trained behind VecNormalize is evaluated behind it, or refused in one line."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from agents.commands.evaluation_tables import print_evaluation
from agents.episodes import Scene
from agents.evaluate import evaluate
from agents.policies import load_policy
from tests.agents.bundles import make_tiny
from tests.agents.tiny import TASK
from twin.errors import InputError

ENVIRONMENT = make_tiny()
OBSERVATIONS = np.random.default_rng(0).uniform(-4, 4, (20, 2)).astype(np.float32)
PLACES = [
    "vecnormalize.pkl",
    "Tiny-v0/vecnormalize.pkl",
    "envs:tests-Tiny-v0/vecnormalize.pkl",
    "best/vecnormalize.pkl",
    "vec_normalize.pkl",
    "best_vecnormalize.pkl",
    "vecnormalize_best.pkl",
    "VecNormalize-best.pickle",
    "../vecnormalize.pkl",
    "../vec_normalize.pkl",
]
"""Beside `best.zip`."""


@pytest.fixture(scope="module")
def normalise() -> VecNormalize:
    normalise = VecNormalize(DummyVecEnv([make_tiny]), clip_obs=1.5)
    normalise.obs_rms.mean, normalise.obs_rms.var = np.array([1.0, -0.5]), np.array([4.0, 0.25])
    return normalise


@pytest.fixture(scope="module")
def model() -> PPO:
    return PPO("MlpPolicy", DummyVecEnv([make_tiny]), seed=3, device="cpu")


@pytest.fixture
def zip_file(model: PPO, tmp_path: Path) -> Path:
    file = tmp_path / "run" / "best.zip"
    model.save(file)
    return file


def changed(normalise: VecNormalize) -> VecNormalize:
    """A copy, to be changed."""
    copy = pickle.loads(pickle.dumps(normalise))
    copy.set_venv(normalise.venv)
    return copy


def act(file: Path) -> np.ndarray:
    policy = load_policy(str(file), {}, ENVIRONMENT.unwrapped, trust_pickle=True)
    return np.array([policy.act(row) for row in OBSERVATIONS])


def put(normalise: VecNormalize, file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    normalise.save(str(file))


@pytest.mark.parametrize("place", PLACES)
def test_the_normaliser_beside_a_model_is_applied(zip_file: Path, model: PPO, normalise: Any, place: str) -> None:
    raw = act(zip_file)
    put(normalise, zip_file.parent / place)
    right = np.array([model.predict(normalise.normalize_obs(row), deterministic=True)[0] for row in OBSERVATIONS])
    assert np.array_equal(act(zip_file), right)
    assert not np.allclose(raw, right)


def test_that_of_the_same_checkpoint_comes_first(model: PPO, normalise: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "rl_model_64_steps.zip")
    put(normalise, tmp_path / "rl_model_vecnormalize_64_steps.pkl")
    expected = act(tmp_path / "rl_model_64_steps.zip")
    other = changed(normalise)
    other.obs_rms.mean = np.zeros(2)
    put(other, tmp_path / "vecnormalize.pkl")
    put(other, tmp_path / "Tiny-v0" / "vecnormalize.pkl")
    assert np.array_equal(act(tmp_path / "rl_model_64_steps.zip"), expected)


def test_of_another_environment_nothing_is_taken(zip_file: Path, normalise: Any) -> None:
    raw = act(zip_file)
    put(normalise, zip_file.parent / "Docking-v3" / "vecnormalize.pkl")
    assert np.array_equal(act(zip_file), raw)


def test_one_that_leaves_observations_as_they_are(zip_file: Path, normalise: Any) -> None:
    raw = act(zip_file)
    rewards_only = changed(normalise)
    rewards_only.norm_obs = False
    put(rewards_only, zip_file.parent / "vecnormalize.pkl")
    assert np.array_equal(act(zip_file), raw)


def test_what_does_not_fit_is_refused_in_one_line(zip_file: Path, normalise: Any) -> None:
    file = zip_file.parent / "vecnormalize.pkl"
    other = changed(normalise)
    other.obs_rms.mean, other.obs_rms.var = np.zeros(3), np.ones(3)
    unsound = changed(normalise)
    unsound.obs_rms.var = np.array([1.0, np.nan])
    for held, words in (
        (other, r"vecnormalize.pkl: obs_rms.mean: made for another environment, got \(3,\) \(allowed: \(2,\)\)"),
        (unsound, "holds no finite means and variances"),
        ({"mean": 0}, "is not a stable-baselines3 VecNormalize, got 'dict'"),
    ):
        file.write_bytes(pickle.dumps(held))
        with pytest.raises(InputError, match=words) as caught:
            act(zip_file)
        assert "\n" not in str(caught.value)
    file.write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"vecnormalize.pkl: cannot be loaded"):
        act(zip_file)


def test_two_that_could_be_meant_are_refused(zip_file: Path, normalise: Any) -> None:
    for folder in ("Tiny-v0", "old-Tiny-v0"):
        put(normalise, zip_file.parent / folder / "vecnormalize.pkl")
    with pytest.raises(InputError, match="several normalisers may belong to this model"):
        act(zip_file)


def test_one_that_may_be_of_another_model_is_not_passed_over_in_silence(zip_file: Path, normalise: Any) -> None:
    for name in ("rl_model_vecnormalize_64_steps.pkl", "final_vec_normalize.pkl"):
        put(normalise, zip_file.parent / name)
        with pytest.raises(InputError, match="best.zip: the normaliser beside it is not marked as") as caught:
            act(zip_file)
        assert name in str(caught.value)
        (zip_file.parent / name).unlink()
    put(normalise, zip_file.parent / "vecnormalize.pkl")
    put(normalise, zip_file.parent / "vec_normalize.pkl")
    with pytest.raises(InputError, match="several normalisers may belong to this model"):
        act(zip_file)


def test_none_is_unpickled_without_trust(zip_file: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "exploded",)

    (zip_file.parent / "vecnormalize.pkl").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match="--trust-pickle"):
        load_policy(str(zip_file), {}, ENVIRONMENT.unwrapped)
    assert not (tmp_path / "exploded").exists()


def test_evaluate_says_so(zip_file: Path, normalise: Any, capsys: pytest.CaptureFixture[str]) -> None:
    put(normalise, zip_file.parent / "vecnormalize.pkl")
    names = ["baseline", str(zip_file)]
    evaluation, _ = evaluate(Scene(TASK), names, episodes=2, seed=0, workers=1, trust_pickle=True)
    first, second = json.loads(json.dumps(evaluation.as_json()))["policies"]
    assert "normaliser" not in first
    assert second["normaliser"] == str(zip_file.parent / "vecnormalize.pkl")
    from rich.console import Console

    print_evaluation(Console(highlight=False, width=200), evaluation)
    assert "best.zip: observations go through its normaliser" in capsys.readouterr().out
