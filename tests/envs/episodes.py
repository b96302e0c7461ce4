"""Every registered environment with the arguments to test it with, and whole episodes as one hash.

`python -m tests.envs.episodes` prints the hashes of all of them: what a fresh process makes of the same seeds.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np

import envs

Arguments = dict[str, Any]

ARGUMENTS: dict[str, list[Arguments]] = {
    "swaptwin/Docking-v3": [
        {},
        {"station": "chassis", "direction": "reverse", "conditions": "night"},
        {"truck": "tractor_6x4", "scenario": "winter", "conditions": "rain", "operator": "driver", "guided": False},
        {"direction": "forward", "operator": "by_wire", "guided": True, "time_limit_s": 20.0},
        {"action_mode": "residual", "direction": "reverse"},
    ],
    "swaptwin/Alignment-v1": [
        {},
        {"station": "chassis", "action_mode": "residual"},
        {"station": "top_lift_mast", "conditions": "night", "truck": "mixer_8x4"},
        {"conditions": "clear", "parking": "guided", "truck": "tractor_6x4", "pack": "cab_282", "time_limit_s": 10.0},
        {"plant": "rom"},
        {"plant": "rom", "station": "chassis", "action_mode": "residual"},
    ],
    "swaptwin/Timing-v0": [
        {"last_phase": "unlock"},
        {"station": "chassis", "truck": "chassis_rigid_1", "last_phase": "grip"},
        {"plant": "rom", "last_phase": "lift_out"},
    ],
    "swaptwin/Timing-v1": [
        {"last_phase": "unlock"},
        {"station": "chassis", "truck": "chassis_rigid_1", "base": "careful", "last_phase": "grip"},
        {"plant": "rom", "last_phase": "lift_out"},
    ],
}
"""Sets of constructor arguments, the first what tests make that name none; a new environment must be here (a test
compares with what is registered)."""

STARTS: dict[str, list[dict[str, Any]]] = {
    "swaptwin/Docking-v3": [{}, {"direction": "forward", "start_x_m": -2.0, "start_y_m": 0.05}],
    "swaptwin/Alignment-v1": [{}, {"height_m": 0.05, "off_x_m": 0.0, "off_y_m": 0.0, "care": 1.0}],
    "swaptwin/Timing-v0": [
        {"last_phase": "clear", "conditions": "clear", "parking": "unguided", "pack": "cab_282"},
        {"conditions": "night", "parking": "guided", "pack": "cab_423", "truck_yaw_rad": -0.02, "truck_x_m": 0.05},
        {"conditions": "rain", "pack": "cab_141", "truck_yaw_rad": 0.02, "truck_y_m": -0.05},
    ],
}
STARTS["swaptwin/Timing-v1"] = STARTS["swaptwin/Timing-v0"]
"""Reset options that together let every element of an observation show its range."""

LONG = {"swaptwin/Timing-v0", "swaptwin/Timing-v1"}
"""Whole swaps: an episode takes seconds of processor time. Tests that play many play a few, and few steps of each."""
FEW_EPISODES, FEW_STEPS = 3, 3
CASES = [(name, arguments) for name, sets in ARGUMENTS.items() for arguments in sets]
SHORT = [(name, arguments) for name, arguments in CASES if name not in LONG or arguments == ARGUMENTS[name][-1]]
"""Of whole swaps the last case alone: on the reduced-order plant."""
SWING = {"swaptwin/Timing-v0": 0.3, "swaptwin/Timing-v1": 0.3}
"""How far actions go towards the bounds, where full swings would end most episodes at once."""


def make(name: str, arguments: Mapping[str, Any] | None = None) -> gymnasium.Env[Any, Any]:
    """As a stranger makes it, without an import of ours."""
    return gymnasium.make(f"envs:{name}", **(ARGUMENTS[name][0] if arguments is None else arguments))


def few(name: str, episodes: int) -> int:
    """So many episodes, or as many as can be had."""
    return min(episodes, FEW_EPISODES) if name in LONG else episodes


def steps_of(name: str, steps: int) -> int:
    """So many steps, or as many as every episode has."""
    return min(steps, FEW_STEPS) if name in LONG else steps


def actions(env: gymnasium.Env[Any, Any], seed: int, steps: int) -> np.ndarray:
    """(steps, A) in the space's bounds: white noise, the last element with a drift that gets a truck rolling."""
    space = env.action_space
    noise = np.random.default_rng(seed).uniform(-1.0, 1.0, (steps, *space.shape))
    noise[:, -1] = 0.12 + 0.3 * noise[:, -1]
    noise *= SWING.get(env.unwrapped.spec.id if env.unwrapped.spec else "", 1.0)
    middle = (space.low + space.high) / 2
    return (middle + (space.high - middle) * noise).astype(space.dtype)


def episode_hash(env: gymnasium.Env[Any, Any], seed: int, steps: int = 60) -> str:
    """SHA-256 of all that an episode gives back: observations, rewards, ends, info."""
    digest = hashlib.sha256()

    def take(observation: np.ndarray, rest: Any) -> None:
        digest.update(observation.tobytes())
        digest.update(json.dumps(rest, sort_keys=True, default=float).encode())

    observation, info = env.reset(seed=seed)
    take(observation, info)
    for action in actions(env, seed, steps):
        observation, reward, terminated, truncated, info = env.step(action)
        take(observation, [float(reward).hex(), terminated, truncated, info])
        if terminated or truncated:
            break
    return digest.hexdigest()


def hashes(cases: Sequence[tuple[str, Arguments]] = CASES, seed: int = 11) -> dict[str, str]:
    """One episode of each case."""
    found = {}
    for name, arguments in cases:
        env = make(name, arguments)
        found[f"{name} {json.dumps(arguments)}"] = episode_hash(env, seed)
        env.close()
    return found


def registered() -> set[str]:
    """The ids that this project registers."""
    return set(envs.ENTRY_POINTS)


if __name__ == "__main__":
    print(json.dumps(hashes(SHORT if "--short" in sys.argv else CASES)))
