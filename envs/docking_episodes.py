"""Episodes of Docking-v0 as records, one or many: the computations of a step outside the plant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from envs.docking_case import Case
from envs.docking_reward import (
    COSTS,
    DOCKED,
    ENDS,
    EPISODE,
    KEPT,
    LEFT_LANE,
    OVERSHOT,
    PARKED_OUTSIDE,
    RAIL_HIT,
    REWARD_WEIGHTS,
    RUNNING,
    TIME_LIMIT,
    costs,
    reward_terms,
    within,
)
from envs.scaling import Quantity
from twin.docking import CONTROL_S
from twin.docking.params import approach_of
from twin.docking.state import AXLES, QD, STEER, TRAILER, YAW, X, Y
from twin.motion.kernels import kernel

Array = np.ndarray

LANE_M = 1.5
"""Largest offset of the truck's middle or front axle from the lane's middle [estimate: columns beyond it]."""
OVERSHOT_M = 0.30
"""Overshoot at which the truck is over or through the wheel stop; it does not reverse [estimate]."""
PARKED_S = 5.0
"""Standstill outside the tolerance, after driving, that counts as parked [estimate: handbrake on, door open]."""
MOVED_M = 0.5
"""Distance from its start beyond which the truck counts as having driven."""

ACTION = (
    Quantity("steering_rate", "rad/s", 0.33, -1.0, 1.0, "front wheels turned left"),
    Quantity("acceleration", "m/s2", 1.0, -1.0, 1.0, "pedals: drive, below zero brake"),
)
OBSERVATION = (
    Quantity("measured_x", "m", 30.0, -2.0, 2.0, "lidar: along the lane, before the bay negative"),
    Quantity("measured_x_near", "m", 1.0, -1.0, 1.0, "the same close to the bay, clipped"),
    Quantity("measured_y", "m", 0.8, -2.0, 2.0, "lidar: left of the lane's middle"),
    Quantity("measured_y_near", "m", 0.2, -1.0, 1.0, "the same close to the middle, clipped"),
    Quantity("measured_yaw", "rad", 0.1, -2.0, 2.0, "lidar: heading, left positive"),
    Quantity("measured_age", "s", 1.0, 0.0, 1.0, "how old that measurement is; 1 before the first"),
    Quantity("measured_new", "-", 1.0, -1.0, 1.0, "1 new in this step, 0 kept from an earlier one, -1 none yet"),
    Quantity("driven_since", "m", 0.5, -2.0, 2.0, "driven since that measurement, by the wheels"),
    Quantity("speed", "m/s", 1.5, -2.0, 2.0, "by the wheels"),
    Quantity("acceleration", "m/s2", 1.0, -2.0, 2.0, "of the body, forwards"),
    Quantity("yaw_rate", "rad/s", 0.2, -2.0, 2.0, "left positive"),
    Quantity("steering_angle", "rad", 0.5, -2.0, 2.0, "of the front wheels, left positive"),
    Quantity("hitch_angle", "rad", 0.2, -2.0, 2.0, "truck's yaw less its trailer's; 0 without one"),
    Quantity("previous_steering_rate", "rad/s", 0.33, -1.0, 1.0, "the last action, as clipped"),
    Quantity("previous_acceleration", "m/s2", 1.0, -1.0, 1.0, "the last action, as clipped"),
    Quantity("guided", "-", 1.0, 0.0, 1.0, "1 with rails and wheel stop, 0 without"),
    Quantity("wheelbase", "m", 5.0, 0.0, 2.0, "the truck's own"),
    Quantity("mass", "kg", 50_000.0, 0.0, 2.0, "truck with pack, trailer and load"),
)
CODES = np.array(ENDS, object)
KPIS = (
    "time_s",
    "lateral_error_m",
    "longitudinal_error_m",
    "yaw_error_rad",
    "peak_rail_force_n",
    "peak_stop_force_n",
)
"""Names in `info["kpis"]`."""
_SCALES = np.array([q.scale for q in ACTION])
_PER_UNIT = 1.0 / np.array([q.scale for q in OBSERVATION])
_LOW, _HIGH = np.array([q.low for q in OBSERVATION]), np.array([q.high for q in OBSERVATION])


@kernel
def read_truth(w: Any, e: Any) -> None:
    """Read the truck's true pose and its contact forces."""
    s = w.s
    e.x_before_m = e.x_m
    e.x_m, e.y_m, e.yaw_rad = s[X], s[Y], s[YAW]
    e.front_y_m = e.y_m + e.front_axle_x_m * math.sin(e.yaw_rad)
    e.speed_mps = s[QD + X] * math.cos(e.yaw_rad) + s[QD + Y] * math.sin(e.yaw_rad)
    e.standing = w.parked
    e.rail_force_n = 0.0
    for i in range(AXLES):
        e.rail_force_n = max(e.rail_force_n, max(w.rail_force_n[i, 0], w.rail_force_n[i, 1]))
    e.peak_rail_force_n = w.peak_rail_force_n


