"""Timing sets under a station's errors, and beside factory on unseen seeds.

    .venv/bin/python -m tests.evidence.timing_checks robust -o FOLDER --station top_lift --timing tuned --seeds 100
    .venv/bin/python -m tests.evidence.timing_checks compare -o FOLDER --stations top_lift chassis --sets tuned careful

`robust` plays a set with each error of the search's scenarios (docs/tuning.md), one error a row. `compare` plays sets
and factory on the same seeds, spread over parking, visibility and all trucks and packs that fit. Swaps are kept in
FOLDER/timing_checks.sqlite, so that a run goes on where it stopped; the table is printed, kept in FOLDER, and with
--write it replaces that of docs/tuning.md for this plant.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agents.experiments.campaign import Campaign, core_count
from agents.experiments.ledger import Ledger
from agents.experiments.trial import Figures, Trial
from agents.statistics import median_interval, wilson
from agents.tune.scenarios import Pairs, fitting_pairs
from tests.evidence.markers import made_from, replace, stamp
from tests.evidence.part import ROOT, OneLine, count
from twin.catalogue import Station, TimingSet, load_station, load_timing
from twin.catalogue.schema import FourRope
from twin.errors import InputError
from twin.setup.errors import ERRORS, NOMINAL, error_of
from twin.setup.variation import Variation

DOCUMENT = ROOT / "docs" / "tuning.md"
FIRST_SEED = 4_000_000
"""No search, training or hand-made set has used seeds from here on; choices between sets were made on earlier ones."""
CONDITIONS = ("clear", "rain", "night+rain")
PARKINGS = ("guided", "unguided")
REPARK = "repark_required"
TAIL = 95.0
WORDS = {
    NOMINAL: "none",
    "rope_longer": "rope 5 % longer",
    "rope_shorter": "rope 5 % shorter",
    "heavier": "packs 5 % heavier",
    "friction_halved": "guide friction halved",
    "friction_doubled": "guide friction doubled",
    "drive_lag": "drives 50 ms slower",
}


@dataclass(frozen=True)
class Group:
    """One row: figures of a set, and factory's on the same trucks."""

    station: Station
    name: str
    own: list[Figures]
    factory: list[Figures]


