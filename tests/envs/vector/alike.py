"""Comparing what environments give back, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np

from tests.envs.episodes import SWING

Array = np.ndarray
FEW: dict[str, list[dict[str, Any]]] = {
    "swaptwin/Docking-v3": [
        {"time_limit_s": 10.0},
        {"station": "chassis", "direction": "reverse", "conditions": "rain", "time_limit_s": 12.0},
        {"action_mode": "residual", "time_limit_s": 10.0},
    ],
    "swaptwin/Alignment-v1": [
        {"time_limit_s": 5.0},
        {"action_mode": "residual", "time_limit_s": 6.0},
        {"station": "chassis", "action_mode": "residual"},
        {"station": "chassis", "time_limit_s": 5.0},
    ],
    "swaptwin/Timing-v0": [{"last_phase": "lift_out"}, {"station": "chassis", "last_phase": "lower_out"}],
    "swaptwin/Timing-v1": [{"last_phase": "lift_out"}, {"station": "chassis", "last_phase": "lower_out"}],
}
"""Arguments for the vector of each id, the first what tests make that name none."""
CASES = [(name, arguments) for name, sets in FEW.items() for arguments in sets]
PLANT: dict[str, dict[str, Any]] = {"swaptwin/Docking-v3": {}}
"""What the single environment is made with to be on the same plant."""
STEPS = {
    "swaptwin/Docking-v3": 130,
    "swaptwin/Alignment-v1": 130,
    "swaptwin/Timing-v0": 5,
    "swaptwin/Timing-v1": 5,
}
"""Some episodes end within so many, and others begin."""


def make(name: str, num_envs: int, **arguments: Any) -> Any:
    """On the batch."""
    return gymnasium.make_vec(f"envs:{name}", num_envs, **(arguments or FEW[name][0]))


def one_by_one(name: str, num_envs: int, mode: str, **arguments: Any) -> Any:
    """Gymnasium's own vector of the single environment on the same plant."""
    arguments = {**PLANT.get(name, {"plant": "rom"}), **arguments}
    kwargs = {"autoreset_mode": gymnasium.vector.AutoresetMode(mode)}
    return gymnasium.make_vec(f"envs:{name}", num_envs, vectorization_mode="sync", vector_kwargs=kwargs, **arguments)


def actions(name: str, num_envs: int, seed: int) -> Array:
    """(STEPS, N, A) white noise, some of it out of bounds; world i has the same whatever N is."""
    size = {
        "swaptwin/Docking-v3": 2,
        "swaptwin/Alignment-v1": 4,
        "swaptwin/Timing-v0": 10,
        "swaptwin/Timing-v1": 9,
    }[name]
    drawn = [np.random.default_rng((seed, i)).uniform(-1.2, 1.2, (STEPS[name], size)) for i in range(num_envs)]
    noise = np.stack(drawn, axis=1) * SWING.get(name, 1.0)
    if name == "swaptwin/Alignment-v1":
        noise = noise * 0.4  # the servo still seats its pack, where it leads
    if name.startswith("swaptwin/Docking"):
        noise = noise * 0.3 + np.array([0.0, 0.15])  # rolls
    return noise.astype(np.float32)


def alike(a: Any, b: Any, where: str = "") -> None:
    """Assert that nested dicts, arrays and numbers are the same to the last bit."""
    if isinstance(a, tuple):
        for x, y in zip(a, b, strict=True):
            alike(x, y, where)
    elif isinstance(a, Mapping):
        assert a.keys() == b.keys(), f"{where}: {set(a) ^ set(b)}"
        for key in a:
            alike(a[key], b[key], f"{where}/{key}")
    elif isinstance(a, np.ndarray) and a.dtype == object:
        assert a.shape == b.shape
        for x, y in zip(a, b, strict=True):
            alike(x, y, where)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, f"{where}: {a.dtype}, {b.dtype}"
        assert a.tobytes() == b.tobytes(), f"{where}: {a}, {b}"
    else:
        assert a == b, f"{where}: {a}, {b}"


def world(given: tuple[Any, ...], i: int) -> tuple[Any, ...]:
    """What world `i` alone has of a step or reset."""

    def of(value: Any) -> Any:
        return {key: of(inner) for key, inner in value.items()} if isinstance(value, Mapping) else value[i : i + 1]

    return tuple(of(value) for value in given)
