"""Stress of the reduced-order plant: random and corner timing sets, everything that the catalogue accepts.

    .venv/bin/python -m tests.evidence.timing_sets -o FOLDER    # 20,000 random and 2,000 corner sets a station
    .venv/bin/python -m tests.evidence.timing_sets -o FOLDER --write    # also the table into docs/reduced_order.md
    .venv/bin/python -m tests.evidence.timing_sets -o FOLDER --station chassis --random 500 --corners 50

About 25 minutes of two quiet cores for all of it.

Each set is one swap of the ROM's batch, with its own seed; trucks, packs, parking and conditions rotate from batch to
batch. Every end has to be a named outcome and every number finite; what breaks a safety invariant is written to
FOLDER/sets/ID.yaml, which `swaptwin swap --plant rom --timing FILE ...` plays; the list below the table has the whole
command. Rows land in FOLDER/STATION.jsonl, a line a swap; a run goes on where it stopped, rows of another version of
the project are played anew.
Exit code: 0 where every number is finite, every end named and no invariant broken, else 1.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from agents.statistics import wilson
from envs.choosing import fitting
from tests.evidence.markers import made_from, of_this_version, replace, stamp
from tests.evidence.part import MAX_SEED, ROOT, OneLine, cores, count, process_count
from tests.evidence.timing_draws import as_yaml, catalogue_set
from twin import seeding
from twin.catalogue import Station, TimingSet, load_pack, load_station, load_truck
from twin.conditions import ALLOWED
from twin.sequence.program import OUTCOMES
from twin.sequence.timing import timing_table
from twin.setup.setup import SwapSetup, build_setup
from twin.setup.variation import Variation

STATIONS = ("top_lift", "chassis")
PARKINGS = ("guided", "guided", "guided", "unguided")
"""Of four batches one has trucks parked without guides: many of them are sent away before anything moves."""
KINDS = ("random", "corners")
BATCH = 25
DOCUMENT, SECTION = ROOT / "docs" / "reduced_order.md", "timing_sets"
STATE_FIELDS = ("q", "qd", "truck_q", "truck_qd", "pack_pose", "pack_twist", "e_pose", "load_n", "guide_force_n")
SHOWN = 20

Row = dict[str, Any]


class Batch:
    """Sets `first` to `first + n` of a kind, and the swap that they share."""

    def __init__(self, station: str, kind: str, first: int, n: int, draw_seed: int) -> None:
        self.station_name, self.kind, self.numbers, self.draw_seed = station, kind, range(first, first + n), draw_seed

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.numbers.start // BATCH}"

    def set_of(self, station: Station, number: int) -> TimingSet:
        """Timing set `number`, whatever the batches' size."""
        draw = seeding.stream(self.draw_seed, f"timing sets/{station.name}/{self.kind}/{number}")
        return catalogue_set(station, draw, f"{self.kind}_{number}", corners=self.kind == "corners")

    def swap(self, station: Station) -> dict[str, str]:
        """Truck, pack, parking and conditions by name."""
        draw = seeding.stream(self.draw_seed, f"timing sets/{station.name}/{self.key}")
        pairs = fitting(station, None, None)
        truck, packs = pairs[int(draw.integers(len(pairs)))]
        return {
            "truck": truck.name,
            "pack": packs[int(draw.integers(len(packs)))].name,
            "parking": PARKINGS[int(draw.integers(len(PARKINGS)))],
            "conditions": ALLOWED[int(draw.integers(len(ALLOWED)))],
        }


def play(batch: Batch) -> list[Row]:
    """All swaps of a batch on the reduced-order plant, worlds of one plant; an exception is the row of its swap."""
    station = load_station(batch.station_name)
    timings = [batch.set_of(station, number) for number in batch.numbers]
    swap = batch.swap(station)
    try:
        return _played(batch, station, timings, swap)
    except Exception:
        if len(batch.numbers) > 1:  # one by one, to find which of them it is
            alone = (Batch(batch.station_name, batch.kind, k, 1, batch.draw_seed) for k in batch.numbers)
            return [row for one in alone for row in play(one)]
        said = traceback.format_exc().strip().splitlines()
        return [_row(batch, swap, batch.numbers.start, outcome="error", said="; ".join(said[-3:]))]


