"""Slow evidence: the peak lateral force of chassis swaps on the reference plant at its own physics rate and at a finer
one, beside the reduced-order plant's: which of the two is off where they differ.

    .venv/bin/python -m tests.evidence.finer_step    # a minute of processor time a seed; goes on where it stopped

`tests/evidence/test_finer_step.py` holds the stored figures to what docs/agreement.md says of them.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from agents.swap_rows import REDUCED, REFERENCE
from tests.evidence import campaign

PATH = Path(__file__).parent / "finer_step.json"
STATION, PARKING = "chassis", "guided"
OWN_HZ, FINER_HZ = 500, 1000
SEEDS = range(14)


def force_n(plant: str, physics_hz: int, seed: int) -> float:
    """Peak lateral guide force of one swap under factory timing."""
    from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
    from twin.cell import build_cell
    from twin.plants.kinds import plant_maker
    from twin.swap import SwapTwin

    truck, pack = campaign.CELLS[STATION]
    station = with_overrides(load_station(STATION), {"rates.physics_hz": physics_hz})
    cell = build_cell(station, load_truck(truck), load_pack(pack), seed=seed, parking=PARKING)
    twin = SwapTwin(cell, load_timing("factory", station), make_plant=plant_maker(plant))
    try:
        result = twin.run()
    finally:
        twin.close()
    assert result.outcome == "completed"
    return round(float(result.kpis["peak_lateral_force_n"]), 1)


def read() -> dict[str, dict[int, float]]:
    """Stored forces in N by plant and rate ("bullet 1000"), and seed."""
    stored = json.loads(PATH.read_text()) if PATH.exists() else {}
    return {name: {int(seed): force for seed, force in forces.items()} for name, forces in stored.items()}


def columns() -> dict[str, list[float]]:
    """Forces in N of the seeds that all have played."""
    stored = read()
    seeds = sorted(set.intersection(*(set(forces) for forces in stored.values())))
    return {name: [forces[seed] for seed in seeds] for name, forces in stored.items()}


def main() -> int:
    found: dict[str, dict[int, float]] = read()
    for row in campaign.read(STATION, PARKING):
        if row["seed"] in SEEDS:
            force = round(row["kpis"]["peak_lateral_force_n"], 1)
            found.setdefault(f"{REFERENCE} {OWN_HZ}", {})[row["seed"]] = force
    cases = [(plant, hz, seed) for seed in SEEDS for hz in (OWN_HZ, FINER_HZ) for plant in (REDUCED, REFERENCE)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs: dict[Any, tuple[str, int]] = {}
        for plant, hz, seed in cases:
            if seed not in found.setdefault(f"{plant} {hz}", {}):
                jobs[pool.submit(force_n, plant, hz, seed)] = (f"{plant} {hz}", seed)
        for job in as_completed(jobs):
            name, seed = jobs[job]
            found[name][seed] = job.result()
            PATH.write_text(json.dumps({k: dict(sorted(v.items())) for k, v in found.items()}, indent=1) + "\n")
            print(name, seed, found[name][seed], file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