@kernel
def judge(e: Any, time_limit_s: float) -> int:
    """Judge the outcome on the true state; safety before success."""
    if e.peak_rail_force_n > e.rail_limit_n:
        return RAIL_HIT
    if max(abs(e.y_m), abs(e.front_y_m)) > LANE_M:
        return LEFT_LANE
    if e.x_m > OVERSHOT_M:
        return OVERSHOT
    if e.standing == 1 and within(e):
        return DOCKED
    if e.stood_s >= PARKED_S - 1e-9 and e.x_m > e.first_x_m + MOVED_M:
        return PARKED_OUTSIDE
    return TIME_LIMIT if e.steps * CONTROL_S >= time_limit_s - 1e-9 else RUNNING


@kernel
def observe(w: Any, p: Any, e: Any, out: Any) -> None:
    """Write OBSERVATION, scaled and clipped, into `out` (18,) float32."""
    speed = e.speed_mps * e.speed_scale
    driven_m = 0.0
    if e.steps > 0:
        driven_m = e.driven_m[(e.steps - 1) % KEPT] + speed * CONTROL_S
    e.driven_m[e.steps % KEPT] = driven_m
    if w.lidar_tick < 0:
        x, y, yaw = -e.start_m + driven_m, 0.0, 0.0
        age_s, since_m, new = 1.0, 0.0, -1.0
    else:
        age_s = (w.tick - w.lidar_tick) * p.dt_s
        x, y, yaw = w.lidar_pose[0], w.lidar_pose[1], w.lidar_pose[2]
        ago = min(min(round(age_s / CONTROL_S), e.steps), KEPT - 1)
        since_m = driven_m - e.driven_m[(e.steps - ago) % KEPT]
        at_s = e.steps * CONTROL_S - age_s
        new = 1.0 if at_s > e.seen_s + 1e-9 else 0.0
        e.seen_s = at_s
    s = w.s
    hitch_rad = s[YAW] - s[TRAILER] if p.trailer_kg > 0.0 else 0.0
    values = (
        x, x, y, y, yaw, age_s, new, since_m, speed, w.acceleration_body_mps2[0], s[QD + YAW], s[STEER], hitch_rad,
        e.action[0] * _SCALES[0], e.action[1] * _SCALES[1], e.guided, e.wheelbase_m, p.total_kg,
    )  # fmt: skip
    for i in range(len(values)):
        out[i] = min(max(values[i] * _PER_UNIT[i], _LOW[i]), _HIGH[i])


@kernel
def look_all(
    which: Any, worlds: Any, params: Any, episodes: Any, time_limit_s: float, observations: Any, terms: Any, cost: Any,
    weights: Any, rewards: Any,
) -> None:  # fmt: skip
    """Judge, reward and observe the episodes in `which` after a step."""
    for j in range(len(which)):
        i = which[j]
        w, e = worlds[i], episodes[i]
        read_truth(w, e)
        e.stood_s = e.stood_s + CONTROL_S if e.standing == 1 else 0.0
        e.end = judge(e, time_limit_s)
        reward_terms(e, terms[i])
        costs(e, cost[i])
        rewards[i] = 0.0
        for k in range(len(weights)):
            rewards[i] += weights[k] * terms[i, k]
        observe(w, params[i], e, observations[i])


