"""Deciders: everything that takes an observation to an action, by name or from a folder."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from twin import seeding
from twin.errors import InputError

Array = np.ndarray
POLICY_STREAM = "policy"
FLOOR = ("random", "zero")
"""What every task has to beat."""


class Policy(Protocol):
    """Decides. `begin` is called once before each episode, `act` once each step; a policy sees nothing else."""

    def begin(self, seed: int) -> None:
        """Forget the last episode. `seed` is for what the policy itself draws."""

    def act(self, observation: Array) -> Array:
        """The action (shape and scale of the environment's action space) for an observation."""


class Zero:
    """Does nothing: the zero action, or the nearest to it that is allowed."""

    def __init__(self, environment: Any) -> None:
        space = environment.action_space
        self.action = np.clip(np.zeros(space.shape, space.dtype), space.low, space.high)

    def begin(self, seed: int) -> None:
        """Nothing to forget."""

    def act(self, observation: Array) -> Array:
        return self.action.copy()


class Random:
    """An action drawn evenly between the limits at each step, from the episode's seed alone."""

    def __init__(self, environment: Any) -> None:
        self.space = environment.action_space
        self.begin(0)

    def begin(self, seed: int) -> None:
        self.random = seeding.stream(seed, POLICY_STREAM)

    def act(self, observation: Array) -> Array:
        drawn: Array = self.random.uniform(self.space.low, self.space.high).astype(self.space.dtype)
        return drawn


def from_class(place: str, environment: Any, *more: str) -> Policy:
    """The policy that `"module:Class"` makes for an environment, and of what else it takes."""
    module, name = place.split(":")
    policy: Policy = getattr(importlib.import_module(module), name)(environment, *more)
    return policy


def bundles_folder() -> Path:
    """Where the shipped bundles are."""
    from twin.catalogue.load import models_folder

    return models_folder() / "policies"


def bundle_names(environment: str | None = None) -> list[str]:
    """Names of the shipped bundles; with an environment's name (`swaptwin/Alignment`), of those made for it."""
    folder = bundles_folder()
    contracts = sorted(folder.glob("*/contract.json")) if folder.is_dir() else []
    return [path.parent.name for path in contracts if environment is None or _made_for(path) == environment]


def _made_for(contract: Path) -> str | None:
    """The environment's name in a bundle's contract; None of a damaged one, which is refused where it is loaded."""
    try:
        told = json.loads(contract.read_bytes())
    except (OSError, ValueError):
        return None
    return told.get("environment") if isinstance(told, dict) else None


def name_of(environment_id: str) -> str:
    """An environment's name without module and version: `swaptwin/Alignment` of `envs:swaptwin/Alignment-v0`."""
    return environment_id.rpartition(":")[2].rpartition("-v")[0]


def load_policy(
    name: str,
    baselines: dict[str, str],
    environment: Any,
    *,
    trust_pickle: bool = False,
    timing_files: str | None = None,
) -> Policy:
    """The decider called `name`: a baseline of the task, `random`, `zero`, a shipped bundle, or a bundle's folder.

    Of a task whose policies time a swap it may also be the path of a timing set's file.

    Args:
        name: as a user types it. With a separator, or where it is a folder, it is a path.
        baselines: the task's own, name to `"module:Class"`.
        environment: what it will act in: a bundle made for another one is refused.
        trust_pickle: also load stable-baselines3's own .zip, which runs whatever code it holds.
        timing_files: `"module:Class"` that plays a timing set's file (YAML); None: no policy of the task is one.

    Raises:
        InputError: an unknown name, a timing set's file that is not sound, or a bundle that cannot be trusted to fit.
    """
    if name in baselines:
        return from_class(baselines[name], environment)
    if name in FLOOR:
        return (Zero if name == "zero" else Random)(environment)
    if name.endswith((".yaml", ".yml")):
        if timing_files is None:
            raise InputError("a YAML file is no policy of this task", key="--policy", value=name,
                             allowed="timing sets, in task timing")  # fmt: skip
        return from_class(timing_files, environment, name)
    if name.endswith(".zip"):
        from agents.train.checkpoint import load_zip

        return load_zip(name, environment, trust_pickle=trust_pickle)
    from agents.bundle import load_bundle

    if "/" in name or name in (".", ".."):
        return load_bundle(Path(name), environment)
    refuse_unknown(name, baselines, name_of(environment.unwrapped.spec.id))
    return load_bundle(bundles_folder() / name, environment)


def refuse_unknown(name: str, baselines: Iterable[str], environment: str) -> None:
    """Raise InputError for a name that is neither a policy's nor a path; what a path leads to is not looked at.

    Those that may be chosen are the baselines and the bundles made for `environment`; a bundle made for another one is
    known, and refused where it is loaded.
    """
    if "/" in name or name in (".", "..") or name.endswith((".yaml", ".yml", ".zip")):
        return
    known = sorted([*baselines, *FLOOR, *bundle_names(environment)])
    if name in known or name in bundle_names():
        return
    from twin.catalogue.explain import hint

    raise InputError(
        f"unknown policy{hint(name, known)}",
        key="--policy",
        value=name,
        allowed=f"{', '.join(known)}, or the path of a bundle's folder",
    )
