"""`BatchRunner`: worlds of the reduced-order plant, each on its own clock, advanced inside one kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import config

from twin.plants.rom import RomPlant
from twin.plants.rom.model import SCRATCH
from twin.records import BUSY, NOT_SCANNED, ROBOTS, new_command
from twin.runner import rom_worlds
from twin.runner.single import NEVER, Hook, Runner
from twin.setup.setup import SwapSetup

Array = np.ndarray
THREADS_FROM = 8
"""Number of worlds from which they are shared among threads. Fewer are not worth it for a few ticks, and a process that
has started threads cannot be forked any more."""


def _max_threads() -> int:
    """Maximum number of numba threads in this process, whatever the present setting."""
    return int(getattr(config, "NUMBA_NUM_THREADS"))  # noqa: B009 - numba makes its settings at run time


class BatchRunner(Runner):
    """N worlds of the reduced-order plant. A single unobserved world runs with scan skipping."""

    plant: RomPlant

    def __init__(
        self,
        setups: SwapSetup | Sequence[SwapSetup],
        *,
        observer: Hook | None = None,
        worlds: np.ndarray | None = None,
    ) -> None:
        """Worlds at the start of their setups' swaps, or at `worlds`, an (N,) WORLD array that they then own."""
        super().__init__(RomPlant(setups, worlds=worlds), observer=observer)
        self._scratch = np.zeros(1 if len(self.worlds) < THREADS_FROM else _max_threads(), SCRATCH)

    @property
    def _observed(self) -> bool:
        """True if the scans of the one world are observed."""
        return any(hook is not None for hook in (self.observer, self.disturb, self.decide))

    def run(self) -> None:
        busy = np.flatnonzero((self.worlds["control"]["status"] == BUSY).any(axis=1))
        self.run_to(busy, np.full(len(busy), NEVER))

    def run_to(self, which: np.ndarray, until: np.ndarray) -> None:
        records = self._arguments()
        if self._observed and len(which):
            super().run_to(which, until)
        elif len(which) < THREADS_FROM:
            for i, tick in zip(which.tolist(), until.tolist(), strict=True):
                rom_worlds.run_one_to(*records, i, tick)
        else:
            rom_worlds.run_worlds_to(*records, which, until)

    def stand(self, world: int, seconds: float) -> None:
        ticks = round(seconds * self._physics_hz)
        if self._observed:
            self.run_ticks(ticks)
        else:
            records = self._arguments()
            rom_worlds.stand_one(*records, world, ticks)

    def put(self, world: int, setup: SwapSetup, record: np.ndarray) -> None:
        """Restart one world at `record` (1,) WORLD of a setup of the same station."""
        self.plant.put(world, setup, record)
        self.commands[world] = new_command(ROBOTS)
        self._scanned[world] = NOT_SCANNED

    def _arguments(self) -> tuple[Array, Array, Array, Array, Array, Array]:
        plant = self.plant
        return plant.worlds, plant.params, plant.models, plant.states, self.commands, self._scratch