def _played(batch: Batch, station: Station, timings: list[TimingSet], swap: dict[str, str]) -> list[Row]:
    from twin.runner.kinds import batch_maker
    from twin.swap import SwapTwin

    truck, pack = load_truck(swap["truck"]), load_pack(swap["pack"])
    variation = Variation.of(conditions=swap["conditions"])
    setups: list[SwapSetup] = [
        build_setup(station, truck, pack, seed=number, parking=swap["parking"], variation=variation)
        for number in batch.numbers
    ]
    twin = SwapTwin(setups[0], timings[0], make_runner=batch_maker(setups))
    try:
        twin.program.timing[:] = np.stack([timing_table(timing, station.kind) for timing in timings])[:, None, :]
        twin.program.run()
        rows = []
        for n, (number, result) in enumerate(zip(batch.numbers, twin.results(), strict=True)):
            world = twin.runner.worlds[n]
            wild = [name for name in STATE_FIELDS if not np.isfinite(world["truth"][name]).all()]
            wild += [name for name, value in result.kpis.items() if not math.isfinite(value)]
            said = next((e["message"] for e in reversed(result.events) if e["name"] == "outcome"), "")
            rows.append(
                _row(
                    batch,
                    swap,
                    number,
                    outcome=result.outcome,
                    said=said,
                    not_finite=wild,
                    ended_s=round(twin.program.time_s(n), 3),
                    violations=[one["message"] for one in result.violations],
                    kpis={k: round(float(v), 6) if math.isfinite(v) else None for k, v in result.kpis.items()},
                )
            )
        return rows
    finally:
        twin.close()


def _row(batch: Batch, swap: dict[str, str], number: int, **values: Any) -> Row:
    return {"batch": batch.key, "kind": batch.kind, "number": number, **swap, **values, **stamp()}


# ------------------------------------------------------------------------------------------------------ runs and report


def batches(station: str, kind: str, count: int, draw_seed: int) -> Iterator[Batch]:
    for first in range(0, count, BATCH):
        yield Batch(station, kind, first, min(BATCH, count - first), draw_seed)


