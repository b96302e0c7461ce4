"""`RomPlant`: many swaps in parallel on the reduced-order model, each world on its own clock."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from twin.plants.beginning import new_world
from twin.plants.rom import advance
from twin.plants.rom.model import FREE, SCRATCH, STATE, fill_model
from twin.records import WORLD, joined
from twin.setup.setup import SwapSetup

HASHED_FIELDS = ("tick", "q", "qd", "truck_q", "truck_qd", "pack_pose", "lock_position", "grip_position")


def _initial_worlds(setups: Sequence[SwapSetup]) -> np.ndarray:
    """(N,) WORLD at the start of each setup's swap, without a second copy: they are most of a plant's memory."""
    worlds = np.empty(len(setups), WORLD)
    for i, setup in enumerate(setups):
        worlds[i] = new_world(setup)[0]
    return worlds


class RomPlant:
    """N independent worlds of the reduced-order model."""

    name = "rom"

    def __init__(
        self,
        setups: SwapSetup | Sequence[SwapSetup],
        *,
        worlds: np.ndarray | None = None,
    ) -> None:
        """Worlds at the start of their setups' swaps, or at `worlds`, an (N,) WORLD array that they then own."""
        self.setups = [setups] if isinstance(setups, SwapSetup) else list(setups)
        self.setup = self.setups[0]
        n = len(self.setups)
        self.params = joined([setup.params for setup in self.setups])
        models = {id(setup): fill_model(setup) for setup in self.setups}
        self.models = joined([models[id(setup)] for setup in self.setups])
        self.worlds = _initial_worlds(self.setups) if worlds is None else worlds
        self.states = np.zeros(n, STATE)
        self._scratch = np.zeros(1, SCRATCH)
        self._begin(slice(None))

    def read(self) -> None:
        """Bring truth of the one world up to date for a PLC scan."""
        advance.read_one(*self._arguments(), 0)

    def wake(self) -> None:
        """Wake all parts of the one world, which something from outside changes."""
        advance.wake_one(*self._arguments(), 0)

    def hold(self, changed: bool) -> None:
        """Apply the result of a PLC scan of the one world, after its `read`."""
        advance.hold_one(*self._arguments(), 0, changed)

    def step(self, ticks: int = 1) -> None:
        """Advance the one world by physics ticks up to its next scan."""
        advance.tick_one(*self._arguments(), 0, ticks)

    def put(self, world: int, setup: SwapSetup, record: np.ndarray) -> None:
        """Restart one world at `record` (1,) WORLD of a setup of the same station."""
        one = slice(world, world + 1)
        self.setups[world] = setup
        self.params[one], self.models[one], self.worlds[one] = setup.params, fill_model(setup), record
        self._begin(one)

    def _begin(self, which: slice) -> None:
        """Initialise these worlds before their first step."""
        states = self.states[which]
        states[:] = np.zeros((), STATE)
        states["carrier"], states["fixed_to"] = FREE, FREE
        states["relative"][:, :, 6] = states["fixed"][:, :, 6] = 1.0
        advance.settle(self.worlds[which], self.params[which], self.models[which], states, self._scratch)

    def _arguments(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self.worlds, self.params, self.models, self.states, self._scratch

    def state_sha256(self, world: int = 0) -> str:
        """Hash of one world's physical state, to the last bit."""
        digest = hashlib.sha256()
        for name in HASHED_FIELDS:
            digest.update(np.ascontiguousarray(self.worlds["truth"][name][world]).tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Do nothing: there is nothing to release; may be called twice."""
