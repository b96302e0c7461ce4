"""Actions of hostile episodes of Alignment-v1: each pattern a function of the episode's seed, step and observation.

A pattern plays against whatever plant gives the observations, so that an episode of the reduced-order model can be
played again on Bullet. Only the greedy adversary (`tests.evidence.hostile.greedy`) looks at the truth.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from envs.alignment_control import OBSERVATION
from twin import seeding
from twin.alignment.sensed import DECISION_S

Array = np.ndarray
Pattern = Callable[[int, Array], Array]
"""(step, observation) to an action (4,)."""

GRAVITY_MPS2 = 9.81
CORNERS = np.array([c for c in itertools.product((-1.0, 0.0, 1.0), repeat=4) if any(c)])
"""All corners, edges and faces of the action's box: 80 constant actions."""
_AT = {quantity.name: i for i, quantity in enumerate(OBSERVATION)}
_SCALE = {quantity.name: quantity.scale for quantity in OBSERVATION}


def _read(observation: Array, name: str) -> float:
    return float(observation[_AT[name]]) * _SCALE[name]


def constant(random: np.random.Generator) -> Pattern:
    """One of the corners, edges and faces, all the time."""
    action = CORNERS[random.integers(len(CORNERS))]
    return lambda step, observation: action


def inwards(random: np.random.Generator) -> Pattern:
    """A constant action with the hoist or lift at full speed towards the seat."""
    action = CORNERS[random.integers(len(CORNERS))].copy()
    action[2] = 1.0
    return lambda step, observation: action


def sway(random: np.random.Generator) -> Pattern:
    """Square waves along x and y at the frequency of the sway, within a fifth, while the pack goes in or stays."""
    signs, detune, inward = random.choice((-1.0, 1.0), 2), random.uniform(0.8, 1.2), random.uniform(-0.2, 1.0)
    phase = random.choice((0.0, 0.25))

    def act(step: int, observation: Array) -> Array:
        rope_m = max(_read(observation, "rope"), 0.3)
        turns = detune * math.sqrt(GRAVITY_MPS2 / rope_m) * step * DECISION_S / (2.0 * math.pi)
        x = signs[0] if turns % 1.0 < 0.5 else -signs[0]
        y = signs[1] if (turns + phase) % 1.0 < 0.5 else -signs[1]
        return np.array([x, y, inward, 0.0])

    return act


def twist(random: np.random.Generator) -> Pattern:
    """Square waves of the yaw axis at some period from 0.4 to 4 s, while the pack goes in."""
    period_s, inward = math.exp(random.uniform(math.log(0.4), math.log(4.0))), random.uniform(-0.1, 1.0)
    side = random.uniform(-1.0, 1.0, 2)

    def act(step: int, observation: Array) -> Array:
        yaw = 1.0 if (step * DECISION_S / period_s) % 1.0 < 0.5 else -1.0
        return np.array([side[0], side[1], inward, yaw])

    return act


def noise(random: np.random.Generator) -> Pattern:
    """Each element evenly from its range, anew in every step."""
    return lambda step, observation: random.uniform(-1.0, 1.0, 4)


def held(random: np.random.Generator) -> Pattern:
    """Each element evenly from its range, held for 0.2 to 3 s, with a drift inwards."""
    state = {"until": 0, "action": np.zeros(4)}

    def act(step: int, observation: Array) -> Array:
        if step >= state["until"]:
            state["until"] = step + int(random.integers(4, 60))
            action = random.uniform(-1.0, 1.0, 4)
            action[2] = min(action[2] + 0.5, 1.0)
            state["action"] = action
        action = state["action"]
        assert isinstance(action, np.ndarray)
        return action

    return act


def bang_bang(random: np.random.Generator) -> Pattern:
    """Every element at one of its ends, each of them turned round after 1 to 30 steps."""
    action, left = random.choice((-1.0, 1.0), 4), random.integers(1, 30, 4)

    def act(step: int, observation: Array) -> Array:
        for i in range(4):
            left[i] -= 1
            if left[i] < 0:
                action[i], left[i] = -action[i], int(random.integers(1, 30))
        return action.copy()

    return act


def against_pins(random: np.random.Generator) -> Pattern:
    """In at full speed; between the pins sideways and round, turned round after each 0.1 to 2 s."""
    period = int(random.integers(2, 40))
    way = CORNERS[random.integers(len(CORNERS))]
    beside = random.uniform(-1.0, 1.0, 2)

    def act(step: int, observation: Array) -> Array:
        sign = 1.0 if (step // period) % 2 == 0 else -1.0
        if _read(observation, "guides") > 1.05:
            return np.array([beside[0], beside[1], 1.0, 0.0])
        return np.array([sign * way[0], sign * way[1], 0.4 + 0.6 * way[2], sign * way[3]])

    return act


def hammer(random: np.random.Generator) -> Pattern:
    """Off the seat by some steps and back down at full speed, again and again, off to one side."""
    up, side = int(random.integers(3, 25)), CORNERS[random.integers(len(CORNERS))]
    state = {"away": 0}

    def act(step: int, observation: Array) -> Array:
        pads = observation[_AT["pad_front_left"] : _AT["pad_rear_right"] + 1].sum()
        if state["away"] == 0 and (pads >= 2 or abs(_read(observation, "load")) > 0.4):
            state["away"] = up
        if state["away"] > 0:
            state["away"] -= 1
            return np.array([side[0], side[1], -1.0, side[3]])
        return np.array([side[0], side[1], 1.0, side[3]])

    return act


def seated_then_away(random: np.random.Generator) -> Pattern:
    """Towards where the servo would go, until close to the seat; then hard off to one side."""
    from_guides, side = random.uniform(0.0, 1.1), CORNERS[random.integers(len(CORNERS))]
    names = ("servo_x", "servo_y", "servo_in", "servo_yaw")

    def act(step: int, observation: Array) -> Array:
        if _read(observation, "guides") > from_guides:
            return np.array([float(observation[_AT[name]]) for name in names])
        return np.array([side[0], side[1], 0.5 + 0.5 * side[2], side[3]])

    return act


PATTERNS: dict[str, Callable[[np.random.Generator], Pattern]] = {
    make.__name__: make
    for make in (
        constant,
        inwards,
        sway,
        twist,
        noise,
        held,
        bang_bang,
        against_pins,
        hammer,
        seated_then_away,
    )
}


def pattern(name: str, seed: int) -> Pattern:
    """The actions of episode `seed` under a pattern."""
    return PATTERNS[name](seeding.stream(seed, f"hostile {name}"))
