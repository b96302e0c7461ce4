"""What the drives of each setting bring and cost, where an experiment sets a motor or gear."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.experiments.report.estimates import Estimate, mean
from agents.experiments.run import Results
from agents.experiments.trial import Figures

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
    first = results.figures[0]
    return [_of(setting, of, first) for setting, of in zip(results.settings, results.figures, strict=True)]


def _of(setting: dict[str, Any], by_seed: dict[int, Figures], first: dict[int, Figures]) -> SettingDrives:
    done = {seed: one for seed, one in sorted(by_seed.items()) if one.completed}
    both = [seed for seed in done if seed in first and first[seed].completed]
    shares = [(share, axis) for one in by_seed.values() for axis, share in one.drive_rms_share.items()]
    costs = {one.drive_cost_eur for one in by_seed.values() if one.drive_cost_eur is not None}
    energies = [one.electric_energy_j for one in done.values() if one.electric_energy_j is not None]
    return SettingDrives(
        setting,
        mean(np.array([one.mechanical_time_s for one in done.values()], float)),
        mean(np.array([done[seed].mechanical_time_s - first[seed].mechanical_time_s for seed in both], float)),
        mean(np.array(energies, float)),
        (max(shares)[1], max(shares)[0]) if shares else None,
        max(costs, default=None),
    )
