"""Whole swaps on the reduced-order plant, one and many at once, beside whole swaps of the reference plant."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.row import Row
from twin.catalogue.schema import TimingSet
from twin.console import ProgressLine
from twin.setup.setup import SwapSetup, build_setup
from twin.swap import SwapTwin

REQUIRED_RATIO = 1000.0
REQUIRED_TWO_CORES = 1.8
BATCHES, LARGE_BATCHES = (1, 64), (1024, 16384)
"""Swaps at once."""
BESIDE = 64
"""That many run between slices of the reference plant's swap."""
SLICE_S = 3.0
"""The reference swap runs in slices of about so long, batches between them: what disturbs one disturbs the other."""


@dataclass
class Batch:
    """Times of some batches of one size, in s a swap."""

    whole_s: list[float] = field(default_factory=list)  # with the sequence
    plant_s: list[float] = field(default_factory=list)  # the plant's kernel alone

    def swaps_per_s(self) -> float:
        """Median over the batches."""
        return 1.0 / statistics.median(self.whole_s)


def batch_rows(station: str, seed: int, line: ProgressLine, *, large: bool = False) -> list[Row]:
    """The rows of one station."""
    from twin.commands.swap import resolve

    setup, timing = resolve(station, None, None, "factory", seed=seed, parking="guided")
    batches = BATCHES + LARGE_BATCHES if large else BATCHES
    setups = [_another(setup, seed + i) for i in range(max(batches))]
    run_batch(setups[:1], timing, 1, Batch())  # compiles
    run_batch(setups[:2], timing, 2, Batch())
    sizes = {n: Batch() for n in batches}
    line.update(f"{station}, the reference swap and batches")
    reference_s = _beside_reference(setup, setups[:BESIDE], timing, sizes[BESIDE])
    for n in batches:
        if n != BESIDE:
            line.update(f"{station}, {n} swaps at once")
            for _ in range(max(20 // n, 1)):
                run_batch(setups[:n], timing, 1, sizes[n])
    line.update(f"{station}, two cores")
    two, one = Batch(), Batch()
    for _ in range(3):
        run_batch(setups[:BESIDE], timing, 2, two)
        run_batch(setups[:BESIDE], timing, 1, one)
    return _rows(station, reference_s, sizes, two, one)


def _another(setup: SwapSetup, seed: int) -> SwapSetup:
    return build_setup(setup.station, setup.truck, setup.pack, seed=seed, parking=setup.parking)


def run_batch(setups: list[SwapSetup], timing: TimingSet, threads: int, times: Batch) -> None:
    """Run the swaps of these setups at once on so many threads, and note how long it took."""
    from numba import get_num_threads, set_num_threads

    from twin.runner.batch import BatchRunner
    from twin.runner.kinds import existing_runner

    runner = BatchRunner(setups)
    before = get_num_threads()
    set_num_threads(min(threads, before))
    try:
        twin = SwapTwin(setups[0], timing, make_runner=existing_runner(runner))
        spent = _watch(runner)
        start = time.perf_counter()
        twin.program.run()
        times.whole_s.append((time.perf_counter() - start) / len(setups))
        times.plant_s.append(spent[0] / len(setups))
    finally:
        set_num_threads(before)


def _watch(runner: Any) -> list[float]:
    """Adds up what `plant.run` takes, in s, in the one entry of the list."""
    spent, run = [0.0], runner.run

    def timed() -> None:
        start = time.perf_counter()
        run()
        spent[0] += time.perf_counter() - start

    runner.run = timed
    return spent


def _beside_reference(setup: SwapSetup, setups: list[SwapSetup], timing: TimingSet, times: Batch) -> float:
    """Seconds of one whole swap on the reference plant, batches of `setups` between its slices."""
    twin = SwapTwin(setup, timing)
    total_s = slice_s = 0.0
    try:
        goes_on = True
        while goes_on:
            start = time.perf_counter()
            goes_on = twin.program.advance()
            spent = time.perf_counter() - start
            total_s, slice_s = total_s + spent, slice_s + spent
            if slice_s > SLICE_S or not goes_on:
                slice_s = 0.0
                run_batch(setups, timing, 1, times)
    finally:
        twin.close()
    return total_s


def _rows(station: str, reference_s: float, sizes: dict[int, Batch], two: Batch, one: Batch) -> list[Row]:
    beside = sizes[BESIDE]
    ratio = beside.swaps_per_s() * reference_s
    reference = Row(f"{station} bullet swaps", 1.0 / reference_s, "swaps/s")
    rows = [reference]
    for n in sizes:
        row = Row(f"{station} rom x {n}", sizes[n].swaps_per_s(), "swaps/s")
        row.ratio, row.against = sizes[n].swaps_per_s() * reference_s, reference.name
        if n == BESIDE:
            quartile, _, third = statistics.quantiles([reference_s / s for s in beside.whole_s], n=4)
            row.quartiles = (quartile, third)
            row.required, row.met = f">= {REQUIRED_RATIO:,.0f}", ratio >= REQUIRED_RATIO
            kernel_s = statistics.median(beside.plant_s)
            row.note = f"{n} swaps at once on one core; the kernel alone {1.0 / kernel_s:,.0f} swaps/s"
        rows.append(row)
    each = [below / above for above, below in zip(two.whole_s, one.whole_s, strict=True)]
    gain = statistics.median(each)
    rows.append(
        Row(
            f"{station} rom, two cores",
            two.swaps_per_s(),
            "swaps/s",
            gain,
            "one core",
            (min(each), max(each)),
            f">= {REQUIRED_TWO_CORES}",
            gain >= REQUIRED_TWO_CORES,
        )
    )
    return rows
