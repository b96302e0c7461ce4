"""Evidence: how near the checks of sound load cells come to their limits, in swaps without any fault.

    .venv/bin/python -m tests.evidence.load_alarms --swaps 25    # plays 25 swaps a row, prints the table
    .venv/bin/python -m tests.evidence.load_alarms --write       # 200 swaps a row, the table into docs/faults.md

About 10 minutes of two quiet cores. All on the reduced-order plant: nominal swaps, and timing sets drawn by
`tests.evidence.timing_sets`, whose trucks, packs, parking and conditions rotate with them.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np

from tests.evidence.faults import DOCUMENT, STATIONS
from tests.evidence.markers import replace
from tests.evidence.part import OneLine, count
from tests.evidence.timing_sets import BATCH, Batch
from twin.catalogue import load_pack, load_station, load_truck
from twin.commands.swap import resolve
from twin.control.load_plausibility import DRIVE, JUMP, KNOWN
from twin.runner.kinds import batch_maker
from twin.sequence.timing import timing_table
from twin.setup.setup import build_setup
from twin.setup.variation import Variation
from twin.swap import SwapTwin

SECTION, COMMAND = "load alarms", ".venv/bin/python -m tests.evidence.load_alarms --write"
KINDS = ("guided", "unguided", "random")
DRAW = 0


def play(station_name: str, kind: str, first: int, count: int) -> tuple[np.ndarray, list[str]]:
    """(count, 3) largest shares of the limits that KNOWN, DRIVE and JUMP have come to, and outcomes."""
    numbers = range(first, first + count)
    if kind in ("guided", "unguided"):
        pairs = [resolve(station_name, None, None, "factory", seed=number, parking=kind) for number in numbers]
        setups, timings = [setup for setup, _ in pairs], [timing for _, timing in pairs]
    else:
        station = load_station(station_name)
        batch = Batch(station_name, kind, first, count, DRAW)
        swap = batch.swap(station)
        truck, pack = load_truck(swap["truck"]), load_pack(swap["pack"])
        variation = Variation.of(conditions=swap["conditions"])
        setups = [
            build_setup(station, truck, pack, seed=number, parking=swap["parking"], variation=variation)
            for number in numbers
        ]
        timings = [batch.set_of(station, number) for number in numbers]
    twin = SwapTwin(setups[0], timings[0], make_runner=batch_maker(setups))
    try:
        kind_of_station = setups[0].station.kind
        twin.program.timing[:] = np.stack([timing_table(timing, kind_of_station) for timing in timings])[:, None, :]
        twin.program.run()
        return twin.runner.worlds["control"]["load_closest"].max(axis=1), [result.outcome for result in twin.results()]
    finally:
        twin.close()


def row(station: str, kind: str, swaps: int) -> tuple[str, int]:
    """A line of the table, and how many sound load cells have been called implausible."""
    shares, outcomes = [], []
    for first in range(0, swaps, BATCH):
        some, ends = play(station, kind, first, min(BATCH, swaps - first))
        shares.append(some)
        outcomes += ends
        print(f"\r{station} {kind} {len(outcomes)} of {swaps}\033[K", end="", file=sys.stderr, flush=True)
    most = np.concatenate(shares).max(axis=0)
    said = "random timing sets" if kind == "random" else f"factory timing, {kind} parking"
    false = outcomes.count("load_implausible")
    return (
        f"| {station} | {said} | {len(outcomes)} | {outcomes.count('completed')} | {false} "
        f"| {most[KNOWN]:.2f} | {most[DRIVE]:.2f} | {most[JUMP]:.2f} |\n",
        false,
    )


def main(arguments: list[str] | None = None) -> int:
    parser = OneLine(
        prog="python -m tests.evidence.load_alarms",
        description="How near sound load cells come to the limits of their checks.",
    )
    parser.add_argument("--swaps", type=count(1, 100_000), default=200, help="a row (default 200)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/faults.md")
    given = parser.parse_args(arguments)
    date = datetime.now(UTC).date().isoformat()
    said = (
        f"Version {version('swaptwin')}, {date}, reduced-order plant, seeds and sets 0 to {given.swaps - 1};\n"
        f"`{COMMAND}`. "
        "The largest share of its limit that a check has come to in any of the swaps:\n\n"
        "| station | swaps | played | completed | `load_implausible` | known weight | drive | after a jump |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|\n"
    )
    false = 0
    for station in STATIONS:
        for kind in KINDS:
            line, some = row(station, kind, given.swaps)
            said, false = said + line, false + some
    print(file=sys.stderr)
    print(said)
    if given.write:
        replace(DOCUMENT, SECTION, said)
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
