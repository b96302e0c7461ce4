"""The command that makes a run's policy again: what its configuration has otherwise than the task's own file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from agents.bundle import MAX_COMMAND
from agents.train.config import TrainConfig, load_config
from twin.errors import InputError

OPTIONS = {
    "algorithm": "--algorithm",
    "workers": "--workers",
    "worlds": "--worlds",
    "evaluation_episodes": "--episodes",
}
"""Keys with an option of their own, beside seed, steps, wall time, environment and cloned policy."""
ENOUGH_S = 1_000_000
"""Wall time that leaves the end to the steps, s: where a clock ends a run depends on the machine."""
ALGORITHMS = ("ppo", "sac", "fit")


def training_command(task: str, config: TrainConfig, steps: int, remark: str = "") -> str:
    """Return the line for a shell that trains to the same policy: `steps` of it, whatever the clock says.

    Args:
        remark: appended as a comment, where the line makes another policy after all.
    """
    try:
        own = load_config(task).model_dump(mode="json")
    except InputError:  # a task without a file: the run's own configuration is all there is
        words = ["--config", "config.json"]
    else:
        words = list(_words(config.model_dump(mode="json"), own))
    given = ["swaptwin", "train", task, *words, "--seed", str(config.seed)]
    if config.algorithm != "fit":
        given += ["--steps", str(steps)]
    given += ["--wall-time-s", str(ENOUGH_S)]
    line = " ".join(map(shlex.quote, given))
    if len(line) > MAX_COMMAND - 200:
        line = f"swaptwin train {task} --config config.json # of the run's folder"
    return f"{line} # {remark}" if remark else line


def _words(config: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[str]:
    changed = {key: value for key, value in config.items() if value != own[key]}
    unused = {name for name in ALGORITHMS if name != config["algorithm"]}
    for key in ("seed", "steps", "wall_time_s", *unused):
        changed.pop(key, None)
    for key, option in OPTIONS.items():
        if key in changed:
            yield from (option, str(changed.pop(key)))
    environment = config["environment"]
    changed.pop("environment", None)
    if set(own["environment"]) - set(environment):  # nothing but another mapping takes an option away
        yield from ("--hyper", f"environment={json.dumps(environment)}")
    else:
        for name, value in environment.items():
            if own["environment"].get(name) != value:
                yield from (f"--{name}", value)
    clone = dict(changed.pop("clone", {}))
    if clone and clone["policy"] != own["clone"]["policy"]:
        yield from ("--clone", "none" if clone["policy"] is None else clone["policy"])
    if clone and clone["policy"] is not None:
        changed["clone"] = clone | {"policy": own["clone"]["policy"]}
    for path, value in _changes(changed, own):
        yield from ("--hyper", f"{path}={json.dumps(value)}")


def _changes(config: Mapping[str, Any], own: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the paths of values that differ, and the values."""
    for key, value in config.items():
        before = own.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping) and set(value) >= set(before):
            yield from _changes(value, before, f"{at}{key}.")
        elif value != before:
            yield f"{at}{key}", value
