"""The interface of a plant: physics without control (docs/architecture.md)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from twin.setup.setup import SwapSetup


class Plant(Protocol):
    """N worlds of physics.

    Drives, grips, locks and brakes follow the orders in the process image; the plant does not know who wrote them.
    `read`, `wake`, `hold` and `step` act on a single world. A plant of many worlds is advanced by its own kernel
    (`twin.runner.batch`).

    Attributes:
        name: value of `--plant`.
        setup, setups: the swap of its first world, and of each.
        worlds: (N,) WORLD; a plant writes `truth` in it and reads the orders of `image`, and `faults`.
        params: (N,) PARAMS.
    """

    name: str
    setup: SwapSetup
    setups: list[SwapSetup]
    worlds: np.ndarray
    params: np.ndarray

    def read(self) -> None:
        """Bring all of truth up to date for a PLC scan at the present tick."""
        ...

    def wake(self) -> None:
        """Wake every sleeping part: something from outside changes the world before this scan."""
        ...

    def hold(self, changed: bool) -> None:
        """Apply the result of a PLC scan, after its `read`; `changed`: grips or locks hold something else now."""
        ...

    def step(self, ticks: int = 1) -> None:
        """Advance by physics ticks, no farther than the next PLC scan."""
        ...

    def state_sha256(self, world: int = 0) -> str:
        """Hash of one world's physical state, to the last bit."""
        ...

    def close(self) -> None:
        """Release the plant's resources; may be called twice."""
        ...
