"""`RomPlant`: many swaps at once on the reduced-order model, each world on its own clock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import config

from twin.causes import NO_CAUSE
from twin.cell import Cell
from twin.control.logic import COMMAND_ENDED
from twin.plants.rom import advance
from twin.plants.rom.model import FREE, SCRATCH, STATE, fill_model
from twin.records import BUSY, ROBOTS, WORLD, new_command
from twin.runner.scan import start_worlds

THREADS_FROM = 8
"""So many worlds are shared out among threads. Fewer are not worth it where they run for a few ticks only, and a
process that has begun threads cannot be forked any more."""
NEVER = 1 << 60
"""A tick that no world reaches."""
HASHED_FIELDS = ("tick", "q", "qd", "truck_q", "truck_qd", "pack_pose", "lock_position", "grip_position")


def _most_threads() -> int:
    """As many as numba may ever use in this process, whatever it is told to use now."""
    return int(getattr(config, "NUMBA_NUM_THREADS"))  # noqa: B009 - numba makes its settings at run time


def _beginnings(cells: Sequence[Cell]) -> np.ndarray:
    """(N,) WORLD at the start of each cell's swap, never held twice: they are most of a plant's memory."""
    worlds = np.empty(len(cells), WORLD)
    for i, cell in enumerate(cells):
        worlds[i] = cell.new_world()[0]
    return worlds


class RomPlant:
    """N independent worlds of the reduced-order model."""

    name = "rom"

    def __init__(
        self,
        cells: Cell | Sequence[Cell],
        *,
        observer: Callable[[RomPlant], None] | None = None,
        worlds: np.ndarray | None = None,
    ) -> None:
        """Worlds at the start of their cells' swaps, or at `worlds`, an (N,) WORLD array that they then own."""
        self.cells = [cells] if isinstance(cells, Cell) else list(cells)
        self.cell = self.cells[0]
        n = len(self.cells)
        self.params = np.concatenate([cell.params for cell in self.cells])
        models = {id(cell): fill_model(cell) for cell in self.cells}
        self.models = np.concatenate([models[id(cell)] for cell in self.cells])
        self.worlds = _beginnings(self.cells) if worlds is None else worlds
        self.commands = np.stack([new_command(ROBOTS) for _ in range(n)])
        self.states = np.zeros(n, STATE)
        self._scratch = np.zeros(1 if n < THREADS_FROM else _most_threads(), SCRATCH)
        self.observer = observer
        self.disturb: Callable[[RomPlant], None] | None = None
        self.decide: Callable[[RomPlant], None] | None = None
        self.pause_tick: int | None = None
        rates = self.cell.station.rates
        self._scan_ticks = rates.physics_hz // rates.plc_hz
        self._record_ticks = rates.physics_hz // rates.recording_hz
        self._physics_hz = rates.physics_hz
        self._begin(slice(None))

    def issue(self, world: np.ndarray, robot: np.ndarray, commands: np.ndarray) -> None:
        """Start `commands[k]` on `robot[k]` of `world[k]`."""
        self.commands[world, robot] = commands
        which, robots = np.ascontiguousarray(world), np.ascontiguousarray(robot)
        start_worlds(self.worlds, self.params, self.commands, which, robots)

    def run(self) -> None:
        """Advance every world until one of its robots has ended its command."""
        busy = np.flatnonzero((self.worlds["control"]["status"] == BUSY).any(axis=1))
        if not len(busy):
            return
        if self._watched:
            self._run_watched()
            return
        until = NEVER if self.pause_tick is None else self.pause_tick
        self.run_to(busy, np.full(len(busy), until))

    def run_to(self, which: np.ndarray, until: np.ndarray) -> None:
        """`run` of the worlds `which` (K,), each up to its tick of `until` (K,), with that tick's scan."""
        records = (*self._arguments(), self.commands, self._scratch)
        if len(which) < THREADS_FROM:
            for i, tick in zip(which.tolist(), until.tolist(), strict=True):
                advance.run_one_to(*records, i, tick)
        else:
            advance.run_worlds_to(*records, which, until)

    def put(self, world: int, cell: Cell, record: np.ndarray) -> None:
        """One world begins anew, at `record` (1,) WORLD of a cell of the same station."""
        one = slice(world, world + 1)
        self.cells[world] = cell
        self.params[one], self.models[one], self.worlds[one] = cell.params, fill_model(cell), record
        self.commands[one] = new_command(ROBOTS)
        self._begin(one)

    def _begin(self, which: slice) -> None:
        """Nothing of these worlds has run yet."""
        states = self.states[which]
        states[:] = np.zeros((), STATE)
        states["scanned"] = -1
        states["carrier"], states["fixed_to"] = FREE, FREE
        states["relative"][:, :, 6] = states["fixed"][:, :, 6] = 1.0
        advance.settle(self.worlds[which], self.params[which], self.models[which], states, self._scratch)

    @property
    def _watched(self) -> bool:
        """Somebody looks in at the scans of the one world."""
        return any(hook is not None for hook in (self.observer, self.disturb, self.decide))

    def _run_watched(self) -> None:
        """The one world, scan by scan."""
        while not self.scan():
            tick = int(self.worlds["truth"]["tick"][0])
            ticks = self._scan_ticks - tick % self._scan_ticks
            if self.pause_tick is not None:
                ticks = min(ticks, self.pause_tick - tick)
            if ticks <= 0 or not (self.worlds["control"]["status"][0] == BUSY).any():
                return
            self.step(ticks)

    def scan(self) -> bool:
        """The PLC scan of the one world, when one is due. True when a robot waits for its next command."""
        tick = int(self.worlds["truth"]["tick"][0])
        if tick % self._scan_ticks or int(self.states["scanned"][0]) == tick:
            return False
        if self.disturb is not None:
            advance.look(*self._arguments(), self._scratch, 0)
            self.disturb(self)
        code = advance.scan_one(*self._arguments(), self.commands, self._scratch, 0)
        if self.observer is not None and tick % self._record_ticks == 0:
            self.observer(self)
        if self.decide is not None:
            self.decide(self)
        return bool(code & COMMAND_ENDED)

    def step(self, ticks: int = 1) -> None:
        """Physics ticks of the one world before its next scan."""
        advance.tick_one(*self._arguments(), self._scratch, 0, ticks)

    def run_ticks(self, ticks: int) -> None:
        """Advance the one world by a number of ticks whatever its robots do, as long as it is in the model's domain."""
        while ticks > 0:
            self.scan()
            if self.worlds["truth"]["outside_cause"][0] != NO_CAUSE:
                return
            span = min(ticks, self._scan_ticks - int(self.worlds["truth"]["tick"][0]) % self._scan_ticks)
            self.step(span)
            ticks -= span

    def _arguments(self) -> tuple[Any, Any, Any, Any]:
        return self.worlds, self.params, self.models, self.states

    def stand(self, world: int, seconds: float) -> None:
        """Advance one world by a time without any decision."""
        ticks = round(seconds * self._physics_hz)
        if self._watched:
            self.run_ticks(ticks)
        else:
            advance.stand_one(*self._arguments(), self.commands, self._scratch, world, ticks)

    def state_sha256(self, world: int = 0) -> str:
        """Hash of one world's physical state, to the last bit."""
        digest = hashlib.sha256()
        for name in HASHED_FIELDS:
            digest.update(np.ascontiguousarray(self.worlds["truth"][name][world]).tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Nothing to free; may be called twice."""
