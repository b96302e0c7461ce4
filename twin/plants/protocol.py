"""What a plant is to the rest: physics without control (docs/architecture.md)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from twin.setup.setup import SwapSetup


class Plant(Protocol):
    """N worlds of physics.

    Its drives, grips, locks and brakes follow what stands in the process image; it knows nothing of who wrote it there.
    `read`, `wake`, `hold` and `step` are about its one world; a plant of many is advanced by a kernel of its own
    (`twin.runner.batch`).

    Attributes:
        name: as `--plant` has it.
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
        """Somebody disturbs the world before this scan: nothing of it sleeps until it has been looked at again."""
        ...

    def hold(self, changed: bool) -> None:
        """Follow what a PLC scan has done, after its `read`; `changed`: grips or locks hold something else now."""
        ...

    def step(self, ticks: int = 1) -> None:
        """Advance by physics ticks, no farther than to the next PLC scan."""
        ...

    def state_sha256(self, world: int = 0) -> str:
        """Hash of one world's physical state, to the last bit."""
        ...

    def close(self) -> None:
        """Free what the plant holds; may be called twice."""
        ...
