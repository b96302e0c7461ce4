"""Slow evidence: figures in which the plants differ, of both at their own physics rate and at finer ones: whose are
still on their way where they differ.

    .venv/bin/python -m tests.evidence.finer_step    # a minute of processor time a seed; goes on where it stopped

`tests/evidence/test_finer_step.py` holds the stored figures to what docs/agreement.md says of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from agents import swap_rows
from agents.swap_rows import REDUCED, REFERENCE
from tests.evidence import campaign

PATH = Path(__file__).parent / "finer_step.json"
OWN_HZ = 500
DECIMALS = {"peak_lateral_force_n": 1, "peak_sway_rad": 6, "residual_sway_rad": 6, "traverse_to_slot": 2}


@dataclass(frozen=True)
class Figure:
    """A key figure, or a phase's duration, of swaps under factory timing, and where it was looked at."""

    station: str
    parking: str
    kpi: str
    seeds: tuple[int, ...]
    rates_hz: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.station} {self.parking} {self.kpi}"

    def of(self, kpis: Mapping[str, float], phases_s: Mapping[str, float]) -> float:
        return round(float({**phases_s, **kpis}[self.kpi]), DECIMALS[self.kpi])


CHASSIS_FORCE = Figure("chassis", "guided", "peak_lateral_force_n", tuple(range(14)), (OWN_HZ, 1000))
TOP_LIFT_SWAY = Figure("top_lift", "unguided", "residual_sway_rad", (0, 126), (OWN_HZ, 1000, 2000))
GUIDED_SWAY = Figure("top_lift", "guided", "residual_sway_rad", (30,), (OWN_HZ, 1000, 2000))
"""Seeds outside the target, or close to it, although both plants waited alike."""
CHASSIS_SWAY = Figure("chassis", "guided", "peak_sway_rad", (128, 173), (OWN_HZ, 1000))
"""The two that differ most."""
WAITING = Figure(
    *("top_lift", "unguided", "traverse_to_slot", (13, 19, 53, 64, 82, 96, 153, 173, 174)), rates_hz=(OWN_HZ, 1000)
)
"""Those in which one plant waits for another half swing."""
FIGURES = (CHASSIS_FORCE, CHASSIS_SWAY, TOP_LIFT_SWAY, GUIDED_SWAY, WAITING)

Found = dict[str, dict[str, dict[int, float]]]
"""By a figure's name, plant and rate ("bullet 1000"), and seed."""


def play(figure: Figure, plant: str, physics_hz: int, seed: int) -> float:
    """The figure of one swap."""
    from twin.catalogue import with_overrides

    setup = campaign.setup_of(figure.station, figure.parking)
    station = with_overrides(setup.station, {"rates.physics_hz": physics_hz})
    (row,) = swap_rows.play(replace(setup, station=station), plant, [seed])
    assert row.outcome == "completed"
    return figure.of(row.kpis, row.phases_s)


def read() -> Found:
    stored = json.loads(PATH.read_text()) if PATH.exists() else {}
    return {
        name: {column: {int(seed): value for seed, value in values.items()} for column, values in columns.items()}
        for name, columns in stored.items()
    }


def columns(figure: Figure) -> dict[str, list[float]]:
    """Values of the seeds that have all been played, by plant and rate."""
    stored = read()[figure.name]
    seeds = sorted(set.intersection(*(set(values) for values in stored.values())))
    return {name: [values[seed] for seed in seeds] for name, values in stored.items()}


def main() -> int:
    found = read()
    cases: list[tuple[Figure, str, int, int]] = []
    for figure in FIGURES:
        columns = found.setdefault(figure.name, {})
        for row in campaign.read(figure.station, figure.parking):
            if row["seed"] in figure.seeds:
                columns.setdefault(f"{REFERENCE} {OWN_HZ}", {})[row["seed"]] = figure.of(row["kpis"], row["phases_s"])
        for plant in (REDUCED, REFERENCE):
            if plant == REDUCED:  # takes no time, and says what the present code does
                columns = {name: values for name, values in columns.items() if not name.startswith(REDUCED)}
                found[figure.name] = columns
            for hz in figure.rates_hz:
                done = columns.setdefault(f"{plant} {hz}", {})
                cases += [(figure, plant, hz, seed) for seed in figure.seeds if seed not in done]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs: dict[Any, tuple[Figure, str, int, int]] = {pool.submit(play, *case): case for case in cases}
        for job in as_completed(jobs):
            figure, plant, hz, seed = jobs[job]
            value = found[figure.name][f"{plant} {hz}"][seed] = job.result()
            plain = {
                name: {column: dict(sorted(values.items())) for column, values in sorted(columns.items())}
                for name, columns in found.items()
            }
            PATH.write_text(json.dumps(plain, indent=1) + "\n")
            print(figure.name, plant, hz, seed, value, file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
