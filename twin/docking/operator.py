"""What follows a request of steering angle and speed: drive-by-wire, or a driver who reads it from a display.

Both steer towards the requested angle and control the speed by pedals and gear, once each control step. A driver does
so a reaction time late, more slowly, and with an error that is constant for the run and one that wanders; drive-by-wire
has neither. A request below `STOP_MPS` means stop and hold; one in the other direction changes gear once the truck
stands.

The driver's numbers are those of `twin.docking.driver`, where the same ones occur there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twin import seeding
from twin.docking.driver import DRIVE_MOST_MPS2, FOOT_S, HALT_MPS2, HAND_S, REACTION_S, ROLLING_MPS2, WANDER_S
from twin.docking.params import CONTROL_S
from twin.motion.kernels import kernel
from twin.noise import normal

Array = np.ndarray
OPERATORS = ("by_wire", "driver")
BY_WIRE, DRIVER = range(len(OPERATORS))
OPERATOR_STREAM = "docking operator"

STOP_MPS = 0.06
"""Requested speed below which the truck is to stop and stand [chosen: below every creeping speed]."""
HELD_MPS = 0.10
"""Speed below which a stop is finished by the brakes alone [chosen: a centimetre of way]."""
STANDS_MPS = 0.01
"""Speed below which a gear may be changed, and the brakes are applied further [estimate: an automated gearbox]."""
SHIFT_S = 1.0
"""Time of a change of gear at a standstill [estimate: an automated gearbox; a driver's hand is within it]."""
WIRE_STEER_S = 0.2
"""Time constant of the angle's controller [estimate: a little above the lag of the steering]."""
WIRE_SPEED_PER_S = 0.8
"""Gain of the speed's controller [chosen: well damped with twice the dead time and rise of ordinary air brakes]."""
WIRE_RISE_MPS2, WIRE_FALL_MPS2, WIRE_HALT_MPS2 = 0.6, 0.8, 1.0
"""Rates of the speed's set point, and braking at its end [estimate: standing load, no jerk]."""
DRIVER_RISE_MPS2, DRIVER_FALL_MPS2 = DRIVE_MOST_MPS2, 0.5
STEER_BIAS_RAD, STEER_WANDER_RAD = 0.005, 0.010
"""Standard deviations of a driver's error from the displayed angle [estimate: 5 and 10 deg of the steering wheel]."""
SPEED_WANDER_SHARE = 0.08
"""Standard deviation of a driver's speed error, as a share of the request [estimate: a pedal held by feel]."""
PUSH_PER_S2, PUSH_LOW_MPS2, PUSH_HIGH_MPS2 = 0.25, -0.4, 0.6
"""Integral gain of the speed's controller and its limits: grades, rails, rolling resistance."""
AHEAD_MPS = 0.4
"""How far the set point may be ahead of a truck that is held up."""
MOST_MPS2, LEAST_MPS2 = 0.9, -2.0
"""Limits of the pedals."""
RING = 16

OPERATOR = np.dtype(
    [
        ("key", np.uint64),
        ("count", np.int64),
        ("delay_s", np.float64),
        ("steer_s", np.float64),
        ("speed_per_s", np.float64),
        ("rise_mps2", np.float64),
        ("fall_mps2", np.float64),
        ("halt_mps2", np.float64),
        ("steer_bias_rad", np.float64),
        ("wander_sigma", np.float64, 2),  # rad, share of the speed
        ("wander", np.float64, 2),
        ("asked", np.float64, (RING, 2)),  # steering angle, speed: every control step
        ("wanted_mps", np.float64),
        ("push_mps2", np.float64),
        ("gear", np.float64),
        ("shift_s", np.float64),
        ("shifts", np.int64),
        # outputs
        ("steering_rate_radps", np.float64),
        ("acceleration_mps2", np.float64),
    ]
)

Record = Any


@kernel
def _past(o: Record, i: int) -> float:
    """Request `i` as it was a reaction time ago, interpolated between control steps; 0 before the first."""
    steps = o.delay_s / CONTROL_S
    whole = int(steps)
    part = steps - whole
    newest = o.count - 1
    a = o.asked[(newest - whole) % RING, i] if newest >= whole else 0.0
    b = o.asked[(newest - whole - 1) % RING, i] if newest >= whole + 1 else 0.0
    return a + part * (b - a)


@kernel
def _wander(o: Record) -> None:
    """Advance the wandering errors: Ornstein-Uhlenbeck processes sampled each control step."""
    keep = math.exp(-CONTROL_S / WANDER_S)
    fresh = math.sqrt(1.0 - keep * keep)
    for i in range(2):
        if o.wander_sigma[i] > 0.0:
            drawn = o.wander_sigma[i] * normal(o.key, o.count, i)
            o.wander[i] = drawn if o.count == 0 else keep * o.wander[i] + fresh * drawn


@kernel
def operate(o: Record, steering_angle_rad: float, speed_mps: float, steer_rad: float, v_mps: float) -> None:
    """Run one control step: a request (angle; speed, backwards negative) at a measured angle and speed."""
    _wander(o)
    o.asked[o.count % RING, 0], o.asked[o.count % RING, 1] = steering_angle_rad, speed_mps
    o.count += 1
    steering, ask = _past(o, 0), _past(o, 1)
    o.steering_rate_radps = (steering + o.steer_bias_rad + o.wander[0] - steer_rad) / o.steer_s
    target = 0.0
    if abs(ask) >= STOP_MPS:
        gear = 1.0 if ask > 0.0 else -1.0
        if gear == o.gear:
            target, o.shift_s = abs(ask) * (1.0 + o.wander[1]), 0.0
        elif abs(v_mps) < STANDS_MPS:
            o.shift_s += CONTROL_S
            if o.shift_s >= SHIFT_S - 1e-9:
                o.gear, o.shift_s, o.push_mps2 = gear, 0.0, 0.0
                o.shifts += 1
    u = o.gear * v_mps
    before = o.wanted_mps
    if target > before:
        o.wanted_mps = min(min(target, before + o.rise_mps2 * CONTROL_S), max(u, 0.0) + AHEAD_MPS)
    else:
        o.wanted_mps = max(target, before - o.fall_mps2 * CONTROL_S)
    if target == 0.0 and o.wanted_mps <= 0.0 and u < HELD_MPS:
        o.acceleration_mps2, o.push_mps2 = -o.halt_mps2 * (2.0 if abs(u) < STANDS_MPS else 1.0), 0.0
        return
    error = o.wanted_mps - u
    o.push_mps2 = min(max(o.push_mps2 + PUSH_PER_S2 * error * CONTROL_S, PUSH_LOW_MPS2), PUSH_HIGH_MPS2)
    slope = (o.wanted_mps - before) / CONTROL_S
    pedal = slope + o.speed_per_s * error + o.push_mps2 + ROLLING_MPS2
    o.acceleration_mps2 = min(max(pedal, LEAST_MPS2), MOST_MPS2)


def operator(kind: str, seed: int, gear: float = 1.0) -> Array:
    """Make (1,) OPERATOR of a kind, one of `OPERATORS`, in a gear (1 or -1); a driver is drawn from the seed."""
    made = np.zeros(1, OPERATOR)
    o = made[0]
    o["key"], o["gear"] = seeding.key(seed, OPERATOR_STREAM), gear
    if kind == OPERATORS[BY_WIRE]:
        o["steer_s"], o["speed_per_s"], o["halt_mps2"] = WIRE_STEER_S, WIRE_SPEED_PER_S, WIRE_HALT_MPS2
        o["rise_mps2"], o["fall_mps2"] = WIRE_RISE_MPS2, WIRE_FALL_MPS2
        return made
    random = seeding.stream(seed, OPERATOR_STREAM)
    o["delay_s"] = random.uniform(*REACTION_S)
    o["steer_bias_rad"] = STEER_BIAS_RAD * random.standard_normal()
    o["wander_sigma"] = STEER_WANDER_RAD, SPEED_WANDER_SHARE
    o["steer_s"], o["speed_per_s"], o["halt_mps2"] = HAND_S, 1.0 / FOOT_S, HALT_MPS2
    o["rise_mps2"], o["fall_mps2"] = DRIVER_RISE_MPS2, DRIVER_FALL_MPS2
    return made
