"""Rows of swaps that nobody has run, for tests of what is made of rows."""

from __future__ import annotations

from typing import Any

from agents.swap_rows import REDUCED, REFERENCE, SwapRow

KPIS = {
    "peak_sway_rad": 0.03,
    "residual_sway_rad": 0.002,
    "peak_lateral_force_n": 2000.0,
    "peak_axial_force_n": 1500.0,
}
PHASES_S = {"dock": 45.0, "lower": 10.0, "lock": 0.5}


def row(
    plant: str,
    seed: int,
    *,
    kpis: dict[str, float] | None = None,
    phases_s: dict[str, float] | None = None,
    **values: Any,
) -> SwapRow:
    """A completed swap under factory timing; forces grow with the seed."""
    reported = {**KPIS, "peak_lateral_force_n": 2000.0 + seed, "peak_axial_force_n": 1500.0 + seed, **(kpis or {})}
    given: dict[str, Any] = {
        "plant": plant,
        "station": "top_lift",
        "truck": "tractor_6x4",
        "pack": "cab_282",
        "timing": "factory",
        "parking": "guided",
        "conditions": "clear",
        "seed": seed,
        "configuration": None,
        "version": "now",
        "outcome": "completed",
        "mechanical_time_s": 150.0,
        "cycle_time_s": 270.0,
        "lower_bound_s": 95.0,
        "insert_attempts": (1,),
        "violations": (),
        "kpis": reported,
        "phases_s": {**PHASES_S, **(phases_s or {})},
        "end_state_sha256": "0",
    }
    return SwapRow(**(given | values))


def pair(
    seed: int, reference: dict[str, Any] | None = None, reduced: dict[str, Any] | None = None
) -> tuple[SwapRow, SwapRow]:
    """The same swap on both plants, but for what is given."""
    return row(REFERENCE, seed, **(reference or {})), row(REDUCED, seed, **(reduced or {}))
