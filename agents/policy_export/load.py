"""The exported form of a policy by its name, folder or .zip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.policies import bundle_names, bundles_folder
from agents.policy_export.interface import ExportedPolicy, from_bundle, from_layers
from agents.tasks import TASKS
from twin.errors import InputError


def load_exported(
    policy: str,
    *,
    task: str | None = None,
    station: str | None = None,
    action_mode: str = "direct",
    trust_pickle: bool = False,
) -> ExportedPolicy:
    """Load a shipped bundle by name, a bundle's folder, or stable-baselines3's .zip with its normaliser.

    Args:
        task, station, action_mode: of a .zip, which names none; its environment.

    Raises:
        InputError: unknown, invalid, not trusted, or a network that is more than a chain of layers.
    """
    if policy.endswith(".zip"):
        return _from_zip(Path(policy), task, station, action_mode, trust_pickle)
    if "/" in policy or policy in (".", "..") or Path(policy).is_dir():
        return from_bundle(Path(policy))
    known = bundle_names()
    if policy not in known:
        from twin.catalogue.explain import hint

        allowed = f"{', '.join(known)}, or the path of a bundle's folder or of a .zip"
        raise InputError(f"unknown policy{hint(policy, known)}", key="policy", value=policy, allowed=allowed)
    return from_bundle(bundles_folder() / policy)


def _from_zip(
    path: Path, task: str | None, station: str | None, action_mode: str, trust_pickle: bool
) -> ExportedPolicy:
    import gymnasium

    from agents.export import graph_bytes, layers_of, normaliser_layers
    from agents.train.checkpoint import load_zip, require_trust

    if not path.is_file():
        raise InputError("no such file", file=path)
    require_trust(path, trust_pickle)
    if task not in TASKS:
        raise InputError("a .zip needs its task", key="--task", value=task, allowed=", ".join(TASKS))
    chosen: dict[str, Any] = {} if station is None else {"station": station}
    modes: dict[str, Any] = {"action_mode": action_mode} if "action-mode" in TASKS[task].options else {}
    environment = gymnasium.make(TASKS[task].environment, disable_env_checker=True, **chosen, **modes)
    try:
        held = load_zip(path, environment, trust_pickle=trust_pickle)
        first = [] if held.normaliser is None else normaliser_layers(held.normaliser)
        sizes = environment.observation_space.shape, environment.action_space.shape
        graph = graph_bytes([*first, *layers_of(held.model)], *(size[0] for size in sizes if size is not None))
        facts: dict[str, Any] = {
            "made": {"algorithm": type(held.model).__name__.lower(), "steps": int(held.model.num_timesteps)},
            "valid_for": {**chosen, **({"action-mode": [action_mode]} if modes else {})},
        }
        if held.normaliser is not None:
            facts["normaliser"] = str(held.normaliser.file.name)
        return from_layers(path.stem, environment, graph, facts, action_mode=action_mode if modes else None)
    finally:
        environment.close()
