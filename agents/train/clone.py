"""Behaviour cloning: the start of a training from any policy of the task, and the value of its states.

Episodes are played on the batch under the policy with noise on top, so that the data hold the way back from states that
the policy alone does not reach (Laskey et al. 2017, DART); the labels are the policy's own actions, without the noise.
In further rounds the clone acts, and the policy says what it would do (Ross, Gordon, Bagnell 2011, DAgger).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy

from agents.batch import Actor, StepRows, actor_of, make_worlds, play
from agents.episodes import Scene
from agents.modes import in_its_version, needed_arguments
from agents.policies import load_policy
from agents.train.config import TrainConfig
from twin import seeding
from twin.console import ProgressLine
from twin.errors import InputError

Array = np.ndarray
NOISE_STREAM = "cloning"
VALUE_SHARE = 0.02
"""Weight of the value's error: returns are of the order of 10, actions of 0.1; the two networks share nothing."""
HELD_STEPS = 8
"""Steps for which a draw of the noise lasts: 0.4 s at 20 Hz, long enough to move a load [chosen]."""


@dataclass(frozen=True)
class Examples:
    """What a policy does: observations (M, O), its actions (M, A), discounted returns (M,)."""

    observations: Array
    actions: Array
    returns: Array

    def and_others(self, others: Examples) -> Examples:
        """Return both together."""
        columns = ("observations", "actions", "returns")
        return Examples(*(np.concatenate([getattr(self, name), getattr(others, name)]) for name in columns))


class Noisy:
    """An actor whose actions have noise, some worlds without; remembers what it would have done without it.

    With a `leader`, a function of observations (K, O), that one acts, and the actor only says what it would do.
    """

    def __init__(
        self, actor: Actor, worlds: int, size: int, scale: float, seed: int, leader: Callable[[Array], Array] | None
    ) -> None:
        self._actor, self._random = actor, seeding.stream(seed, NOISE_STREAM)
        self._leader = leader
        self._held, self._age = np.zeros((worlds, size)), np.zeros(worlds, np.int64)
        self._scale = scale * (np.arange(worlds) % 4 > 0)  # a quarter of the worlds shows the policy as it is
        self.wanted = np.zeros((worlds, size), np.float32)

    def begin(self, world: int, seed: int) -> None:
        self._actor.begin(world, seed)
        self._age[world] = 0

    def act(self, worlds: Array, observations: Array) -> Array:
        self.wanted[worlds] = np.clip(self._actor.act(worlds, observations), -1.0, 1.0)
        due = worlds[self._age[worlds] % HELD_STEPS == 0]
        self._held[due] = self._random.standard_normal((len(due), self._held.shape[1])) * self._scale[due, None]
        self._age[worlds] += 1
        done = self.wanted[worlds] if self._leader is None else self._leader(observations)
        noisy: Array = done + self._held[worlds]
        return noisy


def clone_into(model: BaseAlgorithm, scene: Scene, config: TrainConfig, first_seed: int, line: ProgressLine) -> float:
    """Fit a new model to the policy that the configuration names; return the mean squared error of its actions.

    `first_seed`: of the episodes played for it.
    """
    name, clone = str(config.clone.policy), config.clone
    line.update(f"cloning: {clone.episodes} episodes of {name}")
    examples = examples_of(scene, name, config, first_seed)

    def tell(epoch: int) -> None:
        line.update(f"cloning: epoch {epoch} of {clone.epochs}", completed=0.0)

    def lead(observations: Array) -> Array:
        with torch.no_grad():
            actions: Array = model.policy.predict(observations, deterministic=True)[0]
        return actions

    miss = imitate(model, examples, config, tell)
    for number in range(1, clone.rounds + 1):
        line.update(f"cloning: round {number} of {clone.rounds}, {clone.episodes} episodes of the clone")
        more = examples_of(scene, name, config, first_seed + number * clone.episodes, lead)
        examples = examples.and_others(more)
        miss = imitate(model, examples, config, tell)
    return miss


def check_clone(scene: Scene, name: str) -> None:
    """Raise InputError if a training on the scene cannot clone the policy `name`."""
    environment = scene.make()
    try:
        _policy(scene, name, environment.unwrapped)
    finally:
        environment.close()


