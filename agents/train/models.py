"""Environments and model of a run: made by its configuration, or loaded from a checkpoint."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

from agents.episodes import Scene
from agents.pool import deferred_interrupts
from agents.train.checkpoint import REPLAY, algorithm_class, load_model
from agents.train.config import TrainConfig
from agents.train.watch import BEST_OF, Timed
from twin import seeding
from twin.errors import InputError

TRAIN_STREAM = "training"
TRAINING_SEEDS = 1 << 31
"""First seed of training environments; evaluations use lower ones."""
PRELOADED = (__name__, "envs.alignment", "envs.docking", "envs.timing")
"""Modules that the server of worker processes imports once for all: torch alone takes seconds of processor time."""
ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "elu": torch.nn.ELU}


def make_environment(scene: Scene) -> Any:
    """Make an environment of the scene for a worker: counts episodes, and names success as stable-baselines3 does."""
    torch.set_num_threads(1)
    return Monitor(scene.make(), info_keywords=())


def make_environments(scene: Scene, config: TrainConfig) -> VecEnv:
    """Make one environment per worker, each in its own process; a single one stays in this process."""
    builders: list[Callable[[], Any]] = [functools.partial(make_environment, scene)] * config.workers
    if config.workers == 1:
        return Timed(DummyVecEnv(builders))
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    with deferred_interrupts():
        return Timed(SubprocVecEnv(builders, start_method="forkserver"))


def make_model(config: TrainConfig, environments: VecEnv) -> BaseAlgorithm:
    """Make a new model; its initial weights and its random draws follow from the seed."""
    settings = getattr(config, config.algorithm).model_dump()
    hidden, activation = settings.pop("hidden"), settings.pop("activation")
    network: dict[str, Any] = {"net_arch": list(hidden), "activation_fn": ACTIVATIONS[activation]}
    if config.algorithm == "ppo":
        network["log_std_init"] = settings.pop("log_std_init")
    else:
        settings["ent_coef"] = f"auto_{settings.pop('ent_coef_init')}"
        if settings["target_entropy"] is None:
            settings["target_entropy"] = "auto"
    model: BaseAlgorithm = algorithm_class(config.algorithm)(
        "MlpPolicy",
        environments,
        policy_kwargs=network,
        stats_window_size=BEST_OF,
        device="cpu",
        seed=training_seed(config.seed),
        **settings,
    )
    return model


def resumed_model(source: Path, config: TrainConfig, environments: VecEnv) -> BaseAlgorithm:
    """Load the model of a trusted checkpoint, with its replay buffer.

    Raises:
        InputError: the replay buffer was filled by another number of workers.
    """
    model: BaseAlgorithm = load_model(source, config.algorithm, environments)
    memory = source.with_name(REPLAY)
    if isinstance(model, OffPolicyAlgorithm) and memory.is_file():
        model.load_replay_buffer(memory)
        filled_by = getattr(model.replay_buffer, "n_envs", None)
        if filled_by != config.workers:
            raise InputError(
                "a replay buffer needs the number of workers that filled it", key="--workers", value=config.workers,
                allowed=str(filled_by),
            )  # fmt: skip
    # the generators' states are lost with their processes: seed them again from the seed and the step
    model.set_random_seed((training_seed(config.seed) + model.num_timesteps) % (1 << 32))
    return model


def training_seed(seed: int) -> int:
    """Seed of the model and the training environments, beyond all seeds of evaluations."""
    drawn = int(seeding.key(seed, TRAIN_STREAM)) % (1 << 30)
    return TRAINING_SEEDS + drawn
