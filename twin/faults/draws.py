"""Random faults for campaigns: the faults of a swap, drawn from its seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from twin import seeding
from twin.faults.kinds import Fault, parse_fault

RATES_PER_1000: dict[str, float] = {
    "lock_wont_open": 3.5,
    "lock_wont_close": 2.0,
    "coupler_stiff": 1.5,
    "scanner_blind": 3.0,
    "scanner_dropout": 3.0,
    "brakes_released": 0.15,
    "truck_shove": 0.15,
    "wrong_pack": 0.6,
    "lock_snag": 0.35,
    "estop": 2.0,
    "power_loss": 0.1,
}
"""Faults per 1000 swaps [estimate: middles of domain.md section 5; of one row's two kinds each has half]."""

ANYWHERE = ("grip", "unlock", "traverse_to_slot", "store", "traverse_to_full", "pick", "traverse_to_truck", "insert")
"""Phases that every station has and in which every kind may occur [chosen]."""


def _phase(draw: np.random.Generator) -> str:
    return f"phase={ANYWHERE[int(draw.integers(len(ANYWHERE)))]},after_s={draw.uniform(0.0, 8.0):.2f}"


def _lock(draw: np.random.Generator) -> str:
    tries = int(draw.integers(1, 5))  # three tries are the maximum: one stuck lock in four stays stuck
    return f"lock={int(draw.integers(1, 5))},tries={tries if tries < 4 else 1000}"


DETAILS: dict[str, Callable[[np.random.Generator], str]] = {
    "lock_wont_open": _lock,
    "lock_wont_close": _lock,
    "lock_snag": lambda draw: f"lock={int(draw.integers(1, 5))}",
    "coupler_stiff": lambda draw: f"factor={draw.uniform(2.0, 10.0):.2f},phase=insert",
    "scanner_blind": lambda draw: f"phase=rescan,for_s={draw.uniform(0.5, 20.0):.2f}",
    "scanner_dropout": lambda draw: f"share={draw.uniform(0.1, 0.9):.2f}",
    "brakes_released": lambda draw: f"grade_percent={draw.uniform(1.0, 4.0):.2f},{_phase(draw)}",
    "truck_shove": lambda draw: (
        f"force_n={draw.uniform(5e4, 2.5e5):.0f},direction_deg={draw.uniform(0.0, 360.0):.1f},{_phase(draw)}"
    ),
    "wrong_pack": lambda draw: f"factor={draw.uniform(0.2, 1.8):.2f}",
    "estop": _phase,
    "power_loss": _phase,
}
"""Distributions of the settings of a kind [estimate]."""


def random_faults(seed: int, rates: Mapping[str, float] = RATES_PER_1000) -> tuple[Fault, ...]:
    """Faults of the swap with this seed: each kind independently, `rates[kind]` times in 1000 swaps.

    Every kind has its own stream, so that one more kind, or another rate, shifts no other draw.
    """
    faults = []
    for kind, rate in rates.items():
        draw = seeding.stream(seed, f"faults/{kind}")
        if draw.uniform() < rate / 1000.0:
            faults.append(parse_fault(f"{kind}:{DETAILS[kind](draw)}"))
    return tuple(faults)
