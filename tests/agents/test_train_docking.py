"""Docking is learnt: over the last metres a clone of the classical law docks, where an untrained policy fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from agents.batch import AllWorlds, make_worlds, play
from agents.episodes import Scene
from agents.tasks import TASKS
from agents.train.clone import examples_of, imitate
from agents.train.config import load_config
from agents.train.run import make_model
from agents.train.worlds import make_batch

Array = np.ndarray
SCENE = Scene(TASKS["docking"], {"truck": "mixer_8x4", "parking": "unguided", "direction": "forward",
                                 "operator": "by_wire", "conditions": "clear", "scenario": "hall"})  # fmt: skip
NEAR = {"start_x_m": -3.0, "start_y_m": 0.0, "start_yaw_rad": 0.0}
EPISODES = 16


def docked(model: Any) -> float:
    """Share of unseen drives that dock, without exploration."""

    def act(observations: Array) -> Array:
        with torch.no_grad():
            actions: Array = model.policy.predict(observations, deterministic=True)[0]
        return actions

    worlds = make_worlds(SCENE, EPISODES, time_limit_s=15.0)
    episodes = play(worlds, AllWorlds(act), range(EPISODES), SCENE, options=NEAR)
    worlds.close()
    return float(np.mean([episode.success for episode in episodes]))


def test_a_clone_docks_where_an_untrained_policy_fails() -> None:
    base = load_config("docking")
    clone = base.clone.model_copy(update={"episodes": 48, "epochs": 80, "batch_size": 128, "noise": 0.03})
    ppo = base.ppo.model_copy(update={"hidden": (64, 64), "batch_size": 1024})
    config = base.model_copy(update={"worlds": 16, "clone": clone, "ppo": ppo})
    environments = make_batch(SCENE, config)
    model = make_model(config, environments)
    assert docked(model) < 0.2
    examples = examples_of(SCENE, "baseline", config, 1 << 31, options=NEAR)
    imitate(model, examples, config, lambda epoch: None)
    assert docked(model) > 0.5
    environments.close()
