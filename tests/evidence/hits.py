"""Slow evidence: peak lateral forces as the PLC samples them and as they are in the mean of its scan, on both plants.

    .venv/bin/python -m tests.evidence.hits    # 40 s of processor time a seed; goes on where it stopped

A guide pin hits its socket for some ticks. The PLC, and with it the key figure, sees the force of every fifth tick,
so what it makes of a hit is a matter of chance, and of the step. The mean over a scan is the momentum that was handed
over: both plants can be held to that. `tests/evidence/test_hits.py` holds the stored figures to what docs/agreement.md
says of them.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from agents.swap_rows import REDUCED, REFERENCE
from tests.evidence.campaign import setup_of
from twin.plants.bullet.plant import BulletPlant
from twin.plants.rom import RomPlant, advance
from twin.swap import SwapTwin

PATH = Path(__file__).parent / "hits.json"
STATION, PARKING, SEEDS = "chassis", "guided", tuple(range(24))
SAMPLED, MEAN, HIGHEST = KINDS = ("sampled", "mean", "highest")
"""At the scans, in the mean of the ticks from scan to scan, and of all ticks."""

Peaks = dict[str, float]


class Watch:
    """Peak lateral force in N by KINDS, from the forces after each tick."""

    def __init__(self) -> None:
        self.peaks: Peaks = dict.fromkeys(KINDS, 0.0)
        self._ticks: list[np.ndarray] = []

    def tick(self, force_n: np.ndarray) -> None:
        """Forces on all robots (ROBOTS, 3) in the tick that has just been."""
        self._ticks.append(force_n.copy())
        self._note(HIGHEST, force_n)

    def scan(self, force_n: np.ndarray) -> None:
        self._note(SAMPLED, force_n)
        if self._ticks:
            self._note(MEAN, np.mean(self._ticks, axis=0))
            self._ticks.clear()

    def _note(self, kind: str, force_n: np.ndarray) -> None:
        self.peaks[kind] = max(self.peaks[kind], float(np.hypot(force_n[:, 0], force_n[:, 1]).max()))


class WatchedBullet(BulletPlant):
    """Asks for the contact forces of every tick."""

    watch: Watch

    def step(self, ticks: int = 1) -> None:
        for i in range(ticks):
            if i:
                self._read_between_scans()
            super().step()
            if i < ticks - 1:
                self._guides.read()
                self.watch.tick(self._guide_force)

    def scan(self) -> bool:
        before = self._scanned_tick
        ended = super().scan()
        if self._scanned_tick != before:
            if self._scanned_tick > 0:
                self.watch.tick(self._guide_force)
            self.watch.scan(self._guide_force)
        return ended


class WatchedRom(RomPlant):
    """Goes tick by tick, and looks."""

    watch: Watch

    @property
    def _watched(self) -> bool:
        return True

    def step(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            advance.tick_one(*self._arguments(), self._scratch, 0, 1)
            self.watch.tick(self.worlds["guide_force_n"][0])

    def scan(self) -> bool:
        before = int(self.states["scanned"][0])
        ended = super().scan()
        if int(self.states["scanned"][0]) != before:
            self.watch.scan(self.worlds["guide_force_n"][0])
        return ended


PLANTS: dict[str, Any] = {REFERENCE: WatchedBullet, REDUCED: WatchedRom}


def play(plant: str, seed: int) -> Peaks:
    """The peaks of one swap, in N."""
    setup, watch = setup_of(STATION, PARKING), Watch()

    def make(cell: Any) -> Any:
        made = PLANTS[plant](cell)
        made.watch = watch
        return made

    twin = SwapTwin(setup.cell(seed), setup.timing, make_plant=make)
    try:
        twin.program.run()
        (result,) = twin.results()
    finally:
        twin.close()
    assert result.outcome == "completed"
    assert abs(watch.peaks[SAMPLED] - result.kpis["peak_lateral_force_n"]) < 1e-6, "the key figure is what is sampled"
    return {kind: round(value, 1) for kind, value in watch.peaks.items()}


def read() -> dict[str, dict[int, Peaks]]:
    """Peaks by plant and seed."""
    stored = json.loads(PATH.read_text()) if PATH.exists() else {}
    return {plant: {int(seed): peaks for seed, peaks in stored.get(plant, {}).items()} for plant in PLANTS}


def main() -> int:
    found = read()
    found[REDUCED] = {}  # takes no time, and says what the present code does
    cases = [(plant, seed) for plant in PLANTS for seed in SEEDS if seed not in found[plant]]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(play, *case): case for case in cases}
        for job in as_completed(jobs):
            plant, seed = jobs[job]
            found[plant][seed] = job.result()
            plain = {name: dict(sorted(rows.items())) for name, rows in found.items()}
            PATH.write_text(json.dumps(plain, indent=1) + "\n")
            print(plant, seed, found[plant][seed], file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
