"""Episodes of docking as records, one or many: the computations of a step outside the plant."""

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
    JACKKNIFE,
    JACKKNIFE_RAD,
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
from twin.docking.estimator import ESTIMATE, begin, correct, follow_hitch, predict
from twin.docking.motion import downhill
from twin.docking.operator import OPERATOR, operate, operator
from twin.docking.params import approach_of
from twin.docking.state import AXLES, QD, STEER, TRAILER, YAW, X, Y
from twin.motion.kernels import kernel

Array = np.ndarray

LANE_M = 1.5
"""Largest offset of the truck's middle or front axle from the lane's middle [estimate: columns beyond it]."""
OVER_THE_STOP_M = 0.30
"""Overshoot at which a truck that drives forwards is over or through the wheel stop [estimate]."""
PARKED_S = 5.0
"""Standstill outside the tolerance, after driving, that counts as parked [estimate: handbrake on, door open]."""
MOVED_M = 0.5
"""Distance from its start beyond which the truck counts as having driven [chosen]."""
BEYOND_M = 1.0
"""Way beyond the place at which the bay is left again; with a wheel stop the truck is over it before [estimate]."""
AWAY_M = 5.0
"""Way back beyond the start at which the lane is left [chosen]."""

ACTION = (
    Quantity("steering_angle", "rad", 0.6, -1.0, 1.0, "requested of the front wheels, left positive"),
    Quantity("speed", "m/s", 1.5, -1.0, 1.0, "requested, backwards negative; below 0.06 m/s: stop and stand"),
)
OBSERVATION = (
    Quantity("x", "m", 30.0, -2.0, 2.0, "estimated: along the lane, before the bay negative"),
    Quantity("x_near", "m", 1.0, -1.0, 1.0, "the same close to the bay, clipped"),
    Quantity("y", "m", 0.8, -2.0, 2.0, "estimated: left of the lane's middle"),
    Quantity("y_near", "m", 0.1, -1.0, 1.0, "the same close to the middle, clipped"),
    Quantity("yaw", "rad", 0.1, -2.0, 2.0, "estimated: heading, left positive"),
    Quantity("yaw_near", "rad", 0.02, -1.0, 1.0, "the same close to straight, clipped"),
    Quantity("x_sigma", "m", 0.1, 0.0, 1.0, "standard deviation of x by the filter, biases apart"),
    Quantity("y_sigma", "m", 0.1, 0.0, 1.0, "standard deviation of y by the filter, biases apart"),
    Quantity("measured_age", "s", 2.0, 0.0, 1.0, "how old the lidar's last frame is, or none yet"),
    Quantity("speed", "m/s", 1.5, -2.0, 2.0, "by the wheels, backwards negative"),
    Quantity(
        "specific_force", "m/s2", 1.0, -2.0, 2.0, "accelerometer along the body: acceleration less gravity's part"
    ),
    Quantity("yaw_rate", "rad/s", 0.2, -2.0, 2.0, "gyroscope, left positive"),
    Quantity("steering_angle", "rad", 0.6, -2.0, 2.0, "of the front wheels by their sensor, left positive"),
    Quantity("hitch_angle", "rad", 0.3, -2.0, 2.0, "estimated: truck's yaw less its trailer's; 0 without one"),
    Quantity("hitch_near", "rad", 0.03, -1.0, 1.0, "the same close to straight, clipped"),
    Quantity("trailer_y", "m", 0.8, -2.0, 2.0, "estimated: middle of the trailer's axles; the truck's y without one"),
    Quantity("trailer_y_near", "m", 0.1, -1.0, 1.0, "the same close to the middle, clipped"),
    Quantity("gear", "-", 1.0, -1.0, 1.0, "1 forwards, -1 reverse"),
    Quantity("asked_steering_angle", "rad", 0.6, -1.0, 1.0, "the last request"),
    Quantity("asked_speed", "m/s", 1.5, -1.0, 1.0, "the last request"),
    Quantity("direction", "-", 1.0, -1.0, 1.0, "1 into the bay forwards, -1 in reverse"),
    Quantity("guided", "-", 1.0, 0.0, 1.0, "1 with rails and wheel stop, 0 without"),
    Quantity("driver", "-", 1.0, 0.0, 1.0, "1 a driver follows the requests, 0 drive-by-wire"),
    Quantity("wheelbase", "m", 5.0, 0.0, 2.0, "the truck's own"),
    Quantity("kingpin_x", "m", 3.0, -2.0, 2.0, "fifth wheel ahead of the truck's middle; 0 without a trailer"),
    Quantity("trailer_length", "m", 8.0, 0.0, 2.0, "kingpin to the middle of its axles; 0 without one"),
    Quantity("mass", "kg", 50_000.0, 0.0, 2.0, "truck with pack, trailer and load"),
    Quantity("road_friction", "-", 1.0, 0.0, 2.0, "announced for the weather and the scenario, not this drive's own"),
    Quantity("grade", "-", 0.02, -2.0, 2.0, "surveyed: rise of the ground along the lane"),
    Quantity("camber", "-", 0.02, -2.0, 2.0, "surveyed: rise of the ground to the left"),
)
CODES = np.array(ENDS, object)
KPIS = (
    "time_s",
    "lateral_error_m",
    "longitudinal_error_m",
    "yaw_error_rad",
    "hitch_angle_rad",
    "peak_hitch_angle_rad",
    "gear_changes",
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
    e.hitch_rad, e.trailer_y_m = 0.0, e.y_m
    if e.trailer_m > 0.0:
        e.hitch_rad = s[YAW] - s[TRAILER]
        e.trailer_y_m += e.kingpin_x_m * math.sin(s[YAW]) - e.trailer_m * math.sin(s[TRAILER])
    e.speed_mps = s[QD + X] * math.cos(e.yaw_rad) + s[QD + Y] * math.sin(e.yaw_rad)
    e.standing = w.parked
    e.rail_force_n = 0.0
    for i in range(AXLES):
        e.rail_force_n = max(e.rail_force_n, max(w.rail_force_n[i, 0], w.rail_force_n[i, 1]))
    e.peak_rail_force_n = w.peak_rail_force_n
    e.peak_hitch_rad = max(e.peak_hitch_rad, abs(e.hitch_rad))


@kernel
def judge(e: Any, time_limit_s: float) -> int:
    """Judge the outcome on the true state; safety before success."""
    if e.peak_rail_force_n > e.rail_limit_n:
        return RAIL_HIT
    if abs(e.hitch_rad) > JACKKNIFE_RAD:
        return JACKKNIFE
    on = e.x_m * e.direction
    if max(max(abs(e.y_m), abs(e.front_y_m)), abs(e.trailer_y_m)) > e.lane_m or on < -e.start_m - AWAY_M:
        return LEFT_LANE
    if on > (OVER_THE_STOP_M if e.guided > 0.0 else BEYOND_M):
        return OVERSHOT
    if e.standing == 1 and within(e):
        return DOCKED
    if e.stood_s >= PARKED_S - 1e-9 and abs(e.x_m - e.first_x_m) > MOVED_M:
        return PARKED_OUTSIDE
    return TIME_LIMIT if e.steps * CONTROL_S >= time_limit_s - 1e-9 else RUNNING


@kernel
def observe(w: Any, p: Any, e: Any, o: Any, estimate: Any, out: Any) -> None:
    """Advance the pose filter and write OBSERVATION, scaled and clipped, into `out` (30,) float32."""
    s = w.s
    speed = e.speed_mps * e.speed_scale
    yaw_rate = s[QD + YAW] + p.yaw_rate_offset_radps if w.parked == 0 else 0.0  # zeroed at standstill
    if e.steps > 0:
        predict(estimate, p, speed, yaw_rate)
    correct(estimate, w, p)
    x, y, yaw = estimate.mean[0], estimate.mean[1], estimate.mean[2]
    x_sigma, y_sigma = math.sqrt(max(estimate.covariance[0, 0], 0.0)), math.sqrt(max(estimate.covariance[1, 1], 0.0))
    hitch, trailer_y = 0.0, y
    if e.trailer_m > 0.0:
        way = speed if e.steps > 0 else 0.0
        rate = yaw_rate - estimate.mean[5] if w.parked == 0 else 0.0
        follow_hitch(estimate, p, e.trailer_m, way, rate, s[YAW] - s[TRAILER] + p.hitch_offset_rad)
        hitch = estimate.hitch[0]
        trailer_y += e.kingpin_x_m * math.sin(yaw) - e.trailer_m * math.sin(yaw - hitch)
    along, _ = downhill(p, s)
    values = (
        x, x, y, y, yaw, yaw, x_sigma, y_sigma, estimate.age_s, speed, w.acceleration_body_mps2[0] - along, yaw_rate,
        s[STEER] + p.steering_offset_rad, hitch, hitch, trailer_y, trailer_y, o.gear, e.action[0] * _SCALES[0],
        e.action[1] * _SCALES[1], e.direction, e.guided, e.driver, e.wheelbase_m, e.kingpin_x_m, e.trailer_m,
        p.total_kg, e.road_friction, p.grade, p.camber,
    )  # fmt: skip
    for i in range(len(values)):
        out[i] = min(max(values[i] * _PER_UNIT[i], _LOW[i]), _HIGH[i])


@kernel
def look_all(
    which: Any, worlds: Any, params: Any, episodes: Any, operators: Any, estimates: Any, time_limit_s: float,
    observations: Any, terms: Any, cost: Any, weights: Any, rewards: Any,
) -> None:  # fmt: skip
    """Judge, reward and observe the episodes in `which` after a step."""
    for j in range(len(which)):
        i = which[j]
        w, e = worlds[i], episodes[i]
        read_truth(w, e)
        e.stood_s = e.stood_s + CONTROL_S if e.standing == 1 else 0.0
        e.shifts_before, e.shifts = e.shifts, operators[i].shifts
        e.end = judge(e, time_limit_s)
        reward_terms(e, terms[i])
        costs(e, cost[i])
        rewards[i] = 0.0
        for k in range(len(weights)):
            rewards[i] += weights[k] * terms[i, k]
        observe(w, params[i], e, operators[i], estimates[i], observations[i])


@kernel
def look_first(
    which: Any, worlds: Any, params: Any, episodes: Any, operators: Any, estimates: Any, observations: Any, cost: Any
) -> None:
    """Observe episodes that begin, without judging them."""
    for j in range(len(which)):
        i = which[j]
        w, e = worlds[i], episodes[i]
        read_truth(w, e)
        e.first_x_m = e.x_m
        e.x_before_m = e.x_m
        begin(estimates[i], params[i], -e.direction * e.start_m)
        costs(e, cost[i])
        observe(w, params[i], e, operators[i], estimates[i], observations[i])


@kernel
def act_all(
    which: Any, actions: Any, low: Any, high: Any, worlds: Any, params: Any, episodes: Any, operators: Any,
    clipped: Any, commands: Any,
) -> None:  # fmt: skip
    """Clip finite actions (N, 2), let the operators follow them, and note their commands (N, 3)."""
    for j in range(len(which)):
        i = which[j]
        e, o, s = episodes[i], operators[i], worlds[i].s
        for k in range(2):
            e.previous[k] = e.action[k]
            e.action[k] = min(max(actions[i, k], low[k]), high[k])
            clipped[i, k] = e.action[k] != actions[i, k]
        steer = s[STEER] + params[i].steering_offset_rad
        operate(o, e.action[0] * _SCALES[0], e.action[1] * _SCALES[1], steer, e.speed_mps * e.speed_scale)
        commands[i, 0], commands[i, 1], commands[i, 2] = o.steering_rate_radps, o.acceleration_mps2, o.gear
        e.steps += 1


class Episodes:
    """N episodes. Each step: `act`, then advance the plant, then `look`.

    Attributes:
        episodes, operators, estimates: (N,) EPISODE, OPERATOR, ESTIMATE.
        observations: (N, 30) float32, of the last look.
        rewards, terms, costs: (N,), (N, 10), (N, 4) of the last step; terms and costs by name in their tables' order.
        clipped: (N, 2) bool, of the last actions.
        commands: (N, 3) steering rate (rad/s), acceleration (m/s2) and gear of the operators.
    """

    def __init__(self, n: int, time_limit_s: float) -> None:
        self.time_limit_s = time_limit_s
        self.episodes, self.operators = np.zeros(n, EPISODE), np.zeros(n, OPERATOR)
        self.estimates = np.zeros(n, ESTIMATE)
        self.observations = np.zeros((n, len(OBSERVATION)), np.float32)
        self.terms, self.costs = np.zeros((n, len(REWARD_WEIGHTS))), np.zeros((n, len(COSTS)))
        self.rewards, self.clipped = np.zeros(n), np.zeros((n, len(ACTION)), bool)
        self.commands = np.zeros((n, 3))
        self._weights = np.array(list(REWARD_WEIGHTS.values()))
        self._low, self._high = np.array([q.low for q in ACTION]), np.array([q.high for q in ACTION])

    def begin(self, i: int, case: Case) -> None:
        """Put episode `i` at its start; `look_first` must follow."""
        approach = approach_of(case.station)
        self.episodes[i] = np.zeros((), EPISODE)
        self.operators[i] = operator(case.operator, case.seed, case.sign)[0]
        self.commands[i] = 0.0, 0.0, case.sign
        e = self.episodes[i]
        e["start_m"], e["direction"] = case.start_distance_m, case.sign
        e["forward_limit_mps"], e["reverse_limit_mps"] = case.speed_limits_mps
        e["rail_limit_n"] = approach.rail_force_limit_n
        e["lane_m"] = LANE_M if case.direction == "forward" else case.scenario.apron_half_width_m
        e["guided"], e["driver"] = float(case.guided), float(case.operator == "driver")
        e["wheelbase_m"], e["front_axle_x_m"] = case.truck.wheelbase_m, case.truck.front_axle.x_m
        e["road_friction"], e["speed_scale"] = case.road_friction, case.speed_scale
        trailer = None if case.truck.driving is None else case.truck.driving.trailer
        if trailer is not None:
            e["trailer_m"], e["kingpin_x_m"] = trailer.wheelbase_m, trailer.kingpin_x_m

    def look_first(self, which: Array, worlds: Array, params: Array) -> None:
        """Observe the episodes `which` (K,) that have just begun, without reward."""
        look_first(which, worlds, params, self.episodes, self.operators, self.estimates, self.observations, self.costs)
        self.rewards[which], self.terms[which], self.clipped[which] = 0.0, 0.0, False

    def act(self, which: Array, actions: Array, worlds: Array, params: Array) -> Array:
        """Commands (N, 3) of finite actions (N, 2) of the episodes `which` (K,)."""
        act_all(
            which, actions, self._low, self._high, worlds, params, self.episodes, self.operators, self.clipped,
            self.commands,
        )  # fmt: skip
        return self.commands

    def look(self, which: Array, worlds: Array, params: Array) -> None:
        """Judge, reward and observe the episodes `which` (K,) after their plants have advanced."""
        look_all(
            which, worlds, params, self.episodes, self.operators, self.estimates, self.time_limit_s, self.observations,
            self.terms, self.costs, self._weights, self.rewards,
        )  # fmt: skip

    def success(self) -> Array:
        """True where docked, (N,) bool."""
        docked: Array = self.episodes["end"] == DOCKED
        return docked

    def kpis(self, worlds: Array) -> Mapping[str, Array]:
        """Key figures (N,) by the names of KPIS."""
        e = self.episodes
        names = ("y_m", "x_m", "yaw_rad", "hitch_rad", "peak_hitch_rad", "shifts", "peak_rail_force_n")
        truth = (e[name].copy() for name in names)
        return dict(zip(KPIS, (e["steps"] * CONTROL_S, *truth, worlds["peak_stop_force_n"].copy()), strict=True))
