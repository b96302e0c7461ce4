"""Environments on the reduced-order plant: an episode that leaves the model's domain ends, and is no success."""

from __future__ import annotations

import math

import gymnasium as gym
import numpy as np

import envs  # noqa: F401 - registers the environments
from envs.alignment import AlignmentEnv
from envs.timing import TimingEnv
from envs.vector.alignment import AlignmentVectorEnv
from envs.vector.timing import TimingVectorEnv


def test_alignment_ends_outside_the_model() -> None:
    env = AlignmentEnv(plant="rom")
    env.reset(seed=5)
    env.step(np.zeros(4, np.float32))
    env.runner.worlds["truth"]["qd"][0, 0, 4] = math.nan
    observation, reward, terminated, truncated, info = env.step(np.zeros(4, np.float32))
    assert (info["outcome"], terminated, truncated, info["is_success"]) == ("outside_model", True, False, False)
    assert np.isfinite(observation).all()
    assert math.isfinite(reward)
    assert info["reward_terms"]["failed"] == 1.0
    assert info["violations"] == 0
    env.close()


def test_only_that_world_of_many_insertions_ends() -> None:
    env = AlignmentVectorEnv(3)
    env.reset(seed=5)
    actions = np.zeros((3, 4), np.float32)
    env.step(actions)
    env.runner.worlds["truth"]["qd"][1, 0, 5] = math.inf
    observations, rewards, terminated, _, info = env.step(actions)
    assert terminated.tolist() == [False, True, False]
    assert info["outcome"].tolist() == ["running", "outside_model", "running"]
    assert not info["is_success"][1]
    assert np.isfinite(observations).all()
    assert np.isfinite(rewards).all()
    env.close()


def test_timing_ends_outside_the_model() -> None:
    env = TimingEnv(plant="rom", truck="tractor_6x4", pack="cab_282")
    env.reset(seed=5)
    assert env._episode is not None
    env._episode.swap.twin.runner.worlds["truth"]["qd"][0, 0, 4] = math.nan
    observation, reward, terminated, truncated, info = env.step(np.zeros(10, np.float32))
    assert (info["outcome"], terminated, truncated, info["is_success"]) == ("outside_model", True, False, False)
    assert np.isfinite(observation).all()
    assert reward < -1.0
    assert info["reward_terms"]["failed"] == 1.0
    env.close()


def test_only_that_world_of_many_swaps_ends() -> None:
    env = gym.make_vec("envs:swaptwin/Timing-v0", num_envs=2, vectorization_mode="vector_entry_point")
    base = env.unwrapped
    assert isinstance(base, TimingVectorEnv)
    base.reset(seed=5)
    base.runner.worlds["truth"]["qd"][1, 0, 4] = math.nan
    observations, rewards, terminated, _, info = base.step(np.zeros((2, 10), np.float32))
    assert terminated.tolist() == [False, True]
    assert info["outcome"].tolist() == ["running", "outside_model"]
    assert np.isfinite(observations).all()
    assert np.isfinite(rewards).all()
    env.close()
