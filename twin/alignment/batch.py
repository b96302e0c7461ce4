"""Many insertions from hover in parallel, each on its own clock, on one reduced-order plant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.alignment.driver import Driver
from twin.alignment.episode import hover_program
from twin.alignment.hover import Hover, hover_world
from twin.plants.beginning import new_world
from twin.runner.batch import BatchRunner
from twin.runner.slot import Slot
from twin.setup.setup import SwapSetup


class BatchDriver(Driver):
    """Driver of N insertions from hover, each equal to `AlignmentTwin` on the same plant to the last bit.

    >>> driver = BatchDriver(setups[0], 2)
    >>> driver.restart(np.array([0, 1]), setups, hovers)
    >>> ended = driver.advance(np.array([0, 1]), speeds)
    """

    runner: BatchRunner

    def __init__(self, setup: SwapSetup, n: int) -> None:
        """`setup`: with the station of all insertions."""
        super().__init__(BatchRunner([setup] * n, worlds=np.repeat(new_world(setup), n)), n)

    def restart(self, which: np.ndarray, setups: Sequence[SwapSetup], hovers: Sequence[Hover]) -> None:
        """Restart insertions `which` (K,), and run them until their trucks have been measured.

        Raises:
            InsertionError: insertions that ended before; the others have begun.
        """
        for k, setup, hover in zip(which.tolist(), setups, hovers, strict=True):
            world = Slot(self.runner, k, setup, hover_world(setup, hover))
            robot = setup.jobs[hover.job].in_robot
            self.put(k, hover_program(world, setup, hover.job), robot, hover.job, world=k)
        self.begin(which)
