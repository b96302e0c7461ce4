"""Episodes of one policy on the batch of a task: many worlds of the reduced-order plant at once."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from agents.episodes import FORCE, Episode, Scene, count
from agents.policies import Policy
from twin.errors import InputError

Array = np.ndarray
PLANT = "rom"
CAUSES = ("not_finite", "beyond_limits")
"""Causes of the guard's interventions without a safety filter."""


@dataclass(frozen=True)
class StepRows:
    """One step of the worlds `worlds` (K,).

    Observations `before` and `after` (K, O); `actions` (K, A) as the worlds got them; `rewards`, `costs`, `terminated`
    and `truncated` (K,). The observation after an end is the episode's last.
    """

    worlds: Array
    before: Array
    actions: Array
    rewards: Array
    costs: Array
    terminated: Array
    truncated: Array
    after: Array


OnStep = Callable[[StepRows], None]


class Actor(Protocol):
    """Acts in many worlds."""

    def begin(self, world: int, seed: int) -> None:
        """Begin an episode in a world."""

    def act(self, worlds: Array, observations: Array) -> Array:
        """Return actions (K, A) of `worlds` (K,) for their observations (K, O)."""


class EachWorld:
    """An instance of a policy in each world, for policies with a state."""

    def __init__(self, make: Callable[[], Policy], worlds: int) -> None:
        self._policies = [make() for _ in range(worlds)]

    def begin(self, world: int, seed: int) -> None:
        self._policies[world].begin(seed)

    def act(self, worlds: Array, observations: Array) -> Array:
        return np.stack([self._policies[i].act(row) for i, row in zip(worlds.tolist(), observations, strict=True)])


class AllWorlds:
    """A policy without a state, asked for all worlds in one call."""

    def __init__(self, act_many: Callable[[Array], Array]) -> None:
        self._act_many = act_many

    def begin(self, world: int, seed: int) -> None:
        """Do nothing: there is no internal state."""

    def act(self, worlds: Array, observations: Array) -> Array:
        return self._act_many(observations)


class RowFilter(Protocol):
    """A safety filter of N worlds' actions, as `agents.guard.Certifier` is of one's."""

    causes: Array

    def begin(self, which: Array) -> None:
        """Begin new episodes in worlds `which` (K,)."""

    def certify_rows(self, which: Array, actions: Array, observations: Array) -> None:
        """Change rows `which` of actions (N, A) float64, in place; `causes` (N, C) says by which rules."""


def filter_of(scene: Scene, worlds: Any) -> RowFilter | None:
    """Return the safety filter of a guarded scene's worlds; None for a task without, or a scene that is not guarded."""
    if scene.task.name != "alignment" or not scene.guarded:
        return None
    from agents.guard_alignment import AlignmentFilter

    return AlignmentFilter(worlds.station, worlds.action_mode, worlds.num_envs)


def batched(scene: Scene) -> bool:
    """True if the scene's task has a batch of worlds on the scene's plant."""
    import gymnasium

    module, _, name = scene.task.environment.rpartition(":")
    if module:
        importlib.import_module(module)
    one_plant = "plant" not in scene.task.options
    fits = one_plant or scene.options.get("plant", scene.task.plant) == PLANT
    return fits and gymnasium.spec(name).vector_entry_point is not None


def make_worlds(scene: Scene, worlds: int, **arguments: Any) -> Any:
    """Make N worlds of the scene.

    Raises:
        InputError: its task has no batch on its plant.
    """
    import gymnasium

    if not batched(scene):
        plant = scene.options.get("plant", scene.task.plant)
        raise InputError("has no batch of worlds", key="--plant", value=plant, allowed=PLANT)
    return gymnasium.make_vec(scene.task.environment, worlds, **scene.arguments() | arguments)


def actor_of(make: Callable[[], Policy], worlds: int) -> Actor:
    """Return the actor of a policy; `make` makes one."""
    first = make()
    if hasattr(first, "act_many"):
        return AllWorlds(first.act_many)
    if hasattr(first, "many"):
        made: Actor = first.many(worlds)
        return made
    return EachWorld(make, worlds)


