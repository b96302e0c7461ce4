"""Classical docking as policies: the station's own laws (`twin.docking.law`) on the environment's observation."""

from __future__ import annotations

from typing import Any

import numpy as np

from envs.docking_episodes import ACTION
from envs.docking_guided import OBSERVATION
from envs.docking_law import STATION_LAW, in_si, residual_of
from twin.docking.law import Controller, Gains

Array = np.ndarray
LAW = slice(len(OBSERVATION) - len(ACTION), len(OBSERVATION))
"""Elements of the observation with the request of the station's own law, scaled as actions are."""


class ClassicalMany:
    """N controllers on scaled observations (N, O), for a batch."""

    def __init__(self, n: int, law: str = STATION_LAW, *, residual: bool = False, **gains: Gains) -> None:
        self.controller, self._residual = Controller(n, law, **gains), residual
        self._per_unit = 1.0 / np.array([q.scale for q in ACTION])

    def begin(self, which: Array | slice = slice(None)) -> None:
        """Begin new drives in some worlds."""
        self.controller.begin(which)

    def act(self, observations: Array, which: Array | slice = slice(None)) -> Array:
        """Return scaled actions (K, 2) of the worlds `which`."""
        steer, speed = self.controller.request(in_si(observations), which)
        action: Array = np.clip(np.column_stack([steer, speed]) * self._per_unit, -1.0, 1.0).astype(np.float32)
        if self._residual:
            action = residual_of(action, observations[:, LAW])
        return action


class ClassicalWorlds:
    """The controllers of a batch's worlds, as an `agents.batch.Actor`."""

    def __init__(self, many: ClassicalMany) -> None:
        self._many = many

    def begin(self, world: int, seed: int) -> None:
        """Begin a drive in a world; nothing is drawn."""
        self._many.begin(np.array([world]))

    def act(self, worlds: Array, observations: Array) -> Array:
        """Return scaled actions (K, 2) of `worlds` (K,)."""
        return self._many.act(observations, worlds)


class Classical:
    """One controller on the observation of `swaptwin/Docking-v3`, as a policy."""

    law = "stanley"

    def __init__(self, environment: Any = None) -> None:
        self._residual = getattr(environment, "action_mode", "direct") == "residual"
        self._many = ClassicalMany(1, self.law, residual=self._residual)

    def many(self, worlds: int) -> ClassicalWorlds:
        """Return the same controller for each world of a batch."""
        return ClassicalWorlds(ClassicalMany(worlds, self.law, residual=self._residual))

    def begin(self, seed: int) -> None:
        """Begin a new drive; nothing is drawn."""
        self._many.begin()

    def act(self, observation: Array) -> Array:
        """Return the scaled action for a scaled observation."""
        action: Array = self._many.act(observation[None])[0]
        return action


class Stanley(Classical):
    """Stanley's law forwards, the cascade in reverse."""


class PurePursuit(Classical):
    """Pure pursuit forwards, the cascade in reverse."""

    law = "pure_pursuit"


class Mpc(Classical):
    """Stanley's law forwards, the finite-horizon LQ controller in reverse: the station's own law."""

    law = "mpc"
