"""A task small enough to learn in seconds: push a point to the middle and hold it there.

`tests.agents.tiny:Tiny-v0`. Observation (x, v) in units of 1 m and 1 m/s, action: acceleration in 1 m/s2, 0.1 s a step.
Ends `reached` within 0.1 m and 0.1 m/s, `lost` beyond 3 m, `timeout` after 60 steps.
"""

from __future__ import annotations

import os
import time
from typing import Any, ClassVar

import gymnasium
import numpy as np

from agents.tasks import Argument, Task
from envs.scaling import Quantity, box

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
    gymnasium.register("Tiny-v0", entry_point=f"{__name__}:Tiny")