def play(
    worlds: Any, actor: Actor, seeds: Sequence[int], scene: Scene, until_s: float = float("inf"),
    on_step: OnStep | None = None, options: Mapping[str, Any] | None = None,
    on_end: Callable[[int], None] = lambda seed: None,
) -> list[Episode]:  # fmt: skip
    """Play these seeds in a vector environment (autoreset `NextStep`); a world that ends begins the next one.

    Actions are guarded as by `agents.guard`; each episode is that of the single environment with the same policy, to
    the last bit where the policy computes its action alike for one world and for many.

    Args:
        until_s: by `time.monotonic`; seeds not done by then are left out.
        on_step: told of every step.
        options: of every episode's reset.
        on_end: told the seed of every episode that ends, after its last step.

    Returns:
        Episodes in the order of the seeds.
    """
    n, space = worlds.num_envs, worlds.single_action_space
    neutral = np.clip(0.0, space.low, space.high)
    left = list(seeds)[::-1]
    playing = np.full(n, -1, np.int64)
    rules = filter_of(scene, worlds)
    causes = CAUSES if rules is None else (*CAUSES, *filter_causes())
    totals = np.zeros((n, 4))  # steps, reward, cost, changed actions
    counts = np.zeros((n, len(causes)), np.int64)
    done: dict[int, Episode] = {}

    def begin(which: Array) -> Array:
        fresh = which[: len(left)]
        given: list[int | None] = [None] * n
        for i in fresh.tolist():
            given[i] = left.pop()
            playing[i] = given[i]
            actor.begin(i, int(playing[i]))
        playing[which[len(fresh) :]] = -1
        totals[fresh], counts[fresh] = 0.0, 0
        if rules is not None:
            rules.begin(fresh)
        if not len(fresh):
            return worlds.observations.copy()
        mask = np.isin(np.arange(n), fresh)
        observations: Array = worlds.reset(seed=given, options={**(options or {}), "reset_mask": mask})[0]
        return observations

    if not getattr(worlds, "_begun", False):
        worlds.reset(seed=[left[-1] if left else 0] * n)
    observations = begin(np.arange(n))
    while (playing >= 0).any() and time.monotonic() < until_s:
        which = np.flatnonzero(playing >= 0)
        worlds.halt(playing < 0)
        before = observations[which]
        raw = np.asarray(actor.act(which, before), np.float64)
        finite = np.isfinite(raw)
        given = np.where(finite, raw, neutral).astype(space.dtype)
        kept = np.clip(given, space.low, space.high)
        actions = np.zeros((n, *space.shape), space.dtype)
        actions[which] = kept
        by_rule = np.stack([~finite.all(axis=1), (kept != given).any(axis=1)], axis=1).astype(np.int64)
        if rules is not None:
            certified = actions.astype(np.float64)
            rules.certify_rows(which, certified, observations)
            ruled = rules.causes[which] > 0
            rewritten = which[ruled.any(axis=1)]
            actions[rewritten] = certified[rewritten]
            by_rule = np.concatenate([by_rule, ruled], axis=1)
        counts[which] += by_rule
        totals[which, 3] += by_rule.any(axis=1)
        observations, rewards, terminated, truncated, infos = worlds.step(actions)
        if on_step is not None:
            costs, after = infos["cost"][which], observations[which]
            ends = terminated[which], truncated[which]
            on_step(StepRows(which, before, actions[which], rewards[which], costs, *ends, after))
        totals[which, :3] += np.stack([np.ones(len(which)), rewards[which], infos["cost"][which]], axis=1)
        ended = which[(terminated | truncated)[which]]
        for i in ended.tolist():
            on_end(int(playing[i]))
            by_cause = dict(zip(causes, counts[i].tolist(), strict=True))
            done[int(playing[i])] = _episode(int(playing[i]), totals[i], by_cause, infos, i, scene)
        if len(ended):
            observations = begin(ended)
    worlds.halt(np.zeros(n, bool))
    return [done[seed] for seed in seeds if seed in done]


def filter_causes() -> tuple[str, ...]:
    """Names of the safety filter's rules."""
    from agents import guard_alignment

    return guard_alignment.CAUSES


def _episode(
    seed: int, totals: Array, counts: dict[str, int], infos: dict[str, Any], i: int, scene: Scene
) -> Episode:  # fmt: skip
    kpis = {name: float(values[i]) for name, values in infos["kpis"].items() if not name.startswith("_")}
    task, outcome = scene.task, str(infos["outcome"][i])
    violations = count(infos["violations"][i]) if "violations" in infos else 0
    if task.force is not None:
        kpis[FORCE] = kpis[task.force]
    return Episode(
        seed=seed,
        success=outcome in task.successes and not violations and bool(infos["is_success"][i]),
        outcome=outcome,
        steps=int(totals[0]),
        reward=float(totals[1]),
        cost=float(totals[2]),
        kpis=kpis,
        violations=violations,
        interventions={name: count for name, count in counts.items() if count},
        changed=int(totals[3]),
        reparked=int(infos["case"]["reparked"][i]) if "reparked" in infos.get("case", {}) else 0,
    )
