"""Timing-v0's reward and cost: functions of a swap's times and true peaks so far."""

from __future__ import annotations

from dataclasses import dataclass

REWARD_WEIGHTS = {
    "time": -1.0,  # of a whole swap: its mechanical time over its kinematic bound, 1.3 to 2
    "completed": 2.0,  # completing pays up to twice that bound
    "failed": -2.0,  # never better than going on, up to four times that bound
    "violation": -2.0,  # each safety invariant: as bad as failing
    "force": -0.5,  # at the abort limit, twice the warn limit: half of that bound
    "sway": -0.1,  # handed over at twice the sway limit: a tenth of it, breaks ties before forces show it
}
"""Weights of the raw terms of `info["reward_terms"]`; the reward is their weighted sum."""


@dataclass(frozen=True)
class Limits:
    """The station's warning limit of lateral force and limit of sway at hand-over."""

    lateral_warn_n: float
    sway_m: float


@dataclass(frozen=True)
class Shown:
    """Times and peaks of a swap so far, from the true state."""

    mechanical_s: float
    peak_lateral_force_n: float
    residual_sway_m: float
    invariants: frozenset[int]


def over(value: float, limit: float) -> float:
    """Excess of a value over its limit, as a share of the limit; 0 below."""
    return max(value / limit - 1.0, 0.0)


def reward_terms(before: Shown, now: Shown, outcome: str, bound_s: float, limits: Limits) -> dict[str, float]:
    """Return the raw terms of one step by the names of `REWARD_WEIGHTS`; a peak counts in the step that raised it."""
    force = [over(shown.peak_lateral_force_n, limits.lateral_warn_n) for shown in (before, now)]
    sway = [over(shown.residual_sway_m, limits.sway_m) for shown in (before, now)]
    return {
        "time": (now.mechanical_s - before.mechanical_s) / bound_s,
        "completed": float(outcome == "completed"),
        "failed": float(outcome not in ("running", "completed", "part_completed")),
        "violation": float(len(now.invariants - before.invariants)),
        "force": force[1] - force[0],
        "sway": sway[1] - sway[0],
    }


def costs(before: Shown, now: Shown, limits: Limits) -> dict[str, float]:
    """Return the costs of one step, which a safe policy keeps at zero: newly broken invariants, excess force."""
    force = [over(shown.peak_lateral_force_n, limits.lateral_warn_n) for shown in (before, now)]
    return {"invariants": float(len(now.invariants - before.invariants)), "lateral_force": force[1] - force[0]}
