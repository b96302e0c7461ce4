"""One world of a batch as a plant of its own, so that a `Program` of one world drives it."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.cell import Cell


class Slot:
    """World `index` of a batched plant; it does not run by itself: `run` returns at once and the batch runs later.

    `worlds`, `params` and `commands` are views (1, ...) of the batch's records.
    """

    observer = disturb = decide = None

    def __init__(self, batch: Any, index: int, cell: Cell, worlds: np.ndarray | None = None) -> None:
        """The world begins anew: at the start of the cell's swap, or at `worlds` (1,) WORLD."""
        self.batch, self.index, self.cell, self.name = batch, index, cell, str(batch.name)
        self.pause_tick: int | None = None
        batch.put(index, cell, cell.new_world() if worlds is None else worlds)
        one = slice(index, index + 1)
        self.worlds, self.params, self.commands = batch.worlds[one], batch.params[one], batch.commands[one]

    def issue(self, world: np.ndarray, robot: np.ndarray, commands: np.ndarray) -> None:
        """Start `commands[k]` on `robot[k]`; `world` must be all zeros."""
        self.batch.issue(world + self.index, robot, commands)

    def run(self) -> None:
        """No time passes here."""

    def stand(self, world: int, seconds: float) -> None:
        """Advance the world by a time without any decision."""
        self.batch.stand(self.index + world, seconds)

    def state_sha256(self) -> str:
        """Hash of the world's physical state, to the last bit."""
        return str(self.batch.state_sha256(self.index))

    def close(self) -> None:
        """The batch stays."""
