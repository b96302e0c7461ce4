"""One episode: an environment, a guarded policy, a seed and the result. The same seed gives the same episode."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.guard import Guard, certifier_of
from agents.modes import in_its_version, needed_arguments
from agents.policies import Policy, load_policy, timing_set_of
from agents.tasks import Task, pairs_of
from twin.conditions import canonical
from twin.errors import InputError

DEFAULT_STATION = "top_lift"
"""Station of every environment where none is named."""
FORCE = "peak_lateral_force_n"
"""Name of the force that every task reports."""


@dataclass(frozen=True)
class Scene:
    """Task and the options of its environment, to evaluate on; picklable.

    `changes`: settings `PATH=VALUE` of station, and of truck and pack where the options name them. `guarded`: False
    without the safety filter of the task's actions; they are made finite and clipped all the same.

    Raises:
        InputError: a setting that the models do not have, or a value that they refuse.
    """

    task: Task
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    guarded: bool = True

    def __post_init__(self) -> None:
        self._changed_models()
        if "conditions" in self.options and "conditions" in self.task.options:
            named = canonical(self.options["conditions"], "--conditions")
            object.__setattr__(self, "options", {**self.options, "conditions": named})

    def make(self, **changes: Any) -> Any:
        """Build the environment, with some of its arguments changed.

        Raises:
            InputError: options that the environment does not take, or values that it refuses.
        """
        import gymnasium

        return gymnasium.make(self.task.environment, disable_env_checker=True, **self.arguments() | changes)

    def arguments(self) -> dict[str, Any]:
        """Arguments of the environment."""
        known = self.task.options
        arguments: dict[str, Any] = {}
        for name, value in self.options.items():
            if name == "plant" and name not in known and value == self.task.plant:
                continue  # the default plant
            if name not in known:
                allowed = ", ".join(f"--{option}" for option in known) or "none"
                problem = f"task {self.task.name} takes no such option"
                raise InputError(problem, key=f"--{name}", value=value, allowed=allowed)
            words = known[name].words
            if words is not None and value not in words:
                raise InputError("unknown", key=f"--{name}", value=value, allowed=", ".join(words))
            if known[name].pairs:
                value = pairs_of(value, f"--{name}")
            arguments[known[name].name] = value if words is None else words[value]
        return arguments | {known[name].name: model for name, model in self._changed_models().items()}

    def _changed_models(self) -> dict[str, Any]:
        """Models with the settings in them, by option; empty without settings."""
        if not self.changes:
            return {}
        from twin.catalogue import load_pack, load_station, load_truck
        from twin.catalogue.settings import with_settings

        loaders: dict[str, Any] = {"station": load_station, "truck": load_truck, "pack": load_pack}
        named = {"station": DEFAULT_STATION, **self.options}
        given = {kind: load(named[kind]) for kind, load in loaders.items() if kind in named}
        return with_settings(given, self.changes)


@dataclass(frozen=True)
class Episode:
    """Result of one episode.

    Attributes:
        success: True for an outcome that the task counts as success, with no safety invariant broken and, where the
            environment judges more (`info["is_success"]`: alignment's force limit), that too.
        outcome: the named end.
        kpis: the environment's key figures, `time_s` among them.
        cost: sum of the safety cost.
        violations: safety invariants that were broken.
        interventions: the guard's interventions by cause.
        changed: number of actions that the guard changed.
        reparked: how often the truck stood outside the station's gate and parked again before the episode began.
    """

    seed: int
    success: bool
    outcome: str
    steps: int
    reward: float
    cost: float
    kpis: dict[str, float]
    violations: int
    interventions: dict[str, int]
    reparked: int = 0
    changed: int = 0

    @property
    def time_s(self) -> float:
        """Simulated time from start to end, s."""
        return self.kpis["time_s"]


class TimeLimitError(Exception):
    """The time limit was reached within an episode."""


def run_episode(environment: Any, guard: Guard, seed: int, task: Task, until_s: float = math.inf) -> Episode:
    """Play one episode to its end.

    Raises:
        TimeLimitError: it is not over at `until_s` (`time.monotonic`).
    """
    observation, info = environment.reset(seed=seed, options=guard.options)
    guard.begin(seed)
    reward, cost, steps, over = 0.0, 0.0, 0, False
    while not over:
        if time.monotonic() >= until_s:
            raise TimeLimitError
        observation, step_reward, terminated, truncated, info = environment.step(guard.act(observation))
        reward += float(step_reward)
        cost += float(info.get("cost", 0.0))
        steps += 1
        over = terminated or truncated
    outcome = str(info["outcome"])
    kpis = {name: float(value) for name, value in info["kpis"].items()}
    violations = count(info.get("violations", 0))
    if task.force is not None:
        kpis[FORCE] = kpis[task.force]
    return Episode(
        seed=seed,
        success=outcome in task.successes and not violations and bool(info.get("is_success", True)),
        outcome=outcome,
        steps=steps,
        reward=reward,
        cost=cost,
        kpis=kpis,
        violations=violations,
        interventions=dict(guard.interventions),
        reparked=int(info.get("case", {}).get("reparked", 0)),
        changed=guard.changed,
    )


def count(violations: Any) -> int:
    """Return the number of violations: itself, or of a list."""
    return len(violations) if isinstance(violations, Sequence) else int(violations)


class Player:
    """Play a seed with every policy in sequence; built inside the worker that uses it.

    Attributes:
        environment: of the scene.
        environments: of each policy: the scene's, or one with the action mode and care that a bundle was made for.
    """

    def __init__(self, scene: Scene, policies: Sequence[str], trust_pickle: bool = False) -> None:
        self.scene, self.names = scene, tuple(policies)
        self.environment = scene.make()
        own = self.environment.unwrapped
        made: dict[str, Any] = {"{}": self.environment}
        self.environments, self.guards = [], []
        self._trust_pickle = trust_pickle
        for i in range(len(policies)):
            policy = self._loaded(i, own)
            changes = needed_arguments(policy, own)
            if str(changes) not in made:
                made[str(changes)] = scene.make(**changes)
            self.environments.append(made[str(changes)])
            environment = made[str(changes)]
            certifier = certifier_of(environment) if scene.guarded else None
            self.guards.append(Guard(in_its_version(policy), environment.action_space, certifier))

    def _loaded(self, i: int, own: Any) -> Policy:
        """Load policy `i`, checked against the environment `own`."""
        policy, task = timing_set_of(self.names[i], self.scene.task, own), self.scene.task
        if policy is not None:
            return policy
        return load_policy(self.names[i], {**task.baselines, **task.oracles}, own, trust_pickle=self._trust_pickle)

    def policy(self, i: int) -> Policy:
        """Load one more instance of policy `i`, for the environment of that policy."""
        return in_its_version(self._loaded(i, self.environments[i].unwrapped))

    def __call__(self, seed: int, until_s: float = math.inf) -> list[Episode]:
        """Play one episode per policy, in the order of the policies.

        Raises:
            TimeLimitError: they are not over at `until_s` (`time.monotonic`).
        """
        return [
            run_episode(environment, guard, seed, self.scene.task, until_s)
            for environment, guard in zip(self.environments, self.guards, strict=True)
        ]

    def normalisers(self) -> dict[str, str]:
        """Files of running normalisers applied to observations, by policy."""
        found = {
            name: getattr(guard.policy, "normaliser", None) for name, guard in zip(self.names, self.guards, strict=True)
        }
        return {name: str(normaliser.file) for name, normaliser in found.items() if normaliser is not None}

    def timing_sets(self) -> dict[str, str]:
        """Names of the timing sets that are played as they are, by policy."""
        named = zip(self.names, self.guards, strict=True)
        found = {name: getattr(guard.policy, "played", None) for name, guard in named}
        return {name: played.name for name, played in found.items() if played is not None}

    def close(self) -> None:
        for environment in {id(one): one for one in (self.environment, *self.environments)}.values():
            environment.close()
