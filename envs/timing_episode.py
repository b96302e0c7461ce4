"""One episode of Timing: response to a decision request, reward and info."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from envs.scaling import Quantity
from envs.swap_case import SwapCase
from envs.timed_swap import TimedSwap
from envs.timing_action import LIMITED, Actions
from envs.timing_observation import natural_hz, observe
from envs.timing_reward import REWARD_WEIGHTS, Limits, costs, reward_terms
from twin.bounds import lower_bound_s, procedure_bound_s
from twin.catalogue import Station, TimingSet
from twin.catalogue.schema import MECHANICAL
from twin.sequence.program import DecisionRequest
from twin.sequence.timing import timing_row

Array = np.ndarray


class TimingEpisode:
    """One episode. Each step: `answer`, then advance the swap to its next decision request, then `look`.

    Attributes:
        outcome: as the environment names it.
        reward: of the last step.
        asked: the open decision request, or the last one.
    """

    def __init__(
        self,
        case: SwapCase,
        swap: TimedSwap,
        station: Station,
        actions: Actions,
        observed: Sequence[Quantity],
        played: TimingSet | None = None,
    ) -> None:
        """`swap` waits at its first decision request; `played`: the timing set that responds in place of actions.

        With a set that is played, or that actions change, the swap may have ended before: the first step then tells.
        """
        self.case, self.swap, self.station, self._played = case, swap, station, played
        self.actions, self._observed = actions, observed
        self.asked: DecisionRequest = swap.ask or DecisionRequest(0, 0, 0, MECHANICAL[station.kind][0])
        self.outcome, self.reward = "running", 0.0
        self._limits = Limits(station.limits.lateral_warn_n, station.limits.sway_limit_m)
        self._shown = self._before = swap.shown()
        self._bound_s = lower_bound_s(case.setup)
        self._procedure_bound_s = procedure_bound_s(case.setup)
        self._terms = dict.fromkeys(REWARD_WEIGHTS, 0.0)
        self._clipped, self._limited = {q.name: False for q in actions.quantities}, dict.fromkeys(LIMITED, False)

    def answer(self, values: Sequence[float], clipped: dict[str, bool]) -> None:
        """Respond to the decision request with an action within its bounds; `clipped`: elements that were clipped.

        Where a timing set is played it responds, and the action is without effect.
        """
        if self.swap.ask is None:
            return
        if self._played is not None:
            self.swap.answer(timing_row(self._played.of(self.asked.phase)))
            return
        hz = natural_hz(self.swap.twin.program, self.asked)
        row, self._limited = self.actions.row(values, self.asked.phase, hz)
        self._clipped = clipped
        self.swap.answer(row)

    def look(self) -> None:
        """Update outcome and reward after the swap has advanced."""
        swap = self.swap
        self.outcome = swap.outcome
        self._before, self._shown = self._shown, swap.shown()
        self._terms = reward_terms(self._before, self._shown, self.outcome, self._bound_s, self._limits)
        self.reward = sum(weight * self._terms[name] for name, weight in REWARD_WEIGHTS.items())
        self.asked = swap.ask or self.asked

    def observation(self) -> Array:
        """Return the observation (Q,) float32 of the decision request, a new array."""
        return observe(self.swap.twin.program, self.asked, self._shown.mechanical_s, self._observed)

    def _rates(self, kpis: Mapping[str, float | int]) -> dict[str, float]:
        """Return key figures that are 0 or 1: of a swap that has not failed so far."""
        fails = self.outcome not in ("running", "completed", "part_completed")
        first = kpis["insert_attempts"] <= 1
        below = self._shown.peak_lateral_force_n < self._limits.lateral_warn_n
        return {"first_attempt": float(first and not fails), "below_warn": float(below and not fails)}

    def info(self) -> dict[str, Any]:
        """Return the environment's info."""
        swap, cost = self.swap, costs(self._before, self._shown, self._limits)
        violations, ask, asks = swap.violations(), self.asked, self.outcome == "running"
        kpis = swap.kpis()
        return {
            "outcome": self.outcome,
            "is_success": self.outcome in ("completed", "part_completed") and not violations,
            "reward_terms": self._terms,
            "clipped": self._clipped,
            "limited": self._limited,
            "asked": {
                "phase": ask.phase if asks else "",
                "robot": ask.robot if asks else -1,
                "job": ask.job if asks else -1,
            },
            "cost": sum(cost.values()),
            "costs": cost,
            "violations": violations,
            "kpis": {
                "time_s": self._shown.mechanical_s,
                "lower_bound_s": self._bound_s,
                "procedure_bound_s": self._procedure_bound_s,
                "ratio": self._shown.mechanical_s / self._bound_s,
                **kpis,
                **self._rates(kpis),
            },
            "case": self.case.as_plain(),
        }
