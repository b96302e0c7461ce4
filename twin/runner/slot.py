"""One world of a batch as a runner of its own, so that a `Program` of one world drives it."""

from __future__ import annotations

import numpy as np

from twin.plants.beginning import new_world
from twin.runner.batch import BatchRunner
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup


class Slot(Runner):
    """World `index` of a batch. It does not run by itself: `run` returns immediately, and the batch runs later.

    `worlds`, `params` and `commands` are views (1, ...) of the batch's records.
    """

    def __init__(self, batch: BatchRunner, index: int, setup: SwapSetup, worlds: np.ndarray | None = None) -> None:
        """Restart the world: at the start of the setup's swap, or at `worlds` (1,) WORLD."""
        self.batch, self.index = batch, index
        self.plant, self.name, self.setup, self.setups = batch.plant, batch.name, setup, [setup]
        self.observer = self.disturb = self.decide = None
        batch.put(index, setup, new_world(setup) if worlds is None else worlds)
        one = slice(index, index + 1)
        self.worlds, self.params, self.commands = batch.worlds[one], batch.params[one], batch.commands[one]

    def issue(self, world: np.ndarray, robot: np.ndarray, commands: np.ndarray) -> None:
        self.batch.issue(world + self.index, robot, commands)

    def run(self) -> None:
        """Do nothing: the batch advances the world."""

    def stand(self, world: int, seconds: float) -> None:
        self.batch.stand(self.index + world, seconds)

    def state_sha256(self, world: int = 0) -> str:
        return self.batch.state_sha256(self.index + world)

    def close(self) -> None:
        """Do nothing: the batch remains."""
