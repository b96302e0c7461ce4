"""What the safety monitor costs: its share of a swap on the reduced-order plant, where it weighs most."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from tests.benchmarks.batches import Batch, run_batch
from tests.benchmarks.row import Row
from twin.catalogue.schema import TimingSet
from twin.console import ProgressLine
from twin.monitor import monitor
from twin.motion.kernels import kernel
from twin.setup.setup import SwapSetup

TURNS = 7
SWAPS, SAMPLES, ROUNDS = 16, 200, 500
"""Swaps in a turn; moments of a swap that the monitor looks at, and how often in a turn."""


@kernel
def look_again(worlds: Any, params: Any, dt_s: float, rounds: int) -> None:
    """The monitor's look at each of the worlds, so many times."""
    for _ in range(rounds):
        for i in range(len(worlds)):
            world = worlds[i]
            monitor(
                world.truth,
                world.monitor,
                params[0],
                dt_s,
                world.control.trip,
                world.control.acknowledgements,
                world.image.truck_released,
            )


def moments(setup: SwapSetup, timing: TimingSet) -> tuple[np.ndarray, int]:
    """((K,) WORLD records of a swap, evenly over it; its PLC scans)."""
    from twin.runner.batch import BatchRunner
    from twin.runner.kinds import existing_runner
    from twin.swap import SwapTwin

    seen: list[np.ndarray] = []
    runner = BatchRunner(setup, observer=lambda runner: seen.append(runner.worlds.copy()))
    twin = SwapTwin(setup, timing, make_runner=existing_runner(runner))
    twin.program.run()
    every = max(1, len(seen) // SAMPLES)
    return np.concatenate(seen[::every]), int(runner.worlds["sensors"]["scans"][0])


def monitor_rows(station: str, seed: int, line: ProgressLine) -> list[Row]:
    """The row of one station: time in the monitor over time in the plant, in turns."""
    from twin.commands.swap import resolve

    setup, timing = resolve(station, None, None, "factory", seed=seed, parking="guided")
    line.update(f"{station}, what the monitor costs")
    worlds, scans = moments(setup, timing)
    dt_s = 1.0 / setup.station.rates.plc_hz
    look_again(worlds, setup.params, dt_s, 1)  # compiles
    run_batch([setup], timing, 1, Batch())
    looks_s, shares = [], []
    for _ in range(TURNS):
        batch = Batch()
        run_batch([setup] * SWAPS, timing, 1, batch)
        began_s = time.perf_counter()
        look_again(worlds, setup.params, dt_s, ROUNDS)
        looks_s.append((time.perf_counter() - began_s) / (ROUNDS * len(worlds)))
        shares.append(100.0 * looks_s[-1] * scans / batch.plant_s[0])
    first, share, third = statistics.quantiles(shares, n=4)
    note = f"{1e9 * statistics.median(looks_s):.0f} ns in every PLC scan; {first:.0f} to {third:.0f} %"
    return [Row(f"{station} monitor", share, "% of a rom swap", note=note)]
