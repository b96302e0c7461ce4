"""Training on a batch of worlds in this process, whose checkpoints are judged by the task."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode

from agents.batch import AllWorlds, make_worlds, play
from agents.episodes import FORCE, Episode, Scene
from agents.train.config import TrainConfig
from agents.train.figures import EpisodeFigures
from agents.train.watch import Timed, TrainingWatch
from envs.vector.sb3 import BatchVecEnv

Array = np.ndarray
FAILED_S = 100.0
"""What a failed episode weighs beside the time of the others: one in a hundred as much as a second [chosen]."""
AGAIN = 0.25
"""What a success that was not reached at the first attempt weighs beside a failure [chosen]."""
ABORT_S = (1.5, 6.0)
"""What the 99th percentile of the side force weighs at the abort limit, fast and careful, s [chosen: as the reward]."""
ABORT_N = 6000.0
"""The abort limit of the shipped stations: only the scale of the above."""


def judgement_s(episodes: list[Episode], care: float) -> float:
    """Judge a policy by the task, not by its return: failures, then time and force, in seconds; less is better.

    A success after the first attempt is a part of a failure, where the task counts attempts. The time is the mean of
    median and 95th percentile over the successes.
    """
    again = [episode.success and not episode.kpis.get("first_attempt", 1.0) for episode in episodes]
    failed = 1.0 - float(np.mean([episode.success for episode in episodes])) + AGAIN * float(np.mean(again))
    times = [episode.time_s for episode in episodes if episode.success]
    time_s = 0.5 * float(np.percentile(times, 50) + np.percentile(times, 95)) if times else FAILED_S
    force = float(np.percentile([episode.kpis.get(FORCE, 0.0) for episode in episodes], 99)) / ABORT_N
    return FAILED_S * failed + time_s + (ABORT_S[0] + care * (ABORT_S[1] - ABORT_S[0])) * force


def make_batch(scene: Scene, config: TrainConfig) -> Timed:
    """Make the worlds of a run.

    Raises:
        InputError: the task has no batch on the scene's plant.
    """
    vector = make_worlds(scene, config.worlds, autoreset_mode=AutoresetMode.SAME_STEP)
    batch = BatchVecEnv(vector, full_infos=not hasattr(vector, "terms"))
    return Timed(EpisodeFigures(batch, scene.task.force))


class BatchWatch(TrainingWatch):
    """The watch of a run on the batch: each checkpoint is judged by the task on held-out episodes."""

    def prepare(self, scene: Scene, first_seed: int) -> None:
        """`scene`: of the training, whose wide starts tell apart what hand-overs do only in thousands of episodes;
        `first_seed`: of the held-out episodes."""
        self._scene = scene
        self._held_out = range(first_seed, first_seed + self.config.selection_episodes)
        self._judging: Any = None
        fixed = scene.arguments().get("care", 0.0)
        self._care = 0.5 if fixed is None else float(fixed)

    def save(self, *, regular: bool = True) -> None:
        """Judge the policy, then make the checkpoint, which holds the judgement."""
        if self.config.selection_episodes:
            with self.budget.spending("selection", "training"):
                self._judge()
        super().save(regular=regular)

    def _look(self) -> None:
        """Keep the best by training reward only where no checkpoint is judged."""
        if not self.config.selection_episodes:
            super()._look()

    def _judge(self) -> None:
        began_s = time.monotonic()
        episodes = self.play(list(self._held_out))
        if len(episodes) < len(self._held_out):
            return
        judged_s = judgement_s(episodes, self._care)
        self.seen.judging_s = max(self.seen.judging_s, time.monotonic() - began_s)
        figures: Mapping[str, float] = {
            "judgement_s": judged_s,
            "success": float(np.mean([episode.success for episode in episodes])),
            "reward": float(np.mean([episode.reward for episode in episodes])),
            "time_median_s": float(np.median([episode.time_s for episode in episodes])),
            "time_p95_s": float(np.percentile([episode.time_s for episode in episodes], 95)),
            "force_median_n": float(np.median([episode.kpis.get(FORCE, 0.0) for episode in episodes])),
            "force_p99_n": float(np.percentile([episode.kpis.get(FORCE, 0.0) for episode in episodes], 99)),
        }
        if all("first_attempt" in episode.kpis for episode in episodes):
            figures = {**figures, "first_attempt": float(np.mean([one.kpis["first_attempt"] for one in episodes]))}
        for name, value in figures.items():
            self.logger.record(f"selection/{name}", value)
        better = -judged_s > self.seen.reward
        self.say(
            f"step {self.num_timesteps}: judged {judged_s:.2f} s{', the best so far' if better else ''}: success "
            f"{100 * figures['success']:.1f} %, time {figures['time_median_s']:.2f} and {figures['time_p95_s']:.2f} s, "
            f"force {1e-3 * figures['force_median_n']:.1f} and {1e-3 * figures['force_p99_n']:.1f} kN"
        )
        if better:
            self._keep(-judged_s)

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
        """Wall time to reserve: one more judgement, the evaluation of all policies at its pace, and writing, s."""
        if not self.learnt:
            return super().kept_s()
        each_s = self.seen.judging_s / max(self.config.selection_episodes, 1)
        episodes = self.afterwards.policies * self.config.evaluation_episodes
        return self.budget.final_reserve_s(self.seen.judging_s + episodes * each_s)
