"""The adapter to stable-baselines3: its contract, and a short training with each algorithm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor

from envs.vector.sb3 import BatchVecEnv, make_sb3
from tests.envs.vector.alike import actions, alike, make
from twin.errors import InputError

ALIGNMENT, DOCKING = "swaptwin/Alignment-v1", "swaptwin/Docking-v3"


@pytest.mark.parametrize(
    ("name", "arguments"), [(ALIGNMENT, {"plant": "rom", "time_limit_s": 5.0}), (DOCKING, {"time_limit_s": 10.0})]
)
def test_it_gives_what_theirs_gives_of_the_single_one(name: str, arguments: dict[str, Any]) -> None:
    ours = make_sb3(name, 2, full_infos=True, **arguments)
    theirs = make_vec_env(f"envs:{name}", 2, seed=4, env_kwargs=arguments)  # with Monitor
    ours.seed(4)
    alike(ours.reset(), theirs.reset())
    assert ours.reset_infos == theirs.reset_infos
    ended = 0
    for action in actions(name, 2, 0)[:110]:
        action = np.clip(action, -1.0, 1.0)
        *one, infos = ours.step(action)
        *other, monitored = theirs.step(action)
        alike(tuple(one), tuple(other))
        for mine, own in zip(infos, monitored, strict=True):
            alike(mine, {key: value for key, value in own.items() if key != "episode"})
        ended += int(one[2].sum())
    assert ended
    ours.close()
    theirs.close()


def test_infos_are_short_where_nothing_ended() -> None:
    env = make_sb3(DOCKING, 2, time_limit_s=10.0)
    env.reset()
    for k in range(100):
        _, _, dones, infos = env.step(np.zeros((2, 2)))
        if k < 99:
            assert infos == [{"TimeLimit.truncated": False}] * 2
    assert dones.all()
    assert all(info["TimeLimit.truncated"] and info["outcome"] == "time_limit" for info in infos)
    assert all(info["terminal_observation"].shape == env.observation_space.shape for info in infos)


def test_attributes_options_and_what_it_does_not_do() -> None:
    env = make_sb3(ALIGNMENT, 3, action_mode="residual")
    assert env.get_attr("action_mode") == ["residual"] * 3
    assert env.get_attr("action_mode", [0, 2]) == ["residual"] * 2
    assert env.env_is_wrapped(VecMonitor) == [False] * 3
    env.set_options({"height_m": 0.3})
    env.reset()
    assert [info["case"]["height_m"] for info in env.reset_infos] == [0.3] * 3
    env.set_options([{}, {}, {"height_m": 0.3}])
    with pytest.raises(InputError, match="options: not the same for every world"):
        env.reset()
    with pytest.raises(NotImplementedError, match="time_limit_s"):
        env.set_attr("time_limit_s", 5.0)
    with pytest.raises(NotImplementedError, match="record_next"):
        env.env_method("record_next", "a.mcap")
    with pytest.raises(InputError, match="vector: cannot be adapted"):
        BatchVecEnv(make(ALIGNMENT, 2))


def test_short_trainings() -> None:
    import torch

    torch.set_num_threads(1)
    env = VecMonitor(make_sb3(ALIGNMENT, 4, action_mode="residual", time_limit_s=5.0))
    ppo = PPO("MlpPolicy", env, n_steps=16, batch_size=32, n_epochs=2, seed=1, device="cpu").learn(128)
    assert ppo.num_timesteps == 128
    sac = SAC("MlpPolicy", make_sb3(DOCKING, 4), learning_starts=16, batch_size=16, seed=1, device="cpu").learn(48)
    assert sac.num_timesteps == 48
    docking = VecMonitor(make_sb3(DOCKING, 2, time_limit_s=10.0))
    mean, _ = evaluate_policy(sac, docking, n_eval_episodes=2)
    assert np.isfinite(mean)
