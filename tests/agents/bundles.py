"""A sound bundle for the tiny task, to break in many ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from agents.bundle import interface
from agents.export import Layer, graph_bytes, write_bundle

LAYERS = [
    Layer("Gemm", (np.array([[-1.0, -2.0]], np.float32), np.zeros(1, np.float32)), {"transB": 1}),
    Layer("Max", (np.array([-1.0], np.float32),)),
    Layer("Min", (np.array([1.0], np.float32),)),
]
"""`tests.agents.tiny.Controller` as a graph."""


def make_tiny() -> Any:
    return gymnasium.make("tests.agents.tiny:Tiny-v0", disable_env_checker=True)


def contract_of(environment: Any) -> dict[str, Any]:
    fits = interface(environment)
    return {
        **{k: [row.model_dump() for row in v] if isinstance(v, list) else v for k, v in fits.items()},
        "made": {"algorithm": "by hand", "seed": 0, "steps": 0, "options": {}, "versions": {}},
        "measured": [],
        "validity": {"options": {"station": ["bench"]}, "observation_low": [-2, -2], "observation_high": [2, 2]},
    }


def write_tiny(folder: Path, graph: bytes | None = None, **changes: Any) -> Path:
    environment = make_tiny()
    contract = contract_of(environment) | changes
    sizes = len(contract["observation"]), len(contract["action"])
    write_bundle(folder, graph or graph_bytes(LAYERS, *sizes), contract, "tiny")
    return folder
