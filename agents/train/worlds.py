"""Training on a batch of worlds in this process: environments, metrics, checkpoints that a run resumes from exactly.

At a checkpoint every world begins a new episode and all generators are seeded anew, by the run's seed and the step. So
model and step are all there is to save: a run that goes on from them equals the undisturbed one to the last bit.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.logger import KVWriter, Logger, make_output_format
from stable_baselines3.common.vec_env import VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from agents.batch import AllWorlds, make_worlds, play
from agents.episodes import FORCE, Episode, Scene
from agents.train.budget import Budget
from agents.train.checkpoint import checkpoints_in
from agents.train.config import TrainConfig
from agents.train.watch import Timed, TrainingWatch
from envs.vector.sb3 import BatchVecEnv

Array = np.ndarray
FAILED_S = 100.0
"""What a failed episode weighs beside the time of the others: one in a hundred as much as a second [chosen]."""
ABORT_S = (1.5, 6.0)
"""What the 99th percentile of the side force weighs at the abort limit, fast and careful, s [chosen: as the reward]."""
ABORT_N = 6000.0
"""The abort limit of the shipped stations: only the scale of the above."""
METRICS = "metrics.csv"


def judgement_s(episodes: list[Episode], care: float) -> float:
    """Judge a policy by the task, not by its return: failures, then time and force, in seconds; less is better.

    The time is the mean of median and 95th percentile over the successes.
    """
    failed = 1.0 - float(np.mean([episode.success for episode in episodes]))
    times = [episode.time_s for episode in episodes if episode.success]
    time_s = 0.5 * float(np.percentile(times, 50) + np.percentile(times, 95)) if times else FAILED_S
    force = float(np.percentile([episode.kpis.get(FORCE, 0.0) for episode in episodes], 99)) / ABORT_N
    return FAILED_S * failed + time_s + (ABORT_S[0] + care * (ABORT_S[1] - ABORT_S[0])) * force


class EpisodeFigures(VecEnvWrapper):
    """A batch whose ended episodes are told as stable-baselines3's monitors do, and kept with all reward terms.

    Attributes:
        finished: figures by name of the episodes that ended since `take`.
    """

    def __init__(self, venv: BatchVecEnv) -> None:
        super().__init__(venv)
        self.finished: list[dict[str, float]] = []
        self._vector: Any = venv.vector
        self._began_s = time.monotonic()

    def reset(self) -> VecEnvObs:
        observations = self.venv.reset()
        self._rewards, self._steps = np.zeros(self.num_envs), np.zeros(self.num_envs, np.int64)
        self._cost = np.zeros(self.num_envs)
        self._terms = np.zeros_like(self._vector.terms)
        return observations

    def step_wait(self) -> VecEnvStepReturn:
        observations, rewards, dones, infos = self.venv.step_wait()
        running = ~dones
        self._rewards += rewards
        self._steps += 1
        self._terms[running] += self._vector.terms[running]
        self._cost[running] += self._vector.costs[running].sum(axis=1)
        for i in np.flatnonzero(dones).tolist():
            info = infos[i]
            last = np.array(list(info["reward_terms"].values()))
            episode = {"r": float(self._rewards[i]), "l": int(self._steps[i])}
            info["episode"] = episode | {"t": time.monotonic() - self._began_s}
            figures = {"success": float(info["is_success"]), "reward": episode["r"], "steps": float(episode["l"])}
            figures |= {"cost": float(self._cost[i] + info["cost"]), "time_s": info["kpis"]["time_s"]}
            figures |= {"peak_lateral_force_n": info["kpis"][FORCE]} if FORCE in info["kpis"] else {}
            summed = zip(info["reward_terms"], (self._terms[i] + last).tolist(), strict=True)
            self.finished.append(figures | {f"term_{name}": value for name, value in summed})
        self._rewards[dones], self._steps[dones], self._cost[dones], self._terms[dones] = 0.0, 0, 0.0, 0.0
        return observations, rewards, dones, infos

    def take(self) -> dict[str, float]:
        """Return the means of the episodes that ended since the last call, and their number."""
        finished, self.finished = self.finished, []
        if not finished:
            return {"episodes": 0.0}
        means = {name: float(np.mean([figures[name] for figures in finished])) for name in finished[0]}
        return {"episodes": float(len(finished)), **means}


def make_batch(scene: Scene, config: TrainConfig) -> Timed:
    """Make the worlds of a run.

    Raises:
        InputError: the task has no batch on the scene's plant.
    """
    vector = make_worlds(scene, config.worlds, autoreset_mode=AutoresetMode.SAME_STEP)
    return Timed(EpisodeFigures(BatchVecEnv(vector)))


class AppendedCsv(KVWriter):
    """Metrics as one row for each update; a resumed run drops the rows after its checkpoint and goes on."""

    def __init__(self, path: Path, resumed_at: int) -> None:
        self._path, self._rows = path, []
        if path.is_file() and resumed_at:
            with path.open(newline="") as file:
                self._rows = [row for row in csv.DictReader(file) if float(row.get("step") or "inf") <= resumed_at]

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        numbers = {
            key: value
            for key, value in key_values.items()
            if isinstance(value, int | float | np.number) and not key.startswith("time/")  # of the machine, not the run
        }
        self._rows.append({"step": str(step)} | {key: f"{float(value):.6g}" for key, value in numbers.items()})
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        part = self._path.with_name(f".{self._path.name}.part")
        with part.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(self._rows)
        os.replace(part, self._path)

    def close(self) -> None:
        """Do nothing: each row is on disk."""


def make_logger(folder: Path, resumed_at: int) -> Logger:
    """Make the logger of a run: TensorBoard's events and a CSV."""
    events = folder / "tensorboard"
    events.mkdir(parents=True, exist_ok=True)
    return Logger(
        str(events), [make_output_format("tensorboard", str(events)), AppendedCsv(folder / METRICS, resumed_at)]
    )


