"""Policies, which map an observation to an action, by name or from a folder."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from twin import seeding
from twin.errors import InputError

if TYPE_CHECKING:
    from agents.tasks import Task

Array = np.ndarray
POLICY_STREAM = "policy"
FLOOR = ("random", "zero")
"""Policies without skill, the lower reference of every task."""


class Policy(Protocol):
    """A policy. `begin` is called once before each episode, `act` once per step; it sees nothing else."""

    def begin(self, seed: int) -> None:
        """Reset the internal state. `seed`: for the policy's own draws."""

    def act(self, observation: Array) -> Array:
        """Return the action (shape and scale of the environment's action space) for an observation."""


class Zero:
    """The zero action, or the allowed value nearest to it."""

    def __init__(self, environment: Any) -> None:
        space = environment.action_space
        self.action = np.clip(np.zeros(space.shape, space.dtype), space.low, space.high)

    def begin(self, seed: int) -> None:
        """Do nothing: there is no internal state."""

    def act(self, observation: Array) -> Array:
        return self.action.copy()


class Random:
    """An action drawn uniformly between the limits at each step, from the episode's seed alone."""

    def __init__(self, environment: Any) -> None:
        self.space = environment.action_space
        self.begin(0)

    def begin(self, seed: int) -> None:
        self.random = seeding.stream(seed, POLICY_STREAM)

    def act(self, observation: Array) -> Array:
        drawn: Array = self.random.uniform(self.space.low, self.space.high).astype(self.space.dtype)
        return drawn


def from_class(place: str, environment: Any, *more: str) -> Policy:
    """Make the policy `"module:Class"` for an environment, with its other arguments."""
    module, name = place.split(":")
    policy: Policy = getattr(importlib.import_module(module), name)(environment, *more)
    return policy


def timing_set_of(name: str, task: Task, environment: Any) -> Policy | None:
    """Return the player of the timing set `name`, a file or a set of the environment's station; None if it is none.

    The task's baselines of the same names are policies of its actions, and not meant here.

    Raises:
        InputError: the set is missing, invalid, or made for another station.
    """
    if task.timing_files is None or name in task.baselines or name in FLOOR:
        return None
    from twin.catalogue import names

    if not name.endswith((".yaml", ".yml")) and name not in names("timing", environment.station):
        return None
    from agents.baselines.timing import PlayedSet

    return PlayedSet(environment, name)


def bundles_folder() -> Path:
    """Folder of the shipped bundles."""
    from twin.catalogue.load import models_folder

    return models_folder() / "policies"


def bundle_names(environment: str | None = None) -> list[str]:
    """Names of the shipped bundles, or of those made for one environment (`swaptwin/Alignment`)."""
    folder = bundles_folder()
    contracts = sorted(folder.glob("*/contract.json")) if folder.is_dir() else []
    return [path.parent.name for path in contracts if environment is None or environment_of(path) == environment]


def environment_of(contract: Path) -> str | None:
    """Environment name in a bundle's contract; None if it is damaged (loading refuses it)."""
    try:
        data = json.loads(contract.read_bytes())
    except (OSError, ValueError):
        return None
    return data.get("environment") if isinstance(data, dict) else None


def name_of(environment_id: str) -> str:
    """Strip module and version: `swaptwin/Alignment` of `envs:swaptwin/Alignment-v1`."""
    return environment_id.rpartition(":")[2].rpartition("-v")[0]


def load_policy(
    name: str,
    baselines: dict[str, str],
    environment: Any,
    *,
    trust_pickle: bool = False,
    timing_files: str | None = None,
) -> Policy:
    """Load the policy `name`: a baseline of the task, `random`, `zero`, a shipped bundle, or a bundle's folder.

    For a task whose policies time a swap it may also be the path of a timing set.

    Args:
        name: as typed by the user. With a separator, or if it is a folder, it is a path.
        baselines: the task's baselines, name to `"module:Class"`.
        environment: of the policy; a bundle made for another one is refused.
        trust_pickle: also load stable-baselines3's own .zip, which can run any code.
        timing_files: `"module:Class"` that plays a timing set's file (YAML); None: not for this task.

    Raises:
        InputError: an unknown name, an invalid timing set, or a bundle that does not fit the environment.
    """
    if name in baselines:
        return from_class(baselines[name], environment)
    if name in FLOOR:
        return (Zero if name == "zero" else Random)(environment)
    if name.endswith((".yaml", ".yml")):
        if timing_files is None:
            raise InputError("a YAML file is not a policy of this task", key="--policy", value=name,
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


def refuse_unknown(name: str, baselines: Iterable[str], environment: str, sets: Iterable[str] = ()) -> None:
    """Raise InputError for a name that is neither a policy's nor a path; the path itself is not checked.

    Allowed are the baselines, the timing sets `sets` and the bundles made for `environment`; a bundle made for another
    one is known, and refused when it is loaded.
    """
    if "/" in name or name in (".", "..") or name.endswith((".yaml", ".yml", ".zip")):
        return
    known = sorted({*baselines, *FLOOR, *sets, *bundle_names(environment)})
    if name in known or name in bundle_names():
        return
    from twin.catalogue.explain import hint

    raise InputError(
        f"unknown policy{hint(name, known)}",
        key="--policy",
        value=name,
        allowed=f"{', '.join(known)}, or the path of a bundle's folder",
    )
