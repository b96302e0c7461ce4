"""How much memory an environment keeps of every episode, in a process of its own.

`python -m tests.envs.memory NAME EPISODES STEPS` prints kB per episode after a warm-up. In a process with other tests,
what those leave would be taken for it, or hide it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import statistics
import sys

import psutil

from tests.envs.episodes import ARGUMENTS, LONG, actions, make

WARM = 20
"""Episodes before the first reading: kernels, caches and the allocator's own reserve."""
READINGS = 10


def kept_kb(process: psutil.Process) -> float:
    """Resident memory without what is free: the C library hands back its reserve, some 8 MB now and then."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc's own
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    resident: int = process.memory_info().rss
    return resident / 1024


def kept_per_episode_kb(name: str, episodes: int, steps: int) -> float:
    """Growth of the resident memory in kB per episode of `steps` steps; one that ends before begins anew.

    The median of the slopes between all pairs of READINGS (Theil and Sen): what leaks shows in all of them, while a
    reserve that the allocator takes or gives back is a step, which only the pairs on both sides of it see.
    """
    # whole swaps on the reduced-order plant; an engine's clients come and go in the other tasks
    env, process = make(name, ARGUMENTS[name][-1] if name in LONG else None).unwrapped, psutil.Process()

    def drive(seeds: range) -> None:
        for seed in seeds:
            env.reset(seed=seed)
            for action in actions(env, seed, steps):
                _, _, terminated, truncated, _ = env.step(action)
                if terminated or truncated:
                    env.reset()

    drive(range(WARM))
    each = episodes // READINGS
    readings = [kept_kb(process)]
    for block in range(READINGS):
        drive(range(WARM + block * each, WARM + (block + 1) * each))
        readings.append(kept_kb(process))
    env.close()
    pairs = itertools.combinations(enumerate(readings), 2)
    return statistics.median((kept - before) / ((at - began) * each) for (began, before), (at, kept) in pairs)


if __name__ == "__main__":
    print(round(kept_per_episode_kb(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), 2))