class BatchWatch(TrainingWatch):
    """The watch of a run on the batch: each checkpoint is judged by the task on held-out episodes."""

    def prepare(self, scene: Scene, first_seed: int, training_seed: int) -> None:
        """`first_seed`: of the held-out episodes; `training_seed`: of the run."""
        self._scene, self._training_seed = scene, training_seed
        self._held_out = range(first_seed, first_seed + self.config.selection_episodes)
        self._judging: Any = None
        self._judging_s, self._started_at = 0.0, -1
        fixed = scene.arguments().get("care", 0.0)
        self._care = 0.5 if fixed is None else float(fixed)

    def _on_rollout_start(self) -> None:
        step = self.num_timesteps
        if self._started_at < 0 and step in checkpoints_in(self.checkpoints):
            if self.config.selection_episodes:
                self._judge()  # for the metrics: this checkpoint is on disk, and judged as before
            self._begin_anew()
        elif self._started_at < 0 or step - self._started_at >= self.config.checkpoint_steps:
            self.save()
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Seed everything by the step, and begin a new episode in every world."""
        model = self.model
        self._started_at = self.num_timesteps
        model.set_random_seed((self._training_seed + self.num_timesteps) % (1 << 32))
        environments = cast(Any, model.env)
        model._last_obs = environments.reset()
        model._last_episode_starts = np.ones(environments.num_envs, bool)

    def _on_rollout_end(self) -> None:
        figures = cast(EpisodeFigures, cast(Timed, self.model.env).venv).take()
        for name, value in figures.items():
            self.logger.record(f"episodes/{name}", value)

    def _checkpoint_if_due(self) -> None:
        """Do nothing: checkpoints are made between rollouts."""

    def save(self) -> None:
        """Judge the policy, then save: first what the judgement says, then the model."""
        if self.config.selection_episodes:
            with self.budget.spending("selection", "training"):
                self._judge()
        super().save()

    def _judge(self) -> None:
        began_s = time.monotonic()
        episodes = self.play(list(self._held_out))
        if len(episodes) < len(self._held_out):
            return
        judged_s = judgement_s(episodes, self._care)
        self._judging_s = max(self._judging_s, time.monotonic() - began_s)
        figures: Mapping[str, float] = {
            "judgement_s": judged_s,
            "success": float(np.mean([episode.success for episode in episodes])),
            "reward": float(np.mean([episode.reward for episode in episodes])),
            "time_median_s": float(np.median([episode.time_s for episode in episodes])),
            "time_p95_s": float(np.percentile([episode.time_s for episode in episodes], 95)),
            "force_median_n": float(np.median([episode.kpis.get(FORCE, 0.0) for episode in episodes])),
            "force_p99_n": float(np.percentile([episode.kpis.get(FORCE, 0.0) for episode in episodes], 99)),
        }
        for name, value in figures.items():
            self.logger.record(f"selection/{name}", value)
        better = -judged_s > self.seen.reward
        self.say(
            f"step {self.num_timesteps}: judged {judged_s:.2f} s{', the best so far' if better else ''}: success "
            f"{100 * figures['success']:.1f} %, time {figures['time_median_s']:.2f} and {figures['time_p95_s']:.2f} s, "
            f"force {1e-3 * figures['force_median_n']:.1f} and {1e-3 * figures['force_p99_n']:.1f} kN"
        )
        if better:
            self.seen.reward, self.seen.step = -judged_s, self.num_timesteps
            state = self.model.policy.state_dict()
            self.seen.weights = {name: value.detach().cpu().numpy().copy() for name, value in state.items()}

    def play(self, seeds: list[int]) -> list[Episode]:
        """Play these seeds with the present policy, without exploration; unfinished ones are left out in the end."""
        if self._judging is None:
            self._judging = make_worlds(self._scene, min(len(seeds), self.config.worlds))
        policy = self.model.policy

        def act_many(observations: Array) -> Array:
            with torch.no_grad():
                actions: Array = policy.predict(observations, deterministic=True)[0]
            return actions

        until_s = time.monotonic() + max(self.budget.remaining_s - self.budget.writing_reserve_s, 0.0)
        return play(self._judging, AllWorlds(act_many), seeds, self._scene, until_s)

    def kept_s(self) -> float:
        """Wall time to reserve: one more judgement, the evaluation of three policies at its pace, and writing, s."""
        if not self.learnt:
            return super().kept_s()
        each_s = self._judging_s / max(self.config.selection_episodes, 1)
        return self.budget.final_reserve_s(self._judging_s + 3.0 * self.config.evaluation_episodes * each_s)


__all__ = ["AppendedCsv", "BatchWatch", "Budget", "EpisodeFigures", "judgement_s", "make_batch", "make_logger"]
