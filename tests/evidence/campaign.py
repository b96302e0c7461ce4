"""Slow evidence: many seeds of one cell, each swap's key figures stored with what it was made from.

    .venv/bin/python -m tests.evidence.campaign top_lift guided --seeds 100
    .venv/bin/python -m tests.evidence.campaign top_lift guided --seeds 100 --again
    .venv/bin/python -m tests.evidence.campaign --summary

Results land in tests/evidence/<station>_<parking>.jsonl, a line a seed (`agents.swap_rows`); a run goes on where it
stopped and repeats nothing, unless `--again` asks for what earlier code has played. `tests/evidence/test_campaign.py`
holds the stored figures to the project's targets and re-runs a small sample.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from agents.statistics import wilson
from agents.swap_rows import REFERENCE, Setup, SwapRow, code, play, read_rows, stored

HERE = Path(__file__).parent
CELLS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}
"""Truck and pack of each station's campaign."""


def setup_of(station_name: str, parking: str) -> Setup:
    """What a campaign's swaps are made from: factory timing."""
    from twin.catalogue import load_pack, load_station, load_timing, load_truck

    station, (truck, pack) = load_station(station_name), CELLS[station_name]
    return Setup(station, load_truck(truck), load_pack(pack), load_timing("factory", station), parking)


def run_seed(station_name: str, parking: str, seed: int) -> SwapRow:
    """One swap on the reference plant."""
    return play(setup_of(station_name, parking), REFERENCE, [seed])[0]


def path_of(station: str, parking: str) -> Path:
    return HERE / f"{station}_{parking}.jsonl"


def stored_rows(station: str, parking: str) -> list[SwapRow]:
    """Stored rows by seed; empty when there are none."""
    path = path_of(station, parking)
    return read_rows(path) if path.exists() else []


def read(station: str, parking: str) -> list[dict[str, Any]]:
    """Stored rows by seed, as plain data."""
    return [row.model_dump() for row in stored_rows(station, parking)]


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a campaign shows: counts, outcomes, times, forces."""
    done = [r for r in rows if r["outcome"] == "completed"]
    first = [r for r in rows if r["insert_attempts"] and set(r["insert_attempts"]) == {1}]
    outcomes: dict[str, int] = {}
    for row in rows:
        outcomes[row["outcome"]] = outcomes.get(row["outcome"], 0) + 1
    times = sorted(r["mechanical_time_s"] for r in done)
    return {
        "seeds": len(rows),
        "completed": len(done),
        "completed_ci95": wilson(len(done), len(rows)),
        "first_attempt": len(first),
        "first_attempt_ci95": wilson(len(first), len(rows)),
        "violations": sum(len(r["violations"]) for r in rows),
        "outcomes": outcomes,
        "mechanical_time_s": {
            "min": times[0] if times else None,
            "median": statistics.median(times) if times else None,
            "max": times[-1] if times else None,
        },
        "ratio_median": statistics.median(r["mechanical_time_s"] / r["lower_bound_s"] for r in done) if done else None,
        "peak_lateral_force_n_max": max((r["kpis"]["peak_lateral_force_n"] for r in rows), default=None),
        "residual_sway_m_max": max((r["kpis"]["residual_sway_m"] for r in done), default=None),
        "seat_error_m_max": max((r["kpis"]["seat_error_m"] for r in done), default=None),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("station", nargs="?", choices=sorted(CELLS))
    parser.add_argument("parking", nargs="?", choices=["guided", "unguided"])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--again", action="store_true", help="also the seeds that only earlier code has played")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--summary", action="store_true", help="print what is stored")
    options = parser.parse_args()
    if options.station and options.parking and not options.summary:
        with (
            stored(path_of(options.station, options.parking)) as store,
            ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool,
        ):
            known = {row.seed for row in store.rows.values() if row.sources == code() or not options.again}
            todo = [seed for seed in range(options.seeds) if seed not in known]
            jobs = [pool.submit(run_seed, options.station, options.parking, seed) for seed in todo]
            for number, job in enumerate(as_completed(jobs), 1):
                row = job.result()
                store.put(row)
                told = f"seed {row.seed} {row.outcome} {row.mechanical_time_s} s"
                print(f"{number}/{len(todo)} {told}", file=sys.stderr)
    for station in CELLS:
        for parking in ("guided", "unguided"):
            if rows := read(station, parking):
                print(station, parking, json.dumps(summary(rows), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
