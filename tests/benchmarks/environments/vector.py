"""Environment steps a second of Alignment-v1 on the batch, for several numbers of worlds, in three columns.

Kernel: the decision's physics and control alone. Environment: the whole step, with observation, reward, infos and the
resets that fall due. With policy: the decider that gives the actions besides. All three are of the same steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from tests.benchmarks.row import Row
from twin.console import ProgressLine

Array = np.ndarray
Policy = Callable[[Array], Array]
"""Gives (N, A) float32 actions for (N, O) float32 observations."""

ALIGNMENT = "swaptwin/Alignment-v1"
WORLDS, LARGE = (1, 64, 1024), (16384,)
SECONDS = 8.0
"""Of steps, for each number of worlds; at the least MIN_STEPS."""
MIN_STEPS = 8


@dataclass(frozen=True)
class Speed:
    """What was measured with `worlds` of them.

    Attributes:
        steps: of every world.
        began_anew: episodes that began within them.
        kernel_s, environment_s, policy_s: wall time of the steps; the environment's holds the kernel's.
        reset_s: of the first reset, of all worlds.
    """

    worlds: int
    steps: int
    began_anew: int
    kernel_s: float
    environment_s: float
    policy_s: float
    reset_s: float

    @property
    def taken(self) -> int:
        """Steps of all worlds together."""
        return self.worlds * self.steps


def measure(
    worlds: int, arguments: dict[str, Any], policy: Policy, *, seconds: float = SECONDS, least: int = MIN_STEPS
) -> Speed:
    """Let this many worlds run for so long, from the starts of their episodes on."""
    clock = time.perf_counter
    env: Any = gymnasium.make_vec(f"envs:{ALIGNMENT}", worlds, **arguments)
    try:
        env.reset(seed=0)  # loads kernels
        env.step(policy(env.reset(seed=1)[0]))
        began_s = clock()
        observations, _ = env.reset(seed=2)
        reset_s = clock() - began_s
        kernel = Timed(env.driver.advance)
        env.driver.advance = kernel
        steps = began_anew = 0
        environment_s = policy_s = 0.0
        ended = np.zeros(worlds, bool)
        while steps < least or environment_s + policy_s < seconds:
            before_s = clock()
            actions = policy(observations)
            asked_s = clock()
            observations, _, terminated, truncated, _ = env.step(actions)
            done_s = clock()
            policy_s, environment_s = policy_s + asked_s - before_s, environment_s + done_s - asked_s
            began_anew += int(ended.sum())  # those that ended in the step before
            ended = terminated | truncated
            steps += 1
    finally:
        env.close()
    return Speed(worlds, steps, began_anew, kernel.total_s, environment_s, policy_s, reset_s)


class Timed:
    """A function, and how long it has taken in all."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function, self.total_s = function, 0.0

    def __call__(self, *arguments: Any) -> Any:
        began_s = time.perf_counter()
        try:
            return self._function(*arguments)
        finally:
            self.total_s += time.perf_counter() - began_s


def vector_rows(
    arguments: dict[str, Any],
    policy: Policy,
    line: ProgressLine,
    *,
    numbers: tuple[int, ...] = WORLDS,
    seconds: float = SECONDS,
    least: int = MIN_STEPS,
) -> list[Row]:
    """Three rows for each number of worlds, and one of what a reset costs."""
    import numba

    found: list[Row] = []
    label, threads = ALIGNMENT.split("/")[-1], numba.get_num_threads()
    for worlds in numbers:
        line.update(f"{label}, {worlds} worlds")
        said = measure(worlds, arguments, policy, seconds=seconds, least=least)
        name, kernel = f"{label.rpartition('-v')[0]} x {worlds}", said.taken / said.kernel_s
        whole = said.environment_s + said.policy_s
        note = f"{said.steps} steps of {worlds} worlds, {said.began_anew} of them began anew; {threads} threads"
        found += [
            Row(f"{name}, kernel", kernel, "steps/s"),
            Row(
                f"{name}, env",
                said.taken / said.environment_s,
                "steps/s",
                said.kernel_s / said.environment_s,
                f"{name}, kernel",
                note=note,
            ),
            Row(
                f"{name}, policy",
                said.taken / whole,
                "steps/s",
                said.kernel_s / whole,
                f"{name}, kernel",
            ),
            Row(f"{name}, reset", worlds / said.reset_s, "worlds/s"),
        ]
    return found