def trials(
    station: Station, pairs: Pairs, timing: TimingSet, plant: str, seeds: int, error: str = NOMINAL
) -> list[Trial]:
    """Trials of a set: trucks and packs in turn, and within a turn through them parking and visibility."""
    found = []
    for i in range(seeds):
        # every pair meets every parking and visibility: each round of pairs begins one kind later
        kind = (i % len(pairs) + i // len(pairs)) % (len(PARKINGS) * len(CONDITIONS))
        truck, pack = pairs[i % len(pairs)]
        conditions = CONDITIONS[kind // len(PARKINGS)]
        variation = Variation.of(conditions=conditions, **error_of(error, pack))
        parking = PARKINGS[kind % len(PARKINGS)]
        found.append(Trial(station, truck, pack, timing, FIRST_SEED + i, plant, parking, variation))
    return found


def played(
    campaign: Campaign, station: Station, pairs: Pairs, name: str, plant: str, seeds: int, error: str = NOMINAL
) -> Group:
    """Play a set and factory on the same seeds; a truck that has to park again with factory says nothing of timing."""
    timing, factory = load_timing(name, station), load_timing("factory", station)
    reference = campaign.play(trials(station, pairs, factory, plant, seeds, error))
    own = campaign.play(trials(station, pairs, timing, plant, seeds, error))
    kept = [(a, b) for a, b in zip(own, reference, strict=True) if b.outcome != REPARK]
    return Group(station, timing.name, [a for a, _ in kept], [b for _, b in kept])


def cells(group: Group, figures: Sequence[Figures]) -> list[str]:
    """Cells of a table's row: rates with their Wilson intervals, times, forces, drives."""
    n = len(figures)
    times = [one.mechanical_time_s for one in figures if one.completed]
    # a swap that factory gave up did not press on what comes after
    forces = [a.peak_lateral_force_n for a, b in zip(figures, group.factory, strict=True) if b.completed]
    abort_n = group.station.limits.lateral_abort_n

    def rate(k: int) -> str:
        low, high = wilson(k, n)
        return f"{k} ({100 * low:.1f} to {100 * high:.1f} %)"

    def largest(name: str) -> str:
        shares = [(share, axis) for one in figures for axis, share in getattr(one, name).items()]
        return f"{max(shares)[1]} {100 * max(shares)[0]:.0f} %" if shares else "-"

    return [
        str(n),
        rate(sum(one.completed for one in figures)),
        rate(sum(one.first_attempt for one in figures)),
        str(sum(bool(one.violations) for one in figures)),
        f"{np.median(times):.1f}, {np.percentile(times, TAIL):.1f}" if times else "-",
        f"{np.percentile(forces, TAIL) / 1e3:.2f}, {max(forces) / 1e3:.2f}" if forces else "-",
        str(sum(force > abort_n for force in forces)),
        largest("drive_peak_share"),
        largest("drive_rms_share"),
    ]


def gain(group: Group) -> str:
    """Median time won on factory with its interval, over the swaps that both complete."""
    won = [b.mechanical_time_s - a.mechanical_time_s for a, b in zip(group.own, group.factory, strict=True)
           if a.completed and b.completed]  # fmt: skip
    if not won:
        return "-"
    median, (low, high) = median_interval(np.array(won), 0)
    return f"{median:.1f} ({low:.1f} to {high:.1f}; {len(won)})"


HEADINGS = ["swaps", "completed", "first attempt", "violations", "time, s: median, p95",
            "force where factory completes, kN: p95, most", "over abort limit", "drive peak, of limit",
            "drive RMS, of rating", "less than factory, s"]  # fmt: skip


def table(first: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    heads = [*first, *HEADINGS]
    lines = [heads, ["---"] * len(first) + ["---:"] * len(HEADINGS), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def robust(campaign: Campaign, station_name: str, name: str, plant: str, seeds: int) -> str:
    """Table of one set, a row for each error."""
    station = load_station(station_name)
    pairs = fitting_pairs(station, None, None)
    ropes = isinstance(station.reeving, FourRope)
    rows = []
    for error in (NOMINAL, *(one for one in ERRORS if ropes or not one.startswith("rope"))):
        group = played(campaign, station, pairs, name, plant, seeds, error)
        rows.append([WORDS[error], *cells(group, group.own), gain(group)])
        print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    return f"{station.name}, set {name}, plant {plant}:\n\n" + table(["error"], rows)


def compare(campaign: Campaign, stations: Sequence[str], names: Sequence[str], plant: str, seeds: int) -> str:
    """Table of sets beside factory at each station."""
    rows = []
    for station_name in stations:
        station = load_station(station_name)
        pairs = fitting_pairs(station, None, None)
        groups = [played(campaign, station, pairs, name, plant, seeds) for name in names]
        rows.append([station.name, "factory", *cells(groups[0], groups[0].factory), "-"])
        rows += [[station.name, one.name, *cells(one, one.own), gain(one)] for one in groups]
        for row in rows[-1 - len(groups) :]:
            print(" | ".join(row), file=sys.stderr, flush=True)
    return f"Plant {plant}:\n\n" + table(["station", "set"], rows)


def main(words: Sequence[str] | None = None) -> int:
    """Play what is missing and write the table."""
    parser = OneLine(
        prog="python -m tests.evidence.timing_checks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="what", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("-o", "--output", type=Path, required=True, help="folder of swaps and table")
    shared.add_argument("--seeds", type=count(1, 100_000), default=100, help="swaps a row")
    shared.add_argument("--plant", choices=("rom", "bullet"), default="bullet")
    shared.add_argument("--write", action="store_true", help="also put the table into docs/tuning.md")
    one = commands.add_parser("robust", parents=[shared], help="a set with each error of a station")
    one.add_argument("--station", default="top_lift")
    one.add_argument("--timing", default="tuned", help="a name or a file")
    several = commands.add_parser("compare", parents=[shared], help="sets beside factory on unseen seeds")
    several.add_argument("--stations", nargs="+", default=["top_lift", "chassis"])
    several.add_argument("--sets", nargs="+", default=["tuned", "careful"], help="names or files")
    given = parser.parse_args(words)
    try:
        stations = [given.station] if given.what == "robust" else given.stations
        for name in [given.timing] if given.what == "robust" else given.sets:
            for station in stations:
                load_timing(name, load_station(station))
        given.output.mkdir(parents=True, exist_ok=True)
        path = given.output / "timing_checks.sqlite"
        with Ledger(path, "--output") as ledger, Campaign(ledger, core_count()) as campaign:
            if given.what == "robust":
                text = robust(campaign, given.station, given.timing, given.plant, given.seeds)
            else:
                text = compare(campaign, given.stations, given.sets, given.plant, given.seeds)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    options = f"--station {given.station} --timing {given.timing}" if given.what == "robust" else ""
    options = options or f"--stations {' '.join(given.stations)} --sets {' '.join(given.sets)}"
    command = (
        f"python -m tests.evidence.timing_checks {given.what} {options} --plant {given.plant} --seeds {given.seeds}"
    )
    last = FIRST_SEED + given.seeds - 1
    text += f"\nSeeds {FIRST_SEED} to {last}, paired. " + made_from([stamp()], command)
    (given.output / f"{given.what}.md").write_text(text, encoding="utf-8")
    if given.write:
        replace(DOCUMENT, f"timing_{given.what}_{given.plant}", text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
