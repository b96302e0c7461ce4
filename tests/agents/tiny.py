"""A task small enough to learn in seconds: push a point to the middle and hold it there.

`tests.agents.tiny:Tiny-v0`. Observation (x, v) in units of 1 m and 1 m/s, action: acceleration in 1 m/s2, 0.1 s a step.
Ends `reached` within 0.1 m and 0.1 m/s, `lost` beyond 3 m, `timeout` after 60 steps.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from agents.tasks import Argument, Task
from envs.scaling import Quantity, box
from envs.vector.batched import BatchedEnv

STEP_S, STEPS = 0.1, 60
OBSERVATION = (
    Quantity("x", "m", 1.0, -4.0, 4.0, "place"),
    Quantity("v", "m/s", 1.0, -4.0, 4.0, "speed"),
)
ACTION = (Quantity("acceleration", "m/s2", 1.0, -1.0, 1.0, "push"),)


class Tiny(gymnasium.Env[np.ndarray, np.ndarray]):
    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "render_fps": 10}

    def __init__(self, station: str = "bench", wait_s: float = 0.0, die_on: int = -1) -> None:
        self.observation_space = box(OBSERVATION)
        self.action_space = box(ACTION)
        self.station, self.wait_s, self.die_on = station, wait_s, die_on

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, Any]:
        super().reset(seed=seed)
        if seed is not None and seed == self.die_on:
            os._exit(9)
        self.x_m, self.v_mps, self.count, self.peak = self.np_random.uniform(-2.0, 2.0), 0.0, 0, 0.0
        return self._observation(), {}

    def _observation(self) -> np.ndarray:
        return np.array([self.x_m, self.v_mps], np.float32)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        time.sleep(self.wait_s)
        self.v_mps += STEP_S * float(action[0])
        self.x_m += STEP_S * self.v_mps
        self.count += 1
        self.peak = max(self.peak, abs(float(action[0])))
        reached, lost = abs(self.x_m) < 0.1 and abs(self.v_mps) < 0.1, abs(self.x_m) > 3.0
        truncated = self.count >= STEPS and not (reached or lost)
        info: dict[str, Any] = {"cost": 0.0, "is_success": reached}
        if reached or lost or truncated:
            info["outcome"] = "reached" if reached else "lost" if lost else "timeout"
            info["kpis"] = {"time_s": STEP_S * self.count, "peak_force_n": 1000.0 * self.peak}
        reward = -0.1 * abs(self.x_m) - 0.05 * abs(self.v_mps) + 5.0 * reached - 5.0 * lost
        return self._observation(), reward, reached or lost, truncated, info


class TinyWorlds(BatchedEnv):
    """N of them; stepped one by one, as nothing here takes time."""

    def __init__(self, num_envs: int = 1, autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP) -> None:
        how: dict[str, Any] = {"autoreset_mode": autoreset_mode, "render_mode": None, "render_fps": 10}
        super().__init__(num_envs, ACTION, OBSERVATION, **how)
        self._worlds = [Tiny() for _ in range(num_envs)]
        self.terms, self.costs = np.zeros((num_envs, 1)), np.zeros((num_envs, 1))
        self._ended, self._reached = np.zeros((2, num_envs), bool), np.zeros(num_envs, bool)

    @property
    def max_steps(self) -> int:
        return STEPS

    def _begin(self, which: np.ndarray, seeds: Sequence[int], options: Mapping[str, Any] | None) -> None:
        for i, seed in zip(which.tolist(), seeds, strict=True):
            self.observations[i], _ = self._worlds[i].reset(seed=seed)
            self._ended[:, i], self._reached[i], self.terms[i] = False, False, 0.0

    def _advance(self, which: np.ndarray, actions: np.ndarray) -> None:
        for i in which.tolist():
            self.observations[i], self.rewards[i], *ends, info = self._worlds[i].step(actions[i])
            self._ended[:, i], self._reached[i], self.terms[i] = ends, info["is_success"], self.rewards[i]

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        terminated, truncated = self._ended.copy()
        return terminated, truncated

    def _columns(self) -> dict[str, Any]:
        lost, truncated = self._ended[0] & ~self._reached, self._ended[1]
        names = np.select([self._reached, lost, truncated], ["reached", "lost", "timeout"], "running").astype(object)
        count = np.array([getattr(world, "count", 0) for world in self._worlds])
        peak = np.array([getattr(world, "peak", 0.0) for world in self._worlds])
        nothing = np.zeros(self.num_envs)
        return {
            "outcome": names,
            "is_success": self._reached.copy(),
            "reward_terms": {"reward": self.terms[:, 0].copy()},
            "cost": nothing,
            "violations": nothing.astype(int),
            "kpis": {"time_s": STEP_S * count, "peak_force_n": 1000.0 * peak},
        }


class Controller:
    """State feedback, critically damped: reaches always."""

    gain = 1.0

    def __init__(self, environment: Any) -> None:
        self.begin(0)

    def begin(self, seed: int) -> None:
        self.steps = 0

    def act(self, observation: np.ndarray) -> np.ndarray:
        self.steps += 1
        x, v = observation
        return np.array([np.clip(-self.gain * x - 2.0 * np.sqrt(self.gain) * v, -1.0, 1.0)], np.float32)


class Slow(Controller):
    gain = 0.5


class Wild(Controller):
    """Asks for what it may not have."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        wanted = super().act(observation)
        return wanted * (np.nan if self.steps == 1 else 100.0)


TASK = Task(
    name="tiny",
    environment="tests.agents.tiny:Tiny-v0",
    options={name: Argument(name) for name in ("station", "wait_s", "die_on")},
    successes=("reached",),
    force="peak_force_n",
    baselines={"baseline": f"{__name__}:Controller", "slow": f"{__name__}:Slow", "wild": f"{__name__}:Wild"},
)

if "Tiny-v0" not in gymnasium.registry:
    places = {"entry_point": f"{__name__}:Tiny", "vector_entry_point": f"{__name__}:TinyWorlds"}
    gymnasium.register("Tiny-v0", **places)
