"""An adversary that looks one step ahead: of eight candidates it takes the action that comes closest to a limit.

It copies the worlds of the batch, plays each candidate on a copy for one decision's time, and compares the truth.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from envs.alignment_control import ACTION, RESIDUAL_SHARES
from tests.evidence.hostile.closeness import closeness
from tests.evidence.hostile.patterns import CORNERS
from twin import seeding
from twin.alignment.driver import Driver, send_setpoints
from twin.alignment.sensed import DECISION_S
from twin.runner.batch import BatchRunner

Array = np.ndarray
CANDIDATES = 8
NAME = "greedy"
_SCALES = np.array([q.scale for q in ACTION])
_SUM_WEIGHT = 0.1
"""The limit that is closest counts; of two actions that bring it as close, the one that brings the others closer."""


class Candidates:
    """The actions that an episode's adversary chooses from, step by step: its last one, corners, and any."""

    def __init__(self, seed: int) -> None:
        self._random = seeding.stream(seed, f"hostile {NAME}")
        self._last = CORNERS[self._random.integers(len(CORNERS))]
        self.chosen: list[int] = []

    def draw(self) -> Array:
        """(CANDIDATES, 4); `choose` has to follow."""
        corners = CORNERS[self._random.integers(len(CORNERS), size=CANDIDATES - 3)]
        down = np.array([*self._random.uniform(-1.0, 1.0, 2), 1.0, self._random.uniform(-1.0, 1.0)])
        self._drawn = np.vstack([self._last, down, self._random.uniform(-1.0, 1.0, 4), corners])
        return self._drawn

    def choose(self, i: int) -> Array:
        self.chosen.append(i)
        self._last = self._drawn[i]
        return self._last


class LookAhead:
    """Plays candidates on copies of a vector environment's worlds."""

    def __init__(self, env: Any) -> None:
        self.env = env
        n = env.num_envs
        self.runner = BatchRunner([env.runner.setup] * (CANDIDATES * n))
        self._ticks = round(DECISION_S * env.station.rates.physics_hz)

    def best(self, which: Array, candidates: Array) -> Array:
        """For each of the worlds `which` (K,) the index of its best of `candidates` (K, CANDIDATES, 4)."""
        env, real, copy = self.env, self.env.runner, self.runner
        k = len(which)
        each, used = np.repeat(which, CANDIDATES), np.arange(k * CANDIDATES)
        for name in ("worlds", "params", "commands"):
            getattr(copy, name)[used] = getattr(real, name)[each]
        for name in ("models", "states"):
            getattr(copy.plant, name)[used] = getattr(real.plant, name)[each]
        speeds = candidates.reshape(-1, 4) * _SCALES
        if env.action_mode == "residual":
            servo = env._episodes.controls["servo_setpoint"][each]
            speeds = np.clip(servo + RESIDUAL_SHARES * speeds, -_SCALES, _SCALES)
        driver = Driver(copy, len(used))
        driver.watches[:] = env.driver.watches[each]
        driver.watches["world"] = used
        send_setpoints(used, copy.worlds, copy.params, copy.commands, driver.watches, driver.setpoints(used, speeds))
        copy.run_to(used, copy.worlds["truth"]["tick"][used] + self._ticks)
        near = closeness(copy.worlds[used], copy.params[used], driver.watches["robot"])
        near = np.nan_to_num(near, nan=1e9, posinf=1e9)
        score = near.max(axis=1) + _SUM_WEIGHT * near.sum(axis=1)
        return np.asarray(score.reshape(k, CANDIDATES).argmax(axis=1))
