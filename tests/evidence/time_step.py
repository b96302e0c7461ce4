"""Evidence: the same swap at 500, 1000 and 2000 Hz physics; mechanical time and peak sway must not depend on it.

.venv/bin/python -m tests.evidence time_step
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tests.evidence.campaign import SETUPS
from tests.evidence.part import HERE, Claim, Key, Part, Played, write_rows

TABLE = "time_step"
RATES_HZ = (500, 1000, 2000)
SEED = 1


def play(station_name: str, physics_hz: int, seed: int = SEED) -> dict[str, Any]:
    """One guided swap under factory timing at a physics rate."""
    from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
    from twin.setup.setup import build_setup
    from twin.swap import SwapTwin

    truck, pack = SETUPS[station_name]
    station = with_overrides(load_station(station_name), {"rates.physics_hz": physics_hz})
    setup = build_setup(station, load_truck(truck), load_pack(pack), seed=seed)
    twin = SwapTwin(setup, load_timing("factory", station))
    try:
        result = twin.run()
    finally:
        twin.close()
    return {
        "station": station_name,
        "physics_hz": physics_hz,
        "seed": seed,
        "outcome": result.outcome,
        "mechanical_time_s": round(result.mechanical_time_s, 3),
        "peak_sway_m": round(float(result.kpis["peak_sway_m"]), 6),
        "peak_lateral_force_n": round(float(result.kpis["peak_lateral_force_n"]), 1),
    }


def read(folder: Path = HERE) -> list[dict[str, Any]]:
    """The stored rows."""
    rows: list[dict[str, Any]] = json.loads((folder / f"{TABLE}.json").read_text())
    return rows


def keys(_seeds: int) -> list[Key]:
    return [(station, rate) for rate in reversed(RATES_HZ) for station in SETUPS]


def store(folder: Path, played: Played) -> None:
    write_rows(folder / f"{TABLE}.json", [played[station, rate] for station in SETUPS for rate in RATES_HZ])


def claims(folder: Path = HERE) -> list[Claim]:
    found = []
    for station in SETUPS:
        rows = [row for row in read(folder) if row["station"] == station]
        coarse = next(row for row in rows if row["physics_hz"] == min(RATES_HZ))
        for row in rows:
            alike = row["outcome"] == "completed"
            alike &= math.isclose(row["mechanical_time_s"], coarse["mechanical_time_s"], rel_tol=0.01)
            alike &= math.isclose(row["peak_sway_m"], coarse["peak_sway_m"], rel_tol=0.02)
            found.append(Claim(f"{station} at {row['physics_hz']} Hz: time within 1 %, sway within 2 %", alike))
    return found


PART = Part(TABLE, keys, play, store, lambda _: {TABLE: str(SEED)}, claims)
