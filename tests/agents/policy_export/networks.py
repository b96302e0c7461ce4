"""Policies to export: networks with weights from a seed, for the tiny task and for Alignment-v1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.bundle import interface
from agents.export import Layer, graph_bytes, write_bundle
from agents.policy_export.interface import ExportedPolicy, from_bundle
from tests.agents.bundles import contract_of, make_tiny

FEW = [12, 8]
SEED = 5


def layers(sizes: Sequence[int], activation: Layer, seed: int = SEED, first: Sequence[Layer] = ()) -> list[Layer]:
    """A multilayer perceptron that ends in tanh, scaled."""
    random = np.random.default_rng(seed)
    made = list(first)
    for wide, narrow in zip(sizes, sizes[1:], strict=False):
        weight = random.normal(0.0, 1.5 / np.sqrt(wide), (narrow, wide)).astype(np.float32)
        made += [Layer("Gemm", (weight, random.normal(0.0, 0.2, narrow).astype(np.float32)), {"transB": 1}), activation]
    made[-1] = Layer("Tanh")
    half = np.linspace(0.5, 1.0, sizes[-1], dtype=np.float32)
    return [*made, Layer("Mul", (half,)), Layer("Add", (0.1 * half,))]


def tiny(folder: Path, activation: Layer | None = None, hidden: Sequence[int] = FEW, **changes: Any) -> ExportedPolicy:
    """A bundle for the tiny task, read back for export."""
    environment = make_tiny()
    made = layers([2, *hidden, 1], activation or Layer("Tanh"))
    write_bundle(folder, graph_bytes(made, 2, 1), contract_of(environment) | changes, "tiny")
    return from_bundle(folder)


def alignment(folder: Path, mode: str, hidden: Sequence[int] = FEW) -> ExportedPolicy:
    """A bundle for Alignment-v1 in an action mode, read back for export."""
    return of_mode("Alignment-v1", folder, mode, hidden)


def docking(folder: Path, mode: str, hidden: Sequence[int] = FEW) -> ExportedPolicy:
    """A bundle for Docking-v3 in an action mode, read back for export."""
    return of_mode("Docking-v3", folder, mode, hidden)


def of_mode(environment_id: str, folder: Path, mode: str, hidden: Sequence[int]) -> ExportedPolicy:
    """A bundle for an environment that has action modes."""
    import gymnasium

    environment = gymnasium.make(f"envs:swaptwin/{environment_id}", disable_env_checker=True)
    try:
        fits = interface(environment)
    finally:
        environment.close()
    n, wide = len(fits["observation"]), len(fits["action"])
    random = np.random.default_rng(SEED)
    contract = {
        **{k: [row.model_dump() for row in v] if isinstance(v, list) else v for k, v in fits.items()},
        "made": {"algorithm": "by hand", "seed": 0, "steps": 0, "options": {}, "versions": {}},
        "measured": [],
        "validity": {
            "options": {"station": ["top_lift"], "action-mode": [mode]},
            "observation_low": random.uniform(-1.2, -0.3, n).tolist(),
            "observation_high": random.uniform(0.3, 1.2, n).tolist(),
        },
    }
    write_bundle(folder, graph_bytes(layers([n, *hidden, wide], Layer("Tanh")), n, wide), contract, environment_id)
    return from_bundle(folder)
