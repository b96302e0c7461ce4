"""How much memory an environment keeps over many episodes, in a process of its own.

`python -m tests.envs.memory NAME RESETS STEPS` prints the growth in MB after a warm-up. In a process with other tests,
what those leave would be taken for it, or hide it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

import psutil

from tests.envs.episodes import actions, make

WARM = 20
"""Resets before the first reading: kernels, caches and the allocator's own reserve."""


def kept_mb(process: psutil.Process) -> float:
    """Resident memory without what is free: the C library hands back its reserve, some 8 MB now and then."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc's own
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    resident: int = process.memory_info().rss
    return resident / 2**20


def grown_mb(name: str, resets: int, steps: int) -> float:
    """Growth of the resident memory over `resets` episodes with `steps` in all; an episode that ends begins anew."""
    env, process = make(name).unwrapped, psutil.Process()

    def drive(episodes: int) -> None:
        for seed in range(episodes):
            env.reset(seed=seed)
            for action in actions(env, seed, steps // resets):
                _, _, terminated, truncated, _ = env.step(action)
                if terminated or truncated:
                    env.reset()

    drive(min(WARM, resets))
    before = kept_mb(process)
    drive(resets)
    grown = kept_mb(process) - before
    env.close()
    return grown


if __name__ == "__main__":
    print(round(grown_mb(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), 2))
