"""The same seed is the same episode to the last bit: here, elsewhere, later, copied, in every kind of worker."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from tests.envs.episodes import ARGUMENTS, LONG, SHORT, actions, episode_hash, few, hashes, make, steps_of
from tests.tiers import slow

ROOT = Path(__file__).resolve().parents[2]
each_but_long = pytest.mark.parametrize("name", [slow(name) if name in LONG else name for name in ARGUMENTS])
"""Whole swaps among the slow tests."""


def test_in_a_fresh_process() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.envs.episodes", "--short"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout) == hashes(SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_in_workers(method: str) -> None:
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(hashes) == hashes()


@pytest.mark.parametrize("name", [name if "Docking" in name else slow(name) for name in ARGUMENTS])
def test_after_a_hundred_episodes(name: str) -> None:
    env = make(name)
    for seed in range(few(name, 100)):
        episode_hash(env, seed, steps=10)
    assert [episode_hash(env, 11)] == list(hashes([(name, ARGUMENTS[name][0])]).values())
    env.close()


@each_but_long
def test_copied_in_the_middle(name: str) -> None:
    env = make(name)
    env.reset(seed=5)
    first, rest = np.array_split(actions(env, 5, steps_of(name, 80)), 2)
    for action in first:
        env.step(action)
    copy = pickle.loads(pickle.dumps(env))
    for action in rest:
        ours, theirs = env.step(action), copy.step(action)
        assert ours[0].tobytes() == theirs[0].tobytes()
        assert ours[1:] == theirs[1:]
    assert env.reset()[1] == copy.reset()[1], "the next episode is the same too"
    env.close()
    copy.close()


@pytest.mark.parametrize("name", ARGUMENTS)
def test_any_episode_is_reproducible_from_its_seed(name: str) -> None:
    env = make(name)
    env.reset(seed=3)
    observation, info = env.reset()
    again, same = env.reset(seed=info["case"]["seed"])
    assert observation.tobytes() == again.tobytes()
    assert info == same
    env.close()


@each_but_long
def test_alone_and_in_a_vector(name: str) -> None:
    vector = gymnasium.make_vec(f"envs:{name}", num_envs=2, vectorization_mode="sync", **ARGUMENTS[name][0])
    alone = make(name)
    started, _ = vector.reset(seed=[4, 9])
    assert started[1].tobytes() == alone.reset(seed=9)[0].tobytes()
    for action in actions(alone, 1, steps_of(name, 20)):
        moved = vector.step(np.array([action, action]))
        ours = alone.step(action)
        assert moved[0][1].tobytes() == ours[0].tobytes()
        assert moved[1][1] == ours[1]
    vector.close()
    alone.close()
