"""What the sequence needs of a plant; `BulletPlant` (one world) and later the batched ROM both keep it."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Plant(Protocol):
    """N independent worlds that carry out commands.

    `worlds` (N,) WORLD, `params` (N,) PARAMS and `commands` (N, ROBOTS) COMMAND, the present ones, are the plant's own
    records: read them, do not write them.
    """

    worlds: np.ndarray
    params: np.ndarray
    commands: np.ndarray

    def issue(self, world: np.ndarray, robot: np.ndarray, commands: np.ndarray) -> None:
        """Start `commands[k]` on `robot[k]` of `world[k]`; all arrays (K,). Takes effect in the present scan."""
        ...

    def run(self) -> None:
        """Advance every world until one of its robots has ended its command (`status` is no longer BUSY).

        Each world runs on its own clock. A world in which no robot is busy does not advance.
        """
        ...

    def stand(self, world: int, seconds: float) -> None:
        """Advance one world by a time without any decision (after a trip)."""
        ...

    def close(self) -> None:
        """Free what the plant holds."""
        ...
