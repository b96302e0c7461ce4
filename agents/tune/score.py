"""Score of a candidate: objectives, and constraints against the factory set on the same scenarios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.experiments.trial import OUTSIDE_MODEL, Figures
from agents.statistics import sign_test
from twin.catalogue import Station

OBJECTIVES = ("time", "p95", "force", "sway", "energy")
"""`time`: mean of the ratio of mechanical time to factory's on the same scenario. `p95`: its 95th percentile. `force`:
95th percentile of the peak lateral force over the abort limit, where factory completes. `sway`: 95th percentile of the
sway at hand-over over the sway limit. `energy`: mean of the ratio of electric energy to factory's on the same scenario.
Each is the better the lower."""
AGAINST_FACTORY = ("time", "p95", "energy")
"""Objectives that are 1 for factory itself."""
TAIL = 95.0
CONSTRAINTS = {
    "violations": "in more than no swap",
    "outside_model": "in more than no swap",
    "completed": "below factory's (sign test)",
    "first_attempt": "below factory's (sign test)",
    "force_p95": "above factory's",
    "force_abort": "more often than factory (sign test)",
    "drive_peak": "at its limit more often than factory's (sign test),",
    "drive_rms": "above the continuous rating, and factory's,",
    "sway_p95": "above the station's limit, and factory's,",
}
"""Each constraint in words, before the amount by which it is not met."""
CHANCE = 0.1
"""Probability below which scenarios lost to factory, less those won, are no chance. Some scenarios are a toss-up for
every set (a pack at the overload limit): a set that only loses one of those is no worse."""
NEVER = ("violations", "outside_model")
PENALTY, FORBIDDING = 3.0, 100.0
"""Cost of a constraint's excess in a search's target (exact penalty, Nocedal and Wright 2006, section 17.2), and of one
of `NEVER`. A fast set that presses 1 % of the abort limit too hard costs 3 % of time: repairing it is dearer than
nothing, and cheaper than to begin again. Forces can be had for less than that, so a search ends with none."""
AT_LIMIT = 0.999
"""Share of its limit from which a drive counts as at it."""
WORST = 10.0
"""Value of an objective where there is none: no scenario was completed."""


@dataclass(frozen=True)
class Limits:
    """A station's limits that scores refer to."""

    abort_n: float
    sway_m: float

    @classmethod
    def of(cls, station: Station) -> Limits:
        return cls(station.limits.lateral_abort_n, station.limits.sway_limit_m)


@dataclass(frozen=True)
class Score:
    """Score over the first `n` scenarios.

    Attributes:
        objectives: value of each of `OBJECTIVES`.
        broken: excess of each constraint that is not met, by name; a rate counts as a share of the scenarios.
        shortfall: scenarios that ended worse than factory's, less those that ended better, as a share of all; by chance
            or not, a search pays for them.
    """

    n: int
    objectives: dict[str, float]
    broken: dict[str, float] = field(default_factory=dict)
    shortfall: float = 0.0

    @property
    def feasible(self) -> bool:
        return not self.broken

    @property
    def penalty(self) -> float:
        """What a search adds to its target for the constraints that are not met."""
        return sum((FORBIDDING if name in NEVER else PENALTY) * excess for name, excess in self.broken.items())


