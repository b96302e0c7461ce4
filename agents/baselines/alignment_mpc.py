"""Sampling MPC for alignment: what could be won by who knows the plant's state and all noise to come.

Every 0.2 s it plays candidates to the end of the insertion on copies of the running one: the law, and setpoints added
to the law's over the next 1.2 s. They are drawn by the cross-entropy method (Rubinstein, Methodology and Computing in
Applied Probability 1 (1999) 127). The copies share the plant, its scanner errors and its noise, so that its best
candidate comes about as computed: a bound, and no controller that a station could run.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from agents.baselines.alignment import DescentLaw
from envs.alignment_control import ACTION
from envs.alignment_reward import SEATED
from envs.lookahead import Lookahead
from twin import seeding
from twin.alignment.sensed import DECISION_S
from twin.errors import InputError

Array = np.ndarray
SAMPLES, ROUNDS, ELITE = 32, 2, 6
"""Candidates of a round, rounds of a plan, and candidates that the next round is drawn around [chosen]."""
KNOT_STEPS, KNOTS = 4, 6
"""Decisions for which an added setpoint is held, and number of them; a new plan is made after each."""
SPREAD = np.array([0.2, 0.2, 0.3, 0.15])
"""Standard deviation of the first round, as a share of the action's range [chosen]."""
LEAST_SHARE = 0.2
"""Share of it that later rounds keep at least [chosen]."""
LONGEST_S = 12.0
"""Time of a candidate's play after which it counts as failed."""
FAILED_S = 100.0
FORCE_S = (1.5, 6.0)
"""What a failure, and a peak side force at the abort limit (fast, careful), count beside the time, s [as training's
selection, `agents.train.worlds`]."""


class SamplingMpc:
    """Cross-entropy MPC around the law, on the true state; one world at a time, with `plant="rom"`.

    Attributes:
        planning_s: wall time of each plan made so far.
    """

    def __init__(self, environment: Any) -> None:
        """`environment`: Alignment-v1.

        Raises:
            InputError: it runs on another plant, or in residual mode.
        """
        self._environment = environment
        if environment.plant_name != "rom":
            raise InputError("copies the reduced-order plant", key="mpc", value=environment.plant_name, allowed="rom")
        if environment.action_mode != "direct":
            raise InputError("gives setpoints", key="mpc", value=environment.action_mode, allowed="direct")
        self._law = DescentLaw()
        self.planning_s: list[float] = []

    def begin(self, seed: int) -> None:
        """Begin with the episode that the environment has begun."""
        environment = self._environment
        self._ahead = Lookahead(environment.case, SAMPLES, "direct", environment.time_limit_s)
        self._force_s = FORCE_S[0] + environment.case.care * (FORCE_S[1] - FORCE_S[0])
        self._random = seeding.stream(seed, "sampling mpc")
        self._plan, self._steps = np.zeros((KNOTS, len(ACTION))), 0

    def act(self, observation: Array) -> Array:
        """Return the scaled action (4,): the law's, and what the plan adds to it now."""
        if self._steps % KNOT_STEPS == 0:
            began_s = time.perf_counter()
            self._replan()
            self.planning_s.append(time.perf_counter() - began_s)
        self._steps += 1
        wanted = self._law.act(observation) + self._plan[0]
        action: Array = np.clip(wanted, -1.0, 1.0).astype(np.float32)
        return action

    def _replan(self) -> None:
        """Improve the plan, moved on by the knot that is over."""
        mean = np.zeros_like(self._plan)
        if self._steps:
            mean[:-1] = self._plan[1:]
        spread = np.tile(SPREAD, (KNOTS, 1))
        best, least = mean, np.inf
        for _ in range(ROUNDS):
            drawn = mean + spread * self._random.standard_normal((SAMPLES, *mean.shape))
            drawn[0], drawn[1] = best, 0.0  # the plan so far, and the law alone
            cost = self._costs(drawn)
            order = np.argsort(cost, kind="stable")
            if cost[order[0]] < least:
                best, least = drawn[order[0]].copy(), float(cost[order[0]])
            elite = drawn[order[:ELITE]]
            mean, spread = elite.mean(axis=0), np.maximum(elite.std(axis=0), LEAST_SHARE * SPREAD)
        self._plan = best

    def _costs(self, added: Array) -> Array:
        """Play candidates `added` (N, KNOTS, 4) to their ends; return their costs (N,), s."""
        environment, ahead = self._environment, self._ahead
        ahead.copy(environment.driver, environment.episodes)
        actions = np.zeros((len(added), len(ACTION)))
        e = ahead.episodes
        for step in range(round(LONGEST_S / DECISION_S)):
            which = ahead.running
            if not len(which):
                break
            wanted = self._law.act_many(e.observations[which]).astype(np.float64)
            if step < KNOTS * KNOT_STEPS:
                wanted += added[which, step // KNOT_STEPS]
            actions[which] = np.clip(wanted, -1.0, 1.0)
            ahead.step(which, actions)
        seated = (e.episodes["end"] == SEATED) & e.success()
        force = e.episodes["peak_lateral_n"] / e.episodes["lateral_abort_n"]
        costs: Array = e.episodes["steps"] * DECISION_S + self._force_s * force + FAILED_S * ~seated
        return costs