@kernel
def look_first(which: Any, worlds: Any, params: Any, episodes: Any, observations: Any, cost: Any) -> None:
    """Observe episodes that begin, without judging them."""
    for j in range(len(which)):
        i = which[j]
        w, e = worlds[i], episodes[i]
        read_truth(w, e)
        e.first_x_m = e.x_m
        costs(e, cost[i])
        observe(w, params[i], e, observations[i])


@kernel
def act_all(which: Any, actions: Any, low: Any, high: Any, episodes: Any, clipped: Any, commands: Any) -> None:
    """Clip finite actions (N, 2) to their bounds; note which were clipped and the commands that they mean."""
    for j in range(len(which)):
        i = which[j]
        e = episodes[i]
        for k in range(2):
            e.previous[k] = e.action[k]
            e.action[k] = min(max(actions[i, k], low[k]), high[k])
            clipped[i, k] = e.action[k] != actions[i, k]
            commands[i, k] = e.action[k] * _SCALES[k]
        e.steps += 1


class Episodes:
    """N episodes. Each step: `act`, then advance the plant, then `look`.

    Attributes:
        episodes: (N,) EPISODE.
        observations: (N, 18) float32, of the last look.
        rewards, terms, costs: (N,), (N, 9), (N, 3) of the last step; terms and costs by name in their tables' order.
        clipped: (N, 2) bool, of the last actions.
        commands: (N, 2) steering rate (rad/s) and acceleration (m/s2) that they mean.
    """

    def __init__(self, n: int, time_limit_s: float) -> None:
        self.time_limit_s = time_limit_s
        self.episodes = np.zeros(n, EPISODE)
        self.observations = np.zeros((n, len(OBSERVATION)), np.float32)
        self.terms, self.costs = np.zeros((n, len(REWARD_WEIGHTS))), np.zeros((n, len(COSTS)))
        self.rewards, self.clipped = np.zeros(n), np.zeros((n, len(ACTION)), bool)
        self.commands = np.zeros((n, len(ACTION)))
        self._weights = np.array(list(REWARD_WEIGHTS.values()))
        self._low, self._high = np.array([q.low for q in ACTION]), np.array([q.high for q in ACTION])

    def begin(self, i: int, case: Case) -> None:
        """Put episode `i` at its start; `look_first` must follow."""
        approach = approach_of(case.station)
        self.episodes[i] = np.zeros((), EPISODE)
        self.commands[i] = 0.0
        e = self.episodes[i]
        e["start_m"], e["speed_limit_mps"] = approach.start_distance_m, approach.speed_limit_mps
        e["rail_limit_n"] = approach.rail_force_limit_n
        e["guided"], e["wheelbase_m"] = float(case.guided), case.truck.wheelbase_m
        e["front_axle_x_m"], e["speed_scale"] = case.truck.front_axle.x_m, case.speed_scale
        e["seen_s"] = -np.inf

    def look_first(self, which: Array, worlds: Array, params: Array) -> None:
        """Observe the episodes `which` (K,) that have just begun, without reward."""
        look_first(which, worlds, params, self.episodes, self.observations, self.costs)
        self.rewards[which], self.terms[which], self.clipped[which] = 0.0, 0.0, False

    def act(self, which: Array, actions: Array) -> Array:
        """Commands (N, 2) of finite actions (N, 2) of the episodes `which` (K,)."""
        act_all(which, actions, self._low, self._high, self.episodes, self.clipped, self.commands)
        return self.commands

    def look(self, which: Array, worlds: Array, params: Array) -> None:
        """Judge, reward and observe the episodes `which` (K,) after their plants have advanced."""
        look_all(
            which, worlds, params, self.episodes, self.time_limit_s, self.observations, self.terms, self.costs,
            self._weights, self.rewards,
        )  # fmt: skip

    def success(self) -> Array:
        """True where docked, (N,) bool."""
        docked: Array = self.episodes["end"] == DOCKED
        return docked

    def kpis(self, worlds: Array) -> Mapping[str, Array]:
        """Key figures (N,) by the names of KPIS."""
        e = self.episodes
        truth = (e["y_m"].copy(), e["x_m"].copy(), e["yaw_rad"].copy(), e["peak_rail_force_n"].copy())
        return dict(zip(KPIS, (e["steps"] * CONTROL_S, *truth, worlds["peak_stop_force_n"].copy()), strict=True))
