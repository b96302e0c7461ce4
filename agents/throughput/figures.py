"""The figures of a day that people are told: on the terminal and on the page."""

from __future__ import annotations

Row = tuple[str, str, float, int]
"""Words, name of the figure, factor to the unit shown, digits."""

TRUCKS: tuple[Row, ...] = (
    ("swaps a day", "swaps_per_day", 1.0, 1),
    ("trucks that came", "arrivals_per_day", 1.0, 1),
    ("waiting, mean, min", "wait_mean_s", 1 / 60, 1),
    ("waiting, median, min", "wait_p50_s", 1 / 60, 1),
    ("waiting, 95th percentile, min", "wait_p95_s", 1 / 60, 1),
    ("waiting, longest of a day, min", "wait_max_s", 1 / 60, 1),
    ("trucks that wait over 30 min, %", "wait_over_30_min_share", 100.0, 1),
    ("arrival to leaving, mean, min", "stay_mean_s", 1 / 60, 1),
    ("parked again a day", "reparks_per_day", 1.0, 1),
    ("finished by hand a day", "by_hand_per_day", 1.0, 1),
)
EQUIPMENT: tuple[Row, ...] = (
    ("robot at work, %", "robot_share", 100.0, 1),
    ("robot in repair or held for an operator, %", "robot_down_share", 100.0, 1),
    ("bay occupied, %", "bay_share", 100.0, 1),
    ("chargers at work, %", "charger_share", 100.0, 1),
    ("connection to the grid used, %", "grid_share", 100.0, 1),
    ("ready packs, mean", "packs_ready_mean", 1.0, 2),
    ("energy from the grid a day, MWh", "grid_energy_j", 1 / 3.6e9, 2),
)
