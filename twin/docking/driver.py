"""The human driver, as a baseline: perception, reaction, steering and stopping.

He steers the front axle to the middle of the lane (Stanley's law: Hoffmann, Tomlin, Montemerlo, Thrun 2007),

    delta = -(psi + atan(k e / (v + v_0))),

from his perceived lateral position and heading of a reaction time ago, predicted over the mean reaction time as an
experienced driver does. His perception has an error with a constant part for the whole run and a part that wanders. He
brakes at a constant deceleration, begun as early as his foot and the brakes need, down to a creeping speed, creeps, and
brakes to a halt: at a wheel stop when he feels the wheels touch it, elsewhere at the mark as he perceives it.

Every number below is an estimate; none of them is fitted to a distribution of parking errors. docs/docking.md compares
the results with the stated distributions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin import seeding
from twin.conditions import bias, canonical, noise, parts
from twin.docking.params import CONTROL_S
from twin.docking.plant import DockingPlant
from twin.errors import InputError
from twin.motion.kernels import kernel
from twin.noise import normal, uniform

Array = np.ndarray
DRIVER_STREAM = "docking driver"

REACTION_S = (0.3, 0.7)
"""Time from seeing or feeling to moving hand or foot; uniform between them, one draw a run [estimate]."""
LEAD_S = 0.5
"""Prediction time ahead of his perception for steering and stopping: the mean reaction [estimate]."""
GAIN_PER_S = 0.5
"""k: a lateral error fades over v / k, three metres at the approach speed [estimate: unhurried]."""
SOFT_MPS = 0.5
"""v_0: limits the steering at a crawl [estimate]."""
HAND_S = 0.5
"""Time in which he turns the wheel to the intended angle [estimate]."""
STEER_MOST_RAD = 0.30
"""Largest steering angle in the lane [estimate: nearly half of the lock]."""
FOOT_S = 1.5
"""Time in which he corrects a speed error: slower than his reaction and the brakes together [estimate]."""
DRIVE_MOST_MPS2, BRAKE_MOST_MPS2 = 0.5, 0.8
"""Largest acceleration while rolling [estimate: laden truck in a hall]."""
SLOWING_MPS2 = 0.35
"""Constant deceleration of his approach [estimate: gentle]."""
CREEP_MPS = 0.20
"""Creeping speed towards a mark or stop [estimate]."""
CREEP_M = 1.5
"""Perceived distance from which he creeps [estimate]."""
HALT_MPS2 = 0.6
"""Deceleration from creeping to a halt [estimate]."""
BRAKE_LAG_S = 0.4
"""Learnt delay and rise time of his brakes [as the trucks' data]."""
PUSH_PER_S = 0.3
"""Rate at which he adds power while he is held up, at most `PUSH_MOST_MPS2` [estimate]."""
PUSH_MOST_MPS2 = 0.5
FELT_N = 6000.0
"""Force of the wheel stop that he feels as a bump [estimate: a hundredth of the truck's weight]."""
ROLLING_MPS2 = 0.06
"""Learnt pedal for rolling along."""
WANDER_S = 2.0
"""Correlation time of the wandering part of his perception [estimate: a glance or two]."""


@dataclass(frozen=True)
class PerceptionErrors:
    """Standard deviations of a driver's perception errors: for the whole run, and wandering."""

    lateral_bias_m: float
    lateral_wander_m: float
    heading_wander_rad: float
    distance_bias_m: float
    distance_wander_m: float


MARKED = PerceptionErrors(0.020, 0.020, 0.010, 0.05, 0.02)
"""By day along painted lines, with mirrors [estimate: a tenth of a tyre's width, half a degree]."""
UNMARKED = PerceptionErrors(0.025, 0.025, 0.020, 0.03, 0.02)
"""By day without lines, by the bay's shape and a mark to stop at [estimate: above all less certain heading]."""
WEATHER_FACTOR = {"clear": 1.0, "night": 1.5, "rain": 1.5}
"""Factor on perception errors: lamps and glare, or wet glass and mirrors [estimate]."""


def sight_factors(weather: str) -> tuple[float, float]:
    """Factors (of a driver's lasting errors, of his wandering ones), for several conditions together.

    Lasting errors are biases, wandering ones noise: `twin.conditions` has the rules.

    Raises:
        InputError: unknown weather.
    """
    each = [WEATHER_FACTOR[part] for part in parts(canonical(weather, "weather"))]
    return bias(each), noise(each)


PRESS_S, PRESS_MPS, PRESS_MPS2 = 0.5, 0.05, 0.10
"""After a rebound from the wheel stop he rolls up to it again and leans on it: time of rest there before he brakes,
speed that counts as rest, and his acceleration [estimate]."""

ROLLING, PRESSING, HALTING = range(3)
RING = 16
DRIVER = np.dtype(
    [
        ("key", np.uint64),
        ("count", np.int64),
        ("phase", np.int64),
        ("reaction_s", np.float64),
        ("bias", np.float64, 3),  # lateral, heading (none), distance
        ("wander", np.float64, 3),
        ("seen", np.float64, (RING, 5)),  # x, y, yaw, speed, force of the stop: every control step
        ("push_mps2", np.float64),
        ("pressed_s", np.float64),
        ("steering_rate_radps", np.float64),
        ("acceleration_mps2", np.float64),
    ]
)
TASK = np.dtype(
    [
        ("sight", np.float64, 5),
        ("front_x_m", np.float64),
        ("wheelbase_m", np.float64),
        ("speed_mps", np.float64),
        ("stop", np.int64),
    ]
)

Record = Any


@kernel
def _past(d: Record, delay_s: float, i: int) -> float:
    """Quantity `i` as it was `delay_s` ago, interpolated between the stored control steps."""
    steps = delay_s / CONTROL_S
    whole = int(steps)
    part = steps - whole
    newest = d.count - 1
    a = d.seen[max(newest - whole, 0) % RING, i]
    b = d.seen[max(newest - whole - 1, 0) % RING, i]
    return a + part * (b - a)


@kernel
def _wander(d: Record, task: Record) -> None:
    """Advance the wandering errors: an Ornstein-Uhlenbeck process sampled each control step."""
    keep = math.exp(-CONTROL_S / WANDER_S)
    fresh = math.sqrt(1.0 - keep * keep)
    for i in range(3):
        sigma = task.sight[1] if i == 0 else task.sight[2] if i == 1 else task.sight[4]
        noise = sigma * normal(d.key, d.count, i)
        d.wander[i] = noise if d.count == 0 else keep * d.wander[i] + fresh * noise


@kernel
def _begin(d: Record, task: Record) -> None:
    """Draw this driver's reaction time and lasting errors."""
    d.reaction_s = REACTION_S[0] + (REACTION_S[1] - REACTION_S[0]) * uniform(d.key, 1 << 40, 0)
    d.bias[0] = task.sight[0] * normal(d.key, 1 << 40, 1)
    d.bias[2] = task.sight[3] * normal(d.key, 1 << 40, 2)


@kernel
def _profile(left_m: float, most_mps: float) -> float:
    """Intended speed at this distance from the mark."""
    far = max(left_m - CREEP_M, 0.0)
    return min(math.sqrt(CREEP_MPS * CREEP_MPS + 2.0 * SLOWING_MPS2 * far), most_mps)


@kernel
def _decide(d: Record, task: Record, state: Array) -> None:
    """Run one control step of one driver; `state` is x, y, yaw, speed, force of the stop, steering angle, standing."""
    if d.count == 0:
        _begin(d, task)
    _wander(d, task)
    for i in range(5):
        d.seen[d.count % RING, i] = state[i]
    d.count += 1
    tau, steer = d.reaction_s, state[5]
    x, y, yaw, v = _past(d, tau, 0), _past(d, tau, 1), _past(d, tau, 2), _past(d, tau, 3)
    # predicted position, from perception and his steering
    yaw_ahead = yaw + LEAD_S * v * math.tan(steer) / task.wheelbase_m
    y_ahead = y + LEAD_S * v * math.sin(0.5 * (yaw + yaw_ahead))
    x_ahead = x + LEAD_S * v
    heading = yaw_ahead + d.wander[1]
    error = y_ahead + task.front_x_m * math.sin(yaw_ahead) + d.bias[0] + d.wander[0]
    wanted = -(heading + math.atan(GAIN_PER_S * error / (abs(v) + SOFT_MPS)))
    wanted = min(max(wanted, -STEER_MOST_RAD), STEER_MOST_RAD)
    d.steering_rate_radps = (wanted - steer) / HAND_S
    left = -(x_ahead + d.bias[2] + d.wander[2])
    if d.phase == ROLLING:
        there = left <= v * BRAKE_LAG_S + 0.5 * v * v / HALT_MPS2
        if task.stop == 1 and _past(d, tau, 4) > FELT_N:
            d.phase = PRESSING
        elif task.stop == 0 and there:
            d.phase = HALTING
    if d.phase == PRESSING:
        at_rest = _past(d, tau, 4) > 0.0 and abs(v) < PRESS_MPS
        d.pressed_s = d.pressed_s + CONTROL_S if at_rest else 0.0
        lean = PRESS_MPS2 + ROLLING_MPS2 + (PRESS_MPS - v) / FOOT_S
        d.steering_rate_radps, d.acceleration_mps2 = 0.0, min(max(lean, -BRAKE_MOST_MPS2), DRIVE_MOST_MPS2)
        if d.pressed_s < PRESS_S:
            return
        d.phase = HALTING
    if d.phase == HALTING:
        d.steering_rate_radps, d.acceleration_mps2 = 0.0, -HALT_MPS2 * (2.0 if state[6] > 0.0 else 1.0)
        return
    # perceived speed against the intended one of then; pedal for the time when it will act
    speed = _profile(left + LEAD_S * v, task.speed_mps)
    soon = left - BRAKE_LAG_S * v
    slowing = SLOWING_MPS2 if _profile(soon, task.speed_mps) < task.speed_mps and soon > CREEP_M else 0.0
    # held up, he adds power; rolling again, he removes it
    slow = speed - v - 0.3 * CREEP_MPS
    d.push_mps2 = min(max(d.push_mps2 + PUSH_PER_S * CONTROL_S * (1.0 if slow > 0.0 else -2.0), 0.0), PUSH_MOST_MPS2)
    push = (speed - v) / FOOT_S - slowing + ROLLING_MPS2 + d.push_mps2
    d.acceleration_mps2 = min(max(push, -BRAKE_MOST_MPS2), DRIVE_MOST_MPS2)


@kernel
def _decide_all(drivers: Array, task: Array, states: Array) -> None:
    for n in range(len(drivers)):
        _decide(drivers[n], task[0], states[n])


class HumanDriver:
    """`n` drivers, each on its own seed, for a plant of as many worlds."""

    def __init__(
        self,
        plant: DockingPlant,
        seeds: Iterable[int],
        *,
        weather: str = "clear",
        marks: bool = True,
        speed_mps: float = 1.5,
    ) -> None:
        """`marks`: there are lines for him to follow; `speed_mps`: his approach speed."""
        self.plant = plant
        self.drivers = np.zeros(plant.n, DRIVER)
        keys = [seeding.key(seed, DRIVER_STREAM) for seed in seeds]
        if len(keys) != plant.n:
            raise InputError("one seed per world is needed", key="seeds", value=len(keys), allowed=str(plant.n))
        self.drivers["key"] = keys
        sight, (lasting, wandering) = MARKED if marks else UNMARKED, sight_factors(weather)
        self._task = np.zeros(1, TASK)
        self._task["sight"] = [
            lasting * sight.lateral_bias_m,
            wandering * sight.lateral_wander_m,
            wandering * sight.heading_wander_rad,
            lasting * sight.distance_bias_m,
            wandering * sight.distance_wander_m,
        ]
        p = plant.params[0]
        self._task["front_x_m"], self._task["speed_mps"] = p["spring_x_m"][0], speed_mps
        self._task["wheelbase_m"], self._task["stop"] = p["spring_x_m"][0] - p["spring_x_m"][1], p["stop"]

    def act(self) -> tuple[Array, Array]:
        """(steering rate, acceleration) of every driver for the next control step; call it once each."""
        plant = self.plant
        states = np.column_stack(
            [
                plant.pose(),
                plant.speed_mps(),
                plant.stop_force_n(),
                plant.steering_angle_rad(),
                plant.stopped().astype(float),
            ]
        )
        _decide_all(self.drivers, self._task, states)
        return self.drivers["steering_rate_radps"].copy(), self.drivers["acceleration_mps2"].copy()

    def halting(self) -> Array:
        """True for each driver who has decided that he has arrived."""
        return self.drivers["phase"] == HALTING
