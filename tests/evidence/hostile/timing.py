"""Hostile swaps of Timing-v0: phases timed at random and at the corners of the action's box."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from envs.timing_action import ACTION
from tests.evidence.hostile.alignment import Row, broken_invariant
from tests.evidence.markers import stamp
from twin import seeding

PATTERNS = ("random", "corner", "same_corner", "fast_overlapped")
WORLDS = 16


def action_of(name: str, random: np.random.Generator, first: np.ndarray) -> np.ndarray:
    """The timing of the next phase; `first` (10,) is a corner drawn for the whole swap."""
    if name == "random":
        return random.uniform(-1.0, 1.0, len(ACTION))
    if name == "corner":
        return random.choice((-1.0, 1.0), len(ACTION))
    if name == "fast_overlapped":  # as fast as can be, never settled, the next axis as early as can be
        action = random.choice((-1.0, 1.0), len(ACTION))
        action[:3], action[-1] = 1.0, 1.0
        return action
    return first


def play(station: str, swaps: int, seeds: Iterator[int], *, worlds: int = WORLDS) -> Iterator[Row]:
    """So many swaps on the reduced-order plant; each one's row when it has ended."""
    from envs.vector.timing import TimingVectorEnv

    env = TimingVectorEnv(min(worlds, swaps), station=station)
    n = env.num_envs
    playing: list[tuple[str, int, Any, np.ndarray] | None] = [None] * n
    steps, begun, actions = np.zeros(n, np.int64), 0, np.zeros((n, len(ACTION)))
    env.reset(seed=[0] * n)
    while begun < swaps or any(one is not None for one in playing):
        free = [i for i in range(n) if playing[i] is None][: swaps - begun]
        if free:
            mask, given = np.zeros(n, bool), [None] * n  # type: tuple[Any, list[int | None]]
            for i in free:
                seed = next(seeds)
                name = PATTERNS[seed % len(PATTERNS)]
                random = seeding.stream(seed, f"hostile timing {name}")
                playing[i] = (name, seed, random, random.choice((-1.0, 1.0), len(ACTION)))
                mask[i], given[i], steps[i] = True, seed, 0
            env.reset(seed=given, options={"reset_mask": mask})
            begun += len(free)
        running = [i for i in range(n) if playing[i] is not None]
        for i in running:
            name, _, random, first = playing[i]  # type: ignore[misc]
            actions[i] = action_of(name, random, first)
        env._advance(np.array(running), actions)
        steps[running] += 1
        terminated, truncated = env._ends()
        outcomes = env._columns()["outcome"]
        for i in running:
            if terminated[i] or truncated[i]:
                name, seed, _, _ = playing[i]  # type: ignore[misc]
                yield _row(station, "rom", name, seed, int(steps[i]), str(outcomes[i]), env.runner.worlds[i])
                playing[i] = None


def replay(row: Row, plant: str = "bullet") -> Row:
    """The swap of a row once more, on another plant."""
    from envs.timing import TimingEnv

    env = TimingEnv(row["station"], plant=plant)
    try:
        env.reset(seed=row["seed"])
        random = seeding.stream(row["seed"], f"hostile timing {row['pattern']}")
        first, steps, ended = random.choice((-1.0, 1.0), len(ACTION)), 0, False
        while not ended:
            _, _, terminated, truncated, info = env.step(action_of(row["pattern"], random, first))
            steps, ended = steps + 1, terminated or truncated
        world = env._episode_now().swap.twin.runner.worlds[0]
        return _row(row["station"], plant, row["pattern"], row["seed"], steps, info["outcome"], world)
    finally:
        env.close()


def _row(station: str, plant: str, name: str, seed: int, steps: int, outcome: str, world: Any) -> Row:
    broken = {str(i): broken_invariant(world, i) for i in np.flatnonzero(world["monitor"]["violation"]).tolist()}
    made_of = {"station": station, "mode": "timing", "plant": plant, "pattern": name, "seed": seed}
    return {**made_of, "steps": steps, "outcome": outcome, "violations": broken, **stamp()}
