"""Several training runs that differ in their seed alone, and the best of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from agents.episodes import Scene
from agents.train.budget import Budget
from agents.train.config import TrainConfig
from agents.train.folder import make_folder, write_json
from agents.train.run import Trained, train
from twin.console import ProgressLine


def train_seeds(
    scene: Scene,
    config: TrainConfig,
    folder: Path,
    line: ProgressLine,
    seeds: int = 1,
    *,
    resume: bool = False,
    trust_pickle: bool = False,
    began_s: float | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> list[Trained]:
    """Train on seeds `config.seed` and the next ones, one after the other; they share the wall time evenly.

    One seed is a run in `folder`; of several each has a folder `seed_S` in it, beside `seeds.json` and `policy`, the
    best by the judgement on the held-out episodes, which no evaluation uses.

    Args:
        began_s: start of the first run's wall time, by `time.monotonic`; None: now.

    Returns:
        The runs, in the order of their seeds; an interrupted one is the last.
    """
    if seeds == 1:
        budget = Budget(config.wall_time_s, began_s)
        return [
            train(scene, config, folder, line, resume=resume, trust_pickle=trust_pickle, budget=budget, say=say)
        ]  # fmt: skip
    make_folder(folder)
    runs: list[Trained] = []
    whole = Budget(config.wall_time_s, began_s)
    for i, seed in enumerate(range(config.seed, config.seed + seeds)):
        share_s = whole.remaining_s / (seeds - i)
        own = config.model_copy(update={"seed": seed, "wall_time_s": share_s})
        say(f"seed {seed}: {share_s:.0f} s")
        runs.append(train(scene, own, folder / f"seed_{seed}", line, budget=Budget(share_s), say=say))
        if runs[-1].ended == "interrupted":
            return runs
    rows = [{"folder": str(run.folder), "steps": run.steps, "judged_s": run.judged_s} for run in runs]
    judged = [run for run in runs if run.judged_s is not None and run.policy is not None]
    best = min(judged, key=lambda run: run.judged_s or 0.0, default=None)
    write_json(folder / "seeds.json", {"runs": rows, "best": None if best is None else str(best.folder)})
    if best is not None and best.policy is not None:
        shutil.copytree(best.policy, folder / "policy")
        say(f"best of {seeds} seeds: {best.folder}, copied to {folder / 'policy'}")
    return runs
