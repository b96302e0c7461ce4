"""Choice of a run's best policy among its checkpoints, where no batch of worlds judges each of them at once."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np

from agents.episodes import Scene
from agents.train.bundles import SELECTION_SEED, BundleWriter
from agents.train.checkpoint import load_model
from agents.train.folder import write_json
from agents.train.run_state import checkpoints_in

MIN_SELECTION = 20
"""Minimum number of episodes per candidate for a meaningful difference of mean rewards."""


def choose(bundle: BundleWriter, best: int, scene: Scene, folder: Path) -> int:
    """Load into the model its policy with the highest reward on episodes unseen in training; return that policy's step.

    Training rewards include exploration noise, which may free a policy that gets stuck without it. So the checkpoints,
    and step `best`, the best by training reward, play without noise. With fewer than `MIN_SELECTION` episodes `best`
    stays.
    """
    model, config, watch = bundle.model, bundle.config, bundle.watch
    states = {best: deepcopy(model.policy.state_dict())}
    for step, path in checkpoints_in(folder / "checkpoints").items():
        states.setdefault(step, load_model(path, config.algorithm).policy.state_dict())
    if len(states) < 2:
        return best
    names, candidates = {}, folder / "candidates"
    candidates.mkdir(exist_ok=True)
    for step, state in sorted(states.items()):
        model.policy.load_state_dict(state)
        names[step] = candidates / f"step_{step}"
        bundle.write(names[step], names[step].name, step)
    selection_s, evaluation_s = (
        watch.afterwards.selection_s(model.num_timesteps, watch.seen.weights is not None),
        watch.afterwards.evaluation_s(),
    )
    share = selection_s / (selection_s + evaluation_s) if selection_s else 0.5
    until_s = watch.budget.until_s(share)
    evaluation = bundle.played(
        scene, list(map(str, names.values())), config.selection_episodes, SELECTION_SEED, until_s
    )
    result = evaluation.as_json()
    write_json(folder / "selection.json", result)
    chosen = best
    if evaluation.played >= min(MIN_SELECTION, config.selection_episodes):
        chosen = list(names)[int(np.argmax([row["reward_mean"] for row in result["policies"]]))]
    watch.say(f"selection: step {chosen} of {len(names)} candidates, on {evaluation.played} episodes each")
    model.policy.load_state_dict(states[chosen])
    return chosen