def score(own: Sequence[Figures], factory: Sequence[Figures], limits: Limits, *, force_margin: float = 1.0) -> Score:
    """Score figures against factory's on the same scenarios, in the same order.

    `force_margin`: factor of factory's 95th percentile of force that is allowed. Rates are compared by a sign test on
    the pairs, forces where factory completes the swap: one that it gave up did not press on what comes after.
    """
    n = len(own)
    pressed = _pressed(own, factory)
    ratios = [a.mechanical_time_s / b.mechanical_time_s for a, b in zip(own, factory, strict=True)
              if a.completed and b.completed and b.mechanical_time_s > 0.0]  # fmt: skip
    energies = [a.electric_energy_j / b.electric_energy_j for a, b in zip(own, factory, strict=True)
                if a.completed and b.completed and a.electric_energy_j is not None and b.electric_energy_j]  # fmt: skip
    force, reference = judged_force_n(own, factory), judged_force_n(factory, factory)
    sway = _sway(own)
    objectives = {
        "time": float(np.mean(ratios)) if ratios else WORST,
        "p95": float(np.percentile(ratios, TAIL)) if ratios else WORST,
        "force": force / limits.abort_n,
        "sway": sway / limits.sway_m,
        "energy": float(np.mean(energies)) if energies else WORST,
    }
    pairs = list(zip(own, factory, strict=True))
    counts = {
        "completed": _lost(pairs, lambda one: one.completed),
        "first_attempt": _lost(pairs, lambda one: one.first_attempt),
        "force_abort": _lost(pressed, lambda one: one.peak_lateral_force_n <= limits.abort_n),
        "drive_peak": _lost(pairs, lambda one: max(one.drive_peak_share.values(), default=0.0) < AT_LIMIT),
    }
    excess = {
        "violations": sum(bool(one.violations) for one in own) / n,
        "outside_model": sum(one.outcome == OUTSIDE_MODEL for one in own) / n,
        **{name: (lost - won) / n for name, (lost, won) in counts.items() if sign_test(lost, won) < CHANCE},
        "force_p95": (force - force_margin * reference) / limits.abort_n,
        "sway_p95": sway / limits.sway_m - max(1.0, _sway(factory) / limits.sway_m),
        "drive_rms": _largest(own, "drive_rms_share") - max(1.0, _largest(factory, "drive_rms_share")),
    }
    broken = {name: excess[name] for name in CONSTRAINTS if excess.get(name, 0.0) > 1e-12}
    return Score(n, objectives, broken, sum(max(lost - won, 0) for lost, won in counts.values()) / n)


def judged_force_n(own: Sequence[Figures], factory: Sequence[Figures]) -> float:
    """95th percentile of the peak lateral force, N, where factory completes: the force that constraints are about."""
    return _tail([one for one, _ in _pressed(own, factory)], "peak_lateral_force_n")


def _pressed(own: Sequence[Figures], factory: Sequence[Figures]) -> list[tuple[Figures, Figures]]:
    """Pairs in which factory completes; all of them if it never does."""
    pairs = list(zip(own, factory, strict=True))
    return [(a, b) for a, b in pairs if b.completed] or pairs


def _lost(pairs: Sequence[tuple[Figures, Figures]], good: Callable[[Figures], bool]) -> tuple[int, int]:
    """Number of pairs in which only factory's is good, and in which only the own one is."""
    lost = sum(good(b) and not good(a) for a, b in pairs)
    return lost, sum(good(a) and not good(b) for a, b in pairs)


def _tail(figures: Sequence[Figures], name: str) -> float:
    return float(np.percentile([getattr(one, name) for one in figures], TAIL)) if figures else 0.0


def _sway(figures: Sequence[Figures]) -> float:
    """95th percentile of the sway at hand-over, m, of completed swaps: the others' may not have been measured."""
    return _tail([one for one in figures if one.completed], "residual_sway_m")


def _largest(figures: Sequence[Figures], name: str) -> float:
    """Largest share of all swaps and axes."""
    return max((share for one in figures for share in getattr(one, name).values()), default=0.0)


def summary(own: Sequence[Figures]) -> dict[str, Any]:
    """Return what is reported of a set: times in s over the completed swaps, forces in N over all."""
    done = [one for one in own if one.completed]
    times = [one.mechanical_time_s for one in done]
    kinematic = [one.ratio_kinematic for one in done if one.ratio_kinematic is not None]
    procedure = [one.ratio_procedure for one in done if one.ratio_procedure is not None]

    def two(values: Sequence[float]) -> dict[str, float | None]:
        if not values:
            return {"median": None, "p95": None}
        return {"median": round(float(np.median(values)), 3), "p95": round(float(np.percentile(values, TAIL)), 3)}

    return {
        "swaps": len(own),
        "mechanical_time_s": two(times),
        "ratio_kinematic": round(float(np.median(kinematic)), 4) if kinematic else None,
        "ratio_procedure": round(float(np.median(procedure)), 4) if procedure else None,
        "peak_lateral_force_n": two([one.peak_lateral_force_n for one in own]),
        "max_lateral_force_n": round(max((one.peak_lateral_force_n for one in own), default=0.0), 1),
        "residual_sway_m": two([one.residual_sway_m for one in done]),
        "electric_energy_j": two([one.electric_energy_j for one in done if one.electric_energy_j is not None]),
        "max_drive_peak_share": round(_largest(own, "drive_peak_share"), 4),
        "max_drive_rms_share": round(_largest(own, "drive_rms_share"), 4),
        "violations": sum(bool(one.violations) for one in own),
        "completed": round(len(done) / len(own), 4) if own else None,
        "first_attempt": round(sum(one.first_attempt for one in own) / len(own), 4) if own else None,
    }
