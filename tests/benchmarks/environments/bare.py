"""An environment against the bare engine loop: the same episode three times, to the last bit.

A scout's environment notes what its plant does (untimed). Then, in turns whose order rotates, the environment as it is
takes the same steps, all its Python included, and a bare loop repeats the scout's ticks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import gymnasium

from tests.benchmarks.row import Row, speed_ratio
from twin.console import ProgressLine

REQUIRED_OF_BARE = 0.6
TURNS = 60
TURN_STEPS = 20
"""Of the environment: a tenth of a second of wall time."""


@dataclass
class Trio:
    """Seconds of each turn, and the ticks in it."""

    ticks: list[int] = field(default_factory=list)
    own_s: list[float] = field(default_factory=list)
    bare_s: list[float] = field(default_factory=list)
    same: bool = True


def measure(name: str, arguments: dict[str, Any], turns: int = TURNS, line: ProgressLine | None = None) -> Trio:
    """Run some turns, over as many episodes as they take.

    Raises:
        TypeError: the environment's plant is no BulletPlant.
    """
    from tests.benchmarks.bare_plant import BareLoop, Scout

    own, scouted, stood = three = [gymnasium.make(name, **arguments) for _ in range(3)]
    found, ended, warm, seed = Trio(), True, False, 0  # not warm: the first turn loads kernels
    own.action_space.seed(1)
    try:
        while len(found.ticks) < turns:
            if ended:
                seed += 1
                for env in three:
                    env.reset(seed=seed)
                scout, bare = Scout.of(plant_of(scouted)), BareLoop.of(plant_of(stood))
            actions = [own.action_space.sample() for _ in range(TURN_STEPS)]
            taken = 0
            for action in actions:
                taken += 1
                observation, _, terminated, truncated, _ = scouted.step(action)
                ended = terminated or truncated
                if ended:
                    break
            ticks = sum(len(noted.forces) for noted in scout.noted)
            bare_s = own_s = 0.0
            for kind in ("own", "bare") if seed + len(found.ticks) & 1 else ("bare", "own"):
                if kind == "bare":
                    _, bare_s = bare.run_noted(scout.noted)
                    continue
                began_s = time.perf_counter()
                for action in actions[:taken]:
                    ours = own.step(action)
                own_s = time.perf_counter() - began_s
            found.same &= ours[0].tobytes() == observation.tobytes() and bare.same_bits_as(scout)
            scout.noted.clear()
            if warm:
                found.ticks.append(ticks)
                found.own_s.append(own_s)
                found.bare_s.append(bare_s)
            warm = True
            if line is not None:
                line.update(f"{name} against the bare loop, turn {len(found.ticks)} of {turns}")
    finally:
        for env in three:
            env.close()
    return found


def plant_of(env: gymnasium.Env[Any, Any]) -> Any:
    """As every environment on Bullet has it."""
    return env.unwrapped.runner.plant  # type: ignore[attr-defined]


def bare_rows(label: str, name: str, arguments: dict[str, Any], line: ProgressLine, turns: int = TURNS) -> list[Row]:
    """The environment's ticks a second over the bare loop's."""
    found = measure(name, arguments, turns, line)
    ratio, quartiles = speed_ratio(found.own_s, found.bare_s)
    return [
        Row(
            f"{label} steps",
            sum(found.ticks) / sum(found.own_s),
            "ticks/s",
            ratio,
            f"{label} bare loop" if found.same else "bare loop in other states",
            quartiles,
            f">= {REQUIRED_OF_BARE}",
            ratio >= REQUIRED_OF_BARE and found.same,
        ),
        Row(f"{label} bare loop", sum(found.ticks) / sum(found.bare_s), "ticks/s"),
    ]
