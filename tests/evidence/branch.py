"""Slow evidence: from random moments of the twin's own recordings, with unchanged settings, a swap ends as recorded.

    .venv/bin/python -m tests.evidence.branch

Per station and plant one recorded swap, gone on with from ten random moments; end-state hashes are stored in
tests/evidence/branch.json. Rows of the present code are kept, those of earlier code played anew.
`tests/evidence/test_branch.py` holds the hashes to be equal and re-runs a few.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.evidence.campaign import CELLS

PATH = Path(__file__).parent / "branch.json"
PLANTS = ("rom", "bullet")
MOMENTS, SEED = 10, 3


def record(station_name: str, plant: str, path: Path, seed: int = SEED) -> None:
    """A guided swap under factory timing."""
    from twin.catalogue import load_pack, load_station, load_timing, load_truck
    from twin.cell import build_cell
    from twin.plants.kinds import plant_maker
    from twin.recorded import SwapRecorder
    from twin.swap import SwapTwin

    truck, pack = CELLS[station_name]
    station = load_station(station_name)
    cell = build_cell(station, load_truck(truck), load_pack(pack), seed=seed)
    twin = SwapTwin(cell, load_timing("factory", station), make_plant=plant_maker(plant))
    try:
        with SwapRecorder(path, twin) as recorder:
            recorder.finish(twin.run())
    finally:
        twin.close()


def again_from(path: Path, at_s: float) -> tuple[float, str]:
    """(the PLC scan's time, end-state hash) of the swap that goes on from a moment as it was."""
    from twin.branch.begin import Change, begin_from

    moment = begin_from(path, at_s)
    try:
        swap = moment.begin(moment.branch(Change()), lambda what, name: None)
        try:
            return moment.at_s, swap.run().end_state_sha256
        finally:
            swap.close()
    finally:
        moment.close()


def moments(end_s: float, count: int = MOMENTS) -> list[float]:
    """Random times, between scans and samples."""
    drawn: list[float] = np.random.default_rng(SEED).uniform(0.0, end_s, count).round(6).tolist()
    return drawn


def run(station: str, plant: str, folder: Path) -> dict[str, Any]:
    """One row: the recorded swap's end and what it came to from each moment."""
    from twin.recording import open_recording

    path = folder / f"{station}_{plant}.mcap"
    record(station, plant, path)
    with open_recording(path) as recording:
        row: dict[str, Any] = {
            "station": station,
            "plant": plant,
            "seed": SEED,
            "outcome": recording.outcome,
            "end_s": recording.end_s,
            "twin_sources": recording.header.versions["twin_sources"],
            "recorded_sha256": recording.end_state_sha256,
        }
    branches = []
    for asked_s in moments(row["end_s"]):
        began_s = time.monotonic()
        at_s, sha256 = again_from(path, asked_s)
        branches.append({"asked_s": asked_s, "at_s": at_s, "end_state_sha256": sha256})
        print(station, plant, asked_s, sha256[:12], f"{time.monotonic() - began_s:.1f} s", file=sys.stderr, flush=True)
    return {**row, "branches": branches}


def main() -> int:
    from twin.recorded.versions import SWAP_SOURCES, twin_sources

    sources = twin_sources(SWAP_SOURCES)
    rows = {(row["station"], row["plant"]): row for row in (json.loads(PATH.read_text()) if PATH.exists() else [])}
    stale = [
        (station, plant)
        for plant in PLANTS
        for station in CELLS
        if rows.get((station, plant), {}).get("twin_sources") != sources
    ]
    with tempfile.TemporaryDirectory() as folder:
        for station, plant in stale:
            rows[station, plant] = run(station, plant, Path(folder))
            PATH.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows.values()) + "\n]\n")
    return int(
        any(one["end_state_sha256"] != row["recorded_sha256"] for row in rows.values() for one in row["branches"])
    )


if __name__ == "__main__":
    sys.exit(main())
