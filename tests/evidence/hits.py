"""Evidence: peak lateral forces as the PLC samples them and as they are in the mean of its scan, on both plants.

    .venv/bin/python -m tests.evidence hits    # 40 s of processor time a seed

A guide pin hits its socket for some ticks. The PLC sees the force of every fifth tick, so what it makes of a hit is a
matter of chance, and of the step; the key figure is the highest of all ticks. The mean over a scan is the momentum that
was handed over: both plants can be held to that. `claims` is what docs/agreement.md says of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from agents.swap_rows import REDUCED, REFERENCE
from tests.evidence.campaign import series_of
from tests.evidence.part import HERE, Claim, Key, Part, Played, seeds_in_words
from twin.plants.bullet.plant import BulletPlant
from twin.plants.rom import RomPlant
from twin.runner.single import Runner
from twin.swap import SwapTwin

TABLE = "hits"
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
                self._guides.read_peak()  # as a step of several ticks does
                self.watch.tick(self._guide_force)

    def read(self) -> None:
        super().read()
        if self.worlds["truth"]["tick"][0] > 0:
            self.watch.tick(self._guide_force)
        self.watch.scan(self._guide_force)


class WatchedRom(RomPlant):
    """Goes tick by tick, and looks."""

    watch: Watch

    def step(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            super().step()
            self.watch.tick(self.worlds["truth"]["guide_force_n"][0])

    def read(self) -> None:
        super().read()
        self.watch.scan(self.worlds["truth"]["guide_force_n"][0])


PLANTS: dict[str, Any] = {REFERENCE: WatchedBullet, REDUCED: WatchedRom}


def play(plant: str, seed: int) -> Peaks:
    """The peaks of one swap, in N."""
    series, watch = series_of(STATION, PARKING), Watch()

    def make(setup: Any) -> Any:
        made = PLANTS[plant](setup)
        made.watch = watch
        return Runner(made)

    twin = SwapTwin(series.setup(seed), series.timing, make_runner=make)
    try:
        twin.program.run()
        (result,) = twin.results()
    finally:
        twin.close()
    assert result.outcome == "completed"
    assert abs(watch.peaks[HIGHEST] - result.kpis["peak_lateral_force_n"]) < 1e-6, "the key figure is that of all ticks"
    return {kind: round(value, 1) for kind, value in watch.peaks.items()}


def read(folder: Path = HERE) -> dict[str, dict[int, Peaks]]:
    """Peaks by plant and seed."""
    stored = json.loads((folder / f"{TABLE}.json").read_text())
    return {plant: {int(seed): peaks for seed, peaks in stored.get(plant, {}).items()} for plant in PLANTS}


def keys(_seeds: int) -> list[Key]:
    return [(plant, seed) for plant in PLANTS for seed in SEEDS]


def store(folder: Path, played: Played) -> None:
    found = {plant: {seed: played[plant, seed] for seed in SEEDS} for plant in PLANTS}
    (folder / f"{TABLE}.json").write_text(json.dumps(found, indent=1) + "\n")


def claims(folder: Path = HERE) -> list[Claim]:
    stored = read(folder)

    def peaks(kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Of the reference and of the reduced-order plant, by seed, in N."""
        of_reference, of_reduced = (np.array([stored[p][seed][kind] for seed in SEEDS]) for p in (REFERENCE, REDUCED))
        return of_reference, of_reduced

    reference, reduced = peaks(MEAN)
    ratio = reduced / reference
    alike = spearmanr(reference, reduced)[0] >= 0.9 and abs(np.median(ratio) - 1.0) < 0.02
    alike = alike and (np.abs(ratio - 1.0) < 0.1).sum() >= 0.85 * len(SEEDS)
    found = [Claim("chassis: the plants agree in the mean force of a scan", bool(alike))]
    for kind in (SAMPLED, HIGHEST):  # or the key figure could be held to its target
        less = bool(spearmanr(*peaks(kind))[0] < 0.9)
        found.append(Claim(f"chassis: they do not agree so well in single ticks ({kind})", less))
    return found


PART = Part(TABLE, keys, play, store, lambda _: {TABLE: seeds_in_words(SEEDS)}, claims)