def _policy(scene: Scene, name: str, environment: Any) -> Any:
    """Load the policy to clone.

    Raises:
        InputError: an unknown policy, or one for another environment or action mode.
    """
    try:
        policy = load_policy(name, dict(scene.task.baselines), environment)
        mode = needed_arguments(policy, environment).get("action_mode")
    except InputError as error:
        key = "--clone" if error.key == "--policy" else error.key
        raise InputError(error.problem, key=key, value=error.value, allowed=error.allowed, file=error.file) from None
    if mode is not None:
        problem = "was made for another action mode than the one to be trained"
        raise InputError(problem, key="--clone", value=name, allowed=f"--action-mode {mode}")
    return policy


def examples_of(
    scene: Scene, name: str, config: TrainConfig, first_seed: int, leader: Callable[[Array], Array] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Examples:  # fmt: skip
    """Play a policy, loaded by `name`, on the batch of the scene.

    `leader`: see `Noisy`; `options`: of every episode's reset.

    Raises:
        InputError: an unknown policy, or one for another action mode.
    """
    environment, clone = scene.make(), config.clone
    gamma = getattr(config, config.algorithm).gamma
    try:
        own = environment.unwrapped
        _policy(scene, name, own)
        limit_s = None if leader is None else clone.round_limit_s
        arguments = {} if limit_s is None else {"time_limit_s": limit_s}
        worlds = make_worlds(scene, min(config.worlds, clone.episodes), **arguments)
        n = worlds.num_envs

        def make() -> object:
            return in_its_version(load_policy(name, dict(scene.task.baselines), own))

        actor = Noisy(actor_of(make, n), n, own.action_space.shape[0], clone.noise, config.seed, leader)  # type: ignore[arg-type]
        steps: list[tuple[Array, ...]] = []

        def keep(rows: StepRows) -> None:
            ended = rows.terminated | rows.truncated
            steps.append((rows.worlds, rows.before, actor.wanted[rows.worlds], rows.rewards, ended))

        play(worlds, actor, range(first_seed, first_seed + clone.episodes), scene, on_step=keep, options=options)
        worlds.close()
    finally:
        environment.close()
    return _examples(steps, n, gamma)


def _examples(steps: list[tuple[Array, ...]], worlds: int, gamma: float) -> Examples:
    """Join the steps; returns run backwards through each world's steps, anew at the end of each episode."""
    returns: list[Array] = [np.zeros(0)] * len(steps)
    ahead = np.zeros(worlds)
    for t in range(len(steps) - 1, -1, -1):
        which, _, _, rewards, ended = steps[t]
        ahead[which] = rewards + np.where(ended, 0.0, gamma * ahead[which])
        returns[t] = ahead[which]
    joined = [np.concatenate(column) for column in zip(*((s[1], s[2]) for s in steps), strict=True)]
    return Examples(joined[0], joined[1], np.concatenate(returns).astype(np.float32))


def imitate(model: BaseAlgorithm, examples: Examples, config: TrainConfig, tell: Callable[[int], None]) -> float:
    """Fit the policy's mean to the actions and its value to the returns; the mean squared error of the actions.

    Args:
        tell: called with the number of each finished epoch.

    Raises:
        InputError: the algorithm's policy has no mean and value of this kind.
    """
    policy, clone = model.policy, config.clone
    if not isinstance(policy, ActorCriticPolicy):
        raise InputError("clones with ppo only", key="--clone", value=clone.policy, allowed="--algorithm ppo")
    observations, actions = torch.from_numpy(examples.observations), torch.from_numpy(examples.actions)
    returns = torch.from_numpy(examples.returns)
    optimiser = torch.optim.Adam(policy.parameters(), clone.learning_rate)
    batches = max(len(observations) // clone.batch_size, 1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, clone.epochs * batches)
    miss_sum = 0.0
    for epoch in range(clone.epochs):
        miss_sum = 0.0
        for rows in torch.randperm(len(observations)).chunk(batches):
            features = policy.extract_features(observations[rows], policy.features_extractor)
            latent, latent_value = policy.mlp_extractor(features)
            miss = (policy.action_net(latent) - actions[rows]).square().mean()
            off = (policy.value_net(latent_value).squeeze(-1) - returns[rows]).square().mean()
            optimiser.zero_grad()
            (miss + VALUE_SHARE * off).backward()
            optimiser.step()
            schedule.step()
            miss_sum += float(miss.detach())
        tell(epoch + 1)
    return miss_sum / batches
