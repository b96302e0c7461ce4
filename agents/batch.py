"""Episodes of one policy on the batch of a task: many worlds of the reduced-order plant at once."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from agents.episodes import FORCE, Episode, Scene
from agents.policies import Policy
from twin.errors import InputError

Array = np.ndarray
PLANT = "rom"
OnStep = Callable[[Array, Array, Array, Array], None]
"""Called with the worlds that stepped (K,), their observations before (K, O), rewards and whether they ended (K,)."""


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
    return EachWorld(make, worlds)


def play(
    worlds: Any, actor: Actor, seeds: Sequence[int], scene: Scene, until_s: float = float("inf"),
    on_step: OnStep | None = None,
) -> list[Episode]:  # fmt: skip
    """Play these seeds in a vector environment (autoreset `NextStep`); a world that ends begins the next one.

    Actions are made finite and clipped as in the single environment; each episode is that of the single environment
    with the same actions, to the last bit.

    Args:
        until_s: by `time.monotonic`; seeds not done by then are left out.
        on_step: told of every step.

    Returns:
        Episodes in the order of the seeds.
    """
    n, space = worlds.num_envs, worlds.single_action_space
    left = list(seeds)[::-1]
    playing = np.full(n, -1, np.int64)
    totals, changed = np.zeros((n, 3)), np.zeros((n, 2), np.int64)  # steps, reward, cost; not finite, beyond limits
    done: dict[int, Episode] = {}

    def begin(which: Array) -> Array:
        fresh = which[: len(left)]
        given: list[int | None] = [None] * n
        for i in fresh.tolist():
            given[i] = left.pop()
            playing[i] = given[i]
            actor.begin(i, int(playing[i]))
        playing[which[len(fresh) :]] = -1
        totals[fresh], changed[fresh] = 0.0, 0
        if not len(fresh):
            return worlds.observations.copy()
        mask = np.isin(np.arange(n), fresh)
        observations: Array = worlds.reset(seed=given, options={"reset_mask": mask})[0]
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
        kept = np.clip(np.where(finite, raw, 0.0).astype(space.dtype), space.low, space.high)
        changed[which, 0] += ~finite.all(axis=1)
        changed[which, 1] += (kept != np.where(finite, raw, 0.0).astype(space.dtype)).any(axis=1)
        actions = np.zeros((n, *space.shape), space.dtype)
        actions[which] = kept
        observations, rewards, terminated, truncated, infos = worlds.step(actions)
        if on_step is not None:
            on_step(which, before, rewards[which], (terminated | truncated)[which])
        totals[which] += np.stack([np.ones(len(which)), rewards[which], infos["cost"][which]], axis=1)
        ended = which[(terminated | truncated)[which]]
        for i in ended.tolist():
            done[int(playing[i])] = _episode(int(playing[i]), totals[i], changed[i], infos, i, scene)
        if len(ended):
            observations = begin(ended)
    worlds.halt(np.zeros(n, bool))
    return [done[seed] for seed in seeds if seed in done]


def _episode(seed: int, totals: Array, changed: Array, infos: dict[str, Any], i: int, scene: Scene) -> Episode:
    kpis = {name: float(values[i]) for name, values in infos["kpis"].items() if not name.startswith("_")}
    task, outcome, violations = scene.task, str(infos["outcome"][i]), int(infos["violations"][i])
    if task.force is not None:
        kpis[FORCE] = kpis[task.force]
    interventions = zip(("not_finite", "beyond_limits"), changed.tolist(), strict=True)
    return Episode(
        seed=seed,
        success=outcome in task.successes and not violations and bool(infos["is_success"][i]),
        outcome=outcome,
        steps=int(totals[0]),
        reward=float(totals[1]),
        cost=float(totals[2]),
        kpis=kpis,
        violations=violations,
        interventions={name: count for name, count in interventions if count},
        reparked=int(infos["case"]["reparked"][i]) if "reparked" in infos.get("case", {}) else 0,
    )
