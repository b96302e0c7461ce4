"""Environments and model of a run: made by its configuration, or loaded from a checkpoint."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from gymnasium.spaces import Dict
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

from agents.episodes import Scene
from agents.pool import deferred_interrupts
from agents.train.checkpoint import algorithm_class, load_model
from agents.train.config import TrainConfig, training_seed
from agents.train.figures import EpisodeFigures
from agents.train.run_state import replay_file
from agents.train.watch import BEST_OF, Timed
from twin.errors import InputError

PRELOADED = (__name__, "envs.alignment", "envs.docking", "envs.timing")
"""Modules that the server of worker processes imports once for all: torch alone takes seconds of processor time."""
ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "elu": torch.nn.ELU}


def make_environment(scene: Scene) -> Any:
    """Make an environment of the scene for a worker, on one thread."""
    torch.set_num_threads(1)
    return scene.make()


def make_environments(scene: Scene, config: TrainConfig) -> Timed:
    """Make one environment per worker, each in its own process; a single one stays in this process."""
    builders: list[Callable[[], Any]] = [functools.partial(make_environment, scene)] * config.workers
    if config.workers == 1:
        return Timed(EpisodeFigures(DummyVecEnv(builders), scene.task.force))
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    with deferred_interrupts():
        return Timed(EpisodeFigures(SubprocVecEnv(builders, start_method="forkserver"), scene.task.force))


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
        "MultiInputPolicy" if isinstance(environments.observation_space, Dict) else "MlpPolicy",
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
        InputError: the replay buffer is missing or damaged.
    """
    model: BaseAlgorithm = load_model(source, config.algorithm, environments)
    memory = replay_file(source.parent, model.num_timesteps)
    if isinstance(model, OffPolicyAlgorithm) and model.num_timesteps > 0:
        try:
            model.load_replay_buffer(memory)
        except Exception as error:  # any error of pickle
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(f"the checkpoint's replay buffer cannot be loaded: {first[:160]}", file=memory) from None
    return model
