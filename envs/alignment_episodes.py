"""Episodes of Alignment-v1 as records, one or many: the computations of a step outside the plant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from envs.alignment_case import AlignmentCase
from envs.alignment_control import ACTION, CONTROL, OBSERVATION, follow_servo, new_control, observe, scaled_setpoints
from envs.alignment_reward import COSTS, ENDS, EPISODE, REWARD_WEIGHTS, RUNNING, SEATED, TIME_LIMIT, costs, reward_terms
from envs.alignment_truth import read_truth
from twin.alignment.driver import Driver
from twin.alignment.sensed import DECISION_S, SENSED, sense
from twin.alignment.servo import SERVO, Gains, gains_record, new_servo
from twin.motion.kernels import kernel
from twin.records import RECORD_OF
from twin.sequence.heights import jam_load_of

Array = np.ndarray
END_OF = {name: i for i, name in enumerate(ENDS)}
CODES = np.array(ENDS, object)
KPIS = {
    "time_s": np.float64,
    "insert_attempts": np.int64,
    "first_attempt": np.float64,
    "offset_m": np.float64,
    "yaw_error_rad": np.float64,
    "peak_lateral_force_n": np.float64,
    "peak_axial_force_n": np.float64,
    "truck_displacement_m": np.float64,
    "energy_j": np.float64,
}
"""Names in `info["kpis"]`."""
_OF_WORLD = {
    "peak_lateral_force_n": "peak_lateral_n",
    "peak_axial_force_n": "peak_axial_n",
    "truck_displacement_m": "truck_displacement_m",
    "energy_j": "energy_j",
}


@kernel
def look_at(
    world: Any, p: Any, watch: Any, seen: Any, servo: Any, gains: Any, control: Any, e: Any, time_limit_s: float,
    out: Any, terms: Any, cost: Any, weights: Any,
) -> float:  # fmt: skip
    """Sense, observe into `out` and judge; compute the step's reward terms, costs and reward."""
    sense(world.image, world.control, p, watch, seen)
    follow_servo(seen, servo, gains, control)
    read_truth(world.truth, world.monitor, watch, e)
    e.peak_lateral_before_n, e.peak_lateral_n = e.peak_lateral_n, world.kpis.peak_lateral_n
    if e.end == RUNNING and e.steps * DECISION_S >= time_limit_s - 1e-9:
        e.end = TIME_LIMIT
    reward_terms(e, terms)
    costs(e, cost)
    observe(seen, control, out)
    reward = 0.0
    for i in range(len(terms)):
        reward += weights[i] * terms[i]
    return reward


@kernel
def look_all(
    which: Any, worlds: Any, params: Any, watches: Any, seen: Any, servos: Any, gains: Any, controls: Any,
    episodes: Any, time_limit_s: float, observations: Any, terms: Any, cost: Any, weights: Any, rewards: Any,
) -> None:  # fmt: skip
    """Call `look_at` for the episodes in `which`: a fifth of a microsecond each, too little for threads."""
    for j in range(len(which)):
        i = which[j]
        rewards[i] = look_at(
            worlds[i], params[i], watches[i], seen[i], servos[i], gains[0], controls[i], episodes[i], time_limit_s,
            observations[i], terms[i], cost[i], weights,
        )  # fmt: skip


@kernel
def act_all(which: Any, actions: Any, low: Any, high: Any, controls: Any, episodes: Any, clipped: Any) -> None:
    """Clip finite actions (N, 4) to their bounds; note which were clipped and the setpoints that they mean."""
    for j in range(len(which)):
        i = which[j]
        e = episodes[i]
        for k in range(4):
            e.previous[k] = e.action[k]
            e.action[k] = min(max(float(actions[i, k]), low[k]), high[k])
            clipped[i, k] = e.action[k] != actions[i, k]
        scaled_setpoints(controls[i], e.action)
        e.steps += 1