def read(path: Path) -> list[Row]:
    """Rows of whole lines; half a line that a killed run left is passed over."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def run(path: Path, todo: list[Batch], workers: int) -> None:
    """Play batches, their rows kept as they come."""
    with path.open("ab", buffering=0) as file, ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(play, batch) for batch in todo]
        for number, job in enumerate(as_completed(jobs), 1):
            rows = job.result()
            file.write("".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode())
            outcomes = dict(Counter(row["outcome"] for row in rows))
            print(f"{path.stem} {number}/{len(jobs)} batches: {outcomes}", file=sys.stderr, flush=True)


def wrong(row: Row) -> str:
    """What is wrong with a swap, in words; empty where nothing is."""
    if row.get("not_finite"):
        return f"not finite: {', '.join(row['not_finite'])}"
    if row["outcome"] not in OUTCOMES:
        return f"no named outcome: {row['outcome']}: {row['said']}"
    return f"violation: {'; '.join(row['violations'])}" if row.get("violations") else ""


def report(station_name: str, folder: Path, rows: Iterable[Row], draw_seed: int) -> bool:
    """Print outcome counts, the largest figures and what is wrong; whether nothing is."""
    station = load_station(station_name)
    everything = list(rows)
    bad = [row for row in everything if wrong(row)]
    for kind in KINDS:
        some = [row for row in everything if row["kind"] == kind]
        if not some:
            continue
        print(f"### {station_name}, {len(some)} {kind} timing sets\n")
        print("| outcome | swaps |\n|---|---|")
        for outcome, n in Counter(row["outcome"] for row in some).most_common():
            print(f"| {outcome} | {n} |")
        low, high = wilson(sum(bool(wrong(row)) for row in some), len(some))
        print(
            f"\nWrong: {sum(bool(wrong(row)) for row in some)} (95 % interval {100 * low:.3f} to {100 * high:.3f} %)\n"
        )
        print("| largest | value | set |\n|---|---|---|")
        for name in some[0].get("kpis", {}):
            most = max(some, key=lambda row: (row.get("kpis") or {}).get(name) or 0.0)
            print(f"| {name} | {(most.get('kpis') or {}).get(name)} | {kind}_{most['number']} ({most['outcome']}) |")
        print()
    sets = folder / "sets"
    for row in bad:
        timing = Batch(station_name, row["kind"], row["number"], 1, draw_seed).set_of(station, row["number"])
        sets.mkdir(parents=True, exist_ok=True)
        path = sets / f"{station_name}_{timing.name}.yaml"
        path.write_text(as_yaml(timing, f"timing sets, draw {draw_seed}"), encoding="utf-8")
    for row in bad[:SHOWN]:
        name = f"{station_name}_{row['kind']}_{row['number']}.yaml"
        print(f"{wrong(row)}: {row['said']}\n  {_command(station_name, row, sets / name)}")
    if len(bad) > SHOWN:
        print(f"... and {len(bad) - SHOWN} more, their sets in {sets}")
    return not bad


def table(rows: dict[str, list[Row]]) -> str:
    """Markdown: how many swaps of each station and kind ended how, and what was wrong."""
    columns = [(station, kind) for station in rows for kind in KINDS]
    of = {(s, k): [row for row in rows[s] if row["kind"] == k] for s, k in columns}
    everything = [row for some in of.values() for row in some]
    outcomes = [name for name, _ in Counter(row["outcome"] for row in everything).most_common()]
    lines = [f"| | {' | '.join(f'{s}, {k}' for s, k in columns)} |", "|---|" + "---:|" * len(columns)]
    lines.append(f"| timing sets | {' | '.join(str(len(of[one])) for one in columns)} |")
    counts = {
        "a number not finite": lambda row: bool(row.get("not_finite")),
        "an end without a name": lambda row: row["outcome"] not in OUTCOMES,
        "an invariant broken": lambda row: bool(row.get("violations")),
    }
    counts |= {f"`{name}`": lambda row, name=name: row["outcome"] == name for name in outcomes}
    for words, is_one in counts.items():
        lines.append(f"| {words} | {' | '.join(str(sum(map(is_one, of[one]))) for one in columns)} |")
    return "\n".join(lines) + "\n\n"


def _command(station: str, row: Row, path: Path) -> str:
    return (
        f"swaptwin swap --plant rom --station {station} --truck {row['truck']} --pack {row['pack']} "
        f"--parking {row['parking']} --conditions {row['conditions']} --seed {row['number']} --timing {path}"
    )


def main() -> int:
    parser = OneLine(
        prog="python -m tests.evidence.timing_sets",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-o", type=Path, required=True, help="folder of rows and sets")
    parser.add_argument("--station", action="append", choices=STATIONS, help="again for more; all when left out")
    parser.add_argument(
        "--random", type=count(0, 1_000_000), default=20_000, help="random sets a station; default 20000"
    )
    parser.add_argument(
        "--corners", type=count(0, 1_000_000), default=2_000, help="sets of corners a station; default 2000"
    )
    parser.add_argument("--draw", type=count(0, MAX_SEED), default=0, help="seed of the draws")
    parser.add_argument("--workers", type=process_count, default=cores(), help="processes; default: one a core")
    parser.add_argument("--again", action="store_true", help="play everything anew")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{DOCUMENT.name}")
    options = parser.parse_args()
    if options.random + options.corners == 0:
        parser.error("--random and --corners: both are 0, and nothing would be played")
    options.o.mkdir(parents=True, exist_ok=True)
    good, reported = True, {}  # type: bool, dict[str, list[Row]]
    for station in options.station or STATIONS:
        path = options.o / f"{station}.jsonl"
        if options.again:
            path.unlink(missing_ok=True)
        have = Counter(row["batch"] for row in read(path) if row["outcome"] != "error" and of_this_version(row))
        counts = {"random": options.random, "corners": options.corners}
        every = [batch for kind in KINDS for batch in batches(station, kind, counts[kind], options.draw)]
        run(path, [batch for batch in every if have[batch.key] < len(batch.numbers)], options.workers)
        wanted = {batch.key for batch in every}
        last = {(row["kind"], row["number"]): row for row in read(path) if row["batch"] in wanted}
        reported[station] = list(last.values())
        good &= report(station, options.o, reported[station], options.draw)
    if options.write:
        command = (
            f"python -m tests.evidence.timing_sets --random {options.random} --corners {options.corners} -o FOLDER"
        )
        made = made_from(itertools.chain(*reported.values()), command)
        replace(DOCUMENT, SECTION, table(reported) + made)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
