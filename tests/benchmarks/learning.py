"""Rows of `swaptwin bench` on learning: stable-baselines3's PPO on the batch of Alignment-v1, and on panda-gym.

Both learn in this program's way of training: the network, the epochs, the four minibatches an update and the seed of
`swaptwin train alignment`. panda-gym has no batch of worlds, so it has a process for each core. A turn is one update,
collected and learnt, on each side; the order within a turn rotates.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks.row import Row, speed_ratio
from twin.console import ProgressLine

if TYPE_CHECKING:
    from agents.train.config import TrainConfig

PANDA = "panda_gym:PandaPickAndPlace-v3"
PANDA_ROLLOUT = 4096
"""Steps of one of its updates, of all processes; some ten seconds."""
REQUIRED_STEPS_PER_S = 8000.0
TURNS = 3


class Learner:
    """A PPO that learns in turns of one update."""

    def __init__(self, model: Any, update_steps: int) -> None:
        self.model, self.update_steps = model, update_steps
        self.each_s: list[float] = []

    def learn(self) -> None:
        """Collect and learn one update, and note how long a step of it took."""
        before, began_s = self.model.num_timesteps, time.perf_counter()
        self.model.learn(self.update_steps, reset_num_timesteps=not before)
        self.each_s.append((time.perf_counter() - began_s) / (self.model.num_timesteps - before))

    def close(self) -> None:
        """Close its environments."""
        self.model.env.close()


def alignment_learner(config: TrainConfig, station: str) -> Learner:
    """Build the learner of `swaptwin train alignment`, untrained."""
    from agents.episodes import Scene
    from agents.tasks import find_task
    from agents.train.models import make_model
    from agents.train.worlds import make_batch

    environments = make_batch(Scene(find_task("alignment"), {**config.environment, "station": station}), config)
    return Learner(make_model(config, environments), config.worlds * config.ppo.n_steps)


def other_learner(config: TrainConfig, name: str, rollout: int, workers: int) -> Learner:
    """Build the same PPO on another Gymnasium environment, with a process for each of the workers.

    Raises:
        gymnasium.error.Error, ImportError: there is no such environment here.
    """
    import gymnasium
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import SubprocVecEnv

    from agents.train.models import make_model

    gymnasium.make(name).close()  # its errors are told here, and not by a process that ends
    processes = make_vec_env(
        name, workers, seed=0, vec_env_cls=SubprocVecEnv, vec_env_kwargs={"start_method": "forkserver"}
    )
    minibatches = config.worlds * config.ppo.n_steps / config.ppo.batch_size
    sizes = {"n_steps": rollout // workers, "batch_size": max(round(rollout / minibatches), 2)}
    model = make_model(config.model_copy(update={"ppo": config.ppo.model_copy(update=sizes)}), processes)
    return Learner(model, rollout // workers * workers)


def rows(
    line: ProgressLine,
    *,
    large: bool = False,
    other: str = PANDA,
    rollout: int = PANDA_ROLLOUT,
    turns: int = TURNS,
    settings: tuple[str, ...] = (),
    station: str = "top_lift",
) -> list[Row]:
    """Ours and theirs; `settings`: of the training, as `--hyper` takes them. None has a large batch."""
    del large
    import torch
    from gymnasium.error import Error

    from agents.train.config import load_config

    config = load_config("alignment", changes=settings)
    label, against = "Alignment-v1, PPO learning", f"{other.split(':')[-1]}, PPO learning"
    workers, threads = len(os.sched_getaffinity(0)), torch.get_num_threads()
    torch.set_num_threads(1)
    learners: list[Learner] = []
    try:
        line.update(f"{label}, starting")
        ours = alignment_learner(config, station)
        learners.append(ours)
        try:
            theirs = other_learner(config, other, rollout, workers)
            learners.append(theirs)
        except (Error, ImportError) as error:
            note = f"not measured beside {other}: {str(error).splitlines()[0]}"
            ours.learn()  # loads kernels
            for _ in range(turns):
                ours.learn()
            return [_of_ours(label, ours, None, note)]
        for turn in range(turns + 1):
            for learner in learners if turn % 2 else reversed(learners):
                line.update(f"{label} and {against}, turn {turn} of {turns}")
                learner.learn()
    finally:
        torch.set_num_threads(threads)
        for learner in learners:
            learner.close()
    note = f"{config.worlds} worlds; {other.split(':')[-1]} with {workers} processes; {turns} updates of each"
    row = _of_ours(label, ours, theirs, note)
    row.against = against
    return [row, Row(against, 1.0 / statistics.median(theirs.each_s[1:]), "steps/s")]


def _of_ours(label: str, ours: Learner, theirs: Learner | None, note: str) -> Row:
    speed = 1.0 / statistics.median(ours.each_s[1:])
    row = Row(label, speed, "steps/s", required=f">= {REQUIRED_STEPS_PER_S:,.0f} steps/s", note=note)
    row.met = speed >= REQUIRED_STEPS_PER_S
    if theirs is not None:
        row.ratio, row.quartiles = speed_ratio(ours.each_s[1:], theirs.each_s[1:])
    return row
