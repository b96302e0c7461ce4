"""Bundles of a run: untrained start, candidates and result, and what they are measured at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm

from agents.episodes import Scene
from agents.evaluate import Evaluation, evaluate
from agents.export import graph_bytes, layers_of, write_bundle
from agents.tasks import Task
from agents.train.command import training_command
from agents.train.config import TrainConfig
from agents.train.versions import versions
from agents.train.watch import TrainingWatch
from agents.train.worlds import BatchWatch

SELECTION_SEED = 1 << 20
"""First seed for the choice of the best policy; not used by training or evaluations."""


class BundleWriter:
    """Writer of bundles of the current model, with the data that all bundles of the run share."""

    def __init__(
        self,
        model: BaseAlgorithm,
        config: TrainConfig,
        fits: dict[str, Any],
        about: dict[str, Any],
        watch: TrainingWatch,
        task: Task,
    ) -> None:
        self.model, self.config, self.fits, self.about, self.watch = model, config, fits, about, watch
        self.task = task

    @property
    def command(self) -> str:
        """That makes the policy of the finished run again."""
        parts = ", ".join(map(str, self.watch.seen.resumed_at))
        remark = f"without the resumption at step {parts}, which changed the policy" if parts else ""
        return training_command(self.task.name, self.config, self.model.num_timesteps, remark)

    def write(
        self,
        folder: Path,
        title: str,
        steps: int,
        measured: list[dict[str, Any]] | None = None,
        command: str = "",
    ) -> None:
        """Write the bundle of the model as it is; `steps`: behind it."""
        graph = graph_bytes(layers_of(self.model), len(self.fits["observation"]), len(self.fits["action"]))
        low, high = self.watch.seen.low, self.watch.seen.high
        contract = {
            **{key: _plain(value) for key, value in self.fits.items()},
            "made": {
                "algorithm": self.config.algorithm,
                "seed": self.config.seed,
                "steps": steps,
                "options": dict(self.config.environment),
                "versions": versions(),
                "command": command,
            },
            "measured": measured or [],
            "validity": {
                "options": {name: [value or self._unset(name)] for name, value in self.about.items()},
                "observation_low": [] if low is None else [float(x) for x in low],
                "observation_high": [] if high is None else [float(x) for x in high],
                "note": "Measured in simulation only. Outside these options and observations nothing is known.",
            },
        }
        write_bundle(folder, graph, contract, title, replace=folder.exists())

    def _unset(self, option: str) -> str:
        argument = self.task.options.get(option)
        return "any" if argument is None else argument.unset

    def played(self, scene: Scene, names: list[str], episodes: int, seed: int, until_s: float) -> Evaluation:
        """Evaluate policies on the same seeds, as many as fit until `until_s`; on the batch where the run was.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        line, done = self.watch.line, 0
        what = "selection" if seed == SELECTION_SEED else "evaluation"

        def tell(_: object) -> None:
            nonlocal done
            done += 1
            line.update(f"{what}: episode {done} of {episodes}, {len(names)} policies", completed=done / episodes)

        workers = self.watch.afterwards.workers
        line.update(f"{what}: starting, {episodes} episodes, {len(names)} policies", completed=0.0)
        worlds = self.config.worlds if isinstance(self.watch, BatchWatch) else 0
        evaluation, interrupted = evaluate(
            scene, names, episodes=episodes, seed=seed, workers=workers, on_seed=tell, until_s=until_s, worlds=worlds
        )
        if interrupted:
            raise KeyboardInterrupt
        return evaluation


def _plain(value: Any) -> Any:
    return [row.model_dump() for row in value] if isinstance(value, list) else value
