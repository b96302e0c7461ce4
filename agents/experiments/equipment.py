"""What the drives of each setting bring and cost, where an experiment sets a motor or gear."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.experiments.report.estimates import Estimate, mean
from agents.experiments.results import Results

EQUIPMENT = re.compile(r"\baxes\.\w+\.(motor|gear)\b")
"""Values that this is told for."""


@dataclass(frozen=True)
class SettingDrives:
    """Means over a setting's completed swaps, with their 95 % intervals.

    Attributes:
        against_first_s: mechanical time less the first setting's, over the seeds that both completed.
        rms_share: axis with the largest RMS force over its continuous rating in any swap, and that share.
        cost_eur: of all drives of the station; None where an axis has no motor.
    """

    setting: dict[str, Any]
    mechanical_time_s: Estimate
    against_first_s: Estimate
    electric_energy_j: Estimate
    rms_share: tuple[str, float] | None
    cost_eur: float | None

    def as_plain(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "setting": self.setting,
            **{name: _plain(getattr(self, name)) for name in ESTIMATES},
            "rms_share": None if self.rms_share is None else {"axis": self.rms_share[0], "share": self.rms_share[1]},
            "cost_eur": self.cost_eur,
        }


ESTIMATES = ("mechanical_time_s", "against_first_s", "electric_energy_j")


def _plain(of: Estimate) -> dict[str, Any]:
    return {"mean": of.value, "ci95": None if of.low is None else [of.low, of.high]}


def drives_of_settings(results: Results) -> list[SettingDrives] | None:
    """Return the drives of every setting; None if the experiment sets no motor or gear."""
    if not any(EQUIPMENT.search(path) for setting in results.settings for path in results.spec.values(setting)):
        return None
    first: dict[int, float] = {}
    return [_of(results, number, first) for number in range(len(results.settings))]


def _of(results: Results, number: int, first: dict[int, float]) -> SettingDrives:
    """`first`: mechanical time of the first setting by seed, filled in by that setting."""
    time_s: dict[int, float] = {}
    energies: list[float] = []
    largest: tuple[float, str] | None = None
    cost: float | None = None
    for seed, one in results.figures(number):
        if one.completed:
            time_s[seed] = one.mechanical_time_s
            energies += [one.electric_energy_j] if one.electric_energy_j is not None else []
        for axis, share in one.drive_rms_share.items():
            largest = (share, axis) if largest is None else max(largest, (share, axis))
        if one.drive_cost_eur is not None:
            cost = one.drive_cost_eur if cost is None else max(cost, one.drive_cost_eur)
    if number == 0:
        first |= time_s
    return SettingDrives(
        results.settings[number],
        mean(np.array(list(time_s.values()), float)),
        mean(np.array([time_s[seed] - first[seed] for seed in time_s if seed in first], float)),
        mean(np.array(energies, float)),
        None if largest is None else (largest[1], largest[0]),
        cost,
    )
