"""Hostile episodes of Alignment-v1: many at once on the reduced-order plant, single ones again on Bullet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.evidence.hostile.closeness import LIMITS, closeness
from tests.evidence.hostile.greedy import NAME as GREEDY
from tests.evidence.hostile.greedy import Candidates, LookAhead
from tests.evidence.hostile.patterns import PATTERNS, pattern
from tests.evidence.markers import stamp

Row = dict[str, Any]
Prepare = Callable[[np.void | np.ndarray], None]
NAMES = (*PATTERNS, GREEDY)
TIME_LIMIT_S = 20.0
"""Of an episode: twice what an insertion takes."""
WORLDS = 64


@dataclass
class _Episode:
    name: str
    seed: int
    actions: Any
    steps: int = 0
    changed: int = 0
    near: np.ndarray = field(default_factory=lambda: np.zeros(len(LIMITS)))

    def row(self, station: str, mode: str, plant: str, outcome: str, world: Any) -> Row:
        near = {name: round(float(v), 4) for name, v in zip(LIMITS, self.near, strict=True)}
        broken = {str(i): broken_invariant(world, i) for i in np.flatnonzero(world["monitor"]["violation"]).tolist()}
        made_of = {"station": station, "mode": mode, "plant": plant, "pattern": self.name, "seed": self.seed}
        row = {
            **made_of,
            "steps": self.steps,
            "changed": self.changed,
            "outcome": outcome,
            "violations": broken,
            "near": near,
            **stamp(),
        }
        if self.name == GREEDY:
            row["chosen"] = self.actions.chosen
        return row


def broken_invariant(world: Any, i: int) -> dict[str, Any]:
    """Invariant `i`: when first, the worst value, its limit and what it is."""
    from twin.monitor import MEASURED

    value, limit = float(world["monitor"]["violation_value"][i]), float(world["monitor"]["violation_limit"][i])
    quantity = MEASURED[int(world["monitor"]["violation_measured"][i])][0]
    worst = value if np.isfinite(value) else None
    return {"t_s": float(world["monitor"]["violation_t_s"][i]), "quantity": quantity, "worst": worst, "limit": limit}


def play(
    station: str,
    mode: str,
    steps: int,
    seeds: Iterator[int],
    *,
    names: tuple[str, ...] = NAMES,
    done: frozenset[tuple[str, int]] = frozenset(),
    worlds: int = WORLDS,
    prepare: Prepare | None = None,
    guarded: bool = False,
) -> Iterator[Row]:
    """Episodes on the reduced-order plant until they have taken so many steps; each one's row when it has ended.

    Args:
        seeds: of the episodes; seed s plays pattern s modulo their number.
        done: (pattern, seed) of those that are not played again.
        prepare: is given the parameters of a world that begins, to break an interlock on purpose.
        guarded: the safety filter certifies every action; the greedy adversary knows what it makes of its candidates.
    """
    from agents.guard_alignment import AlignmentFilter
    from envs.vector.alignment import AlignmentVectorEnv

    env = AlignmentVectorEnv(worlds, station=station, action_mode=mode, time_limit_s=TIME_LIMIT_S)
    taken, playing, actions = 0, [None] * worlds, np.zeros((worlds, 4))  # type: tuple[int, list[_Episode | None], Any]
    observations = env.observations
    ahead: LookAhead | None = None
    guard = AlignmentFilter(env.station, mode, worlds) if guarded else None
    while taken < steps or any(e is not None for e in playing):
        free = [i for i in range(worlds) if playing[i] is None]
        if free and taken < steps:
            for i in free:
                playing[i] = _next(seeds, names, done)
            observations = _begin(env, free, playing)
            if guard is not None:
                guard.begin(np.array(free))
            if prepare is not None:
                prepare(env.runner.params[free])
        running = [i for i in range(worlds) if playing[i] is not None]
        greedy = []
        for i in running:
            episode = playing[i]
            assert episode is not None
            if episode.name == GREEDY:
                greedy.append(i)
            else:
                actions[i] = episode.actions(episode.steps, observations[i])
        if greedy:
            ahead = ahead or LookAhead(env)
            drawn = np.stack([playing[i].actions.draw() for i in greedy])  # type: ignore[union-attr]
            tried = drawn if guard is None else _certified(guard, np.array(greedy), drawn, observations)
            for i, best in zip(greedy, ahead.best(np.array(greedy), tried).tolist(), strict=True):
                actions[i] = playing[i].actions.choose(best)  # type: ignore[union-attr]
        if guard is not None:
            before = actions[running]
            guard.certify_rows(np.array(running), actions, observations)
            for i, other in zip(running, (actions[running] != before).any(axis=1).tolist(), strict=True):
                playing[i].changed += other  # type: ignore[union-attr]
        env._over[[i for i in range(worlds) if playing[i] is None]] = False
        observations = _step(env, np.array(running), actions)
        ended = env._ends()
        near = closeness(env.runner.worlds[running], env.runner.params[running], env.driver.watches["robot"][running])
        outcomes = env._columns()["outcome"]
        for j, i in enumerate(running):
            episode = playing[i]
            assert episode is not None
            episode.steps += 1
            taken += 1
            episode.near = np.maximum(episode.near, np.nan_to_num(near[j], nan=1e9))
            if ended[0][i] or ended[1][i]:
                ended_row = episode.row(station, mode, "rom", str(outcomes[i]), env.runner.worlds[i])
                yield ended_row | {"guarded": True} if guarded else ended_row
                playing[i] = None


def _certified(guard: Any, which: np.ndarray, drawn: np.ndarray, observations: np.ndarray) -> np.ndarray:
    """Candidates (K, C, 4) as the guard would pass them, without any memory of it."""
    tried = drawn.copy()
    for c in range(tried.shape[1]):
        rows = np.zeros((len(observations), tried.shape[2]))
        rows[which] = tried[:, c]
        guard.try_rows(which, rows, observations)
        tried[:, c] = rows[which]
    return tried


def _next(seeds: Iterator[int], names: tuple[str, ...], done: frozenset[tuple[str, int]]) -> _Episode:
    for seed in seeds:
        name = names[seed % len(names)]
        if (name, seed) not in done:
            return _Episode(name, seed, Candidates(seed) if name == GREEDY else pattern(name, seed))
    raise AssertionError("seeds never end")


def _begin(env: Any, which: list[int], playing: list[_Episode | None]) -> np.ndarray:
    """Worlds `which` begin their episodes; the observations of all."""
    mask = np.zeros(env.num_envs, bool)
    mask[which] = True
    seeds = [e.seed if e is not None else None for e in playing]
    if not env._begun:
        mask[:] = True
    observations, _ = env.reset(seed=seeds, options={"reset_mask": mask})
    return np.asarray(observations)


def _step(env: Any, running: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """One step of the worlds `running` alone; those that wait stay as they ended."""
    env._advance(running, env._checked(actions, np.ones(env.num_envs, bool)))
    return np.asarray(env.observations.copy())


def replay(row: Row, plant: str = "bullet", prepare: Prepare | None = None) -> Row:
    """The episode of a row once more: the same seed and pattern, or the actions that the adversary had chosen.

    With the guard where the row was made with it.
    """
    from agents.guard import certifier_of
    from envs.alignment import AlignmentEnv

    name, seed = row["pattern"], row["seed"]
    env = AlignmentEnv(row["station"], action_mode=row["mode"], plant=plant, time_limit_s=TIME_LIMIT_S)
    try:
        observation, _ = env.reset(seed=seed)
        if prepare is not None:
            prepare(env.runner.params[:1])
        robot = env._twin.driver.watches["robot"]
        candidates, chosen = Candidates(seed), iter(row.get("chosen", ()))
        episode = _Episode(name, seed, candidates if name == GREEDY else pattern(name, seed))
        ended, outcome = False, "running"
        guard = certifier_of(env) if row.get("guarded") else None
        if guard is not None:
            guard.begin()
        while not ended:
            if name == GREEDY:
                candidates.draw()
                action = candidates.choose(next(chosen, 1))  # longer than it was: straight in
            else:
                action = episode.actions(episode.steps, observation)
            if guard is not None:
                certified = guard.certify(action, observation)
                episode.changed += bool(guard.counted())
                action = certified
            observation, _, terminated, truncated, info = env.step(action)
            episode.steps += 1
            ended, outcome = terminated or truncated, info["outcome"]
            worlds, params = env.runner.worlds[:1], env.runner.params[:1]
            episode.near = np.maximum(episode.near, np.nan_to_num(closeness(worlds, params, robot)[0], nan=1e9))
        again = episode.row(row["station"], row["mode"], plant, outcome, env.runner.worlds[0])
        return again | {"guarded": True} if guard is not None else again
    finally:
        env.close()


def worst(rows: list[Row], n: int) -> list[Row]:
    """The `n` episodes that broke an invariant or came closest to a limit, limit by limit in turn."""
    broken = [row for row in rows if row["violations"]][:n]
    taken = {id(row) for row in broken}
    ranked = {name: sorted(rows, key=lambda row, name=name: -row["near"][name]) for name in LIMITS}  # type: ignore[misc]
    for place in range(len(rows)):
        for name in LIMITS:
            row = ranked[name][place]
            if len(broken) < n and id(row) not in taken:
                broken.append(row)
                taken.add(id(row))
        if len(broken) >= n:
            break
    return broken
