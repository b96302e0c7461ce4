"""Evidence: from random moments of the twin's own recordings, with unchanged settings, a swap ends as recorded.

    .venv/bin/python -m tests.evidence branch

Per station and plant one recorded swap, gone on with from ten random moments; end-state hashes are stored in
tests/evidence/branch.json. `tests/evidence/test_branch.py` does the same from a few moments.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.evidence.campaign import SETUPS
from tests.evidence.part import HERE, Claim, Key, Part, Played, write_rows

TABLE = "branch"
PLANTS = ("rom", "bullet")
MOMENTS, SEED = 10, 3


def record(station_name: str, plant: str, path: Path, seed: int = SEED) -> None:
    """A guided swap under factory timing."""
    from twin.catalogue import load_pack, load_station, load_timing, load_truck
    from twin.recording.swap import SwapRecorder
    from twin.runner.kinds import runner_maker
    from twin.setup.setup import build_setup
    from twin.swap import SwapTwin

    truck, pack = SETUPS[station_name]
    station = load_station(station_name)
    setup = build_setup(station, load_truck(truck), load_pack(pack), seed=seed)
    twin = SwapTwin(setup, load_timing("factory", station), make_runner=runner_maker(plant))
    try:
        with SwapRecorder(path, twin) as recorder:
            recorder.finish(twin.run())
    finally:
        twin.close()


def again_from(path: Path, at_s: float) -> tuple[float, str]:
    """(the PLC scan's time, end-state hash) of the swap that goes on from a moment as it was."""
    from twin.recording.resume.begin import begin_from
    from twin.recording.resume.moment import Change

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


def play(station: str, plant: str) -> dict[str, Any]:
    """One row: the recorded swap's end and what it came to from each moment."""
    from twin.recording import open_recording

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "swap.mcap"
        record(station, plant, path)
        with open_recording(path) as recording:
            row: dict[str, Any] = {
                "station": station,
                "plant": plant,
                "seed": SEED,
                "outcome": recording.outcome,
                "end_s": recording.end_s,
                "recorded_sha256": recording.end_state_sha256,
            }
        branches = []
        for asked_s in moments(row["end_s"]):
            at_s, sha256 = again_from(path, asked_s)
            branches.append({"asked_s": asked_s, "at_s": at_s, "end_state_sha256": sha256})
    return {**row, "branches": branches}


def read(folder: Path = HERE) -> list[dict[str, Any]]:
    """The stored rows."""
    rows: list[dict[str, Any]] = json.loads((folder / f"{TABLE}.json").read_text())
    return rows


def keys(_seeds: int) -> list[Key]:
    return [(station, plant) for plant in reversed(PLANTS) for station in SETUPS]


def store(folder: Path, played: Played) -> None:
    write_rows(folder / f"{TABLE}.json", [played[station, plant] for plant in PLANTS for station in SETUPS])


def claims(folder: Path = HERE) -> list[Claim]:
    found = []
    for row in read(folder):
        alike = [one["end_state_sha256"] for one in row["branches"]] == MOMENTS * [row["recorded_sha256"]]
        soon = all(one["asked_s"] <= one["at_s"] < one["asked_s"] + 0.01 for one in row["branches"])
        words = f"{row['station']}, {row['plant']}: from every moment the swap ends as recorded"
        found.append(Claim(words, alike and soon and row["outcome"] == "completed"))
    return found


PART = Part(TABLE, keys, play, store, lambda _: {TABLE: str(SEED)}, claims)
