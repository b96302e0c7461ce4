"""Slow evidence: the same swap at 500, 1000 and 2000 Hz physics; mechanical time and peak sway must not depend on it.

.venv/bin/python -m tests.evidence.time_step
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.evidence.campaign import CELLS

PATH = Path(__file__).parent / "time_step.json"
RATES_HZ = (500, 1000, 2000)


def run(station_name: str, physics_hz: int, seed: int = 1) -> dict[str, Any]:
    """One guided swap under factory timing at a physics rate."""
    from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
    from twin.cell import build_cell
    from twin.swap import SwapTwin

    truck, pack = CELLS[station_name]
    station = with_overrides(load_station(station_name), {"rates.physics_hz": physics_hz})
    cell = build_cell(station, load_truck(truck), load_pack(pack), seed=seed)
    twin = SwapTwin(cell, load_timing("factory", station))
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


def main() -> int:
    rows = []
    for station in CELLS:
        for rate in RATES_HZ:
            rows.append(run(station, rate))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    PATH.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
