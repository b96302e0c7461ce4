"""Every weight of a reward counts: in some step of some episode its term is not zero, and changes the reward."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from agents.baselines.alignment import ServoPolicy
from agents.baselines.docking import Mpc
from agents.baselines.timing import Factory
from tests.envs.episodes import ARGUMENTS, make

Array = np.ndarray
Disturb = Callable[[Any, int], None]


@dataclass
class Scene:
    """An episode: the policy's class or an action, and what is done to the environment before each step."""

    decides: Any
    arguments: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    disturb: Disturb = lambda env, step: None
    most: int = 600


def hurt(env: Any, step: int) -> None:
    """Let an invariant be broken and peaks be high, then someone press the button."""
    world = (env.runner if hasattr(env, "runner") else env._episode.swap.twin.runner).worlds[0]
    if step == 1:
        world["monitor"]["violation"][1] = 1
        world["kpis"]["peak_lateral_n"], world["kpis"]["residual_sway_m"] = 1e6, 1.0
    if step == 2:
        world["truth"]["estop_button"] = 1


class BackAndForth:
    """Full speed forwards, then backwards."""

    def __init__(self, env: Any) -> None:
        self.steps = 0

    def begin(self, seed: int) -> None:
        self.steps = 0

    def act(self, observation: Array) -> Array:
        self.steps += 1
        return np.array([0.0, 1.0 if self.steps < 30 else -1.0], np.float32)


ROM = {"plant": "rom"}
SCENES: dict[str, list[Scene]] = {
    "swaptwin/Docking-v3": [
        Scene(Mpc, {"guided": True, "operator": "by_wire"}, {"start_x_m": -2.0, "start_y_m": 0.05}),
        Scene(np.array([1.0, 1.0], np.float32), {"guided": True}),
        Scene(BackAndForth, {"direction": "forward", "guided": False, "operator": "by_wire"}),
    ],
    "swaptwin/Alignment-v1": [
        Scene(ServoPolicy, ROM, {"height_m": 0.2, "off_x_m": 0.01, "off_y_m": 0.01}),
        Scene(np.zeros(4, np.float32), ROM, disturb=hurt),
    ],
    "swaptwin/Timing-v0": [Scene(Factory, ROM), Scene(Factory, ROM, disturb=hurt)],
    "swaptwin/Timing-v1": [Scene(np.zeros(9, np.float32), ROM), Scene(np.zeros(9, np.float32), ROM, disturb=hurt)],
}


def test_every_environment_has_its_scenes() -> None:
    assert set(SCENES) == set(ARGUMENTS)


@pytest.mark.parametrize("name", SCENES)
def test_every_weight_changes_some_reward(name: str) -> None:
    counted: set[str] = set()
    for scene in SCENES[name]:
        env = make(name, scene.arguments).unwrapped
        weights = sys.modules[type(env).__module__].REWARD_WEIGHTS
        policy = scene.decides(env) if isinstance(scene.decides, type) else None
        observation, _ = env.reset(seed=3, options=scene.options)
        if policy is not None:
            policy.begin(3)
        for step in range(scene.most):
            scene.disturb(env, step)
            action = scene.decides if policy is None else policy.act(observation)
            observation, reward, terminated, truncated, info = env.step(action)
            terms = info["reward_terms"]
            assert reward == pytest.approx(sum(weight * terms[term] for term, weight in weights.items()), abs=1e-12)
            counted |= {term for term, weight in weights.items() if weight * terms[term] != 0.0}
            if terminated or truncated:
                break
        env.close()
    assert counted == set(weights)