class Episodes:
    """N episodes, each an insertion of a driver by its number.

    Attributes:
        seen, servos, controls, episodes: (N,) SENSED, SERVO, CONTROL, EPISODE.
        observations: (N, 50) float32, of the last look.
        rewards, terms, costs: (N,), (N, 10), (N, 4) of the last step; terms and costs by name in their tables' order.
        clipped: (N, 4) bool, of the last actions.
    """

    def __init__(self, n: int, mode: str, time_limit_s: float) -> None:
        self.mode, self.time_limit_s = mode, time_limit_s
        self.seen, self.servos = np.zeros(n, SENSED), np.zeros(n, SERVO)
        self.controls, self.episodes = np.zeros(n, CONTROL), np.zeros(n, EPISODE)
        self.observations = np.zeros((n, len(OBSERVATION)), np.float32)
        self.terms, self.costs = np.zeros((n, len(REWARD_WEIGHTS))), np.zeros((n, len(COSTS)))
        self.rewards, self.clipped = np.zeros(n), np.zeros((n, len(ACTION)), bool)
        self._gains, self._weights = gains_record(Gains()), np.array(list(REWARD_WEIGHTS.values()))
        self._low, self._high = np.array([q.low for q in ACTION]), np.array([q.high for q in ACTION])

    def begin(self, which: Array, cases: Sequence[AlignmentCase], driver: Driver) -> None:
        """Put the episodes `which` (K,) at their start, where their insertions have begun, and observe them."""
        for i, case in zip(which.tolist(), cases, strict=True):
            self._put(i, case)
        self._look(which, driver)
        self.rewards[which], self.terms[which], self.clipped[which] = 0.0, 0.0, False
        self.costs[which, COSTS.index("violations")] = 0.0

    def _put(self, i: int, case: AlignmentCase) -> None:
        limits = case.swap.station.limits
        self.servos[i] = new_servo()[0]
        self.controls[i] = new_control(self.mode, case.swap.station, case.care)[0]
        self.episodes[i] = np.zeros((), EPISODE)
        e = self.episodes[i]
        e["start_height_m"], e["jam_n"] = case.hover.height_m, jam_load_of(case.swap.setup)
        e["lateral_warn_n"], e["lateral_abort_n"] = limits.lateral_warn_n, limits.lateral_abort_n
        e["peak_free_n"] = (1.0 - case.care) * limits.lateral_warn_n

    def step(self, which: Array, actions: Array, driver: Driver) -> None:
        """Act by finite actions (N, 4), advance one decision's time, observe, judge and reward the episodes `which`."""
        act_all(which, actions, self._low, self._high, self.controls, self.episodes, self.clipped)
        for i, outcome in driver.advance(which, self.controls["setpoint"][which]).items():
            self.episodes["end"][i] = END_OF[outcome]
        self._look(which, driver)

    def _look(self, which: Array, driver: Driver) -> None:
        look_all(
            which, driver.runner.worlds, driver.runner.params, driver.watches, self.seen, self.servos, self._gains,
            self.controls, self.episodes, self.time_limit_s, self.observations, self.terms, self.costs, self._weights,
            self.rewards,
        )  # fmt: skip

    def success(self) -> Array:
        """True where seated within the force limit with no safety invariant broken, (N,) bool."""
        succeeded: Array = self.terms[:, list(REWARD_WEIGHTS).index("seated")] > 0.0
        return succeeded

    def kpis(self, worlds: Array) -> Mapping[str, Array]:
        """Key figures (N,) by the names of KPIS."""
        e = self.episodes
        first = (e["end"] == SEATED) & (e["attempts"] == 1)
        own = (e["steps"] * DECISION_S, e["attempts"].copy(), first.astype(float), e["aside_m"].copy())
        told = dict(zip(KPIS, (*own, e["yaw_rad"].copy()), strict=False))
        return {**told, **{name: worlds[RECORD_OF[field]][field].copy() for name, field in _OF_WORLD.items()}}
